//! Source of the shaders: the files of each, and the constants of its variants.
//!
//! An entry point is a file of `shaders/`; shared functions are files of their own. This module
//! puts the constants of a variant in front and joins the files. Unit tests validate every variant.
//!
//! A workgroup has 16 or 32 KiB of memory, so as many lanes of a transform as fit: eight of 512
//! points in 32 KiB, four in 16 KiB. Beyond 4,096 points (committees of about 6,000 shards) not one
//! lane fits, and the CPU engine does the job.

use std::fmt::Write as _;

use super::parameters::word;
use crate::format::commitment::Commitment;

const FIELD: &str = include_str!("../../../../shaders/shared/field.wgsl");
const TRANSFORM: &str = include_str!("../../../../shaders/shared/transform.wgsl");
const LANES: &str = include_str!("../../../../shaders/shared/lanes.wgsl");
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

/// Threads per workgroup of `extend` and `restore` at most. Every device has them.
const EXTEND_THREADS: u32 = 256;

/// Bytes of workgroup memory per lane of a point.
const PLACE_BYTES: u32 = 8;

/// Lanes per chunk: the most lanes of a workgroup.
const CHUNK_LANES: u32 = 8;

/// Variant of a shader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Shader {
    /// Recovery symbols, by transforms of `1 << layers` points with `lanes` lanes per workgroup.
    Extend { layers: u32, lanes: u32 },
    /// Missing symbols, by transforms as for `Extend`.
    Restore { layers: u32, lanes: u32 },
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

    /// Returns the shader that extends codewords by transforms of `points` points, a power of two,
    /// in `workgroup_bytes` bytes of workgroup memory. `None` if not a single lane fits.
    pub(crate) fn extend(points: usize, workgroup_bytes: u32) -> Option<Self> {
        let points = u32::try_from(points).ok()?;
        let lanes = workgroup_bytes / PLACE_BYTES / points;
        (lanes > 0).then(|| Self::Extend {
            layers: points.ilog2(),
            lanes: CHUNK_LANES.min(1 << lanes.ilog2()),
        })
    }

    /// Returns the shader that restores missing symbols. Parameters as for [`Shader::extend`].
    pub(crate) fn restore(points: usize, workgroup_bytes: u32) -> Option<Self> {
        match Self::extend(points, workgroup_bytes)? {
            Self::Extend { layers, lanes } => Some(Self::Restore { layers, lanes }),
            _ => unreachable!("a shader that extends"),
        }
    }

    /// Returns every variant that an engine uses.
    #[cfg(test)]
    pub(crate) fn variants() -> Vec<Self> {
        let mut variants = Vec::new();
        for make in [Self::extend, Self::restore] {
            for points in (0..=12).map(|layers| 1 << layers) {
                for bytes in [16 << 10, 32 << 10] {
                    variants.extend(make(points, bytes));
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
        // Short codewords have the same lanes in any memory.
        let mut seen = std::collections::HashSet::new();
        variants.retain(|shader| seen.insert(*shader));
        variants
    }

    /// Returns a name of the variant.
    #[cfg(test)]
    pub(crate) fn label(self) -> String {
        let name = self.name();
        match self {
            Self::Extend { layers, lanes } | Self::Restore { layers, lanes } => {
                format!("{name} {} x {lanes}", 1 << layers)
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

    /// Returns the number of workgroups for all lanes of symbols of `chunks` chunks.
    pub(crate) fn groups(self, chunks: usize) -> u32 {
        let (Self::Extend { lanes, .. } | Self::Restore { lanes, .. }) = self else {
            unreachable!("a shader that works on lanes");
        };
        word(chunks) * CHUNK_LANES / lanes
    }

    /// Returns the threads per workgroup.
    pub(crate) fn threads(self) -> u32 {
        match self {
            Self::Extend { layers, lanes } | Self::Restore { layers, lanes } => EXTEND_THREADS
                .min(((1 << layers) * lanes).div_ceil(8))
                .max(1),
            _ => HASH_THREADS,
        }
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
