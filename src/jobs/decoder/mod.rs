//! Decoding: slivers to the blob, or to the slivers that are missing.

mod pipeline;
mod selection;
#[cfg(test)]
mod tests;

use self::pipeline::Target;
pub(crate) use self::pipeline::roots;
use self::selection::Choice;
use crate::format::commitment::VerifiedMetadata;
use crate::format::error::{Error, Result};
use crate::format::index::Axis;
use crate::format::pair_set::PairSet;
use crate::io::blob_output::Output;
use crate::io::control::Control;
use crate::io::sink::Sink;
use crate::io::sliver_source::SliverSource;
use crate::jobs::runtime::Runtime;

/// How a decoded blob is checked against its metadata.
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
    /// Not at all: a damaged sliver gives a wrong blob.
    Skip,
    /// The source rows of the blob hash to the roots in the metadata: no wrong blob passes. Keeps
    /// `P * n` hash states.
    #[default]
    Default,
    /// The blob is encoded again and its ID compared: no inconsistent encoding passes either.
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

/// Decodes, verifies and rebuilds. Costly to make and cheap to clone; one can serve many threads.
///
/// # Example
///
/// ```
/// use walrus_accel::{Axis, Check, Control, Decoder, Encoder, PairSet, SliverPairIndex};
/// use walrus_accel::io::SliverBuffer;
/// use walrus_accel::wire::{Bcs, Sliver, SliverData};
///
/// // 10 shards: any 4 primary slivers give the blob back.
/// let encoder = Encoder::new(10)?;
/// let mut buffer = SliverBuffer::new();
/// let encoded = encoder.encode(&b"walrus"[..], &PairSet::all(10), &mut buffer, &Control::new())?;
/// let slivers = [9, 2, 7, 4].map(|pair| {
///     let bytes = buffer.sliver_data(Axis::Primary, SliverPairIndex(pair)).unwrap();
///     Sliver { axis: Axis::Primary, data: SliverData::from_bcs(bytes).unwrap() }
/// });
///
/// let mut blob = Vec::new();
/// Decoder::new()?.decode(
///     &encoded.verify(10)?,
///     &slivers[..],
///     None,
///     Check::Default,
///     &mut blob,
///     &Control::new(),
/// )?;
/// assert_eq!(blob, b"walrus");
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    pub(crate) runtime: Runtime,
}

/// What a [`Decoder`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decoded {
    /// The axis of the slivers used.
    pub axis: Axis,
    /// The slivers used: their positions in the sliver source. One that is all padding, for the blob's length
    /// alone, says nothing of the blob, and may be among them whatever it holds.
    pub used: Vec<usize>,
    /// The slivers of that axis found damaged and not used: their positions in the sliver source.
    /// Only a failed check sets off the search for them.
    pub damaged: Vec<usize>,
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

    /// Decodes a blob from any `P` primary or any `S` secondary slivers.
    ///
    /// Slivers of another length or symbol size, with an index beyond the committee, or given twice
    /// are skipped; surplus ones are ignored. With `axis: None`, whichever axis has enough is taken,
    /// primary first. If the check fails, every sliver of the axis is verified, and the blob is
    /// decoded from the good ones alone; with `axis: None`, from the other axis if those are too few. If all
    /// of them are good, the blob is decoded and checked once more on another path before it is called
    /// inconsistent: that takes several times as long, for each call anew.
    ///
    /// # Errors
    ///
    /// [`Error::NotEnoughSlivers`]; [`Error::Inconsistent`] if the check fails with good slivers, on two
    /// paths; [`Error::Internal`] if it fails on one of them; [`Error::MemoryBudget`], [`Error::Cancelled`]; what the slivers and the output give.
    ///
    /// # Panics
    ///
    /// If the output lends a row of another length than a row has, or the slivers lend a sliver's
    /// symbols at one time and not, or fewer, at another.
    pub fn decode(
        &self,
        metadata: &VerifiedMetadata,
        slivers: &(impl SliverSource + ?Sized),
        axis: Option<Axis>,
        check: Check,
        output: &mut dyn Output,
        control: &Control,
    ) -> Result<Decoded> {
        let given = Choice {
            slivers: &slivers,
            axis,
            verified: false,
        };
        self.decode_chosen(metadata, &given, check, output, control)
    }

    /// As [`Decoder::decode`], from slivers of one axis that were all verified.
    pub(crate) fn decode_verified(
        &self,
        metadata: &VerifiedMetadata,
        slivers: &dyn SliverSource,
        axis: Axis,
        check: Check,
        output: &mut dyn Output,
        control: &Control,
    ) -> Result<Decoded> {
        let given = Choice {
            slivers,
            axis: Some(axis),
            verified: true,
        };
        self.decode_chosen(metadata, &given, check, output, control)
    }

    fn decode_chosen(
        &self,
        metadata: &VerifiedMetadata,
        choice: &Choice<'_>,
        check: Check,
        output: &mut dyn Output,
        control: &Control,
    ) -> Result<Decoded> {
        let shape = metadata.shape();
        self.with_good_slivers(metadata, choice, control, |attempt, axis, given| {
            let session = output.begin(&shape)?;
            let target = match check {
                Check::Skip => Target::Blob(&*session),
                Check::Default => Target::Checked {
                    blob: &*session,
                    verified: choice.verified,
                },
                Check::Strict => Target::Encoded {
                    blob: Some(&*session),
                    slivers: None,
                },
            };
            attempt
                .decoder
                .pipeline(metadata, axis, given, &target, control)?;
            control.check()?;
            match attempt.finishes {
                true => session.finish(),
                false => Ok(()),
            }
        })
    }

    /// Rebuilds the slivers of the chosen pairs from others, without the blob at hand.
    ///
    /// The slivers are those of a fresh encoding: their metadata is compared with the given one
    /// before the sink's session is finished. Slivers are chosen as in [`Decoder::decode`].
    ///
    /// # Errors
    ///
    /// As [`Decoder::decode`], and what the sink gives.
    ///
    /// # Panics
    ///
    /// If `pairs` was made for another number of shards than the metadata has.
    pub fn rebuild(
        &self,
        metadata: &VerifiedMetadata,
        slivers: &(impl SliverSource + ?Sized),
        axis: Option<Axis>,
        pairs: &PairSet,
        sink: &mut dyn Sink,
        control: &Control,
    ) -> Result<Decoded> {
        let shape = metadata.shape();
        assert_eq!(
            pairs.n_shards(),
            shape.n_shards(),
            "the set of pairs must be of the metadata's number of shards"
        );
        let choice = Choice {
            slivers: &slivers,
            axis,
            verified: false,
        };
        self.with_good_slivers(metadata, &choice, control, |attempt, axis, given| {
            let session = sink.begin(&shape, metadata.commitment(), pairs)?;
            let target = Target::Encoded {
                blob: None,
                slivers: Some((pairs, &*session)),
            };
            attempt
                .decoder
                .pipeline(metadata, axis, given, &target, control)?;
            control.check()?;
            match attempt.finishes {
                true => session.finish(metadata.with_id(), control),
                false => Ok(()),
            }
        })
    }
}
