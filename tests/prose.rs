//! Lint of the text of sources: first lines of doc comments, lengths of lines, names of files.
//!
//! A doc comment begins with what its item is: a noun phrase, or a verb in the third person. A
//! relative clause ("What the engine gives") explains the item only to a reader who knows it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders with sources, each with its subfolders.
const ROOTS: [&str; 8] = [
    "src", "benches", "tests", "fuzz", "bindings", "examples", "include", "shaders",
];

/// Folders below `ROOTS` with files that are not part of the project's text.
const SKIPPED: [&str; 4] = ["target", "node_modules", "corpus", "artifacts"];

/// Beginnings that no doc comment may have.
const OPENINGS: [&str; 9] = [
    "What", "Whether", "Those", "The same", "That one", "Which", "Who", "How", "They",
];

/// Longest source line, in characters.
const COLUMNS: usize = 100;

/// Names that several files of `src/` may have.
const SHARED_NAMES: [&str; 2] = ["mod.rs", "tests.rs"];

#[test]
fn doc_comments_begin_with_a_noun_or_a_verb() {
    expect_none(|file, found| {
        for comment in doc_comments(file.language, &file.text) {
            if let Some(opening) = opening(&comment.first_line) {
                let (line, text) = (comment.line, &comment.first_line);
                found.push(format!(
                    "{}:{line}: begins with `{opening}`: {text}",
                    file.name
                ));
            }
        }
    });
}

#[test]
fn lines_fit_into_100_columns() {
    expect_none(|file, found| {
        for (line, columns) in long_lines(&file.text) {
            // The generator of the header does not break a declaration with one parameter.
            let is_comment = |text: &str| text.trim_start().starts_with(['*', '/']);
            let text = file.text.lines().nth(line - 1);
            if file.name.starts_with("include/") && !text.is_some_and(is_comment) {
                continue;
            }
            found.push(format!(
                "{}:{line}: {columns} columns, at most {COLUMNS}",
                file.name
            ));
        }
    });
}

#[test]
fn files_of_the_crate_have_names_of_their_own() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in files_below(&root().join("src")) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        places.entry(name).or_default().push(relative(&path));
    }
    assert!(places.len() > 50, "src/ has {} names", places.len());
    places.retain(|name, paths| paths.len() > 1 && !SHARED_NAMES.contains(&name.as_str()));
    let found: Vec<_> = places.values().map(|paths| paths.join(", ")).collect();
    assert!(
        found.is_empty(),
        "files with one name:\n{}",
        found.join("\n")
    );
}

#[test]
fn the_scanner_finds_every_kind_of_doc_comment() {
    let lines = |language, text: &str| -> Vec<(usize, String)> {
        let comments = doc_comments(language, text).into_iter();
        comments
            .map(|comment| (comment.line, comment.first_line))
            .collect()
    };
    let expected = |expected: &[(usize, &str)]| -> Vec<(usize, String)> {
        let expected = expected.iter();
        expected
            .map(|&(line, text)| (line, text.to_owned()))
            .collect()
    };
    let rust = "//! A file.\n//! What it is.\n\n/// An item.\n///\n/// How it works.\n\
                fn f<'a>() {}\n\
                fn g() {\n    /// Within.\n    let c = ['\"', '\\'', '\\\\'];\n}\n\
                /** A block.\n * More. */\nstruct B; /// Behind.\n\
                //// No doc.\n// None.\n/* None. */ /*** None. */ /**/\n\
                /*! Inner. /* nested */ */\n\
                const S: &str = \"/// no\\\"/// no\"; \
                const R: &str = r#\"/// \"no\"\n/// no\n\"#;\n\
                ///\n/// After an empty line.\nconst B: &[u8] = br\"/// no\\\"; /// End.";
    assert_eq!(
        lines(Language::Rust, rust),
        expected(&[
            (1, "A file."),
            (4, "An item."),
            (9, "Within."),
            (12, "A block."),
            (14, "Behind."),
            (18, "Inner. /* nested */"),
            (23, "After an empty line."),
            (24, "End."),
        ])
    );
    let c = "/*\n * A file.\n */\n#define A \"/* no */\" /* Behind. */\n/// A line.\n// None.\n\
             /** A function. */\nint f(void) { return '\"'; } /* Last. */";
    assert_eq!(
        lines(Language::C, c),
        expected(&[
            (2, "A file."),
            (4, "Behind."),
            (5, "A line."),
            (7, "A function."),
            (8, "Last."),
        ])
    );
    let wgsl = "// A file.\n// More.\n\n// A structure.\nstruct S {\n\
                \x20   // A field.\n    a: u32, // None.\n\
                \x20   // Another.\n    b: u32,\n}\n\
                // A function.\nfn f() {\n    // None.\n    if a { }\n    // None.\n}\n\
                // A constant.\n";
    assert_eq!(
        lines(Language::Wgsl, wgsl),
        expected(&[
            (1, "A file."),
            (4, "A structure."),
            (6, "A field."),
            (8, "Another."),
            (11, "A function."),
            (17, "A constant."),
        ])
    );
}

#[test]
fn the_lint_refuses_what_it_is_for() {
    for text in [
        "What became of it.",
        "what became of it.",
        "Whether it is.",
        "Those of it.",
        "The same, in bytes.",
        "The same.",
        "That one's.",
        "Which it is.",
        "Who did it.",
        "How it is done.",
        "How.",
        "They are.",
        "**What** it is.",
    ] {
        assert!(opening(text).is_some(), "{text}");
    }
    for text in [
        "",
        "Whole bytes.",
        "Whatever.",
        "However.",
        "The samples.",
        "`What` is an item.",
        "Returns what it holds.",
    ] {
        assert_eq!(opening(text), None, "{text}");
    }
    let line = |columns: usize| "é".repeat(columns);
    let text = [line(100), line(101), String::new(), line(102)].join("\n");
    assert_eq!(long_lines(&text), [(2, 101), (4, 102)]);
    let address = format!("    /// <https://example.org/{}>", line(100));
    assert_eq!(long_lines(&address), []);
    assert_eq!(long_lines(&format!("see {address}")).len(), 1);
    assert_eq!(long_lines(&format!("{address} there")).len(), 1);
}

/// Runs a check over all sources, and fails with the list of its findings, if there are any.
fn expect_none(check: impl Fn(&Source, &mut Vec<String>)) {
    let sources = sources();
    for language in [Language::Rust, Language::C, Language::Wgsl] {
        let count = sources.iter().filter(|file| file.language == language);
        assert!(count.count() >= 5, "few sources: {language:?}");
    }
    let mut found = Vec::new();
    for file in &sources {
        check(file, &mut found);
    }
    let count = found.len();
    assert!(found.is_empty(), "{count} findings:\n{}", found.join("\n"));
}

/// Syntax of comments and strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Rust,
    /// C and C++, without raw strings.
    C,
    Wgsl,
}

/// Source file.
struct Source {
    /// Path from the root of the project, with `/`.
    name: String,
    language: Language,
    text: String,
}

/// Returns all sources of the project, sorted by name.
fn sources() -> Vec<Source> {
    let mut all = Vec::new();
    for path in ROOTS
        .iter()
        .flat_map(|name| files_below(&root().join(name)))
    {
        let language = match path.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => Language::Rust,
            Some("c" | "cpp" | "h" | "hpp") => Language::C,
            Some("wgsl") => Language::Wgsl,
            _ => continue,
        };
        all.push(Source {
            name: relative(&path),
            language,
            text: fs::read_to_string(&path).unwrap(),
        });
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn relative(path: &Path) -> String {
    let path = path.strip_prefix(root()).unwrap();
    path.to_str().unwrap().replace('\\', "/")
}

/// Returns the files in a folder and its subfolders. A folder that does not exist has none.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if !path.is_dir() {
            files.push(path);
        } else if !SKIPPED.iter().any(|name| path.ends_with(name)) {
            files.extend(files_below(&path));
        }
    }
    files
}

/// Returns the forbidden beginning that a text has, if any. Emphasis around its words does not
/// count.
fn opening(text: &str) -> Option<&'static str> {
    let text = text.trim_start_matches(['*', '_', '"']).to_lowercase();
    OPENINGS.into_iter().find(|opening| {
        let rest = text.strip_prefix(&opening.to_lowercase());
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    })
}

/// Returns number and length of every line over `COLUMNS`. The one exception is a comment line that
/// has an address alone, which cannot be broken.
fn long_lines(text: &str) -> Vec<(usize, usize)> {
    let lines = text.lines().map(|line| (line, line.chars().count()));
    let long = (1..).zip(lines).filter(|(_, (line, columns))| {
        let words = line.trim_start_matches([' ', '/', '*', '!']);
        *columns > COLUMNS && (!words.contains("://") || words.contains(' '))
    });
    long.map(|(number, (_, columns))| (number, columns))
        .collect()
}

/// Doc comment.
struct DocComment {
    /// Number of the first line with text, from 1.
    line: usize,
    first_line: String,
}

/// Returns the doc comments of a source. In C these are all block comments, and in WGSL, which has
/// no doc comments, all comments outside functions that have their lines to themselves.
fn doc_comments(language: Language, text: &str) -> Vec<DocComment> {
    let mut all: Vec<DocComment> = Vec::new();
    // Marker and line of the last doc comment.
    let mut before = ("", 0);
    for comment in comments(language, text) {
        let is_doc = match (language, comment.marker) {
            (Language::Wgsl, _) => comment.is_alone && !comment.in_function,
            (Language::C, "/*") => true,
            (_, marker) => ["///", "//!", "/**", "/*!"].contains(&marker),
        };
        if !is_doc {
            continue;
        }
        let (line, first_line) = comment.first_line();
        let continues = comment.marker.starts_with("//")
            && comment.is_alone
            && before == (comment.marker, comment.line - 1);
        match all.last_mut() {
            // A line without text leaves the first line to the next one.
            Some(last) if continues && last.first_line.is_empty() => {
                *last = DocComment { line, first_line }
            }
            Some(_) if continues => {}
            _ => all.push(DocComment { line, first_line }),
        }
        before = (comment.marker, comment.line);
    }
    all
}

/// Comment: a block, or a line.
struct Comment<'a> {
    /// `//` or `/*`, with a third character if it makes the comment a doc comment.
    marker: &'static str,
    /// Text without the marker.
    text: &'a str,
    /// Number of its first line, from 1.
    line: usize,
    /// True if nothing is before it on its line.
    is_alone: bool,
    /// True if it is in the braces of a function.
    in_function: bool,
}

impl Comment<'_> {
    /// Returns its first line with text, with that line's number.
    fn first_line(&self) -> (usize, String) {
        let text = self.text.strip_suffix("*/").unwrap_or(self.text);
        let lines = text
            .lines()
            .map(|line| line.trim_start_matches([' ', '\t', '*']).trim_end());
        let mut lines = (self.line..).zip(lines);
        let first = lines.find(|(_, line)| !line.is_empty());
        first.map_or((self.line, String::new()), |(line, text)| {
            (line, text.to_owned())
        })
    }
}

/// Returns the comments of a source, strings and characters skipped.
fn comments(language: Language, text: &str) -> Vec<Comment<'_>> {
    let mut all = Vec::new();
    let (mut at, mut line, mut depth, mut in_function) = (0, 1, 0, false);
    while at < text.len() {
        let rest = &text[at..];
        let line_start = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let token = token(language, &text[..at], rest);
        match token.kind {
            Kind::Comment => {
                let marker = marker(rest);
                all.push(Comment {
                    marker,
                    text: &rest[marker.len().min(token.len)..token.len],
                    line,
                    is_alone: text[line_start..at].trim().is_empty(),
                    in_function,
                });
            }
            Kind::Code if depth == 0 && rest.starts_with("fn ") => in_function = true,
            Kind::Code if rest.starts_with('{') => depth += 1,
            Kind::Code if rest.starts_with('}') => {
                depth -= 1;
                in_function &= depth > 0;
            }
            Kind::Code | Kind::Literal => {}
        }
        line += rest[..token.len].matches('\n').count();
        at += token.len;
    }
    all
}

/// Returns the marker of a comment. Longer rows of `/` or `*` mark no doc comment.
fn marker(comment: &str) -> &'static str {
    if ["////", "/***", "/**/"]
        .iter()
        .any(|row| comment.starts_with(row))
    {
        return if comment.starts_with("//") {
            "//"
        } else {
            "/*"
        };
    }
    let markers = ["///", "//!", "/**", "/*!", "//", "/*"];
    let found = markers
        .into_iter()
        .find(|marker| comment.starts_with(marker));
    found.expect("a comment")
}

enum Kind {
    Comment,
    Literal,
    Code,
}

/// Piece of a source.
struct Token {
    kind: Kind,
    /// Its length in bytes.
    len: usize,
}

/// Returns the token that `rest` begins with: a comment, a string, a character, or one character of
/// code.
fn token(language: Language, before: &str, rest: &str) -> Token {
    let one = rest.chars().next().map_or(0, char::len_utf8);
    let is_rust = language == Language::Rust;
    let follows_name = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let (kind, len) = if rest.starts_with("//") {
        (Kind::Comment, rest.find('\n').unwrap_or(rest.len()))
    } else if rest.starts_with("/*") {
        (Kind::Comment, block_len(rest, language != Language::C))
    } else if language == Language::Wgsl {
        (Kind::Code, one)
    } else if rest.starts_with('"') {
        (Kind::Literal, quoted_len(rest, '"'))
    } else if is_rust && !follows_name && raw_hashes(rest).is_some() {
        let (start, hashes) = raw_hashes(rest).unwrap();
        let end = format!("\"{}", "#".repeat(hashes));
        let len = rest[start..]
            .find(&end)
            .map_or(rest.len(), |len| start + len + end.len());
        (Kind::Literal, len)
    } else if rest.starts_with('\'') && !(is_rust && is_lifetime(rest)) {
        (Kind::Literal, quoted_len(rest, '\''))
    } else {
        (Kind::Code, one)
    };
    Token { kind, len }
}

/// Returns the length of a block comment, within which others may be.
fn block_len(rest: &str, nests: bool) -> usize {
    let (mut at, mut depth) = (2, 1);
    while depth > 0 && at < rest.len() {
        let here = &rest.as_bytes()[at..];
        let step = match here {
            [b'*', b'/', ..] => {
                depth -= 1;
                2
            }
            [b'/', b'*', ..] if nests => {
                depth += 1;
                2
            }
            _ => 1,
        };
        at += step;
    }
    at
}

/// Returns the length of a string or character between quotes, in which a backslash escapes.
fn quoted_len(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if !is_escaped && c == quote {
            return at + 1;
        }
        is_escaped = !is_escaped && c == '\\';
    }
    rest.len()
}

/// Returns where the text of Rust's raw string begins, and the number of its hashes.
fn raw_hashes(rest: &str) -> Option<(usize, usize)> {
    let prefix = ["r", "br", "cr"].into_iter().find(|prefix| {
        let after = rest.strip_prefix(prefix);
        after.is_some_and(|after| after.starts_with(['"', '#']))
    })?;
    let after = &rest[prefix.len()..];
    let hashes = after.len() - after.trim_start_matches('#').len();
    let is_string = after[hashes..].starts_with('"');
    is_string.then_some((prefix.len() + hashes + 1, hashes))
}

/// Returns true if a quote begins a lifetime or a label, not a character.
fn is_lifetime(rest: &str) -> bool {
    let mut chars = rest.chars().skip(1);
    let first = chars.next();
    first.is_some_and(|c| c.is_alphabetic() || c == '_') && chars.next() != Some('\'')
}
