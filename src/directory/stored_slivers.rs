//! Sliver files that are written in order, and read back while their blob is encoded.
//!
//! Every byte is written once, and hashed on the way: the manifest's BLAKE3 of a file is complete
//! with the file's last byte. A sliver that is read back counts only if it has that hash, because
//! another process, a failing disk or a user may have changed the file. Files that are not read
//! back are checked by number and times, before each write and at the end: a file with other times
//! is hashed again at the end, since some file systems set the times later. Writeback starts with
//! every write, so that the disk works while the engine does.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::sync::{Mutex, MutexGuard};

use super::file_names::sliver_file_name;
use super::files::in_parallel;
use super::parts::{changed, ends_early};
use super::writer::Hashes;
use crate::format::error::{Error, Result};
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;
use crate::format::wire::SliverLayout;
use crate::io::control::Control;
use crate::io::sink::{PassPosition, SliverPart};
use crate::support::disk::{
    Access, Dir, change_stamp, read_exact_at, reserve, start_writeback, write_all_at,
};
use crate::support::memory::{collected, ensure_capacity, filled, with_capacity};

thread_local! {
    /// Bytes of a write, gathered from symbols that lie apart in memory.
    static GATHERED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Bytes that are read at a time when a prefix of a file is hashed.
const READ_LEN: usize = 1 << 20;

/// Bytes of the hash of a sliver's prefix in a record.
const HASH_LEN: usize = blake3::OUT_LEN;

/// Sliver files of one blob, all pairs.
pub(super) struct StoredSlivers {
    pairs: Dir,
    shape: Shape,
    layouts: [SliverLayout; 2],
    /// State of the file of each sliver, by axis and index. No two threads write to one sliver at
    /// once, so nobody waits.
    states: [Vec<Mutex<FileState>>; 2],
}

/// Written part of a sliver's file.
struct FileState {
    /// Number of symbols written.
    symbols: usize,
    /// Hash of the bytes written: the header with the first symbol, the trailer with the last.
    hasher: blake3::Hasher,
    /// Number and times of the file after the last write.
    stamp: String,
    /// True if the file had other times before a write than after the last write.
    is_suspect: bool,
}

impl FileState {
    /// State of a file with no symbols.
    fn empty() -> Self {
        Self {
            symbols: 0,
            hasher: blake3::Hasher::new(),
            stamp: String::new(),
            is_suspect: false,
        }
    }
}

impl StoredSlivers {
    /// Creates the state of empty files in the directory `pairs`.
    pub(super) fn new(pairs: Dir, shape: Shape) -> Self {
        let empty = || Mutex::new(FileState::empty());
        Self {
            pairs,
            layouts: Axis::BOTH.map(|axis| SliverLayout::new(&shape, axis)),
            states: Axis::BOTH.map(|_| collected((0..shape.n_shards()).map(|_| empty()))),
            shape,
        }
    }

    /// Directory of the files.
    pub(super) fn pairs(&self) -> &Dir {
        &self.pairs
    }

    fn state(&self, axis: Axis, sliver: SliverIndex) -> MutexGuard<'_, FileState> {
        let state = &self.states[axis as usize][usize::from(sliver.0)];
        state.lock().expect("nothing panics under the lock")
    }

    fn name(&self, axis: Axis, sliver: SliverIndex) -> String {
        sliver_file_name(sliver.pair(axis, self.shape.n_shards()), axis)
    }

    /// Symbols of all slivers, by axis and index.
    fn slivers(&self) -> impl Iterator<Item = (Axis, SliverIndex)> {
        let n = self.shape.n_shards();
        Axis::BOTH
            .into_iter()
            .flat_map(move |axis| (0..n).map(move |index| (axis, SliverIndex(index))))
    }

    /// Appends symbols to a sliver's file.
    ///
    /// # Errors
    ///
    /// [`Error::Io`]. The file is of no use then.
    ///
    /// # Panics
    ///
    /// If the symbols are not the next ones.
    pub(super) fn append(&self, part: &SliverPart<'_>) -> Result<()> {
        let (axis, sliver) = (part.axis, part.sliver);
        let mut state = self.state(axis, sliver);
        assert_eq!(
            (usize::from(part.first_symbol), part.bytes()),
            (state.symbols, 0..part.symbol_size),
            "whole symbols must come in order"
        );
        let name = self.name(axis, sliver);
        self.write(&mut state, part, &name)
            .map_err(|error| Error::io("write", self.pairs.at(&name))(error))
    }

    fn write(&self, state: &mut FileState, part: &SliverPart<'_>, name: &str) -> io::Result<()> {
        let layout = &self.layouts[part.axis as usize];
        let size = part.symbol_size as usize;
        let end = state.symbols + part.pieces.len();
        let is_first = state.symbols == 0;
        let is_last = end == usize::from(self.shape.sliver_symbols(part.axis));
        // A file that disappears after its first bytes is not created again, because it would have
        // a hole.
        let access = match is_first {
            true => Access::OpenOrCreate,
            false => Access::Write,
        };
        let file = self.pairs.open_file(name, access)?;
        if is_first {
            // An interrupted run may have left the file.
            file.set_len(0)?;
            reserve(&file, layout.total_len)?;
        } else {
            state.is_suspect |= state.stamp != change_stamp(&file.metadata()?);
        }
        let start = match is_first {
            true => 0,
            false => layout.header_len + (state.symbols * size) as u64,
        };
        let mut at = start;
        let mut next = |bytes: &[u8]| {
            state.hasher.update(bytes);
            write_all_at(&file, at, bytes)?;
            at += bytes.len() as u64;
            io::Result::Ok(())
        };
        let trailer = SliverLayout::trailer(part.symbol_size, part.sliver);
        let trailer = if is_last { &trailer[..] } else { &[] };
        let header = if is_first {
            layout.header()
        } else {
            Vec::new()
        };
        match part.pieces.contiguous() {
            // A copy would take longer than two more calls.
            Some(symbols) if symbols.len() > READ_LEN => {
                next(&header)?;
                next(symbols)?;
                next(trailer)?;
            }
            _ => GATHERED.with_borrow_mut(|gathered| {
                gathered.clear();
                let len = header.len() + part.pieces.len() * size + trailer.len();
                ensure_capacity(gathered, len);
                gathered.extend_from_slice(&header);
                part.pieces
                    .iter()
                    .for_each(|symbol| gathered.extend_from_slice(symbol));
                gathered.extend_from_slice(trailer);
                next(gathered)
            })?,
        }
        start_writeback(&file, start..at);
        state.symbols = end;
        state.stamp = change_stamp(&file.metadata()?);
        Ok(())
    }

    /// Fails unless a file is as it was written: by its number and times, or else by its bytes.
    fn check_file(
        &self,
        state: &FileState,
        file: &File,
        axis: Axis,
        sliver: SliverIndex,
        control: &Control,
    ) -> io::Result<()> {
        if !state.is_suspect && state.stamp == change_stamp(&file.metadata()?) {
            return Ok(());
        }
        let (hasher, _) = self.hash_prefix(axis, sliver, state.symbols, control)?;
        match hasher.finalize() == state.hasher.finalize() {
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
        let layout = &self.layouts[axis as usize];
        let name = self.name(axis, sliver);
        let mut read = || {
            let file = self.pairs.open_file(&name, Access::Read)?;
            read_exact_at(&file, layout.header_len, symbols).map_err(ends_early)?;
            let mut hasher = blake3::Hasher::new();
            hasher.update(&layout.header()).update(symbols);
            hasher.update(&SliverLayout::trailer(self.shape.symbol_size(), sliver));
            match hasher.finalize() == self.state(axis, sliver).hasher.finalize() {
                true => Ok(()),
                false => Err(changed()),
            }
        };
        read().map_err(|error| Error::io("use", self.pairs.at(&name))(error))
    }

    /// Creates a record of the bytes written so far, followed by `leaves`.
    pub(super) fn record(&self, leaves: &[u8]) -> Vec<u8> {
        let hashes = 2 * usize::from(self.shape.n_shards()) * HASH_LEN;
        let mut record = with_capacity(hashes + leaves.len());
        for (axis, sliver) in self.slivers() {
            let hash = self.state(axis, sliver).hasher.finalize();
            record.extend_from_slice(hash.as_bytes());
        }
        record.extend_from_slice(leaves);
        record
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
        let n = usize::from(self.shape.n_shards());
        let is_position = position.rows <= self.shape.rows()
            && usize::from(position.columns) <= n
            && (position.columns == 0 || position.rows == self.shape.rows());
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
                        false => Error::io("use", self.pairs.path())(error),
                    })?;
            if hasher.finalize().as_bytes()[..] != hashes[i * HASH_LEN..][..HASH_LEN] {
                return Err(Error::io("use", self.pairs.path())(changed()));
            }
            *self.state(axis, sliver) = FileState {
                symbols,
                hasher,
                stamp,
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
                    *self.state(axis, sliver) = FileState::empty();
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
            Axis::Primary if sliver.0 >= self.shape.rows() => columns.min(self.shape.columns()),
            Axis::Primary if sliver.0 < rows => self.shape.columns(),
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
        let layout = &self.layouts[axis as usize];
        let mut hasher = blake3::Hasher::new();
        if symbols == 0 {
            return Ok((hasher, String::new()));
        }
        let is_whole = symbols == usize::from(self.shape.sliver_symbols(axis));
        let end = match is_whole {
            true => layout.total_len,
            false => layout.header_len + symbols as u64 * u64::from(self.shape.symbol_size()),
        };
        let file = self
            .pairs
            .open_file(self.name(axis, sliver), Access::Read)?;
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
        let n = self.shape.n_shards();
        let slivers = collected(self.slivers());
        in_parallel(threads, slivers.len(), |i| {
            control.check()?;
            let (axis, sliver) = slivers[i];
            let name = self.name(axis, sliver);
            let check = || {
                let file = self.pairs.open_file(&name, Access::Read)?;
                let state = self.state(axis, sliver);
                self.check_file(&state, &file, axis, sliver, control)
            };
            check().map_err(|error| match control.is_cancelled() {
                true => Error::Cancelled,
                false => Error::io("use", self.pairs.at(&name))(error),
            })
        })?;
        let mut hashes = Hashes::new(n);
        for (axis, sliver) in slivers {
            let state = self.state(axis, sliver);
            let all = usize::from(self.shape.sliver_symbols(axis));
            assert_eq!(state.symbols, all, "every sliver must be complete");
            hashes.set((sliver.pair(axis, n), axis), state.hasher.finalize());
        }
        Ok(hashes)
    }
}
