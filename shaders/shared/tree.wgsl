// Levels of Merkle trees. A parent is the hash of the prefix byte 1 and its two children. A child
// without a sibling is paired with the empty node, which is all zeros.
//
// Bounds, which `shader/bounds.rs` asserts: the children and the parents of as many trees as there
// are workgroups in the second dimension are within the buffers.

struct NodesParameters {
    // Children per tree.
    children: u32,
    // Digests from one tree to the next, and from one child to the next.
    child_tree: u32,
    child: u32,
    // Digests from the parents of one tree to the parents of the next. Parents of a tree are
    // adjacent.
    parent_tree: u32,
}

@group(0) @binding(0) var<uniform> job: NodesParameters;
@group(0) @binding(1) var<storage, read> children: array<u32>;
@group(0) @binding(2) var<storage, read_write> parents: array<u32>;
