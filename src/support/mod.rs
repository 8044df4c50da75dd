//! Memory that may be missing, files and directories by handle, values made once per process.

pub(crate) mod disk;
pub(crate) mod fork_gate;
pub(crate) mod memory;
