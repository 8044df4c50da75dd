//! Single codewords: extended and restored by byte ranges of their symbols, hashed by groups of
//! symbols.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::codeword_pipeline::{CodewordPipeline, CodewordTask};
use super::cpu_engine::{CachedDecoding, CpuEngine};
use super::hash::{LaneStates, LeafHasher, StripeStates, Tile};
use super::rs::restorer::Restorer;
use super::symbol_chunks::Layout;
use crate::code::{Code, Erasures};
use crate::engine::{CodewordBatch, CodewordOps, RestoredCodeword, STRIPE_UNIT};
use crate::format::commitment::{Commitment, Digest};
use crate::format::error::{Error, Result};
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::support::memory::{collected, filled, with_capacity};

/// Largest and smallest number of bytes of a symbol that a thread takes at once. Waking a thread
/// takes 0.1 ms or more, and in that time a thread computes a kilobyte of every symbol.
const MOST: u32 = 4096;
const LEAST: u32 = 2048;

/// Number of cached decodings. Each has some hundreds of kilobytes at 1,000 shards.
const DECODINGS: usize = 4;

/// Largest number of bytes that the calling thread hashes alone, since waking threads takes time.
const HERE: usize = if cfg!(test) { 64 << 10 } else { 2 << 20 };

/// Number of symbols that a thread hashes at once.
const SYMBOLS: usize = 64;

/// Bytes that the hashes read before and after the bytes of a symbol.
const BEFORE: usize = 64;
const AFTER: usize = 128;

impl CpuEngine {
    /// Splits a byte range of symbols into parts, enough for all threads if the range is long. The
    /// lengths of all parts but the last are multiples of [`STRIPE_UNIT`].
    fn parts(
        &self,
        range: Range<u32>,
        codewords: usize,
    ) -> impl Iterator<Item = Range<u32>> + use<> {
        let len = range.end - range.start;
        let threads = self.threads().div_ceil(codewords.max(1)) as u32;
        let width = len.div_ceil(threads).clamp(LEAST, MOST);
        let width = width.next_multiple_of(STRIPE_UNIT);
        let starts = range.clone().step_by(width as usize);
        starts.map(move |start| start..range.end.min(start + width))
    }

    /// Returns the decoding of a code from the given symbols. Making one takes a millisecond or
    /// two, so the latest are kept for the next codewords of the same slivers.
    fn decoding(&self, code: Code, given: Vec<usize>) -> Arc<Restorer> {
        let decodings = || {
            self.decodings
                .lock()
                .expect("nothing panics under the lock")
        };
        let is_it = |made: &&CachedDecoding| made.code == code && made.given == given;
        if let Some(made) = decodings().iter().find(is_it) {
            return Arc::clone(&made.decoding);
        }
        // Not under the lock: memory may be missing, and that unwinds.
        let erasures = Erasures::new(code, &given);
        let decoding = Arc::new(Restorer::new(&self.butterflies, erasures));
        let made = CachedDecoding {
            code,
            given,
            decoding: Arc::clone(&decoding),
        };
        let mut decodings = decodings();
        if decodings.len() == DECODINGS {
            decodings.pop_front();
        }
        decodings.push_back(made);
        decoding
    }
}

impl CodewordOps for CpuEngine {
    fn extend(
        &self,
        shape: &Shape,
        axis: Axis,
        symbols: &mut [u8],
        control: &Control,
    ) -> Result<()> {
        let size = shape.symbol_size() as usize;
        let encoding = self.encoding(shape, axis);
        let original = encoding.code().original;
        assert_eq!(symbols.len(), usize::from(shape.n_shards()) * size);
        let (sources, recovery) = symbols.split_at_mut(original * size);
        let sources = &*sources;
        let parts = collected(self.parts(0..shape.symbol_size(), 1));
        let recovery_count = encoding.code().recovery;
        let mut pieces = collected((0..parts.len()).map(|_| with_capacity(recovery_count)));
        for symbol in recovery.chunks_exact_mut(size) {
            let mut rest = symbol;
            for (part, pieces) in parts.iter().zip(&mut pieces) {
                let (piece, after) = rest.split_at_mut(part.len());
                pieces.push(piece);
                rest = after;
            }
        }
        // Any commitment serves: nothing is hashed.
        let leaves = LeafHasher::new(Commitment::Blake2b256, self.isa, shape.symbol_size());
        let extend = |(part, mut pieces): (Range<u32>, Vec<&mut [u8]>)| {
            control.check()?;
            let start = part.start as usize;
            let lines = CodewordPipeline {
                extender: &encoding,
                leaves,
                zeros: original..original,
                range: part,
                step: self.step(shape),
                state_len: leaves.state_len(),
                short: None,
            };
            let work = CodewordTask {
                hash: false,
                states: None,
                digests: &mut [],
            };
            self.with_space(|space| {
                let source = |_, i: usize| &sources[i * size + start..];
                let mut emit = |emitted: super::codeword_pipeline::SymbolPart<'_>| {
                    if let Some(recovery) = emitted.symbol.checked_sub(original) {
                        let bytes = emitted.bytes.alone();
                        pieces[recovery][emitted.start..][..bytes.len()].copy_from_slice(bytes);
                    }
                };
                lines.run(space, 1, source, work, Some(&mut emit));
            });
            Ok(())
        };
        let work = collected(parts.into_iter().zip(pieces));
        match work.len() {
            1 => work.into_iter().try_for_each(extend),
            _ => self
                .pool
                .install(|| work.into_par_iter().try_for_each(extend)),
        }
    }

    fn restore(
        &self,
        codewords: &CodewordBatch<'_>,
        control: &Control,
    ) -> Result<Vec<RestoredCodeword>> {
        let code = Self::expanding(&codewords.shape, codewords.axis.other());
        let indices = collected(codewords.given.iter().map(|index| usize::from(index.0)));
        let mut items = filled(None, code.original + code.recovery);
        for (item, &index) in indices.iter().enumerate() {
            items[index] = Some(item);
        }
        let wanted = codewords.wanted.clone();
        let (original, size) = (code.original, codewords.shape.symbol_size() as usize);
        let is_missing = |symbol: &usize| items[*symbol].is_none();
        let decoding = wanted.clone().any(|symbol| is_missing(&symbol));
        let decoding = decoding.then(|| self.decoding(code, indices));
        // Number of missing symbols before the requested range.
        let first = (0..wanted.start).filter(is_missing).count();
        let parts = collected(self.parts(codewords.range.clone(), codewords.count));
        let restore = |codeword: usize, part: &Range<u32>| {
            control.check()?;
            let (start, width) = (part.start as usize, part.len());
            let symbol = |item| &(codewords.symbol)(codeword, item)[start..];
            let decode = |decoding: &Restorer, mut places: Vec<&mut [u8]>| {
                let order = decoding.order().iter();
                let given = collected(order.map(|&item| symbol(item)));
                self.with_space(|space| {
                    let layout = Layout::new(width);
                    let space = &mut space.code;
                    decoding.run(space, &layout, width, &given, &mut places, 0);
                });
            };
            let mut bytes;
            if wanted == (0..original) {
                // A single part has capacity for the recovery symbols too, by which the caller
                // extends it.
                let symbols = if width == size { items.len() } else { original };
                bytes = with_capacity(symbols * width);
                bytes.resize(original * width, 0);
                let mut places = with_capacity(original);
                for (item, place) in items.iter().zip(bytes.chunks_exact_mut(width)) {
                    match item {
                        Some(item) => place.copy_from_slice(&symbol(*item)[..width]),
                        None => places.push(place),
                    }
                }
                if let Some(decoding) = &decoding {
                    decode(decoding, places);
                }
            } else {
                let mut missing = Vec::new();
                if let Some(decoding) = &decoding {
                    missing = filled(0, decoding.missing() * width);
                    decode(decoding, collected(missing.chunks_exact_mut(width)));
                }
                let mut restored = missing.chunks_exact(width).skip(first);
                bytes = with_capacity(wanted.len() * width);
                for item in &items[wanted.clone()] {
                    bytes.extend_from_slice(match item {
                        Some(item) => &symbol(*item)[..width],
                        None => restored.next().expect("what is missing is restored"),
                    });
                }
            }
            Ok::<_, Error>(RestoredCodeword {
                codeword,
                range: part.clone(),
                bytes,
            })
        };
        if let ([part], 1) = (&parts[..], codewords.count) {
            return Ok(vec![restore(0, part)?]);
        }
        let tasks = collected(
            (0..codewords.count)
                .flat_map(|codeword| parts.iter().map(move |part| (codeword, part))),
        );
        let mut restored = collected(tasks.iter().map(|_| None));
        self.pool.install(|| {
            let tasks = tasks.into_par_iter().zip(&mut restored);
            tasks.try_for_each(|((codeword, part), place)| {
                *place = Some(restore(codeword, part)?);
                Ok::<_, Error>(())
            })
        })?;
        let restored = restored.into_iter();
        Ok(collected(
            restored.map(|restored| restored.expect("all were restored")),
        ))
    }

    fn hash_symbols(&self, commitment: Commitment, symbols: &[&[u8]], leaves: &mut [Digest]) {
        assert_eq!(symbols.len(), leaves.len());
        let Some(first) = symbols.first() else {
            return;
        };
        let size = first.len() as u32;
        assert!(symbols.iter().all(|symbol| symbol.len() == first.len()));
        let hasher = LeafHasher::new(commitment, self.isa, size);
        let hash = |scratch: &mut SymbolScratch, symbols: &[&[u8]], leaves: &mut [Digest]| {
            let groups = symbols.chunks(hasher.group());
            for (symbols, leaves) in groups.zip(leaves.chunks_mut(hasher.group())) {
                scratch.hash(hasher, 0..size, symbols, &mut [], leaves);
            }
        };
        if symbols.len() * first.len() <= HERE {
            return hash(&mut SymbolScratch::default(), symbols, leaves);
        }
        self.pool.install(|| {
            let tasks = symbols.par_chunks(SYMBOLS);
            let tasks = tasks.zip(leaves.par_chunks_mut(SYMBOLS));
            tasks.for_each_init(SymbolScratch::default, |scratch, (symbols, leaves)| {
                hash(scratch, symbols, leaves);
            });
        });
    }
}

/// Buffers of a thread that hashes symbols which are not contiguous.
#[derive(Default)]
pub(crate) struct SymbolScratch {
    tile: Vec<u8>,
    kept: LaneStates,
}

impl SymbolScratch {
    /// Absorbs the bytes `range` of a group of symbols. `symbols` are the bytes of that range;
    /// `states` are the hash states before and after it, one per symbol, and empty if the range is
    /// the whole symbol. The end of the symbol writes the digests to `leaves`.
    pub(crate) fn hash(
        &mut self,
        hasher: LeafHasher,
        range: Range<u32>,
        symbols: &[&[u8]],
        states: &mut [u8],
        leaves: &mut [Digest],
    ) {
        let step = (range.end - range.start).min(MOST);
        // Whole hash blocks, and an odd number of cache lines, so that symbols do not share cache
        // sets.
        let stride = BEFORE + (step as usize).next_multiple_of(128);
        let len = symbols.len() * stride + AFTER;
        if self.tile.len() < len {
            self.tile = filled(0, len);
        }
        for start in range.clone().step_by(step as usize) {
            let part = start..range.end.min(start + step);
            let [from, to] = [part.start, part.end].map(|at| (at - range.start) as usize);
            for (place, symbol) in self.tile.chunks_mut(stride).zip(symbols) {
                // The byte before is left from the last step.
                place[BEFORE..][..to - from].copy_from_slice(&symbol[from..to]);
            }
            let tile = Tile {
                bytes: &mut self.tile[..len],
                first: BEFORE,
                pitch: stride,
                count: symbols.len(),
                skip: 0..0,
            };
            let several = !states.is_empty();
            let is_last = part.end == hasher.symbol_size();
            let stripe = StripeStates {
                begins: several && start == range.start && start > 0,
                ends: several && part.end == range.end && !is_last,
                bytes: &mut *states,
                len: hasher.state_len(),
            };
            hasher.absorb(part, tile, &mut self.kept, stripe, leaves, &mut |_, _| {});
        }
    }
}
