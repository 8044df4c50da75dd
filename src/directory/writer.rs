//! Writing sliver files part by part.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::files::OpenFiles;
use super::sliver_file_name;
use crate::error::{Error, Result};
use crate::shape::Shape;
use crate::sink::SliverPart;
use crate::sliver::{Axis, PairSet};
use crate::source::write_all_at;
use crate::wire::SliverLayout;

thread_local! {
    /// Where pieces that lie apart in memory are gathered for one write.
    static SCRATCH: std::cell::RefCell<Vec<u8>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// The sliver files of one blob in a directory, while they are being written.
pub(super) struct SliverWriter {
    directory: PathBuf,
    shape: Shape,
    layouts: [SliverLayout; 2],
    /// The primary slivers beyond the source rows come column by column: those files stay open.
    /// Every other sliver comes whole within a stripe.
    open: OpenFiles,
}

/// Whether every sliver file of the pairs has its full length: from the first stripe on they do.
pub(super) fn all_there(directory: &Path, shape: &Shape, pairs: &PairSet) -> bool {
    Axis::BOTH.into_iter().all(|axis| {
        let total_len = SliverLayout::new(shape, axis).total_len;
        pairs.iter().all(|pair| {
            let path = directory.join(sliver_file_name(pair, axis));
            fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() == total_len)
        })
    })
}

impl SliverWriter {
    /// A writer into `directory`, which is created.
    pub(super) fn new(directory: PathBuf, shape: Shape) -> Result<Self> {
        fs::create_dir_all(&directory).map_err(Error::io("create", &directory))?;
        let layouts = Axis::BOTH.map(|axis| SliverLayout::new(&shape, axis));
        Ok(Self {
            directory,
            shape,
            layouts,
            open: OpenFiles::new(usize::from(shape.n_shards())),
        })
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn put(&self, part: &SliverPart<'_>) -> Result<()> {
        let n_shards = self.shape.n_shards();
        let pair = part.sliver.pair(part.axis, n_shards);
        let path = self.directory.join(sliver_file_name(pair, part.axis));
        let open = || {
            File::options()
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
        };
        let [primary, secondary] = &self.layouts;
        let layout = match part.axis {
            Axis::Primary => primary,
            Axis::Secondary => secondary,
        };
        let write = |file: &File| {
            if part.first_symbol == 0 && part.first_byte == 0 {
                write_all_at(file, 0, &layout.header())?;
                let trailer = SliverLayout::trailer(part.symbol_size, part.sliver);
                write_all_at(file, layout.header_len + layout.symbols_len, &trailer)?;
            }
            SCRATCH.with_borrow_mut(|scratch| {
                part.for_each_run(scratch, |offset, bytes| {
                    write_all_at(file, layout.header_len + offset, bytes)
                })
            })
        };
        let in_parts = part.axis == Axis::Primary && part.sliver.0 >= self.shape.rows();
        let result = if in_parts {
            self.open.with(usize::from(part.sliver.0), open, write)
        } else {
            open().and_then(|file| write(&file))
        };
        result.map_err(Error::io("write", path))
    }
}
