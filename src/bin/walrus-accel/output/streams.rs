//! The standard streams, without the leniency of `std`, and a line a write.
//!
//! For `std`, a standard descriptor that is closed, or open for the other direction, is one that has nothing
//! to read and takes everything. Here both are errors, so that no blob is lost or made up.

use std::fs::File;
use std::io::{self, IsTerminal, StdoutLock, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::{AutoStream, ColorChoice};

/// The longest message, in bytes: what a pipe takes at once, so that messages of several processes do not
/// mix.
const MESSAGE_MAX: usize = 4096;

/// How much of a message that is too long is kept from its end, where the reason is.
const MESSAGE_END: usize = 1024;

/// Clears the line of a terminal that a progress bar may be on.
const CLEAR_LINE: &str = "\r\x1b[2K";

/// Returns a reader of standard input.
///
/// Reading fails if the descriptor was closed when the process began.
pub fn input() -> impl io::Read {
    stream::Input::new()
}

/// Returns a writer of what a verb makes to standard output.
///
/// Writing fails if the descriptor was closed when the process began.
pub fn data() -> Output {
    Output {
        lost: stream::was_closed(&io::stdout()),
        lock: io::stdout().lock(),
    }
}

/// Returns a writer of lines to standard output.
///
/// After `>&-` lines are lost without an error: the descriptor cannot be told from `/dev/null` as programs
/// give it to those that they start for the exit code alone.
pub fn lines() -> Output {
    Output {
        lost: false,
        lock: io::stdout().lock(),
    }
}

/// Standard output, for one thread at a time.
pub struct Output {
    lost: bool,
    lock: StdoutLock<'static>,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.lost {
            true => Err(closed("use -o FILE, or `> /dev/null` to discard the bytes")),
            false => stream::write(&mut self.lock, bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lock.flush()
    }
}

/// The error of a stream that was closed when the process began.
fn closed(advice: &str) -> io::Error {
    io::Error::other(format!(
        "the descriptor is closed, or /dev/null opened to read and write: {advice}"
    ))
}

/// Text with escape sequences for styles, as `stream` takes it.
fn styled(text: String, choice: ColorChoice) -> String {
    match choice {
        ColorChoice::Never => anstream::adapter::strip_str(&text).to_string(),
        _ => text,
    }
}

/// Prints help or a version to standard output.
pub fn print_styled(text: String) -> io::Result<()> {
    let text = styled(text, AutoStream::choice(&io::stdout()));
    let mut out = lines();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Standard error for messages: a message is one write.
#[derive(Debug)]
pub struct Messages {
    /// The stream that standard error was, if its descriptor is now another.
    own: Option<File>,
    choice: ColorChoice,
    is_terminal: bool,
    /// True while a progress bar is on the terminal.
    bar: AtomicBool,
}

impl Messages {
    /// Messages to standard error.
    pub fn new() -> Self {
        Self {
            own: None,
            choice: AutoStream::choice(&io::stderr()),
            is_terminal: io::stderr().is_terminal(),
            bar: AtomicBool::new(false),
        }
    }

    /// Messages to standard error, and to nobody what drivers of graphics devices write there.
    ///
    /// Drivers are loaded at any time of a job, on any thread, and print what is no failure: that there is no
    /// display, that they are slow. The descriptor is theirs from now on, and leads to `/dev/null`; a panic
    /// gets it back. Where that fails, drivers are heard.
    pub fn without_drivers() -> Self {
        let messages = Self::new();
        let own = stream::take_error();
        Self { own, ..messages }
    }

    /// Returns true if messages go to a terminal.
    pub fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Tells whether a progress bar is on the terminal.
    pub fn set_bar(&self, shown: bool) {
        self.bar.store(shown, Ordering::Relaxed);
    }

    /// Prints a message.
    pub fn print(&self, message: String) {
        // With no standard error there is nobody to tell.
        let _ = self.write_all(self.line(message).as_bytes());
    }

    /// Prints a message from the thread that signals come to: not if that has to wait, and past the progress
    /// bar, which other threads may hold.
    pub fn print_at_once(&self, message: String) {
        let mut line = self.line(message);
        if self.bar.load(Ordering::Relaxed) {
            line.insert_str(0, CLEAR_LINE);
        }
        if self.takes_a_message() {
            let _ = self.write_all(line.as_bytes());
        }
    }

    fn line(&self, message: String) -> String {
        let mut line = styled(message, self.choice);
        line.truncate(line.trim_end().len());
        shorten(&mut line, MESSAGE_MAX - CLEAR_LINE.len() - 1);
        line.push('\n');
        line
    }

    /// Writes to standard error, whoever's its descriptor is.
    pub fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        match &self.own {
            Some(file) => (&mut &*file).write_all(bytes),
            None => io::stderr().write_all(bytes),
        }
    }

    /// Number of columns of the terminal.
    pub fn columns(&self) -> u16 {
        match &self.own {
            Some(file) => stream::columns(file),
            None => stream::columns(&io::stderr()),
        }
    }

    fn takes_a_message(&self) -> bool {
        match &self.own {
            Some(file) => stream::takes_a_message(file),
            None => stream::takes_a_message(&io::stderr()),
        }
    }
}

/// Cuts a text that is longer than `max` bytes in the middle.
fn shorten(text: &mut String, max: usize) {
    if text.len() <= max {
        return;
    }
    let mut end = text.len() - MESSAGE_END;
    // A count has at most 20 digits.
    let mut start = max - MESSAGE_END - " ... ( bytes) ... ".len() - 20;
    while !text.is_char_boundary(end) {
        end += 1;
    }
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let cut = format!(" ... ({} bytes) ... ", end - start);
    text.replace_range(start..end, &cut);
}

/// Standard descriptors of Unix.
#[cfg(unix)]
mod stream {
    use std::fs::File;
    use std::io::{self, Read, Write};
    use std::os::fd::{AsFd, BorrowedFd};

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat, stat};

    /// Whether a standard descriptor was closed when the process began.
    ///
    /// `std` opens `/dev/null` in its place before `main`, to read and write. A shell's `< /dev/null` and
    /// `> /dev/null` are open for one of them.
    pub fn was_closed(stream: &impl AsFd) -> bool {
        let is_null = || -> io::Result<bool> {
            let (found, null) = (fstat(stream)?, stat("/dev/null")?);
            let is_device = FileType::from_raw_mode(found.st_mode) == FileType::CharacterDevice;
            let is_both = fcntl_getfl(stream)? & OFlags::RWMODE == OFlags::RDWR;
            Ok(is_device && is_both && found.st_rdev == null.st_rdev)
        };
        // A descriptor that nothing can be told of fails when it is used.
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

    /// Writes past `std`, which takes a descriptor that is not open to write for one that takes everything.
    pub fn write(stream: &mut (impl Write + AsFd), bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(stream, bytes)?)
    }

    /// Moves standard error to another descriptor, and `/dev/null` in its place, until a panic.
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

    /// Whether a message can be written without waiting.
    pub fn takes_a_message(stream: &impl AsFd) -> bool {
        let stream: BorrowedFd<'_> = stream.as_fd();
        let mut polled = [PollFd::new(&stream, PollFlags::OUT)];
        matches!(poll(&mut polled, Some(&Timespec::default())), Ok(1))
    }

    /// Number of columns of a terminal; 80 where it does not say.
    pub fn columns(stream: &impl AsFd) -> u16 {
        match rustix::termios::tcgetwinsize(stream) {
            Ok(size) if size.ws_col > 0 => size.ws_col,
            _ => 80,
        }
    }
}

/// What other systems have: the streams of `std`.
#[cfg(not(unix))]
mod stream {
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

    pub fn takes_a_message<T>(_: &T) -> bool {
        true
    }

    pub fn columns<T>(_: &T) -> u16 {
        80
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_keeps_its_beginning_and_its_end() {
        for unit in ["a", "é", "\u{10348}"] {
            let mut text = format!("begin {} end", unit.repeat(50_000));
            let len = text.len();
            shorten(&mut text, MESSAGE_MAX);
            assert!((MESSAGE_MAX - 40..=MESSAGE_MAX).contains(&text.len()));
            assert!(text.starts_with("begin ") && text.ends_with(" end"));
            let cut = text.split(['(', ' ']).find_map(|word| word.parse().ok());
            let cut: usize = cut.unwrap();
            assert_eq!(
                text.len() + cut,
                len + format!(" ... ({cut} bytes) ... ").len()
            );
        }
        let mut text = "short".to_owned();
        shorten(&mut text, MESSAGE_MAX);
        assert_eq!(text, "short");
    }
}
