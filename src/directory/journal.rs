//! Journal of an unfinished encoding: the identity of the job, and the record from which the job
//! continues.

use std::io::{self, Write};

use serde::Serialize;

use crate::io::sink::PassPosition;
use crate::support::memory::{collected, with_capacity};

/// First bytes of a checkpoint file, with the version of its format.
const MAGIC: &[u8; 8] = b"WALRCKP3";

/// Position that a record describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// Ends of the stripes done, ascending.
    Stripes(Vec<u32>),
    /// Groups of two passes.
    Passes(PassPosition),
}

impl Position {
    /// Returns the position as bytes: its kind, then its numbers.
    fn to_bytes(&self) -> Vec<u8> {
        let (kind, numbers) = match self {
            Self::Stripes(ends) => (0, ends.as_slice()),
            Self::Passes(done) => (1, &[done.rows.into(), done.columns.into()][..]),
        };
        let numbers = std::iter::once(&kind).chain(numbers);
        collected(numbers.flat_map(|number: &u32| number.to_le_bytes()))
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (numbers, []) = bytes.as_chunks() else {
            return None;
        };
        let mut numbers = numbers.iter().copied().map(u32::from_le_bytes);
        match numbers.next()? {
            0 => Some(Self::Stripes(collected(numbers))),
            1 => {
                let [rows, columns] = [numbers.next()?, numbers.next()?];
                let done = PassPosition {
                    rows: rows.try_into().ok()?,
                    columns: columns.try_into().ok()?,
                };
                numbers.next().is_none().then_some(Self::Passes(done))
            }
            _ => None,
        }
    }
}

/// Identity of the job that a journal belongs to. A journal continues only the same job on an
/// unchanged source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobIdentity {
    /// Version of the format.
    pub version: u32,
    /// Path of the source in hexadecimal.
    pub source: String,
    /// Stamp of the source's last change.
    pub source_stamp: String,
    /// Length of the source and of the blob, in bytes.
    pub length: u64,
    /// Number of shards.
    pub shards: u16,
    /// Pairs, as `PairSet` writes them.
    pub pairs: String,
    /// Name of the commitment hash.
    pub commitment: String,
}

impl JobIdentity {
    /// Returns the key in the working directory's name. The key excludes the length and time of
    /// the source, so that a job on a changed source finds and clears the leftovers of the last
    /// job.
    pub(super) fn key(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let shards = self.shards.to_string();
        for part in [&self.source, &shards, &self.pairs, &self.commitment] {
            hasher.update(part.as_bytes());
            hasher.update(&[0]);
        }
        hasher.finalize().to_hex()[..16].to_owned()
    }

    /// Returns the job as JSON.
    pub(super) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("strings and numbers")
    }

    /// Hash over a checkpoint, which proves that the checkpoint belongs to this job and is
    /// complete.
    fn seal(&self, position: &[u8], state: &[u8]) -> blake3::Hash {
        let job = blake3::hash(&self.to_json());
        let mut hasher = blake3::Hasher::new();
        hasher.update(job.as_bytes());
        hasher.update(&(position.len() as u64).to_le_bytes());
        hasher.update(position).update(state);
        hasher.finalize()
    }

    /// Writes a record of the job.
    pub fn write_checkpoint(
        &self,
        position: &Position,
        state: &[u8],
        out: &mut impl Write,
    ) -> io::Result<()> {
        let position = position.to_bytes();
        out.write_all(MAGIC)?;
        out.write_all(self.seal(&position, state).as_bytes())?;
        out.write_all(&(position.len() as u32).to_le_bytes())?;
        out.write_all(&position)?;
        out.write_all(state)
    }

    /// Reads a record: the position and the state. `None` unless the record belongs to this job
    /// and is complete.
    pub fn read_checkpoint(&self, bytes: &[u8]) -> Option<(Position, Vec<u8>)> {
        let (magic, rest) = bytes.split_first_chunk()?;
        let (hash, rest) = rest.split_first_chunk::<{ blake3::OUT_LEN }>()?;
        let (len, rest) = rest.split_first_chunk()?;
        let (position, state) = rest.split_at_checked(u32::from_le_bytes(*len) as usize)?;
        if magic != MAGIC || self.seal(position, state) != *hash {
            return None;
        }
        let position = Position::from_bytes(position)?;
        let mut copy = with_capacity(state.len());
        copy.extend_from_slice(state);
        Some((position, copy))
    }
}

/// Appends checksums, one list per axis, to a record.
pub(super) fn append_sums(record: &mut Vec<u8>, sums: impl Iterator<Item = u64>) {
    for sum in sums {
        record.extend_from_slice(&sum.to_le_bytes());
    }
}

/// Splits a record into the checksums of `n` slivers per axis and the state behind the checksums.
/// `None` if the record is too short.
pub(super) fn split_sums(record: &[u8], n: usize) -> Option<([Vec<u64>; 2], &[u8])> {
    let (sums, state) = record.split_at_checked(2 * n * size_of::<u64>())?;
    let (sums, []) = sums.as_chunks() else {
        return None;
    };
    let (primary, secondary) = sums.split_at(n);
    let read = |sums: &[[u8; 8]]| collected(sums.iter().copied().map(u64::from_le_bytes));
    Some(([read(primary), read(secondary)], state))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::directory) fn identity(commitment: &str) -> JobIdentity {
        JobIdentity {
            version: 1,
            source: "2f".into(),
            source_stamp: "now".into(),
            length: 1000,
            shards: 10,
            pairs: "0-9".into(),
            commitment: commitment.into(),
        }
    }

    #[test]
    fn checksums_are_read_as_they_were_written() {
        let mut record = Vec::new();
        append_sums(&mut record, [1, 2, 3, u64::MAX].into_iter());
        record.extend_from_slice(b"state");
        let (sums, state) = split_sums(&record, 2).unwrap();
        assert_eq!(sums, [vec![1, 2], vec![3, u64::MAX]]);
        assert_eq!(state, b"state");
        assert!(split_sums(&record, 3).is_none());
    }

    #[test]
    fn a_record_is_read_as_it_was_written_and_no_other() {
        let (rows, columns) = (334, 1000);
        for position in [
            Position::Stripes(vec![128, 384]),
            Position::Stripes(vec![]),
            Position::Passes(PassPosition { rows, columns }),
        ] {
            let (job, mut bytes) = (identity("blake3"), Vec::new());
            job.write_checkpoint(&position, b"state", &mut bytes)
                .unwrap();
            let read = job.read_checkpoint(&bytes);
            assert_eq!(read, Some((position, b"state".to_vec())));
            assert_eq!(identity("blake2b").read_checkpoint(&bytes), None);
            for place in 0..bytes.len() {
                bytes[place] ^= 1;
                assert_eq!(job.read_checkpoint(&bytes), None, "byte {place}");
                bytes[place] ^= 1;
            }
            assert_eq!(job.read_checkpoint(&bytes[..bytes.len() - 1]), None);
        }
    }

    #[test]
    fn only_positions_are_read() {
        let read = |numbers: &[u32]| {
            let bytes: Vec<_> = numbers.iter().flat_map(|it| it.to_le_bytes()).collect();
            Position::from_bytes(&bytes)
        };
        assert_eq!(read(&[0]), Some(Position::Stripes(vec![])));
        let done = PassPosition {
            rows: 2,
            columns: 3,
        };
        assert_eq!(read(&[1, 2, 3]), Some(Position::Passes(done)));
        for wrong in [&[][..], &[1, 2], &[1, 2, 3, 4], &[1, 65_536, 0], &[2]] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
        assert_eq!(Position::from_bytes(&[0; 5]), None);
    }
}
