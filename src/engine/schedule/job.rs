//! Jobs as far as the choice of their engine depends on them.

use crate::format::commitment::Commitment;

/// Least bytes of each size class of jobs. Smaller jobs are the CPU's: it ends them in less time
/// than it takes to open a device.
#[cfg(feature = "gpu")]
pub(crate) const CLASSES: [u64; 3] = [16 << 20, 64 << 20, 256 << 20];

/// Job, as far as its time depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "gpu"), allow(dead_code))]
pub(crate) struct Job {
    pub(crate) work: Work,
    pub(crate) commitment: Commitment,
    pub(crate) n_shards: u16,
    /// Number of bytes of the blob, or of the slivers to verify.
    pub(crate) bytes: u64,
    /// True if the CPU does the job whatever the times: storage that is slower than either engine
    /// takes the results.
    pub(crate) is_cpu_only: bool,
}

/// Kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "gpu", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "gpu", serde(rename_all = "camelCase"))]
pub(crate) enum Work {
    /// Metadata of a blob.
    Metadata,
    /// Slivers of a blob.
    Encode,
    /// Blob from slivers.
    Decode,
    /// Verification of slivers.
    Verify,
}
