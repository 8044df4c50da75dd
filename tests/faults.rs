//! Command line under failing system calls, killed processes and limited file systems.

#![cfg(all(feature = "cli", target_os = "linux", target_arch = "x86_64"))]

mod common;

#[allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "other tests use the rest"
)]
#[path = "cli"]
mod cli {
    pub mod harness;
}

mod faults {
    mod directory_state;
    mod file_systems;
    mod inject;
    mod kills;
    mod part_files;
    mod sweep;
}
