//! Threads that may wait.

use std::io;
use std::panic::resume_unwind;
use std::thread;

/// Does work that waits for an engine's threads or for other jobs.
///
/// While a thread of a caller's rayon pool waits for another pool, it takes up other work of its own pool:
/// other jobs, which would wait for this one. Such a thread hands its work to one of nobody's.
///
/// # Errors
///
/// If a thread cannot be started.
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
