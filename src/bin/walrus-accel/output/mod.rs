//! Standard streams, messages, exit codes and written files.

pub mod advice;
pub mod console;
pub mod destination;
pub mod engine_line;
pub mod exit;
pub mod progress;
pub mod streams;
