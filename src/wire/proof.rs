//! Recovery symbols, Merkle proofs and inconsistency proofs.

use super::codec::Codec;
use super::reader::{Reader, check_symbol_size, put_bytes, put_uleb, reason};
use crate::commitment::Node;
use crate::error::Result;
use crate::sliver::{Axis, SliverIndex};

/// The most siblings in a path: a sliver has fewer than 2^16 symbols, and so its tree 16 levels.
const MAX_PATH: usize = 16;

/// The most symbols in an inconsistency proof: one a source sliver.
const MAX_SYMBOLS: usize = u16::MAX as usize;

/// The shortest recovery symbol: the index, a symbol of 2 bytes with its length, an empty path.
const MIN_RECOVERY_SYMBOL_LEN: usize = 2 + 3 + 1;

/// One symbol of an expanded sliver, cut out to recover a sliver of the other axis.
///
/// # Example
///
/// ```
/// use walrus_accel::{Bcs, DecodingSymbol, SliverIndex};
///
/// let symbol = DecodingSymbol { index: SliverIndex(5), data: vec![10, 11] };
/// assert_eq!(symbol.to_bcs(), [5, 0, 2, 10, 11]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DecodingSymbol {
    /// The index of the source sliver, from which the symbol was cut: the symbol's place in the
    /// code word of the target sliver.
    pub index: SliverIndex,
    /// The symbol: an even number of bytes from 2 to 65,534.
    pub data: Vec<u8>,
}

/// The path from a leaf to the root of a Merkle tree.
///
/// # Example
///
/// ```
/// use walrus_accel::{Bcs, MerkleProof, Node};
///
/// let proof = MerkleProof { path: vec![Node::Empty, Node::Digest([7; 32])] };
/// assert_eq!(proof.to_bcs().len(), 1 + 1 + 33);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MerkleProof {
    /// The siblings on the way up, the leaf's level first: one a level, at most 16.
    pub path: Vec<Node>,
}

/// A symbol of a source sliver with the proof that it belongs to that sliver's root.
///
/// # Example
///
/// ```
/// use walrus_accel::{Bcs, RecoverySymbol, SliverIndex};
///
/// let symbol = RecoverySymbol::from_bcs(&[5, 0, 2, 10, 11, 1, 0])?;
/// assert_eq!(symbol.symbol.index, SliverIndex(5));
/// assert_eq!(symbol.proof.path.len(), 1);
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecoverySymbol {
    /// The symbol and the sliver that it comes from.
    pub symbol: DecodingSymbol,
    /// The path from the symbol to the root of the source sliver.
    pub proof: MerkleProof,
}

/// A recovery symbol that says which sliver it recovers.
///
/// # Example
///
/// ```
/// use walrus_accel::{Axis, Bcs, GeneralRecoverySymbol, SliverIndex};
///
/// let symbol = GeneralRecoverySymbol::from_bcs(&[1, 5, 0, 2, 10, 11, 3, 0, 1, 0])?;
/// assert_eq!((symbol.axis, symbol.target), (Axis::Secondary, SliverIndex(3)));
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GeneralRecoverySymbol {
    /// The axis of the sliver that it recovers. The source sliver is of the other axis.
    pub axis: Axis,
    /// The symbol and the sliver that it comes from.
    pub symbol: DecodingSymbol,
    /// The index of the sliver that it recovers: the symbol's place in the source sliver.
    pub target: SliverIndex,
    /// The path from the symbol to the root of the source sliver.
    pub proof: MerkleProof,
}

/// The symbols that recover a sliver whose root is not the one in the metadata: the proof that the
/// blob was encoded inconsistently.
///
/// The axis of the target sliver is not in the bytes.
///
/// # Example
///
/// ```
/// use walrus_accel::{Bcs, InconsistencyProof, SliverIndex};
///
/// let proof = InconsistencyProof::from_bcs(&[3, 0, 1, 5, 0, 2, 10, 11, 0])?;
/// assert_eq!(proof.target, SliverIndex(3));
/// assert_eq!(proof.symbols.len(), 1);
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InconsistencyProof {
    /// The index of the sliver that is inconsistent.
    pub target: SliverIndex,
    /// The symbols that recover it.
    pub symbols: Vec<RecoverySymbol>,
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
        Ok(Self {
            index,
            data: data.to_vec(),
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.index.write(out);
        put_bytes(&self.data, out);
    }
}

impl Codec for MerkleProof {
    const STRUCTURE: &'static str = "Merkle proof";

    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let count = reader.count(1, (MAX_PATH, "the path has more than 16 levels"))?;
        let mut path = Vec::with_capacity(count);
        for _ in 0..count {
            path.push(Node::read(reader)?);
        }
        Ok(Self { path })
    }

    fn write(&self, out: &mut Vec<u8>) {
        put_uleb(self.path.len() as u64, out);
        for node in &self.path {
            node.write(out);
        }
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
        let limit = (MAX_SYMBOLS, "there are more than 65535 symbols");
        let count = reader.count(MIN_RECOVERY_SYMBOL_LEN, limit)?;
        let mut symbols = Vec::with_capacity(count);
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
