//! An encoding as a future, for any executor.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use walrus_accel::Control;
use walrus_accel::io::{Event, Progress};

use crate::node::{EncodingConfig, Error, Metadata, SliverPair};

/// Result of an encoding.
pub type Encoded = Result<(Vec<SliverPair>, Metadata), Error>;

/// Work that blocks its thread.
pub type Blocking = Box<dyn FnOnce() + Send>;

/// Encoding on a blocking thread. Dropping the future cancels the encoding.
pub struct EncodeFuture {
    job: Arc<Job>,
}

/// State that the future and the blocking thread share.
struct Job {
    control: Control,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    result: Option<Encoded>,
    waker: Option<Waker>,
}

impl EncodeFuture {
    /// Starts an encoding. `spawn` runs the work on a thread that may block, such as
    /// `|work| { tokio::task::spawn_blocking(work); }`.
    pub fn new(config: EncodingConfig, blob: Vec<u8>, spawn: impl FnOnce(Blocking)) -> Self {
        let control = Control::new().on_event(|event| match event {
            Event::Measuring => eprintln!("encoder: measuring the engines, once per machine"),
            event => eprintln!("encoder: {event:?}"),
        });
        let job = Arc::new(Job {
            control,
            state: Mutex::default(),
        });
        let completion = Completion {
            job: Arc::clone(&job),
            result: None,
        };
        spawn(Box::new(move || {
            let encoder = config.blob_encoder(&blob);
            let result = encoder.encode_with(&completion.job.control);
            completion.complete_with(result);
        }));
        Self { job }
    }

    /// Returns the progress of the encoding, in bytes of the blob.
    pub fn progress(&self) -> Progress {
        self.job.control.progress()
    }
}

impl Future for EncodeFuture {
    type Output = Encoded;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Encoded> {
        let mut state = self.job.lock();
        match state.result.take() {
            Some(result) => Poll::Ready(result),
            None => {
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for EncodeFuture {
    fn drop(&mut self) {
        self.job.control.cancel();
    }
}

impl Job {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn complete(&self, result: Encoded) {
        let waker = {
            let mut state = self.lock();
            state.result = Some(result);
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Job on its blocking thread. Completes the job when dropped, also if the work panics or an
/// executor drops the work without a run.
struct Completion {
    job: Arc<Job>,
    result: Option<Encoded>,
}

impl Completion {
    fn complete_with(mut self, result: Encoded) {
        self.result = Some(result);
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        let result = self.result.take();
        self.job.complete(result.unwrap_or(Err(Error::Lost)));
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::{blob, block_on, node};

    fn config() -> EncodingConfig {
        EncodingConfig::new(&node::shared_runtime().unwrap(), 10).unwrap()
    }

    /// Returns a future and its work, which has not begun.
    fn future_and_work() -> (EncodeFuture, Blocking) {
        let mut work = None;
        let future = EncodeFuture::new(config(), blob(5_000), |given| work = Some(given));
        (future, work.unwrap())
    }

    #[test]
    fn the_future_waits_for_the_thread_and_gives_its_result() {
        let (future, work) = future_and_work();
        let thread = thread::spawn(move || {
            thread::sleep(std::time::Duration::from_millis(50));
            work();
        });
        let (pairs, metadata) = block_on(future).unwrap();
        assert_eq!((pairs.len(), metadata.unencoded_length()), (10, 5_000));
        thread.join().unwrap();
    }

    #[test]
    fn a_dropped_future_cancels_its_job() {
        let (future, work) = future_and_work();
        let job = Arc::clone(&future.job);
        drop(future);
        work();
        assert!(matches!(job.lock().result, Some(Err(Error::Cancelled))));
    }

    #[test]
    fn work_that_never_runs_ends_the_future() {
        let (future, work) = future_and_work();
        assert_eq!(future.progress().total, 0);
        drop(work);
        assert!(matches!(block_on(future), Err(Error::Lost)));
    }
}
