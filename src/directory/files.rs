//! Open files by number, as many as the system allows; and work shared out over threads.

use std::fs::File;
use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Files that are read or written piece by piece, kept open where the process may have that many.
pub(super) struct OpenFiles {
    slots: Vec<OnceLock<File>>,
    /// How many more may be kept open.
    left: AtomicUsize,
}

impl OpenFiles {
    pub(super) fn new(count: usize) -> Self {
        Self {
            slots: (0..count).map(|_| OnceLock::new()).collect(),
            left: AtomicUsize::new(limit()),
        }
    }

    /// Calls `work` with file `number`, opened by `open` unless it is open already.
    pub(super) fn with<T>(
        &self,
        number: usize,
        open: impl FnOnce() -> io::Result<File>,
        work: impl FnOnce(&File) -> io::Result<T>,
    ) -> io::Result<T> {
        let slot = &self.slots[number];
        if let Some(file) = slot.get() {
            return work(file);
        }
        let file = open()?;
        let take = |left: usize| left.checked_sub(1);
        let room = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        if room.is_err() {
            return work(&file);
        }
        // Should another thread have been faster, its file serves.
        work(slot.get_or_init(|| file))
    }
}

/// How many files may be kept open: half of what the process may open.
fn limit() -> usize {
    #[cfg(unix)]
    {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        let limit = limit.current.unwrap_or(u64::MAX);
        usize::try_from(limit / 2).unwrap_or(usize::MAX)
    }
    #[cfg(not(unix))]
    {
        256
    }
}

/// Calls `work` with every number below `count` on up to `threads` threads (0: one a core) and
/// gives the results in order. The first error ends it.
pub(super) fn in_parallel<T: Send, E: Send>(
    threads: usize,
    count: usize,
    work: impl Fn(usize) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let threads = if threads == 0 { cores() } else { threads };
    let next = AtomicUsize::new(0);
    let run = || {
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return Ok(done);
            }
            match work(number) {
                Ok(result) => done.push((number, result)),
                Err(error) => {
                    next.store(count, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
    };
    let parts = std::thread::scope(|scope| {
        let workers: Vec<_> = (1..threads.min(count)).map(|_| scope.spawn(run)).collect();
        let mut parts = vec![run()];
        parts.extend(workers.into_iter().map(|worker| {
            worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        }));
        parts
    });
    let mut results = Vec::with_capacity(count);
    for part in parts {
        results.extend(part?);
    }
    results.sort_by_key(|(number, _)| *number);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_errors_come_through() {
        for threads in [0, 1, 3] {
            let squares = in_parallel(threads, 100, |i| Ok::<_, ()>(i * i)).unwrap();
            assert!(
                squares
                    .iter()
                    .enumerate()
                    .all(|(i, &square)| square == i * i)
            );
            assert_eq!(
                in_parallel(threads, 100, |i| if i == 57 { Err(i) } else { Ok(()) }),
                Err(57)
            );
            assert_eq!(in_parallel(threads, 0, Ok::<_, ()>), Ok(vec![]));
        }
    }
}
