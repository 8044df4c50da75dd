//! Memory bandwidth with as many threads as the jobs have.

use std::hint::black_box;
use std::sync::Barrier;
use std::time::Instant;

use serde_json::{Value, json};

/// Bytes that all threads together access per pass: more than any cache holds.
const BYTES: usize = 1 << 30;
/// Passes per measurement. The fastest pass counts.
const PASSES: usize = 5;

/// Bytes per second, all threads together.
#[derive(Clone, Copy, Debug)]
pub struct Bandwidth {
    /// Reading 64-bit words and adding them up.
    pub read: f64,
    /// Plain stores, which read a cache line before they change it.
    pub write: f64,
    /// `fill` with a constant, which may not have to read.
    pub fill: f64,
    /// Copying. A byte that is read and written counts once.
    pub copy: f64,
}

impl Bandwidth {
    pub fn measure(threads: usize) -> Self {
        let words = BYTES / threads / 2 / size_of::<u64>();
        let mut buffers: Vec<_> = (0..threads)
            .map(|_| [vec![1u64; words], vec![2u64; words]])
            .collect();
        let mut fastest = |task: fn(&mut [u64], &mut [u64])| -> f64 {
            let passes = (0..PASSES).map(|_| pass(&mut buffers, task));
            passes.fold(f64::MAX, f64::min)
        };
        let all = (threads * words * 2 * size_of::<u64>()) as f64;
        let read = all / fastest(|a, b| _ = black_box(sum(a).wrapping_add(sum(b))));
        let write = all
            / fastest(|a, b| {
                count_up(a);
                count_up(b);
            });
        let fill = all
            / fastest(|a, b| {
                a.fill(black_box(0));
                b.fill(black_box(0));
            });
        let copy = all / 2.0 / fastest(|a, b| a.copy_from_slice(b));
        Self {
            read,
            write,
            fill,
            copy,
        }
    }

    /// Returns the highest rate of writing, in bytes per second.
    pub fn stores(&self) -> f64 {
        self.write.max(self.fill)
    }

    pub fn print(&self) {
        let [read, write, fill, copy] =
            [self.read, self.write, self.fill, self.copy].map(|bytes| bytes / 1e9);
        println!(
            "\nmemory, GB/s: read {read:.1}, write {write:.1}, fill {fill:.1}, copy {copy:.1}"
        );
    }

    pub fn json(&self) -> Value {
        json!({
            "readBytesPerSecond": self.read, "writeBytesPerSecond": self.write,
            "fillBytesPerSecond": self.fill, "copyBytesPerSecond": self.copy,
        })
    }
}

/// Returns the seconds until every thread has run the task on its buffers.
fn pass(buffers: &mut [[Vec<u64>; 2]], task: fn(&mut [u64], &mut [u64])) -> f64 {
    let ready = Barrier::new(buffers.len() + 1);
    let mut start = Instant::now();
    std::thread::scope(|scope| {
        for [a, b] in buffers {
            let ready = &ready;
            scope.spawn(move || {
                ready.wait();
                task(a, b);
            });
        }
        ready.wait();
        start = Instant::now();
    });
    start.elapsed().as_secs_f64()
}

fn sum(words: &[u64]) -> u64 {
    words.iter().fold(0, |sum, word| sum.wrapping_add(*word))
}

fn count_up(words: &mut [u64]) {
    let first = black_box(1);
    for (number, word) in (first..).zip(words) {
        *word = number;
    }
}
