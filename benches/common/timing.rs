//! Taking times.

use std::time::{Duration, Instant};

/// How long something short is measured before the clock is looked at: not so long that another
/// process is likely to come between.
const BATCH: f64 = 2e-3;

/// The seconds that one call of each of the tasks takes: they take turns, `rounds` times, and the
/// fastest round of each counts, which nothing else came into.
pub fn alternate<const N: usize>(rounds: usize, mut tasks: [&mut dyn FnMut(); N]) -> [f64; N] {
    let calls = tasks.each_mut().map(|task| {
        task(); // Tables, memory, caches.
        let once = timed(&mut **task, 1).max(1e-9);
        (BATCH / once).ceil().max(1.0) as usize
    });
    let mut fastest = [f64::MAX; N];
    for _ in 0..rounds {
        for ((task, calls), fastest) in tasks.iter_mut().zip(calls).zip(&mut fastest) {
            *fastest = fastest.min(timed(&mut **task, calls));
        }
    }
    fastest
}

/// The seconds that one of some calls takes.
fn timed(task: &mut dyn FnMut(), calls: usize) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        task();
    }
    start.elapsed().as_secs_f64() / calls as f64
}

/// The median of times, which are then in order.
pub fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    let middle = times.len() / 2;
    match times.len().is_multiple_of(2) {
        true => (times[middle - 1] + times[middle]) / 2.0,
        false => times[middle],
    }
}

/// The times of a job's runs, but for the first one, which has memory to touch.
pub struct Runs {
    warm: bool,
    times: Vec<f64>,
    /// How many of them criterion got a second time.
    repeated: usize,
    /// How many runs are made at most: criterion then gets the same times again.
    most: Option<usize>,
}

impl Runs {
    /// As many runs as criterion asks for, or `most`.
    pub fn new(most: Option<usize>) -> Self {
        Self {
            warm: false,
            times: Vec::new(),
            repeated: 0,
            most,
        }
    }

    /// The time that criterion asks for, of `count` runs.
    pub fn take(&mut self, count: u64, run: &mut dyn FnMut() -> Duration) -> Duration {
        if !self.warm {
            self.warm = true;
            run();
        }
        let mut total = 0.0;
        for _ in 0..count {
            total += match self.most {
                Some(most) if self.times.len() == most => {
                    self.repeated += 1;
                    self.times[self.repeated % most]
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

    /// How many times there are.
    pub fn count(&self) -> usize {
        self.times.len()
    }

    /// The median, if the job ran often enough to have one.
    pub fn median(&mut self) -> Option<f64> {
        (self.times.len() >= 3).then(|| median(&mut self.times))
    }
}
