// Compression function of BLAKE3.

const CHUNK_START: u32 = 1u;
const CHUNK_END: u32 = 2u;
const PARENT: u32 = 4u;
const ROOT: u32 = 8u;

struct Column {
    a: u32,
    b: u32,
    c: u32,
    d: u32,
}

fn rotated(value: u32, by: u32) -> u32 {
    return (value >> by) | (value << (32u - by));
}

fn mix(a: u32, b: u32, c: u32, d: u32, x: u32, y: u32) -> Column {
    let a1 = a + b + x;
    let d1 = rotated(d ^ a1, 16u);
    let c1 = c + d1;
    let b1 = rotated(b ^ c1, 12u);
    let a2 = a1 + b1 + y;
    let d2 = rotated(d1 ^ a2, 8u);
    let c2 = c1 + d2;
    return Column(a2, rotated(b1 ^ c2, 7u), c2, d2);
}

fn round_of(
    v: array<u32, 16>,
    m: array<u32, 16>,
) -> array<u32, 16> {
    let c0 = mix(v[0], v[4], v[8], v[12], m[0], m[1]);
    let c1 = mix(v[1], v[5], v[9], v[13], m[2], m[3]);
    let c2 = mix(v[2], v[6], v[10], v[14], m[4], m[5]);
    let c3 = mix(v[3], v[7], v[11], v[15], m[6], m[7]);
    let d0 = mix(c0.a, c1.b, c2.c, c3.d, m[8], m[9]);
    let d1 = mix(c1.a, c2.b, c3.c, c0.d, m[10], m[11]);
    let d2 = mix(c2.a, c3.b, c0.c, c1.d, m[12], m[13]);
    let d3 = mix(c3.a, c0.b, c1.c, c2.d, m[14], m[15]);
    return array<u32, 16>(
        d0.a, d1.a, d2.a, d3.a, d3.b, d0.b, d1.b, d2.b,
        d2.c, d3.c, d0.c, d1.c, d1.d, d2.d, d3.d, d0.d,
    );
}

fn start_value() -> array<u32, 8> {
    return array<u32, 8>(
        0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au,
        0x510e527fu, 0x9b05688cu, 0x1f83d9abu, 0x5be0cd19u,
    );
}

// Chaining value after a block of `length` bytes in BLAKE3's chunk number `chunk`.
fn compress(
    h: array<u32, 8>,
    m: array<u32, 16>,
    chunk: u32,
    length: u32,
    flags: u32,
) -> array<u32, 8> {
    var v = array<u32, 16>(
        h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7],
        0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au, chunk, 0u, length, flags,
    );
    v = round_of(v, m);
    v = round_of(v, array<u32, 16>(
        m[2], m[6], m[3], m[10], m[7], m[0], m[4], m[13],
        m[1], m[11], m[12], m[5], m[9], m[14], m[15], m[8],
    ));
    v = round_of(v, array<u32, 16>(
        m[3], m[4], m[10], m[12], m[13], m[2], m[7], m[14],
        m[6], m[5], m[9], m[0], m[11], m[15], m[8], m[1],
    ));
    v = round_of(v, array<u32, 16>(
        m[10], m[7], m[12], m[9], m[14], m[3], m[13], m[15],
        m[4], m[0], m[11], m[2], m[5], m[8], m[1], m[6],
    ));
    v = round_of(v, array<u32, 16>(
        m[12], m[13], m[9], m[11], m[15], m[10], m[14], m[8],
        m[7], m[2], m[5], m[3], m[0], m[1], m[6], m[4],
    ));
    v = round_of(v, array<u32, 16>(
        m[9], m[14], m[11], m[5], m[8], m[12], m[15], m[1],
        m[13], m[3], m[0], m[10], m[2], m[6], m[4], m[7],
    ));
    v = round_of(v, array<u32, 16>(
        m[11], m[15], m[5], m[0], m[1], m[9], m[8], m[6],
        m[14], m[10], m[2], m[12], m[3], m[4], m[7], m[13],
    ));
    return array<u32, 8>(
        v[0] ^ v[8], v[1] ^ v[9], v[2] ^ v[10], v[3] ^ v[11],
        v[4] ^ v[12], v[5] ^ v[13], v[6] ^ v[14], v[7] ^ v[15],
    );
}

// Chaining value of a subtree from the chaining values of its halves.
fn parent(left: array<u32, 8>, right: array<u32, 8>, flags: u32) -> array<u32, 8> {
    let m = array<u32, 16>(
        left[0], left[1], left[2], left[3], left[4], left[5], left[6], left[7],
        right[0], right[1], right[2], right[3], right[4], right[5], right[6], right[7],
    );
    return compress(start_value(), m, 0u, 64u, PARENT | flags);
}
