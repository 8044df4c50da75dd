//! Numbered items that workers take in order, within a memory limit.

use std::sync::{Condvar, Mutex, MutexGuard};

/// Items in order, with the memory that each takes while a worker has it.
///
/// Workers wait for the memory of the next item alone, and each change wakes one of them: a wait
/// costs the same with any number of workers.
pub struct WorkQueue {
    costs: Vec<u64>,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    next: usize,
    free: u64,
}

/// An item that a worker has, with its memory. The memory is freed when the ticket is dropped.
pub struct Ticket<'q> {
    queue: &'q WorkQueue,
    index: usize,
}

impl WorkQueue {
    /// Returns the queue of items with the given costs in bytes, of which `limit` are free. A cost
    /// above the limit counts as the limit.
    pub fn new(costs: impl IntoIterator<Item = u64>, limit: u64) -> Self {
        Self {
            costs: costs.into_iter().map(|cost| cost.min(limit)).collect(),
            state: Mutex::new(State {
                next: 0,
                free: limit,
            }),
            changed: Condvar::new(),
        }
    }

    /// Returns the largest number of items that any worker may have at once.
    pub fn most_at_once(&self) -> usize {
        let least = self.costs.iter().copied().min().unwrap_or(0).max(1);
        let fitting = usize::try_from(self.lock().free / least).unwrap_or(usize::MAX);
        fitting.clamp(1, self.costs.len().max(1))
    }

    /// Waits for memory for the next item, and takes the item. Returns `None` after the last item
    /// and once `is_over` returns true.
    ///
    /// Calls `meanwhile` with the next item's number before a wait.
    pub fn take(
        &self,
        is_over: impl Fn() -> bool,
        mut meanwhile: impl FnMut(usize),
    ) -> Option<Ticket<'_>> {
        let mut state = self.lock();
        let mut told = None;
        loop {
            let index = state.next;
            let cost = match self.costs.get(index) {
                Some(&cost) if !is_over() => cost,
                _ => {
                    // The others have nothing to wait for, either.
                    drop(state);
                    self.changed.notify_one();
                    return None;
                }
            };
            if cost <= state.free {
                state.next += 1;
                state.free -= cost;
                let goes_on = self.can_go_on(&state);
                drop(state);
                if goes_on {
                    self.changed.notify_one();
                }
                return Some(Ticket { queue: self, index });
            }
            if told != Some(index) {
                told = Some(index);
                drop(state);
                meanwhile(index);
                state = self.lock();
                continue;
            }
            let woken = self.changed.wait(state);
            state = woken.expect("nothing panics under the lock");
        }
    }

    /// Returns true if another worker need not wait.
    fn can_go_on(&self, state: &State) -> bool {
        let next = self.costs.get(state.next);
        next.is_none_or(|&cost| cost <= state.free)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics under the lock")
    }
}

impl Ticket<'_> {
    /// Returns the number of the item.
    pub fn index(&self) -> usize {
        self.index
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.queue.lock().free += self.queue.costs[self.index];
        self.queue.changed.notify_one();
    }
}

/// Limited number of places. A place is free again when its guard is dropped.
pub struct Places {
    free: Mutex<usize>,
    changed: Condvar,
}

/// Place that is taken.
pub struct Place<'p>(&'p Places);

impl Places {
    /// Returns `count` free places.
    pub fn new(count: usize) -> Self {
        Self {
            free: Mutex::new(count),
            changed: Condvar::new(),
        }
    }

    /// Waits for a free place, and takes it.
    pub fn take(&self) -> Place<'_> {
        let free = self.free.lock().expect("nothing panics under the lock");
        let mut free = self
            .changed
            .wait_while(free, |free| *free == 0)
            .expect("nothing panics under the lock");
        *free -= 1;
        Place(self)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().expect("nothing panics under the lock") += 1;
        self.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn workers_take_every_item_within_the_limit() {
        let costs: Vec<u64> = (0..500).map(|i| [1, 7, 30, 200][i % 4]).collect();
        let queue = WorkQueue::new(costs.iter().copied(), 100);
        assert_eq!(queue.most_at_once(), 100);
        let (used, taken) = (AtomicU64::new(0), Mutex::new(Vec::new()));
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    while let Some(ticket) = queue.take(|| false, |_| {}) {
                        let cost = costs[ticket.index()].min(100);
                        let now = used.fetch_add(cost, Ordering::SeqCst) + cost;
                        assert!(now <= 100);
                        taken.lock().unwrap().push(ticket.index());
                        thread::yield_now();
                        used.fetch_sub(cost, Ordering::SeqCst);
                    }
                });
            }
        });
        let mut taken = taken.into_inner().unwrap();
        taken.sort_unstable();
        assert!(taken.into_iter().eq(0..500));
    }

    #[test]
    fn waiting_workers_end_when_the_work_is_over() {
        let queue = WorkQueue::new([10, 10, 10], 10);
        let over = std::sync::atomic::AtomicBool::new(false);
        let waiting = AtomicUsize::new(0);
        thread::scope(|scope| {
            let first = queue.take(|| false, |_| {}).unwrap();
            for _ in 0..8 {
                scope.spawn(|| {
                    let is_over = || over.load(Ordering::SeqCst);
                    let note = |index| {
                        assert_eq!(index, 1);
                        waiting.fetch_add(1, Ordering::SeqCst);
                    };
                    assert!(queue.take(is_over, note).is_none());
                });
            }
            while waiting.load(Ordering::SeqCst) < 8 {
                thread::yield_now();
            }
            over.store(true, Ordering::SeqCst);
            drop(first);
        });
    }

    #[test]
    fn places_are_never_shared() {
        let (places, inside) = (Places::new(3), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..12 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let _place = places.take();
                        assert!(inside.fetch_add(1, Ordering::SeqCst) < 3);
                        thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
    }
}
