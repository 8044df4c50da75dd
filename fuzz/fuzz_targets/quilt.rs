//! Quilts: a quilt that passes every check is the one that its patches make.

#![no_main]

use libfuzzer_sys::fuzz_target;
use walrus_accel::io::Source;
use walrus_accel::quilt::{Quilt, QuiltEntry, QuiltReader};
use walrus_accel::{Control, Shape};
use walrus_accel_fuzz::{Bytes, within_bound};

fuzz_target!(|input: &[u8]| {
    let mut bytes = Bytes(input);
    let n_shards = 4 + bytes.below(13) as u16;
    let blob = by_columns(n_shards, bytes.0);
    let control = Control::new();
    let reader = QuiltReader::of_blob(n_shards, &blob).expect("the length is a quilt's");
    let Ok(patches) = within_bound(&blob, |_| reader.patches(&control)) else {
        return;
    };
    let mut entries = Vec::new();
    for patch in patches {
        let mut content = Vec::new();
        let id = patch.id(&walrus_accel::BlobId([0; 32]));
        if reader.read(patch, &mut content, &control).is_ok() {
            assert_eq!(
                &reader.patch_by_id(&id, &control).expect("it was read"),
                patch
            );
        }
        let entry = QuiltEntry::new(&patch.identifier, content);
        entries.push(entry.with_tags(patch.tags.clone()));
    }
    if reader.check(&control).is_err() {
        return;
    }
    // The symbols may be larger than the patches need. Four shards with symbols of two bytes have
    // columns of four bytes, which are read and never written.
    let again = Quilt::new(n_shards, entries).expect("a quilt was read");
    assert!(again.len() <= blob.len() as u64 || (n_shards, blob.len()) == (4, 12));
    if again.len() == blob.len() as u64 {
        assert_eq!(again.patches(), patches);
    }
});

/// Returns a blob with the given bytes column by column, so that they begin with the index.
fn by_columns(n_shards: u16, bytes: &[u8]) -> Vec<u8> {
    let shape = Shape::new(n_shards, bytes.len() as u64).expect("a short blob");
    let size = shape.symbol_size() as usize;
    let (rows, columns) = (usize::from(shape.rows()), usize::from(shape.columns()));
    let mut blob = vec![0; rows * columns * size];
    for (number, symbol) in bytes.chunks(size).enumerate() {
        let (column, row) = (number / rows, number % rows);
        blob[(row * columns + column) * size..][..symbol.len()].copy_from_slice(symbol);
    }
    blob
}
