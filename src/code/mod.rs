//! The Reed-Solomon code as data: the field, its bases, which transforms make the recovery symbols,
//! and what decoding needs to know of a set of missing symbols.
//!
//! The code is the additive-FFT ("Leopard") construction of `reed-solomon-simd` 3.1 over GF(2^16).
//! Elements are written as *labels*: bit `i` of a label stands for the element `v_i` of the Cantor
//! basis. In it the factor of a butterfly layer with distance `2^m`, in the block that begins at
//! point `r`, is the label `r >> m`; and the labels below 256 are the subfield GF(2^8).

mod basis;
mod field;

pub(crate) use basis::{
    Matrix, Matrix16, from_tensor, scaled_from_tensor, scaled_to_tensor, to_tensor,
};
pub(crate) use basis::{full_factor, subfield_factor};

use reed_solomon_simd::engine::{DefaultEngine, Engine, GF_ORDER, GfElement};

/// Which construction the code uses: `reed-solomon-simd`'s default choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rate {
    /// More source than recovery symbols.
    High,
    /// More recovery than source symbols.
    Low,
}

/// The code with `original` source and `recovery` recovery symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) rate: Rate,
    pub(crate) original: usize,
    pub(crate) recovery: usize,
    /// The size of a transform: a power of two.
    pub(crate) chunk: usize,
}

impl Code {
    pub(crate) fn new(original: usize, recovery: usize) -> Self {
        let (o, r) = (original.next_power_of_two(), recovery.next_power_of_two());
        // With equal powers the crate takes the rate that its name speaks against.
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

    /// The symbols that encoding works on at once.
    pub(crate) fn encode_work(&self) -> usize {
        match self.rate {
            Rate::High => self.original.next_multiple_of(self.chunk),
            Rate::Low => self.recovery.next_multiple_of(self.chunk),
        }
    }

    /// The symbols that decoding works on at once.
    pub(crate) fn decode_work(&self) -> usize {
        let second = match self.rate {
            Rate::High => self.original,
            Rate::Low => self.recovery,
        };
        (self.chunk + second).next_power_of_two()
    }

    /// Where symbol `index` (source symbols first) stands in decoding's work.
    fn position(&self, index: usize) -> usize {
        match (self.rate, index.checked_sub(self.original)) {
            (Rate::High, None) => self.chunk + index,
            (Rate::High, Some(recovery)) => recovery,
            (Rate::Low, None) => index,
            (Rate::Low, Some(recovery)) => self.chunk + recovery,
        }
    }
}

/// What decoding needs to know of a set of missing symbols: computed once for all lines.
pub(crate) struct Erasures {
    pub(crate) code: Code,
    /// The given symbols, in the order in which lines supply them: their positions in the work.
    pub(crate) given: Vec<usize>,
    /// The missing source symbols, ascending: their positions in the work.
    pub(crate) missing: Vec<usize>,
    /// The logarithm of the error locator at each position.
    pub(crate) locator: Box<[GfElement; GF_ORDER]>,
}

impl Erasures {
    /// `given` are as many distinct symbol indices as there are source symbols.
    pub(crate) fn new(code: Code, given: &[usize]) -> Self {
        debug_assert_eq!(given.len(), code.original);
        let mut known = vec![false; code.original + code.recovery];
        given.iter().for_each(|&index| known[index] = true);

        let mut locator: Box<[GfElement; GF_ORDER]> = vec![0; GF_ORDER]
            .into_boxed_slice()
            .try_into()
            .expect("GF_ORDER elements");
        for (index, known) in known.iter().enumerate() {
            if !known {
                locator[code.position(index)] = 1;
            }
        }
        let evaluated = match code.rate {
            Rate::High => {
                // The gap between the recovery symbols and the first source symbol.
                locator[code.recovery..code.chunk].fill(1);
                code.chunk + code.original
            }
            Rate::Low => {
                locator[code.chunk + code.recovery..].fill(1);
                GF_ORDER
            }
        };
        DefaultEngine::eval_poly(&mut locator, evaluated);

        Self {
            code,
            given: given.iter().map(|&index| code.position(index)).collect(),
            missing: (0..code.original)
                .filter(|&index| !known[index])
                .map(|index| code.position(index))
                .collect(),
            locator,
        }
    }
}
