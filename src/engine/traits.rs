//! What an engine offers to jobs.

use std::ops::Range;
use std::sync::Arc;

use crate::engine::{CodewordOps, DeviceInfo, DroppedSet, SliverOutput};
use crate::format::commitment::{Commitment, Digest};
use crate::format::error::Result;
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::io::symbol_reader::SymbolReader;

/// Encodes, expands and decodes stripes.
///
/// In every session, stripes come in order from byte 0 to the symbol size without gaps; all but the
/// last are multiples of [`STRIPE_UNIT`] and none is wider than the width that the session was
/// started with.
pub(crate) trait Engine: CodewordOps + Send + Sync {
    /// The name, as in JSON output.
    fn name(&self) -> &'static str;

    /// The instruction set that its kernels use, as in JSON output.
    fn instruction_set(&self) -> &'static str;

    /// The instruction sets that would have been taken before that one, had they been right.
    fn dropped_sets(&self) -> &[DroppedSet] {
        &[]
    }

    /// The device that it works on.
    fn device(&self) -> Option<&DeviceInfo> {
        None
    }

    /// Why the device is no longer used, for the user.
    fn device_fault(&self) -> Option<String> {
        None
    }

    /// Whether the engine has room for any job of the shape, in whatever stripes.
    fn fits(&self, shape: &Shape, commitment: Commitment) -> bool {
        let _ = (shape, commitment);
        true
    }

    /// Gives back memory that is kept for the next job.
    fn release_buffers(&self) {}

    /// The engine that looks again at what this one finds wrong, before anybody is told.
    fn verifier(&self) -> Option<Arc<dyn Engine>> {
        None
    }

    /// That one found it right.
    fn report_mismatch(&self) {}

    /// The widest stripes of an encode session that make sense for the engine.
    fn widest_encode(&self, shape: &Shape, commitment: Commitment) -> u32 {
        let _ = (shape, commitment);
        u32::MAX
    }

    /// Whether stripes can be narrower than a symbol. Where not, the memory limit is not kept.
    fn stripes(&self) -> bool;

    /// Whether trees leave out what is zero for the blob's length alone ([`Shape::zero_rows`],
    /// [`Shape::zero_columns`]): those leaves are not asked of an encode session.
    fn skips_zero_codewords(&self) -> bool {
        false
    }

    /// The number of threads at work.
    fn threads(&self) -> usize;

    /// The bytes of memory that encoding takes with stripes of the given width; `in_memory` if the
    /// rows can be borrowed.
    fn encode_memory(
        &self,
        shape: &Shape,
        commitment: Commitment,
        width: u32,
        in_memory: bool,
    ) -> u64;

    /// Starts encoding a blob.
    fn start_encode<'a>(
        &'a self,
        shape: Shape,
        commitment: Commitment,
        width: u32,
    ) -> Result<Box<dyn EncodeSession + 'a>>;

    /// The bytes of memory that expanding `items` slivers takes with stripes of the given width
    /// and reads of at most that width.
    fn expand_memory(
        &self,
        shape: &Shape,
        commitment: Commitment,
        axis: Axis,
        items: usize,
        width: u32,
    ) -> u64;

    /// Starts hashing the expanded symbols of `items` slivers of one axis. `width` bounds the reads;
    /// a stripe may be the whole symbol whatever the width.
    fn start_expand<'a>(
        &'a self,
        shape: Shape,
        commitment: Commitment,
        axis: Axis,
        items: usize,
        width: u32,
    ) -> Result<Box<dyn ExpandSession + 'a>>;

    /// The bytes of memory that decoding from the given slivers takes with stripes of the width;
    /// `in_memory` if they can be borrowed, `in_place` if rows inside the blob have their places.
    fn decode_memory(
        &self,
        shape: &Shape,
        axis: Axis,
        given: &[SliverIndex],
        width: u32,
        in_memory: bool,
        in_place: bool,
    ) -> u64;

    /// Starts decoding from exactly as many distinct slivers as are needed. `place(row)` is asked for
    /// rows of the source matrix that are restored; with stripes of whole symbols alone it has some.
    fn start_decode<'a>(
        &'a self,
        shape: Shape,
        axis: Axis,
        given: &[SliverIndex],
        width: u32,
        place: RowPlaces<'_, 'a>,
    ) -> Result<Box<dyn DecodeSession + 'a>>;
}

/// One blob being encoded.
pub(crate) trait EncodeSession {
    /// Encodes the byte range of every symbol. Item `r` of `rows` is row `r` of the source matrix.
    fn stripe(
        &mut self,
        range: Range<u32>,
        rows: &dyn SymbolReader,
        output: Option<SliverOutput<'_>>,
        control: &Control,
    ) -> Result<()>;

    /// The hash states between stripes, in a format that all engines share: column by column, the
    /// states of its `n` symbols. `None` if the whole symbol is one stripe.
    fn state(&self) -> Option<&[u8]>;

    /// Continues from states that [`EncodeSession::state`] gave. Whether they fit.
    fn restore(&mut self, state: &[u8]) -> Result<bool>;

    /// The leaf hashes of all `n * n` symbols, column by column, after the last stripe. Those in
    /// the shape's zero rows and zero columns are unspecified if the engine skips zeros: nobody
    /// reads them.
    fn leaves(&self) -> &[Digest];

    /// The roots of all primary and all secondary slivers, by index, after the last stripe, from a
    /// session that has computed them itself. Then nobody asks for leaves.
    fn roots(&self) -> Option<[Vec<Digest>; 2]> {
        None
    }
}

/// Slivers being expanded and hashed.
pub(crate) trait ExpandSession {
    /// Expands and hashes the byte range of every symbol of every sliver.
    fn stripe(
        &mut self,
        range: Range<u32>,
        slivers: &dyn SymbolReader,
        control: &Control,
    ) -> Result<()>;

    /// The leaf hashes of the `n` symbols of each sliver, sliver by sliver, after the last stripe.
    fn leaves(&self) -> &[Digest];

    /// The roots of the slivers, after the last stripe, from a session that has computed them itself.
    /// Then nobody asks for leaves.
    fn roots(&self) -> Option<&[Digest]> {
        None
    }
}

/// Where rows of the source matrix are put together.
pub(crate) type RowPlaces<'p, 'a> = &'p dyn Fn(usize) -> Option<&'a mut [u8]>;

/// One blob being decoded.
pub(crate) trait DecodeSession {
    /// Decodes the byte range of every symbol. Item `i` of `slivers` is the `i`-th given sliver.
    fn stripe(
        &mut self,
        range: Range<u32>,
        slivers: &dyn SymbolReader,
        control: &Control,
    ) -> Result<()>;

    /// Whether a row is put together in the place that it was given.
    fn is_in_place(&self, row: usize) -> bool {
        let _ = row;
        false
    }

    /// The rows of the source matrix, within the byte range of the last stripe; `slivers` are those
    /// that it was decoded from.
    fn rows<'s>(&'s self, slivers: &'s dyn SymbolReader) -> Box<dyn SymbolReader + 's>;
}
