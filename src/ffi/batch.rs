//! Many blobs in one call.

use std::ptr;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::arguments::{elements_mut, reserved};
use super::context::{Shared, guard_on, walrus_accel_context};
use super::control::{given, walrus_accel_control};
use super::decode::{Decoding, walrus_accel_decode_request, walrus_accel_decoded};
use super::encode::{Encoding, walrus_accel_encode_request, walrus_accel_encoded};
use super::handle::{Handle, hand_over};
use super::status::{
    Failure, WALRUS_ACCEL_CANCELLED, WALRUS_ACCEL_OK, walrus_accel_error, walrus_accel_status,
};
use super::structs::{CStruct, read_array};
use crate::control::Control;
use crate::memory::collected;

/// What became of one blob of a batch that was encoded.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_encode_result {
    /// The result, which the caller frees; NULL if it failed.
    pub encoded: *mut walrus_accel_encoded,
    /// The error, which the caller frees; NULL if it did not fail.
    pub error: *mut walrus_accel_error,
    /// What walrus_accel_encode would have given.
    pub status: walrus_accel_status,
}

/// What became of one blob of a batch that was decoded.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_decode_result {
    /// The result, which the caller frees; NULL if it failed.
    pub decoded: *mut walrus_accel_decoded,
    /// The error, which the caller frees; NULL if it did not fail.
    pub error: *mut walrus_accel_error,
    /// What walrus_accel_decode would have given.
    pub status: walrus_accel_status,
}

/// What the blobs of a batch came to, as they end.
struct Board<T> {
    results: Mutex<Vec<Option<Result<T, Failure>>>>,
    ended: Condvar,
    /// For the work that is left; the caller's own is cancelled with it.
    control: Control,
}

impl<T> Board<T> {
    fn post(&self, number: usize, result: Result<T, Failure>) {
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        results[number] = Some(result);
        self.ended.notify_all();
    }
}

/// Runs the work for every request as the context's jobs run, and waits for all.
fn run<R: CStruct, W: Send + 'static, T: Handle>(
    shared: &Arc<Shared>,
    requests: &[R],
    control: &Control,
    prepare: impl Fn(&Shared, &R) -> Result<W, Failure>,
    work: fn(W, &Control) -> Result<T, Failure>,
) -> Result<Vec<Result<T, Failure>>, Failure> {
    let mut results = reserved(requests.len(), "requests")?;
    results.resize_with(requests.len(), || None);
    let board = Arc::new(Board {
        results: Mutex::new(results),
        ended: Condvar::new(),
        control: control.aside(),
    });
    control.start(requests.len() as u64);
    for (number, request) in requests.iter().enumerate() {
        let submitted = prepare(shared, request).and_then(|prepared| {
            let (board, context) = (Arc::clone(&board), Arc::clone(shared));
            shared.runner.submit(Box::new(move || {
                let result = match board.control.is_cancelled() {
                    true => Err(Failure::new(WALRUS_ACCEL_CANCELLED, "cancelled")),
                    // Each with a progress of its own: the caller sees how many blobs are done.
                    false => context.run(|_| work(prepared, &board.control.aside())),
                };
                drop(context);
                board.post(number, result);
            }))
        });
        if let Err(failure) = submitted {
            board.post(number, Err(failure));
        }
    }
    let mut results = board.results.lock().unwrap_or_else(PoisonError::into_inner);
    let mut told = 0;
    loop {
        let done = results.iter().filter(|result| result.is_some()).count();
        control.advance((done - told) as u64);
        told = done;
        if done == requests.len() {
            break;
        }
        results = board
            .ended
            .wait(results)
            .unwrap_or_else(PoisonError::into_inner);
    }
    let ended = results
        .drain(..)
        .map(|result| result.expect("all have ended"));
    Ok(collected(ended))
}

/// Writes what became of every blob, and sums up.
fn write<T: Handle, E>(
    results: Vec<Result<T, Failure>>,
    places: &mut [E],
    element: impl Fn(*mut T, *mut walrus_accel_error, walrus_accel_status) -> E,
) -> Result<(), Failure> {
    let (mut failed, mut first) = (0, None);
    let count = results.len();
    for (number, (result, place)) in results.into_iter().zip(places).enumerate() {
        *place = match result {
            Ok(value) => element(hand_over(value), ptr::null_mut(), WALRUS_ACCEL_OK),
            Err(failure) => {
                failed += 1;
                first.get_or_insert((number, failure.clone()));
                let status = failure.status;
                element(ptr::null_mut(), hand_over(failure.into_error()), status)
            }
        };
    }
    match first {
        None => Ok(()),
        Some((number, failure)) => Err(Failure::new(
            failure.status,
            format!(
                "{failed} of {count} blobs failed; the first is number {number}: {}",
                failure.message
            ),
        )),
    }
}

/// Encodes many blobs, as many at once as the context's `max_jobs`, and returns when all are done. One
/// that fails does not keep the others from being done.
///
/// `requests`: an array of `count`, all with the first one's struct_size; NULL with a count of 0 is an
/// empty one. `control`: NULL, or a control; its progress counts blobs, not bytes. `results`: room for
/// `count` results, each of which is written, and whose handles the caller frees, whatever status the
/// call gives; but none is written if an argument of the call itself is wrong, or the status is
/// WALRUS_ACCEL_POISONED at once.
///
/// Statuses: WALRUS_ACCEL_OK if all succeeded; otherwise that of the first that failed, as
/// walrus_accel_encode gives it.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_encode_batch(
    context: *const walrus_accel_context,
    requests: *const walrus_accel_encode_request,
    count: usize,
    control: *const walrus_accel_control,
    results: *mut walrus_accel_encode_result,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard_on(
        context,
        error,
        || Ok(()),
        |shared, ()| {
            let requests = read_array(requests, count, "requests")?;
            let places = elements_mut(results, count, "results")?;
            let control = given(control)?;
            let results = run(shared, &requests, &control, Encoding::new, Encoding::run)?;
            write(results, places, |encoded, error, status| {
                walrus_accel_encode_result {
                    encoded,
                    error,
                    status,
                }
            })
        },
    )
}

/// Decodes many blobs, as many at once as the context's `max_jobs`, and returns when all are done. One
/// that fails does not keep the others from being done.
///
/// Parameters: as walrus_accel_encode_batch. Memory that different requests write to must not overlap.
///
/// Statuses: WALRUS_ACCEL_OK if all succeeded; otherwise that of the first that failed, as
/// walrus_accel_decode gives it.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_decode_batch(
    context: *const walrus_accel_context,
    requests: *const walrus_accel_decode_request,
    count: usize,
    control: *const walrus_accel_control,
    results: *mut walrus_accel_decode_result,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard_on(
        context,
        error,
        || Ok(()),
        |shared, ()| {
            let requests = read_array(requests, count, "requests")?;
            let places = elements_mut(results, count, "results")?;
            let control = given(control)?;
            let results = run(shared, &requests, &control, Decoding::new, Decoding::run)?;
            write(results, places, |decoded, error, status| {
                walrus_accel_decode_result {
                    decoded,
                    error,
                    status,
                }
            })
        },
    )
}
