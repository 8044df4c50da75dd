//! Arithmetic of the benchmarks: counted work, bounds, medians and names of machines.

#[path = "../benches/perf/bound.rs"]
mod bound;
#[allow(dead_code)]
#[path = "../benches/common/machine.rs"]
mod machine;
#[allow(dead_code)]
#[path = "../benches/common/timing.rs"]
mod timing;

use std::ops::Range;
use std::time::Duration;

use bound::{Rates, Work, nodes};
use walrus_accel::Shape;

/// Returns for each of `n` leaves true unless the leaf is in `zeros`.
fn live(n: u64, zeros: &Range<u64>) -> Vec<bool> {
    (0..n).map(|leaf| !zeros.contains(&leaf)).collect()
}

/// Returns the number of live nodes above leaves, counted one by one. The empty node that pads a
/// level counts as live: it differs from the hash of zero symbols.
fn counted(n: u64, zeros: &Range<u64>) -> u64 {
    let mut level = live(n, zeros);
    let mut hashed = 0;
    while level.len() > 1 {
        if !level.len().is_multiple_of(2) {
            level.push(true);
        }
        level = level.chunks(2).map(|pair| pair[0] || pair[1]).collect();
        hashed += level.iter().filter(|node| **node).count();
    }
    hashed as u64
}

#[test]
fn nodes_are_those_that_can_be_counted() {
    for n in 1..40 {
        for start in 0..=n {
            for end in start..=n {
                let zeros = start..end;
                assert_eq!(
                    nodes(n, zeros.clone()),
                    counted(n, &zeros),
                    "{n} leaves, {zeros:?}"
                );
            }
        }
    }
    assert_eq!(nodes(1000, 0..0), 1001);
}

#[test]
fn work_is_what_can_be_counted() {
    for n_shards in [4, 7, 10, 31] {
        for length in (1..1000).chain([9_999, 10_000]) {
            let shape = Shape::new(n_shards, length).unwrap();
            let size = u64::from(shape.symbol_size());
            let n = u64::from(n_shards);
            let (rows, columns) = (u64::from(shape.rows()), u64::from(shape.columns()));
            let filled = |row: u64, column: u64| (row * columns + column) * size < length;
            let live_rows: Vec<_> = (0..rows).map(|row| filled(row, 0)).collect();
            let live_columns: Vec<_> = (0..columns).map(|column| filled(0, column)).collect();
            let count = |live: &[bool]| live.iter().filter(|live| **live).count() as u64;
            let [some_rows, some_columns] = [&live_rows, &live_columns].map(|live| count(live));
            let leaves = (some_rows + n - rows) * (some_columns + n - columns);
            let work = Work::blob_id(&shape);
            assert_eq!(
                work.leaf_compressions,
                leaves * (size + 1).div_ceil(128),
                "{shape:?}"
            );
            let trees = (some_rows + n - rows) * counted(n, &(some_columns..columns))
                + (some_columns + n - columns) * counted(n, &(some_rows..rows));
            let metadata = n + counted(n, &(0..0)) + 1;
            assert_eq!(work.node_compressions, trees + metadata, "{shape:?}");
            assert_eq!(work.row_bytes, some_rows * some_columns * size);
            assert_eq!(
                work.column_bytes,
                (some_columns + n - columns) * some_rows * size
            );
        }
    }
}

#[test]
fn the_network_s_sizes() {
    let full = Shape::new(1000, 1 << 30).unwrap();
    let work = Work::blob_id(&full);
    assert_eq!(work.leaf_compressions, 1_000_000 * 38);
    assert_eq!(work.node_compressions, 2_000 * 1_001 + 2_002);
    assert_eq!(work.row_bytes, full.matrix_len());
    assert_eq!(work.column_bytes, 1000 * 334 * 4820);
    assert_eq!(work.stored_bytes, 0);
    assert_eq!(
        Work::encode(&full),
        Work {
            stored_bytes: 1000 * (667 + 334) * 4820,
            ..work
        }
    );
    // There are no more distinct symbols of two bytes.
    let short = Work::blob_id(&Shape::new(1000, 1).unwrap());
    assert_eq!(short.leaf_compressions, 65_536);
    assert_eq!((short.row_bytes, short.column_bytes), (2, 2 * 334));
}

#[test]
fn a_bound_is_work_over_rates() {
    let rates = Rates {
        cores: 2.0,
        leaves: 10.0,
        nodes: 20.0,
        rows: 5.0,
        columns: 4.0,
        stores: 8.0,
    };
    let work = Work {
        leaf_compressions: 100,
        node_compressions: 40,
        row_bytes: 30,
        column_bytes: 40,
        stored_bytes: 16,
    };
    assert_eq!(rates.computing(&work), (10.0 + 2.0 + 6.0 + 10.0) / 2.0);
    assert_eq!(rates.storing(&work), 2.0);
    let shape = Shape::new(1000, 1).unwrap();
    let code = rates.code_ns(&shape);
    assert!(
        (code - (2e8 + 2.5e8 * 1000.0 / 667.0)).abs() < 1.0,
        "{code}"
    );
}

#[test]
fn machines_have_short_names() {
    for (processor, slug) in [
        ("Intel(R) Xeon(R) Processor", "xeon"),
        ("Intel(R) Xeon(R) CPU @ 2.60GHz", "xeon"),
        ("Intel(R) Core(TM) i7-1165G7 @ 2.80GHz", "core-i7-1165g7"),
        ("AMD EPYC 7763 64-Core Processor", "epyc-7763"),
        ("aarch64", "aarch64"),
        ("../..", "unknown"),
        ("Processor", "unknown"),
    ] {
        assert_eq!(machine::slug(processor), slug, "{processor}");
    }
    let info = "processor\t: 0\nmodel\t\t: 167\nmodel name\t: A: B\n\nprocessor\t: 1\n";
    assert_eq!(machine::model_name(info).as_deref(), Some("A: B"));
    assert_eq!(machine::model_name("processor\t: 0\n"), None);
}

#[test]
fn long_jobs_run_only_as_often_as_they_may() {
    let mut calls = 0;
    let mut run = || {
        calls += 1;
        Duration::from_secs(calls)
    };
    let mut runs = timing::Runs::new(Some(3));
    assert!(runs.median().is_none());
    // The first run fills the caches and is not counted.
    let taken: Vec<_> = (0..7).map(|_| runs.take(1, &mut run).as_secs()).collect();
    assert_eq!(taken[..3], [2, 3, 4]);
    assert!(taken[3..].iter().all(|time| (2..=4).contains(time)));
    assert_eq!((runs.count(), runs.median(), calls), (3, Some(3.0), 4));
    assert_eq!(timing::median(&mut [4.0, 1.0, 3.0, 2.0]), 2.5);
}
