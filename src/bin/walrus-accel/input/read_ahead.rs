//! Reading of the next file by the system, while the current one is encoded.

use std::path::Path;

/// Maximum number of bytes that the system is asked to read.
#[cfg(target_os = "linux")]
const READ_AHEAD_LEN: u64 = 256 << 20;

/// Asks the system to read the beginning of a regular file into its cache. The bytes take none of
/// the process's memory.
///
/// Has no effect if the file cannot be opened, which its own job reports.
#[cfg(target_os = "linux")]
pub fn read_ahead(path: &Path) {
    use std::num::NonZeroU64;
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::{Advice, OFlags, fadvise};

    // The entry may be a pipe or a device by now.
    let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits());
    let mut options = std::fs::File::options();
    options.read(true).custom_flags(flags.unwrap_or(0));
    if let Ok(file) = options.open(path) {
        let _ = fadvise(&file, 0, NonZeroU64::new(READ_AHEAD_LEN), Advice::WillNeed);
    }
}

/// Does nothing on systems without this request.
#[cfg(not(target_os = "linux"))]
pub fn read_ahead(_: &Path) {}
