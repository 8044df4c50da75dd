// Blake2b-256 leaf hashes, one thread per symbol.
//
// A block of 128 bytes is two chunks of a symbol, loaded as 8 vectors. Message words and chaining
// value are in registers: no array is indexed by anything but constants. What is left of a symbol
// behind the whole blocks, and is hashed once, is read word by word.

// Words of a hash state: the chaining value and the waiting byte.
const STATE: u32 = 17u;

// Message words of a block of two chunks. `before`: the word of the symbol before the block.
fn message(x: Chunk, y: Chunk, before: u32) -> array<Word, 16> {
    return array<Word, 16>(
        message_word(before, x.a.x, x.a.y),
        message_word(x.a.y, x.a.z, x.a.w),
        message_word(x.a.w, x.b.x, x.b.y),
        message_word(x.b.y, x.b.z, x.b.w),
        message_word(x.b.w, x.c.x, x.c.y),
        message_word(x.c.y, x.c.z, x.c.w),
        message_word(x.c.w, x.d.x, x.d.y),
        message_word(x.d.y, x.d.z, x.d.w),
        message_word(x.d.w, y.a.x, y.a.y),
        message_word(y.a.y, y.a.z, y.a.w),
        message_word(y.a.w, y.b.x, y.b.y),
        message_word(y.b.y, y.b.z, y.b.w),
        message_word(y.b.w, y.c.x, y.c.y),
        message_word(y.c.y, y.c.z, y.c.w),
        message_word(y.c.w, y.d.x, y.d.y),
        message_word(y.d.y, y.d.z, y.d.w),
    );
}

// Message words of the last block, which begins at word `first` of the symbol.
fn last_message(place: Place, first: u32, before: u32) -> array<Word, 16> {
    var m: array<Word, 16>;
    var last = before;
    for (var at = first; at < first + 32u; at += 2u) {
        let low = symbol_word(place, at);
        let high = symbol_word(place, at + 1u);
        // The words move down, since the number of the next one is no constant.
        m = array<Word, 16>(
            m[1], m[2], m[3], m[4], m[5], m[6], m[7], m[8],
            m[9], m[10], m[11], m[12], m[13], m[14], m[15], message_word(last, low, high),
        );
        last = high;
    }
    return m;
}

fn state_word(state: u32, number: u32) -> Word {
    return word(states[state + 2u * number], states[state + 2u * number + 1u]);
}

fn put_state_word(state: u32, number: u32, value: Word) {
    states[state + 2u * number] = low_half(value);
    states[state + 2u * number + 1u] = high_half(value);
}

@compute @workgroup_size(THREADS)
fn leaves_blake2b(@builtin(global_invocation_id) thread: vec3<u32>) {
    let symbol = thread.x;
    if symbol >= job.symbols {
        return;
    }
    let place = place_of(thread.y, symbol);
    let digest = job.first_digest + thread.y * job.digest_codeword + symbol;
    let state = digest * STATE;
    var h = start_value();
    // The word of the symbol before the next block.
    var before = 0u;
    if job.start > 0u {
        h = array<Word, 8>(
            state_word(state, 0u), state_word(state, 1u),
            state_word(state, 2u), state_word(state, 3u),
            state_word(state, 4u), state_word(state, 5u),
            state_word(state, 6u), state_word(state, 7u),
        );
        before = states[state + 16u] << 24u;
    }
    let whole = job.width / 128u;
    for (var block = 0u; block < whole; block += 1u) {
        let x = chunk_of(place, 2u * block);
        let y = chunk_of(place, 2u * block + 1u);
        h = compress(h, message(x, y, before), job.start + (block + 1u) * 128u, false);
        before = y.d.w;
    }
    if is_last_stripe() {
        let m = last_message(place, whole * 32u, before);
        h = compress(h, m, job.symbol_size + 1u, true);
        digests[2u * digest] = digest_vector(h[0], h[1]);
        digests[2u * digest + 1u] = digest_vector(h[2], h[3]);
        return;
    }
    put_state_word(state, 0u, h[0]);
    put_state_word(state, 1u, h[1]);
    put_state_word(state, 2u, h[2]);
    put_state_word(state, 3u, h[3]);
    put_state_word(state, 4u, h[4]);
    put_state_word(state, 5u, h[5]);
    put_state_word(state, 6u, h[6]);
    put_state_word(state, 7u, h[7]);
    states[state + 16u] = before >> 24u;
}
