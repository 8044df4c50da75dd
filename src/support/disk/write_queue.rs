//! Writes on threads of their own, in order per file.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{Builder, JoinHandle};

/// Queue of writes. Writes with equal keys run one after another, in the order of their arrival.
///
/// The first failed write ends the queue: later writes do not run, and every call returns the error
/// of that write. Dropping the queue waits for the running writes and discards the others.
pub(crate) struct WriteQueue<W: Send + 'static> {
    shared: Arc<Shared<W>>,
    /// Number of threads.
    most: usize,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Shared<W> {
    state: Mutex<State<W>>,
    /// Signalled after each change of the state.
    changed: Condvar,
    run: Box<dyn Fn(W) -> io::Result<()> + Send + Sync>,
    /// Maximum bytes of the writes that wait or run.
    capacity: usize,
}

struct State<W> {
    waiting: VecDeque<Waiting<W>>,
    /// Keys of the running writes.
    running: Vec<usize>,
    /// Bytes of the waiting and the running writes.
    held: usize,
    failed: Option<Failure>,
    is_closed: bool,
}

impl<W> State<W> {
    /// Discards the waiting writes.
    fn discard(&mut self) {
        let bytes = self.waiting.drain(..).map(|write| write.bytes);
        self.held -= bytes.sum::<usize>();
    }
}

/// Write in the queue.
struct Waiting<W> {
    key: usize,
    bytes: usize,
    write: W,
}

/// Error of a write, from which equal errors can be made.
struct Failure {
    kind: io::ErrorKind,
    code: Option<i32>,
    text: String,
}

impl Failure {
    fn error(&self) -> io::Error {
        match self.code {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(self.kind, self.text.clone()),
        }
    }
}

impl<W: Send + 'static> WriteQueue<W> {
    /// Creates a queue that holds up to `capacity` bytes, or one write. `run` does a write, on one
    /// of `threads` threads, which start with the first write.
    pub(crate) fn new(
        threads: usize,
        capacity: usize,
        run: impl Fn(W) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                state: Mutex::new(State {
                    waiting: VecDeque::new(),
                    running: Vec::new(),
                    held: 0,
                    failed: None,
                    is_closed: false,
                }),
                changed: Condvar::new(),
                run: Box::new(run),
                capacity,
            }),
            most: threads,
            threads: Mutex::new(Vec::new()),
        }
    }

    /// Adds a write that holds `bytes` bytes of memory, and waits first while the queue is full.
    ///
    /// # Errors
    ///
    /// The error of the first write that failed; `OutOfMemory` if the queue cannot grow.
    pub(crate) fn push(&self, key: usize, bytes: usize, write: W) -> io::Result<()> {
        if !self.has_threads() {
            return self.shared.run_here(write);
        }
        let is_full = |state: &State<W>| {
            state.held > 0 && state.held.saturating_add(bytes) > self.shared.capacity
        };
        let mut state = self.shared.wait_while(is_full)?;
        state
            .waiting
            .try_reserve(1)
            .map_err(|_| io::ErrorKind::OutOfMemory)?;
        state.held += bytes;
        state.waiting.push_back(Waiting { key, bytes, write });
        drop(state);
        self.shared.changed.notify_all();
        Ok(())
    }

    /// Waits until all writes have run.
    ///
    /// # Errors
    ///
    /// The error of the first write that failed.
    pub(crate) fn drain(&self) -> io::Result<()> {
        let is_busy = |state: &State<W>| !(state.waiting.is_empty() && state.running.is_empty());
        self.shared.wait_while(is_busy).map(drop)
    }

    /// Starts the threads, unless they run. Returns false if the system provides none.
    fn has_threads(&self) -> bool {
        let mut threads = self.threads.lock().expect("nothing panics under the lock");
        if threads.is_empty() {
            let start = |_| {
                let shared = Arc::clone(&self.shared);
                let thread = Builder::new().name("walrus-accel-disk".into());
                thread.spawn(move || shared.work()).ok()
            };
            threads.extend((0..self.most).map_while(start));
        }
        !threads.is_empty()
    }
}

impl<W: Send + 'static> Drop for WriteQueue<W> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.is_closed = true;
        state.discard();
        drop(state);
        self.shared.changed.notify_all();
        let threads = self.threads.get_mut();
        let threads = threads.expect("nothing panics under the lock");
        for thread in threads.drain(..) {
            // A write that panicked has failed the queue.
            let _ = thread.join();
        }
    }
}

impl<W> Shared<W> {
    fn lock(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().expect("nothing panics under the lock")
    }

    /// Waits while the condition holds and no write has failed.
    fn wait_while(
        &self,
        condition: impl Fn(&State<W>) -> bool,
    ) -> io::Result<MutexGuard<'_, State<W>>> {
        let waits = |state: &mut State<W>| state.failed.is_none() && condition(state);
        let state = self.changed.wait_while(self.lock(), waits);
        let state = state.expect("nothing panics under the lock");
        match &state.failed {
            Some(failure) => Err(failure.error()),
            None => Ok(state),
        }
    }

    /// Runs a write on the caller's thread.
    fn run_here(&self, write: W) -> io::Result<()> {
        drop(self.wait_while(|_| false)?);
        (self.run)(write).inspect_err(|error| self.fail(error))
    }

    fn fail(&self, error: &io::Error) {
        let mut state = self.lock();
        state.discard();
        state.failed.get_or_insert_with(|| Failure {
            kind: error.kind(),
            code: error.raw_os_error(),
            text: error.to_string(),
        });
    }

    /// Runs writes until the queue is closed.
    fn work(&self) {
        while let Some(Waiting { key, bytes, write }) = self.next() {
            let running = Running {
                shared: self,
                key,
                bytes,
            };
            if let Err(error) = (self.run)(write) {
                self.fail(&error);
            }
            drop(running);
        }
    }

    /// Waits for the first write whose key no running write has. `None` if the queue is closed.
    fn next(&self) -> Option<Waiting<W>> {
        let mut state = self.lock();
        loop {
            if state.is_closed {
                return None;
            }
            let State {
                waiting, running, ..
            } = &mut *state;
            let is_free = |write: &Waiting<W>| !running.contains(&write.key);
            if let Some(first) = waiting.iter().position(is_free) {
                let next = waiting.remove(first);
                running.extend(next.as_ref().map(|write| write.key));
                return next;
            }
            state = self
                .changed
                .wait(state)
                .expect("nothing panics under the lock");
        }
    }
}

/// Running write. Dropping it, by a panic too, makes place for the next.
struct Running<'a, W> {
    shared: &'a Shared<W>,
    key: usize,
    bytes: usize,
}

impl<W> Drop for Running<'_, W> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.shared.fail(&io::Error::other("a write panicked"));
        }
        let mut state = self.shared.lock();
        state.running.retain(|key| *key != self.key);
        state.held -= self.bytes;
        drop(state);
        self.shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn writes_of_a_key_run_in_order_and_others_at_once() {
        let done: Arc<Mutex<Vec<Vec<usize>>>> = Arc::new(Mutex::new(vec![Vec::new(); 5]));
        let into = Arc::clone(&done);
        let queue = WriteQueue::new(4, 7, move |(key, number): (usize, usize)| {
            if number.is_multiple_of(13) {
                std::thread::sleep(Duration::from_millis(1));
            }
            into.lock().unwrap()[key].push(number);
            Ok(())
        });
        for number in 0..200 {
            queue.push(number % 5, 1, (number % 5, number)).unwrap();
        }
        queue.drain().unwrap();
        let done = done.lock().unwrap();
        for (key, numbers) in done.iter().enumerate() {
            let expected: Vec<usize> = (key..200).step_by(5).collect();
            assert_eq!(*numbers, expected);
        }
    }

    #[test]
    fn no_more_writes_than_the_capacity_are_held() {
        static HELD: AtomicUsize = AtomicUsize::new(0);
        struct Held;
        impl Held {
            fn new() -> Self {
                // The one that `push` holds comes on top.
                assert!(HELD.fetch_add(1, Ordering::SeqCst) <= 3);
                Self
            }
        }
        impl Drop for Held {
            fn drop(&mut self) {
                HELD.fetch_sub(1, Ordering::SeqCst);
            }
        }
        let queue = WriteQueue::new(4, 39, |held: Held| {
            drop(held);
            std::thread::sleep(Duration::from_millis(1));
            Ok(())
        });
        for key in 0..30 {
            queue.push(key, 10, Held::new()).unwrap();
        }
        drop(queue);
        assert_eq!(HELD.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn the_first_failure_ends_the_queue() {
        let ran = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&ran);
        let queue = WriteQueue::new(4, 100, move |number: i32| {
            counter.fetch_add(1, Ordering::SeqCst);
            match number {
                // ENOSPC and EIO.
                3 => Err(io::Error::from_raw_os_error(28)),
                4 => Err(io::Error::from_raw_os_error(5)),
                _ => Ok(()),
            }
        });
        let pushed: Vec<_> = (0..100).map(|number| queue.push(0, 1, number)).collect();
        let last = pushed.into_iter().filter_map(Result::err).last();
        let all = [last, queue.drain().err(), queue.push(1, 1, 5).err()];
        assert!(all[1].is_some() && all[2].is_some());
        for error in all.into_iter().flatten() {
            assert_eq!(error.raw_os_error(), Some(28));
        }
        assert_eq!(ran.load(Ordering::SeqCst), 4);
    }

    #[test]
    fn a_panic_fails_the_queue() {
        let queue = WriteQueue::new(2, 1, |()| -> io::Result<()> { panic!("on purpose") });
        // More than the capacity, but alone.
        queue.push(0, 2, ()).unwrap();
        let error = queue.drain().unwrap_err();
        assert_eq!(error.to_string(), "a write panicked");
        assert!(queue.push(0, 1, ()).is_err());
    }
}
