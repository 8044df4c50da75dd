//! Output: lines and bytes on standard output, messages on standard error, files, exit codes.

pub mod advice;
pub mod console;
mod descriptors;
pub mod destination;
pub mod engine_line;
pub mod exit;
pub mod grouped;
pub mod memory_line;
pub mod messages;
pub mod names;
pub mod progress;
pub mod repeats;
pub mod streams;
