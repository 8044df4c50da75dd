//! A blob's directory as the command line names it.

use std::collections::HashSet;
use std::fmt::{self, Display};
use std::io::ErrorKind;
use std::path::Path;

use serde::Serialize;
use walrus_accel::{
    Axis, BlobDirectory, BlobId, Error, FileProblem, PairSet, ProblemKind, SliverPairIndex,
};

use crate::input::blob_source;
use crate::input::sliver_file;
use crate::output::advice::blob_in;
use crate::output::console::{Console, JsonName, escaped, shown};
use crate::output::exit::Failure;

/// Opens a directory. If it is named for a blob, it must hold that one.
pub fn open(path: &Path) -> Result<BlobDirectory, Failure> {
    let directory = BlobDirectory::open(path).map_err(|error| match error {
        Error::Io { ref source, .. }
            if matches!(
                source.kind(),
                ErrorKind::NotFound | ErrorKind::NotADirectory
            ) =>
        {
            let meant = match blob_in(path) {
                Some(blob) => shown(&blob),
                None => "OUT/BLOB_ID".into(),
            };
            let error = escaped(&error.to_string());
            Failure::Other(format!(
                "{error}; the directory of one blob is expected, as `encode` makes it: {meant}"
            ))
        }
        Error::Io { .. } => Failure::Library(error),
        _ => Failure::Other(blob_source::with_name(&path.join("metadata.bcs"), &error)),
    })?;
    check_name(&directory)?;
    Ok(directory)
}

/// Fails if the directory is named for another blob than it holds.
pub fn check_name(directory: &BlobDirectory) -> Result<(), Failure> {
    let path = directory.path();
    let blob_id = |path: &Path| path.file_name()?.to_str()?.parse::<BlobId>().ok();
    let canonical = || blob_id(&std::fs::canonicalize(path).ok()?);
    let holds = *directory.metadata().blob_id();
    match blob_id(path).or_else(canonical) {
        Some(named) if named != holds => Err(Failure::Other(format!(
            "{}: the directory is named for another blob; its metadata is that of {holds}",
            shown(path)
        ))),
        _ => Ok(()),
    }
}

/// What is wrong with a file, as a JSON object.
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
    /// The line about a file that is there and does not hold what it should.
    pub fn damaged(path: &Path, reason: &str) -> Self {
        Self {
            path: JsonName::path(path),
            kind: ProblemKind::Damaged.name(),
            reason: reason.into(),
        }
    }
}

/// All of them.
pub fn problem_lines(problems: &[FileProblem]) -> Vec<ProblemLine> {
    problems.iter().map(ProblemLine::from).collect()
}

/// How many there are of each kind, in words: `3 missing, 1 damaged`.
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

/// The missing files, in few words: `pairs 0-5,9; secondary 7`, where both slivers of some pairs are
/// missing and one of another; and by their paths where they are not named as in a blob's directory.
pub fn missing(problems: &[FileProblem], n_shards: u16) -> String {
    let missing = problems
        .iter()
        .filter(|problem| problem.kind == ProblemKind::Missing);
    let mut pairs = Axis::BOTH.map(|_| Vec::new());
    let mut others = Vec::new();
    for problem in missing {
        match sliver_file::named(&problem.path) {
            Some((pair, axis)) if pair.0 < n_shards => pairs[axis as usize].push(pair),
            _ => others.push(shown(&problem.path)),
        }
    }
    let [primary, secondary] = pairs;
    let only = |these: &[SliverPairIndex], those: &[SliverPairIndex], also: bool| {
        let those: HashSet<_> = those.iter().collect();
        let chosen = these
            .iter()
            .copied()
            .filter(|pair| those.contains(pair) == also);
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

/// The most missing files that are named one by one.
const FEW: usize = 10;

/// The longest list of missing files, in bytes.
const MAX_LIST_LEN: usize = 100;

/// The most other files that are named one by one.
const SEVERAL: usize = 40;

/// Tells of problems one by one. Many missing files are summed up instead, unless all is to be told:
/// `1332 missing files: pairs 0-665`. Of many others the first are named, and the rest are counted: a
/// stranger's directory may have any number of them.
pub fn tell(
    problems: &[FileProblem],
    n_shards: u16,
    console: &Console,
    say: impl Fn(&dyn Display),
) {
    let missing = count(problems, ProblemKind::Missing);
    let summed_up = missing > FEW && !console.verbose();
    if summed_up {
        let which = cut(self::missing(problems, n_shards));
        say(&format_args!("{missing} missing files: {which}"));
    }
    let is_told = |problem: &&FileProblem| problem.kind != ProblemKind::Missing || !summed_up;
    let all = problems.iter().filter(is_told).count();
    let told = match console.verbose() {
        true => all,
        false => all.min(SEVERAL),
    };
    for problem in problems.iter().filter(is_told).take(told) {
        say(problem);
    }
    if told < all {
        say(&format_args!(
            "{} more files; --verbose names all",
            all - told
        ));
    }
}

/// A list that is not longer than a line: of a longer one, the beginning.
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

/// The good slivers of each axis, and how many it takes.
pub struct Good {
    counts: [(Axis, usize, usize); 2],
}

impl Good {
    /// The files of the directory without those that have problems.
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

    /// Returns true if the good slivers of one axis are enough for the blob and all other slivers.
    pub fn is_enough(&self) -> bool {
        self.counts.iter().any(|(_, good, needed)| good >= needed)
    }
}

impl Display for Good {
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

/// How many are of one kind.
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
        let encoder = walrus_accel::Encoder::builder().n_shards(10).build();
        let mut sink = walrus_accel::DirectorySink::new(directory.path());
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
        let found = open(path).unwrap();
        assert_eq!(
            missing(found.problems(), 10),
            "pairs 1; primary 3; secondary 9"
        );
        let files = ["elsewhere/0004.primary.bcs", "nowhere"].map(Into::into);
        let files = walrus_accel::SliverFiles::open(found.metadata(), &files);
        assert_eq!(missing(files.problems(), 10), "primary 4; nowhere");
    }
}
