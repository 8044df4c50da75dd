//! Positions of samples among the items of codewords, as shared/sampling.wgsl computes them.
//!
//! Items are divided into blocks. Every codeword has one sample in each block, and consecutive
//! codewords have it at different places of the block: as many codewords as a block has items have
//! a sample at every place. Places are random per block and per so many codewords. So
//!
//! - a block of a codeword whose items are all wrong is found,
//! - a place that is wrong in all codewords of a run is found, if the run has as many codewords as
//!   a block has items,
//! - a single wrong item is found with a probability of 1 in [`BLOCK`], or more.
//!
//! A block is a workgroup of the shaders that hash, if there are enough items: a place is then a
//! thread of a workgroup.

use super::modules::HASH_THREADS;
use super::parameters::word;

/// Items of a block.
pub(crate) const BLOCK: u32 = HASH_THREADS;

/// Samples among the items of codewords.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sampling {
    /// Items per codeword.
    pub(crate) items: u32,
    /// Logarithm of the items of a block: fewer than [`BLOCK`] if a codeword has fewer.
    pub(crate) bits: u32,
    /// Blocks per codeword.
    pub(crate) blocks: u32,
    /// Number of the first codeword. Numbers that differ by a multiple of a block's items give
    /// other places.
    pub(crate) first_number: u32,
    pub(crate) seed: [u32; 2],
}

fn mixed(value: u32) -> u32 {
    let mut x = value;
    x ^= x >> 16;
    x = x.wrapping_mul(0x7feb_352d);
    x ^= x >> 15;
    x = x.wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

impl Sampling {
    /// Draws samples among `items` items per codeword, at least one.
    pub(crate) fn new(items: usize, seed: u64) -> Self {
        let items = word(items);
        let bits = items.min(BLOCK).ilog2();
        Self {
            items,
            bits,
            blocks: items.div_ceil(1 << bits),
            first_number: 0,
            seed: [seed as u32, (seed >> 32) as u32],
        }
    }

    /// Returns the number of the first codeword of a run, if `next` numbers are used. A run with as
    /// many codewords as a block has items begins with new places, so that it has all of them.
    /// Shorter runs share them.
    pub(crate) fn first_number(&self, next: u32, codewords: usize) -> u32 {
        let period = 1 << self.bits;
        match codewords >= period as usize {
            true => next.next_multiple_of(period),
            false => next,
        }
    }

    /// Returns the item of a codeword that is sampled in a block.
    pub(crate) fn item(&self, codeword: u32, block: u32) -> u32 {
        let mask = (1 << self.bits) - 1;
        let half = self.bits.div_ceil(2);
        let number = self.first_number + codeword;
        let [low, high] = self.seed;
        let key = mixed(mixed(mixed(low ^ (number >> self.bits)).wrapping_add(block)) ^ high);
        let affine = |x: u32, factor: u32, summand: u32| {
            x.wrapping_mul(factor | 1).wrapping_add(summand) & mask
        };
        let mut x = affine(number & mask, key, key >> 6);
        x ^= x >> half;
        x = affine(x, key >> 12, key >> 18);
        x ^= x >> half;
        x = affine(x, key >> 24, 0);
        let first = block << self.bits;
        first + x % (1 << self.bits).min(self.items - first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNTS: [u32; 12] = [1, 2, 3, 4, 7, 10, 63, 64, 65, 100, 128, 1000];

    /// Returns the sampled items of consecutive codewords.
    fn sampled(sampling: &Sampling, codewords: u32) -> Vec<Vec<u32>> {
        let of = |codeword| {
            let blocks = 0..sampling.blocks;
            blocks.map(|block| sampling.item(codeword, block)).collect()
        };
        (0..codewords).map(of).collect()
    }

    #[test]
    fn every_block_of_every_codeword_has_a_sample() {
        for items in COUNTS {
            let sampling = Sampling::new(items as usize, 7);
            let length = 1 << sampling.bits;
            assert!(length <= BLOCK && (length == BLOCK || 2 * length > items));
            for blocks in sampled(&sampling, 200) {
                let found: Vec<_> = blocks.iter().map(|item| item / length).collect();
                let all: Vec<_> = (0..items.div_ceil(length)).collect();
                assert_eq!(found, all, "{items} items");
                assert!(blocks.iter().all(|&item| item < items));
            }
        }
    }

    #[test]
    fn every_item_is_sampled_in_a_run() {
        for items in COUNTS {
            for seed in 0..50 {
                let mut sampling = Sampling::new(items as usize, seed << 31 | seed);
                let length = 1 << sampling.bits;
                sampling.first_number = sampling.first_number(13, length as usize);
                let mut found: Vec<_> = sampled(&sampling, length).into_iter().flatten().collect();
                found.sort_unstable();
                found.dedup();
                assert_eq!(found, (0..items).collect::<Vec<_>>(), "{items} items");
            }
        }
    }

    #[test]
    fn short_runs_share_their_places() {
        let sampling = Sampling::new(1000, 3);
        assert_eq!(sampling.first_number(0, 6), 0);
        assert_eq!(sampling.first_number(6, 63), 6);
        assert_eq!(sampling.first_number(69, 64), 128);
        assert_eq!(sampling.first_number(64, 64), 64);
    }

    /// The share of seeds that sample an item is that of the items which are sampled: no item is
    /// left out by its position.
    #[test]
    fn each_item_is_as_likely_as_any_other() {
        const SEEDS: u64 = 64_000;
        for codeword in [0, 1, 38, 63, 64] {
            let mut hits = [0_u32; 64];
            let mut together = 0;
            for seed in 0..SEEDS {
                let sampling = Sampling::new(100, seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                let item = sampling.item(codeword, 0);
                hits[item as usize] += 1;
                together += u32::from(sampling.item(codeword + 1, 0) == (item + 1) % 64);
            }
            // 1,000 expected, with a standard deviation of 31.
            let expected = 820..1180;
            assert!(hits.iter().all(|hits| expected.contains(hits)), "{hits:?}");
            // Neighbours of a codeword's sample are no more likely than other items.
            assert!((600..1500).contains(&together), "{together}");
        }
    }
}
