//! Verifying inconsistency proofs.

use super::symbols::{Proven, Target};
use super::{Paths, memory};
use crate::format::commitment::VerifiedMetadata;
use crate::format::error::Result;
use crate::format::index::Axis;
use crate::format::verdict::ProofVerdict;
use crate::format::wire::InconsistencyProof;
use crate::io::control::Control;
use crate::jobs::decoder::Decoder;
use crate::support::memory::{catch_out_of_memory, collected, filled};

impl Decoder {
    /// Tells whether a proof shows that the blob was encoded inconsistently, and if not, why: it is of a sliver
    /// of the axis that exists, has exactly as many symbols as recover one, from different slivers, all of
    /// which belong to the metadata, and what they make does not. Before it says
    /// [`Proven`](ProofVerdict::Proven), all of that was computed a second time, in another way.
    ///
    /// The axis of the sliver is not in a proof's bytes: it is said beside them.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`](crate::Error::Internal) if the two ways do not agree;
    /// [`Error::MemoryBudget`](crate::Error::MemoryBudget); [`Error::Cancelled`](crate::Error::Cancelled).
    ///
    /// # Example
    ///
    /// ```
    /// use walrus_accel::{Axis, Control, Encoder, SliverIndex};
    /// use walrus_accel::verify::ProofVerdict;
    /// use walrus_accel::wire::InconsistencyProof;
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
            let paths = self.paths(control);
            let verdict = verdict(&paths, metadata, axis, proof, control)?;
            control.finish();
            Ok(verdict)
        })
    }
}

/// What a proof is.
pub(super) fn verdict(
    paths: &Paths<'_>,
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
    let verdicts = target.verdicts(paths.first, &proven);
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
    let candidate = target.candidate(paths.first, &plain, control)?;
    if target.accepts(&candidate) {
        return Ok(ProofVerdict::Consistent);
    }
    target.confirm(&*paths.second()?, &candidate, &proven, control)?;
    Ok(ProofVerdict::Proven)
}
