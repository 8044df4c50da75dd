//! A blob's directory as the command line names it.

use std::path::Path;

use serde::Serialize;
use walrus_accel::{BlobDirectory, BlobId, Error, FileProblem, ProblemKind};

use crate::exit::Failure;
use crate::input;

/// Opens a directory. If it is named for a blob, it must hold that one.
pub fn open(path: &Path) -> Result<BlobDirectory, Failure> {
    let directory = BlobDirectory::open(path).map_err(|error| match error {
        Error::Io { .. } => Failure::Library(error),
        _ => Failure::Other(input::with_name(&path.join("metadata.bcs"), &error)),
    })?;
    check_name(&directory)?;
    Ok(directory)
}

/// Fails if the directory is named for another blob than it holds.
pub fn check_name(directory: &BlobDirectory) -> Result<(), Failure> {
    let path = directory.path();
    let blob_id = |path: &Path| path.file_name()?.to_str()?.parse::<BlobId>().ok();
    let canonical = || blob_id(&std::fs::canonicalize(path).ok()?);
    let holds = directory.metadata().blob_id;
    match blob_id(path).or_else(canonical) {
        Some(named) if named != holds => Err(Failure::Other(format!(
            "{}: the directory is named for another blob; its metadata is that of {holds}",
            path.display()
        ))),
        _ => Ok(()),
    }
}

/// What is wrong with a file, as a JSON object.
#[derive(Debug, Serialize)]
pub struct ProblemLine {
    path: String,
    kind: &'static str,
    reason: String,
}

impl From<&FileProblem> for ProblemLine {
    fn from(problem: &FileProblem) -> Self {
        Self {
            path: problem.path.display().to_string(),
            kind: problem.kind.name(),
            reason: problem.reason.clone(),
        }
    }
}

impl ProblemLine {
    /// The line about a file that is there and does not hold what it should.
    pub fn damaged(path: &Path, reason: &str) -> Self {
        Self {
            path: path.display().to_string(),
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

/// How many are of one kind.
pub fn count(problems: &[FileProblem], kind: ProblemKind) -> usize {
    let of_kind = |problem: &&FileProblem| problem.kind == kind;
    problems.iter().filter(of_kind).count()
}
