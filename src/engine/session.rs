//! Sessions of engines: one job's work, stripe by stripe.

use std::ops::Range;

use crate::engine::SliverOutput;
use crate::format::commitment::Digest;
use crate::format::error::Result;
use crate::io::control::Control;
use crate::io::sink::SliverStore;
use crate::io::symbol_reader::{SourceRows, SymbolReader};

/// Encoding of one blob.
pub(crate) trait EncodeSession {
    /// Encodes the byte range of every symbol. Item `r` of `rows` is row `r` of the source matrix.
    fn stripe(
        &mut self,
        range: Range<u32>,
        rows: &dyn SymbolReader,
        output: Option<SliverOutput<'_>>,
        control: &Control,
    ) -> Result<()>;

    /// Returns the hash states between stripes, in a format that all engines share: column by
    /// column, the states of its `n` symbols. `None` if the whole symbol is one stripe.
    fn state(&self) -> Option<&[u8]>;

    /// Continues from states that [`EncodeSession::state`] returned. Returns true if the states fit
    /// the session.
    fn restore(&mut self, state: &[u8]) -> Result<bool>;

    /// Returns the leaf hashes of all `n * n` symbols, column by column, after the last stripe.
    /// Leaf hashes in the shape's zero rows and zero columns are unspecified if the engine skips
    /// zero codewords. Empty if the session has roots.
    fn leaves(&self) -> &[Digest];

    /// Returns the roots of all primary and all secondary slivers, by index, after the last stripe.
    /// `None` if the session leaves the trees to the job.
    fn roots(&self) -> Option<[Vec<Digest>; 2]> {
        None
    }
}

/// Encoding of one blob in two passes: groups of rows, then groups of columns. All pairs of slivers
/// are written. A group is extended, then appended, before the next begins.
pub(crate) trait PassSession {
    /// Extends source rows. Groups come in order, each of at most the plan's rows. Item `r` of
    /// `source` is row `r` of the source matrix.
    fn extend_rows(
        &mut self,
        rows: Range<usize>,
        source: &SourceRows<'_>,
        control: &Control,
    ) -> Result<()>;

    /// Appends the rows that were extended, and the new symbols of all secondary slivers, to the
    /// store.
    fn append_rows(
        &mut self,
        rows: Range<usize>,
        source: &SourceRows<'_>,
        store: &dyn SliverStore,
        control: &Control,
    ) -> Result<()>;

    /// Extends and hashes columns, which the store gives back. Groups come in order, each of at
    /// most the plan's columns, and all of them source columns or none. All rows are done.
    fn extend_columns(
        &mut self,
        columns: Range<usize>,
        store: &dyn SliverStore,
        control: &Control,
    ) -> Result<()>;

    /// Appends the new symbols of primary slivers beyond the source rows to the store.
    fn append_columns(
        &mut self,
        columns: Range<usize>,
        store: &dyn SliverStore,
        control: &Control,
    ) -> Result<()>;

    /// Takes the leaf hashes of columns that an interrupted encoding has done: `n` hashes of 32
    /// bytes per column.
    fn restore(&mut self, leaves: &[u8]) -> Result<()>;

    /// Returns the leaf hashes of the `n * n` symbols, column by column. Those of columns to come,
    /// and those in the shape's zero rows, are unspecified.
    fn leaves(&self) -> &[Digest];
}

/// Expanding and hashing of slivers.
pub(crate) trait ExpandSession {
    /// Expands and hashes the byte range of every symbol of every sliver.
    fn stripe(
        &mut self,
        range: Range<u32>,
        slivers: &dyn SymbolReader,
        control: &Control,
    ) -> Result<()>;

    /// Returns the leaf hashes of the `n` symbols of each sliver, sliver by sliver, after the last
    /// stripe. Empty if the session has roots.
    fn leaves(&self) -> &[Digest];

    /// Returns the roots of the slivers, after the last stripe. `None` if the session leaves the
    /// trees to the job.
    fn roots(&self) -> Option<&[Digest]> {
        None
    }
}

/// Lends memory for rows of the source matrix, by row number.
pub(crate) type RowPlaces<'p, 'a> = &'p dyn Fn(usize) -> Option<&'a mut [u8]>;

/// Decoding of one blob.
pub(crate) trait DecodeSession {
    /// Decodes the byte range of every symbol. Item `i` of `slivers` is the `i`-th given sliver.
    fn stripe(
        &mut self,
        range: Range<u32>,
        slivers: &dyn SymbolReader,
        control: &Control,
    ) -> Result<()>;

    /// Returns true if the session puts a row together in memory that was lent for it.
    fn is_in_place(&self, row: usize) -> bool {
        let _ = row;
        false
    }

    /// Returns the rows of the source matrix, within the byte range of the last stripe. `slivers`
    /// are the given slivers of that stripe.
    fn rows<'s>(&'s self, slivers: &'s dyn SymbolReader) -> Box<dyn SymbolReader + 's>;
}
