//! The formal derivative of a polynomial of several blocks of points, block by block.

use super::field::mul;
use crate::support::memory::filled;

/// What the derivative on a block of points takes from the polynomial's parts on the others, in a
/// work of so many blocks, a power of two.
///
/// Transformed back block by block, block `k` of the derivative is the derivative of block `k` itself
/// and the sum of the other blocks `j`, each times the element with label `j ^ k` of this list (and of
/// any multiple of block `k`, which is zero at erased points anyway). This is what the layers that
/// connect the blocks do to the derivative; they are never computed.
pub(crate) fn block_derivative(blocks: usize) -> Vec<u16> {
    // The derivative's first block is the sum of the coefficients' blocks `1 << b`; those are what
    // the upper layers of the inverse transform make of the blocks. Here the same layers go the
    // other way, transposed.
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
        // The factor of the layer that connects the second pair of blocks is label 2.
        assert_eq!(block_derivative(4), [0, 1, 3, 2]);
    }
}
