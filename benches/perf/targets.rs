//! Targets of each job on two cores: a multiple of the reference engine's speed, and a share of the
//! bound.

use walrus_accel::Axis;

use crate::bound::Work;
use crate::jobs::{Job, Task};

const KIB: usize = 1 << 10;
const MIB: usize = KIB << 10;

/// All measured jobs with their targets. In this table a target of 0 means none.
pub const JOBS: [Job; 19] = {
    use Task::*;
    const fn job(task: Task, size: &'static str, len: usize, targets: [f64; 2]) -> Job {
        const fn some(target: f64) -> Option<f64> {
            if target > 0.0 { Some(target) } else { None }
        }
        Job {
            task,
            size,
            len,
            ratio_target: some(targets[0]),
            share_target: some(targets[1]),
        }
    }
    let (primary, secondary) = (Axis::Primary, Axis::Secondary);
    [
        job(BlobId, "1 B", 1, [25.0, 0.0]),
        job(BlobId, "100 KB", 100_000, [18.0, 0.0]),
        job(BlobId, "1 MiB", MIB, [12.0, 0.75]),
        job(BlobId, "32 MiB", 32 * MIB, [10.0, 0.75]),
        job(BlobId, "256 MiB", 256 * MIB, [8.0, 0.75]),
        job(BlobId, "1 GiB", KIB * MIB, [8.0, 0.75]),
        job(Encode, "1 MiB", MIB, [0.0, 0.0]),
        job(Encode, "32 MiB", 32 * MIB, [0.0, 0.0]),
        job(Encode, "256 MiB", 256 * MIB, [12.0, 0.7]),
        job(Encode, "1 GiB", KIB * MIB, [12.0, 0.7]),
        job(Decode(primary), "1 MiB", MIB, [0.0, 0.0]),
        job(Decode(primary), "32 MiB", 32 * MIB, [0.0, 0.0]),
        job(Decode(primary), "1 GiB", KIB * MIB, [8.0, 0.0]),
        job(Decode(secondary), "32 MiB", 32 * MIB, [0.0, 0.0]),
        job(Decode(secondary), "256 MiB", 256 * MIB, [8.0, 0.0]),
        job(Verify(primary), "32 MiB", 32 * MIB, [0.0, 0.0]),
        job(Verify(secondary), "32 MiB", 32 * MIB, [0.0, 0.0]),
        job(Verify(primary), "256 MiB", 256 * MIB, [3.0, 0.0]),
        job(Verify(secondary), "256 MiB", 256 * MIB, [3.0, 0.0]),
    ]
};

/// Returns the counted work of a job. `None` for tasks whose work is not counted.
pub fn work(job: &Job) -> Option<Work> {
    match job.task {
        Task::BlobId => Some(Work::blob_id(&job.shape())),
        Task::Encode => Some(Work::encode(&job.shape())),
        Task::Decode(_) | Task::Verify(_) | Task::VerifyAll(_) => None,
    }
}
