// Random combination of codewords. One set of factors combines the chunks of each symbol into one
// chunk, another set combines the codewords. The result is a codeword of one-chunk symbols if every
// input is a codeword. Results are added to `sums`.
//
// Bounds, which `shader/bounds.rs` asserts: all chunks of the symbols of as many codewords as there
// are workgroups in the second dimension are within the source, and the sums of the symbols within
// `sums`. The table has a factor for every chunk and for each of the codewords.

struct CombineParameters {
    // Symbols per codeword, and chunks per symbol.
    symbols: u32,
    chunks: u32,
    // Number of the first codeword in the source, and of the first symbol in each codeword.
    first_codeword: u32,
    first_symbol: u32,
    // Words from one codeword to the next, and from one symbol of a codeword to the next.
    source_codeword: u32,
    source_symbol: u32,
    // Number of the first codeword's factor in the table, which begins with the factors of chunks.
    first_factor: u32,
    // Number of the first symbol's sum, in chunks.
    first_sum: u32,
}

@group(0) @binding(0) var<uniform> job: CombineParameters;
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
    let base = (thread.y + job.first_codeword) * job.source_codeword
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
