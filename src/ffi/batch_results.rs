//! Batches: many blobs in one call.

use std::cell::Cell;
use std::ptr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::arguments::{check_range, elements_mut, reserved};
use super::control_handle::{given_control, walrus_accel_control};
use super::decode_request::{DecodeJob, walrus_accel_decode_request, walrus_accel_decoded};
use super::encode_quilt_request::{EncodeQuiltJob, walrus_accel_encode_quilt_request};
use super::encode_request::{EncodeJob, walrus_accel_encode_request, walrus_accel_encoded};
use super::entry_point::walrus_accel_error;
use super::handle::{Handle, hand_over};
use super::runtime_handle::{Shared, guard_on, walrus_accel_runtime};
use super::status::{
    Failure, WALRUS_ACCEL_CANCELLED, WALRUS_ACCEL_NOT_ENDED, WALRUS_ACCEL_OK, walrus_accel_status,
};
use super::structs::{CStruct, read_array};
use crate::io::control::Control;

/// Result for one blob or quilt of an encode batch.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_encode_result {
    /// Result, which the caller frees; NULL after a failure.
    pub encoded: *mut walrus_accel_encoded,
    /// Error, which the caller frees; NULL on success.
    pub error: *mut walrus_accel_error,
    /// Status that walrus_accel_encode or walrus_accel_encode_quilt would return;
    /// WALRUS_ACCEL_NOT_ENDED if the batch did not begin.
    pub status: walrus_accel_status,
    /// Zero.
    pub reserved: u32,
}

/// Result for one blob of a decode batch.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_decode_result {
    /// Result, which the caller frees; NULL after a failure.
    pub decoded: *mut walrus_accel_decoded,
    /// Error, which the caller frees; NULL on success.
    pub error: *mut walrus_accel_error,
    /// Status that walrus_accel_decode would return; WALRUS_ACCEL_NOT_ENDED if the batch did not
    /// begin.
    pub status: walrus_accel_status,
    /// Zero.
    pub reserved: u32,
}

/// Results of a batch, as the blobs end.
struct BatchState<T> {
    state: Mutex<State<T>>,
    ended: Condvar,
    /// Control of the unfinished work. The caller's control cancels it.
    control: Control,
}

struct State<T> {
    results: Vec<Option<Result<T, Failure>>>,
    done: usize,
}

impl<T> BatchState<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, number: usize, result: Result<T, Failure>) {
        let mut state = self.state();
        state.results[number] = Some(result);
        state.done += 1;
        drop(state);
        self.ended.notify_one();
    }

    /// Waits until `count` blobs are done. Calls `report` with the number of finished blobs
    /// whenever it changes.
    fn wait(&self, count: usize, report: impl Fn(usize)) {
        let mut state = self.state();
        while state.done < count {
            report(state.done);
            state = self
                .ended
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        report(state.done);
    }
}

/// Guard that waits, even on a panic, for the work that uses the caller's memory.
struct WaitOnDrop<'b, T> {
    batch: &'b BatchState<T>,
    count: usize,
}

impl<T> Drop for WaitOnDrop<'_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.batch.control.cancel();
        }
        self.batch.wait(self.count, |_| ());
    }
}

/// Runs the work for every request in the runtime's queue of jobs, and waits for all of it.
fn run<R: CStruct, W: Send + 'static, T: Handle>(
    shared: &Arc<Shared>,
    requests: &[R],
    control: &Control,
    prepare: impl Fn(&Shared, &R) -> Result<W, Failure>,
    work: fn(W, &Control) -> Result<T, Failure>,
) -> Result<Vec<Option<Result<T, Failure>>>, Failure> {
    let mut results = reserved(requests.len(), "requests")?;
    results.resize_with(requests.len(), || None);
    let batch = Arc::new(BatchState {
        state: Mutex::new(State { results, done: 0 }),
        ended: Condvar::new(),
        control: control.child(),
    });
    control.start(requests.len() as u64);
    let mut waiting = WaitOnDrop {
        batch: &batch,
        count: 0,
    };
    for (number, request) in requests.iter().enumerate() {
        let submitted = shared.run(|shared| prepare(shared, request));
        let submitted = submitted.and_then(|prepared| {
            let (batch, runtime) = (Arc::clone(&batch), Arc::clone(shared));
            shared.queue.submit(Box::new(move || {
                let result = match batch.control.is_cancelled() {
                    true => {
                        // The caller's memory is the caller's again when the last result is
                        // recorded.
                        drop(prepared);
                        Err(Failure::new(WALRUS_ACCEL_CANCELLED, "cancelled"))
                    }
                    // Each blob has its own progress. The caller sees the number of finished blobs.
                    false => runtime.run(|_| work(prepared, &batch.control.child())),
                };
                batch.record(number, result);
            }))
        });
        if let Err(failure) = submitted {
            batch.record(number, Err(failure));
        }
        waiting.count += 1;
    }
    let told = Cell::new(0);
    batch.wait(requests.len(), |done| {
        control.advance((done - told.replace(done)) as u64);
    });
    drop(waiting);
    Ok(std::mem::take(&mut batch.state().results))
}

/// Runs a batch of encodings of any kind.
///
/// # Safety
///
/// The pointers are as the header demands of walrus_accel_encode_batch.
unsafe fn encode_all<R: CStruct, W: Send + 'static>(
    runtime: *const walrus_accel_runtime,
    (requests, count): (*const R, usize),
    control: *const walrus_accel_control,
    results: *mut walrus_accel_encode_result,
    error: *mut *mut walrus_accel_error,
    prepare: impl Fn(&Shared, &R) -> Result<W, Failure>,
    work: fn(W, &Control) -> Result<walrus_accel_encoded, Failure>,
) -> walrus_accel_status {
    let element = |encoded, error, status| walrus_accel_encode_result {
        encoded,
        error,
        status,
        reserved: 0,
    };
    // SAFETY: by this function's contract.
    unsafe {
        let outputs = || out_batch(results, count, element);
        guard_on(runtime, error, outputs, |shared, out| {
            let requests = read_array(requests, count, "requests")?;
            let control = given_control(control)?;
            let results = run(shared, &requests, &control, prepare, work)?;
            write(results, out, element)
        })
    }
}

/// Returns the array for results. Each result says at once that the batch did not begin.
///
/// # Safety
///
/// As [`elements_mut`], with the lifetime `'a`.
unsafe fn out_batch<'a, T, E>(
    results: *mut E,
    count: usize,
    element: impl Fn(*mut T, *mut walrus_accel_error, walrus_accel_status) -> E,
) -> Result<&'a mut [E], Failure> {
    check_range(results.cast_const(), count, "results")?;
    for number in 0..count {
        let none = element(ptr::null_mut(), ptr::null_mut(), WALRUS_ACCEL_NOT_ENDED);
        // SAFETY: inside the array, which is writable by this function's contract.
        unsafe { results.add(number).write(none) };
    }
    // SAFETY: this function has the contract of `elements_mut`.
    unsafe { elements_mut(results, count, "results") }
}

/// Writes the results of all blobs. Returns a failure that sums up the failures.
fn write<T: Handle, E>(
    results: Vec<Option<Result<T, Failure>>>,
    out: &mut [E],
    element: impl Fn(*mut T, *mut walrus_accel_error, walrus_accel_status) -> E,
) -> Result<(), Failure> {
    let (mut failed, mut first) = (0, None);
    let count = results.len();
    for (number, (result, out)) in results.into_iter().zip(out).enumerate() {
        *out = match result.expect("all have ended") {
            Ok(value) => element(hand_over(value), ptr::null_mut(), WALRUS_ACCEL_OK),
            Err(failure) => {
                failed += 1;
                first.get_or_insert((number, failure.clone()));
                let status = failure.status;
                let error = hand_over(walrus_accel_error::new(failure));
                element(ptr::null_mut(), error, status)
            }
        };
    }
    match first {
        None => Ok(()),
        Some((number, failure)) => Err(Failure::new(
            failure.status,
            format!(
                "{failed} of {count} blobs failed; the first is request {number}: {}",
                failure.message
            ),
        )),
    }
}

/// Encodes many blobs, up to the runtime's `max_jobs` at once, and returns when all are done. A
/// blob that fails does not stop the others.
///
/// `requests`: an array of `count` requests, all with the struct_size of the first; (NULL, 0) is an
/// empty array. Memory that different requests write must not overlap. `control`: NULL, or a
/// control, whose progress counts blobs instead of bytes. `results`: an array for `count` results.
/// Unless it is NULL, the call writes all results, whatever its status, and the caller frees their
/// handles. If the batch does not begin, each result has the status WALRUS_ACCEL_NOT_ENDED and no
/// handles.
///
/// Statuses: WALRUS_ACCEL_OK if all blobs succeed; otherwise the status of the first blob that
/// failed, as walrus_accel_encode returns it. If the batch does not begin:
/// WALRUS_ACCEL_INVALID_ARGUMENT if an array is NULL and `count` is not 0, or if a request is not
/// initialised or differs in size from the first; WALRUS_ACCEL_INVALID_HANDLE;
/// WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_encode_batch(
    runtime: *const walrus_accel_runtime,
    requests: *const walrus_accel_encode_request,
    count: usize,
    control: *const walrus_accel_control,
    results: *mut walrus_accel_encode_result,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let prepare = |shared: &Shared, request: &_| EncodeJob::new(shared, request);
        let requests = (requests, count);
        encode_all(
            runtime,
            requests,
            control,
            results,
            error,
            prepare,
            EncodeJob::run,
        )
    }
}

/// Encodes many quilts, up to the runtime's `max_jobs` at once, and returns when all are done. A
/// quilt that fails does not stop the others.
///
/// Parameters: as walrus_accel_encode_batch.
///
/// Statuses: as walrus_accel_encode_batch, with the statuses of walrus_accel_encode_quilt.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_encode_quilt_batch(
    runtime: *const walrus_accel_runtime,
    requests: *const walrus_accel_encode_quilt_request,
    count: usize,
    control: *const walrus_accel_control,
    results: *mut walrus_accel_encode_result,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let prepare = |shared: &Shared, request: &_| EncodeQuiltJob::new(shared, request);
        let requests = (requests, count);
        encode_all(
            runtime,
            requests,
            control,
            results,
            error,
            prepare,
            EncodeQuiltJob::run,
        )
    }
}

/// Decodes many blobs, up to the runtime's `max_jobs` at once, and returns when all are done. A
/// blob that fails does not stop the others.
///
/// Parameters: as walrus_accel_encode_batch.
///
/// Statuses: as walrus_accel_encode_batch, with the statuses of walrus_accel_decode.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_decode_batch(
    runtime: *const walrus_accel_runtime,
    requests: *const walrus_accel_decode_request,
    count: usize,
    control: *const walrus_accel_control,
    results: *mut walrus_accel_decode_result,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let element = |decoded, error, status| walrus_accel_decode_result {
            decoded,
            error,
            status,
            reserved: 0,
        };
        let outputs = || out_batch(results, count, element);
        guard_on(runtime, error, outputs, |shared, out| {
            let requests = read_array(requests, count, "requests")?;
            let control = given_control(control)?;
            let prepare = |shared: &Shared, request: &_| DecodeJob::new(shared, request);
            let results = run(shared, &requests, &control, prepare, DecodeJob::run)?;
            write(results, out, element)
        })
    }
}
