//! The C header equals what `src/ffi/` generates, and its versions are the package's.
#![cfg(feature = "capi")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use cbindgen::{Builder, Config};

/// Files in the order of the header.
const FILES: [&str; 34] = [
    "version",
    "status",
    "entry_point",
    "arguments",
    "size_queries",
    "device_list",
    "runtime_handle",
    "control_handle",
    "metadata_handle",
    "callbacks",
    "source_options",
    "sink_options",
    "encode_request",
    "sliver_views",
    "decode_request",
    "unchecked_request",
    "verify_request",
    "reader_report",
    "reader_handle",
    "rebuild_request",
    "symbol_verdicts",
    "expanded_handle",
    "recover_request",
    "recovered_handle",
    "proof_request",
    "quilt_ids",
    "quilt_patches",
    "encode_quilt_request",
    "quilt_reader_handle",
    "quilt_read_request",
    "batch_results",
    "directory_report",
    "job_handle",
    "quilt_jobs",
];

/// Environment variable that makes the test write the files instead of comparing them.
const WRITE: &str = "WALRUS_ACCEL_WRITE_HEADER";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn source(file: &str) -> PathBuf {
    root().join(format!("src/ffi/{file}.rs"))
}

fn header() -> String {
    let mut config = Config::from_file(root().join("include/cbindgen.toml")).unwrap();
    config.header = Some(fs::read_to_string(root().join("include/preface.h")).unwrap());
    config.after_includes = Some(versions());
    let mut builder = Builder::new().with_config(config);
    for file in FILES {
        builder = builder.with_src(source(file));
    }
    let mut bytes = Vec::new();
    builder.generate().unwrap().write(&mut bytes);
    let text = String::from_utf8(bytes).unwrap();
    let text: String = text.lines().map(|line| in_brackets(line) + "\n").collect();
    let (before, after) = text.rsplit_once("#endif").unwrap();
    format!("{before}{}\n#endif{after}", initialisers(&text))
}

/// Puts brackets around a negative number that a line defines.
fn in_brackets(line: &str) -> String {
    let line = line.trim_end();
    match line.split_once(" -") {
        Some((name, number)) if name.starts_with("#define ") => format!("{name} (-{number})"),
        _ => line.to_owned(),
    }
}

fn versions() -> String {
    let mut text = format!(
        "\n/**\n \
         * Version of this header. walrus_accel_version returns the version of the library.\n \
         */\n\
         #define WALRUS_ACCEL_VERSION \"{}\"\n",
        env!("CARGO_PKG_VERSION")
    );
    for (name, number) in [
        ("MAJOR", env!("CARGO_PKG_VERSION_MAJOR")),
        ("MINOR", env!("CARGO_PKG_VERSION_MINOR")),
        ("PATCH", env!("CARGO_PKG_VERSION_PATCH")),
    ] {
        writeln!(text, "#define WALRUS_ACCEL_VERSION_{name} {number}").unwrap();
    }
    text
}

/// Returns the code without comments.
fn without_comments(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("/*") {
        code.push_str(before);
        rest = comment.split_once("*/").unwrap().1;
    }
    code + rest
}

/// Returns an `_INIT` macro for each structure with a size. The macro names every field, so that no
/// compiler warns.
fn initialisers(header: &str) -> String {
    let code = without_comments(header);
    let mut text = String::new();
    for definition in code.split("typedef struct ").skip(1) {
        let Some((name, rest)) = definition.split_once(" {") else {
            continue; // A handle.
        };
        let (fields, _) = rest.split_once('}').unwrap();
        if name.contains(';') || !fields.contains("size_t struct_size;") {
            continue;
        }
        let zeros = ", 0".repeat(fields.matches(';').count() - 1);
        let upper = name.to_uppercase();
        writeln!(
            text,
            "/**\n * Initialiser of a {name}: all fields have their defaults.\n */\n\
             #define {upper}_INIT {{ sizeof({name}){zeros} }}\n"
        )
        .unwrap();
    }
    text
}

/// Returns the structures that the header defines, with the types of their fields.
fn structures(code: &str) -> Vec<(&str, Vec<&str>)> {
    let definitions = code.split("typedef struct ").skip(1);
    let structures = definitions.filter_map(|definition| {
        let (name, rest) = definition.split_once(" {")?;
        let (fields, _) = rest.split_once('}')?;
        let fields = fields
            .split(';')
            .map(str::trim)
            .filter(|field| !field.is_empty());
        (!name.contains(';')).then(|| (name, fields.collect()))
    });
    structures.collect()
}

#[test]
fn structures_have_no_padding() {
    let header = header();
    let code = without_comments(&header);
    let structures = structures(&code);
    assert!(structures.len() > 10);
    for (name, fields) in structures {
        // Offset of the field in bytes, with pointers and sizes of 64 bits.
        let mut at = 0;
        for field in fields {
            let size = match field.split_whitespace().next().unwrap() {
                "uint16_t" if !field.contains('*') => 2,
                "uint32_t" | "int32_t" | "walrus_accel_status" if !field.contains('*') => 4,
                _ => 8,
            };
            assert_eq!(at % size, 0, "padding before `{field}` in {name}");
            at += size;
        }
        let frozen = ["walrus_accel_sliver"];
        assert!(
            at % 8 == 0 || frozen.contains(&name),
            "padding at the end of {name}"
        );
    }
}

/// Returns the functions that the header declares, sorted by name.
fn functions(header: &str) -> Vec<String> {
    let code = without_comments(header);
    let mut names: Vec<_> = code
        .match_indices("walrus_accel_")
        .filter_map(|(at, _)| {
            let rest = &code[at..];
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_')?;
            (rest[end..].starts_with('(') && !code[..at].ends_with("(*"))
                .then(|| rest[..end].into())
        })
        .collect();
    names.sort();
    names
}

#[track_caller]
fn is_kept(path: &str, expected: &str) {
    let path = root().join(path);
    if std::env::var_os(WRITE).is_some() {
        fs::write(&path, expected).unwrap();
        return;
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let line = found
        .lines()
        .zip(expected.lines())
        .position(|(a, b)| a != b);
    assert!(
        found == expected,
        "{} differs from the output of src/ffi/ at line {:?}: run \
         `{WRITE}=1 cargo test --features capi --test header` and look at the change",
        path.display(),
        line.map(|line| line + 1)
    );
}

#[test]
fn the_header_equals_the_output_of_the_code() {
    let header = header();
    is_kept("include/walrus_accel.h", &header);
    let mut symbols = functions(&header).join("\n");
    symbols.push('\n');
    is_kept("include/symbols.txt", &symbols);
}

#[test]
fn every_exported_function_is_in_the_header() {
    let mut exported = Vec::new();
    for entry in fs::read_dir(root().join("src/ffi")).unwrap() {
        let path = entry.unwrap().path();
        let code = fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let here: Vec<String> = code
            .split("pub extern \"C\" fn ")
            .skip(1)
            .map(|rest| rest.split('(').next().unwrap().to_owned())
            .collect();
        assert!(
            here.is_empty() || FILES.contains(&name.as_str()),
            "{name} is not in FILES"
        );
        assert_eq!(
            here.len(),
            code.matches("#[unsafe(no_mangle)]").count(),
            "{name}"
        );
        exported.extend(here);
    }
    exported.sort();
    assert_eq!(exported, functions(&header()));
}

#[test]
fn every_function_lists_its_statuses() {
    let header = header();
    let code = &header[header.find("#include").unwrap()..];
    for function in functions(&header) {
        let at = code.find(&format!("{function}(")).unwrap();
        let (before, declaration) = code.split_at(at);
        let comment = &before[before.rfind("/**").unwrap()..];
        let is_status = before.trim_end().ends_with("walrus_accel_status");
        let takes_error = declaration[..declaration.find(';').unwrap()].contains("**error");
        let tells = ["Statuses:", "statuses:", "WALRUS_ACCEL_INVALID_HANDLE if"];
        assert!(
            !(is_status || takes_error) || tells.iter().any(|word| comment.contains(word)),
            "{function} does not list its statuses: {comment}"
        );
    }
}
