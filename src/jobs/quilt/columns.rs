//! Columns of a quilt, from slivers or from the whole blob.

use std::ops::Range;
use std::sync::OnceLock;

use crate::engine::{CodewordBatch, RestoredCodeword};
use crate::format::commitment::VerifiedMetadata;
use crate::format::error::{Error, Result};
use crate::format::error_reasons::Disagreement;
use crate::format::index::{Axis, SliverIndex};
use crate::format::quilt::QuiltShape;
use crate::format::shape::Shape;
use crate::io::blob_output::{Output, OutputSession};
use crate::io::control::Control;
use crate::io::sliver_source::{SliverSource, usable};
use crate::io::source::Source;
use crate::jobs::decoder::{Check, DecodeRequest, Decoder};
use crate::jobs::verify::BlobSliver;
use crate::support::memory::{collected, filled, to_usize, try_zeroed, with_capacity};

/// Place that the columns of a quilt come from.
pub(super) enum Columns<'a> {
    Slivers(SliverColumns<'a>),
    Blob(Box<dyn Source + Send + 'a>),
}

impl Columns<'_> {
    /// Returns the bytes of consecutive columns, one column after another. Columns from slivers
    /// belong to the metadata.
    pub(super) fn read(
        &self,
        shape: &QuiltShape,
        columns: Range<u16>,
        control: &Control,
    ) -> Result<Vec<u8>> {
        control.check()?;
        let len = columns.len() as u64 * shape.column_len();
        let mut out = try_zeroed(to_usize(len, "columns of a quilt")?)?;
        match self {
            Self::Slivers(slivers) => slivers.read(columns, &mut out, control)?,
            Self::Blob(blob) => read_blob(&**blob, shape, &columns, &mut out)?,
        }
        Ok(out)
    }
}

/// Gathers columns from the rows of a blob.
fn read_blob(
    blob: &dyn Source,
    shape: &QuiltShape,
    columns: &Range<u16>,
    out: &mut [u8],
) -> Result<()> {
    let size = shape.symbol_size() as usize;
    let column_len = out.len() / columns.len();
    let mut part = filled(0, columns.len() * size);
    for row in 0..usize::from(shape.rows()) {
        blob.read_at(shape.offset(row as u64, columns.start.into()), &mut part)?;
        for (column, symbol) in part.chunks_exact(size).enumerate() {
            out[column * column_len + row * size..][..size].copy_from_slice(symbol);
        }
    }
    Ok(())
}

/// Columns from slivers.
///
/// A column is the secondary sliver of its index. Where the sliver is missing or damaged, the
/// column is restored from slivers that need not be verified: the restored column is verified
/// itself. Slivers are verified only if the column is not the metadata's.
pub(super) struct SliverColumns<'a> {
    decoder: Decoder,
    metadata: VerifiedMetadata,
    slivers: Box<dyn SliverSource + Send + 'a>,
    /// Position of the secondary sliver of each column.
    secondary: Vec<Option<usize>>,
    /// Positions of good slivers, by axis, once the slivers were verified.
    good: [OnceLock<Vec<usize>>; 2],
}

impl<'a> SliverColumns<'a> {
    pub(super) fn new(
        decoder: &Decoder,
        metadata: &VerifiedMetadata,
        slivers: Box<dyn SliverSource + Send + 'a>,
    ) -> Self {
        let shape = metadata.shape();
        let infos = slivers.infos();
        let mut secondary = filled(None, shape.columns().into());
        for number in usable(&shape, &*slivers, Axis::Secondary) {
            if let Some(place) = secondary.get_mut(usize::from(infos[number].index.0)) {
                *place = Some(number);
            }
        }
        Self {
            decoder: decoder.clone(),
            metadata: metadata.clone(),
            slivers,
            secondary,
            good: Default::default(),
        }
    }

    fn column_len(&self) -> usize {
        self.metadata.shape().sliver_len(Axis::Secondary) as usize
    }

    fn read(&self, columns: Range<u16>, out: &mut [u8], control: &Control) -> Result<()> {
        let wanted = collected(columns.clone());
        let mut bad = with_capacity(wanted.len());
        let mut read = with_capacity(wanted.len());
        for (&column, bytes) in wanted.iter().zip(out.chunks_exact_mut(self.column_len())) {
            match self.secondary[usize::from(column)]
                .map(|number| self.slivers.read_at(number, 0, bytes))
            {
                Some(Ok(())) => read.push(column),
                None | Some(Err(Error::Io { .. })) => bad.push(column),
                Some(Err(error)) => return Err(error),
            }
        }
        bad.extend(self.wrong(&read, columns.start, out, control)?);
        if !bad.is_empty() {
            bad.sort_unstable();
            self.restore(&bad, columns.start, out, control)?;
        }
        Ok(())
    }

    /// Returns those of the columns whose bytes do not belong to the metadata. `out` begins with
    /// column `first`.
    fn wrong(
        &self,
        columns: &[u16],
        first: u16,
        out: &[u8],
        control: &Control,
    ) -> Result<Vec<u16>> {
        let len = self.column_len();
        let slivers = collected(columns.iter().map(|&column| BlobSliver {
            metadata: &self.metadata,
            axis: Axis::Secondary,
            index: SliverIndex(column),
            symbol_size: self.metadata.shape().symbol_size(),
            symbols: &out[usize::from(column - first) * len..][..len],
        }));
        let verdicts = self.decoder.verify_batch(&slivers, &control.child())?;
        let verdicts = columns.iter().zip(verdicts);
        let bad = verdicts.filter(|(_, verdict)| !verdict.is_good());
        Ok(collected(bad.map(|(&column, _)| column)))
    }

    /// Restores columns from other slivers. `out` begins with column `first`.
    fn restore(
        &self,
        columns: &[u16],
        first: u16,
        out: &mut [u8],
        control: &Control,
    ) -> Result<()> {
        let shape = self.metadata.shape();
        let mut most = (Axis::Primary, 0);
        for axis in Axis::BOTH {
            let needed = usize::from(shape.slivers_needed(axis));
            let good = &self.good[axis as usize];
            let candidates = match good.get() {
                Some(good) => good.clone(),
                None => usable(&shape, &*self.slivers, axis),
            };
            if candidates.len() >= needed
                && self.restore_from(axis, &candidates[..needed], columns, first, out, control)?
            {
                return Ok(());
            }
            if candidates.len() >= needed && good.get().is_none() {
                let good = good.get_or_init({
                    let good = self.verified(&candidates, control)?;
                    || good
                });
                if good.len() >= needed {
                    let good = &good[..needed];
                    if self.restore_from(axis, good, columns, first, out, control)? {
                        return Ok(());
                    }
                    return Err(self.inconsistent(columns[0], control));
                }
            } else if candidates.len() >= needed {
                return Err(self.inconsistent(columns[0], control));
            }
            let usable = good.get().map_or(candidates.len(), Vec::len);
            let share = |(axis, usable): (Axis, usize)| {
                usable * usize::from(shape.slivers_needed(axis.other()))
            };
            if share((axis, usable)) > share(most) {
                most = (axis, usable);
            }
        }
        let (axis, usable) = most;
        Err(Error::NotEnoughSlivers {
            axis,
            usable,
            needed: shape.slivers_needed(axis).into(),
        })
    }

    /// Returns the good ones of the slivers at these positions.
    fn verified(&self, numbers: &[usize], control: &Control) -> Result<Vec<usize>> {
        let verify = self
            .decoder
            .verify(&self.metadata, &*self.slivers, numbers, &control.child());
        let verdicts = numbers.iter().zip(verify?);
        let good = verdicts.filter(|(_, verdict)| verdict.is_good());
        Ok(collected(good.map(|(&number, _)| number)))
    }

    /// Restores columns from exactly as many slivers of an axis as that takes. Returns false if a
    /// sliver cannot be read or a restored column does not belong to the metadata.
    fn restore_from(
        &self,
        axis: Axis,
        numbers: &[usize],
        columns: &[u16],
        first: u16,
        out: &mut [u8],
        control: &Control,
    ) -> Result<bool> {
        let infos = self.slivers.infos();
        let from = Given {
            columns: self,
            numbers,
            indices: collected(numbers.iter().map(|&number| infos[number].index)),
            wanted: columns,
            first,
        };
        let restored = match axis {
            Axis::Primary => from.by_columns(out, control),
            Axis::Secondary => from.by_rows(out, control),
        };
        match restored {
            Ok(()) => Ok(self.wrong(columns, first, out, control)?.is_empty()),
            // Of a sliver: missing memory unwinds.
            Err(Error::Io { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Returns the error for a column that good slivers restore to other bytes than the metadata's:
    /// the error of decoding the whole blob strictly, which computes the result in two ways.
    fn inconsistent(&self, column: u16, control: &Control) -> Error {
        match self.check(control) {
            Err(error) => error,
            Ok(()) => Error::Internal {
                reason: Disagreement::Recovery {
                    axis: Axis::Secondary,
                    index: column,
                    blob_id: *self.metadata.blob_id(),
                    difference: "another sliver",
                },
            },
        }
    }

    /// Decodes the blob with the strict check, and discards it.
    pub(super) fn check(&self, control: &Control) -> Result<()> {
        let request = DecodeRequest {
            check: Check::Strict,
            ..DecodeRequest::new(&self.metadata, &*self.slivers)
        };
        let decoded = self.decoder.decode(&request, &mut Discard, control);
        decoded.map(drop)
    }
}

/// Slivers of one axis to restore columns from.
struct Given<'a, 'b> {
    columns: &'b SliverColumns<'a>,
    numbers: &'b [usize],
    indices: Vec<SliverIndex>,
    wanted: &'b [u16],
    /// First column of the output.
    first: u16,
}

impl Given<'_, '_> {
    fn shape(&self) -> Shape {
        self.columns.metadata.shape()
    }

    fn size(&self) -> usize {
        self.shape().symbol_size() as usize
    }

    /// Place of a column and a row in the output.
    fn at(&self, column: u16, row: usize) -> usize {
        usize::from(column - self.first) * self.columns.column_len() + row * self.size()
    }

    /// Reads symbols of every sliver: `count` consecutive ones from `symbol` on, one sliver after
    /// another.
    fn read(&self, symbol: usize, count: usize, out: &mut [u8]) -> Result<()> {
        let len = count * self.size();
        for (&number, out) in self.numbers.iter().zip(out.chunks_exact_mut(len)) {
            let offset = symbol as u64 * self.size() as u64;
            self.columns.slivers.read_at(number, offset, out)?;
        }
        Ok(())
    }

    fn restore(
        &self,
        axis: Axis,
        symbols: &[u8],
        count: usize,
        wanted: Range<usize>,
        control: &Control,
    ) -> Result<Vec<RestoredCodeword>> {
        let size = self.size();
        let symbol =
            |codeword: usize, item: usize| &symbols[(item * count + codeword) * size..][..size];
        let batch = CodewordBatch {
            shape: self.shape(),
            axis,
            given: &self.indices,
            count,
            symbol: &symbol,
            range: 0..self.shape().symbol_size(),
            wanted,
        };
        let runtime = self.columns.decoder.runtime();
        runtime.codewords(control).restore(&batch, control)
    }

    /// Restores runs of consecutive columns from primary slivers.
    fn by_columns(&self, out: &mut [u8], control: &Control) -> Result<()> {
        let rows = usize::from(self.shape().rows());
        for run in self.wanted.chunk_by(|a, b| a + 1 == *b) {
            control.check()?;
            let len = self.numbers.len() * run.len() * self.size();
            let mut symbols = filled(0, len);
            self.read(run[0].into(), run.len(), &mut symbols)?;
            let control = control.child();
            for part in self.restore(Axis::Primary, &symbols, run.len(), 0..rows, &control)? {
                let pieces = part.bytes.chunks_exact(part.range.len());
                for (row, piece) in pieces.enumerate() {
                    let at = self.at(run[part.codeword], row) + part.range.start as usize;
                    out[at..][..piece.len()].copy_from_slice(piece);
                }
            }
        }
        Ok(())
    }

    /// Restores the part of every row that has the columns, from secondary slivers.
    fn by_rows(&self, out: &mut [u8], control: &Control) -> Result<()> {
        let rows = usize::from(self.shape().rows());
        let (lowest, highest) = (self.wanted[0], self.wanted[self.wanted.len() - 1]);
        let wanted = usize::from(lowest)..usize::from(highest) + 1;
        let row_len = self.numbers.len() * self.size();
        let limit = self.columns.decoder.runtime().memory() / 4;
        let at_once = (limit / row_len as u64).clamp(1, rows as u64) as usize;
        let mut symbols = filled(0, at_once * row_len);
        for start in (0..rows).step_by(at_once) {
            control.check()?;
            let count = at_once.min(rows - start);
            let symbols = &mut symbols[..count * row_len];
            self.read(start, count, symbols)?;
            let control = control.child();
            let parts = self.restore(Axis::Secondary, symbols, count, wanted.clone(), &control)?;
            for part in parts {
                let pieces = part.bytes.chunks_exact(part.range.len());
                for (column, piece) in (lowest..).zip(pieces) {
                    // Columns between may be good already.
                    if self.wanted.binary_search(&column).is_ok() {
                        let at = self.at(column, start + part.codeword) + part.range.start as usize;
                        out[at..][..piece.len()].copy_from_slice(piece);
                    }
                }
            }
        }
        Ok(())
    }
}

/// Output that keeps nothing.
pub(super) struct Discard;

impl Output for Discard {
    fn begin<'a>(&'a mut self, _: &Shape) -> Result<Box<dyn OutputSession + 'a>> {
        Ok(Box::new(Discard))
    }
}

impl OutputSession for Discard {
    fn put(&self, _: u64, _: &[u8]) -> Result<()> {
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}
