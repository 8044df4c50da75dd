//! Verifying slivers against metadata, of one blob or of many.

mod batch;
mod slivers;

pub use slivers::BlobSliver;

use self::batch::Batch;
use crate::format::commitment::VerifiedMetadata;
use crate::format::error::Result;
use crate::format::verdict::SliverVerdict;
use crate::io::control::Control;
use crate::io::sliver_source::SliverSource;
use crate::jobs::decoder::Decoder;
use crate::support::memory::{catch_out_of_memory, collected};

impl Decoder {
    /// Returns the verdict on each of the slivers at the positions `numbers`.
    ///
    /// A sliver is good if its index exists, its length and symbol size are right, and the root of
    /// its codeword is the root in the metadata.
    ///
    /// # Errors
    ///
    /// [`Error::MemoryBudget`](crate::Error::MemoryBudget),
    /// [`Error::Cancelled`](crate::Error::Cancelled).
    ///
    /// # Panics
    ///
    /// If a position is beyond the slivers.
    ///
    /// # Example
    ///
    /// ```
    /// use walrus_accel::io::SliverBuffer;
    /// use walrus_accel::verify::SliverVerdict;
    /// use walrus_accel::wire::{Bcs, Sliver, SliverData};
    /// use walrus_accel::{Axis, Control, Decoder, Encoder, PairSet, SliverPairIndex};
    ///
    /// let encoder = Encoder::new(10)?;
    /// let mut buffer = SliverBuffer::new();
    /// let pairs = PairSet::all(10);
    /// let encoded = encoder.encode(&b"walrus"[..], &pairs, &mut buffer, &Control::new())?;
    /// let metadata = encoded.verify(10)?;
    /// let bytes = buffer.sliver_data(Axis::Secondary, SliverPairIndex(3)).unwrap();
    /// let good = Sliver { axis: Axis::Secondary, data: SliverData::from_bcs(bytes)? };
    /// let mut bad = good.clone();
    /// bad.data.symbols[5] ^= 1;
    ///
    /// let slivers = [good, bad];
    /// let decoder = Decoder::new()?;
    /// let verdicts = decoder.verify(&metadata, &slivers, &[0, 1], &Control::new())?;
    /// assert_eq!(verdicts, [SliverVerdict::Good, SliverVerdict::WrongRoot]);
    /// # Ok::<(), walrus_accel::Error>(())
    /// ```
    pub fn verify(
        &self,
        metadata: &VerifiedMetadata,
        slivers: &dyn SliverSource,
        numbers: &[usize],
        control: &Control,
    ) -> Result<Vec<SliverVerdict>> {
        let batch = Batch {
            decoder: self,
            slivers,
            infos: slivers.infos(),
            numbers,
            metadata_of: &|_| metadata,
        };
        catch_out_of_memory(|| batch.verdicts(control))
    }

    /// Returns the verdict on each sliver of many blobs, in memory.
    ///
    /// For the synchronisation of a shard, or for many readers at once. Slivers with symbols of one
    /// size are hashed together, across blobs.
    ///
    /// # Errors
    ///
    /// As [`Decoder::verify`].
    ///
    /// # Example
    ///
    /// ```
    /// use walrus_accel::io::SliverBuffer;
    /// use walrus_accel::verify::BlobSliver;
    /// use walrus_accel::{Axis, Control, Decoder, Encoder, PairSet, SliverPairIndex};
    ///
    /// let encoder = Encoder::new(10)?;
    /// let mut blobs = Vec::new();
    /// for blob in [&b"walrus"[..], b"tusk"] {
    ///     let mut buffer = SliverBuffer::new();
    ///     let encoded = encoder.encode(blob, &PairSet::all(10), &mut buffer, &Control::new())?;
    ///     blobs.push((encoded.verify(10)?, buffer));
    /// }
    /// // Pair 0 of both blobs, and a sliver of the second blob as a sliver of the first.
    /// let axis = Axis::Primary;
    /// let data = |buffer| SliverBuffer::sliver_data(buffer, axis, SliverPairIndex(0)).unwrap();
    /// let batch = [
    ///     BlobSliver::from_bcs(&blobs[0].0, axis, data(&blobs[0].1))?,
    ///     BlobSliver::from_bcs(&blobs[1].0, axis, data(&blobs[1].1))?,
    ///     BlobSliver::from_bcs(&blobs[0].0, axis, data(&blobs[1].1))?,
    /// ];
    /// let verdicts = Decoder::new()?.verify_batch(&batch, &Control::new())?;
    /// let good: Vec<_> = verdicts.iter().map(|verdict| verdict.is_good()).collect();
    /// assert_eq!(good, [true, true, false]);
    /// # Ok::<(), walrus_accel::Error>(())
    /// ```
    pub fn verify_batch(
        &self,
        slivers: &[BlobSliver<'_>],
        control: &Control,
    ) -> Result<Vec<SliverVerdict>> {
        catch_out_of_memory(|| {
            let numbers = collected(0..slivers.len());
            let batch = Batch {
                decoder: self,
                slivers: &slivers,
                infos: slivers.infos(),
                numbers: &numbers,
                metadata_of: &|place| slivers[place].metadata,
            };
            batch.verdicts(control)
        })
    }
}
