use sha2::{Digest, Sha256};

use super::*;
use crate::format::error::Error;
use crate::format::quilt_reasons::{IdentifierProblem, QuiltLimit};
use crate::format::shape::Shape;

/// File of a quilt: identifier, tags, content.
struct File {
    identifier: String,
    tags: QuiltTags,
    content: Vec<u8>,
}

fn file(identifier: &str, len: usize, seed: usize, tags: &[(&str, &str)]) -> File {
    File {
        identifier: identifier.to_owned(),
        tags: QuiltTags::new(tags.iter().copied()).unwrap(),
        content: (0..len).map(|i| (i * 31 + seed) as u8).collect(),
    }
}

/// Builds a quilt in memory, byte by byte.
fn build(n_shards: u16, mut files: Vec<File>) -> (Vec<u8>, QuiltLayout) {
    files.sort_by(|a, b| a.identifier.cmp(&b.identifier));
    let index = index_len(files.iter().map(|file| (&*file.identifier, &file.tags)));
    let patches = files.iter().map(|file| {
        let header = PatchHeader {
            identifier: file.identifier.clone(),
            tags: file.tags.clone(),
            content_len: file.content.len() as u64,
        };
        let mut bytes = Vec::new();
        header.write(&mut bytes);
        assert_eq!(
            PatchHeader::parse(&bytes, 1).unwrap(),
            (header, bytes.len())
        );
        bytes.extend_from_slice(&file.content);
        bytes
    });
    let mut entries = vec![vec![0; index as usize]];
    entries.extend(patches);
    let lens: Vec<_> = entries.iter().map(|entry| entry.len() as u64).collect();
    let layout = QuiltLayout::new(n_shards, &lens).unwrap();
    let ends = files.iter().zip(&layout.ends[1..]);
    let patches = ends.map(|(file, &end)| (&*file.identifier, &file.tags, end));
    entries[0] = write_index(files.len(), patches);
    assert_eq!(entries[0].len() as u64, index);
    let shape = layout.shape;
    let size = shape.symbol_size() as usize;
    let mut quilt = vec![0; shape.blob_len() as usize];
    for (number, entry) in entries.iter().enumerate() {
        let columns = entry.chunks(shape.column_len() as usize);
        for (column, bytes) in layout.columns(number).zip(columns) {
            for (row, symbol) in bytes.chunks(size).enumerate() {
                let at = shape.offset(row as u64, column.into()) as usize;
                quilt[at..][..symbol.len()].copy_from_slice(symbol);
            }
        }
    }
    let parsed = parse_index(&entries[0], &shape).unwrap();
    assert_eq!(parsed.len(), files.len());
    for (number, (patch, file)) in parsed.iter().zip(&files).enumerate() {
        assert_eq!(
            (&patch.identifier, &patch.tags),
            (&file.identifier, &file.tags)
        );
        assert_eq!(patch.columns, layout.columns(number + 1));
    }
    assert_eq!(
        QuiltShape::of_blob(n_shards, shape.blob_len()).unwrap(),
        shape
    );
    (quilt, layout)
}

#[test]
fn the_documented_quilts() {
    let i = "i".repeat(660);
    let cases = [
        (
            1000,
            vec![file("hello.txt", 5, 1, &[])],
            2,
            1..2,
            "50ed7615146b76d7603b83ab0f38d075b8d20b133c43b74d61af2704ca46b87b",
        ),
        (
            1000,
            vec![file("empty", 0, 0, &[])],
            2,
            1..2,
            "c7f8ade699bf0a53917e7f98d10f3c0c737bfd10ffafd399c443df2dc4cfd0f2",
        ),
        (
            1000,
            vec![file("a", 700, 9, &[("bb", "1"), ("c", "2"), ("aaa", "3")])],
            2,
            1..3,
            "dcf0320a07c5fd8f0ee0485acf37463e37ec65f133dd2728df32df78f9f4ed37",
        ),
        (
            1000,
            vec![
                file("\u{1d4b3}", 10, 1, &[]),
                file("\u{ffee}", 10, 2, &[]),
                file("z", 10, 3, &[]),
                file("Z", 10, 4, &[]),
                file("\u{e9}", 10, 5, &[]),
            ],
            2,
            1..2,
            "d198b831debc37ff79bfc466a17f0d14c3370ccdd97053125a982b9fac14fa08",
        ),
        (
            10,
            vec![
                file("e", 40, 1, &[]),
                file("d", 0, 2, &[("k", "v")]),
                file("c", 333, 3, &[]),
                file("b", 1, 4, &[]),
                file("a", 64, 5, &[]),
            ],
            44,
            1..2,
            "de96ecc8b7075fd3e4b960fbb0986726c9fb2bc4cd3745e218b935698061a522",
        ),
        (
            4,
            vec![file("x", 3, 1, &[])],
            6,
            1..3,
            "f5c52d98da1c55b7aa1ffe0a2f4bb519499ec718a9fae74988dca5a25a080af2",
        ),
        (
            1000,
            vec![file(&i, 3, 7, &[])],
            2,
            2..4,
            "73d113618e58ce08619f83a0bdfccff69ce60eaec4091603712ecccb7b7103f2",
        ),
        (
            1000,
            vec![
                file("big", 250_000, 1, &[]),
                file("mid", 50_000, 2, &[("type", "x")]),
                file("small", 5, 3, &[]),
            ],
            2,
            1..376,
            "72a4bfb87fbd2b36dddecb8b59149190b5d5f0a1dc82aa2c9658819fe5e6a20c",
        ),
        (
            6,
            vec![
                file("f0", 100, 0, &[]),
                file("f1", 101, 1, &[]),
                file("f2", 102, 2, &[]),
                file("f3", 103, 3, &[]),
            ],
            30,
            1..2,
            "599ca81e72e54ffc845d65f8ae738b696294f8d7197e43b42eb8d1a4e492aed7",
        ),
        // Two empty files whose columns end with their headers.
        (
            5,
            vec![file("a", 0, 0, &[]), file("bbb", 0, 0, &[])],
            4,
            2..3,
            "",
        ),
    ];
    for (n_shards, files, symbol_size, first, sha256) in cases {
        let (quilt, layout) = build(n_shards, files);
        assert_eq!(layout.shape.symbol_size(), symbol_size);
        assert_eq!(layout.columns(1), first);
        let found: String = Sha256::digest(&quilt)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        assert!(
            sha256.is_empty() || found == sha256,
            "{n_shards} shards, {first:?}: {found}"
        );
    }
}

#[test]
fn the_smallest_symbols_are_found() {
    for n_shards in [4, 5, 7, 10, 31] {
        let columns = usize::from(Shape::new(n_shards, 0).unwrap().columns());
        for seed in 0..200usize {
            let count = 1 + seed % (columns - 1);
            let mut lens = vec![(6 + seed * 7 % 90) as u64];
            lens.extend((0..count).map(|i| 9 + ((i + 1) * seed * 7919 % 4000) as u64));
            let found = QuiltLayout::new(n_shards, &lens).unwrap();
            let fits = |size: u32| {
                let len = u64::from(found.shape.rows()) * u64::from(size);
                let used: u64 = lens.iter().map(|entry| entry.div_ceil(len)).sum();
                used <= columns as u64 && 10 * len >= lens[0] && len >= 5
            };
            let smallest = (2..).step_by(2).find(|&size| fits(size)).unwrap();
            assert_eq!(found.shape.symbol_size(), smallest, "{n_shards}: {lens:?}");
            assert!(usize::from(*found.ends.last().unwrap()) <= columns);
        }
    }
}

#[test]
fn limits_are_errors() {
    let reason = |result: Result<QuiltLayout, Error>| match result {
        Err(Error::QuiltRefused { reason }) => reason,
        other => panic!("{other:?}"),
    };
    let full = QuiltLayout::new(1000, &[10; 667]).unwrap();
    assert_eq!(full.ends.last(), Some(&667));
    let found = reason(QuiltLayout::new(1000, &[10; 668]));
    assert!(matches!(
        found,
        QuiltLimit::TooManyPatches {
            patches: 667,
            maximum: 666,
            ..
        }
    ));
    let column = 334 * 65_534;
    let most = QuiltLayout::new(1000, &[10, 666 * column]).unwrap();
    assert_eq!(most.shape.symbol_size(), 65_534);
    let found = reason(QuiltLayout::new(1000, &[10, 666 * column + 1]));
    assert!(
        matches!(found, QuiltLimit::TooLarge { columns: 667, column_len, .. }
        if column_len == column)
    );
    assert!(QuiltLayout::new(1000, &[10 * column, 9]).is_ok());
    assert!(QuiltLayout::new(1000, &[10 * column + 1, 9]).is_err());
    assert!(matches!(
        QuiltLayout::new(3, &[10]),
        Err(Error::TooFewShards { .. })
    ));

    for (text, expected) in [
        ("", Err(IdentifierProblem::Empty)),
        ("a ", Err(IdentifierProblem::TrailingSpace)),
        ("a\u{3000}", Err(IdentifierProblem::TrailingSpace)),
        ("a\nb", Err(IdentifierProblem::Control { code: 10 })),
        ("a\u{7f}b", Err(IdentifierProblem::Control { code: 0x7f })),
        ("a\u{9f}b", Err(IdentifierProblem::Control { code: 0x9f })),
        (" a", Ok(())),
        ("../x", Ok(())),
        ("/etc/x\\", Ok(())),
        (".-_", Ok(())),
        ("\u{200b}", Ok(())), // no white space in Unicode's terms
    ] {
        assert_eq!(check_identifier(text), expected, "{text:?}");
    }
    assert_eq!(check_identifier(&"a".repeat(65_531)), Ok(()));
    let too_long = IdentifierProblem::TooLong {
        length: 65_532,
        maximum: 65_531,
    };
    assert_eq!(check_identifier(&"a".repeat(65_532)), Err(too_long));

    // One tag: count, key "k" with its length, three bytes of the value's length.
    let value = "v".repeat(65_535 - 1 - 2 - 3);
    assert!(QuiltTags::new([("k", &value)]).is_ok());
    let Err(Error::QuiltRefused { reason }) = QuiltTags::new([("k", value + "v")]) else {
        panic!("one byte too many");
    };
    assert_eq!(
        reason,
        QuiltLimit::TagsTooLong {
            length: 65_536,
            maximum: 65_535
        }
    );
    let Err(Error::QuiltRefused { reason }) = QuiltTags::new([("k", "1"), ("k", "2")]) else {
        panic!("one key twice");
    };
    assert_eq!(reason, QuiltLimit::DuplicateTag { key: "k".into() });
}

#[test]
fn tags_are_ordered_by_their_serialised_keys() {
    let long = "a".repeat(128); // length 80 01
    let longer = "a".repeat(300); // length ac 02
    let longest = "a".repeat(256); // length 80 02
    let given = [&*longer, &*longest, &*long, "bb", "", "c"].map(|key| (key, ""));
    let tags = QuiltTags::new(given).unwrap();
    let keys: Vec<_> = tags.iter().map(|(key, _)| key.len()).collect();
    assert_eq!(keys, [0, 1, 2, 128, 256, 300]);
    assert!(QuiltTags::default().is_empty() && !tags.is_empty());
    assert_eq!(
        QuiltTags::new::<&str, &str>([]).unwrap(),
        QuiltTags::default()
    );
}

#[test]
fn patch_ids() {
    let mut quilt_id = [0; 32];
    (quilt_id[0], quilt_id[1]) = (0x39, 0x30);
    let id = QuiltPatchId::new(crate::BlobId(quilt_id), 10..20);
    let text = "OTAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABCgAUAA";
    assert_eq!(id.to_string(), text);
    assert_eq!(text.parse::<QuiltPatchId>().unwrap(), id);
    assert_eq!(QuiltPatchId::from_bytes(&id.to_bytes()), Some(id));
    let other_version = text.replace("ABCgAU", "ACCgAU");
    for text in [
        "",
        "a",
        &text[..49],
        &text[..43],
        &format!("{text}="),
        &other_version,
        &text.replace('O', "+"),
        &format!("{}B", &text[..49]),
    ] {
        let found = text.parse::<QuiltPatchId>();
        assert!(
            matches!(found, Err(Error::QuiltPatchIdSyntax { .. })),
            "{text}"
        );
    }
}

mod strangers_bytes;
