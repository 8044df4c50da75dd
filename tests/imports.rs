//! Dependency rules of modules, as docs/ARCHITECTURE.md has them. The tests read the `crate::` and
//! `super::` paths of everything in `src/` but unit tests.

#[path = "imports/code.rs"]
mod code;
#[path = "imports/graph.rs"]
mod graph;

use std::fs;
use std::path::{Path, PathBuf};

use code::Code;
use graph::Graph;

/// Items outside its folder that an engine may use. They include no tree, metadata, file, job or
/// wire format.
const SEAM: [(&str, &[&str]); 13] = [
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
            "of_tensor",
            "product_with",
            "scaled_from_tensor",
            "scaled_to_tensor",
            "subfield_factor",
            "tensor_of",
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
    (
        "support::user_cache",
        &["cache_path", "read_bounded", "replace_file"],
    ),
    ("io::control", &["Control", "DeviceTime"]),
    ("io::device_work", &["DeviceWork", "DeviceWorkTotal"]),
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
            "INNER_PREFIX",
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
    ("io::symbol_reader", &["SourceRows", "SymbolReader"]),
    (
        "io::sink",
        &[
            "Pieces",
            "SinkSession",
            "SliverBufferMut",
            "SliverPart",
            "SliverStore",
        ],
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

/// Only places with `unsafe`: vectors, devices, C ABI, a system call that no crate wraps.
const UNSAFE: [&str; 4] = [
    "engine/cpu/",
    "engine/gpu/",
    "ffi/",
    "support/disk/disk_hints.rs",
];

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
