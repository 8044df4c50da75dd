//! Hash states between steps and between stripes.

#![allow(unsafe_code)]

use super::lanes::{MAX_LANES, Rows, UNIT, Units};
use crate::support::memory::ensure_capacity;

/// A hash state that consists of words alone.
///
/// # Safety
///
/// Any bytes must be a valid value of the type.
pub(crate) unsafe trait StateWords: Copy {}

/// States of a thread's symbols between two steps, in the format of the registers: one state per
/// group.
#[derive(Default)]
pub(crate) struct LaneStates {
    blocks: Vec<StateBlock>,
}

/// Memory for states, aligned for vectors.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct StateBlock(#[allow(dead_code, reason = "read and written as states")] [u8; 64]);

impl LaneStates {
    /// Returns the number of blocks that a state takes.
    const fn blocks_of<A>() -> usize {
        assert!(align_of::<A>() <= align_of::<StateBlock>());
        size_of::<A>().div_ceil(size_of::<StateBlock>())
    }

    /// Grows the memory for the states of this number of groups.
    pub(crate) fn fit<A: StateWords>(&mut self, groups: usize) {
        let blocks = groups * Self::blocks_of::<A>();
        if self.blocks.len() < blocks {
            self.blocks.clear();
            ensure_capacity(&mut self.blocks, blocks);
            self.blocks.resize(blocks, StateBlock([0; 64]));
        }
    }

    /// Stores the state of a group.
    ///
    /// # Panics
    ///
    /// If `fit` did not grow the memory for the group.
    #[inline(always)]
    pub(crate) fn put<A: StateWords>(&mut self, group: usize, state: A) {
        let blocks = const { Self::blocks_of::<A>() };
        let place: *mut StateBlock = &raw mut self.blocks[group * blocks..(group + 1) * blocks][0];
        // SAFETY: the slice has the bytes of a state, and `blocks_of` asserts its alignment.
        unsafe { place.cast::<A>().write(state) };
    }

    /// Returns the state of a group. The value is unspecified unless `put` stored a state of this
    /// type for the group.
    #[inline(always)]
    pub(crate) fn get<A: StateWords>(&self, group: usize) -> A {
        let blocks = const { Self::blocks_of::<A>() };
        let place: *const StateBlock =
            &raw const self.blocks[group * blocks..(group + 1) * blocks][0];
        // SAFETY: the slice has the bytes of a state, `blocks_of` asserts its alignment, and
        // `StateWords` guarantees that any bytes are a valid state.
        unsafe { place.cast::<A>().read() }
    }

    /// Returns the bytes of the states of this number of groups.
    pub(crate) const fn memory<A>(groups: usize) -> usize {
        groups * Self::blocks_of::<A>() * size_of::<StateBlock>()
    }
}

/// States of symbols between two stripes.
///
/// All instruction sets share the format: the words in little-endian order, and then the last byte
/// of the stripe, which no block has absorbed yet.
pub(crate) struct StripeStates<'a> {
    /// One state per symbol, one after another. Empty if the symbols are one stripe.
    pub(crate) bytes: &'a mut [u8],
    /// Bytes of a state.
    pub(crate) len: usize,
    /// True if a stripe other than the first begins with this step.
    pub(crate) begins: bool,
    /// True if a stripe other than the last ends with this step.
    pub(crate) ends: bool,
}

impl StripeStates<'_> {
    /// Returns no states, for symbols that are one stripe.
    pub(crate) fn none() -> Self {
        Self {
            bytes: &mut [],
            len: 0,
            begins: false,
            ends: false,
        }
    }

    /// Returns pointers to the states of a group's symbols.
    #[inline(always)]
    pub(crate) fn rows(&self, symbols: &[usize; MAX_LANES], lanes: usize) -> Rows {
        let mut rows: Rows = [std::ptr::null(); MAX_LANES];
        for (row, symbol) in rows[..lanes].iter_mut().zip(symbols) {
            *row = self.bytes[symbol * self.len..][..self.len].as_ptr();
        }
        rows
    }

    /// Returns the byte of a symbol that no block has absorbed yet.
    #[inline(always)]
    pub(crate) fn last(&self, symbol: usize) -> u8 {
        self.bytes[(symbol + 1) * self.len - 1]
    }

    /// Writes the last bytes of the states of a group's symbols, and passes the states to `save`.
    #[inline(always)]
    pub(crate) fn with(
        &mut self,
        symbols: &[usize],
        last: impl Fn(usize) -> u8,
        save: impl FnOnce(&mut [&mut [u8]]),
    ) {
        let mut rest = &mut *self.bytes;
        let mut taken = 0;
        let mut states: [&mut [u8]; MAX_LANES] = Default::default();
        for (state, &symbol) in states.iter_mut().zip(symbols) {
            // Symbols are in ascending order.
            let start = symbol * self.len;
            let (one, behind) = std::mem::take(&mut rest)[start - taken..].split_at_mut(self.len);
            (rest, taken) = (behind, start + self.len);
            one[self.len - 1] = last(symbol);
            *state = one;
        }
        save(&mut states[..symbols.len()]);
    }
}

/// Writes unit `unit` of each lane's state.
#[inline(always)]
pub(crate) fn put(states: &mut [&mut [u8]], unit: usize, units: &Units) {
    for (state, unit_bytes) in states.iter_mut().zip(units) {
        state[unit * UNIT..][..UNIT].copy_from_slice(unit_bytes);
    }
}
