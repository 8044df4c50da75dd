//! Headers of patches: the patch in a column is read by its ID, without an index.

#![no_main]

use libfuzzer_sys::fuzz_target;
use walrus_accel::Control;
use walrus_accel::quilt::{Quilt, QuiltEntry, QuiltPatchId, QuiltReader};
use walrus_accel_fuzz::within_bound;

/// Shards of a quilt with two rows and three columns.
const N_SHARDS: u16 = 4;

fuzz_target!(|input: &[u8]| {
    // A column has two symbols; the patch begins in column 1.
    let size = input.len().div_ceil(2).next_multiple_of(2).max(2);
    let mut blob = vec![0; 6 * size];
    for (row, symbol) in input.chunks(size).enumerate() {
        blob[(row * 3 + 1) * size..][..symbol.len()].copy_from_slice(symbol);
    }
    let control = Control::new();
    let reader = QuiltReader::of_blob(N_SHARDS, &blob).expect("the length is a quilt's");
    let id = QuiltPatchId::new(walrus_accel::BlobId([0; 32]), 1..2);
    let Ok(patch) = within_bound(&blob, |_| reader.patch_by_id(&id, &control)) else {
        return;
    };
    let mut content = Vec::new();
    if reader.read(&patch, &mut content, &control).is_ok() {
        let entry = QuiltEntry::new(&patch.identifier, content).with_tags(patch.tags);
        Quilt::new(N_SHARDS, vec![entry]).expect("a patch was read");
    }
});
