//! What came out: a table to read, and the same as JSON.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use walrus_accel::runtime::InstructionSet;

use crate::asked::work;
use crate::bound::Rates;
use crate::jobs::Job;
use crate::kernels::Measured;
use crate::machine;
use crate::memory::Bandwidth;
use crate::others;

/// The threads that everything that is asked for is asked for with.
pub const THREADS: usize = 2;

/// One job by one engine, beside the reference.
pub struct Row {
    pub job: Job,
    pub set: InstructionSet,
    pub threads: usize,
    /// Whether it is only there to be compared with another row.
    pub aside: bool,
    pub reference: Option<Time>,
    pub time: Time,
}

/// The median of some runs.
#[derive(Clone, Copy)]
pub struct Time {
    pub seconds: f64,
    pub runs: usize,
    /// The share of the processors that others had meanwhile, where the system tells.
    pub others: Option<f64>,
}

/// A figure with what it should be at least.
struct Figure {
    value: f64,
    needed: Option<f64>,
}

impl Figure {
    fn is_short(&self) -> bool {
        self.needed.is_some_and(|needed| self.value < needed)
    }

    /// Such as `>= 8 ok`, empty if nothing is asked for.
    fn verdict(&self, show: impl Fn(f64) -> String) -> String {
        let Some(needed) = self.needed else {
            return String::new();
        };
        let verdict = if self.is_short() { "short" } else { "ok" };
        format!(">= {} {verdict}", show(needed))
    }
}

/// A row held against its bound.
struct Bound {
    /// The seconds of hashing and coding alone.
    computing: f64,
    /// With those of writing the slivers, if any are written.
    whole: f64,
    share: Figure,
    /// How many times as fast as the reference the whole bound is.
    highest_ratio: Option<f64>,
}

impl Row {
    /// What the row is asked for: half of the ratio with 256-bit vectors, where no share is asked for;
    /// nothing unless it has the threads that it should have.
    fn needed(&self) -> [Option<f64>; 2] {
        if self.aside || self.threads != self.job.threads(THREADS) {
            return [None, None];
        }
        match self.set {
            InstructionSet::Avx2 => [self.job.ratio.map(|ratio| ratio / 2.0), None],
            _ => [self.job.ratio, self.job.share],
        }
    }

    /// The largest share of the processors that others had while one of its times was taken.
    fn others(&self) -> Option<f64> {
        let times = [Some(self.time), self.reference];
        let shares = times.into_iter().flatten().filter_map(|time| time.others);
        shares.reduce(f64::max)
    }

    fn ratio(&self) -> Option<Figure> {
        let reference = self.reference?;
        Some(Figure {
            value: reference.seconds / self.time.seconds,
            needed: self.needed()[0],
        })
    }

    fn bound(&self, kernels: &[(Measured, Rates)]) -> Option<Bound> {
        let work = work(&self.job)?;
        let (_, rates) = kernels.iter().find(|(it, _)| it.set == self.set)?;
        let rates = Rates {
            cores: self.threads as f64,
            ..*rates
        };
        let computing = rates.computing(&work);
        let whole = computing + rates.storing(&work);
        Some(Bound {
            computing,
            whole,
            share: Figure {
                value: whole / self.time.seconds,
                needed: self.needed()[1],
            },
            highest_ratio: self.reference.map(|reference| reference.seconds / whole),
        })
    }
}

/// All that was measured.
pub struct Report {
    pub set: InstructionSet,
    pub threads: usize,
    pub kernels: Vec<(Measured, Rates)>,
    pub memory: Bandwidth,
    pub rows: Vec<Row>,
    /// Whether every row there is was measured.
    pub complete: bool,
}

impl Report {
    /// What is asked for beside the rows: a name, and a figure.
    fn checks(&self) -> Vec<(String, Figure)> {
        let mut checks = Vec::new();
        for alone in self.rows.iter().filter(|row| row.aside) {
            let same = |row: &&Row| !row.aside && row.set == alone.set && row.job.is(&alone.job);
            let Some(together) = self.rows.iter().find(same) else {
                continue;
            };
            let name = format!(
                "{} of {}: the speed of one thread to that of {}",
                alone.job.task, alone.job.size, together.threads
            );
            let figure = Figure {
                value: together.time.seconds / alone.time.seconds,
                needed: (together.threads == THREADS).then_some(0.45),
            };
            checks.push((name, figure));
        }
        let Some((own, _)) = self.kernels.iter().find(|(it, _)| it.set == self.set) else {
            return checks;
        };
        let wide = [InstructionSet::Avx512, InstructionSet::Avx512Gfni].contains(&self.set);
        for leaves in &own.leaves {
            let size = leaves.symbol_size;
            let name = format!("leaves of {size} bytes: to blake2b_simd::many");
            let (value, needed) = (leaves.ratio(), wide.then_some(1.7));
            checks.push((name, Figure { value, needed }));
        }
        for line in &own.lines {
            let (of, size) = (line.of, line.symbol_size);
            let name = format!("code of {of}, symbols of {size} bytes: to reed-solomon-simd");
            // Three sizes are asked for; the other is there for the bound.
            let needed = [64, 1024, 8192].contains(&size).then_some(2.0);
            let value = line.ratio();
            checks.push((name, Figure { value, needed }));
        }
        checks
    }

    pub fn print(&self) {
        let mut text = format!(
            "\n{:17} {:8} {:12} {:7} {:>11} {:>11} {:>7} {:14} {:>11} {:>6}\n",
            "job", "size", "set", "threads", "reference", "cpu", "ratio", "", "bound", "share"
        );
        let mut short = 0;
        for row in &self.rows {
            self.write_row(&mut text, row);
            let bound = row.bound(&self.kernels).map(|bound| bound.share);
            let figures = [row.ratio(), bound];
            short += figures.iter().flatten().filter(|it| it.is_short()).count();
        }
        text.push('\n');
        for (name, figure) in self.checks() {
            let verdict = figure.verdict(|needed| format!("{needed}"));
            writeln!(text, "{name:64} {:5.2}  {verdict}", figure.value).unwrap();
            short += usize::from(figure.is_short());
        }
        println!("{text}");
        println!(
            "medians; the reference of 256 MiB and more in 3 runs; `at most`: the ratio that the bound allows;\n\
             the bound of `encode` is hashing and coding, and then writing every sliver once\n\
             {short} short of what is asked for"
        );
        let shares = || self.rows.iter().filter_map(Row::others);
        let many = shares().filter(|&share| share >= others::MUCH).count();
        if let Some(most) = shares().reduce(f64::max) {
            println!(
                "other processes and the hypervisor had at most {:.1} % of the processors during a row; \
                 {many} rows are marked as disturbed",
                100.0 * most
            );
        }
    }

    fn write_row(&self, text: &mut String, row: &Row) {
        let (task, size) = (row.job.task.to_string(), row.job.size);
        let (set, threads) = (row.set.name(), row.threads);
        let reference = row.reference.map_or(f64::NAN, |time| time.seconds);
        let seconds = row.time.seconds;
        write!(
            text,
            "{task:17} {size:8} {set:12} {threads:7} {:>11} {:>11}",
            milliseconds(reference),
            milliseconds(seconds)
        )
        .unwrap();
        if let Some(ratio) = row.ratio() {
            let verdict = ratio.verdict(|needed| format!("{needed}"));
            write!(text, " {:6.1}x {verdict:14}", ratio.value).unwrap();
        }
        if let Some(bound) = row.bound(&self.kernels) {
            let percent = |share: f64| format!("{:.0} %", 100.0 * share);
            let verdict = bound.share.verdict(percent);
            let share = percent(bound.share.value);
            let whole = milliseconds(bound.whole);
            write!(text, " {whole:>11} {share:>6} {verdict:13}").unwrap();
            if let Some(highest) = bound.highest_ratio {
                write!(text, " at most {highest:.1}x").unwrap();
                if self.is_impossible(row) {
                    text.push_str(", so the ratio asked for is impossible");
                }
            }
            if bound.whole > bound.computing {
                let share = percent(bound.computing / seconds);
                let computing = milliseconds(bound.computing);
                write!(text, "; without writing {computing}, {share}").unwrap();
            }
        }
        if let Some(others) = row.others().filter(|&others| others >= others::MUCH) {
            write!(text, "  disturbed: others had {:.0} %", 100.0 * others).unwrap();
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }

    /// Whether not even the bound reaches the ratio that is asked for.
    fn is_impossible(&self, row: &Row) -> bool {
        let highest = row.bound(&self.kernels).and_then(|it| it.highest_ratio);
        let needed = row.ratio().and_then(|ratio| ratio.needed);
        matches!((highest, needed), (Some(highest), Some(needed)) if highest < needed)
    }

    fn json(&self, processor: &str, cores: usize) -> Value {
        let kernels: Vec<_> = self
            .kernels
            .iter()
            .map(|(it, rates)| it.json(rates))
            .collect();
        let rows: Vec<_> = self.rows.iter().map(|row| self.row_json(row)).collect();
        let checks: Vec<_> = self
            .checks()
            .into_iter()
            .map(|(name, it)| json!({ "name": name, "value": it.value, "needed": it.needed }))
            .collect();
        json!({
            "processor": processor,
            "cores": cores,
            "threads": self.threads,
            "instructionSet": self.set.name(),
            "system": format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            "version": env!("CARGO_PKG_VERSION"),
            "commit": machine::commit(),
            "kernels": kernels,
            "memory": self.memory.json(),
            "rows": rows,
            "checks": checks,
        })
    }

    fn row_json(&self, row: &Row) -> Value {
        let bound = row.bound(&self.kernels);
        json!({
            "job": row.job.task.to_string(),
            "size": row.job.size,
            "bytes": row.job.len,
            "instructionSet": row.set.name(),
            "threads": row.threads,
            "referenceSeconds": row.reference.map(|time| time.seconds),
            "referenceRuns": row.reference.map(|time| time.runs),
            "seconds": row.time.seconds,
            "runs": row.time.runs,
            "othersShare": row.others(),
            "ratio": row.ratio().map(|ratio| ratio.value),
            "ratioNeeded": row.needed()[0],
            "highestRatio": bound.as_ref().and_then(|bound| bound.highest_ratio),
            "boundSeconds": bound.as_ref().map(|bound| bound.whole),
            "boundSecondsWithoutWriting": bound.as_ref().map(|bound| bound.computing),
            "share": bound.as_ref().map(|bound| bound.share.value),
            "shareNeeded": row.needed()[1],
        })
    }

    /// Writes everything to `benches/results/<machine>.json` if it is complete, and to `aside`
    /// otherwise.
    pub fn write(&self, aside: &Path) {
        let processor = machine::processor();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut name = format!("{}-{cores}-cores", machine::slug(&processor));
        if self.threads != cores {
            write!(name, "-{}-threads", self.threads).unwrap();
        }
        write!(name, "-{}.json", self.set).unwrap();
        let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/results");
        let directory: PathBuf = match self.complete {
            true => results,
            false => aside.to_owned(),
        };
        std::fs::create_dir_all(&directory).unwrap();
        let file = directory.join(name);
        let text = serde_json::to_string_pretty(&self.json(&processor, cores)).unwrap();
        std::fs::write(&file, text + "\n").unwrap();
        let whole = if self.complete {
            ""
        } else {
            ", as rows are missing"
        };
        println!("written to {}{whole}", file.display());
    }
}

fn milliseconds(seconds: f64) -> String {
    match seconds * 1e3 {
        time if time.is_nan() => "-".to_owned(),
        time if time < 10.0 => format!("{time:.2} ms"),
        time => format!("{time:.1} ms"),
    }
}
