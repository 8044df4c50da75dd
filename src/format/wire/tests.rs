use super::bcs_reader::{parse_uleb, put_uleb, reason};
use super::*;
use crate::format::commitment::{Node, SliverPairMetadata};
use crate::{
    Axis, BlobId, BlobMetadata, BlobMetadataWithId, Commitment, Error, Shape, SliverIndex,
};

/// Asserts that the bytes are rejected for this reason at this offset.
#[track_caller]
fn refused<T: Bcs + std::fmt::Debug>(bytes: &[u8], expected: &str, at: usize) {
    match T::from_bcs(bytes) {
        Err(Error::Malformed { reason, offset, .. }) => {
            assert_eq!((reason, offset), (expected, at))
        }
        other => panic!("{other:?}"),
    }
}

fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

const EMPTY_PAIR: SliverPairMetadata = SliverPairMetadata {
    primary: Node::Empty,
    secondary: Node::Empty,
};

fn symbol() -> RecoverySymbol {
    RecoverySymbol {
        symbol: DecodingSymbol {
            index: SliverIndex(0x0201),
            data: vec![8, 9],
        },
        proof: MerkleProof::new([Node::Digest([3; 32]), Node::Empty]),
    }
}

#[test]
fn every_structure_is_written_by_the_book() {
    let digest = [3; 32];
    let node = joined(&[&[1], &digest]);
    assert_eq!(Node::Digest(digest).to_bcs(), node);
    assert_eq!(Node::Empty.to_bcs(), [0]);

    let pair = SliverPairMetadata {
        primary: Node::Digest(digest),
        secondary: Node::Empty,
    };
    let pair_bytes = joined(&[&node, &[0]]);
    assert_eq!(pair.to_bcs(), pair_bytes);

    let metadata = BlobMetadata {
        commitment: Commitment::Blake2b256,
        unencoded_length: 0x0807_0605_0403_0201,
        pairs: vec![pair; 2],
    };
    let start = [0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 2];
    let metadata_bytes = joined(&[&start, &pair_bytes, &pair_bytes]);
    assert_eq!(metadata.to_bcs(), metadata_bytes);
    let with_id = BlobMetadataWithId {
        blob_id: BlobId([5; 32]),
        metadata,
    };
    let with_id_bytes = joined(&[&[5; 32], &metadata_bytes]);
    assert_eq!(with_id.to_bcs(), with_id_bytes);
    assert_eq!(
        BlobMetadataWithId::from_bcs(&with_id_bytes).unwrap(),
        with_id
    );

    let data = SliverData {
        symbols: vec![7; 200],
        symbol_size: 100,
        index: SliverIndex(0x0201),
    };
    let data_bytes = joined(&[&[0xc8, 0x01], &[7; 200], &[100, 0, 1, 2]]);
    assert_eq!(data.to_bcs(), data_bytes);
    for (tag, axis) in (0..).zip(Axis::BOTH) {
        let data = data.clone();
        let sliver = Sliver { axis, data };
        let bytes = joined(&[&[tag], &data_bytes]);
        assert_eq!(sliver.to_bcs(), bytes);
        assert_eq!(Sliver::from_bcs(&bytes).unwrap(), sliver);
    }

    let symbol_bytes = [1, 2, 2, 8, 9];
    let proof_bytes = joined(&[&[2], &node, &[0]]);
    assert_eq!(symbol().symbol.to_bcs(), symbol_bytes);
    assert_eq!(symbol().proof.to_bcs(), proof_bytes);
    let recovery_bytes = joined(&[&symbol_bytes, &proof_bytes]);
    assert_eq!(symbol().to_bcs(), recovery_bytes);
    let general = GeneralRecoverySymbol {
        axis: Axis::Secondary,
        symbol: symbol().symbol,
        target: SliverIndex(0x0403),
        proof: symbol().proof,
    };
    let general_bytes = joined(&[&[1], &symbol_bytes, &[3, 4], &proof_bytes]);
    assert_eq!(general.to_bcs(), general_bytes);
    assert_eq!(
        GeneralRecoverySymbol::from_bcs(&general_bytes).unwrap(),
        general
    );
    let inconsistency = InconsistencyProof {
        target: SliverIndex(0x0403),
        symbols: vec![symbol(); 2],
    };
    let bytes = joined(&[&[3, 4, 2], &recovery_bytes, &recovery_bytes]);
    assert_eq!(inconsistency.to_bcs(), bytes);
    assert_eq!(InconsistencyProof::from_bcs(&bytes).unwrap(), inconsistency);
    #[cfg(feature = "capi")]
    assert_eq!(inconsistency.bcs_len(), bytes.len());
}

#[test]
fn the_private_profile_has_its_own_encoding_type() {
    let metadata = BlobMetadata {
        commitment: Commitment::Blake3,
        unencoded_length: 0,
        pairs: vec![],
    };
    let bytes = metadata.to_bcs();
    assert_eq!(bytes, [0, 0x81, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(BlobMetadata::from_bcs(&bytes).unwrap(), metadata);
}

#[test]
fn lengths_have_one_form() {
    for (value, bytes) in [
        (0, &[0][..]),
        (127, &[0x7f]),
        (128, &[0x80, 1]),
        (9_487, &[0x8f, 0x4a]),
        (16_383, &[0xff, 0x7f]),
        (16_384, &[0x80, 0x80, 1]),
        (u32::MAX, &[0xff, 0xff, 0xff, 0xff, 0x0f]),
    ] {
        let mut written = Vec::new();
        put_uleb(value.into(), &mut written);
        assert_eq!(written, bytes);
        assert_eq!(parse_uleb(bytes), Ok((value, bytes.len())));
        for len in 0..bytes.len() {
            assert_eq!(parse_uleb(&bytes[..len]), Err(reason::TRUNCATED));
        }
    }
    for bytes in [
        &[0x80, 0][..],
        &[0xff, 0x80, 0],
        &[0x80, 0x80, 0x80, 0x80, 0],
    ] {
        assert_eq!(parse_uleb(bytes), Err(reason::LENGTH_NOT_CANONICAL));
    }
    for bytes in [
        [0xff, 0xff, 0xff, 0xff, 0x1f],
        [0xff, 0xff, 0xff, 0xff, 0x7f],
        [0x80, 0x80, 0x80, 0x80, 0x80],
    ] {
        assert_eq!(parse_uleb(&bytes), Err(reason::LENGTH_TOO_WIDE));
    }
}

#[test]
fn unknown_tags_and_types_are_refused() {
    refused::<Node>(
        &[2; 33],
        "a node is neither empty (00) nor a digest (01)",
        0,
    );
    let axis = "an axis is neither primary (00) nor secondary (01)";
    refused::<Sliver>(&[2, 0, 2, 0, 0, 0], axis, 0);
    refused::<Sliver>(&[0x80, 0, 0, 2, 0, 0, 0], axis, 0);
    refused::<GeneralRecoverySymbol>(&[0xff; 10], axis, 0);

    let mut bytes = [0; 11];
    refused::<BlobMetadata>(
        &bytes,
        "encoding type 00 is the withdrawn RedStuff/RaptorQ code, which is no longer in use",
        1,
    );
    for unknown in [2, 0x7f, 0x80, 0x82, 0xff] {
        bytes[1] = unknown;
        refused::<BlobMetadata>(&bytes, "the encoding type is unknown", 1);
    }
    bytes[..2].copy_from_slice(&[1, 1]);
    refused::<BlobMetadata>(&bytes, "the metadata is of an unknown version", 0);
    let with_id = joined(&[&[0; 32], &bytes]);
    refused::<BlobMetadataWithId>(&with_id, "the metadata is of an unknown version", 32);
}

#[test]
fn sizes_that_cannot_be_are_refused() {
    for size in [0, 1, 3, 65_535] {
        let mut bytes = vec![0];
        bytes.extend_from_slice(&u16::to_le_bytes(size));
        bytes.extend_from_slice(&[0, 0]);
        refused::<SliverData>(&bytes, reason::SYMBOL_SIZE, 1);
    }
    refused::<SliverData>(&[2, 9, 9, 4, 0, 0, 0], reason::PART_OF_A_SYMBOL, 3);
    refused::<DecodingSymbol>(&[0, 0, 0], reason::SYMBOL_SIZE, 2);
    refused::<DecodingSymbol>(&[0, 0, 1, 9], reason::SYMBOL_SIZE, 2);
    let mut long = vec![0, 0, 0x80, 0x80, 4];
    long.resize(5 + 65_536, 0);
    refused::<DecodingSymbol>(&long, reason::SYMBOL_SIZE, 2);
    let mut deep = vec![17];
    deep.resize(18, 0);
    refused::<MerkleProof>(&deep, "the path has more than 16 levels", 0);
    deep[0] = 16;
    assert!(MerkleProof::from_bcs(&deep[..17]).is_ok());
    deep[0] = 1;
    let shallow = "the path has fewer than 2 levels";
    refused::<MerkleProof>(&deep[..2], shallow, 0);
    refused::<MerkleProof>(&[0], shallow, 0);
}

#[test]
fn counts_beyond_the_bytes_are_refused_before_anything_else() {
    let start = [0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    let metadata = |count: &[u8], rest: usize| joined(&[&start, count, &vec![0; rest]]);
    let many = "there are more than 65535 sliver pairs";
    refused::<BlobMetadata>(&metadata(&[0x80, 0x80, 4], 200_000), many, 10);
    refused::<BlobMetadata>(&metadata(&[0xff, 0xff, 0xff, 0xff, 0x0f], 9), many, 10);
    // Two bytes a pair at least: the last byte of three is none.
    refused::<BlobMetadata>(&metadata(&[2], 3), reason::TRUNCATED, 10);
    refused::<BlobMetadata>(&metadata(&[0xff, 0xff, 3], 99), reason::TRUNCATED, 10);
    // As many empty roots as others, and one more.
    let half = SliverPairMetadata {
        primary: Node::Digest([7; 32]),
        secondary: Node::Empty,
    };
    let most = joined(&[&start, &[0xff, 0xff, 3], &half.to_bcs().repeat(65_535)]);
    let read = BlobMetadata::from_bcs(&most).unwrap();
    assert_eq!(read.pairs, vec![half; 65_535]);
    assert_eq!(read.to_bcs(), most);
    let pairs = [half.to_bcs(), EMPTY_PAIR.to_bcs()].concat();
    let empty = "more than half of the roots are empty, or the bytes end early";
    refused::<BlobMetadata>(&joined(&[&start, &[2], &pairs]), empty, 10);

    refused::<InconsistencyProof>(&[0, 0, 0xab, 0xd5, 2, 0, 0], reason::TRUNCATED, 2);
    let symbols = "there are more than 43691 symbols";
    refused::<InconsistencyProof>(&[0, 0, 0xac, 0xd5, 2], symbols, 2);
    refused::<InconsistencyProof>(&[0, 0, 0x80, 0x80, 4], symbols, 2);
    refused::<SliverData>(
        &[0xff, 0xff, 0xff, 0xff, 0x0f, 2, 0, 0, 0],
        reason::TRUNCATED,
        5,
    );
    refused::<DecodingSymbol>(&[0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f], reason::TRUNCATED, 7);
}

#[test]
fn what_a_stranger_cannot_send_is_not_read_back() {
    let odd = SliverData {
        symbols: vec![1, 2, 3],
        symbol_size: 3,
        index: SliverIndex(0),
    };
    refused::<SliverData>(&odd.to_bcs(), reason::SYMBOL_SIZE, 4);
    let crowded = BlobMetadata {
        commitment: Commitment::Blake2b256,
        unencoded_length: 1,
        pairs: vec![EMPTY_PAIR; 65_536],
    };
    assert!(BlobMetadata::from_bcs(&crowded.to_bcs()).is_err());
}

#[test]
fn a_layout_describes_the_bytes() {
    for (n_shards, length) in [(4, 0), (7, 100), (10, 3_000), (100, 100_000), (31, 1 << 20)] {
        let shape = Shape::new(n_shards, length).unwrap();
        for axis in Axis::BOTH {
            let symbols = vec![7; usize::try_from(shape.sliver_len(axis)).unwrap()];
            let data = SliverData {
                symbols,
                symbol_size: u16::try_from(shape.symbol_size()).unwrap(),
                index: SliverIndex(n_shards - 1),
            };
            let bytes = data.to_bcs();
            let layout = SliverLayout::new(&shape, axis);
            let trailer = SliverLayout::trailer(shape.symbol_size(), data.index);
            assert_eq!(bytes, joined(&[&layout.header(), &data.symbols, &trailer]));
            assert_eq!(layout.header_len, layout.header().len() as u64);
            assert_eq!(layout.symbols_len, data.symbols.len() as u64);
            assert_eq!(layout.total_len, bytes.len() as u64);
            let edges = SliverEdges {
                header_len: layout.header_len,
                symbols_len: layout.symbols_len,
                symbol_size: data.symbol_size,
                index: data.index,
            };
            assert_eq!(edges_of(&bytes).unwrap(), edges);
        }
    }
    // The largest sliver of the largest blob of the network, which no test should hold.
    let shape = Shape::new(1000, Shape::max_blob_len(1000).unwrap()).unwrap();
    let layout = SliverLayout::new(&shape, Axis::Primary);
    assert_eq!(layout.total_len, 4 + 667 * 65_534 + 4);
    let tail = SliverLayout::trailer(shape.symbol_size(), SliverIndex(999));
    let edges = SliverEdges::parse(&layout.header(), tail, layout.total_len).unwrap();
    assert_eq!(edges.symbols_len, layout.symbols_len);
}

/// Parses the ends of bytes as those of a file.
fn edges_of(bytes: &[u8]) -> crate::Result<SliverEdges> {
    let head = &bytes[..bytes.len().min(SliverEdges::HEAD_LEN)];
    let tail = bytes.last_chunk().copied().unwrap_or_default();
    SliverEdges::parse(head, tail, bytes.len() as u64)
}

#[test]
fn the_ends_are_as_good_as_the_whole() {
    let mut state = 1u64;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    let (mut good, mut bad) = (0, 0);
    for round in 0..20_000 {
        // Bytes near the form: a length that is right or off by one, a small symbol size, and now
        // and then a last byte that is missing.
        let len = usize::from(random()) % if round % 2 == 0 { 8 } else { 200 };
        let mut symbols = vec![0; len];
        symbols.fill_with(&mut random);
        let claimed = (len + usize::from(random() & random()) % 3).saturating_sub(1);
        let mut whole = Vec::new();
        put_uleb(claimed as u64, &mut whole);
        whole.append(&mut symbols);
        whole.extend_from_slice(&[random() % 5, u8::from(random() > 250), random(), 0]);
        if random() > 250 {
            whole.pop();
        }
        match (edges_of(&whole), SliverData::from_bcs(&whole)) {
            (Ok(edges), Ok(data)) => {
                assert_eq!(edges.symbols_len, data.symbols.len() as u64);
                assert_eq!(edges.symbol_size, data.symbol_size);
                assert_eq!(edges.index, data.index);
                good += 1;
            }
            (Err(_), Err(_)) => bad += 1,
            (edges, data) => panic!("{edges:?} and {data:?} of {whole:?}"),
        }
    }
    assert!(good > 1_000 && bad > 1_000, "{good} good, {bad} bad");
}

#[test]
fn ends_that_do_not_meet_are_refused() {
    let cases: [(&[u8], u64, &str, usize); 5] = [
        (&[], 0, reason::TRUNCATED, 0),
        (&[0x80, 0], 6, reason::LENGTH_NOT_CANONICAL, 0),
        (&[4], 8, reason::TRUNCATED, 8),
        (&[4], 10, reason::TRAILING, 9),
        (&[0x80, 1], u64::MAX, reason::TRAILING, 134),
    ];
    for (head, file_len, expected, at) in cases {
        let error = SliverEdges::parse(head, [2, 0, 0, 0], file_len).unwrap_err();
        let Error::Malformed { reason, offset, .. } = error else {
            panic!("{error}");
        };
        assert_eq!((reason, offset), (expected, at));
    }
}
