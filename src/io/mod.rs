//! Input and output of blobs and slivers: sources, sinks, outputs, progress and cancellation.
//!
//! - [`Source`]: a blob to encode. Implemented by `[u8]`, `Vec<u8>`, [`FileSource`] and
//!   [`SpooledSource`].
//! - [`Sink`]: takes the slivers of an encoding. Implemented by [`SliverBuffer`], [`OwnedSlivers`],
//!   [`SliverSlices`], [`CallbackSink`] and [`DirectorySink`](crate::directory::DirectorySink).
//! - [`SliverSource`]: slivers to decode from. Implemented by slices, arrays and vectors of
//!   [`Sliver`](crate::wire::Sliver), [`SliverRef`] and [`BlobSliver`](crate::verify::BlobSliver),
//!   and by [`BlobDirectory`](crate::directory::BlobDirectory) and
//!   [`SliverFiles`](crate::directory::SliverFiles).
//! - [`Output`]: takes a decoded blob. Implemented by `Vec<u8>`, [`SliceOutput`] and
//!   [`FileOutput`].
//!
//! The sinks in memory differ in their memory:
//!
//! - [`SliverBuffer`]: one allocation, kept from blob to blob. Slivers with BCS framing.
//! - [`OwnedSlivers`]: one vector per sliver, for the caller to keep. No framing.
//! - [`SliverSlices`]: memory of the caller. Slivers with BCS framing.
//!
//! # Example
//!
//! A source of the caller's own:
//!
//! ```
//! use walrus_accel::io::Source;
//! use walrus_accel::{Encoder, Result};
//!
//! /// Blob of zeros that needs no memory.
//! struct Zeros(u64);
//!
//! impl Source for Zeros {
//!     fn len(&self) -> u64 {
//!         self.0
//!     }
//!
//!     fn read_at(&self, _offset: u64, out: &mut [u8]) -> Result<()> {
//!         out.fill(0);
//!         Ok(())
//!     }
//! }
//!
//! let encoder = Encoder::new(10)?;
//! assert_eq!(encoder.metadata(Zeros(1000))?, encoder.metadata(&[0; 1000][..])?);
//! # Ok::<(), walrus_accel::Error>(())
//! ```

pub(crate) mod blob_output;
pub(crate) mod control;
#[cfg(feature = "gpu")]
pub(crate) mod device_work;
pub(crate) mod dir_output;
pub(crate) mod file_output;
pub(crate) mod sink;
pub(crate) mod sliver_ref;
pub(crate) mod sliver_source;
pub(crate) mod source;
pub(crate) mod symbol_reader;

pub use crate::format::verdict::SliverInfo;
pub use blob_output::{Output, OutputSession, SliceOutput};
pub use control::{DeviceTime, Event, Phase, Progress};
pub use file_output::FileOutput;
pub use sink::{
    CallbackSink, OwnedSlivers, PassPosition, Pieces, Sink, SinkSession, SliverBuffer,
    SliverBufferMut, SliverPair, SliverPart, SliverSlices, SliverStore,
};
pub use sliver_ref::SliverRef;
pub use sliver_source::SliverSource;
pub use source::{FileSource, Source, SpooledSource};
