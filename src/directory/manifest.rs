//! `manifest.json`: what a directory holds, so that it can be checked quickly.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::blob::{FileProblem, MAX_METADATA_LEN, ProblemKind};
use super::files::{in_parallel, open_regular, read_small};
use super::writer::Hashes;
use super::{MANIFEST_FILE, METADATA_FILE, PAIRS_DIRECTORY, sliver_file_name};
use crate::commitment::{BlobId, BlobMetadataWithId};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::shape::Shape;
use crate::sliver::{Axis, PairSet, SliverPairIndex};
use crate::wire::SliverLayout;

/// The version of the manifest's format.
const VERSION: u32 = 1;

/// The most bytes that a manifest can have: some 200 a file, and 131,071 files.
const MAX_LEN: u64 = 32 << 20;

/// How much of a file is hashed at once.
const CHUNK: usize = 512 << 10;

/// It is the same for every encoding of one blob with the same pairs: no times, no source names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
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

/// What every version has.
#[derive(Deserialize)]
struct Format {
    version: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ManifestFile {
    /// Relative to the directory, with `/`.
    pub(super) path: String,
    pub(super) bytes: u64,
    /// In hex.
    #[serde(deserialize_with = "hash_in_hex")]
    pub(super) blake3: String,
}

/// Reads a hash; nothing shorter or longer, so that an entry's memory follows from its bytes.
fn hash_in_hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = <&str>::deserialize(deserializer)?;
    match text.len() == 2 * blake3::OUT_LEN {
        true => Ok(text.to_owned()),
        false => Err(D::Error::custom("a hash has not 64 digits")),
    }
}

impl Manifest {
    /// The manifest of a directory that holds the pairs, from the files as they are on disk; those
    /// in `hashes` need not be read again.
    pub(super) fn of(
        directory: &Path,
        metadata: &BlobMetadataWithId,
        shape: &Shape,
        pairs: &PairSet,
        hashes: &Hashes,
        threads: usize,
        control: &Control,
    ) -> Result<Self> {
        let paths: Vec<_> = paths(pairs).collect();
        let files = in_parallel(threads, paths.len(), |i| {
            control.check()?;
            let path = paths[i].clone();
            let name = path.rsplit('/').next().expect("at least one part");
            let (bytes, blake3) = match hashes.get(name) {
                Some((bytes, hash)) => (*bytes, hash.to_hex().to_string()),
                None => hash_file(&directory.join(&path), control)?,
            };
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
    /// both together.
    pub(super) fn add(&mut self, other: &Self, pairs: &PairSet) {
        let mut files: BTreeMap<_, _> = [other, self]
            .into_iter()
            .flat_map(|manifest| &manifest.files)
            .map(|file| (file.path.clone(), file.clone()))
            .collect();
        self.files = paths(pairs)
            .map(|path| files.remove(&path).expect("each is in one of them"))
            .collect();
        self.pairs = pairs.to_string();
    }

    /// Reads a directory's manifest; `None` if there is none.
    pub(super) fn read(directory: &Path) -> Result<Option<Self>, String> {
        let bytes = match read_small(&directory.join(MANIFEST_FILE), MAX_LEN) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        Self::parse(&bytes).map(Some)
    }

    /// Reads a manifest's bytes. It takes in proportion to them, at most four times as much and 1 MiB.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let malformed = |error| format!("not a manifest: {error}");
        // Nothing else is in a manifest, a backslash neither. So a message that quotes a string is no longer.
        let is_plain =
            |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'[' | b']'..=b'~');
        if !bytes.iter().all(is_plain) {
            return Err("not a manifest: it has characters that no manifest has".into());
        }
        // Alone and first: what else a later version has is nothing that this one knows.
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

    /// What keeps this from being the manifest of any blob's directory. Without it, the paths are
    /// those of a directory's files and lead nowhere else.
    fn contradiction(&self) -> Option<&'static str> {
        let Ok(shape) = Shape::new(self.shards, self.unencoded_length) else {
            return Some("no blob has this length with this number of shards");
        };
        if self.symbol_size != shape.symbol_size() || self.blob_id.parse::<BlobId>().is_err() {
            return Some("its blob ID or symbol size is none");
        }
        let Some(pairs) = parse_pairs(&self.pairs, self.shards) else {
            return Some("its list of pairs is none");
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
            return Some("its files have lengths that those of its blob have not");
        }
        None
    }

    /// The pairs that the manifest lists.
    pub(super) fn pair_set(&self) -> PairSet {
        parse_pairs(&self.pairs, self.shards).expect("read or made from a set")
    }

    /// The length of all files together, as the manifest says.
    pub(super) fn total_len(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Whether both say the same of the same blob, whichever version wrote them.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        let mut other = other.clone();
        other.generator.clone_from(&self.generator);
        *self == other
    }

    /// The manifest's bytes.
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = serde_json::to_vec_pretty(self).expect("strings and numbers");
        json.push(b'\n');
        json
    }
}

/// Reads a list of pairs as `PairSet` writes it, and no other: each pair is named once, so that the
/// work is bounded by their number.
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

/// The files of a directory with the given pairs, except the manifest itself.
fn paths(pairs: &PairSet) -> impl Iterator<Item = String> + '_ {
    let slivers = pairs.iter().flat_map(|pair| {
        Axis::BOTH.map(|axis| format!("{PAIRS_DIRECTORY}/{}", sliver_file_name(pair, axis)))
    });
    std::iter::once(METADATA_FILE.to_owned()).chain(slivers)
}

impl ManifestFile {
    /// Compares the file with what the manifest says of it.
    pub(super) fn problem(
        &self,
        directory: &Path,
        control: &Control,
    ) -> Result<Option<FileProblem>> {
        let path = directory.join(&self.path);
        let (kind, reason) = match hash_file(&path, control) {
            Ok((bytes, blake3)) if bytes == self.bytes && blake3 == self.blake3 => return Ok(None),
            Ok((bytes, _)) if bytes != self.bytes => (
                ProblemKind::Damaged,
                format!("{bytes} bytes long, and the manifest says {}", self.bytes),
            ),
            Ok(_) => (
                ProblemKind::Damaged,
                "its BLAKE3 is not the one in the manifest".into(),
            ),
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                (ProblemKind::Missing, "it is missing".into())
            }
            Err(Error::Io { source, .. }) => {
                (ProblemKind::Damaged, format!("cannot be read: {source}"))
            }
            Err(error) => return Err(error),
        };
        Ok(Some(FileProblem::new(path, kind, reason)))
    }
}

/// The length of a file and its BLAKE3 in hex.
fn hash_file(path: &Path, control: &Control) -> Result<(u64, String)> {
    let mut file = open_regular(path).map_err(Error::io("read", path))?;
    let mut hasher = blake3::Hasher::new();
    let mut chunk = vec![0; CHUNK];
    let mut len = 0;
    loop {
        control.check()?;
        match file.read(&mut chunk) {
            Ok(0) => return Ok((len, hasher.finalize().to_hex().to_string())),
            Ok(read) => {
                hasher.update(&chunk[..read]);
                len += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::io("read", path)(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::directory::DirectorySink;
    use crate::encoder::Encoder;

    #[test]
    fn lists_of_pairs_are_read_as_they_are_written() {
        for text in ["", "0", "0-9", "0-3,5,7-9", "65533"] {
            let pairs = parse_pairs(text, 65534).expect(text);
            assert_eq!(pairs.to_string(), text);
        }
        for text in [
            "0,0", "0,1", "1,0", "0-3,2-5", "00", "+1", " 1", "10", "0-10", "3-2", ",", "0,", "-",
            "70000",
        ] {
            assert_eq!(parse_pairs(text, 10), None, "{text}");
        }
        // Each item alone is fine: together they would take minutes.
        let many = ["0-65533"; 500_000].join(",");
        assert_eq!(parse_pairs(&many, 65534), None);
    }

    #[test]
    fn a_strangers_manifest_is_refused() {
        let out = tempfile::tempdir().unwrap();
        let encoder = Encoder::builder().n_shards(10).threads(1).build().unwrap();
        let (mut sink, control) = (DirectorySink::new(out.path()), Control::new());
        let pairs = PairSet::parse("2-4", 10).unwrap();
        encoder
            .encode(&b"walrus"[..], &pairs, &mut sink, &control)
            .unwrap();
        let directory = &sink.outcome().unwrap().path;
        let path = directory.join(MANIFEST_FILE);
        let sound = fs::read_to_string(&path).unwrap();
        let read = |text: &str| {
            fs::write(&path, text).unwrap();
            Manifest::read(directory)
        };
        let manifest = read(&sound).unwrap().unwrap();
        assert_eq!(manifest.pair_set(), pairs);
        for (from, to) in [
            ("pairs/0002.primary.bcs", "../../../../etc/passwd"),
            ("pairs/0002.primary.bcs", "/etc/passwd"),
            ("pairs/0002.primary.bcs", "pairs/0002.secondary.bcs"),
            ("\"2-4\"", "\"2-5\""),
            ("\"2-4\"", "\"2-3,4\""),
            ("\"2-4\"", "\"\""),
            ("\"shards\": 10", "\"shards\": 0"),
            ("\"shards\": 10", "\"shards\": 65535"),
            ("\"symbolSize\": 2", "\"symbolSize\": 4"),
            (
                "\"unencodedLength\": 6",
                "\"unencodedLength\": 18446744073709551615",
            ),
            ("\"blobId\": \"", "\"blobId\": \"\\u001b[2J"),
        ] {
            let text = sound.replacen(from, to, 1);
            assert_ne!(text, sound, "{from}");
            assert!(read(&text).is_err(), "{from} {to}");
        }
        let huge = sound.replace("\"bytes\": ", "\"bytes\": 12345678901234567");
        assert!(read(&huge).is_err());
        let later = sound
            .replace("\"version\": 1", "\"version\": 2")
            .replace("shards", "committee");
        assert!(read(&later).unwrap_err().contains("version 2"));
        let other = sound.replace(env!("CARGO_PKG_VERSION"), "9.9.9");
        let other = read(&other).unwrap().unwrap();
        assert!(manifest != other && manifest.says_the_same(&other));
    }

    #[cfg(unix)]
    #[test]
    fn devices_and_endless_files_are_not_read() {
        let control = Control::new();
        assert!(hash_file(Path::new("/dev/zero"), &control).is_err());
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join(MANIFEST_FILE);
        std::os::unix::fs::symlink("/dev/zero", link).unwrap();
        assert!(Manifest::read(directory.path()).is_err());
        control.cancel();
        let file = Path::new(file!());
        assert!(matches!(hash_file(file, &control), Err(Error::Cancelled)));
    }
}
