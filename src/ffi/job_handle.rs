//! Jobs: work that continues after the call that submits it.

use std::ffi::{c_char, c_void};
use std::ptr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::arguments::{OutParam, out_param};
use super::callbacks::walrus_accel_ended_function;
use super::control_handle::{write_engine, write_progress};
use super::decode_request::{DecodeJob, walrus_accel_decode_request, walrus_accel_decoded};
use super::encode_request::{EncodeJob, walrus_accel_encode_request, walrus_accel_encoded};
use super::entry_point::{free, guard, walrus_accel_error};
use super::handle::{Handle, borrow, hand_over, take_back};
use super::job_state::{JobState, Outcome, Phase, cancelled};
use super::rebuild_request::{RebuildJob, walrus_accel_rebuild_request};
use super::runtime_handle::{Shared, guard_on, walrus_accel_runtime};
use super::status::{
    Failure, WALRUS_ACCEL_NOT_ENDED, WALRUS_ACCEL_NOT_FOUND, WALRUS_ACCEL_TIMED_OUT,
    walrus_accel_status,
};
use super::structs::{CStruct, read};
use super::unchecked_request::{UncheckedJob, walrus_accel_decode_unchecked_request};
use super::verify_request::{VerifyJob, walrus_accel_verify_request};
use crate::io::control::Control;

/// The job waits for other jobs to end.
pub const WALRUS_ACCEL_JOB_QUEUED: u32 = 0;
/// The job runs.
pub const WALRUS_ACCEL_JOB_RUNNING: u32 = 1;
/// The job has ended, with or without success.
pub const WALRUS_ACCEL_JOB_ENDED: u32 = 2;

/// Time limit of a wait without limit.
pub const WALRUS_ACCEL_FOREVER: u64 = u64::MAX;

/// Work that runs while its caller does something else. All functions on a job may run on all
/// threads at the same time, except for walrus_accel_job_free, which must run alone.
///
/// A job borrows the memory that its request points to until the job has ended: the bytes of blobs
/// and slivers, buffers, and the `user_data` of callbacks. The request itself, its structures, its
/// arrays of pairs, buffers and slivers, and its paths may be freed when the function that submits
/// the job returns.
pub struct walrus_accel_job {
    state: Arc<JobState>,
}

impl Handle for walrus_accel_job {
    const KIND: &'static str = "walrus_accel_job";
    const CROSSES_FORKS: bool = false;
}

impl Drop for walrus_accel_job {
    fn drop(&mut self) {
        let state = Arc::clone(&self.state);
        state.cancel();
        state.wait(None, true);
    }
}

/// Returns the state of a job, which outlives the handle.
fn state_of(job: *const walrus_accel_job) -> Result<Arc<JobState>, Failure> {
    Ok(Arc::clone(&borrow(job, "job")?.state))
}

/// Submits a job. `work` may use the caller's memory until it returns.
pub(super) fn submit(
    shared: &Arc<Shared>,
    ended: walrus_accel_ended_function,
    user_data: *mut c_void,
    out: &OutParam<*mut walrus_accel_job>,
    work: impl FnOnce(&Control) -> Result<Outcome, Failure> + Send + 'static,
) -> Result<(), Failure> {
    let state = Arc::new(JobState::new(shared.queue.clone(), ended, user_data));
    let handle = hand_over(walrus_accel_job {
        state: Arc::clone(&state),
    });
    // Set before the job can end: a callback that learns of the end may look for the handle.
    out.set(handle);
    let (job, runtime) = (Arc::clone(&state), Arc::clone(shared));
    let run = move || {
        job.lock().phase = Phase::Running;
        let result = runtime.run(|_| {
            #[cfg(test)]
            super::tests::fault("job");
            work(&job.control)
        });
        job.end(result);
    };
    match shared.queue.submit(Box::new(run)) {
        Ok(ticket) => {
            // Only this thread and the callback know the job yet.
            let _ = state.ticket.set(ticket);
            Ok(())
        }
        Err(failure) => {
            out.set(ptr::null_mut());
            // The job is in no queue, and nobody waits for its end.
            state.lock().phase = Phase::Ended(Err(cancelled()));
            take_back(handle)?;
            Err(failure)
        }
    }
}

/// Submits the job that `prepare` makes of a request, and sets `job` to the handle of the job.
///
/// # Safety
///
/// The pointers are as the header demands. `prepare` gets a request whose pointers are, too.
pub(super) unsafe fn submit_request<R: CStruct, W>(
    runtime: *const walrus_accel_runtime,
    request: *const R,
    (ended, user_data): (walrus_accel_ended_function, *mut c_void),
    job: *mut *mut walrus_accel_job,
    error: *mut *mut walrus_accel_error,
    prepare: impl FnOnce(&Arc<Shared>, &R) -> Result<W, Failure>,
) -> walrus_accel_status
where
    W: FnOnce(&Control) -> Result<Outcome, Failure> + Send + 'static,
{
    // SAFETY: this function has the contract of the functions that it calls.
    unsafe {
        let outputs = || out_param(job, ptr::null_mut(), "job");
        guard_on(runtime, error, outputs, |shared, out| {
            let work = prepare(shared, &read(request, "request")?)?;
            submit(shared, ended, user_data, &out, work)
        })
    }
}

/// Submits a job that encodes a blob, as walrus_accel_encode does, and returns at once. The job
/// runs when fewer than `max_jobs` other jobs of the runtime run; until then it waits, in order.
///
/// `request`: read during the call. The memory that its structures point to is read and written
/// until the job has ended. `ended`: NULL, or a function that the library calls with `user_data`
/// when the job has ended. `job`: set to the job, which the caller frees with
/// walrus_accel_job_free.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for an invalid request;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_IO for a file descriptor that is not open;
/// WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC. walrus_accel_job_result
/// returns the other statuses of walrus_accel_encode.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_submit_encode(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_encode_request,
    ended: walrus_accel_ended_function,
    user_data: *mut c_void,
    job: *mut *mut walrus_accel_job,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let callback = (ended, user_data);
        submit_request(runtime, request, callback, job, error, |shared, request| {
            let work = EncodeJob::new(shared, request)?.keep()?;
            Ok(move |control: &Control| work.run(control).map(Outcome::Encoded))
        })
    }
}

/// Submits a job that decodes a blob, as walrus_accel_decode does, and returns at once.
///
/// Parameters and statuses: as walrus_accel_submit_encode.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_submit_decode(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_decode_request,
    ended: walrus_accel_ended_function,
    user_data: *mut c_void,
    job: *mut *mut walrus_accel_job,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let callback = (ended, user_data);
        submit_request(runtime, request, callback, job, error, |shared, request| {
            let work = DecodeJob::new(shared, request)?;
            Ok(move |control: &Control| work.run(control).map(Outcome::Decoded))
        })
    }
}

/// Submits a job that decodes a blob without metadata, as walrus_accel_decode_unchecked does, and
/// returns at once. walrus_accel_job_take_decoded returns the result.
///
/// Parameters and statuses: as walrus_accel_submit_encode, and also WALRUS_ACCEL_BLOB_TOO_LARGE for
/// a length that no blob has, and WALRUS_ACCEL_MALFORMED for a sliver that is not BCS SliverData.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_submit_decode_unchecked(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_decode_unchecked_request,
    ended: walrus_accel_ended_function,
    user_data: *mut c_void,
    job: *mut *mut walrus_accel_job,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let callback = (ended, user_data);
        submit_request(runtime, request, callback, job, error, |shared, request| {
            let work = UncheckedJob::new(shared, request)?;
            Ok(move |control: &Control| work.run(control).map(Outcome::Decoded))
        })
    }
}

/// Submits a job that rebuilds slivers, as walrus_accel_rebuild does, and returns at once.
///
/// Parameters and statuses: as walrus_accel_submit_encode.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_submit_rebuild(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_rebuild_request,
    ended: walrus_accel_ended_function,
    user_data: *mut c_void,
    job: *mut *mut walrus_accel_job,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let callback = (ended, user_data);
        submit_request(runtime, request, callback, job, error, |shared, request| {
            let work = RebuildJob::new(shared, request)?;
            Ok(move |control: &Control| work.run(control).map(Outcome::Encoded))
        })
    }
}

/// Submits a job that verifies slivers, as walrus_accel_verify does, and returns at once. The
/// verdicts are complete when the job has ended with success.
///
/// Parameters and statuses: as walrus_accel_submit_encode.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_submit_verify(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_verify_request,
    ended: walrus_accel_ended_function,
    user_data: *mut c_void,
    job: *mut *mut walrus_accel_job,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let callback = (ended, user_data);
        submit_request(runtime, request, callback, job, error, |shared, request| {
            let work = VerifyJob::new(shared, request)?;
            Ok(move |control: &Control| work.run(control).map(|()| Outcome::Done))
        })
    }
}

/// Returns the state of a job without waiting: WALRUS_ACCEL_JOB_QUEUED, WALRUS_ACCEL_JOB_RUNNING or
/// WALRUS_ACCEL_JOB_ENDED.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_job_poll(
    job: *const walrus_accel_job,
    state: *mut u32,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_param(state, WALRUS_ACCEL_JOB_QUEUED, "state")?;
            out.set(match state_of(job)?.lock().phase {
                Phase::Queued => WALRUS_ACCEL_JOB_QUEUED,
                Phase::Running => WALRUS_ACCEL_JOB_RUNNING,
                Phase::Ended(_) => WALRUS_ACCEL_JOB_ENDED,
            });
            Ok(())
        })
    }
}

/// Waits until a job has ended, with or without success. The callback `ended` may still run.
///
/// `milliseconds`: time limit of the wait; WALRUS_ACCEL_FOREVER for no limit.
///
/// Statuses: WALRUS_ACCEL_OK if the job has ended; WALRUS_ACCEL_TIMED_OUT if not;
/// WALRUS_ACCEL_INVALID_ARGUMENT if `job` is NULL; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_job_wait(
    job: *const walrus_accel_job,
    milliseconds: u64,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let job = state_of(job)?;
            // Beyond what the clock counts there is no limit.
            let limit = Instant::now().checked_add(Duration::from_millis(milliseconds));
            let limit = limit.filter(|_| milliseconds != WALRUS_ACCEL_FOREVER);
            match job.wait(limit, false) {
                true => Ok(()),
                false => Err(Failure::new(
                    WALRUS_ACCEL_TIMED_OUT,
                    format!("the job has not ended within {milliseconds} ms"),
                )),
            }
        })
    }
}

/// Returns the progress of a job, as walrus_accel_control_progress does for a call.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_job_progress(
    job: *const walrus_accel_job,
    done: *mut u64,
    total: *mut u64,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            write_progress(done, total, || Ok(state_of(job)?.control.progress()))
        })
    }
}

/// Returns the name of the engine that runs or ran a job, as walrus_accel_control_engine does for a
/// call.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_job_engine(
    job: *const walrus_accel_job,
    name: *mut *const c_char,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            write_engine(name, || Ok(state_of(job)?.control.engine_name()))
        })
    }
}

/// Cancels a job, without waiting for its end. A running job finishes its current piece of work and
/// ends with WALRUS_ACCEL_CANCELLED; a queued job ends at once. A job that has ended stays as it
/// is.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if `job` is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_job_cancel(
    job: *const walrus_accel_job,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            state_of(job)?.cancel();
            Ok(())
        })
    }
}

/// Returns the status and the error that the blocking call would have returned.
///
/// Statuses: the statuses of the blocking call; WALRUS_ACCEL_NOT_ENDED;
/// WALRUS_ACCEL_INVALID_ARGUMENT if `job` is NULL; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_job_result(
    job: *const walrus_accel_job,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || match &state_of(job)?.lock().phase {
            Phase::Ended(Ok(_)) => Ok(()),
            Phase::Ended(Err(failure)) => Err(failure.clone()),
            _ => Err(not_ended()),
        })
    }
}

fn not_ended() -> Failure {
    let message = "the job has not ended: wait for it";
    Failure::new(WALRUS_ACCEL_NOT_ENDED, message)
}

/// Takes the result of a job that is of the wanted kind.
///
/// # Safety
///
/// As [`out_param`].
pub(super) unsafe fn take<T: Handle>(
    job: *const walrus_accel_job,
    out: *mut *mut T,
    name: &str,
    wanted: impl FnOnce(Outcome) -> Result<T, Outcome>,
) -> Result<(), Failure> {
    // SAFETY: this function has the contract of `out_param`.
    let out = unsafe { out_param(out, ptr::null_mut(), name) }?;
    let state = state_of(job)?;
    let mut state = state.lock();
    let outcome = match &mut state.phase {
        Phase::Ended(Ok(outcome)) => outcome,
        Phase::Ended(Err(failure)) => return Err(failure.clone()),
        _ => return Err(not_ended()),
    };
    match wanted(std::mem::replace(outcome, Outcome::Taken)) {
        Ok(value) => {
            out.set(hand_over(value));
            Ok(())
        }
        Err(other) => {
            let message = match other {
                Outcome::Taken => format!("the job's result was taken before: `{name}`"),
                _ => format!("the job's result is of another kind than `{name}`"),
            };
            *outcome = other;
            Err(Failure::new(WALRUS_ACCEL_NOT_FOUND, message))
        }
    }
}

/// Takes the result of a job that encoded a blob or rebuilt slivers. The result can be taken once.
///
/// `encoded`: set to the result, which the caller frees with walrus_accel_encoded_free, and which
/// outlives the job.
///
/// Statuses: WALRUS_ACCEL_OK; the status of the job if it failed; WALRUS_ACCEL_NOT_ENDED;
/// WALRUS_ACCEL_NOT_FOUND if the result was taken before or is of another kind;
/// WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL; WALRUS_ACCEL_INVALID_HANDLE;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_job_take_encoded(
    job: *const walrus_accel_job,
    encoded: *mut *mut walrus_accel_encoded,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            take(job, encoded, "encoded", |outcome| match outcome {
                Outcome::Encoded(encoded) => Ok(encoded),
                other => Err(other),
            })
        })
    }
}

/// Takes the result of a job that decoded a blob. The result can be taken once.
///
/// `decoded`: set to the result, which the caller frees with walrus_accel_decoded_free, and which
/// outlives the job.
///
/// Statuses: as walrus_accel_job_take_encoded.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_job_take_decoded(
    job: *const walrus_accel_job,
    decoded: *mut *mut walrus_accel_decoded,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            take(job, decoded, "decoded", |outcome| match outcome {
                Outcome::Decoded(decoded) => Ok(decoded),
                other => Err(other),
            })
        })
    }
}

/// Frees a job. The call cancels a job that has not ended, and waits for its end. When the call
/// returns, the library uses no memory of the caller for the job, and `ended` has returned, unless
/// `ended` makes this call. NULL is ignored.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the job was freed before;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_job_free(job: *mut walrus_accel_job) -> walrus_accel_status {
    free(job)
}
