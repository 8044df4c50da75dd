//! Holding what a file has against metadata.

use walrus_accel::{
    Axis, BlobSliver, Control, Decoder, DecodingSymbol, GeneralRecoverySymbol, InconsistencyProof,
    ProofVerdict, RecoverySymbol, Result, Sliver, SliverIndex, SliverPairIndex, SliverVerdict,
    SymbolVerdict, VerifiedMetadata,
};

use crate::args::InspectArgs;
use crate::input::metadata_file;
use crate::input::sliver_file;
use crate::input::symbol_files::by_measures;
use crate::output::engine_line::EngineLine;
use crate::output::exit::Failure;
use crate::run::app::{App, decoder};
use crate::run::jobs::Job;

/// What was found.
pub enum Finding {
    /// It is what it should be; what that is.
    Good(String),
    /// It is not, and why.
    Bad(String),
    /// It cannot be told, and what is missing for that.
    Unchecked(String),
}

impl Finding {
    /// The same in words alone.
    pub fn into_text(self) -> String {
        match self {
            Self::Good(text) | Self::Bad(text) | Self::Unchecked(text) => text,
        }
    }
}

/// The metadata that files are held against, and what does it.
pub struct Standard {
    pub metadata: VerifiedMetadata,
    decoder: Decoder,
}

impl Standard {
    /// A standard, if there is metadata to go by.
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

    /// A judge of a file that has been read: a job has begun, which a signal cancels.
    pub fn judge(&self, app: &App) -> Judge<'_> {
        Judge {
            metadata: &self.metadata,
            decoder: &self.decoder,
            job: app.start(),
        }
    }

    /// Decoder that checks files against the metadata.
    pub fn decoder(&self) -> &Decoder {
        &self.decoder
    }
}

/// What holds a file against the metadata.
pub struct Judge<'a> {
    metadata: &'a VerifiedMetadata,
    decoder: &'a Decoder,
    job: Job,
}

impl Judge<'_> {
    fn control(&self) -> &Control {
        self.job.control()
    }

    /// What a line tells of the engine.
    pub fn engine_line(&self) -> EngineLine {
        EngineLine::of_decoder(self.decoder, self.control())
    }

    /// The pair of a sliver, if there is one of that index.
    pub fn pair(&self, axis: Axis, index: SliverIndex) -> Option<SliverPairIndex> {
        let n_shards = self.metadata.n_shards();
        (index.0 < n_shards).then(|| index.pair(axis, n_shards))
    }

    /// The shard that keeps a pair.
    pub fn shard(&self, pair: SliverPairIndex) -> u16 {
        pair.shard(self.metadata.blob_id(), self.metadata.n_shards())
    }

    /// The axis of a sliver file of `len` bytes.
    pub fn axis_by_len(&self, len: usize) -> Option<Axis> {
        sliver_file::axis_by_len(self.metadata, len)
    }

    /// Whether metadata is that of the same blob.
    pub fn metadata(&self, metadata: &VerifiedMetadata) -> Finding {
        let (found, expected) = (metadata.blob_id(), self.metadata.blob_id());
        match found == expected {
            true => Finding::Good("it is the metadata of the same blob".into()),
            false => Finding::Bad(format!(
                "it is the metadata of blob {found}, and --metadata is that of {expected}"
            )),
        }
    }

    /// The axis of the sliver that a proof with so many symbols can be of: a row takes more than a column.
    pub fn axis_by_count(&self, symbols: usize) -> Option<Axis> {
        let needs = |axis: &Axis| usize::from(self.needed(*axis)) == symbols;
        Axis::BOTH.into_iter().find(needs)
    }

    /// How many symbols recover a sliver of the axis.
    fn needed(&self, axis: Axis) -> u16 {
        self.metadata.shape().slivers_needed(axis.other())
    }

    /// Whether a sliver is one of the blob.
    pub fn sliver(&self, sliver: &Sliver) -> Result<Finding> {
        let sliver = BlobSliver::new(self.metadata, sliver);
        let verdicts = self.decoder.verify_batch(&[sliver], self.control())?;
        let verdict = verdicts[0];
        Ok(told(verdict == SliverVerdict::Good, &verdict))
    }

    /// What is wrong with a sliver file of `len` bytes that can be of neither axis.
    pub fn no_axis(&self, len: usize) -> Finding {
        Finding::Bad(sliver_file::no_axis(self.metadata, len))
    }

    /// Whether a symbol recovers the sliver that it says.
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
        let verdicts =
            self.decoder
                .verify_symbols(self.metadata, axis, target, symbols, control)?;
        let verdict = verdicts[0];
        Ok(told(verdict == SymbolVerdict::Good, &verdict))
    }

    /// The same for a symbol that does not say it.
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

    /// Whether a symbol without a proof can be one of the blob.
    pub fn unproven(&self, symbol: &DecodingSymbol) -> Finding {
        match by_measures(self.metadata, symbol) {
            Some(verdict) => Finding::Bad(verdict.to_string()),
            None => {
                Finding::Unchecked("without a proof it cannot be told whether it is right".into())
            }
        }
    }

    /// Whether a proof is one.
    pub fn proof(&self, axis: Option<Axis>, proof: &InconsistencyProof) -> Result<Finding> {
        let Some(axis) = axis.or(self.axis_by_count(proof.symbols.len())) else {
            let [primary, secondary] = Axis::BOTH.map(|axis| self.needed(axis));
            return Ok(Finding::Bad(format!(
                "it has {} symbols, and exactly {primary} (primary) or {secondary} (secondary) recover a sliver",
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

fn told(good: bool, verdict: &impl ToString) -> Finding {
    match good {
        true => Finding::Good(verdict.to_string()),
        false => Finding::Bad(verdict.to_string()),
    }
}
