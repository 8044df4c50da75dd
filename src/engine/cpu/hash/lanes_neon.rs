//! NEON: two lanes of 64 bits, eight lanes of 32 bits.
//!
//! BLAKE3 has two vectors per word: the steps of a round wait for one another, so one vector would
//! leave CPUs with four vector units half idle. Blake2b has one vector per word, so that the state
//! stays in registers: SHA3's instruction that rotates the exclusive or saves more than a second
//! vector would.

#![allow(unsafe_code)]

use std::arch::aarch64::*;

use super::lanes::{HashSet, Lanes, Rows, UNIT, Units};
use crate::engine::cpu::isa::{Neon, NeonSha3};

/// Lanes of 128 bits, with SHA3's instructions or without, and the proof of NEON.
#[derive(Clone, Copy)]
pub(crate) struct Lanes128<const SHA3: bool> {
    _proof: Neon,
}

impl HashSet for Neon {
    type Lanes = Lanes128<false>;

    #[inline(always)]
    fn lanes(self) -> Lanes128<false> {
        Lanes128 { _proof: self }
    }
}

impl HashSet for NeonSha3 {
    type Lanes = Lanes128<true>;

    #[inline(always)]
    fn lanes(self) -> Lanes128<true> {
        Lanes128 {
            _proof: self.into(),
        }
    }
}

/// Byte order that rotates each word of 64 bits right by 24 bits.
const ROTR_24_OF_64: [u8; 16] = [3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10];

/// Byte order that rotates each word of 64 bits right by 16 bits.
const ROTR_16_OF_64: [u8; 16] = [2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9];

/// Byte order that rotates each word of 32 bits right by 8 bits.
const ROTR_8_OF_32: [u8; 16] = [1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12];

/// Returns the bytes of the vector in another order.
///
/// # Safety
///
/// This CPU must have NEON.
#[inline(always)]
unsafe fn reorder(bytes: uint8x16_t, order: &[u8; 16]) -> uint8x16_t {
    // SAFETY: the caller guarantees NEON, and the reference is to 16 bytes.
    unsafe { vqtbl1q_u8(bytes, vld1q_u8(order.as_ptr())) }
}

/// Returns the exclusive or, rotated right.
///
/// A function with features of its own, as functions that are always inlined cannot have features
/// that their callers lack.
#[inline]
#[target_feature(enable = "neon,sha3")]
fn xor_rotr_sha3<const BITS: i32>(a: uint64x2_t, b: uint64x2_t) -> uint64x2_t {
    vxarq_u64::<BITS>(a, b)
}

impl<const SHA3: bool> Lanes<u64, 4> for Lanes128<SHA3> {
    type Vector = uint64x2_t;

    const LANES: usize = 2;

    #[inline(always)]
    fn splat(self, word: u64) -> uint64x2_t {
        // SAFETY: `self` proves NEON.
        unsafe { vdupq_n_u64(word) }
    }

    #[inline(always)]
    fn add(self, a: uint64x2_t, b: uint64x2_t) -> uint64x2_t {
        // SAFETY: `self` proves NEON.
        unsafe { vaddq_u64(a, b) }
    }

    #[inline(always)]
    fn xor(self, a: uint64x2_t, b: uint64x2_t) -> uint64x2_t {
        // SAFETY: `self` proves NEON.
        unsafe { veorq_u64(a, b) }
    }

    #[inline(always)]
    fn and(self, a: uint64x2_t, b: uint64x2_t) -> uint64x2_t {
        // SAFETY: `self` proves NEON.
        unsafe { vandq_u64(a, b) }
    }

    #[inline(always)]
    fn rotr<const BITS: i32>(self, a: uint64x2_t) -> uint64x2_t {
        // SAFETY: `self` proves NEON.
        unsafe {
            match BITS {
                32 => vreinterpretq_u64_u32(vrev64q_u32(vreinterpretq_u32_u64(a))),
                24 => vreinterpretq_u64_u8(reorder(vreinterpretq_u8_u64(a), &ROTR_24_OF_64)),
                16 => vreinterpretq_u64_u8(reorder(vreinterpretq_u8_u64(a), &ROTR_16_OF_64)),
                63 => vsriq_n_u64::<63>(vaddq_u64(a, a), a),
                _ => unreachable!("no rotation of Blake2b"),
            }
        }
    }

    #[inline(always)]
    fn xor_rotr<const BITS: i32>(self, a: uint64x2_t, b: uint64x2_t) -> uint64x2_t {
        if SHA3 {
            // SAFETY: only `NeonSha3::lanes` returns lanes with `SHA3`, so a `NeonSha3` proved
            // SHA3.
            unsafe { xor_rotr_sha3::<BITS>(a, b) }
        } else {
            let xor = Lanes::<u64, 4>::xor(self, a, b);
            Lanes::<u64, 4>::rotr::<BITS>(self, xor)
        }
    }

    #[inline(always)]
    unsafe fn load(self, rows: &Rows, at: usize) -> [uint64x2_t; 4] {
        // SAFETY: `self` proves NEON; the caller guarantees that 32 bytes at `at` of each
        // row are readable.
        unsafe {
            let half =
                |row: usize, at: usize| vreinterpretq_u64_u8(vld1q_u8(rows[row].wrapping_add(at)));
            let (left0, right0) = (half(0, at), half(0, at + 16));
            let (left1, right1) = (half(1, at), half(1, at + 16));
            [
                vzip1q_u64(left0, left1),
                vzip2q_u64(left0, left1),
                vzip1q_u64(right0, right1),
                vzip2q_u64(right0, right1),
            ]
        }
    }

    #[inline(always)]
    fn store(self, words: [uint64x2_t; 4], units: &mut Units) {
        let [w0, w1, w2, w3] = words;
        let [u0, u1, ..] = units;
        // SAFETY: `self` proves NEON.
        unsafe {
            let (left, right) = (vzip1q_u64(w0, w1), vzip1q_u64(w2, w3));
            store_unit(u0, vreinterpretq_u8_u64(left), vreinterpretq_u8_u64(right));
            let (left, right) = (vzip2q_u64(w0, w1), vzip2q_u64(w2, w3));
            store_unit(u1, vreinterpretq_u8_u64(left), vreinterpretq_u8_u64(right));
        }
    }
}

/// Stores both halves of a unit.
///
/// # Safety
///
/// This CPU must have NEON.
#[inline(always)]
unsafe fn store_unit(unit: &mut [u8; UNIT], left: uint8x16_t, right: uint8x16_t) {
    // SAFETY: the caller guarantees NEON, and the reference is to 32 bytes.
    unsafe {
        vst1q_u8(unit.as_mut_ptr(), left);
        vst1q_u8(unit.as_mut_ptr().add(16), right);
    }
}

/// Transposes 4 x 4 words of 32 bits.
///
/// # Safety
///
/// This CPU must have NEON.
#[inline(always)]
unsafe fn transpose(rows: [uint32x4_t; 4]) -> [uint32x4_t; 4] {
    let [r0, r1, r2, r3] = rows;
    // SAFETY: the caller guarantees NEON.
    unsafe {
        let even01 = vreinterpretq_u64_u32(vtrn1q_u32(r0, r1));
        let even23 = vreinterpretq_u64_u32(vtrn1q_u32(r2, r3));
        let odd01 = vreinterpretq_u64_u32(vtrn2q_u32(r0, r1));
        let odd23 = vreinterpretq_u64_u32(vtrn2q_u32(r2, r3));
        [
            vreinterpretq_u32_u64(vzip1q_u64(even01, even23)),
            vreinterpretq_u32_u64(vzip1q_u64(odd01, odd23)),
            vreinterpretq_u32_u64(vzip2q_u64(even01, even23)),
            vreinterpretq_u32_u64(vzip2q_u64(odd01, odd23)),
        ]
    }
}

impl<const SHA3: bool> Lanes<u32, 8> for Lanes128<SHA3> {
    type Vector = [uint32x4_t; 2];

    const LANES: usize = 8;

    #[inline(always)]
    fn splat(self, word: u32) -> [uint32x4_t; 2] {
        // SAFETY: `self` proves NEON.
        unsafe { [vdupq_n_u32(word); 2] }
    }

    #[inline(always)]
    fn add(self, a: [uint32x4_t; 2], b: [uint32x4_t; 2]) -> [uint32x4_t; 2] {
        // SAFETY: `self` proves NEON.
        unsafe { [vaddq_u32(a[0], b[0]), vaddq_u32(a[1], b[1])] }
    }

    #[inline(always)]
    fn xor(self, a: [uint32x4_t; 2], b: [uint32x4_t; 2]) -> [uint32x4_t; 2] {
        // SAFETY: `self` proves NEON.
        unsafe { [veorq_u32(a[0], b[0]), veorq_u32(a[1], b[1])] }
    }

    #[inline(always)]
    fn and(self, a: [uint32x4_t; 2], b: [uint32x4_t; 2]) -> [uint32x4_t; 2] {
        // SAFETY: `self` proves NEON.
        unsafe { [vandq_u32(a[0], b[0]), vandq_u32(a[1], b[1])] }
    }

    #[inline(always)]
    fn rotr<const BITS: i32>(self, a: [uint32x4_t; 2]) -> [uint32x4_t; 2] {
        let half = |a: uint32x4_t| {
            // SAFETY: `self` proves NEON.
            unsafe {
                match BITS {
                    16 => vreinterpretq_u32_u16(vrev32q_u16(vreinterpretq_u16_u32(a))),
                    12 => vsriq_n_u32::<12>(vshlq_n_u32::<20>(a), a),
                    8 => vreinterpretq_u32_u8(reorder(vreinterpretq_u8_u32(a), &ROTR_8_OF_32)),
                    7 => vsriq_n_u32::<7>(vshlq_n_u32::<25>(a), a),
                    _ => unreachable!("no rotation of BLAKE3"),
                }
            }
        };
        [half(a[0]), half(a[1])]
    }

    #[inline(always)]
    unsafe fn load(self, rows: &Rows, at: usize) -> [[uint32x4_t; 2]; 8] {
        // SAFETY: `self` proves NEON; the caller guarantees that 32 bytes at `at` of each
        // row are readable.
        unsafe {
            let row =
                |row: usize, at: usize| vreinterpretq_u32_u8(vld1q_u8(rows[row].wrapping_add(at)));
            let four = |first: usize, at: usize| {
                transpose([
                    row(first, at),
                    row(first + 1, at),
                    row(first + 2, at),
                    row(first + 3, at),
                ])
            };
            let ([a0, a1, a2, a3], [a4, a5, a6, a7]) = (four(0, at), four(0, at + 16));
            let ([b0, b1, b2, b3], [b4, b5, b6, b7]) = (four(4, at), four(4, at + 16));
            [
                [a0, b0],
                [a1, b1],
                [a2, b2],
                [a3, b3],
                [a4, b4],
                [a5, b5],
                [a6, b6],
                [a7, b7],
            ]
        }
    }

    #[inline(always)]
    fn store(self, words: [[uint32x4_t; 2]; 8], units: &mut Units) {
        let [w0, w1, w2, w3, w4, w5, w6, w7] = words;
        for (i, four) in units.as_chunks_mut::<4>().0[..2].iter_mut().enumerate() {
            // SAFETY: `self` proves NEON.
            unsafe {
                let left = transpose([w0[i], w1[i], w2[i], w3[i]]);
                let right = transpose([w4[i], w5[i], w6[i], w7[i]]);
                for (unit, (left, right)) in four.iter_mut().zip(left.into_iter().zip(right)) {
                    store_unit(
                        unit,
                        vreinterpretq_u8_u32(left),
                        vreinterpretq_u8_u32(right),
                    );
                }
            }
        }
    }
}
