//! Slivers as one vector each, and decoding such slivers without metadata.

mod common;

use common::{blob, hex, vectors};
use sha2::{Digest, Sha256};
use walrus_accel::decode::UncheckedRequest;
use walrus_accel::error::SliverProblem;
use walrus_accel::io::{
    FileOutput, OwnedSlivers, SliceOutput, SliverPair, SliverRef, SliverSource,
};
use walrus_accel::verify::SliverVerdict;
use walrus_accel::wire::{Bcs, SliverData};
use walrus_accel::{
    Axis, Control, EngineKind, Error, PairSet, Runtime, RuntimeBuilder, Shape, SliverIndex,
    SliverPairIndex,
};

/// Runtimes of all engines of this machine, the first device included.
fn runtimes() -> Vec<Runtime> {
    let builder = |kind| Runtime::builder().engine(kind).threads(2);
    let mut builders = vec![builder(EngineKind::Cpu), builder(EngineKind::Reference)];
    let devices = walrus_accel::devices();
    if let Some(device) = devices.iter().find(|device| device.unusable.is_none()) {
        let gpu = builder(EngineKind::Gpu).device(device.index.to_string());
        builders.push(gpu.cpu_fallback(false));
    }
    let runtime = |builder: RuntimeBuilder| builder.build().unwrap();
    builders.into_iter().map(runtime).collect()
}

fn encode(runtime: &Runtime, blob: &[u8], pairs: &PairSet) -> Vec<SliverPair> {
    let encoder = runtime.encoder(pairs.n_shards()).unwrap();
    let mut sink = OwnedSlivers::new();
    encoder
        .encode(blob, pairs, &mut sink, &Control::new())
        .unwrap();
    sink.into_pairs()
}

/// Borrows the slivers of an axis.
fn borrow<'a>(shape: &Shape, axis: Axis, pairs: &'a [SliverPair]) -> Vec<SliverRef<'a>> {
    let sliver = |pair: &'a SliverPair| {
        let symbols = match axis {
            Axis::Primary => &pair.primary,
            Axis::Secondary => &pair.secondary,
        };
        SliverRef::new(shape, axis, pair.index, symbols)
    };
    pairs.iter().map(sliver).collect()
}

/// Returns BCS `SliverData` of a sliver.
fn framed(sliver: &SliverRef<'_>) -> Vec<u8> {
    let data = SliverData {
        symbols: sliver.symbols.to_vec(),
        symbol_size: sliver.symbol_size as u16,
        index: sliver.index,
    };
    data.to_bcs()
}

#[test]
fn every_vector_is_encoded_and_decoded() {
    let runtimes = runtimes();
    for case in vectors("rs2.json") {
        let number = |name: &str| case[name].as_u64().unwrap();
        let (n_shards, len) = (number("n_shards") as u16, number("unencoded_length"));
        if n_shards > 200 || len > 1 << 20 {
            continue;
        }
        let blob = blob(number("seed"), len as usize);
        let shape = Shape::new(n_shards, len).unwrap();
        for runtime in &runtimes {
            // A software device takes long for many symbols.
            if runtime.engine_name() == "gpu" && n_shards > 31 {
                continue;
            }
            let pairs = encode(runtime, &blob, &PairSet::all(n_shards));
            assert_eq!(pairs.len(), usize::from(n_shards));
            for axis in Axis::BOTH {
                let slivers = borrow(&shape, axis, &pairs);
                let mut hash = Sha256::new();
                slivers
                    .iter()
                    .for_each(|sliver| hash.update(framed(sliver)));
                let expected = case[format!("{axis}_slivers_bcs_sha256")].as_str().unwrap();
                assert_eq!(hex(&hash.finalize()), expected, "{n_shards} {len} {axis}");

                // The last slivers: every source symbol that can be missing is restored.
                let needed = usize::from(shape.slivers_needed(axis));
                let last: Vec<_> = slivers[slivers.len() - needed..].to_vec();
                let mut out = Vec::new();
                let request = UncheckedRequest::new(shape, &last);
                let decoder = runtime.decoder();
                let decoded = decoder
                    .decode_unchecked(&request, &mut out, &Control::new())
                    .unwrap();
                assert!(out == blob, "{n_shards} {len} {axis}");
                assert_eq!((decoded.axis, decoded.used.len()), (axis, needed));
                assert!(decoded.damaged.is_empty());
            }
        }
    }
}

#[test]
fn only_chosen_pairs_are_kept_in_narrow_stripes_too() {
    let runtimes = runtimes();
    for (n_shards, len) in [(4, 1), (10, 28 * 130 - 1), (13, 45 * 700 - 3)] {
        let blob = blob(len, len as usize);
        let shape = Shape::new(n_shards, len).unwrap();
        for runtime in &runtimes {
            let all = encode(runtime, &blob, &PairSet::all(n_shards));
            let some = PairSet::parse("1,3", n_shards).unwrap();
            let encoder = runtime.encoder(n_shards).unwrap();
            let least = match runtime.engine_name() {
                "cpu" => common::sample::least_memory(|memory| {
                    let narrow = encoder.clone().with_runtime(runtime.with_memory(memory));
                    narrow.metadata(&blob)
                }),
                _ => runtime.memory(),
            };
            let kept = encode(&runtime.with_memory(least), &blob, &some);
            assert_eq!(kept, [all[1].clone(), all[3].clone()]);
            for (axis, len) in [
                (Axis::Primary, kept[0].primary.len()),
                (Axis::Secondary, kept[0].secondary.len()),
            ] {
                assert_eq!(len as u64, shape.sliver_len(axis));
            }
        }
    }
}

#[test]
fn a_failed_job_leaves_no_slivers() {
    let runtime = Runtime::builder()
        .engine(EngineKind::Cpu)
        .threads(1)
        .build()
        .unwrap();
    let encoder = runtime.encoder(7).unwrap();
    let mut sink = OwnedSlivers::new();
    let pairs = PairSet::all(7);
    encoder
        .encode(&b"walrus"[..], &pairs, &mut sink, &Control::new())
        .unwrap();
    assert_eq!(sink.pairs().len(), 7);
    let cancelled = Control::new();
    let mut cancelling = Cancelling(&mut sink, &cancelled);
    let result = encoder.encode(&b"walrus"[..], &pairs, &mut cancelling, &cancelled);
    assert!(matches!(result, Err(Error::Cancelled)));
    assert!(sink.pairs().is_empty() && sink.into_pairs().is_empty());
}

/// Sink that cancels the job when the job begins.
struct Cancelling<'a>(&'a mut OwnedSlivers, &'a Control);

impl walrus_accel::io::Sink for Cancelling<'_> {
    fn begin<'a>(
        &'a mut self,
        shape: &Shape,
        commitment: walrus_accel::Commitment,
        pairs: &PairSet,
    ) -> walrus_accel::Result<Box<dyn walrus_accel::io::SinkSession + 'a>> {
        self.1.cancel();
        self.0.begin(shape, commitment, pairs)
    }
}

#[test]
fn every_output_and_axis_takes_the_blob() {
    let blob = blob(5, 9001);
    let shape = Shape::new(10, 9001).unwrap();
    let runtime = Runtime::builder()
        .engine(EngineKind::Cpu)
        .threads(2)
        .build()
        .unwrap();
    let pairs = encode(&runtime, &blob, &PairSet::all(10));
    let mut slivers = borrow(&shape, Axis::Primary, &pairs);
    slivers.extend(borrow(&shape, Axis::Secondary, &pairs));
    slivers.reverse();
    slivers.extend_from_within(..);
    let (decoder, control) = (runtime.decoder(), Control::new());
    for axis in [None, Some(Axis::Primary), Some(Axis::Secondary)] {
        let request = UncheckedRequest {
            axis,
            ..UncheckedRequest::new(shape, &slivers)
        };
        let mut memory = vec![0; 9001];
        let mut output = SliceOutput::new(&mut memory);
        let decoded = decoder
            .decode_unchecked(&request, &mut output, &control)
            .unwrap();
        assert_eq!(decoded.axis, axis.unwrap_or(Axis::Primary));
        assert!(memory == blob);

        let out = tempfile::tempdir().unwrap();
        let mut file = FileOutput::new(out.path().join("blob"));
        decoder
            .decode_unchecked(&request, &mut file, &control)
            .unwrap();
        assert!(std::fs::read(out.path().join("blob")).unwrap() == blob);
    }
    // BCS without a copy of the symbols.
    let bytes: Vec<_> = slivers[..4].iter().map(framed).collect();
    let read = |bytes| SliverRef::from_bcs(slivers[0].axis, bytes).unwrap();
    let read: Vec<_> = bytes.iter().map(|bytes| read(bytes)).collect();
    assert_eq!(read, slivers[..4]);
    assert!(SliverRef::from_bcs(Axis::Primary, &bytes[0][1..]).is_err());
}

#[test]
fn nothing_is_checked_but_measures() {
    let blob = blob(6, 5000);
    let shape = Shape::new(7, 5000).unwrap();
    let runtime = Runtime::builder()
        .engine(EngineKind::Cpu)
        .threads(2)
        .build()
        .unwrap();
    let pairs = encode(&runtime, &blob, &PairSet::all(7));
    let good = borrow(&shape, Axis::Primary, &pairs);
    let decode = |slivers: &dyn SliverSource, axis| {
        let request = UncheckedRequest {
            axis,
            ..UncheckedRequest::new(shape, slivers)
        };
        let mut out = Vec::new();
        let decoder = runtime.decoder();
        let decoded = decoder.decode_unchecked(&request, &mut out, &Control::new());
        decoded.map(|_| out)
    };
    assert!(decode(&good, None).unwrap() == blob);

    // A damaged sliver gives a wrong blob.
    let mut wrong = pairs[0].primary.clone();
    wrong[0] ^= 1;
    let mut damaged = good.clone();
    damaged[0].symbols = &wrong;
    let out = decode(&damaged, None).unwrap();
    assert_eq!((out[0], &out[1..]), (blob[0] ^ 1, &blob[1..]));

    let few = &good[..2];
    let error = decode(&few, None).unwrap_err();
    let expected: usize = shape.slivers_needed(Axis::Primary).into();
    assert!(
        matches!(error, Error::NotEnoughSlivers { usable: 2, needed, .. } if needed == expected),
        "{error}"
    );

    let refused = |change: &dyn Fn(&mut SliverRef<'_>)| {
        let mut slivers = good.clone();
        change(&mut slivers[5]);
        // The sliver is surplus, and refused all the same; along the other axis it is ignored.
        let error = decode(&slivers, Some(Axis::Secondary)).unwrap_err();
        assert!(matches!(error, Error::NotEnoughSlivers { .. }), "{error}");
        match decode(&slivers, None).unwrap_err() {
            Error::InvalidSliver {
                reason: SliverProblem::Verdict(verdict),
                ..
            } => verdict,
            error => panic!("{error}"),
        }
    };
    let (size, len) = (shape.symbol_size(), shape.sliver_len(Axis::Primary));
    let verdict = refused(&|sliver| sliver.symbol_size += 2);
    assert_eq!(
        verdict,
        SliverVerdict::WrongSymbolSize {
            found: size + 2,
            expected: size
        }
    );
    let verdict = refused(&|sliver| sliver.symbols = &sliver.symbols[1..]);
    assert_eq!(
        verdict,
        SliverVerdict::WrongLength {
            found: len - 1,
            expected: len
        }
    );
    let verdict = refused(&|sliver| sliver.index = SliverIndex(7));
    assert_eq!(
        verdict,
        SliverVerdict::WrongIndex {
            found: SliverIndex(7),
            n_shards: 7
        }
    );
    assert_eq!(good[5].index.pair(Axis::Primary, 7), SliverPairIndex(5));
}
