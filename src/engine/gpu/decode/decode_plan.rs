//! What a device needs to know of the slivers that are given and those that are missing.

use reed_solomon_simd::ReedSolomonDecoder;
use reed_solomon_simd::engine::GF_MODULUS;

use crate::code::{Code, Erasures, block_derivative, exp, with_tables};
use crate::engine::gpu::audit::combination_check::Sum;
use crate::engine::gpu::device::fault::Fault;
use crate::engine::gpu::shader::multipliers::{FACTOR_WORDS, images, table};
use crate::engine::gpu::shader::parameters::{MISSING, NOTHING, RestoreParameters, word};
use crate::engine::gpu::shader::symbol_layout::CHUNK;
use crate::format::index::{Axis, SliverIndex};
use crate::format::shape::Shape;

/// The code across slivers of the axis.
pub(crate) fn code(shape: &Shape, axis: Axis) -> Code {
    let needed = usize::from(shape.slivers_needed(axis));
    Code::new(needed, usize::from(shape.n_shards()) - needed)
}

/// A set of erasures as `restore.wgsl` takes it.
pub(crate) struct DecodePlan {
    pub(crate) code: Code,
    /// The given slivers, in the order in which they come.
    given: Vec<usize>,
    /// The missing source slivers, ascending.
    missing: Vec<usize>,
    /// Factors: of the transforms, of positions, of blocks.
    pub(crate) factors: Vec<u32>,
    /// What stands at each position.
    pub(crate) positions: Vec<u32>,
    /// The blocks in which source slivers are missing.
    pub(crate) blocks: Vec<u32>,
}

impl DecodePlan {
    pub(crate) fn new(shape: &Shape, axis: Axis, given: &[SliverIndex]) -> Self {
        let given: Vec<_> = given.iter().map(|index| usize::from(index.0)).collect();
        Self::of(code(shape, axis), given)
    }

    pub(crate) fn of(code: Code, given: Vec<usize>) -> Self {
        let erasures = Erasures::new(code, &given);
        let count = code.positions().next_multiple_of(code.chunk);
        let mut positions = vec![NOTHING; count];
        // Those where nothing stands are never looked up.
        let mut locators = vec![0; count * FACTOR_WORDS];
        let mut put = |position: usize, what, log| {
            positions[position] = what;
            let place = &mut locators[position * FACTOR_WORDS..][..FACTOR_WORDS];
            place.copy_from_slice(&images(exp(log)));
        };
        for (item, &position) in erasures.given.iter().enumerate() {
            put(position, word(item), erasures.locator[position]);
        }
        for (number, &position) in erasures.missing.iter().enumerate() {
            let inverse = GF_MODULUS - erasures.locator[position];
            put(position, MISSING + word(number), inverse);
        }
        let mut factors = table(count);
        factors.append(&mut locators);
        let of_blocks = block_derivative(code.decode_work() / code.chunk);
        factors.extend(of_blocks.into_iter().flat_map(images));
        let mut blocks: Vec<_> = erasures
            .missing
            .iter()
            .map(|position| word(position / code.chunk))
            .collect();
        blocks.dedup();
        let mut is_missing = vec![true; code.original + code.recovery];
        given.iter().for_each(|&index| is_missing[index] = false);
        Self {
            code,
            missing: (0..code.original).filter(|&i| is_missing[i]).collect(),
            given,
            factors,
            positions,
            blocks,
        }
    }

    /// How many source slivers are missing.
    pub(crate) fn missing(&self) -> usize {
        self.missing.len()
    }

    /// The parameters that follow from the erasures, for a block.
    pub(crate) fn job(&self, block: u32) -> RestoreParameters {
        let count = word(self.positions.len());
        RestoreParameters {
            blocks: count / word(self.code.chunk),
            block,
            first_position: count,
            first_block: 2 * count,
            first_codeword: 0,
            first_restored_codeword: 0,
            source_codeword: 0,
            source_symbol: 0,
            restored_codeword: 0,
            restored_symbol: 0,
        }
    }

    /// Whether the sums of the missing slivers follow from those of the given ones.
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
