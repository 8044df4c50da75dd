//! Input and output of blobs and slivers: sources, sinks, outputs, progress and cancellation.

pub(crate) mod blob_output;
pub(crate) mod control;
pub(crate) mod file_output;
pub(crate) mod sink;
pub(crate) mod sliver_source;
pub(crate) mod source;
pub(crate) mod symbol_reader;
