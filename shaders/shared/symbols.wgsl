// Symbols of codewords as messages of leaf hashes: the prefix byte 0, then the symbol. The prefix
// byte shifts a message's words by one byte against the symbol's words.

struct Leaves {
    // Hashed symbols per codeword.
    symbols: u32,
    // First codeword of the source.
    first_line: u32,
    // Distance of codewords, and distance of a codeword's symbols, in 32-bit words.
    source_line: u32,
    source_symbol: u32,
    // Index of the first codeword's first digest, and digests per codeword.
    first_digest: u32,
    digests_line: u32,
    // First byte and width of the stripe, and the symbol size, in bytes.
    start: u32,
    width: u32,
    symbol_size: u32,
}

@group(0) @binding(0) var<uniform> job: Leaves;
@group(0) @binding(1) var<storage, read> source: array<u32>;
// Hash states between stripes, one per symbol. The last word of a state is the stripe's last byte,
// which belongs to the next hash block.
@group(0) @binding(2) var<storage, read_write> states: array<u32>;
@group(0) @binding(3) var<storage, read_write> digests: array<u32>;

// Returns byte `number` of the last, incomplete chunk, which begins at word `tail`. The low bytes
// of the chunk's elements begin at word 0, the high bytes at word 8.
fn tail_byte(tail: u32, number: u32) -> u32 {
    let bytes = job.width % 64u;
    if number >= bytes {
        return 0u;
    }
    let is_high = number >= bytes / 2u;
    let at = select(number, number - bytes / 2u, is_high);
    let value = source[tail + select(0u, 8u, is_high) + at / 4u];
    return (value >> (8u * (at % 4u))) & 0xffu;
}

// Returns word `number` of the symbol that begins at word `base`, 0 beyond the symbol's end.
fn symbol_word(base: u32, number: u32) -> u32 {
    let whole = job.width / 64u * 16u;
    if number < whole {
        return source[base + number];
    }
    let first = 4u * (number - whole);
    let tail = base + whole;
    return tail_byte(tail, first) | (tail_byte(tail, first + 1u) << 8u)
        | (tail_byte(tail, first + 2u) << 16u) | (tail_byte(tail, first + 3u) << 24u);
}

fn is_last_stripe() -> bool {
    return job.start + job.width == job.symbol_size;
}

// Returns the number of hash blocks of `size` bytes that this stripe completes. Because of the
// prefix byte, the last byte of every stripe but the last belongs to the next hash block.
fn blocks(size: u32) -> u32 {
    if is_last_stripe() {
        return (job.width + size) / size;
    }
    return job.width / size;
}
