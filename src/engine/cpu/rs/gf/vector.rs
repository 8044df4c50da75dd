//! What the transforms need of an instruction set.

use crate::code::{Matrix, Matrix16};
use crate::engine::cpu::symbol_chunks::Chunk;

/// An instruction set. A value is the proof that the processor has it; every method but `run` must
/// be inlined into a function that is compiled for it.
pub(crate) trait Simd: Copy + Send + Sync + 'static {
    /// A subfield factor in memory.
    type SubfieldTable: Copy + Send + Sync + 'static;
    /// A linear map of elements in memory.
    type MapTable: Copy + Send + Sync + 'static;
    /// 32 elements in registers.
    type Elements: Copy;
    /// A subfield factor in registers.
    type Subfield: Copy;
    /// A linear map of elements in registers.
    type Map: Copy;

    /// The factor with this matrix, as it is kept.
    fn subfield_table(matrix: Matrix) -> Self::SubfieldTable;
    /// The map with this matrix, as it is kept.
    fn map_table(matrix: &Matrix16) -> Self::MapTable;

    /// Runs the job, compiled for this instruction set.
    fn run(self, job: impl Job<Self>);

    fn load(self, chunk: &Chunk) -> Self::Elements;
    fn store(self, elements: Self::Elements, chunk: &mut Chunk);
    /// As `store`, past the caches.
    ///
    /// # Safety
    ///
    /// The chunk begins at a multiple of its length.
    unsafe fn stream(self, elements: Self::Elements, chunk: &mut Chunk) {
        self.store(elements, chunk);
    }
    fn xor(self, a: Self::Elements, b: Self::Elements) -> Self::Elements;
    fn subfield(self, table: &Self::SubfieldTable) -> Self::Subfield;
    fn map(self, table: &Self::MapTable) -> Self::Map;
    /// Both bytes of every element times the factor.
    fn scale(self, x: Self::Elements, factor: Self::Subfield) -> Self::Elements;
    /// Every element through the map.
    fn apply(self, x: Self::Elements, map: Self::Map) -> Self::Elements;
}

/// Eight symbols at equal distances.
pub(crate) type Eight<S> = [<S as Simd>::Elements; 8];

/// What is compiled for an instruction set as a whole.
pub(crate) trait Job<S: Simd> {
    /// Does it. Implementations are `#[inline(always)]`, into the function that has the features.
    fn run(self, simd: S);
}

/// A butterfly's factor: zero, of the subfield, or any.
pub(crate) trait Factor<S: Simd>: Copy {
    /// `x + y * factor`.
    fn add_scaled(self, simd: S, x: S::Elements, y: S::Elements) -> S::Elements;
}

#[derive(Clone, Copy)]
pub(crate) struct Zero;

impl<S: Simd> Factor<S> for Zero {
    #[inline(always)]
    fn add_scaled(self, _simd: S, x: S::Elements, _y: S::Elements) -> S::Elements {
        x
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Subfield<T>(pub(crate) T);

impl<S: Simd> Factor<S> for Subfield<S::Subfield> {
    #[inline(always)]
    fn add_scaled(self, simd: S, x: S::Elements, y: S::Elements) -> S::Elements {
        simd.xor(x, simd.scale(y, self.0))
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Full<T>(pub(crate) T);

impl<S: Simd> Factor<S> for Full<S::Map> {
    #[inline(always)]
    fn add_scaled(self, simd: S, x: S::Elements, y: S::Elements) -> S::Elements {
        simd.xor(x, simd.apply(y, self.0))
    }
}
