//! Symbols in steps and stripes, and states that move from one instruction set to another.

use ::blake3::hazmat::HasherExt as _;

use super::*;

/// Cuts a symbol size into random stripes, and the stripes into random steps.
fn cut(random: &mut Random, size: usize) -> Vec<Vec<Range<usize>>> {
    let mut stripes = vec![Vec::new()];
    let mut start = 0;
    let most = 1 + size / random.of(&[128, 300, 1000]);
    while start < size {
        let end = size.min(start + 128 * (1 + random.below(most)));
        stripes.last_mut().unwrap().push(start..end);
        if end < size && random.below(3) == 0 {
            stripes.push(Vec::new());
        }
        start = end;
    }
    stripes
}

/// A stripe of some symbols, and their layout in a tile.
struct Work<'a> {
    symbols: &'a [Vec<u8>],
    places: Places,
    steps: &'a [Range<usize>],
    /// True if the symbols have other stripes.
    is_one_of_several: bool,
    /// Seed of the random bytes in the rest of the tile.
    seed: u64,
}

impl Work<'_> {
    /// Absorbs the stripe and returns the digests, which are poison if another stripe follows.
    fn absorb(&self, hasher: &LeafHasher, kept: &mut LaneStates, states: &mut [u8]) -> Vec<Digest> {
        let Self {
            symbols, places, ..
        } = self;
        let mut random = Random(self.seed);
        let size = symbols[0].len();
        let longest = self.steps.iter().map(Range::len).max().unwrap();
        let mut tile = random.bytes(places.tile_len(longest));
        let mut digests = vec![POISON; symbols.len()];
        let before = |index| places.symbol(index, 0).start - 1;
        for (number, step) in self.steps.iter().enumerate() {
            let waiting: Vec<_> = (0..symbols.len()).map(|i| tile[before(i)]).collect();
            random.fill(&mut tile);
            for (index, symbol) in symbols.iter().enumerate() {
                tile[places.symbol(index, step.len())].copy_from_slice(&symbol[step.clone()]);
                // Before the first step, the byte before a symbol may hold anything.
                if number > 0 {
                    tile[before(index)] = waiting[index];
                }
            }
            let is_last = number + 1 == self.steps.len();
            let mut unchanged = tile.clone();
            let stripe = match self.is_one_of_several {
                true => StripeStates {
                    bytes: &mut *states,
                    len: hasher.state_len(),
                    begins: number == 0 && (step.start > 0 || random.below(2) == 0),
                    ends: is_last && (step.end < size || random.below(2) == 0),
                },
                false => no_stripes(),
            };
            let range = step.start as u32..step.end as u32;
            let digests = match step.end < size {
                true if random.below(2) == 0 => &mut [],
                _ => digests.as_mut_slice(),
            };
            hasher.absorb(
                range,
                places.tile(&mut tile),
                kept,
                stripe,
                digests,
                &mut |_, _| {},
            );
            // Only the byte for the next step is written.
            for index in (0..symbols.len()).filter(|&index| places.is_hashed(index)) {
                unchanged[before(index)] = tile[before(index)];
            }
            assert!(tile == unchanged);
        }
        digests
    }
}

/// Checks all instruction sets on symbols that are cut at random.
fn check(random: &mut Random, kept: &mut LaneStates, size: usize) {
    let isas = Isa::available();
    let count = 1 + random.below(33);
    let start = random.below(count + 1);
    let skip = start..start + random.below(count - start + 1);
    let symbols: Vec<_> = (0..count).map(|_| random.bytes(size)).collect();
    let stripes = cut(random, size);
    for commitment in COMMITMENTS {
        let hashers: Vec<_> = isas
            .iter()
            .map(|&isa| LeafHasher::new(commitment, isa, size as u32))
            .collect();
        let state_len = hashers[0].state_len();
        let mut states = vec![0xa5; symbols.len() * state_len];
        for steps in &stripes {
            let longest = steps.iter().map(Range::len).max().unwrap();
            let work = Work {
                symbols: &symbols,
                places: Places {
                    first: 1 + random.below(70),
                    // A symbol may overlap the block behind the symbol before.
                    pitch: longest + 1 + random.below(200),
                    count,
                    skip: skip.clone(),
                },
                steps,
                is_one_of_several: stripes.len() > 1,
                seed: random.next(),
            };
            // Every set continues from states of a random set, and must save the same states.
            let mut saved = Vec::new();
            for (hasher, isa) in hashers.iter().zip(&isas) {
                let mut after = states.clone();
                let digests = work.absorb(hasher, kept, &mut after);
                for index in 0..count {
                    let expected = match work.places.is_hashed(index) {
                        true if steps.last().unwrap().end == size => {
                            one(commitment, &symbols[index])
                        }
                        _ => POISON,
                    };
                    let name = isa.name();
                    assert_eq!(
                        digests[index], expected,
                        "{commitment}, {name}, {stripes:?}"
                    );
                }
                for state in after[start * state_len..][..skip.len() * state_len].iter() {
                    assert_eq!(*state, 0xa5);
                }
                saved.push(after);
            }
            for (after, isa) in saved.iter().zip(&isas) {
                assert!(*after == saved[0], "{commitment}, {}", isa.name());
            }
            states = saved.swap_remove(random.below(isas.len()));
        }
    }
}

#[test]
fn steps_and_stripes_across_instruction_sets() {
    let mut random = Random(21);
    // Reused with states of other instruction sets and hash functions.
    let mut kept = LaneStates::default();
    for round in 0..400 {
        let limit = match round % 50 {
            0 => MAX_SIZE,
            1..10 => 8000,
            _ => 1500,
        };
        let size = 1 + random.below(limit);
        check(&mut random, &mut kept, size);
    }
}

#[test]
fn steps_that_end_where_blocks_and_chunks_do() {
    let mut random = Random(22);
    let mut kept = LaneStates::default();
    for boundary in [128, 256, 512, 1024, 2048, 3072, 4096, 8192, 16_384] {
        for size in boundary - 2..=boundary + 2 {
            check(&mut random, &mut kept, size);
            check(&mut random, &mut kept, size);
        }
    }
    for size in MAX_SIZE - 2..=MAX_SIZE {
        check(&mut random, &mut kept, size);
    }
}

/// States have the words of the hash function in little-endian order, and then the byte for the
/// next stripe.
#[test]
fn states_are_canonical() {
    let symbol = Random(23).bytes(4000);
    for isa in Isa::available() {
        let hasher = LeafHasher::new(Commitment::Blake3, isa, 4000);
        let mut states = vec![0xa5; hasher.state_len()];
        let mut tile = vec![0xee; 1 + 2048 + 128];
        tile[1..=2048].copy_from_slice(&symbol[..2048]);
        let places = Places {
            first: 1,
            pitch: 0,
            count: 1,
            skip: 0..0,
        };
        let stripe = StripeStates {
            len: states.len(),
            bytes: &mut states,
            begins: false,
            ends: true,
        };
        let mut kept = LaneStates::default();
        let tile = places.tile(&mut tile);
        hasher.absorb(0..2048, tile, &mut kept, stripe, &mut [], &mut |_, _| {});
        // After two chunks, the stack has a subtree of both, and the last byte is not absorbed.
        let message: Vec<_> = [0]
            .into_iter()
            .chain(symbol[..2047].iter().copied())
            .collect();
        let mut chunks = ::blake3::Hasher::new();
        chunks.update(&message);
        assert_eq!(states[32..64], chunks.finalize_non_root(), "{}", isa.name());
        assert_eq!(*states.last().unwrap(), symbol[2047]);
    }
}

#[test]
fn uneven_steps_panic() {
    let mut bytes = vec![0; 1000];
    for commitment in COMMITMENTS {
        for isa in Isa::available() {
            let hasher = LeafHasher::new(commitment, isa, 500);
            for range in [
                0..64,
                0..129,
                64..500,
                127..256,
                128..384 + 64,
                0..0,
                384..501,
            ] {
                for skip in [0..0, 0..1] {
                    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        let places = Places {
                            first: 1,
                            pitch: 501,
                            count: 1,
                            skip,
                        };
                        let mut kept = LaneStates::default();
                        hasher.absorb(
                            range.clone(),
                            places.tile(&mut bytes),
                            &mut kept,
                            no_stripes(),
                            &mut [POISON],
                            &mut |_, _| {},
                        );
                    }));
                    assert!(result.is_err(), "{commitment}, {}, {range:?}", isa.name());
                }
            }
        }
    }
}
