//! The shaders: which files make each, and the constants that a variant is made for.

use std::fmt::Write as _;

use super::parameters::word;
use crate::format::commitment::Commitment;

const FIELD: &str = include_str!("../../../../shaders/shared/field.wgsl");
const TRANSFORM: &str = include_str!("../../../../shaders/shared/transform.wgsl");
const LANES: &str = include_str!("../../../../shaders/shared/lanes.wgsl");
const EXTEND: &str = include_str!("../../../../shaders/extend.wgsl");
const RESTORE: &str = include_str!("../../../../shaders/restore.wgsl");
const COMBINE: &str = include_str!("../../../../shaders/combine.wgsl");
const SYMBOLS: &str = include_str!("../../../../shaders/shared/symbols.wgsl");
const TREE: &str = include_str!("../../../../shaders/shared/tree.wgsl");
const WORD_NATIVE: &str = include_str!("../../../../shaders/shared/word_native.wgsl");
const WORD_PAIRS: &str = include_str!("../../../../shaders/shared/word_pairs.wgsl");
const BLAKE2B: &str = include_str!("../../../../shaders/shared/blake2b.wgsl");
const LEAVES_BLAKE2B: &str = include_str!("../../../../shaders/leaves_blake2b.wgsl");
const NODES_BLAKE2B: &str = include_str!("../../../../shaders/nodes_blake2b.wgsl");
const BLAKE3: &str = include_str!("../../../../shaders/shared/blake3.wgsl");
const LEAVES_BLAKE3: &str = include_str!("../../../../shaders/leaves_blake3.wgsl");
const NODES_BLAKE3: &str = include_str!("../../../../shaders/nodes_blake3.wgsl");

/// Threads in a workgroup of every other shader: what every device has.
pub(crate) const HASH_THREADS: u32 = 64;

/// The most threads in a workgroup of `extend` and `restore`: what every device has.
const EXTEND_THREADS: u32 = 256;

/// The bytes of a lane's point in workgroup memory.
const PLACE_BYTES: u32 = 8;

/// The most lanes that a workgroup makes: those of a chunk.
const CHUNK_LANES: u32 = 8;

/// A shader, made for one use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Shader {
    /// Recovery symbols, by transforms of `1 << layers` points and `lanes` lanes a workgroup.
    Extend { layers: u32, lanes: u32 },
    /// Missing symbols, likewise.
    Restore { layers: u32, lanes: u32 },
    /// Leaf hashes. BLAKE3 keeps so many subtrees between stripes.
    Leaves {
        commitment: Commitment,
        native: bool,
        depth: u32,
    },
    /// Inner nodes.
    Nodes {
        commitment: Commitment,
        native: bool,
    },
    /// A random combination of symbols.
    Combine,
}

impl Shader {
    /// The entry point.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Extend { .. } => "extend",
            Self::Restore { .. } => "restore",
            Self::Leaves { .. } => "leaves",
            Self::Nodes { .. } => "nodes",
            Self::Combine => "combine",
        }
    }

    /// The shader that extends codewords by transforms of so many points, a power of two, on a device with
    /// so many bytes of workgroup memory; `None` if not a single lane fits.
    pub(crate) fn extend(points: usize, workgroup_bytes: u32) -> Option<Self> {
        let points = u32::try_from(points).ok()?;
        let lanes = workgroup_bytes / PLACE_BYTES / points;
        (lanes > 0).then(|| Self::Extend {
            layers: points.ilog2(),
            lanes: CHUNK_LANES.min(1 << lanes.ilog2()),
        })
    }

    /// The shader that restores missing symbols by transforms of so many points.
    pub(crate) fn restore(points: usize, workgroup_bytes: u32) -> Option<Self> {
        match Self::extend(points, workgroup_bytes)? {
            Self::Extend { layers, lanes } => Some(Self::Restore { layers, lanes }),
            _ => unreachable!("a shader that extends"),
        }
    }

    /// The workgroups that make all lanes of symbols of so many chunks.
    pub(crate) fn groups(self, chunks: usize) -> u32 {
        let (Self::Extend { lanes, .. } | Self::Restore { lanes, .. }) = self else {
            unreachable!("a shader that works on lanes");
        };
        word(chunks) * CHUNK_LANES / lanes
    }

    /// The threads of a workgroup.
    pub(crate) fn threads(self) -> u32 {
        match self {
            Self::Extend { layers, lanes } | Self::Restore { layers, lanes } => EXTEND_THREADS
                .min(((1 << layers) * lanes).div_ceil(8))
                .max(1),
            _ => HASH_THREADS,
        }
    }

    /// What it is given: its parameters, and buffers.
    pub(crate) fn bindings(self) -> &'static [wgpu::BufferBindingType] {
        use wgpu::BufferBindingType::{Storage, Uniform};
        const READ: wgpu::BufferBindingType = Storage { read_only: true };
        const WRITE: wgpu::BufferBindingType = Storage { read_only: false };
        match self {
            Self::Extend { .. } | Self::Combine => &[Uniform, READ, READ, WRITE],
            Self::Restore { .. } => &[Uniform, READ, READ, READ, WRITE],
            Self::Leaves { .. } => &[Uniform, READ, WRITE, WRITE],
            Self::Nodes { .. } => &[Uniform, READ, WRITE],
        }
    }

    /// The constants, and then the files.
    pub(crate) fn source(self) -> String {
        let mut text = String::new();
        let mut constant = |name: &str, value: u32| {
            writeln!(text, "const {name}: u32 = {value}u;").expect("memory");
        };
        constant("THREADS", self.threads());
        let words = |native| if native { WORD_NATIVE } else { WORD_PAIRS };
        let files: &[&str] = match self {
            Self::Extend { layers, lanes } => {
                constant("LAYERS", layers);
                constant("LANES", lanes);
                &[FIELD, TRANSFORM, LANES, EXTEND]
            }
            Self::Restore { layers, lanes } => {
                constant("LAYERS", layers);
                constant("LANES", lanes);
                &[FIELD, TRANSFORM, LANES, RESTORE]
            }
            Self::Combine => &[FIELD, COMBINE],
            Self::Leaves {
                commitment,
                native,
                depth,
            } => match commitment {
                Commitment::Blake2b256 => &[words(native), BLAKE2B, SYMBOLS, LEAVES_BLAKE2B],
                Commitment::Blake3 => {
                    constant("DEPTH", depth);
                    &[BLAKE3, SYMBOLS, LEAVES_BLAKE3]
                }
            },
            Self::Nodes { commitment, native } => match commitment {
                Commitment::Blake2b256 => &[words(native), BLAKE2B, TREE, NODES_BLAKE2B],
                Commitment::Blake3 => &[BLAKE3, TREE, NODES_BLAKE3],
            },
        };
        files.iter().for_each(|file| text.push_str(file));
        text
    }
}

/// The subtrees that BLAKE3 keeps at most between the stripes of a symbol of this size.
pub(crate) fn blake3_depth(symbol_size: u32) -> u32 {
    (symbol_size + 1).div_ceil(1024).ilog2()
}

/// The words that a device keeps of a symbol between stripes.
pub(crate) fn state_words(commitment: Commitment, symbol_size: u32) -> u32 {
    match commitment {
        Commitment::Blake2b256 => 17,
        Commitment::Blake3 => 8 * (1 + blake3_depth(symbol_size)) + 1,
    }
}
