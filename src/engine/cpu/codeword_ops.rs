//! Single words, shared out to threads by bytes of their symbols, and hashed by groups of symbols.

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

/// The most and the least bytes of a symbol that a thread takes at once: to wake another one takes
/// a tenth of a millisecond or more, in which a kilobyte of each is done.
const MOST: u32 = 4096;
const LEAST: u32 = 2048;

/// How many sets of given symbols are kept: some hundreds of kilobytes each at 1,000 shards.
const DECODINGS: usize = 4;

/// The most bytes that are hashed by the thread that asks for it, for the same reason.
const HERE: usize = if cfg!(test) { 64 << 10 } else { 2 << 20 };

/// How many symbols a thread hashes at once.
const SYMBOLS: usize = 64;

/// What the hashes read before a symbol's bytes and behind them.
const BEFORE: usize = 64;
const AFTER: usize = 128;

impl CpuEngine {
    /// The bytes of symbols in parts, enough for all threads if they are long. All but the last are
    /// multiples of [`STRIPE_UNIT`].
    fn parts(&self, range: Range<u32>, words: usize) -> impl Iterator<Item = Range<u32>> + use<> {
        let len = range.end - range.start;
        let threads = self.threads().div_ceil(words.max(1)) as u32;
        let width = len.div_ceil(threads).clamp(LEAST, MOST);
        let width = width.next_multiple_of(STRIPE_UNIT);
        let starts = range.clone().step_by(width as usize);
        starts.map(move |start| start..range.end.min(start + width))
    }

    /// What decoding from the given symbols of a code needs to know: made in a millisecond or two,
    /// and kept for the next words of the same slivers.
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
        // Not under the lock: memory may be missing.
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
    fn both(&self, one: &mut (dyn FnMut() + Send), other: &mut (dyn FnMut() + Send)) {
        match self.threads() > 1 && rayon::current_thread_index().is_none() {
            // This thread is awake. Two of the pool's would have to wake up, and may find
            // themselves on one core.
            true => self.pool.in_place_scope(|scope| {
                scope.spawn(|_| one());
                other();
            }),
            false => {
                self.pool.install(|| rayon::join(one, other));
            }
        }
    }

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
        // Every part has its piece of every recovery symbol.
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
        // Its kind does not matter: nothing is hashed.
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
        words: &CodewordBatch<'_>,
        control: &Control,
    ) -> Result<Vec<RestoredCodeword>> {
        let code = Self::expanding(&words.shape, words.axis.other());
        let indices = collected(words.given.iter().map(|index| usize::from(index.0)));
        let mut items = filled(None, code.original + code.recovery);
        for (item, &index) in indices.iter().enumerate() {
            items[index] = Some(item);
        }
        let wanted = words.wanted.clone();
        let (original, size) = (code.original, words.shape.symbol_size() as usize);
        let is_missing = |symbol: &usize| items[*symbol].is_none();
        let decoding = wanted.clone().any(|symbol| is_missing(&symbol));
        let decoding = decoding.then(|| self.decoding(code, indices));
        // How many of the missing symbols stand before the wanted ones.
        let first = (0..wanted.start).filter(is_missing).count();
        let parts = collected(self.parts(words.range.clone(), words.count));
        let restore = |word: usize, part: &Range<u32>| {
            control.check()?;
            let (start, width) = (part.start as usize, part.len());
            let symbol = |item| &(words.symbol)(word, item)[start..];
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
                // With room for what the word is extended by, where one part has all of it.
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
                word,
                range: part.clone(),
                bytes,
            })
        };
        if let ([part], 1) = (&parts[..], words.count) {
            return Ok(vec![restore(0, part)?]);
        }
        let tasks =
            collected((0..words.count).flat_map(|word| parts.iter().map(move |part| (word, part))));
        let mut restored = collected(tasks.iter().map(|_| None));
        self.pool.install(|| {
            let tasks = tasks.into_par_iter().zip(&mut restored);
            tasks.try_for_each(|((word, part), place)| {
                *place = Some(restore(word, part)?);
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
        let hash = |scratch: &mut Scratch, symbols: &[&[u8]], leaves: &mut [Digest]| {
            let groups = symbols.chunks(hasher.group());
            for (symbols, leaves) in groups.zip(leaves.chunks_mut(hasher.group())) {
                scratch.hash(hasher, size, symbols, leaves);
            }
        };
        if symbols.len() * first.len() <= HERE {
            return hash(&mut Scratch::default(), symbols, leaves);
        }
        self.pool.install(|| {
            let tasks = symbols.par_chunks(SYMBOLS);
            let tasks = tasks.zip(leaves.par_chunks_mut(SYMBOLS));
            tasks.for_each_init(Scratch::default, |scratch, (symbols, leaves)| {
                hash(scratch, symbols, leaves);
            });
        });
    }
}

/// What a thread hashes symbols in that lie apart.
#[derive(Default)]
struct Scratch {
    tile: Vec<u8>,
    kept: LaneStates,
}

impl Scratch {
    /// Hashes a group of symbols.
    fn hash(&mut self, hasher: LeafHasher, size: u32, symbols: &[&[u8]], leaves: &mut [Digest]) {
        let step = size.min(MOST);
        // Room for whole blocks, and then an odd number of lines of the cache.
        let stride = BEFORE + (step as usize).next_multiple_of(128);
        let len = symbols.len() * stride + AFTER;
        if self.tile.len() < len {
            self.tile = filled(0, len);
        }
        for start in (0..size).step_by(step as usize) {
            let range = start..size.min(start + step);
            let [from, to] = [range.start, range.end].map(|at| at as usize);
            for (place, symbol) in self.tile.chunks_mut(stride).zip(symbols) {
                // The byte before waits there since the last step.
                place[BEFORE..][..to - from].copy_from_slice(&symbol[from..to]);
            }
            let tile = Tile {
                bytes: &mut self.tile[..len],
                first: BEFORE,
                pitch: stride,
                count: symbols.len(),
                skip: 0..0,
            };
            let stripe = StripeStates {
                begins: false,
                ends: false,
                bytes: &mut [],
                len: hasher.state_len(),
            };
            hasher.absorb(range, tile, &mut self.kept, stripe, leaves, &mut |_, _| {});
        }
    }
}
