//! Measurement of times.

use std::time::{Duration, Instant};

/// Seconds of repeated calls of a short task per reading of the clock. Longer batches are more
/// likely to be interrupted by another process.
const BATCH_SECONDS: f64 = 2e-3;

/// Measures tasks in turns and returns the seconds per call of each. Of `rounds` rounds, the
/// fastest one of a task counts: the one that other processes disturbed least.
pub fn alternate<const N: usize>(rounds: usize, mut tasks: [&mut dyn FnMut(); N]) -> [f64; N] {
    let calls = tasks.each_mut().map(|task| {
        task(); // Fills tables, memory and caches.
        let once = timed(&mut **task, 1).max(1e-9);
        (BATCH_SECONDS / once).ceil().max(1.0) as usize
    });
    let mut fastest = [f64::MAX; N];
    for _ in 0..rounds {
        for ((task, calls), fastest) in tasks.iter_mut().zip(calls).zip(&mut fastest) {
            *fastest = fastest.min(timed(&mut **task, calls));
        }
    }
    fastest
}

/// Returns the mean seconds per call.
fn timed(task: &mut dyn FnMut(), calls: usize) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        task();
    }
    start.elapsed().as_secs_f64() / calls as f64
}

/// Returns the median of times, which the call sorts.
pub fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    let middle = times.len() / 2;
    match times.len().is_multiple_of(2) {
        true => (times[middle - 1] + times[middle]) / 2.0,
        false => times[middle],
    }
}

/// Times of a job's runs, without the first run, which touches memory for the first time.
pub struct Runs {
    is_warm: bool,
    times: Vec<f64>,
    /// Number of times that criterion received repeatedly.
    repeated: usize,
    /// Maximum number of runs. After these, criterion receives the same times again.
    limit: Option<usize>,
}

impl Runs {
    /// Creates a record of as many runs as criterion requests, at most `limit`.
    pub fn new(limit: Option<usize>) -> Self {
        Self {
            is_warm: false,
            times: Vec::new(),
            repeated: 0,
            limit,
        }
    }

    /// Returns the total time of `count` runs, as criterion's `iter_custom` needs it.
    pub fn take(&mut self, count: u64, run: &mut dyn FnMut() -> Duration) -> Duration {
        if !self.is_warm {
            self.is_warm = true;
            run();
        }
        let mut total = 0.0;
        for _ in 0..count {
            total += match self.limit {
                Some(limit) if self.times.len() == limit => {
                    self.repeated += 1;
                    self.times[self.repeated % limit]
                }
                _ => {
                    let time = run().as_secs_f64();
                    self.times.push(time);
                    time
                }
            };
        }
        Duration::from_secs_f64(total)
    }

    /// Returns the number of measured runs.
    pub fn count(&self) -> usize {
        self.times.len()
    }

    /// Returns the median. `None` for fewer than three runs.
    pub fn median(&mut self) -> Option<f64> {
        (self.times.len() >= 3).then(|| median(&mut self.times))
    }
}
