//! Directories of slivers: verifying and repairing them.

use std::ffi::{CString, c_char};

use super::arguments::{both, flag, path, place};
use super::control_handle::{given, walrus_accel_control};
use super::guard::guard;
use super::handle::{Handle, borrow, hand_over, take_back};
use super::runtime_handle::{guard_on, walrus_accel_runtime};
use super::status::{Failure, WALRUS_ACCEL_NOT_FOUND, walrus_accel_error, walrus_accel_status};
use super::structs::{CStruct, out_struct};
use crate::directory::{BlobDirectory, FileProblem, ProblemKind};
use crate::support::memory::collected;

/// A file should be there and is not.
pub const WALRUS_ACCEL_PROBLEM_MISSING: u32 = 1;
/// A file is there and does not hold what it should.
pub const WALRUS_ACCEL_PROBLEM_DAMAGED: u32 = 2;
/// A file is there and nothing is known of it.
pub const WALRUS_ACCEL_PROBLEM_FOREIGN: u32 = 3;

/// What was found in a directory of slivers. It never changes, so threads can share it.
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

/// What is wrong with a file. Its texts are valid until the report is freed.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_problem {
    /// sizeof(walrus_accel_problem): WALRUS_ACCEL_PROBLEM_INIT sets it.
    pub struct_size: usize,
    /// The file: any bytes on Unix, UTF-8 elsewhere. It may be a stranger's name.
    pub path: *const c_char,
    /// What is wrong, in UTF-8.
    pub reason: *const c_char,
    /// WALRUS_ACCEL_PROBLEM_MISSING or another of them.
    pub kind: u32,
    /// Zero.
    pub reserved: u32,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_problem {
    const KIND: &'static str = "walrus_accel_problem";
    const LEAST: usize = size_of::<Self>();
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

/// Verifies a directory of slivers, as WALRUS_ACCEL_SINK_DIRECTORY writes it. Foreign files are looked for
/// among the slivers' files.
///
/// `directory`: the directory of the blob, ended by a NUL. `quick`: 0 to verify every sliver against the
/// metadata, 1 to compare every file with the manifest, which finds damage done since it was written, as
/// fast as the files can be read. `control`: NULL, or a control by which other threads watch and cancel
/// the call. `report`: becomes what was found, which the caller frees with walrus_accel_directory_report_free.
///
/// Statuses: WALRUS_ACCEL_OK, whatever was found; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL,
/// `quick` neither 0 nor 1, or the metadata of a number of shards that the code does not have; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_IO; WALRUS_ACCEL_MALFORMED and
/// WALRUS_ACCEL_INVALID_METADATA if there is no metadata, or manifest, to go by; WALRUS_ACCEL_BLOB_TOO_LARGE
/// if the metadata says so;
/// WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_ENGINE_UNAVAILABLE if a device
/// failed and the CPU must not go on; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_directory_verify(
    runtime: *const walrus_accel_runtime,
    directory: *const c_char,
    quick: u32,
    control: *const walrus_accel_control,
    report: *mut *mut walrus_accel_directory_report,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    let places = || place(report, std::ptr::null_mut(), "report");
    guard_on(runtime, error, places, |shared, place| {
        let (directory, quick) = (path(directory, "directory")?, flag(quick, "quick")?);
        let control = given(control)?;
        let found = match quick {
            true => BlobDirectory::verify_quick(directory, shared.threads, &control)?,
            false => BlobDirectory::open(directory)?.verify(&shared.runtime.decoder(), &control)?,
        };
        place.set(hand_over(walrus_accel_directory_report::new(
            found.checked,
            found.problems.iter(),
        )));
        Ok(())
    })
}

/// Repairs a directory of slivers: rebuilds what is missing or damaged from the rest, so that it equals a
/// fresh encoding. Foreign files are left alone. The rebuilt files take their places when all are complete.
///
/// `directory`: the directory of the blob, ended by a NUL. `control`: NULL, or a control by which other
/// threads watch and cancel the call. `report`: becomes what was wrong (and is so no more, but for foreign
/// files), which the caller frees with walrus_accel_directory_report_free.
///
/// Statuses: as walrus_accel_directory_verify; WALRUS_ACCEL_NOT_ENOUGH_SLIVERS;
/// WALRUS_ACCEL_INCONSISTENT if good slivers make another blob, twice, on two paths;
/// WALRUS_ACCEL_RESULTS_DIFFER if on one of them alone; WALRUS_ACCEL_BUSY.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_directory_repair(
    runtime: *const walrus_accel_runtime,
    directory: *const c_char,
    control: *const walrus_accel_control,
    report: *mut *mut walrus_accel_directory_report,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    let places = || place(report, std::ptr::null_mut(), "report");
    guard_on(runtime, error, places, |shared, place| {
        let directory = path(directory, "directory")?;
        let control = given(control)?;
        let directory = BlobDirectory::open(directory)?;
        let repaired = directory.repair(&shared.runtime.decoder(), None, &control)?;
        let problems = repaired.rebuilt.iter().chain(&repaired.left);
        place.set(hand_over(walrus_accel_directory_report::new(
            repaired.checked,
            problems,
        )));
        Ok(())
    })
}

/// Tells how many files were looked at, and how many problems a report has.
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
    guard(error, || {
        let (checked, problems) =
            both(place(checked, 0, "checked"), place(problems, 0, "problems"))?;
        let report = borrow(report, "report")?;
        checked.set(report.checked);
        problems.set(report.problems.len());
        Ok(())
    })
}

/// Tells a problem of a report.
///
/// `number`: its place, from 0. `problem`: a structure that WALRUS_ACCEL_PROBLEM_INIT has initialised.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the structure not
/// initialised; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND beyond the last; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_directory_report_get(
    report: *const walrus_accel_directory_report,
    number: usize,
    problem: *mut walrus_accel_problem,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard(error, || {
        let out = out_struct(problem, "problem")?;
        let problems = &borrow(report, "report")?.problems;
        let Some(found) = problems.get(number) else {
            let message = format!("there is no problem {number}: there are {}", problems.len());
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

/// Frees a report, and with it its texts. NULL is let pass.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if it was freed before; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_directory_report_free(
    report: *mut walrus_accel_directory_report,
) -> walrus_accel_status {
    guard(std::ptr::null_mut(), || take_back(report))
}
