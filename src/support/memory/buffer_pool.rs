//! Pool of buffers, which keeps the buffers of ended sessions for later sessions. Memory that has
//! been touched is several times faster than fresh memory.

use std::sync::Mutex;

use super::buffer::Buffer;
use super::fallible::Result;

/// Maximum excess of a buffer's capacity over the requested size; a quarter of the size is allowed
/// as well.
const SLACK: u64 = 32 << 20;

/// Maximum number of buffers kept: a session uses at most two of a kind.
const KEPT: usize = 4;

/// Unused buffers of one kind.
#[derive(Default)]
pub(crate) struct BufferPool(Mutex<Vec<Buffer>>);

impl BufferPool {
    /// Frees all unused buffers.
    pub(crate) fn clear(&self) {
        self.0
            .lock()
            .expect("nothing panics under the lock")
            .clear();
    }

    /// Returns a buffer for `bytes`: the best fit among the unused buffers, or a new buffer. If no
    /// unused buffer fits, all are freed first, so that unused memory hardly adds to a job's own.
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
        // Taking a buffer that did not fit has freed the large buffer.
        assert!(idle.take(100 << 20).as_slice().is_empty());
    }
}
