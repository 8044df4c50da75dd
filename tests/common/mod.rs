//! Shared parts of the integration tests: the vectors and their blobs.

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod sample;
pub mod tripwire;

use serde_json::Value;
use sha2::{Digest, Sha256};
use walrus_accel::io::SliverBuffer;
use walrus_accel::{Axis, SliverPairIndex};

/// Returns the blob of a vector: the high bytes of a linear congruential generator's states.
pub fn blob(seed: u64, len: usize) -> Vec<u8> {
    let mut random = Random(seed);
    (0..len).map(|_| random.byte()).collect()
}

/// Generator of the vectors' blobs, for random choices of tests.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0
    }

    pub fn byte(&mut self) -> u8 {
        (self.next() >> 56) as u8
    }

    /// Returns a number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        ((self.next() >> 33) % limit as u64) as usize
    }

    /// Returns `count` different numbers below `limit`, in random order.
    pub fn choose(&mut self, count: usize, limit: usize) -> Vec<usize> {
        let mut all: Vec<_> = (0..limit).collect();
        for i in 0..count {
            let other = i + self.below(limit - i);
            all.swap(i, other);
        }
        all.truncate(count);
        all
    }
}

/// Returns the cases of a vector file.
pub fn vectors(name: &str) -> Vec<Value> {
    let path = format!("{}/tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Returns the SHA-256 of all slivers of an axis as BCS, in pair order, in hex.
pub fn slivers_sha256(buffer: &SliverBuffer, axis: Axis, n_shards: u16) -> String {
    let mut hash = Sha256::new();
    for pair in 0..n_shards {
        hash.update(buffer.sliver_data(axis, SliverPairIndex(pair)).unwrap());
    }
    hex(&hash.finalize())
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
