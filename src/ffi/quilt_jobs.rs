//! Jobs that encode and read quilts.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use super::arguments::out_param;
use super::callbacks::walrus_accel_ended_function;
use super::encode_quilt_request::{EncodeQuiltJob, walrus_accel_encode_quilt_request};
use super::entry_point::{guard, walrus_accel_error};
use super::handle::borrow;
use super::job_handle::{submit, submit_request, take, walrus_accel_job};
use super::job_state::Outcome;
use super::quilt_read_request::{
    ExtractJob, ReadPatchJob, walrus_accel_quilt_content,
    walrus_accel_quilt_reader_extract_request, walrus_accel_quilt_reader_read_request,
};
use super::quilt_reader_handle::{shared_of, walrus_accel_quilt_reader};
use super::runtime_handle::{Shared, guard_within, walrus_accel_runtime};
use super::status::{Failure, walrus_accel_status};
use super::structs::read;
use crate::io::control::Control;

/// Submits a job that encodes a quilt, as walrus_accel_encode_quilt does, and returns at once.
/// walrus_accel_job_take_encoded returns the result.
///
/// Parameters and statuses: as walrus_accel_submit_encode. Files are opened, and identifiers are
/// checked, when the job runs.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_submit_encode_quilt(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_encode_quilt_request,
    ended: walrus_accel_ended_function,
    user_data: *mut c_void,
    job: *mut *mut walrus_accel_job,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let callback = (ended, user_data);
        submit_request(runtime, request, callback, job, error, |shared, request| {
            let work = EncodeQuiltJob::new(shared, request)?.keep()?;
            Ok(move |control: &Control| work.run(control).map(Outcome::Encoded))
        })
    }
}

/// Submits the job that `prepare` makes for a quilt reader, and sets `job` to its handle.
///
/// # Safety
///
/// The pointers are as the header demands.
unsafe fn submit_on<W>(
    reader: *const walrus_accel_quilt_reader,
    (ended, user_data): (walrus_accel_ended_function, *mut c_void),
    job: *mut *mut walrus_accel_job,
    error: *mut *mut walrus_accel_error,
    prepare: impl FnOnce(Arc<walrus_accel_quilt_reader>) -> Result<W, Failure>,
) -> walrus_accel_status
where
    W: FnOnce(&Control) -> Result<Outcome, Failure> + Send + 'static,
{
    // SAFETY: this function has the contract of the functions that it calls.
    unsafe {
        let outputs = || out_param(job, ptr::null_mut(), "job");
        let shared = || shared_of(reader);
        guard_within(shared, error, outputs, |shared: &Arc<Shared>, out| {
            let work = prepare(borrow(reader, "reader")?)?;
            submit(shared, ended, user_data, &out, work)
        })
    }
}

/// Submits a job that reads the content of a patch, as walrus_accel_quilt_reader_read does, and
/// returns at once. walrus_accel_job_take_quilt_content returns the result. The job runs among the
/// jobs of the reader's runtime.
///
/// Parameters and statuses: as walrus_accel_submit_encode, and WALRUS_ACCEL_NOT_FOUND beyond the
/// last patch.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_submit_quilt_read(
    reader: *const walrus_accel_quilt_reader,
    request: *const walrus_accel_quilt_reader_read_request,
    ended: walrus_accel_ended_function,
    user_data: *mut c_void,
    job: *mut *mut walrus_accel_job,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        submit_on(reader, (ended, user_data), job, error, |reader| {
            let work = ReadPatchJob::new(reader, &read(request, "request")?)?;
            Ok(move |control: &Control| work.run(control).map(Outcome::QuiltContent))
        })
    }
}

/// Submits a job that writes patches to files, as walrus_accel_quilt_reader_extract does, and
/// returns at once. walrus_accel_job_result returns its status.
///
/// Parameters and statuses: as walrus_accel_submit_encode.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_submit_quilt_extract(
    reader: *const walrus_accel_quilt_reader,
    request: *const walrus_accel_quilt_reader_extract_request,
    ended: walrus_accel_ended_function,
    user_data: *mut c_void,
    job: *mut *mut walrus_accel_job,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        submit_on(reader, (ended, user_data), job, error, |reader| {
            let work = ExtractJob::new(reader, &read(request, "request")?)?;
            Ok(move |control: &Control| work.run(control).map(|()| Outcome::Done))
        })
    }
}

/// Submits a job that checks a whole quilt, as walrus_accel_quilt_reader_check does, and returns at
/// once. walrus_accel_job_result returns its status.
///
/// Parameters and statuses: as walrus_accel_submit_encode, without a request.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_submit_quilt_check(
    reader: *const walrus_accel_quilt_reader,
    ended: walrus_accel_ended_function,
    user_data: *mut c_void,
    job: *mut *mut walrus_accel_job,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        submit_on(reader, (ended, user_data), job, error, |reader| {
            Ok(move |control: &Control| {
                reader.reader.check(control)?;
                Ok(Outcome::Done)
            })
        })
    }
}

/// Takes the result of a job that read a patch. The result can be taken once.
///
/// `content`: set to the result, which the caller frees with walrus_accel_quilt_content_free, and
/// which outlives the job.
///
/// Statuses: as walrus_accel_job_take_encoded.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_job_take_quilt_content(
    job: *const walrus_accel_job,
    content: *mut *mut walrus_accel_quilt_content,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            take(job, content, "content", |outcome| match outcome {
                Outcome::QuiltContent(content) => Ok(content),
                other => Err(other),
            })
        })
    }
}
