//! `blob-id --check`.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use super::harness::{Run, Scratch, command, run, run_with_input, walrus, words};

/// Three files, and the lines of `blob-id` for them.
struct Listed {
    scratch: Scratch,
    files: [PathBuf; 3],
    list: PathBuf,
}

impl Listed {
    fn new() -> Self {
        let scratch = Scratch::new();
        let files = ["a", "b c", "d"].map(|name| scratch.file(name, name.as_bytes()));
        let [a, b, d] = &files;
        let lines = walrus!["blob-id", a, b, d, "--shards", "4"].exits(0).stdout;
        let list = scratch.file("list", &lines);
        Self {
            scratch,
            files,
            list,
        }
    }

    fn check(&self, more: &[&str]) -> Run {
        let mut words = words!["blob-id", "--check", self.list, "--shards", "4"];
        words.extend(more.iter().map(Into::into));
        run(words)
    }

    /// Returns the lines for the files with these verdicts.
    fn lines(&self, verdicts: [Option<&str>; 3]) -> Vec<String> {
        let lines = self.files.iter().zip(verdicts);
        let lines = lines.filter_map(|(file, verdict)| Some((file, verdict?)));
        lines
            .map(|(file, verdict)| format!("{}: {verdict}", file.display()))
            .collect()
    }
}

const OK: Option<&str> = Some("OK");

#[test]
fn good_files_are_ok() {
    let listed = Listed::new();
    let run = listed.check(&[]).exits(0).says_nothing();
    assert_eq!(run.lines(), listed.lines([OK; 3]));
    for more in [
        &["--quiet"][..],
        &["--status"],
        &["--quiet", "--json"],
        &["--status", "--json"],
    ] {
        let run = listed.check(more).exits(0).says_nothing();
        assert_eq!(run.text(), "");
    }
    let objects = listed.check(&["--json"]).exits(0).says_nothing().objects();
    assert_eq!(objects.len(), 3);
    for (object, file) in objects.iter().zip(&listed.files) {
        assert_eq!(object["file"], file.to_str().unwrap());
        assert_eq!(
            (&object["ok"], &object["computedBlobId"]),
            (&true.into(), &().into())
        );
    }
    // The list comes from standard input, with CRLF as other systems write it.
    let text = fs::read_to_string(&listed.list)
        .unwrap()
        .replace('\n', "\r\n");
    let words = words!["blob-id", "-c", "-", "--shards", "4"];
    let run = run_with_input(words, text.as_bytes())
        .exits(0)
        .says_nothing();
    assert_eq!(run.lines(), listed.lines([OK; 3]));
    // Several lists.
    let run = walrus!["blob-id", "-c", listed.list, listed.list, "--shards", "4"].exits(0);
    assert_eq!(run.lines().len(), 6);
}

#[test]
fn changed_missing_and_unreadable_files_fail() {
    let listed = Listed::new();
    fs::write(&listed.files[1], b"changed").unwrap();
    let run = listed
        .check(&[])
        .exits(1)
        .says(&["1 file has another blob ID", "of 3"]);
    assert_eq!(run.lines(), listed.lines([OK, Some("FAILED"), OK]));
    assert_eq!(run.stderr.lines().count(), 1);
    let run = listed.check(&["--quiet"]).exits(1).says(&["1 file has"]);
    assert_eq!(run.lines(), listed.lines([None, Some("FAILED"), None]));
    let object = listed.check(&["--quiet", "--json"]).exits(1).object();
    let computed = walrus!["blob-id", listed.files[1], "--shards", "4", "--no-names"].exits(0);
    assert_eq!(object["ok"], false);
    assert_eq!(object["computedBlobId"], computed.text().trim_end());
    assert_ne!(object["blobId"], object["computedBlobId"]);

    fs::remove_file(&listed.files[0]).unwrap();
    fs::remove_file(&listed.files[2]).unwrap();
    fs::create_dir(&listed.files[2]).unwrap();
    let unread = Some("FAILED open or read");
    let run = listed.check(&[]).exits(1).says(&[
        "a: No such file",
        "d is a directory",
        "2 files of 3 cannot be read",
        "1 file has another",
    ]);
    assert_eq!(run.lines(), listed.lines([unread, Some("FAILED"), unread]));
    let run = listed.check(&["--ignore-missing"]).exits(1);
    assert_eq!(run.lines(), listed.lines([None, Some("FAILED"), unread]));
    assert!(!run.stderr.contains("No such file"), "{}", run.stderr);
    let run = listed.check(&["--status"]).exits(1).says_nothing();
    assert_eq!(run.text(), "");
    let objects = listed.check(&["--json"]).exits(1).objects();
    assert_eq!(objects.len(), 3);
    assert!(
        objects[0]["error"]
            .as_str()
            .unwrap()
            .contains("No such file")
    );
    assert!(objects.iter().all(|object| object["ok"] == false));

    // A missing file alone is no failure with --ignore-missing, but something must be checked.
    fs::write(&listed.files[1], b"b c").unwrap();
    fs::remove_dir(&listed.files[2]).unwrap();
    let run = listed.check(&["--ignore-missing"]).exits(0).says_nothing();
    assert_eq!(run.lines(), listed.lines([None, OK, None]));
    listed
        .check(&["--ignore-missing", "--status"])
        .exits(0)
        .says_nothing();
    fs::remove_file(&listed.files[1]).unwrap();
    listed
        .check(&["--ignore-missing"])
        .exits(1)
        .says(&["no file of the list was checked"]);
    listed
        .check(&["--ignore-missing", "--status"])
        .exits(1)
        .says_nothing();
}

#[test]
fn other_lines_are_named_and_counted() {
    let listed = Listed::new();
    let mut text = fs::read_to_string(&listed.list).unwrap();
    text.insert_str(0, "# IDs\n\n");
    fs::write(&listed.list, &text).unwrap();
    let run = listed.check(&[]).exits(0);
    let run = run.says(&[
        "list: line 1: not a line of blob-id",
        "1 line has no blob ID",
    ]);
    assert_eq!(run.lines(), listed.lines([OK; 3]));
    listed.check(&["--strict"]).exits(1).says(&["1 line has"]);
    listed.check(&["--status"]).exits(0).says_nothing();
    listed
        .check(&["--status", "--strict"])
        .exits(1)
        .says_nothing();
    // Many wrong lines are counted, and all named with --verbose.
    text.insert_str(0, &"wrong\n".repeat(100));
    fs::write(&listed.list, &text).unwrap();
    let run = listed
        .check(&[])
        .exits(0)
        .says(&["101 lines have no blob ID"]);
    assert!(run.stderr.lines().count() < 20, "{}", run.stderr);
    let run = listed
        .check(&["--verbose"])
        .exits(0)
        .says(&["line 100:", "line 101:"]);
    assert_eq!(run.stderr.lines().count(), 102);
    // A file that is no list.
    let no_list = listed.scratch.file("no-list", &[7; 5000]);
    walrus!["blob-id", "--check", no_list]
        .exits(1)
        .says(&["no line with a blob ID"]);
    let missing = listed.scratch.path("missing");
    let words = words!["blob-id", "--check", missing, listed.list, "--shards", "4"];
    let run = super::harness::run(words)
        .exits(1)
        .says(&["missing: No such file"]);
    assert_eq!(run.lines().len(), 3);
}

#[test]
fn the_options_of_the_encoding_must_be_those_of_the_list() {
    let listed = Listed::new();
    let run = walrus!["blob-id", "--check", listed.list, "--shards", "5"].exits(1);
    assert_eq!(run.lines(), listed.lines([Some("FAILED"); 3]));
    run.says(&[
        "3 files have another blob ID",
        "--shards and --commitment must be",
    ]);
    let [a, ..] = &listed.files;
    let more = ["--shards", "10", "--commitment", "blake3"];
    let words = |first: Vec<OsString>| [first, more.map(OsString::from).to_vec()].concat();
    let lines = run_with_input(words(words!["blob-id", a]), b"")
        .exits(0)
        .stdout;
    run_with_input(words(words!["blob-id", "--check", "-"]), &lines).exits(0);
    // JSON objects tell the number of shards.
    let lines = walrus!["blob-id", a, "--shards", "10", "--json"]
        .exits(0)
        .stdout;
    let check = words!["blob-id", "--check", "-"];
    let run = run_with_input(check.clone(), &lines).exits(1);
    run.says(&["line 1: the blob ID is for 10 shards, not for 1000; give --shards 10"]);
    run_with_input([check, words!["--shards", "10"]].concat(), &lines).exits(0);
}

#[test]
fn standard_input_is_checked_once() {
    let listed = Listed::new();
    let lines = run_with_input(words!["blob-id", "-", "--shards", "4"], b"walrus")
        .exits(0)
        .stdout;
    let list = listed.scratch.file("list", &lines);
    let words = || words!["blob-id", "--check", list, "--shards", "4"];
    let run = run_with_input(words(), b"walrus").exits(0);
    assert_eq!(run.text(), "-: OK\n");
    run_with_input(words(), b"other").exits(1);
    listed.scratch.file("list", &lines.repeat(2));
    let run = run_with_input(words(), b"walrus").exits(0);
    run.says(&["line 2: standard input can be read only once"]);
    let words = words!["blob-id", "--check", "-", "--shards", "4"];
    run_with_input(words, &lines)
        .exits(1)
        .says(&["no line with a blob ID"]);
}

#[test]
fn options_of_the_check_need_the_check() {
    let listed = Listed::new();
    for option in ["--quiet", "--status", "--ignore-missing", "--strict"] {
        walrus!["blob-id", listed.files[0], option].exits(2);
    }
    for option in ["--recursive", "--no-names", "--files-from=x"] {
        listed.check(&[option]).exits(2);
    }
}

/// Any name comes back from lines and from JSON objects.
#[cfg(target_os = "linux")]
#[test]
fn every_name_survives() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let scratch = Scratch::new();
    let dir = scratch.path("dir");
    fs::create_dir(&dir).unwrap();
    let names: [&[u8]; 8] = [
        b"a\nb",
        b"a\rb\r",
        b"\\",
        b"\\n",
        b"  two  ",
        b"\xff\xfe",
        b"\xff\n\\",
        "é: OK".as_bytes(),
    ];
    for name in names {
        fs::write(dir.join(OsStr::from_bytes(name)), name).unwrap();
    }
    let inside = |words: Vec<OsString>, input: &[u8]| {
        let mut child = command(words)
            .current_dir(&dir)
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input).unwrap();
        Run::of(child.wait_with_output().unwrap())
    };
    let check = |more: &[&str], lines: &[u8]| {
        let mut words = words!["blob-id", "--check", "-", "--shards", "4"];
        words.extend(more.iter().map(Into::into));
        inside(words, lines)
    };
    let plain = inside(words!["blob-id", "-r", ".", "--shards", "4"], b"")
        .exits(0)
        .stdout;
    let json = inside(words!["blob-id", "-r", ".", "--shards", "4", "--json"], b"")
        .exits(0)
        .stdout;
    assert_eq!(plain.split(|&byte| byte == b'\n').count(), names.len() + 1);
    let results = [&plain, &json].map(|lines| check(&[], lines).exits(0).says_nothing().stdout);
    assert_eq!(results[0], results[1]);
    for line in [
        &b"\\./a\\nb: OK\n"[..],
        b"\\./a\\rb\\r: OK\n",
        b"\\./\\\\: OK\n",
        b"\\./\\\\n: OK\n",
        b"./  two  : OK\n",
        b"./\xff\xfe: OK\n",
        b"\\./\xff\\n\\\\: OK\n",
        "./é: OK: OK\n".as_bytes(),
    ] {
        assert!(
            results[0].windows(line.len()).any(|part| part == line),
            "{line:?}"
        );
    }
    // JSON objects of the check have the bytes of the names.
    let objects = check(&["--json"], &plain).exits(0).objects();
    let bytes = objects
        .iter()
        .filter_map(|object| object["fileBytes"].as_str());
    let mut bytes: Vec<_> = bytes.collect();
    bytes.sort_unstable();
    assert_eq!(bytes, ["2e2fff0a5c", "2e2ffffe"]);
    // A changed file is found under its name.
    fs::write(dir.join(OsStr::from_bytes(b"\xff\n\\")), b"changed").unwrap();
    let run = check(&["--quiet"], &plain).exits(1);
    assert_eq!(run.stdout, b"\\./\xff\\n\\\\: FAILED\n");
}
