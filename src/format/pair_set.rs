//! Sets of sliver pairs.

use std::fmt;

use super::error::{Error, Result};
use super::index::{Axis, SliverIndex, SliverPairIndex};
use crate::support::memory::collected;
#[cfg(feature = "capi")]
use crate::support::memory::filled;

/// Set of sliver pairs out of `n`.
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
    /// Copies the set. Missing memory unwinds, as in [`collected`].
    pub(crate) fn duplicate(&self) -> Self {
        Self {
            member: collected(self.member.iter().copied()),
        }
    }

    /// Creates the set of all pairs or of none. Missing memory unwinds, as in [`filled`].
    #[cfg(feature = "capi")]
    pub(crate) fn uniform(n_shards: u16, member: bool) -> Self {
        Self {
            member: filled(member, usize::from(n_shards)),
        }
    }

    /// Adds pairs to the set.
    pub(crate) fn with(mut self, pairs: impl IntoIterator<Item = SliverPairIndex>) -> Result<Self> {
        for pair in pairs {
            self.insert(u64::from(pair.0))?;
        }
        Ok(self)
    }

    /// Creates the empty set.
    #[must_use]
    pub fn none(n_shards: u16) -> Self {
        Self {
            member: vec![false; usize::from(n_shards)],
        }
    }

    /// Creates the set of all pairs.
    #[must_use]
    pub fn all(n_shards: u16) -> Self {
        Self {
            member: vec![true; usize::from(n_shards)],
        }
    }

    /// Creates the set of the given pairs; repeated pairs count once.
    ///
    /// # Errors
    ///
    /// [`Error::PairOutOfRange`] for an index of `n_shards` or more.
    pub fn new(n_shards: u16, pairs: impl IntoIterator<Item = SliverPairIndex>) -> Result<Self> {
        Self::none(n_shards).with(pairs)
    }

    /// Parses a list of indices and inclusive ranges, such as `0-9,17`.
    ///
    /// # Errors
    ///
    /// [`Error::PairSyntax`] for any other text; [`Error::PairOutOfRange`] for an index of
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
            // The end of the range is checked first, so that a huge range fails without iteration.
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

    /// Number of shards that the set was made for.
    #[must_use]
    pub fn n_shards(&self) -> u16 {
        u16::try_from(self.member.len()).expect("made from a u16")
    }

    /// Returns true if the pair is in the set.
    #[must_use]
    pub fn contains(&self, pair: SliverPairIndex) -> bool {
        self.member
            .get(usize::from(pair.0))
            .copied()
            .unwrap_or(false)
    }

    /// Returns true if the sliver belongs to a pair in the set.
    #[must_use]
    pub fn contains_sliver(&self, axis: Axis, sliver: SliverIndex) -> bool {
        sliver.0 < self.n_shards() && self.contains(sliver.pair(axis, self.n_shards()))
    }

    /// Pairs in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = SliverPairIndex> + '_ {
        (0u16..)
            .zip(&self.member)
            .filter_map(|(index, &member)| member.then_some(SliverPairIndex(index)))
    }

    /// Number of pairs in the set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.member.iter().filter(|&&member| member).count()
    }

    /// Returns true if the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.member.contains(&true)
    }
}

impl fmt::Display for PairSet {
    /// Writes the form that [`PairSet::parse`] reads, with ranges for consecutive indices.
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
}
