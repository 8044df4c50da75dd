// Symbols of lines as the messages of leaves: the prefix byte 0, and the symbol. A message's words lie
// a byte before the symbol's own.

struct Leaves {
    // Symbols a line that are hashed.
    symbols: u32,
    // The lines of the source before the first one.
    first_line: u32,
    // Words from one line to the next, and from one symbol of a line to the next.
    source_line: u32,
    source_symbol: u32,
    // Where the first line's first symbol stands among the digests, and the digests a line.
    first_digest: u32,
    digests_line: u32,
    // The stripe: its first byte of every symbol, and how many; the size of a whole symbol.
    start: u32,
    width: u32,
    symbol_size: u32,
}

@group(0) @binding(0) var<uniform> job: Leaves;
@group(0) @binding(1) var<storage, read> source: array<u32>;
// What is kept of a symbol between stripes, symbol by symbol. The last word is the byte that waits.
@group(0) @binding(2) var<storage, read_write> states: array<u32>;
@group(0) @binding(3) var<storage, read_write> digests: array<u32>;

// A byte of the last chunk, which is not whole: its low bytes from word 0 on, its high bytes from
// word 8 on.
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

// Word `number` of a symbol that begins at word `base`; zero beyond its end.
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

// The blocks of `size` bytes that this stripe completes: one byte waits behind all but the last.
fn blocks(size: u32) -> u32 {
    if is_last_stripe() {
        return (job.width + size) / size;
    }
    return job.width / size;
}
