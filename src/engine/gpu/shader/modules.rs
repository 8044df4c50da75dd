//! Source of the shaders: the files of each, and the constants of its variants.
//!
//! An entry point is a file of `shaders/`; shared functions are files of their own. This module
//! puts the constants of a variant in front and joins the files. Unit tests validate every variant.
//!
//! A workgroup transforms a chunk, four points per thread. Its threads exchange 16 bytes per point
//! at a time, through 32 bytes of workgroup memory per point, or 16 where there is no more. A
//! workgroup of 32 KiB transforms up to 2,048 points (committees of up to 6,142 shards), one of 16
//! KiB half of that. Beyond, the CPU engine does the job.

use std::fmt::Write as _;

use super::parameters::word;
use crate::code::Code;
use crate::format::commitment::Commitment;

const PLANES: &str = include_str!("../../../../shaders/shared/planes.wgsl");
const FIELD: &str = include_str!("../../../../shaders/shared/field.wgsl");
const TRANSFORM: &str = include_str!("../../../../shaders/shared/transform.wgsl");
const EXTEND: &str = include_str!("../../../../shaders/extend.wgsl");
const RESTORE: &str = include_str!("../../../../shaders/restore.wgsl");
const COMBINE: &str = include_str!("../../../../shaders/combine.wgsl");
const MESSAGE: &str = include_str!("../../../../shaders/shared/message.wgsl");
const SYMBOLS: &str = include_str!("../../../../shaders/shared/symbols.wgsl");
const TREE: &str = include_str!("../../../../shaders/shared/tree.wgsl");
const SAMPLING: &str = include_str!("../../../../shaders/shared/sampling.wgsl");
const WORD_NATIVE: &str = include_str!("../../../../shaders/shared/word_native.wgsl");
const WORD_PAIRS: &str = include_str!("../../../../shaders/shared/word_pairs.wgsl");
const BLAKE2B: &str = include_str!("../../../../shaders/shared/blake2b.wgsl");
const LEAVES_BLAKE2B: &str = include_str!("../../../../shaders/leaves_blake2b.wgsl");
const NODES_BLAKE2B: &str = include_str!("../../../../shaders/nodes_blake2b.wgsl");
const BLAKE3: &str = include_str!("../../../../shaders/shared/blake3.wgsl");
const LEAVES_BLAKE3: &str = include_str!("../../../../shaders/leaves_blake3.wgsl");
const NODES_BLAKE3: &str = include_str!("../../../../shaders/nodes_blake3.wgsl");
const SAMPLE_LEAVES: &str = include_str!("../../../../shaders/sample_leaves.wgsl");
const SAMPLE_NODES: &str = include_str!("../../../../shaders/sample_nodes.wgsl");

/// Threads per workgroup of hashes, their samples and `combine`. Every device has them.
pub(crate) const HASH_THREADS: u32 = 64;

/// Threads per workgroup of `extend` and `restore` at least: short transforms take several chunks.
const TRANSFORM_THREADS: u32 = 64;

/// Points of a thread.
const THREAD_POINTS: u32 = 4;

/// Bytes of four planes of the points of a thread: its part of a tile.
const TILE_BYTES: u32 = 16 * THREAD_POINTS;

/// Bytes that a thread keeps of a second block: all planes of two points.
const HALF_BYTES: u32 = 128;

/// Number of layers up to which twiddles are not wide: their labels are below 4,096. The other side
/// of a code has at most three blocks.
const NARROW_LAYERS: u32 = 10;

/// Label from which on twiddles are wide.
pub(crate) const WIDE_LABEL: u32 = 4096;

/// Limits of a device's workgroups.
#[derive(Clone, Copy)]
pub(crate) struct WorkgroupLimits {
    /// Bytes of workgroup memory that shaders use.
    pub(crate) bytes: u32,
    pub(crate) threads: u32,
}

impl WorkgroupLimits {
    /// Returns the limits of a device whose shaders use `bytes` bytes of workgroup memory.
    pub(crate) fn new(bytes: u32, limits: &wgpu::Limits) -> Self {
        let [threads, width] = [
            limits.max_compute_invocations_per_workgroup,
            limits.max_compute_workgroup_size_x,
        ];
        Self {
            bytes,
            threads: threads.min(width),
        }
    }
}

/// Part of the second block, on the side of a code that may have several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SecondBlock {
    /// There is one block.
    Absent,
    /// The second block has symbols in its first half only, and there is no third.
    Half,
    /// Any number of blocks.
    Whole,
}

impl SecondBlock {
    fn new(code: Code) -> Self {
        let symbols = code.original.max(code.recovery);
        match symbols.saturating_sub(code.chunk) {
            0 => Self::Absent,
            behind if code.chunk >= 4 && behind <= code.chunk / 2 => Self::Half,
            _ => Self::Whole,
        }
    }
}

/// Transforms of a workgroup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Transform {
    /// Binary logarithm of the number of points.
    pub(crate) layers: u32,
    /// Tiles that exchanges use in turn: 1 or 2.
    tiles: u32,
}

impl Transform {
    /// Returns the transforms of `points` points, a power of two. `None` if they exceed the limits.
    fn new(points: usize, limits: WorkgroupLimits) -> Option<Self> {
        let layers = u32::try_from(points).ok()?.ilog2();
        let fits = |tiles| {
            let it = Self { layers, tiles };
            (it.threads() <= limits.threads && it.bytes() <= limits.bytes).then_some(it)
        };
        fits(2).or_else(|| fits(1))
    }

    /// Returns the threads of a chunk.
    fn items(self) -> u32 {
        ((1 << self.layers) / THREAD_POINTS).max(1)
    }

    /// Returns the chunks of a workgroup.
    fn chunks(self) -> u32 {
        (TRANSFORM_THREADS / self.items()).max(1)
    }

    fn threads(self) -> u32 {
        self.items() * self.chunks()
    }

    /// Returns the bytes of the tiles.
    fn bytes(self) -> u32 {
        self.tiles * TILE_BYTES * self.threads()
    }

    /// Returns true if twiddles may have any label.
    pub(crate) fn has_wide_twiddles(self) -> bool {
        self.layers > NARROW_LAYERS
    }
}

/// Variant of a shader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Shader {
    /// Recovery symbols.
    Extend {
        transform: Transform,
        second: SecondBlock,
    },
    /// Missing symbols.
    Restore { transform: Transform },
    /// Leaf hashes. `native`: with 64-bit integers. `depth`: subtrees in a hash state of BLAKE3.
    Leaves {
        commitment: Commitment,
        native: bool,
        depth: u32,
    },
    /// Inner nodes of Merkle trees. `native`: with 64-bit integers.
    Nodes {
        commitment: Commitment,
        native: bool,
    },
    /// Random combination of codewords.
    Combine,
    /// Samples of leaf hashes.
    SampleLeaves,
    /// Samples of inner nodes.
    SampleNodes,
}

impl Shader {
    /// Shaders that check results of encoding and expanding.
    pub(crate) const OF_CHECKS: [Self; 3] = [Self::Combine, Self::SampleLeaves, Self::SampleNodes];

    /// Returns the name of the entry point, which is also the name of its file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Extend { .. } => "extend",
            Self::Restore { .. } => "restore",
            Self::Leaves { commitment, .. } => match commitment {
                Commitment::Blake2b256 => "leaves_blake2b",
                Commitment::Blake3 => "leaves_blake3",
            },
            Self::Nodes { commitment, .. } => match commitment {
                Commitment::Blake2b256 => "nodes_blake2b",
                Commitment::Blake3 => "nodes_blake3",
            },
            Self::Combine => "combine",
            Self::SampleLeaves => "sample_leaves",
            Self::SampleNodes => "sample_nodes",
        }
    }

    /// Returns the shader that extends codewords of a code. `None` if its transforms exceed the
    /// limits.
    pub(crate) fn extend(code: Code, limits: WorkgroupLimits) -> Option<Self> {
        let transform = Transform::new(code.chunk, limits)?;
        let halves = HALF_BYTES * transform.threads();
        Some(Self::Extend {
            transform,
            second: match SecondBlock::new(code) {
                SecondBlock::Half if transform.bytes() + halves > limits.bytes => {
                    SecondBlock::Whole
                }
                second => second,
            },
        })
    }

    /// Returns the shader that restores missing symbols of a code. `None` if its transforms exceed
    /// the limits.
    pub(crate) fn restore(code: Code, limits: WorkgroupLimits) -> Option<Self> {
        let transform = Transform::new(code.chunk, limits)?;
        Some(Self::Restore { transform })
    }

    /// Returns every variant that an engine uses.
    #[cfg(test)]
    pub(crate) fn variants() -> Vec<Self> {
        let mut variants = Vec::new();
        for make in [Self::extend, Self::restore] {
            for points in (0..=11).map(|layers| 1 << layers) {
                for bytes in [16 << 10, 32 << 10] {
                    let limits = WorkgroupLimits {
                        bytes,
                        threads: 512,
                    };
                    // One block, one and a half, two.
                    for recovery in [points, points + points / 2, 2 * points] {
                        variants.extend(make(Code::new(points, recovery), limits));
                    }
                }
            }
        }
        variants.push(Self::Combine);
        let words = [
            (Commitment::Blake2b256, false),
            (Commitment::Blake2b256, true),
            (Commitment::Blake3, false),
        ];
        for (commitment, native) in words {
            let depths = match commitment {
                Commitment::Blake2b256 => 0..=0,
                Commitment::Blake3 => 0..=6,
            };
            variants.extend(depths.map(|depth| Self::Leaves {
                commitment,
                native,
                depth,
            }));
            variants.push(Self::Nodes { commitment, native });
        }
        variants.extend([Self::SampleLeaves, Self::SampleNodes]);
        // Short codewords have the same shaders in any memory.
        let mut seen = std::collections::HashSet::new();
        variants.retain(|shader| seen.insert(*shader));
        variants
    }

    /// Returns a name of the variant.
    #[cfg(test)]
    pub(crate) fn label(self) -> String {
        let name = self.name();
        match self {
            Self::Extend { transform, second } => {
                let Transform { layers, tiles } = transform;
                let second = match second {
                    SecondBlock::Absent => "1 block",
                    SecondBlock::Half => "1.5 blocks",
                    SecondBlock::Whole => "2 blocks",
                };
                format!("{name} {} x {tiles}, {second}", 1 << layers)
            }
            Self::Restore { transform } => {
                let Transform { layers, tiles } = transform;
                format!("{name} {} x {tiles}", 1 << layers)
            }
            Self::Leaves {
                commitment: Commitment::Blake3,
                depth,
                ..
            } => format!("{name} depth {depth}"),
            Self::Leaves { native: true, .. } | Self::Nodes { native: true, .. } => {
                format!("{name} native")
            }
            _ => name.to_owned(),
        }
    }

    /// Returns the transforms of a shader that has them.
    pub(crate) fn transform(self) -> Option<Transform> {
        match self {
            Self::Extend { transform, .. } | Self::Restore { transform } => Some(transform),
            _ => None,
        }
    }

    /// Returns the number of workgroups for symbols of `chunks` chunks.
    pub(crate) fn groups(self, chunks: usize) -> u32 {
        let transform = self.transform().expect("a shader that transforms");
        word(chunks).div_ceil(transform.chunks())
    }

    /// Returns the threads per workgroup.
    pub(crate) fn threads(self) -> u32 {
        self.transform().map_or(HASH_THREADS, Transform::threads)
    }

    /// Returns the types of the bindings: parameters, then buffers.
    pub(crate) fn bindings(self) -> &'static [wgpu::BufferBindingType] {
        use wgpu::BufferBindingType::{Storage, Uniform};
        const READ: wgpu::BufferBindingType = Storage { read_only: true };
        const WRITE: wgpu::BufferBindingType = Storage { read_only: false };
        match self {
            Self::Extend { .. } | Self::Combine | Self::SampleNodes => {
                &[Uniform, READ, READ, WRITE]
            }
            Self::Restore { .. } | Self::SampleLeaves => &[Uniform, READ, READ, READ, WRITE],
            Self::Leaves { .. } => &[Uniform, READ, READ, WRITE, WRITE],
            Self::Nodes { .. } => &[Uniform, READ, WRITE],
        }
    }

    /// Returns the source text: constants, then files.
    pub(crate) fn source(self) -> String {
        let mut text = String::new();
        let mut constant = |name: &str, value: u32| {
            writeln!(text, "const {name}: u32 = {value}u;").expect("memory");
        };
        constant("THREADS", self.threads());
        if let Some(transform) = self.transform() {
            constant("LAYERS", transform.layers);
            constant("CHUNKS", transform.chunks());
            constant("TILES", transform.tiles);
            let kept = match self {
                Self::Extend {
                    second: SecondBlock::Half,
                    ..
                } => self.threads() * HALF_BYTES / 16,
                _ => 0,
            };
            constant("KEPT", kept);
            constant("WIDE", transform.has_wide_twiddles().into());
        }
        let words = |native| if native { WORD_NATIVE } else { WORD_PAIRS };
        let files: &[&str] = match self {
            Self::Extend { second, .. } => {
                constant("SECOND", second as u32);
                &[PLANES, TRANSFORM, EXTEND]
            }
            Self::Restore { .. } => &[PLANES, TRANSFORM, RESTORE],
            Self::Combine => &[FIELD, COMBINE],
            Self::SampleLeaves => &[SAMPLING, SAMPLE_LEAVES],
            Self::SampleNodes => &[SAMPLING, SAMPLE_NODES],
            Self::Leaves {
                commitment,
                native,
                depth,
            } => match commitment {
                Commitment::Blake2b256 => {
                    &[words(native), MESSAGE, BLAKE2B, SYMBOLS, LEAVES_BLAKE2B]
                }
                Commitment::Blake3 => {
                    constant("DEPTH", depth);
                    &[MESSAGE, BLAKE3, SYMBOLS, LEAVES_BLAKE3]
                }
            },
            Self::Nodes { commitment, native } => match commitment {
                Commitment::Blake2b256 => &[words(native), MESSAGE, BLAKE2B, TREE, NODES_BLAKE2B],
                Commitment::Blake3 => &[MESSAGE, BLAKE3, TREE, NODES_BLAKE3],
            },
        };
        files.iter().for_each(|file| text.push_str(file));
        text
    }
}

/// Returns the most subtrees in a hash state of BLAKE3 for symbols of a size.
fn blake3_depth(symbol_size: u32) -> u32 {
    (symbol_size + 1).div_ceil(1024).ilog2()
}

/// Returns the most subtrees in a hash state for symbols of a size.
pub(crate) fn state_depth(commitment: Commitment, symbol_size: u32) -> u32 {
    match commitment {
        Commitment::Blake2b256 => 0,
        Commitment::Blake3 => blake3_depth(symbol_size),
    }
}

/// Returns the words of a hash state on a device.
pub(crate) fn state_words(commitment: Commitment, symbol_size: u32) -> u32 {
    match commitment {
        Commitment::Blake2b256 => 17,
        Commitment::Blake3 => 8 * (1 + blake3_depth(symbol_size)) + 1,
    }
}
