//! What the system lets this process have.

/// Raises the number of open files to what the system allows without asking: an encode at 1,000
/// shards has 2,000 slivers.
#[cfg(unix)]
pub fn raise_open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Some systems refuse "unlimited" here; then it stays as it is, and files are opened in turn.
    let _ = setrlimit(Resource::Nofile, limit);
}

/// Other systems have no such limit.
#[cfg(not(unix))]
pub fn raise_open_files() {}

/// The number of cores to use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
