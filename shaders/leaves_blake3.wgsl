// BLAKE3 leaf hashes, one thread per symbol. A chunk of BLAKE3 is 1,024 bytes of the message, a
// block 64 bytes: a chunk of the symbol.
//
// Hash state: the chaining value of the unfinished chunk, the chaining values of the subtrees left
// of that chunk (at most `DEPTH`), and the waiting byte.
//
// Bounds: after k chunks of BLAKE3 there is one waiting subtree per bit set in k. A symbol has at
// most 64 chunks, the last of which is never pushed, so at most 6 subtrees wait. `DEPTH` is the
// most for the size of the symbols.

const STATE: u32 = 8u * (1u + DEPTH) + 1u;

// Message words of a block. `before`: the word of the symbol before the block.
fn message(x: Chunk, before: u32) -> array<u32, 16> {
    return array<u32, 16>(
        shifted(before, x.a.x), shifted(x.a.x, x.a.y), shifted(x.a.y, x.a.z), shifted(x.a.z, x.a.w),
        shifted(x.a.w, x.b.x), shifted(x.b.x, x.b.y), shifted(x.b.y, x.b.z), shifted(x.b.z, x.b.w),
        shifted(x.b.w, x.c.x), shifted(x.c.x, x.c.y), shifted(x.c.y, x.c.z), shifted(x.c.z, x.c.w),
        shifted(x.c.w, x.d.x), shifted(x.d.x, x.d.y), shifted(x.d.y, x.d.z), shifted(x.d.z, x.d.w),
    );
}

// Message words of the last block, which begins at word `first` of the symbol.
fn last_message(place: Place, first: u32, before: u32) -> array<u32, 16> {
    var m: array<u32, 16>;
    var last = before;
    for (var at = first; at < first + 16u; at += 1u) {
        let next = symbol_word(place, at);
        // The words move down, since the number of the next one is no constant.
        m = array<u32, 16>(
            m[1], m[2], m[3], m[4], m[5], m[6], m[7], m[8],
            m[9], m[10], m[11], m[12], m[13], m[14], m[15], shifted(last, next),
        );
        last = next;
    }
    return m;
}

// Chaining value at word `at` of the states.
fn state_value(at: u32) -> array<u32, 8> {
    return array<u32, 8>(
        states[at], states[at + 1u], states[at + 2u], states[at + 3u],
        states[at + 4u], states[at + 5u], states[at + 6u], states[at + 7u],
    );
}

fn put_state_value(at: u32, value: array<u32, 8>) {
    states[at] = value[0];
    states[at + 1u] = value[1];
    states[at + 2u] = value[2];
    states[at + 3u] = value[3];
    states[at + 4u] = value[4];
    states[at + 5u] = value[5];
    states[at + 6u] = value[6];
    states[at + 7u] = value[7];
}

@compute @workgroup_size(THREADS)
fn leaves_blake3(@builtin(global_invocation_id) thread: vec3<u32>) {
    let symbol = thread.x;
    if symbol >= job.symbols {
        return;
    }
    let place = place_of(thread.y, symbol);
    let digest = job.first_digest + thread.y * job.digest_codeword + symbol;
    let state = digest * STATE;
    var value = start_value();
    var stack: array<array<u32, 8>, 6>;
    var depth = countOneBits(job.start / 1024u);
    // The word of the symbol before the next block.
    var before = 0u;
    if job.start > 0u {
        // At the start of a chunk the state's chaining value is that of the previous chunk, already
        // used.
        if job.start % 1024u != 0u {
            value = state_value(state);
        }
        for (var level = 0u; level < depth; level += 1u) {
            stack[level] = state_value(state + 8u * (1u + level));
        }
        before = states[state + STATE - 1u] << 24u;
    }
    let length = job.symbol_size + 1u;
    let whole = job.width / 64u;
    // The last stripe has a block more, which may be the waiting byte alone.
    let count = whole + select(0u, 1u, is_last_stripe());
    for (var block = 0u; block < count; block += 1u) {
        let begin = job.start + 64u * block;
        var m: array<u32, 16>;
        if block < whole {
            let x = chunk_of(place, block);
            m = message(x, before);
            before = x.d.w;
        } else {
            m = last_message(place, block * 16u, before);
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
        digests[2u * digest] = vec4<u32>(value[0], value[1], value[2], value[3]);
        digests[2u * digest + 1u] = vec4<u32>(value[4], value[5], value[6], value[7]);
        return;
    }
    put_state_value(state, value);
    for (var level = 0u; level < DEPTH; level += 1u) {
        let at = state + 8u * (1u + level);
        if level < depth {
            put_state_value(at, stack[level]);
        } else {
            put_state_value(at, array<u32, 8>());
        }
    }
    states[state + STATE - 1u] = before >> 24u;
}
