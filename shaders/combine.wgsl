// A random combination of lines: of every symbol's chunks by one set of factors, and of the sums of
// lines by another. What comes out is a line of single chunks that must be a code word too.

struct Combine {
    // Symbols a line, and chunks a symbol.
    symbols: u32,
    chunks: u32,
    // The lines of the source before the first one, and the symbols of a line before the first one.
    first_line: u32,
    first_symbol: u32,
    // Words from one line to the next, and from one symbol of a line to the next.
    source_line: u32,
    source_symbol: u32,
    // The first line's factor; those of chunks come first in the table.
    first_factor: u32,
    // Where the first symbol's sum stands, in chunks.
    first_sum: u32,
}

@group(0) @binding(0) var<uniform> job: Combine;
@group(0) @binding(1) var<storage, read> factors: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> source: array<u32>;
@group(0) @binding(3) var<storage, read_write> sums: array<atomic<u32>>;

@compute @workgroup_size(THREADS)
fn combine(@builtin(global_invocation_id) thread: vec3<u32>) {
    let symbol = thread.x / 8u;
    let lane = thread.x % 8u;
    if symbol >= job.symbols {
        return;
    }
    let base = (thread.y + job.first_line) * job.source_line
        + (symbol + job.first_symbol) * job.source_symbol + lane;
    var sum = vec2<u32>(0u, 0u);
    for (var chunk = 0u; chunk < job.chunks; chunk += 1u) {
        let at = base + 16u * chunk;
        sum ^= times(vec2<u32>(source[at], source[at + 8u]), 8u * chunk, false);
    }
    sum = times(sum, 8u * (job.first_factor + thread.y), false);
    let out = (job.first_sum + symbol) * 16u + lane;
    atomicXor(&sums[out], sum.x);
    atomicXor(&sums[out + 8u], sum.y);
}
