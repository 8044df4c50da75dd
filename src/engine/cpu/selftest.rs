//! Small questions with known answers, which an instruction set's kernels have to get right before
//! they are used: some processors, and some virtual machines, offer instructions that do not work.

use std::sync::OnceLock;

use super::hash::{LaneStates, LeafHasher, StripeStates, Tile, hash_pairs};
use super::isa::Isa;
use super::rs::butterflies::{Butterflies, CodeSpace};
use super::rs::extender::{Encoding, Next};
use super::rs::restorer::Decoding;
use super::symbol_chunks::{Layout, Symbols, SymbolsMut};
use crate::code::{Code, Erasures};
use crate::engine::InstructionSet;
use crate::format::commitment::{Commitment, Digest};
use crate::support::fork_gate::get_or_init;
use crate::support::memory::{collected, ensure_capacity, filled};

/// What came out wrong, if anything did.
pub(crate) type Verdict = Result<(), &'static str>;

/// The verdict on an instruction set: found once a process.
pub(crate) fn verdict(isa: Isa) -> Verdict {
    static VERDICTS: [OnceLock<Verdict>; InstructionSet::COUNT] =
        [const { OnceLock::new() }; InstructionSet::COUNT];
    *get_or_init(&VERDICTS[isa.set() as usize], || check(&isa))
}

/// Lines of symbols.
type Lines = Vec<Vec<Vec<u8>>>;

/// What is tried.
trait Kernels {
    /// The leaf hashes of some symbols, made in two stripes.
    fn leaves(&self, commitment: Commitment, symbols: &[&[u8]]) -> Vec<Digest>;
    /// The hashes of pairs.
    fn pairs(&self, commitment: Commitment, left: &[Digest], right: &[Digest]) -> Vec<Digest>;
    /// The recovery symbols of lines of source symbols.
    fn encode(&self, code: Code, lines: &Lines) -> Lines;
    /// The missing source symbols of lines of symbols, of which only the given ones are looked at.
    fn decode(&self, code: Code, given: &[usize], lines: &Lines) -> Lines;
}

/// A number of messages that fills no vectors of 4, 8 or 16 lanes.
const MESSAGES: usize = 19;

/// The lengths of symbols: less than a hash's block, several blocks, several chunks of BLAKE3.
const LENGTHS: [usize; 3] = [30, 450, 1300];

/// The widths of lines: whole chunks of the code and a rest that lines share.
const WIDTH: usize = 70;
const LINES: usize = 2;

/// Codes of both rates, and the Blake2b-256 hashes of their recovery symbols: short transforms, and
/// some with points beyond the subfield.
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

/// The codes up to this many symbols also bring symbols back: preparing that takes longer.
const MOST_TO_DECODE: usize = 32;

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
        let mut lines = source(original);
        let made = kernels.encode(code, &lines);
        right(digest(&made) == expected, "recovery symbols")?;
        if original + recovery > MOST_TO_DECODE {
            continue;
        }
        for (line, made) in lines.iter_mut().zip(made) {
            let all = line.len() + made.len();
            ensure_capacity(line, all);
            line.extend(made);
        }
        let given = collected(recovery..original + recovery);
        let back = kernels.decode(code, &given, &lines);
        let missing = recovery.min(original);
        let expected = lines.iter().map(|line| &line[..missing]);
        right(expected.eq(&back), "decoded symbols")?;
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
        // Up to two steps of a first stripe, and a second one.
        let middle = size / 2 / 128 * 128;
        let quarter = middle / 2 / 128 * 128;
        let stride = 1 + size + 128;
        let mut bytes = filled(0xee, symbols.len() * stride);
        for range in [0..quarter, quarter..middle, middle..size] {
            if range.is_empty() {
                continue;
            }
            for (place, symbol) in bytes.chunks_exact_mut(stride).zip(symbols) {
                place[1..=range.len()].copy_from_slice(&symbol[range.clone()]);
            }
            let tile = Tile {
                bytes: &mut bytes,
                first: 1,
                stride,
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

    fn encode(&self, code: Code, lines: &Lines) -> Lines {
        let butterflies = Butterflies::new(*self);
        let encoding = Encoding::new(&butterflies, code);
        let stride = WIDTH.next_multiple_of(64);
        let extend = |line: &Vec<Vec<u8>>| {
            let mut source = filled(0, code.original * stride);
            for (place, symbol) in source.chunks_exact_mut(stride).zip(line) {
                place[..WIDTH].copy_from_slice(symbol);
            }
            let mut made = filled(0, code.recovery * stride);
            encoding.run(
                &mut CodeSpace::default(),
                &Layout::new(WIDTH),
                code.original,
                Symbols::new(&source, stride, code.original, stride),
                &mut SymbolsMut::new(&mut made, stride, code.recovery, stride),
                Next::Near,
            );
            let symbols = made.chunks_exact(stride);
            collected(symbols.map(|symbol| symbol[..WIDTH].to_vec()))
        };
        collected(lines.iter().map(extend))
    }

    fn decode(&self, code: Code, given: &[usize], lines: &Lines) -> Lines {
        let butterflies = Butterflies::new(*self);
        let decoding = Decoding::new(&butterflies, Erasures::new(code, given));
        let restore = |line: &Vec<Vec<u8>>| {
            let order = decoding.order().iter();
            let symbols = collected(order.map(|&item| &line[given[item]][..]));
            let mut restored = filled(vec![0; WIDTH], decoding.missing());
            let mut places = collected(restored.iter_mut().map(|bytes| &mut bytes[..]));
            decoding.run(
                &mut CodeSpace::default(),
                &Layout::new(WIDTH),
                WIDTH,
                &symbols,
                &mut places,
                0,
            );
            restored
        };
        collected(lines.iter().map(restore))
    }
}

/// Lines of source symbols.
fn source(original: usize) -> Lines {
    let line = |line| {
        let symbol = |i| bytes((line * original + i) as u64, WIDTH);
        collected((0..original).map(symbol))
    };
    collected((0..LINES).map(line))
}

/// The hash of all symbols.
fn digest(lines: &Lines) -> Digest {
    let symbols = collected(lines.iter().flatten().map(Vec::as_slice));
    Commitment::Blake2b256.hash(&symbols)
}

/// Bytes that look random: the high ones of a linear congruential generator's states.
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
    fn every_set_of_this_machine_is_right() {
        for isa in Isa::available() {
            assert_eq!(check(&isa), Ok(()), "{}", isa.name());
            assert_eq!(verdict(isa), Ok(()), "{}", isa.name());
        }
    }

    #[test]
    fn the_expected_recovery_symbols_are_the_crate_s() {
        for (original, recovery, expected) in CODES {
            let encode = |symbols: Vec<Vec<u8>>| -> Vec<Vec<u8>> {
                let mut code = ReedSolomonEncoder::new(original, recovery, WIDTH).unwrap();
                for symbol in symbols {
                    code.add_original_shard(symbol).unwrap();
                }
                let symbols = code.encode().unwrap();
                symbols.recovery_iter().map(<[u8]>::to_vec).collect()
            };
            let made: Lines = source(original).into_iter().map(encode).collect();
            assert_eq!(digest(&made), expected, "{original}, {recovery}");
        }
    }

    /// Kernels that get one bit of one answer wrong.
    struct Faulty {
        /// How many answers are right before.
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

        fn symbols(&self, mut lines: Lines) -> Lines {
            if self.is_due() {
                let symbol = lines.last_mut().unwrap().last_mut().unwrap();
                *symbol.last_mut().unwrap() ^= 0x01;
            }
            lines
        }
    }

    impl Kernels for Faulty {
        fn leaves(&self, commitment: Commitment, symbols: &[&[u8]]) -> Vec<Digest> {
            self.hashes(Isa::Portable.leaves(commitment, symbols))
        }

        fn pairs(&self, commitment: Commitment, left: &[Digest], right: &[Digest]) -> Vec<Digest> {
            self.hashes(Isa::Portable.pairs(commitment, left, right))
        }

        fn encode(&self, code: Code, lines: &Lines) -> Lines {
            self.symbols(Isa::Portable.encode(code, lines))
        }

        fn decode(&self, code: Code, given: &[usize], lines: &Lines) -> Lines {
            self.symbols(Isa::Portable.decode(code, given, lines))
        }
    }

    #[test]
    fn every_wrong_answer_is_seen() {
        let mut seen = Vec::new();
        loop {
            let right = Cell::new(seen.len());
            match check(&Faulty { right }) {
                Ok(()) => break,
                Err(wrong) => seen.push(wrong),
            }
        }
        let (made, back) = ("recovery symbols", "decoded symbols");
        let mut expected = Vec::new();
        for (leaves, nodes) in [
            ("Blake2b leaves", "Blake2b nodes"),
            ("BLAKE3 leaves", "BLAKE3 nodes"),
        ] {
            expected.extend([leaves, leaves, leaves, nodes]);
        }
        expected.extend([made, back, made, back, made, made]);
        assert_eq!(seen, expected);
    }
}
