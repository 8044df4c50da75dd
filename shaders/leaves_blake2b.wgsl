// Blake2b-256 leaf hashes, one thread per symbol.

// Words of a hash state: the chaining value and the waiting byte.
const STATE: u32 = 17u;

@compute @workgroup_size(THREADS)
fn leaves_blake2b(@builtin(global_invocation_id) thread: vec3<u32>) {
    let symbol = thread.x;
    if symbol >= job.symbols {
        return;
    }
    let base = (thread.y + job.first_codeword) * job.source_codeword + symbol * job.source_symbol;
    let digest = job.first_digest + thread.y * job.digest_codeword + symbol;
    var h = start_value();
    var waiting = 0u;
    if job.start > 0u {
        let state = digest * STATE;
        for (var i = 0u; i < 8u; i += 1u) {
            h[i] = word(states[state + 2u * i], states[state + 2u * i + 1u]);
        }
        waiting = states[state + 16u];
    }
    let count = blocks(128u);
    for (var block = 0u; block < count; block += 1u) {
        var m: array<Word, 16>;
        for (var i = 0u; i < 16u; i += 1u) {
            let first = symbol_word(base, block * 32u + 2u * i);
            let second = symbol_word(base, block * 32u + 2u * i + 1u);
            m[i] = word((first << 8u) | waiting, (second << 8u) | (first >> 24u));
            waiting = second >> 24u;
        }
        let is_last = is_last_stripe() && block + 1u == count;
        let length = select(job.start + (block + 1u) * 128u, job.symbol_size + 1u, is_last);
        h = compress(h, m, length, is_last);
    }
    if is_last_stripe() {
        for (var i = 0u; i < 4u; i += 1u) {
            digests[digest * 8u + 2u * i] = low_half(h[i]);
            digests[digest * 8u + 2u * i + 1u] = high_half(h[i]);
        }
        return;
    }
    let state = digest * STATE;
    for (var i = 0u; i < 8u; i += 1u) {
        states[state + 2u * i] = low_half(h[i]);
        states[state + 2u * i + 1u] = high_half(h[i]);
    }
    states[state + 16u] = waiting;
}
