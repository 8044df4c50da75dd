//! Writing sliver files part by part.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use super::files::{OpenFiles, in_parallel};
use super::parts::{self, part_file_name, part_len};
use super::{sliver_file_name, sync_tree};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::shape::Shape;
use crate::sink::SliverPart;
use crate::sliver::{Axis, PairSet, SliverIndex};
use crate::source::write_all_at;
use crate::wire::SliverLayout;

thread_local! {
    /// Where pieces that lie apart in memory are gathered for one write.
    static SCRATCH: std::cell::RefCell<Vec<u8>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// How many bytes of slivers are put together before they are made durable.
const BATCH: u64 = 1 << 30;

/// The sliver files of one blob in a directory, while they are being written.
pub(super) struct SliverWriter {
    directory: PathBuf,
    shape: Shape,
    layouts: [SliverLayout; 2],
    /// The primary slivers beyond the source rows come column by column: those files stay open.
    /// Every other sliver comes whole within a stripe.
    open: OpenFiles,
    /// The slivers that an interrupted run had put together already, by axis and index.
    together: [Vec<bool>; 2],
    /// The ends of the stripes that have come, if there are several.
    stripes: Mutex<BTreeSet<u32>>,
    /// The last of them, so that most parts take no lock.
    last_stripe: AtomicU32,
}

/// The length and the BLAKE3 of files just written, by their names.
pub(super) type Hashes = HashMap<String, (u64, blake3::Hash)>;

/// Whether the bytes `0..next` of every symbol of the pairs' slivers are there.
pub(super) fn all_there(directory: &Path, shape: &Shape, pairs: &PairSet, next: u32) -> bool {
    let len = |name: String| fs::metadata(directory.join(name)).map(|found| found.len());
    Axis::BOTH.into_iter().all(|axis| {
        let total_len = SliverLayout::new(shape, axis).total_len;
        let part_len = part_len(shape, axis, next);
        pairs.iter().all(|pair| {
            len(part_file_name(pair, axis)).is_ok_and(|len| len >= part_len)
                || len(sliver_file_name(pair, axis)).is_ok_and(|len| len == total_len)
        })
    })
}

impl SliverWriter {
    /// A writer into `directory`, which is created, or goes on with an interrupted run's, which had
    /// written the given stripes.
    pub(super) fn new(directory: PathBuf, shape: Shape, stripes: &[u32]) -> Result<Self> {
        fs::create_dir_all(&directory).map_err(Error::io("create", &directory))?;
        let n = shape.n_shards();
        let together = Axis::BOTH.map(|axis| {
            let slivers = (0..n).map(SliverIndex);
            let is_there = |sliver: SliverIndex| {
                let name = sliver_file_name(sliver.pair(axis, n), axis);
                !stripes.is_empty() && directory.join(name).exists()
            };
            slivers.map(is_there).collect()
        });
        Ok(Self {
            layouts: Axis::BOTH.map(|axis| SliverLayout::new(&shape, axis)),
            open: OpenFiles::new(usize::from(n)),
            together,
            stripes: Mutex::new(stripes.iter().copied().collect()),
            last_stripe: AtomicU32::new(0),
            directory,
            shape,
        })
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The ends of the stripes that have come so far.
    pub(super) fn stripes(&self) -> Vec<u32> {
        let stripes = self.stripes.lock().expect("nothing panics under the lock");
        stripes.iter().copied().collect()
    }

    pub(super) fn put(&self, part: &SliverPart<'_>) -> Result<()> {
        let pair = part.sliver.pair(part.axis, self.shape.n_shards());
        let axis = part.axis as usize;
        let bytes = part.bytes();
        let whole = bytes == (0..part.symbol_size);
        if !whole {
            if self.last_stripe.swap(bytes.end, Ordering::Relaxed) != bytes.end {
                let mut stripes = self.stripes.lock().expect("nothing panics under the lock");
                if bytes.start == 0 {
                    stripes.clear(); // Nothing is continued.
                }
                stripes.insert(bytes.end);
            }
            if self.together[axis][usize::from(part.sliver.0)] {
                return Ok(()); // With the same bytes, by an interrupted run.
            }
        }
        let path = self.directory.join(match whole {
            true => sliver_file_name(pair, part.axis),
            false => part_file_name(pair, part.axis),
        });
        let open = || {
            File::options()
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
        };
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
        result.map_err(Error::io("write", path))
    }

    /// Writes whole symbols where they belong.
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

    /// Closes the files, and puts together what came in several stripes; gives the hashes of those.
    /// A batch is durable before its parts go, so that an interrupted run can be continued.
    pub(super) fn finish(self, threads: usize, control: &Control) -> Result<Hashes> {
        let stripes = self.stripes();
        let Self {
            directory, shape, ..
        } = self;
        let mut hashes = Hashes::new();
        let n = shape.n_shards();
        if stripes.last() != Some(&shape.symbol_size()) {
            // All came whole: what an interrupted run left in stripes was not continued.
            if !stripes.is_empty() {
                remove_unfinished(&directory)?;
            }
            return Ok(hashes);
        }
        for axis in Axis::BOTH {
            let parts: Vec<_> = (0..n)
                .map(|index| SliverIndex(index).pair(axis, n))
                .filter(|&pair| directory.join(part_file_name(pair, axis)).exists())
                .collect();
            let batch = (BATCH / shape.sliver_len(axis)).max(1);
            for pairs in parts.chunks(usize::try_from(batch).unwrap_or(usize::MAX)) {
                let fresh = |pair| format!("{}.new", sliver_file_name(pair, axis));
                let done = in_parallel(threads, pairs.len(), |i| {
                    control.check()?;
                    let path = directory.join(part_file_name(pairs[i], axis));
                    let new = directory.join(fresh(pairs[i]));
                    let part = File::open(&path).map_err(Error::io("read", &path))?;
                    let mut out = File::create(&new).map_err(Error::io("create", &new))?;
                    let sliver = pairs[i].sliver(axis, n);
                    parts::assemble(&part, &mut out, &shape, axis, sliver, &stripes, control)
                        .map_err(|error| match error.kind() {
                            io::ErrorKind::Interrupted => Error::Cancelled,
                            _ => Error::io("write", new)(error),
                        })
                })?;
                sync_tree(&directory)?;
                for (&pair, hash) in pairs.iter().zip(done) {
                    let name = sliver_file_name(pair, axis);
                    let path = directory.join(&name);
                    fs::rename(directory.join(fresh(pair)), &path)
                        .map_err(Error::io("write", path))?;
                    let part = directory.join(part_file_name(pair, axis));
                    fs::remove_file(&part).map_err(Error::io("remove", part))?;
                    hashes.insert(name, hash);
                }
            }
        }
        Ok(hashes)
    }
}

/// Removes what slivers were to be put together from.
fn remove_unfinished(directory: &Path) -> Result<()> {
    for entry in fs::read_dir(directory).map_err(Error::io("read", directory))? {
        let path = entry.map_err(Error::io("read", directory))?.path();
        let unfinished = ["part", "new"].map(OsStr::new);
        if path
            .extension()
            .is_some_and(|end| unfinished.contains(&end))
        {
            fs::remove_file(&path).map_err(Error::io("remove", path))?;
        }
    }
    Ok(())
}
