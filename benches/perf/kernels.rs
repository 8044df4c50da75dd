//! The two kernels alone, on one core: hashes and the code. Other crates do the same work on the
//! same bytes for comparison.

use std::hint::black_box;

use blake2b_simd::Params;
use blake2b_simd::many::{HashManyJob, hash_many};
use reed_solomon_simd::ReedSolomonEncoder;
use reed_solomon_simd::engine::{DefaultEngine, Engine};
use serde_json::{Value, json};
use walrus_accel::Shape;
use walrus_accel::kernels::{Coding, Combining, Hashing, hash_pairs};
use walrus_accel::runtime::InstructionSet;

use crate::bound::Rates;
use crate::common::blob;
use crate::memory::Bandwidth;
use crate::timing::alternate;

const ROUNDS: usize = 41;

/// Symbols per codeword.
const SYMBOLS: usize = Shape::NETWORK_SHARDS as usize;

/// Symbol sizes of the hash measurements: a short one, and the sizes for blobs of 32 MiB, 256 MiB
/// and 1 GiB.
const HASHED: [usize; 4] = [64, 152, 1206, 4820];

/// Symbol sizes of the code measurements. The second is the engine's step, with which a codeword
/// fits into a core's second-level cache.
const CODED: [usize; 4] = [64, 256, 1024, 8192];

/// Symbol sizes of the combination measurements: those of blobs of 32 MiB, 256 MiB and 1 GiB.
const COMBINED: [usize; 3] = [152, 1206, 4820];

/// Bytes per hash block of Blake2b.
const BLOCK: usize = 128;

/// Times of the leaf hashes of one codeword, in seconds.
pub struct Leaves {
    pub symbol_size: usize,
    own: f64,
    /// Time of `blake2b_simd::many`.
    many: f64,
}

/// Times of hashing one inner node per symbol of a codeword, in seconds.
struct Nodes {
    own: f64,
    many: f64,
}

/// Times of extending one codeword, in seconds.
pub struct Extension {
    /// `"rows"` or `"columns"`.
    pub of: &'static str,
    pub symbol_size: usize,
    source_bytes: usize,
    own: f64,
    /// Time of `reed-solomon-simd`.
    other: f64,
}

/// Times of combining the chunks of every symbol of a codeword, in seconds.
struct Combination {
    symbol_size: usize,
    own: f64,
    /// Time of `reed-solomon-simd`, one chunk per call.
    other: f64,
}

/// Measurements of the kernels of one instruction set.
pub struct Measured {
    pub set: InstructionSet,
    pub leaves: Vec<Leaves>,
    nodes: Nodes,
    pub extensions: Vec<Extension>,
    combinations: Vec<Combination>,
}

impl Leaves {
    fn measure(set: InstructionSet, symbol_size: usize) -> Self {
        let symbols = blob(1, SYMBOLS * symbol_size);
        let mut hashing = Hashing::new(set, symbol_size, &symbols).expect("an available set");
        let messages: Vec<Vec<u8>> = symbols
            .chunks_exact(symbol_size)
            .map(|symbol| [&[0], symbol].concat())
            .collect();
        let mut params = Params::new();
        params.hash_length(32);
        let many = || {
            let mut jobs: Vec<_> = messages
                .iter()
                .map(|message| HashManyJob::new(&params, message))
                .collect();
            hash_many(&mut jobs);
            jobs
        };
        for (digest, job) in hashing.run().iter().zip(many()) {
            assert_eq!(digest[..], *job.to_hash().as_bytes());
        }
        let [own, many] = alternate(
            ROUNDS,
            [&mut || _ = black_box(hashing.run()), &mut || {
                _ = black_box(many())
            }],
        );
        Self {
            symbol_size,
            own,
            many,
        }
    }

    /// Returns compressions per second.
    fn rate(&self) -> f64 {
        (SYMBOLS * (self.symbol_size + 1).div_ceil(BLOCK)) as f64 / self.own
    }

    fn gigabytes(&self, seconds: f64) -> f64 {
        (SYMBOLS * self.symbol_size) as f64 / seconds / 1e9
    }

    pub fn ratio(&self) -> f64 {
        self.many / self.own
    }
}

impl Nodes {
    fn measure(set: InstructionSet) -> Self {
        let bytes = blob(2, SYMBOLS * 64);
        let (left, right) = bytes.as_chunks().0.split_at(SYMBOLS);
        let messages: Vec<Vec<u8>> = left
            .iter()
            .zip(right)
            .map(|(left, right)| [&[1], &left[..], right].concat())
            .collect();
        let mut out = vec![[0; 32]; SYMBOLS];
        let mut params = Params::new();
        params.hash_length(32);
        let many = || {
            let mut jobs: Vec<_> = messages
                .iter()
                .map(|message| HashManyJob::new(&params, message))
                .collect();
            hash_many(&mut jobs);
            jobs
        };
        hash_pairs(set, left, right, &mut out);
        for (digest, job) in out.iter().zip(many()) {
            assert_eq!(digest[..], *job.to_hash().as_bytes());
        }
        let mut own = || {
            hash_pairs(set, left, right, &mut out);
            black_box(&out);
        };
        let [own, many] = alternate(ROUNDS, [&mut own, &mut || _ = black_box(many())]);
        Self { own, many }
    }
}

impl Extension {
    fn measure(
        set: InstructionSet,
        of: &'static str,
        [original, recovery]: [usize; 2],
        symbol_size: usize,
    ) -> Self {
        let source = blob(3, original * symbol_size);
        let mut coding =
            Coding::new(set, symbol_size, &source, recovery).expect("an available set");
        let mut other = ReedSolomonEncoder::new(original, recovery, symbol_size).unwrap();
        coding.run();
        for symbol in source.chunks_exact(symbol_size) {
            other.add_original_shard(symbol).unwrap();
        }
        for (index, symbol) in other.encode().unwrap().recovery_iter().enumerate() {
            assert_eq!(coding.recovery(index), symbol);
        }
        // The encoder is reset when the recovery symbols are dropped.
        let mut other = || {
            for symbol in source.chunks_exact(symbol_size) {
                other.add_original_shard(symbol).unwrap();
            }
            black_box(other.encode().unwrap().recovery(recovery - 1));
        };
        let mut own = || {
            coding.run();
            black_box(&mut coding);
        };
        let [own, other] = alternate(ROUNDS, [&mut own, &mut other]);
        Self {
            of,
            symbol_size,
            source_bytes: source.len(),
            own,
            other,
        }
    }

    /// Returns source bytes per second.
    fn rate(&self) -> f64 {
        self.source_bytes as f64 / self.own
    }

    pub fn ratio(&self) -> f64 {
        self.other / self.own
    }
}

impl Combination {
    fn measure(set: InstructionSet, symbol_size: usize) -> Self {
        let symbols = blob(4, SYMBOLS * symbol_size);
        let logs: Vec<_> = (0..symbol_size.div_ceil(64))
            .map(|chunk| (chunk * 4003 % 65_535) as u16)
            .collect();
        let engine = DefaultEngine::new();
        let combine = |symbol: &[u8]| {
            let mut sum = [0; 64];
            for (chunk, &log) in symbol.chunks(64).zip(&logs) {
                let mut product = [[0; 64]];
                let (low, high) = chunk.split_at(chunk.len() / 2);
                product[0][..low.len()].copy_from_slice(low);
                product[0][32..][..high.len()].copy_from_slice(high);
                engine.mul(&mut product, log);
                let bytes = sum.iter_mut().zip(product[0]);
                bytes.for_each(|(sum, byte)| *sum ^= byte);
            }
            sum
        };
        let own = Combining::new(set, symbol_size, symbols.clone(), logs.clone());
        let mut own = own.expect("an available set");
        for (symbol, sum) in symbols.chunks_exact(symbol_size).zip(own.run()) {
            assert_eq!(combine(symbol), *sum);
        }
        let mut other = || {
            for symbol in symbols.chunks_exact(symbol_size) {
                black_box(combine(symbol));
            }
        };
        let mut own = || _ = black_box(own.run());
        let [own, other] = alternate(ROUNDS, [&mut own, &mut other]);
        Self {
            symbol_size,
            own,
            other,
        }
    }

    /// Returns bytes per second and the ratio to `reed-solomon-simd`.
    fn rates(&self) -> [f64; 3] {
        let bytes = (SYMBOLS * self.symbol_size) as f64;
        [bytes / self.own, bytes / self.other, self.other / self.own]
    }
}

impl Measured {
    pub fn new(set: InstructionSet) -> Self {
        let shape = Shape::new(Shape::NETWORK_SHARDS, 1).unwrap();
        let [rows, columns] = [shape.rows(), shape.columns()].map(usize::from);
        let codes = [
            ("rows", [columns, SYMBOLS - columns]),
            ("columns", [rows, SYMBOLS - rows]),
        ];
        let extensions = codes.iter().flat_map(|&(of, code)| {
            let measure = move |size| Extension::measure(set, of, code, size);
            CODED.into_iter().map(measure)
        });
        Self {
            set,
            leaves: HASHED.map(|size| Leaves::measure(set, size)).into(),
            nodes: Nodes::measure(set),
            extensions: extensions.collect(),
            combinations: COMBINED.map(|size| Combination::measure(set, size)).into(),
        }
    }

    /// Returns the fastest measured rate of each kernel, as a bound needs it.
    pub fn rates(&self, cores: usize, memory: &Bandwidth) -> Rates {
        let fastest = |of| {
            let extensions = self
                .extensions
                .iter()
                .filter(|extension| extension.of == of);
            extensions.map(Extension::rate).fold(0.0, f64::max)
        };
        Rates {
            cores: cores as f64,
            leaves: self.leaves.iter().map(Leaves::rate).fold(0.0, f64::max),
            nodes: SYMBOLS as f64 / self.nodes.own,
            rows: fastest("rows"),
            columns: fastest("columns"),
            stores: memory.stores(),
        }
    }

    pub fn print(&self, rates: &Rates) {
        println!("\n{}, one core", self.set);
        println!("  leaves   size    GB/s  blake2b_simd::many   ratio");
        for leaves in &self.leaves {
            let [own, many] = [leaves.own, leaves.many].map(|time| leaves.gigabytes(time));
            let (size, ratio) = (leaves.symbol_size, leaves.ratio());
            println!("           {size:4}  {own:6.2}  {many:18.2}  {ratio:5.2}x");
        }
        let [own, many] = [self.nodes.own, self.nodes.many].map(|it| SYMBOLS as f64 / it);
        let ratio = own / many;
        println!(
            "  nodes, millions per second: {:.1}, blake2b_simd::many {:.1}, {ratio:.2}x",
            own / 1e6,
            many / 1e6
        );
        println!("  code     size     GB/s  ns/byte  reed-solomon-simd   ratio");
        for extension in &self.extensions {
            let gigabytes = |seconds: f64| extension.source_bytes as f64 / seconds / 1e9;
            let [own, other] = [extension.own, extension.other].map(gigabytes);
            let (of, size, ratio) = (extension.of, extension.symbol_size, extension.ratio());
            println!(
                "  {of:8} {size:4}  {own:7.2}  {:7.3}  {other:17.2}  {ratio:5.2}x",
                1.0 / own
            );
        }
        println!("  combine  size     GB/s  reed-solomon-simd   ratio");
        for combination in &self.combinations {
            let [own, other, ratio] = combination.rates();
            let (size, own, other) = (combination.symbol_size, own / 1e9, other / 1e9);
            println!("           {size:4}  {own:7.2}  {other:17.2}  {ratio:5.2}x");
        }
        let shape = Shape::new(Shape::NETWORK_SHARDS, 1).unwrap();
        println!(
            "  at best: {:.1} and {:.1} million compressions per second (leaves, nodes), \
             {:.3} ns per blob byte for the code",
            rates.leaves / 1e6,
            rates.nodes / 1e6,
            rates.code_ns(&shape)
        );
    }

    pub fn json(&self, rates: &Rates) -> Value {
        let leaves = self.leaves.iter().map(|leaves| {
            json!({
                "symbolSize": leaves.symbol_size,
                "bytesPerSecond": leaves.gigabytes(leaves.own) * 1e9,
                "blake2bSimdBytesPerSecond": leaves.gigabytes(leaves.many) * 1e9,
                "compressionsPerSecond": leaves.rate(),
                "ratio": leaves.ratio(),
            })
        });
        let extensions = self.extensions.iter().map(|extension| {
            json!({
                "of": extension.of, "symbolSize": extension.symbol_size,
                "bytesPerSecond": extension.source_bytes as f64 / extension.own,
                "reedSolomonSimdBytesPerSecond": extension.source_bytes as f64 / extension.other,
                "ratio": extension.ratio(),
            })
        });
        let combinations = self.combinations.iter().map(|combination| {
            let [own, other, _] = combination.rates();
            json!({
                "symbolSize": combination.symbol_size,
                "bytesPerSecond": own,
                "reedSolomonSimdBytesPerSecond": other,
            })
        });
        let shape = Shape::new(Shape::NETWORK_SHARDS, 1).unwrap();
        json!({
            "instructionSet": self.set.name(),
            "leaves": leaves.collect::<Vec<_>>(),
            "nodesPerSecond": SYMBOLS as f64 / self.nodes.own,
            "blake2bSimdNodesPerSecond": SYMBOLS as f64 / self.nodes.many,
            "code": extensions.collect::<Vec<_>>(),
            "combinations": combinations.collect::<Vec<_>>(),
            "codeNsPerBlobByte": rates.code_ns(&shape),
        })
    }
}
