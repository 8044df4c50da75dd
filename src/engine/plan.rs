//! How wide a stripe can be within a memory limit.

use std::ops::Range;

use crate::format::error::{Error, Result};

/// Unit of stripes in bytes: every stripe begins at a multiple of it. It is the least common multiple of a
/// chunk of the code (64 bytes) and a hash block (64 or 128 bytes), so that between stripes exactly one
/// byte per symbol, the one that the leaf prefix displaces, waits for its hash block.
pub(crate) const STRIPE_UNIT: u32 = 128;

/// The width of stripes in bytes: the whole symbol if that fits `budget`, else the widest that does,
/// with the stripes about equal. `memory` tells the bytes that a width takes; it grows with the width.
///
/// # Errors
///
/// [`Error::MemoryBudget`] if not even the narrowest stripe fits.
pub(crate) fn stripe_width(
    symbol_size: u32,
    budget: u64,
    memory: impl Fn(u32) -> u64,
) -> Result<u32> {
    if memory(symbol_size) <= budget {
        return Ok(symbol_size);
    }
    let narrowest = memory(STRIPE_UNIT.min(symbol_size));
    if narrowest > budget {
        // A short symbol may take less whole, without states, than in two stripes with them.
        let needed = narrowest.min(memory(symbol_size));
        return Err(Error::MemoryBudget { needed, budget });
    }
    let (mut fits, mut too_wide) = (1, symbol_size.div_ceil(STRIPE_UNIT));
    while too_wide - fits > 1 {
        let middle = fits + (too_wide - fits) / 2;
        if memory(middle * STRIPE_UNIT) <= budget {
            fits = middle;
        } else {
            too_wide = middle;
        }
    }
    let stripes = symbol_size.div_ceil(fits * STRIPE_UNIT);
    Ok(symbol_size
        .div_ceil(stripes)
        .next_multiple_of(STRIPE_UNIT)
        .min(fits * STRIPE_UNIT))
}

/// The byte ranges of a symbol from `next` on, `width` bytes each.
pub(crate) fn stripes(symbol_size: u32, next: u32, width: u32) -> impl Iterator<Item = Range<u32>> {
    let starts = (next..symbol_size).step_by(width as usize);
    starts.map(move |start| start..symbol_size.min(start.saturating_add(width)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_width_fits_and_is_a_multiple_of_the_unit() {
        for symbol_size in [2, 64, 126, 128, 130, 1022, 1024, 4820, 65534] {
            for budget in [1000, 1128, 2000, 10_000, 100_000] {
                let memory = |width: u32| 1000 + u64::from(width);
                match stripe_width(symbol_size, budget, memory) {
                    Ok(width) => {
                        assert!(memory(width) <= budget);
                        assert!(width == symbol_size || width.is_multiple_of(STRIPE_UNIT));
                        assert!(width <= symbol_size);
                    }
                    Err(Error::MemoryBudget { needed, .. }) => {
                        assert_eq!(needed, memory(symbol_size.min(STRIPE_UNIT)));
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }

    #[test]
    fn stripes_are_about_equal() {
        // 1,100 bytes fit at most: two stripes, and not one of 1,024 bytes and one of 26.
        let width = stripe_width(
            1050,
            1100,
            |width| if width == 1050 { 2000 } else { width.into() },
        );
        assert_eq!(width.unwrap(), 640);
    }
}
