// Samples of inner nodes: copies nodes of one level with their children, one node per thread.
//
// Bounds, which `shader/bounds.rs` asserts: the children and the parents of as many trees as there
// are workgroups in the second dimension are within the buffers, and so are their samples.
// `blocks` is the number of blocks of `1 << bits` nodes that a tree has.

struct SampleNodesParameters {
    // As the nodes have them.
    children: u32,
    child_tree: u32,
    child: u32,
    parent_tree: u32,
    // Number of the first sample in `samples`: tree by tree, one per block.
    first_sample: u32,
    blocks: u32,
    bits: u32,
    first_number: u32,
    seed_low: u32,
    seed_high: u32,
}

@group(0) @binding(0) var<uniform> job: SampleNodesParameters;
// Digests, two vectors each.
@group(0) @binding(1) var<storage, read> children: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> parents: array<vec4<u32>>;
// For each sample, the left child, the right child and the node.
@group(0) @binding(3) var<storage, read_write> samples: array<vec4<u32>>;

@compute @workgroup_size(THREADS)
fn sample_nodes(@builtin(global_invocation_id) thread: vec3<u32>) {
    let block = thread.x;
    let tree = thread.y;
    if block >= job.blocks {
        return;
    }
    let node = sampled_item(tree, block, (job.children + 1u) / 2u);
    let left = 2u * (tree * job.child_tree + 2u * node * job.child);
    let to = 6u * (job.first_sample + tree * job.blocks + block);
    samples[to] = children[left];
    samples[to + 1u] = children[left + 1u];
    // A child without a sibling is paired with the empty node.
    samples[to + 2u] = vec4<u32>();
    samples[to + 3u] = vec4<u32>();
    if 2u * node + 1u < job.children {
        let right = left + 2u * job.child;
        samples[to + 2u] = children[right];
        samples[to + 3u] = children[right + 1u];
    }
    let parent = 2u * (tree * job.parent_tree + node);
    samples[to + 4u] = parents[parent];
    samples[to + 5u] = parents[parent + 1u];
}
