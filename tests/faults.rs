//! The command line where system calls fail, processes are killed and file systems say no.

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
    mod inject;
    mod kills;
    mod parts;
    mod state;
    mod sweep;
    mod systems;
}
