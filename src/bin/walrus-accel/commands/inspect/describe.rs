//! Facts and findings for each kind of file.

use std::path::Path;

use walrus_accel::wire::{
    DecodingSymbol, GeneralRecoverySymbol, InconsistencyProof, MerkleProof, RecoverySymbol, Sliver,
    SliverData,
};
use walrus_accel::{Axis, BlobId, BlobMetadata, Result, SliverIndex, SliverPairIndex};

use super::content::Content;
use super::facts::Facts;
use super::verifier::{FileVerifier, Finding};
use crate::args::InspectArgs;
use crate::input::metadata_file;
use crate::input::sliver_file;
use crate::output::names::hex;

/// Reason why files other than metadata are not checked without `--metadata`.
const NO_METADATA: &str =
    "--blob-id and --shards check only metadata files; give --metadata to check this file";

/// Circumstances of a file, apart from its contents.
pub struct Context<'a> {
    pub args: &'a InspectArgs,
    pub verifier: Option<&'a FileVerifier<'a>>,
    pub path: &'a Path,
    /// Length of the file in bytes.
    pub len: usize,
}

impl Context<'_> {
    /// Adds the facts, and checks the file if a check was asked for.
    pub fn describe(&self, content: Content, facts: &mut Facts) -> Result<Option<Finding>> {
        let is_metadata = matches!(content, Content::MetadataWithId(_) | Content::Metadata(_));
        let found = self.add_facts(content, facts)?;
        // A check that was asked for is either made or reported as not made.
        let asked = self.args.wanted.blob_id.is_some() || self.args.wanted.shards.is_some();
        Ok(match self.verifier {
            None if asked && !is_metadata => Some(Finding::Unchecked(NO_METADATA.into())),
            _ => found,
        })
    }

    fn add_facts(&self, content: Content, facts: &mut Facts) -> Result<Option<Finding>> {
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
                Ok(self.verifier.map(|verifier| verifier.unproven(&symbol)))
            }
            Content::InconsistencyProof(proof) => self.proof(&proof, facts),
        }
    }

    /// Returns the axis of a sliver whose bytes lack it. The facts say if it comes from the name,
    /// which may be wrong.
    fn axis(&self, facts: &mut Facts) -> Option<Axis> {
        let by_len = || self.verifier?.axis_by_len(self.len);
        if let Some(axis) = self.args.axis.or_else(by_len) {
            facts.add("axis", "axis", axis.name());
            return Some(axis);
        }
        let axis = sliver_file::axis_by_name(self.path)?;
        let values = vec![("axis", axis.name().into()), ("axisByName", true.into())];
        facts.push("axis", format!("{axis} (from the file name)"), values);
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
        let has_id = claimed.is_some() || wanted.blob_id.is_some();
        match (
            metadata_file::check(metadata, claimed, wanted),
            self.verifier,
        ) {
            (Err(error), _) => Some(Finding::Bad(error.to_string())),
            (Ok(metadata), Some(verifier)) => Some(verifier.metadata(&metadata)),
            (Ok(_), None) if has_id => Some(Finding::Good("it matches its blob ID".into())),
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
        let Some(verifier) = self.verifier else {
            return Ok(None);
        };
        let Some(axis) = axis else {
            return Ok(Some(verifier.no_axis(self.len)));
        };
        if let Some(pair) = verifier.pair(axis, data.index) {
            facts.add("pair", "pair", pair.0);
            facts.add("shard", "shard", verifier.shard(pair));
        }
        verifier.sliver(&Sliver { axis, data }).map(Some)
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
        let verifier = |verifier: &FileVerifier| verifier.symbol(symbol);
        self.verifier.map(verifier).transpose()
    }

    fn symbol(&self, symbol: RecoverySymbol, facts: &mut Facts) -> Result<Option<Finding>> {
        let InspectArgs { axis, target, .. } = *self.args;
        self.source(axis, &symbol.symbol, facts);
        proof_length(&symbol.proof, facts);
        let target = axis.zip(target.map(SliverPairIndex));
        let verifier = |verifier: &FileVerifier| verifier.bare_symbol(symbol, target);
        self.verifier.map(verifier).transpose()
    }

    fn proof(&self, proof: &InconsistencyProof, facts: &mut Facts) -> Result<Option<Finding>> {
        let by_count = |verifier: &FileVerifier| verifier.axis_by_count(proof.symbols.len());
        let axis = self.args.axis.or_else(|| self.verifier.and_then(by_count));
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
        let verifier = |verifier: &FileVerifier| verifier.proof(axis, proof);
        self.verifier.map(verifier).transpose()
    }

    /// Adds the sliver that a symbol or proof is for.
    fn target(&self, axis: Option<Axis>, index: SliverIndex, facts: &mut Facts) {
        facts.add("target", "target sliver", index.0);
        if let Some(pair) = self.pair(axis, index) {
            facts.add("targetPair", "target pair", pair);
        }
    }

    /// Adds the symbol and its source sliver. `axis` is the axis of the sliver that the symbol
    /// recovers.
    fn source(&self, axis: Option<Axis>, symbol: &DecodingSymbol, facts: &mut Facts) {
        facts.add("source", "source sliver", symbol.index.0);
        if let Some(pair) = self.pair(axis.map(Axis::other), symbol.index) {
            facts.add("sourcePair", "source pair", pair);
        }
        facts.add("symbolSize", "symbol size", symbol.data.len());
    }

    fn pair(&self, axis: Option<Axis>, index: SliverIndex) -> Option<u16> {
        Some(self.verifier?.pair(axis?, index)?.0)
    }
}

fn proof_length(proof: &MerkleProof, facts: &mut Facts) {
    facts.add("proofLength", "siblings in the proof", proof.len());
}

/// Adds the smallest and the largest of numbers that should all be equal.
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
