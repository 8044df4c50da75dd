//! Where a decoded blob goes: memory, or a caller's own storage.

use std::io;
use std::sync::Mutex;

use crate::format::error::{Error, Result};
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::support::memory::{collected, to_usize};

/// Receives one decoded blob. Implemented for `Vec<u8>`, [`SliceOutput`] and
/// [`FileOutput`](crate::io::FileOutput).
pub trait Output {
    /// Prepares for a blob. What is returned is dropped without [`OutputSession::finish`] if the
    /// job fails or is cancelled: then nothing of it may stay behind.
    ///
    /// # Errors
    ///
    /// Whatever keeps the output from taking the blob.
    fn begin<'a>(&'a mut self, shape: &Shape) -> Result<Box<dyn OutputSession + 'a>>;
}

/// An output while one blob is being decoded into it.
pub trait OutputSession: Sync {
    /// Takes the bytes at `offset` of the blob, from several threads at once; the ranges do not
    /// overlap, none crosses from one row of the source matrix to the next, and they cover the blob.
    ///
    /// # Errors
    ///
    /// Any error ends the job.
    fn put(&self, offset: u64, bytes: &[u8]) -> Result<()>;

    /// Whether this output is memory that [`OutputSession::lend_row`] lends: every row that lies
    /// within the blob. What it does not lend after all counts against no memory limit.
    fn in_memory(&self) -> bool {
        false
    }

    /// Lends the memory of a whole row of the source matrix, so that it is put together there: each
    /// row once. Nothing is put into a row that was lent.
    fn lend_row(&self, row: usize) -> Option<&mut [u8]> {
        let _ = row;
        None
    }

    /// Completes the blob: it was checked as asked for, and every byte was put.
    ///
    /// # Errors
    ///
    /// Any error ends the job.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// The vector is resized to the blob; what it holds after a job that failed is unspecified.
impl Output for Vec<u8> {
    fn begin<'a>(&'a mut self, shape: &Shape) -> Result<Box<dyn OutputSession + 'a>> {
        let bytes = shape.unencoded_length();
        let len = to_usize(bytes, "the blob")?;
        self.try_reserve_exact(len.saturating_sub(self.len()))
            .map_err(|_| {
                let source = io::Error::from(io::ErrorKind::OutOfMemory);
                Error::io("reserve memory for", format!("a blob of {bytes} bytes"))(source)
            })?;
        self.resize(len, 0);
        Ok(Box::new(MemorySession::new(self, shape)))
    }
}

/// Memory of exactly the blob's length. What it holds after a job that failed is unspecified.
///
/// # Example
///
/// ```
/// use walrus_accel::Shape;
/// use walrus_accel::io::{Output, SliceOutput};
///
/// let mut room = [0; 6];
/// let mut output = SliceOutput::new(&mut room);
/// let session = output.begin(&Shape::new(10, 6)?)?;
/// session.put(0, b"walrus")?;
/// session.finish()?;
/// assert_eq!(&room, b"walrus");
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Debug)]
pub struct SliceOutput<'m> {
    memory: &'m mut [u8],
}

impl<'m> SliceOutput<'m> {
    /// An output into `memory`. That its length is the blob's is checked when the decoding begins:
    /// anything else is [`Error::BufferLength`].
    pub fn new(memory: &'m mut [u8]) -> Self {
        Self { memory }
    }
}

impl Output for SliceOutput<'_> {
    fn begin<'a>(&'a mut self, shape: &Shape) -> Result<Box<dyn OutputSession + 'a>> {
        let (given, needed) = (self.memory.len() as u64, shape.unencoded_length());
        if given != needed {
            return Err(Error::BufferLength {
                what: "the blob".into(),
                given,
                needed,
            });
        }
        Ok(Box::new(MemorySession::new(self.memory, shape)))
    }
}

struct MemorySession<'a> {
    /// A lock a row: a row's bytes come from one thread at a time. Those that were lent are gone.
    rows: Vec<Mutex<Option<&'a mut [u8]>>>,
    row_len: u64,
}

impl<'a> MemorySession<'a> {
    fn new(memory: &'a mut [u8], shape: &Shape) -> Self {
        let row_len = shape.sliver_len(Axis::Primary);
        let chunk = usize::try_from(row_len).unwrap_or(usize::MAX);
        let rows = memory.chunks_mut(chunk);
        Self {
            rows: collected(rows.map(|row| Mutex::new(Some(row)))),
            row_len,
        }
    }
}

impl OutputSession for MemorySession<'_> {
    fn put(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let row = usize::try_from(offset / self.row_len).expect("inside the blob");
        let start = usize::try_from(offset % self.row_len).expect("inside the blob");
        let mut row = self.rows[row].lock().expect("a copy does not panic");
        let row = row.as_mut().expect("a row that was not lent");
        row[start..start + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn in_memory(&self) -> bool {
        true
    }

    fn lend_row(&self, row: usize) -> Option<&mut [u8]> {
        let mut row = self.rows.get(row)?.lock().expect("a copy does not panic");
        let whole = row.as_ref()?.len() as u64 == self.row_len;
        whole.then(|| row.take())?.map(|row| &mut *row)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}
