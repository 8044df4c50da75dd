//! Wire formats against the network's own bytes. Every structure in the vectors is read, compared
//! with its case and written again. Then its bytes are truncated, lengthened and damaged.

use std::fmt::Debug;

use serde_json::Value;
use walrus_accel::wire::{
    Bcs, DecodingSymbol, GeneralRecoverySymbol, InconsistencyProof, MerkleProof, Node,
    RecoverySymbol, Sliver, SliverData, SliverPairMetadata,
};
use walrus_accel::{
    Axis, BlobId, BlobMetadata, BlobMetadataWithId, Error, Shape, SliverIndex, SliverPairIndex,
};

fn vectors(name: &str) -> Value {
    let path = format!("{}/tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap()
}

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    assert!(text.len().is_multiple_of(2));
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn number<T: TryFrom<u64, Error: Debug>>(value: &Value) -> T {
    value.as_u64().unwrap().try_into().unwrap()
}

/// Reads the bytes. Fails unless writing the value gives the same bytes.
fn read<T: Bcs + Debug + PartialEq>(bytes: &[u8]) -> T {
    let value = T::from_bcs(bytes).unwrap();
    assert_eq!(value.to_bcs(), bytes);
    value
}

fn shape(case: &Value) -> Shape {
    let length = number(&case["unencoded_length"]);
    let shape = Shape::new(number(&case["n_shards"]), length).unwrap();
    assert_eq!(shape.symbol_size(), number::<u32>(&case["symbol_size"]));
    shape
}

/// Returns the number of levels above the leaves of a tree over `n` symbols.
fn depth(n: u16) -> usize {
    n.next_power_of_two().trailing_zeros() as usize
}

#[test]
fn metadata_is_the_network_s() {
    let cases = vectors("rs2");
    let mut seen = 0;
    for case in cases.as_array().unwrap() {
        let Some(bytes) = case.get("metadata_bcs") else {
            continue;
        };
        let bytes = hex(bytes);
        let read_back: BlobMetadataWithId = read(&bytes);
        assert_eq!(read::<BlobMetadata>(&bytes[32..]), read_back.metadata);
        let BlobMetadataWithId { blob_id, metadata } = read_back;
        let id: BlobId = case["blob_id"].as_str().unwrap().parse().unwrap();
        assert_eq!(blob_id, id);
        assert_eq!(metadata.root_hash().to_vec(), hex(&case["root_hash"]));
        let n_shards = number(&case["n_shards"]);
        let verified = metadata.clone().verify(n_shards, &id).unwrap();
        assert_eq!(verified.shape(), shape(case));
        for pair in &metadata.pairs {
            assert_eq!(read::<SliverPairMetadata>(&pair.to_bcs()), *pair);
            assert_eq!(read::<Node>(&pair.primary.to_bcs()), pair.primary);
        }
        seen += 1;
    }
    assert_eq!(seen, 9);
}

#[test]
fn slivers_are_the_network_s() {
    let cases = vectors("rs2");
    let mut seen = 0;
    for case in cases.as_array().unwrap() {
        let Some(pairs) = case.get("pairs") else {
            continue;
        };
        let shape = shape(case);
        let pairs = pairs.as_array().unwrap();
        assert_eq!(pairs.len(), usize::from(shape.n_shards()));
        for (pair, value) in (0..).map(SliverPairIndex).zip(pairs) {
            for (axis, key) in [
                (Axis::Primary, "primary_bcs"),
                (Axis::Secondary, "secondary_bcs"),
            ] {
                let bytes = hex(&value[key]);
                let data: SliverData = read(&bytes);
                assert_eq!(data.symbols.len() as u64, shape.sliver_len(axis));
                assert_eq!(u32::from(data.symbol_size), shape.symbol_size());
                assert_eq!(data.index, pair.sliver(axis, shape.n_shards()));
                let sliver = Sliver { axis, data };
                assert_eq!(read::<Sliver>(&sliver.to_bcs()), sliver);
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 2 * (4 * 4 + 5 + 6 + 7 + 7 + 10));
}

#[test]
fn recovery_symbols_are_the_network_s() {
    let cases = vectors("rs2");
    let mut seen = 0;
    for case in cases.as_array().unwrap() {
        let shape = shape(case);
        let n_shards = shape.n_shards();
        for value in case["recovery_symbols"].as_array().unwrap() {
            let source = SliverPairIndex(number(&value["source_pair"]));
            let target = SliverPairIndex(number(&value["target_pair"]));
            // A symbol comes from one axis and recovers a sliver of the other.
            for (from, key) in [
                (Axis::Primary, "from_primary"),
                (Axis::Secondary, "from_secondary"),
            ] {
                // The vectors have only the hash of long symbols.
                if !value[key]["bcs"].is_string() {
                    continue;
                }
                let symbol: GeneralRecoverySymbol = read(&hex(&value[key]["bcs"]));
                let recovers = from.other();
                assert_eq!(symbol.axis, recovers);
                assert_eq!(symbol.symbol.index, source.sliver(from, n_shards));
                assert_eq!(symbol.target, target.sliver(recovers, n_shards));
                assert_eq!(
                    symbol.symbol.data.len() as u64,
                    u64::from(shape.symbol_size())
                );
                assert_eq!(symbol.proof.len(), depth(n_shards));

                let GeneralRecoverySymbol { symbol, proof, .. } = symbol;
                assert_eq!(read::<DecodingSymbol>(&symbol.to_bcs()), symbol);
                assert_eq!(read::<MerkleProof>(&proof.to_bcs()), proof);
                let plain = RecoverySymbol { symbol, proof };
                assert_eq!(read::<RecoverySymbol>(&plain.to_bcs()), plain);
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 2 * 9 * 26);
}

#[test]
fn inconsistency_proofs_are_the_network_s() {
    let cases = vectors("inconsistency");
    for case in cases.as_array().unwrap() {
        let n_shards = number(&case["n_shards"]);
        let with_id: BlobMetadataWithId = read(&hex(&case["metadata_bcs"]));
        let BlobMetadataWithId { blob_id, metadata } = with_id;
        let length: u64 = number(&case["unencoded_length"]);
        assert_eq!(metadata.unencoded_length, length);
        let shape = metadata.verify(n_shards, &blob_id).unwrap().shape();
        let target = SliverPairIndex(number(&case["target_pair"]));
        for (axis, key) in [
            (Axis::Primary, "primary_proof_bcs"),
            (Axis::Secondary, "secondary_proof_bcs"),
        ] {
            let proof: InconsistencyProof = read(&hex(&case[key]));
            assert_eq!(proof.target, target.sliver(axis, n_shards));
            // Recovering a sliver takes as many symbols as it has source symbols.
            let count = usize::from(shape.sliver_symbols(axis));
            assert_eq!(proof.symbols.len(), count);
            for RecoverySymbol { symbol, proof } in &proof.symbols {
                assert!(symbol.index < SliverIndex(n_shards));
                assert_eq!(symbol.data.len() as u64, u64::from(shape.symbol_size()));
                assert_eq!(proof.len(), depth(n_shards));
            }
        }
    }
    assert_eq!(cases.as_array().unwrap().len(), 4);
}

/// Small samples of a structure, with a function to read and write them.
struct Samples {
    name: &'static str,
    bytes: Vec<Vec<u8>>,
    /// Reads bytes and writes the value again.
    rewrite: fn(&[u8]) -> Result<Vec<u8>, Error>,
}

fn rewrite<T: Bcs>(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    T::from_bcs(bytes).map(|value| value.to_bcs())
}

/// Returns samples of every structure, from the vectors.
fn samples() -> Vec<Samples> {
    let cases = vectors("rs2");
    let proofs = vectors("inconsistency");
    let small = &cases[0];
    let with_id = hex(&small["metadata_bcs"]);
    let slivers: Vec<_> = (0..4)
        .flat_map(|i| ["primary_bcs", "secondary_bcs"].map(|key| hex(&small["pairs"][i][key])))
        .collect();
    let tagged = slivers.iter().map(|bytes| [&[1], &bytes[..]].concat());
    let symbols = ["from_primary", "from_secondary"]
        .map(|key| hex(&small["recovery_symbols"][1][key]["bcs"]));
    let parsed: Vec<GeneralRecoverySymbol> = symbols.iter().map(|bytes| read(bytes)).collect();
    let each = |write: fn(&GeneralRecoverySymbol) -> Vec<u8>| parsed.iter().map(write).collect();
    let metadata = BlobMetadata::from_bcs(&with_id[32..]).unwrap();
    let nodes = vec![metadata.pairs[0].primary.to_bcs(), Node::Empty.to_bcs()];
    let list = |name, bytes, rewrite| Samples {
        name,
        bytes,
        rewrite,
    };
    vec![
        list("Node", nodes, rewrite::<Node>),
        list(
            "SliverPairMetadata",
            vec![metadata.pairs[0].to_bcs()],
            rewrite::<SliverPairMetadata>,
        ),
        list(
            "BlobMetadata",
            vec![with_id[32..].to_vec()],
            rewrite::<BlobMetadata>,
        ),
        list(
            "BlobMetadataWithId",
            vec![with_id],
            rewrite::<BlobMetadataWithId>,
        ),
        list("Sliver", tagged.collect(), rewrite::<Sliver>),
        list("SliverData", slivers, rewrite::<SliverData>),
        list(
            "DecodingSymbol",
            each(|general| general.symbol.to_bcs()),
            rewrite::<DecodingSymbol>,
        ),
        list(
            "MerkleProof",
            each(|general| general.proof.to_bcs()),
            rewrite::<MerkleProof>,
        ),
        list(
            "RecoverySymbol",
            each(|general| [general.symbol.to_bcs(), general.proof.to_bcs()].concat()),
            rewrite::<RecoverySymbol>,
        ),
        list(
            "GeneralRecoverySymbol",
            symbols.to_vec(),
            rewrite::<GeneralRecoverySymbol>,
        ),
        list(
            "InconsistencyProof",
            ["primary_proof_bcs", "secondary_proof_bcs"]
                .map(|key| hex(&proofs[0][key]))
                .to_vec(),
            rewrite::<InconsistencyProof>,
        ),
    ]
}

#[track_caller]
fn assert_refused(samples: &Samples, bytes: &[u8]) {
    match (samples.rewrite)(bytes) {
        Err(Error::Malformed { offset, .. }) => assert!(offset <= bytes.len()),
        other => panic!("{}: {other:?} of {bytes:x?}", samples.name),
    }
}

#[test]
fn every_truncation_and_every_trailing_byte_is_refused() {
    for samples in samples() {
        for bytes in &samples.bytes {
            assert_eq!((samples.rewrite)(bytes).unwrap(), *bytes);
            for len in 0..bytes.len() {
                assert_refused(&samples, &bytes[..len]);
            }
            for byte in 0..=u8::MAX {
                assert_refused(&samples, &[&bytes[..], &[byte]].concat());
            }
        }
    }
}

/// Generator of the vectors' blobs, as a source of numbers.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next()).unwrap() % end
    }
}

#[test]
fn damage_is_refused_or_is_another_value() {
    let mut random = Random(1);
    let (mut accepted, mut refused) = (0, 0);
    for samples in samples() {
        for bytes in &samples.bytes {
            for _ in 0..2_000 {
                let mut damaged = bytes.clone();
                for _ in 0..=random.below(3) {
                    let at = random.below(damaged.len());
                    match random.below(6) {
                        0 => damaged[at] ^= 1 << random.below(8),
                        1 => damaged[at] = u8::try_from(random.below(256)).unwrap(),
                        2 => damaged[at] = [0x00, 0x01, 0x7f, 0x80, 0xff][random.below(5)],
                        3 => damaged.insert(at, u8::try_from(random.below(256)).unwrap()),
                        4 if damaged.len() > 1 => drop(damaged.remove(at)),
                        _ => {
                            let end = (at + 5).min(damaged.len());
                            damaged[at..end].fill(0xff);
                        }
                    }
                }
                // A value has one encoding: bytes that can be read are the bytes that are written.
                match (samples.rewrite)(&damaged) {
                    Ok(written) => {
                        assert_eq!(written, damaged, "{}", samples.name);
                        accepted += 1;
                    }
                    Err(Error::Malformed { .. }) => refused += 1,
                    Err(other) => panic!("{}: {other}", samples.name),
                }
            }
        }
    }
    assert!(accepted > 1_000 && refused > 1_000);
}

#[test]
fn noise_never_panics() {
    let mut random = Random(2);
    let structures = samples();
    for _ in 0..20_000 {
        let len = random.below(80);
        let mut noise = vec![0; len];
        // Small numbers, which are often valid as tags and lengths.
        noise.fill_with(|| u8::try_from(random.below(256) >> random.below(8)).unwrap());
        for samples in &structures {
            if let Ok(written) = (samples.rewrite)(&noise) {
                assert_eq!(written, noise, "{}", samples.name);
            }
        }
    }
}

#[test]
fn hostile_lengths_are_refused_wherever_they_stand() {
    // The largest length, the largest plausible count, and a length that is not canonical.
    let lengths: [&[u8]; 4] = [
        &[0xff, 0xff, 0xff, 0xff, 0x0f],
        &[0xff, 0xff, 0x03],
        &[0x81, 0x00],
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    ];
    // Each structure with a length, and the offset of the length in its sample.
    let places = [
        ("BlobMetadata", 10),
        ("BlobMetadataWithId", 42),
        ("SliverData", 0),
        ("Sliver", 1),
        ("DecodingSymbol", 2),
        ("MerkleProof", 0),
        ("RecoverySymbol", 2),
        ("RecoverySymbol", 5),
        ("GeneralRecoverySymbol", 3),
        ("GeneralRecoverySymbol", 8),
        ("InconsistencyProof", 2),
        ("InconsistencyProof", 5),
    ];
    let structures = samples();
    for (name, at) in places {
        let samples = structures.iter().find(|sample| sample.name == name);
        let samples = samples.unwrap();
        for length in lengths {
            let bytes = &samples.bytes[0];
            let hostile = [&bytes[..at], length, &bytes[at + 1..]].concat();
            assert_refused(samples, &hostile);
            assert_refused(samples, &hostile[..at + length.len()]);
        }
    }
}
