//! Writes to the files of slivers: at once through the page cache, or from a write buffer past it.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use super::file_names::sliver_file_name;
use crate::format::error::Error;
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;
use crate::format::wire::SliverLayout;
use crate::io::sink::Pieces;
use crate::support::disk::{
    Access, AlignedBytes, Dir, WriteQueue, Writeback, change_stamp, reserve, write_all_at,
};
use crate::support::memory::{collected, ensure_capacity, filled};

thread_local! {
    /// Bytes of a write, gathered from symbols that lie apart in memory.
    static GATHERED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Maximum bytes of a write of a write buffer.
const WRITE_LEN: usize = 1 << 20;

/// Bytes from which symbols that lie together are written without a copy: it would take longer than
/// two more calls.
const COPIED_MAX: usize = 1 << 20;

/// Maximum number of written ranges whose writeback waits to be started. Their files are open.
const WRITEBACK_RANGES: usize = 64;

/// Files of slivers, shared with the threads that write them.
pub(super) struct Files {
    pub(super) pairs: Dir,
    pub(super) shape: Shape,
    pub(super) layouts: [SliverLayout; 2],
    /// Times of each file, by axis and index.
    stamps: [Vec<Mutex<Stamp>>; 2],
    writeback: Writeback,
    /// Memory of finished writes.
    idle: Mutex<Vec<Vec<u8>>>,
    /// Name of the file of the first write that failed.
    pub(super) failed: OnceLock<String>,
}

/// Number and times of a file, by which a change by others is noticed.
#[derive(Default)]
pub(super) struct Stamp {
    /// Stamp after the last write.
    pub(super) last: String,
    /// True if the file had another stamp before a write than after the last write.
    pub(super) is_suspect: bool,
}

/// Write of a write buffer.
pub(super) struct Write {
    axis: Axis,
    sliver: SliverIndex,
    bytes: AlignedBytes,
}

impl Files {
    /// Files in the directory `pairs`, of which none is written yet.
    pub(super) fn new(pairs: Dir, shape: Shape) -> Self {
        let new = || Mutex::new(Stamp::default());
        Self {
            pairs,
            layouts: Axis::BOTH.map(|axis| SliverLayout::new(&shape, axis)),
            stamps: Axis::BOTH.map(|_| collected((0..shape.n_shards()).map(|_| new()))),
            shape,
            writeback: Writeback::new(WRITEBACK_RANGES),
            idle: Mutex::default(),
            failed: OnceLock::new(),
        }
    }

    pub(super) fn name(&self, axis: Axis, sliver: SliverIndex) -> String {
        sliver_file_name(sliver.pair(axis, self.shape.n_shards()), axis)
    }

    pub(super) fn stamp(&self, axis: Axis, sliver: SliverIndex) -> MutexGuard<'_, Stamp> {
        let stamp = &self.stamps[axis as usize][usize::from(sliver.0)];
        stamp.lock().expect("nothing panics under the lock")
    }

    /// Writes bytes of a sliver's file at an offset, by `write`, and returns the open file. The
    /// first write is at offset 0.
    fn write(
        &self,
        (axis, sliver): (Axis, SliverIndex),
        offset: u64,
        write: impl FnOnce(&File) -> io::Result<()>,
    ) -> io::Result<File> {
        let mut stamp = self.stamp(axis, sliver);
        // A file that disappears after its first bytes is not created again, because it would have
        // a hole.
        let access = match offset {
            0 => Access::OpenOrCreate,
            _ => Access::Write,
        };
        let file = self.pairs.open_file(self.name(axis, sliver), access)?;
        if offset == 0 {
            // An interrupted run may have left the file.
            file.set_len(0)?;
            reserve(&file, self.layouts[axis as usize].total_len)?;
        } else {
            stamp.is_suspect |= stamp.last != change_stamp(&file.metadata()?);
        }
        write(&file)?;
        stamp.last = change_stamp(&file.metadata()?);
        Ok(file)
    }

    /// Does a write of the write buffer.
    pub(super) fn write_buffered(&self, write: Write) -> io::Result<()> {
        let Write {
            axis,
            sliver,
            bytes,
        } = write;
        let written = self.write((axis, sliver), bytes.offset(), |file| bytes.write_to(file));
        if written.is_err() {
            let _ = self.failed.set(self.name(axis, sliver));
        }
        let mut idle = self.idle();
        // Without a place in the list, the memory is released.
        if idle.try_reserve(1).is_ok() {
            idle.push(bytes.into_memory());
        }
        drop(idle);
        written.map(drop)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.idle.lock().expect("nothing panics under the lock")
    }

    /// Memory for `len` bytes of a file.
    fn memory(&self, len: usize) -> Vec<u8> {
        let len = AlignedBytes::memory_len(len);
        // Writes of a group have the same length.
        match self.idle().pop() {
            Some(memory) if memory.len() == len => memory,
            _ => filled(0, len),
        }
    }

    /// Error of a write.
    pub(super) fn failed(&self, error: io::Error, name: impl AsRef<std::ffi::OsStr>) -> Error {
        Error::io("write", self.pairs.at(name))(error)
    }
}

/// Consecutive bytes of a sliver's file: symbols, with the header before the first and the trailer
/// after the last.
pub(super) struct Run<'a> {
    pub(super) sliver: (Axis, SliverIndex),
    /// Offset in the file.
    pub(super) offset: u64,
    pub(super) header: Vec<u8>,
    pub(super) pieces: Pieces<'a>,
    pub(super) trailer: Vec<u8>,
}

impl Run<'_> {
    /// Bytes, in slices.
    fn slices(&self) -> impl Iterator<Item = &[u8]> {
        let first = std::iter::once(&self.header[..]);
        let last = std::iter::once(&self.trailer[..]);
        first.chain(self.pieces.iter()).chain(last)
    }

    fn len(&self) -> usize {
        self.slices().map(<[u8]>::len).sum()
    }

    /// Hashes and writes the bytes.
    pub(super) fn write(&self, files: &Files, hasher: &mut blake3::Hasher) -> io::Result<()> {
        let mut at = self.offset;
        let file = files.write(self.sliver, self.offset, |file| {
            let mut next = |bytes: &[u8]| {
                hasher.update(bytes);
                write_all_at(file, at, bytes)?;
                at += bytes.len() as u64;
                io::Result::Ok(())
            };
            match self.pieces.contiguous() {
                Some(symbols) if symbols.len() > COPIED_MAX => {
                    next(&self.header)?;
                    next(symbols)?;
                    next(&self.trailer)?;
                }
                _ => GATHERED.with_borrow_mut(|gathered| {
                    gathered.clear();
                    ensure_capacity(gathered, self.len());
                    self.slices()
                        .for_each(|slice| gathered.extend_from_slice(slice));
                    next(gathered)
                })?,
            }
            Ok(())
        })?;
        files.writeback.start(&Arc::new(file), self.offset..at);
        Ok(())
    }

    /// Hashes the bytes, and adds them to the write buffer.
    pub(super) fn buffer(
        &self,
        queue: &WriteQueue<Write>,
        files: &Files,
        hasher: &mut blake3::Hasher,
    ) -> io::Result<()> {
        let (axis, sliver) = self.sliver;
        let len = self.len().min(WRITE_LEN);
        let start = |offset| AlignedBytes::new(files.memory(len), offset);
        let mut push = |bytes: AlignedBytes| {
            hasher.update(bytes.bytes());
            let write = Write {
                axis,
                sliver,
                bytes,
            };
            queue.push(usize::from(sliver.0), AlignedBytes::memory_len(len), write)
        };
        let mut buffer = start(self.offset);
        for mut slice in self.slices() {
            loop {
                slice = buffer.fill(slice);
                if slice.is_empty() {
                    break;
                }
                let end = buffer.end();
                push(buffer)?;
                buffer = start(end);
            }
        }
        push(buffer)
    }
}
