//! Sources of slivers: memory, a directory, or the caller's own storage.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::format::error::{Error, Result};
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;
use crate::format::verdict::SliverInfo;
use crate::format::wire::Sliver;
use crate::io::symbol_reader::{SymbolReader, read_strided};
use crate::support::memory::{collected, filled};

/// Numbered slivers with random access from several threads at once.
///
/// Implemented for slices, arrays and vectors of [`Sliver`], [`SliverRef`](crate::io::SliverRef)
/// and [`BlobSliver`](crate::verify::BlobSliver), for
/// [`BlobDirectory`](crate::directory::BlobDirectory) and
/// [`SliverFiles`](crate::directory::SliverFiles). Jobs ignore the metadata of a `BlobSliver` and
/// use their own.
///
/// The content of a sliver must not change while a job reads it: a source that returns other bytes
/// for decoding than for verification makes a good blob look inconsistent. Slivers from other
/// parties should be collected first, for example with a [`BlobReader`](crate::BlobReader).
pub trait SliverSource: Sync {
    /// Measures that each sliver states. The position of a sliver in this list is its number.
    fn infos(&self) -> Vec<SliverInfo>;

    /// Fills `out` with the bytes of the symbols of sliver `number` from `offset` on. The range
    /// lies inside the sliver.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if reading fails: the sliver counts as damaged. Any other error ends the job.
    fn read_at(&self, number: usize, offset: u64, out: &mut [u8]) -> Result<()>;

    /// Returns all symbols of sliver `number` in order, if they are in memory. Decoding then reads
    /// them in place.
    fn symbols(&self, number: usize) -> Option<&[u8]> {
        let _ = number;
        None
    }

    /// Announces that `len` bytes of sliver `number` are read soon, from `offset` on. The range may
    /// reach beyond the sliver. A source on disk starts to read, and does not wait. Does nothing by
    /// default.
    fn will_read(&self, number: usize, offset: u64, len: u64) {
        let _ = (number, offset, len);
    }
}

impl SliverSource for [Sliver] {
    fn infos(&self) -> Vec<SliverInfo> {
        collected(self.iter().map(Sliver::info))
    }

    fn read_at(&self, number: usize, offset: u64, out: &mut [u8]) -> Result<()> {
        let symbols = &self[number].data.symbols;
        let start = usize::try_from(offset).expect("inside the sliver");
        out.copy_from_slice(&symbols[start..start + out.len()]);
        Ok(())
    }

    fn symbols(&self, number: usize) -> Option<&[u8]> {
        Some(&self[number].data.symbols)
    }
}

impl<T> SliverSource for Vec<T>
where
    T: Sync,
    [T]: SliverSource,
{
    fn infos(&self) -> Vec<SliverInfo> {
        self[..].infos()
    }

    fn read_at(&self, number: usize, offset: u64, out: &mut [u8]) -> Result<()> {
        self[..].read_at(number, offset, out)
    }

    fn symbols(&self, number: usize) -> Option<&[u8]> {
        self[..].symbols(number)
    }
}

impl<T, const N: usize> SliverSource for [T; N]
where
    T: Sync,
    [T]: SliverSource,
{
    fn infos(&self) -> Vec<SliverInfo> {
        self[..].infos()
    }

    fn read_at(&self, number: usize, offset: u64, out: &mut [u8]) -> Result<()> {
        self[..].read_at(number, offset, out)
    }

    fn symbols(&self, number: usize) -> Option<&[u8]> {
        self[..].symbols(number)
    }
}

impl<T: SliverSource + ?Sized> SliverSource for &T {
    fn infos(&self) -> Vec<SliverInfo> {
        (**self).infos()
    }

    fn read_at(&self, number: usize, offset: u64, out: &mut [u8]) -> Result<()> {
        (**self).read_at(number, offset, out)
    }

    fn symbols(&self, number: usize) -> Option<&[u8]> {
        (**self).symbols(number)
    }

    fn will_read(&self, number: usize, offset: u64, len: u64) {
        (**self).will_read(number, offset, len);
    }
}

/// Returns the numbers of the slivers that can be used for a blob of this shape, by ascending
/// index and each index once. Source slivers come first, because they need no decoding.
pub(crate) fn usable(shape: &Shape, slivers: &dyn SliverSource, axis: Axis) -> Vec<usize> {
    let mut by_index = filled(None, usize::from(shape.n_shards()));
    for (number, info) in slivers.infos().into_iter().enumerate() {
        if info.axis == axis && shape.fits_sliver(&info) {
            by_index[usize::from(info.index.0)].get_or_insert(number);
        }
    }
    collected(by_index.into_iter().flatten())
}

/// Slivers that a job reads, in the engine's numbering.
pub(crate) struct GivenSlivers<'a> {
    slivers: &'a dyn SliverSource,
    symbol_size: u32,
    numbers: Vec<usize>,
    indices: Vec<SliverIndex>,
    lens: Vec<u64>,
    unreadable: Vec<AtomicBool>,
    /// True if an unreadable sliver ends the job.
    strict: bool,
}

impl<'a> GivenSlivers<'a> {
    /// Creates a reader of the slivers `numbers`, which must be usable and of one axis. The first
    /// unreadable sliver ends the job.
    pub(crate) fn new(slivers: &'a dyn SliverSource, shape: Shape, numbers: Vec<usize>) -> Self {
        Self::of(slivers, &slivers.infos(), shape, numbers)
    }

    /// Like [`GivenSlivers::new`], with measures that are already known.
    pub(crate) fn of(
        slivers: &'a dyn SliverSource,
        infos: &[SliverInfo],
        shape: Shape,
        numbers: Vec<usize>,
    ) -> Self {
        Self {
            slivers,
            symbol_size: shape.symbol_size(),
            indices: collected(numbers.iter().map(|&number| infos[number].index)),
            lens: collected(numbers.iter().map(|&number| infos[number].len)),
            unreadable: collected(numbers.iter().map(|_| AtomicBool::new(false))),
            numbers,
            strict: true,
        }
    }

    /// Replaces unreadable slivers by zeros instead of ending the job.
    pub(crate) fn lenient(mut self) -> Self {
        self.strict = false;
        self
    }

    pub(crate) fn indices(&self) -> &[SliverIndex] {
        &self.indices
    }

    /// Returns true if all slivers are in memory.
    pub(crate) fn in_memory(&self) -> bool {
        (0..self.numbers.len()).all(|item| self.borrow(item).is_some())
    }

    /// Returns true if reading an item failed.
    pub(crate) fn is_unreadable(&self, item: usize) -> bool {
        self.unreadable[item].load(Ordering::Relaxed)
    }

    /// Returns a reader of `count` symbols of every sliver, from symbol `first` on. Reading them
    /// announces the next `count` symbols.
    pub(crate) fn group(&self, first: usize, count: usize) -> SliverGroup<'_> {
        let symbol_size = u64::from(self.symbol_size);
        SliverGroup {
            given: self,
            start: first as u64 * symbol_size,
            len: count as u64 * symbol_size,
        }
    }

    /// Returns true if reading any item failed.
    pub(crate) fn any_unreadable(&self) -> bool {
        (0..self.numbers.len()).any(|item| self.is_unreadable(item))
    }
}

impl GivenSlivers<'_> {
    /// Fills `out` with the bytes `range` of consecutive symbols of an item, from byte `start` of
    /// the sliver on.
    fn read_from(&self, start: u64, item: usize, range: Range<u32>, out: &mut [u8]) -> Result<()> {
        let number = self.numbers[item];
        let read = read_strided(start, self.symbol_size, range, out, |offset, piece| {
            self.slivers.read_at(number, offset, piece)
        });
        if matches!(read, Err(Error::Io { .. })) {
            self.unreadable[item].store(true, Ordering::Relaxed);
            if !self.strict {
                out.fill(0);
                return Ok(());
            }
        }
        read
    }
}

/// Some consecutive symbols of all given slivers.
pub(crate) struct SliverGroup<'a> {
    given: &'a GivenSlivers<'a>,
    /// First byte in a sliver.
    start: u64,
    /// Number of bytes of a sliver.
    len: u64,
}

impl SliverGroup<'_> {
    /// Announces that the symbols of all slivers will be read soon.
    pub(crate) fn announce(&self) {
        for &number in &self.given.numbers {
            self.given.slivers.will_read(number, self.start, self.len);
        }
    }
}

impl SymbolReader for SliverGroup<'_> {
    fn read(&self, item: usize, range: Range<u32>, out: &mut [u8]) -> Result<()> {
        let Self { given, start, len } = *self;
        given.read_from(start, item, range, out)?;
        let next = start + len;
        if next < given.lens[item] {
            given.slivers.will_read(given.numbers[item], next, len);
        }
        Ok(())
    }
}

impl SymbolReader for GivenSlivers<'_> {
    fn read(&self, item: usize, range: Range<u32>, out: &mut [u8]) -> Result<()> {
        if let (false, Some(&next)) = (self.strict, self.numbers.get(item + 1))
            && range.start == 0
        {
            // Slivers that are verified come in order, whole ones as a rule.
            self.slivers.will_read(next, 0, self.lens[item + 1]);
        }
        self.read_from(0, item, range, out)
    }

    fn borrow(&self, item: usize) -> Option<&[u8]> {
        let symbols = self.slivers.symbols(self.numbers[item])?;
        // A slice shorter than the stated length is read instead, which reports the error.
        (symbols.len() as u64 >= self.lens[item]).then_some(symbols)
    }
}
