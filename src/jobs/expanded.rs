//! Serving recovery symbols to nodes that lost a sliver.

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

/// Codeword of a sliver with its Merkle tree. Each of the `n` symbols recovers a sliver of the
/// other axis.
///
/// [`Decoder::expand`] computes it once; serving a symbol from it costs a copy. Its size is `n`
/// symbols and about `2 * n` digests: [`memory`](Self::memory) bytes.
///
/// # Example
///
/// ```
/// use walrus_accel::io::SliverBuffer;
/// use walrus_accel::verify::BlobSliver;
/// use walrus_accel::wire::{Bcs, GeneralRecoverySymbol};
/// use walrus_accel::{Axis, Control, Decoder, Encoder, PairSet, SliverPairIndex};
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
    /// Returns the axis of the sliver.
    #[must_use]
    pub fn axis(&self) -> Axis {
        self.axis
    }

    /// Returns the index of the sliver along its axis.
    #[must_use]
    pub fn index(&self) -> SliverIndex {
        self.index
    }

    /// Returns the root of the tree over the symbols.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.tree.root()
    }

    /// Returns its size in memory, in bytes.
    #[must_use]
    pub fn memory(&self) -> usize {
        size_of::<Self>() + self.symbols.capacity() + self.tree.memory()
    }

    /// Returns the position of the symbol that recovers the other axis's sliver of a pair.
    fn target(&self, target: SliverPairIndex) -> Result<SliverIndex> {
        target_sliver(&self.shape, self.axis.other(), target)
    }

    fn symbol(&self, target: SliverIndex) -> &[u8] {
        let size = self.shape.symbol_size() as usize;
        &self.symbols[usize::from(target.0) * size..][..size]
    }

    /// Returns the symbol that recovers the other axis's sliver of the target pair, without a
    /// proof.
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

    /// Returns the symbol that recovers the other axis's sliver of the target pair, with the proof
    /// that the symbol belongs to this sliver's root.
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

    /// Returns the recovery symbols of many target pairs, in the order of the pairs.
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

    /// Appends the BCS `GeneralRecoverySymbol` of [`recovery_symbol`](Self::recovery_symbol) to
    /// `out`.
    ///
    /// # Errors
    ///
    /// [`Error::PairOutOfRange`]. On failure, nothing is appended.
    pub fn write_recovery_symbol(&self, target: SliverPairIndex, out: &mut Vec<u8>) -> Result<()> {
        let target = self.target(target)?;
        let (axis, symbol) = (self.axis.other(), self.symbol(target));
        write_recovery_symbol(axis, self.index, symbol, target, self.path(target), out);
        Ok(())
    }

    /// Returns the length of the BCS `GeneralRecoverySymbol` for a target pair.
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

    /// Appends the BCS `DecodingSymbol` of [`decoding_symbol`](Self::decoding_symbol) to `out`.
    ///
    /// # Errors
    ///
    /// [`Error::PairOutOfRange`]. On failure, nothing is appended.
    pub fn write_decoding_symbol(&self, target: SliverPairIndex, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(&self.decoding_symbol(target)?.to_bcs());
        Ok(())
    }
}

/// Returns the index of a pair's sliver along an axis.
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

/// Computes the codeword of a sliver from its source symbols.
pub(crate) fn all_symbols(
    codeword_ops: &dyn CodewordOps,
    shape: &Shape,
    axis: Axis,
    sources: &[u8],
    control: &Control,
) -> Result<Vec<u8>> {
    let len = usize::from(shape.n_shards()) * shape.symbol_size() as usize;
    let mut symbols = with_capacity(len);
    symbols.extend_from_slice(sources);
    symbols.resize(len, 0);
    codeword_ops.extend(shape, axis, &mut symbols, control)?;
    Ok(symbols)
}

/// Computes the tree over the symbols of a codeword.
pub(crate) fn tree_of(
    codeword_ops: &dyn CodewordOps,
    metadata: &VerifiedMetadata,
    symbols: &[u8],
) -> MerkleTree {
    let size = metadata.shape().symbol_size() as usize;
    let symbols = collected(symbols.chunks_exact(size));
    let mut leaves = filled(Digest::default(), symbols.len());
    codeword_ops.hash_symbols(metadata.commitment(), &symbols, &mut leaves);
    MerkleTree::new(codeword_ops, metadata.commitment(), &leaves)
}

impl Decoder {
    /// Expands a sliver to its codeword, and compares the root of the codeword with the metadata.
    ///
    /// A node therefore serves no symbols of a sliver that is damaged.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSliver`] if the sliver does not belong to its blob's metadata;
    /// [`Error::MemoryBudget`] if the memory limit does not hold the codeword;
    /// [`Error::Cancelled`].
    pub fn expand(&self, sliver: &BlobSliver<'_>, control: &Control) -> Result<ExpandedSliver> {
        catch_out_of_memory(|| {
            let symbols = self.checked_symbols(sliver, control)?;
            let tree = tree_of(self.codeword_ops(control), sliver.metadata, &symbols);
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

    /// Returns the symbols of a sliver that recover the other axis's slivers of the target pairs,
    /// without proofs, in the order of the pairs.
    ///
    /// Nothing is hashed: a damaged sliver gives wrong symbols.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSliver`] if the sliver has another length or symbol size than the blob's
    /// slivers, or an index beyond the committee; [`Error::PairOutOfRange`];
    /// [`Error::MemoryBudget`]; [`Error::Cancelled`].
    ///
    /// # Example
    ///
    /// ```
    /// use walrus_accel::io::SliverBuffer;
    /// use walrus_accel::verify::BlobSliver;
    /// use walrus_accel::{Axis, Control, Decoder, Encoder, PairSet, SliverPairIndex};
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

    /// Calls `each` with the position of each target pair and the bytes of its symbol.
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

    /// Computes the codeword of a sliver whose measures fit its blob.
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
        let codeword_ops = self.codeword_ops(control);
        all_symbols(codeword_ops, &shape, sliver.axis, sliver.symbols, control)
    }

    /// Returns the engine for single codewords. Engines with a device use the CPU for them.
    pub(crate) fn codeword_ops(&self, control: &Control) -> &dyn CodewordOps {
        self.runtime.codewords(control)
    }
}

fn refused(sliver: &BlobSliver<'_>, verdict: SliverVerdict) -> Error {
    Error::InvalidSliver {
        axis: sliver.axis,
        index: sliver.index.0,
        reason: SliverProblem::Verdict(verdict),
    }
}
