//! What a command line gets that is not run: help, versions, what is wrong with it.

use std::ffi::OsString;
use std::path::Path;

use clap::Parser;
use clap::builder::styling::AnsiColor;
use clap::error::ErrorKind;
use walrus_accel::{BlobId, Encoder, EngineKind};

use crate::args::Cli;
use crate::output::console::{shown, styled};
use crate::output::exit::Exit;
use crate::output::streams::{Messages, print_styled};

/// Commit that the program was built from, as `make` tells it.
const COMMIT: Option<&str> = option_env!("WALRUS_ACCEL_COMMIT");

/// Reads the command line. If there is nothing to run, everything is said, and it is how the process ends.
pub fn parse() -> Result<Cli, Exit> {
    let words: Vec<_> = std::env::args_os().collect();
    Cli::try_parse_from(&words).map_err(|error| tell(&error, &words[1..]))
}

/// Prints what there is to say: help and version as data, everything else as an error.
fn tell(error: &clap::Error, words: &[OsString]) -> Exit {
    let messages = Messages::new();
    let said = |message: String| messages.print(message);
    if let Some(id) = mistaken(words, is_blob_id)
        && !error.use_stderr()
    {
        let message = format!("`{id}` is a blob ID and is taken for options; {}", way(&id));
        said(styled("error", AnsiColor::Red, message));
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
                    said(styled("error", AnsiColor::Red, message));
                }
                Exit::Failed
            }
        };
    }
    let is_name = |word: &OsString| is_blob_id(word) || Path::new(word).symlink_metadata().is_ok();
    said(match mistaken(words, is_name) {
        Some(name) => format!("{text}\n  tip: `{name}` begins with a dash; {}", way(&name)),
        None => text,
    });
    Exit::Usage
}

/// The first argument that is taken for options, and of which it holds.
fn mistaken(words: &[OsString], holds: impl Fn(&OsString) -> bool) -> Option<String> {
    let dashed = |word: &&OsString| word.as_encoded_bytes().starts_with(b"-") && word.len() > 1;
    let mut options = words.iter().take_while(|word| *word != "--");
    let found = options.find(|word| dashed(word) && holds(word))?;
    Some(shown(Path::new(found)))
}

fn is_blob_id(word: &OsString) -> bool {
    let id = word.to_str().map(str::parse::<BlobId>);
    id.is_some_and(|id| id.is_ok())
}

fn way(name: &str) -> String {
    format!("write ./{name}, or put -- before it")
}

/// Whether `--version` is to tell more.
fn is_verbose(words: &[OsString]) -> bool {
    words.iter().any(|word| {
        let letters = word.to_str().unwrap_or_default();
        let short = letters.strip_prefix('-').unwrap_or_default();
        letters == "--verbose" || (short.contains('v') && short.chars().all(|c| "vV".contains(c)))
    })
}

/// What the program is and what it works with here.
fn version() -> String {
    let mut text = format!("{} {}\n", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    let mut tell = |name: &str, value: &str| text.push_str(&format!("{name}: {value}\n"));
    tell("commit", COMMIT.unwrap_or("unknown"));
    let features = [
        ("capi", cfg!(feature = "capi")),
        ("cli", cfg!(feature = "cli")),
        ("gpu", cfg!(feature = "gpu")),
    ];
    let features = features.into_iter().filter(|(_, is_there)| *is_there);
    let features: Vec<_> = features.map(|(name, _)| name).collect();
    tell("features", &features.join(", "));
    let encoder = Encoder::builder()
        .engine(EngineKind::Cpu)
        .threads(1)
        .build();
    match encoder {
        Ok(encoder) => tell("instruction set", encoder.instruction_set()),
        Err(error) => tell("instruction set", &format!("none: {error}")),
    }
    let target = format!("{} {}", std::env::consts::ARCH, std::env::consts::OS);
    tell("target", &target);
    text
}
