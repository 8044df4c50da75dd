// Symbols of codewords as messages of leaf hashes: the prefix byte 0, then the symbol. So the words
// of a message begin one byte before the words of its symbol.

struct LeavesParameters {
    // Symbols per codeword to be hashed.
    symbols: u32,
    // Number of the first codeword in the source.
    first_codeword: u32,
    // Words from one codeword to the next, and from one symbol of a codeword to the next.
    source_codeword: u32,
    source_symbol: u32,
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
@group(0) @binding(1) var<storage, read> source: array<u32>;
// Hash states between stripes, symbol by symbol. The last word of a state is the waiting byte: the
// last byte of the stripe, which begins the next word of the message.
@group(0) @binding(2) var<storage, read_write> states: array<u32>;
@group(0) @binding(3) var<storage, read_write> digests: array<u32>;

// Byte of the last, partial chunk, which begins at word `tail`: low bytes from its word 0 on, high
// bytes from its word 8 on.
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

// Word `number` of the symbol that begins at word `base`; zero beyond the end of the symbol.
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

// Blocks of `size` bytes that this stripe completes. One byte waits after every stripe but the
// last.
fn blocks(size: u32) -> u32 {
    if is_last_stripe() {
        return (job.width + size) / size;
    }
    return job.width / size;
}
