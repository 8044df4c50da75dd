//! Vectors of words, one message a lane: what the hash functions need of an instruction set.

#![allow(unsafe_code)]

use crate::format::commitment::Digest;

/// The most lanes of any implementation.
pub(crate) const MAX_LANES: usize = 16;

/// Where each lane's bytes are. Those past the implementation's lanes are not looked at.
pub(crate) type Rows = [*const u8; MAX_LANES];

/// Each lane's 32 bytes.
pub(crate) type Units = [[u8; UNIT]; MAX_LANES];

/// What is loaded and stored at a time, in bytes: half a BLAKE3 block, a quarter of a Blake2b
/// block, a digest.
pub(crate) const UNIT: usize = size_of::<Digest>();

/// Vectors of words of type `W`, of which `N` make 32 bytes.
///
/// The implementing types are proofs that the CPU has the instructions: so the arithmetic is safe.
pub(crate) trait Lanes<W, const N: usize>: Copy {
    /// One word a lane.
    type Vector: Copy;

    /// The words in a vector.
    const LANES: usize;

    /// The word in every lane.
    fn splat(self, word: W) -> Self::Vector;

    /// The sum, modulo the word.
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// The exclusive or.
    fn xor(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// The bitwise and.
    fn and(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// Rotated right by `BITS`, which is one of the rotations of the hash of this word size.
    fn rotr<const BITS: i32>(self, a: Self::Vector) -> Self::Vector;

    /// The exclusive or, rotated likewise.
    #[inline(always)]
    fn xor_rotr<const BITS: i32>(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        self.rotr::<BITS>(self.xor(a, b))
    }

    /// Loads 32 bytes from each row, `at` bytes after its start: vector i holds the rows'
    /// little-endian words i.
    ///
    /// # Safety
    ///
    /// Those bytes of the first `LANES` rows must be readable.
    unsafe fn load(self, rows: &Rows, at: usize) -> [Self::Vector; N];

    /// The reverse of `load`. Units past the lanes are left alone.
    fn store(self, words: [Self::Vector; N], units: &mut Units);
}

/// Lanes for both hash functions: 64-bit words for Blake2b, 32-bit words for BLAKE3.
pub(crate) trait Simd: Lanes<u64, 4> + Lanes<u32, 8> {}

impl<S: Lanes<u64, 4> + Lanes<u32, 8>> Simd for S {}

/// What is written once and compiled for every instruction set.
pub(crate) trait Job {
    /// Does it. Implementations are `#[inline(always)]`, into the function that has the features.
    fn run<S: Simd>(self, simd: S);
}

/// Asks for the cache line at an address, which may be any: it is read from memory, if there is one,
/// while the work goes on.
#[inline(always)]
pub(crate) fn prefetch(at: *const u8) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the instruction is a hint without faults, on every CPU of this target.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// A round: mixes the columns and then the diagonals of the 4 x 4 state.
///
/// Blake2b and BLAKE3 have it in common, but for the rotations and the order of message words.
#[inline(always)]
pub(crate) fn round<
    W,
    const N: usize,
    L: Lanes<W, N>,
    const R0: i32,
    const R1: i32,
    const R2: i32,
    const R3: i32,
>(
    lanes: L,
    v: &mut [L::Vector; 16],
    m: &[L::Vector; 16],
    order: &[usize; 16],
) {
    let m = |i: usize| m[order[i]];
    half_round::<W, N, L, R0, R1, R2, R3>(
        lanes,
        v,
        [m(0), m(2), m(4), m(6)],
        [m(1), m(3), m(5), m(7)],
        [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [12, 13, 14, 15]],
    );
    half_round::<W, N, L, R0, R1, R2, R3>(
        lanes,
        v,
        [m(8), m(10), m(12), m(14)],
        [m(9), m(11), m(13), m(15)],
        [[0, 1, 2, 3], [5, 6, 7, 4], [10, 11, 8, 9], [15, 12, 13, 14]],
    );
}

/// Mixes two message words into each column, whose state words are at `a[i]`, `b[i]`, `c[i]` and
/// `d[i]`.
#[inline(always)]
fn half_round<
    W,
    const N: usize,
    L: Lanes<W, N>,
    const R0: i32,
    const R1: i32,
    const R2: i32,
    const R3: i32,
>(
    lanes: L,
    v: &mut [L::Vector; 16],
    x: [L::Vector; 4],
    y: [L::Vector; 4],
    [a, b, c, d]: [[usize; 4]; 4],
) {
    // Step by step over the columns, which do not depend on one another. A loop would have to be
    // unrolled before the state can stay in registers, and compilers do not always do that.
    macro_rules! columns {
        ($i:ident => $at:expr, $value:expr) => {
            columns!(0, 1, 2, 3; $i => $at, $value)
        };
        ($($column:literal),*; $i:ident => $at:expr, $value:expr) => {
            $({
                const $i: usize = $column;
                v[$at] = $value;
            })*
        };
    }
    columns!(I => a[I], lanes.add(lanes.add(v[a[I]], x[I]), v[b[I]]));
    columns!(I => d[I], lanes.xor_rotr::<R0>(v[d[I]], v[a[I]]));
    columns!(I => c[I], lanes.add(v[c[I]], v[d[I]]));
    columns!(I => b[I], lanes.xor_rotr::<R1>(v[b[I]], v[c[I]]));
    columns!(I => a[I], lanes.add(lanes.add(v[a[I]], y[I]), v[b[I]]));
    columns!(I => d[I], lanes.xor_rotr::<R2>(v[d[I]], v[a[I]]));
    columns!(I => c[I], lanes.add(v[c[I]], v[d[I]]));
    columns!(I => b[I], lanes.xor_rotr::<R3>(v[b[I]], v[c[I]]));
}
