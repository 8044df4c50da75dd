//! The C ABI: `include/walrus_accel.h`.
//!
//! Every function here checks what it was given, does its work behind a guard that turns panics into a
//! status, and gives a status with a message. Handles are checked against the set of those that live.
//! What is written here as documentation is the C header's reference, which a test generates.

// Types have their C names.
#![allow(non_camel_case_types, unsafe_code)]
// What callers have to see to is said in the header, for all functions together.
#![allow(clippy::missing_safety_doc)]

mod arguments;
mod batch_results;
mod callbacks;
mod control_handle;
mod decode_request;
mod device_list;
mod directory_report;
mod encode_request;
mod entry;
mod expanded_handle;
mod fork;
mod guard;
mod handle;
mod job_handle;
mod job_queue;
mod job_state;
mod metadata_handle;
mod overlap;
mod piece_sink;
mod proof_request;
mod reader_handle;
mod reader_report;
mod rebuild_request;
mod recover_request;
mod runtime_handle;
mod shared_state;
mod sink_options;
mod size_queries;
mod sliver_views;
mod source_options;
mod status;
mod structs;
mod symbol_verdicts;
mod verify_request;
mod version;

#[cfg(test)]
mod tests;
