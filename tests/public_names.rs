//! The root of the crate stays small: names that every user needs. The others are in modules.

use std::fs;
use std::path::Path;

/// Largest number of names that the root re-exports.
const MOST: usize = 25;

/// Returns the names that `pub use` lines without indentation re-export.
fn root_names(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for item in code.split("\npub use ").skip(1) {
        let item = item.split(';').next().expect("an end");
        let list = match item.split_once('{') {
            Some((_, list)) => list.trim_end_matches('}'),
            None => item.rsplit("::").next().expect("a name"),
        };
        let list = list.split(',').map(str::trim);
        names.extend(list.filter(|name| !name.is_empty()).map(str::to_owned));
    }
    names
}

#[test]
fn the_root_has_few_names() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs");
    let names = root_names(&fs::read_to_string(path).unwrap());
    assert!(names.iter().any(|name| name == "Runtime"), "{names:?}");
    assert!(names.iter().all(|name| name != "*"), "{names:?}");
    assert!(
        names.len() <= MOST,
        "{} names, and at most {MOST} are for the root: {names:?}",
        names.len()
    );
}

#[test]
fn every_name_is_counted() {
    let code = "mod a;\n\npub use a::B;\npub use a::{\n    C, d,\n};\npub mod e {\n    pub use \
                crate::F;\n}\nuse a::G;\n";
    assert_eq!(root_names(code), ["B", "C", "d"]);
}
