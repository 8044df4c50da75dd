// Samples of leaf hashes: copies symbols and their hashes, one vector per thread.
//
// Bounds, which `shader/bounds.rs` asserts: as for the leaf hashes of as many codewords as the
// samples belong to; samples of as many workgroups as there are in the second dimension are within
// `samples`. `blocks` is the number of blocks of `1 << bits` symbols that `symbols` symbols have.

struct SampleLeavesParameters {
    // As the leaf hashes have them.
    symbols: u32,
    original: u32,
    first_codeword: u32,
    source_codeword: u32,
    source_symbol: u32,
    recovery_codeword: u32,
    recovery_symbol: u32,
    first_digest: u32,
    digest_codeword: u32,
    // Vectors per symbol.
    vectors: u32,
    // Number of the first sample: codeword by codeword, one per block.
    first_sample: u32,
    blocks: u32,
    bits: u32,
    first_number: u32,
    seed_low: u32,
    seed_high: u32,
}

@group(0) @binding(0) var<uniform> job: SampleLeavesParameters;
@group(0) @binding(1) var<storage, read> source: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> recovery: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> digests: array<vec4<u32>>;
// For each sample, the vectors of the symbol, then two vectors of its hash.
@group(0) @binding(4) var<storage, read_write> samples: array<vec4<u32>>;

@compute @workgroup_size(THREADS)
fn sample_leaves(@builtin(global_invocation_id) thread: vec3<u32>) {
    let vector = thread.x;
    if vector >= job.vectors + 2u {
        return;
    }
    let sample = job.first_sample + thread.y;
    let codeword = sample / job.blocks;
    let symbol = sampled_item(codeword, sample % job.blocks, job.symbols);
    let to = thread.y * (job.vectors + 2u) + vector;
    if vector >= job.vectors {
        let digest = job.first_digest + codeword * job.digest_codeword + symbol;
        samples[to] = digests[2u * digest + vector - job.vectors];
    } else if symbol < job.original {
        let at = (codeword + job.first_codeword) * job.source_codeword + symbol * job.source_symbol;
        samples[to] = source[at / 4u + vector];
    } else {
        let number = symbol - job.original;
        let at = codeword * job.recovery_codeword + number * job.recovery_symbol;
        samples[to] = recovery[at / 4u + vector];
    }
}
