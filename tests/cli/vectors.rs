//! Test vectors of the network as files.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use walrus_accel::Axis;
use walrus_accel::wire::{Bcs, GeneralRecoverySymbol, InconsistencyProof};

use super::harness::Scratch;
use crate::common;

/// Case of the vectors, with a directory for its files.
pub struct Files {
    pub case: Value,
    pub scratch: Scratch,
}

impl Files {
    /// Returns the case of `rs2.json` for `shards` shards and `len` bytes. Every sliver must be in
    /// it.
    pub fn of(shards: u16, len: u64) -> Self {
        let of = |case: &Value| case["n_shards"] == shards && case["unencoded_length"] == len;
        let case = common::vectors("rs2.json").into_iter().find(of);
        Self::new(case.unwrap())
    }

    /// Returns a case of `inconsistency.json`: 0 is inconsistent, 1 is consistent.
    pub fn inconsistency(number: usize) -> Self {
        Self::new(common::vectors("inconsistency.json").remove(number))
    }

    fn new(case: Value) -> Self {
        let scratch = Scratch::new();
        Self { case, scratch }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.scratch.path(name)
    }

    /// Returns the bytes at a JSON pointer.
    pub fn bytes(&self, pointer: &str) -> Vec<u8> {
        unhex(self.case.pointer(pointer).unwrap().as_str().unwrap())
    }

    /// Writes a file with the bytes at a JSON pointer.
    fn file(&self, name: &str, pointer: &str) -> PathBuf {
        self.scratch.file(name, &self.bytes(pointer))
    }

    /// Writes `metadata.bcs`.
    pub fn metadata(&self) -> PathBuf {
        self.file("metadata.bcs", "/metadata_bcs")
    }

    /// Returns the bytes of a sliver.
    pub fn sliver_data(&self, pair: usize, axis: Axis) -> Vec<u8> {
        self.bytes(&format!("/pairs/{pair}/{axis}_bcs"))
    }

    /// Writes the file of a sliver.
    pub fn sliver(&self, pair: usize, axis: Axis) -> PathBuf {
        let data = self.sliver_data(pair, axis);
        self.scratch.file(&format!("{pair:04}.{axis}.bcs"), &data)
    }

    /// Returns the data of the symbol from the sliver of `source` along `axis`, for the sliver of
    /// `target` along the other axis.
    pub fn symbol_data(&self, source: usize, axis: Axis, target: usize) -> Vec<u8> {
        let symbols = self.case["recovery_symbols"].as_array().unwrap();
        let of =
            |symbol: &&Value| symbol["source_pair"] == source && symbol["target_pair"] == target;
        let symbol = symbols.iter().find(of).unwrap();
        unhex(symbol[format!("from_{axis}")]["bcs"].as_str().unwrap())
    }

    /// Writes the proof of an axis, `proof.bcs`.
    pub fn proof(&self, axis: Axis) -> PathBuf {
        self.file("proof.bcs", &format!("/{axis}_proof_bcs"))
    }

    /// Returns the pair of the slivers that the proofs are for.
    pub fn target(&self) -> String {
        self.case["target_pair"].to_string()
    }

    /// Writes the symbols of an axis's proof as general recovery symbols to a directory.
    pub fn proof_symbols(&self, axis: Axis) -> PathBuf {
        let proof = self.bytes(&format!("/{axis}_proof_bcs"));
        let proof = InconsistencyProof::from_bcs(&proof).unwrap();
        let directory = self.path("symbols");
        fs::create_dir_all(&directory).unwrap();
        for (number, symbol) in proof.symbols.into_iter().enumerate() {
            let symbol = GeneralRecoverySymbol {
                axis,
                symbol: symbol.symbol,
                target: proof.target,
                proof: symbol.proof,
            };
            fs::write(directory.join(format!("{number}.bcs")), symbol.to_bcs()).unwrap();
        }
        directory
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = (0..text.len()).step_by(2);
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    digits.map(byte).collect()
}
