//! Vectors of words, one message per lane: the operations of an instruction set that the hash
//! functions use.

#![allow(unsafe_code)]

use crate::engine::cpu::dispatch::TargetFeatures;
use crate::format::commitment::Digest;

/// Most lanes of any implementation.
pub(crate) const MAX_LANES: usize = 16;

/// Pointers to the bytes of each lane. Pointers past the implementation's lanes are not used.
pub(crate) type Rows = [*const u8; MAX_LANES];

/// 32 bytes of each lane.
pub(crate) type Units = [[u8; UNIT]; MAX_LANES];

/// Bytes per lane that are loaded and stored at a time: half a BLAKE3 block, a quarter of a Blake2b
/// block, a digest.
pub(crate) const UNIT: usize = size_of::<Digest>();

/// Vectors of words of type `W`. `N` words are 32 bytes.
///
/// Implementing types prove that this CPU has the instructions, so arithmetic is safe.
pub(crate) trait Lanes<W, const N: usize>: Copy {
    /// One word per lane.
    type Vector: Copy;

    /// Number of words in a vector.
    const LANES: usize;

    /// Returns the word in every lane.
    fn splat(self, word: W) -> Self::Vector;

    /// Returns the sum, modulo the word size.
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// Returns the exclusive or.
    fn xor(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// Returns the bitwise and.
    fn and(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// Rotates right by `BITS`, a rotation of the hash function with this word size.
    fn rotr<const BITS: i32>(self, a: Self::Vector) -> Self::Vector;

    /// Returns the exclusive or, rotated right by `BITS`.
    #[inline(always)]
    fn xor_rotr<const BITS: i32>(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        self.rotr::<BITS>(self.xor(a, b))
    }

    /// Loads 32 bytes from each row, `at` bytes after its start. Vector `i` holds little-endian
    /// word `i` of every row.
    ///
    /// # Safety
    ///
    /// These bytes of the first `LANES` rows must be readable.
    unsafe fn load(self, rows: &Rows, at: usize) -> [Self::Vector; N];

    /// Stores 32 bytes per lane. Units past the lanes are unchanged.
    fn store(self, words: [Self::Vector; N], units: &mut Units);
}

/// Lanes for both hash functions: 64-bit words for Blake2b, 32-bit words for BLAKE3.
pub(crate) trait HashLanes: Lanes<u64, 4> + Lanes<u32, 8> {}

impl<L: Lanes<u64, 4> + Lanes<u32, 8>> HashLanes for L {}

/// An instruction set with kernels of the hashes.
pub(crate) trait HashSet: TargetFeatures {
    /// Lanes in the registers of the set.
    type Lanes: HashLanes;

    /// Returns the lanes. Implementations are `#[inline(always)]`.
    fn lanes(self) -> Self::Lanes;
}

/// Computes a round: mixes the columns and then the diagonals of the 4 x 4 state.
///
/// Blake2b and BLAKE3 differ only in the rotations and in the order of message words.
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

/// Mixes two message words into each column. The state words of column `i` are at `a[i]`, `b[i]`,
/// `c[i]` and `d[i]`.
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
    // Columns do not depend on one another, so each step covers all columns. The state stays in
    // registers only if a loop is unrolled, which compilers do not always do.
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
