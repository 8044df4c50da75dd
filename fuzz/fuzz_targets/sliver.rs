//! Slivers: a value has one encoding, and it is good for a blob only if all bytes are right.

#![no_main]

use libfuzzer_sys::fuzz_target;
use walrus_accel::verify::BlobSliver;
use walrus_accel::wire::{Sliver, SliverData};
use walrus_accel::{Axis, Control};
use walrus_accel_fuzz::{cpu, fixed, round_trips, within_bound};

fuzz_target!(|input: &[u8]| {
    round_trips::<Sliver>(input);
    let data = round_trips::<SliverData>(input);
    let mut batch = Vec::new();
    let mut good = Vec::new();
    for sample in fixed() {
        for axis in Axis::BOTH {
            let sliver = within_bound(input, |input| {
                BlobSliver::from_bcs(&sample.metadata, axis, input).ok()
            });
            assert_eq!(sliver.is_some(), data.is_some());
            if let (Some(sliver), Some(data)) = (sliver, &data) {
                batch.push(sliver);
                good.push(sample.sliver_data(axis, data.index) == Some(input));
            }
        }
    }
    let verdicts = cpu().decoder.verify_batch(&batch, &Control::new());
    let verdicts = verdicts.expect("small slivers");
    let verdicts: Vec<_> = verdicts.iter().map(|verdict| verdict.is_good()).collect();
    assert_eq!(verdicts, good);
});
