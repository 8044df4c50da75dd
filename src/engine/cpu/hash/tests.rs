//! Every instruction set against hashes of one message at a time.

#![allow(unsafe_code)]

mod guards;
mod nodes;
mod stripes;

use super::*;
use crate::engine::testing::kernel_inputs::Random;

const COMMITMENTS: [Commitment; 2] = [Commitment::Blake2b256, Commitment::Blake3];

/// Bytes of the longest symbol that is hashed: one byte more than the longest symbol of a blob.
const MAX_SIZE: usize = 65_535;

/// Layout of symbols in a tile.
#[derive(Clone, Debug)]
struct Places {
    first: usize,
    pitch: usize,
    count: usize,
    skip: Range<usize>,
}

impl Places {
    /// Returns the length of the shortest tile that is accepted for steps of `len` bytes.
    fn tile_len(&self, len: usize) -> usize {
        let capacity = len.next_multiple_of(128).max(len + 32);
        self.first + self.count.saturating_sub(1) * self.pitch + capacity
    }

    fn tile<'a>(&self, bytes: &'a mut [u8]) -> Tile<'a> {
        Tile {
            bytes,
            first: self.first,
            pitch: self.pitch,
            count: self.count,
            skip: self.skip.clone(),
        }
    }

    /// Returns the range of a symbol in a tile.
    fn symbol(&self, index: usize, len: usize) -> Range<usize> {
        let start = self.first + index * self.pitch;
        start..start + len
    }

    fn is_hashed(&self, index: usize) -> bool {
        !self.skip.contains(&index)
    }

    /// Returns the digests of whole symbols, hashed one at a time. Skipped symbols have poison.
    fn expected(&self, commitment: Commitment, tile: &[u8], size: usize) -> Vec<Digest> {
        let digest = |index| match self.is_hashed(index) {
            true => one(commitment, &tile[self.symbol(index, size)]),
            false => POISON,
        };
        (0..self.count).map(digest).collect()
    }
}

/// Content of digests before they are written.
const POISON: Digest = [0xa5; 32];

/// Returns a leaf hash, computed by one crate or by two crates.
fn one(commitment: Commitment, symbol: &[u8]) -> Digest {
    let digest = commitment.hash(&[&[0], symbol]);
    if commitment == Commitment::Blake2b256 {
        let mut hasher = blake2b_simd::Params::new().hash_length(32).to_state();
        hasher.update(&[0]).update(symbol);
        assert_eq!(hasher.finalize().as_bytes(), digest);
    }
    digest
}

/// Hashes whole symbols in a tile.
fn leaves(
    commitment: Commitment,
    isa: Isa,
    places: &Places,
    tile: &mut [u8],
    size: usize,
) -> Vec<Digest> {
    let hasher = LeafHasher::new(commitment, isa, size as u32);
    let mut digests = vec![POISON; places.count];
    let mut groups = 0;
    let mut each = |group, _: &mut [u8]| {
        assert_eq!(group, groups);
        groups += 1;
    };
    hasher.absorb(
        0..size as u32,
        places.tile(tile),
        &mut LaneStates::default(),
        no_stripes(),
        &mut digests,
        &mut each,
    );
    let live = places.count - places.skip.len();
    assert_eq!(groups, live.div_ceil(hasher.group()));
    digests
}

/// Returns no states, for symbols that are one stripe.
fn no_stripes() -> StripeStates<'static> {
    StripeStates {
        bytes: &mut [],
        len: 0,
        begins: false,
        ends: false,
    }
}

/// Checks every instruction set on the whole symbols in a tile, and that the tile does not change.
fn check_leaves(places: &Places, tile: &mut [u8], size: usize) {
    let before = tile.to_vec();
    for commitment in COMMITMENTS {
        let expected = places.expected(commitment, tile, size);
        for isa in Isa::available() {
            let digests = leaves(commitment, isa, places, tile, size);
            let name = isa.name();
            assert_eq!(
                digests, expected,
                "{commitment}, {name}, {size}, {places:?}"
            );
            assert!(tile == before, "{commitment}, {name}, {size}, {places:?}");
        }
    }
}

/// Returns pitches: symbols far apart, one after another, and overlapping.
fn pitches(size: usize) -> [usize; 8] {
    let capacity = size.next_multiple_of(64);
    [
        capacity + 64,
        capacity + 65,
        size + 1,
        size,
        size / 2,
        97,
        1,
        0,
    ]
}

#[test]
fn every_length() {
    let mut random = Random(1);
    let data = random.bytes(1 << 20);
    let long = [8192, 10_000, 16_383, 32_768, 65_472, MAX_SIZE - 1, MAX_SIZE];
    for size in (1..=4096).chain(long) {
        let count = match size {
            ..=4096 => 1 + size % 33,
            _ => 9,
        };
        let places = Places {
            first: 1 + random.below(130),
            pitch: random.of(&pitches(size)),
            count,
            skip: 0..0,
        };
        let len = places.tile_len(size);
        let mut tile = data[random.below(data.len() - len)..][..len].to_vec();
        check_leaves(&places, &mut tile, size);
    }
}

#[test]
fn every_count() {
    let mut random = Random(2);
    for size in [1, 2, 31, 32, 63, 64, 126, 127, 128, 450, 1023, 1024, 3001] {
        for count in 0..=33 {
            let places = Places {
                first: 1 + random.below(70),
                pitch: random.of(&pitches(size)),
                count,
                skip: 0..0,
            };
            let mut tile = random.bytes(places.tile_len(size));
            check_leaves(&places, &mut tile, size);
        }
    }
}

#[test]
fn every_range_of_skipped_symbols() {
    let mut random = Random(3);
    for count in [1, 2, 3, 8, 17, 33] {
        for start in 0..=count {
            for end in start..=count {
                let size = 1 + random.below(300);
                let places = Places {
                    first: 1 + random.below(70),
                    pitch: random.of(&pitches(size)),
                    count,
                    skip: start..end,
                };
                let mut tile = random.bytes(places.tile_len(size));
                check_leaves(&places, &mut tile, size);
            }
        }
    }
}

/// Short symbols of several codewords one after another, in tiles as the engine lays them out.
#[test]
fn packed_codewords() {
    let mut random = Random(4);
    for size in (2..64).step_by(2) {
        let mut tile = random.bytes(64 + 192 * 20);
        for codeword in 0..64 / size {
            let places = Places {
                first: 64 + codeword * size,
                pitch: 192,
                count: 20,
                skip: 7..9,
            };
            if places.tile_len(size) <= tile.len() {
                check_leaves(&places, &mut tile, size);
            }
        }
    }
}

/// Every length with every count. Other tests cover a part of them.
#[test]
#[ignore = "minutes: make exhaustive"]
fn exhaustive_lengths_and_counts() {
    let mut random = Random(5);
    let data = random.bytes(1 << 20);
    let mut hashed = 0_u64;
    for size in 1..=4096 {
        for count in 1..=33 {
            let places = Places {
                first: 1 + random.below(130),
                pitch: size + random.below(70),
                count,
                skip: 0..0,
            };
            let len = places.tile_len(size);
            let mut tile = data[random.below(data.len() - len)..][..len].to_vec();
            check_leaves(&places, &mut tile, size);
            hashed += count as u64;
        }
    }
    let sets = Isa::available().len();
    println!("{hashed} symbols with 2 hash functions, each by {sets} instruction sets");
}

#[test]
fn a_hasher_crosses_threads() {
    fn check<T: Copy + Send + Sync>() {}
    check::<LeafHasher>();
}
