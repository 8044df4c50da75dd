//! Linear maps as tables of nibbles, for CPUs without an affine instruction.

use crate::code::{Matrix, Matrix16};

/// A linear map of bytes: the images of the low nibbles and of the high nibbles. The image of a
/// byte is the sum of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(32))]
pub(crate) struct Nibbles {
    pub(crate) low: [u8; 16],
    pub(crate) high: [u8; 16],
}

impl Nibbles {
    pub(crate) fn new(matrix: Matrix) -> Self {
        let image = |x: usize| image(matrix, x.to_le_bytes()[0]);
        Self {
            low: std::array::from_fn(image),
            high: std::array::from_fn(|x| image(x << 4)),
        }
    }
}

/// A linear map of elements, as maps between their low and high bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Nibbles16 {
    pub(crate) low_low: Nibbles,
    pub(crate) high_low: Nibbles,
    pub(crate) low_high: Nibbles,
    pub(crate) high_high: Nibbles,
}

impl Nibbles16 {
    pub(crate) fn new(matrix: &Matrix16) -> Self {
        Self {
            low_low: Nibbles::new(matrix.low_low),
            high_low: Nibbles::new(matrix.high_low),
            low_high: Nibbles::new(matrix.low_high),
            high_high: Nibbles::new(matrix.high_high),
        }
    }
}

/// Returns the image of a byte. Row `i` of the matrix, which computes bit `i`, is byte `7 - i`.
fn image(matrix: Matrix, x: u8) -> u8 {
    let rows = matrix.to_be_bytes();
    let bit = |row: usize| u8::from((rows[row] & x).count_ones() % 2 == 1) << row;
    (0..8).map(bit).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::{full_factor, subfield_factor};

    #[test]
    fn nibbles_add_up_to_products() {
        // In the subfield, 1 is the label 1, and label 2 is a root of x^2 + x + 1.
        let one = Nibbles::new(subfield_factor(1));
        let root = Nibbles::new(subfield_factor(2));
        for x in 0..=u8::MAX {
            let times =
                |t: &Nibbles, x: u8| t.low[usize::from(x % 16)] ^ t.high[usize::from(x / 16)];
            assert_eq!(times(&one, x), x);
            assert_eq!(times(&root, times(&root, x)), times(&root, x) ^ x);
        }
    }

    #[test]
    fn every_block_of_a_map_has_its_place() {
        let matrix = full_factor(0x1234);
        let tables = Nibbles16::new(&matrix);
        assert_eq!(tables.low_low, Nibbles::new(matrix.low_low));
        assert_eq!(tables.high_low, Nibbles::new(matrix.high_low));
        assert_eq!(tables.low_high, Nibbles::new(matrix.low_high));
        assert_eq!(tables.high_high, Nibbles::new(matrix.high_high));
    }
}
