//! What short blobs leave out: leaves and trees of zeros.

use super::*;
use crate::engine::{EngineKind, EngineOptions};

/// Encodes in one stripe, up to the leaves.
fn encoded<'a>(engine: &'a dyn Engine, n_shards: u16, blob: &[u8]) -> EncodeStage<'a> {
    let shape = Shape::new(n_shards, blob.len() as u64).unwrap();
    let width = shape.symbol_size();
    let plan = engine.plan_encode(&EncodePlanRequest {
        shape,
        commitment: Commitment::Blake3,
        in_memory: false,
        preferred_width: u32::MAX,
        budget: u64::MAX,
    });
    let mut stage = EncodeStage::start(engine, &plan.unwrap());
    let rows = SourceRows::new(&blob, shape);
    let session = &mut stage.session;
    session
        .stripe(0..width, &rows, None, &Control::new())
        .unwrap();
    stage
}

/// Lengths around every symbol of the first rows, and every row, of a blob of symbols of this
/// size.
fn lengths(n_shards: u16, symbol_size: u64) -> Vec<u64> {
    let (rows, columns) = {
        let shape = Shape::new(n_shards, 0).unwrap();
        (u64::from(shape.rows()), u64::from(shape.columns()))
    };
    let symbols = (0..=columns + 1).chain((1..=rows).map(|row| row * columns));
    let lengths = symbols.flat_map(|symbol| [-1, 0, 1].map(|by| (symbol * symbol_size, by)));
    lengths
        .filter_map(|(length, by)| length.checked_add_signed(by))
        .collect()
}

#[test]
fn what_is_known_to_be_zero_is_zero() {
    let engine = EngineKind::Reference
        .open(&EngineOptions::default())
        .unwrap();
    for n_shards in [4, 5, 7, 10, 13] {
        for length in lengths(n_shards, 2).into_iter().chain(lengths(n_shards, 6)) {
            let blob = vec![0xff; length as usize];
            let stage = encoded(&*engine, n_shards, &blob);
            let shape = stage.shape;
            let symbol = vec![0; shape.symbol_size() as usize];
            let zero = Commitment::Blake3.hash(&[&[0], &symbol]);
            let n = usize::from(n_shards);
            for (i, leaf) in stage.session.leaves().iter().enumerate() {
                let (column, row) = ((i / n) as u16, (i % n) as u16);
                if shape.zero_rows().contains(&row) || shape.zero_columns().contains(&column) {
                    assert_eq!(*leaf, zero, "row {row}, column {column}, {shape:?}");
                }
            }
        }
    }
}

#[test]
fn trees_that_leave_zeros_out_are_the_same() {
    let engines = [EngineKind::Reference, EngineKind::Cpu]
        .map(|kind| kind.open(&EngineOptions::default()).unwrap());
    assert_eq!(
        engines.each_ref().map(|e| e.info().skips_zero_codewords),
        [false, true]
    );
    for n_shards in [4, 7, 10, 31] {
        for length in lengths(n_shards, 2).into_iter().chain(lengths(n_shards, 6)) {
            let blob: Vec<_> = (0..length).map(|i| i as u8 | 1).collect();
            let [reference, cpu] = &engines;
            let expected = encoded(&**reference, n_shards, &blob).finish();
            let found = encoded(&**cpu, n_shards, &blob).finish();
            assert!(found == expected, "{n_shards} shards, {length} bytes");
        }
    }
}
