//! `inspect`: what files in the wire formats hold.

mod content;
mod describe;
mod facts;
mod verifier;

use std::io;
use std::path::Path;
use std::time::Instant;

use serde::Serialize;
use walrus_accel::{Error, PairSet, SliverPairIndex};

pub use self::content::Kind;
use self::content::{Recognized, recognize};
use self::describe::Context;
use self::facts::Facts;
use self::verifier::{Finding, Judge, Standard};
use crate::args::InspectArgs;
use crate::input::blob_source::{self, is_standard};
use crate::output::console::{JsonName, shown};
use crate::output::engine_line::EngineLine;
use crate::output::exit::{Exit, Failure, exit_of};
use crate::run::app::{App, rounded};

/// What is read of a file is in memory once as bytes and once or twice as what they hold, which is at most
/// as much again for all but tiny symbols.
const PARTS_OF_MEMORY: u64 = 4;

/// A file as a JSON object.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InspectedLine {
    #[serde(flatten)]
    file: JsonName,
    bytes: usize,
    kind: &'static str,
    /// What the bytes could be as well.
    also_possible: Vec<&'static str>,
    #[serde(flatten)]
    facts: Facts,
    /// Whether it is good, where it was asked and can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    good: Option<bool>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<String>,
    #[serde(flatten)]
    by: Option<EngineLine>,
    seconds: f64,
}

/// Tells of each file what it holds.
pub fn run(args: &InspectArgs, app: &App) -> Result<Exit, Failure> {
    if args.files.iter().filter(|path| is_standard(path)).count() > 1 {
        let reason = "standard input can be read only once";
        return Err(Failure::Usage(reason.into()));
    }
    let standard = Standard::new(args, app)?;
    if let (Some(standard), Some(pair)) = (&standard, args.target) {
        PairSet::new(standard.metadata.n_shards(), [SliverPairIndex(pair)])
            .map_err(|error| Failure::Usage(format!("--target: {error}")))?;
    }
    let mut exit = Exit::Done;
    for path in &args.files {
        if app.jobs.interrupted() {
            return Err(Error::Cancelled.into());
        }
        match inspect(args, app, standard.as_ref(), path) {
            Ok(good) => exit = exit.and(good),
            Err(failure) if failure.exit() == Exit::Interrupted => return Err(failure),
            Err(failure) => {
                app.failed_file(path, &failure.to_string());
                exit = exit.and(failure.exit());
            }
        }
    }
    if let Some(standard) = standard {
        let decoder = standard.decoder();
        app.name_device(&args.engine, decoder.device(), decoder.device_fault());
    }
    Ok(exit)
}

fn inspect(
    args: &InspectArgs,
    app: &App,
    standard: Option<&Standard>,
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
        Exit::Failed => Failure::Other(blob_source::with_name(path, &error)),
        _ => error.into(),
    };
    let bytes = read(args, path)?;
    let recognized = match args.kind {
        Some(kind) => Recognized {
            kind,
            content: kind.read(&bytes).map_err(named)?,
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
    // Only now: as long as a file is read, a signal must end the process even if it waits for a pipe.
    let judge = standard.map(|standard| standard.judge(app));
    let len = bytes.len();
    let context = Context {
        args,
        judge: judge.as_ref(),
        path,
        len,
    };
    let Told {
        kind,
        others,
        mut facts,
        finding,
    } = tell(&context, recognized, bytes).map_err(named)?;
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
        let what = format_args!("{}: {verdict}", shown(path));
        match good {
            None => app.console.warning(what),
            Some(_) => app.console.error(what),
        }
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
            by: judge.as_ref().map(Judge::engine_line),
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

/// What there is to tell of a file.
struct Told {
    kind: Kind,
    /// The other kinds that it could be, too.
    others: Vec<Kind>,
    facts: Facts,
    finding: Option<Finding>,
}

/// Tells of the kind that the bytes are. If they can be of several and there is a judge, that is the first
/// that is good; where none is, it cannot be told which of them is bad.
fn tell(context: &Context<'_>, recognized: Recognized, bytes: Vec<u8>) -> Result<Told, Error> {
    let Recognized {
        kind,
        content,
        others,
    } = recognized;
    let describe = |kind, content, others| {
        let mut facts = Facts::default();
        context.describe(content, &mut facts).map(|finding| Told {
            kind,
            others,
            facts,
            finding,
        })
    };
    if others.is_empty() || context.judge.is_none() {
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
        let not_it = first.others.iter().copied().filter(|kind| *kind != other);
        let not_it = [kind].into_iter().chain(not_it).collect();
        let told = describe(other, other.read(&bytes)?, not_it)?;
        if let Some(Finding::Good(_)) = told.finding {
            return Ok(told);
        }
        reason(other, told.finding);
    }
    first.finding = Some(Finding::Unchecked(format!(
        "it could be {}; say which with --as",
        reasons.join(" or ")
    )));
    Ok(first)
}

/// Reads a file, if it is not too long to be in memory whole.
fn read(args: &InspectArgs, path: &Path) -> Result<Vec<u8>, Failure> {
    let limit = args.engine.memory / PARTS_OF_MEMORY;
    blob_source::read_small_or_standard(path, limit).map_err(|error| {
        let advice = match &error {
            Error::Io { source, .. } if source.kind() == io::ErrorKind::FileTooLarge => {
                "; raise --memory to read it"
            }
            _ => "",
        };
        Failure::Other(format!("{}{advice}", blob_source::with_name(path, &error)))
    })
}
