//! Taking times.

use std::time::{Duration, Instant};

/// How long something short is measured before the clock is looked at: not so long that another
/// process is likely to come between.
const BATCH: f64 = 2e-3;

/// The seconds that one call took, round by round.
pub struct Rounds(Vec<f64>);

impl Rounds {
    pub fn median(&self) -> f64 {
        median(&mut self.0.clone())
    }

    pub fn best(&self) -> f64 {
        self.0.iter().copied().fold(f64::MAX, f64::min)
    }

    /// How many times as long as this the other task took, in the median of the rounds: the two took
    /// turns, so what slowed both down is in neither.
    pub fn speedup_over(&self, other: &Self) -> f64 {
        let pairs = self.0.iter().zip(&other.0);
        median(&mut pairs.map(|(own, other)| other / own).collect::<Vec<_>>())
    }
}

/// Times each of the tasks, in turn, `rounds` times.
pub fn alternate<const N: usize>(rounds: usize, mut tasks: [&mut dyn FnMut(); N]) -> [Rounds; N] {
    let calls = tasks.each_mut().map(|task| {
        task(); // Tables, memory, caches.
        let once = timed(&mut **task, 1).max(1e-9);
        (BATCH / once).ceil().max(1.0) as usize
    });
    let mut times = [const { Vec::new() }; N];
    for _ in 0..rounds {
        for ((task, calls), times) in tasks.iter_mut().zip(calls).zip(&mut times) {
            times.push(timed(&mut **task, calls));
        }
    }
    times.map(Rounds)
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
