//! Pool of buffers, which keeps the buffers of ended sessions for later sessions. Memory that has
//! been touched is several times faster than fresh memory.

use std::sync::{Mutex, MutexGuard};

use super::buffer::Buffer;
use super::fallible::Result;

/// Maximum excess of a buffer's capacity over the requested size; a quarter of the size is allowed
/// as well.
const SLACK: u64 = 32 << 20;

/// Number of buffers kept while no session runs: a session uses at most two of a kind. While more
/// buffers are in use, as many unused ones are kept, since as many sessions run at once.
const KEPT: usize = 4;

/// Unused buffers of one kind.
#[derive(Default)]
pub(crate) struct BufferPool(Mutex<State>);

#[derive(Default)]
struct State {
    idle: Vec<Buffer>,
    /// Number of buffers in use.
    in_use: usize,
}

impl BufferPool {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nothing panics under the lock")
    }

    /// Frees all unused buffers.
    pub(crate) fn clear(&self) {
        self.lock().idle.clear();
    }

    /// Returns a buffer for `bytes`: the best fit among the unused buffers, or a new buffer. If no
    /// unused buffer fits, all are freed first, so that unused memory hardly adds to a job's own.
    pub(crate) fn take(&self, bytes: u64) -> PooledBuffer<'_> {
        let mut state = self.lock();
        state.in_use += 1;
        let idle = &mut state.idle;
        let most = bytes.saturating_add(SLACK.max(bytes / 4));
        let fitting = (0..idle.len())
            .filter(|&i| (bytes..=most).contains(&(idle[i].capacity() as u64)))
            .min_by_key(|&i| idle[i].capacity());
        let buffer = match fitting {
            Some(index) => idle.swap_remove(index),
            None => {
                let unfit = std::mem::take(idle);
                drop(state);
                drop(unfit);
                Buffer::default()
            }
        };
        PooledBuffer { buffer, home: self }
    }
}

/// Buffer in use, returned to the pool on drop.
pub(crate) struct PooledBuffer<'a> {
    buffer: Buffer,
    home: &'a BufferPool,
}

impl PooledBuffer<'_> {
    /// Returns the first `len` bytes, growing the buffer as needed. The content is unspecified.
    pub(crate) fn get(&mut self, len: u64, what: &'static str) -> Result<&mut [u8]> {
        self.buffer.get(len, what)
    }

    /// Returns all bytes, to read.
    pub(crate) fn as_slice(&self) -> &[u8] {
        self.buffer.as_slice()
    }
}

impl Drop for PooledBuffer<'_> {
    fn drop(&mut self) {
        let mut state = self.home.lock();
        state.in_use -= 1;
        if self.buffer.capacity() > 0 {
            state.idle.push(std::mem::take(&mut self.buffer));
        }
        let kept = KEPT.max(state.in_use);
        let excess = state.idle.len().saturating_sub(kept);
        let freed: Vec<_> = state.idle.drain(..excess).collect();
        // Freeing takes a while, and others wait for the lock.
        drop(state);
        drop(freed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_used_again_and_what_does_not_goes() {
        let idle = BufferPool::default();
        let mut large = idle.take(100 << 20);
        large.get(100 << 20, "a test").unwrap()[5] = 7;
        drop(large);
        assert_eq!(idle.take(90 << 20).as_slice()[5], 7);
        assert!(idle.take(10 << 20).as_slice().is_empty());
        // Taking a buffer that did not fit has freed the large buffer.
        assert!(idle.take(100 << 20).as_slice().is_empty());
    }

    #[test]
    fn as_many_buffers_are_kept_as_sessions_use_at_once() {
        let pool = BufferPool::default();
        let idle = || pool.lock().idle.len();
        let used = |count| {
            let mut all: Vec<_> = (0..count).map(|_| pool.take(1000)).collect();
            for buffer in &mut all {
                buffer.get(1000, "a test").unwrap();
            }
            all
        };
        let mut all = used(20);
        for left in (10..20).rev() {
            all.pop();
            assert_eq!((all.len(), idle()), (left, 20 - left));
        }
        // They are taken again.
        let again = used(8);
        assert_eq!(idle(), 2);
        drop((all, again));
        assert_eq!(idle(), KEPT);
    }
}
