//! Tensor basis, in which multiplication by an element of the subfield GF(2^8) acts on the low and
//! the high byte separately, and linear maps as the bit matrices of vector instructions.

use std::sync::OnceLock;

use super::field::{exp, mul};
use crate::support::fork_gate::get_or_init;

/// Linear map of bytes in the form of `gf2p8affineqb`: row `i` of the matrix is byte `7 - i`.
pub(crate) type Matrix = u64;

/// Linear map of 16-bit elements, by bytes: low to low, high to low, low to high, high to high.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Matrix16 {
    pub(crate) low_low: Matrix,
    pub(crate) high_low: Matrix,
    pub(crate) low_high: Matrix,
    pub(crate) high_high: Matrix,
}

impl Matrix16 {
    /// Computes the matrix of a linear map.
    fn of(map: impl Fn(u16) -> u16) -> Self {
        let columns: [u16; 16] = std::array::from_fn(|bit| map(1 << bit));
        let block = |first: usize, shift: u32| {
            matrix(|bit| (columns[first + bit] >> shift).to_le_bytes()[0])
        };
        Self {
            low_low: block(0, 0),
            high_low: block(8, 0),
            low_high: block(0, 8),
            high_high: block(8, 8),
        }
    }
}

/// Returns the matrix whose column `bit` is the image of `1 << bit`.
fn matrix(column: impl Fn(usize) -> u8) -> Matrix {
    let columns = (0..8).fold(0, |columns, bit| {
        columns | u64::from(column(bit)) << (8 * bit)
    });
    transposed(columns).swap_bytes()
}

/// Transposes an 8 by 8 bit matrix: bit `j` of byte `i` becomes bit `i` of byte `j`. Blocks of
/// one, two and four bits are swapped in turn.
fn transposed(x: u64) -> u64 {
    let swapped = |x: u64, distance: u32, mask: u64| {
        let differing = (x ^ (x >> distance)) & mask;
        x ^ differing ^ (differing << distance)
    };
    let x = swapped(x, 7, 0x00aa_00aa_00aa_00aa);
    let x = swapped(x, 14, 0x0000_cccc_0000_cccc);
    swapped(x, 28, 0x0000_0000_f0f0_f0f0)
}

/// Linear map of elements, as tables of the images of low and of high bytes.
struct Images([[u16; 256]; 2]);

impl Images {
    /// Computes the map from the images of single bits.
    fn of(bits: &[u16; 16]) -> Self {
        let sum = |bits: &[u16], byte: usize| {
            let set = bits
                .iter()
                .enumerate()
                .filter(|(bit, _)| byte >> bit & 1 == 1);
            set.fold(0, |sum, (_, image)| sum ^ image)
        };
        let (low, high) = bits.split_at(8);
        Self([low, high].map(|bits| std::array::from_fn(|byte| sum(bits, byte))))
    }

    fn apply(&self, x: u16) -> u16 {
        let [low, high] = x.to_le_bytes();
        self.0[0][usize::from(low)] ^ self.0[1][usize::from(high)]
    }
}

/// The two changes of basis.
struct Basis {
    /// Map to labels. Element `k` of the tensor basis is the product of the `v_(2^b)` for the bits
    /// `b` of `k`.
    labels: Images,
    /// Map to the tensor basis.
    tensors: Images,
}

static BASIS: OnceLock<Basis> = OnceLock::new();

fn basis() -> &'static Basis {
    get_or_init(&BASIS, make)
}

fn make() -> Basis {
    let labels: [u16; 16] = std::array::from_fn(|k| {
        (0..4)
            .filter(|bit| k >> bit & 1 == 1)
            .fold(1, |product, bit| mul(product, 1 << (1 << bit)))
    });
    // Gauss-Jordan: rows of (label, tensor) until the labels are single bits.
    let mut rows: [(u16, u16); 16] = std::array::from_fn(|k| (labels[k], 1 << k));
    for bit in 0..16 {
        let pivot = (bit..16)
            .find(|&row| rows[row].0 >> bit & 1 == 1)
            .expect("a basis");
        rows.swap(bit, pivot);
        let (label, tensor) = rows[bit];
        for (row, (other, image)) in rows.iter_mut().enumerate() {
            if row != bit && *other >> bit & 1 == 1 {
                *other ^= label;
                *image ^= tensor;
            }
        }
    }
    Basis {
        labels: Images::of(&labels),
        tensors: Images::of(&rows.map(|(_, tensor)| tensor)),
    }
}

/// Element of the tensor basis for a label.
#[cfg(feature = "gpu")]
pub(crate) fn tensor_of(label: u16) -> u16 {
    basis().tensors.apply(label)
}

/// Label of an element of the tensor basis.
#[cfg(feature = "gpu")]
pub(crate) fn of_tensor(tensor: u16) -> u16 {
    basis().labels.apply(tensor)
}

/// Matrix from labels to the tensor basis.
pub(crate) fn to_tensor() -> Matrix16 {
    Matrix16::of(|x| basis().tensors.apply(x))
}

/// Matrix from the tensor basis to labels.
pub(crate) fn from_tensor() -> Matrix16 {
    Matrix16::of(|x| basis().labels.apply(x))
}

/// Matrix from labels to the tensor basis, times the element with the given logarithm.
pub(crate) fn scaled_to_tensor(log: u16) -> Matrix16 {
    Matrix16::of(|x| basis().tensors.apply(mul(x, exp(log))))
}

/// Matrix from the tensor basis to labels, times the element with the given logarithm.
pub(crate) fn scaled_from_tensor(log: u16) -> Matrix16 {
    Matrix16::of(|x| mul(basis().labels.apply(x), exp(log)))
}

/// Matrix of multiplication by the element with the given label, in the tensor basis.
pub(crate) fn full_factor(label: u16) -> Matrix16 {
    Matrix16::of(|x| basis().tensors.apply(mul(basis().labels.apply(x), label)))
}

/// Matrix of multiplication by the element with the given logarithm, on labels.
#[cfg(feature = "gpu")]
pub(crate) fn product_with(log: u16) -> Matrix16 {
    Matrix16::of(|x| mul(x, exp(log)))
}

/// Matrix of multiplication by an element of the subfield, in the tensor basis: the same for both
/// bytes.
pub(crate) fn subfield_factor(label: u8) -> Matrix {
    full_factor(label.into()).low_low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_changes_of_basis_undo_each_other() {
        for x in 0..=u16::MAX {
            assert_eq!(basis().labels.apply(basis().tensors.apply(x)), x);
        }
    }

    #[test]
    fn a_matrix_has_the_columns_that_it_is_made_of() {
        for seed in 0..1000u64 {
            let columns = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
            let matrix = matrix(|bit| columns[bit]);
            for (bit, column) in columns.into_iter().enumerate() {
                for row in 0..8 {
                    let entry = matrix >> (8 * (7 - row) + bit) & 1;
                    assert_eq!(entry, u64::from(column >> row & 1));
                }
            }
        }
    }

    #[test]
    fn subfield_factors_are_block_diagonal() {
        for label in 0..=u8::MAX {
            let factor = full_factor(label.into());
            assert_eq!(factor.low_high, 0);
            assert_eq!(factor.high_low, 0);
            assert_eq!(factor.low_low, factor.high_high);
        }
        assert_ne!(full_factor(256).low_high, 0);
    }
}
