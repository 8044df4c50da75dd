//! What checks say of single slivers, symbols and proofs.

use std::fmt;

use crate::format::index::{Axis, SliverIndex};

/// Measures of a sliver, as the sliver states them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SliverInfo {
    /// The axis.
    pub axis: Axis,
    /// The index along the axis.
    pub index: SliverIndex,
    /// The size of a symbol in bytes.
    pub symbol_size: u32,
    /// The length of all symbols in bytes.
    pub len: u64,
}

/// What a sliver was found to be when it was held against its blob's metadata.
///
/// # Example
///
/// ```
/// use walrus_accel::verify::SliverVerdict;
///
/// let verdict = SliverVerdict::WrongSymbolSize { found: 4, expected: 2 };
/// assert!(!verdict.is_good());
/// assert_eq!(verdict.to_string(), "its symbols have 4 bytes, and the blob's have 2");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SliverVerdict {
    /// It belongs to the metadata: the root over its expanded symbols is the one there.
    Good,
    /// Its index is beyond the committee.
    WrongIndex {
        /// The index.
        found: SliverIndex,
        /// The number of shards: indices are below.
        n_shards: u16,
    },
    /// Its symbols are of another size than the blob's.
    WrongSymbolSize {
        /// Their size in bytes.
        found: u32,
        /// The size in bytes that follows from the metadata.
        expected: u32,
    },
    /// It has too few or too many symbols.
    WrongLength {
        /// The length of its symbols in bytes.
        found: u64,
        /// The length in bytes that follows from the metadata.
        expected: u64,
    },
    /// The root over its expanded symbols is not the one in the metadata: its bytes, its index or its
    /// axis is wrong.
    WrongRoot,
    /// Its source could not read it.
    Unreadable,
}

impl SliverVerdict {
    /// Whether it belongs to the metadata.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        matches!(self, Self::Good)
    }
}

impl fmt::Display for SliverVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good => f.write_str("it belongs to the metadata"),
            Self::WrongIndex { found, n_shards } => write!(
                f,
                "its index is {}, and {n_shards} shards have slivers 0 to {}",
                found.0,
                n_shards.saturating_sub(1)
            ),
            Self::WrongSymbolSize { found, expected } => write!(
                f,
                "its symbols have {found} bytes, and the blob's have {expected}"
            ),
            Self::WrongLength { found, expected } => write!(
                f,
                "its symbols are {found} bytes in all, and those of its axis are {expected}"
            ),
            Self::WrongRoot => f.write_str("its symbols do not belong to the metadata"),
            Self::Unreadable => f.write_str("it cannot be read"),
        }
    }
}

/// What a recovery symbol was found to be when it was held against the metadata and the sliver that it is
/// to recover.
///
/// # Example
///
/// ```
/// use walrus_accel::verify::SymbolVerdict;
///
/// let verdict = SymbolVerdict::WrongPathLength { found: 3, expected: 4 };
/// assert_eq!(verdict.to_string(), "its proof has 3 siblings, and 4 lead to the root");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SymbolVerdict {
    /// It belongs to the metadata, at the place that it claims.
    Good,
    /// It recovers a sliver of the other axis.
    WrongAxis {
        /// The axis that it recovers.
        found: Axis,
    },
    /// It recovers another sliver.
    WrongTarget {
        /// The index of that sliver.
        found: SliverIndex,
        /// The one that is to be recovered.
        expected: SliverIndex,
    },
    /// The sliver that it says it comes from is beyond the committee.
    WrongSource {
        /// The index of that sliver.
        found: SliverIndex,
        /// The number of shards: indices are below.
        n_shards: u16,
    },
    /// It is of another size than the blob's symbols.
    WrongSymbolSize {
        /// Its size in bytes.
        found: u64,
        /// The size in bytes that follows from the metadata.
        expected: u32,
    },
    /// Its proof is not as long as the way to the root.
    WrongPathLength {
        /// The number of siblings in it.
        found: usize,
        /// The number of levels below the root.
        expected: usize,
    },
    /// Its proof does not lead to the root of the sliver that it comes from.
    WrongProof,
}

impl SymbolVerdict {
    /// Whether it belongs to the metadata.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        matches!(self, Self::Good)
    }
}

impl fmt::Display for SymbolVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good => f.write_str("it belongs to the metadata"),
            Self::WrongAxis { found } => write!(
                f,
                "it recovers a {found} sliver, and a {} one is wanted",
                found.other()
            ),
            Self::WrongTarget { found, expected } => write!(
                f,
                "it recovers sliver {}, and sliver {} is wanted",
                found.0, expected.0
            ),
            Self::WrongSource { found, n_shards } => write!(
                f,
                "it says that it is of sliver {}, and {n_shards} shards have slivers 0 to {}",
                found.0,
                n_shards.saturating_sub(1)
            ),
            Self::WrongSymbolSize { found, expected } => write!(
                f,
                "it has {found} bytes, and the blob's symbols have {expected}"
            ),
            Self::WrongPathLength { found, expected } => write!(
                f,
                "its proof has {found} siblings, and {expected} lead to the root"
            ),
            Self::WrongProof => {
                f.write_str("its proof does not lead to the root of the sliver it comes from")
            }
        }
    }
}

/// What an inconsistency proof was found to be.
///
/// # Example
///
/// ```
/// use walrus_accel::verify::ProofVerdict;
///
/// assert!(ProofVerdict::Proven.is_proven());
/// let verdict = ProofVerdict::WrongCount { found: 3, expected: 4 };
/// assert_eq!(verdict.to_string(), "it has 3 symbols, and exactly 4 recover a sliver");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProofVerdict {
    /// The symbols belong to the metadata, and the sliver that they recover does not: the blob was
    /// encoded inconsistently.
    Proven,
    /// It is of a sliver beyond the committee.
    WrongTarget {
        /// The index of that sliver.
        found: SliverIndex,
        /// The number of shards: indices are below.
        n_shards: u16,
    },
    /// It has not exactly as many symbols as recover a sliver.
    WrongCount {
        /// The number of symbols in it.
        found: usize,
        /// The number that recovers a sliver.
        expected: usize,
    },
    /// Two symbols come from the same sliver.
    RepeatedSource {
        /// The position of the second one in the proof.
        number: usize,
        /// The sliver that both come from.
        source: SliverIndex,
    },
    /// A symbol does not belong to the metadata.
    WrongSymbol {
        /// Its position in the proof.
        number: usize,
        /// What is wrong with it.
        verdict: SymbolVerdict,
    },
    /// The recovered sliver belongs to the metadata: nothing is inconsistent.
    Consistent,
}

impl ProofVerdict {
    /// Whether it proves that the blob was encoded inconsistently.
    #[must_use]
    pub const fn is_proven(&self) -> bool {
        matches!(self, Self::Proven)
    }
}

impl fmt::Display for ProofVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proven => f.write_str("the blob was encoded inconsistently"),
            Self::WrongTarget { found, n_shards } => write!(
                f,
                "it is of sliver {}, and {n_shards} shards have slivers 0 to {}",
                found.0,
                n_shards.saturating_sub(1)
            ),
            Self::WrongCount { found, expected } => write!(
                f,
                "it has {found} symbols, and exactly {expected} recover a sliver"
            ),
            Self::RepeatedSource { number, source } => write!(
                f,
                "symbol {number} comes from sliver {}, as one before it",
                source.0
            ),
            Self::WrongSymbol { number, verdict } => write!(f, "symbol {number}: {verdict}"),
            Self::Consistent => f.write_str("the sliver that it recovers belongs to the metadata"),
        }
    }
}
