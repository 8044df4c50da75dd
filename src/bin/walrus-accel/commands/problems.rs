//! Problems with files of a blob's directory, as messages and JSON objects.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use serde::Serialize;
use walrus_accel::Axis;
use walrus_accel::directory::{BlobDirectory, FileProblem, ProblemKind};

use crate::input::sliver_file;
use crate::output::grouped::{Reported, listed, ranges};
use crate::output::names::{JsonName, escaped, shown};

/// Problem with a file.
pub struct Problem {
    path: PathBuf,
    kind: ProblemKind,
    reason: String,
}

impl Problem {
    /// Returns the problem of a file with wrong contents.
    pub fn damaged(path: &Path, reason: impl Display) -> Self {
        Self {
            path: path.to_owned(),
            kind: ProblemKind::Damaged,
            reason: reason.to_string(),
        }
    }
}

impl From<&FileProblem> for Problem {
    fn from(problem: &FileProblem) -> Self {
        Self {
            path: problem.path.clone(),
            kind: problem.kind,
            reason: problem.reason.clone(),
        }
    }
}

/// Returns all problems.
pub fn all(problems: &[FileProblem]) -> Vec<Problem> {
    problems.iter().map(Problem::from).collect()
}

/// Returns the problems with missing files, and the problems with files that are there.
pub fn by_presence(problems: &[FileProblem]) -> [Vec<Problem>; 2] {
    let is_missing = |problem: &&FileProblem| problem.kind == ProblemKind::Missing;
    let (missing, present): (Vec<_>, Vec<_>) = problems.iter().partition(is_missing);
    [missing, present].map(|problems| problems.into_iter().map(Problem::from).collect())
}

impl Reported for Problem {
    fn reason(&self) -> &str {
        match self.kind {
            ProblemKind::Missing => "missing",
            _ => &self.reason,
        }
    }

    fn message(&self) -> String {
        format!("{}: {}", shown(&self.path), escaped(&self.reason))
    }

    /// Returns a message such as `120 missing files: 60 pairs (0-59)`. A reason that the kind does
    /// not tell follows the kind.
    fn summary(group: &[&Self]) -> String {
        let (count, first) = (group.len(), group[0]);
        let which = in_words(group);
        let kind = first.kind.name();
        match first.kind {
            ProblemKind::Missing => format!("{count} {kind} files: {which}"),
            _ => format!("{count} {kind} files ({}): {which}", escaped(&first.reason)),
        }
    }
}

/// Returns the files in few words, such as `6 pairs (0-5); 2 secondary slivers (7, 9)`. Of a pair,
/// both slivers are among the files. A file without a sliver's name is listed by its path.
pub fn in_words<P: Borrow<Problem>>(problems: &[P]) -> String {
    let mut slivers = Axis::BOTH.map(|_| HashSet::new());
    let mut others = Vec::new();
    for problem in problems.iter().map(Borrow::borrow) {
        match sliver_file::parse_name(&problem.path) {
            Some((pair, axis)) if slivers[axis as usize].insert(pair.0) => {}
            _ => others.push(shown(&problem.path)),
        }
    }
    let [primary, secondary] = slivers;
    let groups = [
        ("pair", &primary & &secondary),
        ("primary sliver", &primary - &secondary),
        ("secondary sliver", &secondary - &primary),
    ];
    let slivers = groups.into_iter().filter(|(_, pairs)| !pairs.is_empty());
    let mut parts: Vec<_> = slivers
        .map(|(name, pairs)| {
            let count = pairs.len();
            let pairs = listed(ranges(pairs.into_iter().collect()));
            match count {
                1 => format!("{name} {pairs}"),
                _ => format!("{count} {name}s ({pairs})"),
            }
        })
        .collect();
    if !others.is_empty() {
        parts.push(listed(others));
    }
    parts.join("; ")
}

/// Problem with a file as a JSON object.
#[derive(Serialize)]
pub struct ProblemLine {
    #[serde(flatten)]
    path: JsonName,
    kind: &'static str,
    reason: String,
}

impl From<&Problem> for ProblemLine {
    fn from(problem: &Problem) -> Self {
        Self {
            path: JsonName::path(&problem.path),
            kind: problem.kind.name(),
            reason: problem.reason.clone(),
        }
    }
}

/// Returns the objects for all problems.
pub fn problem_lines(problems: &[Problem]) -> Vec<ProblemLine> {
    problems.iter().map(ProblemLine::from).collect()
}

/// Returns the number of problems of each kind in words, such as `3 missing, 1 damaged`.
pub fn counts(problems: &[FileProblem]) -> String {
    let kinds = [
        ProblemKind::Missing,
        ProblemKind::Damaged,
        ProblemKind::Foreign,
    ];
    let count = |kind| {
        problems
            .iter()
            .filter(|problem| problem.kind == kind)
            .count()
    };
    let counts = kinds.into_iter().map(|kind| (kind.name(), count(kind)));
    let counts = counts.filter(|&(_, count)| count > 0);
    let counts: Vec<_> = counts
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    counts.join(", ")
}

/// Number of good slivers of each axis, and the number that recovers the blob.
pub struct GoodSlivers {
    counts: [(Axis, usize, usize); 2],
}

impl GoodSlivers {
    /// Counts the sliver files of the directory without problems.
    pub fn new(directory: &BlobDirectory, problems: &[FileProblem]) -> Self {
        let bad: HashSet<_> = problems.iter().map(|problem| &problem.path).collect();
        let shape = directory.shape();
        let counts = Axis::BOTH.map(|axis| {
            let good = directory.files().iter().filter(|file| file.axis == axis);
            let good = good.filter(|file| !bad.contains(&file.path)).count();
            (axis, good, shape.slivers_needed(axis).into())
        });
        Self { counts }
    }

    /// Returns true if the good slivers of one axis recover the blob.
    pub fn is_enough(&self) -> bool {
        self.counts.iter().any(|(_, good, needed)| good >= needed)
    }
}

impl Display for GoodSlivers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.is_enough() {
            true => "the blob can be recovered",
            false => "the blob cannot be recovered from these files",
        })?;
        let [(first, a, of_a), (second, b, of_b)] = &self.counts;
        write!(
            f,
            " ({a} {first} slivers good, {of_a} needed; {b} {second}, {of_b} needed)"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use walrus_accel::PairSet;

    #[test]
    fn files_are_told_in_few_words() {
        let directory = tempfile::tempdir().unwrap();
        let encoder = walrus_accel::Encoder::new(10);
        let mut sink = walrus_accel::directory::DirectorySink::new(directory.path());
        let control = walrus_accel::Control::new();
        encoder
            .unwrap()
            .encode(&b"walrus"[..], &PairSet::all(10), &mut sink, &control)
            .unwrap();
        let path = &sink.outcome().unwrap().path;
        for name in [
            "0001.primary",
            "0001.secondary",
            "0003.primary",
            "0009.secondary",
            "0008.secondary",
        ] {
            std::fs::remove_file(path.join(format!("pairs/{name}.bcs"))).unwrap();
        }
        let found = BlobDirectory::open(path).unwrap();
        let words = |problems: &[FileProblem]| {
            let [missing, present] = by_presence(problems);
            assert!(present.is_empty());
            in_words(&missing)
        };
        assert_eq!(
            words(found.problems()),
            "pair 1; primary sliver 3; 2 secondary slivers (8-9)"
        );
        let files = ["elsewhere/0004.primary.bcs", "nowhere"].map(Into::into);
        let files = walrus_accel::directory::SliverFiles::open(found.metadata(), &files);
        assert_eq!(words(files.problems()), "primary sliver 4; nowhere");
    }

    #[test]
    fn a_summary_has_count_kind_reason_and_files() {
        let path = |pair| PathBuf::from(format!("d/pairs/{pair:04}.primary.bcs"));
        let problems: Vec<_> = (0..300)
            .map(|pair| Problem::damaged(&path(pair), "bad"))
            .collect();
        let group: Vec<_> = problems.iter().collect();
        let expected = "300 damaged files (bad): 300 primary slivers (0-299)";
        assert_eq!(Problem::summary(&group), expected);
        assert_eq!(problems[7].message(), "d/pairs/0007.primary.bcs: bad");
    }
}
