//! Runs the program and looks at what it leaves.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::common;

/// The longest that anything here waits for.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs the program with the arguments, whatever kind of string each is.
macro_rules! walrus {
    ($($argument:expr),* $(,)?) => {
        $crate::cli::harness::run($crate::cli::harness::words!($($argument),*))
    };
}

/// Arguments of whatever kind of string as a list.
macro_rules! words {
    ($($argument:expr),* $(,)?) => {
        vec![$(::std::ffi::OsString::from(
            ::std::convert::AsRef::<::std::ffi::OsStr>::as_ref(&$argument),
        )),*]
    };
}

pub(crate) use {walrus, words};

/// The program, with its input closed and its output caught.
pub fn command(words: Vec<OsString>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_walrus-accel"));
    command
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs the program to its end.
pub fn run(words: Vec<OsString>) -> Run {
    Run::of(command(words).output().unwrap())
}

/// Runs the program with something on standard input.
pub fn run_with_input(words: Vec<OsString>, input: &[u8]) -> Run {
    let mut child = command(words).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    Run::of(child.wait_with_output().unwrap())
}

/// What a run gave.
#[derive(Debug)]
pub struct Run {
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Run {
    pub fn of(output: Output) -> Self {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!stderr.contains("panicked"), "{stderr}");
        Self {
            code: output.status.code(),
            stdout: output.stdout,
            stderr,
        }
    }

    /// Fails unless it ended with this exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        let out = String::from_utf8_lossy(&self.stdout);
        assert_eq!(self.code, Some(code), "{out}\n{}", self.stderr);
        self
    }

    /// Fails unless standard error has each of the texts.
    #[track_caller]
    pub fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.stderr.contains(text), "no `{text}` in {}", self.stderr);
        }
        self
    }

    /// Fails if there is anything on standard error.
    #[track_caller]
    pub fn says_nothing(self) -> Self {
        assert_eq!(self.stderr, "");
        self
    }

    /// Standard output as text.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    /// Standard output as lines.
    #[track_caller]
    pub fn lines(&self) -> Vec<&str> {
        self.text().lines().collect()
    }

    /// Standard output as JSON objects, one a line.
    #[track_caller]
    pub fn objects(&self) -> Vec<Value> {
        let parse = |line: &&str| serde_json::from_str(line).expect(line);
        self.lines().iter().map(parse).collect()
    }

    /// Standard output as one JSON object.
    #[track_caller]
    pub fn object(&self) -> Value {
        let mut objects = self.objects();
        assert_eq!(objects.len(), 1);
        objects.remove(0)
    }
}

/// A temporary directory with files in it.
pub struct Scratch {
    directory: TempDir,
}

impl Scratch {
    pub fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A file with these bytes.
    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// A file with `len` bytes of the vectors' kind.
    pub fn blob(&self, name: &str, seed: u64, len: usize) -> PathBuf {
        self.file(name, &common::blob(seed, len))
    }

    /// A blob and its directory: the blob's file, and `out/<blob id>`.
    pub fn encoded(&self, seed: u64, len: usize, shards: u16) -> (PathBuf, PathBuf) {
        let file = self.blob("blob", seed, len);
        let directory = encode(&file, &self.path("out"), shards);
        (file, directory)
    }
}

/// Encodes a file into `out` and gives the directory.
pub fn encode(file: &Path, out: &Path, shards: u16) -> PathBuf {
    let run = walrus!["encode", file, "--out", out, "--shards", shards.to_string()].exits(0);
    let (id, directory) = run.text().trim_end().split_once("  ").unwrap();
    assert_eq!(out.join(id), Path::new(directory));
    directory.into()
}

/// The file of a sliver.
pub fn sliver(directory: &Path, pair: usize, axis: &str) -> PathBuf {
    directory.join(format!("pairs/{pair:04}.{axis}.bcs"))
}

/// Flips a bit in the middle of a file.
pub fn damage(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(path, bytes).unwrap();
}

/// Exchanges the contents of two files.
pub fn swap(a: &Path, b: &Path) {
    let (old_a, old_b) = (fs::read(a).unwrap(), fs::read(b).unwrap());
    fs::write(a, old_b).unwrap();
    fs::write(b, old_a).unwrap();
}

/// Cuts a file short by some bytes.
pub fn truncate(path: &Path, by: usize) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..bytes.len() - by]).unwrap();
}

/// Every file below a directory, by its name relative to it.
pub fn tree(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, directory: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, files);
            } else {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut files = BTreeMap::new();
    walk(directory, directory, &mut files);
    files
}

/// Fails unless two directories hold the same files with the same bytes.
#[track_caller]
pub fn assert_same_tree(a: &Path, b: &Path) {
    let (a, b) = (tree(a), tree(b));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    let differing: Vec<_> = a.keys().filter(|&name| a[name] != b[name]).collect();
    assert!(differing.is_empty(), "these differ: {differing:?}");
}

/// The names in a directory, sorted.
pub fn names(directory: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let name = |entry: std::io::Result<fs::DirEntry>| {
        entry.unwrap().file_name().to_string_lossy().into_owned()
    };
    let mut names: Vec<_> = entries.map(name).collect();
    names.sort();
    names
}

/// The working directory of an encode (or the unfinished file of a decode) in `out`, if there is
/// one.
pub fn partial(out: &Path) -> Option<PathBuf> {
    let name = names(out)
        .into_iter()
        .find(|name| name.ends_with(".partial"))?;
    Some(out.join(name))
}

/// Waits until something is there. `None` if the child ended before it was.
pub fn wait_for<T>(child: &mut Child, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if child.try_wait().unwrap().is_some() {
            return None;
        }
        assert!(start.elapsed() < PATIENCE, "nothing happens");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Sends a signal to a child.
#[cfg(unix)]
pub fn signal(child: &Child, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(pid, signal).unwrap();
}
