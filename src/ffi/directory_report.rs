//! Verification and repair of sliver directories.

use std::ffi::{CString, c_char};

use super::arguments::{both, flag, out_param, path};
use super::control_handle::{given_control, walrus_accel_control};
use super::entry_point::{free, guard, walrus_accel_error};
use super::handle::{Handle, borrow, hand_over};
use super::runtime_handle::{guard_on, walrus_accel_runtime};
use super::status::{Failure, WALRUS_ACCEL_NOT_FOUND, walrus_accel_status};
use super::structs::{CStruct, out_struct};
use crate::directory::{BlobDirectory, FileProblem, ProblemKind};
use crate::support::memory::collected;

/// The file is missing.
pub const WALRUS_ACCEL_PROBLEM_MISSING: u32 = 1;
/// The file has wrong content.
pub const WALRUS_ACCEL_PROBLEM_DAMAGED: u32 = 2;
/// The file does not belong to the directory.
pub const WALRUS_ACCEL_PROBLEM_FOREIGN: u32 = 3;

/// Problems that were found in a directory of slivers. Immutable, so that threads can share it.
pub struct walrus_accel_directory_report {
    checked: usize,
    problems: Vec<Problem>,
}

struct Problem {
    kind: u32,
    path: CString,
    reason: CString,
}

impl Handle for walrus_accel_directory_report {
    const KIND: &'static str = "walrus_accel_directory_report";
    const CROSSES_FORKS: bool = true;
}

/// Problem with a file. The texts are valid until the report is freed.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_problem {
    /// sizeof(walrus_accel_problem): WALRUS_ACCEL_PROBLEM_INIT sets it.
    pub struct_size: usize,
    /// Path of the file: any bytes on Unix, UTF-8 elsewhere. A foreign file can have any name.
    pub path: *const c_char,
    /// Description of the problem, in UTF-8.
    pub reason: *const c_char,
    /// Kind of the problem: WALRUS_ACCEL_PROBLEM_MISSING or another WALRUS_ACCEL_PROBLEM_ value.
    pub kind: u32,
    /// Zero.
    pub reserved: u32,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_problem {
    const KIND: &'static str = "walrus_accel_problem";
    const LEN_MIN: usize = size_of::<Self>();
}

impl Problem {
    fn new(problem: &FileProblem) -> Self {
        let text = |bytes: &[u8]| {
            let bytes: Vec<u8> = bytes.iter().copied().filter(|&byte| byte != 0).collect();
            CString::new(bytes).expect("without NUL bytes")
        };
        Self {
            kind: match problem.kind {
                ProblemKind::Missing => WALRUS_ACCEL_PROBLEM_MISSING,
                ProblemKind::Damaged => WALRUS_ACCEL_PROBLEM_DAMAGED,
                ProblemKind::Foreign => WALRUS_ACCEL_PROBLEM_FOREIGN,
            },
            path: text(problem.path.as_os_str().as_encoded_bytes()),
            reason: text(problem.reason.as_bytes()),
        }
    }
}

impl walrus_accel_directory_report {
    fn new<'p>(checked: usize, problems: impl Iterator<Item = &'p FileProblem>) -> Self {
        Self {
            checked,
            problems: collected(problems.map(Problem::new)),
        }
    }
}

/// Verifies a directory of slivers that WALRUS_ACCEL_SINK_DIRECTORY wrote. The call looks for
/// foreign files among the files of the slivers.
///
/// `directory`: the directory of the blob, ended by a NUL. `quick`: 0 to verify every sliver
/// against the metadata; 1 to compare every file with the manifest, which finds damage since the
/// manifest was written, as fast as the files can be read. `control`: NULL, or a control that
/// observes and cancels the call from other threads. `report`: set to the report, which the caller
/// frees with walrus_accel_directory_report_free.
///
/// Statuses: WALRUS_ACCEL_OK, whatever was found; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is
/// NULL, if `quick` is neither 0 nor 1, or if the metadata has a number of shards that the code
/// does not support; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_IO; WALRUS_ACCEL_MALFORMED and
/// WALRUS_ACCEL_INVALID_METADATA if the directory has no usable metadata or manifest;
/// WALRUS_ACCEL_BLOB_TOO_LARGE if the metadata claims such a blob; WALRUS_ACCEL_OUT_OF_MEMORY;
/// WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_ENGINE_UNAVAILABLE if a device failed and
/// `no_cpu_fallback` is 1; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_directory_verify(
    runtime: *const walrus_accel_runtime,
    directory: *const c_char,
    quick: u32,
    control: *const walrus_accel_control,
    report: *mut *mut walrus_accel_directory_report,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let outputs = || out_param(report, std::ptr::null_mut(), "report");
        guard_on(runtime, error, outputs, |shared, out| {
            let (directory, quick) = (path(directory, "directory")?, flag(quick, "quick")?);
            let control = given_control(control)?;
            let found = match quick {
                true => BlobDirectory::verify_quick(directory, shared.threads, &control)?,
                false => {
                    BlobDirectory::open(directory)?.verify(&shared.runtime.decoder(), &control)?
                }
            };
            out.set(hand_over(walrus_accel_directory_report::new(
                found.checked,
                found.problems.iter(),
            )));
            Ok(())
        })
    }
}

/// Repairs a directory of slivers: rebuilds missing and damaged slivers from the others, so that
/// the directory equals a fresh encoding. Foreign files stay. The rebuilt files get their names
/// when all are complete.
///
/// `directory`: the directory of the blob, ended by a NUL. `control`: NULL, or a control that
/// observes and cancels the call from other threads. `report`: set to a report of the problems that
/// were found, which are repaired except for foreign files. The caller frees it with
/// walrus_accel_directory_report_free.
///
/// Statuses: as walrus_accel_directory_verify; WALRUS_ACCEL_NOT_ENOUGH_SLIVERS;
/// WALRUS_ACCEL_INCONSISTENT if valid slivers make another blob, and do so again in a second
/// computation on another path; WALRUS_ACCEL_RESULTS_DIFFER if they do so in only one of the two
/// computations; WALRUS_ACCEL_BUSY.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_directory_repair(
    runtime: *const walrus_accel_runtime,
    directory: *const c_char,
    control: *const walrus_accel_control,
    report: *mut *mut walrus_accel_directory_report,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let outputs = || out_param(report, std::ptr::null_mut(), "report");
        guard_on(runtime, error, outputs, |shared, out| {
            let directory = path(directory, "directory")?;
            let control = given_control(control)?;
            let directory = BlobDirectory::open(directory)?;
            let repaired = directory.repair(&shared.runtime.decoder(), None, &control)?;
            let problems = repaired.rebuilt.iter().chain(&repaired.left);
            out.set(hand_over(walrus_accel_directory_report::new(
                repaired.checked,
                problems,
            )));
            Ok(())
        })
    }
}

/// Returns the number of files that were checked, and the number of problems.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_directory_report_counts(
    report: *const walrus_accel_directory_report,
    checked: *mut usize,
    problems: *mut usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let (checked, problems) = both(
                out_param(checked, 0, "checked"),
                out_param(problems, 0, "problems"),
            )?;
            let report = borrow(report, "report")?;
            checked.set(report.checked);
            problems.set(report.problems.len());
            Ok(())
        })
    }
}

/// Describes a problem of a report.
///
/// `position`: position of the problem in the report. `problem`: a structure that
/// WALRUS_ACCEL_PROBLEM_INIT initialised.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the structure
/// is not initialised; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND beyond the last problem;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_directory_report_get(
    report: *const walrus_accel_directory_report,
    position: usize,
    problem: *mut walrus_accel_problem,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_struct(problem, "problem")?;
            let problems = &borrow(report, "report")?.problems;
            let Some(found) = problems.get(position) else {
                let message = format!(
                    "problem {position} does not exist: the report has {}",
                    problems.len()
                );
                return Err(Failure::new(WALRUS_ACCEL_NOT_FOUND, message));
            };
            let described = walrus_accel_problem {
                struct_size: size_of::<walrus_accel_problem>(),
                path: found.path.as_ptr(),
                reason: found.reason.as_ptr(),
                kind: found.kind,
                reserved: 0,
            };
            out.fill(described);
            Ok(())
        })
    }
}

/// Frees a report and its texts. NULL is ignored.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the report was freed before;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_directory_report_free(
    report: *mut walrus_accel_directory_report,
) -> walrus_accel_status {
    free(report)
}
