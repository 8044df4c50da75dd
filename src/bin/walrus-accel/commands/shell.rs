//! `completions` and `man`: completion scripts and manual pages.

use std::io::{self, Write as _};
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;
use walrus_accel::io::FileOutput;

use crate::args::Cli;
use crate::output::destination::{reject_link, write_file};
use crate::output::exit::{Exit, Failure};
use crate::output::names::shown;
use crate::output::streams;

/// Prints a completion script.
pub fn completions(shell: Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut script);
    if shell == Shell::Bash {
        script = corrected(script);
    }
    print(&script)
}

/// Corrects the names of functions in a script for bash, so that options of subcommands complete.
///
/// clap_complete up to 4.6.12 calls a subcommand `walrus__accel__subcmd__encode` where the script
/// detects it, and `walrus__subcmd__accel__subcmd__encode` where the script lists its options
/// (clap's issue 6421): the second name takes the hyphen of the program's name for the space before
/// a subcommand.
fn corrected(script: Vec<u8>) -> Vec<u8> {
    let script = String::from_utf8(script).expect("the script is text");
    script
        .replace("walrus__subcmd__accel", "walrus__accel")
        .into_bytes()
}

/// Prints the manual page of the program, or writes the pages of all subcommands to a directory.
pub fn man(out: Option<&Path>) -> Result<Exit, Failure> {
    let command = Cli::command();
    match out {
        None => {
            let mut page = Vec::new();
            // The subcommand `help` has no page.
            clap_mangen::Man::new(command.disable_help_subcommand(true))
                .render(&mut page)
                .expect("memory takes it");
            print(&page)
        }
        Some(dir) => {
            let failed = |error| Failure::Other(format!("cannot write to {}: {error}", shown(dir)));
            std::fs::create_dir_all(dir).map_err(failed)?;
            // A new directory, in which no other user can have put anything under the pages' names.
            let scratch = tempfile::tempdir().map_err(failed)?;
            clap_mangen::generate_to(command, scratch.path()).map_err(failed)?;
            for page in std::fs::read_dir(scratch.path()).map_err(failed)? {
                let page = page.map_err(failed)?;
                let path = dir.join(page.file_name());
                reject_link(&path)?;
                let text = std::fs::read(page.path()).map_err(failed)?;
                write_file(FileOutput::new(path).force(true), &text)?;
            }
            Ok(Exit::Done)
        }
    }
}

/// Prints to standard output. A reader that closes it early causes no message.
fn print(text: &[u8]) -> Result<Exit, Failure> {
    let mut out = streams::lines();
    match out.write_all(text).and_then(|()| out.flush()) {
        Ok(()) => Ok(Exit::Done),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Failed),
        Err(error) => Err(Failure::Other(format!(
            "cannot write to standard output: {error}"
        ))),
    }
}
