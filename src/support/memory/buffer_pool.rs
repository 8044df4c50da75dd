//! Buffers of ended sessions, kept for the next: memory that has been touched is several times
//! faster than fresh memory.

use std::sync::Mutex;

use super::buffer::Buffer;
use super::fallible::Result;

/// A buffer may be this much larger than what it is taken for, and a quarter.
const SLACK: u64 = 32 << 20;

/// The most buffers that are kept: a session uses two of a kind at most.
const KEPT: usize = 4;

/// The buffers of one kind that wait for their next use.
#[derive(Default)]
pub(crate) struct BufferPool(Mutex<Vec<Buffer>>);

impl BufferPool {
    /// Gives everything back.
    pub(crate) fn clear(&self) {
        self.0
            .lock()
            .expect("nothing panics under the lock")
            .clear();
    }

    /// A buffer for `bytes`: one that an ended session left, or a new one. If none of those left
    /// fits, they are given back first, so that idle memory hardly adds to a job's own.
    pub(crate) fn take(&self, bytes: u64) -> PooledBuffer<'_> {
        let mut idle = self.0.lock().expect("nothing panics under the lock");
        let most = bytes.saturating_add(SLACK.max(bytes / 4));
        let fitting = (0..idle.len())
            .filter(|&i| (bytes..=most).contains(&(idle[i].capacity() as u64)))
            .min_by_key(|&i| idle[i].capacity());
        let buffer = match fitting {
            Some(index) => idle.swap_remove(index),
            None => {
                idle.clear();
                Buffer::default()
            }
        };
        PooledBuffer { buffer, home: self }
    }
}

/// A buffer in use; it goes back when it is dropped.
pub(crate) struct PooledBuffer<'a> {
    buffer: Buffer,
    home: &'a BufferPool,
}

impl PooledBuffer<'_> {
    /// The first `len` bytes, grown as needed. Contents are unspecified.
    pub(crate) fn get(&mut self, len: u64, what: &'static str) -> Result<&mut [u8]> {
        self.buffer.get(len, what)
    }

    /// Everything there is, to read.
    pub(crate) fn as_slice(&self) -> &[u8] {
        self.buffer.as_slice()
    }
}

impl Drop for PooledBuffer<'_> {
    fn drop(&mut self) {
        let mut idle = self.home.0.lock().expect("nothing panics under the lock");
        if idle.len() < KEPT && self.buffer.capacity() > 0 {
            idle.push(std::mem::take(&mut self.buffer));
        }
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
        // Giving up on the large one emptied the shelf.
        assert!(idle.take(100 << 20).as_slice().is_empty());
    }
}
