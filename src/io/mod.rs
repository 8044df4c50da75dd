//! Input and output of blobs and slivers: sources, sinks, outputs, progress and cancellation.

pub(crate) mod blob_output;
pub(crate) mod control;
pub(crate) mod file_output;
pub(crate) mod sink;
pub(crate) mod sliver_ref;
pub(crate) mod sliver_source;
pub(crate) mod source;
pub(crate) mod symbol_reader;

pub use crate::format::verdict::SliverInfo;
pub use blob_output::{Output, OutputSession, SliceOutput};
pub use control::{DeviceTime, Event, Progress};
pub use file_output::FileOutput;
pub use sink::{
    CallbackSink, OwnedSlivers, Pieces, Sink, SinkSession, SliverBuffer, SliverBufferMut,
    SliverPair, SliverPart, SliverSlices,
};
pub use sliver_ref::SliverRef;
pub use sliver_source::SliverSource;
pub use source::{FileSource, Source, SpooledSource};
