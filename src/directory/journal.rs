//! Journal of an unfinished encoding: the identity of the job, and the record from which the job
//! continues.

use std::io::{self, Write};

use serde::Serialize;

use crate::support::memory::{collected, with_capacity};

/// First bytes of a checkpoint file, with the version of its format.
const MAGIC: &[u8; 8] = b"WALRCKP2";

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
    fn seal(&self, stripes: &[u8], state: &[u8]) -> blake3::Hash {
        let job = blake3::hash(&self.to_json());
        let mut hasher = blake3::Hasher::new();
        hasher.update(job.as_bytes());
        hasher.update(&(stripes.len() as u64).to_le_bytes());
        hasher.update(stripes).update(state);
        hasher.finalize()
    }

    /// Writes a record of the job. `stripes` are the ends of the stripes done.
    pub fn write_checkpoint(
        &self,
        stripes: &[u32],
        state: &[u8],
        out: &mut impl Write,
    ) -> io::Result<()> {
        let stripes: Vec<u8> = collected(stripes.iter().flat_map(|end| end.to_le_bytes()));
        out.write_all(MAGIC)?;
        out.write_all(self.seal(&stripes, state).as_bytes())?;
        out.write_all(&(stripes.len() as u32).to_le_bytes())?;
        out.write_all(&stripes)?;
        out.write_all(state)
    }

    /// Reads a record: the ends of the stripes and the state. `None` unless the record belongs to
    /// this job and is complete.
    pub fn read_checkpoint(&self, bytes: &[u8]) -> Option<(Vec<u32>, Vec<u8>)> {
        let (magic, rest) = bytes.split_first_chunk()?;
        let (hash, rest) = rest.split_first_chunk::<{ blake3::OUT_LEN }>()?;
        let (len, rest) = rest.split_first_chunk()?;
        let (stripes, state) = rest.split_at_checked(u32::from_le_bytes(*len) as usize)?;
        let (ends, []) = stripes.as_chunks() else {
            return None;
        };
        if magic != MAGIC || self.seal(stripes, state) != *hash {
            return None;
        }
        let ends = collected(ends.iter().copied().map(u32::from_le_bytes));
        let mut copy = with_capacity(state.len());
        copy.extend_from_slice(state);
        Some((ends, copy))
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
        let (job, mut bytes) = (identity("blake3"), Vec::new());
        job.write_checkpoint(&[128, 384], b"state", &mut bytes)
            .unwrap();
        let read = job.read_checkpoint(&bytes);
        assert_eq!(read, Some((vec![128, 384], b"state".to_vec())));
        assert_eq!(identity("blake2b").read_checkpoint(&bytes), None);
        for place in 0..bytes.len() {
            bytes[place] ^= 1;
            assert_eq!(job.read_checkpoint(&bytes), None, "byte {place}");
            bytes[place] ^= 1;
        }
        assert_eq!(job.read_checkpoint(&bytes[..bytes.len() - 1]), None);
    }
}
