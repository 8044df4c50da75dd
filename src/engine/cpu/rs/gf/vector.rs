//! Vectors of an instruction set, as the transforms use them.

use crate::code::{Matrix, Matrix16};
use crate::engine::cpu::dispatch::TargetFeatures;
use crate::engine::cpu::symbol_chunks::Chunk;

/// An instruction set with vectors for the code. Methods are `#[inline(always)]` into kernels,
/// which are compiled with the set's features.
pub(crate) trait Simd: TargetFeatures {
    /// An element of the subfield as a factor, in memory.
    type SubfieldTable: Copy + Send + Sync + 'static;
    /// A linear map of elements in memory.
    type MapTable: Copy + Send + Sync + 'static;
    /// 32 elements in registers.
    type Elements: Copy;
    /// An element of the subfield as a factor, in registers.
    type Subfield: Copy;
    /// A linear map of elements in registers.
    type Map: Copy;

    /// Returns the factor with this matrix, in the format of the memory.
    fn subfield_table(matrix: Matrix) -> Self::SubfieldTable;
    /// Returns the map with this matrix, in the format of the memory.
    fn map_table(matrix: &Matrix16) -> Self::MapTable;

    /// Loads a chunk.
    fn load(self, chunk: &Chunk) -> Self::Elements;
    /// Stores a chunk.
    fn store(self, elements: Self::Elements, chunk: &mut Chunk);
    /// As `store`, but past the caches.
    ///
    /// # Safety
    ///
    /// The chunk must begin at a multiple of its length.
    unsafe fn stream(self, elements: Self::Elements, chunk: &mut Chunk) {
        self.store(elements, chunk);
    }
    /// Returns the sum in the field.
    fn xor(self, a: Self::Elements, b: Self::Elements) -> Self::Elements;
    /// Loads a factor of the subfield.
    fn subfield(self, table: &Self::SubfieldTable) -> Self::Subfield;
    /// Loads a map.
    fn map(self, table: &Self::MapTable) -> Self::Map;
    /// Multiplies every element by the factor.
    fn scale(self, x: Self::Elements, factor: Self::Subfield) -> Self::Elements;
    /// Maps every element.
    fn apply(self, x: Self::Elements, map: Self::Map) -> Self::Elements;
}

/// Eight symbols at equal distances.
pub(crate) type Eight<S> = [<S as Simd>::Elements; 8];

/// A twiddle: zero, an element of the subfield, or any element.
pub(crate) trait Twiddle<S: Simd>: Copy {
    /// Returns `x + y * twiddle`.
    fn add_scaled(self, simd: S, x: S::Elements, y: S::Elements) -> S::Elements;
}

/// The twiddle zero.
#[derive(Clone, Copy)]
pub(crate) struct Zero;

impl<S: Simd> Twiddle<S> for Zero {
    #[inline(always)]
    fn add_scaled(self, _simd: S, x: S::Elements, _y: S::Elements) -> S::Elements {
        x
    }
}

/// A twiddle that is an element of the subfield.
#[derive(Clone, Copy)]
pub(crate) struct Subfield<T>(pub(crate) T);

impl<S: Simd> Twiddle<S> for Subfield<S::Subfield> {
    #[inline(always)]
    fn add_scaled(self, simd: S, x: S::Elements, y: S::Elements) -> S::Elements {
        simd.xor(x, simd.scale(y, self.0))
    }
}

/// A twiddle that is any element of the field.
#[derive(Clone, Copy)]
pub(crate) struct Full<T>(pub(crate) T);

impl<S: Simd> Twiddle<S> for Full<S::Map> {
    #[inline(always)]
    fn add_scaled(self, simd: S, x: S::Elements, y: S::Elements) -> S::Elements {
        simd.xor(x, simd.apply(y, self.0))
    }
}
