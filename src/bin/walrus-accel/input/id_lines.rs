//! Lists of blob IDs, as `blob-id` prints them.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use walrus_accel::{BlobId, Result};

use super::small_file;
use crate::args::is_standard;
use crate::output::names::{path_of, shown};

/// Maximum length of a list in bytes.
const MAX_LIST_LEN: u64 = 4 << 30;

/// Files with the blob IDs that lists say they have.
#[derive(Default)]
pub struct IdList {
    /// Files in the order of the lists.
    pub files: Vec<PathBuf>,
    /// Blob ID of each file.
    pub ids: Vec<BlobId>,
    /// One message for each line that is not as `blob-id` prints it.
    pub wrong: Vec<String>,
    /// True if standard input is a list or a file.
    standard_is_taken: bool,
}

/// Line of `blob-id --json`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonLine {
    blob_id: String,
    file: String,
    file_bytes: Option<String>,
    shards: Option<u16>,
}

impl IdList {
    /// Adds the lines of a list, which are for `shards` shards. Each line is text or a JSON object.
    pub fn read(&mut self, list: &Path, shards: u16) -> Result<()> {
        self.standard_is_taken |= is_standard(list);
        let bytes = small_file::read_or_standard(list, MAX_LIST_LEN)?;
        let lines = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        for (number, line) in (1..).zip(lines.split(|&byte| byte == b'\n')) {
            // A carriage return in a name is escaped. This one is of a list with CRLF.
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let parsed = match line {
                [] => continue,
                [b'{', ..] => parse_json(line, shards),
                _ => parse(line),
            };
            match parsed.and_then(|parsed| self.checked(parsed)) {
                Ok((id, path)) => {
                    self.ids.push(id);
                    self.files.push(path);
                }
                Err(reason) => {
                    let list = shown(list);
                    self.wrong.push(format!("{list}: line {number}: {reason}"));
                }
            }
        }
        Ok(())
    }

    /// Fails if the file is standard input, and standard input has another use.
    fn checked(&mut self, parsed: (BlobId, PathBuf)) -> Result<(BlobId, PathBuf), String> {
        if is_standard(&parsed.1) {
            if self.standard_is_taken {
                return Err("standard input can be read only once".into());
            }
            self.standard_is_taken = true;
        }
        Ok(parsed)
    }
}

/// Parses `<id>  <name>`, the inverse of [`id_line`](crate::output::names::id_line).
fn parse(line: &[u8]) -> Result<(BlobId, PathBuf), String> {
    let wrong = || "not a line of blob-id: a blob ID, two spaces and a name".to_owned();
    let (is_escaped, rest) = match line.strip_prefix(b"\\") {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    let space = rest.iter().position(|&byte| byte == b' ');
    let (id, name) = rest.split_at(space.ok_or_else(wrong)?);
    let name = name.strip_prefix(b"  ").ok_or_else(wrong)?;
    let id = std::str::from_utf8(id).ok().and_then(|id| id.parse().ok());
    let id = id.ok_or_else(wrong)?;
    let name = match is_escaped {
        true => unescaped(name).ok_or("the name has a backslash that escapes nothing")?,
        false => name.to_vec(),
    };
    Ok((id, path(name)?))
}

/// Parses an object with `blobId`, `file` and `fileBytes`.
fn parse_json(line: &[u8], shards: u16) -> Result<(BlobId, PathBuf), String> {
    let found: JsonLine = serde_json::from_slice(line)
        .map_err(|error| format!("not an object of blob-id --json: {error}"))?;
    let id = found.blob_id.parse();
    let id = id.map_err(|_| "not an object of blob-id --json: `blobId` is no blob ID")?;
    if let Some(of) = found.shards.filter(|&of| of != shards) {
        return Err(format!(
            "the blob ID is for {of} shards, not for {shards}; give --shards {of}"
        ));
    }
    let name = match &found.file_bytes {
        Some(hex) => from_hex(hex).ok_or("`fileBytes` is not hexadecimal")?,
        None => found.file.into_bytes(),
    };
    Ok((id, path(name)?))
}

/// Returns the path with the bytes of a name.
fn path(name: Vec<u8>) -> Result<PathBuf, String> {
    match name.is_empty() || name.contains(&0) {
        true => Err("the name is empty or has a NUL byte".into()),
        false => path_of(name).ok_or_else(|| "the name is not UTF-8".into()),
    }
}

/// Returns a name without its escapes. `None` if a backslash begins no known escape.
fn unescaped(name: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = name.iter();
    let mut plain = Vec::with_capacity(name.len());
    while let Some(&byte) = bytes.next() {
        plain.push(match byte {
            b'\\' => match bytes.next()? {
                b'\\' => b'\\',
                b'n' => b'\n',
                b'r' => b'\r',
                _ => return None,
            },
            byte => byte,
        });
    }
    Some(plain)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |&[high, low]: &[u8; 2]| u8::try_from(digit(high)? << 4 | digit(low)?).ok();
    match rest.is_empty() {
        true => pairs.iter().map(byte).collect(),
        false => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::names::{JsonName, id_line};

    fn id() -> BlobId {
        let encoder = walrus_accel::Encoder::new(4).unwrap();
        encoder.metadata(&b"walrus"[..]).unwrap().blob_id
    }

    #[test]
    fn every_name_comes_back() {
        let names: [&[u8]; 9] = [
            b"a",
            b" a  b ",
            b"a\nb",
            b"\\",
            b"\\n\n\r\\",
            b"-",
            b"{}",
            b"a\xff",
            "é".as_bytes(),
        ];
        for name in names
            .into_iter()
            .filter(|name| path_of(name.to_vec()).is_some())
        {
            let path = path_of(name.to_vec()).unwrap();
            let line = id_line(id(), &path);
            assert_eq!(parse(&line), Ok((id(), path.clone())), "{name:?}");
            let json = serde_json::to_value(JsonName::file(&path)).unwrap();
            let mut json = json.as_object().unwrap().clone();
            json.insert("blobId".into(), id().to_string().into());
            json.insert("shards".into(), 4.into());
            let line = serde_json::to_vec(&json).unwrap();
            assert_eq!(parse_json(&line, 4), Ok((id(), path)), "{name:?}");
        }
    }

    #[test]
    fn other_lines_are_refused() {
        let id = id();
        for line in [
            "x".into(),
            format!("{id}"),
            format!("{id} a"),
            format!("{id}  "),
            format!("{id}x  a"),
            format!(" {id}  a"),
            format!("\\{id}  a\\t"),
            format!("\\{id}  a\\"),
            format!("\\\\{id}  a"),
        ] {
            assert!(parse(line.as_bytes()).is_err(), "{line}");
        }
        for line in [
            "{".into(),
            "{}".into(),
            format!(r#"{{"blobId":"{id}"}}"#),
            r#"{"blobId":"short","file":"a"}"#.into(),
            format!(r#"{{"blobId":"{id}","file":"a","fileBytes":"6"}}"#),
            format!(r#"{{"blobId":"{id}","file":"a","fileBytes":"6g"}}"#),
            format!(r#"{{"blobId":"{id}","file":"","shards":4}}"#),
            format!(r#"{{"blobId":"{id}","file":"a","shards":5}}"#),
        ] {
            assert!(parse_json(line.as_bytes(), 4).is_err(), "{line}");
        }
    }
}
