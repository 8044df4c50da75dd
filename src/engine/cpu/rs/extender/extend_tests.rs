//! Generator matrices of the codes of every committee, and guarded memory around symbols.

use reed_solomon_simd::ReedSolomonEncoder;

use super::*;
use crate::engine::cpu::isa::Isa;
use crate::engine::cpu::symbol_chunks::HALF;
use crate::engine::testing::kernel_inputs::Random;
use crate::format::shape::Shape;

/// Returns the chunk of the elements.
fn chunk_of(elements: [u16; HALF]) -> Chunk {
    let mut chunk = [0; 64];
    for (i, element) in elements.into_iter().enumerate() {
        [chunk[i], chunk[HALF + i]] = element.to_le_bytes();
    }
    chunk
}

/// Returns source symbols, one after another, and their size: each a row of the identity matrix and
/// `more` random bytes.
fn identity(random: &mut Random, code: Code, more: usize) -> (Vec<u8>, usize) {
    let chunks = code.original.div_ceil(HALF);
    let width = 64 * chunks + more;
    let mut bytes = vec![0; code.original * width];
    for (i, symbol) in bytes.chunks_exact_mut(width).enumerate() {
        let mut elements = [0; HALF];
        elements[i % HALF] = 1;
        symbol[64 * (i / HALF)..][..64].copy_from_slice(&chunk_of(elements));
        random.fill(&mut symbol[64 * chunks..]);
    }
    (bytes, width)
}

/// Returns the recovery symbols, one after another, as `reed-solomon-simd` computes them.
fn by_crate(code: Code, source: &[u8], width: usize) -> Vec<u8> {
    let mut encoder = ReedSolomonEncoder::new(code.original, code.recovery, width).unwrap();
    for symbol in source.chunks_exact(width) {
        encoder.add_original_shard(symbol).unwrap();
    }
    let result = encoder.encode().unwrap();
    result.recovery_iter().flatten().copied().collect()
}

/// Returns working memory of random bytes.
fn poisoned(random: &mut Random) -> CodeSpace {
    let mut space = CodeSpace::default();
    random.fill(space.work.get(64 * 4096));
    random.fill(space.tails.get(64 * 2048));
    space
}

/// Checks the generator matrices of both codes of a committee, and random bytes, against
/// `reed-solomon-simd`, on every instruction set.
fn check_committee(random: &mut Random, n: u16) {
    let shape = Shape::new(n, 0).unwrap();
    for original in [shape.rows(), shape.columns()] {
        let code = Code::new(original.into(), (n - original).into());
        let more = 2 * random.below(64);
        let (mut source, width) = identity(random, code, more);
        let expected = by_crate(code, &source, width);
        let layout = Layout::new(width);
        source.resize(source.len() + 64, 0xee);
        for isa in Isa::available() {
            let extender = Extender::new(&Butterflies::new(isa), code);
            // Recovery symbols without gaps between their chunks.
            let capacity = layout.capacity();
            let mut output = vec![0xee; code.recovery * capacity];
            extender.run(
                &mut poisoned(random),
                &layout,
                code.original,
                Symbols::new(&source, width, code.original, capacity),
                &mut SymbolsMut::new(&mut output, capacity, code.recovery, capacity),
                Next::Cached,
            );
            let symbols = output
                .chunks_exact(capacity)
                .zip(expected.chunks_exact(width));
            for (j, (symbol, expected)) in symbols.enumerate() {
                assert!(
                    symbol[..width] == *expected,
                    "recovery symbol {j} of {code:?} by {}",
                    isa.name()
                );
            }
        }
    }
}

/// Small committees, sizes around powers of two of either count, and some sizes between.
#[test]
fn generator_matrices() {
    let mut random = Random(41);
    let boundary = |n: &u16| {
        let shape = Shape::new(*n, 0).unwrap();
        let (rows, columns) = (shape.rows(), shape.columns());
        let counts = [rows, columns, n - rows, n - columns];
        counts.iter().any(|&count| {
            count.is_power_of_two() || count > 1 && (count - 1).is_power_of_two() || *n < 40
        })
    };
    let between = (0..20).map(|i| 60 + 47 * i).chain([1000]);
    for n in (4..=1000).filter(boundary).chain(between) {
        check_committee(&mut random, n);
    }
}

#[test]
#[ignore = "minutes: make exhaustive"]
fn exhaustive_generator_matrices() {
    let mut random = Random(42);
    for n in 4..=1000 {
        check_committee(&mut random, n);
    }
    let sets = Isa::available().len();
    println!("{} codes, each by {sets} instruction sets", 2 * 997);
}

/// Symbols that end where the memory does, or that begin where the memory does.
#[cfg(unix)]
#[test]
fn nothing_is_touched_around_symbols() {
    use crate::engine::testing::kernel_inputs::Guarded;

    let mut random = Random(43);
    let (mut inputs, mut outputs) = (Guarded::new(1 << 19), Guarded::new(1 << 19));
    for (original, recovery) in [
        (2, 2),
        (3, 1),
        (1, 3),
        (5, 2),
        (7, 5),
        (34, 66),
        (67, 33),
        (300, 20),
    ] {
        let code = Code::new(original, recovery);
        for isa in Isa::available() {
            let extender = Extender::new(&Butterflies::new(isa), code);
            let mut space = poisoned(&mut random);
            let widths = [2, 10, 32, 54, 62, 64, 66, 128, 190, 254, 256, 450];
            for (width, packed) in widths.into_iter().flat_map(|w| [(w, false), (w, w < 64)]) {
                let layout = match packed {
                    true => Layout::of_short_symbols(width),
                    false => Layout::new(width),
                };
                let capacity = layout.capacity();
                for pitch in [capacity, capacity + 64, capacity + 8] {
                    let at_end = random.below(2) == 0;
                    let [input, output] = [(&mut inputs, original), (&mut outputs, recovery)].map(
                        |(memory, count)| {
                            let len = (count - 1) * pitch + capacity;
                            let bytes = match at_end {
                                true => memory.at_end(len),
                                false => memory.at_start(len),
                            };
                            random.fill(bytes);
                            bytes
                        },
                    );
                    let (source, before) = (input.to_vec(), output.to_vec());
                    let inputs = random.of(&[original, original.div_ceil(2), 0]);
                    extender.run(
                        &mut space,
                        &layout,
                        inputs,
                        Symbols::new(input, pitch, original, capacity),
                        &mut SymbolsMut::new(output, pitch, recovery, capacity),
                        random.of(&[Next::Cached, Next::Codeword(pitch)]),
                    );
                    assert!(*input == source);
                    for codeword in 0..if packed {
                        Layout::codewords_per_chunk(width, width as u32)
                    } else {
                        1
                    } {
                        let symbols = |i: usize| match i < inputs {
                            true => source[i * pitch + codeword * width..][..width].to_vec(),
                            false => vec![0; width],
                        };
                        let symbols: Vec<_> = (0..original).flat_map(symbols).collect();
                        let expected = by_crate(code, &symbols, width);
                        for (j, expected) in expected.chunks_exact(width).enumerate() {
                            let got = &output[j * pitch + codeword * width..][..width];
                            assert!(got == expected, "{code:?}, {}, {width}", isa.name());
                        }
                    }
                    for (j, between) in output.chunks(pitch).enumerate() {
                        let before = &before[j * pitch..][..between.len()];
                        assert!(between[capacity..] == before[capacity..]);
                    }
                }
            }
        }
    }
}
