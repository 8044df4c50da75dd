//! `inspect`: shows and checks files in the wire formats.

mod content;
mod describe;
mod facts;
mod verifier;

use std::io;
use std::path::Path;
use std::time::Instant;

use serde::Serialize;
use walrus_accel::{Error, PairSet, SliverPairIndex};

use self::content::{Recognized, recognize};
use self::describe::Context;
use self::facts::Facts;
use self::verifier::{FileVerifier, Finding, Verifier};
use crate::args::{InspectArgs, Kind, is_standard};
use crate::input::small_file;
use crate::output::engine_line::{EngineLine, rounded};
use crate::output::exit::{Exit, Failure, exit_of};
use crate::output::names::{JsonName, shown};
use crate::output::repeats::Level;
use crate::run::app::App;
use crate::run::memory_limit;

/// Divisor of the memory limit that gives the maximum length of a file.
///
/// A file is in memory once as bytes and once or twice as contents. Contents take at most the
/// memory of the bytes, except for tiny symbols.
const MEMORY_PER_FILE: u64 = 4;

/// File as a JSON object.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InspectedLine {
    #[serde(flatten)]
    file: JsonName,
    bytes: usize,
    kind: &'static str,
    /// Other kinds that the bytes match.
    also_possible: Vec<&'static str>,
    #[serde(flatten)]
    facts: Facts,
    /// Result of the check. `None` without a check.
    #[serde(skip_serializing_if = "Option::is_none")]
    good: Option<bool>,
    /// Result of the check in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<String>,
    #[serde(flatten)]
    by: Option<EngineLine>,
    seconds: f64,
}

/// Prints the facts of each file.
pub fn run(args: &InspectArgs, app: &App) -> Result<Exit, Failure> {
    if args.files.iter().filter(|path| is_standard(path)).count() > 1 {
        let reason = "- is given more than once: standard input can be read only once";
        return Err(Failure::Usage(reason.into()));
    }
    let verifier = Verifier::new(args, app)?;
    if let (Some(verifier), Some(pair)) = (&verifier, args.target) {
        PairSet::new(verifier.metadata.n_shards(), [SliverPairIndex(pair)])
            .map_err(|error| Failure::Usage(format!("--target: {error}")))?;
    }
    let mut exit = Exit::Done;
    for path in &args.files {
        if app.jobs.interrupted() {
            return Err(Error::Cancelled.into());
        }
        match inspect(args, app, verifier.as_ref(), path) {
            Ok(good) => exit = exit.and(good),
            Err(failure) if failure.exit() == Exit::Interrupted => return Err(failure),
            Err(failure) => {
                app.report_file_failure(path, &failure.to_string());
                exit = exit.and(failure.exit());
            }
        }
    }
    if let Some(verifier) = verifier {
        let decoder = verifier.decoder();
        app.warn_of_device(&args.engine, decoder.runtime());
    }
    Ok(exit)
}

fn inspect(
    args: &InspectArgs,
    app: &App,
    verifier: Option<&Verifier>,
    path: &Path,
) -> Result<Exit, Failure> {
    if path.is_dir() {
        return Err(Failure::Other(format!(
            "cannot read {0}: it is a directory; name the files in it, as in {0}/*",
            shown(path)
        )));
    }
    let start = Instant::now();
    let named = |error: Error| match exit_of(&error) {
        Exit::Failed => Failure::Other(small_file::with_name(path, &error)),
        _ => error.into(),
    };
    let bytes = read(args, path)?;
    let recognized = match args.kind {
        Some(kind) => Recognized {
            kind,
            content: content::parse(kind, &bytes).map_err(named)?,
            others: Vec::new(),
        },
        None => recognize(&bytes).map_err(|reasons| {
            let name = match is_standard(path) {
                true => "standard input".into(),
                false => shown(path),
            };
            Failure::Other(format!("{name}: {reasons}"))
        })?,
    };
    // The job begins after the read: until then a signal ends the process, even while the read
    // blocks on a pipe.
    let verifier = verifier.map(|verifier| verifier.start(app));
    let len = bytes.len();
    let context = Context {
        args,
        verifier: verifier.as_ref(),
        path,
        len,
    };
    let Description {
        kind,
        others,
        mut facts,
        finding,
    } = describe(&context, recognized, bytes).map_err(named)?;
    let also_possible: Vec<_> = others.into_iter().map(Kind::name).collect();
    let good = match finding {
        Some(Finding::Good(_)) => Some(true),
        Some(Finding::Bad(_)) => Some(false),
        Some(Finding::Unchecked(_)) | None => None,
    };
    let verdict = finding.map(Finding::into_text);
    if good != Some(true)
        && let Some(verdict) = &verdict
    {
        let level = match good {
            None => Level::Warning,
            Some(_) => Level::Error,
        };
        let message = format!("{}: {verdict}", shown(path));
        app.print_about(level, path, &message);
    }
    let exit = match good == Some(true) || verdict.is_none() {
        true => Exit::Done,
        false => Exit::Failed,
    };
    if app.console.json() {
        app.console.object(&InspectedLine {
            file: JsonName::file(path),
            bytes: len,
            kind: kind.name(),
            also_possible,
            facts,
            good,
            verdict,
            by: verifier.as_ref().map(FileVerifier::engine_line),
            seconds: rounded(start.elapsed().as_secs_f64()),
        });
        return Ok(exit);
    }
    if let Some(verdict) = verdict {
        facts.add("verdict", "verdict", verdict);
    }
    if !also_possible.is_empty() {
        let others = also_possible.join(", ");
        facts.add("alsoPossible", "could also be", others);
    }
    app.console.line(facts.text(path, kind, len).as_bytes());
    Ok(exit)
}

/// Facts and finding of a file.
struct Description {
    kind: Kind,
    /// Other kinds that the bytes match.
    others: Vec<Kind>,
    facts: Facts,
    finding: Option<Finding>,
}

/// Describes a file by the first kind that its bytes match.
///
/// If the bytes match several kinds and there is a verifier, the first good kind is described. If
/// no kind is good, the finding is unchecked: the bytes may be a bad file of any of the kinds.
fn describe(
    context: &Context<'_>,
    recognized: Recognized,
    bytes: Vec<u8>,
) -> Result<Description, Error> {
    let Recognized {
        kind,
        content,
        others,
    } = recognized;
    let describe = |kind, content, others| {
        let mut facts = Facts::default();
        context
            .describe(content, &mut facts)
            .map(|finding| Description {
                kind,
                others,
                facts,
                finding,
            })
    };
    if others.is_empty() || context.verifier.is_none() {
        drop(bytes);
        return describe(kind, content, others);
    }
    let mut first = describe(kind, content, others)?;
    let mut reasons = Vec::new();
    let mut reason = |kind: Kind, finding: Option<Finding>| {
        let finding = finding.map_or(String::new(), Finding::into_text);
        reasons.push(format!("{} ({finding})", kind.name()));
    };
    if let Some(Finding::Good(_)) = first.finding {
        return Ok(first);
    }
    reason(kind, first.finding.take());
    for &other in &first.others {
        let rest = first.others.iter().copied().filter(|kind| *kind != other);
        let rest = [kind].into_iter().chain(rest).collect();
        let description = describe(other, content::parse(other, &bytes)?, rest)?;
        if let Some(Finding::Good(_)) = description.finding {
            return Ok(description);
        }
        reason(other, description.finding);
    }
    first.finding = Some(Finding::Unchecked(format!(
        "it could be {}; choose one with --as",
        reasons.join(" or ")
    )));
    Ok(first)
}

/// Reads a file. Fails if the file is too long for the memory limit.
fn read(args: &InspectArgs, path: &Path) -> Result<Vec<u8>, Failure> {
    let limit = memory_limit::of(&args.engine) / MEMORY_PER_FILE;
    small_file::read_or_standard(path, limit).map_err(|error| {
        let advice = match &error {
            Error::Io { source, .. } if source.kind() == io::ErrorKind::FileTooLarge => {
                "; raise --memory to read it"
            }
            _ => "",
        };
        Failure::Other(format!("{}{advice}", small_file::with_name(path, &error)))
    })
}
