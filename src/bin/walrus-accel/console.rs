//! Standard output for data, standard error for everything else.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::builder::styling::{AnsiColor, Style};
use indicatif::ProgressBar;
use serde::Serialize;

/// Where lines go. A progress bar is lifted out of their way.
pub struct Console {
    json: bool,
    bar: ProgressBar,
    broken: AtomicBool,
}

impl Console {
    /// A console that shares its terminal with `bar`.
    pub fn new(json: bool, bar: ProgressBar) -> Self {
        Self {
            json,
            bar,
            broken: AtomicBool::new(false),
        }
    }

    /// Whether lines on standard output are JSON objects.
    pub fn json(&self) -> bool {
        self.json
    }

    /// Whether standard output no longer takes data: what is there to say would be lost.
    pub fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// Prints a line of data.
    pub fn line(&self, bytes: &[u8]) {
        if self.is_broken() {
            return;
        }
        let write = || {
            let mut out = io::stdout().lock();
            out.write_all(bytes)?;
            out.write_all(b"\n")?;
            out.flush()
        };
        if let Err(error) = self.bar.suspend(write) {
            self.broken_by(&error);
        }
    }

    /// Prints an object as one line.
    pub fn object(&self, object: &impl Serialize) {
        let text = serde_json::to_vec(object).expect("plain data can be written as JSON");
        self.line(&text);
    }

    /// Notes that standard output takes no more. Whoever closed it knows; anything else is said.
    pub fn broken_by(&self, error: &io::Error) {
        self.broken.store(true, Ordering::Relaxed);
        if error.kind() != io::ErrorKind::BrokenPipe {
            self.error(format_args!("cannot write to standard output: {error}"));
        }
    }

    /// Says what failed.
    pub fn error(&self, message: impl Display) {
        self.say("error", AnsiColor::Red, message);
    }

    /// Says what is not as it should be, though the work goes on.
    pub fn warning(&self, message: impl Display) {
        self.say("warning", AnsiColor::Yellow, message);
    }

    /// Says what is good to know.
    pub fn note(&self, message: impl Display) {
        self.say("note", AnsiColor::Green, message);
    }

    fn say(&self, kind: &str, color: AnsiColor, message: impl Display) {
        let style = Style::new().bold().fg_color(Some(color.into()));
        self.bar.suspend(|| {
            // With no standard error there is nobody to tell.
            let _ = writeln!(anstream::stderr(), "{style}{kind}:{style:#} {message}");
        });
    }
}

/// A file's name for a message or a line for people.
pub fn shown(path: &Path) -> String {
    escaped(&path.display().to_string())
}

/// A text without what moves a terminal's cursor, and without what makes text run the other way, as the
/// library tells of files.
pub fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let moves = c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        match moves {
            true => shown.extend(c.escape_default()),
            false => shown.push(c),
        }
    }
    shown
}

/// A file's name as bytes for a terminal or a pipe.
pub fn name_bytes(path: &Path) -> Vec<u8> {
    path.as_os_str().as_encoded_bytes().to_vec()
}

/// `<id>  <name>`, escaped as sha256sum does it, so that a line is always one line.
pub fn id_line(id: impl Display, name: &Path) -> Vec<u8> {
    let name = name_bytes(name);
    let mut line = Vec::with_capacity(64 + name.len());
    if name.iter().any(|byte| b"\\\n\r".contains(byte)) {
        line.push(b'\\');
    }
    write!(line, "{id}  ").expect("memory takes it");
    for byte in name {
        match byte {
            b'\\' => line.extend_from_slice(br"\\"),
            b'\n' => line.extend_from_slice(br"\n"),
            b'\r' => line.extend_from_slice(br"\r"),
            byte => line.push(byte),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_always_one_line() {
        let line = |name: &str| String::from_utf8(id_line("ID", Path::new(name))).unwrap();
        assert_eq!(line("a b"), "ID  a b");
        assert_eq!(line("a\nb\\c\r"), r"\ID  a\nb\\c\r");
    }

    #[test]
    fn names_move_no_cursor() {
        let shown = |name: &str| shown(Path::new(name));
        assert_eq!(shown("été/a b\\c"), "été/a b\\c");
        assert_eq!(shown("a\nb\x1b[2J\u{9b}"), r"a\nb\u{1b}[2J\u{9b}");
        assert_eq!(shown("a\u{202e}scb.b"), r"a\u{202e}scb.b");
    }
}
