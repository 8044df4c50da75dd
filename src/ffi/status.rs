//! Statuses, and the failures that they stand for.

use std::ffi::c_char;

use crate::format::error::Error;
use crate::support::memory::MemoryError;

/// What a call came to: `WALRUS_ACCEL_OK`, or a negative number that tells the kind of failure. The
/// values never change; new ones may come.
pub type walrus_accel_status = i32;

/// The call did what it should.
pub const WALRUS_ACCEL_OK: i32 = 0;
/// An argument is NULL, out of its range, of the wrong length, or does not go with another one.
pub const WALRUS_ACCEL_INVALID_ARGUMENT: i32 = -1;
/// A handle is not alive: it was freed, or is no handle of that kind.
pub const WALRUS_ACCEL_INVALID_HANDLE: i32 = -2;
/// The blob is too long for the number of shards.
pub const WALRUS_ACCEL_BLOB_TOO_LARGE: i32 = -3;
/// The system gave no memory, or a size is beyond the address space.
pub const WALRUS_ACCEL_OUT_OF_MEMORY: i32 = -4;
/// The job does not fit the limit of memory that was set for the runtime or its device.
pub const WALRUS_ACCEL_MEMORY_LIMIT: i32 = -5;
/// Bytes are not the structure that they should be.
pub const WALRUS_ACCEL_MALFORMED: i32 = -6;
/// Metadata does not belong to the blob ID, the committee or itself.
pub const WALRUS_ACCEL_INVALID_METADATA: i32 = -7;
/// Too few slivers are usable to decode the blob.
pub const WALRUS_ACCEL_NOT_ENOUGH_SLIVERS: i32 = -8;
/// The decoded blob does not belong to the metadata: it was encoded inconsistently.
pub const WALRUS_ACCEL_INCONSISTENT: i32 = -9;
/// The source changed while it was read.
pub const WALRUS_ACCEL_SOURCE_CHANGED: i32 = -10;
/// Reading or writing failed.
pub const WALRUS_ACCEL_IO: i32 = -11;
/// The target exists and holds something else.
pub const WALRUS_ACCEL_TARGET_EXISTS: i32 = -12;
/// Another process is at work on the same target.
pub const WALRUS_ACCEL_BUSY: i32 = -13;
/// The engine, device or instruction set that was asked for is not there.
pub const WALRUS_ACCEL_ENGINE_UNAVAILABLE: i32 = -14;
/// A callback of the caller's reported a failure.
pub const WALRUS_ACCEL_CALLBACK_FAILED: i32 = -15;
/// The job was cancelled, by a control, its job handle or a callback.
pub const WALRUS_ACCEL_CANCELLED: i32 = -16;
/// The job has not ended yet.
pub const WALRUS_ACCEL_NOT_ENDED: i32 = -17;
/// The time to wait ran out before the job ended.
pub const WALRUS_ACCEL_TIMED_OUT: i32 = -18;
/// There is no such thing: a sliver that was not asked for, a result of another kind.
pub const WALRUS_ACCEL_NOT_FOUND: i32 = -19;
/// A fault within the library. The runtime that it happened in can only be freed.
pub const WALRUS_ACCEL_PANIC: i32 = -20;
/// The runtime had a fault before, and can only be freed.
pub const WALRUS_ACCEL_POISONED: i32 = -21;
/// A failure of a kind that this version has no number for.
pub const WALRUS_ACCEL_OTHER: i32 = -22;
/// Too few recovery symbols are usable to recover the sliver.
pub const WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS: i32 = -23;
/// A sliver does not belong to its blob's metadata, where one is needed that does.
pub const WALRUS_ACCEL_INVALID_SLIVER: i32 = -24;
/// A result that would accuse somebody was computed a second time, in another way, and came out otherwise:
/// the library, or the machine, is wrong. Nothing is to be concluded from it.
pub const WALRUS_ACCEL_RESULTS_DIFFER: i32 = -25;

/// The statuses and their names.
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

/// A failure on its way to the caller.
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

    /// An argument that cannot be.
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
            | Error::UnknownName { .. }
            | Error::RangeOutside { .. }
            | Error::TooManyThreads { .. }
            | Error::BufferLength { .. }
            | Error::OutputIsInput { .. } => WALRUS_ACCEL_INVALID_ARGUMENT,
            Error::BlobTooLarge { .. } => WALRUS_ACCEL_BLOB_TOO_LARGE,
            Error::SizeOverflow { .. } => WALRUS_ACCEL_OUT_OF_MEMORY,
            Error::MemoryBudget { .. } | Error::DeviceMemory { .. } => WALRUS_ACCEL_MEMORY_LIMIT,
            Error::Malformed { .. } => WALRUS_ACCEL_MALFORMED,
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

/// The name of a status, for messages and logs: lower case, in English. It is never NULL, and valid as
/// long as the process runs. A number that is no status has the name "unknown status".
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_status_name(status: walrus_accel_status) -> *const c_char {
    let known = NAMES.iter().find(|(value, _)| *value == status);
    known.map_or(c"unknown status", |(_, name)| name).as_ptr()
}
