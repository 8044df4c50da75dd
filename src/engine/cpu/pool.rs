//! Thread pool of the engine.

use std::io;
use std::sync::{Barrier, OnceLock, mpsc};
use std::thread;

use rayon::{ThreadBuilder, ThreadPool, ThreadPoolBuilder};

use crate::engine::MAX_THREADS;
use crate::format::error::{Error, Result};
use crate::support::fork_gate::{defer_forks, get_or_init};

/// Most threads per core. More threads only cost time and memory.
const MAX_PER_CORE: usize = 4;

/// Number of threads that are started on request whatever the number of cores.
const ALWAYS_ALLOWED: usize = 16;

/// Returns a pool of `threads` threads. For 0, the pool has one thread per core.
///
/// The pool has fewer threads if the system does not start so many.
///
/// # Errors
///
/// [`Error::TooManyThreads`] beyond [`MAX_THREADS`]; [`Error::EngineUnavailable`] if the system
/// starts no thread.
pub(crate) fn new(threads: usize) -> Result<ThreadPool> {
    if threads > MAX_THREADS {
        return Err(Error::TooManyThreads {
            threads,
            maximum: MAX_THREADS,
        });
    }
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let wanted = match threads {
        0 => cores.min(MAX_THREADS),
        _ => threads.min((MAX_PER_CORE * cores).max(ALWAYS_ALLOWED)),
    };
    defer_forks(|| {
        let pool = start(wanted).and_then(pool_of);
        let pool = pool.map_err(|error| Error::EngineUnavailable {
            engine: "cpu".into(),
            reason: format!(
                "it needs a thread, and the system starts none: {error}; raise the limit on \
                 processes (ulimit -u) or end some"
            ),
        })?;
        create_shared_queues(&pool);
        Ok(pool)
    })
}

/// A started thread that waits to join a pool.
type Waiting = mpsc::Sender<ThreadBuilder>;

/// Starts up to `wanted` threads. If the system starts fewer, one of them ends again, to leave a
/// thread to others.
fn start(wanted: usize) -> io::Result<Vec<Waiting>> {
    let mut waiting = Vec::new();
    for index in 0..wanted {
        let (sender, receiver) = mpsc::channel::<ThreadBuilder>();
        let thread = thread::Builder::new().name(format!("walrus-accel-{index}"));
        let run = move || {
            // The sender is dropped if the pool does not need the thread.
            if let Ok(worker) = receiver.recv() {
                worker.run();
            }
        };
        match thread.spawn(run) {
            Ok(_) => waiting.push(sender),
            Err(error) if waiting.is_empty() => return Err(error),
            Err(_) => {
                waiting.truncate(waiting.len().max(2) - 1);
                break;
            }
        }
    }
    Ok(waiting)
}

/// Returns a pool of the threads.
fn pool_of(waiting: Vec<Waiting>) -> io::Result<ThreadPool> {
    let threads = waiting.len();
    let mut waiting = waiting.into_iter();
    let pool = ThreadPoolBuilder::new()
        .num_threads(threads)
        .spawn_handler(|worker| {
            let thread = waiting.next().expect("as many as the pool has");
            let gone = |_| io::Error::other("a thread ended before it had work");
            thread.send(worker).map_err(gone)
        });
    pool.build().map_err(io::Error::other)
}

/// Lets one thread steal work from another, once per process. The queues then create their shared
/// state, and a fork must not happen at that moment.
fn create_shared_queues(pool: &ThreadPool) {
    static CREATED: OnceLock<()> = OnceLock::new();
    if pool.current_num_threads() > 1 {
        get_or_init(&CREATED, || {
            let both = Barrier::new(2);
            let wait = || {
                both.wait();
            };
            pool.install(|| rayon::join(wait, wait));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pools_have_useful_numbers_of_threads() {
        assert_eq!(new(1).unwrap().current_num_threads(), 1);
        assert_eq!(new(3).unwrap().current_num_threads(), 3);
        assert_eq!(
            new(ALWAYS_ALLOWED).unwrap().current_num_threads(),
            ALWAYS_ALLOWED
        );
        let cores = thread::available_parallelism().unwrap().get();
        assert_eq!(new(0).unwrap().current_num_threads(), cores);
        let most = new(MAX_THREADS).unwrap().current_num_threads();
        assert_eq!(
            most,
            (MAX_PER_CORE * cores).clamp(ALWAYS_ALLOWED, MAX_THREADS)
        );
        let error = new(MAX_THREADS + 1).unwrap_err();
        assert_eq!(
            error.to_string(),
            "1025 threads are too many: at most 1024 are possible, and 0, which is one per core, \
             is mostly best"
        );
    }
}
