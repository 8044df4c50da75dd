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
// Digests, two vectors each.
@group(0) @binding(1) var<storage, read> children: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> parents: array<vec4<u32>>;

// Word before the first child in a buffer: its last byte is the prefix byte.
const PREFIX: u32 = 1u << 24u;

struct Pair {
    left: array<vec4<u32>, 2>,
    right: array<vec4<u32>, 2>,
}

// Children of a node.
fn children_of(tree: u32, node: u32) -> Pair {
    let first = 2u * (tree * job.child_tree + 2u * node * job.child);
    let left = array<vec4<u32>, 2>(children[first], children[first + 1u]);
    if 2u * node + 1u < job.children {
        let second = first + 2u * job.child;
        return Pair(left, array<vec4<u32>, 2>(children[second], children[second + 1u]));
    }
    return Pair(left, array<vec4<u32>, 2>());
}

// Number of the first vector of a node.
fn parent_at(tree: u32, node: u32) -> u32 {
    return 2u * (tree * job.parent_tree + node);
}
