// Levels of Merkle trees. A parent is the hash of the prefix byte 1 and of its two children. The
// empty node, all zeros, replaces a missing sibling.

struct Nodes {
    // Number of children per tree.
    children: u32,
    // Distance of trees, and distance of a tree's children, in digests.
    child_tree: u32,
    child: u32,
    // Distance of the parents of two trees, in digests. The parents of one tree are contiguous.
    parent_tree: u32,
}

@group(0) @binding(0) var<uniform> job: Nodes;
@group(0) @binding(1) var<storage, read> children: array<u32>;
@group(0) @binding(2) var<storage, read_write> parents: array<u32>;
