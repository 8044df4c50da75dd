//! Large buffers: one allocation, huge pages where the system gives them, kept for the next job.

mod buffer_pool;
mod fallible;

pub(crate) use buffer_pool::{BufferPool, PooledBuffer};
#[cfg(any(feature = "capi", feature = "gpu"))]
pub(crate) use fallible::memory_error;
pub(crate) use fallible::{
    MemoryError, Result, catch_out_of_memory, collected, ensure_capacity, filled, push,
    try_with_capacity, with_capacity,
};

use memmap2::MmapMut;

/// Below this size a huge page would be mostly waste.
const HUGE_FROM: usize = 4 << 20;

/// A buffer of bytes that grows when it must and is never given back until it is dropped.
///
/// Its first touch is the system's business: fresh pages are zero, reused ones hold what the last
/// job left there.
#[derive(Default)]
pub(crate) struct Buffer {
    map: Option<MmapMut>,
}

impl Buffer {
    /// The first `len` bytes, grown as needed. Contents are unspecified.
    ///
    /// # Errors
    ///
    /// Both kinds of [`MemoryError`].
    pub(crate) fn get(&mut self, len: u64, what: &'static str) -> Result<&mut [u8]> {
        let bytes = to_usize(len, what)?;
        if self.capacity() < bytes {
            self.map = None; // Given back first, so that the peak is the larger one, not the sum.
            self.map = Some(map(bytes).map_err(|source| MemoryError::Missing {
                what: what.to_owned(),
                source,
            })?);
        }
        Ok(self
            .map
            .as_mut()
            .map_or(&mut [][..], |map| &mut map[..bytes]))
    }

    /// The bytes reserved.
    pub(crate) fn capacity(&self) -> usize {
        self.map.as_ref().map_or(0, |map| map.len())
    }

    /// Everything reserved so far, to read.
    pub(crate) fn as_slice(&self) -> &[u8] {
        self.map.as_deref().unwrap_or_default()
    }
}

/// A size as `usize`, or the error that says it does not fit.
pub(crate) fn to_usize(bytes: u64, what: &'static str) -> Result<usize> {
    usize::try_from(bytes)
        .ok()
        .filter(|&bytes| isize::try_from(bytes).is_ok())
        .ok_or(MemoryError::TooLarge { what, bytes })
}

fn map(bytes: usize) -> std::io::Result<MmapMut> {
    let map = MmapMut::map_anon(bytes.max(1))?;
    #[cfg(target_os = "linux")]
    if bytes >= HUGE_FROM {
        // A kernel without transparent huge pages refuses: then small pages serve.
        let _ = map.advise(memmap2::Advice::HugePage);
    }
    Ok(map)
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Buffer({} bytes)", self.capacity())
    }
}
