//! `check-proof`: checks a proof that a blob was encoded inconsistently.

use std::time::Instant;

use serde::Serialize;
use walrus_accel::verify::ProofVerdict;
use walrus_accel::wire::{Bcs, InconsistencyProof};
use walrus_accel::{Axis, SliverIndex, VerifiedMetadata};

use crate::args::CheckProofArgs;
use crate::input::metadata_file;
use crate::input::small_file;
use crate::output::engine_line::{EngineLine, rounded};
use crate::output::exit::{Exit, Failure};
use crate::output::names::{JsonName, shown};
use crate::run::app::{App, decoder};

/// Maximum bytes of a recovery symbol apart from its data: the source, the length and the proof.
const MAX_SYMBOL_FRAME: u64 = 2 + 3 + 1 + 16 * 33;

/// Verdict as a JSON object.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CheckedLine {
    #[serde(flatten)]
    file: JsonName,
    blob_id: String,
    axis: &'static str,
    /// Index of the sliver that the proof is for.
    target: u16,
    /// Pair of that sliver. `None` if there is no such sliver.
    #[serde(skip_serializing_if = "Option::is_none")]
    target_pair: Option<u16>,
    symbols: usize,
    proven: bool,
    verdict: String,
    #[serde(flatten)]
    by: EngineLine,
    seconds: f64,
}

/// Checks the proof and prints the verdict.
pub fn run(args: &CheckProofArgs, app: &App) -> Result<Exit, Failure> {
    let start = Instant::now();
    let metadata = metadata_file::of_blob(&args.blob)?;
    let bytes = small_file::read(&args.proof, max_len(&metadata))?;
    let named = |error| Failure::Other(small_file::with_name(&args.proof, &error));
    let proof = InconsistencyProof::from_bcs(&bytes).map_err(named)?;
    drop(bytes);
    let decoder = decoder(&args.engine, app)?;
    let job = app.start();
    let (axis, control) = (args.axis, job.control());
    let verdict = decoder.verify_inconsistency(&metadata, axis, &proof, control)?;
    app.warn_of_device(&args.engine, decoder.runtime());

    let text = match verdict {
        ProofVerdict::WrongCount { found, .. } if found == needed(&metadata, axis.other()) => {
            let other = axis.other();
            format!("{verdict}; it may be of a {other} sliver: try --axis {other}")
        }
        verdict => verdict.to_string(),
    };
    let (path, pair) = (shown(&args.proof), pair(&metadata, axis, proof.target));
    if app.console.json() {
        app.console.object(&CheckedLine {
            file: JsonName::file(&args.proof),
            blob_id: metadata.blob_id().to_string(),
            axis: axis.name(),
            target: proof.target.0,
            target_pair: pair,
            symbols: proof.symbols.len(),
            proven: verdict.is_proven(),
            verdict: text.clone(),
            by: EngineLine::new(decoder.runtime(), control),
            seconds: rounded(start.elapsed().as_secs_f64()),
        });
    }
    if !verdict.is_proven() {
        app.console
            .error(format_args!("{path}: not proven: {text}"));
        return Ok(Exit::Failed);
    }
    if !app.console.json() {
        let (id, index) = (metadata.blob_id(), proof.target.0);
        let line = format!(
            "{path}: proven: blob {id} was encoded inconsistently, as its {axis} sliver {index} \
             shows"
        );
        app.console.line(line.as_bytes());
    }
    Ok(Exit::Done)
}

/// Returns the maximum length of a proof for the blob in bytes.
fn max_len(metadata: &VerifiedMetadata) -> u64 {
    let symbol = u64::from(metadata.shape().symbol_size()) + MAX_SYMBOL_FRAME;
    let symbols = needed(metadata, Axis::Primary).max(needed(metadata, Axis::Secondary));
    2 + 3 + symbols as u64 * symbol
}

/// Returns the number of symbols that recover a sliver of the axis.
fn needed(metadata: &VerifiedMetadata, axis: Axis) -> usize {
    metadata.shape().slivers_needed(axis.other()).into()
}

/// Returns the pair of a sliver, or `None` if there is no such sliver.
fn pair(metadata: &VerifiedMetadata, axis: Axis, index: SliverIndex) -> Option<u16> {
    let n_shards = metadata.n_shards();
    (index.0 < n_shards).then(|| index.pair(axis, n_shards).0)
}
