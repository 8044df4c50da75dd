// Blake2b-256 hashes of inner nodes: one level of trees, one thread per node.

@compute @workgroup_size(THREADS)
fn nodes_blake2b(@builtin(global_invocation_id) thread: vec3<u32>) {
    let node = thread.x;
    if node >= (job.children + 1u) / 2u {
        return;
    }
    let left = (thread.y * job.child_tree + 2u * node * job.child) * 8u;
    let right = left + job.child * 8u;
    let is_pair = 2u * node + 1u < job.children;
    var words: array<u32, 17>;
    var before = 1u << 24u;
    for (var i = 0u; i < 8u; i += 1u) {
        let next = children[left + i];
        words[i] = (next << 8u) | (before >> 24u);
        before = next;
    }
    for (var i = 0u; i < 8u; i += 1u) {
        // The empty node.
        var next = 0u;
        if is_pair {
            next = children[right + i];
        }
        words[8u + i] = (next << 8u) | (before >> 24u);
        before = next;
    }
    words[16] = before >> 24u;
    let zero = word(0u, 0u);
    let m = array<Word, 16>(
        word(words[0], words[1]),
        word(words[2], words[3]),
        word(words[4], words[5]),
        word(words[6], words[7]),
        word(words[8], words[9]),
        word(words[10], words[11]),
        word(words[12], words[13]),
        word(words[14], words[15]),
        word(words[16], 0u), zero, zero, zero, zero, zero, zero, zero,
    );
    let h = compress(start_value(), m, 65u, true);
    let out = (thread.y * job.parent_tree + node) * 8u;
    for (var i = 0u; i < 4u; i += 1u) {
        parents[out + 2u * i] = low_half(h[i]);
        parents[out + 2u * i + 1u] = high_half(h[i]);
    }
}
