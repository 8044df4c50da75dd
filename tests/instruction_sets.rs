//! Comparison of every instruction set of this processor with the reference engine.

mod common;

use common::sample::{Sample, least_memory};
use common::{Random, blob};
use walrus_accel::decode::DecodeRequest;
use walrus_accel::io::SliverBuffer;
use walrus_accel::runtime::InstructionSet;
use walrus_accel::{
    Axis, Check, Commitment, Control, EngineKind, PairSet, Runtime, Shape, SliverPairIndex,
};

const CHECKS: [Check; 3] = [Check::Skip, Check::Default, Check::Strict];

/// Encodes a blob of `len` bytes by the reference engine.
fn sample(n: u16, commitment: Commitment, len: u64) -> Sample {
    let reference = Runtime::builder()
        .engine(EngineKind::Reference)
        .build()
        .unwrap()
        .encoder(n)
        .unwrap()
        .with_commitment(commitment);
    Sample::by(&reference, blob(len, len as usize))
}

/// Encodes and decodes with an instruction set and several memory limits, from narrow stripes to
/// one.
fn agrees(set: InstructionSet, sample: &Sample, random: &mut Random) {
    let Sample {
        blob,
        encoded,
        shape,
        ..
    } = sample;
    let n = shape.n_shards();
    let commitment = encoded.metadata.commitment;
    let (pairs, control) = (PairSet::all(n), Control::new());
    let builder = Runtime::builder();
    let builder = builder.threads(2).instruction_set(set);
    // The blob begins at any address.
    let offset = random.below(64);
    let mut shifted = vec![0; offset];
    shifted.extend(blob);

    let encode = |memory| {
        let encoder = builder
            .clone()
            .memory(memory)
            .build()
            .unwrap()
            .encoder(n)
            .unwrap()
            .with_commitment(commitment);
        assert_eq!(encoder.runtime().instruction_set(), set.name());
        assert_eq!(encoder.runtime().dropped_sets(), []);
        let mut buffer = SliverBuffer::new();
        let got = encoder.encode(&shifted[offset..], &pairs, &mut buffer, &control)?;
        assert_eq!(got, *encoded, "{set} {shape:?}");
        for pair in (0..n).map(SliverPairIndex) {
            for axis in Axis::BOTH {
                let expected = sample.buffer.sliver_data(axis, pair);
                assert!(buffer.sliver_data(axis, pair) == expected, "{set} {axis}");
            }
        }
        Ok(())
    };
    let axis = Axis::BOTH[random.below(2)];
    let chosen = random.choose(shape.slivers_needed(axis).into(), n.into());
    let slivers = sample.pick(axis, &chosen);
    let check = CHECKS[random.below(3)];
    let decode = |memory| {
        let builder = Runtime::builder().threads(2).instruction_set(set);
        let decoder = builder.memory(memory).build().unwrap().decoder();
        assert_eq!(decoder.runtime().instruction_set(), set.name());
        let mut back = Vec::new();
        let metadata = sample.metadata();
        decoder.decode(
            &DecodeRequest {
                check,
                ..DecodeRequest::new(metadata, &slivers)
            },
            &mut back,
            &control,
        )?;
        assert!(back == *blob, "{set} {axis} {check:?} {shape:?}");
        Ok(())
    };
    let span = shape.slivers_len() as usize + 1;
    for more in [0, random.below(span), 2 * span] {
        encode(least_memory(encode) + more as u64).unwrap();
        decode(least_memory(decode) + more as u64).unwrap();
    }
}

#[test]
fn random_shapes_and_stripes() {
    let mut random = Random(30);
    for round in 0..16 {
        let commitment = [Commitment::Blake2b256, Commitment::Blake3][round % 2];
        let n = 4 + random.below(100) as u16;
        let symbols = Shape::new(n, 0).unwrap().matrix_len() / 2;
        let symbol_size = 1 + random.below(600) as u64;
        let sample = sample(n, commitment, random.next() % (symbols * symbol_size));
        for set in InstructionSet::available() {
            agrees(set, &sample, &mut random);
        }
    }
}

/// Number of shards whose transforms need factors outside the subfield.
#[test]
fn a_thousand_shards() {
    let mut random = Random(31);
    for (commitment, len) in [
        (Commitment::Blake2b256, 222_778 * 66 + 1),
        (Commitment::Blake3, 222_778 * 2),
    ] {
        let sample = sample(1000, commitment, len);
        for set in InstructionSet::available() {
            agrees(set, &sample, &mut random);
        }
    }
}

#[test]
fn a_set_is_used_only_if_the_processor_has_it() {
    let available = InstructionSet::available();
    for name in [
        "portable",
        "ssse3",
        "neon",
        "avx2",
        "avx2-gfni",
        "avx512",
        "avx512-gfni",
    ] {
        let set: InstructionSet = name.parse().unwrap();
        let runtime = Runtime::builder().instruction_set(set).build();
        match available.contains(&set) {
            true => assert_eq!(runtime.unwrap().instruction_set(), name),
            false => {
                let error = runtime.unwrap_err().to_string();
                let asked = format!("the program asks for the instruction set `{name}`");
                assert!(error.contains(&asked), "{error}");
            }
        }
    }
}
