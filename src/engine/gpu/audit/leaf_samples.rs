//! Check of a device's leaf hashes: after each run of a leaf shader, sampled symbols and their
//! hashes are copied to the host, which hashes the symbols too.
//!
//! `shader/sampling.rs` draws the samples: at `n` = 1000, 16 of the 1,000 symbols of each codeword.
//! The combination check shows that the symbols are right, wherever they are on the device.
//!
//! A fault is found
//!
//! - always, if it makes wrong all leaves of a run, of a codeword, or of a workgroup; or all leaves
//!   of a thread of a workgroup, or of a thread index, in a run of 64 codewords or more, or in
//!   several shorter runs of 127 codewords together,
//! - with a probability of 1 in 64 at least, and of 16 in 1,000 on average, if it makes one leaf
//!   wrong: of `k` such leaves, which do not depend on one another, none is found with a
//!   probability of (63/64)^k at most,
//! - with a probability of 1 - (1 - c/64)^(n/64) at least, if it makes a thread of the workgroup
//!   wrong in one run of `c` codewords, fewer than 64.
//!
//! Each stripe has samples of its own. The host continues from the states that the stripe began
//! with, as the host has them, and compares the states after the stripe.

use std::ops::Range;

use rayon::prelude::*;

use crate::engine::cpu::{CpuEngine, SymbolScratch};
use crate::engine::gpu::device::commands::Commands;
use crate::engine::gpu::device::fault::Fault;
use crate::engine::gpu::hash::device_trees::DIGEST;
use crate::engine::gpu::shader::modules::{HASH_THREADS, Shader};
use crate::engine::gpu::shader::parameters::{LeavesParameters, SampleLeavesParameters, word};
use crate::engine::gpu::shader::sampling::Sampling;
use crate::engine::gpu::shader::symbol_layout::SymbolLayout;
use crate::format::commitment::{Commitment, Digest};
use crate::support::memory::{collected, filled};

/// Samples per run at most: a device has no more workgroups in the second dimension.
const MOST: usize = 65_535;

/// Samples of the leaves of a run.
#[derive(Clone, Copy)]
pub(crate) struct LeafSamples {
    /// Parameters of the run.
    job: LeavesParameters,
    /// Number of samples.
    count: usize,
    sampling: Sampling,
}

/// Returns the bytes of a sample: a symbol of `width` bytes in the device's layout, and its hash.
fn sample_bytes(layout: SymbolLayout) -> u64 {
    layout.pitch() as u64 + DIGEST
}

/// Returns the bytes of the samples of a run on `codewords` codewords of `symbols` symbols, of
/// which at most `block` bytes are copied at once, and at least one sample.
pub(crate) fn bytes(symbols: usize, codewords: usize, layout: SymbolLayout, block: u64) -> u64 {
    let count = codewords * Sampling::new(symbols, 0).blocks as usize;
    let one = sample_bytes(layout);
    at_once(layout, block).min(count as u64) * one
}

/// Returns true if the samples of a run on `codewords` codewords can be copied at once.
pub(crate) fn fits(symbols: usize, codewords: usize) -> bool {
    codewords * Sampling::new(symbols, 0).blocks as usize <= MOST
}

/// Returns the number of samples that are copied at once.
fn at_once(layout: SymbolLayout, block: u64) -> u64 {
    (block / sample_bytes(layout)).clamp(1, MOST as u64)
}

impl LeafSamples {
    /// Draws samples of a run with parameters `job` on `codewords` codewords. `next` is the number
    /// of the first codeword that no earlier run has, and becomes the number of the first codeword
    /// of the next run.
    pub(crate) fn new(job: LeavesParameters, codewords: usize, seed: u64, next: &mut u32) -> Self {
        let mut sampling = Sampling::new(job.symbols as usize, seed);
        sampling.first_number = sampling.first_number(*next, codewords);
        *next = sampling.first_number + word(codewords);
        Self {
            job,
            count: codewords * sampling.blocks as usize,
            sampling,
        }
    }

    fn layout(&self) -> SymbolLayout {
        SymbolLayout {
            width: self.job.width as usize,
        }
    }

    /// Splits the samples into ranges of at most `block` bytes, or of one sample.
    pub(crate) fn parts(&self, block: u64) -> impl Iterator<Item = Range<usize>> + use<> {
        let (count, at_once) = (self.count, at_once(self.layout(), block) as usize);
        let starts = (0..count).step_by(at_once);
        starts.map(move |first| first..count.min(first + at_once))
    }

    /// Returns the first byte of the run in every symbol.
    pub(crate) fn start(&self) -> u32 {
        self.job.start
    }

    /// Returns the bytes of the run in every symbol.
    pub(crate) fn width(&self) -> u32 {
        self.job.width
    }

    /// Returns all samples.
    pub(crate) fn all(&self) -> Range<usize> {
        0..self.count
    }

    /// Returns the bytes of samples.
    pub(crate) fn bytes(&self, samples: &Range<usize>) -> u64 {
        samples.len() as u64 * sample_bytes(self.layout())
    }

    /// Returns the number of a sample's hash, or of its state.
    pub(crate) fn digest_number(&self, sample: usize) -> usize {
        let (sample, job) = (word(sample), &self.job);
        let codeword = sample / self.sampling.blocks;
        let symbol = self.sampling.item(codeword, sample % self.sampling.blocks);
        (job.first_digest + codeword * job.digest_codeword + symbol) as usize
    }

    /// Records that samples are copied to `to`, from the symbols and hashes of the run.
    pub(crate) fn record(
        &self,
        commands: &mut Commands<'_>,
        samples: &Range<usize>,
        [source, recovery, digests]: [&wgpu::Buffer; 3],
        to: &wgpu::Buffer,
    ) -> Result<(), Fault> {
        let LeavesParameters {
            symbols,
            original,
            first_codeword,
            source_codeword,
            source_symbol,
            recovery_codeword,
            recovery_symbol,
            first_digest,
            digest_codeword,
            ..
        } = self.job;
        let vectors = self.layout().words() / 4;
        let job = SampleLeavesParameters {
            symbols,
            original,
            first_codeword,
            source_codeword,
            source_symbol,
            recovery_codeword,
            recovery_symbol,
            first_digest,
            digest_codeword,
            vectors,
            first_sample: word(samples.start),
            blocks: self.sampling.blocks,
            bits: self.sampling.bits,
            first_number: self.sampling.first_number,
            seed: self.sampling.seed,
        };
        let groups = [(vectors + 2).div_ceil(HASH_THREADS), word(samples.len())];
        let buffers = [source, recovery, digests, to];
        commands.dispatch(Shader::SampleLeaves, &job, &buffers, groups)
    }

    /// Hashes samples, and returns a fault if the device's hashes differ. `bytes` are the samples
    /// as [`LeafSamples::record`] copies them. `states` are their hash states: those at the start
    /// of the stripe become those at its end. Empty if a symbol is one stripe.
    pub(crate) fn check(
        &self,
        cpu: &CpuEngine,
        commitment: Commitment,
        bytes: &[u8],
        states: &mut [u8],
    ) -> Result<(), Fault> {
        let layout = self.layout();
        let hasher = cpu.leaf_hasher(commitment, self.job.symbol_size);
        let (group, one) = (hasher.group(), sample_bytes(layout) as usize);
        let range = self.job.start..self.job.start + self.job.width;
        let ends = range.end == self.job.symbol_size;
        let (width, pitch) = (layout.width, layout.pitch());
        let tasks = bytes.par_chunks(group * one);
        let states: Vec<&mut [u8]> = match states.is_empty() {
            true => collected((0..tasks.len()).map(|_| Default::default())),
            false => collected(states.chunks_mut(group * hasher.state_len())),
        };
        let start = || {
            let symbols = filled(0, group * width);
            (SymbolScratch::default(), symbols)
        };
        let check = |(scratch, unpacked): &mut (SymbolScratch, Vec<u8>),
                     (samples, states): (&[u8], &mut [u8])| {
            let samples = samples.chunks_exact(one);
            let count = samples.len();
            let places = unpacked.chunks_exact_mut(width);
            for (sample, place) in samples.clone().zip(places) {
                layout.unpack(&sample[..pitch], place);
            }
            let symbols = collected(unpacked.chunks_exact(width).take(count));
            let mut leaves = filled(Digest::default(), count);
            scratch.hash(hasher, range.clone(), &symbols, states, &mut leaves);
            let mut pairs = leaves.iter().zip(samples);
            match !ends || pairs.all(|(leaf, sample)| leaf[..] == sample[pitch..]) {
                true => Ok(()),
                false => Err(Fault::Wrong("hashes")),
            }
        };
        cpu.install(|| tasks.zip(states).try_for_each_init(start, check))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::gpu::hash::device_states::StateSize;
    use crate::format::commitment::LEAF_PREFIX;

    const SYMBOLS: usize = 70;
    const CODEWORDS: usize = 5;

    fn job(size: u32, range: &Range<u32>) -> LeavesParameters {
        LeavesParameters {
            symbols: word(SYMBOLS),
            original: 30,
            first_codeword: 0,
            source_codeword: 0,
            source_symbol: 0,
            recovery_codeword: 0,
            recovery_symbol: 0,
            first_digest: 3,
            digest_codeword: word(SYMBOLS) + 2,
            start: range.start,
            width: word(range.len()),
            symbol_size: size,
        }
    }

    fn symbol(number: usize, size: u32) -> Vec<u8> {
        let byte = |at: u32| (at.wrapping_mul(77) >> 3) as u8 ^ (number * 31) as u8;
        (0..size).map(byte).collect()
    }

    /// Returns a stripe of the samples as a device that hashes right copies them.
    fn copied(
        samples: &LeafSamples,
        commitment: Commitment,
        size: u32,
        range: &Range<u32>,
    ) -> Vec<u8> {
        let layout = SymbolLayout { width: range.len() };
        let one = |sample| {
            let symbol = symbol(samples.digest_number(sample), size);
            let mut bytes = vec![0; layout.pitch()];
            let part = &symbol[range.start as usize..range.end as usize];
            layout.pack(part, |at, packed| {
                bytes[at..at + packed.len()].copy_from_slice(packed);
            });
            bytes.extend(commitment.hash(&[&[LEAF_PREFIX], &symbol]));
            bytes
        };
        samples.all().flat_map(one).collect()
    }

    #[test]
    fn a_wrong_hash_of_a_sample_is_found() {
        let cpu = CpuEngine::new(2, None).unwrap();
        for commitment in [Commitment::Blake2b256, Commitment::Blake3] {
            for size in [2, 62, 64, 130, 1026] {
                let range = 0..size;
                let samples = LeafSamples::new(job(size, &range), CODEWORDS, 9, &mut 0);
                assert_eq!(samples.all().len(), 2 * CODEWORDS);
                let right = copied(&samples, commitment, size, &range);
                assert_eq!(right.len() as u64, samples.bytes(&samples.all()));
                let check = |bytes: &[u8]| samples.check(&cpu, commitment, bytes, &mut []);
                assert_eq!(check(&right), Ok(()), "{commitment}, {size} bytes");
                let one = right.len() / samples.all().len();
                for sample in samples.all() {
                    for at in (one - 32..one).chain([0]) {
                        let mut wrong = right.clone();
                        wrong[sample * one + at] ^= 0x40;
                        assert_eq!(check(&wrong), Err(Fault::Wrong("hashes")));
                    }
                }
            }
        }
    }

    #[test]
    fn states_go_from_stripe_to_stripe() {
        let cpu = CpuEngine::new(2, None).unwrap();
        for commitment in [Commitment::Blake2b256, Commitment::Blake3] {
            for (size, middle) in [(130, 128), (1500, 896), (5000, 4096), (9000, 4736)] {
                let len = StateSize::new(commitment, size).on_host;
                let mut states = vec![0; 2 * CODEWORDS * len];
                for range in [0..middle, middle..size] {
                    let samples = LeafSamples::new(job(size, &range), CODEWORDS, 9, &mut 0);
                    let bytes = copied(&samples, commitment, size, &range);
                    let before = states.clone();
                    let checked = samples.check(&cpu, commitment, &bytes, &mut states);
                    assert_eq!(checked, Ok(()), "{commitment}, {size} bytes");
                    // The end of the symbol notices lost states.
                    if range.end == size {
                        for lost in 0..2 * CODEWORDS {
                            let mut lacking = before.clone();
                            lacking[lost * len..][..len].fill(0);
                            let checked = samples.check(&cpu, commitment, &bytes, &mut lacking);
                            assert_eq!(checked, Err(Fault::Wrong("hashes")));
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn samples_are_copied_in_parts() {
        let samples = LeafSamples::new(job(130, &(0..130)), CODEWORDS, 9, &mut 0);
        let one = 192 + 32;
        for (block, expected) in [(0, 1), (one, 1), (3 * one, 3), (1 << 20, 10)] {
            let parts: Vec<_> = samples.parts(block).collect();
            assert_eq!(parts[0], 0..expected);
            assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
            assert_eq!(parts.last().unwrap().end, 10);
            let layout = SymbolLayout { width: 130 };
            let most = parts.iter().map(|part| samples.bytes(part)).max();
            assert_eq!(most, Some(bytes(SYMBOLS, CODEWORDS, layout, block)));
        }
    }
}
