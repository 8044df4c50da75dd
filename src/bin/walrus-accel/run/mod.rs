//! Running jobs: engines, the list of jobs, signals, many files at once.

pub mod app;
pub mod file_batch;
pub mod jobs;
pub mod limits;
pub mod memory_limit;
pub mod signals;
