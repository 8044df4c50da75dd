//! Serving recovery symbols: what a storage node gives to those that lost a sliver.

use crate::engine::CodewordOps;
use crate::format::commitment::{Digest, MerkleTree, Node, VerifiedMetadata};
use crate::format::error::{Error, Result};
use crate::format::error_reasons::SliverProblem;
use crate::format::index::{Axis, SliverIndex, SliverPairIndex};
use crate::format::shape::Shape;
use crate::format::verdict::SliverVerdict;
#[cfg(feature = "capi")]
use crate::format::wire::recovery_symbol_len;
use crate::format::wire::{
    Bcs, DecodingSymbol, GeneralRecoverySymbol, MerkleProof, write_recovery_symbol,
};
use crate::io::control::Control;
use crate::jobs::decoder::Decoder;
use crate::jobs::verify::BlobSliver;
use crate::support::memory::{catch_out_of_memory, collected, filled, with_capacity};

/// A sliver's `n` symbols and the Merkle tree over them: each symbol recovers a sliver of the other axis.
///
/// Made once ([`Decoder::expand`]) and kept, it makes serving a symbol cost a copy. It takes `n` symbols
/// and about `2 * n` digests of memory, [`memory`](Self::memory) bytes.
///
/// # Example
///
/// ```
/// use walrus_accel::{Axis, Control, Decoder, Encoder, PairSet, SliverPairIndex};
/// use walrus_accel::io::SliverBuffer;
/// use walrus_accel::verify::BlobSliver;
/// use walrus_accel::wire::{Bcs, GeneralRecoverySymbol};
///
/// let encoder = Encoder::new(10)?;
/// let mut buffer = SliverBuffer::new();
/// let encoded =
///     encoder.encode(&b"walrus"[..], &PairSet::all(10), &mut buffer, &Control::new())?;
/// let metadata = encoded.verify(10)?;
///
/// // This node has the secondary sliver of pair 3; another one lost the primary sliver of pair 8.
/// let data = buffer.sliver_data(Axis::Secondary, SliverPairIndex(3)).unwrap();
/// let sliver = BlobSliver::from_bcs(&metadata, Axis::Secondary, data)?;
/// let expanded = Decoder::new()?.expand(&sliver, &Control::new())?;
/// let symbol = expanded.recovery_symbol(SliverPairIndex(8))?;
/// assert_eq!((symbol.axis, symbol.target.0, symbol.symbol.index.0), (Axis::Primary, 8, 6));
/// assert_eq!(symbol.proof.len(), 4);
///
/// // The bytes that travel.
/// let mut bytes = Vec::new();
/// expanded.write_recovery_symbol(SliverPairIndex(8), &mut bytes)?;
/// assert_eq!(GeneralRecoverySymbol::from_bcs(&bytes)?, symbol);
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpandedSliver {
    shape: Shape,
    axis: Axis,
    index: SliverIndex,
    symbols: Vec<u8>,
    tree: MerkleTree,
}

impl ExpandedSliver {
    /// The axis of the sliver.
    #[must_use]
    pub fn axis(&self) -> Axis {
        self.axis
    }

    /// The index of the sliver along its axis.
    #[must_use]
    pub fn index(&self) -> SliverIndex {
        self.index
    }

    /// The root over its symbols.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.tree.root()
    }

    /// The memory that it takes, in bytes.
    #[must_use]
    pub fn memory(&self) -> usize {
        size_of::<Self>() + self.symbols.capacity() + self.tree.memory()
    }

    /// Which of its symbols is for the sliver of the other axis in the pair.
    fn target(&self, target: SliverPairIndex) -> Result<SliverIndex> {
        target_sliver(&self.shape, self.axis.other(), target)
    }

    fn symbol(&self, target: SliverIndex) -> &[u8] {
        let size = self.shape.symbol_size() as usize;
        &self.symbols[usize::from(target.0) * size..][..size]
    }

    /// The symbol that recovers the other axis's sliver of the target pair, without a proof.
    ///
    /// # Errors
    ///
    /// [`Error::PairOutOfRange`].
    pub fn decoding_symbol(&self, target: SliverPairIndex) -> Result<DecodingSymbol> {
        let target = self.target(target)?;
        Ok(DecodingSymbol {
            index: self.index,
            data: self.symbol(target).to_vec(),
        })
    }

    /// The symbol that recovers the other axis's sliver of the target pair, with the proof that it belongs
    /// to this sliver's root.
    ///
    /// # Errors
    ///
    /// [`Error::PairOutOfRange`].
    pub fn recovery_symbol(&self, target: SliverPairIndex) -> Result<GeneralRecoverySymbol> {
        let symbol = self.decoding_symbol(target)?;
        let target = self.target(target)?;
        Ok(GeneralRecoverySymbol {
            axis: self.axis.other(),
            symbol,
            target,
            proof: MerkleProof::new(self.path(target)),
        })
    }

    /// The same for many target pairs, in their order.
    ///
    /// # Errors
    ///
    /// [`Error::PairOutOfRange`].
    pub fn recovery_symbols(
        &self,
        targets: &[SliverPairIndex],
    ) -> Result<Vec<GeneralRecoverySymbol>> {
        let symbol = |&target| self.recovery_symbol(target);
        targets.iter().map(symbol).collect()
    }

    fn path(&self, target: SliverIndex) -> impl ExactSizeIterator<Item = Node> + '_ {
        self.tree.path(target.0.into())
    }

    /// Appends the bytes of [`recovery_symbol`](Self::recovery_symbol), BCS `GeneralRecoverySymbol`.
    ///
    /// # Errors
    ///
    /// [`Error::PairOutOfRange`]: then nothing is appended.
    pub fn write_recovery_symbol(&self, target: SliverPairIndex, out: &mut Vec<u8>) -> Result<()> {
        let target = self.target(target)?;
        let (axis, symbol) = (self.axis.other(), self.symbol(target));
        write_recovery_symbol(axis, self.index, symbol, target, self.path(target), out);
        Ok(())
    }

    /// How many bytes those are.
    ///
    /// # Errors
    ///
    /// [`Error::PairOutOfRange`].
    #[cfg(feature = "capi")]
    pub(crate) fn recovery_symbol_len(&self, target: SliverPairIndex) -> Result<usize> {
        let target = self.target(target)?;
        let path = self.path(target);
        Ok(recovery_symbol_len(self.symbol(target).len(), path))
    }

    /// Appends the bytes of [`decoding_symbol`](Self::decoding_symbol), BCS `DecodingSymbol`.
    ///
    /// # Errors
    ///
    /// [`Error::PairOutOfRange`]: then nothing is appended.
    pub fn write_decoding_symbol(&self, target: SliverPairIndex, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(&self.decoding_symbol(target)?.to_bcs());
        Ok(())
    }
}

/// The sliver of the axis in a pair.
pub(crate) fn target_sliver(
    shape: &Shape,
    axis: Axis,
    target: SliverPairIndex,
) -> Result<SliverIndex> {
    let n_shards = shape.n_shards();
    if target.0 >= n_shards {
        return Err(Error::PairOutOfRange {
            index: target.0.into(),
            n_shards,
        });
    }
    Ok(target.sliver(axis, n_shards))
}

/// A sliver's symbols, all `n`, from the source symbols.
pub(crate) fn all_symbols(
    words: &dyn CodewordOps,
    shape: &Shape,
    axis: Axis,
    sources: &[u8],
    control: &Control,
) -> Result<Vec<u8>> {
    let len = usize::from(shape.n_shards()) * shape.symbol_size() as usize;
    let mut symbols = with_capacity(len);
    symbols.extend_from_slice(sources);
    symbols.resize(len, 0);
    words.extend(shape, axis, &mut symbols, control)?;
    Ok(symbols)
}

/// The tree over a sliver's symbols.
pub(crate) fn tree_of(
    words: &dyn CodewordOps,
    metadata: &VerifiedMetadata,
    symbols: &[u8],
) -> MerkleTree {
    let size = metadata.shape().symbol_size() as usize;
    let symbols = collected(symbols.chunks_exact(size));
    let mut leaves = filled(Digest::default(), symbols.len());
    words.hash_symbols(metadata.commitment(), &symbols, &mut leaves);
    MerkleTree::new(words, metadata.commitment(), &leaves)
}

impl Decoder {
    /// Expands a sliver to all `n` symbols and builds the tree over them, which tells whether it is good: a
    /// node gives out no symbols of a sliver that was damaged in its keeping.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSliver`] if it does not belong to its blob's metadata; [`Error::MemoryBudget`] if
    /// its symbols are beyond the memory limit; [`Error::Cancelled`].
    pub fn expand(&self, sliver: &BlobSliver<'_>, control: &Control) -> Result<ExpandedSliver> {
        catch_out_of_memory(|| {
            let engine = &*self.runtime.engine;
            let symbols = self.checked_symbols(sliver, control)?;
            let tree = tree_of(engine, sliver.metadata, &symbols);
            let expected = sliver.metadata.root(sliver.axis, sliver.index);
            if expected != Some(Node::Digest(tree.root())) {
                return Err(refused(sliver, SliverVerdict::WrongRoot));
            }
            control.finish();
            Ok(ExpandedSliver {
                shape: sliver.metadata.shape(),
                axis: sliver.axis,
                index: sliver.index,
                symbols,
                tree,
            })
        })
    }

    /// The symbols of a sliver that recover the other axis's slivers of the target pairs, without proofs and
    /// in their order. Nothing is hashed, so whether the sliver's bytes are right is not found out.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSliver`] if its index, symbol size or length cannot be those of a sliver of its blob;
    /// [`Error::PairOutOfRange`]; [`Error::MemoryBudget`]; [`Error::Cancelled`].
    ///
    /// # Example
    ///
    /// ```
    /// use walrus_accel::{Axis, Control, Decoder, Encoder, PairSet, SliverPairIndex};
    /// use walrus_accel::io::SliverBuffer;
    /// use walrus_accel::verify::BlobSliver;
    ///
    /// let encoder = Encoder::new(10)?;
    /// let mut buffer = SliverBuffer::new();
    /// let encoded =
    ///     encoder.encode(&b"walrus"[..], &PairSet::all(10), &mut buffer, &Control::new())?;
    /// let metadata = encoded.verify(10)?;
    /// let data = buffer.sliver_data(Axis::Primary, SliverPairIndex(3)).unwrap();
    /// let sliver = BlobSliver::from_bcs(&metadata, Axis::Primary, data)?;
    /// let targets = [SliverPairIndex(9), SliverPairIndex(0)];
    /// let symbols =
    ///     Decoder::new()?.decoding_symbols(&sliver, &targets, &Control::new())?;
    /// // The secondary sliver of pair 9 is column 0: its symbol is the row's first one.
    /// assert_eq!(symbols[0].data, data[1..3]);
    /// # Ok::<(), walrus_accel::Error>(())
    /// ```
    pub fn decoding_symbols(
        &self,
        sliver: &BlobSliver<'_>,
        targets: &[SliverPairIndex],
        control: &Control,
    ) -> Result<Vec<DecodingSymbol>> {
        let mut symbols = with_capacity(targets.len());
        self.cut_symbols(sliver, targets, control, &mut |_, symbol| {
            symbols.push(DecodingSymbol {
                index: sliver.index,
                data: symbol.to_vec(),
            });
            Ok(())
        })?;
        Ok(symbols)
    }

    /// Calls `each` with the position of each target and its symbol's bytes.
    pub(crate) fn cut_symbols(
        &self,
        sliver: &BlobSliver<'_>,
        targets: &[SliverPairIndex],
        control: &Control,
        each: &mut dyn FnMut(usize, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let shape = sliver.metadata.shape();
        let size = shape.symbol_size() as usize;
        let target = |&target| target_sliver(&shape, sliver.axis.other(), target);
        targets.iter().try_for_each(|pair| target(pair).map(drop))?;
        catch_out_of_memory(|| {
            let symbols = self.checked_symbols(sliver, control)?;
            for (position, pair) in targets.iter().enumerate() {
                let at = usize::from(target(pair)?.0) * size;
                each(position, &symbols[at..at + size])?;
            }
            control.finish();
            Ok(())
        })
    }

    /// All symbols of a sliver that has the measures of one of its blob.
    fn checked_symbols(&self, sliver: &BlobSliver<'_>, control: &Control) -> Result<Vec<u8>> {
        if let Some(verdict) = sliver.measures() {
            return Err(refused(sliver, verdict));
        }
        control.check()?;
        let shape = sliver.metadata.shape();
        // The symbols, the leaves, the tree.
        let n = u64::from(shape.n_shards());
        self.runtime
            .check_memory(n * (u64::from(shape.symbol_size()) + 3 * 32))?;
        control.start(sliver.symbols.len() as u64);
        let words = self.words(control);
        all_symbols(words, &shape, sliver.axis, sliver.symbols, control)
    }

    /// What computes single words: the CPU, whatever else there is.
    pub(crate) fn words(&self, control: &Control) -> &dyn CodewordOps {
        let engine = &*self.runtime.engine;
        control.note_engine(match engine.device() {
            Some(_) => "cpu",
            None => engine.name(),
        });
        engine
    }
}

fn refused(sliver: &BlobSliver<'_>, verdict: SliverVerdict) -> Error {
    Error::InvalidSliver {
        axis: sliver.axis,
        index: sliver.index.0,
        reason: SliverProblem::Verdict(verdict),
    }
}
