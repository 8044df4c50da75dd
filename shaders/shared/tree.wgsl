// Levels of trees: a parent is the hash of the prefix byte 1 and its two children; a child without a
// sibling has the empty node, all zeros, beside it.

struct Nodes {
    // The children in each tree.
    children: u32,
    // Digests from one tree to the next, and from one child to the next.
    child_tree: u32,
    child: u32,
    // Digests from one tree's parents to the next one's; the parents of a tree lie together.
    parent_tree: u32,
}

@group(0) @binding(0) var<uniform> job: Nodes;
@group(0) @binding(1) var<storage, read> children: array<u32>;
@group(0) @binding(2) var<storage, read_write> parents: array<u32>;
