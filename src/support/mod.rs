//! Memory that may be missing, files and directories by handle, values made once per process, files
//! in the user's cache directory.

pub(crate) mod disk;
pub(crate) mod fork_gate;
pub(crate) mod memory;
#[cfg(feature = "gpu")]
pub(crate) mod user_cache;
