//! Records of a journal: only the job that wrote a record can read it, and only unchanged.

#![no_main]

use libfuzzer_sys::fuzz_target;
use walrus_accel::directory::fuzzing::{JobIdentity, Position};
use walrus_accel::io::PassPosition;
use walrus_accel_fuzz::{Bytes, within_bound};

fuzz_target!(|input: &[u8]| {
    let (job, other_job) = (job("2f"), job("2e"));
    let read = |bytes: &[u8]| within_bound(bytes, |bytes| job.read_checkpoint(bytes));
    let write = |position: &Position, state: &[u8]| {
        let mut bytes = Vec::new();
        job.write_checkpoint(position, state, &mut bytes)
            .expect("to memory");
        bytes
    };
    if let Some((position, state)) = read(input) {
        assert_eq!(write(&position, &state), input);
    }

    // A fuzzer cannot find a record with the right hash, so the input also chooses the contents of
    // one.
    let mut bytes = Bytes(input);
    let count = bytes.below(9);
    let position = match bytes.byte() & 1 {
        0 => Position::Stripes((0..count).map(|_| u32::from(bytes.short()) * 128).collect()),
        _ => Position::Passes(PassPosition {
            rows: bytes.short(),
            columns: bytes.short(),
        }),
    };
    let (at, mask) = (bytes.short(), bytes.byte());
    let cut = bytes.short();
    let state = bytes.0;
    let record = write(&position, state);
    assert_eq!(read(&record), Some((position, state.to_vec())));
    let mut damaged = record.clone();
    damaged[usize::from(at) % record.len()] ^= mask;
    assert_eq!(read(&damaged).is_some(), mask == 0);
    assert_eq!(read(&record[..usize::from(cut) % record.len()]), None);
    assert_eq!(other_job.read_checkpoint(&record), None);
});

fn job(source: &str) -> JobIdentity {
    JobIdentity {
        version: 1,
        source: source.into(),
        source_stamp: "now".into(),
        length: 1000,
        shards: 10,
        pairs: "0-9".into(),
        commitment: "blake2b".into(),
    }
}
