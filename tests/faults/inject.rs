//! Runs of the program with failing system calls, by `inject.c`, which is compiled once per
//! process.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// Maximum duration of a run, in seconds.
const TIME_LIMIT_SECONDS: u32 = 60;

/// Exit status of `inject` for a program that exceeded the limit.
const TIMED_OUT: i32 = 124;

/// Result of a run with faults.
#[derive(Debug)]
pub struct Faulty {
    /// Exit code. More than 128 for a signal.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    /// Counted calls.
    pub calls: Vec<Call>,
}

/// Counted system call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Number among all calls, from 1.
    pub number: usize,
    /// Name of the system call.
    pub name: String,
    /// Descriptor and path, if the call has them.
    pub on: String,
    /// True if the call got a fault.
    pub failed: bool,
}

impl Call {
    fn parse(line: &str) -> Self {
        let failed = line.starts_with('*');
        let mut words = line.trim_start_matches('*').splitn(3, ' ');
        let mut word = || words.next().unwrap_or_default().to_owned();
        Self {
            number: word().parse().expect(line),
            name: word(),
            on: word(),
            failed,
        }
    }
}

impl Faulty {
    /// Returns the call that got a fault, if any.
    pub fn failed_call(&self) -> Option<&Call> {
        self.calls.iter().find(|call| call.failed)
    }

    /// Returns the reason why the end of the run is wrong, if it is: a hang, a panic, a signal, an
    /// exit code that does not fit the fault, or an error without a message.
    pub fn complaint(&self) -> Option<String> {
        let reason = match self.code {
            TIMED_OUT => format!("hangs: ended after {TIME_LIMIT_SECONDS} s"),
            _ if self.stderr.contains("panicked") => "panics".into(),
            129.. => format!("ends by signal {}", self.code - 128),
            0 => return None,
            1 | 3 if self.stderr.trim().is_empty() => "an error without a message".into(),
            1 | 3 if self.stderr.len() > 16 << 10 => "a message of more than 16 KiB".into(),
            // Exit code 3: threads could not be started.
            3 if self.failed_call().is_none_or(|call| call.name != "clone3") => "exit 3".into(),
            1 | 3 => return None,
            code => format!("exit {code}"),
        };
        Some(reason)
    }

    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}{}", self.stdout, self.stderr);
        self
    }
}

/// Runs the program with `arguments` and the faults of `rules`, whose syntax `inject.c` describes.
/// Counting starts with the first call that names a path below `directory`. Temporary files go to
/// `temporary`.
pub fn run(rules: &str, directory: &Path, temporary: &Path, arguments: &[OsString]) -> Faulty {
    let program = OsString::from(env!("CARGO_BIN_EXE_walrus-accel"));
    let report = temporary.with_extension("report");
    let mut below = directory.as_os_str().to_owned();
    below.push("/");
    let output = Command::new(injector())
        .args([
            report.as_os_str(),
            &below,
            TIME_LIMIT_SECONDS.to_string().as_ref(),
        ])
        .arg(rules)
        .arg(program)
        .args(arguments)
        .env("TMPDIR", temporary)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let Output { stdout, stderr, .. } = &output;
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(stdout), text(stderr));
    assert!(!stderr.starts_with("inject: "), "{stderr}");
    let lines = fs::read(&report).unwrap();
    fs::remove_file(report).unwrap();
    Faulty {
        code: output.status.code().expect("inject gives signals as codes"),
        stdout,
        stderr,
        calls: text(&lines).lines().map(Call::parse).collect(),
    }
}

/// Compiles `inject.c` on the first call and returns the path of the program.
fn injector() -> &'static Path {
    static INJECTOR: OnceLock<PathBuf> = OnceLock::new();
    INJECTOR.get_or_init(|| {
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("inject");
        let fresh = program.with_extension(std::process::id().to_string());
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let compiled = Command::new(compiler)
            .args(["-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-o"])
            .args([
                fresh.as_os_str(),
                OsStr::new(concat!(
                    env!("CARGO_MANIFEST_DIR"),
                    "/tests/faults/inject.c"
                )),
            ])
            .status()
            .expect("a C compiler");
        assert!(compiled.success(), "inject.c does not compile");
        fs::rename(fresh, &program).unwrap();
        program
    })
}
