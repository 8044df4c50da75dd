//! `prove`: proves that a blob was encoded inconsistently.

use walrus_accel::recovery::RecoveryOutcome;
use walrus_accel::wire::Bcs;

use crate::args::RecoveryArgs;
use crate::commands::sliver_recovery::{self, Recovering};
use crate::output::exit::{Exit, Failure};
use crate::run::app::App;

/// Writes the proof, if the symbols contradict the metadata.
pub fn run(args: &RecoveryArgs, app: &App) -> Result<Exit, Failure> {
    let output = sliver_recovery::destination(args)?;
    let recovering = Recovering::new(args, app)?;
    let (recovery, mut line) = recovering.recover()?;
    let Some(recovery) = recovery else {
        recovering.print(line);
        return Ok(Exit::Failed);
    };
    let exit = match recovery.outcome {
        RecoveryOutcome::Inconsistent(proof) => {
            line.inconsistent = Some(true);
            recovering.write(&output, &proof.to_bcs())?;
            Exit::Done
        }
        RecoveryOutcome::Sliver(sliver) => {
            line.inconsistent = Some(false);
            let error = format!(
                "nothing to prove: blob {} is consistent as far as these symbols tell; they \
                 recover {} sliver {}, which belongs to its metadata",
                recovering.metadata.blob_id(),
                sliver.axis,
                sliver.data.index.0
            );
            recovering.fail(&mut line, error);
            Exit::Failed
        }
    };
    recovering.print(line);
    Ok(exit)
}
