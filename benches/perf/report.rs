//! Results as a table and as JSON.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use walrus_accel::runtime::InstructionSet;

use crate::bound::Rates;
use crate::interference::DISTURBED_SHARE;
use crate::jobs::Job;
use crate::kernels::Measured;
use crate::machine;
use crate::memory::Bandwidth;
use crate::targets::work;

/// Number of threads for which the targets are defined.
pub const THREADS: usize = 2;

/// One job by one engine, and by the reference engine.
pub struct Row {
    pub job: Job,
    pub set: InstructionSet,
    pub threads: usize,
    /// True if the row has no targets and serves a comparison with another row.
    pub comparison_only: bool,
    pub reference: Option<Time>,
    pub time: Time,
}

/// Median time of several runs.
#[derive(Clone, Copy)]
pub struct Time {
    pub seconds: f64,
    pub runs: usize,
    /// Share of processor time that other processes took meanwhile. `None` if the system does not
    /// tell.
    pub interference: Option<f64>,
}

/// Measured value with its target, a minimum.
struct Figure {
    value: f64,
    target: Option<f64>,
}

impl Figure {
    fn is_short(&self) -> bool {
        self.target.is_some_and(|target| self.value < target)
    }

    /// Returns a text such as `>= 8 ok`. Empty without a target.
    fn verdict(&self, show: impl Fn(f64) -> String) -> String {
        let Some(target) = self.target else {
            return String::new();
        };
        let verdict = if self.is_short() { "short" } else { "ok" };
        format!(">= {} {verdict}", show(target))
    }
}

/// Bound of a row.
struct Bound {
    /// Seconds of hashing and coding alone.
    computing: f64,
    /// Seconds of hashing, coding and writing slivers.
    whole: f64,
    share: Figure,
    /// Ratio of the reference engine's time to the whole bound.
    highest_ratio: Option<f64>,
}

impl Row {
    /// Returns the targets of ratio and share. With 256-bit vectors the ratio's target is half, and
    /// the share has none. Rows with another number of threads than `THREADS` have no targets.
    fn targets(&self) -> [Option<f64>; 2] {
        if self.comparison_only || self.threads != self.job.threads(THREADS) {
            return [None, None];
        }
        match self.set {
            InstructionSet::Avx2 => [self.job.ratio_target.map(|ratio| ratio / 2.0), None],
            _ => [self.job.ratio_target, self.job.share_target],
        }
    }

    /// Returns the largest share of processor time that other processes took during one of the
    /// row's measurements.
    fn interference(&self) -> Option<f64> {
        let times = [Some(self.time), self.reference];
        let shares = times
            .into_iter()
            .flatten()
            .filter_map(|time| time.interference);
        shares.reduce(f64::max)
    }

    fn ratio(&self) -> Option<Figure> {
        let reference = self.reference?;
        Some(Figure {
            value: reference.seconds / self.time.seconds,
            target: self.targets()[0],
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
                target: self.targets()[1],
            },
            highest_ratio: self.reference.map(|reference| reference.seconds / whole),
        })
    }
}

/// All measurements.
pub struct Report {
    pub set: InstructionSet,
    pub threads: usize,
    pub kernels: Vec<(Measured, Rates)>,
    pub memory: Bandwidth,
    pub rows: Vec<Row>,
    /// True if every row was measured.
    pub complete: bool,
}

impl Report {
    /// Returns the figures that are not in rows, with their names.
    fn checks(&self) -> Vec<(String, Figure)> {
        let mut checks = Vec::new();
        for alone in self.rows.iter().filter(|row| row.comparison_only) {
            let same = |row: &&Row| {
                !row.comparison_only && row.set == alone.set && row.job.is_same(&alone.job)
            };
            let Some(together) = self.rows.iter().find(same) else {
                continue;
            };
            let name = format!(
                "{} of {}: the speed of one thread to that of {}",
                alone.job.task, alone.job.size, together.threads
            );
            let figure = Figure {
                value: together.time.seconds / alone.time.seconds,
                target: (together.threads == THREADS).then_some(0.45),
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
            let (value, target) = (leaves.ratio(), wide.then_some(1.7));
            checks.push((name, Figure { value, target }));
        }
        for extension in &own.extensions {
            let (of, size) = (extension.of, extension.symbol_size);
            let name = format!("code of {of}, symbols of {size} bytes: to reed-solomon-simd");
            // Three sizes have a target. The other serves the bound.
            let target = [64, 1024, 8192].contains(&size).then_some(2.0);
            let value = extension.ratio();
            checks.push((name, Figure { value, target }));
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
            let verdict = figure.verdict(|target| format!("{target}"));
            writeln!(text, "{name:64} {:5.2}  {verdict}", figure.value).unwrap();
            short += usize::from(figure.is_short());
        }
        println!("{text}");
        println!(
            "medians; the reference of 256 MiB and more in 3 runs; \
             `at most`: the ratio that the bound allows;\n\
             the bound of `encode` is hashing and coding, and then writing every sliver once\n\
             {short} short of the target"
        );
        let shares = || self.rows.iter().filter_map(Row::interference);
        let many = shares().filter(|&share| share >= DISTURBED_SHARE).count();
        if let Some(most) = shares().reduce(f64::max) {
            println!(
                "other processes and the hypervisor took at most {:.1} % of the processor time \
                 during a row; {many} rows are marked as disturbed",
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
            let verdict = ratio.verdict(|target| format!("{target}"));
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
                    text.push_str(", so the target is impossible");
                }
            }
            if bound.whole > bound.computing {
                let share = percent(bound.computing / seconds);
                let computing = milliseconds(bound.computing);
                write!(text, "; without writing {computing}, {share}").unwrap();
            }
        }
        if let Some(share) = row.interference().filter(|&share| share >= DISTURBED_SHARE) {
            write!(text, "  disturbed: others had {:.0} %", 100.0 * share).unwrap();
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }

    /// Returns true if even the bound does not reach the ratio's target.
    fn is_impossible(&self, row: &Row) -> bool {
        let highest = row.bound(&self.kernels).and_then(|it| it.highest_ratio);
        let target = row.ratio().and_then(|ratio| ratio.target);
        matches!((highest, target), (Some(highest), Some(target)) if highest < target)
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
            .map(|(name, it)| json!({ "name": name, "value": it.value, "needed": it.target }))
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
            "othersShare": row.interference(),
            "ratio": row.ratio().map(|ratio| ratio.value),
            "ratioNeeded": row.targets()[0],
            "highestRatio": bound.as_ref().and_then(|bound| bound.highest_ratio),
            "boundSeconds": bound.as_ref().map(|bound| bound.whole),
            "boundSecondsWithoutWriting": bound.as_ref().map(|bound| bound.computing),
            "share": bound.as_ref().map(|bound| bound.share.value),
            "shareNeeded": row.targets()[1],
        })
    }

    /// Writes the report to `benches/results/<machine>.json` if it is complete, and to
    /// `incomplete_results` otherwise.
    pub fn write(&self, incomplete_results: &Path) {
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
            false => incomplete_results.to_owned(),
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
