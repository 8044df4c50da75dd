//! Directories of blobs, and directories to write in, that somebody made to do harm. What the command
//! line and the library may answer to each is in the table of `cases.rs`; whatever they answer, nothing
//! outside changes, nothing hangs, memory stays in bounds and messages stay short: `run.rs`.

#![cfg(all(feature = "cli", target_os = "linux"))]

mod common;

mod hostile_directories {
    mod cases;
    mod library;
    mod place;
    mod run;
    mod snapshot;
}
