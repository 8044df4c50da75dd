//! Bounds of the shaders: the part of each buffer that a run may access, by its parameters.
//!
//! Shaders run without checks of their own (`device/shader_pipeline.rs`). So every index that a
//! shader computes, and the end of every loop, must follow from its parameters and the number of
//! workgroups. [`Parameters::reach`] states the former for each binding, and asserts the conditions
//! under which it holds. [`check`] compares it with the buffers before each dispatch.
//!
//! Indices are sums and products of non-negative terms. A buffer has fewer than 2^32 words, so an
//! index within the reach of a run does not wrap around in the shader either.

use bytemuck::NoUninit;

use super::modules::{SecondBlock, Shader, Transform, WIDE_LABEL, state_depth, state_words};
use super::multipliers::{ENTRY_WORDS, FACTOR_WORDS};
use super::parameters::{
    CombineParameters, ExtendParameters, LeavesParameters, MISSING, NodesParameters,
    RestoreParameters, SampleLeavesParameters, SampleNodesParameters,
};
use super::symbol_layout::SymbolLayout;
use crate::engine::STRIPE_UNIT;
use crate::format::shape::Shape;

/// Words of a chunk.
const CHUNK_WORDS: u64 = 16;

/// Words of a hash.
const DIGEST_WORDS: u64 = 8;

/// Words of a vector.
const VECTOR_WORDS: u64 = 4;

/// Symbols of a codeword at most.
const MOST_SYMBOLS: u32 = 1 << 16;

/// Parameters of a shader.
pub(crate) trait Parameters: NoUninit {
    /// Returns the words of each buffer up to the end of the part that a run on `groups` workgroups
    /// may access, in the order of the bindings.
    ///
    /// # Panics
    ///
    /// If the parameters break a condition of the shader, so that nothing bounds its indices or
    /// loops.
    fn reach(&self, shader: Shader, groups: [u32; 2]) -> Vec<u64>;
}

/// Asserts that a run of a shader stays within its buffers.
///
/// # Panics
///
/// If a buffer is shorter than the reach of the run.
pub(crate) fn check(
    shader: Shader,
    parameters: &impl Parameters,
    buffers: &[&wgpu::Buffer],
    groups: [u32; 2],
) {
    let reach = parameters.reach(shader, groups);
    assert_eq!(reach.len(), buffers.len(), "{shader:?}: buffers");
    for (number, (words, buffer)) in reach.into_iter().zip(buffers).enumerate() {
        let available = buffer.size() / 4;
        assert!(
            words <= available,
            "{shader:?}: buffer {number} has {available} words, a run accesses {words}"
        );
    }
}

/// Items of codewords in a buffer.
struct Items {
    /// Number of the first codeword, and of the codewords.
    first_codeword: u32,
    codewords: u32,
    /// Items per codeword.
    items: u32,
    /// Distance of codewords, and of items of a codeword.
    codeword: u32,
    item: u32,
}

impl Items {
    /// Returns the end of the last item of the last codeword. `size`: units per item. 0 if there is
    /// no item.
    fn end(&self, size: u64) -> u64 {
        if self.codewords == 0 || self.items == 0 {
            return 0;
        }
        let codeword = u64::from(self.first_codeword) + u64::from(self.codewords - 1);
        // Distances that differ from those in a buffer may be large: such a sum saturates.
        let first = codeword.saturating_mul(self.codeword.into());
        let last = u64::from(self.items - 1).saturating_mul(self.item.into());
        first.saturating_add(last).saturating_add(size)
    }
}

/// Returns the words of a symbol of `chunks` chunks.
///
/// # Panics
///
/// If `distances` of codewords and symbols are not whole vectors.
fn symbol_words(chunks: u32, distances: [u32; 4]) -> u64 {
    assert!(
        distances.iter().all(|words| words.is_multiple_of(4)),
        "symbols begin at whole vectors"
    );
    u64::from(chunks) * CHUNK_WORDS
}

/// Returns the words of the entries of twiddles with labels below `end`.
///
/// # Panics
///
/// If `end` is too large for the classes of twiddles that the transforms assume.
fn twiddle_words(transform: Transform, end: u32) -> u64 {
    assert!(
        end <= WIDE_LABEL || transform.has_wide_twiddles(),
        "twiddles are narrow"
    );
    // The last layers take labels of the subfield alone.
    let top = transform.layers.saturating_sub(2);
    assert!(end >> top <= 256, "too many blocks");
    // Entries belong to even labels. Transforms of one point take none.
    u64::from(end.div_ceil(2)) * ENTRY_WORDS as u64
}

impl Parameters for ExtendParameters {
    fn reach(&self, shader: Shader, groups: [u32; 2]) -> Vec<u64> {
        let Shader::Extend { transform, second } = shader else {
            unreachable!("parameters of another shader")
        };
        assert!(
            self.original <= MOST_SYMBOLS && self.recovery <= MOST_SYMBOLS,
            "too many symbols"
        );
        assert!(self.low_rate <= 1, "the rate is 0 or 1");
        let points = 1 << transform.layers;
        // The high rate has one block of recovery symbols, the low rate one of source symbols.
        let [original, recovery] = match self.low_rate {
            1 => [self.original.min(points), self.recovery],
            _ => [self.original, self.recovery.min(points)],
        };
        let symbols = match self.low_rate {
            1 => recovery,
            _ => original,
        };
        assert!(
            match second {
                SecondBlock::Absent => symbols <= points,
                SecondBlock::Half => points >= 4 && symbols <= points + points / 2,
                SecondBlock::Whole => true,
            },
            "the blocks of the shader"
        );
        // The high rate takes factors up to a block behind the source symbols, the low rate behind
        // the recovery symbols.
        let end = symbols.next_multiple_of(points) + points;
        let distances = [
            self.source_codeword,
            self.source_symbol,
            self.recovery_codeword,
            self.recovery_symbol,
        ];
        let words = symbol_words(self.chunks, distances);
        let source = Items {
            first_codeword: self.first_codeword,
            codewords: groups[1],
            items: original,
            codeword: self.source_codeword,
            item: self.source_symbol,
        };
        let recovered = Items {
            first_codeword: self.first_recovery_codeword,
            items: recovery,
            codeword: self.recovery_codeword,
            item: self.recovery_symbol,
            ..source
        };
        vec![
            twiddle_words(transform, end),
            source.end(words),
            recovered.end(words),
        ]
    }
}

impl Parameters for RestoreParameters {
    fn reach(&self, shader: Shader, groups: [u32; 2]) -> Vec<u64> {
        let Shader::Restore { transform } = shader else {
            unreachable!("parameters of another shader")
        };
        assert!(self.block < self.blocks, "one of the blocks");
        let points = 1 << transform.layers;
        assert!(self.blocks <= 2 * MOST_SYMBOLS / points, "too many blocks");
        assert!(
            self.given <= MISSING && self.missing <= MISSING,
            "too many symbols"
        );
        let positions = self.blocks * points;
        let between = (0..self.blocks).map(|block| block ^ self.block).max();
        let entries = [
            u64::from(self.first_position) + u64::from(positions),
            u64::from(self.first_block) + u64::from(between.unwrap_or(0)) + 1,
        ];
        let entries = entries.map(|entries| entries * ENTRY_WORDS as u64);
        let distances = [
            self.source_codeword,
            self.source_symbol,
            self.restored_codeword,
            self.restored_symbol,
        ];
        let words = symbol_words(self.chunks, distances);
        let source = Items {
            first_codeword: self.first_codeword,
            codewords: groups[1],
            items: self.given,
            codeword: self.source_codeword,
            item: self.source_symbol,
        };
        let restored = Items {
            first_codeword: self.first_restored_codeword,
            items: self.missing,
            codeword: self.restored_codeword,
            item: self.restored_symbol,
            ..source
        };
        vec![
            entries[0]
                .max(entries[1])
                .max(twiddle_words(transform, positions)),
            positions.into(),
            source.end(words),
            restored.end(words),
        ]
    }
}

impl Parameters for LeavesParameters {
    fn reach(&self, shader: Shader, groups: [u32; 2]) -> Vec<u64> {
        let Shader::Leaves {
            commitment, depth, ..
        } = shader
        else {
            unreachable!("parameters of another shader")
        };
        let size = self.symbol_size;
        assert!(
            (2..=Shape::MAX_SYMBOL_SIZE).contains(&size),
            "the size of a symbol"
        );
        assert!(
            self.width > 0 && self.width <= size && self.start <= size - self.width,
            "a stripe of the symbol"
        );
        let is_last = self.start + self.width == size;
        assert!(
            self.start.is_multiple_of(STRIPE_UNIT)
                && self
                    .width
                    .is_multiple_of(if is_last { 2 } else { STRIPE_UNIT }),
            "whole hash blocks"
        );
        assert_eq!(
            depth,
            state_depth(commitment, size),
            "subtrees of a hash state"
        );
        let words = SymbolLayout {
            width: self.width as usize,
        };
        assert!(self.original <= self.symbols, "source symbols are symbols");
        let distances = [
            self.source_codeword,
            self.source_symbol,
            self.recovery_codeword,
            self.recovery_symbol,
        ];
        assert!(
            distances.iter().all(|words| words.is_multiple_of(4)),
            "symbols begin at whole vectors"
        );
        let source = Items {
            first_codeword: self.first_codeword,
            codewords: groups[1],
            items: self.original,
            codeword: self.source_codeword,
            item: self.source_symbol,
        };
        let recovery = Items {
            first_codeword: 0,
            items: self.symbols - self.original,
            codeword: self.recovery_codeword,
            item: self.recovery_symbol,
            ..source
        };
        let digests = Items {
            items: self.symbols,
            codeword: self.digest_codeword,
            item: 1,
            ..recovery
        };
        let digests = u64::from(self.first_digest).saturating_add(digests.end(1));
        vec![
            source.end(words.words().into()),
            recovery.end(words.words().into()),
            match self.start == 0 && is_last {
                true => 0,
                false => digests.saturating_mul(state_words(commitment, size).into()),
            },
            match is_last {
                true => digests.saturating_mul(DIGEST_WORDS),
                false => 0,
            },
        ]
    }
}

impl Parameters for NodesParameters {
    fn reach(&self, _: Shader, groups: [u32; 2]) -> Vec<u64> {
        assert!(self.children <= MOST_SYMBOLS, "too many nodes");
        let children = Items {
            first_codeword: 0,
            codewords: groups[1],
            items: self.children,
            codeword: self.child_tree,
            item: self.child,
        };
        let parents = Items {
            items: self.children.div_ceil(2),
            codeword: self.parent_tree,
            item: 1,
            ..children
        };
        [children, parents]
            .map(|nodes| nodes.end(1).saturating_mul(DIGEST_WORDS))
            .into()
    }
}

impl Parameters for CombineParameters {
    fn reach(&self, _: Shader, groups: [u32; 2]) -> Vec<u64> {
        assert!(self.symbols <= MOST_SYMBOLS, "too many symbols");
        let codewords = u64::from(self.first_factor) + u64::from(groups[1]);
        let source = Items {
            first_codeword: self.first_codeword,
            codewords: groups[1],
            items: self.symbols,
            codeword: self.source_codeword,
            item: self.source_symbol,
        };
        let first = u64::from(self.first_symbol) * u64::from(self.source_symbol);
        let chunks = u64::from(self.chunks);
        vec![
            chunks.max(codewords) * FACTOR_WORDS as u64,
            source.end(chunks * CHUNK_WORDS).saturating_add(first),
            (u64::from(self.first_sum) + u64::from(self.symbols)) * CHUNK_WORDS,
        ]
    }
}

/// Asserts that items have these blocks, of `1 << bits` items each.
fn check_blocks(items: u32, blocks: u32, bits: u32) {
    assert!(
        items > 0 && items <= MOST_SYMBOLS,
        "the items of a codeword"
    );
    assert!(bits <= 6, "the items of a block");
    assert_eq!(blocks, items.div_ceil(1 << bits), "blocks of items");
}

impl Parameters for SampleLeavesParameters {
    fn reach(&self, _: Shader, groups: [u32; 2]) -> Vec<u64> {
        check_blocks(self.symbols, self.blocks, self.bits);
        assert!(self.original <= self.symbols, "source symbols are symbols");
        let distances = [
            self.source_codeword,
            self.source_symbol,
            self.recovery_codeword,
            self.recovery_symbol,
        ];
        assert!(
            distances.iter().all(|words| words.is_multiple_of(4)),
            "symbols begin at whole vectors"
        );
        let samples = self.first_sample.checked_add(groups[1]);
        let codewords = samples.expect("few samples").div_ceil(self.blocks);
        let words = u64::from(self.vectors) * VECTOR_WORDS;
        let source = Items {
            first_codeword: self.first_codeword,
            codewords,
            items: self.original,
            codeword: self.source_codeword,
            item: self.source_symbol,
        };
        let recovery = Items {
            first_codeword: 0,
            items: self.symbols - self.original,
            codeword: self.recovery_codeword,
            item: self.recovery_symbol,
            ..source
        };
        let digests = Items {
            items: self.symbols,
            codeword: self.digest_codeword,
            item: 1,
            ..recovery
        };
        let digests = u64::from(self.first_digest).saturating_add(digests.end(1));
        vec![
            source.end(words),
            recovery.end(words),
            digests.saturating_mul(DIGEST_WORDS),
            u64::from(groups[1]) * (words + DIGEST_WORDS),
        ]
    }
}

impl Parameters for SampleNodesParameters {
    fn reach(&self, shader: Shader, groups: [u32; 2]) -> Vec<u64> {
        check_blocks(self.children.div_ceil(2), self.blocks, self.bits);
        let nodes = NodesParameters {
            children: self.children,
            child_tree: self.child_tree,
            child: self.child,
            parent_tree: self.parent_tree,
        };
        let mut reach = nodes.reach(shader, groups);
        let samples = u64::from(self.first_sample) + u64::from(groups[1]) * u64::from(self.blocks);
        reach.push(samples * 3 * DIGEST_WORDS);
        reach
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;
    use crate::code::Code;
    use crate::engine::gpu::shader::modules::WorkgroupLimits;
    use crate::format::commitment::Commitment;

    const LEAVES: Shader = Shader::Leaves {
        commitment: Commitment::Blake2b256,
        native: false,
        depth: 0,
    };

    /// Stripe of 256 bytes in symbols of 1,000.
    const STRIPE: LeavesParameters = LeavesParameters {
        symbols: 10,
        original: 10,
        first_codeword: 0,
        source_codeword: 640,
        source_symbol: 64,
        recovery_codeword: 0,
        recovery_symbol: 0,
        first_digest: 0,
        digest_codeword: 10,
        start: 128,
        width: 256,
        symbol_size: 1000,
    };

    #[test]
    fn states_or_digests_are_reached() {
        assert_eq!(STRIPE.reach(LEAVES, [1, 2]), [1280, 0, 20 * 17, 0]);
        let last = LeavesParameters {
            start: 744,
            ..STRIPE
        };
        assert!(
            catch_unwind(|| last.reach(LEAVES, [1, 2])).is_err(),
            "not a whole block"
        );
        let last = LeavesParameters {
            start: 896,
            width: 104,
            ..STRIPE
        };
        assert_eq!(last.reach(LEAVES, [1, 2]), [1248, 0, 20 * 17, 160]);
        let whole = LeavesParameters {
            start: 0,
            width: 1000,
            ..STRIPE
        };
        assert_eq!(whole.reach(LEAVES, [1, 1])[2..], [0, 80]);
    }

    #[test]
    fn symbols_behind_the_source_symbols_are_in_the_other_buffer() {
        let both = LeavesParameters {
            original: 3,
            recovery_codeword: 512,
            recovery_symbol: 68,
            ..STRIPE
        };
        let reach = both.reach(LEAVES, [1, 2]);
        assert_eq!(reach[..2], [640 + 2 * 64 + 64, 512 + 6 * 68 + 64]);
    }

    #[test]
    fn parameters_without_bounds_are_refused() {
        let wrong = [
            LeavesParameters { width: 0, ..STRIPE },
            LeavesParameters {
                start: 64,
                ..STRIPE
            },
            LeavesParameters {
                original: 11,
                ..STRIPE
            },
            LeavesParameters {
                source_symbol: 62,
                ..STRIPE
            },
            LeavesParameters {
                width: 130,
                ..STRIPE
            },
            LeavesParameters {
                width: 1024,
                ..STRIPE
            },
            LeavesParameters {
                start: u32::MAX - 127,
                ..STRIPE
            },
            LeavesParameters {
                symbol_size: 65_536,
                ..STRIPE
            },
        ];
        for job in wrong {
            assert!(catch_unwind(|| job.reach(LEAVES, [1, 1])).is_err());
        }
        let depth = Shader::Leaves {
            commitment: Commitment::Blake3,
            native: false,
            depth: 1,
        };
        assert!(catch_unwind(|| STRIPE.reach(depth, [1, 1])).is_err());
    }

    #[test]
    fn transforms_stay_within_their_blocks_and_twiddles() {
        let limits = WorkgroupLimits {
            bytes: 32 << 10,
            threads: 256,
        };
        let shader = |original, recovery| {
            let shader = Shader::extend(Code::new(original, recovery), limits);
            shader.expect("the transforms fit")
        };
        let job = ExtendParameters {
            original: 334,
            recovery: 666,
            low_rate: 1,
            chunks: 3,
            first_codeword: 0,
            first_recovery_codeword: 0,
            source_codeword: 334 * 48,
            source_symbol: 48,
            recovery_codeword: 666 * 48,
            recovery_symbol: 48,
        };
        let half = shader(334, 666);
        // Even labels up to a block behind two blocks, two words each.
        let reach = [3 * 512, 334 * 48, 666 * 48];
        assert_eq!(job.reach(half, [3, 1]), reach);
        let whole = shader(334, 800);
        let longer = ExtendParameters {
            recovery: 800,
            ..job
        };
        assert_eq!(longer.reach(whole, [3, 1])[0], 3 * 512);
        let wrong = [
            // More than half of a second block, and any of it.
            (longer, half),
            (job, shader(334, 512)),
            // Labels from 4,096 on.
            (
                ExtendParameters {
                    recovery: 8 * 512,
                    ..job
                },
                whole,
            ),
            (
                ExtendParameters {
                    source_symbol: 50,
                    ..job
                },
                half,
            ),
            (ExtendParameters { low_rate: 2, ..job }, half),
        ];
        for (job, shader) in wrong {
            assert!(catch_unwind(|| job.reach(shader, [3, 1])).is_err());
        }
    }

    #[test]
    fn large_distances_do_not_wrap_around() {
        let far = LeavesParameters {
            first_codeword: u32::MAX,
            source_codeword: u32::MAX - 3,
            digest_codeword: u32::MAX,
            ..STRIPE
        };
        let reach = far.reach(LEAVES, [1, u32::MAX]);
        assert!(reach[0] > 1 << 40 && reach[2] > 1 << 40);
    }
}
