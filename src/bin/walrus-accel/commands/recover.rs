//! `recover`: recovers a sliver from recovery symbols of other slivers.

use walrus_accel::Error;
use walrus_accel::recovery::{RecoveryOutcome, RecoveryTarget};
use walrus_accel::wire::{Bcs, DecodingSymbol};

use crate::args::RecoverArgs;
use crate::commands::sliver_recovery::{self, Recovering};
use crate::input::symbol_files::unproven_fault;
use crate::output::destination::Destination;
use crate::output::exit::{Exit, Failure};
use crate::run::app::App;

/// Recovers the sliver and writes it in the form that storage nodes take.
pub fn run(args: &RecoverArgs, app: &App) -> Result<Exit, Failure> {
    let given = &args.recovery;
    let output = sliver_recovery::destination(given)?;
    let recovering = Recovering::new(given, app)?;
    if args.no_proof {
        return unproven(args, app, &recovering, &output);
    }
    let (recovery, mut line) = recovering.recover()?;
    let Some(recovery) = recovery else {
        recovering.print(line);
        return Ok(Exit::Failed);
    };
    line.inconsistent = Some(matches!(recovery.outcome, RecoveryOutcome::Inconsistent(_)));
    let exit = match recovery.outcome {
        RecoveryOutcome::Sliver(sliver) => {
            recovering.write(&output, &sliver.data.to_bcs())?;
            Exit::Done
        }
        RecoveryOutcome::Inconsistent(proof) => {
            let blob_id = recovering.metadata.blob_id();
            let error = format!(
                "blob {blob_id} was encoded inconsistently: all {} symbols belong to its metadata, \
                 and {} sliver {}, which they recover, does not; `walrus-accel prove` with the \
                 same arguments writes the proof",
                proof.symbols.len(),
                given.axis,
                proof.target.0
            );
            recovering.fail(&mut line, error);
            Exit::Failed
        }
    };
    recovering.print(line);
    Ok(exit)
}

/// Recovers the sliver from symbols without proofs.
fn unproven(
    args: &RecoverArgs,
    app: &App,
    recovering: &Recovering<'_>,
    output: &Destination,
) -> Result<Exit, Failure> {
    let mut gathered = recovering.gather::<DecodingSymbol>(false)?;
    let fault = |symbol| unproven_fault(&recovering.metadata, symbol);
    let symbols = gathered.symbols.iter().enumerate();
    let wrong = symbols.filter_map(|(position, symbol)| Some((position, fault(symbol)?)));
    let wrong: Vec<_> = wrong.collect();
    recovering.refuse(&mut gathered, &wrong);
    let (metadata, axis, pair) = (&recovering.metadata, args.recovery.axis, recovering.pair);
    let symbols = &gathered.symbols;
    let recovered = recovering.decoder.recover_unproven(
        &RecoveryTarget::new(metadata, axis, pair),
        symbols,
        recovering.control(),
    );
    let decoder = &recovering.decoder;
    app.warn_of_device(&args.recovery.engine, decoder.runtime());
    let used = match &recovered {
        Err(Error::NotEnoughSymbols { usable, .. }) => *usable,
        _ => metadata.shape().slivers_needed(axis.other()).into(),
    };
    let mut line = recovering.line(gathered, used);
    let exit = match recovered {
        Ok(sliver) => {
            recovering.write(output, &sliver.data.to_bcs())?;
            Exit::Done
        }
        Err(error @ (Error::NotEnoughSymbols { .. } | Error::InvalidSliver { .. })) => {
            recovering.fail(&mut line, error.to_string());
            Exit::Failed
        }
        Err(error) => return Err(error.into()),
    };
    recovering.print(line);
    Ok(exit)
}
