// Symbols of codewords as messages of leaf hashes: the prefix byte 0, then the symbol.
//
// Bounds, which `shader/bounds.rs` asserts: `original <= symbols`, and the symbols of `source`,
// `recovery` and the digests of as many codewords as there are workgroups in the second dimension
// are within the buffers. `start` is a multiple of 128, `start + width <= symbol_size`, and `width`
// is a multiple of 128 unless the symbol ends there. Distances in words are multiples of 4.

struct LeavesParameters {
    // Symbols per codeword to be hashed. The first `original` of them are in `source`, the others
    // in `recovery`.
    symbols: u32,
    original: u32,
    // Number of the first codeword in `source`. The first codeword in `recovery` has number 0.
    first_codeword: u32,
    // Words from one codeword to the next, and from one symbol of a codeword to the next.
    source_codeword: u32,
    source_symbol: u32,
    recovery_codeword: u32,
    recovery_symbol: u32,
    // Number of the digest of the first symbol of the first codeword, and digests from one codeword
    // to the next.
    first_digest: u32,
    digest_codeword: u32,
    // Start of the stripe in every symbol and its width, in bytes; the size of a whole symbol.
    start: u32,
    width: u32,
    symbol_size: u32,
}

@group(0) @binding(0) var<uniform> job: LeavesParameters;
@group(0) @binding(1) var<storage, read> source: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> recovery: array<vec4<u32>>;
// Hash states between stripes, symbol by symbol. The last word of a state is the waiting byte: the
// last byte of the stripe, which begins the next word of the message.
@group(0) @binding(3) var<storage, read_write> states: array<u32>;
// Digests, two vectors each.
@group(0) @binding(4) var<storage, read_write> digests: array<vec4<u32>>;

// Place of a symbol: its buffer, and the number of its first vector there.
struct Place {
    is_recovery: bool,
    first: u32,
}

fn place_of(codeword: u32, symbol: u32) -> Place {
    if symbol < job.original {
        let at = (codeword + job.first_codeword) * job.source_codeword + symbol * job.source_symbol;
        return Place(false, at / 4u);
    }
    let at = codeword * job.recovery_codeword + (symbol - job.original) * job.recovery_symbol;
    return Place(true, at / 4u);
}

// The 16 words of a chunk.
struct Chunk {
    a: vec4<u32>,
    b: vec4<u32>,
    c: vec4<u32>,
    d: vec4<u32>,
}

// Whole chunk of a symbol.
fn chunk_of(place: Place, number: u32) -> Chunk {
    let at = place.first + 4u * number;
    if place.is_recovery {
        return Chunk(recovery[at], recovery[at + 1u], recovery[at + 2u], recovery[at + 3u]);
    }
    return Chunk(source[at], source[at + 1u], source[at + 2u], source[at + 3u]);
}

// Word `number` of the place.
fn word_of(place: Place, number: u32) -> u32 {
    let at = place.first + number / 4u;
    if place.is_recovery {
        return recovery[at][number % 4u];
    }
    return source[at][number % 4u];
}

// Byte of the last, partial chunk, which begins at word `tail`: low bytes from its word 0 on, high
// bytes from its word 8 on.
fn tail_byte(place: Place, tail: u32, number: u32) -> u32 {
    let bytes = job.width % 64u;
    if number >= bytes {
        return 0u;
    }
    let is_high = number >= bytes / 2u;
    let at = select(number, number - bytes / 2u, is_high);
    let value = word_of(place, tail + select(0u, 8u, is_high) + at / 4u);
    return (value >> (8u * (at % 4u))) & 0xffu;
}

// Word `number` of a symbol; zero beyond the end of the symbol.
fn symbol_word(place: Place, number: u32) -> u32 {
    let whole = job.width / 64u * 16u;
    if number < whole {
        return word_of(place, number);
    }
    let first = 4u * (number - whole);
    return tail_byte(place, whole, first) | (tail_byte(place, whole, first + 1u) << 8u)
        | (tail_byte(place, whole, first + 2u) << 16u)
        | (tail_byte(place, whole, first + 3u) << 24u);
}

fn is_last_stripe() -> bool {
    return job.start + job.width == job.symbol_size;
}
