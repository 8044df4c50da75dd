//! Quilts: building one from files, and reading patches of one.
//!
//! `quilt_source` builds: the quilt is a source, so that encoders take it as any blob.
//! `quilt_reader` reads by columns, which `columns` fetches: a column is a secondary sliver that
//! is verified, or is restored from other slivers and then verified.

mod column_cache;
mod columns;
mod extraction;
mod quilt_entry;
mod quilt_reader;
mod quilt_source;

pub use quilt_entry::QuiltEntry;
pub use quilt_reader::QuiltReader;
pub use quilt_source::Quilt;
