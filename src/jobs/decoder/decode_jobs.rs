//! Decoding blobs and rebuilding slivers.

use super::pipeline::{Subject, Target};
use super::requests::{DecodeRequest, Decoded, RebuildRequest, UncheckedRequest};
use super::selection::{Attempt, Choice, choose_all};
use super::{Check, Decoder};
use crate::format::commitment::{Commitment, VerifiedMetadata};
use crate::format::error::Result;
use crate::format::index::Axis;
use crate::io::blob_output::Output;
use crate::io::control::Control;
use crate::io::sink::Sink;
use crate::io::sliver_source::{GivenSlivers, SliverSource};
use crate::support::memory::catch_out_of_memory;

impl Decoder {
    /// Decodes a blob from any `P` primary or any `S` secondary slivers.
    ///
    /// Slivers with another length or symbol size, slivers with an index beyond the committee, and
    /// repeated slivers are skipped. Surplus slivers are ignored.
    ///
    /// If the check fails, every sliver of the axis is verified, and the blob is decoded again from
    /// the good slivers. With `axis: None`, the other axis is used if too few slivers are good. If
    /// all slivers are good, the blob is decoded and checked again on another path before it is
    /// reported as inconsistent. The second computation takes several times as long as the first.
    ///
    /// # Errors
    ///
    /// [`Error::NotEnoughSlivers`](crate::Error::NotEnoughSlivers);
    /// [`Error::Inconsistent`](crate::Error::Inconsistent) if the check fails with good slivers on
    /// two paths; [`Error::Internal`](crate::Error::Internal) if the check fails on one of two
    /// paths; [`Error::MemoryBudget`](crate::Error::MemoryBudget);
    /// [`Error::Cancelled`](crate::Error::Cancelled); the errors of the slivers and the output.
    ///
    /// # Panics
    ///
    /// If the output lends a row of a wrong length, or if the sliver source lends a sliver's
    /// symbols at one time and not, or fewer symbols, at another time.
    pub fn decode(
        &self,
        request: &DecodeRequest<'_>,
        output: &mut dyn Output,
        control: &Control,
    ) -> Result<Decoded> {
        let choice = Choice {
            slivers: request.slivers,
            axis: request.axis,
            verified: false,
        };
        self.decode_chosen(request.metadata, &choice, request.check, output, control)
    }

    /// Decodes as [`Decoder::decode`], from slivers of one axis that are all verified.
    pub(crate) fn decode_verified(
        &self,
        metadata: &VerifiedMetadata,
        slivers: &dyn SliverSource,
        axis: Axis,
        check: Check,
        output: &mut dyn Output,
        control: &Control,
    ) -> Result<Decoded> {
        let choice = Choice {
            slivers,
            axis: Some(axis),
            verified: true,
        };
        self.decode_chosen(metadata, &choice, check, output, control)
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
        let subject = Subject::of(metadata);
        self.with_good_slivers(metadata, choice, control, |attempt, axis, given| {
            let session = output.begin(&shape)?;
            let target = match check {
                Check::Skip => Target::Blob(&*session),
                Check::Default => Target::Checked {
                    metadata: metadata.metadata(),
                    blob: &*session,
                    verified: choice.verified,
                },
                Check::Strict => Target::Encoded {
                    metadata: metadata.metadata(),
                    blob: Some(&*session),
                    slivers: None,
                },
            };
            attempt.pipeline(&subject, axis, given, &target, control)?;
            control.check()?;
            match attempt.finishes {
                true => session.finish(),
                false => Ok(()),
            }
        })
    }

    /// Decodes a blob without metadata: **nothing is checked**. A damaged sliver gives a wrong blob
    /// and no error.
    ///
    /// For callers that have no metadata, or check the blob by other means. Costs as much as
    /// [`Decoder::decode`] with [`Check::Skip`]. Repeated slivers are skipped; surplus slivers are
    /// ignored.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSliver`](crate::Error::InvalidSliver) if any sliver has another length or
    /// symbol size than the shape's slivers, or an index beyond the committee. With an axis in the
    /// request, slivers of the other axis are ignored.
    /// [`Error::NotEnoughSlivers`](crate::Error::NotEnoughSlivers),
    /// [`Error::MemoryBudget`](crate::Error::MemoryBudget),
    /// [`Error::Cancelled`](crate::Error::Cancelled); the errors of the slivers and the output.
    ///
    /// # Panics
    ///
    /// As [`Decoder::decode`].
    ///
    /// # Example
    ///
    /// ```
    /// use walrus_accel::decode::UncheckedRequest;
    /// use walrus_accel::io::{OwnedSlivers, SliverRef};
    /// use walrus_accel::{Axis, Control, PairSet, Runtime, Shape};
    ///
    /// let runtime = Runtime::new()?;
    /// let (mut sink, control) = (OwnedSlivers::new(), Control::new());
    /// let pairs = PairSet::parse("2,4,7,9", 10)?;
    /// runtime.encoder(10)?.encode(&b"walrus"[..], &pairs, &mut sink, &control)?;
    /// let owned = sink.into_pairs();
    ///
    /// let shape = Shape::new(10, 6)?;
    /// let slivers: Vec<_> = owned
    ///     .iter()
    ///     .map(|pair| SliverRef::new(&shape, Axis::Primary, pair.index, &pair.primary))
    ///     .collect();
    /// let mut blob = Vec::new();
    /// let request = UncheckedRequest::new(shape, &slivers);
    /// runtime.decoder().decode_unchecked(&request, &mut blob, &control)?;
    /// assert_eq!(blob, b"walrus");
    /// # Ok::<(), walrus_accel::Error>(())
    /// ```
    pub fn decode_unchecked(
        &self,
        request: &UncheckedRequest<'_>,
        output: &mut dyn Output,
        control: &Control,
    ) -> Result<Decoded> {
        let &UncheckedRequest {
            shape,
            slivers,
            axis,
        } = request;
        catch_out_of_memory(|| {
            let (axis, used) = choose_all(&shape, slivers, axis)?;
            let given = GivenSlivers::new(slivers, shape, used.clone());
            let session = output.begin(&shape)?;
            let subject = Subject {
                shape,
                commitment: Commitment::default(),
            };
            let target = Target::Blob(&*session);
            Attempt::new(self, true).pipeline(&subject, axis, &given, &target, control)?;
            control.check()?;
            session.finish()?;
            control.finish();
            Ok(Decoded {
                axis,
                used,
                damaged: Vec::new(),
            })
        })
    }

    /// Rebuilds the slivers of some pairs from other slivers of the blob, without the blob.
    ///
    /// The rebuilt slivers are the slivers of a fresh encoding: the metadata of the encoding is
    /// compared with the given metadata before the sink's session is finished. Slivers are chosen
    /// as in [`Decoder::decode`].
    ///
    /// # Errors
    ///
    /// As [`Decoder::decode`], and the errors of the sink.
    ///
    /// # Panics
    ///
    /// If the pairs are of another number of shards than the metadata.
    ///
    /// # Example
    ///
    /// ```
    /// use walrus_accel::decode::RebuildRequest;
    /// use walrus_accel::io::SliverBuffer;
    /// use walrus_accel::wire::{Bcs, Sliver, SliverData};
    /// use walrus_accel::{Axis, Control, PairSet, Runtime, SliverPairIndex};
    ///
    /// let runtime = Runtime::new()?;
    /// let (mut buffer, control) = (SliverBuffer::new(), Control::new());
    /// let encoder = runtime.encoder(10)?;
    /// let encoded = encoder.encode(&b"walrus"[..], &PairSet::all(10), &mut buffer, &control)?;
    ///
    /// // Four nodes give their primary slivers; pair 5 was lost.
    /// let (metadata, axis) = (encoded.verify(10)?, Axis::Primary);
    /// let slivers = [9, 2, 7, 4].map(|pair| {
    ///     let bytes = buffer.sliver_data(axis, SliverPairIndex(pair)).unwrap();
    ///     Sliver { axis, data: SliverData::from_bcs(bytes).unwrap() }
    /// });
    /// let (mut rebuilt, lost) = (SliverBuffer::new(), PairSet::parse("5", 10)?);
    /// let request = RebuildRequest::new(&metadata, &slivers, &lost);
    /// runtime.decoder().rebuild(&request, &mut rebuilt, &control)?;
    /// for axis in Axis::BOTH {
    ///     let pair = SliverPairIndex(5);
    ///     assert_eq!(rebuilt.symbols(axis, pair), buffer.symbols(axis, pair));
    /// }
    /// # Ok::<(), walrus_accel::Error>(())
    /// ```
    pub fn rebuild(
        &self,
        request: &RebuildRequest<'_>,
        sink: &mut dyn Sink,
        control: &Control,
    ) -> Result<Decoded> {
        let &RebuildRequest {
            metadata,
            slivers,
            pairs,
            axis,
        } = request;
        let shape = metadata.shape();
        assert_eq!(
            pairs.n_shards(),
            shape.n_shards(),
            "the set of pairs must be of the metadata's number of shards"
        );
        let choice = Choice {
            slivers,
            axis,
            verified: false,
        };
        let subject = Subject::of(metadata);
        self.with_good_slivers(metadata, &choice, control, |attempt, axis, given| {
            let session = sink.begin(&shape, metadata.commitment(), pairs)?;
            let target = Target::Encoded {
                metadata: metadata.metadata(),
                blob: None,
                slivers: Some((pairs, &*session)),
            };
            attempt.pipeline(&subject, axis, given, &target, control)?;
            control.check()?;
            match attempt.finishes {
                true => session.finish(metadata.with_id(), control),
                false => Ok(()),
            }
        })
    }
}
