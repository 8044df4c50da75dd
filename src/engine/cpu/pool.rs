//! The engine's threads: as many as were asked for, or as the system gives.

use std::io;
use std::sync::{Barrier, OnceLock, mpsc};
use std::thread;

use rayon::{ThreadBuilder, ThreadPool, ThreadPoolBuilder};

use crate::engine::MAX_THREADS;
use crate::format::error::{Error, Result};
use crate::support::fork_gate::{defer_forks, get_or_init};

/// More threads than this per core only cost time and memory; at least so many are started if asked for.
const PER_CORE: usize = 4;
const FEW: usize = 16;

/// A pool of `threads` threads, one a core for 0.
///
/// If the system does not give so many, the pool has fewer.
///
/// # Errors
///
/// [`Error::TooManyThreads`] beyond [`MAX_THREADS`]; [`Error::EngineUnavailable`] if not even one thread can
/// be started.
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
        _ => threads.min((PER_CORE * cores).max(FEW)),
    };
    defer_forks(|| {
        let pool = started(wanted).and_then(on);
        let pool = pool.map_err(|error| Error::EngineUnavailable {
            engine: "cpu".into(),
            reason: format!(
                "it needs a thread, and the system starts none: {error}; raise the limit on processes \
                 (ulimit -u) or end some"
            ),
        })?;
        meet(&pool);
        Ok(pool)
    })
}

/// A thread that waits to become one of a pool's.
type Waiting = mpsc::Sender<ThreadBuilder>;

/// Starts up to so many threads; if there are fewer, one is left to others.
fn started(wanted: usize) -> io::Result<Vec<Waiting>> {
    let mut waiting = Vec::new();
    for index in 0..wanted {
        let (sender, receiver) = mpsc::channel::<ThreadBuilder>();
        let thread = thread::Builder::new().name(format!("walrus-accel-{index}"));
        let run = move || {
            // Nothing comes if it is not needed.
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

/// The pool of these threads.
fn on(waiting: Vec<Waiting>) -> io::Result<ThreadPool> {
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

/// Has one thread take work from another, once in a process: what their queues have in common is made then,
/// and a fork must not fall into that.
fn meet(pool: &ThreadPool) {
    static HAVE_MET: OnceLock<()> = OnceLock::new();
    if pool.current_num_threads() > 1 {
        get_or_init(&HAVE_MET, || {
            let both = Barrier::new(2);
            let meet = || {
                both.wait();
            };
            pool.install(|| rayon::join(meet, meet));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_threads_as_are_of_use() {
        assert_eq!(new(1).unwrap().current_num_threads(), 1);
        assert_eq!(new(3).unwrap().current_num_threads(), 3);
        assert_eq!(new(FEW).unwrap().current_num_threads(), FEW);
        let cores = thread::available_parallelism().unwrap().get();
        assert_eq!(new(0).unwrap().current_num_threads(), cores);
        let most = new(MAX_THREADS).unwrap().current_num_threads();
        assert_eq!(most, (PER_CORE * cores).clamp(FEW, MAX_THREADS));
        let error = new(MAX_THREADS + 1).unwrap_err();
        assert_eq!(
            error.to_string(),
            "1025 threads are too many: at most 1024 are possible, and 0, which is one per core, is mostly best"
        );
    }
}
