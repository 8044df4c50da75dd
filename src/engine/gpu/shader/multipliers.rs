//! Factors in the formats of the shaders.

use crate::code::{Code, mul, of_tensor, tensor_of};
use crate::format::shape::Shape;
use crate::support::memory::collected;

/// Words of a factor of `combine.wgsl`: the low bytes of the images of bits 0 to 15, a word each,
/// then the high bytes.
pub(crate) const FACTOR_WORDS: usize = 32;

/// Returns the images of a factor.
pub(crate) fn images(label: u16) -> [u32; FACTOR_WORDS] {
    let mut words = [0; FACTOR_WORDS];
    for bit in 0..16 {
        let [low, high] = mul(1 << bit, label).to_le_bytes();
        words[bit] = low.into();
        words[16 + bit] = high.into();
    }
    words
}

/// Words of a factor of `extend.wgsl` and `restore.wgsl`. `planes.wgsl` describes them.
pub(crate) const ENTRY_WORDS: usize = 2;

/// Returns the entry of a factor.
pub(crate) fn entry(label: u16) -> [u32; ENTRY_WORDS] {
    let [low, high] = tensor_of(label).to_le_bytes();
    // The square of basis element 8 is itself plus label 128.
    let [cross, _] = tensor_of(mul(of_tensor(high.into()), 1 << 7)).to_le_bytes();
    [byte_bits(low) | byte_bits(high) << 16, byte_bits(cross)]
}

/// Returns the three elements of GF(16) by which a factor in GF(2^8) multiplies.
fn byte_bits(factor: u8) -> u32 {
    let (low, high) = (factor & 0xf, factor >> 4);
    // The square of basis element 4 is itself plus label 8.
    let cross = tensor_of(mul(of_tensor(high.into()), 1 << 3));
    u32::from(low) | u32::from(cross) << 4 | u32::from(low ^ high) << 8
}

/// Returns the entries of the even labels below `count`, one after another.
pub(crate) fn table(count: usize) -> Vec<u32> {
    let count = u16::try_from(count).expect("labels of factors");
    collected((0..count).step_by(2).flat_map(entry))
}

/// Returns the number of labels that the codes of a shape need.
pub(crate) fn labels(shape: &Shape) -> usize {
    let [n, rows, columns] = [shape.n_shards(), shape.rows(), shape.columns()].map(usize::from);
    let points = |code: Code| code.encode_work() + code.chunk;
    points(Code::new(columns, n - columns)).max(points(Code::new(rows, n - rows)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::gpu::shader::modules::WIDE_LABEL;

    /// Product of elements of the tensor basis.
    fn product(x: u16, y: u16) -> u16 {
        tensor_of(mul(of_tensor(x), of_tensor(y)))
    }

    /// Product with a factor in GF(2^8), by its bits.
    fn byte_product(x: u16, bits: u32) -> u16 {
        let [f, cross, sum] = [0, 4, 8].map(|first| (bits >> first & 0xf) as u16);
        let (low, high) = (x & 0xf, x >> 4);
        let shared = product(low, f);
        (shared ^ product(high, cross)) | (shared ^ product(low ^ high, sum)) << 4
    }

    #[test]
    fn entries_give_products() {
        for label in (0..=u16::MAX).step_by(3) {
            let [first, second] = entry(label);
            let x = label.wrapping_mul(40_503) ^ 0x1234;
            let (low, high) = (x & 0xff, x >> 8);
            let of_low = byte_product(low, first) ^ byte_product(high, second);
            let of_high = byte_product(high, first) ^ byte_product(low ^ high, first >> 16);
            let found = of_low | of_high << 8;
            assert_eq!(found, product(x, tensor_of(label)), "{label} {x}");
        }
    }

    #[test]
    fn high_bytes_of_narrow_labels_are_nibbles() {
        let is_narrow = |label: u32| tensor_of(label as u16) >> 12 == 0;
        assert!((0..WIDE_LABEL).all(is_narrow));
        assert!(!is_narrow(WIDE_LABEL));
    }
}
