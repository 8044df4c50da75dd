//! Work on threads that may block.

use std::io;
use std::panic::resume_unwind;
use std::thread;
use std::time::Duration;

/// Interval at which a job waiting for the device polls for cancellation.
pub(crate) const CANCEL_POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Does work that blocks on an engine's threads or on other jobs.
///
/// While a thread of a caller's rayon pool blocks on another pool, it takes up other work of its
/// own pool: other jobs, which would wait for this one. Such a thread hands its work to a new
/// thread.
///
/// # Errors
///
/// Error of the system if it starts no thread.
pub(crate) fn on_own_thread<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    if rayon::current_thread_index().is_none() {
        return Ok(work());
    }
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("walrus-accel-device".into());
        let started = thread.spawn_scoped(scope, work)?;
        Ok(started
            .join()
            .unwrap_or_else(|payload| resume_unwind(payload)))
    })
}
