//! BCS of recovery symbols, Merkle proofs and inconsistency proofs.

use super::bcs::Codec;
use super::bcs_reader::{Reader, check_symbol_size, put_bytes, put_uleb, reason};
use crate::format::commitment::Node;
use crate::format::error::Result;
use crate::format::index::{Axis, SliverIndex};
use crate::support::memory::try_with_capacity;

/// Maximum number of siblings in a path: a sliver has fewer than 2^16 symbols, so its tree has 16
/// levels.
const MAX_PATH: usize = 16;

/// Minimum number of siblings in a path: 4 shards give 2 levels.
const MIN_PATH: usize = 2;

/// Maximum number of symbols in an inconsistency proof: the number that recovers a sliver of
/// 65,535 shards.
const MAX_SYMBOLS: usize = 43_691;

/// Length of the shortest recovery symbol: the index, a symbol of 2 bytes with its length, a path
/// of 2 empty nodes.
const MIN_RECOVERY_SYMBOL_LEN: usize = 2 + 3 + 1 + MIN_PATH;

/// Symbol of an expanded sliver, from which a sliver of the other axis is recovered.
///
/// # Example
///
/// ```
/// use walrus_accel::wire::{Bcs, DecodingSymbol};
/// use walrus_accel::SliverIndex;
///
/// let symbol = DecodingSymbol { index: SliverIndex(5), data: vec![10, 11] };
/// assert_eq!(symbol.to_bcs(), [5, 0, 2, 10, 11]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DecodingSymbol {
    /// Index of the source sliver, from which the symbol comes. Equals the symbol's place in the
    /// codeword of the target sliver.
    pub index: SliverIndex,
    /// Bytes of the symbol: an even number from 2 to 65,534.
    pub data: Vec<u8>,
}

/// Path from a leaf to the root of a Merkle tree: the siblings on the way up, the leaf's sibling
/// first.
///
/// The path is kept in the wire format, where an empty node takes one byte.
///
/// # Example
///
/// ```
/// use walrus_accel::wire::{Bcs, MerkleProof, Node};
///
/// let path = [Node::Empty, Node::Digest([7; 32])];
/// let proof = MerkleProof::new(path);
/// assert_eq!(proof.len(), 2);
/// assert!(proof.path().eq(path));
/// assert_eq!(proof.to_bcs().len(), 1 + 1 + 33);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MerkleProof {
    /// BCS of the siblings in order.
    nodes: Box<[u8]>,
}

impl MerkleProof {
    /// Creates the proof from siblings, the leaf's sibling first.
    #[must_use]
    pub fn new(path: impl IntoIterator<Item = Node>) -> Self {
        let mut nodes = Vec::new();
        path.into_iter().for_each(|node| node.write(&mut nodes));
        Self {
            nodes: nodes.into(),
        }
    }

    /// Siblings on the way up, the leaf's sibling first.
    pub fn path(&self) -> impl Iterator<Item = Node> + Clone + '_ {
        let mut rest = &self.nodes[..];
        std::iter::from_fn(move || {
            let (&tag, after) = rest.split_first()?;
            if tag == 0 {
                rest = after;
                return Some(Node::Empty);
            }
            let (digest, after) = after.split_first_chunk().expect("it was read or written");
            rest = after;
            Some(Node::Digest(*digest))
        })
    }

    /// Number of siblings: one per level below the root.
    #[must_use]
    pub fn len(&self) -> usize {
        self.path().count()
    }

    /// Returns true if there are no siblings.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

/// Symbol of a source sliver with the proof that it belongs to the root of that sliver.
///
/// # Example
///
/// ```
/// use walrus_accel::wire::{Bcs, RecoverySymbol};
/// use walrus_accel::SliverIndex;
///
/// let symbol = RecoverySymbol::from_bcs(&[5, 0, 2, 10, 11, 2, 0, 0])?;
/// assert_eq!(symbol.symbol.index, SliverIndex(5));
/// assert_eq!(symbol.proof.len(), 2);
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecoverySymbol {
    /// Symbol, with the index of its source sliver.
    pub symbol: DecodingSymbol,
    /// Path from the symbol to the root of the source sliver.
    pub proof: MerkleProof,
}

/// Recovery symbol that names the sliver it recovers.
///
/// # Example
///
/// ```
/// use walrus_accel::wire::{Bcs, GeneralRecoverySymbol};
/// use walrus_accel::{Axis, SliverIndex};
///
/// let symbol = GeneralRecoverySymbol::from_bcs(&[1, 5, 0, 2, 10, 11, 3, 0, 2, 0, 0])?;
/// assert_eq!((symbol.axis, symbol.target), (Axis::Secondary, SliverIndex(3)));
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GeneralRecoverySymbol {
    /// Axis of the sliver to recover. The source sliver is of the other axis.
    pub axis: Axis,
    /// Symbol, with the index of its source sliver.
    pub symbol: DecodingSymbol,
    /// Index of the sliver to recover. Equals the symbol's place in the source sliver.
    pub target: SliverIndex,
    /// Path from the symbol to the root of the source sliver.
    pub proof: MerkleProof,
}

/// Proof that a blob was encoded inconsistently: the symbols that recover a sliver whose root
/// differs from the root in the metadata.
///
/// The bytes do not contain the axis of the target sliver.
///
/// # Example
///
/// ```
/// use walrus_accel::wire::{Bcs, InconsistencyProof};
/// use walrus_accel::SliverIndex;
///
/// let proof = InconsistencyProof::from_bcs(&[3, 0, 1, 5, 0, 2, 10, 11, 2, 0, 0])?;
/// assert_eq!(proof.target, SliverIndex(3));
/// assert_eq!(proof.symbols.len(), 1);
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InconsistencyProof {
    /// Index of the inconsistent sliver.
    pub target: SliverIndex,
    /// Symbols that recover the sliver.
    pub symbols: Vec<RecoverySymbol>,
}

/// Appends a general recovery symbol, given its parts.
pub(crate) fn write_recovery_symbol(
    axis: Axis,
    source: SliverIndex,
    symbol: &[u8],
    target: SliverIndex,
    path: impl ExactSizeIterator<Item = Node>,
    out: &mut Vec<u8>,
) {
    let levels = path.len();
    out.reserve(symbol.len() + 16 + 33 * levels);
    axis.write(out);
    source.write(out);
    put_bytes(symbol, out);
    target.write(out);
    put_uleb(levels as u64, out);
    path.for_each(|node| node.write(out));
}

/// Length in bytes of the general recovery symbol that [`write_recovery_symbol`] appends.
#[cfg(feature = "capi")]
pub(crate) fn recovery_symbol_len(
    symbol: usize,
    path: impl ExactSizeIterator<Item = Node>,
) -> usize {
    let levels = uleb_len(path.len() as u64);
    1 + decoding_symbol_len(symbol) + 2 + levels + path.map(|node| node_len(&node)).sum::<usize>()
}

#[cfg(feature = "capi")]
fn decoding_symbol_len(symbol: usize) -> usize {
    2 + uleb_len(symbol as u64) + symbol
}

#[cfg(feature = "capi")]
fn uleb_len(value: u64) -> usize {
    (u64::BITS - (value | 1).leading_zeros()).div_ceil(7) as usize
}

#[cfg(feature = "capi")]
const fn node_len(node: &Node) -> usize {
    match node {
        Node::Empty => 1,
        Node::Digest(_) => 33,
    }
}

#[cfg(feature = "capi")]
impl InconsistencyProof {
    /// Length of the proof's BCS in bytes.
    pub(crate) fn bcs_len(&self) -> usize {
        let symbol = |symbol: &RecoverySymbol| {
            let RecoverySymbol { symbol, proof } = symbol;
            decoding_symbol_len(symbol.data.len())
                + uleb_len(proof.len() as u64)
                + proof.nodes.len()
        };
        let symbols = self.symbols.iter().map(symbol).sum::<usize>();
        2 + uleb_len(self.symbols.len() as u64) + symbols
    }
}

impl Codec for DecodingSymbol {
    const STRUCTURE: &'static str = "decoding symbol";

    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let index = SliverIndex::read(reader)?;
        let at = reader.offset();
        let data = reader.bytes()?;
        u16::try_from(data.len())
            .map_err(|_| reason::SYMBOL_SIZE)
            .and_then(check_symbol_size)
            .map_err(|reason| reader.malformed(at, reason))?;
        let mut own = try_with_capacity(data.len())?;
        own.extend_from_slice(data);
        Ok(Self { index, data: own })
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.index.write(out);
        put_bytes(&self.data, out);
    }
}

impl Codec for MerkleProof {
    const STRUCTURE: &'static str = "Merkle proof";

    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let at = reader.offset();
        let count = reader.count(1, (MAX_PATH, "the path has more than 16 levels"))?;
        if count < MIN_PATH {
            return Err(reader.malformed(at, "the path has fewer than 2 levels"));
        }
        let nodes = reader.bytes_of(|reader| {
            for _ in 0..count {
                Node::read(reader)?;
            }
            Ok(())
        })?;
        Ok(Self {
            nodes: nodes.into(),
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        put_uleb(self.len() as u64, out);
        out.extend_from_slice(&self.nodes);
    }
}

impl Codec for RecoverySymbol {
    const STRUCTURE: &'static str = "recovery symbol";

    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self {
            symbol: DecodingSymbol::read(reader)?,
            proof: MerkleProof::read(reader)?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.symbol.write(out);
        self.proof.write(out);
    }
}

impl Codec for GeneralRecoverySymbol {
    const STRUCTURE: &'static str = "general recovery symbol";

    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self {
            axis: Axis::read(reader)?,
            symbol: DecodingSymbol::read(reader)?,
            target: SliverIndex::read(reader)?,
            proof: MerkleProof::read(reader)?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.axis.write(out);
        self.symbol.write(out);
        self.target.write(out);
        self.proof.write(out);
    }
}

impl Codec for InconsistencyProof {
    const STRUCTURE: &'static str = "inconsistency proof";

    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let target = SliverIndex::read(reader)?;
        let limit = (MAX_SYMBOLS, "there are more than 43691 symbols");
        let count = reader.count(MIN_RECOVERY_SYMBOL_LEN, limit)?;
        let mut symbols = try_with_capacity(count)?;
        for _ in 0..count {
            symbols.push(RecoverySymbol::read(reader)?);
        }
        Ok(Self { target, symbols })
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.target.write(out);
        put_uleb(self.symbols.len() as u64, out);
        for symbol in &self.symbols {
            symbol.write(out);
        }
    }
}
