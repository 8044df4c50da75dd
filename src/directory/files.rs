//! Parallel work on numbered items.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::memory::{collected, push, with_capacity};

/// Calls `work` with every number below `count` on up to `threads` threads (0: one per core), and
/// returns the results in order. The first error ends the work.
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
                Ok(result) => push(&mut done, (number, result)),
                Err(error) => {
                    next.store(count, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
    };
    let parts = std::thread::scope(|scope| {
        // If the system provides no more threads, fewer threads do the work.
        let worker = |_| {
            let thread = std::thread::Builder::new().name("walrus-accel-files".into());
            thread.spawn_scoped(scope, run).ok()
        };
        let workers: Vec<_> = (1..threads.min(count)).map_while(worker).collect();
        let mut parts = vec![run()];
        parts.extend(workers.into_iter().map(|worker| {
            worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        }));
        parts
    });
    let mut results = with_capacity(count);
    for part in parts {
        results.extend(part?);
    }
    results.sort_unstable_by_key(|(number, _)| *number);
    Ok(collected(results.into_iter().map(|(_, result)| result)))
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
