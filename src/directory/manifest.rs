//! `manifest.json`: the list of a directory's files, for quick verification.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::file_names::{MANIFEST_FILE, METADATA_FILE, PAIRS_DIRECTORY, excerpt, sliver_file_name};
use super::handles::{Handles, read_small};
use super::sliver_files::{FileProblem, ProblemKind};
use super::writer::Hashes;
use crate::format::commitment::{BlobId, BlobMetadataWithId};
use crate::format::error::{Error, Result};
use crate::format::index::{Axis, SliverPairIndex};
use crate::format::pair_set::PairSet;
use crate::format::shape::Shape;
use crate::format::wire::SliverLayout;
use crate::io::control::Control;
use crate::support::disk::{Dir, is_shortage, reads_in_order};
use crate::support::memory::{collected, ensure_capacity, filled, push, with_capacity};

/// Maximum bytes of a metadata file: 66 per pair, and 65,535 pairs.
pub(super) const MAX_METADATA_LEN: u64 = 5 << 20;

/// Maximum bytes of a string in a manifest: a list of every other pair of 65,535.
const MAX_TEXT_LEN: usize = 256 << 10;

/// Maximum bytes of every string but the list of pairs.
const MAX_SHORT_LEN: usize = 256;

/// Version of the manifest's format.
const VERSION: u32 = 1;

/// Maximum bytes of a manifest: about 200 per file, and 131,071 files.
pub(super) const MAX_LEN: u64 = 32 << 20;

/// Bytes of a file that are hashed at a time.
const CHUNK: usize = 512 << 10;

/// Manifest of a blob's directory. Equal for every encoding of a blob with the same pairs: it
/// holds no times and no names of sources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    version: u32,
    #[serde(deserialize_with = "short_text")]
    generator: String,
    #[serde(deserialize_with = "short_text")]
    pub(super) blob_id: String,
    #[serde(deserialize_with = "short_text")]
    root_hash: String,
    #[serde(deserialize_with = "short_text")]
    commitment: String,
    encoding_type: u8,
    unencoded_length: u64,
    pub(super) shards: u16,
    symbol_size: u32,
    /// Pairs in the directory, in the syntax of `PairSet`.
    #[serde(deserialize_with = "long_text")]
    pub(super) pairs: String,
    #[serde(deserialize_with = "files")]
    pub(super) files: Vec<ManifestFile>,
}

/// Field that every version of the format has.
#[derive(Deserialize)]
struct Format {
    version: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ManifestFile {
    /// Path relative to the directory, with `/`.
    #[serde(deserialize_with = "short_text")]
    pub(super) path: String,
    pub(super) bytes: u64,
    /// BLAKE3 in hexadecimal.
    #[serde(deserialize_with = "hash_in_hex")]
    pub(super) blake3: String,
}

/// Reads a hash of exact length, so that the memory of an entry is bounded by its bytes.
fn hash_in_hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = <&str>::deserialize(deserializer)?;
    match text.len() == 2 * blake3::OUT_LEN {
        true => Ok(text.to_owned()),
        false => Err(D::Error::custom("a hash has not 64 digits")),
    }
}

/// Reads a string that is short in every manifest.
fn short_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = <&str>::deserialize(deserializer)?;
    match text.len() <= MAX_SHORT_LEN {
        true => Ok(text.to_owned()),
        false => Err(D::Error::custom(format_args!(
            "a string of {} bytes, and none but the list of pairs has more than {MAX_SHORT_LEN}",
            text.len()
        ))),
    }
}

/// Reads a string that may be long. Missing memory unwinds, as in [`with_capacity`].
fn long_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = <&str>::deserialize(deserializer)?;
    let mut bytes = with_capacity(text.len());
    bytes.extend_from_slice(text.as_bytes());
    Ok(String::from_utf8(bytes).expect("copied from text"))
}

/// Reads the list of files. Missing memory unwinds, as in [`with_capacity`].
fn files<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<ManifestFile>, D::Error> {
    struct Files;

    impl<'de> Visitor<'de> for Files {
        type Value = Vec<ManifestFile>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of files")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut files = Vec::new();
            while let Some(file) = list.next_element()? {
                push(&mut files, file);
            }
            Ok(files)
        }
    }

    deserializer.deserialize_seq(Files)
}

/// Text that grows as needed. Missing memory unwinds, as in [`with_capacity`].
struct Growing(Vec<u8>);

impl Write for Growing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            ensure_capacity(&mut self.0, needed.max(1024).saturating_mul(2));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Manifest {
    /// Creates the manifest of a directory with these pairs. `hashes` must cover all their
    /// slivers.
    pub(super) fn new(
        metadata: &BlobMetadataWithId,
        metadata_bytes: &[u8],
        shape: &Shape,
        pairs: &PairSet,
        hashes: &Hashes,
    ) -> Self {
        let hex = |hash: blake3::Hash| hash.to_hex().to_string();
        let layouts = Axis::BOTH.map(|axis| SliverLayout::new(shape, axis));
        let slivers = pairs
            .iter()
            .flat_map(|pair| Axis::BOTH.map(|axis| (pair, axis)));
        let slivers = slivers.map(|(pair, axis)| ManifestFile {
            path: format!("{PAIRS_DIRECTORY}/{}", sliver_file_name(pair, axis)),
            bytes: layouts[axis as usize].total_len,
            blake3: hex(hashes.get((pair, axis)).expect("each was written or read")),
        });
        let metadata_file = ManifestFile {
            path: METADATA_FILE.to_owned(),
            bytes: metadata_bytes.len() as u64,
            blake3: hex(blake3::hash(metadata_bytes)),
        };
        Self {
            version: VERSION,
            generator: concat!("walrus-accel ", env!("CARGO_PKG_VERSION")).into(),
            blob_id: metadata.blob_id.to_string(),
            root_hash: hex(blake3::Hash::from_bytes(metadata.metadata.root_hash())),
            commitment: metadata.metadata.commitment.to_string(),
            encoding_type: metadata.metadata.commitment.encoding_type(),
            unencoded_length: metadata.metadata.unencoded_length,
            shards: shape.n_shards(),
            symbol_size: shape.symbol_size(),
            pairs: pairs.to_string(),
            files: collected(std::iter::once(metadata_file).chain(slivers)),
        }
    }

    /// Adds the entries of another manifest of the blob that this manifest does not list. `pairs`
    /// are the pairs of both manifests.
    pub(super) fn add(&mut self, other: &Self, pairs: &PairSet) {
        let mut files: BTreeMap<_, _> = [other, self]
            .into_iter()
            .flat_map(|manifest| &manifest.files)
            .map(|file| (file.path.clone(), file.clone()))
            .collect();
        let path_files = paths(pairs);
        let found = path_files.map(|path| files.remove(&path).expect("each is in one of them"));
        self.files = collected(found);
        self.pairs = pairs.to_string();
    }

    /// Reads a directory's manifest. `None` if there is none.
    pub(super) fn read(directory: &Dir) -> io::Result<Option<Self>> {
        let bytes = match read_small(directory, MANIFEST_FILE, MAX_LEN) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let manifest = Self::parse(&bytes);
        manifest
            .map(Some)
            .map_err(|reason| io::Error::new(io::ErrorKind::InvalidData, reason))
    }

    /// Parses a manifest. Memory use is at most four times the length of `bytes` plus 1 MiB.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let malformed =
            |error: serde_json::Error| format!("not a manifest: {}", excerpt(&error.to_string()));
        // A manifest holds no other characters, in particular no backslash. Strings therefore
        // appear between quotes unescaped, and a message that quotes one is no longer than the
        // string.
        let is_plain =
            |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'[' | b']'..=b'~');
        if !bytes.iter().all(is_plain) {
            return Err("not a manifest: it has characters that no manifest has".into());
        }
        let mut strings = bytes.split(|&byte| byte == b'"').skip(1).step_by(2);
        if strings.any(|text| text.len() > MAX_TEXT_LEN) {
            return Err(format!(
                "not a manifest: it has a string of more than {MAX_TEXT_LEN} bytes"
            ));
        }
        // The version is read first and alone, because other fields of later versions are unknown.
        let Format { version } = serde_json::from_slice(bytes).map_err(malformed)?;
        if version != VERSION {
            return Err(format!(
                "its format is version {version}, and this is version {VERSION}"
            ));
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(malformed)?;
        match manifest.contradiction() {
            Some(reason) => Err(format!("not a manifest: {reason}")),
            None => Ok(manifest),
        }
    }

    /// Returns the reason why this is not the manifest of any blob's directory, if there is one.
    /// Without such a reason, all paths are those of a directory's files.
    fn contradiction(&self) -> Option<&'static str> {
        let Ok(shape) = Shape::new(self.shards, self.unencoded_length) else {
            return Some("no blob has this length with this number of shards");
        };
        if self.symbol_size != shape.symbol_size() || self.blob_id.parse::<BlobId>().is_err() {
            return Some("its blob ID or symbol size is not valid");
        }
        let Some(pairs) = parse_pairs(&self.pairs, self.shards) else {
            return Some("its list of pairs is not valid");
        };
        if !self
            .files
            .iter()
            .map(|file| file.path.clone())
            .eq(paths(&pairs))
        {
            return Some("its files are not those of its pairs");
        }
        let layouts = Axis::BOTH.map(|axis| SliverLayout::new(&shape, axis));
        let lengths = layouts.iter().map(|layout| layout.total_len).cycle();
        let (metadata, slivers) = self.files.split_first().expect("as many as paths");
        if metadata.bytes > MAX_METADATA_LEN
            || !slivers
                .iter()
                .map(|file| file.bytes)
                .eq(lengths.take(slivers.len()))
        {
            return Some("the lengths of its files are not those of its blob");
        }
        None
    }

    /// Pairs that the manifest lists.
    pub(super) fn pair_set(&self) -> PairSet {
        parse_pairs(&self.pairs, self.shards).expect("read or made from a set")
    }

    /// Length of all files together, as stated in the manifest.
    pub(super) fn total_len(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Returns true if both manifests describe the same content of the same blob, whatever version
    /// wrote them.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        let mut other = other.clone();
        other.generator.clone_from(&self.generator);
        *self == other
    }

    /// Returns the bytes of the manifest.
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = Growing(Vec::new());
        serde_json::to_writer_pretty(&mut json, self).expect("strings and numbers");
        push(&mut json.0, b'\n');
        json.0
    }
}

/// Parses a list of pairs in the exact form that `PairSet` writes. Each pair is named once, so
/// that the work is bounded by their number.
fn parse_pairs(text: &str, shards: u16) -> Option<PairSet> {
    let mut pairs = Vec::new();
    let mut next = 0;
    for item in text.split(',').filter(|_| !text.is_empty()) {
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        let (first, last): (u16, u16) = (first.parse().ok()?, last.parse().ok()?);
        if first < next || first > last || last >= shards {
            return None;
        }
        pairs.extend((first..=last).map(SliverPairIndex));
        next = last + 1; // `last` is below `shards`.
    }
    let pairs = PairSet::new(shards, pairs).ok()?;
    (pairs.to_string() == text).then_some(pairs)
}

/// Paths of the files of a directory with the given pairs, except the manifest itself.
fn paths(pairs: &PairSet) -> impl Iterator<Item = String> + '_ {
    let slivers = pairs.iter().flat_map(|pair| {
        Axis::BOTH.map(|axis| format!("{PAIRS_DIRECTORY}/{}", sliver_file_name(pair, axis)))
    });
    std::iter::once(METADATA_FILE.to_owned()).chain(slivers)
}

impl ManifestFile {
    /// Compares the file with its entry in the manifest.
    pub(super) fn problem(
        &self,
        directory: &Handles,
        control: &Control,
    ) -> Result<Option<FileProblem>> {
        let path = || directory.blob.at(&self.path);
        let found = directory
            .open_file(&self.path)
            .and_then(|file| Ok((file.metadata()?.len(), file)));
        let hashed = match found {
            Ok((len, file)) if len == self.bytes => match hash_file(file, self.bytes, control) {
                Ok(hash) if hash.to_hex().as_str() == self.blake3 => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    return Err(Error::Cancelled);
                }
                hashed => hashed.map(|_| "its BLAKE3 is not the one in the manifest".into()),
            },
            // A file of another length is not read.
            Ok((len, _)) => Ok(format!(
                "{len} bytes long, and the manifest says {}",
                self.bytes
            )),
            Err(error) => Err(error),
        };
        let (kind, reason) = match hashed {
            Ok(reason) => (ProblemKind::Damaged, reason),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                (ProblemKind::Missing, "it is missing".into())
            }
            Err(error) if is_shortage(&error) => return Err(Error::io("open", path())(error)),
            Err(error) => (ProblemKind::Damaged, format!("cannot be read: {error}")),
        };
        Ok(Some(FileProblem::new(path(), kind, reason)))
    }
}

/// Hashes a file of `len` bytes with BLAKE3.
///
/// # Errors
///
/// Errors of the system; `Interrupted` after cancellation; `UnexpectedEof` or `InvalidData` if the
/// file has another length.
pub(super) fn hash_file(mut file: File, len: u64, control: &Control) -> io::Result<blake3::Hash> {
    reads_in_order(&file);
    let mut hasher = blake3::Hasher::new();
    let mut chunk = filled(0, CHUNK);
    let mut left = len;
    while left > 0 {
        if control.is_cancelled() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let wanted = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        file.read_exact(&mut chunk[..wanted])?;
        hasher.update(&chunk[..wanted]);
        left -= wanted as u64;
    }
    match file.metadata()?.len() == len {
        true => Ok(hasher.finalize()),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "its length changed while it was read",
        )),
    }
}

#[cfg(test)]
mod tests;
