//! Large buffers: one allocation, with huge pages if the system has them.

use memmap2::MmapMut;

use super::fallible::{MemoryError, Result};

/// Size in bytes from which huge pages are used. Below, a huge page would be mostly unused.
const HUGE_FROM: usize = 4 << 20;

/// Buffer of bytes that grows as needed and keeps its memory until dropped.
///
/// The system provides pages on first touch. Fresh pages are zero; reused pages hold the content
/// of the previous job.
#[derive(Default)]
pub(crate) struct Buffer {
    map: Option<MmapMut>,
}

impl Buffer {
    /// Returns the first `len` bytes, growing the buffer as needed. The content is unspecified.
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

    /// Capacity in bytes.
    pub(crate) fn capacity(&self) -> usize {
        self.map.as_ref().map_or(0, |map| map.len())
    }

    /// Returns all reserved bytes, to read.
    pub(crate) fn as_slice(&self) -> &[u8] {
        self.map.as_deref().unwrap_or_default()
    }
}

/// Converts a size to `usize`.
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
        // A kernel without transparent huge pages rejects the advice; small pages work as well.
        let _ = map.advise(memmap2::Advice::HugePage);
    }
    Ok(map)
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Buffer({} bytes)", self.capacity())
    }
}
