//! Every instruction set against hashes one at a time.

#![allow(unsafe_code)]

use super::*;

const COMMITMENTS: [Commitment; 2] = [Commitment::Blake2b256, Commitment::Blake3];

/// More pieces than this are not made of `data`.
const MAX_PIECES: usize = 33;

const MAX_SIZE: usize = 65_534;

/// Numbers that look random (xorshift64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

fn data() -> Vec<u8> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    (0..MAX_SIZE + MAX_PIECES * 97)
        .map(|_| random.next() as u8)
        .collect()
}

/// Overlapping symbols at odd and even addresses.
fn symbols(data: &[u8], count: usize, size: usize) -> Vec<&[u8]> {
    (0..count).map(|i| &data[i * 97..][..size]).collect()
}

fn one_by_one(commitment: Commitment, symbols: &[&[u8]]) -> Vec<Digest> {
    symbols
        .iter()
        .map(|symbol| commitment.hash(&[&[0], symbol]))
        .collect()
}

/// Hashes whole symbols.
fn leaves(commitment: Commitment, isa: Isa, symbols: &[&[u8]]) -> Vec<Digest> {
    let size = symbols.first().map_or(2, |symbol| symbol.len()) as u32;
    let mut digests = vec![[0xa5; 32]; symbols.len()];
    LeafHasher::new(commitment, isa, size).absorb(0..size, symbols, &mut [], &mut digests);
    digests
}

#[test]
fn every_length() {
    let data = data();
    let odd = [1, 63, 65, 127, 129, 1023, 1025, 2047, 65_535 - 2];
    let sizes = (2..=4098)
        .step_by(2)
        .chain(odd)
        .chain([MAX_SIZE - 2, MAX_SIZE]);
    for (i, size) in sizes.enumerate() {
        let symbols = symbols(&data, 1 + i % 17, size);
        for commitment in COMMITMENTS {
            let expected = one_by_one(commitment, &symbols);
            for isa in Isa::available() {
                let digests = leaves(commitment, isa, &symbols);
                assert_eq!(
                    digests,
                    expected,
                    "{commitment}, {}, {size} bytes",
                    isa.name()
                );
            }
            if commitment == Commitment::Blake2b256 {
                let mut hasher = blake2b_simd::Params::new().hash_length(32).to_state();
                hasher.update(&[0]).update(symbols[0]);
                assert_eq!(hasher.finalize().as_bytes(), expected[0]);
            }
        }
    }
}

#[test]
fn every_count() {
    let data = data();
    for count in (0..=17).chain([31, 32, MAX_PIECES]) {
        for size in [2, 64, 126, 128, 450, 1022, 1024, 3000] {
            let symbols = symbols(&data, count, size);
            for commitment in COMMITMENTS {
                let expected = one_by_one(commitment, &symbols);
                for isa in Isa::available() {
                    let digests = leaves(commitment, isa, &symbols);
                    assert_eq!(digests, expected, "{commitment}, {}, {count}", isa.name());
                }
            }
        }
    }
}

#[test]
fn stripes_across_instruction_sets() {
    let data = data();
    let isas = Isa::available();
    let mut random = Random(7);
    for round in 0..400 {
        let limit = if round % 20 == 0 { MAX_SIZE / 2 } else { 3000 };
        let size = 2 + 2 * random.below(limit);
        let symbols = symbols(&data, 1 + random.below(MAX_PIECES), size);
        for commitment in COMMITMENTS {
            let state_len = LeafHasher::new(commitment, isas[0], size as u32).state_len();
            let mut states = vec![0xa5; symbols.len() * state_len];
            let expected = one_by_one(commitment, &symbols);
            let mut start = 0;
            while start < size {
                let end = size.min(start + 128 * (1 + random.below(1 + size / 300)));
                let pieces: Vec<_> = symbols.iter().map(|symbol| &symbol[start..end]).collect();
                let range = start as u32..end as u32;
                // Each goes on from the states that another one left, and leaves the same.
                let mut left_behind = Vec::new();
                for &isa in &isas {
                    let hasher = LeafHasher::new(commitment, isa, size as u32);
                    let mut after = states.clone();
                    if end < size {
                        hasher.absorb(range.clone(), &pieces, &mut after, &mut []);
                        left_behind.push(after);
                    } else {
                        let mut digests = vec![[0xa5; 32]; symbols.len()];
                        hasher.absorb(range.clone(), &pieces, &mut after, &mut digests);
                        assert_eq!(digests, expected, "{commitment}, {}, {size}", isa.name());
                    }
                }
                if end < size {
                    assert!(left_behind.iter().all(|states| *states == left_behind[0]));
                    states = left_behind.swap_remove(random.below(isas.len()));
                }
                start = end;
            }
        }
    }
}

#[test]
fn pairs() {
    let mut random = Random(11);
    let mut digests = |count: usize| -> Vec<Digest> {
        (0..count)
            .map(|_| std::array::from_fn(|_| random.next() as u8))
            .collect()
    };
    for count in 0..=40 {
        let (left, right) = (digests(count), digests(count));
        for commitment in COMMITMENTS {
            for (prefix, isa) in [0x00, 0x01, 0xff].into_iter().cycle().zip(Isa::available()) {
                let mut out = vec![[0xa5; 32]; count];
                hash_pairs(commitment, isa, prefix, &left, &right, &mut out);
                let both = left.iter().zip(&right);
                let children: Vec<_> = both.flat_map(|(left, right)| [*left, *right]).collect();
                let mut adjacent = vec![[0xa5; 32]; count];
                hash_adjacent(commitment, isa, prefix, &children, &mut adjacent);
                assert_eq!(adjacent, out, "{commitment}, {}, {count}", isa.name());
                for i in 0..count {
                    let expected = commitment.hash(&[&[prefix], &left[i], &right[i]]);
                    assert_eq!(
                        out[i],
                        expected,
                        "{commitment}, {}, {i} of {count}",
                        isa.name()
                    );
                }
            }
        }
    }
}

/// Pieces that end where the memory does: at the end of a file that is mapped beyond its end,
/// where reading is a fault.
#[cfg(target_os = "linux")]
#[test]
fn nothing_is_read_past_a_piece() {
    /// A multiple of every page size.
    const LEN: usize = 1 << 16;

    let data = data();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &data[..LEN]).unwrap();
    let file = std::fs::File::open(file.path()).unwrap();
    // SAFETY: nobody else has the file, and nothing beyond its end is read, or the test fails.
    let map = unsafe { memmap2::MmapOptions::new().len(2 * LEN).map(&file) }.unwrap();
    for size in (2..=1300).step_by(2).chain([2046, 2048, 4096, MAX_SIZE]) {
        let symbol = &map[LEN - size..LEN];
        for commitment in COMMITMENTS {
            let expected = commitment.hash(&[&[0], symbol]);
            for isa in Isa::available() {
                assert_eq!(leaves(commitment, isa, &[symbol; 17]), [expected; 17]);
                // As a stripe that others follow.
                if size % 128 == 0 {
                    let hasher = LeafHasher::new(commitment, isa, size as u32 + 2);
                    let mut states = vec![0; 17 * hasher.state_len()];
                    hasher.absorb(0..size as u32, &[symbol; 17], &mut states, &mut []);
                }
            }
        }
    }
}

#[test]
#[should_panic(expected = "a piece must be as long as the stripe")]
fn a_short_piece() {
    let symbols: [&[u8]; 2] = [&[0; 64], &[0; 62]];
    leaves(Commitment::Blake2b256, Isa::available()[0], &symbols);
}

#[test]
#[should_panic(expected = "a stripe must begin and end at a block")]
fn an_uneven_stripe() {
    let hasher = LeafHasher::new(Commitment::Blake3, Isa::available()[0], 200);
    let mut states = vec![0; hasher.state_len()];
    hasher.absorb(0..64, &[&[0; 64]], &mut states, &mut []);
}

#[test]
fn a_hasher_crosses_threads() {
    fn check<T: Copy + Send + Sync>() {}
    check::<LeafHasher>();
}
