//! Sink that calls a function for every part of a sliver.

use std::sync::Mutex;

use super::sink_session::{Sink, SinkSession};
use super::sliver_part::SliverPart;
use crate::format::commitment::{BlobMetadataWithId, Commitment};
use crate::format::error::{Error, Result};
use crate::format::pair_set::PairSet;
use crate::format::shape::Shape;
use crate::io::control::Control;

/// Sink that calls a function with every part, one part at a time, on the thread that produced the
/// part.
///
/// The thread belongs to the engine, and a lock is held during the call. The function must not
/// wait for another job of the same encoder and must not run `rayon` work, because `rayon` may run
/// other parts of this job on the same thread.
///
/// # Example
///
/// ```
/// use walrus_accel::io::CallbackSink;
/// use walrus_accel::{Control, Encoder, PairSet};
///
/// let encoder = Encoder::new(10)?;
/// let mut bytes = 0;
/// let mut sink = CallbackSink::new(|part| {
///     bytes += part.pieces.iter().map(<[u8]>::len).sum::<usize>();
///     Ok(())
/// });
/// encoder.encode(&b"walrus"[..], &PairSet::parse("3", 10)?, &mut sink, &Control::new())?;
/// drop(sink);
/// assert_eq!(bytes, (4 + 7) * 2);
/// # Ok::<(), walrus_accel::Error>(())
/// ```
pub struct CallbackSink<F> {
    callback: Mutex<F>,
}

impl<F: FnMut(&SliverPart<'_>) -> Result<(), String> + Send> CallbackSink<F> {
    /// Creates a sink that calls `callback`. The text of an error becomes the source of
    /// [`Error::Sink`].
    pub fn new(callback: F) -> Self {
        Self {
            callback: Mutex::new(callback),
        }
    }
}

impl<F> std::fmt::Debug for CallbackSink<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CallbackSink")
    }
}

impl<F: FnMut(&SliverPart<'_>) -> Result<(), String> + Send> Sink for CallbackSink<F> {
    fn begin<'a>(
        &'a mut self,
        _shape: &Shape,
        _commitment: Commitment,
        _pairs: &PairSet,
    ) -> Result<Box<dyn SinkSession + 'a>> {
        Ok(Box::new(Session(&self.callback)))
    }
}

struct Session<'a, F>(&'a Mutex<F>);

impl<F: FnMut(&SliverPart<'_>) -> Result<(), String> + Send> SinkSession for Session<'_, F> {
    fn put(&self, part: &SliverPart<'_>) -> Result<()> {
        let mut callback = self.0.lock().map_err(|_| Error::Sink {
            source: "the callback panicked".into(),
        })?;
        callback(part).map_err(|reason| Error::Sink {
            source: reason.into(),
        })
    }

    fn finish(self: Box<Self>, _metadata: &BlobMetadataWithId, _control: &Control) -> Result<()> {
        Ok(())
    }
}
