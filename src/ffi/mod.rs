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
mod batch;
mod body;
mod context;
mod control;
mod decode;
mod devices;
mod directory;
mod encode;
mod expanded;
mod fork;
mod gathered;
mod guard;
mod handle;
mod job;
mod metadata;
mod proof;
mod reader;
mod rebuild;
mod recovery;
mod runner;
mod shape;
mod sink;
mod slivers;
mod source;
mod status;
mod structs;
mod symbols;
mod task;
mod verify;
mod version;

#[cfg(test)]
mod tests;
