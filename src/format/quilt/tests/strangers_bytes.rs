//! Indexes and headers that no writer writes.

use super::{build, file};
use crate::format::error::Error;
use crate::format::quilt::*;
use crate::format::quilt_reasons::QuiltProblem;

/// Index of V5: five patches of 10 shards with symbols of 44 bytes.
const INDEX: &str = "011e00000005020001610003000162000500016300060001640101\
                     6b0176070001650 0";

fn index() -> Vec<u8> {
    let digits: Vec<u8> = INDEX.bytes().filter(|c| *c != b' ').collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

#[test]
fn a_careful_reader_refuses_what_no_writer_writes() {
    let shape = QuiltShape::of_blob(10, 4 * 7 * 44).unwrap();
    let good = index();
    assert_eq!(parse_index(&good, &shape).unwrap().len(), 5);
    for end in 0..good.len() {
        assert!(parse_index(&good[..end], &shape).is_err());
    }
    let with = |changes: &[(usize, u8)]| {
        let mut bytes = good.clone();
        for &(at, byte) in changes {
            bytes[at] = byte;
        }
        match parse_index(&bytes, &shape) {
            Err(Error::InvalidQuilt { reason }) => Ok(reason),
            Err(Error::Malformed { reason, .. }) => Err(reason),
            other => panic!("{other:?}"),
        }
    };
    assert!(matches!(
        with(&[(0, 2)]),
        Ok(QuiltProblem::Version { found: 2, .. })
    ));
    assert!(matches!(
        with(&[(4, 1)]),
        Ok(QuiltProblem::IndexTooLong { .. })
    ));
    // Ends that go backwards, stay, and go past S.
    let columns = |start, end| {
        Ok(QuiltProblem::Columns {
            start,
            end,
            columns: 7,
        })
    };
    assert_eq!(with(&[(11, 1)]), columns(2, 1));
    assert_eq!(with(&[(11, 2)]), columns(2, 2));
    assert_eq!(with(&[(30, 8)]), columns(6, 8));
    assert_eq!(with(&[(7, 1)]), columns(1, 258));
    // Identifiers: doubled, out of order, against the rules, no UTF-8.
    let order = |identifier: &str| {
        Ok(QuiltProblem::Order {
            identifier: identifier.into(),
        })
    };
    assert_eq!(with(&[(14, b'a')]), order("a"));
    assert_eq!(with(&[(9, b'z')]), order("b"));
    assert!(matches!(
        with(&[(9, b' ')]),
        Ok(QuiltProblem::Identifier { .. })
    ));
    assert!(matches!(
        with(&[(9, 0x7f)]),
        Ok(QuiltProblem::Identifier { .. })
    ));
    assert_eq!(with(&[(9, 0xff)]), Err("a text is not UTF-8"));
    // More patches than columns, fewer than bytes.
    let many = "there are more patches than columns behind the index";
    assert_eq!(with(&[(5, 7)]), Err(many));
    assert_eq!(with(&[(5, 4)]), Err("there are bytes after the end"));
    assert!(matches!(
        with(&[(5, 6)]),
        Ok(QuiltProblem::IndexEndsEarly { length: 30 })
    ));

    // An old writer's length: the lowest byte of 256 and more.
    let file = |i: usize| file(&format!("{i:060}"), 1, 0, &[]);
    let (_, layout) = build(10, (0..6).map(file).collect());
    let names: Vec<_> = (0..6).map(|i| format!("{i:060}")).collect();
    let none = QuiltTags::default();
    let patches = names.iter().zip(&layout.ends[1..]);
    let patches = patches.map(|(name, &end)| (name.as_str(), &none, end));
    let index = write_index(6, patches);
    assert!(index.len() > 300);
    let short = usize::from(index[1]);
    let mut faulty = index[..5 + short].to_vec();
    faulty[2] = 0;
    let found = parse_index(&faulty, &layout.shape).unwrap_err();
    let Error::InvalidQuilt { reason } = &found else {
        panic!("{found}")
    };
    assert!(matches!(reason, QuiltProblem::IndexEndsEarly { length } if *length as usize == short));

    let blob = |length| QuiltShape::of_blob(10, length);
    for length in [0, 1, 27, 29, 28 * 44 + 1] {
        let found = blob(length).unwrap_err();
        let Error::InvalidQuilt {
            reason: QuiltProblem::Length { unit: 28, .. },
        } = found
        else {
            panic!("{found}");
        };
    }
    for length in [28, 28 * 45, 28 * 65_536, 28 << 40] {
        let found = blob(length).unwrap_err();
        let Error::InvalidQuilt {
            reason: QuiltProblem::SymbolSize { .. },
        } = found
        else {
            panic!("{found}");
        };
    }
}

#[test]
fn headers_of_strangers() {
    let header = PatchHeader {
        identifier: "name".into(),
        tags: QuiltTags::new([("k", "v")]).unwrap(),
        content_len: 3,
    };
    let mut good = Vec::new();
    header.write(&mut good);
    assert_eq!(good.len(), header.len());
    good.extend_from_slice(b"abc");
    assert_eq!(patch_len(&good, 1).unwrap(), good.len() as u64);
    let parse = |bytes: &[u8]| PatchHeader::parse(bytes, 1);
    assert_eq!(parse(&good).unwrap(), (header.clone(), good.len() - 3));
    for end in 0..good.len() - 3 {
        assert!(parse(&good[..end]).is_err(), "{end}");
    }
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        parse(&bytes)
    };
    assert!(with(0, 0).is_err(), "version");
    assert!(with(1, 3).is_err(), "a length that ends in the header");
    assert_eq!(with(5, 0xff).unwrap().0, header, "other bits of the mask");
    assert_eq!(with(5, 0xfe).unwrap().0.tags, QuiltTags::default());
    assert!(
        with(6, 4).is_err() && with(6, 6).is_err(),
        "length of the identifier"
    );
    assert!(
        with(8, 3).is_err() && with(8, 5).is_err(),
        "length of the text"
    );
    assert!(with(9, 0).is_err(), "control character");
    assert!(with(12, b' ').is_err(), "white space at the end");
    assert!(
        with(13, 4).is_err() && with(13, 6).is_err(),
        "length of the tags"
    );
    assert!(with(15, 2).is_err(), "number of tags");
    // The tags' flag with no tags is legal.
    let bytes = [1, 8, 0, 0, 0, 1, 2, 0, 1, b'n', 1, 0, 0, b'x'];
    let (header, len) = parse(&bytes).unwrap();
    assert_eq!(
        (header.content_len, header.tags.is_empty(), len),
        (1, true, 13)
    );
}

#[test]
fn random_bytes_are_refused_without_a_panic() {
    let mut state = 1u64;
    let mut random = |limit: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        ((state >> 33) as usize) % limit
    };
    let shape = QuiltShape::of_blob(10, 4 * 7 * 44).unwrap();
    let good = index();
    for _ in 0..20_000 {
        let mut bytes = good.clone();
        for _ in 0..1 + random(4) {
            let at = random(bytes.len());
            bytes[at] = random(256) as u8;
        }
        bytes.truncate(1 + random(bytes.len()));
        if let Ok(patches) = parse_index(&bytes, &shape) {
            let ends: Vec<_> = patches.iter().map(|patch| patch.columns.end).collect();
            let patches = patches.iter().zip(ends);
            let patches = patches.map(|(patch, end)| (&*patch.identifier, &patch.tags, end));
            assert_eq!(write_index(patches.len(), patches), bytes);
        }
        let _ = PatchHeader::parse(&bytes, 1);
        let _ = QuiltPatchId::from_bytes(&bytes);
    }
}
