//! Runs of the program, and checks of their results.

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

/// Maximum time to wait for an event.
const MAX_WAIT: Duration = Duration::from_secs(120);

/// Runs the program with arguments of any string types.
macro_rules! walrus {
    ($($argument:expr),* $(,)?) => {
        $crate::cli::harness::run($crate::cli::harness::words!($($argument),*))
    };
}

/// Returns arguments of any string types as a list.
macro_rules! words {
    ($($argument:expr),* $(,)?) => {
        vec![$(::std::ffi::OsString::from(
            ::std::convert::AsRef::<::std::ffi::OsStr>::as_ref(&$argument),
        )),*]
    };
}

pub(crate) use {walrus, words};

/// Returns the command that runs the program with empty input and captured output.
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

/// Runs the program with `input` on standard input.
pub fn run_with_input(words: Vec<OsString>, input: &[u8]) -> Run {
    let mut child = command(words).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    Run::of(child.wait_with_output().unwrap())
}

/// Result of a run.
#[derive(Debug)]
pub struct Run {
    /// Exit code. `None` if a signal ended the process.
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

    /// Fails unless the exit code is `code`.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        let out = String::from_utf8_lossy(&self.stdout);
        assert_eq!(self.code, Some(code), "{out}\n{}", self.stderr);
        self
    }

    /// Fails unless standard error contains each of the texts.
    #[track_caller]
    pub fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.stderr.contains(text), "no `{text}` in {}", self.stderr);
        }
        self
    }

    /// Fails unless standard error is empty.
    #[track_caller]
    pub fn says_nothing(self) -> Self {
        assert_eq!(self.stderr, "");
        self
    }

    /// Returns standard output as text.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    /// Returns standard output as lines.
    #[track_caller]
    pub fn lines(&self) -> Vec<&str> {
        self.text().lines().collect()
    }

    /// Returns standard output as JSON objects, one per line.
    #[track_caller]
    pub fn objects(&self) -> Vec<Value> {
        let parse = |line: &&str| serde_json::from_str(line).expect(line);
        self.lines().iter().map(parse).collect()
    }

    /// Returns standard output as one JSON object.
    #[track_caller]
    pub fn object(&self) -> Value {
        let mut objects = self.objects();
        assert_eq!(objects.len(), 1);
        objects.remove(0)
    }
}

/// Temporary directory for files of a test.
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

    /// Writes a file.
    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Writes a file with `len` bytes of the generator that the vectors use.
    pub fn blob(&self, name: &str, seed: u64, len: usize) -> PathBuf {
        self.file(name, &common::blob(seed, len))
    }

    /// Encodes a blob. Returns the blob's file and its directory `out/<blob id>`.
    pub fn encoded(&self, seed: u64, len: usize, shards: u16) -> (PathBuf, PathBuf) {
        let file = self.blob("blob", seed, len);
        let directory = encode(&file, &self.path("out"), shards);
        (file, directory)
    }
}

/// Encodes a file into `out` and returns the blob's directory.
pub fn encode(file: &Path, out: &Path, shards: u16) -> PathBuf {
    let run = walrus!["encode", file, "--out", out, "--shards", shards.to_string()].exits(0);
    let (id, directory) = run.text().trim_end().split_once("  ").unwrap();
    assert_eq!(out.join(id), Path::new(directory));
    directory.into()
}

/// Checks the fields about memory of a result: `limit` is the expected limit; `None`, the default.
pub fn memory_is_told(line: &Value, limit: Option<u64>) {
    let told = line["memoryLimit"].as_u64().expect("a limit");
    match limit {
        Some(limit) => assert_eq!(told, limit),
        None => assert!((256 << 20..=1 << 30).contains(&told), "{told}"),
    }
    if cfg!(target_os = "linux") {
        let peak = line["peakMemory"].as_u64().expect("a peak");
        assert!((1 << 20..1 << 33).contains(&peak), "{peak}");
    }
}

/// Returns the path of a sliver file.
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

/// Cuts `by` bytes off the end of a file.
pub fn truncate(path: &Path, by: usize) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..bytes.len() - by]).unwrap();
}

/// Returns every file below a directory by its relative path.
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

/// Returns the sorted names in a directory.
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

/// Returns the working directory of an encode, or the unfinished file of a decode, in `out`.
pub fn partial(out: &Path) -> Option<PathBuf> {
    let name = names(out)
        .into_iter()
        .find(|name| name.ends_with(".partial"))?;
    Some(out.join(name))
}

/// Waits until `look` returns a value. Returns `None` if the child ends before.
pub fn wait_for<T>(child: &mut Child, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if child.try_wait().unwrap().is_some() {
            return None;
        }
        assert!(start.elapsed() < MAX_WAIT, "nothing happens");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Stops a child at the first moment at which `look` returns a value.
///
/// The child runs for a millisecond at a time and is stopped while `look` runs. So the state that
/// `look` found does not change until [`go_on`], however fast the machine is. Returns `None` if the
/// child ends before.
#[cfg(unix)]
pub fn stop_when<T>(child: &mut Child, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, waitid};

    let start = Instant::now();
    // The state stays there for `Child::wait` to collect.
    let stopped_or_ended = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    loop {
        signal(child, Signal::STOP);
        let state = waitid(WaitId::Pid(Pid::from_child(child)), stopped_or_ended).unwrap();
        if !state.is_some_and(|state| state.stopped()) {
            return None;
        }
        if let Some(found) = look() {
            return Some(found);
        }
        assert!(start.elapsed() < MAX_WAIT, "nothing happens");
        go_on(child);
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Lets a stopped child run.
#[cfg(unix)]
pub fn go_on(child: &Child) {
    signal(child, rustix::process::Signal::CONT);
}

/// Waits for the end of a child.
pub fn end(child: Child) -> Run {
    Run::of(child.wait_with_output().unwrap())
}

/// Kills a child.
pub fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Sends a signal to a child.
#[cfg(unix)]
pub fn signal(child: &Child, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(pid, signal).unwrap();
}
