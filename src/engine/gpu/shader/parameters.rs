//! Parameters of the shaders, word for word as in their files, which document the fields.

use bytemuck::NoUninit;

/// Returns a count as a shader's parameter.
///
/// # Panics
///
/// If it exceeds 32 bits: the buffers of a device are smaller.
pub(crate) fn word(value: usize) -> u32 {
    u32::try_from(value).expect("a device's buffers are smaller")
}

/// Parameters of `extend.wgsl`.
#[derive(Clone, Copy, NoUninit)]
#[repr(C)]
pub(crate) struct ExtendParameters {
    pub(crate) original: u32,
    pub(crate) recovery: u32,
    pub(crate) low_rate: u32,
    pub(crate) chunks: u32,
    pub(crate) first_codeword: u32,
    pub(crate) first_recovery_codeword: u32,
    pub(crate) source_codeword: u32,
    pub(crate) source_symbol: u32,
    pub(crate) recovery_codeword: u32,
    pub(crate) recovery_symbol: u32,
}

/// Parameters of `restore.wgsl`.
#[derive(Clone, Copy, NoUninit)]
#[repr(C)]
pub(crate) struct RestoreParameters {
    pub(crate) blocks: u32,
    pub(crate) block: u32,
    pub(crate) chunks: u32,
    pub(crate) given: u32,
    pub(crate) missing: u32,
    pub(crate) first_position: u32,
    pub(crate) first_block: u32,
    pub(crate) first_codeword: u32,
    pub(crate) first_restored_codeword: u32,
    pub(crate) source_codeword: u32,
    pub(crate) source_symbol: u32,
    pub(crate) restored_codeword: u32,
    pub(crate) restored_symbol: u32,
}

/// Content of a position of `restore.wgsl` with a missing symbol: the number of the symbol plus
/// `MISSING`. The content of a position with a given symbol is the number of the symbol.
pub(crate) const MISSING: u32 = 0x1_0000;
/// Content of a position of `restore.wgsl` without a symbol.
pub(crate) const NOTHING: u32 = 0x2_0000;

/// Parameters of `symbols.wgsl`, for both leaf hashes.
#[derive(Clone, Copy, NoUninit)]
#[repr(C)]
pub(crate) struct LeavesParameters {
    pub(crate) symbols: u32,
    pub(crate) original: u32,
    pub(crate) first_codeword: u32,
    pub(crate) source_codeword: u32,
    pub(crate) source_symbol: u32,
    pub(crate) recovery_codeword: u32,
    pub(crate) recovery_symbol: u32,
    pub(crate) first_digest: u32,
    pub(crate) digest_codeword: u32,
    pub(crate) start: u32,
    pub(crate) width: u32,
    pub(crate) symbol_size: u32,
}

/// Parameters of `tree.wgsl`, for both hashes of nodes.
#[derive(Clone, Copy, NoUninit)]
#[repr(C)]
pub(crate) struct NodesParameters {
    pub(crate) children: u32,
    pub(crate) child_tree: u32,
    pub(crate) child: u32,
    pub(crate) parent_tree: u32,
}

/// Parameters of `combine.wgsl`.
#[derive(Clone, Copy, NoUninit)]
#[repr(C)]
pub(crate) struct CombineParameters {
    pub(crate) symbols: u32,
    pub(crate) chunks: u32,
    pub(crate) first_codeword: u32,
    pub(crate) first_symbol: u32,
    pub(crate) source_codeword: u32,
    pub(crate) source_symbol: u32,
    pub(crate) first_factor: u32,
    pub(crate) first_sum: u32,
}

/// Parameters of `sample_leaves.wgsl`.
#[derive(Clone, Copy, NoUninit)]
#[repr(C)]
pub(crate) struct SampleLeavesParameters {
    pub(crate) symbols: u32,
    pub(crate) original: u32,
    pub(crate) first_codeword: u32,
    pub(crate) source_codeword: u32,
    pub(crate) source_symbol: u32,
    pub(crate) recovery_codeword: u32,
    pub(crate) recovery_symbol: u32,
    pub(crate) first_digest: u32,
    pub(crate) digest_codeword: u32,
    pub(crate) vectors: u32,
    pub(crate) first_sample: u32,
    pub(crate) blocks: u32,
    pub(crate) bits: u32,
    pub(crate) first_number: u32,
    pub(crate) seed: [u32; 2],
}

/// Parameters of `sample_nodes.wgsl`.
#[derive(Clone, Copy, NoUninit)]
#[repr(C)]
pub(crate) struct SampleNodesParameters {
    pub(crate) children: u32,
    pub(crate) child_tree: u32,
    pub(crate) child: u32,
    pub(crate) parent_tree: u32,
    pub(crate) first_sample: u32,
    pub(crate) blocks: u32,
    pub(crate) bits: u32,
    pub(crate) first_number: u32,
    pub(crate) seed: [u32; 2],
}
