//! Quotations in `docs/INTEGRATION.md`: Rust code is from the example, and names of the C and C++
//! interface are from the headers.

use std::fs;
use std::path::Path;

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the lines of each fenced block of a language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<Vec<&'a str>> {
    let mut blocks = Vec::new();
    let mut open: Option<(bool, Vec<&str>)> = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(info), None) => open = Some((info == language, Vec::new())),
            (Some(_), Some(_)) => {
                let (wanted, lines) = open.take().unwrap();
                blocks.extend(wanted.then_some(lines));
            }
            (None, Some((_, lines))) => lines.push(line),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block of code has no end");
    blocks
}

/// Returns the words of a text that begin with a prefix.
fn words<'a>(text: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(move |word| word.starts_with(prefix))
}

#[test]
fn rust_code_is_quoted_from_the_example() {
    let page = file("docs/INTEGRATION.md");
    let files = ["main", "node", "encode_future"];
    let example = files.map(|name| file(&format!("examples/integration/{name}.rs")));
    let example: Vec<_> = example.iter().flat_map(|file| file.lines()).collect();
    let blocks = blocks(&page, "rust");
    assert!(blocks.len() >= 4, "{} blocks", blocks.len());
    for block in blocks {
        let is_quoted = example.windows(block.len()).any(|lines| lines == block);
        assert!(is_quoted, "not in the example:\n{}", block.join("\n"));
    }
}

#[test]
fn names_of_the_c_interface_exist() {
    let (page, header) = (file("docs/INTEGRATION.md"), file("include/walrus_accel.h"));
    // Variables of the environment.
    let variables = ["WALRUS_ACCEL_ISA"];
    let mut count = 0;
    for prefix in ["walrus_accel_", "WALRUS_ACCEL_"] {
        for word in words(&page, prefix).filter(|word| !variables.contains(word)) {
            assert!(words(&header, prefix).any(|known| known == word), "{word}");
            count += 1;
        }
    }
    assert!(count > 20, "{count} names");
}

#[test]
fn names_of_the_cpp_interface_exist() {
    let (page, header) = (
        file("docs/INTEGRATION.md"),
        file("bindings/cpp/walrus_accel.hpp"),
    );
    let block = blocks(&page, "cpp").concat().join("\n");
    let mut count = 0;
    for name in block.split("walrus_accel::").skip(1) {
        let name: String = name
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        assert!(words(&header, &name).any(|known| known == name), "{name}");
        count += 1;
    }
    assert!(count > 5, "{count} names");
}

#[test]
fn links_lead_to_files() {
    let page = file("docs/INTEGRATION.md");
    for link in page.split("](").skip(1) {
        let target = link.split([')', '#']).next().unwrap();
        file(&format!("docs/{target}"));
    }
}
