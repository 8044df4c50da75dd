//! Summary of a run with several files.

use std::fmt;
use std::time::{Duration, Instant};

use indicatif::{BinaryBytes, HumanCount};

use crate::output::exit::Exit;

/// Counts of a run's files, bytes and failures.
pub struct RunSummary {
    start: Instant,
    files: u64,
    bytes: u64,
    failed: u64,
    /// Files that an interrupt stopped.
    stopped: u64,
}

impl RunSummary {
    /// Returns the summary of a run that starts now.
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
            files: 0,
            bytes: 0,
            failed: 0,
            stopped: 0,
        }
    }

    /// Counts a file with its outcome. `length` is the blob's, if the file succeeded.
    pub fn add(&mut self, length: Option<u64>, exit: Exit) {
        match length {
            Some(length) => {
                self.files += 1;
                self.bytes += length;
            }
            None if exit == Exit::Interrupted => self.stopped += 1,
            None => self.failed += 1,
        }
    }

    /// Writes the summary of a run that took `time`.
    fn write(&self, time: Duration, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = time.as_secs_f64();
        let rate = self.bytes as f64 / f64::from(1 << 20) / seconds.max(1e-3);
        let files = HumanCount(self.files);
        let noun = if self.files == 1 { "file" } else { "files" };
        let bytes = BinaryBytes(self.bytes);
        write!(
            f,
            "{files} {noun}, {bytes}, in {seconds:.1} s ({rate:.1} MiB/s)"
        )?;
        match self.failed {
            0 => {}
            failed => write!(f, "; {} failed", HumanCount(failed))?,
        }
        match self.stopped {
            0 => Ok(()),
            stopped => write!(f, "; {} interrupted", HumanCount(stopped)),
        }
    }
}

impl fmt::Display for RunSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(self.start.elapsed(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Summary after a given time.
    struct After<'a>(&'a RunSummary, Duration);

    impl fmt::Display for After<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.write(self.1, f)
        }
    }

    #[test]
    fn a_summary_has_counts_speed_and_failures() {
        let mut summary = RunSummary::new();
        let text = |summary: &RunSummary, seconds| {
            After(summary, Duration::from_secs_f64(seconds)).to_string()
        };
        assert_eq!(text(&summary, 0.0), "0 files, 0 B, in 0.0 s (0.0 MiB/s)");
        summary.add(Some(3 << 20), Exit::Done);
        assert_eq!(
            text(&summary, 2.0),
            "1 file, 3.00 MiB, in 2.0 s (1.5 MiB/s)"
        );
        for _ in 0..1233 {
            summary.add(Some(0), Exit::Done);
        }
        summary.add(None, Exit::Failed);
        summary.add(None, Exit::Interrupted);
        assert_eq!(
            text(&summary, 0.5),
            "1,234 files, 3.00 MiB, in 0.5 s (6.0 MiB/s); 1 failed; 1 interrupted"
        );
    }
}
