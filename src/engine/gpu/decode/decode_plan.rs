//! Tables for decoding: the given and the missing slivers as `restore.wgsl` takes them.

use reed_solomon_simd::ReedSolomonDecoder;
use reed_solomon_simd::engine::GF_MODULUS;

use crate::code::{Code, Erasures, block_derivative, exp, with_tables};
use crate::engine::gpu::audit::combination_check::Sum;
use crate::engine::gpu::device::fault::Fault;
use crate::engine::gpu::shader::multipliers::{ENTRY_WORDS, entry, table};
use crate::engine::gpu::shader::parameters::{MISSING, NOTHING, RestoreParameters, word};
use crate::engine::gpu::shader::symbol_layout::CHUNK;
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;
use crate::support::memory::{collected, ensure_capacity, filled};

/// Returns the code across slivers of the axis.
pub(crate) fn code(shape: &Shape, axis: Axis) -> Code {
    let needed = usize::from(shape.slivers_needed(axis));
    Code::new(needed, usize::from(shape.n_shards()) - needed)
}

/// Erasures in the format of `restore.wgsl`.
pub(crate) struct DecodePlan {
    pub(crate) code: Code,
    /// Indices of the given slivers, in the caller's order.
    given: Vec<usize>,
    /// Indices of the missing source slivers, ascending.
    missing: Vec<usize>,
    /// Factors of the transforms, of positions, and between blocks.
    pub(crate) factors: Vec<u32>,
    /// Content of each position.
    pub(crate) positions: Vec<u32>,
    /// Blocks in which source slivers are missing.
    pub(crate) blocks: Vec<u32>,
}

impl DecodePlan {
    /// Returns the plan for slivers of an axis.
    pub(crate) fn new(shape: &Shape, axis: Axis, given: &[SliverIndex]) -> Self {
        let given = collected(given.iter().map(|index| usize::from(index.0)));
        Self::of(code(shape, axis), given)
    }

    /// Returns the plan for given symbols of a code.
    pub(crate) fn of(code: Code, given: Vec<usize>) -> Self {
        let erasures = Erasures::new(code, &given);
        let count = code.positions().next_multiple_of(code.chunk);
        let mut positions = filled(NOTHING, count);
        // Locators of positions without a symbol are never used.
        let mut locators = filled(0, count * ENTRY_WORDS);
        let mut put = |position: usize, what, log| {
            positions[position] = what;
            let place = &mut locators[position * ENTRY_WORDS..][..ENTRY_WORDS];
            place.copy_from_slice(&entry(exp(log)));
        };
        for (item, &position) in erasures.given.iter().enumerate() {
            put(position, word(item), erasures.locator[position]);
        }
        for (number, &position) in erasures.missing.iter().enumerate() {
            let inverse = GF_MODULUS - erasures.locator[position];
            put(position, MISSING + word(number), inverse);
        }
        let of_blocks = block_derivative(code.decode_work() / code.chunk);
        let mut factors = table(count);
        let all = factors.len() + locators.len() + of_blocks.len() * ENTRY_WORDS;
        ensure_capacity(&mut factors, all);
        factors.append(&mut locators);
        factors.extend(of_blocks.into_iter().flat_map(entry));
        let of_position = |position: &usize| word(position / code.chunk);
        let mut blocks = collected(erasures.missing.iter().map(of_position));
        blocks.dedup();
        let mut is_missing = filled(true, code.original + code.recovery);
        given.iter().for_each(|&index| is_missing[index] = false);
        Self {
            code,
            missing: collected((0..code.original).filter(|&i| is_missing[i])),
            given,
            factors,
            positions,
            blocks,
        }
    }

    /// Returns the number of missing source slivers.
    pub(crate) fn missing(&self) -> usize {
        self.missing.len()
    }

    /// Returns the parameters that follow from the erasures, for a block.
    pub(crate) fn job(&self, block: u32) -> RestoreParameters {
        let count = word(self.positions.len());
        let first_position = count.div_ceil(2);
        RestoreParameters {
            blocks: count / word(self.code.chunk),
            block,
            chunks: 0,
            given: word(self.given.len()),
            missing: word(self.missing.len()),
            first_position,
            first_block: first_position + count,
            first_codeword: 0,
            first_restored_codeword: 0,
            source_codeword: 0,
            source_symbol: 0,
            restored_codeword: 0,
            restored_symbol: 0,
        }
    }

    /// Returns a fault unless the sums of missing slivers follow from the sums of given slivers.
    pub(crate) fn verify(&self, given: &[Sum], missing: &[Sum]) -> Result<(), Fault> {
        let Code {
            original, recovery, ..
        } = self.code;
        let mut code = with_tables(|| ReedSolomonDecoder::new(original, recovery, CHUNK))
            .expect("a shape's counts are valid");
        for (&index, sum) in self.given.iter().zip(given) {
            let added = match index.checked_sub(original) {
                None => code.add_original_shard(index, sum),
                Some(recovery) => code.add_recovery_shard(recovery, sum),
            };
            added.expect("distinct slivers");
        }
        let decoded = code.decode().expect("all that are needed are there");
        let restored = decoded.restored_original_iter();
        let sums = self
            .missing
            .iter()
            .copied()
            .zip(missing.iter().map(|sum| &sum[..]));
        match restored.eq(sums) {
            true => Ok(()),
            false => Err(Fault::Wrong("restored symbols")),
        }
    }
}
