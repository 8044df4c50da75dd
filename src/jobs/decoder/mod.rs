//! Decoding: slivers to the blob, or to missing slivers.

mod decode_jobs;
mod groups;
mod pipeline;
mod requests;
mod row_check;
mod selection;
#[cfg(test)]
mod tests;

pub use self::requests::{DecodeRequest, Decoded, RebuildRequest, UncheckedRequest};
pub(crate) use self::row_check::roots;
use crate::format::error::{Error, Result};
use crate::jobs::runtime::Runtime;

/// Check of a decoded blob against its metadata.
///
/// # Example
///
/// ```
/// use walrus_accel::Check;
///
/// assert_eq!("strict".parse::<Check>().unwrap(), Check::Strict);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Check {
    /// No check: a damaged sliver gives a wrong blob.
    Skip,
    /// Compares the roots of the blob's source rows with the metadata. No wrong blob passes. Keeps
    /// `P * n` hash states.
    #[default]
    Default,
    /// Encodes the blob again and compares the blob ID. No inconsistent encoding passes either.
    Strict,
}

impl std::str::FromStr for Check {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "skip" => Ok(Self::Skip),
            "default" => Ok(Self::Default),
            "strict" => Ok(Self::Strict),
            _ => Err(Error::UnknownName {
                what: "check",
                text: text.to_owned(),
                expected: "skip, default, strict",
            }),
        }
    }
}

/// Decodes blobs, verifies slivers, and recovers missing slivers, for all committees.
///
/// A decoder is cheap to make and to clone, and serves any number of threads at the same time. All
/// jobs run on its [`Runtime`].
///
/// # Example
///
/// ```
/// use walrus_accel::decode::DecodeRequest;
/// use walrus_accel::io::SliverBuffer;
/// use walrus_accel::wire::{Bcs, Sliver, SliverData};
/// use walrus_accel::{Axis, Control, PairSet, Runtime, SliverPairIndex};
///
/// // 10 shards: any 4 primary slivers give the blob.
/// let runtime = Runtime::new()?;
/// let (mut buffer, control) = (SliverBuffer::new(), Control::new());
/// let encoder = runtime.encoder(10)?;
/// let encoded = encoder.encode(&b"walrus"[..], &PairSet::all(10), &mut buffer, &control)?;
/// let slivers = [9, 2, 7, 4].map(|pair| {
///     let bytes = buffer.sliver_data(Axis::Primary, SliverPairIndex(pair)).unwrap();
///     Sliver { axis: Axis::Primary, data: SliverData::from_bcs(bytes).unwrap() }
/// });
///
/// let (metadata, mut blob) = (encoded.verify(10)?, Vec::new());
/// let request = DecodeRequest::new(&metadata, &slivers);
/// runtime.decoder().decode(&request, &mut blob, &control)?;
/// assert_eq!(blob, b"walrus");
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    pub(crate) runtime: Runtime,
}

impl Runtime {
    /// Returns a decoder. A decoder serves the blobs of all committees.
    #[must_use]
    pub fn decoder(&self) -> Decoder {
        Decoder {
            runtime: self.clone(),
        }
    }
}

impl Decoder {
    /// Returns a decoder on a runtime of its own, with all defaults.
    ///
    /// # Errors
    ///
    /// As [`Runtime::new`].
    pub fn new() -> Result<Self> {
        Ok(Runtime::new()?.decoder())
    }

    /// Returns the runtime of the decoder.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }
}
