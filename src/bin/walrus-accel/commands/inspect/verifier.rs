//! Checks of files against metadata.

use walrus_accel::recovery::RecoveryTarget;
use walrus_accel::verify::{BlobSliver, ProofVerdict, SliverVerdict, SymbolVerdict};
use walrus_accel::wire::{
    DecodingSymbol, GeneralRecoverySymbol, InconsistencyProof, RecoverySymbol, Sliver,
};
use walrus_accel::{
    Axis, Control, Decoder, Result, SliverIndex, SliverPairIndex, VerifiedMetadata,
};

use crate::args::InspectArgs;
use crate::input::metadata_file;
use crate::input::sliver_file;
use crate::input::symbol_files::unproven_fault;
use crate::output::engine_line::EngineLine;
use crate::output::exit::Failure;
use crate::run::app::{App, decoder};
use crate::run::jobs::Job;

/// Result of a check.
pub enum Finding {
    /// The file is good. Holds the description.
    Good(String),
    /// The file is bad. Holds the reason.
    Bad(String),
    /// The check was not possible. Holds the missing condition.
    Unchecked(String),
}

impl Finding {
    /// Returns the text.
    pub fn into_text(self) -> String {
        match self {
            Self::Good(text) | Self::Bad(text) | Self::Unchecked(text) => text,
        }
    }
}

/// Metadata to check files against, with the decoder for the checks.
pub struct Verifier {
    pub metadata: VerifiedMetadata,
    decoder: Decoder,
}

impl Verifier {
    /// Returns a verifier, or `None` without `--metadata`.
    pub fn new(args: &InspectArgs, app: &App) -> Result<Option<Self>, Failure> {
        let Some(path) = &args.metadata else {
            return Ok(None);
        };
        let metadata = metadata_file::read(path, &args.wanted)?;
        Ok(Some(Self {
            metadata,
            decoder: decoder(&args.engine, app)?,
        }))
    }

    /// Begins the job that checks a file. The file must have been read: from now on a signal
    /// cancels the job.
    pub fn start(&self, app: &App) -> FileVerifier<'_> {
        FileVerifier {
            metadata: &self.metadata,
            decoder: &self.decoder,
            job: app.start(),
        }
    }

    /// Returns the decoder for the checks.
    pub fn decoder(&self) -> &Decoder {
        &self.decoder
    }
}

/// Running check of a file against the metadata.
pub struct FileVerifier<'a> {
    metadata: &'a VerifiedMetadata,
    decoder: &'a Decoder,
    job: Job,
}

impl FileVerifier<'_> {
    fn control(&self) -> &Control {
        self.job.control()
    }

    /// Returns the engine and its times.
    pub fn engine_line(&self) -> EngineLine {
        EngineLine::new(self.decoder.runtime(), self.control())
    }

    /// Returns the pair of a sliver, or `None` if there is no such sliver.
    pub fn pair(&self, axis: Axis, index: SliverIndex) -> Option<SliverPairIndex> {
        let n_shards = self.metadata.n_shards();
        (index.0 < n_shards).then(|| index.pair(axis, n_shards))
    }

    /// Returns the shard that stores a pair.
    pub fn shard(&self, pair: SliverPairIndex) -> u16 {
        pair.shard(self.metadata.blob_id(), self.metadata.n_shards())
    }

    /// Returns the axis of a sliver file of `len` bytes.
    pub fn axis_by_len(&self, len: usize) -> Option<Axis> {
        sliver_file::axis_by_len(self.metadata, len)
    }

    /// Checks that metadata is of the same blob.
    pub fn metadata(&self, metadata: &VerifiedMetadata) -> Finding {
        let (found, expected) = (metadata.blob_id(), self.metadata.blob_id());
        match found == expected {
            true => Finding::Good("it is the metadata of the same blob".into()),
            false => Finding::Bad(format!(
                "it is the metadata of blob {found}, and --metadata is that of {expected}"
            )),
        }
    }

    /// Returns the axis of the sliver that a proof with so many symbols is for. A primary sliver
    /// takes more symbols than a secondary one.
    pub fn axis_by_count(&self, symbols: usize) -> Option<Axis> {
        let needs = |axis: &Axis| usize::from(self.needed(*axis)) == symbols;
        Axis::BOTH.into_iter().find(needs)
    }

    /// Returns the number of symbols that recover a sliver of the axis.
    fn needed(&self, axis: Axis) -> u16 {
        self.metadata.shape().slivers_needed(axis.other())
    }

    /// Checks a sliver.
    pub fn sliver(&self, sliver: &Sliver) -> Result<Finding> {
        let sliver = BlobSliver::new(self.metadata, sliver);
        let verdicts = self.decoder.verify_batch(&[sliver], self.control())?;
        let verdict = verdicts[0];
        Ok(finding(verdict == SliverVerdict::Good, &verdict))
    }

    /// Returns the finding for a file of `len` bytes that is a sliver of neither axis.
    pub fn no_axis(&self, len: usize) -> Finding {
        Finding::Bad(sliver_file::no_axis(self.metadata, len))
    }

    /// Checks a symbol for the sliver in its bytes.
    pub fn symbol(&self, symbol: &GeneralRecoverySymbol) -> Result<Finding> {
        let Some(target) = self.pair(symbol.axis, symbol.target) else {
            return Ok(Finding::Bad(format!(
                "it recovers sliver {}, and {} shards have slivers 0 to {}",
                symbol.target.0,
                self.metadata.n_shards(),
                self.metadata.n_shards() - 1
            )));
        };
        let symbols = std::slice::from_ref(symbol);
        let (axis, control) = (symbol.axis, self.control());
        let verdicts = self.decoder.verify_symbols(
            &RecoveryTarget::new(self.metadata, axis, target),
            symbols,
            control,
        )?;
        let verdict = verdicts[0];
        Ok(finding(verdict == SymbolVerdict::Good, &verdict))
    }

    /// Checks a symbol for `target`, as its bytes do not name a sliver.
    pub fn bare_symbol(
        &self,
        symbol: RecoverySymbol,
        target: Option<(Axis, SliverPairIndex)>,
    ) -> Result<Finding> {
        let Some((axis, target)) = target else {
            return Ok(Finding::Unchecked(
                "its bytes do not say which sliver it recovers; give --axis and --target".into(),
            ));
        };
        self.symbol(&GeneralRecoverySymbol {
            axis,
            symbol: symbol.symbol,
            target: target.sliver(axis, self.metadata.n_shards()),
            proof: symbol.proof,
        })
    }

    /// Checks index and size of a symbol without a proof.
    pub fn unproven(&self, symbol: &DecodingSymbol) -> Finding {
        match unproven_fault(self.metadata, symbol) {
            Some(verdict) => Finding::Bad(verdict.to_string()),
            None => Finding::Unchecked("without a proof it cannot be checked".into()),
        }
    }

    /// Checks a proof of inconsistency.
    pub fn proof(&self, axis: Option<Axis>, proof: &InconsistencyProof) -> Result<Finding> {
        let Some(axis) = axis.or(self.axis_by_count(proof.symbols.len())) else {
            let [primary, secondary] = Axis::BOTH.map(|axis| self.needed(axis));
            return Ok(Finding::Bad(format!(
                "it has {} symbols, and exactly {primary} (primary) or {secondary} (secondary) \
                 recover a sliver",
                proof.symbols.len()
            )));
        };
        let verdict =
            self.decoder
                .verify_inconsistency(self.metadata, axis, proof, self.control())?;
        Ok(match verdict {
            ProofVerdict::Proven => Finding::Good(format!("proven: {verdict}")),
            verdict => Finding::Bad(format!("not proven: {verdict}")),
        })
    }
}

fn finding(good: bool, verdict: &impl ToString) -> Finding {
    match good {
        true => Finding::Good(verdict.to_string()),
        false => Finding::Bad(verdict.to_string()),
    }
}
