//! Self-test of an instruction set's kernels before their first use: some CPUs, and some virtual
//! machines, offer instructions that do not work.
//!
//! Known answers: leaves and nodes of both hashes from the `blake2` and `blake3` crates, recovery
//! symbols of four codes from constants, and the restored source symbols of two of these codes. The
//! test takes about a millisecond, once per process and set.

use std::sync::OnceLock;

use super::hash::{LaneStates, LeafHasher, StripeStates, Tile, hash_pairs};
use super::isa::Isa;
use super::rs::butterflies::{Butterflies, CodeSpace};
use super::rs::extender::{Extender, Next};
use super::rs::restorer::Restorer;
use super::symbol_chunks::{Layout, Symbols, SymbolsMut};
use crate::code::{Code, Erasures};
use crate::engine::InstructionSet;
use crate::format::commitment::{Commitment, Digest};
use crate::support::fork_gate::get_or_init;
use crate::support::memory::{collected, ensure_capacity, filled};

/// Result of a self-test. An error names the results that are wrong.
pub(crate) type Verdict = Result<(), &'static str>;

/// Returns the verdict on an instruction set, which is found once per process.
pub(crate) fn verdict(isa: Isa) -> Verdict {
    static VERDICTS: [OnceLock<Verdict>; InstructionSet::COUNT] =
        [const { OnceLock::new() }; InstructionSet::COUNT];
    *get_or_init(&VERDICTS[isa.set() as usize], || check(&isa))
}

/// Codewords, each a list of symbols.
type Codewords = Vec<Vec<Vec<u8>>>;

/// Kernels under test.
trait Kernels {
    /// Returns the leaf hashes of symbols, computed in two stripes.
    fn leaves(&self, commitment: Commitment, symbols: &[&[u8]]) -> Vec<Digest>;
    /// Returns the hashes of pairs.
    fn pairs(&self, commitment: Commitment, left: &[Digest], right: &[Digest]) -> Vec<Digest>;
    /// Returns the recovery symbols of codewords of source symbols.
    fn extend(&self, code: Code, codewords: &Codewords) -> Codewords;
    /// Returns the missing source symbols of codewords, from the given symbols.
    fn restore(&self, code: Code, given: &[usize], codewords: &Codewords) -> Codewords;
}

/// Number of messages: no multiple of 4, 8 or 16 lanes.
const MESSAGES: usize = 19;

/// Lengths of symbols: less than a hash block, several blocks, several chunks of BLAKE3.
const LENGTHS: [usize; 3] = [30, 450, 1300];

/// Bytes per symbol of a codeword: a whole chunk and a rest.
const WIDTH: usize = 70;

/// Number of codewords.
const CODEWORDS: usize = 2;

/// Codes of both rates, as numbers of source and recovery symbols and the Blake2b-256 hash of the
/// recovery symbols: short transforms, and transforms with points beyond the subfield.
const CODES: [(usize, usize, Digest); 4] = [
    (
        20,
        12,
        [
            0x84, 0xcf, 0x1f, 0x43, 0x9b, 0xa2, 0x8a, 0xf7, 0x5a, 0xcd, 0x77, 0xdd, 0x66, 0x8d,
            0x71, 0xb4, 0x5a, 0xa9, 0xbd, 0x7d, 0x05, 0x0f, 0xdf, 0xb8, 0x76, 0x6e, 0xb6, 0x26,
            0xd2, 0x66, 0xe2, 0x0c,
        ],
    ),
    (
        12,
        20,
        [
            0x87, 0x37, 0xdf, 0xb2, 0xc1, 0x7b, 0x78, 0x0f, 0x63, 0xf1, 0xf2, 0x6e, 0xff, 0x0e,
            0xd3, 0xe0, 0x90, 0x8d, 0xea, 0x6e, 0xb4, 0x0d, 0x1c, 0xfd, 0xda, 0xe9, 0xbf, 0xbc,
            0x46, 0x14, 0x72, 0xad,
        ],
    ),
    (
        270,
        8,
        [
            0xab, 0x59, 0x27, 0x3c, 0xb0, 0xba, 0x35, 0x67, 0x81, 0x1a, 0x94, 0x45, 0x4f, 0xd4,
            0x81, 0x15, 0x4c, 0x43, 0x3b, 0x8c, 0x82, 0xa0, 0xbe, 0x75, 0x78, 0x26, 0x30, 0xcd,
            0xd0, 0xa8, 0x2e, 0x68,
        ],
    ),
    (
        8,
        270,
        [
            0xc0, 0x15, 0x33, 0x4d, 0xec, 0xcb, 0x23, 0x1a, 0x06, 0x89, 0xee, 0x16, 0xfd, 0x69,
            0xf8, 0x73, 0xea, 0x3b, 0xc0, 0xb5, 0xdf, 0xcf, 0x0c, 0xa2, 0x35, 0x6e, 0xdb, 0xd3,
            0xcb, 0x34, 0x9d, 0x14,
        ],
    ),
];

/// Most symbols of a code that is also tested for restoring, which takes longer to prepare.
const MAX_TO_RESTORE: usize = 32;

/// Compares the results of the kernels with the known answers.
fn check(kernels: &impl Kernels) -> Verdict {
    let right = |right: bool, wrong| if right { Ok(()) } else { Err(wrong) };
    for (commitment, wrong_leaves, wrong_pairs) in [
        (Commitment::Blake2b256, "Blake2b leaves", "Blake2b nodes"),
        (Commitment::Blake3, "BLAKE3 leaves", "BLAKE3 nodes"),
    ] {
        let data = bytes(1, LENGTHS[2] + MESSAGES);
        for length in LENGTHS {
            let symbols = collected((0..MESSAGES).map(|i| &data[i..][..length]));
            let expected = symbols
                .iter()
                .map(|symbol| commitment.hash(&[&[0], symbol]));
            let leaves = kernels.leaves(commitment, &symbols);
            right(expected.eq(leaves), wrong_leaves)?;
        }
        let left: Vec<Digest> =
            collected((0..MESSAGES).map(|i| std::array::from_fn(|byte| data[i * 64 + byte])));
        let swapped = collected(left.iter().rev().copied());
        let expected = left.iter().zip(&swapped);
        let expected = expected.map(|(left, right)| commitment.hash(&[&[1], left, right]));
        let pairs = kernels.pairs(commitment, &left, &swapped);
        right(expected.eq(pairs), wrong_pairs)?;
    }
    for (original, recovery, expected) in CODES {
        let code = Code::new(original, recovery);
        let mut codewords = source(original);
        let made = kernels.extend(code, &codewords);
        right(digest(&made) == expected, "recovery symbols")?;
        if original + recovery > MAX_TO_RESTORE {
            continue;
        }
        for (codeword, made) in codewords.iter_mut().zip(made) {
            let all = codeword.len() + made.len();
            ensure_capacity(codeword, all);
            codeword.extend(made);
        }
        let given = collected(recovery..original + recovery);
        let restored = kernels.restore(code, &given, &codewords);
        let missing = recovery.min(original);
        let expected = codewords.iter().map(|codeword| &codeword[..missing]);
        right(expected.eq(&restored), "decoded symbols")?;
    }
    Ok(())
}

impl Kernels for Isa {
    fn leaves(&self, commitment: Commitment, symbols: &[&[u8]]) -> Vec<Digest> {
        let size = symbols[0].len();
        let hasher = LeafHasher::new(commitment, *self, size as u32);
        let mut kept = LaneStates::default();
        let mut states = filled(0, symbols.len() * hasher.state_len());
        let mut digests = filled([0; 32], symbols.len());
        // Up to two steps of a first stripe, and a second stripe.
        let middle = size / 2 / 128 * 128;
        let quarter = middle / 2 / 128 * 128;
        let pitch = 1 + size + 128;
        let mut bytes = filled(0xee, symbols.len() * pitch);
        for range in [0..quarter, quarter..middle, middle..size] {
            if range.is_empty() {
                continue;
            }
            for (place, symbol) in bytes.chunks_exact_mut(pitch).zip(symbols) {
                place[1..=range.len()].copy_from_slice(&symbol[range.clone()]);
            }
            let tile = Tile {
                bytes: &mut bytes,
                first: 1,
                pitch,
                count: symbols.len(),
                skip: 0..0,
            };
            let stripe = StripeStates {
                bytes: &mut states,
                len: hasher.state_len(),
                begins: range.start == middle && middle > 0,
                ends: range.end == middle,
            };
            let range = range.start as u32..range.end as u32;
            hasher.absorb(range, tile, &mut kept, stripe, &mut digests, &mut |_, _| {});
        }
        digests
    }

    fn pairs(&self, commitment: Commitment, left: &[Digest], right: &[Digest]) -> Vec<Digest> {
        let mut out = filled([0; 32], left.len());
        hash_pairs(commitment, *self, 1, left, right, &mut out);
        out
    }

    fn extend(&self, code: Code, codewords: &Codewords) -> Codewords {
        let butterflies = Butterflies::new(*self);
        let extender = Extender::new(&butterflies, code);
        let pitch = WIDTH.next_multiple_of(64);
        let extend = |codeword: &Vec<Vec<u8>>| {
            let mut source = filled(0, code.original * pitch);
            for (place, symbol) in source.chunks_exact_mut(pitch).zip(codeword) {
                place[..WIDTH].copy_from_slice(symbol);
            }
            let mut made = filled(0, code.recovery * pitch);
            extender.run(
                &mut CodeSpace::default(),
                &Layout::new(WIDTH),
                code.original,
                Symbols::new(&source, pitch, code.original, pitch),
                &mut SymbolsMut::new(&mut made, pitch, code.recovery, pitch),
                Next::Cached,
            );
            let symbols = made.chunks_exact(pitch);
            collected(symbols.map(|symbol| symbol[..WIDTH].to_vec()))
        };
        collected(codewords.iter().map(extend))
    }

    fn restore(&self, code: Code, given: &[usize], codewords: &Codewords) -> Codewords {
        let butterflies = Butterflies::new(*self);
        let restorer = Restorer::new(&butterflies, Erasures::new(code, given));
        let restore = |codeword: &Vec<Vec<u8>>| {
            let order = restorer.order().iter();
            let symbols = collected(order.map(|&item| &codeword[given[item]][..]));
            let mut restored = filled(vec![0; WIDTH], restorer.missing());
            let mut places = collected(restored.iter_mut().map(|bytes| &mut bytes[..]));
            restorer.run(
                &mut CodeSpace::default(),
                &Layout::new(WIDTH),
                WIDTH,
                &symbols,
                &mut places,
                0,
            );
            restored
        };
        collected(codewords.iter().map(restore))
    }
}

/// Returns codewords of source symbols.
fn source(original: usize) -> Codewords {
    let codeword = |codeword| {
        let symbol = |i| bytes((codeword * original + i) as u64, WIDTH);
        collected((0..original).map(symbol))
    };
    collected((0..CODEWORDS).map(codeword))
}

/// Returns the hash of all symbols.
fn digest(codewords: &Codewords) -> Digest {
    let symbols = collected(codewords.iter().flatten().map(Vec::as_slice));
    Commitment::Blake2b256.hash(&symbols)
}

/// Returns random bytes: the high bytes of the states of a linear congruential generator.
fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed;
    let next = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    collected((0..len).map(next))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use reed_solomon_simd::ReedSolomonEncoder;

    use super::*;

    #[test]
    fn every_set_of_this_cpu_passes() {
        for isa in Isa::available() {
            assert_eq!(check(&isa), Ok(()), "{}", isa.name());
            assert_eq!(verdict(isa), Ok(()), "{}", isa.name());
        }
    }

    #[test]
    fn known_answers_equal_reed_solomon_simd() {
        for (original, recovery, expected) in CODES {
            let encode = |symbols: Vec<Vec<u8>>| -> Vec<Vec<u8>> {
                let mut code = ReedSolomonEncoder::new(original, recovery, WIDTH).unwrap();
                for symbol in symbols {
                    code.add_original_shard(symbol).unwrap();
                }
                let symbols = code.encode().unwrap();
                symbols.recovery_iter().map(<[u8]>::to_vec).collect()
            };
            let made: Codewords = source(original).into_iter().map(encode).collect();
            assert_eq!(digest(&made), expected, "{original}, {recovery}");
        }
    }

    /// Kernels that return one wrong bit in one result.
    struct Faulty {
        /// Number of right results before the wrong result.
        right: Cell<usize>,
    }

    impl Faulty {
        fn is_due(&self) -> bool {
            let right = self.right.get();
            self.right.set(right.wrapping_sub(1));
            right == 0
        }

        fn hashes(&self, mut digests: Vec<Digest>) -> Vec<Digest> {
            if self.is_due() {
                digests.last_mut().unwrap()[31] ^= 0x80;
            }
            digests
        }

        fn symbols(&self, mut codewords: Codewords) -> Codewords {
            if self.is_due() {
                let symbol = codewords.last_mut().unwrap().last_mut().unwrap();
                *symbol.last_mut().unwrap() ^= 0x01;
            }
            codewords
        }
    }

    impl Kernels for Faulty {
        fn leaves(&self, commitment: Commitment, symbols: &[&[u8]]) -> Vec<Digest> {
            self.hashes(Isa::Portable.leaves(commitment, symbols))
        }

        fn pairs(&self, commitment: Commitment, left: &[Digest], right: &[Digest]) -> Vec<Digest> {
            self.hashes(Isa::Portable.pairs(commitment, left, right))
        }

        fn extend(&self, code: Code, codewords: &Codewords) -> Codewords {
            self.symbols(Isa::Portable.extend(code, codewords))
        }

        fn restore(&self, code: Code, given: &[usize], codewords: &Codewords) -> Codewords {
            self.symbols(Isa::Portable.restore(code, given, codewords))
        }
    }

    #[test]
    fn every_wrong_result_is_found() {
        let mut seen = Vec::new();
        loop {
            let right = Cell::new(seen.len());
            match check(&Faulty { right }) {
                Ok(()) => break,
                Err(wrong) => seen.push(wrong),
            }
        }
        let (made, restored) = ("recovery symbols", "decoded symbols");
        let mut expected = Vec::new();
        for (leaves, nodes) in [
            ("Blake2b leaves", "Blake2b nodes"),
            ("BLAKE3 leaves", "BLAKE3 nodes"),
        ] {
            expected.extend([leaves, leaves, leaves, nodes]);
        }
        expected.extend([made, restored, made, restored, made, made]);
        assert_eq!(seen, expected);
    }
}
