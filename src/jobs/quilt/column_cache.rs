//! Columns that are read ahead, for many patches in a row.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::columns::Columns;
use crate::format::error::Result;
use crate::format::quilt::{QuiltPatch, QuiltShape};
use crate::io::control::Control;
use crate::support::memory::try_with_capacity;

/// Columns of a quilt, many of which may have been read at once.
pub(super) struct ColumnCache<'a> {
    shape: QuiltShape,
    pub(super) columns: Columns<'a>,
    /// Bytes of columns to read at once.
    at_once: u64,
    /// Columns read ahead, with the first of them.
    ahead: Mutex<Option<(u16, Vec<u8>)>>,
}

impl<'a> ColumnCache<'a> {
    pub(super) fn new(shape: QuiltShape, columns: Columns<'a>, at_once: u64) -> Self {
        Self {
            shape,
            columns,
            at_once,
            ahead: Mutex::default(),
        }
    }

    /// Reads columns of the first of these patches and of those in the columns behind it, many at
    /// once: single columns leave threads without work.
    pub(super) fn read_ahead(&self, patches: &[&QuiltPatch], control: &Control) -> Result<()> {
        let Some(Range { start, mut end }) = patches.first().map(|patch| patch.columns.clone())
        else {
            return Ok(());
        };
        self.shape.check_columns(&(start..end))?;
        let chunk_end = self.chunk_end(start, self.shape.columns());
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        if ahead.as_ref().is_some_and(|(first, bytes)| {
            let count = bytes.len() as u64 / self.shape.column_len();
            *first <= start && u64::from(end - first) <= count
        }) {
            return Ok(());
        }
        // Whole patches, so that none is read twice.
        for patch in &patches[1..] {
            let Range {
                start: next,
                end: until,
            } = patch.columns.clone();
            if next != end || until <= end || until > chunk_end {
                break;
            }
            end = until;
        }
        *ahead = None;
        if end <= chunk_end && end - start > 1 {
            let bytes = self.columns.read(&self.shape, start..end, control)?;
            *ahead = Some((start, bytes));
        }
        Ok(())
    }

    /// Releases the memory of columns that were read ahead.
    pub(super) fn forget_ahead(&self) {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Returns the bytes of columns, which may have been read ahead.
    pub(super) fn fetch(&self, columns: Range<u16>, control: &Control) -> Result<Vec<u8>> {
        let ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((first, bytes)) = &*ahead
            && *first <= columns.start
        {
            let len = self.shape.column_len();
            let at = |column: u16| usize::try_from(u64::from(column - first) * len).ok();
            if let (Some(start), Some(end)) = (at(columns.start), at(columns.end))
                && let Some(found) = bytes.get(start..end)
            {
                let mut copy = try_with_capacity(found.len())?;
                copy.extend_from_slice(found);
                return Ok(copy);
            }
        }
        drop(ahead);
        self.columns.read(&self.shape, columns, control)
    }

    /// Returns the end of the columns to read at once.
    pub(super) fn chunk_end(&self, start: u16, end: u16) -> u16 {
        let count = (self.at_once / self.shape.column_len()).clamp(1, u16::MAX.into());
        start.saturating_add(count as u16).min(end)
    }
}
