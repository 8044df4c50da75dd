//! Decoding and reading from untrusted slivers: the result is the blob or an error, and the blob if
//! enough slivers are good.

#![no_main]

use std::collections::{BTreeMap, BTreeSet};

use libfuzzer_sys::fuzz_target;
use walrus_accel::decode::{Added, DecodeRequest, UncheckedRequest};
use walrus_accel::wire::Sliver;
use walrus_accel::{Axis, Check, Control, Error, Shape, SliverIndex};
use walrus_accel_fuzz::{Bytes, Sample, cpu};

fuzz_target!(|input: &[u8]| {
    let mut bytes = Bytes(input);
    let sample = Sample::chosen(&mut bytes);
    let axis = bytes.one_of(&[None, Some(Axis::Primary), Some(Axis::Secondary)]);
    let (start, len) = (bytes.short(), bytes.short());
    let mut slivers = Vec::new();
    while !bytes.is_empty() && slivers.len() < 48 {
        slivers.push(hostile(&sample, &mut bytes));
    }
    for check in [Check::Default, Check::Strict] {
        decode(&sample, axis, check, &slivers);
    }
    let shape = sample.metadata.shape();
    decode_unchecked(shape, axis, &slivers);
    // A shape of other slivers, however large: nothing is reserved for its blob.
    let length = u64::from(start) << (len % 24);
    if let Ok(shape) = Shape::new(shape.n_shards(), length) {
        decode_unchecked(shape, axis, &slivers);
    }
    read(&sample, slivers, start.into(), len.into());
});

/// Returns a sliver that may be good, damaged, invented, or another sliver.
fn hostile(sample: &Sample, bytes: &mut Bytes<'_>) -> Sliver {
    let axis = bytes.one_of(&Axis::BOTH);
    let index = SliverIndex(bytes.below(sample.n_shards().into()) as u16);
    let mut sliver = sample.sliver(axis, index);
    let data = &mut sliver.data;
    match bytes.below(16) {
        0 => {
            let at = bytes.below(data.symbols.len());
            data.symbols[at] ^= bytes.byte();
        }
        1 => data.symbols.truncate(bytes.below(data.symbols.len())),
        2 => data.symbols.extend(vec![0; bytes.below(300)]),
        3 => data.index = SliverIndex(bytes.short()),
        4 => data.index = SliverIndex(bytes.below(sample.n_shards().into()) as u16),
        5 => data.symbol_size = bytes.short(),
        6 => sliver.axis = axis.other(),
        7 => {
            let made_up = bytes.take(data.symbols.len());
            data.symbols[..made_up.len()].copy_from_slice(made_up);
        }
        8 => data.symbols.fill(bytes.byte()),
        _ => {}
    }
    sliver
}

fn decode(sample: &Sample, axis: Option<Axis>, check: Check, slivers: &[Sliver]) {
    let mut blob = Vec::new();
    let decoded = cpu().decoder.decode(
        &DecodeRequest {
            axis,
            check,
            ..DecodeRequest::new(&sample.metadata, &slivers)
        },
        &mut blob,
        &Control::new(),
    );
    match decoded {
        // Damaged slivers may be among the used ones: for a short blob, not all bytes of a sliver
        // matter.
        Ok(_) => assert!(blob == sample.blob, "another blob"),
        Err(Error::NotEnoughSlivers { .. }) => {
            let axes = axis.map_or(Axis::BOTH.to_vec(), |axis| vec![axis]);
            for axis in axes {
                let needed = usize::from(sample.metadata.shape().slivers_needed(axis));
                assert!(first_good(sample, axis, slivers) < needed, "{axis}");
            }
        }
        Err(error) => panic!("{error}"),
    }
}

/// Decodes without metadata: to a blob of the right length, whatever its bytes, or to an error.
fn decode_unchecked(shape: Shape, axis: Option<Axis>, slivers: &[Sliver]) {
    let mut blob = Vec::new();
    let request = UncheckedRequest {
        axis,
        ..UncheckedRequest::new(shape, &slivers)
    };
    let decoder = &cpu().decoder;
    match decoder.decode_unchecked(&request, &mut blob, &Control::new()) {
        Ok(_) => assert_eq!(blob.len() as u64, shape.unencoded_length()),
        Err(Error::NotEnoughSlivers { .. } | Error::InvalidSliver { .. }) => {}
        Err(error) => panic!("{error}"),
    }
}

/// Returns the number of indices whose first sliver of the right size is good.
fn first_good(sample: &Sample, axis: Axis, slivers: &[Sliver]) -> usize {
    let shape = sample.metadata.shape();
    let mut first = BTreeMap::new();
    for sliver in slivers.iter().filter(|sliver| sliver.axis == axis) {
        let data = &sliver.data;
        if u32::from(data.symbol_size) == shape.symbol_size()
            && data.symbols.len() as u64 == shape.sliver_len(axis)
            && data.index.0 < shape.n_shards()
        {
            let is_good = || sample.is_good(axis, data);
            first.entry(data.index).or_insert_with(is_good);
        }
    }
    first.values().filter(|&&is_good| is_good).count()
}

fn read(sample: &Sample, slivers: Vec<Sliver>, start: usize, len: usize) {
    let control = Control::new();
    let shape = sample.metadata.shape();
    let reader = cpu().decoder.reader(sample.metadata.clone());
    let mut good = [BTreeSet::new(), BTreeSet::new()];
    let is_good: Vec<_> = slivers
        .iter()
        .map(|sliver| sample.is_good(sliver.axis, &sliver.data))
        .collect();
    for (sliver, is_good) in slivers.iter().zip(&is_good) {
        if *is_good {
            good[sliver.axis as usize].insert(sliver.data.index);
        }
    }
    let added = reader.add_all(slivers, &control).expect("small slivers");
    for (added, is_good) in added.iter().zip(is_good) {
        match added {
            Added::Kept => assert!(is_good),
            Added::Damaged(_) => assert!(!is_good),
            Added::Surplus => {}
        }
    }
    let enough = |axis: Axis| good[axis as usize].len() >= shape.slivers_needed(axis).into();
    assert_eq!(reader.ready().is_some(), Axis::BOTH.into_iter().any(enough));
    for check in [Check::Skip, Check::Default, Check::Strict] {
        let mut blob = Vec::new();
        match reader.read(check, &mut blob, &control) {
            Ok(_) => assert!(blob == sample.blob, "another blob"),
            Err(Error::NotEnoughSlivers { .. }) => assert_eq!(reader.ready(), None),
            Err(error) => panic!("{error}"),
        }
    }

    let mut part = vec![0; len % (sample.blob.len() + 2)];
    let offset = start % (sample.blob.len() + 2);
    let expected = sample.blob.get(offset..offset + part.len());
    match reader.read_range(offset as u64, &mut part, &control) {
        Ok(()) => assert!(Some(&part[..]) == expected, "another range"),
        Err(Error::RangeOutside { .. }) => assert_eq!(expected, None),
        Err(Error::NotEnoughSlivers { .. }) => assert_eq!(reader.ready(), None),
        Err(error) => panic!("{error}"),
    }
}
