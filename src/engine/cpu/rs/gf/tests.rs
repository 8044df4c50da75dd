//! Products of every instruction set against the logarithms of `reed-solomon-simd`.

use reed_solomon_simd::engine::tables::get_exp_log;

use super::vector::Simd;
use super::*;
use crate::code::{Matrix16, from_tensor, full_factor, subfield_factor, to_tensor};
use crate::engine::cpu::dispatch::{Kernel, TargetFeatures};
use crate::engine::cpu::symbol_chunks::Chunk;
use crate::engine::testing::kernel_inputs::Random;

/// Number of elements in a chunk.
const ELEMENTS: usize = 32;

/// Returns the product of two labels by the tables of `reed-solomon-simd`.
fn product(a: u16, b: u16) -> u16 {
    if a == 0 || b == 0 {
        return 0;
    }
    let tables = get_exp_log();
    let log = |label: u16| u32::from(tables.log[usize::from(label)]);
    tables.exp[((log(a) + log(b)) % 65_535) as usize]
}

fn chunks_of(labels: &[u16]) -> Vec<Chunk> {
    let chunk = |labels: &[u16]| {
        let mut chunk = [0; 64];
        for (i, label) in labels.iter().enumerate() {
            [chunk[i], chunk[ELEMENTS + i]] = label.to_le_bytes();
        }
        chunk
    };
    labels.chunks_exact(ELEMENTS).map(chunk).collect()
}

/// Returns all labels times a constant.
fn expected(constant: u16, labels: &[u16]) -> Vec<Chunk> {
    let products: Vec<_> = labels.iter().map(|&x| product(x, constant)).collect();
    chunks_of(&products)
}

/// Kernel that maps labels to the tensor basis, multiplies them by a factor, and maps them back.
struct Multiply<'a> {
    factor: Factor<'a>,
    input: &'a [Chunk],
    output: &'a mut [Chunk],
}

#[derive(Clone, Copy)]
enum Factor<'a> {
    Full(&'a Matrix16),
    Subfield(u64),
}

impl<S: Simd> Kernel<S> for Multiply<'_> {
    #[inline(always)]
    fn run(self, simd: S) {
        let (load, store) = (S::map_table(&to_tensor()), S::map_table(&from_tensor()));
        let (load, store) = (simd.map(&load), simd.map(&store));
        let pass = |x: &Chunk| simd.apply(simd.load(x), load);
        match self.factor {
            Factor::Full(matrix) => {
                let table = S::map_table(matrix);
                let map = simd.map(&table);
                for (x, out) in self.input.iter().zip(self.output) {
                    simd.store(simd.apply(simd.apply(pass(x), map), store), out);
                }
            }
            Factor::Subfield(matrix) => {
                let table = S::subfield_table(matrix);
                let factor = simd.subfield(&table);
                for (x, out) in self.input.iter().zip(self.output) {
                    simd.store(simd.apply(simd.scale(pass(x), factor), store), out);
                }
            }
        }
    }
}

/// Returns the instruction sets with kernels that this CPU has.
fn kernels() -> Vec<Isa> {
    let available = Isa::available().into_iter();
    available.filter(|&isa| has_kernels(isa)).collect()
}

/// Checks the constant times all labels, by every instruction set.
fn check(constant: u16, input: &[Chunk], expected: &[Chunk], output: &mut [Chunk]) {
    let matrix = full_factor(constant);
    let low = u8::try_from(constant).ok();
    let subfield = low.map(|label| Factor::Subfield(subfield_factor(label)));
    for isa in kernels() {
        for factor in [Some(Factor::Full(&matrix)), subfield]
            .into_iter()
            .flatten()
        {
            let kernel = Multiply {
                factor,
                input,
                output: &mut *output,
            };
            with_vectors!(isa, set => set.run(kernel));
            assert!(*output == *expected, "times {constant} by {isa:?}");
        }
    }
}

/// Returns labels of single bits, bytes and nibbles of ones, and random labels.
fn some_labels(random: &mut Random) -> Vec<u16> {
    let mut labels: Vec<u16> = (0..16).map(|bit| 1 << bit).collect();
    labels.extend([
        0, 0xffff, 0xff, 0xff00, 0xf, 0xf0, 0xf00, 0xf000, 0xaaaa, 0x5555,
    ]);
    labels.extend((0..38).map(|_| random.next() as u16));
    labels
}

#[test]
fn every_constant_times_some_labels() {
    let labels = some_labels(&mut Random(51));
    let input = chunks_of(&labels);
    let mut output = input.clone();
    for constant in 0..=u16::MAX {
        check(constant, &input, &expected(constant, &labels), &mut output);
    }
}

/// Constants below 256 are the subfield.
#[test]
fn every_label_times_some_constants() {
    let labels: Vec<_> = (0..=u16::MAX).collect();
    let input = chunks_of(&labels);
    let mut output = input.clone();
    for constant in (0..=255).chain(some_labels(&mut Random(52))) {
        check(constant, &input, &expected(constant, &labels), &mut output);
    }
}

#[test]
#[ignore = "minutes: make exhaustive"]
fn exhaustive_products() {
    let labels: Vec<_> = (0..=u16::MAX).collect();
    let input = chunks_of(&labels);
    let threads = std::thread::available_parallelism().unwrap().get();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (labels, input) = (&labels, &input);
            scope.spawn(move || {
                let mut output = input.clone();
                for constant in (0..=u16::MAX).skip(thread).step_by(threads) {
                    check(constant, input, &expected(constant, labels), &mut output);
                }
            });
        }
    });
    println!("2^32 products, each by {:?}", kernels());
}
