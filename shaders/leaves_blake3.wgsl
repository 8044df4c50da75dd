// BLAKE3 leaf hashes, one thread per symbol. A chunk here is one of BLAKE3: 1,024 bytes of the
// message.
//
// Hash state: the chaining value of the unfinished chunk, the chaining values of the subtrees left
// of that chunk (at most `DEPTH`), and the waiting byte.

const STATE: u32 = 8u * (1u + DEPTH) + 1u;

@compute @workgroup_size(THREADS)
fn leaves_blake3(@builtin(global_invocation_id) thread: vec3<u32>) {
    let symbol = thread.x;
    if symbol >= job.symbols {
        return;
    }
    let base = (thread.y + job.first_codeword) * job.source_codeword + symbol * job.source_symbol;
    let digest = job.first_digest + thread.y * job.digest_codeword + symbol;
    let state = digest * STATE;
    var value = start_value();
    var stack: array<array<u32, 8>, 6>;
    // After k chunks there is one waiting subtree per bit set in k.
    var depth = countOneBits(job.start / 1024u);
    var waiting = 0u;
    if job.start > 0u {
        // At the start of a chunk the state's chaining value is that of the previous chunk, already
        // used.
        for (var i = 0u; i < 8u && job.start % 1024u != 0u; i += 1u) {
            value[i] = states[state + i];
        }
        for (var level = 0u; level < depth; level += 1u) {
            for (var i = 0u; i < 8u; i += 1u) {
                stack[level][i] = states[state + 8u * (1u + level) + i];
            }
        }
        waiting = states[state + STATE - 1u];
    }
    let length = job.symbol_size + 1u;
    let count = blocks(64u);
    for (var block = 0u; block < count; block += 1u) {
        let begin = job.start + 64u * block;
        var m: array<u32, 16>;
        for (var i = 0u; i < 16u; i += 1u) {
            let next = symbol_word(base, block * 16u + i);
            m[i] = (next << 8u) | waiting;
            waiting = next >> 24u;
        }
        let chunk = begin / 1024u;
        let is_last = begin + 64u >= length;
        let ends = is_last || begin % 1024u == 960u;
        var flags = select(0u, CHUNK_START, begin % 1024u == 0u) | select(0u, CHUNK_END, ends);
        if is_last && depth == 0u {
            flags |= ROOT;
        }
        value = compress(value, m, chunk, min(64u, length - begin), flags);
        if is_last {
            for (; depth > 0u; depth -= 1u) {
                value = parent(stack[depth - 1u], value, select(0u, ROOT, depth == 1u));
            }
        } else if ends {
            for (var chunks = chunk + 1u; chunks % 2u == 0u; chunks /= 2u) {
                depth -= 1u;
                value = parent(stack[depth], value, 0u);
            }
            stack[depth] = value;
            depth += 1u;
            value = start_value();
        }
    }
    if is_last_stripe() {
        for (var i = 0u; i < 8u; i += 1u) {
            digests[digest * 8u + i] = value[i];
        }
        return;
    }
    for (var i = 0u; i < 8u; i += 1u) {
        states[state + i] = value[i];
    }
    for (var level = 0u; level < DEPTH; level += 1u) {
        for (var i = 0u; i < 8u; i += 1u) {
            states[state + 8u * (1u + level) + i] = select(0u, stack[level][i], level < depth);
        }
    }
    states[state + STATE - 1u] = waiting;
}
