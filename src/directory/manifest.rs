//! `manifest.json`: what a directory holds, so that it can be checked quickly.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{MANIFEST_FILE, METADATA_FILE, PAIRS_DIRECTORY, files::in_parallel, sliver_file_name};
use crate::commitment::BlobMetadataWithId;
use crate::control::Control;
use crate::error::{Error, Result};
use crate::shape::Shape;
use crate::sliver::{Axis, PairSet};

/// The version of the manifest's format.
const VERSION: u32 = 1;

/// The most bytes that a manifest can have: some 200 a file, and 100,000 files.
const MAX_LEN: u64 = 32 << 20;

/// It is the same for every encoding of one blob with the same pairs: no times, no source names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Manifest {
    version: u32,
    generator: String,
    pub(super) blob_id: String,
    root_hash: String,
    commitment: String,
    encoding_type: u8,
    unencoded_length: u64,
    pub(super) shards: u16,
    symbol_size: u32,
    /// The pairs that are here, as `PairSet` reads them.
    pub(super) pairs: String,
    pub(super) files: Vec<ManifestFile>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ManifestFile {
    /// Relative to the directory, with `/`.
    pub(super) path: String,
    pub(super) bytes: u64,
    /// In hex.
    pub(super) blake3: String,
}

impl Manifest {
    /// The manifest of a directory that holds the pairs, from the files as they are on disk.
    pub(super) fn of(
        directory: &Path,
        metadata: &BlobMetadataWithId,
        shape: &Shape,
        pairs: &PairSet,
        threads: usize,
        control: &Control,
    ) -> Result<Self> {
        let paths = paths(pairs);
        let files = in_parallel(threads, paths.len(), |i| {
            control.check()?;
            let path = paths[i].clone();
            let (bytes, blake3) = hash_file(&directory.join(&path))?;
            Ok::<_, Error>(ManifestFile {
                path,
                bytes,
                blake3,
            })
        })?;
        Ok(Self {
            version: VERSION,
            generator: concat!("walrus-accel ", env!("CARGO_PKG_VERSION")).into(),
            blob_id: metadata.blob_id.to_string(),
            root_hash: blake3::Hash::from_bytes(metadata.metadata.root_hash())
                .to_hex()
                .to_string(),
            commitment: metadata.metadata.commitment.to_string(),
            encoding_type: metadata.metadata.commitment.encoding_type(),
            unencoded_length: metadata.metadata.unencoded_length,
            shards: shape.n_shards(),
            symbol_size: shape.symbol_size(),
            pairs: pairs.to_string(),
            files,
        })
    }

    /// Adds what another manifest of the blob lists and this one does not; `pairs` are those of
    /// both.
    pub(super) fn add(&mut self, other: &Self, pairs: &PairSet) {
        let mut files: BTreeMap<_, _> = [other, self]
            .into_iter()
            .flat_map(|manifest| &manifest.files)
            .map(|file| (file.path.clone(), file.clone()))
            .collect();
        self.files = paths(pairs)
            .iter()
            .filter_map(|path| files.remove(path))
            .collect();
        self.pairs = pairs.to_string();
    }

    /// Reads a directory's manifest; `None` if there is none.
    pub(super) fn read(directory: &Path) -> Result<Option<Self>, String> {
        let path = directory.join(MANIFEST_FILE);
        let len = match std::fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        if len > MAX_LEN {
            return Err(format!(
                "it has {len} bytes, and at most {MAX_LEN} are expected"
            ));
        }
        let bytes = std::fs::read(&path).map_err(|error| error.to_string())?;
        let manifest: Self =
            serde_json::from_slice(&bytes).map_err(|error| format!("not a manifest: {error}"))?;
        if manifest.version != VERSION {
            return Err(format!(
                "its format is version {}, and this is version {VERSION}",
                manifest.version
            ));
        }
        manifest.pair_set().map_err(|error| error.to_string())?;
        Ok(Some(manifest))
    }

    /// The pairs that the manifest lists.
    pub(super) fn pair_set(&self) -> Result<PairSet> {
        if self.pairs.is_empty() {
            return Ok(PairSet::none(self.shards));
        }
        PairSet::parse(&self.pairs, self.shards)
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        let mut json = serde_json::to_vec_pretty(self).expect("strings and numbers");
        json.push(b'\n');
        json
    }
}

/// The files of a directory with the given pairs, except the manifest itself.
fn paths(pairs: &PairSet) -> Vec<String> {
    let slivers = pairs.iter().flat_map(|pair| {
        Axis::BOTH.map(|axis| format!("{PAIRS_DIRECTORY}/{}", sliver_file_name(pair, axis)))
    });
    std::iter::once(METADATA_FILE.to_owned())
        .chain(slivers)
        .collect()
}

/// The length of a file and its BLAKE3 in hex.
pub(super) fn hash_file(path: &Path) -> Result<(u64, String)> {
    let read = || {
        let mut hasher = blake3::Hasher::new();
        let mut file = std::fs::File::open(path)?;
        let len = std::io::copy(&mut file, &mut hasher)?;
        Ok((len, hasher.finalize().to_hex().to_string()))
    };
    read().map_err(Error::io("read", path))
}
