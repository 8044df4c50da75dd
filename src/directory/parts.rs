//! Layout of slivers' bytes in files, while they are written and read back.
//!
//! A blob in one stripe is written to its final place. With several stripes, the pieces of one
//! stripe would lie a symbol apart and share pages with the next stripe at both ends: once a page
//! has left the system's cache, each of a million writes would have to read it again. The pieces
//! of a stripe are therefore written in order to a separate file, and the slivers are assembled
//! after the last stripe. In `0007.primary.part`, the stripe `[a, b)` of a sliver of `k` symbols
//! begins at `k * a`, whatever the earlier stripes were.
//!
//! A file may change between writing and reading: through another process, a failing disk, or a
//! user. Each sliver therefore has a checksum of its pieces as the encoder provided them, in any
//! order, and data that is read back counts only if its checksum is equal.

use std::fs::File;
use std::io::{self, Write};

use twox_hash::XxHash3_64;

use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;
use crate::format::wire::SliverLayout;
use crate::io::control::Control;
use crate::io::sink::SliverPart;
use crate::support::disk::{read_exact_at, write_all_at};
use crate::support::memory::filled;

/// Approximate bytes that are gathered for a write, or assembled at a time.
const RUN: usize = 1 << 20;

/// Length of a part file that holds the bytes `0..next` of every symbol.
pub(super) fn part_len(shape: &Shape, axis: Axis, next: u32) -> u64 {
    u64::from(shape.sliver_symbols(axis)) * u64::from(next)
}

/// Checksum of a symbol's piece in the stripe that begins at `start`. The checksum of a sliver is
/// the sum of the checksums of its pieces modulo 2^64.
fn piece_sum(symbol: u64, start: u32, piece: &[u8]) -> u64 {
    XxHash3_64::oneshot_with_seed(symbol << 32 | u64::from(start), piece)
}

/// Checksum of the pieces of a part.
pub(super) fn sum(part: &SliverPart<'_>) -> u64 {
    let symbols = u64::from(part.first_symbol)..;
    let pieces = symbols.zip(part.pieces.iter());
    pieces.fold(0, |sum: u64, (symbol, piece)| {
        sum.wrapping_add(piece_sum(symbol, part.first_byte, piece))
    })
}

/// Writes the pieces of some symbols of one stripe.
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
    crate::support::memory::ensure_capacity(scratch, RUN.max(bytes.len()));
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

/// Sliver of a blob.
#[derive(Clone, Copy)]
pub(super) struct SliverId<'a> {
    pub(super) shape: &'a Shape,
    pub(super) axis: Axis,
    pub(super) sliver: SliverIndex,
}

/// Checksums of a sliver's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReadBack {
    /// Checksum of the symbols' pieces.
    pub(super) sum: u64,
    /// BLAKE3 of the sliver as BCS.
    pub(super) hash: blake3::Hash,
}

/// Assembles a sliver: reads its pieces from `part` and writes it as BCS `SliverData`. `stripes`
/// are the ends of the stripes in ascending order.
///
/// # Errors
///
/// `Interrupted` after cancellation; `InvalidData` if `part` has another length than its pieces.
pub(super) fn assemble(
    part: &File,
    out: &mut File,
    id: SliverId<'_>,
    stripes: &[u32],
    control: &Control,
) -> io::Result<ReadBack> {
    let SliverId { shape, axis, .. } = id;
    debug_assert_eq!(stripes.last(), Some(&shape.symbol_size()));
    check_len(part, part_len(shape, axis, shape.symbol_size()))?;
    let mut pieces = Vec::new();
    let read = |first: usize, count: usize, start: u32, end: u32, symbols: &mut [u8]| {
        let width = (end - start) as usize;
        crate::support::memory::ensure_capacity(&mut pieces, count * width);
        pieces.resize(count * width, 0);
        let offset = part_len(shape, axis, start) + first as u64 * width as u64;
        read_exact_at(part, offset, &mut pieces)?;
        let symbols = symbols.chunks_exact_mut(shape.symbol_size() as usize);
        for (symbol, piece) in symbols.zip(pieces.chunks_exact(width)) {
            symbol[start as usize..end as usize].copy_from_slice(piece);
        }
        Ok(())
    };
    each_run(id, stripes, control, read, |bytes| out.write_all(bytes))
}

/// Reads a sliver's file back. `stripes` are the ends of the stripes in which its pieces arrived.
///
/// # Errors
///
/// `Interrupted` after cancellation; `InvalidData` if the length or the frame is not that of the
/// sliver's file.
pub(super) fn read_back(
    file: &File,
    id: SliverId<'_>,
    stripes: &[u32],
    control: &Control,
) -> io::Result<ReadBack> {
    let symbol_size = id.shape.symbol_size();
    let layout = SliverLayout::new(id.shape, id.axis);
    check_len(file, layout.total_len)?;
    let mut header = [0; 16];
    let header = &mut header[..layout.header_len as usize];
    read_exact_at(file, 0, header)?;
    let mut trailer = [0; SliverLayout::TRAILER_LEN];
    read_exact_at(file, layout.header_len + layout.symbols_len, &mut trailer)?;
    if *header != layout.header() || trailer != SliverLayout::trailer(symbol_size, id.sliver) {
        return Err(changed());
    }
    let read = |first: usize, count: usize, start: u32, _end: u32, symbols: &mut [u8]| {
        if start > 0 {
            return Ok(()); // All stripes of the symbols came with the first one.
        }
        let len = count * symbol_size as usize;
        let offset = layout.header_len + first as u64 * u64::from(symbol_size);
        read_exact_at(file, offset, &mut symbols[..len])
    };
    each_run(id, stripes, control, read, |_| Ok(()))
}

/// Processes a sliver, some symbols at a time: `read` fills in one stripe of the symbols, and
/// `write` gets the bytes of the file in order.
fn each_run(
    id: SliverId<'_>,
    stripes: &[u32],
    control: &Control,
    mut read: impl FnMut(usize, usize, u32, u32, &mut [u8]) -> io::Result<()>,
    mut write: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<ReadBack> {
    let SliverId {
        shape,
        axis,
        sliver,
    } = id;
    let mut hasher = blake3::Hasher::new();
    let mut next = |bytes: &[u8]| {
        hasher.update(bytes);
        write(bytes)
    };
    next(&SliverLayout::new(shape, axis).header())?;
    let symbol_size = shape.symbol_size() as usize;
    let symbols = usize::from(shape.sliver_symbols(axis));
    let at_once = (RUN / symbol_size).clamp(1, symbols);
    let mut together = filled(0, at_once * symbol_size);
    let mut sum = 0u64;
    for first in (0..symbols).step_by(at_once) {
        if control.is_cancelled() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let count = at_once.min(symbols - first);
        let together = &mut together[..count * symbol_size];
        let mut start = 0;
        for &end in stripes {
            read(first, count, start, end, together)?;
            for (symbol, bytes) in (first as u64..).zip(together.chunks_exact(symbol_size)) {
                let piece = &bytes[start as usize..end as usize];
                sum = sum.wrapping_add(piece_sum(symbol, start, piece));
            }
            start = end;
        }
        next(together)?;
    }
    next(&SliverLayout::trailer(shape.symbol_size(), sliver))?;
    Ok(ReadBack {
        sum,
        hash: hasher.finalize(),
    })
}

fn check_len(file: &File, expected: u64) -> io::Result<()> {
    match file.metadata()?.len() == expected {
        true => Ok(()),
        false => Err(changed()),
    }
}

/// Creates the error for a file that has changed since it was written.
pub(super) fn changed() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "it was changed since it was written; start again",
    )
}

/// Tells that a file was cut, instead of the end of a read.
pub(super) fn ends_early(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => changed(),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::wire::{Bcs, SliverData};
    use crate::io::sink::Pieces;

    #[test]
    fn slivers_come_together_from_any_stripes() {
        // 4 shards, 3 or 2 symbols of 1,000 bytes; and some longer than one run.
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
                let (mut start, mut given) = (0, 0u64);
                for &end in &stripes {
                    let width = (end - start) as usize;
                    // The last symbol is put separately, and first.
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
                        given = given.wrapping_add(sum(&part_of_sliver));
                        put(&part, &shape, &part_of_sliver, &mut Vec::new()).unwrap();
                    }
                    assert_eq!(part.metadata().unwrap().len(), part_len(&shape, axis, end));
                    start = end;
                }
                let id = SliverId {
                    shape: &shape,
                    axis,
                    sliver: SliverIndex(1),
                };
                let mut out = tempfile::tempfile().unwrap();
                let control = Control::new();
                let made = assemble(&part, &mut out, id, &stripes, &control).unwrap();
                let mut bytes = vec![0; out.metadata().unwrap().len() as usize];
                read_exact_at(&out, 0, &mut bytes).unwrap();
                assert_eq!(blake3::hash(&bytes), made.hash);
                assert_eq!(made.sum, given);
                let read = SliverData::from_bcs(&bytes).unwrap();
                assert_eq!((read.index, read.symbols), (id.sliver, sliver));
                assert_eq!(read_back(&out, id, &stripes, &control).unwrap(), made);

                // Every byte counts, in either file, and so does the length.
                for file in [&part, &out] {
                    let len = file.metadata().unwrap().len();
                    for place in [0, len / 2, len - 1] {
                        let mut byte = [0];
                        read_exact_at(file, place, &mut byte).unwrap();
                        write_all_at(file, place, &[byte[0] ^ 4]).unwrap();
                        let mut other = tempfile::tempfile().unwrap();
                        let made = assemble(&part, &mut other, id, &stripes, &control);
                        let read = read_back(&out, id, &stripes, &control);
                        let same = |found: io::Result<ReadBack>| {
                            found.is_ok_and(|found| found.sum == given)
                        };
                        assert!(!(same(made) && same(read)), "byte {place}");
                        write_all_at(file, place, &byte).unwrap();
                    }
                    file.set_len(len + 1).unwrap();
                }
                assemble(&part, &mut out, id, &stripes, &control).unwrap_err();
                read_back(&out, id, &stripes, &control).unwrap_err();
                part.set_len(part_len(&shape, axis, shape.symbol_size()))
                    .unwrap();
                control.cancel();
                let cancelled = assemble(&part, &mut out, id, &stripes, &control);
                assert_eq!(cancelled.unwrap_err().kind(), io::ErrorKind::Interrupted);
            }
        }
    }
}
