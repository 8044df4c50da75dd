//! Verdicts on single slivers, symbols and proofs.

use std::fmt;

use crate::format::index::{Axis, SliverIndex};

/// Measures of a sliver, as the sliver states them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SliverInfo {
    /// Axis of the sliver.
    pub axis: Axis,
    /// Index of the sliver along its axis.
    pub index: SliverIndex,
    /// Symbol size in bytes.
    pub symbol_size: u32,
    /// Length of all symbols in bytes.
    pub len: u64,
}

/// Verdict on a sliver, compared with its blob's metadata.
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
    /// The sliver belongs to the metadata: the root over its expanded symbols is in the metadata.
    Good,
    /// The index of the sliver is beyond the committee.
    WrongIndex {
        /// The index.
        found: SliverIndex,
        /// Number of shards, above all indices.
        n_shards: u16,
    },
    /// The symbol size differs from the blob's.
    WrongSymbolSize {
        /// Symbol size of the sliver, in bytes.
        found: u32,
        /// Symbol size that follows from the metadata, in bytes.
        expected: u32,
    },
    /// The sliver has too few or too many symbols.
    WrongLength {
        /// Length of the symbols, in bytes.
        found: u64,
        /// Length that follows from the metadata, in bytes.
        expected: u64,
    },
    /// The root over the expanded symbols differs from the metadata: the bytes, the index or the
    /// axis of the sliver is wrong.
    WrongRoot,
    /// The source could not read the sliver.
    Unreadable,
}

impl SliverVerdict {
    /// Returns true if the verdict is `Good`.
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

/// Verdict on a recovery symbol, compared with the metadata and the sliver to recover.
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
    /// The symbol belongs to the metadata, at the place that it claims.
    Good,
    /// The symbol recovers a sliver of the other axis.
    WrongAxis {
        /// Axis that the symbol recovers.
        found: Axis,
    },
    /// The symbol recovers another sliver.
    WrongTarget {
        /// Index of the sliver that the symbol recovers.
        found: SliverIndex,
        /// Index of the sliver to recover.
        expected: SliverIndex,
    },
    /// The stated source sliver is beyond the committee.
    WrongSource {
        /// Index of the stated source sliver.
        found: SliverIndex,
        /// Number of shards, above all indices.
        n_shards: u16,
    },
    /// The size of the symbol differs from the blob's symbol size.
    WrongSymbolSize {
        /// Size of the symbol, in bytes.
        found: u64,
        /// Symbol size that follows from the metadata, in bytes.
        expected: u32,
    },
    /// The length of the proof differs from the height of the tree.
    WrongPathLength {
        /// Number of siblings in the proof.
        found: usize,
        /// Number of levels below the root.
        expected: usize,
    },
    /// The proof does not lead to the root of the source sliver.
    WrongProof,
}

impl SymbolVerdict {
    /// Returns true if the verdict is `Good`.
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

/// Verdict on an inconsistency proof.
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
    /// The symbols belong to the metadata, and the recovered sliver does not: the blob was encoded
    /// inconsistently.
    Proven,
    /// The target sliver is beyond the committee.
    WrongTarget {
        /// Index of the target sliver.
        found: SliverIndex,
        /// Number of shards, above all indices.
        n_shards: u16,
    },
    /// The number of symbols is not the number that recovers a sliver.
    WrongCount {
        /// Number of symbols in the proof.
        found: usize,
        /// Number of symbols that recover a sliver.
        expected: usize,
    },
    /// Two symbols come from the same sliver.
    RepeatedSource {
        /// Position of the second symbol in the proof.
        number: usize,
        /// Source sliver of both symbols.
        source: SliverIndex,
    },
    /// A symbol does not belong to the metadata.
    WrongSymbol {
        /// Position of the symbol in the proof.
        number: usize,
        /// Verdict on the symbol.
        verdict: SymbolVerdict,
    },
    /// The recovered sliver belongs to the metadata: nothing is inconsistent.
    Consistent,
}

impl ProofVerdict {
    /// Returns true if the proof shows that the blob was encoded inconsistently.
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
