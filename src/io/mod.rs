//! Bytes in and out: sources, sinks and outputs of blobs and slivers, progress and cancelling.

pub(crate) mod blob_output;
pub(crate) mod control;
pub(crate) mod file_output;
pub(crate) mod sink;
pub(crate) mod sliver_source;
pub(crate) mod source;
pub(crate) mod symbol_reader;
