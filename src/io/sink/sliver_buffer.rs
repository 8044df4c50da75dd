//! Sink that holds all slivers in one allocation, reused from blob to blob.

use std::ops::Range;
use std::sync::Mutex;

use super::sink_session::{Sink, SinkSession, SliverBufferMut};
use super::sliver_part::SliverPart;
use crate::format::commitment::{BlobMetadataWithId, Commitment};
use crate::format::error::Result;
use crate::format::index::{Axis, SliverPairIndex};
use crate::format::pair_set::PairSet;
use crate::format::shape::Shape;
use crate::format::wire::SliverLayout;
use crate::io::control::Control;
use crate::support::memory::{Buffer, collected, try_with_capacity};

/// Alignment of the symbols, which follow their BCS header.
const ALIGN: u64 = 64;

/// Slivers of one blob in one allocation, each as BCS `SliverData`: the body of a request to a
/// storage node.
///
/// Encoding another blob into the buffer reuses the memory, which is several times faster than
/// fresh memory. The allocation grows as needed and never shrinks.
///
/// # Example
///
/// ```
/// use walrus_accel::io::SliverBuffer;
/// use walrus_accel::{Axis, Control, Encoder, PairSet, SliverPairIndex};
///
/// let encoder = Encoder::new(10)?;
/// let mut slivers = SliverBuffer::new();
/// encoder.encode(&b"walrus"[..], &PairSet::all(10), &mut slivers, &Control::new())?;
/// let sliver = slivers.symbols(Axis::Primary, SliverPairIndex(0)).unwrap();
/// assert_eq!(sliver, b"walrus\0\0\0\0\0\0\0\0");
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct SliverBuffer {
    buffer: Buffer,
    content: Option<Content>,
}

/// Content of a filled buffer.
#[derive(Debug)]
struct Content {
    shape: Shape,
    pairs: PairSet,
    /// Number of chosen pairs before each pair.
    rank: Vec<u64>,
}

impl SliverBuffer {
    /// Creates an empty buffer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a sliver as BCS `SliverData`. `None` unless the last encoding into this buffer
    /// succeeded and included the sliver's pair.
    #[must_use]
    pub fn sliver_data(&self, axis: Axis, pair: SliverPairIndex) -> Option<&[u8]> {
        let (content, slot) = self.slot(axis, pair)?;
        Some(&slot[content.sliver_data(axis)])
    }

    /// Returns the symbols of a sliver in order. `None` as for [`SliverBuffer::sliver_data`].
    #[must_use]
    pub fn symbols(&self, axis: Axis, pair: SliverPairIndex) -> Option<&[u8]> {
        let (content, slot) = self.slot(axis, pair)?;
        Some(&slot[content.symbols(axis)])
    }

    /// Returns the slot of a sliver that the buffer holds.
    fn slot(&self, axis: Axis, pair: SliverPairIndex) -> Option<(&Content, &[u8])> {
        let content = self.content.as_ref()?;
        let start = usize::try_from(content.start(axis, pair)?).ok()?;
        Some((content, &self.buffer.as_slice()[start..]))
    }

    /// Bytes of memory held.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.buffer.capacity()
    }
}

impl Content {
    fn new(shape: Shape, pairs: PairSet) -> Self {
        let mut chosen = 0;
        let rank = collected((0..shape.n_shards()).map(|pair| {
            let before = chosen;
            chosen += u64::from(pairs.contains(SliverPairIndex(pair)));
            before
        }));
        Self { shape, pairs, rank }
    }

    /// Length of the slot of one sliver of the axis, in bytes, with its header and alignment.
    fn slot(&self, axis: Axis) -> u64 {
        ALIGN + (self.shape.sliver_len(axis) + 4).next_multiple_of(ALIGN)
    }

    /// Offset of the first slot of a pair.
    fn pair_start(&self, rank: u64) -> u64 {
        rank * (self.slot(Axis::Primary) + self.slot(Axis::Secondary))
    }

    /// Offset of the slot of a sliver.
    fn start(&self, axis: Axis, pair: SliverPairIndex) -> Option<u64> {
        if !self.pairs.contains(pair) {
            return None;
        }
        let before = match axis {
            Axis::Primary => 0,
            Axis::Secondary => self.slot(Axis::Primary),
        };
        Some(self.pair_start(self.rank[usize::from(pair.0)]) + before)
    }

    /// Range of a sliver's symbols in its slot.
    fn symbols(&self, axis: Axis) -> Range<usize> {
        let len = usize::try_from(self.shape.sliver_len(axis)).expect("part of the buffer");
        ALIGN as usize..ALIGN as usize + len
    }

    /// Range of the BCS `SliverData` of a sliver in its slot.
    fn sliver_data(&self, axis: Axis) -> Range<usize> {
        let layout = SliverLayout::new(&self.shape, axis);
        let start = usize::try_from(ALIGN - layout.header_len).expect("less than ALIGN");
        let len = usize::try_from(layout.total_len).expect("part of the buffer");
        start..start + len
    }
}

impl Sink for SliverBuffer {
    fn begin<'a>(
        &'a mut self,
        shape: &Shape,
        _commitment: Commitment,
        pairs: &PairSet,
    ) -> Result<Box<dyn SinkSession + 'a>> {
        Ok(Box::new(self.start(shape, pairs)?))
    }
}

impl SliverBuffer {
    /// Like [`Sink::begin`], with the concrete type of the session.
    pub(crate) fn start(&mut self, shape: &Shape, pairs: &PairSet) -> Result<BufferSession<'_>> {
        self.content = None;
        let content = Content::new(*shape, pairs.duplicate());
        let len = content.pair_start(pairs.len() as u64);
        let mut rest = self.buffer.get(len, "the slivers of one blob")?;
        let mut slots = try_with_capacity(pairs.len())?;
        for pair in pairs.iter() {
            let slot = Axis::BOTH.map(|axis| {
                let len = usize::try_from(content.slot(axis)).expect("part of the buffer");
                let (slot, behind) = std::mem::take(&mut rest).split_at_mut(len);
                rest = behind;
                frame(slot, shape, axis, pair);
                Mutex::new(slot)
            });
            slots.push(slot);
        }
        Ok(BufferSession {
            content,
            slots,
            filled: &mut self.content,
        })
    }
}

/// Writes the header and the trailer of a sliver.
fn frame(slot: &mut [u8], shape: &Shape, axis: Axis, pair: SliverPairIndex) {
    let layout = SliverLayout::new(shape, axis);
    let header = layout.header();
    let symbols = ALIGN as usize;
    slot[symbols - header.len()..symbols].copy_from_slice(&header);
    let end = symbols + usize::try_from(layout.symbols_len).expect("part of the buffer");
    let index = pair.sliver(axis, shape.n_shards());
    slot[end..end + 4].copy_from_slice(&SliverLayout::trailer(shape.symbol_size(), index));
}

/// [`SliverBuffer`] while a blob is encoded into it.
pub(crate) struct BufferSession<'a> {
    content: Content,
    /// Slots by rank of the pair and axis. Each sliver has its own lock: several threads put the
    /// parts of one sliver, and different slivers are independent.
    slots: Vec<[Mutex<&'a mut [u8]>; 2]>,
    filled: &'a mut Option<Content>,
}

impl<'a> BufferSession<'a> {
    /// Calls `work` with a chosen sliver as BCS `SliverData`. The sliver is complete once every
    /// part was put.
    pub(crate) fn with_sliver_data<T>(
        &self,
        axis: Axis,
        pair: SliverPairIndex,
        work: impl FnOnce(&[u8]) -> T,
    ) -> T {
        let slot = self.slot(axis, pair).lock().expect("a copy does not panic");
        work(&slot[self.content.sliver_data(axis)])
    }

    fn slot(&self, axis: Axis, pair: SliverPairIndex) -> &Mutex<&'a mut [u8]> {
        let rank = usize::try_from(self.content.rank[usize::from(pair.0)]).expect("a pair index");
        let [primary, secondary] = &self.slots[rank];
        match axis {
            Axis::Primary => primary,
            Axis::Secondary => secondary,
        }
    }
}

impl SinkSession for BufferSession<'_> {
    fn put(&self, part: &SliverPart<'_>) -> Result<()> {
        let pair = part.sliver.pair(part.axis, self.content.shape.n_shards());
        let slot = self.slot(part.axis, pair);
        let mut slot = slot.lock().expect("a copy does not panic");
        part.copy_to(&mut slot[self.content.symbols(part.axis)]);
        Ok(())
    }

    fn has_buffers(&self) -> bool {
        true
    }

    fn buffers(&mut self) -> Vec<SliverBufferMut<'_>> {
        let content = &self.content;
        let slots = content.pairs.iter().zip(&mut self.slots);
        let slots = slots.flat_map(|(pair, slots)| {
            let slots = Axis::BOTH.into_iter().zip(slots);
            slots.map(move |(axis, slot)| {
                let slot = slot.get_mut().expect("a copy does not panic");
                SliverBufferMut {
                    axis,
                    sliver: pair.sliver(axis, content.shape.n_shards()),
                    symbols: &mut slot[content.symbols(axis)],
                }
            })
        });
        collected(slots)
    }

    fn finish(self: Box<Self>, _metadata: &BlobMetadataWithId, _control: &Control) -> Result<()> {
        *self.filled = Some(self.content);
        Ok(())
    }
}
