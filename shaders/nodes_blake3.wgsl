// BLAKE3 hashes of inner nodes: one level of trees, one thread per node.

@compute @workgroup_size(THREADS)
fn nodes_blake3(@builtin(global_invocation_id) thread: vec3<u32>) {
    let node = thread.x;
    if node >= (job.children + 1u) / 2u {
        return;
    }
    let pair = children_of(thread.y, node);
    let a = pair.left[0];
    let b = pair.left[1];
    let c = pair.right[0];
    let d = pair.right[1];
    let first = array<u32, 16>(
        shifted(PREFIX, a.x), shifted(a.x, a.y), shifted(a.y, a.z), shifted(a.z, a.w),
        shifted(a.w, b.x), shifted(b.x, b.y), shifted(b.y, b.z), shifted(b.z, b.w),
        shifted(b.w, c.x), shifted(c.x, c.y), shifted(c.y, c.z), shifted(c.z, c.w),
        shifted(c.w, d.x), shifted(d.x, d.y), shifted(d.y, d.z), shifted(d.z, d.w),
    );
    let second = array<u32, 16>(
        d.w >> 24u, 0u, 0u, 0u, 0u, 0u, 0u, 0u, 0u, 0u, 0u, 0u, 0u, 0u, 0u, 0u,
    );
    let half = compress(start_value(), first, 0u, 64u, CHUNK_START);
    let value = compress(half, second, 0u, 1u, CHUNK_END | ROOT);
    let out = parent_at(thread.y, node);
    parents[out] = vec4<u32>(value[0], value[1], value[2], value[3]);
    parents[out + 1u] = vec4<u32>(value[4], value[5], value[6], value[7]);
}
