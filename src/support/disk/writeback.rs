//! Writeback that is started from a thread of its own.

use std::fs::File;
use std::ops::Range;
use std::sync::Arc;

use super::disk_hints::start_writeback;
use super::open_files::OpenPlace;
use super::write_queue::WriteQueue;

/// Starts the writeback of written ranges, on a thread of its own: the system lets the caller wait
/// while the disk reads for others.
///
/// Dropping it forgets the ranges that wait. A sync writes them.
pub(crate) struct Writeback(WriteQueue<WrittenRange>);

/// Written range of a file, which is open until its writeback is started.
struct WrittenRange {
    file: Arc<File>,
    range: Range<u64>,
    _place: OpenPlace,
}

impl Writeback {
    /// Creates a queue for up to `capacity` ranges. Their files stay open until then.
    pub(crate) fn new(capacity: usize) -> Self {
        let run = |written: WrittenRange| {
            start_writeback(&written.file, written.range);
            Ok(())
        };
        // One thread, as the calls wait at the same place.
        Self(WriteQueue::new(1, capacity, run))
    }

    /// Starts to write the changed bytes of a range soon. Waits while the queue is full.
    pub(crate) fn start(&self, file: &Arc<File>, range: Range<u64>) {
        // Without a place among the open files or in the queue, a later sync writes the range.
        let Some(place) = OpenPlace::take() else {
            return;
        };
        let written = WrittenRange {
            file: Arc::clone(file),
            range,
            _place: place,
        };
        let _ = self.0.push(0, 1, written);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn files_are_released() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[1; 1 << 20]).unwrap();
        let file = Arc::new(file);
        let writeback = Writeback::new(2);
        for start in 0..20 {
            writeback.start(&file, start * 1000..(start + 1) * 1000);
        }
        drop(writeback);
        assert_eq!(Arc::strong_count(&file), 1);
    }
}
