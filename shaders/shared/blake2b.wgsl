// Compression function of Blake2b. `Word` comes from word_native.wgsl or word_pairs.wgsl, `shifted`
// from message.wgsl.

struct Column {
    a: Word,
    b: Word,
    c: Word,
    d: Word,
}

fn mix(a: Word, b: Word, c: Word, d: Word, x: Word, y: Word) -> Column {
    let a1 = add(add(a, b), x);
    let d1 = rotated_32(d ^ a1);
    let c1 = add(c, d1);
    let b1 = rotated_24(b ^ c1);
    let a2 = add(add(a1, b1), y);
    let d2 = rotated_16(d1 ^ a2);
    let c2 = add(c1, d2);
    return Column(a2, rotated_63(b1 ^ c2), c2, d2);
}

fn round_of(
    v: array<Word, 16>,
    m: array<Word, 16>,
) -> array<Word, 16> {
    let c0 = mix(v[0], v[4], v[8], v[12], m[0], m[1]);
    let c1 = mix(v[1], v[5], v[9], v[13], m[2], m[3]);
    let c2 = mix(v[2], v[6], v[10], v[14], m[4], m[5]);
    let c3 = mix(v[3], v[7], v[11], v[15], m[6], m[7]);
    let d0 = mix(c0.a, c1.b, c2.c, c3.d, m[8], m[9]);
    let d1 = mix(c1.a, c2.b, c3.c, c0.d, m[10], m[11]);
    let d2 = mix(c2.a, c3.b, c0.c, c1.d, m[12], m[13]);
    let d3 = mix(c3.a, c0.b, c1.c, c2.d, m[14], m[15]);
    return array<Word, 16>(
        d0.a, d1.a, d2.a, d3.a, d3.b, d0.b, d1.b, d2.b,
        d2.c, d3.c, d0.c, d1.c, d1.d, d2.d, d3.d, d0.d,
    );
}

// Word of a message from the words `first` and `second` of a buffer, and the word before them.
fn message_word(before: u32, first: u32, second: u32) -> Word {
    return word(shifted(before, first), shifted(first, second));
}

// Chaining value before the first block of an unkeyed hash of 32 bytes.
fn start_value() -> array<Word, 8> {
    return array<Word, 8>(
        word(0xf2bdc928u, 0x6a09e667u),
        word(0x84caa73bu, 0xbb67ae85u),
        word(0xfe94f82bu, 0x3c6ef372u),
        word(0x5f1d36f1u, 0xa54ff53au),
        word(0xade682d1u, 0x510e527fu),
        word(0x2b3e6c1fu, 0x9b05688cu),
        word(0xfb41bd6bu, 0x1f83d9abu),
        word(0x137e2179u, 0x5be0cd19u),
    );
}

// Chaining value after a block. `length`: bytes of the message up to the end of the block.
fn compress(h: array<Word, 8>, m: array<Word, 16>, length: u32, is_last: bool) -> array<Word, 8> {
    let all = select(0u, 0xffffffffu, is_last);
    var v = array<Word, 16>(
        h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7],
        word(0xf3bcc908u, 0x6a09e667u),
        word(0x84caa73bu, 0xbb67ae85u),
        word(0xfe94f82bu, 0x3c6ef372u),
        word(0x5f1d36f1u, 0xa54ff53au),
        word(0xade682d1u, 0x510e527fu) ^ word(length, 0u),
        word(0x2b3e6c1fu, 0x9b05688cu),
        word(0xfb41bd6bu, 0x1f83d9abu) ^ word(all, all),
        word(0x137e2179u, 0x5be0cd19u),
    );
    v = round_of(v, m);
    v = round_of(v, array<Word, 16>(
        m[14], m[10], m[4], m[8], m[9], m[15], m[13], m[6],
        m[1], m[12], m[0], m[2], m[11], m[7], m[5], m[3],
    ));
    v = round_of(v, array<Word, 16>(
        m[11], m[8], m[12], m[0], m[5], m[2], m[15], m[13],
        m[10], m[14], m[3], m[6], m[7], m[1], m[9], m[4],
    ));
    v = round_of(v, array<Word, 16>(
        m[7], m[9], m[3], m[1], m[13], m[12], m[11], m[14],
        m[2], m[6], m[5], m[10], m[4], m[0], m[15], m[8],
    ));
    v = round_of(v, array<Word, 16>(
        m[9], m[0], m[5], m[7], m[2], m[4], m[10], m[15],
        m[14], m[1], m[11], m[12], m[6], m[8], m[3], m[13],
    ));
    v = round_of(v, array<Word, 16>(
        m[2], m[12], m[6], m[10], m[0], m[11], m[8], m[3],
        m[4], m[13], m[7], m[5], m[15], m[14], m[1], m[9],
    ));
    v = round_of(v, array<Word, 16>(
        m[12], m[5], m[1], m[15], m[14], m[13], m[4], m[10],
        m[0], m[7], m[6], m[3], m[9], m[2], m[8], m[11],
    ));
    v = round_of(v, array<Word, 16>(
        m[13], m[11], m[7], m[14], m[12], m[1], m[3], m[9],
        m[5], m[0], m[15], m[4], m[8], m[6], m[2], m[10],
    ));
    v = round_of(v, array<Word, 16>(
        m[6], m[15], m[14], m[9], m[11], m[3], m[0], m[8],
        m[12], m[2], m[13], m[7], m[1], m[4], m[10], m[5],
    ));
    v = round_of(v, array<Word, 16>(
        m[10], m[2], m[8], m[4], m[7], m[6], m[1], m[5],
        m[15], m[11], m[9], m[14], m[3], m[12], m[13], m[0],
    ));
    v = round_of(v, m);
    v = round_of(v, array<Word, 16>(
        m[14], m[10], m[4], m[8], m[9], m[15], m[13], m[6],
        m[1], m[12], m[0], m[2], m[11], m[7], m[5], m[3],
    ));
    return array<Word, 8>(
        h[0] ^ v[0] ^ v[8],
        h[1] ^ v[1] ^ v[9],
        h[2] ^ v[2] ^ v[10],
        h[3] ^ v[3] ^ v[11],
        h[4] ^ v[4] ^ v[12],
        h[5] ^ v[5] ^ v[13],
        h[6] ^ v[6] ^ v[14],
        h[7] ^ v[7] ^ v[15],
    );
}

// Half of a digest from two words of a chaining value.
fn digest_vector(first: Word, second: Word) -> vec4<u32> {
    return vec4<u32>(low_half(first), high_half(first), low_half(second), high_half(second));
}
