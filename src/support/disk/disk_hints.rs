//! Hints to the system about the use of files: space, writeback, read-ahead.
//!
//! Only [`reserve`] can fail, and only for lack of space. The other hints affect speed alone, so
//! their errors are dropped. A hint that the system does not know has no effect.

use std::fs::File;
use std::io;
use std::ops::Range;

/// Reserves disk space for the first `len` bytes of a file. The file's length stays.
///
/// Reserving takes no time for the content, because nothing is written. Later writes to the range
/// do not run out of space, and the file has few fragments. Linux only; elsewhere, and on a file
/// system without reservations, nothing is reserved and the result is `Ok`.
///
/// # Errors
///
/// `StorageFull`, `QuotaExceeded` or `FileTooLarge` if the file system has no place for the bytes.
/// The message states the needed and the free bytes. Some of the space may be reserved then, until
/// the file is removed or truncated. Other errors of the system, such as a failed write.
pub(crate) fn reserve(file: &File, len: u64) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{FallocateFlags, fallocate};
        use rustix::io::{Errno, retry_on_intr};

        if len == 0 {
            return Ok(());
        }
        let take = |len| retry_on_intr(|| fallocate(file, FallocateFlags::KEEP_SIZE, 0, len));
        // The first bytes tell whether the file system has reservations. If the rest does not fit,
        // no other process must find the disk full while the system takes all of it in vain.
        let is_short = || free(file).is_some_and(|free| free < len);
        let taken = take(len.min(4096)).and_then(|()| {
            // Some file systems free the space of removed files later: a sync waits for that.
            if is_short() {
                let _ = rustix::fs::syncfs(file);
            }
            match is_short() {
                true => Err(Errno::NOSPC),
                false => take(len),
            }
        });
        match taken {
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::NODEV) => Ok(()),
            Err(error @ (Errno::NOSPC | Errno::DQUOT)) => Err(no_space(file, len, error.into())),
            Err(error) => Err(error.into()),
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (file, len);
        Ok(())
    }
}

/// Returns the bytes that the file could take in all. `None` if the system does not tell.
#[cfg(target_os = "linux")]
fn free(file: &File) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;

    let found = rustix::fs::fstatvfs(file).ok()?;
    let there = file.metadata().ok()?.blocks() * 512;
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    Some(free.saturating_add(there))
}

/// Adds the needed and the free bytes to an error of the system.
#[cfg(target_os = "linux")]
fn no_space(file: &File, len: u64, error: io::Error) -> io::Error {
    let Some(free) = free(file) else {
        return error;
    };
    let reason = format!("{error}: {len} bytes are needed, {free} bytes are free");
    io::Error::new(error.kind(), reason)
}

/// Starts to write the changed bytes of a range to disk, and does not wait for the end. Linux only.
///
/// A later sync then finds little to do. The bytes are not durable before that sync. The call
/// blocks while the disk's queue is full. Ranges of a few MiB are best: every call costs some
/// microseconds, and the page at an end of the range may be written twice.
pub(crate) fn start_writeback(file: &File, range: Range<u64>) {
    #[cfg(target_os = "linux")]
    {
        use std::os::fd::AsRawFd;

        let signed = |number: u64| i64::try_from(number).ok();
        let len = range.end.saturating_sub(range.start);
        let (Some(start), Some(len @ 1..)) = (signed(range.start), signed(len)) else {
            // A length of zero would mean the whole file.
            return;
        };
        // SAFETY: the call takes no memory, and the descriptor is open while `file` is borrowed.
        #[allow(unsafe_code)]
        let _ = unsafe {
            libc::sync_file_range(file.as_raw_fd(), start, len, libc::SYNC_FILE_RANGE_WRITE)
        };
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (file, range);
    }
}

/// Starts to read a range into the page cache, and does not wait for the end. Linux, Android and
/// FreeBSD.
///
/// The range should be read soon and fit into free memory. The system may read less.
pub(crate) fn will_read(file: &File, range: Range<u64>) {
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    {
        use rustix::fs::{Advice, fadvise};

        // A length of zero would mean the rest of the file.
        if let Some(len) = std::num::NonZeroU64::new(range.end.saturating_sub(range.start)) {
            let _ = fadvise(file, range.start, Some(len), Advice::WillNeed);
        }
    }
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    {
        let _ = (file, range);
    }
}

/// Announces that the file is read from its beginning to its end: the system reads further ahead.
/// Linux, Android and FreeBSD.
pub(crate) fn reads_in_order(file: &File) {
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    {
        let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::Sequential);
    }
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    {
        let _ = file;
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, Write};

    use super::*;

    #[test]
    fn hints_change_neither_bytes_nor_length() {
        let mut file = tempfile::tempfile().unwrap();
        reserve(&file, 0).unwrap();
        reserve(&file, 1 << 20).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 0);
        file.write_all(&[7; 10_000]).unwrap();
        let reversed = Range { start: 9, end: 3 };
        for range in [0..10_000, 5_000..5_000, 1..2, 9_999..u64::MAX, reversed] {
            start_writeback(&file, range.clone());
            will_read(&file, range);
        }
        reserve(&file, 10).unwrap();
        reads_in_order(&file);
        file.rewind().unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, [7; 10_000]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn reserved_space_is_taken_from_the_disk() {
        use std::os::unix::fs::MetadataExt;

        let file = tempfile::tempfile().unwrap();
        reserve(&file, 1 << 20).unwrap();
        let found = file.metadata().unwrap();
        // A file system without reservations takes nothing.
        assert!(found.blocks() == 0 || found.blocks() * 512 >= 1 << 20);
        assert_eq!(found.len(), 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_named_with_its_numbers() {
        let file = tempfile::tempfile().unwrap();
        // More than any disk has. A file system without reservations takes it.
        let len = 1 << 43;
        if let Err(error) = reserve(&file, len) {
            use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
            let text = error.to_string();
            match error.kind() {
                StorageFull | QuotaExceeded => {
                    assert!(text.contains("8796093022208 bytes are needed"), "{text}");
                    assert!(text.contains("bytes are free"), "{text}");
                }
                kind => assert_eq!(kind, FileTooLarge, "{text}"),
            }
        }
        let made_up = no_space(&file, 5, io::ErrorKind::StorageFull.into());
        assert_eq!(made_up.kind(), io::ErrorKind::StorageFull);
        assert!(made_up.to_string().contains(": 5 bytes are needed, "));
    }
}
