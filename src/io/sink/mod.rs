//! Where slivers go: memory, a callback, a directory, or a caller's own sink.

mod callback;
mod sliver_buffer;
mod sliver_slices;

pub use callback::CallbackSink;
pub(crate) use sliver_buffer::BufferSession;
pub use sliver_buffer::SliverBuffer;
pub use sliver_slices::SliverSlices;

use std::ops::Range;

use crate::format::commitment::{BlobMetadataWithId, Commitment};
use crate::format::error::Result;
use crate::format::index::{Axis, PairSet, SliverIndex};
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::io::source::FileSource;
use crate::support::memory::ensure_capacity;

/// Receives the slivers of one encoding after another.
///
/// Implemented by [`SliverBuffer`], [`SliverSlices`], [`DirectorySink`](crate::DirectorySink) and
/// [`CallbackSink`].
pub trait Sink {
    /// Prepares for the slivers of the chosen pairs of one blob, whose metadata will have the
    /// given commitment hash.
    ///
    /// What is returned is dropped without [`SinkSession::finish`] if the job fails or is
    /// cancelled: then nothing of it may stay behind.
    ///
    /// # Errors
    ///
    /// Whatever keeps the sink from taking the slivers: no memory, no space, no permission.
    fn begin<'a>(
        &'a mut self,
        shape: &Shape,
        commitment: Commitment,
        pairs: &PairSet,
    ) -> Result<Box<dyn SinkSession + 'a>>;

    /// Called before [`Sink::begin`] with the file that is encoded, if it is one
    /// ([`Source::as_file`](crate::Source::as_file)): a sink that replaces files must not replace it.
    fn protect(&mut self, file: &FileSource) {
        let _ = file;
    }
}

/// A sink while one blob is being encoded into it.
pub trait SinkSession: Sync {
    /// Takes a part of a sliver. Called from several threads at once; the parts of a sliver come in
    /// no particular order, do not overlap, and cover it. The threads are the engine's: do not run
    /// `rayon` work under a lock here, as it may take up other parts of the job.
    ///
    /// # Errors
    ///
    /// Any error ends the job.
    fn put(&self, part: &SliverPart<'_>) -> Result<()>;

    /// Whether the sink has memory for the symbols of every chosen sliver, which [`SinkSession::buffers`]
    /// lends: then they are written there, and nothing is put. Not unless implemented.
    fn has_buffers(&self) -> bool {
        false
    }

    /// Lends the memory of every chosen sliver. Called once for every stripe of the blob: what was
    /// written for the last one must still be there.
    ///
    /// [`Encoder::encode`](crate::Encoder::encode) panics unless there is exactly one buffer for each
    /// chosen sliver, as long as its symbols.
    fn buffers(&mut self) -> Vec<SliverBufferMut<'_>> {
        Vec::new()
    }

    /// Bytes of the blob per stripe above which the sink prefers narrower stripes, so that
    /// [`SinkSession::checkpoint`] is called often enough. Narrower stripes take more time. `None`, the
    /// default, leaves the width to the engine.
    fn stripe_bytes(&self) -> Option<u64> {
        None
    }

    /// Called with what an interrupted encoding can be continued from: the bytes `0..next` of every
    /// symbol are done and were put, and `state` describes them. Only blobs that are encoded in several
    /// stripes have such points: those that do not fit the memory limit at once, or have more bytes than
    /// [`SinkSession::stripe_bytes`].
    ///
    /// # Errors
    ///
    /// Any error ends the job.
    fn checkpoint(&self, next: u32, state: &[u8]) -> Result<()> {
        let _ = (next, state);
        Ok(())
    }

    /// The last checkpoint of an interrupted encoding that this session continues, if any: `next`
    /// and `state` as they were given to [`SinkSession::checkpoint`]. What cannot be one of this
    /// encoding (`next` is 0, beyond the symbols or between hash blocks, or `state` has another
    /// length than it has under this memory limit) is not used: the encoding starts from the
    /// beginning, and every part is put again.
    ///
    /// # Errors
    ///
    /// Any error ends the job.
    fn resume(&self) -> Result<Option<(u32, Vec<u8>)>> {
        Ok(None)
    }

    /// Completes the blob: every part was put. What takes long here should end with
    /// [`Error::Cancelled`](crate::Error::Cancelled) when `control` is cancelled.
    ///
    /// # Errors
    ///
    /// Any error ends the job.
    fn finish(self: Box<Self>, metadata: &BlobMetadataWithId, control: &Control) -> Result<()>;
}

/// Memory for the symbols of one sliver.
#[derive(Debug)]
pub struct SliverBufferMut<'a> {
    /// The axis of the sliver.
    pub axis: Axis,
    /// The index of the sliver along its axis.
    pub sliver: SliverIndex,
    /// As long as its symbols are ([`Shape::sliver_len`]).
    pub symbols: &'a mut [u8],
}

/// The same byte range of some consecutive symbols of one sliver.
#[derive(Clone, Copy, Debug)]
pub struct SliverPart<'a> {
    /// The axis of the sliver.
    pub axis: Axis,
    /// The index of the sliver along its axis.
    pub sliver: SliverIndex,
    /// The first symbol of the part.
    pub first_symbol: u16,
    /// The first byte of the range within each symbol.
    pub first_byte: u32,
    /// The size of a symbol in bytes.
    pub symbol_size: u32,
    /// The bytes, a piece a symbol.
    pub pieces: Pieces<'a>,
}

impl SliverPart<'_> {
    /// Where the piece of the part's first symbol begins, in bytes from the beginning of the
    /// sliver's symbols. The next symbol's piece begins `symbol_size` bytes later.
    #[must_use]
    pub fn offset(&self) -> u64 {
        u64::from(self.first_symbol) * u64::from(self.symbol_size) + u64::from(self.first_byte)
    }

    /// The byte range within each symbol.
    #[must_use]
    pub fn bytes(&self) -> Range<u32> {
        let width = u32::try_from(self.pieces.width).expect("a piece is no longer than a symbol");
        self.first_byte..self.first_byte + width
    }

    /// Copies the pieces to their places among all symbols of the sliver.
    pub(crate) fn copy_to(&self, symbols: &mut [u8]) {
        let offset = usize::try_from(self.offset()).expect("inside the sliver");
        match self.pieces.contiguous() {
            Some(bytes) if self.bytes() == (0..self.symbol_size) => {
                symbols[offset..offset + bytes.len()].copy_from_slice(bytes);
            }
            _ => {
                let places = symbols[offset..].chunks_mut(self.symbol_size as usize);
                for (piece, place) in self.pieces.iter().zip(places) {
                    place[..piece.len()].copy_from_slice(piece);
                }
            }
        }
    }

    /// Calls `write` with runs of bytes that lie together in the sliver, and their offsets from the
    /// beginning of its symbols. Whole symbols are gathered in `scratch` if they lie apart in
    /// memory: in runs of at most [`RUN_LEN`] bytes, or a symbol.
    pub(crate) fn for_each_run<E>(
        &self,
        scratch: &mut Vec<u8>,
        mut write: impl FnMut(u64, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut offset = self.offset();
        if self.bytes() != (0..self.symbol_size) {
            for piece in self.pieces.iter() {
                write(offset, piece)?;
                offset += u64::from(self.symbol_size);
            }
            return Ok(());
        }
        if let Some(bytes) = self.pieces.contiguous() {
            return write(offset, bytes);
        }
        scratch.clear();
        let whole = self.pieces.len() * self.pieces.width;
        ensure_capacity(scratch, whole.min(RUN_LEN.max(self.pieces.width)));
        for piece in self.pieces.iter() {
            if !scratch.is_empty() && scratch.len() + piece.len() > RUN_LEN {
                write(offset, scratch)?;
                offset += scratch.len() as u64;
                scratch.clear();
            }
            scratch.extend_from_slice(piece);
        }
        match scratch.is_empty() {
            true => Ok(()),
            false => write(offset, scratch),
        }
    }
}

/// How many bytes of a sliver are gathered for one write.
pub(crate) const RUN_LEN: usize = 1 << 20;

/// Pieces of equal length at equal distances in memory.
#[derive(Clone, Copy, Debug)]
pub struct Pieces<'a> {
    data: &'a [u8],
    width: usize,
    stride: usize,
    count: usize,
}

impl<'a> Pieces<'a> {
    /// `count` pieces of `width` bytes, each `stride` bytes after the one before.
    ///
    /// # Panics
    ///
    /// If `data` ends before the last piece does.
    #[must_use]
    pub fn new(data: &'a [u8], width: usize, stride: usize, count: usize) -> Self {
        assert!(count == 0 || (count - 1) * stride + width <= data.len());
        Self {
            data,
            width,
            stride,
            count,
        }
    }

    /// Those behind the first `count`.
    #[cfg(feature = "gpu")]
    pub(crate) fn skip(&self, count: usize) -> Self {
        let count = count.min(self.count);
        Self {
            data: &self.data[(count * self.stride).min(self.data.len())..],
            count: self.count - count,
            ..*self
        }
    }

    /// The number of pieces.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no piece.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The pieces in symbol order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        let Self {
            data,
            width,
            stride,
            count,
        } = *self;
        (0..count).map(move |i| &data[i * stride..i * stride + width])
    }

    /// All pieces as one slice, if they lie together.
    #[must_use]
    pub fn contiguous(&self) -> Option<&'a [u8]> {
        (self.stride == self.width || self.count == 1)
            .then(|| &self.data[..self.count * self.width])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_bounded_and_cover_the_part() {
        // Whole symbols that lie together, that lie apart, and the middle of symbols.
        for (symbol_size, count, stride, width, first_byte) in [
            (1000, 3000, 1000, 1000, 0),
            (1000, 3000, 1300, 1000, 0),
            (65534, 40, 70000, 65534, 0),
            (1000, 50, 1300, 128, 256),
            (1000, 0, 1300, 1000, 0),
        ] {
            let data: Vec<u8> = (0..stride * count).map(|i| (i % 251) as u8).collect();
            let part = SliverPart {
                axis: Axis::Primary,
                sliver: SliverIndex(0),
                first_symbol: 2,
                first_byte,
                symbol_size,
                pieces: Pieces::new(&data, width, stride, count),
            };
            let (mut scratch, mut longest) = (Vec::new(), 0);
            let mut found = vec![0; (count + 2) * symbol_size as usize];
            let mut expected = found.clone();
            part.for_each_run(&mut scratch, |offset, bytes| {
                longest = longest.max(bytes.len());
                let place = &mut found[offset as usize..][..bytes.len()];
                assert!(place.iter().all(|&byte| byte == 0));
                place.copy_from_slice(bytes);
                Ok::<_, ()>(())
            })
            .unwrap();
            for (i, piece) in part.pieces.iter().enumerate() {
                let start = (i + 2) * symbol_size as usize + first_byte as usize;
                expected[start..][..width].copy_from_slice(piece);
            }
            assert!(found == expected, "{symbol_size} {stride} {width}");
            assert!(longest <= RUN_LEN || stride == width);
            assert!(scratch.capacity() <= 2 * RUN_LEN);
        }
    }
}
