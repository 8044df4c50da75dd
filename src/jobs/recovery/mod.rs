//! Recovering a sliver from other slivers' symbols, or the proof that its blob is inconsistent.

mod inconsistency;
mod paths;
mod recovery_target;
mod symbols;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use self::paths::Candidate;
pub use self::recovery_target::RecoveryTarget;
use self::symbols::{Proven, Target};
use crate::engine::{CodewordOps, Engine};
use crate::format::error::{Error, Result};
use crate::format::error_reasons::SliverProblem;
use crate::format::shape::Shape;
use crate::format::verdict::SymbolVerdict;
use crate::format::wire::{
    DecodingSymbol, GeneralRecoverySymbol, InconsistencyProof, RecoverySymbol, Sliver, SliverData,
};
use crate::io::control::Control;
use crate::jobs::decoder::Decoder;
use crate::jobs::expanded::target_sliver;
use crate::support::memory::{catch_out_of_memory, collected, push, with_capacity};

/// Number of symbols verified at once: enough to keep many threads busy.
const SYMBOLS_AT_ONCE: usize = 4096;

/// Result of a recovery.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovery {
    /// Recovered sliver, or proof that the blob is inconsistent.
    pub outcome: RecoveryOutcome,
    /// Positions of the symbols used, among the given symbols.
    pub used: Vec<usize>,
    /// Positions of the symbols that were found wrong, with the reasons.
    pub refused: Vec<(usize, SymbolVerdict)>,
}

/// Recovered sliver, or proof that the blob is inconsistent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecoveryOutcome {
    /// Sliver that belongs to the metadata.
    Sliver(Sliver),
    /// Proof that the blob was encoded inconsistently: the symbols belong to the metadata, and the
    /// sliver that they recover does not. Computed twice, on two paths.
    Inconsistent(InconsistencyProof),
}

impl Decoder {
    /// Returns the verdict on each symbol: `Good` if the symbol recovers the target.
    ///
    /// Axis, target, source, size, length of the proof, and the root that the proof leads to must
    /// be exact. (A sibling that pads its level may be an empty node or a digest of zeros: both
    /// hash alike, here as in the network.)
    ///
    /// # Errors
    ///
    /// [`Error::PairOutOfRange`] for the target; [`Error::Cancelled`].
    ///
    /// # Example
    ///
    /// ```
    /// use walrus_accel::io::SliverBuffer;
    /// use walrus_accel::recovery::RecoveryTarget;
    /// use walrus_accel::verify::{BlobSliver, SymbolVerdict};
    /// use walrus_accel::{Axis, Control, PairSet, Runtime, SliverIndex, SliverPairIndex};
    ///
    /// let runtime = Runtime::new()?;
    /// let (encoder, decoder) = (runtime.encoder(10)?, runtime.decoder());
    /// let (mut buffer, control) = (SliverBuffer::new(), Control::new());
    /// let encoded = encoder.encode(&b"walrus"[..], &PairSet::all(10), &mut buffer, &control)?;
    /// let metadata = encoded.verify(10)?;
    ///
    /// let target = RecoveryTarget::new(&metadata, Axis::Primary, SliverPairIndex(8));
    /// let data = buffer.sliver_data(Axis::Secondary, SliverPairIndex(3)).unwrap();
    /// let sliver = BlobSliver::from_bcs(&metadata, Axis::Secondary, data)?;
    /// let good = decoder.expand(&sliver, &control)?.recovery_symbol(target.pair)?;
    /// let mut bad = good.clone();
    /// bad.symbol.data[0] ^= 1;
    /// let mut other = good.clone();
    /// other.target = SliverIndex(7);
    ///
    /// let verdicts = decoder.verify_symbols(&target, &[good, bad, other], &control)?;
    /// assert_eq!(verdicts[..2], [SymbolVerdict::Good, SymbolVerdict::WrongProof]);
    /// assert_eq!(verdicts[2].to_string(), "it recovers sliver 7, and sliver 8 is wanted");
    /// # Ok::<(), walrus_accel::Error>(())
    /// ```
    pub fn verify_symbols(
        &self,
        target: &RecoveryTarget<'_>,
        symbols: &[GeneralRecoverySymbol],
        control: &Control,
    ) -> Result<Vec<SymbolVerdict>> {
        let target = Target::new(target)?;
        catch_out_of_memory(|| {
            control.check()?;
            let codeword_ops = self.codeword_ops(control);
            let size = u64::from(target.metadata.shape().symbol_size());
            control.start(symbols.len() as u64 * size);
            let mut verdicts = with_capacity(symbols.len());
            for symbols in symbols.chunks(SYMBOLS_AT_ONCE) {
                control.check()?;
                verdicts.extend(target.general_verdicts(codeword_ops, symbols));
                control.advance(symbols.len() as u64 * size);
            }
            control.finish();
            Ok(verdicts)
        })
    }

    /// Recovers a sliver from symbols of the other axis's slivers, or proves that the blob is
    /// inconsistent.
    ///
    /// `S` symbols of different slivers recover a primary sliver, `P` a secondary sliver. Wrong and
    /// repeated symbols are skipped. Surplus symbols are not verified.
    ///
    /// # Errors
    ///
    /// [`Error::NotEnoughSymbols`], with the reasons why the other symbols are not good;
    /// [`Error::PairOutOfRange`] for the target; [`Error::Internal`] if the blob is inconsistent on
    /// one of two paths alone; [`Error::MemoryBudget`]; [`Error::Cancelled`].
    ///
    /// # Example
    ///
    /// ```
    /// use walrus_accel::io::SliverBuffer;
    /// use walrus_accel::recovery::{RecoveryOutcome, RecoveryTarget};
    /// use walrus_accel::verify::BlobSliver;
    /// use walrus_accel::wire::Bcs;
    /// use walrus_accel::{Axis, Control, PairSet, Runtime, SliverPairIndex};
    ///
    /// let runtime = Runtime::new()?;
    /// let (encoder, decoder) = (runtime.encoder(10)?, runtime.decoder());
    /// let (mut buffer, control) = (SliverBuffer::new(), Control::new());
    /// let encoded = encoder.encode(&b"walrus"[..], &PairSet::all(10), &mut buffer, &control)?;
    /// let metadata = encoded.verify(10)?;
    ///
    /// // Pair 8 lost its secondary sliver; four other nodes have primary slivers.
    /// let target = RecoveryTarget::new(&metadata, Axis::Secondary, SliverPairIndex(8));
    /// let symbols = [0, 9, 4, 5].map(|pair| {
    ///     let data = buffer.sliver_data(Axis::Primary, SliverPairIndex(pair)).unwrap();
    ///     let sliver = BlobSliver::from_bcs(&metadata, Axis::Primary, data).unwrap();
    ///     decoder.expand(&sliver, &control).unwrap().recovery_symbol(target.pair).unwrap()
    /// });
    /// let recovery = decoder.recover(&target, &symbols, &control)?;
    /// let RecoveryOutcome::Sliver(sliver) = recovery.outcome else {
    ///     panic!("the blob is consistent");
    /// };
    /// assert_eq!(sliver.data.to_bcs(), buffer.sliver_data(target.axis, target.pair).unwrap());
    /// # Ok::<(), walrus_accel::Error>(())
    /// ```
    pub fn recover(
        &self,
        target: &RecoveryTarget<'_>,
        symbols: &[GeneralRecoverySymbol],
        control: &Control,
    ) -> Result<Recovery> {
        let target = Target::new(target)?;
        catch_out_of_memory(|| {
            control.check()?;
            self.runtime
                .check_memory(memory(&target.metadata.shape()))?;
            let paths = self.two_engines(control);
            let recovery = recover(&paths, target, symbols, control)?;
            control.finish();
            Ok(recovery)
        })
    }

    /// Recovers a sliver as [`Decoder::recover`], from symbols without proofs.
    ///
    /// The recovered sliver is verified. If one of the symbols is wrong, the sliver is wrong, and
    /// only symbols with proofs tell which symbol it is. A proof has 330 bytes at 1,000 shards:
    /// most of the traffic for blobs of some megabytes, and little for blobs of gigabytes.
    ///
    /// # Errors
    ///
    /// [`Error::NotEnoughSymbols`]: symbols of another size, symbols with an index beyond the
    /// committee, and repeated symbols do not count; [`Error::InvalidSliver`] if the recovered
    /// sliver does not belong to the metadata: request symbols with proofs then;
    /// [`Error::PairOutOfRange`] for the target; [`Error::MemoryBudget`]; [`Error::Cancelled`].
    ///
    /// # Example
    ///
    /// ```
    /// use walrus_accel::io::SliverBuffer;
    /// use walrus_accel::recovery::RecoveryTarget;
    /// use walrus_accel::verify::BlobSliver;
    /// use walrus_accel::{Axis, Control, PairSet, Runtime, SliverPairIndex};
    ///
    /// let runtime = Runtime::new()?;
    /// let (encoder, decoder) = (runtime.encoder(10)?, runtime.decoder());
    /// let (mut buffer, control) = (SliverBuffer::new(), Control::new());
    /// let encoded = encoder.encode(&b"walrus"[..], &PairSet::all(10), &mut buffer, &control)?;
    /// let metadata = encoded.verify(10)?;
    ///
    /// let target = RecoveryTarget::new(&metadata, Axis::Secondary, SliverPairIndex(8));
    /// let mut symbols = Vec::new();
    /// for pair in [0, 9, 4, 5] {
    ///     let data = buffer.sliver_data(Axis::Primary, SliverPairIndex(pair)).unwrap();
    ///     let sliver = BlobSliver::from_bcs(&metadata, Axis::Primary, data)?;
    ///     symbols.extend(decoder.decoding_symbols(&sliver, &[target.pair], &control)?);
    /// }
    /// let sliver = decoder.recover_unproven(&target, &symbols, &control)?;
    /// assert_eq!(sliver.data.index, target.pair.sliver(Axis::Secondary, 10));
    /// # Ok::<(), walrus_accel::Error>(())
    /// ```
    pub fn recover_unproven(
        &self,
        target: &RecoveryTarget<'_>,
        symbols: &[DecodingSymbol],
        control: &Control,
    ) -> Result<Sliver> {
        let target = Target::new(target)?;
        catch_out_of_memory(|| {
            control.check()?;
            self.runtime
                .check_memory(memory(&target.metadata.shape()))?;
            let (mut chosen, mut refused) = (BTreeMap::new(), Vec::new());
            for (position, symbol) in symbols.iter().enumerate() {
                match target.by_measures(symbol) {
                    Some(verdict) => push(&mut refused, (position, verdict)),
                    None => {
                        chosen.entry(symbol.index).or_insert(symbol);
                    }
                }
            }
            let needed = target.needed();
            let chosen = collected(chosen.into_values().take(needed));
            if chosen.len() < needed {
                return Err(target.not_enough(chosen.len(), refused));
            }
            let codeword_ops = self.codeword_ops(control);
            let candidate = target.candidate(codeword_ops, &chosen, control)?;
            match target.accepts(&candidate) {
                true => Ok(target.sliver(candidate.symbols)),
                false => Err(Error::InvalidSliver {
                    axis: target.axis,
                    index: target.index.0,
                    reason: SliverProblem::Unproven,
                }),
            }
        })
    }

    /// Returns the two engines to compute a sliver on.
    fn two_engines(&self, control: &Control) -> TwoEngines<'_> {
        TwoEngines {
            first: self.codeword_ops(control),
            other: Box::new(|| self.runtime.other_codeword_ops()),
        }
    }
}

/// Engines to compute a sliver on, one after the other. The other engine is opened only before a
/// blob is called inconsistent.
struct TwoEngines<'a> {
    first: &'a dyn CodewordOps,
    other: Box<dyn Fn() -> Result<Arc<dyn Engine>> + Sync + 'a>,
}

impl TwoEngines<'_> {
    fn other(&self) -> Result<Arc<dyn Engine>> {
        (self.other)()
    }
}

/// Returns the memory of recovering a sliver, in bytes: its symbols in parts, its codeword, and the
/// tree over the codeword.
fn memory(shape: &Shape) -> u64 {
    let n = u64::from(shape.n_shards());
    let sources = u64::from(shape.rows().max(shape.columns()));
    (sources + n) * u64::from(shape.symbol_size()) + n * 5 * 32
}

impl<'a> Target<'a> {
    fn new(target: &RecoveryTarget<'a>) -> Result<Self> {
        let &RecoveryTarget {
            metadata,
            axis,
            pair,
        } = target;
        Ok(Self {
            metadata,
            axis,
            index: target_sliver(&metadata.shape(), axis, pair)?,
        })
    }

    /// Returns the number of symbols that recover the sliver.
    fn needed(&self) -> usize {
        self.metadata
            .shape()
            .slivers_needed(self.axis.other())
            .into()
    }

    fn not_enough(&self, usable: usize, refused: Vec<(usize, SymbolVerdict)>) -> Error {
        Error::NotEnoughSymbols {
            axis: self.axis,
            usable,
            needed: self.needed(),
            refused,
        }
    }

    fn sliver(&self, mut symbols: Vec<u8>) -> Sliver {
        if symbols.capacity() > symbols.len() {
            // `shrink_to_fit` would abort where there is no memory for it.
            let mut exact = with_capacity(symbols.len());
            exact.extend_from_slice(&symbols);
            symbols = exact;
        }
        let symbol_size = self.metadata.shape().symbol_size();
        Sliver {
            axis: self.axis,
            data: SliverData {
                symbols,
                symbol_size: u16::try_from(symbol_size).expect("at most MAX_SYMBOL_SIZE"),
                index: self.index,
            },
        }
    }

    /// Returns the verdict on a symbol that claims to recover another sliver.
    fn by_claim(&self, symbol: &GeneralRecoverySymbol) -> Option<SymbolVerdict> {
        if symbol.axis != self.axis {
            return Some(SymbolVerdict::WrongAxis { found: symbol.axis });
        }
        if symbol.target != self.index {
            return Some(SymbolVerdict::WrongTarget {
                found: symbol.target,
                expected: self.index,
            });
        }
        None
    }

    fn general_verdicts(
        &self,
        codeword_ops: &dyn CodewordOps,
        symbols: &[GeneralRecoverySymbol],
    ) -> Vec<SymbolVerdict> {
        let claims = symbols.iter().map(|symbol| self.by_claim(symbol));
        let claims = collected(claims);
        let claim = claims.iter().zip(symbols);
        let rest = claim.filter(|(claim, _)| claim.is_none());
        let rest = collected(rest.map(|(_, symbol)| Proven::of(symbol)));
        let mut rest = self.verdicts(codeword_ops, &rest).into_iter();
        let verdict = |claim: Option<_>| claim.or_else(|| rest.next());
        let verdicts = claims.into_iter().map(verdict);
        collected(verdicts.map(|verdict| verdict.expect("one each")))
    }
}

impl<'a> Proven<'a> {
    fn of(symbol: &'a GeneralRecoverySymbol) -> Self {
        Self {
            symbol: &symbol.symbol,
            proof: &symbol.proof,
        }
    }
}

/// Recovers the target from symbols with proofs.
fn recover(
    engines: &TwoEngines<'_>,
    target: Target<'_>,
    symbols: &[GeneralRecoverySymbol],
    control: &Control,
) -> Result<Recovery> {
    let Chosen {
        used,
        refused,
        candidate,
    } = choose(engines.first, target, symbols, control)?;
    let chosen = collected(used.iter().map(|&position| &symbols[position]));
    let candidate = match candidate {
        Some(candidate) => candidate,
        None => {
            let plain = collected(chosen.iter().map(|chosen| &chosen.symbol));
            target.candidate(engines.first, &plain, control)?
        }
    };
    let outcome = if target.accepts(&candidate) {
        RecoveryOutcome::Sliver(target.sliver(candidate.symbols))
    } else {
        let proven = collected(chosen.iter().map(|chosen| Proven::of(chosen)));
        target.confirm(engines.other()?.codewords(), &candidate, &proven, control)?;
        let symbols = chosen.iter().map(|chosen| RecoverySymbol {
            symbol: chosen.symbol.clone(),
            proof: chosen.proof.clone(),
        });
        RecoveryOutcome::Inconsistent(InconsistencyProof {
            target: target.index,
            symbols: collected(symbols),
        })
    };
    Ok(Recovery {
        outcome,
        used,
        refused,
    })
}

/// Symbols that a sliver is recovered from, and symbols that were found wrong.
struct Chosen {
    used: Vec<usize>,
    refused: Vec<(usize, SymbolVerdict)>,
    /// The sliver, if it was recovered from exactly the symbols used.
    candidate: Option<Candidate>,
}

/// Selects the needed number of good symbols of different sources. Verifies at most the missing
/// number at a time.
fn choose(
    codeword_ops: &dyn CodewordOps,
    target: Target<'_>,
    symbols: &[GeneralRecoverySymbol],
    control: &Control,
) -> Result<Chosen> {
    let needed = target.needed();
    let (mut used, mut refused) = (Vec::new(), Vec::new());
    let (mut candidate, mut rounds) = (None, 0);
    let mut order = Vec::new();
    for (position, symbol) in symbols.iter().enumerate() {
        let wrong = target.by_claim(symbol);
        match wrong.or_else(|| target.by_measures(&symbol.symbol)) {
            Some(verdict) => push(&mut refused, (position, verdict)),
            None => push(&mut order, position),
        }
    }
    // Grouped by source. Source slivers first, because their symbols need not be restored.
    let source_of = |position: &usize| symbols[*position].symbol.index;
    order.sort_unstable_by_key(|position| (source_of(position), *position));
    let by_source = order.chunk_by(|one, other| source_of(one) == source_of(other));
    // A second symbol of a source is used if the first is wrong, after all other sources.
    let mut sources: VecDeque<&[usize]> = collected(by_source).into();
    while used.len() < needed && !sources.is_empty() {
        control.check()?;
        rounds += 1;
        let count = sources.len().min(needed - used.len());
        let round = collected(sources.drain(..count));
        let proven = round.iter().map(|left| Proven::of(&symbols[left[0]]));
        let proven = collected(proven);
        // Usually all are good: then the sliver is recovered when the verdicts are known.
        let mut verdicts = Vec::new();
        let mut verify = || verdicts = target.verdicts(codeword_ops, &proven);
        if used.is_empty() && proven.len() == needed {
            let plain = collected(proven.iter().map(|proven| proven.symbol));
            let mut recovered = None;
            codeword_ops.both(&mut verify, &mut || {
                recovered = Some(target.candidate(codeword_ops, &plain, control));
            });
            candidate = recovered.transpose()?;
        } else {
            verify();
        }
        for (left, verdict) in round.into_iter().zip(verdicts) {
            let position = left[0];
            if verdict.is_good() {
                push(&mut used, position);
                continue;
            }
            push(&mut refused, (position, verdict));
            if left.len() > 1 {
                sources.push_back(&left[1..]);
            }
        }
    }
    refused.sort_unstable_by_key(|(position, _)| *position);
    match used.len() < needed {
        true => Err(target.not_enough(used.len(), refused)),
        false => Ok(Chosen {
            used,
            refused,
            candidate: candidate.filter(|_| rounds == 1),
        }),
    }
}
