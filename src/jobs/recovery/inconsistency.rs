//! Verifying inconsistency proofs.

use super::symbols::{Proven, Target};
use super::{TwoEngines, memory};
use crate::format::commitment::VerifiedMetadata;
use crate::format::error::Result;
use crate::format::index::Axis;
use crate::format::verdict::ProofVerdict;
use crate::format::wire::InconsistencyProof;
use crate::io::control::Control;
use crate::jobs::decoder::Decoder;
use crate::support::memory::{catch_out_of_memory, collected, filled};

impl Decoder {
    /// Returns the verdict on a proof: `Proven` if the blob was encoded inconsistently.
    ///
    /// A proof holds if its target exists, its symbols are exactly as many as recover a sliver, the
    /// symbols are of different slivers and belong to the metadata, and the sliver that they
    /// recover does not. [`Proven`](ProofVerdict::Proven) is computed twice, on two paths.
    ///
    /// `axis` is the axis of the sliver, which the bytes of a proof do not have.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`](crate::Error::Internal) if the two paths disagree;
    /// [`Error::MemoryBudget`](crate::Error::MemoryBudget);
    /// [`Error::Cancelled`](crate::Error::Cancelled).
    ///
    /// # Example
    ///
    /// ```
    /// use walrus_accel::verify::ProofVerdict;
    /// use walrus_accel::wire::InconsistencyProof;
    /// use walrus_accel::{Axis, Control, Encoder, SliverIndex};
    ///
    /// let encoder = Encoder::new(10)?;
    /// let metadata = encoder.metadata(&b"walrus"[..])?.verify(10)?;
    /// let proof = InconsistencyProof { target: SliverIndex(3), symbols: Vec::new() };
    /// let verdict = encoder.runtime().decoder().verify_inconsistency(
    ///     &metadata,
    ///     Axis::Primary,
    ///     &proof,
    ///     &Control::new(),
    /// )?;
    /// assert_eq!(verdict, ProofVerdict::WrongCount { found: 0, expected: 7 });
    /// # Ok::<(), walrus_accel::Error>(())
    /// ```
    pub fn verify_inconsistency(
        &self,
        metadata: &VerifiedMetadata,
        axis: Axis,
        proof: &InconsistencyProof,
        control: &Control,
    ) -> Result<ProofVerdict> {
        catch_out_of_memory(|| {
            control.check()?;
            self.runtime.check_memory(memory(&metadata.shape()))?;
            let paths = self.two_engines(control);
            let verdict = verdict(&paths, metadata, axis, proof, control)?;
            control.finish();
            Ok(verdict)
        })
    }
}

/// Computes the verdict on a proof.
pub(super) fn verdict(
    engines: &TwoEngines<'_>,
    metadata: &VerifiedMetadata,
    axis: Axis,
    proof: &InconsistencyProof,
    control: &Control,
) -> Result<ProofVerdict> {
    let n_shards = metadata.n_shards();
    if proof.target.0 >= n_shards {
        return Ok(ProofVerdict::WrongTarget {
            found: proof.target,
            n_shards,
        });
    }
    let target = Target {
        metadata,
        axis,
        index: proof.target,
    };
    if proof.symbols.len() != target.needed() {
        return Ok(ProofVerdict::WrongCount {
            found: proof.symbols.len(),
            expected: target.needed(),
        });
    }
    let proven = proof.symbols.iter().map(|symbol| Proven {
        symbol: &symbol.symbol,
        proof: &symbol.proof,
    });
    let proven = collected(proven);
    let verdicts = target.verdicts(engines.first, &proven);
    let mut is_there = filled(false, n_shards.into());
    for (number, (verdict, proven)) in verdicts.into_iter().zip(&proven).enumerate() {
        if !verdict.is_good() {
            return Ok(ProofVerdict::WrongSymbol { number, verdict });
        }
        let source = proven.symbol.index;
        if std::mem::replace(&mut is_there[usize::from(source.0)], true) {
            return Ok(ProofVerdict::RepeatedSource { number, source });
        }
    }
    let plain = collected(proven.iter().map(|proven| proven.symbol));
    let candidate = target.candidate(engines.first, &plain, control)?;
    if target.accepts(&candidate) {
        return Ok(ProofVerdict::Consistent);
    }
    target.confirm(engines.other()?.codewords(), &candidate, &proven, control)?;
    Ok(ProofVerdict::Proven)
}
