//! What there is to tell of each kind.

use std::path::Path;

use walrus_accel::{
    Axis, BlobId, BlobMetadata, DecodingSymbol, GeneralRecoverySymbol, InconsistencyProof,
    MerkleProof, RecoverySymbol, Result, Sliver, SliverData, SliverIndex, SliverPairIndex,
};

use super::content::Content;
use super::facts::Facts;
use super::verifier::{Finding, Judge};
use crate::args::InspectArgs;
use crate::commands::encoded_line::hex;
use crate::input::metadata_file;
use crate::input::sliver_file;

/// Why `--blob-id` and `--shards` alone do not tell of anything but metadata whether it is good.
const NO_METADATA: &str =
    "--blob-id and --shards say what metadata must be of; give --metadata to check it";

/// What is known of a file beside its content.
pub struct Context<'a> {
    pub args: &'a InspectArgs,
    pub judge: Option<&'a Judge<'a>>,
    pub path: &'a Path,
    /// The file's length in bytes.
    pub len: usize,
}

impl Context<'_> {
    /// Tells what there is to tell, and whether it is good where that was asked.
    pub fn describe(&self, content: Content, facts: &mut Facts) -> Result<Option<Finding>> {
        let is_metadata = matches!(content, Content::MetadataWithId(_) | Content::Metadata(_));
        let found = self.tell(content, facts)?;
        // What is asked is answered, or it is said that it is not.
        let asked = self.args.wanted.blob_id.is_some() || self.args.wanted.shards.is_some();
        Ok(match self.judge {
            None if asked && !is_metadata => Some(Finding::Unchecked(NO_METADATA.into())),
            _ => found,
        })
    }

    fn tell(&self, content: Content, facts: &mut Facts) -> Result<Option<Finding>> {
        match content {
            Content::MetadataWithId(with_id) => {
                Ok(self.metadata(with_id.metadata, Some(with_id.blob_id), facts))
            }
            Content::Metadata(metadata) => Ok(self.metadata(metadata, None, facts)),
            Content::Sliver(Sliver { axis, data }) => {
                facts.add("axis", "axis", axis.name());
                self.sliver(Some(axis), data, facts)
            }
            Content::SliverData(data) => self.sliver(self.axis(facts), data, facts),
            Content::GeneralRecoverySymbol(symbol) => self.general_symbol(&symbol, facts),
            Content::RecoverySymbol(symbol) => self.symbol(symbol, facts),
            Content::DecodingSymbol(symbol) => {
                self.source(self.args.axis, &symbol, facts);
                Ok(self.judge.map(|judge| judge.unproven(&symbol)))
            }
            Content::InconsistencyProof(proof) => self.proof(&proof, facts),
        }
    }

    /// The axis of a sliver whose bytes do not say it. A name may be wrong, so that is told.
    fn axis(&self, facts: &mut Facts) -> Option<Axis> {
        let by_len = || self.judge?.axis_by_len(self.len);
        if let Some(axis) = self.args.axis.or_else(by_len) {
            facts.add("axis", "axis", axis.name());
            return Some(axis);
        }
        let axis = sliver_file::axis_by_name(self.path)?;
        let values = vec![("axis", axis.name().into()), ("axisByName", true.into())];
        facts.push("axis", format!("{axis} (by its name)"), values);
        Some(axis)
    }

    fn metadata(
        &self,
        metadata: BlobMetadata,
        claimed: Option<BlobId>,
        facts: &mut Facts,
    ) -> Option<Finding> {
        let computed = metadata.blob_id();
        facts.add("blobId", "blob ID", computed.to_string());
        if let Some(claimed) = claimed {
            facts.add("claimedBlobId", "blob ID in the file", claimed.to_string());
        }
        let encoding_type = metadata.commitment.encoding_type();
        facts.add("encodingType", "encoding type", encoding_type);
        facts.add("commitment", "commitment", metadata.commitment.name());
        facts.add("rootHash", "root hash", hex(&metadata.root_hash()));
        facts.add("shards", "shards", metadata.pairs.len());
        let length = metadata.unencoded_length;
        facts.add("unencodedLength", "unencoded length", length);
        if let Ok(shape) = metadata.shape() {
            let file_len = |axis| shape.sliver_data_len(axis);
            facts.add("symbolSize", "symbol size", shape.symbol_size());
            facts.add("sourceRows", "source rows (P)", shape.rows());
            facts.add("sourceColumns", "source columns (S)", shape.columns());
            let [primary, secondary] = Axis::BOTH.map(file_len);
            facts.add("primarySliverLen", "bytes of a primary sliver", primary);
            facts.add(
                "secondarySliverLen",
                "bytes of a secondary sliver",
                secondary,
            );
        }
        let wanted = &self.args.wanted;
        let said = claimed.is_some() || wanted.blob_id.is_some();
        match (metadata_file::check(metadata, claimed, wanted), self.judge) {
            (Err(error), _) => Some(Finding::Bad(error.to_string())),
            (Ok(metadata), Some(judge)) => Some(judge.metadata(&metadata)),
            (Ok(_), None) if said => {
                Some(Finding::Good("it is what its blob ID stands for".into()))
            }
            (Ok(_), None) => None,
        }
    }

    fn sliver(
        &self,
        axis: Option<Axis>,
        data: SliverData,
        facts: &mut Facts,
    ) -> Result<Option<Finding>> {
        facts.add("index", "index", data.index.0);
        let symbols = data.symbols.len() / usize::from(data.symbol_size);
        facts.add("symbolSize", "symbol size", data.symbol_size);
        facts.add("symbols", "symbols", symbols);
        let Some(judge) = self.judge else {
            return Ok(None);
        };
        let Some(axis) = axis else {
            return Ok(Some(judge.no_axis(self.len)));
        };
        if let Some(pair) = judge.pair(axis, data.index) {
            facts.add("pair", "pair", pair.0);
            facts.add("shard", "shard", judge.shard(pair));
        }
        judge.sliver(&Sliver { axis, data }).map(Some)
    }

    fn general_symbol(
        &self,
        symbol: &GeneralRecoverySymbol,
        facts: &mut Facts,
    ) -> Result<Option<Finding>> {
        facts.add("axis", "axis it recovers", symbol.axis.name());
        self.target(Some(symbol.axis), symbol.target, facts);
        self.source(Some(symbol.axis), &symbol.symbol, facts);
        proof_length(&symbol.proof, facts);
        let judge = |judge: &Judge| judge.symbol(symbol);
        self.judge.map(judge).transpose()
    }

    fn symbol(&self, symbol: RecoverySymbol, facts: &mut Facts) -> Result<Option<Finding>> {
        let InspectArgs { axis, target, .. } = *self.args;
        self.source(axis, &symbol.symbol, facts);
        proof_length(&symbol.proof, facts);
        let target = axis.zip(target.map(SliverPairIndex));
        let judge = |judge: &Judge| judge.bare_symbol(symbol, target);
        self.judge.map(judge).transpose()
    }

    fn proof(&self, proof: &InconsistencyProof, facts: &mut Facts) -> Result<Option<Finding>> {
        let by_count = |judge: &Judge| judge.axis_by_count(proof.symbols.len());
        let axis = self.args.axis.or_else(|| self.judge.and_then(by_count));
        if let Some(axis) = axis {
            facts.add("axis", "axis", axis.name());
        }
        self.target(axis, proof.target, facts);
        facts.add("symbols", "symbols", proof.symbols.len());
        let sizes = proof.symbols.iter().map(|symbol| symbol.symbol.data.len());
        let keys = ["smallestSymbolSize", "largestSymbolSize"];
        range(sizes, "symbol size", keys, facts);
        let lengths = proof.symbols.iter().map(|symbol| symbol.proof.len());
        let keys = ["smallestProofLength", "largestProofLength"];
        range(lengths, "siblings in a proof", keys, facts);
        let judge = |judge: &Judge| judge.proof(axis, proof);
        self.judge.map(judge).transpose()
    }

    /// The sliver that something is for.
    fn target(&self, axis: Option<Axis>, index: SliverIndex, facts: &mut Facts) {
        facts.add("target", "target sliver", index.0);
        if let Some(pair) = self.pair(axis, index) {
            facts.add("targetPair", "target pair", pair);
        }
    }

    /// The symbol, and the sliver that it comes from; `axis` is that of the sliver that it recovers.
    fn source(&self, axis: Option<Axis>, symbol: &DecodingSymbol, facts: &mut Facts) {
        facts.add("source", "source sliver", symbol.index.0);
        if let Some(pair) = self.pair(axis.map(Axis::other), symbol.index) {
            facts.add("sourcePair", "source pair", pair);
        }
        facts.add("symbolSize", "symbol size", symbol.data.len());
    }

    fn pair(&self, axis: Option<Axis>, index: SliverIndex) -> Option<u16> {
        Some(self.judge?.pair(axis?, index)?.0)
    }
}

fn proof_length(proof: &MerkleProof, facts: &mut Facts) {
    facts.add("proofLength", "siblings in the proof", proof.len());
}

/// A number that many things should agree on: the smallest and the largest.
fn range(
    numbers: impl Iterator<Item = usize> + Clone,
    label: &'static str,
    [smallest, largest]: [&'static str; 2],
    facts: &mut Facts,
) {
    let (Some(least), Some(most)) = (numbers.clone().min(), numbers.max()) else {
        return;
    };
    let text = match least == most {
        true => least.to_string(),
        false => format!("{least} to {most}"),
    };
    let values = vec![(smallest, least.into()), (largest, most.into())];
    facts.push(label, text, values);
}
