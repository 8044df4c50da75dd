//! Restoring a codeword: the transforms that compute its missing source symbols from given symbols.

use reed_solomon_simd::engine::utils::xor;
use reed_solomon_simd::engine::{Engine, GF_MODULUS, ShardsRefMut};

use super::butterflies::{Butterflies, CodeSpace, Prepared};
use super::gf::{self, GivenSymbols, RestoreChunk, RestoreKernel, RestoredSymbols};
use crate::code::{Code, Erasures};
use crate::engine::cpu::symbol_chunks::{Aligned, Chunk, Layout};
use crate::support::memory::collected;

/// Chunks per symbol that go through the transforms of `reed-solomon-simd` at once. 1,024 symbols
/// of so many chunks fit the second-level cache of a core.
const STEP: usize = 8;

/// A set of erasures prepared to restore codewords: once per job, shared by the threads of the job.
pub(crate) struct Restorer {
    erasures: Erasures,
    /// Indices of the given symbols, by position.
    order: Vec<usize>,
    prepared: Prepared<dyn RestoreKernel>,
}

/// Bytes of a codeword's symbols that go through the code, as [`Restorer::run`] takes them.
struct Part<'a, 'b> {
    layout: &'a Layout,
    len: usize,
    given: &'a [&'a [u8]],
    restored: &'a mut [&'b mut [u8]],
    at: usize,
}

impl Restorer {
    /// Prepares the erasures.
    pub(crate) fn new(butterflies: &Butterflies, erasures: Erasures) -> Self {
        let mut order = collected(0..erasures.given.len());
        order.sort_unstable_by_key(|&item| erasures.given[item]);
        Self {
            prepared: Prepared::new(butterflies, |isa| gf::restore_kernel(isa, &erasures)),
            order,
            erasures,
        }
    }

    /// Returns the indices of the given symbols in the order in which [`Restorer::run`] takes the
    /// symbols.
    pub(crate) fn order(&self) -> &[usize] {
        &self.order
    }

    /// Returns the number of missing source symbols.
    pub(crate) fn missing(&self) -> usize {
        self.erasures.missing.len()
    }

    /// Computes `len` bytes of the missing source symbols, `at` bytes after the start of each slice
    /// of `restored`.
    ///
    /// Each slice of `given` begins with these bytes of a given symbol. With a layout for short
    /// symbols of several codewords, `len` may cover fewer codewords than the layout.
    pub(crate) fn run(
        &self,
        space: &mut CodeSpace,
        layout: &Layout,
        len: usize,
        given: &[&[u8]],
        restored: &mut [&mut [u8]],
        at: usize,
    ) {
        assert!(given.len() == self.order.len() && restored.len() == self.missing());
        let part = Part {
            layout,
            len,
            given,
            restored,
            at,
        };
        match &self.prepared {
            Prepared::Kernel(kernel) => self.by_kernel(&**kernel, space, part),
            Prepared::Crate(engine) => self.by_crate(&**engine, &mut space.work, part),
        }
    }

    /// Restores with the kernel, one chunk per symbol at a time.
    fn by_kernel(&self, kernel: &dyn RestoreKernel, space: &mut CodeSpace, part: Part<'_, '_>) {
        let Part {
            layout,
            len,
            given,
            restored,
            at,
        } = part;
        let work = space.work.chunks(RestoreChunk::work(&self.erasures.code));
        for k in 0..layout.whole {
            kernel.run(RestoreChunk {
                given: GivenSymbols::Slices(given, 64 * k),
                restored: RestoredSymbols::Slices(restored, at + 64 * k),
                work,
            });
        }
        if layout.tail == 0 {
            return;
        }
        let start = 64 * layout.whole;
        let tails = space.tails.chunks(given.len() + restored.len());
        let (sources, targets) = tails.split_at_mut(given.len());
        for (chunk, symbol) in sources.iter_mut().zip(given) {
            take_tail(layout, &symbol[start..], chunk);
        }
        kernel.run(RestoreChunk {
            given: GivenSymbols::Chunks(sources),
            restored: RestoredSymbols::Chunks(targets),
            work,
        });
        for (chunk, symbol) in targets.iter().zip(restored) {
            put_tail(layout, chunk, &mut symbol[at + start..at + len]);
        }
    }

    /// Restores with `reed-solomon-simd`, [`STEP`] chunks per symbol at a time.
    fn by_crate(&self, engine: &dyn Engine, work: &mut Aligned, part: Part<'_, '_>) {
        let Part {
            layout,
            len,
            given,
            restored,
            at,
        } = part;
        let erasures = &self.erasures;
        let chunks = layout.chunks();
        for first in (0..chunks).step_by(STEP) {
            let step = first..chunks.min(first + STEP);
            let chunks = step.len();
            let work = work.chunks(erasures.code.decode_work() * chunks);
            work.fill([0; 64]);
            for (&item, symbol) in self.order.iter().zip(given) {
                let symbol_work = &mut work[erasures.given[item] * chunks..][..chunks];
                for (k, chunk) in step.clone().zip(symbol_work) {
                    match k < layout.whole {
                        true => chunk.copy_from_slice(&symbol[64 * k..][..64]),
                        false => take_tail(layout, &symbol[64 * k..], chunk),
                    }
                }
            }
            restore_transforms(engine, erasures, chunks, work);
            for (&position, symbol) in erasures.missing.iter().zip(&mut *restored) {
                let symbol_work = &work[position * chunks..][..chunks];
                for (k, chunk) in step.clone().zip(symbol_work) {
                    match k < layout.whole {
                        true => symbol[at + 64 * k..][..64].copy_from_slice(chunk),
                        false => put_tail(layout, chunk, &mut symbol[at + 64 * k..at + len]),
                    }
                }
            }
        }
    }
}

impl Butterflies {
    /// Returns the bytes of a [`CodeSpace`] that restores codewords with symbols of at most
    /// `chunks` chunks.
    pub(crate) fn restore_memory(&self, code: &Code, chunks: usize) -> u64 {
        let symbols = match self {
            Self::Kernels(_) => RestoreChunk::work(code) + 2 * code.original,
            Self::Crate(_) => code.decode_work() * chunks.min(STEP),
        };
        64 * symbols as u64
    }
}

/// As [`Layout::take_tail`], but the memory may end with the bytes.
#[inline(always)]
fn take_tail(layout: &Layout, bytes: &[u8], chunk: &mut Chunk) {
    if let Some(bytes) = bytes.first_chunk() {
        return layout.take_tail(bytes, chunk);
    }
    let mut whole = [0; 64];
    whole[..bytes.len()].copy_from_slice(bytes);
    layout.take_tail(&whole, chunk);
}

/// As [`Layout::put_tail`], but overwrites no memory after the bytes.
#[inline(always)]
fn put_tail(layout: &Layout, chunk: &Chunk, bytes: &mut [u8]) {
    let mut whole = [0; 64];
    layout.put_tail(chunk, &mut whole);
    bytes.copy_from_slice(&whole[..bytes.len()]);
}

/// Computes the missing symbols at their positions from the given symbols at their positions, with
/// zeros elsewhere.
fn restore_transforms(engine: &dyn Engine, erasures: &Erasures, chunks: usize, work: &mut [Chunk]) {
    let code = erasures.code;
    let symbols = code.decode_work();
    for &position in &erasures.given {
        let symbol = &mut work[position * chunks..][..chunks];
        engine.mul(symbol, erasures.locator[position]);
    }
    let end = code.positions();
    let mut shards = ShardsRefMut::new(symbols, chunks, work);
    engine.ifft(&mut shards, 0, symbols, end, 0);
    formal_derivative(work, symbols, chunks);
    let mut shards = ShardsRefMut::new(symbols, chunks, work);
    engine.fft(&mut shards, 0, symbols, end, 0);
    for &position in &erasures.missing {
        let symbol = &mut work[position * chunks..][..chunks];
        engine.mul(symbol, GF_MODULUS - erasures.locator[position]);
    }
}

/// Computes the formal derivative of the polynomial whose coefficients are the symbols of `work`.
fn formal_derivative(work: &mut [Chunk], symbols: usize, chunks: usize) {
    for i in 1..symbols {
        let width = 1 << i.trailing_zeros();
        let (head, tail) = work.split_at_mut(i * chunks);
        xor(&mut head[(i - width) * chunks..], &tail[..width * chunks]);
    }
}

#[cfg(test)]
mod tests {
    use reed_solomon_simd::ReedSolomonDecoder;

    use super::*;
    use crate::engine::cpu::rs::extender::tests::{butterflies, bytes, extended};
    use crate::format::index::Axis;
    use crate::format::shape::Shape;

    /// Counts of source and recovery symbols, beside those of committees: equal powers of two
    /// either way, one and many blocks, and twiddles beyond the subfield in every layer and between
    /// blocks.
    const COUNTS: [(usize, usize); 18] = [
        (2, 2),
        (5, 2),
        (4, 6),
        (7, 5),
        (9, 40),
        (33, 31),
        (31, 33),
        (200, 300),
        (600, 700),
        (700, 600),
        (1030, 3),
        (3, 1030),
        // Two to five blocks of 512.
        (300, 400),
        (400, 300),
        (667, 333),
        (334, 666),
        (1500, 400),
        (400, 2000),
    ];

    const WIDTHS: [usize; 9] = [2, 10, 30, 62, 64, 66, 130, 194, 1026];

    /// Returns the missing symbols as `reed-solomon-simd` restores them.
    fn by_crate(code: Code, symbols: &[Vec<u8>], given: &[usize]) -> Vec<Vec<u8>> {
        let width = symbols[0].len();
        let mut decoder = ReedSolomonDecoder::new(code.original, code.recovery, width).unwrap();
        for &index in given {
            match index.checked_sub(code.original) {
                None => decoder.add_original_shard(index, &symbols[index]).unwrap(),
                Some(j) => decoder.add_recovery_shard(j, &symbols[index]).unwrap(),
            }
        }
        let restored = decoder.decode().unwrap();
        let restored = restored.restored_original_iter();
        restored.map(|(_, symbol)| symbol.to_vec()).collect()
    }

    /// Returns `original` random symbols in a random order.
    fn some_given(code: Code, seed: u64) -> Vec<usize> {
        let mut given: Vec<_> = (0..code.original + code.recovery).collect();
        let order = bytes(seed, 2 * given.len());
        given.sort_by_key(|&index| (order[2 * index], order[2 * index + 1]));
        given.truncate(code.original);
        given
    }

    fn check_given(butterflies: &Butterflies, code: Code, given: &[usize], symbols: &[Vec<u8>]) {
        let width = symbols[0].len();
        let restorer = Restorer::new(butterflies, Erasures::new(code, given));
        let slices: Vec<_> = restorer
            .order()
            .iter()
            .map(|&item| &symbols[given[item]][..])
            .collect();
        let mut missing: Vec<_> = (0..code.original).filter(|i| !given.contains(i)).collect();
        missing.sort_unstable();
        let mut space = CodeSpace::default();
        space
            .work
            .chunks(2 * code.decode_work() * STEP)
            .fill([0xdd; 64]);
        space.tails.chunks(4 * code.decode_work()).fill([0xdd; 64]);
        let mut restored = vec![vec![0xee; width + 6]; missing.len()];
        let mut places: Vec<_> = restored.iter_mut().map(|bytes| &mut bytes[..]).collect();
        let layout = Layout::new(width);
        restorer.run(&mut space, &layout, width, &slices, &mut places, 3);
        for (&index, bytes) in missing.iter().zip(&restored) {
            let what = format!("{code:?} {width} {index}");
            assert_eq!(bytes[3..3 + width], symbols[index], "{what}");
            assert_eq!(
                (&bytes[..3], &bytes[3 + width..]),
                (&[0xee; 3][..], &[0xee; 3][..])
            );
        }
    }

    fn check_code(code: Code, seed: u64, width: usize) {
        let symbol = |i| bytes(seed * 1000 + i as u64, width);
        let symbols = extended(code, (0..code.original).map(symbol).collect());
        let given = some_given(code, seed + 77);
        let restored = by_crate(code, &symbols, &given);
        let missing: Vec<_> = (0..code.original).filter(|i| !given.contains(i)).collect();
        for (index, symbol) in missing.iter().zip(&restored) {
            assert_eq!(symbols[*index], *symbol, "reed-solomon-simd");
        }
        for butterflies in &butterflies() {
            check_given(butterflies, code, &given, &symbols);
        }
    }

    #[test]
    fn missing_symbols_are_restored() {
        for (original, recovery) in COUNTS {
            let code = Code::new(original, recovery);
            for (round, width) in WIDTHS.into_iter().enumerate() {
                if original + recovery <= 100 || width <= 66 {
                    check_code(code, round as u64, width);
                }
            }
        }
    }

    #[test]
    fn symbols_of_small_committees_are_restored() {
        for n in (4..=40).chain([100, 500, 1000]) {
            let shape = Shape::new(n, 1).unwrap();
            for axis in Axis::BOTH {
                let original = usize::from(shape.slivers_needed(axis));
                let code = Code::new(original, usize::from(n) - original);
                for (round, width) in [66, 10].into_iter().enumerate() {
                    check_code(code, round as u64 + u64::from(n), width);
                }
            }
        }
    }

    /// Given symbols with none, one, half and all of the recovery symbols.
    #[test]
    fn erasures_in_a_row_are_restored() {
        for (original, recovery) in [(34, 66), (67, 33), (12, 4), (4, 12), (334, 666), (667, 333)] {
            let code = Code::new(original, recovery);
            let symbol = |i| bytes(i as u64, 66);
            let symbols = extended(code, (0..original).map(symbol).collect());
            for first in [0, 1, recovery / 2, recovery] {
                let given: Vec<_> = (first..first + original).collect();
                for butterflies in &butterflies() {
                    check_given(butterflies, code, &given, &symbols);
                }
            }
        }
    }
}
