//! Memory limit of parsers: parsing untrusted bytes takes at most four times their length plus 1
//! MiB. The inputs here are the worst known ones at full scale. `fuzz/` searches for worse ones.

#[path = "hostile/counting_allocator.rs"]
mod counting_allocator;

use counting_allocator::{Counting, within_bound};
use walrus_accel::io::Source;
use walrus_accel::quilt::{Quilt, QuiltEntry, QuiltReader, QuiltTags};
use walrus_accel::verify::BlobSliver;
use walrus_accel::wire::{
    Bcs, DecodingSymbol, GeneralRecoverySymbol, InconsistencyProof, MerkleProof, RecoverySymbol,
    Sliver, SliverData,
};
use walrus_accel::{Axis, BlobMetadata, BlobMetadataWithId, Control, EngineKind, Runtime, Shape};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Encoding of the largest length.
const ENDLESS: [u8; 5] = [0xff, 0xff, 0xff, 0xff, 0x0f];

fn accepted<T: Bcs>(input: &[u8]) {
    let value = within_bound(input, |input| T::from_bcs(input));
    let value = value.unwrap_or_else(|error| panic!("{error}"));
    assert!(value.to_bcs() == input, "written in another way");
}

fn refused<T: Bcs>(input: &[u8]) {
    let value = within_bound(input, |input| T::from_bcs(input));
    assert!(value.is_err(), "it was accepted");
}

fn uleb(mut value: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

#[test]
fn the_bound_is_noticed() {
    let over = |bytes: usize| {
        let read = |input: &[u8]| vec![0u8; bytes].len() + input.len();
        std::panic::catch_unwind(|| within_bound(&[0; 1000], read)).is_err()
    };
    assert!(!over(4000 + (1 << 20)));
    assert!(over(4000 + (1 << 20) + 1));
    // A buffer that grows exists twice for a moment.
    let grows = |input: &'static [u8]| {
        let mut bytes = vec![0u8; 600 << 10];
        bytes.extend_from_slice(input);
        bytes
    };
    assert!(std::panic::catch_unwind(|| within_bound(&[0; 1], grows)).is_err());
}

/// Returns metadata of `count` pairs. `pair(i)` tells for both nodes of pair `i` whether they are
/// digests.
fn metadata(count: usize, pair: impl Fn(usize) -> [bool; 2]) -> Vec<u8> {
    let mut bytes = vec![0, 1];
    bytes.extend_from_slice(&1000u64.to_le_bytes());
    bytes.extend(uleb(count));
    for number in 0..count {
        for is_digest in pair(number) {
            match is_digest {
                true => bytes.extend([&[1][..], &[7; 32]].concat()),
                false => bytes.push(0),
            }
        }
    }
    bytes
}

#[test]
fn metadata_keeps_to_the_bound() {
    let all = usize::from(u16::MAX);
    let with_id = |bytes: &[u8]| [&[9; 32], bytes].concat();
    for pair in [
        |_| [true, true],
        |_| [true, false],
        |number| [number % 2 == 0, number % 2 == 1],
        |number| [number < 32767, number <= 32767],
    ] {
        let bytes = metadata(all, pair);
        accepted::<BlobMetadata>(&bytes);
        accepted::<BlobMetadataWithId>(&with_id(&bytes));
        refused::<BlobMetadata>(&bytes[..bytes.len() - 1]);
        refused::<BlobMetadataWithId>(&with_id(&bytes[..bytes.len() - 33]));
    }
    for pair in [
        |_| [false, false],
        |number| [number > 0, false],
        |number| [number % 3 == 0, false],
    ] {
        let bytes = metadata(all, pair);
        refused::<BlobMetadata>(&bytes);
        refused::<BlobMetadataWithId>(&with_id(&bytes));
    }
    // Counts beyond the end of the input.
    for count in [&[0xff, 0xff, 0x03][..], &[0x80, 0x80, 0x04], &ENDLESS] {
        for left in [0, 1000, 100_000] {
            let bytes = [&[0, 1, 0, 0, 0, 0, 0, 0, 0, 0][..], count, &vec![0; left]].concat();
            refused::<BlobMetadata>(&bytes);
            refused::<BlobMetadataWithId>(&with_id(&bytes));
        }
    }
}

#[test]
fn symbols_and_proofs_keep_to_the_bound() {
    // Shortest symbol with the shortest path.
    let symbol = [5, 0, 2, 10, 11, 2, 0, 0];
    let proof = |claimed: usize, count| [vec![3, 0], uleb(claimed), symbol.repeat(count)].concat();
    for count in [1, 100, 43_691] {
        accepted::<InconsistencyProof>(&proof(count, count));
        refused::<InconsistencyProof>(&proof(count, count - 1));
        refused::<InconsistencyProof>(&proof(count, count)[..3 + 8 * count - 1]);
    }
    refused::<InconsistencyProof>(&proof(43_692, 43_692));
    // Many symbols, with a wrong one at the start or at the end.
    for at in [4, 8 * 43_690] {
        let mut bytes = proof(43_691, 43_691);
        bytes[3 + at] = 0xff;
        refused::<InconsistencyProof>(&bytes);
    }
    refused::<InconsistencyProof>(&[&[3, 0][..], &ENDLESS, &symbol.repeat(1000)].concat());

    // Longest symbol with the longest path, many times.
    let long = [&[5, 0][..], &uleb(65_534), &vec![1; 65_534]].concat();
    let path = [&[16][..], &[&[1][..], &[7; 32]].concat().repeat(16)].concat();
    accepted::<DecodingSymbol>(&long);
    accepted::<MerkleProof>(&path);
    accepted::<RecoverySymbol>(&[&long[..], &path].concat());
    accepted::<GeneralRecoverySymbol>(&[&[1], &long[..], &[3, 0], &path].concat());
    let many = [&long[..], &path].concat().repeat(100);
    accepted::<InconsistencyProof>(&[&[3, 0, 100], &many[..]].concat());

    // Lengths beyond the end of the input.
    refused::<DecodingSymbol>(&[&[5, 0][..], &ENDLESS, &[1; 1000]].concat());
    refused::<RecoverySymbol>(&[&[5, 0][..], &ENDLESS, &[1; 1000]].concat());
    refused::<GeneralRecoverySymbol>(&[&[0, 5, 0][..], &ENDLESS, &[1; 1000]].concat());
    for count in [&[16][..], &[17], &ENDLESS] {
        refused::<MerkleProof>(&[count, &[0; 15]].concat());
    }
}

#[test]
fn slivers_keep_to_the_bound() {
    let builder = Runtime::builder().engine(EngineKind::Cpu);
    let metadata = builder
        .threads(1)
        .build()
        .unwrap()
        .encoder(10)
        .unwrap()
        .metadata(&b"walrus"[..]);
    let metadata = metadata.unwrap().verify(10).unwrap();
    let view = |bytes: &[u8]| {
        within_bound(bytes, |bytes| {
            BlobSliver::from_bcs(&metadata, Axis::Primary, bytes).is_ok()
        })
    };
    let sliver = |claimed: &[u8], len| [claimed, &vec![1; len], &[2, 0, 3, 0]].concat();
    for len in [0, 2, 1000, 4 << 20] {
        let bytes = sliver(&uleb(len), len);
        accepted::<SliverData>(&bytes);
        accepted::<Sliver>(&[&[1], &bytes[..]].concat());
        assert!(view(&bytes));
    }
    for claimed in [uleb(1 << 20), uleb(u32::MAX as usize - 1), ENDLESS.to_vec()] {
        for len in [0, 1000, (1 << 20) - 2] {
            let bytes = sliver(&claimed, len);
            refused::<SliverData>(&bytes);
            refused::<Sliver>(&[&[0], &bytes[..]].concat());
            assert!(!view(&bytes));
        }
    }
}

#[cfg(feature = "fuzzing")]
mod files {
    use super::*;
    use walrus_accel::Shape;
    use walrus_accel::directory::fuzzing::{JobIdentity, Manifest, Position};

    /// Largest number of shards that the code supports.
    const SHARDS: u16 = 49_155;

    /// Returns a manifest with these texts as lists of pairs and files.
    fn manifest(pairs: &str, files: &str) -> String {
        let hash = "0".repeat(64);
        let id = "A".repeat(43);
        format!(
            r#"{{"version":1,"generator":"g","blobId":"{id}","rootHash":"{hash}","commitment":"c",
            "encodingType":1,"unencodedLength":6,"shards":{SHARDS},"symbolSize":2,"pairs":"{pairs}",
            "files":[{files}]}}"#
        )
    }

    fn read(text: &str) -> Result<Manifest, String> {
        within_bound(text.as_bytes(), Manifest::parse)
    }

    #[test]
    fn manifests_keep_to_the_bound() {
        let hash = "0".repeat(64);
        // Many entries of minimum length. The list doubles its capacity, and one entry more than
        // fills it.
        let entries = [
            r#"["",0,""]"#.to_owned(),
            r#"{"path":"","bytes":0,"blake3":""}"#.to_owned(),
            format!(r#"["",0,"{hash}"]"#),
            format!(r#"{{"path":"","bytes":0,"blake3":"{hash}"}}"#),
            "0".to_owned(),
            "[[]]".to_owned(),
        ];
        for entry in entries {
            for count in [1, 1 << 16, (1 << 16) + 1, (1 << 17) + 1] {
                let files = vec![&entry[..]; count].join(",");
                read(&manifest("0-49154", &files)).unwrap_err();
            }
        }
        // The pairs imply many files, and the list has none.
        for pairs in ["0-49154", "1-49154", "1,3,5", ""] {
            let error = read(&manifest(pairs, "")).unwrap_err();
            assert!(
                error.ends_with("its files are not those of its pairs"),
                "{error}"
            );
        }
        let alternate: Vec<_> = (0..24577).map(|pair| (2 * pair).to_string()).collect();
        read(&manifest(&alternate.join(","), "")).unwrap_err();

        // Long strings as valid values and as invalid ones, which messages quote.
        for character in [
            "x", "\u{7f}", r"\n", r#"\""#, "\u{202e}", r"\u0001", "'", "[",
        ] {
            for count in [100_000, 1_000_000] {
                let long = character.repeat(count);
                let sound = manifest("0", "");
                for (from, to) in [
                    (r#""g""#, format!(r#""{long}""#)),
                    (r#""c""#, format!(r#""{long}""#)),
                    (r#""0""#, format!(r#""{long}""#)),
                    (r#""version":1"#, format!(r#""version":"{long}""#)),
                    (r#""shards":49155"#, format!(r#""shards":"{long}""#)),
                    (r#""files":[]"#, format!(r#""files":["{long}"]"#)),
                    (r#""files":[]"#, format!(r#""{long}":[]"#)),
                    (
                        r#""files":[]"#,
                        format!(r#""files":[["{long}",0,"{hash}"]]"#),
                    ),
                    (r#""files":[]"#, format!(r#""files":[["",0,"{long}"]]"#)),
                    (r#""files":[]"#, format!(r#""files":[["","{long}",""]]"#)),
                    (r#"{"version""#, long.clone()),
                ] {
                    let text = sound.replacen(from, &to, 1);
                    assert_ne!(text, sound);
                    read(&text).unwrap_err();
                }
            }
        }
        let id = "A".repeat(43);
        read(&manifest("0", "").replace(&id, &id.repeat(50_000))).unwrap_err();
    }

    #[test]
    fn a_manifest_of_all_pairs_keeps_to_the_bound() {
        use std::fmt::Write;
        let entry = |path: &str, bytes: u64| {
            let hash = "0".repeat(64);
            format!(r#"["{path}",{bytes},"{hash}"]"#)
        };
        let mut files = entry("metadata.bcs", 1);
        let shape = Shape::new(SHARDS, 6).unwrap();
        for pair in 0..SHARDS {
            for axis in Axis::BOTH {
                let path = format!("pairs/{pair:04}.{axis}.bcs");
                let entry = entry(&path, shape.sliver_data_len(axis));
                write!(files, ",{entry}").unwrap();
            }
        }
        let manifest = read(&manifest("0-49154", &files)).unwrap();
        let again = Manifest::parse(&manifest.to_json()).unwrap();
        assert!(manifest == again);
    }

    #[test]
    fn journals_keep_to_the_bound() {
        let job = JobIdentity {
            version: 1,
            source: "2f".into(),
            source_stamp: "now".into(),
            length: 1000,
            shards: 10,
            pairs: "0-9".into(),
            commitment: "blake2b".into(),
        };
        let read = |bytes: &[u8]| within_bound(bytes, |bytes| job.read_checkpoint(bytes));
        for (stripes, state) in [(0, 0), (1, 1 << 20), (1 << 20, 0), (1 << 18, 1 << 20)] {
            let (stripes, state) = (vec![128; stripes], vec![7; state]);
            let mut record = Vec::new();
            let position = Position::Stripes(stripes);
            job.write_checkpoint(&position, &state, &mut record)
                .unwrap();
            assert!(read(&record) == Some((position, state)));
            // More stripes than bytes, a partial stripe, and a truncated record.
            record[40..44].copy_from_slice(&[0xff; 4]);
            assert_eq!(read(&record), None);
            record[40..44].copy_from_slice(&[3, 0, 0, 0]);
            assert_eq!(read(&record), None);
            assert_eq!(read(&record[..record.len().min(43)]), None);
        }
    }
}

/// Bound on the index alone: the blob is many times as long, and is not read.
#[test]
fn indices_of_quilts_keep_to_the_bound() {
    let read = |quilt: &Quilt<'_>, damage: Option<usize>| {
        let mut blob = vec![0; quilt.len() as usize];
        quilt.read_at(0, &mut blob).unwrap();
        if let Some(at) = damage {
            blob[at] ^= 0x80;
        }
        let reader = QuiltReader::of_blob(quilt.n_shards(), &blob).unwrap();
        let shape = Shape::new(quilt.n_shards(), quilt.len()).unwrap();
        let column_len = blob.len() / usize::from(shape.columns());
        let columns = &blob[..2 * 10 * column_len];
        within_bound(columns, |_| reader.patches(&Control::new()).map(<[_]>::len))
    };
    let entry = |number: usize| QuiltEntry::new(number.to_string(), Vec::new());
    // As many patches as possible; tags as short, and as many, as possible.
    let patches = Quilt::new(1000, (0..666).map(entry).collect()).unwrap();
    let tags = QuiltTags::new((0..9000).map(|key| (format!("{key:x}"), ""))).unwrap();
    let tagged = (0..10).map(|number| entry(number).with_tags(tags.clone()));
    let tagged = Quilt::new(31, tagged.collect()).unwrap();
    for (quilt, count) in [(&patches, 666), (&tagged, 10)] {
        assert_eq!(read(quilt, None).unwrap(), count);
        assert!(read(quilt, Some(0)).is_err(), "another version");
    }
}
