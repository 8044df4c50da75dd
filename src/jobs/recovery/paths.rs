//! Computes a sliver from the needed number of symbols, and repeats the computation on another
//! engine.

use super::symbols::{Proven, Target};
use crate::engine::{CodewordBatch, CodewordOps, join_parts};
use crate::format::commitment::{Digest, Node};
use crate::format::error::{Error, Result};
use crate::format::error_reasons::Disagreement;
use crate::format::index::SliverIndex;
use crate::format::wire::DecodingSymbol;
use crate::io::control::Control;
use crate::jobs::expanded::tree_of;
use crate::support::memory::{collected, ensure_capacity, filled};

/// Recovered sliver before the comparison with the metadata.
#[derive(PartialEq, Eq)]
pub(super) struct Candidate {
    /// Source symbols, one after another.
    pub(super) symbols: Vec<u8>,
    /// Root of its codeword.
    root: Digest,
}

impl Target<'_> {
    /// Computes the sliver from symbols of distinct slivers: exactly the needed number, of the
    /// blob's symbol size.
    pub(super) fn candidate(
        &self,
        codeword_ops: &dyn CodewordOps,
        symbols: &[&DecodingSymbol],
        control: &Control,
    ) -> Result<Candidate> {
        let shape = self.metadata.shape();
        let given: Vec<SliverIndex> = collected(symbols.iter().map(|symbol| symbol.index));
        let needed = given.len();
        let mut parts = codeword_ops.restore(
            &CodewordBatch {
                shape,
                axis: self.axis.other(),
                given: &given,
                count: 1,
                symbol: &|_, item| &symbols[item].data,
                range: 0..shape.symbol_size(),
                wanted: 0..needed,
            },
            control,
        )?;
        let size = shape.symbol_size() as usize;
        let len = usize::from(shape.n_shards()) * size;
        let mut symbols = match &mut parts[..] {
            // One part has all of them.
            [whole] => std::mem::take(&mut whole.bytes),
            _ => filled(0, needed * size),
        };
        ensure_capacity(&mut symbols, len);
        symbols.resize(len, 0);
        join_parts(&parts, shape.symbol_size(), &mut symbols[..needed * size]);
        drop(parts);
        codeword_ops.extend(&shape, self.axis, &mut symbols, control)?;
        let root = tree_of(codeword_ops, self.metadata, &symbols).root();
        symbols.truncate(needed * size);
        Ok(Candidate { symbols, root })
    }

    /// Returns true if the sliver belongs to the metadata.
    pub(super) fn accepts(&self, candidate: &Candidate) -> bool {
        self.metadata.root(self.axis, self.index) == Some(Node::Digest(candidate.root))
    }

    /// Confirms on another path that all symbols belong to the metadata, and that they recover this
    /// sliver, which does not belong to the metadata. Only then the blob may be called
    /// inconsistent.
    pub(super) fn confirm(
        &self,
        codeword_ops: &dyn CodewordOps,
        candidate: &Candidate,
        symbols: &[Proven<'_>],
        control: &Control,
    ) -> Result<()> {
        let internal = |difference| {
            Err(Error::Internal {
                reason: Disagreement::Recovery {
                    axis: self.axis,
                    index: self.index.0,
                    blob_id: *self.metadata.blob_id(),
                    difference,
                },
            })
        };
        let verdicts = self.verdicts(codeword_ops, symbols);
        if !verdicts.iter().all(|verdict| verdict.is_good()) {
            return internal("other verdicts on its symbols");
        }
        let plain = collected(symbols.iter().map(|proven| proven.symbol));
        let second = self.candidate(codeword_ops, &plain, control)?;
        if second != *candidate || self.accepts(&second) {
            return internal("another sliver");
        }
        Ok(())
    }
}
