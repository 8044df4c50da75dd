//! Outputs: destinations of a decoded blob in memory.

use std::io;
use std::sync::Mutex;

use crate::format::error::{Error, Result};
use crate::format::index::Axis;
use crate::format::shape::Shape;
use crate::io::source::Source;
use crate::support::memory::{collected, to_usize};

/// Destination of one decoded blob. Implemented for `Vec<u8>`, [`SliceOutput`] and
/// [`FileOutput`](crate::io::FileOutput).
pub trait Output {
    /// Starts to receive a blob. If the job fails or is cancelled, the session is dropped without
    /// [`OutputSession::finish`] and must leave nothing behind.
    ///
    /// # Errors
    ///
    /// Any reason why the output cannot take the blob.
    fn begin<'a>(&'a mut self, shape: &Shape) -> Result<Box<dyn OutputSession + 'a>>;
}

/// Output while one blob is decoded into it.
pub trait OutputSession: Sync {
    /// Takes the bytes at `offset` of the blob. Called from several threads at once. The ranges do
    /// not overlap, do not cross from one row of the source matrix to the next, and cover the
    /// blob.
    ///
    /// # Errors
    ///
    /// Any error ends the job.
    fn put(&self, offset: u64, bytes: &[u8]) -> Result<()>;

    /// Returns true if the output is memory that [`OutputSession::lend_row`] lends, for every row
    /// that lies inside the blob. Rows that are not lent after all count against no memory limit.
    fn in_memory(&self) -> bool {
        false
    }

    /// Lends the memory of a whole row of the source matrix, to assemble the row in place. Called
    /// once per row. No bytes are put into a lent row.
    fn lend_row(&self, row: usize) -> Option<&mut [u8]> {
        let _ = row;
        None
    }

    /// Returns the bytes that were put so far as a source of the blob's length, if they can be read
    /// back. Decoding then takes whole symbols in groups, instead of ranges of all symbols: it puts
    /// large pieces, and reads them back to check them. `None` by default.
    fn written(&self) -> Option<&dyn Source> {
        None
    }

    /// Completes the blob. Every byte was put, and the blob passed the check that the caller asked
    /// for.
    ///
    /// # Errors
    ///
    /// Any error ends the job.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// Resizes the vector to the length of the blob. The content is unspecified after a failed job.
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

/// Output into memory of exactly the blob's length. The content is unspecified after a failed job.
///
/// # Example
///
/// ```
/// use walrus_accel::io::{Output, SliceOutput};
/// use walrus_accel::Shape;
///
/// let mut blob = [0; 6];
/// let mut output = SliceOutput::new(&mut blob);
/// let session = output.begin(&Shape::new(10, 6)?)?;
/// session.put(0, b"walrus")?;
/// session.finish()?;
/// assert_eq!(&blob, b"walrus");
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Debug)]
pub struct SliceOutput<'m> {
    memory: &'m mut [u8],
}

impl<'m> SliceOutput<'m> {
    /// Creates an output into `memory`. If the length of `memory` is not the blob's, the job fails
    /// with [`Error::BufferLength`] when decoding begins.
    pub fn new(memory: &'m mut [u8]) -> Self {
        Self { memory }
    }
}

impl Output for SliceOutput<'_> {
    fn begin<'a>(&'a mut self, shape: &Shape) -> Result<Box<dyn OutputSession + 'a>> {
        let (given, needed) = (self.memory.len() as u64, shape.unencoded_length());
        if given != needed {
            return Err(Error::BufferLength {
                what: "the memory for the blob".into(),
                given,
                needed,
            });
        }
        Ok(Box::new(MemorySession::new(self.memory, shape)))
    }
}

struct MemorySession<'a> {
    /// One lock per row: the bytes of a row come from one thread at a time. `None` for lent rows.
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
