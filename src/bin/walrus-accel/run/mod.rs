//! Jobs of the process, and what all subcommands share while they run.

pub mod app;
pub mod file_batch;
pub mod jobs;
pub mod limits;
pub mod signals;
