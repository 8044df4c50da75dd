//! Reed-Solomon code as data: the field, its bases, the transforms that encode, and the tables of
//! a decoding.
//!
//! The code is the additive-FFT ("Leopard") construction of `reed-solomon-simd` 3.1 over GF(2^16).
//! Elements are written as *labels*: bit `i` of a label stands for the element `v_i` of the Cantor
//! basis. In the Cantor basis, the twiddle of a butterfly layer with distance `2^m`, in the block
//! that begins at point `r`, is the label `r >> m`. The labels below 256 are the subfield GF(2^8).

// Only this crate's own kernels take twiddles as matrices.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
mod basis;
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
mod derivative;
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
mod field;

pub(crate) use basis::{
    Matrix, Matrix16, from_tensor, scaled_from_tensor, scaled_to_tensor, to_tensor,
};
pub(crate) use basis::{full_factor, subfield_factor};
#[cfg(feature = "gpu")]
pub(crate) use basis::{of_tensor, product_with, tensor_of};
pub(crate) use derivative::block_derivative;
#[cfg(feature = "gpu")]
pub(crate) use field::{exp, mul};

use crate::support::fork_gate::defer_forks;
use crate::support::memory::{collected, filled};
use reed_solomon_simd::engine::{Engine, GF_MODULUS, GF_ORDER, GfElement, NoSimd, tables};

/// Construction of the code, chosen as `reed-solomon-simd` chooses by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rate {
    /// More source than recovery symbols.
    High,
    /// More recovery than source symbols.
    Low,
}

/// Code with `original` source and `recovery` recovery symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) rate: Rate,
    pub(crate) original: usize,
    pub(crate) recovery: usize,
    /// Size of a transform: a power of two.
    pub(crate) chunk: usize,
}

impl Code {
    pub(crate) fn new(original: usize, recovery: usize) -> Self {
        let (o, r) = (original.next_power_of_two(), recovery.next_power_of_two());
        // For equal powers, the crate's choice is opposite to the name of the rate.
        let rate = match o.cmp(&r) {
            std::cmp::Ordering::Less => Rate::Low,
            std::cmp::Ordering::Greater => Rate::High,
            std::cmp::Ordering::Equal if original <= recovery => Rate::High,
            std::cmp::Ordering::Equal => Rate::Low,
        };
        let chunk = match rate {
            Rate::High => r,
            Rate::Low => o,
        };
        Self {
            rate,
            original,
            recovery,
            chunk,
        }
    }

    /// Number of symbols in the work of encoding.
    pub(crate) fn encode_work(&self) -> usize {
        match self.rate {
            Rate::High => self.original.next_multiple_of(self.chunk),
            Rate::Low => self.recovery.next_multiple_of(self.chunk),
        }
    }

    /// Number of positions in the work of decoding: one more than the last position of a symbol.
    pub(crate) fn positions(&self) -> usize {
        let second = match self.rate {
            Rate::High => self.original,
            Rate::Low => self.recovery,
        };
        self.chunk + second
    }

    /// Number of symbols in the work of decoding.
    pub(crate) fn decode_work(&self) -> usize {
        self.positions().next_power_of_two()
    }

    /// Position of symbol `index` (source symbols first) in the work of decoding.
    fn position(&self, index: usize) -> usize {
        match (self.rate, index.checked_sub(self.original)) {
            (Rate::High, None) => self.chunk + index,
            (Rate::High, Some(recovery)) => recovery,
            (Rate::Low, None) => index,
            (Rate::Low, Some(recovery)) => self.chunk + recovery,
        }
    }
}

/// Calls `make` for a value of `reed-solomon-simd` that needs the crate's field tables. The crate
/// initialises the tables once per process, on first use; no fork interrupts that.
pub(crate) fn with_tables<T>(make: impl FnOnce() -> T) -> T {
    defer_forks(|| {
        // Creating an encoder or a decoder initialises the other tables; this table is initialised
        // only when a decoder runs.
        tables::get_log_walsh();
        make()
    })
}

/// Initialises the tables from which all kernels take twiddles.
pub(crate) fn make_tables() {
    defer_forks(tables::get_exp_log);
}

/// Set of missing symbols with the values that decoding needs, computed once for all codewords.
pub(crate) struct Erasures {
    pub(crate) code: Code,
    /// Positions in the work of the given symbols, in the order in which codewords supply them.
    pub(crate) given: Vec<usize>,
    /// Positions in the work of the missing source symbols, ascending.
    pub(crate) missing: Vec<usize>,
    /// Logarithm of the error locator at each missing position.
    pub(crate) locator: Vec<GfElement>,
}

impl Erasures {
    /// Computes the erasures. `given` must be as many distinct symbol indices as there are source
    /// symbols.
    pub(crate) fn new(code: Code, given: &[usize]) -> Self {
        debug_assert_eq!(given.len(), code.original);
        let mut known = filled(false, code.original + code.recovery);
        given.iter().for_each(|&index| known[index] = true);

        let erased = (0..code.original + code.recovery).filter(|&index| !known[index]);
        let erased = erased.map(|index| code.position(index));
        let given = collected(given.iter().map(|&index| code.position(index)));
        let missing = (0..code.original)
            .filter(|&index| !known[index])
            .map(|index| code.position(index));
        let missing = collected(missing);
        // The erased positions, or all other positions if most positions are erased.
        let (erased, others): (Vec<_>, _) = match code.rate {
            // Includes the gap between the recovery symbols and the first source symbol.
            Rate::High => (collected(erased.chain(code.recovery..code.chunk)), false),
            // Includes all positions beyond the recovery symbols. The gap between the source
            // symbols and the first recovery symbol is known to be zero.
            Rate::Low => {
                let gap = code.original..code.chunk;
                (collected(given.iter().copied().chain(gap)), true)
            }
        };
        let places = given.iter().chain(&missing).copied();
        let work = code.decode_work();
        let locator = if places.clone().count() * erased.len() <= MOST_BY_ONE {
            locator_one_by_one(places, work, &erased, others)
        } else if work <= MOST_BY_TRANSFORM {
            locator_by_transform(work, &erased, others)
        } else {
            locator_everywhere(&erased, others)
        };
        Self {
            code,
            given,
            missing,
            locator,
        }
    }
}

/// Logarithms of an error locator, by position.
type Locator = Vec<GfElement>;

/// Number of terms up to which the locator's logarithms are summed position by position.
const MOST_BY_ONE: usize = 1 << 13;

/// Number of positions up to which transforms of these positions alone sum the logarithms.
const MOST_BY_TRANSFORM: usize = 1 << 13;

/// Computes the locator at some positions. `erased` are the erased positions, or all other
/// positions.
///
/// The logarithm at `p` is the sum of the logarithms of `p + e` over all erased `e` other than
/// `p`. The sum over all positions is zero, so the sum over the other positions is the negative.
fn locator_one_by_one(
    places: impl Iterator<Item = usize>,
    work: usize,
    erased: &[usize],
    others: bool,
) -> Locator {
    let log = &tables::get_exp_log().log;
    let mut locator = filled(0, work);
    for place in places {
        let terms = erased.iter().filter(|&&position| position != place);
        let sum: u64 = terms.map(|&p| u64::from(log[p ^ place])).sum();
        let sum = (sum % u64::from(GF_MODULUS)) as GfElement;
        locator[place] = if others { GF_MODULUS - sum } else { sum };
    }
    locator
}

/// Computes the locator at the first `work` positions, a power of two that covers the erased
/// positions, or all other positions.
///
/// The sums of [`locator_one_by_one`] are a convolution over the bits of the positions, which is a
/// product of Walsh-Hadamard transforms. The transforms are exact in integers, of which the
/// largest is below `65,535 * work^3`.
fn locator_by_transform(work: usize, erased: &[usize], others: bool) -> Locator {
    let log = &tables::get_exp_log().log;
    // The term of the position itself does not count.
    let logs = std::iter::once(0).chain(log[1..work].iter().map(|&log| i64::from(log)));
    let mut logs: Vec<i64> = collected(logs);
    let mut sums = filled(0i64, work);
    erased.iter().for_each(|&position| sums[position] = 1);
    walsh_hadamard(&mut logs);
    walsh_hadamard(&mut sums);
    for (sum, log) in sums.iter_mut().zip(&logs) {
        *sum *= log;
    }
    walsh_hadamard(&mut sums);
    let locator = sums.into_iter().map(|sum| {
        let sum = (sum / work as i64 % i64::from(GF_MODULUS)) as GfElement;
        if others { GF_MODULUS - sum } else { sum }
    });
    collected(locator)
}

/// Walsh-Hadamard transform of a power of two of numbers. Applied twice, it multiplies each number
/// by their count.
fn walsh_hadamard(values: &mut [i64]) {
    let mut distance = 1;
    while distance < values.len() {
        for block in values.chunks_exact_mut(2 * distance) {
            let (low, high) = block.split_at_mut(distance);
            for (low, high) in low.iter_mut().zip(high) {
                (*low, *high) = (*low + *high, *low - *high);
            }
        }
        distance *= 2;
    }
}

/// Computes the locator at all positions.
fn locator_everywhere(erased: &[usize], others: bool) -> Locator {
    let mut locator = filled(GfElement::from(others), GF_ORDER);
    for &position in erased {
        locator[position] = (!others).into();
    }
    // Runs once per job, so one version serves all instruction sets.
    let end = erased.iter().max().map_or(0, |last| last + 1);
    let all = locator.first_chunk_mut().expect("GF_ORDER elements");
    with_tables(|| ());
    NoSimd::eval_poly(all, if others { GF_ORDER } else { end });
    locator
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locator_is_the_same_by_transforms_of_few() {
        for work in [16, 256, 2048, MOST_BY_TRANSFORM] {
            let erased: Vec<_> = (0..work).filter(|i| i * i % 7 < 3).collect();
            for others in [false, true] {
                let few = locator_by_transform(work, &erased, others);
                let one_by_one = locator_one_by_one(0..work, work, &erased, others);
                for place in 0..work {
                    let [few, one] = [&few, &one_by_one].map(|l| l[place] % GF_MODULUS);
                    assert_eq!(few, one, "at {place} of {work}");
                }
            }
        }
    }

    #[test]
    fn the_locator_is_the_same_both_ways() {
        let places = [0, 1, 5, 70, 255, 256, 300, 511, 40_000, 65_535];
        let erased = [0, 2, 5, 9, 69, 70, 255, 1000, 40_000];
        for others in [false, true] {
            let some = locator_one_by_one(places.into_iter(), GF_ORDER, &erased, others);
            let all = locator_everywhere(&erased, others);
            for place in places {
                let [some, all] = [&some, &all].map(|locator| locator[place] % GF_MODULUS);
                assert_eq!(some, all, "at {place}");
            }
        }
    }
}
