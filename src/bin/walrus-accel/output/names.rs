//! File names and digests in messages, lines and JSON objects.

use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// Returns a file's name for a message or a line for people. Bytes that are not UTF-8 are escaped.
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

/// Returns a file's name as an argument for a shell.
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

/// Escapes characters that move a terminal's cursor or reverse the direction of text, like the
/// library's messages about files.
pub fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let moves = c.is_control()
            || matches!(
                c,
                '\u{61c}'
                    | '\u{200e}'
                    | '\u{200f}'
                    | '\u{202a}'..='\u{202e}'
                    | '\u{2066}'..='\u{2069}'
            );
        match moves {
            true => shown.extend(c.escape_default()),
            false => shown.push(c),
        }
    }
    shown
}

/// Returns bytes in hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the line `<id>  <name>`. Line breaks are escaped as by sha256sum.
pub fn id_line(id: impl Display, name: &Path) -> Vec<u8> {
    named_line(&format!("{id}  "), name, "")
}

/// Returns a line with a name in it. If the name has line breaks or backslashes, they are escaped,
/// and the line begins with a backslash.
pub fn named_line(before: &str, name: &Path, after: &str) -> Vec<u8> {
    let name = name.as_os_str().as_encoded_bytes();
    let mut line = Vec::with_capacity(64 + name.len());
    if name.iter().any(|byte| b"\\\n\r".contains(byte)) {
        line.push(b'\\');
    }
    line.extend_from_slice(before.as_bytes());
    for &byte in name {
        match byte {
            b'\\' => line.extend_from_slice(br"\\"),
            b'\n' => line.extend_from_slice(br"\n"),
            b'\r' => line.extend_from_slice(br"\r"),
            byte => line.push(byte),
        }
    }
    line.extend_from_slice(after.as_bytes());
    line
}

/// Returns the path with the bytes of a file name. `None` if the system has no such paths: where
/// names are Unicode, other bytes are no name.
pub fn path_of(bytes: Vec<u8>) -> Option<PathBuf> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt;
        Some(std::ffi::OsString::from_vec(bytes).into())
    }
    #[cfg(not(unix))]
    String::from_utf8(bytes).ok().map(PathBuf::from)
}

/// File name in a JSON object, under a key of that object.
///
/// JSON strings are Unicode. A name that is not UTF-8 is written twice: with replacement characters
/// under the key, and as bytes in hex under the key with the suffix `Bytes`.
pub struct JsonName {
    key: &'static str,
    bytes_key: &'static str,
    path: PathBuf,
}

impl JsonName {
    /// Returns the name of the object's file.
    pub fn file(path: &Path) -> Self {
        Self::new("file", "fileBytes", path)
    }

    /// Returns the name of the object's blob directory.
    pub fn dir(path: &Path) -> Self {
        Self::new("dir", "dirBytes", path)
    }

    /// Returns the name of the directory that received the slivers.
    pub fn out_dir(path: &Path) -> Self {
        Self::new("outDir", "outDirBytes", path)
    }

    /// Returns the name of the sliver file that the result comes from.
    pub fn sliver(path: &Path) -> Self {
        Self::new("sliver", "sliverBytes", path)
    }

    /// Returns the name of a file in a directory.
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

/// Serializes as entries of the object around it: `#[serde(flatten)]`.
impl Serialize for JsonName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(self.key, &self.path.to_string_lossy())?;
        if self.path.to_str().is_none() {
            let bytes = self.path.as_os_str().as_encoded_bytes();
            map.serialize_entry(self.bytes_key, &hex(bytes))?;
        }
        map.end()
    }
}

/// Displays the name for people.
impl Display for JsonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.path))
    }
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
