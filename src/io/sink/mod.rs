//! Sinks: destinations of slivers in memory, in a callback, in a directory, or in a caller's own
//! storage.

mod callback;
mod owned_slivers;
mod sink_session;
mod sliver_buffer;
mod sliver_part;
mod sliver_slices;
mod sliver_store;

pub use callback::CallbackSink;
pub use owned_slivers::{OwnedSlivers, SliverPair};
pub use sink_session::{Sink, SinkSession, SliverBufferMut};
pub(crate) use sliver_buffer::BufferSession;
pub use sliver_buffer::SliverBuffer;
pub use sliver_part::{Pieces, SliverPart};
pub use sliver_slices::SliverSlices;
pub use sliver_store::{PassPosition, SliverStore};
