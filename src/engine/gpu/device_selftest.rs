//! Self-test of a device before its first use in a process: small jobs of each kind, compared with
//! the CPU's results.

use std::ops::Range;

use crate::engine::cpu;
use crate::engine::gpu::device::fault::{Failure, Fault};
use crate::engine::gpu::encode::stripe_output::OutputProgress;
use crate::engine::gpu::{GpuEngine, decode, encode, expand};
use crate::engine::{DecodeSession, EncodeSession, ExpandSession, stripes};
use crate::format::commitment::{Commitment, ZeroCodewords, column_roots, row_roots};
use crate::format::error::Result;
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;
use crate::io::control::Control;
use crate::io::symbol_reader::SymbolReader;

/// Committees and symbol sizes of the test jobs; one committee has the network's size.
const SHAPES: [(u16, u32); 2] = [(10, 322), (1000, 4)];

/// Width of stripes in bytes.
const WIDTH: u32 = 128;

/// Slivers that are hashed.
const SLIVERS: usize = 3;

/// Runs the test jobs. Returns true if all were run: jobs that exceed the device's memory limit are
/// left out.
///
/// # Errors
///
/// A fault if a result is wrong or the device fails.
pub(crate) fn try_out(engine: &GpuEngine) -> Result<bool, Failure> {
    let mut all = true;
    for (n_shards, size) in SHAPES {
        let symbols = |shape: &Shape| u64::from(shape.rows()) * u64::from(shape.columns());
        let committee = Shape::new(n_shards, 1).expect("a valid committee");
        let length = symbols(&committee) * u64::from(size);
        let shape = Shape::new(n_shards, length).expect("a valid shape");
        let bytes: Vec<u8> = (0..length)
            .map(|i| ((i * i) >> 7) as u8 ^ i as u8)
            .collect();
        for commitment in [Commitment::Blake2b256, Commitment::Blake3] {
            // One hash is enough for the network's size.
            if n_shards == 1000 && commitment == Commitment::Blake3 {
                continue;
            }
            all &= encodes(engine, shape, commitment, &bytes)?;
            for axis in Axis::BOTH {
                all &= expands(engine, shape, commitment, axis, &bytes)?;
            }
        }
        for axis in Axis::BOTH {
            all &= decodes(engine, shape, axis, &bytes)?;
        }
    }
    Ok(all)
}

/// Returns a fault if a result is wrong.
fn expect(right: bool) -> Result<bool, Failure> {
    match right {
        true => Ok(true),
        false => Err(Fault::Wrong("a known answer").into()),
    }
}

/// Compares the roots of a blob. Returns false if the job exceeds the device's memory limit.
fn encodes(
    engine: &GpuEngine,
    shape: Shape,
    commitment: Commitment,
    bytes: &[u8],
) -> Result<bool, Failure> {
    let size = shape.symbol_size();
    let Ok(widest) = engine.widest(&shape, commitment) else {
        return Ok(false);
    };
    let width = WIDTH.min(widest);
    let rows = Slivers::new(bytes, &shape, Axis::Primary);
    let mut session = encode::GpuEncodeSession::new(engine, shape, commitment, width);
    let progress = OutputProgress::new(&shape);
    for range in stripes(size, 0, width) {
        let done = session.on_device(range, &rows, None, &progress, &Control::new());
        done?;
    }
    let host = &*engine.cpu;
    let mut expected = cpu::encode::Session::new(host, shape, commitment, size);
    let done = expected.stripe(0..size, &rows, None, &Control::new());
    done.expect("bytes in memory can be read");
    let (leaves, n) = (expected.leaves(), usize::from(shape.n_shards()));
    // No row or column of the test blobs is zero because of padding.
    let zeros = ZeroCodewords::none();
    let expected = [
        column_roots(host, commitment, leaves, n, &zeros),
        row_roots(host, commitment, leaves, n, &zeros),
    ];
    expect(session.roots == Some(expected))
}

/// Compares the roots of slivers. Returns false as `encodes`.
fn expands(
    engine: &GpuEngine,
    shape: Shape,
    commitment: Commitment,
    axis: Axis,
    bytes: &[u8],
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
        let done = session.on_device(range, &slivers, &Control::new());
        done?;
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
/// slivers of some matrix. Returns false as `encodes`.
fn decodes(engine: &GpuEngine, shape: Shape, axis: Axis, bytes: &[u8]) -> Result<bool, Failure> {
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
    let done = session.on_device(0..size, &slivers, &Control::new());
    done?;
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
