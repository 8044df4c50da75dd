//! Commitment hash functions, and the trait through which trees hash on an engine.

use std::fmt;
use std::str::FromStr;

use blake2::Digest as _;

use crate::format::error::{Error, Result};
use crate::support::memory::filled;

/// Hash of a leaf, a node or a blob: 32 bytes.
pub type Digest = [u8; 32];

/// Prefix byte of a leaf's data.
pub(crate) const LEAF_PREFIX: u8 = 0x00;

/// Prefix byte of an inner node's two children.
pub(crate) const INNER_PREFIX: u8 = 0x01;

type Blake2b256 = blake2::Blake2b<blake2::digest::consts::U32>;

/// Hash function that commits to an encoding.
///
/// The Walrus network uses Blake2b-256. BLAKE3 is a private profile for users outside the network.
/// Both build the same trees; the encoding type differs, so that metadata and blob IDs of one
/// profile are never valid in the other.
///
/// # Example
///
/// ```
/// use walrus_accel::Commitment;
///
/// assert_eq!(Commitment::default(), Commitment::Blake2b256);
/// assert_eq!(Commitment::Blake2b256.encoding_type(), 0x01);
/// assert_eq!("blake3".parse::<Commitment>().unwrap().encoding_type(), 0x81);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Commitment {
    /// Unkeyed Blake2b with a digest of 32 bytes: the network's hash, encoding type `0x01` (RS2).
    #[default]
    Blake2b256,
    /// BLAKE3 with its default digest of 32 bytes: private, encoding type `0x81`.
    Blake3,
}

impl Commitment {
    /// Encoding type byte in metadata and blob ID.
    #[must_use]
    pub const fn encoding_type(self) -> u8 {
        match self {
            Self::Blake2b256 => 0x01,
            Self::Blake3 => 0x81,
        }
    }

    /// Returns the commitment of an encoding type byte, if there is one.
    #[must_use]
    pub const fn from_encoding_type(encoding_type: u8) -> Option<Self> {
        match encoding_type {
            0x01 => Some(Self::Blake2b256),
            0x81 => Some(Self::Blake3),
            _ => None,
        }
    }

    /// Returns `"blake2b"` or `"blake3"`, as on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blake2b256 => "blake2b",
            Self::Blake3 => "blake3",
        }
    }

    /// Hashes the concatenation of the parts.
    #[must_use]
    pub fn hash(self, parts: &[&[u8]]) -> Digest {
        match self {
            Self::Blake2b256 => {
                let mut hasher = Blake2b256::new();
                for part in parts {
                    hasher.update(part);
                }
                hasher.finalize().into()
            }
            Self::Blake3 => {
                let mut hasher = blake3::Hasher::new();
                for part in parts {
                    hasher.update(part);
                }
                hasher.finalize().into()
            }
        }
    }
}

impl fmt::Display for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Commitment {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [Self::Blake2b256, Self::Blake3]
            .into_iter()
            .find(|commitment| commitment.name() == text)
            .ok_or_else(|| Error::UnknownName {
                what: "commitment hash",
                text: text.to_owned(),
                expected: "blake2b, blake3",
            })
    }
}

/// Hashes pairs of nodes, many at a time.
pub(crate) trait PairHasher: Sync {
    /// Computes `out[i] = H(prefix || left[i] || right[i])`. The three slices are of equal length.
    fn hash_pairs(
        &self,
        commitment: Commitment,
        prefix: u8,
        left: &[Digest],
        right: &[Digest],
        out: &mut [Digest],
    );

    /// Computes `out[i] = H(prefix || children[2 * i] || children[2 * i + 1])`. There are twice as
    /// many children as digests in `out`.
    fn hash_adjacent(
        &self,
        commitment: Commitment,
        prefix: u8,
        children: &[Digest],
        out: &mut [Digest],
    );
}

/// Task of [`TaskPool::for_each_chunk`]. Its arguments are the chunk's number, the chunk, and
/// digests to work in, whose contents are unspecified.
pub(crate) type ChunkTask<'a> = dyn Fn(usize, &mut [Digest], &mut [Digest]) + Sync + 'a;

/// Runs tasks, on several threads if there are any.
pub(crate) trait TaskPool: Sync {
    /// Calls `task` with every number below `count`, in any order, and returns when all calls have
    /// ended.
    fn for_each(&self, count: usize, task: &(dyn Fn(usize) + Sync));

    /// Calls `task` with every chunk of `len` digests of `out`, in any order, and with `scratch`
    /// digests to work in. The last chunk may be shorter.
    fn for_each_chunk(&self, out: &mut [Digest], len: usize, scratch: usize, task: &ChunkTask<'_>);

    /// Calls both closures, at the same time if there are several threads: `other` on the calling
    /// thread.
    fn both(&self, one: &mut (dyn FnMut() + Send), other: &mut (dyn FnMut() + Send));
}

/// What Merkle trees are built with.
pub(crate) trait TreeHasher: PairHasher + TaskPool {}

impl<T: PairHasher + TaskPool> TreeHasher for T {}

/// Computes on the calling thread, one hash at a time.
pub(crate) struct OneAtATime;

impl PairHasher for OneAtATime {
    fn hash_pairs(
        &self,
        commitment: Commitment,
        prefix: u8,
        left: &[Digest],
        right: &[Digest],
        out: &mut [Digest],
    ) {
        for ((left, right), out) in left.iter().zip(right).zip(out) {
            *out = commitment.hash(&[&[prefix], left, right]);
        }
    }

    fn hash_adjacent(
        &self,
        commitment: Commitment,
        prefix: u8,
        children: &[Digest],
        out: &mut [Digest],
    ) {
        for (pair, out) in children.chunks_exact(2).zip(out) {
            *out = commitment.hash(&[&[prefix], &pair[0], &pair[1]]);
        }
    }
}

impl TaskPool for OneAtATime {
    fn for_each(&self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        (0..count).for_each(task);
    }

    fn for_each_chunk(&self, out: &mut [Digest], len: usize, scratch: usize, task: &ChunkTask<'_>) {
        let mut scratch = filled(Digest::default(), scratch);
        for (index, chunk) in out.chunks_mut(len).enumerate() {
            task(index, chunk, &mut scratch);
        }
    }

    fn both(&self, one: &mut (dyn FnMut() + Send), other: &mut (dyn FnMut() + Send)) {
        one();
        other();
    }
}
