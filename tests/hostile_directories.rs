//! Blob directories and output directories that an attacker prepared. The table in `cases.rs` has
//! the permitted exit codes of the command line and the library for each. In all cases nothing
//! outside the directory changes, nothing hangs, memory stays bounded and messages stay short:
//! `run.rs`.

#![cfg(all(feature = "cli", target_os = "linux"))]

mod common;

mod hostile_directories {
    mod cases;
    mod library;
    mod run;
    mod setup;
    mod snapshot;
}
