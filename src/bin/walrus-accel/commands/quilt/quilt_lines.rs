//! Lines and JSON objects about quilts and their patches.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use walrus_accel::BlobId;
use walrus_accel::quilt::QuiltPatch;

use crate::output::engine_line::EngineLine;
use crate::output::memory_line::MemoryLine;
use crate::output::names::{JsonName, escaped, id_line};

/// Patch as a JSON object.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PatchLine<'a> {
    identifier: &'a str,
    patch_id: String,
    start_column: u16,
    end_column: u16,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<&'a str, &'a str>,
    /// File that was written.
    #[serde(flatten)]
    pub file: Option<JsonName>,
}

impl<'a> PatchLine<'a> {
    /// Returns the line about a patch.
    pub fn new(quilt_id: &BlobId, patch: &'a QuiltPatch) -> Self {
        Self {
            identifier: &patch.identifier,
            patch_id: patch.id(quilt_id).to_string(),
            start_column: patch.columns.start,
            end_column: patch.columns.end,
            tags: patch.tags.iter().collect(),
            file: None,
        }
    }
}

/// Built quilt as a JSON object.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BuiltLine<'a> {
    pub blob_id: String,
    pub root_hash: String,
    pub unencoded_length: u64,
    pub symbol_size: u32,
    pub shards: u16,
    pub patches: Vec<PatchLine<'a>>,
    #[serde(flatten)]
    pub by: EngineLine,
    #[serde(flatten)]
    pub memory: MemoryLine,
    pub seconds: f64,
    /// Directory of the slivers. `None` if no slivers were kept.
    #[serde(flatten)]
    pub out_dir: Option<JsonName>,
    /// True if the directory held the slivers before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub already_there: Option<bool>,
}

/// Read quilt as a JSON object.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadLine<'a> {
    pub blob_id: String,
    pub unencoded_length: u64,
    pub symbol_size: u32,
    pub shards: u16,
    pub patches: Vec<PatchLine<'a>>,
}

/// Returns the line `<patch id>  <identifier>`. The identifier may be a stranger's.
pub fn patch_line(quilt_id: &BlobId, patch: &QuiltPatch) -> Vec<u8> {
    let identifier = escaped(&patch.identifier);
    id_line(patch.id(quilt_id), Path::new(&identifier))
}
