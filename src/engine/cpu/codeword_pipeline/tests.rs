//! Codewords in steps, written to buffers that do not begin at a cache line.

#![allow(unsafe_code)]

use super::*;
use crate::code::Code;
use crate::engine::cpu::isa::Isa;
use crate::engine::cpu::rs::extender::tests::{bytes, extended};
use crate::engine::cpu::shared_buffers::{SharedBuffer, settle};
use crate::format::commitment::Commitment;

/// Number of codewords of a task.
const CODEWORDS: usize = 3;

/// Content of buffers before a test.
const POISON: u8 = 0xee;

/// Codewords of whole symbols, some of them with zero source symbols.
struct Case {
    code: Code,
    size: usize,
    step: u32,
    inputs: usize,
    hash: bool,
}

impl Case {
    /// Returns all symbols of a codeword, as `reed-solomon-simd` computes them.
    fn expected(&self, codeword: usize) -> Vec<Vec<u8>> {
        let symbol = |i| match i < self.inputs {
            true => bytes((100 * codeword + i) as u64 + 1, self.size),
            false => vec![0; self.size],
        };
        extended(self.code, (0..self.code.original).map(symbol).collect())
    }

    fn check(&self, isa: Isa, space: &mut CodewordSpace, offset: usize) {
        let Self { code, size, .. } = *self;
        let n = code.original + code.recovery;
        let expected: Vec<_> = (0..CODEWORDS)
            .map(|codeword| self.expected(codeword))
            .collect();
        let hasher = LeafHasher::new(Commitment::Blake2b256, isa, size as u32);
        let pipeline = CodewordPipeline {
            extender: &Extender::new(&Butterflies::new(isa), code),
            leaves: hasher,
            zeros: self.inputs..code.original,
            range: 0..size as u32,
            step: self.step,
            state_len: hasher.state_len(),
            short: None,
        };
        // Short symbols of a codeword are followed by the symbols of the next codeword.
        let sources: Vec<Vec<u8>> = (0..self.inputs)
            .map(|i| {
                expected
                    .iter()
                    .flat_map(|codeword| codeword[i].clone())
                    .collect()
            })
            .collect();
        let source = |codeword: usize, i: usize| &sources[i][codeword * size..];
        let mut digests = vec![[POISON; 32]; CODEWORDS * n];
        let mut places = vec![POISON; offset + CODEWORDS * n * size + 64];
        let buffer = SharedBuffer::new(&mut places);
        let mut emit = |part: SymbolPart<'_>| {
            let at = offset + (part.codeword * n + part.symbol) * size + part.start;
            // SAFETY: no other thread has the buffer.
            unsafe { buffer.write_joined(at, part.bytes) };
        };
        let work = CodewordTask {
            hash: self.hash,
            states: None,
            digests: &mut digests,
        };
        pipeline.run(space, CODEWORDS, source, work, Some(&mut emit));
        settle();

        let what = format!("{code:?} {size} {} {} {offset}", self.inputs, self.hash);
        let joined: Vec<u8> = expected.iter().flatten().flatten().copied().collect();
        let (before, rest) = places.split_at(offset);
        let (written, after) = rest.split_at(joined.len());
        assert!(written == joined, "{what}");
        let around = before.iter().chain(after);
        assert!(around.copied().all(|byte| byte == POISON), "{what}");
        for (index, digest) in digests.iter().enumerate() {
            let (codeword, symbol) = (index / n, index % n);
            let is_zero = (self.inputs..code.original).contains(&symbol);
            let wanted = match self.hash && !is_zero {
                true => Commitment::Blake2b256.hash(&[&[0], &expected[codeword][symbol]]),
                false => [POISON; 32],
            };
            assert_eq!(*digest, wanted, "{what}");
        }
    }
}

#[test]
fn codewords_arrive_whole_hashed_or_not() {
    for isa in Isa::available() {
        let mut space = CodewordSpace::default();
        for (original, recovery) in [(7, 5), (34, 66)] {
            let code = Code::new(original, recovery);
            for size in [2, 10, 62, 64, 130, 256, 600, 1302] {
                for step in [128, 512] {
                    for inputs in [original, original - 3, 1, 0] {
                        // One after another: each case starts with the memory that the case before
                        // left.
                        for (hash, offset) in [(true, 13), (false, 29), (true, 64)] {
                            let case = Case {
                                code,
                                size,
                                step,
                                inputs,
                                hash,
                            };
                            case.check(isa, &mut space, offset);
                        }
                    }
                }
            }
        }
    }
}
