//! Multiplication in GF(2^16), on labels.

use reed_solomon_simd::engine::tables::get_exp_log;

/// Product of two elements.
pub(crate) fn mul(a: u16, b: u16) -> u16 {
    if a == 0 || b == 0 {
        return 0;
    }
    let tables = get_exp_log();
    let sum = u32::from(tables.log[usize::from(a)]) + u32::from(tables.log[usize::from(b)]);
    // Logarithms add modulo 65,535.
    let sum = (sum & 0xffff) + (sum >> 16);
    tables.exp[sum as usize]
}

/// Element with the given logarithm.
pub(crate) fn exp(log: u16) -> u16 {
    get_exp_log().exp[usize::from(log)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use reed_solomon_simd::engine::tables::get_skew;
    use reed_solomon_simd::engine::{Engine, GF_MODULUS, Naive};

    #[test]
    fn products_are_the_crate_s() {
        let naive = Naive::new();
        for a in (0..=u16::MAX).step_by(251) {
            for log in (0..u16::MAX).step_by(257) {
                let mut chunk = [[0; 64]];
                [chunk[0][0], chunk[0][32]] = a.to_le_bytes();
                naive.mul(&mut chunk, log);
                let product = u16::from_le_bytes([chunk[0][0], chunk[0][32]]);
                assert_eq!(mul(a, exp(log)), product);
            }
        }
    }

    /// Checks the basis of the whole schedule: a twiddle is the label of its block's start,
    /// shifted right.
    #[test]
    fn factors_are_labels() {
        let skew = get_skew();
        for m in 0..15 {
            let distance = 1usize << m;
            for start in (0..65_536 - 2 * distance).step_by(2 * distance) {
                let log = skew[start + distance - 1];
                let factor = if log == GF_MODULUS { 0 } else { exp(log) };
                assert_eq!(usize::from(factor), start >> m);
            }
        }
    }
}
