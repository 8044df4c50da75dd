//! Names of the instruction sets that kernels are written for.

use std::fmt;
use std::str::FromStr;

use crate::format::error::{Error, Result};

/// Instruction set that the `cpu` engine has kernels for.
///
/// The engine takes the fastest set of the processor. Another set can be requested with
/// [`RuntimeBuilder::instruction_set`](crate::RuntimeBuilder::instruction_set), or with the
/// environment variable `WALRUS_ACCEL_ISA`. The results are the same bytes.
///
/// # Example
///
/// ```
/// use walrus_accel::runtime::InstructionSet;
/// use walrus_accel::{Runtime, Shape};
///
/// let set: InstructionSet = "portable".parse()?;
/// assert!(InstructionSet::available().contains(&set));
/// let encoder = Runtime::builder().instruction_set(set).build()?.encoder(Shape::NETWORK_SHARDS)?;
/// assert_eq!(encoder.runtime().instruction_set(), "portable");
/// # Ok::<(), walrus_accel::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InstructionSet {
    /// Instructions that every processor of the build's target has.
    Portable,
    /// SSSE3 for the code. The hashes are portable.
    Ssse3,
    /// NEON, and the SHA3 instructions for the hashes if the processor has them.
    Neon,
    /// AVX2.
    Avx2,
    /// AVX2, and GFNI for the code.
    Avx2Gfni,
    /// AVX-512F and AVX-512BW.
    Avx512,
    /// AVX-512F and AVX-512BW, and GFNI for the code.
    Avx512Gfni,
}

/// Names of the sets, from the slowest to the fastest.
const REGISTRY: [(&str, InstructionSet); InstructionSet::COUNT] = [
    ("portable", InstructionSet::Portable),
    ("ssse3", InstructionSet::Ssse3),
    ("neon", InstructionSet::Neon),
    ("avx2", InstructionSet::Avx2),
    ("avx2-gfni", InstructionSet::Avx2Gfni),
    ("avx512", InstructionSet::Avx512),
    ("avx512-gfni", InstructionSet::Avx512Gfni),
];

impl InstructionSet {
    /// Number of sets.
    pub(crate) const COUNT: usize = 7;

    /// Returns the name, as in `WALRUS_ACCEL_ISA` and in JSON output.
    #[must_use]
    pub fn name(self) -> &'static str {
        let entry = REGISTRY.iter().find(|(_, set)| *set == self);
        entry.expect("every set is registered").0
    }
}

impl FromStr for InstructionSet {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let entry = REGISTRY.iter().find(|(name, _)| *name == text);
        entry
            .map(|(_, set)| *set)
            .ok_or_else(|| Error::UnknownName {
                what: "instruction set",
                text: text.to_owned(),
                expected: "portable, ssse3, neon, avx2, avx2-gfni, avx512, avx512-gfni",
            })
    }
}

impl fmt::Display for InstructionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Instruction set of the processor that is not used, because its kernels gave wrong results in a
/// test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DroppedSet {
    /// Instruction set.
    pub set: InstructionSet,
    /// Operation with the wrong result.
    pub wrong: &'static str,
}

impl fmt::Display for DroppedSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { set, wrong } = self;
        write!(
            f,
            "the instruction set {set} is not used: its {wrong} came out wrong when it was tried, \
             so this processor, or the virtual machine around it, may be faulty"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_set_is_told_all_names() {
        let Err(Error::UnknownName { expected, .. }) = "avx1024".parse::<InstructionSet>() else {
            panic!("there is no such set");
        };
        let names: Vec<_> = expected.split(", ").collect();
        assert_eq!(names, REGISTRY.map(|(name, _)| name));
        for (name, set) in REGISTRY {
            assert_eq!(name.parse::<InstructionSet>().unwrap(), set);
            assert_eq!(set.to_string(), name);
        }
    }

    #[test]
    fn the_available_sets_are_in_the_order_of_the_registry() {
        let available = InstructionSet::available();
        assert_eq!(available[0], InstructionSet::Portable);
        let places = available.iter().map(|set| *set as usize);
        assert!(places.is_sorted_by(|a, b| a < b));
        for (place, (_, set)) in REGISTRY.into_iter().enumerate() {
            assert_eq!(set as usize, place);
        }
    }
}
