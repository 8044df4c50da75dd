//! The states of hashes that are not done: between steps, and between stripes.

#![allow(unsafe_code)]

use super::lanes::{MAX_LANES, Rows, UNIT, Units};
use crate::support::memory::ensure_capacity;

/// A state of words alone.
///
/// # Safety
///
/// Any bytes must be one.
pub(crate) unsafe trait StateWords: Copy {}

/// The states of a thread's symbols between two steps: as they are in registers, a group each.
#[derive(Default)]
pub(crate) struct LaneStates {
    room: Vec<Room>,
}

/// Room for vectors.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Room(#[allow(dead_code, reason = "read and written as states")] [u8; 64]);

impl LaneStates {
    /// How many pieces of room a state takes.
    const fn rooms<A>() -> usize {
        assert!(align_of::<A>() <= align_of::<Room>());
        size_of::<A>().div_ceil(size_of::<Room>())
    }

    /// Makes room for the states of so many groups.
    pub(crate) fn fit<A: StateWords>(&mut self, groups: usize) {
        let rooms = groups * Self::rooms::<A>();
        if self.room.len() < rooms {
            self.room.clear();
            ensure_capacity(&mut self.room, rooms);
            self.room.resize(rooms, Room([0; 64]));
        }
    }

    /// Keeps the state of a group, for which there is room.
    #[inline(always)]
    pub(crate) fn put<A: StateWords>(&mut self, group: usize, state: A) {
        let rooms = const { Self::rooms::<A>() };
        let place: *mut Room = &raw mut self.room[group * rooms..(group + 1) * rooms][0];
        // SAFETY: the slice has room for the state, aligned as it must be.
        unsafe { place.cast::<A>().write(state) };
    }

    /// The state of a group.
    ///
    /// It is one that was put for this group, with this type: or else of unspecified value.
    #[inline(always)]
    pub(crate) fn get<A: StateWords>(&self, group: usize) -> A {
        let rooms = const { Self::rooms::<A>() };
        let place: *const Room = &raw const self.room[group * rooms..(group + 1) * rooms][0];
        // SAFETY: the slice has as many bytes as a state, aligned as it must be, and a state may
        // have any.
        unsafe { place.cast::<A>().read() }
    }

    /// The bytes that the states of so many groups take.
    pub(crate) const fn memory<A>(groups: usize) -> usize {
        groups * Self::rooms::<A>() * size_of::<Room>()
    }
}

/// The states of some symbols between two stripes, where a step begins or ends a stripe.
///
/// They mean the same to all instruction sets: the words in little-endian order, and then the last
/// byte of the stripe, which no block has taken yet.
pub(crate) struct StripeStates<'a> {
    /// A state each, one after another; empty if the symbols are one stripe.
    pub(crate) bytes: &'a mut [u8],
    /// The bytes of a state.
    pub(crate) len: usize,
    /// Whether a stripe begins with this step, that is not the first.
    pub(crate) begins: bool,
    /// Whether a stripe ends with this step, that is not the last.
    pub(crate) ends: bool,
}

impl StripeStates<'_> {
    /// None: the symbols are one stripe.
    pub(crate) fn none() -> Self {
        Self {
            bytes: &mut [],
            len: 0,
            begins: false,
            ends: false,
        }
    }

    /// Where the states of a group's symbols are.
    #[inline(always)]
    pub(crate) fn rows(&self, symbols: &[usize; MAX_LANES], lanes: usize) -> Rows {
        let mut rows: Rows = [std::ptr::null(); MAX_LANES];
        for (row, symbol) in rows[..lanes].iter_mut().zip(symbols) {
            *row = self.bytes[symbol * self.len..][..self.len].as_ptr();
        }
        rows
    }

    /// The byte of a symbol that waits for its block.
    #[inline(always)]
    pub(crate) fn last(&self, symbol: usize) -> u8 {
        self.bytes[(symbol + 1) * self.len - 1]
    }

    /// Calls `save` with the states of a group's symbols, after writing their last bytes.
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
            // Symbols ascend.
            let start = symbol * self.len;
            let (one, behind) = std::mem::take(&mut rest)[start - taken..].split_at_mut(self.len);
            (rest, taken) = (behind, start + self.len);
            one[self.len - 1] = last(symbol);
            *state = one;
        }
        save(&mut states[..symbols.len()]);
    }
}

/// Writes 32 bytes of each lane's state.
#[inline(always)]
pub(crate) fn put(states: &mut [&mut [u8]], unit: usize, units: &Units) {
    for (state, unit_bytes) in states.iter_mut().zip(units) {
        state[unit * UNIT..][..UNIT].copy_from_slice(unit_bytes);
    }
}
