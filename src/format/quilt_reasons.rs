//! Typed reasons of errors of quilts.

/// Reason why a text is no identifier of a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentifierProblem {
    /// Text of no characters.
    #[error("it is empty")]
    Empty,
    /// White space at the end.
    #[error("it ends with white space")]
    TrailingSpace,
    /// Control character.
    #[error("it has the control character U+{code:04X}")]
    Control {
        /// Code point of the first control character.
        code: u32,
    },
    /// Too many bytes.
    #[error("it has {length} bytes, and at most {maximum} are possible")]
    TooLong {
        /// Length of the text in bytes of UTF-8.
        length: usize,
        /// Maximum length in bytes.
        maximum: usize,
    },
}

/// Reason why a quilt cannot be built.
///
/// # Example
///
/// ```
/// use walrus_accel::error::{IdentifierProblem, QuiltLimit};
/// use walrus_accel::quilt::{Quilt, QuiltEntry};
/// use walrus_accel::Error;
///
/// let result = Quilt::new(10, vec![QuiltEntry::new("a ", &b"walrus"[..])]);
/// let Err(Error::QuiltRefused { reason: QuiltLimit::Identifier { reason, .. } }) = result else {
///     panic!("an identifier does not end with white space");
/// };
/// assert_eq!(reason, IdentifierProblem::TrailingSpace);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuiltLimit {
    /// Text that is no identifier.
    #[error("the identifier {identifier:?} is not valid: {reason}; rename the patch")]
    Identifier {
        /// Text given, shortened.
        identifier: String,
        /// Rule that the text breaks.
        reason: IdentifierProblem,
    },
    /// Two patches with one identifier.
    #[error("two patches have the identifier {identifier:?}; rename one of them")]
    DuplicateIdentifier {
        /// Identifier of both.
        identifier: String,
    },
    /// Two tags of a patch with one key.
    #[error("two tags have the key {key:?}; leave one out")]
    DuplicateTag {
        /// Key of both.
        key: String,
    },
    /// Tags of a patch that are too long.
    #[error("the tags have {length} bytes, and those of one patch at most {maximum}; shorten them")]
    TagsTooLong {
        /// Length of the serialised tags in bytes.
        length: u64,
        /// Maximum length in bytes.
        maximum: u64,
    },
    /// Patch that is too long.
    #[error(
        "the patch {identifier:?} has {length} bytes with its identifier and tags, and at most \
         {maximum} are possible; store it as a blob of its own"
    )]
    PatchTooLong {
        /// Identifier of the patch.
        identifier: String,
        /// Length in bytes: content, identifier and tags.
        length: u64,
        /// Maximum length in bytes.
        maximum: u64,
    },
    /// Too many patches.
    #[error(
        "{patches} patches are too many: a quilt of {n_shards} shards has at most {maximum}; \
         make several quilts"
    )]
    TooManyPatches {
        /// Number of patches.
        patches: usize,
        /// Maximum number of patches.
        maximum: usize,
        /// Number of shards.
        n_shards: u16,
    },
    /// Patches that do not fit the columns even with the largest symbols.
    #[error(
        "{patches} patches of {length} bytes in all do not fit into {n_shards} shards: a quilt has \
         {columns} columns of at most {column_len} bytes, and each patch begins in a column of its \
         own; make several quilts"
    )]
    TooLarge {
        /// Number of patches.
        patches: usize,
        /// Length in bytes of index and patches.
        length: u64,
        /// Number of columns.
        columns: u16,
        /// Maximum length of a column in bytes.
        column_len: u64,
        /// Number of shards.
        n_shards: u16,
    },
}

/// Reason why a blob, or a part of the blob, is no valid quilt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuiltProblem {
    /// Blob of a length that no quilt has.
    #[error("its length is {length} bytes, and quilts have a multiple of {unit}")]
    Length {
        /// Length of the blob in bytes.
        length: u64,
        /// Number of symbols of the source matrix.
        unit: u64,
    },
    /// Blob of a length that gives an odd or too large symbol size.
    #[error(
        "its length gives symbols of {symbol_size} bytes, and quilts have an even number up to \
         65534"
    )]
    SymbolSize {
        /// Length of the blob divided by the number of symbols.
        symbol_size: u64,
    },
    /// Version of the index or of a patch other than 1.
    #[error(
        "the {structure} in column {column} begins with {found:02x}, and version 1 begins with 01: \
         it is no quilt, or the column is the wrong one"
    )]
    Version {
        /// `index` or `patch`.
        structure: &'static str,
        /// Column of the first byte.
        column: u16,
        /// First byte.
        found: u8,
    },
    /// Index longer than ten columns.
    #[error("its index has {length} bytes, and ten columns hold {maximum}")]
    IndexTooLong {
        /// Length of the index in bytes.
        length: u64,
        /// Maximum length in bytes.
        maximum: u64,
    },
    /// Index that does not end within its stated length.
    #[error(
        "its index does not end within the stated {length} bytes; @mysten/walrus before September \
         2025 wrote only the lowest byte of the length: patches of such quilts are read by patch ID"
    )]
    IndexEndsEarly {
        /// Stated length in bytes.
        length: u32,
    },
    /// Identifier in the index or in a patch that breaks the rules.
    #[error("the identifier {identifier:?} is not valid: {reason}")]
    Identifier {
        /// The identifier, shortened.
        identifier: String,
        /// Rule that the identifier breaks.
        reason: IdentifierProblem,
    },
    /// Identifiers in the index that are not in ascending order, or are equal.
    #[error("the identifier {identifier:?} is not behind the one before it in the index")]
    Order {
        /// Second identifier of the two, shortened.
        identifier: String,
    },
    /// Columns that go backwards or beyond the matrix.
    #[error(
        "columns {start} to {end} (exclusive) are not possible: patches take at least one of the \
         {columns} columns, behind the index"
    )]
    Columns {
        /// First column.
        start: u16,
        /// End column, exclusive.
        end: u16,
        /// Number of columns of the quilt.
        columns: u16,
    },
    /// Patch whose length does not belong to its columns.
    #[error(
        "the patch in column {start} has {length} bytes, which take {needed} columns, and it is \
         stated to have {stated}"
    )]
    PatchLength {
        /// First column.
        start: u16,
        /// Length of the patch in bytes, with its header.
        length: u64,
        /// Number of columns that the length takes.
        needed: u64,
        /// Number of columns that the index or the patch ID states.
        stated: u64,
    },
    /// Index and patch that state different identifiers or tags.
    #[error("the index and the patch in column {start} state different {what}: {identifier:?}")]
    Disagreement {
        /// First column of the patch.
        start: u16,
        /// `identifiers` or `tags`.
        what: &'static str,
        /// Identifier in the index, shortened.
        identifier: String,
    },
    /// Bytes other than zero where a quilt has padding.
    #[error("column {column} has bytes other than zero where it has padding")]
    Padding {
        /// The column.
        column: u16,
    },
}
