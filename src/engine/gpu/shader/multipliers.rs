//! Factors in the format of the shaders: images of the 16 bits of an element.

use crate::code::{Code, mul};
use crate::format::shape::Shape;
use crate::support::memory::collected;

/// Words of a factor: the low bytes of the images of bits 0 to 15, a word each, then the high
/// bytes.
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

/// Returns the images of all labels below `count`, one label after another.
pub(crate) fn table(count: usize) -> Vec<u32> {
    let count = u16::try_from(count).expect("labels of factors");
    collected((0..count).flat_map(images))
}

/// Returns the number of labels that the codes of a shape need.
pub(crate) fn labels(shape: &Shape) -> usize {
    let [n, rows, columns] = [shape.n_shards(), shape.rows(), shape.columns()].map(usize::from);
    let points = |code: Code| code.encode_work() + code.chunk;
    points(Code::new(columns, n - columns)).max(points(Code::new(rows, n - rows)))
}
