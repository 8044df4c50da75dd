//! Running jobs: engines, the list of jobs, signals, many files at once.

pub mod app;
pub mod file_batch;
pub mod jobs;
pub mod limits;
pub mod memory_limit;
mod ordered_results;
mod run_summary;
pub mod signals;
mod work_queue;
