// Blake2b-256 hashes of inner nodes: one level of trees, one thread per node.

@compute @workgroup_size(THREADS)
fn nodes_blake2b(@builtin(global_invocation_id) thread: vec3<u32>) {
    let node = thread.x;
    if node >= (job.children + 1u) / 2u {
        return;
    }
    let pair = children_of(thread.y, node);
    let a = pair.left[0];
    let b = pair.left[1];
    let c = pair.right[0];
    let d = pair.right[1];
    let zero = word(0u, 0u);
    let m = array<Word, 16>(
        message_word(PREFIX, a.x, a.y),
        message_word(a.y, a.z, a.w),
        message_word(a.w, b.x, b.y),
        message_word(b.y, b.z, b.w),
        message_word(b.w, c.x, c.y),
        message_word(c.y, c.z, c.w),
        message_word(c.w, d.x, d.y),
        message_word(d.y, d.z, d.w),
        word(d.w >> 24u, 0u), zero, zero, zero, zero, zero, zero, zero,
    );
    let h = compress(start_value(), m, 65u, true);
    let out = parent_at(thread.y, node);
    parents[out] = digest_vector(h[0], h[1]);
    parents[out + 1u] = digest_vector(h[2], h[3]);
}
