//! Standard descriptors of the operating system.

use std::io;

pub use self::system::{Input, columns, is_writable, take_error, was_closed, write};

/// Returns the error of a descriptor that was closed when the process began.
pub fn closed(advice: &str) -> io::Error {
    io::Error::other(format!(
        "the descriptor is closed, or /dev/null opened to read and write: {advice}"
    ))
}

#[cfg(unix)]
mod system {
    use std::fs::File;
    use std::io::{self, Read, Write};
    use std::os::fd::{AsFd, BorrowedFd};

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat, stat};

    /// Returns true if a standard descriptor was closed when the process began.
    ///
    /// `std` opens `/dev/null` in place of a closed descriptor before `main`, for reading and
    /// writing. A shell opens `/dev/null` for only one direction in `< /dev/null` and `>
    /// /dev/null`.
    pub fn was_closed(stream: &impl AsFd) -> bool {
        let is_null = || -> io::Result<bool> {
            let (found, null) = (fstat(stream)?, stat("/dev/null")?);
            let is_device = FileType::from_raw_mode(found.st_mode) == FileType::CharacterDevice;
            let is_both = fcntl_getfl(stream)? & OFlags::RWMODE == OFlags::RDWR;
            Ok(is_device && is_both && found.st_rdev == null.st_rdev)
        };
        // A descriptor without a status fails when it is used.
        is_null().unwrap_or(false)
    }

    /// Standard input without a buffer.
    pub struct Input {
        lost: bool,
    }

    impl Input {
        pub fn new() -> Self {
            Self {
                lost: was_closed(&io::stdin()),
            }
        }
    }

    impl Read for Input {
        fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            match self.lost {
                true => Err(super::closed("use `< /dev/null` for an empty input")),
                false => Ok(rustix::io::read(io::stdin(), bytes)?),
            }
        }
    }

    /// Writes bytes without `std`, which discards bytes silently if the descriptor is not open for
    /// writing.
    pub fn write(stream: &mut (impl Write + AsFd), bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(stream, bytes)?)
    }

    /// Moves standard error to another descriptor and puts `/dev/null` in its place, until a panic.
    pub fn take_error() -> Option<File> {
        let own = io::stderr().as_fd().try_clone_to_owned().ok()?;
        let back = own.try_clone().ok()?;
        let null = File::options().write(true).open("/dev/null").ok()?;
        rustix::stdio::dup2_stderr(&null).ok()?;
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let _ = rustix::stdio::dup2_stderr(&back);
            hook(panic);
        }));
        Some(own.into())
    }

    /// Returns true if the stream takes a message without blocking.
    pub fn is_writable(stream: &impl AsFd) -> bool {
        let stream: BorrowedFd<'_> = stream.as_fd();
        let mut polled = [PollFd::new(&stream, PollFlags::OUT)];
        matches!(poll(&mut polled, Some(&Timespec::default())), Ok(1))
    }

    /// Returns the number of columns of a terminal, or 80 if it is unknown.
    pub fn columns(stream: &impl AsFd) -> u16 {
        match rustix::termios::tcgetwinsize(stream) {
            Ok(size) if size.ws_col > 0 => size.ws_col,
            _ => 80,
        }
    }
}

/// Streams of `std`, for systems without these functions.
#[cfg(not(unix))]
mod system {
    use std::fs::File;
    use std::io::{self, Read, Write};

    pub fn was_closed<T>(_: &T) -> bool {
        false
    }

    pub struct Input;

    impl Input {
        pub fn new() -> Self {
            Self
        }
    }

    impl Read for Input {
        fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            io::stdin().read(bytes)
        }
    }

    pub fn write(stream: &mut impl Write, bytes: &[u8]) -> io::Result<usize> {
        stream.write(bytes)
    }

    pub fn take_error() -> Option<File> {
        None
    }

    pub fn is_writable<T>(_: &T) -> bool {
        true
    }

    pub fn columns<T>(_: &T) -> u16 {
        80
    }
}
