//! Reports of readers: the slivers that a reader has seen.

use super::arguments::{axis_number, both, out_param};
use super::entry_point::{free, guard, walrus_accel_error};
use super::handle::{Handle, borrow};
use super::status::{Failure, WALRUS_ACCEL_NOT_FOUND, walrus_accel_status};
use super::structs::{CStruct, out_struct};
use super::verify_request::{WALRUS_ACCEL_SLIVER_GOOD, verdict_number};
use crate::format::index::{Axis, SliverIndex};
use crate::jobs::reader::{Added, ReaderReport};

/// The sliver is good, and the reader keeps a copy of it.
pub const WALRUS_ACCEL_ADDED_KEPT: u32 = 1;
/// The sliver is not needed: the reader has enough slivers, or has this sliver. It may not have
/// been verified.
pub const WALRUS_ACCEL_ADDED_SURPLUS: u32 = 2;
/// The sliver does not belong to the blob.
pub const WALRUS_ACCEL_ADDED_DAMAGED: u32 = 3;

/// Result of adding a sliver to a reader.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_added {
    /// Outcome: WALRUS_ACCEL_ADDED_KEPT or another WALRUS_ACCEL_ADDED_ value. 0 if the call failed
    /// before the outcome was known: add the sliver again.
    pub outcome: u32,
    /// Verdict on a damaged sliver: WALRUS_ACCEL_SLIVER_MALFORMED or another WALRUS_ACCEL_SLIVER_
    /// value.
    pub verdict: u32,
    /// Zero. A later version may give it a meaning.
    pub reserved: u64,
}

impl walrus_accel_added {
    pub(super) fn new(outcome: u32, verdict: u8) -> Self {
        Self {
            outcome,
            verdict: verdict.into(),
            reserved: 0,
        }
    }

    pub(super) fn of(added: Added) -> Self {
        match added {
            Added::Kept => Self::new(WALRUS_ACCEL_ADDED_KEPT, WALRUS_ACCEL_SLIVER_GOOD),
            Added::Surplus => Self::new(WALRUS_ACCEL_ADDED_SURPLUS, WALRUS_ACCEL_SLIVER_GOOD),
            Added::Damaged(verdict) => {
                Self::new(WALRUS_ACCEL_ADDED_DAMAGED, verdict_number(verdict))
            }
        }
    }
}

/// Slivers that a reader has seen: kept, damaged and surplus slivers, each by the axis and index
/// that it claims. Immutable, so that threads can share it.
pub struct walrus_accel_reader_report {
    report: ReaderReport,
}

impl Handle for walrus_accel_reader_report {
    const KIND: &'static str = "walrus_accel_reader_report";
    const CROSSES_FORKS: bool = true;
}

impl walrus_accel_reader_report {
    pub(super) fn new(report: ReaderReport) -> Self {
        Self { report }
    }
}

/// Sliver that a reader has seen.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_seen_sliver {
    /// sizeof(walrus_accel_seen_sliver): WALRUS_ACCEL_SEEN_SLIVER_INIT sets it.
    pub struct_size: usize,
    /// WALRUS_ACCEL_AXIS_PRIMARY or WALRUS_ACCEL_AXIS_SECONDARY.
    pub axis: u32,
    /// WALRUS_ACCEL_ADDED_KEPT or another WALRUS_ACCEL_ADDED_ value.
    pub outcome: u32,
    /// Verdict on a damaged sliver, the latest one with this axis and index:
    /// WALRUS_ACCEL_SLIVER_WRONG_INDEX or another WALRUS_ACCEL_SLIVER_ value.
    pub verdict: u32,
    /// Index along the axis. A damaged sliver may claim any index.
    pub index: u16,
    /// Zero.
    pub reserved: u16,
}

// SAFETY: `repr(C)`, the size first, integers alone.
unsafe impl CStruct for walrus_accel_seen_sliver {
    const KIND: &'static str = "walrus_accel_seen_sliver";
    const LEN_MIN: usize = size_of::<Self>();
}

/// Returns the numbers of kept, damaged and surplus slivers. Bytes that are no sliver at all are
/// not counted.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_reader_report_counts(
    report: *const walrus_accel_reader_report,
    kept: *mut usize,
    damaged: *mut usize,
    surplus: *mut usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let first = both(out_param(kept, 0, "kept"), out_param(damaged, 0, "damaged"));
            let ((kept, damaged), surplus) = both(first, out_param(surplus, 0, "surplus"))?;
            let report = &borrow(report, "report")?.report;
            kept.set(report.kept.len());
            damaged.set(report.damaged.len());
            surplus.set(report.surplus.len());
            Ok(())
        })
    }
}

/// Describes a sliver that a reader has seen. Slivers of one outcome are in the order of axes and
/// indices.
///
/// `outcome`: WALRUS_ACCEL_ADDED_KEPT or another WALRUS_ACCEL_ADDED_ value. `position`: position of
/// the sliver among the slivers of the outcome. `sliver`: a structure that
/// WALRUS_ACCEL_SEEN_SLIVER_INIT initialised.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL, the structure is
/// not initialised, or `outcome` has another value; WALRUS_ACCEL_INVALID_HANDLE;
/// WALRUS_ACCEL_NOT_FOUND beyond the last sliver; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_reader_report_get(
    report: *const walrus_accel_reader_report,
    outcome: u32,
    position: usize,
    sliver: *mut walrus_accel_seen_sliver,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_struct(sliver, "sliver")?;
            let report = &borrow(report, "report")?.report;
            type Found = Option<(Axis, SliverIndex, u8)>;
            let plain = |list: &[(Axis, SliverIndex)]| -> (usize, Found) {
                let found = list.get(position);
                let found = found.map(|&(axis, index)| (axis, index, WALRUS_ACCEL_SLIVER_GOOD));
                (list.len(), found)
            };
            let (count, found) = match outcome {
                WALRUS_ACCEL_ADDED_KEPT => plain(&report.kept),
                WALRUS_ACCEL_ADDED_SURPLUS => plain(&report.surplus),
                WALRUS_ACCEL_ADDED_DAMAGED => {
                    let found = report.damaged.get(position);
                    let found =
                        found.map(|&(axis, index, verdict)| (axis, index, verdict_number(verdict)));
                    (report.damaged.len(), found)
                }
                _ => {
                    return Err(Failure::argument(format!(
                        "`outcome` is {outcome}, which is unknown: use 1 (kept), 2 (surplus), 3 \
                         (damaged)"
                    )));
                }
            };
            let Some((axis, index, verdict)) = found else {
                let message =
                    format!("sliver {position} of this outcome does not exist: there are {count}");
                return Err(Failure::new(WALRUS_ACCEL_NOT_FOUND, message));
            };
            out.fill(walrus_accel_seen_sliver {
                struct_size: size_of::<walrus_accel_seen_sliver>(),
                axis: axis_number(axis),
                outcome,
                verdict: verdict.into(),
                index: index.0,
                reserved: 0,
            });
            Ok(())
        })
    }
}

/// Frees a report of a reader. NULL is ignored.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the report was freed before;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_reader_report_free(
    report: *mut walrus_accel_reader_report,
) -> walrus_accel_status {
    free(report)
}
