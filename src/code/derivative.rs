//! Formal derivative of a polynomial over several blocks of points, block by block.

use super::field::mul;
use crate::support::memory::filled;

/// Factors by which the derivative on one block of points depends on the other blocks. `blocks` is
/// a power of two.
///
/// With a separate transform per block, block `k` of the derivative is the derivative of block `k`
/// plus the sum over all other blocks `j`, each times element `j ^ k` of the returned list of
/// labels. The sum is exact up to a multiple of block `k`, which is zero at erased points. The
/// factors stand for the layers that connect the blocks, which are never computed.
pub(crate) fn block_derivative(blocks: usize) -> Vec<u16> {
    // The first block of the derivative is the sum of the coefficient blocks `1 << b`, which the
    // upper layers of the inverse transform compute from the blocks. The loop applies the same
    // layers in reverse order, transposed.
    let mut factors = filled(0, blocks);
    let mut block = 1;
    while block < blocks {
        factors[block] = 1;
        block *= 2;
    }
    let mut distance = blocks / 2;
    while distance > 0 {
        for start in (0..blocks).step_by(2 * distance) {
            let factor = u16::try_from(start / distance).expect("below the field's order");
            for i in start..start + distance {
                let sum = mul(factors[i], factor) ^ factors[i + distance];
                factors[i] ^= sum;
                factors[i + distance] = sum;
            }
        }
        distance /= 2;
    }
    factors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_taken_as_they_are() {
        assert_eq!(block_derivative(1), [0]);
        assert_eq!(block_derivative(2)[1], 1);
        // The twiddle of the layer that connects the second pair of blocks is label 2.
        assert_eq!(block_derivative(4), [0, 1, 3, 2]);
    }
}
