//! Sink that writes to one slice of the caller per sliver.

use std::sync::Mutex;

use super::sink_session::{Sink, SinkSession, SliverBufferMut};
use super::sliver_part::SliverPart;
use crate::format::commitment::{BlobMetadataWithId, Commitment};
use crate::format::error::{Error, Result};
use crate::format::index::{Axis, SliverPairIndex};
use crate::format::pair_set::PairSet;
use crate::format::shape::Shape;
use crate::format::wire::SliverLayout;
use crate::io::control::Control;
use crate::support::memory::{collected, filled, try_with_capacity};

/// Caller's memory for the chosen slivers of one blob. Each slice gets its sliver as BCS
/// `SliverData`, the body of a request to a storage node.
///
/// Encoding is fastest if the symbols begin at addresses that are multiples of 64 bytes, after a
/// header of [`Shape::sliver_header_len`]. The content is unspecified after a failed job.
///
/// # Example
///
/// ```
/// use walrus_accel::io::SliverSlices;
/// use walrus_accel::{Axis, Control, Encoder, PairSet, Shape};
///
/// let shape = Shape::new(10, 6)?;
/// let [primary, secondary] = Axis::BOTH.map(|axis| shape.sliver_data_len(axis) as usize);
/// let (mut row, mut column) = (vec![0; primary], vec![0; secondary]);
/// let mut sink = SliverSlices::new(vec![[&mut row, &mut column]]);
/// let encoder = Encoder::new(10)?;
/// encoder.encode(&b"walrus"[..], &PairSet::parse("0", 10)?, &mut sink, &Control::new())?;
/// drop(sink);
/// assert_eq!(&row[..7], b"\x0ewalrus");
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Debug)]
pub struct SliverSlices<'m> {
    buffers: Vec<[&'m mut [u8]; 2]>,
}

impl<'m> SliverSlices<'m> {
    /// Creates a sink from the slices of the primary and the secondary sliver of each chosen pair,
    /// by ascending pair. When encoding begins, a slice of another length than its sliver's
    /// ([`Shape::sliver_data_len`]) is [`Error::BufferLength`], and another number of pairs is
    /// [`Error::Sink`].
    #[must_use]
    pub fn new(buffers: Vec<[&'m mut [u8]; 2]>) -> Self {
        Self { buffers }
    }
}

impl Sink for SliverSlices<'_> {
    fn begin<'a>(
        &'a mut self,
        shape: &Shape,
        _commitment: Commitment,
        pairs: &PairSet,
    ) -> Result<Box<dyn SinkSession + 'a>> {
        if self.buffers.len() != pairs.len() {
            let reason = format!(
                "there is memory for {} sliver pairs, and {} were chosen",
                self.buffers.len(),
                pairs.len()
            );
            return Err(Error::Sink {
                source: reason.into(),
            });
        }
        let mut slivers = try_with_capacity(2 * self.buffers.len())?;
        let mut rank = filled(0, usize::from(shape.n_shards()));
        for (pair, buffer) in pairs.iter().zip(&mut self.buffers) {
            rank[usize::from(pair.0)] = slivers.len();
            for (axis, buffer) in Axis::BOTH.into_iter().zip(buffer) {
                let symbols = frame(buffer, shape, axis, pair)?;
                slivers.push(Mutex::new((axis, pair, symbols)));
            }
        }
        Ok(Box::new(Session {
            shape: *shape,
            rank,
            slivers,
        }))
    }
}

/// Writes the header and the trailer of a sliver, and returns the memory of its symbols between
/// them.
fn frame<'a>(
    buffer: &'a mut [u8],
    shape: &Shape,
    axis: Axis,
    pair: SliverPairIndex,
) -> Result<&'a mut [u8]> {
    let layout = SliverLayout::new(shape, axis);
    if buffer.len() as u64 != layout.total_len {
        return Err(Error::BufferLength {
            what: format!("the memory for the {axis} sliver of pair {}", pair.0),
            given: buffer.len() as u64,
            needed: layout.total_len,
        });
    }
    let header = layout.header();
    let (before, rest) = buffer.split_at_mut(header.len());
    let end = rest.len() - SliverLayout::TRAILER_LEN;
    let (symbols, behind) = rest.split_at_mut(end);
    before.copy_from_slice(&header);
    let index = pair.sliver(axis, shape.n_shards());
    behind.copy_from_slice(&SliverLayout::trailer(shape.symbol_size(), index));
    Ok(symbols)
}

struct Session<'a> {
    shape: Shape,
    /// Position in `slivers` of the first sliver of each pair.
    rank: Vec<usize>,
    slivers: Vec<Mutex<(Axis, SliverPairIndex, &'a mut [u8])>>,
}

impl SinkSession for Session<'_> {
    fn put(&self, part: &SliverPart<'_>) -> Result<()> {
        let pair = part.sliver.pair(part.axis, self.shape.n_shards());
        let place = self.rank[usize::from(pair.0)] + usize::from(part.axis == Axis::Secondary);
        let mut sliver = self.slivers[place].lock().expect("a copy does not panic");
        let (_, _, symbols) = &mut *sliver;
        part.copy_to(symbols);
        Ok(())
    }

    fn has_buffers(&self) -> bool {
        true
    }

    fn buffers(&mut self) -> Vec<SliverBufferMut<'_>> {
        let n_shards = self.shape.n_shards();
        let buffers = self.slivers.iter_mut().map(|sliver| {
            let (axis, pair, symbols) = sliver.get_mut().expect("a copy does not panic");
            SliverBufferMut {
                axis: *axis,
                sliver: pair.sliver(*axis, n_shards),
                symbols,
            }
        });
        collected(buffers)
    }

    fn finish(self: Box<Self>, _metadata: &BlobMetadataWithId, _control: &Control) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::EngineKind;
    use crate::io::sink::SliverBuffer;
    use crate::jobs::runtime::Runtime;

    #[test]
    fn every_engine_s_slivers_are_those_of_a_buffer() {
        for kind in [EngineKind::Cpu, EngineKind::Reference] {
            let builder = Runtime::builder().engine(kind).memory(1 << 20);
            let encoder = builder.build().unwrap().encoder(10).unwrap();
            let blob: Vec<u8> = (0..10_000u32).map(|i| (i % 251) as u8).collect();
            let pairs = PairSet::parse("1,4-6,9", 10).unwrap();
            let mut own = SliverBuffer::new();
            let control = Control::new();
            let expected = encoder.encode(&blob, &pairs, &mut own, &control).unwrap();
            let shape = expected.metadata.shape().unwrap();
            let memory = || Axis::BOTH.map(|axis| vec![0; shape.sliver_data_len(axis) as usize]);
            let mut buffers: Vec<_> = pairs.iter().map(|_| memory()).collect();
            let slices = |buffers: &mut Vec<[Vec<u8>; 2]>| -> Result<_> {
                let slices = buffers
                    .iter_mut()
                    .map(|buffer| buffer.each_mut().map(|it| &mut it[..]));
                let mut sink = SliverSlices::new(slices.collect());
                encoder.encode(&blob, &pairs, &mut sink, &control)
            };
            assert_eq!(slices(&mut buffers).unwrap(), expected);
            for (pair, buffer) in pairs.iter().zip(&buffers) {
                for (axis, buffer) in Axis::BOTH.into_iter().zip(buffer) {
                    assert_eq!(
                        own.sliver_data(axis, pair).unwrap(),
                        buffer,
                        "{axis} {pair:?}"
                    );
                }
            }
            buffers[2][1].push(0);
            let error = slices(&mut buffers).unwrap_err();
            assert!(matches!(error, Error::BufferLength { .. }), "{error}");
            buffers.pop();
            let error = slices(&mut buffers).unwrap_err();
            assert!(matches!(error, Error::Sink { .. }), "{error}");
        }
    }
}
