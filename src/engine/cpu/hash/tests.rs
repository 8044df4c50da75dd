//! Every instruction set against hashes one at a time.

#![allow(unsafe_code)]

mod guards;
mod nodes;
mod stripes;

use super::*;
use crate::engine::testing::kernel_inputs::Random;

const COMMITMENTS: [Commitment; 2] = [Commitment::Blake2b256, Commitment::Blake3];

/// The longest symbol of a blob, and one byte more: the longest that is hashed.
const MAX_SIZE: usize = 65_535;

/// How symbols lie in a tile.
#[derive(Clone, Debug)]
struct Places {
    first: usize,
    stride: usize,
    count: usize,
    skip: Range<usize>,
}

impl Places {
    /// The shortest tile that is accepted for steps of `len` bytes.
    fn tile_len(&self, len: usize) -> usize {
        let room = len.next_multiple_of(128).max(len + 32);
        self.first + self.count.saturating_sub(1) * self.stride + room
    }

    fn tile<'a>(&self, bytes: &'a mut [u8]) -> Tile<'a> {
        Tile {
            bytes,
            first: self.first,
            stride: self.stride,
            count: self.count,
            skip: self.skip.clone(),
        }
    }

    /// The bytes of a symbol in a tile.
    fn symbol(&self, index: usize, len: usize) -> Range<usize> {
        let start = self.first + index * self.stride;
        start..start + len
    }

    fn is_hashed(&self, index: usize) -> bool {
        !self.skip.contains(&index)
    }

    /// The digests of whole symbols, one at a time; of those that are skipped, what was there.
    fn expected(&self, commitment: Commitment, tile: &[u8], size: usize) -> Vec<Digest> {
        let digest = |index| match self.is_hashed(index) {
            true => one(commitment, &tile[self.symbol(index, size)]),
            false => POISON,
        };
        (0..self.count).map(digest).collect()
    }
}

/// Digests before they are written.
const POISON: Digest = [0xa5; 32];

/// A leaf hash, by one crate or by two.
fn one(commitment: Commitment, symbol: &[u8]) -> Digest {
    let digest = commitment.hash(&[&[0], symbol]);
    if commitment == Commitment::Blake2b256 {
        let mut hasher = blake2b_simd::Params::new().hash_length(32).to_state();
        hasher.update(&[0]).update(symbol);
        assert_eq!(hasher.finalize().as_bytes(), digest);
    }
    digest
}

/// Hashes whole symbols. What is around them in the tile is no part of them.
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

/// What symbols have that are one stripe.
fn no_stripes() -> StripeStates<'static> {
    StripeStates {
        bytes: &mut [],
        len: 0,
        begins: false,
        ends: false,
    }
}

/// Every instruction set on the whole symbols in a tile, of which it must change nothing.
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

/// Distances of symbols: far apart, one after another, and overlapping.
fn strides(size: usize) -> [usize; 8] {
    let room = size.next_multiple_of(64);
    [room + 64, room + 65, size + 1, size, size / 2, 97, 1, 0]
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
            stride: random.of(&strides(size)),
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
                stride: random.of(&strides(size)),
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
                    stride: random.of(&strides(size)),
                    count,
                    skip: start..end,
                };
                let mut tile = random.bytes(places.tile_len(size));
                check_leaves(&places, &mut tile, size);
            }
        }
    }
}

/// Short symbols of several lines one after another, in tiles as the engine makes them.
#[test]
fn packed_lines() {
    let mut random = Random(4);
    for size in (2..64).step_by(2) {
        let mut tile = random.bytes(64 + 192 * 20);
        for line in 0..64 / size {
            let places = Places {
                first: 64 + line * size,
                stride: 192,
                count: 20,
                skip: 7..9,
            };
            if places.tile_len(size) <= tile.len() {
                check_leaves(&places, &mut tile, size);
            }
        }
    }
}

/// Every length with every count, of which the other tests try a part.
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
                stride: size + random.below(70),
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
