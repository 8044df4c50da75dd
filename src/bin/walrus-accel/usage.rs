//! Parsing of the command line; help, version and usage errors.

use std::ffi::OsString;
use std::path::Path;

use clap::Parser;
use clap::builder::styling::AnsiColor;
use clap::error::ErrorKind;
use walrus_accel::{BlobId, EngineKind, Runtime};

use crate::args::Cli;
use crate::output::exit::Exit;
use crate::output::messages::{Messages, styled};
use crate::output::names::shown;
use crate::output::streams::print_styled;

/// Commit of the build, set by `make`.
const COMMIT: Option<&str> = option_env!("WALRUS_ACCEL_COMMIT");

/// Parses the command line. If there is nothing to run, prints the reason and returns the outcome
/// of the process.
pub fn parse() -> Result<Cli, Exit> {
    let words: Vec<_> = std::env::args_os().collect();
    Cli::try_parse_from(&words).map_err(|error| print(&error, &words[1..]))
}

/// Prints help and version as data, and anything else as an error.
fn print(error: &clap::Error, words: &[OsString]) -> Exit {
    let messages = Messages::new();
    if let Some(id) = mistaken(words, is_blob_id)
        && !error.use_stderr()
    {
        let message = format!(
            "`{id}` is a blob ID that begins with a dash; {}",
            advice(&id)
        );
        messages.print(styled("error", AnsiColor::Red, message));
        return Exit::Usage;
    }
    let text = match error.kind() {
        ErrorKind::DisplayVersion if is_verbose(words) => version(),
        _ => error.render().ansi().to_string(),
    };
    if !error.use_stderr() {
        return match print_styled(text) {
            Ok(()) => Exit::Done,
            Err(error) => {
                if error.kind() != std::io::ErrorKind::BrokenPipe {
                    let message = format!("cannot write to standard output: {error}");
                    messages.print(styled("error", AnsiColor::Red, message));
                }
                Exit::Failed
            }
        };
    }
    let is_name = |word: &OsString| is_blob_id(word) || Path::new(word).symlink_metadata().is_ok();
    messages.print(match mistaken(words, is_name) {
        Some(name) => format!(
            "{text}\n  tip: `{name}` begins with a dash; {}",
            advice(&name)
        ),
        None => text,
    });
    Exit::Usage
}

/// Returns the first argument that the parser takes for options and that satisfies `is_meant`.
fn mistaken(words: &[OsString], is_meant: impl Fn(&OsString) -> bool) -> Option<String> {
    let dashed = |word: &&OsString| word.as_encoded_bytes().starts_with(b"-") && word.len() > 1;
    let mut options = words.iter().take_while(|word| *word != "--");
    let found = options.find(|word| dashed(word) && is_meant(word))?;
    Some(shown(Path::new(found)))
}

fn is_blob_id(word: &OsString) -> bool {
    let id = word.to_str().map(str::parse::<BlobId>);
    id.is_some_and(|id| id.is_ok())
}

/// Returns the way to write a name that begins with a dash.
fn advice(name: &str) -> String {
    format!("write ./{name}, or put -- before it")
}

/// Returns true if `--version` prints details.
fn is_verbose(words: &[OsString]) -> bool {
    words.iter().any(|word| {
        let letters = word.to_str().unwrap_or_default();
        let short = letters.strip_prefix('-').unwrap_or_default();
        letters == "--verbose" || (short.contains('v') && short.chars().all(|c| "vV".contains(c)))
    })
}

/// Returns the version with the details of the build and the machine.
fn version() -> String {
    let mut text = format!("{} {}\n", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    let mut add = |name: &str, value: &str| text.push_str(&format!("{name}: {value}\n"));
    add("commit", COMMIT.unwrap_or("unknown"));
    let features = [
        ("capi", cfg!(feature = "capi")),
        ("cli", cfg!(feature = "cli")),
        ("gpu", cfg!(feature = "gpu")),
    ];
    let features = features.into_iter().filter(|(_, is_enabled)| *is_enabled);
    let features: Vec<_> = features.map(|(name, _)| name).collect();
    add("features", &features.join(", "));
    let runtime = Runtime::builder()
        .engine(EngineKind::Cpu)
        .threads(1)
        .build();
    match runtime {
        Ok(runtime) => add("instruction set", runtime.instruction_set()),
        Err(error) => add("instruction set", &format!("none: {error}")),
    }
    let target = format!("{} {}", std::env::consts::ARCH, std::env::consts::OS);
    add("target", &target);
    text
}
