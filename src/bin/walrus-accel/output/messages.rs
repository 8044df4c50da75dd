//! Messages on standard error.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::{AutoStream, ColorChoice};
use clap::builder::styling::{AnsiColor, Style};

use super::{descriptors, streams};

/// Maximum length of a message in bytes: what a pipe takes in one write, so that messages of
/// several processes do not mix.
const MESSAGE_MAX: usize = 4096;

/// Bytes kept from the end of a message that is too long. The end holds the reason.
const MESSAGE_END: usize = 1024;

/// Clears a terminal's line, with the progress bar on it.
const CLEAR_LINE: &str = "\r\x1b[2K";

/// Returns a message with its kind in front.
pub fn styled(kind: &str, color: AnsiColor, message: impl Display) -> String {
    let style = Style::new().bold().fg_color(Some(color.into()));
    format!("{style}{kind}:{style:#} {message}")
}

/// Standard error. Each message is one write.
#[derive(Debug)]
pub struct Messages {
    /// Original stream, if the descriptor of standard error now leads to `/dev/null`.
    own: Option<File>,
    choice: ColorChoice,
    is_terminal: bool,
    /// True while a progress bar is on the terminal.
    bar: AtomicBool,
}

impl Messages {
    /// Returns messages to standard error.
    pub fn new() -> Self {
        Self {
            own: None,
            choice: AutoStream::choice(&io::stderr()),
            is_terminal: io::stderr().is_terminal(),
            bar: AtomicBool::new(false),
        }
    }

    /// Returns messages to standard error, and silences drivers of graphics devices.
    ///
    /// Drivers are loaded at any time of a job, on any thread. They print remarks that are no
    /// failures, such as a missing display. From now on the descriptor of standard error leads to
    /// `/dev/null`; a panic restores it. If that setup fails, drivers stay audible.
    pub fn without_drivers() -> Self {
        let messages = Self::new();
        let own = descriptors::take_error();
        Self { own, ..messages }
    }

    /// Returns true if messages go to a terminal.
    pub fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Records if a progress bar is on the terminal.
    pub fn set_bar(&self, shown: bool) {
        self.bar.store(shown, Ordering::Relaxed);
    }

    /// Prints a message.
    pub fn print(&self, message: String) {
        // Without a standard error there is nobody to tell.
        let _ = self.write_all(self.line(message).as_bytes());
    }

    /// Prints a message from the signal thread.
    ///
    /// Drops the message rather than wait for standard error. Bypasses the progress bar, as another
    /// thread may hold its lock.
    pub fn print_at_once(&self, message: String) {
        let mut line = self.line(message);
        if self.bar.load(Ordering::Relaxed) {
            line.insert_str(0, CLEAR_LINE);
        }
        if self.is_writable() {
            let _ = self.write_all(line.as_bytes());
        }
    }

    fn line(&self, message: String) -> String {
        let mut line = streams::with_styles(message, self.choice);
        line.truncate(line.trim_end().len());
        shorten(&mut line, MESSAGE_MAX - CLEAR_LINE.len() - 1);
        line.push('\n');
        line
    }

    /// Writes bytes to the original standard error.
    pub fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        match &self.own {
            Some(file) => (&mut &*file).write_all(bytes),
            None => io::stderr().write_all(bytes),
        }
    }

    /// Returns the number of columns of the terminal.
    pub fn columns(&self) -> u16 {
        match &self.own {
            Some(file) => descriptors::columns(file),
            None => descriptors::columns(&io::stderr()),
        }
    }

    fn is_writable(&self) -> bool {
        match &self.own {
            Some(file) => descriptors::is_writable(file),
            None => descriptors::is_writable(&io::stderr()),
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
