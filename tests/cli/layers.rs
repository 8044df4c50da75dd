//! Order of the program's folders, as `main.rs` states it.

use std::fs;
use std::path::Path;

use super::harness::tree;

/// Folders from the top down. A folder imports only itself and folders after it.
const LAYERS: [&str; 6] = ["main", "commands", "run", "input", "output", "args"];

#[test]
fn imports_of_the_program_run_one_way() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin/walrus-accel");
    let layer = |name: &str| LAYERS.iter().position(|&other| other == name);
    let mut imports = 0;
    for name in tree(&root).into_keys() {
        let text = fs::read_to_string(root.join(&name)).unwrap();
        let folder = name.split(['/', '.']).next().unwrap();
        // `usage.rs` parses the command line for `main` alone, and imports what `run` imports.
        let from = match folder {
            "usage" => layer("run"),
            folder => layer(folder),
        };
        let from = from.unwrap_or_else(|| panic!("{name} has no place in the order"));
        for path in text.split("crate::").skip(1) {
            let to = path.split(|c: char| !c.is_alphanumeric() && c != '_');
            let to = to.into_iter().next().unwrap();
            if let Some(to) = layer(to) {
                assert!(from <= to, "{name} imports `{}`", LAYERS[to]);
                imports += 1;
            }
        }
    }
    assert!(imports > 100, "the scan found {imports} imports");
}
