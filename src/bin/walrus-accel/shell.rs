//! `completions` and `man`: what shells and manuals need.

use std::io::{self, Write};
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;
use crate::exit::{Exit, Failure};

/// Prints a completion script.
pub fn completions(shell: Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut script);
    print(&script)
}

/// Prints the manual page of the command, or writes the pages of all verbs to a directory.
pub fn man(out: Option<&Path>) -> Result<Exit, Failure> {
    let command = Cli::command();
    match out {
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command)
                .render(&mut page)
                .expect("memory takes it");
            print(&page)
        }
        Some(dir) => {
            let written =
                std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(command, dir));
            let failed = |error| format!("cannot write to {}: {error}", dir.display());
            written
                .map(|()| Exit::Done)
                .map_err(|error| Failure::Other(failed(error)))
        }
    }
}

/// Prints to standard output; whoever closed it early has what they wanted.
fn print(text: &[u8]) -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Ok(()) => Ok(Exit::Done),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Failed),
        Err(error) => Err(Failure::Other(format!(
            "cannot write to standard output: {error}"
        ))),
    }
}
