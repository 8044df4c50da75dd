//! Quilts: many small blobs, the patches, as one blob.
//!
//! A quilt is a blob that fills its source matrix without padding, and is used by columns. Column
//! `c` is secondary sliver `c`. The index is in the first columns; every patch begins at the top of
//! a column of its own. Unused bytes are zero. The pieces, all integers little-endian:
//!
//! ```text
//! index   01, u32 length of what follows, ULEB128 count, per patch:
//!             u16 end column (exclusive), identifier, tags
//! patch   01, u32 length of what follows the mask, u8 mask,
//!             u16 length, identifier, [u16 length, tags, if mask & 1], content
//! tags    ULEB128 count, per tag: key, value
//! ```
//!
//! Identifiers, keys and values are BCS strings. The first patch begins in the column behind the
//! index, every other patch where the patch before it ends.

mod identifier;
mod patch_header;
mod patch_id;
mod quilt_index;
mod quilt_layout;
mod tags;

pub(crate) use identifier::{check_identifier, shortened};
pub(crate) use patch_header::{MAX_HEADER_LEN, PATCH_START_LEN, PatchHeader, patch_len};
pub use patch_id::QuiltPatchId;
pub use quilt_index::QuiltPatch;
pub(crate) use quilt_index::{
    INDEX_START_LEN, index_len, parse_index, parse_index_start, write_index,
};
pub(crate) use quilt_layout::{QuiltLayout, QuiltShape};
pub use tags::QuiltTags;

#[cfg(test)]
mod tests;
