//! Built quilts, as sources.

use std::fmt;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::quilt_entry::{Content, QuiltEntry};
use crate::format::error::{Error, Result};
use crate::format::quilt::{
    PATCH_START_LEN, PatchHeader, QuiltLayout, QuiltPatch, check_identifier, index_len, shortened,
    write_index,
};
use crate::format::quilt_reasons::QuiltLimit;
use crate::io::source::{FileSource, Source};
use crate::support::disk::OpenFiles;
use crate::support::memory::{catch_out_of_memory, collected, filled, push, try_zeroed};

/// Longest quilt that is assembled in memory: its symbols are too short to be read one by one.
const MAX_ASSEMBLED_LEN: u64 = 16 << 20;

/// Bytes of a column that are read at once.
const PIECE_LEN: usize = 1 << 20;

/// Maximum length in bytes of a patch behind version, length and mask.
const MAX_PATCH_LEN: u64 = u32::MAX as u64;

/// Quilt: many small blobs, the patches, as one blob.
///
/// A quilt is a [`Source`]: an [`Encoder`](crate::Encoder) of the same number of shards encodes it
/// as any blob. Contents are read while the quilt is read, and a content that changes meanwhile is
/// an error. Quilts of up to 16 MiB are assembled in memory; of others, index and headers are.
///
/// Patches are ordered by the bytes of their identifiers, whatever the order of the entries, and
/// each begins in a column of its own. The symbol size is the smallest that fits, so the quilt of
/// given patches and shards has one blob ID.
///
/// # Example
///
/// ```
/// use walrus_accel::quilt::{Quilt, QuiltEntry};
/// use walrus_accel::Encoder;
///
/// let encoder = Encoder::new(10)?;
/// let quilt = Quilt::new(
///     encoder.n_shards(),
///     vec![
///         QuiltEntry::new("walrus.txt", &b"walrus"[..]),
///         QuiltEntry::new("tusk.txt", &b"tusk"[..]),
///     ],
/// )?;
/// let encoded = encoder.metadata(&quilt)?;
/// for patch in quilt.patches() {
///     println!("{} {}", patch.id(&encoded.blob_id), patch.identifier);
/// }
/// assert_eq!(quilt.patches()[0].identifier, "tusk.txt");
/// # Ok::<(), walrus_accel::Error>(())
/// ```
pub struct Quilt<'a> {
    layout: QuiltLayout,
    patches: Vec<QuiltPatch>,
    /// The index, and the patches in their order.
    entries: Vec<Entry<'a>>,
    files: OpenFiles<FileSource>,
    /// The whole quilt, if it is short and was read before.
    assembled: Mutex<Option<Vec<u8>>>,
}

/// Bytes of an entry: its head, then its content.
struct Entry<'a> {
    head: Vec<u8>,
    content: Content<'a>,
    content_len: u64,
}

impl<'a> Quilt<'a> {
    /// Lays out a quilt for `n_shards` shards. Contents are not read.
    ///
    /// # Errors
    ///
    /// [`Error::QuiltRefused`] for an identifier that breaks the rules or occurs twice, a patch of
    /// 4 GiB or more, more patches than a quilt has columns less one, and patches that do not fit
    /// in all; [`Error::TooFewShards`], [`Error::TooManyShards`].
    pub fn new(n_shards: u16, entries: Vec<QuiltEntry<'a>>) -> Result<Self> {
        catch_out_of_memory(|| Self::new_uncaught(n_shards, entries))
    }

    fn new_uncaught(n_shards: u16, mut entries: Vec<QuiltEntry<'a>>) -> Result<Self> {
        let refused = |reason| Err(Error::QuiltRefused { reason });
        for entry in &entries {
            if let Err(reason) = check_identifier(&entry.identifier) {
                let identifier = shortened(&entry.identifier);
                return refused(QuiltLimit::Identifier { identifier, reason });
            }
        }
        entries.sort_unstable_by(|a, b| a.identifier.cmp(&b.identifier));
        let doubled = |pair: &&[QuiltEntry]| pair[0].identifier == pair[1].identifier;
        if let Some(pair) = entries.windows(2).find(doubled) {
            let identifier = shortened(&pair[0].identifier);
            return refused(QuiltLimit::DuplicateIdentifier { identifier });
        }
        let (mut lens, mut parts) = (Vec::new(), Vec::new());
        let named = entries
            .iter()
            .map(|entry| (&*entry.identifier, &entry.tags));
        push(&mut lens, index_len(named));
        let (mut names, mut heads) = (Vec::new(), Vec::new());
        for entry in entries {
            let content_len = entry.content.len();
            let mut header = PatchHeader {
                identifier: entry.identifier,
                tags: entry.tags,
                content_len: 0,
            };
            let header_len = header.len() as u64;
            let length = (header_len - PATCH_START_LEN as u64).saturating_add(content_len);
            if length > MAX_PATCH_LEN {
                return refused(QuiltLimit::PatchTooLong {
                    identifier: shortened(&header.identifier),
                    length,
                    maximum: MAX_PATCH_LEN,
                });
            }
            header.content_len = content_len;
            let mut head = Vec::new();
            header.write(&mut head);
            push(&mut lens, header_len + content_len);
            push(&mut heads, head);
            push(&mut names, header);
            push(&mut parts, (entry.content, content_len));
        }
        let layout = QuiltLayout::new(n_shards, &lens)?;
        let patches = collected(names.into_iter().enumerate().map(|(number, header)| {
            let columns = layout.columns(number + 1);
            QuiltPatch::new(header.identifier, header.tags, columns)
        }));
        let listed = patches
            .iter()
            .map(|patch| (&*patch.identifier, &patch.tags, patch.columns.end));
        let index = Entry {
            head: write_index(patches.len(), listed),
            content: Content::Source(Box::new(Vec::new())),
            content_len: 0,
        };
        let contents = heads.into_iter().zip(parts);
        let entries = contents.map(|(head, (content, content_len))| Entry {
            head,
            content,
            content_len,
        });
        let entries = collected(std::iter::once(index).chain(entries));
        Ok(Self {
            files: OpenFiles::new(entries.len()),
            layout,
            patches,
            entries,
            assembled: Mutex::default(),
        })
    }

    /// Number of shards.
    #[must_use]
    pub fn n_shards(&self) -> u16 {
        self.layout.shape.n_shards()
    }

    /// Symbol size in bytes.
    #[must_use]
    pub fn symbol_size(&self) -> u32 {
        self.layout.shape.symbol_size()
    }

    /// Patches in the order of the quilt: by the bytes of their identifiers.
    #[must_use]
    pub fn patches(&self) -> &[QuiltPatch] {
        &self.patches
    }

    /// Fills `out` with the bytes of an entry from `offset` on, with zeros behind its end.
    fn read_entry(&self, number: usize, offset: u64, out: &mut [u8]) -> Result<()> {
        let entry = &self.entries[number];
        let head_len = entry.head.len() as u64;
        let (mut offset, mut out) = (offset, out);
        if offset < head_len {
            let head = &entry.head[offset as usize..];
            let (front, rest) = out.split_at_mut(head.len().min(out.len()));
            front.copy_from_slice(&head[..front.len()]);
            offset += front.len() as u64;
            out = rest;
        }
        if out.is_empty() {
            return Ok(());
        }
        let at = offset - head_len;
        let inside = entry.content_len.saturating_sub(at);
        let inside = usize::try_from(inside).unwrap_or(usize::MAX);
        let (content, padding) = out.split_at_mut(inside.min(out.len()));
        padding.fill(0);
        if content.is_empty() {
            return Ok(());
        }
        match &entry.content {
            Content::Source(source) => source.read_at(at, content),
            Content::File(file) => {
                let read = |file: &FileSource| file.read_at(at, content);
                self.files.with(number, || file.open(), read)
            }
        }
    }

    /// Fills `out` with the bytes of a column from `start` on.
    fn read_column(&self, column: u16, start: u64, out: &mut [u8]) -> Result<()> {
        let entry = self.layout.ends.partition_point(|&end| end <= column);
        if entry == self.entries.len() {
            out.fill(0);
            return Ok(());
        }
        let first = self.layout.columns(entry).start;
        let before = u64::from(column - first) * self.layout.shape.column_len();
        self.read_entry(entry, before + start, out)
    }

    /// Fills `out` with the bytes of the quilt from `offset` on. A column's bytes in consecutive
    /// rows are consecutive in its entry, and are read at once.
    fn read_by_columns(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let shape = &self.layout.shape;
        let (size, columns) = (u64::from(shape.symbol_size()), u64::from(shape.columns()));
        let end = offset + out.len() as u64;
        let (first, last) = (offset / size, (end - 1) / size);
        let mut buffer = Vec::new();
        for column in 0..columns {
            // Rows of the column with a symbol in the range.
            let rows = Range {
                start: first.saturating_sub(column).div_ceil(columns),
                end: (last + columns - column) / columns,
            };
            let (mut row, rows_at_once) = (rows.start, (PIECE_LEN as u64 / size).max(1));
            while row < rows.end {
                let until = rows.end.min(row + rows_at_once);
                // Bytes of the column, without the ends of symbols outside of the range.
                let from = offset.saturating_sub(shape.offset(row, column)).min(size);
                let over = (shape.offset(until - 1, column) + size).saturating_sub(end);
                let bytes = row * size + from..until * size - over;
                let len = (bytes.end - bytes.start) as usize;
                let column_number = u16::try_from(column).expect("a column");
                let at = shape.offset(row, column) + from - offset;
                if until - row == 1 {
                    let out = &mut out[at as usize..][..len];
                    self.read_column(column_number, bytes.start, out)?;
                    row = until;
                    continue;
                }
                if buffer.len() < len {
                    buffer = filled(0, len);
                }
                let piece = &mut buffer[..len];
                self.read_column(column_number, bytes.start, piece)?;
                let (front, rest) = piece.split_at(len.min((size - from) as usize));
                out[at as usize..][..front.len()].copy_from_slice(front);
                for (number, symbol) in rest.chunks(size as usize).enumerate() {
                    let at = shape.offset(row + 1 + number as u64, column) - offset;
                    out[at as usize..][..symbol.len()].copy_from_slice(symbol);
                }
                row = until;
            }
        }
        Ok(())
    }
}

impl Source for Quilt<'_> {
    fn len(&self) -> u64 {
        self.layout.shape.blob_len()
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        if out.is_empty() {
            return Ok(());
        }
        let len = self.len();
        if len > MAX_ASSEMBLED_LEN {
            return self.read_by_columns(offset, out);
        }
        let mut assembled = self
            .assembled
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if assembled.is_none() {
            let mut whole = try_zeroed(len as usize)?;
            self.read_by_columns(0, &mut whole)?;
            *assembled = Some(whole);
        }
        let whole = assembled.as_ref().expect("assembled above");
        out.copy_from_slice(&whole[offset as usize..][..out.len()]);
        Ok(())
    }

    fn check_unchanged(&self) -> Result<()> {
        for (number, entry) in self.entries.iter().enumerate() {
            match &entry.content {
                Content::Source(source) => source.check_unchanged()?,
                Content::File(file) => {
                    let check = |file: &FileSource| file.check_unchanged();
                    self.files.with(number, || file.open(), check)?;
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Quilt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quilt")
            .field("n_shards", &self.n_shards())
            .field("symbol_size", &self.symbol_size())
            .field("patches", &self.patches.len())
            .finish_non_exhaustive()
    }
}
