//! Writer of sliver files, part by part.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use super::file_names::{
    SliverSet, fresh_file_name, is_intermediate, part_file_name, sliver_file_name,
};
use super::files::in_parallel;
use super::handles::sync_files;
use super::journal::append_sums;
use super::parts::{self, ReadBack, SliverId, changed, part_len};
use crate::format::error::{Error, Result};
use crate::format::index::{Axis, SliverIndex, SliverPairIndex};
use crate::format::pair_set::PairSet;
use crate::format::shape::Shape;
use crate::format::wire::SliverLayout;
use crate::io::control::Control;
use crate::io::sink::SliverPart;
use crate::support::disk::{Access, Dir, Kind, OpenFiles, Replacing, write_all_at};
use crate::support::memory::{collected, filled, push, with_capacity};

thread_local! {
    /// Buffer in which pieces that lie apart in memory are gathered for one write.
    static SCRATCH: std::cell::RefCell<Vec<u8>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Bytes of slivers that are assembled before they are made durable.
const BATCH: u64 = 1 << 30;

/// Sliver files of one blob in a directory, while they are written.
pub(super) struct SliverWriter {
    pairs: Dir,
    shape: Shape,
    layouts: [SliverLayout; 2],
    /// Open files of the primary slivers beyond the source rows, which arrive column by column.
    /// Every other sliver arrives whole within a stripe.
    open: OpenFiles,
    /// Slivers that an interrupted run assembled.
    assembled: SliverSet,
    sums: Sums,
    /// Ends of the stripes that have arrived, if there are several.
    stripes: Mutex<BTreeSet<u32>>,
    /// End of the last stripe, so that most parts take no lock.
    last_stripe: AtomicU32,
}

/// BLAKE3 of sliver files, by pair.
#[derive(Debug)]
pub(super) struct Hashes([Vec<Option<blake3::Hash>>; 2]);

impl Hashes {
    /// Creates the empty table for the slivers of `n_shards` pairs.
    pub(super) fn new(n_shards: u16) -> Self {
        Self(Axis::BOTH.map(|_| filled(None, usize::from(n_shards))))
    }

    pub(super) fn set(&mut self, (pair, axis): (SliverPairIndex, Axis), hash: blake3::Hash) {
        self.0[axis as usize][usize::from(pair.0)] = Some(hash);
    }

    pub(super) fn get(&self, (pair, axis): (SliverPairIndex, Axis)) -> Option<blake3::Hash> {
        self.0[axis as usize][usize::from(pair.0)]
    }
}

/// Checksums of all slivers, by axis and index: those of an interrupted run's record, and those of
/// parts that arrived since.
struct Sums {
    restored: [Vec<u64>; 2],
    fresh: [Vec<AtomicU64>; 2],
    /// True once parts arrive from the first byte on, which means that the record is not
    /// continued.
    starts_over: AtomicBool,
}

impl Sums {
    /// Creates the checksums, starting from those of an interrupted run's record if there is one.
    fn new(n_shards: u16, restored: Option<[Vec<u64>; 2]>) -> Self {
        let n = usize::from(n_shards);
        Self {
            restored: restored.unwrap_or_else(|| Axis::BOTH.map(|_| filled(0, n))),
            fresh: Axis::BOTH.map(|_| collected((0..n).map(|_| AtomicU64::new(0)))),
            starts_over: AtomicBool::new(false),
        }
    }

    fn add(&self, part: &SliverPart<'_>) {
        if part.first_byte == 0 {
            self.starts_over.store(true, Ordering::Relaxed);
        }
        let fresh = &self.fresh[part.axis as usize][usize::from(part.sliver.0)];
        fresh.fetch_add(parts::sum(part), Ordering::Relaxed);
    }

    fn get(&self, axis: usize, index: usize) -> u64 {
        let fresh = self.fresh[axis][index].load(Ordering::Relaxed);
        match self.starts_over.load(Ordering::Relaxed) {
            true => fresh,
            false => self.restored[axis][index].wrapping_add(fresh),
        }
    }

    /// Checksums, axis by axis.
    fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        let indices = (0..2).flat_map(|axis| (0..self.fresh[axis].len()).map(move |i| (axis, i)));
        indices.map(|(axis, index)| self.get(axis, index))
    }
}

/// Returns true if the bytes `0..next` of every symbol of the pairs' slivers are present, judging
/// by the lengths of files.
pub(super) fn all_there(dir: &Dir, shape: &Shape, pairs: &PairSet, next: u32) -> bool {
    let len = |name: String| {
        let found = dir.find(name).ok();
        found.filter(|found| found.kind == Kind::File)
    };
    Axis::BOTH.into_iter().all(|axis| {
        let total_len = SliverLayout::new(shape, axis).total_len;
        let part_len = part_len(shape, axis, next);
        pairs.iter().all(|pair| {
            len(part_file_name(pair, axis)).is_some_and(|found| found.len >= part_len)
                || len(sliver_file_name(pair, axis)).is_some_and(|found| found.len == total_len)
        })
    })
}

impl SliverWriter {
    /// Creates a writer into the directory `pairs`. To continue an interrupted run, `stripes` and
    /// `sums` are the stripes that it wrote and the checksums that it recorded.
    pub(super) fn new(
        pairs: Dir,
        shape: Shape,
        stripes: &[u32],
        sums: Option<[Vec<u64>; 2]>,
    ) -> Self {
        let n = shape.n_shards();
        let mut assembled = SliverSet::new(n);
        if !stripes.is_empty() {
            let all = (0..n).map(SliverPairIndex);
            all.flat_map(|pair| Axis::BOTH.map(|axis| (pair, axis)))
                .filter(|&(pair, axis)| pairs.has(sliver_file_name(pair, axis)))
                .for_each(|sliver| assembled.insert(sliver));
        }
        Self {
            layouts: Axis::BOTH.map(|axis| SliverLayout::new(&shape, axis)),
            open: OpenFiles::new(usize::from(n)),
            assembled,
            sums: Sums::new(n, sums),
            stripes: Mutex::new(stripes.iter().copied().collect()),
            last_stripe: AtomicU32::new(0),
            pairs,
            shape,
        }
    }

    /// Directory of the slivers.
    pub(super) fn pairs(&self) -> &Dir {
        &self.pairs
    }

    /// Ends of the stripes that have arrived so far.
    pub(super) fn stripes(&self) -> Vec<u32> {
        let stripes = self.stripes.lock().expect("nothing panics under the lock");
        collected(stripes.iter().copied())
    }

    /// Creates a record of the parts that have arrived so far, followed by `state`.
    pub(super) fn record(&self, state: &[u8]) -> Vec<u8> {
        let sums = 2 * usize::from(self.shape.n_shards()) * size_of::<u64>();
        let mut record = with_capacity(sums + state.len());
        append_sums(&mut record, self.sums.iter());
        record.extend_from_slice(state);
        record
    }

    pub(super) fn put(&self, part: &SliverPart<'_>) -> Result<()> {
        let pair = part.sliver.pair(part.axis, self.shape.n_shards());
        let bytes = part.bytes();
        let whole = bytes == (0..part.symbol_size);
        self.sums.add(part);
        if !whole {
            if self.last_stripe.swap(bytes.end, Ordering::Relaxed) != bytes.end {
                let mut stripes = self.stripes.lock().expect("nothing panics under the lock");
                if bytes.start == 0 {
                    stripes.clear(); // Nothing is continued.
                }
                stripes.insert(bytes.end);
            }
            if self.assembled.contains((pair, part.axis)) {
                return Ok(()); // With the same bytes, by an interrupted run.
            }
        }
        let name = match whole {
            true => sliver_file_name(pair, part.axis),
            false => part_file_name(pair, part.axis),
        };
        // A file that disappears after its first bytes is not created again, because it would have
        // a hole.
        let access = match bytes.start {
            0 => Access::OpenOrCreate,
            _ => Access::Write,
        };
        let open = || self.pairs.open_file(&name, access);
        let write = |file: &File| {
            SCRATCH.with_borrow_mut(|scratch| match whole {
                true => self.put_whole(file, part, scratch),
                false => parts::put(file, &self.shape, part, scratch),
            })
        };
        let column_by_column = part.axis == Axis::Primary && part.sliver.0 >= self.shape.rows();
        let result = if column_by_column {
            self.open.with(usize::from(part.sliver.0), open, write)
        } else {
            open().and_then(|file| write(&file))
        };
        result.map_err(|error| Error::io("write", self.pairs.at(&name))(error))
    }

    /// Writes whole symbols to their places in the sliver.
    fn put_whole(
        &self,
        file: &File,
        part: &SliverPart<'_>,
        scratch: &mut Vec<u8>,
    ) -> io::Result<()> {
        let layout = &self.layouts[part.axis as usize];
        if part.first_symbol == 0 {
            write_all_at(file, 0, &layout.header())?;
            let trailer = SliverLayout::trailer(part.symbol_size, part.sliver);
            write_all_at(file, layout.header_len + layout.symbols_len, &trailer)?;
        }
        part.for_each_run(scratch, |offset, bytes| {
            write_all_at(file, layout.header_len + offset, bytes)
        })
    }

    /// Closes the files, assembles slivers that arrived in several stripes, and returns the hashes
    /// of the slivers `wanted`. Each sliver is read back and checked against its parts. A batch is
    /// durable before its parts are removed, so that an interrupted run can be continued.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], of the kind `NotFound` or `InvalidData` if a file is not as it was written;
    /// [`Error::Cancelled`].
    pub(super) fn finish(
        self,
        wanted: &SliverSet,
        threads: usize,
        control: &Control,
    ) -> Result<Hashes> {
        let mut hashes = Hashes::new(self.shape.n_shards());
        let stripes = self.stripes();
        if stripes.last() != Some(&self.shape.symbol_size()) {
            // All slivers arrived whole: the stripes of an interrupted run were not continued.
            if !stripes.is_empty() {
                remove_intermediate(&self.pairs)?;
            }
            let all = collected(wanted.iter());
            let whole = [self.shape.symbol_size()];
            self.read_all(&all, &whole, threads, control, &mut hashes)?;
            return Ok(hashes);
        }
        let is_assembled = |sliver: &(_, _)| self.assembled.contains(*sliver);
        let assembled = collected(wanted.iter().filter(is_assembled));
        self.read_all(&assembled, &stripes, threads, control, &mut hashes)?;
        for axis in Axis::BOTH {
            let in_parts = wanted.iter().filter(|sliver| !is_assembled(sliver));
            let in_parts = collected(in_parts.filter(|&(_, its)| its == axis));
            let batch = (BATCH / self.shape.sliver_len(axis)).max(1);
            for batch in in_parts.chunks(usize::try_from(batch).unwrap_or(usize::MAX)) {
                let done = in_parallel(threads, batch.len(), |i| {
                    control.check()?;
                    self.assemble(batch[i], &stripes, control)
                })?;
                sync_files(&[&self.pairs])?;
                for (&(pair, axis), hash) in batch.iter().zip(done) {
                    let (name, fresh) = (sliver_file_name(pair, axis), fresh_file_name(pair, axis));
                    self.pairs
                        .rename(fresh, &self.pairs, &name, Replacing::File)
                        .map_err(Error::io("write", self.pairs.at(&name)))?;
                    let part = part_file_name(pair, axis);
                    self.pairs
                        .remove_file(&part)
                        .map_err(Error::io("remove", self.pairs.at(&part)))?;
                    hashes.set((pair, axis), hash);
                }
            }
        }
        // An interrupted run may have assembled slivers without removing their parts.
        remove_intermediate(&self.pairs)?;
        Ok(hashes)
    }

    fn id(&self, pair: SliverPairIndex, axis: Axis) -> SliverId<'_> {
        SliverId {
            shape: &self.shape,
            axis,
            sliver: pair.sliver(axis, self.shape.n_shards()),
        }
    }

    /// Returns the hash of a sliver that was read back, if its checksum is that of the parts.
    fn checked(
        &self,
        id: SliverId<'_>,
        read: io::Result<ReadBack>,
        name: &str,
        control: &Control,
    ) -> Result<blake3::Hash> {
        let SliverIndex(index) = id.sliver;
        let expected = self.sums.get(id.axis as usize, usize::from(index));
        let path = || self.pairs.at(name);
        match read {
            Ok(read) if read.sum == expected => Ok(read.hash),
            Ok(_) => Err(Error::io("use", path())(changed())),
            Err(error) if control.is_cancelled() && error.kind() == io::ErrorKind::Interrupted => {
                Err(Error::Cancelled)
            }
            Err(error) => Err(Error::io("use", path())(parts::ends_early(error))),
        }
    }

    fn assemble(
        &self,
        (pair, axis): (SliverPairIndex, Axis),
        stripes: &[u32],
        control: &Control,
    ) -> Result<blake3::Hash> {
        let (part, fresh) = (part_file_name(pair, axis), fresh_file_name(pair, axis));
        let file = self
            .pairs
            .open_file(&part, Access::Read)
            .map_err(Error::io("read", self.pairs.at(&part)))?;
        let create = || {
            match self.pairs.remove_file(&fresh) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed?,
            }
            self.pairs.open_file(&fresh, Access::CreateNew)
        };
        let mut out = create().map_err(Error::io("create", self.pairs.at(&fresh)))?;
        let id = self.id(pair, axis);
        let made = parts::assemble(&file, &mut out, id, stripes, control);
        self.checked(id, made, &part, control)
    }

    fn read_all(
        &self,
        slivers: &[(SliverPairIndex, Axis)],
        stripes: &[u32],
        threads: usize,
        control: &Control,
        hashes: &mut Hashes,
    ) -> Result<()> {
        let read = in_parallel(threads, slivers.len(), |i| {
            let (pair, axis) = slivers[i];
            let name = sliver_file_name(pair, axis);
            let file = self
                .pairs
                .open_file(&name, Access::Read)
                .map_err(Error::io("read", self.pairs.at(&name)))?;
            let id = self.id(pair, axis);
            let read = parts::read_back(&file, id, stripes, control);
            self.checked(id, read, &name, control)
        })?;
        for (&sliver, hash) in slivers.iter().zip(read) {
            hashes.set(sliver, hash);
        }
        Ok(())
    }
}

/// Removes the files of slivers' pieces.
pub(super) fn remove_intermediate(dir: &Dir) -> Result<()> {
    let mut names = Vec::new();
    dir.for_each_name(|name| {
        if is_intermediate(&name) {
            push(&mut names, name);
        }
        ControlFlow::<()>::Continue(())
    })
    .map_err(Error::io("read", dir.path()))?;
    for name in names {
        dir.remove_file(&name)
            .map_err(Error::io("remove", dir.at(&name)))?;
    }
    Ok(())
}
