//! Rules of identifiers.

use crate::format::quilt_reasons::IdentifierProblem;

/// Maximum length of an identifier in bytes: with its ULEB128 length it stays below 65,535 bytes.
const MAX_LEN: usize = 65_531;

/// Length of identifiers in error messages, in characters.
const SHORT_LEN: usize = 80;

/// Checks the rules of an identifier. `/`, `..` and a leading `.` are legal.
pub(crate) fn check_identifier(text: &str) -> Result<(), IdentifierProblem> {
    if text.is_empty() {
        return Err(IdentifierProblem::Empty);
    }
    if text.ends_with(char::is_whitespace) {
        return Err(IdentifierProblem::TrailingSpace);
    }
    if let Some(control) = text.chars().find(|c| c.is_control()) {
        let code = control.into();
        return Err(IdentifierProblem::Control { code });
    }
    if text.len() > MAX_LEN {
        return Err(IdentifierProblem::TooLong {
            length: text.len(),
            maximum: MAX_LEN,
        });
    }
    Ok(())
}

/// Returns an identifier shortened for a message.
pub(crate) fn shortened(identifier: &str) -> String {
    match identifier.char_indices().nth(SHORT_LEN) {
        Some((end, _)) => format!("{}...", &identifier[..end]),
        None => identifier.to_owned(),
    }
}
