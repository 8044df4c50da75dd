//! Line about an encoded file, shared by `encode` and `blob-id`.

use std::path::Path;

use serde::Serialize;

use crate::output::engine_line::EngineLine;
use crate::output::memory_line::MemoryLine;
use crate::output::names::{JsonName, hex};
use crate::run::file_batch::{Encoded, FileBatch};

/// Encoding of a file as a JSON object.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EncodedLine {
    #[serde(flatten)]
    file: JsonName,
    blob_id: String,
    root_hash: String,
    unencoded_length: u64,
    symbol_size: u32,
    shards: u16,
    #[serde(flatten)]
    by: EngineLine,
    #[serde(flatten)]
    memory: MemoryLine,
    seconds: f64,
    /// Directory of the slivers. `None` if no slivers were kept.
    #[serde(flatten)]
    pub out_dir: Option<JsonName>,
    /// True if the directory held the slivers before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub already_there: Option<bool>,
}

impl EncodedLine {
    /// Returns the line for a file.
    pub fn new<T>(path: &Path, encoded: &Encoded<T>, batch: &FileBatch<'_>) -> Self {
        let shape = &encoded.shape;
        let root_hash = encoded.root_hash.as_ref();
        Self {
            file: JsonName::file(path),
            blob_id: encoded.blob_id.to_string(),
            root_hash: root_hash.map(|root| hex(root)).expect("computed for JSON"),
            unencoded_length: shape.unencoded_length(),
            symbol_size: shape.symbol_size(),
            shards: shape.n_shards(),
            by: EngineLine::new(batch.encoder().runtime(), &encoded.control),
            memory: MemoryLine::new(Some(batch.memory_limit())),
            seconds: encoded.seconds,
            out_dir: None,
            already_there: None,
        }
    }
}
