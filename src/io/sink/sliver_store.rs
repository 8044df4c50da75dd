//! Storage from which slivers are read back while their blob is encoded.

use super::sliver_part::SliverPart;
use crate::format::error::Result;
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;
use crate::io::control::Control;

/// Storage that takes slivers in order and gives them back, for encoding in two passes.
///
/// The first pass extends groups of rows: it appends the rows to the primary slivers, and a group
/// of symbols to every secondary sliver. The second pass reads the secondary slivers back, extends
/// and hashes them, and appends a group of symbols to every primary sliver beyond the source rows.
/// So every byte is written once, a blob of any size takes the memory of one group, and the
/// secondary slivers serve as the intermediate result.
///
/// A session offers its storage in [`SinkSession::store`](crate::io::SinkSession::store), and only
/// if all pairs were chosen.
pub trait SliverStore: Sync {
    /// Returns the position from which an interrupted encoding continues, and its leaf hashes as
    /// given to [`SliverStore::checkpoint`]. `None` starts at the beginning. Called once, before
    /// [`SliverStore::append`].
    ///
    /// The bytes of all slivers up to that position must be those that were appended.
    /// [`Encoder::encode`](crate::Encoder::encode) panics if no checkpoint can have that position
    /// or that number of leaf hashes.
    ///
    /// # Errors
    ///
    /// Any error ends the job. [`Error::Cancelled`](crate::Error::Cancelled) if `control` is
    /// cancelled meanwhile.
    fn resume(&self, control: &Control) -> Result<Option<(PassPosition, Vec<u8>)>>;

    /// Sets the number of bytes that the store may hold in memory until they are written. The
    /// memory limit has room for them, so that the storage works while the engine computes. Called
    /// once, between [`SliverStore::resume`] and [`SliverStore::append`]. The default holds
    /// nothing.
    fn set_write_buffer(&self, bytes: u64) {
        let _ = bytes;
    }

    /// Appends whole symbols to a sliver. The parts of a sliver come in the order of its symbols,
    /// one after another and without gaps. Parts of different slivers come from several threads at
    /// once.
    ///
    /// # Errors
    ///
    /// Any error ends the job.
    fn append(&self, part: &SliverPart<'_>) -> Result<()>;

    /// Reads the symbols of a complete sliver back. `symbols` has the length of the sliver's
    /// symbols ([`Shape::sliver_len`](crate::Shape::sliver_len)). Called from several threads at
    /// once.
    ///
    /// # Errors
    ///
    /// Any error ends the job, in particular if the bytes are not those that were appended.
    fn read(&self, axis: Axis, sliver: SliverIndex, symbols: &mut [u8]) -> Result<()>;

    /// Announces that a sliver will be read back soon, so that slow storage can begin. Called from
    /// several threads at once. The default does nothing.
    fn will_read(&self, axis: Axis, sliver: SliverIndex) {
        let _ = (axis, sliver);
    }

    /// Records a position from which an interrupted encoding can be continued. `leaves` are the
    /// leaf hashes of the columns done, 32 bytes per symbol, column by column. Called when every
    /// part before the position is appended and none after it. The default records nothing.
    ///
    /// # Errors
    ///
    /// Any error ends the job.
    fn checkpoint(&self, done: PassPosition, leaves: &[u8]) -> Result<()> {
        let _ = (done, leaves);
        Ok(())
    }
}

/// Position in an encoding in two passes: rows of the source matrix that are extended, then
/// columns that are extended and hashed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PassPosition {
    /// Number of source rows done, of
    /// [`Shape::rows`](crate::Shape::rows).
    pub rows: u16,
    /// Number of columns done, of [`Shape::n_shards`](crate::Shape::n_shards). 0 until all rows are
    /// done.
    pub columns: u16,
}

impl PassPosition {
    /// Returns the part of `all` that is done: a quarter for the rows, three quarters for the
    /// columns, as hashing takes most of the time.
    pub(crate) fn share(&self, shape: &Shape, all: u64) -> u64 {
        let part = |quarters: u64, done: u16, of: u16| {
            let part = u128::from(all) * u128::from(quarters) * u128::from(done);
            u64::try_from(part / 4 / u128::from(of)).expect("at most all")
        };
        part(1, self.rows, shape.rows()) + part(3, self.columns, shape.n_shards())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_grows_to_all() {
        let shape = Shape::new(10, 1000).unwrap();
        let share = |rows, columns| PassPosition { rows, columns }.share(&shape, 1000);
        assert_eq!(
            [
                share(0, 0),
                share(2, 0),
                share(4, 0),
                share(4, 5),
                share(4, 10)
            ],
            [0, 125, 250, 625, 1000]
        );
        let all = PassPosition {
            rows: 4,
            columns: 10,
        };
        assert_eq!(all.share(&shape, u64::MAX), u64::MAX - 1);
    }
}
