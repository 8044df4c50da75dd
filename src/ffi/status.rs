//! Statuses, and the failures that they stand for.

use std::ffi::c_char;

use crate::format::error::Error;
use crate::support::memory::MemoryError;

/// Result of a call: WALRUS_ACCEL_OK, or a negative number for the kind of failure. The values
/// never change; later versions may add statuses.
pub type walrus_accel_status = i32;

/// Success.
pub const WALRUS_ACCEL_OK: i32 = 0;
/// An argument is NULL, out of range, of the wrong length, or contradicts another argument.
pub const WALRUS_ACCEL_INVALID_ARGUMENT: i32 = -1;
/// A handle was freed, or is no handle of the expected type.
pub const WALRUS_ACCEL_INVALID_HANDLE: i32 = -2;
/// The blob is too long for the number of shards.
pub const WALRUS_ACCEL_BLOB_TOO_LARGE: i32 = -3;
/// The system has no memory, or a size is beyond the address space.
pub const WALRUS_ACCEL_OUT_OF_MEMORY: i32 = -4;
/// The job does not fit the memory limit of the runtime or of its device.
pub const WALRUS_ACCEL_MEMORY_LIMIT: i32 = -5;
/// The bytes are not of the expected structure.
pub const WALRUS_ACCEL_MALFORMED: i32 = -6;
/// The metadata contradicts the blob ID, the committee or itself.
pub const WALRUS_ACCEL_INVALID_METADATA: i32 = -7;
/// Too few slivers are usable to decode the blob.
pub const WALRUS_ACCEL_NOT_ENOUGH_SLIVERS: i32 = -8;
/// The decoded blob contradicts the metadata: the blob was encoded inconsistently.
pub const WALRUS_ACCEL_INCONSISTENT: i32 = -9;
/// The source changed while it was read.
pub const WALRUS_ACCEL_SOURCE_CHANGED: i32 = -10;
/// A read or a write failed.
pub const WALRUS_ACCEL_IO: i32 = -11;
/// The target exists and has other content.
pub const WALRUS_ACCEL_TARGET_EXISTS: i32 = -12;
/// Another process works on the same target.
pub const WALRUS_ACCEL_BUSY: i32 = -13;
/// The chosen engine, device or instruction set is unavailable.
pub const WALRUS_ACCEL_ENGINE_UNAVAILABLE: i32 = -14;
/// A callback of the caller reported a failure.
pub const WALRUS_ACCEL_CALLBACK_FAILED: i32 = -15;
/// A control, a job handle or a callback cancelled the job.
pub const WALRUS_ACCEL_CANCELLED: i32 = -16;
/// The job has not ended yet.
pub const WALRUS_ACCEL_NOT_ENDED: i32 = -17;
/// The time limit of the wait expired before the job ended.
pub const WALRUS_ACCEL_TIMED_OUT: i32 = -18;
/// The object does not exist: a sliver that was not chosen, a result of another kind.
pub const WALRUS_ACCEL_NOT_FOUND: i32 = -19;
/// A fault in the library. The runtime in which it happened can only be freed.
pub const WALRUS_ACCEL_PANIC: i32 = -20;
/// An earlier fault poisoned the runtime, which can only be freed.
pub const WALRUS_ACCEL_POISONED: i32 = -21;
/// A failure of a kind that has no status in this version.
pub const WALRUS_ACCEL_OTHER: i32 = -22;
/// Too few recovery symbols are usable to recover the sliver.
pub const WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS: i32 = -23;
/// A sliver contradicts the metadata of its blob where a valid sliver is needed.
pub const WALRUS_ACCEL_INVALID_SLIVER: i32 = -24;
/// A result that would accuse the encoder of the blob was computed a second time, in another way,
/// and the results differ. The library or the machine is wrong; draw no conclusion from the result.
pub const WALRUS_ACCEL_RESULTS_DIFFER: i32 = -25;

/// Statuses and their names.
const NAMES: [(i32, &std::ffi::CStr); 26] = [
    (WALRUS_ACCEL_OK, c"ok"),
    (WALRUS_ACCEL_INVALID_ARGUMENT, c"invalid argument"),
    (WALRUS_ACCEL_INVALID_HANDLE, c"invalid handle"),
    (WALRUS_ACCEL_BLOB_TOO_LARGE, c"blob too large"),
    (WALRUS_ACCEL_OUT_OF_MEMORY, c"out of memory"),
    (WALRUS_ACCEL_MEMORY_LIMIT, c"memory limit"),
    (WALRUS_ACCEL_MALFORMED, c"malformed"),
    (WALRUS_ACCEL_INVALID_METADATA, c"invalid metadata"),
    (WALRUS_ACCEL_NOT_ENOUGH_SLIVERS, c"not enough slivers"),
    (WALRUS_ACCEL_INCONSISTENT, c"inconsistent"),
    (WALRUS_ACCEL_SOURCE_CHANGED, c"source changed"),
    (WALRUS_ACCEL_IO, c"input or output failed"),
    (WALRUS_ACCEL_TARGET_EXISTS, c"target exists"),
    (WALRUS_ACCEL_BUSY, c"busy"),
    (WALRUS_ACCEL_ENGINE_UNAVAILABLE, c"engine unavailable"),
    (WALRUS_ACCEL_CALLBACK_FAILED, c"callback failed"),
    (WALRUS_ACCEL_CANCELLED, c"cancelled"),
    (WALRUS_ACCEL_NOT_ENDED, c"not ended"),
    (WALRUS_ACCEL_TIMED_OUT, c"timed out"),
    (WALRUS_ACCEL_NOT_FOUND, c"not found"),
    (WALRUS_ACCEL_PANIC, c"internal fault"),
    (WALRUS_ACCEL_POISONED, c"poisoned by a fault"),
    (WALRUS_ACCEL_OTHER, c"other failure"),
    (WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS, c"not enough symbols"),
    (WALRUS_ACCEL_INVALID_SLIVER, c"invalid sliver"),
    (WALRUS_ACCEL_RESULTS_DIFFER, c"results differ"),
];

/// Failure on its way to the caller.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) status: walrus_accel_status,
    pub(super) message: String,
}

impl Failure {
    pub(super) fn new(status: walrus_accel_status, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }

    /// Makes a failure for an invalid argument.
    pub(super) fn argument(message: impl Into<String>) -> Self {
        Self::new(WALRUS_ACCEL_INVALID_ARGUMENT, message)
    }
}

impl From<MemoryError> for Failure {
    fn from(error: MemoryError) -> Self {
        Error::from(error).into()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::TooFewShards { .. }
            | Error::TooManyShards { .. }
            | Error::PairOutOfRange { .. }
            | Error::PairSyntax { .. }
            | Error::BlobIdSyntax { .. }
            | Error::QuiltPatchIdSyntax { .. }
            | Error::QuiltRefused { .. }
            | Error::UnsafeIdentifier { .. }
            | Error::UnknownName { .. }
            | Error::RangeOutside { .. }
            | Error::TooManyThreads { .. }
            | Error::BufferLength { .. }
            | Error::OutputIsInput { .. } => WALRUS_ACCEL_INVALID_ARGUMENT,
            Error::BlobTooLarge { .. } => WALRUS_ACCEL_BLOB_TOO_LARGE,
            Error::SizeOverflow { .. } => WALRUS_ACCEL_OUT_OF_MEMORY,
            Error::MemoryBudget { .. } | Error::DeviceMemory { .. } => WALRUS_ACCEL_MEMORY_LIMIT,
            Error::Malformed { .. } | Error::InvalidQuilt { .. } => WALRUS_ACCEL_MALFORMED,
            Error::NoSuchPatch { .. } => WALRUS_ACCEL_NOT_FOUND,
            Error::InvalidMetadata { .. } => WALRUS_ACCEL_INVALID_METADATA,
            Error::NotEnoughSlivers { .. } => WALRUS_ACCEL_NOT_ENOUGH_SLIVERS,
            Error::NotEnoughSymbols { .. } => WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS,
            Error::InvalidSliver { .. } => WALRUS_ACCEL_INVALID_SLIVER,
            Error::Internal { .. } => WALRUS_ACCEL_RESULTS_DIFFER,
            Error::Inconsistent { .. } => WALRUS_ACCEL_INCONSISTENT,
            Error::SourceChanged { .. } => WALRUS_ACCEL_SOURCE_CHANGED,
            Error::Io { source, .. } => match source.kind() {
                std::io::ErrorKind::OutOfMemory => WALRUS_ACCEL_OUT_OF_MEMORY,
                _ => WALRUS_ACCEL_IO,
            },
            Error::TargetExists { .. } | Error::TargetKept { .. } | Error::OutputExists { .. } => {
                WALRUS_ACCEL_TARGET_EXISTS
            }
            Error::Busy { .. } => WALRUS_ACCEL_BUSY,
            Error::EngineUnavailable { .. } => WALRUS_ACCEL_ENGINE_UNAVAILABLE,
            Error::Source { .. } | Error::Sink { .. } => WALRUS_ACCEL_CALLBACK_FAILED,
            Error::Cancelled => WALRUS_ACCEL_CANCELLED,
        };
        Self::new(status, error.to_string())
    }
}

/// Returns the name of a status, for messages and logs: lower case, in English. The pointer is
/// never NULL, and valid for the life of the process. The name of a number that is no status is
/// "unknown status".
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_status_name(status: walrus_accel_status) -> *const c_char {
    let known = NAMES.iter().find(|(value, _)| *value == status);
    known.map_or(c"unknown status", |(_, name)| name).as_ptr()
}
