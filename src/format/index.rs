//! Axes and indices: sliver, sliver pair, shard, and how one follows from another.

use std::fmt;

use crate::format::commitment::BlobId;
use crate::format::error::{Error, Result};
use crate::support::memory::collected;

/// The two directions in which a blob is sliced.
///
/// A *primary* sliver is a row of the expanded matrix, cut to its first `S` symbols; a *secondary*
/// sliver is a column, cut to its first `P` symbols.
///
/// # Example
///
/// ```
/// use walrus_accel::Axis;
///
/// assert_eq!(Axis::Primary.to_string(), "primary");
/// assert_eq!(Axis::Primary.other(), Axis::Secondary);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Axis {
    /// Rows.
    Primary,
    /// Columns.
    Secondary,
}

impl Axis {
    /// Both axes, primary first.
    pub const BOTH: [Self; 2] = [Self::Primary, Self::Secondary];

    /// The other axis.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Primary => Self::Secondary,
            Self::Secondary => Self::Primary,
        }
    }

    /// `"primary"` or `"secondary"`, as in a storage node's URLs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
        }
    }
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The index of a sliver along its axis: row index for primary, column index for secondary slivers.
///
/// # Example
///
/// ```
/// use walrus_accel::{Axis, SliverIndex, SliverPairIndex};
///
/// let secondary = SliverPairIndex(3).sliver(Axis::Secondary, 1000);
/// assert_eq!(secondary, SliverIndex(996));
/// assert_eq!(secondary.pair(Axis::Secondary, 1000), SliverPairIndex(3));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SliverIndex(pub u16);

/// The index of a sliver pair: primary sliver `i` and secondary sliver `n - 1 - i`.
///
/// # Example
///
/// ```
/// use walrus_accel::{BlobId, SliverPairIndex};
///
/// let id = BlobId([0; 32]);
/// assert_eq!(SliverPairIndex(7).shard(&id, 1000), 7);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SliverPairIndex(pub u16);

impl SliverIndex {
    /// The pair that this sliver belongs to. The index must be below `n_shards`.
    #[must_use]
    pub const fn pair(self, axis: Axis, n_shards: u16) -> SliverPairIndex {
        SliverPairIndex(mirrored(self.0, axis, n_shards))
    }
}

impl SliverPairIndex {
    /// The sliver of this pair along the axis. The index must be below `n_shards`.
    #[must_use]
    pub const fn sliver(self, axis: Axis, n_shards: u16) -> SliverIndex {
        SliverIndex(mirrored(self.0, axis, n_shards))
    }

    /// The shard that stores this pair of the given blob: the pairs are rotated by the blob ID, read
    /// as a big-endian integer, modulo the number of shards.
    #[must_use]
    pub fn shard(self, blob_id: &BlobId, n_shards: u16) -> u16 {
        rotated(self.0, rotation(blob_id, n_shards), n_shards)
    }

    /// The pair of the given blob that a shard stores: the way back from
    /// [`shard`](SliverPairIndex::shard). The shard must be below `n_shards`.
    ///
    /// # Example
    ///
    /// ```
    /// use walrus_accel::{BlobId, SliverPairIndex};
    ///
    /// let id = BlobId([7; 32]);
    /// let pair = SliverPairIndex::of_shard(42, &id, 1000);
    /// assert_eq!(pair.shard(&id, 1000), 42);
    /// ```
    #[must_use]
    pub fn of_shard(shard: u16, blob_id: &BlobId, n_shards: u16) -> Self {
        let back = n_shards - rotation(blob_id, n_shards);
        Self(rotated(shard, back, n_shards))
    }
}

/// By how many places a blob's pairs are rotated: below the number of shards.
fn rotation(blob_id: &BlobId, n_shards: u16) -> u16 {
    let n = u32::from(n_shards);
    let bytes = blob_id.0.iter();
    let rotation = bytes.fold(0u32, |acc, &byte| ((acc << 8) | u32::from(byte)) % n);
    u16::try_from(rotation).expect("below n_shards")
}

fn rotated(index: u16, by: u16, n_shards: u16) -> u16 {
    let rotated = (u32::from(index) + u32::from(by)) % u32::from(n_shards);
    u16::try_from(rotated).expect("below n_shards")
}

const fn mirrored(index: u16, axis: Axis, n_shards: u16) -> u16 {
    match axis {
        Axis::Primary => index,
        Axis::Secondary => n_shards - 1 - index,
    }
}

/// A set of sliver pairs out of `n`.
///
/// # Example
///
/// ```
/// use walrus_accel::{PairSet, SliverPairIndex};
///
/// let pairs = PairSet::parse("0-9,17", 1000)?;
/// assert_eq!(pairs.len(), 11);
/// assert!(pairs.contains(SliverPairIndex(17)));
/// assert!(PairSet::parse("1000", 1000).is_err());
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairSet {
    member: Vec<bool>,
}

impl PairSet {
    /// A copy, for which there may be no memory: that unwinds as a job's memory does.
    pub(crate) fn duplicate(&self) -> Self {
        Self {
            member: collected(self.member.iter().copied()),
        }
    }

    /// All pairs or none, for which there may be no memory as for [`duplicate`](Self::duplicate).
    #[cfg(feature = "capi")]
    pub(crate) fn uniform(n_shards: u16, member: bool) -> Self {
        Self {
            member: crate::support::memory::filled(member, usize::from(n_shards)),
        }
    }

    /// This set with more pairs.
    pub(crate) fn with(mut self, pairs: impl IntoIterator<Item = SliverPairIndex>) -> Result<Self> {
        for pair in pairs {
            self.insert(u64::from(pair.0))?;
        }
        Ok(self)
    }

    /// No pair at all.
    #[must_use]
    pub fn none(n_shards: u16) -> Self {
        Self {
            member: vec![false; usize::from(n_shards)],
        }
    }

    /// Every pair.
    #[must_use]
    pub fn all(n_shards: u16) -> Self {
        Self {
            member: vec![true; usize::from(n_shards)],
        }
    }

    /// The given pairs; repeated ones count once.
    ///
    /// # Errors
    ///
    /// [`Error::PairOutOfRange`] for an index of `n_shards` or more.
    pub fn new(n_shards: u16, pairs: impl IntoIterator<Item = SliverPairIndex>) -> Result<Self> {
        Self::none(n_shards).with(pairs)
    }

    /// Reads a list of indices and inclusive ranges, such as `0-9,17`.
    ///
    /// # Errors
    ///
    /// [`Error::PairSyntax`] for anything else, [`Error::PairOutOfRange`] for an index of
    /// `n_shards` or more.
    pub fn parse(text: &str, n_shards: u16) -> Result<Self> {
        let syntax = || Error::PairSyntax {
            text: text.to_owned(),
        };
        let number = |part: &str| part.trim().parse::<u64>().map_err(|_| syntax());
        let mut set = Self::none(n_shards);
        for item in text.split(',') {
            let (first, last) = match item.split_once('-') {
                Some((first, last)) => (number(first)?, number(last)?),
                None => (number(item)?, number(item)?),
            };
            if first > last {
                return Err(syntax());
            }
            // The end first, so that a huge range is refused before it is walked.
            set.insert(last)?;
            for index in first..last {
                set.insert(index)?;
            }
        }
        Ok(set)
    }

    fn insert(&mut self, index: u64) -> Result<()> {
        let slot = usize::try_from(index)
            .ok()
            .and_then(|i| self.member.get_mut(i));
        match slot {
            Some(member) => *member = true,
            None => {
                return Err(Error::PairOutOfRange {
                    index,
                    n_shards: self.n_shards(),
                });
            }
        }
        Ok(())
    }

    /// The number of shards that the set was made for.
    #[must_use]
    pub fn n_shards(&self) -> u16 {
        u16::try_from(self.member.len()).expect("made from a u16")
    }

    /// Whether the pair is in the set.
    #[must_use]
    pub fn contains(&self, pair: SliverPairIndex) -> bool {
        self.member
            .get(usize::from(pair.0))
            .copied()
            .unwrap_or(false)
    }

    /// Whether the sliver belongs to a pair in the set.
    #[must_use]
    pub fn contains_sliver(&self, axis: Axis, sliver: SliverIndex) -> bool {
        sliver.0 < self.n_shards() && self.contains(sliver.pair(axis, self.n_shards()))
    }

    /// The pairs in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = SliverPairIndex> + '_ {
        (0u16..)
            .zip(&self.member)
            .filter_map(|(index, &member)| member.then_some(SliverPairIndex(index)))
    }

    /// How many pairs are in the set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.member.iter().filter(|&&member| member).count()
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.member.contains(&true)
    }
}

impl fmt::Display for PairSet {
    /// The form that [`PairSet::parse`] reads: ranges where indices follow one another.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut pairs = self.iter().map(|pair| pair.0).peekable();
        let mut separator = "";
        while let Some(first) = pairs.next() {
            let mut last = first;
            while let Some(next) = pairs.next_if(|&next| next == last + 1) {
                last = next;
            }
            match last - first {
                0 => write!(f, "{separator}{first}")?,
                _ => write!(f, "{separator}{first}-{last}")?,
            }
            separator = ",";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_and_written_alike() {
        for text in ["0", "0-9,17", "1,3,5-6,999"] {
            assert_eq!(PairSet::parse(text, 1000).unwrap().to_string(), text);
        }
        assert_eq!(PairSet::parse("3,1,2,2", 10).unwrap().to_string(), "1-3");
        assert_eq!(PairSet::all(1000).to_string(), "0-999");
        assert!(PairSet::none(7).is_empty());
    }

    #[test]
    fn wrong_lists_are_refused() {
        for text in ["", "a", "1-", "-1", "5-3", "1,,2", "0x1"] {
            assert!(
                matches!(PairSet::parse(text, 10), Err(Error::PairSyntax { .. })),
                "{text}"
            );
        }
        for text in ["10", "0-10", "0-18446744073709551615"] {
            assert!(
                matches!(PairSet::parse(text, 10), Err(Error::PairOutOfRange { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn shards_rotate_by_the_blob_id() {
        let mut id = [0; 32];
        id[31] = 5;
        assert_eq!(SliverPairIndex(998).shard(&BlobId(id), 1000), 3);
        id[30] = 1; // 261
        assert_eq!(SliverPairIndex(0).shard(&BlobId(id), 7), 261 % 7);
        // 2^248 mod 1000, computed apart: 2^248 ends in ...656.
        let mut id = [0; 32];
        id[0] = 1;
        assert_eq!(SliverPairIndex(0).shard(&BlobId(id), 1000), 656);
    }

    #[test]
    fn the_rotation_is_a_bijection() {
        let ids = [
            [0; 32],
            [255; 32],
            std::array::from_fn(|i| (i as u8).wrapping_mul(37)),
        ];
        for n in [4, 5, 7, 10, 100, 999, 1000, 1001, 65_535] {
            for id in ids.map(BlobId) {
                let mut seen = vec![false; n.into()];
                for pair in (0..n).map(SliverPairIndex) {
                    let shard = pair.shard(&id, n);
                    assert!(!std::mem::replace(&mut seen[usize::from(shard)], true));
                    assert_eq!(SliverPairIndex::of_shard(shard, &id, n), pair);
                }
            }
        }
    }
}
