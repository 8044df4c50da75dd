//! Writes past the page cache.
//!
//! The system copies ordinary writes into its page cache, and writes the cache to disk later. For
//! bytes that nobody reads soon, the copy costs processor time and displaces other files from
//! memory. With `O_DIRECT` the disk takes the bytes from the caller's memory. Offsets, lengths and
//! memory must be multiples of the disk's block then, so only whole blocks are written this way,
//! and the bytes around them as usual.

use std::fs::File;
use std::io;

use super::positioned::write_all_at;

/// Alignment of direct writes: the block of a disk divides it.
const BLOCK: usize = 4096;

/// Fewer bytes are written as usual, because a direct write waits for the disk.
#[cfg(target_os = "linux")]
const DIRECT_MIN: usize = 64 << 10;

/// Bytes to be written at an offset of a file, in memory aligned as the file's blocks are.
pub(crate) struct AlignedBytes {
    memory: Vec<u8>,
    /// Position of the first byte in `memory`.
    start: usize,
    len: usize,
    /// End of the place for bytes in `memory`. The byte there would begin a block.
    end: usize,
    /// Offset of the first byte in the file.
    offset: u64,
}

impl AlignedBytes {
    /// Memory for up to `len` bytes, which has the place that alignment takes.
    pub(crate) const fn memory_len(len: usize) -> usize {
        len.next_multiple_of(BLOCK) + 2 * BLOCK
    }

    /// Creates an empty buffer for bytes from `offset` on, in the memory.
    ///
    /// # Panics
    ///
    /// If the memory has less than `AlignedBytes::memory_len(0)` bytes.
    pub(crate) fn new(memory: Vec<u8>, offset: u64) -> Self {
        let aligned = memory.as_ptr().align_offset(BLOCK);
        let start = aligned + (offset % BLOCK as u64) as usize;
        let end = aligned + (memory.len() - aligned) / BLOCK * BLOCK;
        assert!(start < end, "too little memory");
        Self {
            memory,
            start,
            len: 0,
            end,
            offset,
        }
    }

    /// Appends as many of the bytes as there is place for, and returns the others.
    pub(crate) fn fill<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let from = self.start + self.len;
        let (now, later) = bytes.split_at(bytes.len().min(self.end - from));
        self.memory[from..from + now.len()].copy_from_slice(now);
        self.len += now.len();
        later
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.len]
    }

    /// Offset of the first byte in the file.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Offset after the last byte in the file.
    pub(crate) fn end(&self) -> u64 {
        self.offset + self.len as u64
    }

    pub(crate) fn into_memory(self) -> Vec<u8> {
        self.memory
    }

    /// Writes the bytes: whole blocks past the page cache if the system can. No other handle of
    /// this opening of the file may be in use.
    pub(crate) fn write_to(&self, file: &File) -> io::Result<()> {
        let bytes = self.bytes();
        let head = (self.offset.next_multiple_of(BLOCK as u64) - self.offset) as usize;
        let head = head.min(bytes.len());
        let middle = (bytes.len() - head) / BLOCK * BLOCK;
        let (head, rest) = bytes.split_at(head);
        let (middle, tail) = rest.split_at(middle);
        let mut at = self.offset;
        write_all_at(file, at, head)?;
        at += head.len() as u64;
        if !write_blocks(file, at, middle)? {
            write_all_at(file, at, middle)?;
        }
        at += middle.len() as u64;
        write_all_at(file, at, tail)
    }
}

/// Writes whole blocks past the page cache. Returns false if they are to be written as usual.
#[cfg(target_os = "linux")]
fn write_blocks(file: &File, offset: u64, blocks: &[u8]) -> io::Result<bool> {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    use rustix::io::{Errno, retry_on_intr};

    if blocks.len() < DIRECT_MIN {
        return Ok(false);
    }
    let usual = fcntl_getfl(file)?;
    // Some file systems have no direct writes.
    if fcntl_setfl(file, usual | OFlags::DIRECT).is_err() {
        return Ok(false);
    }
    let mut done = 0;
    let written: io::Result<()> = loop {
        // The rest after a short write may begin within a block.
        if done == blocks.len() || done % BLOCK != 0 {
            break Ok(());
        }
        let at = offset + done as u64;
        match retry_on_intr(|| rustix::io::pwrite(file, &blocks[done..], at)) {
            Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => done += written,
            // The disk's blocks are larger, or the file system has direct writes for other files.
            Err(Errno::INVAL | Errno::OPNOTSUPP) if done == 0 => {
                fcntl_setfl(file, usual)?;
                return Ok(false);
            }
            Err(error) => break Err(error.into()),
        }
    };
    fcntl_setfl(file, usual)?;
    written?;
    write_all_at(file, offset + done as u64, &blocks[done..])?;
    Ok(true)
}

#[cfg(not(target_os = "linux"))]
fn write_blocks(_: &File, _: u64, _: &[u8]) -> io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek};
    use std::path::Path;

    use super::*;

    /// Writes the pieces one after another, each by writes of its own, through memory for `len`
    /// bytes.
    fn write(file: &File, pieces: &[&[u8]], len: usize) {
        let mut at = 0;
        for mut piece in pieces.iter().copied() {
            while !piece.is_empty() {
                let memory = vec![0xAA; AlignedBytes::memory_len(len)];
                let mut buffer = AlignedBytes::new(memory, at);
                piece = buffer.fill(piece);
                assert!(piece.is_empty() || at_block(buffer.end()));
                buffer.write_to(file).unwrap();
                at = buffer.end();
            }
        }
    }

    fn at_block(offset: u64) -> bool {
        offset.is_multiple_of(BLOCK as u64)
    }

    #[test]
    fn the_file_has_the_bytes_wherever_they_begin() {
        let all: Vec<u8> = (0..3_000_000_u32)
            .map(|i| (i.wrapping_mul(i) >> 7) as u8)
            .collect();
        // A disk, and memory, which has direct writes in some systems.
        let shared = Path::new("/dev/shm");
        let files = [tempfile::tempfile(), tempfile::tempfile_in(shared)];
        for mut file in files.into_iter().flatten() {
            for (lens, len) in [
                (&[3_000_000][..], 1 << 20),
                (&[1, 1_000_000, 4096, 1_995_903], 500_000),
                (&[70_000, 0, 65_536, 3, 2_864_461], 0),
                (&[4095, 2_995_905], 3_000_000),
            ] {
                file.set_len(0).unwrap();
                let mut rest = &all[..];
                let mut pieces = Vec::new();
                for &len in lens {
                    pieces.push(rest.split_off(..len).unwrap());
                }
                assert!(rest.is_empty());
                write(&file, &pieces, len);
                file.rewind().unwrap();
                let mut found = Vec::new();
                file.read_to_end(&mut found).unwrap();
                assert!(found == all, "{lens:?} {len}");
            }
        }
    }

    #[test]
    fn memory_holds_as_many_bytes_as_promised_at_any_offset() {
        for offset in [0, 1, 4095, 4096, 123_456_789] {
            for len in [0, 1, 4096, 100_000] {
                let memory = vec![0; AlignedBytes::memory_len(len)];
                let mut buffer = AlignedBytes::new(memory, offset);
                assert!(buffer.fill(&vec![1; len]).is_empty(), "{offset} {len}");
                assert_eq!(buffer.end(), offset + len as u64);
                assert_eq!(buffer.bytes(), vec![1; len]);
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn errors_of_the_disk_are_told() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let mut buffer = AlignedBytes::new(vec![0; 1 << 20], 0);
        buffer.fill(&[1; 500_000]);
        let error = buffer.write_to(&full).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
