//! Verifying slivers against metadata.

use std::collections::HashSet;

use crate::auto::{Job, Work};
use crate::commitment::{BlobMetadata, Node};
use crate::context::Context;
use crate::control::Control;
use crate::decoder::{Decoder, roots};
use crate::error::Result;
use crate::memory::caught;
use crate::shape::Shape;
use crate::sliver::Axis;
use crate::sliver_source::{GivenSlivers, SliverSource};

/// How many slivers are verified in one go: enough to keep many threads busy, few enough that their
/// hashes stay small.
const BATCH: usize = 256;

impl Decoder {
    /// Tells for each of the numbered slivers whether it belongs to the metadata: its index exists,
    /// its length and symbol size are right, and the root over its expanded symbols is the one in the
    /// metadata. One that cannot be read does not.
    ///
    /// # Errors
    ///
    /// As [`Shape::new`](crate::Shape::new) for the metadata's counts;
    /// [`Error::MemoryBudget`](crate::Error::MemoryBudget),
    /// [`Error::Cancelled`](crate::Error::Cancelled).
    ///
    /// # Panics
    ///
    /// If a number is beyond the slivers.
    ///
    /// # Example
    ///
    /// ```
    /// use walrus_accel::{
    ///     Axis, Bcs, Control, Decoder, Encoder, PairSet, Sliver, SliverBuffer, SliverData,
    ///     SliverPairIndex,
    /// };
    ///
    /// let encoder = Encoder::builder().n_shards(10).build()?;
    /// let mut buffer = SliverBuffer::new();
    /// let pairs = PairSet::all(10);
    /// let encoded = encoder.encode(&b"walrus"[..], &pairs, &mut buffer, &Control::new())?;
    /// let bytes = buffer.sliver_data(Axis::Secondary, SliverPairIndex(3)).unwrap();
    /// let good = Sliver { axis: Axis::Secondary, data: SliverData::from_bcs(bytes)? };
    /// let mut bad = good.clone();
    /// bad.data.symbols[5] ^= 1;
    ///
    /// let slivers = [good, bad];
    /// let verdicts = Decoder::builder().build()?.verify(
    ///     &encoded.metadata,
    ///     &slivers[..],
    ///     &[0, 1],
    ///     &Control::new(),
    /// )?;
    /// assert_eq!(verdicts, [true, false]);
    /// # Ok::<(), walrus_accel::Error>(())
    /// ```
    pub fn verify(
        &self,
        metadata: &BlobMetadata,
        slivers: &(impl SliverSource + ?Sized),
        numbers: &[usize],
        control: &Control,
    ) -> Result<Vec<bool>> {
        caught(|| self.verdicts(metadata, &slivers, numbers, control))
    }

    /// As [`Decoder::verify`]; missing memory unwinds.
    fn verdicts(
        &self,
        metadata: &BlobMetadata,
        slivers: &dyn SliverSource,
        numbers: &[usize],
        control: &Control,
    ) -> Result<Vec<bool>> {
        let shape = metadata.shape()?;
        let infos = slivers.infos();
        let mut verdicts = vec![false; numbers.len()];
        // Where each sliver that can be hashed at all stands in `verdicts`.
        let of_axis = |axis: Axis| -> Vec<usize> {
            (0..numbers.len())
                .filter(|&place| {
                    let info = infos[numbers[place]];
                    info.axis == axis && info.fits(&shape)
                })
                .collect()
        };
        let by_axis = Axis::BOTH.map(|axis| (axis, of_axis(axis)));
        let bytes =
            |(axis, places): &(Axis, Vec<usize>)| places.len() as u64 * shape.sliver_len(*axis);
        let bytes = by_axis.iter().map(bytes).sum();
        control.start(bytes);
        let job = Job {
            work: Work::Verify,
            commitment: metadata.commitment,
            n_shards: shape.n_shards(),
            bytes,
        };
        // A sliver at a time is enough.
        let fits = |context: &Context| {
            let engine = &*context.engine;
            let one = |axis| {
                let memory =
                    |width| engine.expand_memory(&shape, metadata.commitment, axis, 1, width);
                context.width(&shape, memory).is_ok()
            };
            engine.has_room(&shape, metadata.commitment) && Axis::BOTH.into_iter().all(one)
        };
        let context = self.context.for_job(&job, control, fits)?;
        let check = Verifying {
            context: &context,
            metadata,
            slivers,
            numbers,
            shape,
        };
        for (axis, places) in &by_axis {
            let unread = check.run(*axis, places, &mut verdicts, control)?;
            // What a device finds wrong is looked at again.
            let Some(second) = context.engine.second() else {
                continue;
            };
            let bad = places.iter().copied();
            let bad = bad.filter(|place| !verdicts[*place] && !unread.contains(place));
            let bad: Vec<_> = bad.collect();
            let again = Verifying {
                context: &Context::on(second, context.memory),
                ..check
            };
            // That is no part of the job's progress.
            again.run(*axis, &bad, &mut verdicts, &control.aside())?;
            if bad.iter().any(|&place| verdicts[place]) {
                context.engine.was_wrong();
            }
        }
        control.check()?;
        Ok(verdicts)
    }
}

/// Slivers being verified on an engine.
#[derive(Clone, Copy)]
struct Verifying<'a> {
    context: &'a Context,
    metadata: &'a BlobMetadata,
    slivers: &'a dyn SliverSource,
    numbers: &'a [usize],
    shape: Shape,
}

impl Verifying<'_> {
    /// Verdicts on slivers of an axis: those with the numbers at these places. Gives back where those are
    /// that could not be read.
    fn run(
        &self,
        axis: Axis,
        places: &[usize],
        verdicts: &mut [bool],
        control: &Control,
    ) -> Result<HashSet<usize>> {
        let Self {
            context,
            metadata,
            shape,
            ..
        } = *self;
        let engine = &*context.engine;
        let (commitment, n) = (metadata.commitment, usize::from(shape.n_shards()));
        // Fewer at a time where the memory limit asks for it.
        let width_for = |items| {
            context.width(&shape, |width| {
                engine.expand_memory(&shape, commitment, axis, items, width)
            })
        };
        let mut batch = BATCH.min(places.len()).max(1);
        while batch > 1 && width_for(batch).is_err() {
            batch /= 2;
        }
        let width = width_for(batch)?;
        let mut unread = HashSet::new();
        for places in places.chunks(batch) {
            let numbers = places.iter().map(|&place| self.numbers[place]).collect();
            let given = GivenSlivers::new(self.slivers, shape, numbers).lenient();
            let mut session = engine.start_expand(shape, commitment, axis, places.len(), width)?;
            session.stripe(0..shape.symbol_size(), &given, control)?;
            let roots = roots(engine, commitment, n, &*session);
            for (item, (&place, root)) in places.iter().zip(roots).enumerate() {
                let pair = given.indices()[item].pair(axis, shape.n_shards());
                let expected = metadata.root(axis, pair);
                let is_read = !given.is_unreadable(item);
                verdicts[place] = is_read && expected == Some(Node::Digest(root));
                if !is_read {
                    unread.insert(place);
                }
            }
        }
        Ok(unread)
    }
}
