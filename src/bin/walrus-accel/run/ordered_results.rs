//! Results that come in any order and are reported in the order of their numbers.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

/// Results that wait for all earlier results to be reported.
///
/// One worker at a time reports, and the others never wait for it: they leave their results and go
/// on, also while standard output takes no data.
pub struct OrderedResults<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    waiting: BTreeMap<usize, T>,
    next: usize,
    /// True while a worker reports.
    reporting: bool,
}

impl<T> OrderedResults<T> {
    /// Returns an empty list, which begins with number 0.
    pub fn new() -> Self {
        Self {
            state: Mutex::new(State {
                waiting: BTreeMap::new(),
                next: 0,
                reporting: false,
            }),
        }
    }

    /// Adds the result of a number. If its turn has come, and no other worker is reporting, calls
    /// `report` with the results that are due, as a batch in order, until none is due.
    pub fn put(&self, index: usize, result: T, mut report: impl FnMut(Vec<(usize, T)>)) {
        let mut state = self.lock();
        state.waiting.insert(index, result);
        if state.reporting {
            return;
        }
        loop {
            let due = state.take_due();
            state.reporting = !due.is_empty();
            if due.is_empty() {
                return;
            }
            drop(state);
            report(due);
            state = self.lock();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().expect("nothing panics under the lock")
    }
}

impl<T> State<T> {
    /// Takes the results that are due.
    fn take_due(&mut self) -> Vec<(usize, T)> {
        let mut due = Vec::new();
        while let Some(result) = self.waiting.remove(&self.next) {
            due.push((self.next, result));
            self.next += 1;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    #[test]
    fn results_are_reported_in_order() {
        let results = OrderedResults::new();
        let (next, reported) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        if index >= 2000 {
                            break;
                        }
                        if index % 7 == 0 {
                            thread::yield_now();
                        }
                        results.put(index, 3 * index, |due| {
                            reported.lock().unwrap().extend(due);
                        });
                    }
                });
            }
        });
        let reported = reported.into_inner().unwrap();
        assert!(reported.into_iter().eq((0..2000).map(|i| (i, 3 * i))));
    }

    #[test]
    fn a_slow_report_stops_nobody() {
        let results = OrderedResults::new();
        let (started, wait_for_start) = mpsc::channel();
        let (go_on, wait_to_go_on) = mpsc::channel();
        let reported = Mutex::new(Vec::new());
        thread::scope(|scope| {
            let (results, reported) = (&results, &reported);
            scope.spawn(move || {
                results.put(0, (), |due| {
                    if due[0].0 == 0 {
                        started.send(()).unwrap();
                        wait_to_go_on.recv().unwrap();
                    }
                    reported.lock().unwrap().push(due.len());
                });
            });
            wait_for_start.recv().unwrap();
            for index in [2, 1, 3] {
                results.put(index, (), |_| panic!("another worker reports"));
            }
            go_on.send(()).unwrap();
        });
        assert_eq!(reported.into_inner().unwrap(), [1, 3]);
    }
}
