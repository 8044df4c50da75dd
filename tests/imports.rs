//! The order of the tree, which docs/ARCHITECTURE.md has: which module may know which, read off the `crate::` and
//! `super::` paths of everything in `src/` but its unit tests.

use std::fs;
use std::path::{Path, PathBuf};

/// All that an engine knows of the crate outside its folder: no tree, metadata, file, job or wire format.
const SEAM: [(&str, &[&str]); 10] = [
    ("format::error", &["Error", "Result"]),
    ("support::fork_gate", &["defer_forks", "get_or_init"]),
    (
        "code",
        &[
            "Code",
            "Erasures",
            "Matrix",
            "Matrix16",
            "Rate",
            "block_derivative",
            "exp",
            "from_tensor",
            "full_factor",
            "make_tables",
            "mul",
            "scaled_from_tensor",
            "scaled_to_tensor",
            "subfield_factor",
            "to_tensor",
            "with_tables",
        ],
    ),
    (
        "support::memory",
        &[
            "BufferPool",
            "PooledBuffer",
            "catch_out_of_memory",
            "collected",
            "ensure_capacity",
            "filled",
            "memory_error",
            "with_capacity",
        ],
    ),
    ("io::control", &["Control", "DeviceTime"]),
    ("format::index", &["Axis", "PairSet", "SliverIndex"]),
    ("format::shape", &["Shape"]),
    (
        "format::commitment",
        &[
            // What a sink's session ends with, for an engine that passes slivers on.
            "BlobMetadataWithId",
            "ChunkTask",
            "Commitment",
            "Digest",
            "LEAF_PREFIX",
            "OneAtATime",
            "PairHasher",
            "TaskPool",
            "TreeHasher",
            // An engine that computes roots itself checks them.
            "ZeroCodewords",
            "column_roots",
            "row_roots",
        ],
    ),
    ("io::symbol_reader", &["SymbolReader"]),
    (
        "io::sink",
        &["Pieces", "SinkSession", "SliverPart", "SliverBufferMut"],
    ),
];

/// Names beyond those that the choice of an engine may use: events to tell.
const SEAM_OF_SCHEDULE: [(&str, &[&str]); 1] = [("io::control", &["Event"])];

/// What engines are opened with, and what is known of devices.
const SHARED: [&str; 3] = ["device_info", "options", "testing"];

/// Modules that know an engine other than themselves: the engine of devices has the CPU's behind it, and the registry
/// opens all of them.
const KNOWN_ENGINES: [(&str, &str); 4] = [
    ("gpu", "cpu"),
    ("registry", "cpu"),
    ("registry", "gpu"),
    ("registry", "reference"),
];

/// The only places with `unsafe`: vectors, devices, the C ABI.
const UNSAFE: [&str; 3] = ["engine/cpu/", "engine/gpu/", "ffi/"];

/// The only places that make numbers of bytes.
const READERS: [&str; 3] = [
    "format/wire/",         // bytes from strangers
    "engine/",              // symbols and hash words
    "directory/journal.rs", // its own checkpoint, under a hash
];

/// The only places that read JSON: manifest and journal; what was measured.
const JSON_READERS: [&str; 2] = ["directory/", "engine/schedule/calibration.rs"];

/// The folders of `src/` from the lowest to the highest, as docs/ARCHITECTURE.md has them.
fn order() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ARCHITECTURE.md");
    let page = fs::read_to_string(page).unwrap();
    let table = page.split("\n## The tree\n").nth(1).expect("a section");
    let table = table.split("\n## ").next().unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    let names: Vec<_> = rows
        .map(|row| row.split_once("/` |").expect("a folder").0.to_owned())
        .collect();
    assert!(names.len() >= 8, "{names:?}");
    names
}

#[test]
fn imports_run_one_way() {
    let order = order();
    let place = |module: &str| {
        let place = order.iter().position(|name| name == module);
        place.unwrap_or_else(|| panic!("`{module}` has no place in docs/ARCHITECTURE.md"))
    };
    for file in library() {
        let Some(from) = file.module.first() else {
            continue; // lib.rs offers what all of them have.
        };
        for path in file.paths() {
            assert!(
                place(&path[0]) <= place(from),
                "{} uses {}",
                file.name,
                path.join("::")
            );
        }
    }
}

#[test]
fn the_table_has_every_folder_and_no_other() {
    let mut there: Vec<_> = fs::read_dir(source_root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "lib.rs")
        .collect();
    let mut order = order();
    there.sort();
    order.sort();
    assert_eq!(there, order);
}

#[test]
fn engines_know_the_seam_alone() {
    for file in library() {
        let [engine, this, ..] = &file.module[..] else {
            continue;
        };
        if engine != "engine" {
            continue;
        }
        let offers = |seam: &[(&str, &[&str])], path: &[String]| {
            seam.iter().any(|(module, names)| {
                let module: Vec<_> = module.split("::").collect();
                let (front, back) = path.split_at(module.len().min(path.len()));
                front == module
                    && back
                        .first()
                        .is_some_and(|name| names.contains(&name.as_str()))
            })
        };
        for path in file.paths() {
            let allowed = match path[0].as_str() {
                // The traits, and what is the engine's own: never another engine.
                "engine" => {
                    let Some(name) = path.get(1) else {
                        continue; // `pub(in crate::engine)`
                    };
                    let is_known = KNOWN_ENGINES.contains(&(this.as_str(), name.as_str()));
                    if SHARED.contains(&name.as_str()) || is_known {
                        continue;
                    }
                    let is_module = source_root().join("engine").join(name).is_dir()
                        || source_root().join(format!("engine/{name}.rs")).is_file();
                    name == this || !is_module
                }
                _ => {
                    offers(&SEAM, &path) || (this == "schedule" && offers(&SEAM_OF_SCHEDULE, &path))
                }
            };
            assert!(allowed, "{} uses {}", file.name, path.join("::"));
        }
    }
}

#[test]
fn some_things_are_done_in_one_place_alone() {
    let only_in = |places: &[&str], words: &[&str]| {
        for file in library() {
            let here = places.iter().any(|place| file.name.starts_with(place));
            let found = words.iter().find(|word| file.has(word));
            assert!(
                here || found.is_none(),
                "{} has `{}`",
                file.name,
                found.unwrap()
            );
        }
    };
    only_in(&UNSAFE, &["unsafe"]);
    only_in(
        &READERS,
        &["from_le_bytes", "from_be_bytes", "from_ne_bytes"],
    );
    only_in(&JSON_READERS, &["from_slice", "from_reader"]);
}

#[test]
fn nothing_goes_around_the_modules() {
    // What the command line gets of the library it gets through `walrus_accel::`; the compiler sees
    // to that as long as no file is in two crates.
    for file in library().into_iter().chain(command_line()) {
        for word in ["path", "include"] {
            let around = [format!("#[{word} ="), format!("{word}!(")];
            let found = around.iter().find(|text| file.code.contains(*text));
            assert_eq!(found, None, "{}", file.name);
        }
    }
}

#[test]
fn the_scanner_sees_every_way_to_name_a_module() {
    let file = |name: &str, code: &str| Code::new(name, code);
    let paths = |name: &str, code: &str| -> Vec<String> {
        let paths = file(name, code).paths();
        paths.iter().map(|path| path.join("::")).collect()
    };
    let code = "use crate::{a::{self, B as Other, c::*}, d};\n\
                // use crate::comment;\n\
                fn f() -> crate::e::F<crate::g::H> { super::i::j(super::super::k::L) }\n\
                pub(crate) fn g() { mycrate::x::y(); std::fs::read(self::m) }\n\
                #[cfg(test)]\nmod tests { use crate::unit::Test; }";
    let expected = [
        "a::self",
        "a::B",
        "a::c::*",
        "d",
        "e::F",
        "g::H",
        "x::y::i::j",
        "x::k::L",
    ];
    assert_eq!(paths("x/y/z.rs", code), expected);
    assert_eq!(paths("x/y/mod.rs", "use super::b::{C};"), ["x::b::C"]);
    assert_eq!(paths("x.rs", "use super::b;"), ["b"]);
    assert!(file("x.rs", "a unsafe { }").has("unsafe"));
    assert!(!file("x.rs", "deny(unsafe_code) // unsafe").has("unsafe"));
}

/// The code of a source file: without comments and unit tests.
struct Code {
    /// Relative to `src/`, with `/`.
    name: String,
    /// The path of its module.
    module: Vec<String>,
    code: String,
}

impl Code {
    fn new(name: &str, text: &str) -> Self {
        let code = text
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default();
        let lines = code.lines().map(|line| line.split("//").next().unwrap());
        let path = name.strip_suffix(".rs").unwrap();
        let mut module: Vec<String> = path.split('/').map(str::to_owned).collect();
        if ["mod", "lib", "main"].contains(&module.last().unwrap().as_str()) {
            module.pop();
        }
        Self {
            name: name.to_owned(),
            module,
            code: lines.collect::<Vec<_>>().join("\n"),
        }
    }

    /// The places after each occurrence of a word.
    fn after<'a>(&'a self, word: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
        let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        self.code.match_indices(word).filter_map(move |(at, _)| {
            let (before, after) = (&self.code[..at], &self.code[at + word.len()..]);
            let whole = !is_part(before.chars().next_back()) && !is_part(after.chars().next());
            whole.then_some((at, after))
        })
    }

    fn has(&self, word: &str) -> bool {
        self.after(word).next().is_some()
    }

    /// Every path from the crate's root that is named here, `super` resolved.
    fn paths(&self) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        for (at, after) in self.after("crate") {
            if let Some(rest) = after.strip_prefix("::") {
                found.push((at, Vec::new(), rest));
            }
        }
        for (at, after) in self.after("super") {
            let (mut base, mut rest) = (self.module.clone(), after);
            if self.code[..at].ends_with("::") {
                continue; // A part of a longer path, seen at its beginning.
            }
            base.pop();
            while let Some(further) = rest.strip_prefix("::super") {
                base.pop();
                rest = further;
            }
            if let Some(rest) = rest.strip_prefix("::") {
                found.push((at, base, rest));
            }
        }
        found.sort_by_key(|(at, ..)| *at);
        let mut paths = Vec::new();
        for (_, base, rest) in found {
            expand(&base, rest, &mut paths);
        }
        paths
    }
}

/// Reads one tree of a `use` (or a plain path) and gives what comes after it.
fn expand<'a>(base: &[String], text: &'a str, paths: &mut Vec<Vec<String>>) -> &'a str {
    let mut path = base.to_vec();
    let mut text = text.trim_start();
    loop {
        if let Some(mut rest) = text.strip_prefix('{') {
            loop {
                rest = rest.trim_start();
                if let Some(after) = rest.strip_prefix('}') {
                    return after;
                }
                rest = expand(&path, rest, paths);
                // What is left of the item: ` as name`.
                let end = rest.find([',', '}']).expect("a closed brace");
                rest = rest[end..].strip_prefix(',').unwrap_or(&rest[end..]);
            }
        }
        let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '*';
        let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
        path.push(text[..end].to_owned());
        match text[end..].strip_prefix("::") {
            Some(rest) if !rest.starts_with('<') => text = rest,
            _ => {
                paths.push(path);
                return &text[end..];
            }
        }
    }
}

fn source_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The files below `src/` for which `wanted` holds.
fn files(wanted: impl Fn(&str) -> bool) -> Vec<Code> {
    let mut found = Vec::new();
    let mut directories = vec![source_root()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let name = path.strip_prefix(source_root()).unwrap();
            let name = name.to_str().unwrap().replace('\\', "/");
            let is_code = name.ends_with(".rs") && !name.ends_with("tests.rs");
            if is_code && wanted(&name) {
                found.push(Code::new(&name, &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

fn library() -> Vec<Code> {
    // Unit tests in files of their own know the whole crate.
    let for_tests = [
        "engine/gpu/tests",
        "engine/testing/",
        "engine/gpu/shader/twin/",
    ];
    let is_for_tests = |name: &str| for_tests.iter().any(|file| name.starts_with(file));
    files(|name| !(name.starts_with("bin/") || is_for_tests(name)))
}

fn command_line() -> Vec<Code> {
    files(|name| name.starts_with("bin/"))
}
