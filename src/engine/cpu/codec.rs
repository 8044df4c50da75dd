//! The Reed-Solomon code over lines of symbols: which transforms make the recovery symbols, or bring
//! missing source symbols back. The butterflies themselves are in `gf`, or `reed-solomon-simd`'s.
//!
//! A *line* is one code word: a row or a column of the expanded matrix. Short symbols, and the odd
//! ends of long ones, of several lines share a 64-byte chunk, since the code works element by element.

use std::sync::Arc;

use reed_solomon_simd::engine::utils::xor;
use reed_solomon_simd::engine::{self, Engine, GF_MODULUS, ShardsRefMut};

use super::gf::{self, DecodeInPlace, EncodeChunk, Kernels};
use super::isa::Isa;
use super::symbols::{Aligned, Chunk, Layout, Symbols, SymbolsMut};
use crate::code::{Code, Erasures, Rate};

const HALF: usize = 32;

/// How many chunks ahead of a load the memory is asked for: where the same symbol goes on when all
/// others have had their turn a few times.
const AHEAD: usize = 4;

/// Where the next source symbols are.
#[derive(Clone, Copy)]
pub(super) enum Next {
    /// Already in a core's cache.
    Near,
    /// So many bytes behind these ones: those of the next line.
    Line(usize),
}

/// How the butterflies are computed.
pub(super) enum Butterflies {
    /// On one chunk a symbol, by our own kernels.
    Own(Kernels),
    /// On several, by `reed-solomon-simd`'s.
    Crate(CrateEngine),
}

/// One of `reed-solomon-simd`'s engines.
type CrateEngine = Arc<dyn Engine + Send + Sync>;

impl Butterflies {
    /// Those of the instruction set: our own kernels if it has any, or the crate's engine for it.
    pub(super) fn new(isa: Isa) -> Self {
        if let Some(kernels) = Kernels::of(isa) {
            return Self::Own(kernels);
        }
        Self::Crate(match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Ssse3(_) => Arc::new(engine::Ssse3::new()),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon(_) => Arc::new(engine::Neon::new()),
            _ => Arc::new(engine::NoSimd::new()),
        })
    }

    /// How many bytes of a symbol go through the transforms at once: 1,024 symbols of this size stay
    /// within a core's second-level cache, and of one chunk nearly within the first.
    fn step(&self) -> usize {
        match self {
            Self::Own(_) => 64,
            Self::Crate(_) => 512,
        }
    }

    /// The bytes that a [`LineCodec`] works in for so many symbols.
    pub(super) fn work_memory(&self, symbols: usize) -> u64 {
        symbols as u64 * self.step() as u64
    }
}

/// The kernels with the tables that they need, or an engine, which has its own.
enum Tables<T> {
    Own(T),
    Crate(CrateEngine),
}

impl<T> Tables<T> {
    fn new(butterflies: &Butterflies, own: impl FnOnce(Kernels) -> T) -> Self {
        match butterflies {
            Butterflies::Own(kernels) => Self::Own(own(*kernels)),
            Butterflies::Crate(engine) => Self::Crate(Arc::clone(engine)),
        }
    }
}

/// A code made ready for encoding: once a job, shared by its threads.
pub(super) struct Encoding {
    code: Code,
    tables: Tables<gf::Encoding>,
}

impl Encoding {
    pub(super) fn new(butterflies: &Butterflies, code: Code) -> Self {
        Self {
            code,
            tables: Tables::new(butterflies, |kernels| gf::Encoding::new(kernels, code)),
        }
    }

    pub(super) fn code(&self) -> &Code {
        &self.code
    }
}

/// A set of erasures made ready for decoding: once a job, shared by its threads.
pub(super) struct Decoding {
    erasures: Erasures,
    tables: Tables<gf::Decoding>,
}

impl Decoding {
    pub(super) fn new(butterflies: &Butterflies, erasures: Erasures) -> Self {
        Self {
            tables: Tables::new(butterflies, |kernels| gf::Decoding::new(kernels, &erasures)),
            erasures,
        }
    }
}

/// Runs a code over lines. One a thread; the work memory is kept from call to call.
pub(super) struct LineCodec<'a> {
    butterflies: &'a Butterflies,
    work: Vec<Chunk>,
}

/// What a thread encodes in, kept from use to use.
#[derive(Default)]
pub(super) struct CodeSpace {
    work: Aligned,
    tails: Aligned,
}

impl Encoding {
    /// Makes the recovery symbols from the source symbols, of which those past the first `inputs`
    /// are zero, whatever they hold.
    ///
    /// Symbols have room for whole chunks: what lies behind their bytes there is overwritten.
    pub(super) fn run(
        &self,
        space: &mut CodeSpace,
        layout: &Layout,
        inputs: usize,
        input: Symbols<'_>,
        output: &mut SymbolsMut<'_>,
        next: Next,
    ) {
        match &self.tables {
            Tables::Own(own) => {
                let space = (&mut space.work, &mut space.tails);
                self.by_own(own, space, layout, inputs, input, output, next);
            }
            Tables::Crate(engine) => {
                self.by_crate(&**engine, &mut space.work, layout, inputs, input, output);
            }
        }
    }

    fn by_own(
        &self,
        own: &gf::Encoding,
        (work, tails): (&mut Aligned, &mut Aligned),
        layout: &Layout,
        inputs: usize,
        input: Symbols<'_>,
        output: &mut SymbolsMut<'_>,
        next: Next,
    ) {
        let ahead = |k: usize| match next {
            Next::Near => 0,
            // The same symbols' chunks to come, and then the next line's.
            Next::Line(_) if k + AHEAD < layout.whole => 64 * AHEAD,
            Next::Line(distance) => {
                let chunk = (k + AHEAD - layout.whole) % layout.whole;
                (distance + 64 * chunk).saturating_sub(64 * k)
            }
        };
        let code = self.code;
        let work = work.chunks(EncodeChunk::work(&code));
        for k in 0..layout.whole {
            own.run(EncodeChunk {
                input,
                inputs,
                output,
                at: 64 * k,
                ahead: ahead(k),
                work,
            });
        }
        if layout.tail == 0 {
            return;
        }
        let at = 64 * layout.whole;
        let tails = tails.chunks(code.original + code.recovery);
        let (sources, recovery) = tails.split_at_mut(code.original);
        for (i, chunk) in sources[..inputs].iter_mut().enumerate() {
            layout.take_tail(input.chunk(i, at), chunk);
        }
        own.run(EncodeChunk {
            input: Symbols::new(sources.as_flattened(), 64, inputs, 64),
            inputs,
            output: &mut SymbolsMut::new(recovery.as_flattened_mut(), 64, code.recovery, 64),
            at: 0,
            ahead: 0,
            work,
        });
        for (j, chunk) in recovery.iter().enumerate() {
            layout.put_tail(chunk, output.chunk(j, at));
        }
    }

    fn by_crate(
        &self,
        engine: &dyn Engine,
        work: &mut Aligned,
        layout: &Layout,
        inputs: usize,
        input: Symbols<'_>,
        output: &mut SymbolsMut<'_>,
    ) {
        let code = self.code;
        let chunks = layout.chunks();
        let work = work.chunks(code.encode_work() * chunks);
        for (i, symbol) in work.chunks_exact_mut(chunks).enumerate().take(inputs) {
            for (k, chunk) in symbol[..layout.whole].iter_mut().enumerate() {
                *chunk = *input.chunk(i, 64 * k);
            }
            if layout.tail > 0 {
                let bytes = input.chunk(i, 64 * layout.whole);
                layout.take_tail(bytes, &mut symbol[layout.whole]);
            }
        }
        work[inputs * chunks..code.original * chunks].fill([0; 64]);
        encode_transforms(engine, code, chunks, work);
        for (j, symbol) in work.chunks_exact(chunks).enumerate().take(code.recovery) {
            for (k, chunk) in symbol[..layout.whole].iter().enumerate() {
                *output.chunk(j, 64 * k) = *chunk;
            }
            if layout.tail > 0 {
                let bytes = output.chunk(j, 64 * layout.whole);
                layout.put_tail(&symbol[layout.whole], bytes);
            }
        }
    }
}

impl Butterflies {
    /// The bytes of a [`CodeSpace`] for symbols of at most `chunks` chunks.
    pub(super) fn encode_memory(&self, code: &Code, chunks: usize) -> u64 {
        let symbols = match self {
            Self::Own(_) => EncodeChunk::work(code) + code.original + code.recovery,
            Self::Crate(_) => code.encode_work() * chunks,
        };
        64 * symbols as u64
    }
}

/// The part of some lines' symbols that goes through the transforms together.
#[derive(Clone, Debug)]
struct Pass {
    first_line: usize,
    lines: usize,
    /// The bytes of each line's symbol.
    start: usize,
    len: usize,
}

impl Pass {
    /// The chunks of a work symbol.
    fn chunks(&self) -> usize {
        if self.lines == 1 {
            self.len.div_ceil(64)
        } else {
            1
        }
    }

    /// Calls `run` for every pass that `lines` symbols of `width` bytes take.
    fn for_each(step: usize, lines: usize, width: usize, mut run: impl FnMut(Self)) {
        let tail = width % 64;
        let together = 64usize.checked_div(tail).unwrap_or(1).min(lines);
        // A tail that has its chunk to itself goes with the rest of its symbol.
        let alone = if together == 1 { width } else { width - tail };
        for first_line in 0..lines {
            for start in (0..alone).step_by(step) {
                run(Self {
                    first_line,
                    lines: 1,
                    start,
                    len: step.min(alone - start),
                });
            }
        }
        if together > 1 {
            for first_line in (0..lines).step_by(together) {
                run(Self {
                    first_line,
                    lines: together.min(lines - first_line),
                    start: width - tail,
                    len: tail,
                });
            }
        }
    }

    /// Puts one work symbol together.
    #[inline(always)]
    fn load<'s>(&self, work: &mut [Chunk], symbol: impl Fn(usize) -> &'s [u8]) {
        if self.len == 64 {
            // The usual case, with a length that the compiler knows.
            let bytes = &symbol(self.first_line)[self.start..][..64];
            gf::prefetch(bytes, 64 * AHEAD);
            work[0].copy_from_slice(bytes);
            return;
        }
        if self.lines == 1 {
            let bytes = &symbol(self.first_line)[self.start..][..self.len];
            let whole = self.len / 64;
            let (chunks, tail) = bytes.split_at(whole * 64);
            work[..whole].as_flattened_mut().copy_from_slice(chunks);
            if !tail.is_empty() {
                work[whole].fill(0);
                let (low, high) = tail.split_at(tail.len() / 2);
                work[whole][..low.len()].copy_from_slice(low);
                work[whole][HALF..][..high.len()].copy_from_slice(high);
            }
            return;
        }
        work[0].fill(0);
        let half = self.len / 2;
        for line in 0..self.lines {
            let bytes = &symbol(self.first_line + line)[self.start..][..self.len];
            let (low, high) = bytes.split_at(half);
            work[0][line * half..][..half].copy_from_slice(low);
            work[0][HALF + line * half..][..half].copy_from_slice(high);
        }
    }

    /// Takes one work symbol apart; `place(line, start, bytes)` puts bytes into a line's symbol.
    #[inline(always)]
    fn store(&self, work: &mut [Chunk], mut place: impl FnMut(usize, usize, &[u8])) {
        if self.len == 64 {
            place(self.first_line, self.start, &work[0][..64]);
            return;
        }
        if self.lines == 1 {
            let (whole, tail) = (self.len / 64, self.len % 64);
            if tail > 0 {
                work[whole].copy_within(HALF..HALF + tail / 2, tail / 2);
            }
            let bytes = &work.as_flattened()[..self.len];
            place(self.first_line, self.start, bytes);
            return;
        }
        let half = self.len / 2;
        for line in 0..self.lines {
            let mut bytes = [0; 64];
            bytes[..half].copy_from_slice(&work[0][line * half..][..half]);
            bytes[half..self.len].copy_from_slice(&work[0][HALF + line * half..][..half]);
            place(self.first_line + line, self.start, &bytes[..self.len]);
        }
    }
}

impl<'a> LineCodec<'a> {
    pub(super) fn new(butterflies: &'a Butterflies) -> Self {
        Self {
            butterflies,
            work: Vec::new(),
        }
    }

    /// Brings the missing source symbols of `lines` lines back.
    ///
    /// `given(line, k)` is the `k`-th given symbol; `put(line, m, start, bytes)` takes bytes of the
    /// `m`-th missing source symbol, from byte `start` of the symbol on.
    pub(super) fn decode<'s>(
        &mut self,
        decoding: &Decoding,
        lines: usize,
        width: usize,
        given: impl Fn(usize, usize) -> &'s [u8],
        mut put: impl FnMut(usize, usize, usize, &[u8]),
    ) {
        let erasures = &decoding.erasures;
        let code = erasures.code;
        Pass::for_each(self.butterflies.step(), lines, width, |pass| {
            let chunks = pass.chunks();
            let symbols = code.decode_work();
            let work = grown(&mut self.work, symbols * chunks);
            work.fill([0; 64]);
            for (k, &position) in erasures.given.iter().enumerate() {
                let symbol = &mut work[position * chunks..][..chunks];
                pass.load(symbol, |line| given(line, k));
            }
            match &decoding.tables {
                Tables::Own(own) => own.run(DecodeInPlace(work)),
                Tables::Crate(engine) => decode_transforms(&**engine, erasures, chunks, work),
            }
            for (m, &position) in erasures.missing.iter().enumerate() {
                let symbol = &mut work[position * chunks..][..chunks];
                pass.store(symbol, |line, start, bytes| put(line, m, start, bytes));
            }
        });
    }
}

/// The first `len` chunks of `work`, grown as needed. What they hold is unspecified.
fn grown(work: &mut Vec<Chunk>, len: usize) -> &mut [Chunk] {
    if work.len() < len {
        work.resize(len, [0; 64]);
    }
    &mut work[..len]
}

/// From the source symbols at the front of `work` to the recovery symbols there.
fn encode_transforms(engine: &dyn Engine, code: Code, chunks: usize, work: &mut [Chunk]) {
    let Code {
        rate,
        original,
        recovery,
        chunk,
    } = code;
    let symbols = code.encode_work();
    let block = chunk * chunks;
    match rate {
        Rate::High => {
            // The blocks' inverse transforms add up; one transform of the sum is the answer.
            work[original * chunks..].fill([0; 64]);
            let mut shards = ShardsRefMut::new(symbols, chunks, work);
            for start in (0..original).step_by(chunk) {
                let inputs = chunk.min(original - start);
                engine.ifft(&mut shards, start, chunk, inputs, start + chunk);
            }
            let (sum, rest) = work.split_at_mut(block);
            for addend in rest.chunks_exact(block) {
                xor(sum, addend);
            }
            let mut shards = ShardsRefMut::new(symbols, chunks, work);
            engine.fft(&mut shards, 0, chunk, recovery, 0);
        }
        Rate::Low => {
            // One inverse transform; each block of recovery symbols is a transform of it.
            work[original * chunks..block].fill([0; 64]);
            let mut shards = ShardsRefMut::new(symbols, chunks, work);
            engine.ifft(&mut shards, 0, chunk, original, 0);
            for start in (chunk..recovery).step_by(chunk) {
                work.copy_within(..block, start * chunks);
            }
            let mut shards = ShardsRefMut::new(symbols, chunks, work);
            for start in (0..recovery).step_by(chunk) {
                let outputs = chunk.min(recovery - start);
                engine.fft(&mut shards, start, chunk, outputs, start + chunk);
            }
        }
    }
}

/// From the given symbols at their positions, zeros elsewhere, to the missing ones at theirs.
fn decode_transforms(engine: &dyn Engine, erasures: &Erasures, chunks: usize, work: &mut [Chunk]) {
    let code = erasures.code;
    let symbols = code.decode_work();
    for &position in &erasures.given {
        let symbol = &mut work[position * chunks..][..chunks];
        engine.mul(symbol, erasures.locator[position]);
    }
    let end = match code.rate {
        Rate::High => code.chunk + code.original,
        Rate::Low => code.chunk + code.recovery,
    };
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

/// The formal derivative of the polynomial that the work symbols are the coefficients of.
fn formal_derivative(work: &mut [Chunk], symbols: usize, chunks: usize) {
    for i in 1..symbols {
        let width = 1 << i.trailing_zeros();
        let (head, tail) = work.split_at_mut(i * chunks);
        xor(&mut head[(i - width) * chunks..], &tail[..width * chunks]);
    }
}

#[cfg(test)]
mod encode_tests;

#[cfg(test)]
mod tests {
    use super::*;
    use reed_solomon_simd::ReedSolomonEncoder;

    /// Every way to compute the butterflies that this processor has.
    fn butterflies() -> Vec<Butterflies> {
        Isa::available().into_iter().map(Butterflies::new).collect()
    }

    fn bytes(seed: u64, len: usize) -> Vec<u8> {
        let mut x = seed;
        let next = |_| {
            x = x
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (x >> 56) as u8
        };
        (0..len).map(next).collect()
    }

    /// `lines` lines of source symbols and their recovery symbols as the crate computes them.
    fn expected(code: Code, lines: usize, width: usize) -> Vec<Vec<Vec<u8>>> {
        let source = |line| {
            let symbol = |i| bytes((line * 1000 + i) as u64 + 1, width);
            (0..code.original).map(symbol).collect()
        };
        (0..lines)
            .map(|line| extended(code, source(line)))
            .collect()
    }

    /// Source symbols, and the recovery symbols that the crate makes of them.
    fn extended(code: Code, mut symbols: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        let width = symbols[0].len();
        let mut crate_code = ReedSolomonEncoder::new(code.original, code.recovery, width).unwrap();
        for symbol in &symbols {
            crate_code.add_original_shard(symbol).unwrap();
        }
        let recovery = crate_code.encode().unwrap();
        symbols.extend(recovery.recovery_iter().map(<[u8]>::to_vec));
        symbols
    }

    /// Both rates, equal powers of two either way, one and several blocks, and factors
    /// beyond the subfield in every layer.
    const COUNTS: [(usize, usize); 13] = [
        (2, 2),
        (3, 1),
        (5, 2),
        (4, 6),
        (7, 5),
        (34, 66),
        (67, 33),
        (21, 10),
        (9, 40),
        (200, 300),
        (600, 700),
        (1030, 3),
        (3, 1030),
    ];

    /// Codes of many symbols are tried on a few bytes of each.
    fn is_tried(code: Code, lines: usize, width: usize) -> bool {
        code.original + code.recovery <= 100 || lines <= 2 && width <= 66
    }

    const WIDTHS: [usize; 10] = [2, 4, 10, 30, 62, 64, 66, 130, 450, 1026];

    #[test]
    fn recovery_symbols_equal_the_crate_s() {
        for butterflies in &butterflies() {
            let mut space = CodeSpace::default();
            for (original, recovery) in COUNTS {
                let code = Code::new(original, recovery);
                let encoding = Encoding::new(butterflies, code);
                for width in WIDTHS {
                    if !is_tried(code, 1, width) {
                        continue;
                    }
                    let expected = &expected(code, 1, width)[0];
                    for inputs in [original, original / 2, 1] {
                        let mut symbols = expected.clone();
                        symbols[inputs..original].iter_mut().for_each(|s| s.fill(0));
                        let symbols = extended(code, symbols[..original].to_vec());
                        let room = width.next_multiple_of(64);
                        let stride = room + 64;
                        let poison = |count| vec![0xee; count * stride + 64];
                        let mut input = poison(original);
                        for (i, symbol) in symbols[..inputs].iter().enumerate() {
                            input[i * stride..][..width].copy_from_slice(symbol);
                        }
                        space.work.chunks(4 * 2048).fill([0xdd; 64]);
                        space.tails.chunks(2 * 2048).fill([0xdd; 64]);
                        let mut output = poison(recovery);
                        encoding.run(
                            &mut space,
                            &Layout::new(width),
                            inputs,
                            Symbols::new(&input, stride, original, room),
                            &mut SymbolsMut::new(&mut output, stride, recovery, room),
                            [Next::Near, Next::Line(stride)][inputs % 2],
                        );
                        for (j, symbol) in symbols[original..].iter().enumerate() {
                            let got = &output[j * stride..];
                            assert_eq!(got[..width], symbol[..], "{code:?} {width} {inputs}");
                            assert!(got[room..room + 64].iter().all(|&byte| byte == 0xee));
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn missing_symbols_come_back() {
        for butterflies in &butterflies() {
            let mut codec = LineCodec::new(butterflies);
            for (original, recovery) in COUNTS {
                let code = Code::new(original, recovery);
                for (round, width) in WIDTHS.into_iter().enumerate() {
                    let lines = [1, 2, 5, 33][round % 4];
                    if !is_tried(code, lines, width) {
                        continue;
                    }
                    let symbols = expected(code, lines, width);
                    // Any `original` of the symbols, in an order of their own.
                    let mut given: Vec<_> = (0..original + recovery).collect();
                    let order = bytes(round as u64 + 77, given.len());
                    given.sort_by_key(|&index| order[index]);
                    given.truncate(original);
                    let decoding = Decoding::new(butterflies, Erasures::new(code, &given));
                    let missing: Vec<_> = (0..original).filter(|i| !given.contains(i)).collect();
                    assert_eq!(decoding.erasures.missing.len(), missing.len());
                    let mut got = vec![vec![vec![0xee; width]; missing.len()]; lines];
                    codec.work.fill([0xdd; 64]);
                    codec.decode(
                        &decoding,
                        lines,
                        width,
                        |line, k| symbols[line][given[k]].as_slice(),
                        |line, m, start, bytes| {
                            got[line][m][start..start + bytes.len()].copy_from_slice(bytes);
                        },
                    );
                    for line in 0..lines {
                        for (m, &index) in missing.iter().enumerate() {
                            assert_eq!(got[line][m], symbols[line][index], "{code:?} {width}");
                        }
                    }
                }
            }
        }
    }
}
