//! Standard input and output.
//!
//! `std` treats a closed standard descriptor, or one open for the other direction, as an empty
//! input or an output that discards everything. Here both are errors, so that no blob is lost or
//! invented.

use std::io::{self, StdoutLock, Write};

use anstream::{AutoStream, ColorChoice};

use super::descriptors;

/// Returns a reader of standard input.
///
/// Reading fails if the descriptor was closed when the process began.
pub fn input() -> impl io::Read {
    descriptors::Input::new()
}

/// Returns a writer of bytes to standard output.
///
/// Writing fails if the descriptor was closed when the process began.
pub fn data() -> Output {
    Output {
        lost: descriptors::was_closed(&io::stdout()),
        lock: io::stdout().lock(),
    }
}

/// Returns a writer of lines to standard output.
///
/// After `>&-` lines are lost without an error: programs that start others for the exit code alone
/// give them a `/dev/null` that looks the same as the closed descriptor.
pub fn lines() -> Output {
    Output {
        lost: false,
        lock: io::stdout().lock(),
    }
}

/// Standard output, for one thread at a time.
pub struct Output {
    lost: bool,
    lock: StdoutLock<'static>,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.lost {
            true => Err(descriptors::closed(
                "use -o FILE, or `> /dev/null` to discard the bytes",
            )),
            false => descriptors::write(&mut self.lock, bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lock.flush()
    }
}

/// Prints help or a version to standard output.
pub fn print_styled(text: String) -> io::Result<()> {
    let text = with_styles(text, AutoStream::choice(&io::stdout()));
    let mut out = lines();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Returns the text without its escape sequences if `choice` rejects styles.
pub fn with_styles(text: String, choice: ColorChoice) -> String {
    match choice {
        ColorChoice::Never => anstream::adapter::strip_str(&text).to_string(),
        _ => text,
    }
}
