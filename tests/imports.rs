//! Dependency rules of modules, as docs/ARCHITECTURE.md has them. The tests read the `crate::` and
//! `super::` paths of everything in `src/` but unit tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Items outside its folder that an engine may use. They include no tree, metadata, file, job or
/// wire format.
const SEAM: [(&str, &[&str]); 11] = [
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
            "zeroed",
        ],
    ),
    ("io::control", &["Control", "DeviceTime"]),
    ("format::index", &["Axis", "SliverIndex"]),
    ("format::pair_set", &["PairSet"]),
    ("format::shape", &["Shape"]),
    (
        "format::commitment",
        &[
            // Result of a sink's session, for an engine that forwards slivers.
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
            // For an engine that checks the roots of another.
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

/// Additional items for the module that chooses an engine: events.
const SEAM_OF_SCHEDULE: [(&str, &[&str]); 1] = [("io::control", &["Event"])];

/// Modules of `engine/` that all engines may use: options and known devices.
const SHARED: [&str; 3] = ["device_info", "options", "testing"];

/// Modules of `engine/` that may use an engine, and that engine: a device engine falls back to the
/// CPU engine, and the registry opens all engines.
const KNOWN_ENGINES: [(&str, &str); 4] = [
    ("gpu", "cpu"),
    ("registry", "cpu"),
    ("registry", "gpu"),
    ("registry", "reference"),
];

/// Only folders with `unsafe`: vectors, devices, C ABI.
const UNSAFE: [&str; 3] = ["engine/cpu/", "engine/gpu/", "ffi/"];

/// Only places that convert bytes to numbers.
const READERS: [&str; 3] = [
    "format/wire/",         // untrusted bytes
    "engine/",              // symbols and hash words
    "directory/journal.rs", // a record under a hash
];

/// Only places that read JSON: manifest, journal, cached measurements.
const JSON_READERS: [&str; 2] = ["directory/", "engine/schedule/calibration.rs"];

/// Returns the folders of `src/` from the lowest to the highest, as docs/ARCHITECTURE.md has them.
fn order() -> Vec<String> {
    let names = table("\n## The tree\n");
    assert!((8..=10).contains(&names.len()), "{names:?}");
    names
}

/// Returns the folders of `src/engine/` from the lowest to the highest, as docs/ARCHITECTURE.md has
/// them.
fn order_of_engine() -> Vec<String> {
    let names = table("\n### Inside `engine/`\n");
    assert!(names.len() >= 10, "{names:?}");
    names
}

/// Returns the folders that the first column of a table names. The table follows `heading`.
fn table(heading: &str) -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ARCHITECTURE.md");
    let page = fs::read_to_string(page).unwrap();
    let table = page.split(heading).nth(1).expect("a section");
    let table = table.split("\n##").next().unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split_once("/` |").expect("a folder").0.to_owned())
        .collect()
}

#[test]
fn imports_inside_engine_run_one_way() {
    let order = order_of_engine();
    let folder = |file: &str| {
        let file = file.strip_prefix("engine/")?;
        order
            .iter()
            .position(|folder| file.starts_with(&format!("{folder}/")))
    };
    let mut seen = vec![false; order.len()];
    for (file, imports) in &Graph::of(&library()).imports {
        let Some(place) = folder(file) else {
            continue; // The seam, and the files of an engine that its folders share.
        };
        seen[place] = true;
        for import in imports {
            assert!(
                folder(import).is_none_or(|other| other <= place),
                "{file} uses {import}"
            );
        }
    }
    assert!(seen.iter().all(|seen| *seen), "{order:?}: {seen:?}");
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
            continue; // lib.rs re-exports items of all modules.
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
fn no_file_imports_itself_through_others() {
    let graph = Graph::of(&library());
    let circles = graph.circles();
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn the_scanner_sees_circles() {
    let files = [
        Code::new(
            "a/mod.rs",
            "mod b;\npub(crate) mod c;\npub(crate) use self::b::B;",
        ),
        Code::new("a/b.rs", "use super::c::C;\nstruct B;"),
        Code::new("a/c.rs", "use crate::d::D;\n#[cfg(test)]\nuse crate::a::B;"),
        Code::new("d.rs", "use crate::a;\nstruct D(a::B);"),
        Code::new(
            "e.rs",
            "use crate::a::{self, B};\nfn f() -> crate::d::D { self::g() }",
        ),
    ];
    let graph = Graph::of(&files);
    assert_eq!(graph.circles(), [["a/b.rs", "a/c.rs", "d.rs"]]);
    // A use of a re-exported name imports the file that defines the name.
    let imports: Vec<_> = graph.imports["e.rs"].iter().collect();
    assert_eq!(imports, ["a/b.rs", "a/mod.rs", "d.rs"]);
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
                // An engine may use the traits and its own modules, but no other engine.
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
    // The command line uses the library through `walrus_accel::` only. The compiler ensures this as
    // long as no file belongs to two crates.
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

/// Code of a source file without comments and unit tests.
struct Code {
    /// Path relative to `src/`, with `/`.
    name: String,
    /// Path of the module.
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
        // Fields and imports that only unit tests have.
        let mut for_tests = false;
        let lines = lines.filter(move |line| {
            let skipped = for_tests && line.trim_end().ends_with([',', ';']);
            for_tests = line.trim() == "#[cfg(test)]";
            !skipped
        });
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

    /// Returns the position of each occurrence of a word, with the code after the word.
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

    /// Returns the names that a folder's `mod.rs` re-exports, as paths from the crate's root, and
    /// the rest of the file.
    fn face(&self) -> (Vec<Vec<String>>, Self) {
        let (mut face, mut rest) = (Vec::new(), String::new());
        let mut code = &self.code[..];
        let is_face = self.name.ends_with("mod.rs");
        while let Some(at) = code.find("use ").filter(|_| is_face) {
            let end = at + code[at..].find(';').expect("the end of a `use`") + 1;
            let before = code[..at].trim_end_matches(' ');
            let shown = before
                .lines()
                .next_back()
                .is_some_and(|line| line.starts_with("pub") && !before.ends_with('\n'));
            if shown {
                rest.push_str(before);
                let item = self.with(&code[at..end]);
                face.extend(item.paths());
                face.extend(item.inner_paths(|_| None));
                let path = code[at + "use ".len()..end].trim_start();
                if !["crate", "super", "self"]
                    .iter()
                    .any(|word| path.starts_with(word))
                {
                    expand(&self.module, path, &mut face);
                }
            } else {
                rest.push_str(&code[..end]);
            }
            code = &code[end..];
        }
        rest.push_str(code);
        (face, self.with(&rest))
    }

    /// Returns other code under the same file name.
    fn with(&self, code: &str) -> Self {
        Self {
            name: self.name.clone(),
            module: self.module.clone(),
            code: code.to_owned(),
        }
    }

    /// Returns every path that begins with `self`, or with the name of a child or imported module.
    fn inner_paths(&self, module: impl Fn(&str) -> Option<Vec<String>>) -> Vec<Vec<String>> {
        let mut paths = Vec::new();
        for (_, after) in self.after("self") {
            if let Some(rest) = after.strip_prefix("::") {
                expand(&self.module, rest, &mut paths);
            }
        }
        let words = self.code.match_indices("::").filter_map(|(at, _)| {
            let is_part = |c: char| c.is_alphanumeric() || c == '_';
            let start = self.code[..at]
                .rfind(|c| !is_part(c))
                .map_or(0, |before| before + 1);
            let within = self.code[..start].ends_with("::");
            (start < at && !within).then_some(start)
        });
        for start in words {
            let (name, rest) = self.code[start..].split_once("::").unwrap();
            if !["crate", "super", "self"].contains(&name)
                && let Some(module) = module(name)
            {
                expand(&module, rest, &mut paths);
            }
        }
        paths
    }

    /// Returns every named path from the crate's root, with `super` resolved.
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
                continue; // Part of a longer path, which is found at its beginning.
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

/// Imports between files.
struct Graph {
    imports: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    fn of(files: &[Code]) -> Self {
        let modules: BTreeMap<_, _> = files.iter().map(|file| (&file.module[..], file)).collect();
        let faces: BTreeMap<_, _> = files.iter().map(|file| (&file.name, file.face())).collect();
        let imports = files.iter().map(|file| {
            let (_, body) = &faces[&file.name];
            let paths = body.paths();
            // Child modules and imported modules, by their local names.
            let known: BTreeMap<_, _> = modules
                .keys()
                .filter(|module| {
                    module
                        .split_last()
                        .is_some_and(|(_, above)| above == file.module)
                })
                .map(|module| module.to_vec())
                .chain(paths.iter().cloned())
                .filter(|path| modules.contains_key(&path[..]))
                .filter_map(|path| Some((path.last()?.clone(), path)))
                .collect();
            let inner = body.inner_paths(|name| known.get(name).cloned());
            let paths = paths.into_iter().chain(inner);
            let found = paths.filter_map(|path| resolve(&path, &modules, &faces, 0));
            let others = found.filter(|other| *other != file.name);
            (file.name.clone(), others.collect())
        });
        Self {
            imports: imports.filter(|(name, _)| name != "lib.rs").collect(),
        }
    }

    /// Returns every file that `from` imports, directly or through other files.
    fn reach(&self, from: &str) -> BTreeSet<&String> {
        let mut found = BTreeSet::new();
        let mut next: Vec<_> = self.imports[from].iter().collect();
        while let Some(name) = next.pop() {
            if found.insert(name) {
                next.extend(self.imports.get(name).into_iter().flatten());
            }
        }
        found
    }

    /// Returns the groups of files that import each other.
    fn circles(&self) -> Vec<Vec<&String>> {
        let reach: BTreeMap<_, _> = self
            .imports
            .keys()
            .map(|name| (name, self.reach(name)))
            .collect();
        let mut circles = BTreeSet::new();
        for (name, reached) in &reach {
            if reached.contains(name) {
                let circle = reached.iter().filter(|other| {
                    let back = reach.get(**other);
                    back.is_some_and(|back| back.contains(name))
                });
                circles.insert(circle.copied().collect::<Vec<_>>());
            }
        }
        circles.into_iter().collect()
    }
}

/// Returns the file that defines the item of a path. Re-exports of a `mod.rs` are followed.
fn resolve(
    path: &[String],
    modules: &BTreeMap<&[String], &Code>,
    faces: &BTreeMap<&String, (Vec<Vec<String>>, Code)>,
    depth: usize,
) -> Option<String> {
    let file = (0..=path.len())
        .rev()
        .find_map(|len| Some((len, *modules.get(&path[..len])?)));
    let (len, file) = file?;
    if let Some(name) = path.get(len)
        && depth < 9
    {
        let (face, _) = &faces[&file.name];
        if let Some(path) = face.iter().find(|path| path.last() == Some(name)) {
            return resolve(path, modules, faces, depth + 1);
        }
    }
    Some(file.name.clone())
}

/// Reads one tree of a `use`, or a plain path, and returns the text after it.
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
                // Skips the rest of the item: ` as name`.
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

/// Returns the files below `src/` for which `wanted` is true.
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
    // Unit tests in files of their own may use the whole crate.
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
