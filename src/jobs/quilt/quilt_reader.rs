//! Reading of quilts.

use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use super::column_cache::ColumnCache;
use super::columns::{Columns, Discard, SliverColumns};
use crate::format::commitment::{BlobId, VerifiedMetadata};
use crate::format::error::{Error, Result};
use crate::format::index::Axis;
use crate::format::quilt::{
    INDEX_START_LEN, MAX_HEADER_LEN, PATCH_START_LEN, PatchHeader, QuiltPatch, QuiltPatchId,
    QuiltShape, parse_index, parse_index_start, patch_len, shortened,
};
use crate::format::quilt_reasons::QuiltProblem;
use crate::format::shape::Shape;
use crate::io::blob_output::Output;
use crate::io::control::Control;
use crate::io::sliver_source::SliverSource;
use crate::io::source::Source;
use crate::jobs::decoder::Decoder;
use crate::support::memory::{catch_out_of_memory, try_with_capacity};

/// Bytes of columns that are read at once, if that is within the memory limit.
const READ_LEN: u64 = 32 << 20;

/// Reads the patches of a quilt, from slivers or from the blob.
///
/// From slivers, every byte is checked against the metadata before it is used: a patch takes the
/// secondary slivers of its columns, or, where they are missing or damaged, as many slivers of
/// either axis as decode the blob. Bytes of a patch are then the same on every way. Consistency of
/// the whole blob is not checked by reading; [`QuiltReader::check`] checks it.
///
/// A quilt may be a stranger's. Index and patches are held against the rules of the format, and
/// memory is bounded: the index, and columns of a patch within the memory limit.
///
/// # Example
///
/// ```
/// use walrus_accel::quilt::{Quilt, QuiltEntry, QuiltReader};
/// use walrus_accel::Control;
///
/// // From a blob in memory; `Decoder::quilt_reader` reads from slivers.
/// let quilt = Quilt::new(10, vec![QuiltEntry::new("tusk.txt", &b"tusk"[..])])?;
/// let (reader, control) = (QuiltReader::of_blob(10, &quilt)?, Control::new());
/// let patch = reader.patch("tusk.txt", &control)?;
/// let mut content = Vec::new();
/// reader.read(patch, &mut content, &control)?;
/// assert_eq!(content, b"tusk");
/// assert!(reader.patch("walrus.txt", &control).is_err());
/// # Ok::<(), walrus_accel::Error>(())
/// ```
pub struct QuiltReader<'a> {
    shape: QuiltShape,
    pub(super) columns: ColumnCache<'a>,
    quilt_id: Option<BlobId>,
    index: OnceLock<Vec<QuiltPatch>>,
}

impl Decoder {
    /// Returns a reader of the quilt with this metadata, from slivers that are given or borrowed.
    /// Nothing is read yet.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidQuilt`] if the length of the blob is no quilt's.
    pub fn quilt_reader<'a>(
        &self,
        metadata: &VerifiedMetadata,
        slivers: impl SliverSource + Send + 'a,
    ) -> Result<QuiltReader<'a>> {
        let length = metadata.shape().unencoded_length();
        catch_out_of_memory(|| {
            let shape = QuiltShape::of_blob(metadata.n_shards(), length)?;
            let slivers = SliverColumns::new(self, metadata, Box::new(slivers));
            let at_once = READ_LEN.min(self.runtime.memory() / 8);
            Ok(QuiltReader {
                shape,
                columns: ColumnCache::new(shape, Columns::Slivers(slivers), at_once),
                quilt_id: Some(*metadata.blob_id()),
                index: OnceLock::new(),
            })
        })
    }
}

impl<'a> QuiltReader<'a> {
    /// Returns a reader of a quilt that is there as a whole blob, for a committee of `n_shards`
    /// shards. The blob is trusted: whoever decoded it should have used the strict check, so that
    /// patches are those that slivers give.
    ///
    /// # Errors
    ///
    /// As [`Decoder::quilt_reader`]; [`Error::TooFewShards`], [`Error::TooManyShards`].
    pub fn of_blob(n_shards: u16, blob: impl Source + Send + 'a) -> Result<Self> {
        let shape = QuiltShape::of_blob(n_shards, blob.len())?;
        let columns = Columns::Blob(Box::new(blob));
        Ok(Self {
            shape,
            columns: ColumnCache::new(shape, columns, READ_LEN),
            quilt_id: None,
            index: OnceLock::new(),
        })
    }

    /// Blob ID of the quilt. `None` for a reader of a whole blob.
    #[must_use]
    pub fn quilt_id(&self) -> Option<&BlobId> {
        self.quilt_id.as_ref()
    }

    /// Returns all patches in the order of the index, by the bytes of their identifiers. The index
    /// is read once.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidQuilt`] or [`Error::Malformed`] if the blob has no valid index;
    /// [`Error::NotEnoughSlivers`]; [`Error::Inconsistent`] if good slivers do not belong
    /// together; [`Error::Cancelled`].
    pub fn patches(&self, control: &Control) -> Result<&[QuiltPatch]> {
        if let Some(patches) = self.index.get() {
            return Ok(patches);
        }
        let patches = catch_out_of_memory(|| self.read_index(control))?;
        Ok(self.index.get_or_init(|| patches))
    }

    /// Returns the patch with an identifier.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchPatch`]; as [`QuiltReader::patches`].
    pub fn patch(&self, identifier: &str, control: &Control) -> Result<&QuiltPatch> {
        let patches = self.patches(control)?;
        let found = patches.binary_search_by(|patch| patch.identifier.as_str().cmp(identifier));
        match found {
            Ok(place) => Ok(&patches[place]),
            Err(_) => Err(Error::NoSuchPatch {
                wanted: format!("the identifier {:?}", shortened(identifier)),
            }),
        }
    }

    /// Returns the patches that have a tag with this key and value, in the order of the index.
    ///
    /// # Errors
    ///
    /// As [`QuiltReader::patches`].
    pub fn patches_with_tag(
        &self,
        key: &str,
        value: &str,
        control: &Control,
    ) -> Result<Vec<&QuiltPatch>> {
        let patches = self.patches(control)?.iter();
        Ok(patches
            .filter(|patch| patch.tags.get(key) == Some(value))
            .collect())
    }

    /// Returns the patch with an ID, from the patch alone: the index is not read. Identifier and
    /// tags are those in the patch.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchPatch`] for an ID of another quilt, and if the ID's columns hold no patch of
    /// just that many columns; [`Error::InvalidQuilt`] or [`Error::Malformed`] for a patch against
    /// the rules of the format; otherwise as [`QuiltReader::patches`].
    pub fn patch_by_id(&self, id: &QuiltPatchId, control: &Control) -> Result<QuiltPatch> {
        if self.quilt_id.is_some_and(|quilt| quilt != id.quilt_id) {
            return Err(Error::NoSuchPatch {
                wanted: format!("the ID {id}: the ID is of quilt {}", id.quilt_id),
            });
        }
        catch_out_of_memory(|| {
            let opened = self.open(&id.columns(), control);
            let opened = opened.map_err(|error| match error {
                // Also an ID with a wrong column would be told as a broken quilt.
                Error::InvalidQuilt {
                    reason: reason @ QuiltProblem::PatchLength { .. },
                } => Error::NoSuchPatch {
                    wanted: format!("the ID {id}: {reason}"),
                },
                error => error,
            })?;
            let PatchHeader {
                identifier, tags, ..
            } = opened.header;
            Ok(QuiltPatch::new(identifier, tags, id.columns()))
        })
    }

    /// Reads the content of a patch, and returns its length in bytes. The output gets the content
    /// as a blob of its own.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidQuilt`] or [`Error::Malformed`] if the columns hold no patch with the
    /// identifier, the tags and the number of columns that `patch` states, or if bytes behind the
    /// content are not zero; otherwise as [`QuiltReader::patches`]; the errors of the output. On
    /// failure, the session of the output is dropped unfinished.
    pub fn read(
        &self,
        patch: &QuiltPatch,
        output: &mut dyn Output,
        control: &Control,
    ) -> Result<u64> {
        catch_out_of_memory(|| self.read_uncaught(patch, output, control))
    }

    /// [`QuiltReader::read`], which unwinds if memory is missing.
    fn read_uncaught(
        &self,
        patch: &QuiltPatch,
        output: &mut dyn Output,
        control: &Control,
    ) -> Result<u64> {
        let start = patch.columns.start;
        let opened = self.open(&patch.columns, control)?;
        let header = &opened.header;
        let differs = match () {
            () if header.identifier != patch.identifier => Some("identifiers"),
            () if header.tags != patch.tags => Some("tags"),
            () => None,
        };
        if let Some(what) = differs {
            let identifier = shortened(&patch.identifier);
            return invalid(QuiltProblem::Disagreement {
                start,
                what,
                identifier,
            });
        }
        let content_len = header.content_len;
        let shape = Shape::new(self.shape.n_shards(), content_len)?;
        control.start(content_len);
        let session = output.begin(&shape)?;
        let row_len = shape.sliver_len(Axis::Primary);
        let mut done = 0;
        let mut put = |bytes: &[u8]| {
            let mut bytes = bytes;
            // No piece crosses from a row of the output to the next.
            while !bytes.is_empty() && done < content_len {
                let len = (row_len - done % row_len).min(content_len - done);
                let len = usize::try_from(len).unwrap_or(usize::MAX).min(bytes.len());
                let (piece, rest) = bytes.split_at(len);
                session.put(done, piece)?;
                control.advance(len as u64);
                (done, bytes) = (done + len as u64, rest);
            }
            Ok::<_, Error>(bytes.iter().all(|&byte| byte == 0))
        };
        let last = patch.columns.end - 1;
        let padding = QuiltProblem::Padding { column: last };
        if !put(&opened.bytes[opened.header_len..])? {
            return invalid(padding);
        }
        let mut next = opened.next;
        drop(opened.bytes);
        while next < patch.columns.end {
            let columns = next..self.columns.chunk_end(next, patch.columns.end);
            next = columns.end;
            let bytes = self.columns.fetch(columns, control)?;
            if !put(&bytes)? {
                return invalid(padding);
            }
        }
        control.check()?;
        session.finish()?;
        control.finish();
        Ok(content_len)
    }

    /// Checks the whole quilt: the blob by the strict check, the index, every patch, and that all
    /// else is zero. A reader of a whole blob checks the quilt alone.
    ///
    /// A reader that finds this check passed gets the same patches as every other reader, whatever
    /// slivers it reads.
    ///
    /// # Errors
    ///
    /// As [`QuiltReader::patches`] and [`QuiltReader::read`]; as
    /// [`Decoder::decode`] with [`Check::Strict`](crate::Check::Strict).
    pub fn check(&self, control: &Control) -> Result<()> {
        catch_out_of_memory(|| {
            if let Columns::Slivers(slivers) = &self.columns.columns {
                slivers.check(control)?;
            }
            let patches = self.patches(control)?;
            let all: Vec<_> = patches.iter().collect();
            for (number, patch) in patches.iter().enumerate() {
                self.columns.read_ahead(&all[number..], control)?;
                self.read(patch, &mut Discard, &control.child())?;
            }
            self.columns.forget_ahead();
            let index_end = self.index_columns(control)?;
            let mut next = patches.last().map_or(index_end, |patch| patch.columns.end);
            while next < self.shape.columns() {
                let columns = next..self.columns.chunk_end(next, self.shape.columns());
                let bytes = self.columns.fetch(columns.clone(), control)?;
                let len = self.shape.column_len() as usize;
                for (column, bytes) in columns.clone().zip(bytes.chunks_exact(len)) {
                    if bytes.iter().any(|&byte| byte != 0) {
                        return invalid(QuiltProblem::Padding { column });
                    }
                }
                next = columns.end;
            }
            Ok(())
        })
    }

    /// Number of columns that hold `len` bytes, at least one and at most all.
    fn columns_for(&self, len: u64) -> u16 {
        let columns = self.shape.columns_of(len).max(1);
        u16::try_from(columns).map_or(self.shape.columns(), |count| {
            count.min(self.shape.columns())
        })
    }

    /// Returns the length of the index in bytes.
    fn index_len(&self, control: &Control) -> Result<u64> {
        let columns = 0..self.columns_for(INDEX_START_LEN as u64);
        let bytes = self.columns.fetch(columns, control)?;
        parse_index_start(&bytes[..INDEX_START_LEN.min(bytes.len())], &self.shape)
    }

    fn index_columns(&self, control: &Control) -> Result<u16> {
        Ok(self.columns_for(self.index_len(control)?))
    }

    fn read_index(&self, control: &Control) -> Result<Vec<QuiltPatch>> {
        let len = self.index_len(control)?;
        let columns = 0..self.columns_for(len);
        let last = columns.end - 1;
        let bytes = self.columns.fetch(columns, control)?;
        let (index, padding) = bytes.split_at(usize::try_from(len).expect("within the columns"));
        let patches = parse_index(index, &self.shape)?;
        if padding.iter().any(|&byte| byte != 0) {
            return invalid(QuiltProblem::Padding { column: last });
        }
        Ok(patches)
    }

    /// Reads the header of the patch in the given columns.
    fn open(&self, columns: &Range<u16>, control: &Control) -> Result<Opened> {
        self.shape.check_columns(columns)?;
        let start = columns.start;
        let until = |len| start.saturating_add(self.columns_for(len)).min(columns.end);
        let mut next = until(PATCH_START_LEN as u64);
        let mut bytes = self.columns.fetch(start..next, control)?;
        let length = patch_len(&bytes, start)?;
        let (needed, stated) = (self.shape.columns_of(length), columns.len() as u64);
        if needed != stated {
            return invalid(QuiltProblem::PatchLength {
                start,
                length,
                needed,
                stated,
            });
        }
        let header_end = until(length.min(MAX_HEADER_LEN as u64));
        if header_end > next {
            let more = self.columns.fetch(next..header_end, control)?;
            let mut all = try_with_capacity(bytes.len() + more.len())?;
            all.extend_from_slice(&bytes);
            all.extend_from_slice(&more);
            (bytes, next) = (all, header_end);
        }
        let (header, header_len) = PatchHeader::parse(&bytes, start)?;
        Ok(Opened {
            header,
            header_len,
            bytes,
            next,
        })
    }
}

fn invalid<T>(reason: QuiltProblem) -> Result<T> {
    Err(Error::InvalidQuilt { reason })
}

/// Patch with its header, and its first columns.
struct Opened {
    header: PatchHeader,
    header_len: usize,
    bytes: Vec<u8>,
    /// First column that was not read.
    next: u16,
}

impl fmt::Debug for QuiltReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuiltReader")
            .field("quilt_id", &self.quilt_id)
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}
