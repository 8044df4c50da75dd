//! Problems with files of a blob's directory, as messages and JSON objects.

use std::collections::HashSet;
use std::fmt::{self, Display};
use std::path::Path;

use serde::Serialize;
use walrus_accel::directory::{BlobDirectory, FileProblem, ProblemKind};
use walrus_accel::{Axis, PairSet, SliverPairIndex};

use crate::input::sliver_file;
use crate::output::console::Console;
use crate::output::names::{JsonName, shown};

/// Problem with a file as a JSON object.
#[derive(Serialize)]
pub struct ProblemLine {
    #[serde(flatten)]
    path: JsonName,
    kind: &'static str,
    reason: String,
}

impl From<&FileProblem> for ProblemLine {
    fn from(problem: &FileProblem) -> Self {
        Self {
            path: JsonName::path(&problem.path),
            kind: problem.kind.name(),
            reason: problem.reason.clone(),
        }
    }
}

impl ProblemLine {
    /// Returns the object for a file with wrong contents.
    pub fn damaged(path: &Path, reason: &str) -> Self {
        Self {
            path: JsonName::path(path),
            kind: ProblemKind::Damaged.name(),
            reason: reason.into(),
        }
    }
}

/// Returns the objects for all problems.
pub fn problem_lines(problems: &[FileProblem]) -> Vec<ProblemLine> {
    problems.iter().map(ProblemLine::from).collect()
}

/// Returns the number of problems of each kind in words, such as `3 missing, 1 damaged`.
pub fn counts(problems: &[FileProblem]) -> String {
    let kinds = [
        ProblemKind::Missing,
        ProblemKind::Damaged,
        ProblemKind::Foreign,
    ];
    let counts: Vec<_> = kinds
        .into_iter()
        .map(|kind| (kind.name(), count(problems, kind)))
        .filter(|&(_, count)| count > 0)
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    counts.join(", ")
}

/// Returns the missing files in few words, such as `pairs 0-5,9; secondary 7`. A pair in `pairs`
/// lacks both slivers. A file without a sliver's name is listed by its path.
pub fn missing(problems: &[FileProblem], n_shards: u16) -> String {
    let missing = problems
        .iter()
        .filter(|problem| problem.kind == ProblemKind::Missing);
    let mut pairs = Axis::BOTH.map(|_| Vec::new());
    let mut others = Vec::new();
    for problem in missing {
        match sliver_file::parse_name(&problem.path) {
            Some((pair, axis)) if pair.0 < n_shards => pairs[axis as usize].push(pair),
            _ => others.push(shown(&problem.path)),
        }
    }
    let [primary, secondary] = pairs;
    let only = |pairs: &[SliverPairIndex], others: &[SliverPairIndex], in_both: bool| {
        let others: HashSet<_> = others.iter().collect();
        let chosen = pairs
            .iter()
            .copied()
            .filter(|pair| others.contains(pair) == in_both);
        PairSet::new(n_shards, chosen).expect("each is below n_shards")
    };
    let groups = [
        ("pairs", only(&primary, &secondary, true)),
        (Axis::Primary.name(), only(&primary, &secondary, false)),
        (Axis::Secondary.name(), only(&secondary, &primary, false)),
    ];
    let mut parts: Vec<_> = groups
        .into_iter()
        .filter(|(_, pairs)| !pairs.is_empty())
        .map(|(name, pairs)| format!("{name} {pairs}"))
        .collect();
    parts.extend(others);
    parts.join("; ")
}

/// Maximum number of missing files to name one by one.
const MAX_NAMED_MISSING: usize = 10;

/// Maximum length of a list of missing files in bytes.
const MAX_LIST_LEN: usize = 100;

/// Maximum number of other files to name one by one.
const MAX_NAMED_OTHERS: usize = 40;

/// Prints problems one by one with `print`.
///
/// Without `--verbose`, many missing files become one line such as `1332 missing files: pairs
/// 0-665`. Of many other files the first are named and the rest counted: a stranger's directory may
/// hold any number of them.
pub fn report(
    problems: &[FileProblem],
    n_shards: u16,
    console: &Console,
    print: impl Fn(&dyn Display),
) {
    let missing = count(problems, ProblemKind::Missing);
    let summed_up = missing > MAX_NAMED_MISSING && !console.verbose();
    if summed_up {
        let which = cut(self::missing(problems, n_shards));
        print(&format_args!("{missing} missing files: {which}"));
    }
    let is_named = |problem: &&FileProblem| problem.kind != ProblemKind::Missing || !summed_up;
    let all = problems.iter().filter(is_named).count();
    let named = match console.verbose() {
        true => all,
        false => all.min(MAX_NAMED_OTHERS),
    };
    for problem in problems.iter().filter(is_named).take(named) {
        print(problem);
    }
    if named < all {
        print(&format_args!(
            "{} more files; --verbose names all",
            all - named
        ));
    }
}

/// Cuts a list at the end if it is longer than a line.
pub fn cut(mut list: String) -> String {
    if list.len() > MAX_LIST_LEN {
        let mut end = MAX_LIST_LEN;
        while !list.is_char_boundary(end) {
            end -= 1;
        }
        let end = list[..end].rfind([',', ';']).unwrap_or(end);
        list.replace_range(end.., ", ...");
    }
    list
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

/// Returns the number of problems of one kind.
pub fn count(problems: &[FileProblem], kind: ProblemKind) -> usize {
    let of_kind = |problem: &&FileProblem| problem.kind == kind;
    problems.iter().filter(of_kind).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_cut() {
        let list: Vec<_> = (0..1000).step_by(2).map(|n| n.to_string()).collect();
        let cut = cut(format!("pairs {}", list.join(",")));
        assert!(cut.len() <= MAX_LIST_LEN + 5 && cut.len() > MAX_LIST_LEN - 5);
        assert!(cut.starts_with("pairs 0,2,4,") && cut.ends_with(", ..."));
        assert_eq!(super::cut("pairs 0-665".into()), "pairs 0-665");
    }

    #[test]
    fn missing_files_are_named_in_few_words() {
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
        ] {
            std::fs::remove_file(path.join(format!("pairs/{name}.bcs"))).unwrap();
        }
        let found = BlobDirectory::open(path).unwrap();
        assert_eq!(
            missing(found.problems(), 10),
            "pairs 1; primary 3; secondary 9"
        );
        let files = ["elsewhere/0004.primary.bcs", "nowhere"].map(Into::into);
        let files = walrus_accel::directory::SliverFiles::open(found.metadata(), &files);
        assert_eq!(missing(files.problems(), 10), "primary 4; nowhere");
    }
}
