//! Comparison of every entry point with its twin, on any device.

mod code_shaders;

use std::ops::RangeInclusive;

use super::combine::combine;
use super::leaves_blake2b::leaves_blake2b;
use super::leaves_blake3::leaves_blake3;
use super::nodes_blake2b::nodes_blake2b;
use super::nodes_blake3::nodes_blake3;
use super::sample_leaves::sample_leaves;
use super::sample_nodes::sample_nodes;
use super::word_buffers::words;
use crate::engine::gpu::GpuEngine;
use crate::engine::gpu::device::block_limits::BlockLimits;
use crate::engine::gpu::device::commands::Commands;
use crate::engine::gpu::device::open_device::Device;
use crate::engine::gpu::shader::bounds::Parameters;
use crate::engine::gpu::shader::modules::{HASH_THREADS, Shader, state_depth, state_words};
use crate::engine::gpu::shader::multipliers::{images, table};
use crate::engine::gpu::shader::parameters::{
    CombineParameters, LeavesParameters, NodesParameters, SampleLeavesParameters,
    SampleNodesParameters,
};
use crate::engine::gpu::shader::sampling::Sampling;
use crate::engine::gpu::tests::{options, required};
use crate::format::commitment::Commitment;

/// Generator of pseudo-random numbers (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn within(&mut self, range: RangeInclusive<u32>) -> u32 {
        let count = u64::from(range.end() - range.start() + 1);
        range.start() + (self.next() % count) as u32
    }

    fn words(&mut self, count: u32) -> Vec<u32> {
        (0..count).map(|_| self.next() as u32).collect()
    }
}

/// Layout of the items of codewords in a buffer: codeword by codeword, or item by item, with gaps.
#[derive(Clone, Copy, Debug)]
struct Spread {
    codeword: u32,
    item: u32,
    /// Words of the buffer: at least up to the end of the last item.
    all: u32,
}

impl Spread {
    /// Returns a layout whose items begin at whole vectors of four words.
    fn of_vectors(random: &mut Random, codewords: u32, items: u32, size: u32) -> Self {
        let vectors = Self::new(random, codewords, items, size / 4);
        Self {
            codeword: 4 * vectors.codeword,
            item: 4 * vectors.item,
            all: 4 * vectors.all,
        }
    }

    fn new(random: &mut Random, codewords: u32, items: u32, size: u32) -> Self {
        let pitch = size + random.within(0..=3);
        let gap = random.within(0..=5);
        if random.within(0..=1) == 0 {
            let codeword = items * pitch + gap;
            let all = codewords * codeword + 1;
            return Self {
                codeword,
                item: pitch,
                all,
            };
        }
        let item = codewords * pitch + gap;
        Self {
            codeword: pitch,
            item,
            all: items * item + 1,
        }
    }
}

/// Returns the words of each buffer that a run may access, by `bounds.rs`. Tests give shaders
/// inputs of just these lengths, and twins outputs: a twin that accesses more panics.
fn reach(job: &impl Parameters, shader: Shader, groups: [u32; 2]) -> Vec<usize> {
    let reach = job.reach(shader, groups).into_iter();
    reach.map(|words| words as usize).collect()
}

/// Returns the words, or the shortest input of a shader that reads vectors.
fn at_least_a_vector(mut words: Vec<u32>) -> Vec<u32> {
    words.resize(words.len().max(4), 0);
    words
}

struct Bench(GpuEngine);

impl Bench {
    fn new() -> Option<Self> {
        required(GpuEngine::untried(&options()), BlockLimits::DEFAULT).map(Self)
    }

    fn device(&self) -> &Device {
        &self.0.device
    }

    fn buffer(&self, words: &[u32]) -> wgpu::Buffer {
        let usage = wgpu::BufferUsages::STORAGE
            | wgpu::BufferUsages::COPY_SRC
            | wgpu::BufferUsages::COPY_DST;
        let bytes: &[u8] = bytemuck::cast_slice(words);
        let buffer = self.device().buffer("test", bytes.len() as u64, usage);
        let buffer = buffer.unwrap();
        self.device().write(&buffer, bytes);
        buffer
    }

    fn run<P: Parameters>(
        &self,
        shader: Shader,
        job: &P,
        buffers: &[&wgpu::Buffer],
        groups: [u32; 2],
    ) {
        let mut commands = Commands::new(self.device());
        commands.dispatch(shader, job, buffers, groups).unwrap();
        commands.submit().unwrap();
    }

    fn read(&self, buffer: &wgpu::Buffer) -> Vec<u32> {
        let bytes = buffer.size();
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let host = self.device().buffer("host", bytes, usage).unwrap();
        let mut commands = Commands::new(self.device());
        commands.copy((buffer, 0), (&host, 0), bytes);
        let submission = commands.submit().unwrap();
        self.device()
            .map(&host, wgpu::MapMode::Read, bytes, Some(&submission))
            .unwrap();
        let view = host.slice(..).get_mapped_range().unwrap();
        words(&view).collect()
    }

    /// Asserts that a buffer holds these words.
    fn expect(&self, buffer: &wgpu::Buffer, expected: &[u32], what: &str) {
        let found = self.read(buffer);
        assert_eq!(found.len(), expected.len(), "{what}");
        let wrong = (0..found.len()).find(|&at| found[at] != expected[at]);
        assert_eq!(wrong, None, "{what}: the first wrong word");
    }

    /// Returns hashes with the variants of words that the device has.
    fn word_variants(&self) -> Vec<(Commitment, bool)> {
        let native = matches!(
            self.device().nodes(Commitment::Blake2b256),
            Shader::Nodes { native: true, .. }
        );
        let mut variants = vec![(Commitment::Blake2b256, false), (Commitment::Blake3, false)];
        if native {
            variants.push((Commitment::Blake2b256, true));
        }
        variants
    }
}

/// Leaf hashes of codewords, with the layout of whole symbols.
struct LeavesCase {
    job: LeavesParameters,
    codewords: u32,
    source: Vec<u32>,
    recovery: Vec<u32>,
    digests: Vec<u32>,
    /// Words of the states before the first stripe.
    states: Vec<u32>,
    state_words: u32,
}

impl LeavesCase {
    fn new(random: &mut Random, commitment: Commitment, size: u32, symbols: u32) -> Self {
        let (codewords, first_codeword) = (random.within(1..=3), random.within(0..=2));
        let original = random.within(0..=symbols);
        let words = size.div_ceil(64) * 16;
        let from = Spread::of_vectors(random, first_codeword + codewords, original.max(1), words);
        let behind = Spread::of_vectors(random, codewords, symbols, words);
        let first_digest = random.within(0..=3);
        let digest_codeword = symbols + random.within(0..=3);
        let digests = first_digest + codewords * digest_codeword + 1;
        let state_words = state_words(commitment, size);
        Self {
            job: LeavesParameters {
                symbols,
                original,
                first_codeword,
                source_codeword: from.codeword,
                source_symbol: from.item,
                recovery_codeword: behind.codeword,
                recovery_symbol: behind.item,
                first_digest,
                digest_codeword,
                start: 0,
                width: size,
                symbol_size: size,
            },
            codewords,
            // Bytes between the halves of a chunk are arbitrary: they are no part of the symbol.
            source: random.words(from.all),
            recovery: random.words(behind.all),
            digests: random.words(8 * digests),
            states: random.words(state_words * digests),
            state_words,
        }
    }

    fn shader(&self, commitment: Commitment, native: bool) -> Shader {
        Shader::Leaves {
            commitment,
            native,
            depth: state_depth(commitment, self.job.symbol_size),
        }
    }

    fn groups(&self) -> [u32; 2] {
        [self.job.symbols.div_ceil(HASH_THREADS), self.codewords]
    }

    /// Returns the digests after the last stripe.
    fn expected(&self, commitment: Commitment) -> Vec<u32> {
        let mut digests = self.digests.clone();
        let reach = reach(&self.job, self.shader(commitment, false), self.groups());
        let twin = match commitment {
            Commitment::Blake2b256 => leaves_blake2b,
            Commitment::Blake3 => leaves_blake3,
        };
        let inputs = [&self.source[..], &self.recovery[..]];
        twin(&self.job, self.codewords, inputs, &mut digests[..reach[3]]);
        digests
    }

    /// Returns the stripe of the symbols from `start` on: the same chunks of each, codeword by
    /// codeword.
    fn stripe(&self, start: u32, width: u32) -> (LeavesParameters, [Vec<u32>; 2]) {
        let words = width.div_ceil(64) * 16;
        let behind = self.job.symbols - self.job.original;
        let job = LeavesParameters {
            source_codeword: self.job.original * words,
            source_symbol: words,
            recovery_codeword: behind * words,
            recovery_symbol: words,
            first_codeword: 0,
            start,
            width,
            ..self.job
        };
        // No buffer is empty.
        let [mut source, mut recovery] = [Vec::new(), Vec::new()];
        for codeword in 0..self.codewords {
            for symbol in 0..self.job.symbols {
                let (from, at, to) = match symbol.checked_sub(self.job.original) {
                    None => {
                        let codeword =
                            (codeword + self.job.first_codeword) * self.job.source_codeword;
                        let at = codeword + symbol * self.job.source_symbol;
                        (&self.source, at, &mut source)
                    }
                    Some(number) => {
                        let codeword = codeword * self.job.recovery_codeword;
                        let at = codeword + number * self.job.recovery_symbol;
                        (&self.recovery, at, &mut recovery)
                    }
                };
                to.extend_from_slice(&from[(at + start / 4) as usize..][..words as usize]);
            }
        }
        (job, [source, recovery].map(at_least_a_vector))
    }

    /// Takes the contents of the symbols' states from `found`.
    fn forget_states(&mut self, found: &[u32]) {
        for codeword in 0..self.codewords {
            let first = self.job.first_digest + codeword * self.job.digest_codeword;
            let places = first * self.state_words..(first + self.job.symbols) * self.state_words;
            let places = places.start as usize..places.end as usize;
            self.states[places.clone()].copy_from_slice(&found[places]);
        }
    }
}

#[test]
fn leaves_does_what_its_twin_does() {
    let Some(bench) = Bench::new() else { return };
    let random = &mut Random(2);
    for size in [
        2, 4, 30, 62, 64, 66, 126, 128, 130, 1022, 1024, 1026, 2048, 3000, 65534,
    ] {
        for (commitment, native) in bench.word_variants() {
            // Small symbols fill more than one workgroup.
            let most = (20_000 / size).clamp(2, 150);
            let symbols = random.within(most / 2..=most);
            let mut case = LeavesCase::new(random, commitment, size, symbols);
            let reach = reach(&case.job, case.shader(commitment, native), case.groups());
            case.source.truncate(reach[0]);
            case.recovery.truncate(reach[1]);
            let inputs = [&case.source, &case.recovery];
            let inputs = inputs.map(|words| bench.buffer(&at_least_a_vector(words.clone())));
            let outputs = [&case.states, &case.digests].map(|words| bench.buffer(words));
            let buffers: Vec<_> = inputs.iter().chain(&outputs).collect();
            let shader = case.shader(commitment, native);
            bench.run(shader, &case.job, &buffers, case.groups());
            let what = format!(
                "{shader:?}, {} codewords of {symbols}, {} in the source, of {size} bytes",
                case.codewords, case.job.original
            );
            bench.expect(&outputs[1], &case.expected(commitment), &what);
            bench.expect(&outputs[0], &case.states, &what);
        }
    }
}

#[test]
fn leaves_of_several_stripes_are_those_of_whole_symbols() {
    let Some(bench) = Bench::new() else { return };
    let random = &mut Random(3);
    for size in [
        130_u32, 254, 258, 1022, 1024, 1026, 2048, 3000, 5000, 16_386, 65_534,
    ] {
        for (commitment, native) in bench.word_variants() {
            // Stripes of equal widths, and of different widths.
            for width in [Some(128), Some(1024), Some(29 * 128), Some(1 << 15), None] {
                let stripes = width.map_or(5, |width| size.div_ceil(width));
                if !(2..=45).contains(&stripes) {
                    continue;
                }
                let symbols = random.within(2..=5);
                let mut case = LeavesCase::new(random, commitment, size, symbols);
                let [states, digests] = [&case.states, &case.digests].map(|it| bench.buffer(it));
                let shader = case.shader(commitment, native);
                let what = format!("{shader:?}, {size} bytes, {width:?} a stripe");
                let mut start = 0;
                while start < size {
                    bench.expect(&digests, &case.digests, &what);
                    let most = (size - start).div_ceil(128);
                    let width = width.unwrap_or_else(|| 128 * random.within(1..=most));
                    let width = width.min(size - start);
                    let (job, inputs) = case.stripe(start, width);
                    let [source, recovery] = inputs.map(|words| bench.buffer(&words));
                    let buffers = [&source, &recovery, &states, &digests];
                    bench.run(shader, &job, &buffers, case.groups());
                    start += width;
                }
                bench.expect(&digests, &case.expected(commitment), &what);
                case.forget_states(&bench.read(&states));
                bench.expect(&states, &case.states, &what);
            }
        }
    }
}

#[test]
fn nodes_does_what_its_twin_does() {
    let Some(bench) = Bench::new() else { return };
    let random = &mut Random(4);
    for count in [1, 2, 3, 4, 5, 8, 13, 127, 128, 129, 130, 257] {
        for (commitment, native) in bench.word_variants() {
            for on_own_thread in [false, true] {
                let trees = random.within(1..=5);
                let gap = random.within(0..=2);
                let [child_tree, child] = match on_own_thread {
                    false => [count + gap, 1],
                    true => [1, trees + gap],
                };
                let parent_tree = count.div_ceil(2) + random.within(0..=2);
                let job = NodesParameters {
                    children: count,
                    child_tree,
                    child,
                    parent_tree,
                };
                let last = (trees - 1) * child_tree + (count - 1) * child;
                let children = random.words(8 * (last + 1));
                let mut parents = random.words(8 * (trees * parent_tree + 1));
                let buffers = [&children, &parents].map(|words| bench.buffer(words));
                let shader = Shader::Nodes { commitment, native };
                let groups = [count.div_ceil(2).div_ceil(HASH_THREADS), trees];
                let reach = reach(&job, shader, groups);
                assert_eq!(reach[0], children.len(), "the last child");
                bench.run(shader, &job, &buffers.each_ref(), groups);
                let twin = match commitment {
                    Commitment::Blake2b256 => nodes_blake2b,
                    Commitment::Blake3 => nodes_blake3,
                };
                twin(&job, trees, &children, &mut parents[..reach[1]]);
                let what =
                    format!("{shader:?}, {trees} trees of {count}, on_own_thread: {on_own_thread}");
                bench.expect(&buffers[1], &parents, &what);
            }
        }
    }
}

#[test]
fn combine_does_what_its_twin_does() {
    let Some(bench) = Bench::new() else { return };
    let random = &mut Random(5);
    for round in 0..40 {
        let (chunks, codewords) = (random.within(1..=9), random.within(1..=20));
        let symbols = random.within(1..=40);
        let (first_codeword, first_symbol) = (random.within(0..=2), random.within(0..=2));
        let from = Spread::new(
            random,
            first_codeword + codewords,
            first_symbol + symbols,
            16 * chunks,
        );
        let (first_factor, first_sum) = (chunks + random.within(0..=3), random.within(0..=3));
        let job = CombineParameters {
            symbols,
            chunks,
            first_codeword,
            first_symbol,
            source_codeword: from.codeword,
            source_symbol: from.item,
            first_factor,
            first_sum,
        };
        let mut labels = random.words(first_factor + codewords);
        // A factor may be zero or in the subfield.
        let place = random.within(0..=chunks - 1) as usize;
        labels[place] = round % 3;
        let factors: Vec<u32> = labels.iter().flat_map(|&it| images(it as u16)).collect();
        let groups = [(8 * symbols).div_ceil(HASH_THREADS), codewords];
        let reach = reach(&job, Shader::Combine, groups);
        assert_eq!(reach[0], factors.len(), "the last factor");
        let mut source = random.words(from.all);
        source.truncate(reach[1]);
        // Results are added to earlier sums.
        let mut sums = random.words(16 * (first_sum + symbols + 1));
        let buffers = [&factors, &source, &sums].map(|words| bench.buffer(words));
        bench.run(Shader::Combine, &job, &buffers.each_ref(), groups);
        let sums_written = &mut sums[..reach[2]];
        combine(&job, codewords, &factors, &source, sums_written);
        let what = format!("{codewords} codewords of {symbols} symbols of {chunks} chunks");
        bench.expect(&buffers[2], &sums, &what);
    }
}

#[test]
fn sample_leaves_does_what_its_twin_does() {
    let Some(bench) = Bench::new() else { return };
    let random = &mut Random(6);
    for symbols in [1, 2, 3, 5, 10, 63, 64, 65, 130, 1000] {
        let codewords = random.within(1..=70);
        let first_codeword = random.within(0..=2);
        let (original, vectors) = (random.within(0..=symbols), random.within(1..=70));
        let all = first_codeword + codewords;
        let from = Spread::of_vectors(random, all, original.max(1), 4 * vectors);
        let behind = Spread::of_vectors(random, codewords, symbols, 4 * vectors);
        let mut sampling = Sampling::new(symbols as usize, random.next());
        sampling.first_number = random.within(0..=500);
        let samples = codewords * sampling.blocks;
        let first_sample = random.within(0..=samples - 1);
        let count = samples - first_sample;
        let (first_digest, gap) = (random.within(0..=3), random.within(0..=3));
        let job = SampleLeavesParameters {
            symbols,
            original,
            first_codeword,
            source_codeword: from.codeword,
            source_symbol: from.item,
            recovery_codeword: behind.codeword,
            recovery_symbol: behind.item,
            first_digest,
            digest_codeword: symbols + gap,
            vectors,
            first_sample,
            blocks: sampling.blocks,
            bits: sampling.bits,
            first_number: sampling.first_number,
            seed: sampling.seed,
        };
        let groups = [(vectors + 2).div_ceil(HASH_THREADS), count];
        let reach = reach(&job, Shader::SampleLeaves, groups);
        let mut source = random.words(from.all);
        source.truncate(reach[0]);
        let mut recovery = random.words(behind.all);
        recovery.truncate(reach[1]);
        let digests = random.words(reach[2] as u32);
        let mut found = random.words(reach[3] as u32 + 4);
        let inputs = [&source, &recovery, &digests];
        let inputs = inputs.map(|words| bench.buffer(&at_least_a_vector(words.clone())));
        let output = bench.buffer(&found);
        let buffers: Vec<_> = inputs.iter().chain([&output]).collect();
        bench.run(Shader::SampleLeaves, &job, &buffers, groups);
        let inputs = [&source[..], &recovery, &digests];
        sample_leaves(&job, count, inputs, &mut found[..reach[3]]);
        let what = format!("{count} samples of {codewords} codewords of {symbols} symbols");
        bench.expect(&output, &found, &what);
    }
}

#[test]
fn sample_nodes_does_what_its_twin_does() {
    let Some(bench) = Bench::new() else { return };
    let random = &mut Random(7);
    for children in [1, 2, 3, 4, 5, 13, 127, 128, 129, 300, 1000] {
        for by_tree in [true, false] {
            let trees = random.within(1..=90);
            let gap = random.within(0..=2);
            let [child_tree, child] = match by_tree {
                true => [children + gap, 1],
                false => [1, trees + gap],
            };
            let nodes = children.div_ceil(2);
            let mut sampling = Sampling::new(nodes as usize, random.next());
            sampling.first_number = random.within(0..=500);
            let job = SampleNodesParameters {
                children,
                child_tree,
                child,
                parent_tree: nodes + random.within(0..=2),
                first_sample: random.within(0..=3),
                blocks: sampling.blocks,
                bits: sampling.bits,
                first_number: sampling.first_number,
                seed: sampling.seed,
            };
            let groups = [sampling.blocks.div_ceil(HASH_THREADS), trees];
            let reach = reach(&job, Shader::SampleNodes, groups);
            let inputs = [0, 1].map(|number| random.words(reach[number] as u32));
            let mut found = random.words(reach[2] as u32 + 4);
            let buffers = [&inputs[0], &inputs[1], &found].map(|words| bench.buffer(words));
            bench.run(Shader::SampleNodes, &job, &buffers.each_ref(), groups);
            let inputs = inputs.each_ref().map(|words| &words[..]);
            sample_nodes(&job, trees, inputs, &mut found[..reach[2]]);
            let what = format!("{trees} trees of {children}, by tree: {by_tree}");
            bench.expect(&buffers[2], &found, &what);
        }
    }
}
