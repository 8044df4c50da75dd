//! Open files within the process's limit, and parallel work on numbered items.

use std::fs::File;
use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::memory::{collected, push, with_capacity};

/// Numbered files that are accessed piece by piece. Files stay open while the process's budget
/// allows.
pub(super) struct OpenFiles {
    slots: Vec<OnceLock<File>>,
    budget: &'static Budget,
}

/// Number of files that all jobs of the process keep open, and the limit of that number.
struct Budget {
    open: AtomicUsize,
    limit: fn() -> usize,
}

static BUDGET: Budget = Budget::new(limit);

impl Budget {
    const fn new(limit: fn() -> usize) -> Self {
        Self {
            open: AtomicUsize::new(0),
            limit,
        }
    }

    /// Reserves one open file. Returns false at the limit.
    fn take(&self) -> bool {
        let limit = (self.limit)();
        let one_more = |open| (open < limit).then_some(open + 1);
        let taken = self
            .open
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        taken.is_ok()
    }

    fn give_back(&self, count: usize) {
        self.open.fetch_sub(count, Ordering::Relaxed);
    }
}

impl OpenFiles {
    pub(super) fn new(count: usize) -> Self {
        Self {
            slots: collected((0..count).map(|_| OnceLock::new())),
            budget: &BUDGET,
        }
    }

    /// Calls `work` with file `number`, which `open` opens unless it is open already.
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
        if !self.budget.take() {
            return work(&file);
        }
        match slot.set(file) {
            Ok(()) => work(slot.get().expect("set just now")),
            // Another thread opened the file first.
            Err(file) => {
                self.budget.give_back(1);
                work(&file)
            }
        }
    }
}

impl Drop for OpenFiles {
    fn drop(&mut self) {
        let open = self.slots.drain(..).filter_map(OnceLock::into_inner);
        self.budget.give_back(open.count());
    }
}

/// Half of the process's limit of open files.
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
    fn all_jobs_together_keep_few_files_open() {
        static FEW: Budget = Budget::new(|| 3);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, b"").unwrap();
        let few = |count| {
            let mut files = OpenFiles::new(count);
            files.budget = &FEW;
            files
        };
        let open = || FEW.open.load(Ordering::Relaxed);
        let use_all = |files: &OpenFiles| {
            for number in 0..files.slots.len() {
                files
                    .with(number, || File::open(&path), |_| Ok(()))
                    .unwrap();
            }
        };
        let (a, b) = (few(2), few(2));
        use_all(&a);
        use_all(&a);
        assert_eq!(open(), 2);
        use_all(&b);
        assert_eq!(open(), 3);
        drop(a);
        assert_eq!(open(), 1);
        use_all(&b);
        assert_eq!(open(), 2);
        drop(b);
        assert_eq!(open(), 0);
    }

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
