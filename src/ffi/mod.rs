//! The C ABI: `include/walrus_accel.h`.
//!
//! Every exported function checks its arguments, works behind a guard that turns a panic into a
//! status, and returns a status with a message. Every handle is looked up in the set of live
//! handles. A test generates the C header from the doc comments of these files.

// Types have their C names.
#![allow(non_camel_case_types, unsafe_code)]
// The header says what callers guarantee, for all functions together.
#![allow(clippy::missing_safety_doc)]

mod arguments;
mod batch_results;
mod callbacks;
mod control_handle;
mod decode_request;
mod device_list;
mod directory_report;
mod encode_quilt_request;
mod encode_request;
mod entry_point;
mod expanded_handle;
mod fork;
mod guard;
mod handle;
mod job_handle;
mod job_queue;
mod job_state;
mod lend;
mod metadata_handle;
mod overlap;
mod piece_sink;
mod proof_request;
mod quilt_ids;
mod quilt_jobs;
mod quilt_patches;
mod quilt_read_request;
mod quilt_reader_handle;
mod reader_handle;
mod reader_report;
mod rebuild_request;
mod recover_request;
mod recovered_handle;
mod runtime_handle;
mod shared_state;
mod sink_options;
mod size_queries;
mod sliver_views;
mod source_options;
mod status;
mod structs;
mod symbol_verdicts;
mod unchecked_request;
mod verify_request;
mod version;

#[cfg(test)]
mod tests;
