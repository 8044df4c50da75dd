//! Sliver files that are written in order, and read back while their blob is encoded.
//!
//! Every byte is written once, and hashed on the way: the manifest's BLAKE3 of a file is complete
//! with the file's last byte. A sliver that is read back counts only if it has that hash, because
//! another process, a failing disk or a user may have changed the file. Files that are not read
//! back are checked by number and times, before each write and at the end: a file with other times
//! is hashed again at the end, since some file systems set the times later.
//!
//! The disk works while the engine does. Secondary slivers go through the page cache, from which
//! they are read back, and their writeback starts with every write. Primary slivers are not read
//! back: unless they are short, they are copied to a write buffer, and threads of their own write
//! them past the page cache.

use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use super::files::in_parallel;
use super::parts::{changed, ends_early};
use super::stored_files::{Files, Run, Stamp, Write};
use super::writer::Hashes;
use crate::format::error::{Error, Result};
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;
use crate::format::wire::SliverLayout;
use crate::io::control::Control;
use crate::io::sink::{PassPosition, SliverPart};
use crate::support::disk::{Access, Dir, WriteQueue, change_stamp, read_exact_at, will_read};
use crate::support::memory::{collected, filled, with_capacity};

/// Bytes that are read at a time when a prefix of a file is hashed.
const READ_LEN: usize = 1 << 20;

/// Bytes of the hash of a sliver's prefix in a record.
const HASH_LEN: usize = blake3::OUT_LEN;

/// Bytes of a primary sliver below which it is written by the engine's threads: a write of few
/// bytes takes less time than handing it over.
const QUEUED_MIN: u64 = 256 << 10;

/// Number of writes that run at once. A disk reaches its speed with few large writes at a time.
const WRITERS: usize = 4;

/// Minimum bytes of a write buffer.
const WRITE_BUFFER_MIN: u64 = 2 << 20;

/// Sliver files of one blob, all pairs.
pub(super) struct StoredSlivers {
    files: Arc<Files>,
    /// Appended part of each sliver, by axis and index. No two threads append to one sliver at
    /// once, so nobody waits.
    appended: [Vec<Mutex<Appended>>; 2],
    /// Write buffer of primary slivers; empty or `None` if they are written at once.
    queue: OnceLock<Option<WriteQueue<Write>>>,
}

/// Appended part of a sliver.
struct Appended {
    /// Number of symbols.
    symbols: usize,
    /// Hash of the file's bytes: the header with the first symbol, the trailer with the last.
    hasher: blake3::Hasher,
}

impl Appended {
    /// Part without symbols.
    fn nothing() -> Self {
        Self {
            symbols: 0,
            hasher: blake3::Hasher::new(),
        }
    }
}

impl StoredSlivers {
    /// Creates the state of empty files in the directory `pairs`.
    pub(super) fn new(pairs: Dir, shape: Shape) -> Self {
        let nothing = || Mutex::new(Appended::nothing());
        Self {
            appended: Axis::BOTH.map(|_| collected((0..shape.n_shards()).map(|_| nothing()))),
            files: Arc::new(Files::new(pairs, shape)),
            queue: OnceLock::new(),
        }
    }

    /// Directory of the files.
    pub(super) fn pairs(&self) -> &Dir {
        &self.files.pairs
    }

    /// Sets the bytes of the write buffer.
    pub(super) fn set_write_buffer(&self, bytes: u64) {
        let len = self.files.layouts[Axis::Primary as usize].total_len;
        self.queue.get_or_init(|| {
            if len < QUEUED_MIN || bytes < WRITE_BUFFER_MIN {
                return None;
            }
            let files = Arc::clone(&self.files);
            let run = move |write| files.write_buffered(write);
            let capacity = usize::try_from(bytes).unwrap_or(usize::MAX);
            Some(WriteQueue::new(WRITERS, capacity, run))
        });
    }

    fn queue(&self) -> Option<&WriteQueue<Write>> {
        self.queue.get()?.as_ref()
    }

    /// Waits until the files have all appended bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] of the first write that failed.
    fn drain(&self) -> Result<()> {
        match self.queue() {
            None => Ok(()),
            Some(queue) => queue.drain().map_err(|error| self.queue_failed(error)),
        }
    }

    fn queue_failed(&self, error: io::Error) -> Error {
        let name = self.files.failed.get().map_or("", String::as_str);
        self.files.failed(error, name)
    }

    fn appended(&self, axis: Axis, sliver: SliverIndex) -> MutexGuard<'_, Appended> {
        let appended = &self.appended[axis as usize][usize::from(sliver.0)];
        appended.lock().expect("nothing panics under the lock")
    }

    /// All slivers, by axis and index.
    fn slivers(&self) -> impl Iterator<Item = (Axis, SliverIndex)> {
        let n = self.files.shape.n_shards();
        Axis::BOTH
            .into_iter()
            .flat_map(move |axis| (0..n).map(move |index| (axis, SliverIndex(index))))
    }

    /// Appends symbols to a sliver's file.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], also of an earlier write to another file. The files are of no use then.
    ///
    /// # Panics
    ///
    /// If the symbols are not the next ones.
    pub(super) fn append(&self, part: &SliverPart<'_>) -> Result<()> {
        let (axis, sliver) = (part.axis, part.sliver);
        let mut appended = self.appended(axis, sliver);
        assert_eq!(
            (usize::from(part.first_symbol), part.bytes()),
            (appended.symbols, 0..part.symbol_size),
            "whole symbols must come in order"
        );
        let layout = &self.files.layouts[axis as usize];
        let size = u64::from(part.symbol_size);
        let end = appended.symbols + part.pieces.len();
        let run = Run {
            sliver: (axis, sliver),
            offset: match appended.symbols {
                0 => 0,
                symbols => layout.header_len + symbols as u64 * size,
            },
            header: match appended.symbols {
                0 => layout.header(),
                _ => Vec::new(),
            },
            pieces: part.pieces,
            trailer: match end == usize::from(self.files.shape.sliver_symbols(axis)) {
                true => SliverLayout::trailer(part.symbol_size, sliver).to_vec(),
                false => Vec::new(),
            },
        };
        match self.queue().filter(|_| axis == Axis::Primary) {
            Some(queue) => run
                .buffer(queue, &self.files, &mut appended.hasher)
                .map_err(|error| self.queue_failed(error))?,
            None => run
                .write(&self.files, &mut appended.hasher)
                .map_err(|error| self.files.failed(error, self.files.name(axis, sliver)))?,
        }
        appended.symbols = end;
        Ok(())
    }

    /// Fails unless a file is as it was written: by its number and times, or else by its bytes.
    fn check_file(
        &self,
        file: &File,
        axis: Axis,
        sliver: SliverIndex,
        control: &Control,
    ) -> io::Result<()> {
        let stamp = self.files.stamp(axis, sliver);
        if !stamp.is_suspect && stamp.last == change_stamp(&file.metadata()?) {
            return Ok(());
        }
        let appended = self.appended(axis, sliver);
        let (hasher, _) = self.hash_prefix(axis, sliver, appended.symbols, control)?;
        match hasher.finalize() == appended.hasher.finalize() {
            true => Ok(()),
            false => Err(changed()),
        }
    }

    /// Reads the symbols of a complete sliver back.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], of the kind `InvalidData` if the bytes are not those that were appended.
    pub(super) fn read(&self, axis: Axis, sliver: SliverIndex, symbols: &mut [u8]) -> Result<()> {
        if axis == Axis::Primary {
            self.drain()?;
        }
        let layout = &self.files.layouts[axis as usize];
        let name = self.files.name(axis, sliver);
        let mut read = || {
            let file = self.pairs().open_file(&name, Access::Read)?;
            read_exact_at(&file, layout.header_len, symbols).map_err(ends_early)?;
            let mut hasher = blake3::Hasher::new();
            hasher.update(&layout.header()).update(symbols);
            hasher.update(&SliverLayout::trailer(
                self.files.shape.symbol_size(),
                sliver,
            ));
            match hasher.finalize() == self.appended(axis, sliver).hasher.finalize() {
                true => Ok(()),
                false => Err(changed()),
            }
        };
        read().map_err(|error| Error::io("use", self.pairs().at(&name))(error))
    }

    /// Announces that a sliver will be read back soon.
    pub(super) fn will_read(&self, axis: Axis, sliver: SliverIndex) {
        let name = self.files.name(axis, sliver);
        // A failure is told by the read.
        if let Ok(file) = self.pairs().open_file(name, Access::Read) {
            will_read(&file, 0..self.files.layouts[axis as usize].total_len);
        }
    }

    /// Creates a record of the bytes appended so far, which the files have then, followed by
    /// `leaves`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] of the first write that failed.
    pub(super) fn record(&self, leaves: &[u8]) -> Result<Vec<u8>> {
        self.drain()?;
        let hashes = 2 * usize::from(self.files.shape.n_shards()) * HASH_LEN;
        let mut record = with_capacity(hashes + leaves.len());
        for (axis, sliver) in self.slivers() {
            let hash = self.appended(axis, sliver).hasher.finalize();
            record.extend_from_slice(hash.as_bytes());
        }
        record.extend_from_slice(leaves);
        Ok(record)
    }

    /// Restores the state of an interrupted run, and returns the leaf hashes of its record. `None`
    /// if the record is of another shape, or the files do not hold the recorded bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`].
    pub(super) fn restore(
        &self,
        position: PassPosition,
        record: &[u8],
        threads: usize,
        control: &Control,
    ) -> Result<Option<Vec<u8>>> {
        let shape = &self.files.shape;
        let n = usize::from(shape.n_shards());
        let is_position = position.rows <= shape.rows()
            && usize::from(position.columns) <= n
            && (position.columns == 0 || position.rows == shape.rows());
        let Some((hashes, leaves)) = record.split_at_checked(2 * n * HASH_LEN) else {
            return Ok(None);
        };
        if !is_position || leaves.len() != usize::from(position.columns) * n * HASH_LEN {
            return Ok(None);
        }
        let slivers = collected(self.slivers());
        let restored = in_parallel(threads, slivers.len(), |i| {
            let (axis, sliver) = slivers[i];
            let symbols = self.symbols_at(position, axis, sliver);
            let (hasher, stamp) =
                self.hash_prefix(axis, sliver, symbols, control)
                    .map_err(|error| match control.is_cancelled() {
                        true => Error::Cancelled,
                        false => Error::io("use", self.pairs().path())(error),
                    })?;
            if hasher.finalize().as_bytes()[..] != hashes[i * HASH_LEN..][..HASH_LEN] {
                return Err(Error::io("use", self.pairs().path())(changed()));
            }
            *self.appended(axis, sliver) = Appended { symbols, hasher };
            *self.files.stamp(axis, sliver) = Stamp {
                last: stamp,
                is_suspect: false,
            };
            Ok(())
        });
        match restored {
            Ok(_) => {
                let mut copy = with_capacity(leaves.len());
                copy.extend_from_slice(leaves);
                Ok(Some(copy))
            }
            Err(Error::Cancelled) => Err(Error::Cancelled),
            Err(_) => {
                for (axis, sliver) in slivers {
                    *self.appended(axis, sliver) = Appended::nothing();
                    *self.files.stamp(axis, sliver) = Stamp::default();
                }
                Ok(None)
            }
        }
    }

    /// Returns the number of symbols that a sliver has at a position.
    fn symbols_at(&self, position: PassPosition, axis: Axis, sliver: SliverIndex) -> usize {
        let PassPosition { rows, columns } = position;
        let symbols = match axis {
            Axis::Secondary => rows,
            Axis::Primary if sliver.0 >= self.files.shape.rows() => {
                columns.min(self.files.shape.columns())
            }
            Axis::Primary if sliver.0 < rows => self.files.shape.columns(),
            Axis::Primary => 0,
        };
        usize::from(symbols)
    }

    /// Returns the hash of a file's bytes up to a number of symbols, and the file's number and
    /// times before the bytes were read.
    fn hash_prefix(
        &self,
        axis: Axis,
        sliver: SliverIndex,
        symbols: usize,
        control: &Control,
    ) -> io::Result<(blake3::Hasher, String)> {
        let layout = &self.files.layouts[axis as usize];
        let mut hasher = blake3::Hasher::new();
        if symbols == 0 {
            return Ok((hasher, String::new()));
        }
        let is_whole = symbols == usize::from(self.files.shape.sliver_symbols(axis));
        let end = match is_whole {
            true => layout.total_len,
            false => layout.header_len + symbols as u64 * u64::from(self.files.shape.symbol_size()),
        };
        let name = self.files.name(axis, sliver);
        let file = self.pairs().open_file(name, Access::Read)?;
        let stamp = change_stamp(&file.metadata()?);
        let mut buffer = filled(0, READ_LEN);
        let mut at = 0;
        while at < end {
            if control.is_cancelled() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let len = (end - at).min(READ_LEN as u64);
            let buffer = &mut buffer[..len as usize];
            read_exact_at(&file, at, buffer).map_err(ends_early)?;
            hasher.update(buffer);
            at += len;
        }
        Ok((hasher, stamp))
    }

    /// Returns the hashes of all files, which are complete and as they were written.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], of the kind `NotFound` or `InvalidData` if a file is not as it was written;
    /// [`Error::Cancelled`].
    pub(super) fn finish(&self, threads: usize, control: &Control) -> Result<Hashes> {
        self.drain()?;
        let n = self.files.shape.n_shards();
        let slivers = collected(self.slivers());
        in_parallel(threads, slivers.len(), |i| {
            control.check()?;
            let (axis, sliver) = slivers[i];
            let name = self.files.name(axis, sliver);
            let check = || {
                let file = self.pairs().open_file(&name, Access::Read)?;
                self.check_file(&file, axis, sliver, control)
            };
            check().map_err(|error| match control.is_cancelled() {
                true => Error::Cancelled,
                false => Error::io("use", self.pairs().at(&name))(error),
            })
        })?;
        let mut hashes = Hashes::new(n);
        for (axis, sliver) in slivers {
            let appended = self.appended(axis, sliver);
            let all = usize::from(self.files.shape.sliver_symbols(axis));
            assert_eq!(appended.symbols, all, "every sliver must be complete");
            hashes.set((sliver.pair(axis, n), axis), appended.hasher.finalize());
        }
        Ok(hashes)
    }
}
