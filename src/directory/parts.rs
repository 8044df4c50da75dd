//! Slivers that come in several stripes.
//!
//! A stripe holds a piece of every symbol. Written where they belong, the pieces of one stripe would
//! lie a symbol apart, and share a page with those of the next at both ends: once the first are out
//! of the system's cache, each of a million writes would have to read its page back. So the pieces
//! of a stripe are written one after another, in a file of their own kind, and the slivers are put
//! together when all stripes are there.
//!
//! In `0007.primary.part`, the stripe `[a, b)` of a sliver of `k` symbols begins at `k * a`, whatever
//! the stripes before it were.

use std::fs::File;
use std::io::{self, Write};

use crate::control::Control;
use crate::shape::Shape;
use crate::sink::SliverPart;
use crate::sliver::{Axis, SliverIndex, SliverPairIndex};
use crate::source::{read_exact_at, write_all_at};
use crate::wire::SliverLayout;

/// About how many bytes are gathered for a write, or put together at a time.
const RUN: usize = 1 << 20;

/// The name of the file of a sliver that is not together yet.
pub(super) fn part_file_name(pair: SliverPairIndex, axis: Axis) -> String {
    format!("{:04}.{axis}.part", pair.0)
}

/// The length of that file when the bytes `0..next` of every symbol are in it.
pub(super) fn part_len(shape: &Shape, axis: Axis, next: u32) -> u64 {
    u64::from(shape.sliver_symbols(axis)) * u64::from(next)
}

/// Writes some symbols' pieces of one stripe.
pub(super) fn put(
    file: &File,
    shape: &Shape,
    part: &SliverPart<'_>,
    scratch: &mut Vec<u8>,
) -> io::Result<()> {
    let bytes = part.bytes();
    let mut offset =
        part_len(shape, part.axis, bytes.start) + u64::from(part.first_symbol) * bytes.len() as u64;
    if let Some(pieces) = part.pieces.contiguous() {
        return write_all_at(file, offset, pieces);
    }
    scratch.clear();
    for piece in part.pieces.iter() {
        if scratch.len() + piece.len() > RUN && !scratch.is_empty() {
            write_all_at(file, offset, scratch)?;
            offset += scratch.len() as u64;
            scratch.clear();
        }
        scratch.extend_from_slice(piece);
    }
    write_all_at(file, offset, scratch)
}

/// Puts a sliver together: reads its pieces from `part`, writes it as BCS `SliverData`, and gives the
/// length and the BLAKE3 of what was written. `stripes` are the ends of the stripes, ascending.
/// An error of kind `Interrupted` says that it was cancelled.
pub(super) fn assemble(
    part: &File,
    out: &mut File,
    shape: &Shape,
    axis: Axis,
    sliver: SliverIndex,
    stripes: &[u32],
    control: &Control,
) -> io::Result<(u64, blake3::Hash)> {
    debug_assert_eq!(stripes.last(), Some(&shape.symbol_size()));
    let layout = SliverLayout::new(shape, axis);
    let mut hasher = blake3::Hasher::new();
    let mut write = |bytes: &[u8]| {
        hasher.update(bytes);
        out.write_all(bytes)
    };
    write(&layout.header())?;
    let symbol_size = shape.symbol_size() as usize;
    let symbols = usize::from(shape.sliver_symbols(axis));
    let at_once = (RUN / symbol_size).clamp(1, symbols);
    let mut together = vec![0; at_once * symbol_size];
    let mut pieces = Vec::new();
    for first in (0..symbols).step_by(at_once) {
        if control.is_cancelled() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let count = at_once.min(symbols - first);
        let together = &mut together[..count * symbol_size];
        let mut start = 0;
        for &end in stripes {
            let width = (end - start) as usize;
            pieces.resize(count * width, 0);
            let offset = part_len(shape, axis, start) + first as u64 * width as u64;
            read_exact_at(part, offset, &mut pieces)?;
            let symbols = together.chunks_exact_mut(symbol_size);
            for (symbol, piece) in symbols.zip(pieces.chunks_exact(width)) {
                symbol[start as usize..end as usize].copy_from_slice(piece);
            }
            start = end;
        }
        write(together)?;
    }
    write(&SliverLayout::trailer(shape.symbol_size(), sliver))?;
    Ok((layout.total_len, hasher.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::Pieces;
    use crate::wire::{Bcs, SliverData};

    #[test]
    fn slivers_come_together_from_any_stripes() {
        // 4 shards, 3 or 2 symbols of 1,000 bytes; and some longer than a run of bytes at once.
        for (len, stripes) in [
            (6_000, vec![1000]),
            (6_000, vec![128, 256, 1000]),
            (6_000, vec![896, 1000]),
            (390_000, vec![64_000, 64_128, 65_000]),
        ] {
            let shape = Shape::new(4, len).unwrap();
            assert_eq!(u64::from(shape.symbol_size()), len / 6);
            for axis in Axis::BOTH {
                let symbols = usize::from(shape.sliver_symbols(axis));
                let size = shape.symbol_size() as usize;
                let sliver: Vec<u8> = (0..symbols * size).map(|i| (i * 7 % 251) as u8).collect();
                let part = tempfile::tempfile().unwrap();
                let mut start = 0;
                for &end in &stripes {
                    let width = (end - start) as usize;
                    // The last symbol apart, and first.
                    for (first, count) in [(symbols - 1, 1), (0, symbols - 1)] {
                        let data = &sliver[first * size + start as usize..];
                        let part_of_sliver = SliverPart {
                            axis,
                            sliver: SliverIndex(1),
                            first_symbol: first as u16,
                            first_byte: start,
                            symbol_size: shape.symbol_size(),
                            pieces: Pieces::new(data, width, size, count),
                        };
                        put(&part, &shape, &part_of_sliver, &mut Vec::new()).unwrap();
                    }
                    assert_eq!(part.metadata().unwrap().len(), part_len(&shape, axis, end));
                    start = end;
                }
                let mut out = tempfile::tempfile().unwrap();
                let control = Control::new();
                let index = SliverIndex(1);
                let (len, hash) =
                    assemble(&part, &mut out, &shape, axis, index, &stripes, &control).unwrap();
                let mut bytes = vec![0; len as usize];
                read_exact_at(&out, 0, &mut bytes).unwrap();
                assert_eq!(blake3::hash(&bytes), hash);
                let read = SliverData::from_bcs(&bytes).unwrap();
                assert_eq!((read.index, read.symbols), (index, sliver));
                control.cancel();
                let cancelled = assemble(&part, &mut out, &shape, axis, index, &stripes, &control);
                assert_eq!(cancelled.unwrap_err().kind(), io::ErrorKind::Interrupted);
            }
        }
    }
}
