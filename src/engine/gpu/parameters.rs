//! The parameters of the shaders, word for word as in their files.

use bytemuck::NoUninit;

/// Of `extend.wgsl`.
#[derive(Clone, Copy, NoUninit)]
#[repr(C)]
pub(super) struct Extend {
    pub(super) original: u32,
    pub(super) recovery: u32,
    pub(super) low_rate: u32,
    pub(super) first_line: u32,
    pub(super) first_recovery_line: u32,
    pub(super) source_line: u32,
    pub(super) source_symbol: u32,
    pub(super) recovery_line: u32,
    pub(super) recovery_symbol: u32,
}

/// Of `restore.wgsl`.
#[derive(Clone, Copy, NoUninit)]
#[repr(C)]
pub(super) struct Restore {
    pub(super) blocks: u32,
    pub(super) block: u32,
    pub(super) first_position: u32,
    pub(super) first_block: u32,
    pub(super) first_line: u32,
    pub(super) first_restored_line: u32,
    pub(super) source_line: u32,
    pub(super) source_symbol: u32,
    pub(super) restored_line: u32,
    pub(super) restored_symbol: u32,
}

/// What stands at a position of the work of `restore.wgsl`: the number of a given symbol, or that of a
/// missing one and `MISSING`, or `NOTHING`.
pub(super) const MISSING: u32 = 0x1_0000;
pub(super) const NOTHING: u32 = 0x2_0000;

/// Of `symbols.wgsl`.
#[derive(Clone, Copy, NoUninit)]
#[repr(C)]
pub(super) struct Leaves {
    pub(super) symbols: u32,
    pub(super) first_line: u32,
    pub(super) source_line: u32,
    pub(super) source_symbol: u32,
    pub(super) first_digest: u32,
    pub(super) digests_line: u32,
    pub(super) start: u32,
    pub(super) width: u32,
    pub(super) symbol_size: u32,
}

/// Of `tree.wgsl`.
#[derive(Clone, Copy, NoUninit)]
#[repr(C)]
pub(super) struct Nodes {
    pub(super) children: u32,
    pub(super) child_tree: u32,
    pub(super) child: u32,
    pub(super) parent_tree: u32,
}

/// Of `combine.wgsl`.
#[derive(Clone, Copy, NoUninit)]
#[repr(C)]
pub(super) struct Combine {
    pub(super) symbols: u32,
    pub(super) chunks: u32,
    pub(super) first_line: u32,
    pub(super) first_symbol: u32,
    pub(super) source_line: u32,
    pub(super) source_symbol: u32,
    pub(super) first_factor: u32,
    pub(super) first_sum: u32,
}
