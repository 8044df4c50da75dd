//! Open files within the process's limit.

use std::fs::File;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::memory::collected;

/// Numbered files that are accessed piece by piece. Files stay open while the process's budget
/// allows.
pub(crate) struct OpenFiles<F = File> {
    slots: Vec<OnceLock<F>>,
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

impl<F> OpenFiles<F> {
    pub(crate) fn new(count: usize) -> Self {
        Self {
            slots: collected((0..count).map(|_| OnceLock::new())),
            budget: &BUDGET,
        }
    }

    /// Calls `work` with file `number`, which `open` opens unless it is open already.
    pub(crate) fn with<T, E>(
        &self,
        number: usize,
        open: impl FnOnce() -> Result<F, E>,
        work: impl FnOnce(&F) -> Result<T, E>,
    ) -> Result<T, E> {
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

impl<F> Drop for OpenFiles<F> {
    fn drop(&mut self) {
        let open = self.slots.drain(..).filter_map(OnceLock::into_inner);
        self.budget.give_back(open.count());
    }
}

/// Place in the number of files that all jobs of the process keep open. Given back when dropped.
pub(crate) struct OpenPlace(&'static Budget);

impl OpenPlace {
    /// Takes a place. `None` at the limit.
    pub(crate) fn take() -> Option<Self> {
        BUDGET.take().then_some(Self(&BUDGET))
    }
}

impl Drop for OpenPlace {
    fn drop(&mut self) {
        self.0.give_back(1);
    }
}

/// Returns the number of files that all jobs of the process keep open at most: half of the
/// process's limit.
pub(crate) fn limit() -> usize {
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
}
