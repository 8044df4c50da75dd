//! Limits of the system.

/// Raises the limit on open files to its maximum. An encode for 1,000 shards writes 2,000 slivers.
#[cfg(unix)]
pub fn raise_open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Some systems refuse "unlimited". The limit then stays, and files are opened in turn.
    let _ = setrlimit(Resource::Nofile, limit);
}

/// Does nothing on systems without this limit.
#[cfg(not(unix))]
pub fn raise_open_files() {}

/// Returns the number of cores to use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
