//! Self-test of a device: before its first job of a kind in a process, a small job whose result is
//! compared with the CPU's.
//!
//! A question runs the shaders of the job at hand, for its committee and its hash, and no others:
//! compiling a shader takes longer than a small job. Leaf hashes of BLAKE3 have a shader per number
//! of subtrees; a question runs the one for short symbols.

use std::ops::Range;

use crate::engine::cpu;
use crate::engine::gpu::device::adapters;
use crate::engine::gpu::device::fault::{Failure, Fault};
use crate::engine::gpu::gpu_engine::{GpuEngine, Question};
use crate::engine::gpu::{decode, expand};
use crate::engine::{DecodeSession, ExpandSession, stripes};
use crate::format::commitment::{Commitment, ZeroCodewords, row_roots};
use crate::format::error::Result;
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::io::symbol_reader::SymbolReader;
use crate::support::memory::collected;

/// Bytes of symbols of slivers that are hashed: three stripes.
const SIZE: u32 = 322;

/// Width of stripes in bytes.
const WIDTH: u32 = 128;

/// Slivers that are hashed.
const SLIVERS: usize = 3;

/// Bytes of symbols of slivers to decode: two stripes of 64 bytes, or few bytes if the blob would
/// have more than [`MOST`] bytes.
const DECODED_SIZES: [u32; 2] = [66, 4];
const MOST: u64 = 1 << 20;

impl GpuEngine {
    /// Asks questions about a committee that the adapter has not answered in this process, unless
    /// the engine asks none.
    ///
    /// # Errors
    ///
    /// A fault if an answer is wrong or the device fails; the job's error if it is cancelled.
    pub(crate) fn try_out(
        &self,
        n_shards: u16,
        questions: &[Question],
        control: &Control,
    ) -> Result<(), Failure> {
        if !self.asks_questions || self.device.is_stub() {
            return Ok(());
        }
        for question in questions {
            let key = format!("{} {n_shards} {question:?}", self.key);
            if adapters::is_tried(&key) {
                continue;
            }
            // What does not fit on the device is not asked; nor is it a job's.
            if ask(self, n_shards, *question, &control.child())? {
                adapters::note_tried(key);
            }
        }
        Ok(())
    }
}

/// Asks a question. Returns false if it exceeds the device's memory limit.
fn ask(
    engine: &GpuEngine,
    n_shards: u16,
    question: Question,
    control: &Control,
) -> Result<bool, Failure> {
    let committee = Shape::new(n_shards, 1).expect("the committee of a job");
    let symbols = u64::from(committee.rows()) * u64::from(committee.columns());
    let [long, short] = DECODED_SIZES;
    let size = match question {
        Question::Expand(..) => SIZE,
        Question::Decode(_) if symbols * u64::from(long) <= MOST => long,
        Question::Decode(_) => short,
    };
    let shape = Shape::new(n_shards, symbols * u64::from(size)).expect("a valid shape");
    let (axis, slivers) = match question {
        Question::Expand(_, axis) => (axis, SLIVERS),
        Question::Decode(axis) => (axis, usize::from(shape.slivers_needed(axis))),
    };
    // Any bytes are slivers of some matrix.
    let length = slivers as u64 * shape.sliver_len(axis);
    let byte = |i: u64| ((i * i) >> 7) as u8 ^ i as u8;
    let bytes = collected((0..length).map(byte));
    match question {
        Question::Expand(commitment, axis) => {
            expands(engine, shape, commitment, axis, &bytes, control)
        }
        Question::Decode(axis) => decodes(engine, shape, axis, &bytes, control),
    }
}

/// Returns a fault if a result is wrong.
fn expect(right: bool) -> Result<bool, Failure> {
    match right {
        true => Ok(true),
        false => Err(Fault::Wrong("a known answer").into()),
    }
}

/// Compares the roots of slivers. Returns false if the job exceeds the device's memory limit.
fn expands(
    engine: &GpuEngine,
    shape: Shape,
    commitment: Commitment,
    axis: Axis,
    bytes: &[u8],
    control: &Control,
) -> Result<bool, Failure> {
    let size = shape.symbol_size();
    let width = WIDTH.min(size);
    let Ok(widest) = engine.widest_expand(&shape, commitment, axis) else {
        return Ok(false);
    };
    let slivers = Slivers::new(bytes, &shape, axis);
    let of = (shape, commitment, axis);
    let mut session = expand::GpuExpandSession::new(engine, of, SLIVERS, width, widest);
    for range in stripes(size, 0, width) {
        session.on_device(range, &slivers, control)?;
    }
    let host = &*engine.cpu;
    let mut expected = cpu::expand::Session::new(host, shape, commitment, axis, SLIVERS, size);
    let done = expected.stripe(0..size, &slivers, &Control::new());
    done.expect("bytes in memory can be read");
    let (leaves, n) = (expected.leaves(), usize::from(shape.n_shards()));
    let expected = row_roots(host, commitment, leaves, n, &ZeroCodewords::none());
    expect(session.roots() == Some(&expected))
}

/// Compares the rows decoded from arbitrary slivers, most of them not of the source: any bytes are
/// slivers of some matrix. Returns false as `expands`.
fn decodes(
    engine: &GpuEngine,
    shape: Shape,
    axis: Axis,
    bytes: &[u8],
    control: &Control,
) -> Result<bool, Failure> {
    let size = shape.symbol_size();
    let Ok(widest) = engine.widest_decode(&shape, axis) else {
        return Ok(false);
    };
    let needed = shape.slivers_needed(axis);
    let given: Vec<_> = (shape.n_shards() - needed..shape.n_shards())
        .map(SliverIndex)
        .collect();
    let slivers = Slivers::new(bytes, &shape, axis);
    let nowhere = |_| None;
    let session =
        decode::GpuDecodeSession::new(engine, shape, axis, &given, size, widest, &nowhere);
    let mut session = session;
    session.on_device(0..size, &slivers, control)?;
    let host = &*engine.cpu;
    let stripe = (usize::from(shape.sliver_symbols(axis)), size);
    let mut expected = cpu::decode::Session::new(host, shape, axis, &given, stripe, &nowhere);
    let done = expected.stripe(0..size, &slivers, &Control::new());
    done.expect("bytes in memory can be read");
    let row_len = shape.sliver_len(Axis::Primary) as usize;
    let row = |session: &dyn DecodeSession, row| {
        let mut bytes = vec![0; row_len];
        let rows = session.rows(&slivers);
        rows.read(row, 0..size, &mut bytes).map(|()| bytes).ok()
    };
    let mut rows = 0..usize::from(shape.rows());
    expect(rows.all(|number| row(&session, number) == row(&expected, number)))
}

/// Slivers one after another in memory.
struct Slivers<'a> {
    bytes: &'a [u8],
    sliver: usize,
    symbol: usize,
}

impl<'a> Slivers<'a> {
    fn new(bytes: &'a [u8], shape: &Shape, axis: Axis) -> Self {
        Self {
            bytes,
            sliver: shape.sliver_len(axis) as usize,
            symbol: shape.symbol_size() as usize,
        }
    }
}

impl SymbolReader for Slivers<'_> {
    fn read(&self, item: usize, range: Range<u32>, out: &mut [u8]) -> Result<()> {
        let symbols = self.bytes[item * self.sliver..].chunks_exact(self.symbol);
        let range = range.start as usize..range.end as usize;
        for (place, symbol) in out.chunks_exact_mut(range.len()).zip(symbols) {
            place.copy_from_slice(&symbol[range.clone()]);
        }
        Ok(())
    }
}
