//! Files of a quilt to build, with identifiers and tags.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use walrus_accel::quilt::QuiltTags;

use super::small_file;
use super::walk::{Skips, Walk, Walked};
use crate::args::{Identifiers, QuiltInputArgs, is_standard};
use crate::output::console::Console;
use crate::output::exit::Failure;
use crate::output::names::shown;

/// Maximum length of a list in bytes.
const MAX_LIST_LEN: u64 = 256 << 20;

/// File of a quilt.
#[derive(Debug)]
pub struct QuiltFile {
    pub path: PathBuf,
    pub identifier: String,
    pub tags: QuiltTags,
}

/// Entry of a list in JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListedFile {
    path: PathBuf,
    identifier: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, Value>,
}

/// Gathers the files of a quilt. Leaves out the directory `left_out` if a walk finds it.
///
/// Prints notes about entries that are left out. Fails if a directory or the list cannot be read,
/// since the quilt would lack files without a sign.
pub fn gather(
    args: &QuiltInputArgs,
    left_out: Option<&Path>,
    console: &Console,
) -> Result<Vec<QuiltFile>, Failure> {
    let mut files = Vec::new();
    let walk = Walk::new(args.follow);
    let walk = match left_out {
        Some(dir) => walk.without(dir),
        None => walk,
    };
    let mut skips = Skips::default();
    for given in &args.files {
        if is_standard(given) {
            let reason = "- has no name that could be an identifier: name files";
            return Err(Failure::Usage(reason.into()));
        }
        for step in walk.files(given) {
            match step {
                Walked::File(path) => files.push(QuiltFile {
                    identifier: identifier(&path, given, args.identifiers)?,
                    path,
                    tags: QuiltTags::default(),
                }),
                Walked::Skipped(path, reason) => skips.add(path, reason, console),
                Walked::Failed(_, message) => return Err(Failure::Other(message)),
            }
        }
    }
    skips.report(console);
    if let Some(list) = &args.entries {
        for (number, file) in (1..).zip(read_list(list)?) {
            let named = |reason: String| {
                Failure::Other(format!("entry {number} of {}: {reason}", shown(list)))
            };
            let tags = file.tags.iter().map(|(key, value)| match value {
                Value::String(text) => (key, text.clone()),
                value => (key, value.to_string()),
            });
            let tags = QuiltTags::new(tags).map_err(|error| named(error.to_string()))?;
            let identifier = match file.identifier {
                Some(identifier) => identifier,
                None => identifier_of_name(&file.path)?,
            };
            files.push(QuiltFile {
                path: file.path,
                identifier,
                tags,
            });
        }
    }
    match files.is_empty() {
        true => Err(Failure::Other(
            "there is no file to put into a quilt".into(),
        )),
        false => Ok(files),
    }
}

fn read_list(list: &Path) -> Result<Vec<ListedFile>, Failure> {
    let bytes = small_file::read_or_standard(list, MAX_LIST_LEN)?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let list = shown(list);
        Failure::Other(format!(
            "{list} is no list of files in JSON: {error}; quilt encode --help shows one"
        ))
    })
}

/// Returns the identifier of a file that was found at or below `given`.
fn identifier(path: &Path, given: &Path, rule: Identifiers) -> Result<String, Failure> {
    let below = path.strip_prefix(given).unwrap_or(Path::new(""));
    if rule == Identifiers::Name || below.as_os_str().is_empty() {
        return identifier_of_name(path);
    }
    let mut identifier = String::new();
    for component in below.components() {
        if !identifier.is_empty() {
            identifier.push('/');
        }
        identifier.push_str(text(component.as_os_str(), path)?);
    }
    Ok(identifier)
}

fn identifier_of_name(path: &Path) -> Result<String, Failure> {
    match path.components().next_back() {
        Some(Component::Normal(name)) => text(name, path).map(str::to_owned),
        _ => Err(Failure::Other(format!(
            "{}: the path has no name at its end; give an identifier with --entries",
            shown(path)
        ))),
    }
}

fn text<'a>(name: &'a OsStr, path: &Path) -> Result<&'a str, Failure> {
    name.to_str().ok_or_else(|| {
        Failure::Other(format!(
            "{}: the name is not UTF-8, which identifiers are; rename the file",
            shown(path)
        ))
    })
}
