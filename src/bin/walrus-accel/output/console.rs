//! Standard output for data, standard error for everything else.

use std::fmt::{self, Display};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::builder::styling::{AnsiColor, Style};
use indicatif::ProgressBar;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::args::ReportArgs;
use crate::commands::encoded_line::hex;
use crate::output::streams::{self, Messages};

/// Destination of all lines. A progress bar is lifted out of their way. Cheap to clone.
#[derive(Clone)]
pub struct Console {
    report: ReportArgs,
    messages: Arc<Messages>,
    bar: ProgressBar,
    broken: Arc<AtomicBool>,
}

impl Console {
    /// A console that shares its terminal with `bar`.
    pub fn new(report: ReportArgs, messages: Arc<Messages>, bar: ProgressBar) -> Self {
        Self {
            report,
            messages,
            bar,
            broken: Arc::default(),
        }
    }

    /// Whether lines on standard output are JSON objects.
    pub fn json(&self) -> bool {
        self.report.json
    }

    /// Returns true if lists are told in full.
    pub fn verbose(&self) -> bool {
        self.report.verbose
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
        let line = [bytes, b"\n"].concat();
        let write = || {
            let mut out = streams::lines();
            out.write_all(&line)?;
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
        let message = styled(kind, color, message);
        self.bar.suspend(|| self.messages.print(message));
    }
}

/// A message with its kind before it.
pub fn styled(kind: &str, color: AnsiColor, message: impl Display) -> String {
    let style = Style::new().bold().fg_color(Some(color.into()));
    format!("{style}{kind}:{style:#} {message}")
}

/// A file's name for a message or a line for people. Bytes that are not UTF-8 are escaped.
pub fn shown(path: &Path) -> String {
    let mut shown = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        shown.push_str(&escaped(chunk.valid()));
        for byte in chunk.invalid() {
            shown.push_str(&format!("\\x{byte:02x}"));
        }
    }
    shown
}

/// A file's name as an argument that a shell takes.
pub fn typed(path: &Path) -> String {
    let name = shown(path);
    let name = match name.starts_with('-') {
        true => format!("./{name}"),
        false => name,
    };
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+=:,@%".contains(c);
    match name.chars().all(is_plain) && !name.is_empty() {
        true => name,
        false => format!("'{}'", name.replace('\'', r"'\''")),
    }
}

/// A file's name in a JSON object, under a key of the object.
///
/// JSON has no strings but of Unicode. A name that is not UTF-8 is there with replacement characters, and
/// beside it under the key with `Bytes` behind it as bytes in hex.
pub struct JsonName {
    key: &'static str,
    bytes_key: &'static str,
    path: PathBuf,
}

impl JsonName {
    /// The file that the object is about.
    pub fn file(path: &Path) -> Self {
        Self::new("file", "fileBytes", path)
    }

    /// The blob's directory that it is about.
    pub fn dir(path: &Path) -> Self {
        Self::new("dir", "dirBytes", path)
    }

    /// The directory that a blob's slivers were written to.
    pub fn out_dir(path: &Path) -> Self {
        Self::new("outDir", "outDirBytes", path)
    }

    /// The file of a sliver that something is made of.
    pub fn sliver(path: &Path) -> Self {
        Self::new("sliver", "sliverBytes", path)
    }

    /// A file of a directory.
    pub fn path(path: &Path) -> Self {
        Self::new("path", "pathBytes", path)
    }

    fn new(key: &'static str, bytes_key: &'static str, path: &Path) -> Self {
        let path = path.to_owned();
        Self {
            key,
            bytes_key,
            path,
        }
    }
}

/// Entries of the object around it: `#[serde(flatten)]`.
impl Serialize for JsonName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(self.key, &self.path.to_string_lossy())?;
        if self.path.to_str().is_none() {
            map.serialize_entry(self.bytes_key, &hex(&name_bytes(&self.path)))?;
        }
        map.end()
    }
}

/// The name for people.
impl fmt::Display for JsonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.path))
    }
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

    #[test]
    fn names_can_be_typed() {
        let typed = |name: &str| typed(Path::new(name));
        assert_eq!(typed("a/b_c-1.bin"), "a/b_c-1.bin");
        assert_eq!(typed("-x"), "./-x");
        assert_eq!(typed("m dir; x"), "'m dir; x'");
        assert_eq!(typed("it's"), r"'it'\''s'");
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_not_unicode_stay_apart() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;

        let path = |bytes| Path::new(OsStr::from_bytes(bytes));
        assert_eq!(shown(path(b"\xe9t\xc3\xa9\xff")), r"\xe9té\xff");
        let json = |bytes| serde_json::to_string(&JsonName::file(path(bytes))).unwrap();
        assert_eq!(json("été".as_bytes()), r#"{"file":"été"}"#);
        let lossy = "{\"file\":\"a\u{fffd}\",\"fileBytes\":\"61ff\"}";
        assert_eq!(json(b"a\xff"), lossy);
        assert_ne!(json(b"a\xfe"), lossy);
    }
}
