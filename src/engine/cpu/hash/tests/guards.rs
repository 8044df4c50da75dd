//! Guarded memory around tiles and states, and tiles that are too short.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;

/// Absorbs the first half of symbols of `2 * len` bytes.
fn first_step(
    commitment: Commitment,
    isa: Isa,
    places: &Places,
    tile: &mut [u8],
    len: usize,
    states: Option<&mut [u8]>,
) {
    let hasher = LeafHasher::new(commitment, isa, 2 * len as u32);
    let stripe = StripeStates {
        begins: false,
        ends: states.is_some(),
        bytes: states.unwrap_or_default(),
        len: hasher.state_len(),
    };
    let mut kept = LaneStates::default();
    let range = 0..len as u32;
    hasher.absorb(
        range,
        places.tile(tile),
        &mut kept,
        stripe,
        &mut [],
        &mut |_, _| {},
    );
}

#[cfg(unix)]
mod memory {
    use super::*;
    use crate::engine::testing::kernel_inputs::Guarded;

    /// Checks the shortest tiles, at the end and at the start of the memory.
    fn at_both_ends(
        memory: &mut Guarded,
        random: &mut Random,
        count: usize,
        pitch: usize,
        len: usize,
        mut check: impl FnMut(&Places, &mut [u8]),
    ) {
        let places = Places {
            first: 1,
            pitch,
            count,
            skip: 0..0,
        };
        let tile_len = places.tile_len(len);
        for at_end in [false, true] {
            let tile = match at_end {
                true => memory.at_end(tile_len),
                false => memory.at_start(tile_len),
            };
            random.fill(tile);
            check(&places, tile);
        }
    }

    #[test]
    fn nothing_is_touched_around_whole_symbols() {
        let mut random = Random(31);
        let mut memory = Guarded::new(1 << 20);
        let long = [
            1022,
            1023,
            1024,
            1025,
            2047,
            2048,
            4096,
            MAX_SIZE - 1,
            MAX_SIZE,
        ];
        for size in (1..=520).chain(long) {
            // One lane alone, and more symbols than lanes.
            for (count, pitch) in [(1, 0), (17, 0), (17, size % 67)] {
                let memory = &mut memory;
                at_both_ends(memory, &mut random, count, pitch, size, |places, tile| {
                    check_leaves(places, tile, size);
                });
            }
        }
    }

    #[test]
    fn nothing_is_touched_around_steps_and_states() {
        let mut random = Random(32);
        let (mut memory, mut states) = (Guarded::new(1 << 16), Guarded::new(1 << 16));
        for len in (128..=2304).step_by(128) {
            for count in [1, 17] {
                let memory = &mut memory;
                at_both_ends(memory, &mut random, count, len + 1, len, |places, tile| {
                    for commitment in COMMITMENTS {
                        for isa in Isa::available() {
                            first_step(commitment, isa, places, tile, len, None);
                            let hasher = LeafHasher::new(commitment, isa, 2 * len as u32);
                            let states_len = count * hasher.state_len();
                            for at_end in [false, true] {
                                let states = match at_end {
                                    true => states.at_end(states_len),
                                    false => states.at_start(states_len),
                                };
                                first_step(commitment, isa, places, tile, len, Some(states));
                                second_step(hasher, places, tile, len, states);
                            }
                        }
                    }
                });
            }
        }
    }

    /// Absorbs the second half of the symbols, from their states.
    fn second_step(
        hasher: LeafHasher,
        places: &Places,
        tile: &mut [u8],
        len: usize,
        states: &mut [u8],
    ) {
        let stripe = StripeStates {
            begins: true,
            ends: false,
            bytes: states,
            len: hasher.state_len(),
        };
        let mut digests = vec![POISON; places.count];
        let symbol = |i: usize, tile: &[u8]| tile[places.symbol(i, len)].repeat(2);
        let commitment = hasher.commitment;
        let expected: Vec<_> = (0..places.count)
            .map(|i| one(commitment, &symbol(i, tile)))
            .collect();
        let mut kept = LaneStates::default();
        let range = len as u32..2 * len as u32;
        let tile = places.tile(tile);
        hasher.absorb(range, tile, &mut kept, stripe, &mut digests, &mut |_, _| {});
        assert_eq!(digests, expected);
    }
}

/// Returns true if the work panics.
fn panics(work: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(work)).is_err()
}

#[test]
fn short_tiles_are_refused() {
    let mut random = Random(33);
    for commitment in COMMITMENTS {
        for isa in Isa::available() {
            for size in [1, 31, 32, 95, 96, 97, 127, 128, 129, 200, 1024, 5000] {
                for count in [1, 2, 16, 33] {
                    let places = Places {
                        first: 1 + random.below(9),
                        pitch: random.below(200),
                        count,
                        skip: 0..0,
                    };
                    let enough = places.tile_len(size);
                    let mut bytes = vec![0; enough];
                    leaves(commitment, isa, &places, &mut bytes, size);
                    for short in [enough - 1, enough / 2, 1, 0] {
                        let tile = &mut bytes[..short];
                        assert!(panics(|| drop(leaves(
                            commitment, isa, &places, tile, size
                        ))));
                    }
                    // The byte before the first symbol is missing.
                    let places = Places { first: 0, ..places };
                    let tile = &mut bytes;
                    assert!(panics(|| drop(leaves(
                        commitment, isa, &places, tile, size
                    ))));
                }
            }
        }
    }
}

#[test]
fn digests_and_skipped_symbols_must_fit() {
    let places = Places {
        first: 1,
        pitch: 100,
        count: 3,
        skip: 0..0,
    };
    for isa in Isa::available() {
        let hasher = LeafHasher::new(Commitment::Blake2b256, isa, 50);
        for digests in [0, 2, 4] {
            let mut tile = vec![0; places.tile_len(50)];
            assert!(panics(|| hasher.absorb(
                0..50,
                places.tile(&mut tile),
                &mut LaneStates::default(),
                no_stripes(),
                &mut vec![POISON; digests],
                &mut |_, _| {},
            )));
        }
        #[allow(clippy::reversed_empty_ranges, reason = "a range to refuse")]
        for skip in [0..4, 2..1, 4..4] {
            let places = Places {
                skip,
                ..places.clone()
            };
            let mut tile = vec![0; places.tile_len(50)];
            assert!(panics(|| hasher.absorb(
                0..50,
                places.tile(&mut tile),
                &mut LaneStates::default(),
                no_stripes(),
                &mut [POISON; 3],
                &mut |_, _| {},
            )));
        }
    }
}

/// States shorter than those of the hash function would be read beyond their end.
#[test]
fn states_of_another_length_are_refused() {
    for commitment in COMMITMENTS {
        for isa in Isa::available() {
            let hasher = LeafHasher::new(commitment, isa, 4096);
            for len in [1, 33, hasher.state_len() - 1, hasher.state_len() + 1] {
                for (range, begins) in [(0..2048, false), (2048..4096, true)] {
                    let places = Places {
                        first: 1,
                        pitch: 2049,
                        count: 2,
                        skip: 0..0,
                    };
                    let mut tile = vec![0; places.tile_len(2048)];
                    let stripe = StripeStates {
                        bytes: &mut vec![0; 2 * len],
                        len,
                        begins,
                        ends: !begins,
                    };
                    assert!(panics(|| hasher.absorb(
                        range,
                        places.tile(&mut tile),
                        &mut LaneStates::default(),
                        stripe,
                        &mut [POISON; 2],
                        &mut |_, _| {},
                    )));
                }
            }
        }
    }
}
