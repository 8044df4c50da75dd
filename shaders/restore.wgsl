// Missing symbols of codewords. A workgroup computes `LANES` lanes of the missing symbols of one
// codeword that stand in one block of points.
//
// Given symbols are multiplied by the error locator at their position. Each block of points goes
// through an inverse transform. The block's part of the derivative of the resulting polynomial is
// the derivative of its own coefficients plus a multiple of the coefficients of every other block.
// The forward transform of that part, divided by the locator, gives the missing symbols.
//
// Bounds, which `shader/bounds.rs` asserts: `block < blocks`, and `positions` has all positions of
// the blocks. The given and the missing symbols of as many codewords as there are workgroups in the
// second dimension are within the buffers, with all lanes of the workgroups in the first dimension.
// The table has a factor for every label of the blocks, for every position, and for every
// difference of `block` from another block.

struct RestoreParameters {
    // Number of blocks that hold symbols, and the block whose missing symbols are computed.
    blocks: u32,
    block: u32,
    // Numbers of given and of missing symbols.
    given: u32,
    missing: u32,
    // Numbers of factors in the table: the factor of the first position, and the first factor
    // between blocks. Factors between blocks are ordered by the bits in which the two block numbers
    // differ.
    first_position: u32,
    first_block: u32,
    // Number of the first codeword among the given symbols, and among the restored symbols.
    first_codeword: u32,
    first_restored_codeword: u32,
    // Words from one codeword to the next, and from one symbol of a codeword to the next.
    source_codeword: u32,
    source_symbol: u32,
    restored_codeword: u32,
    restored_symbol: u32,
}

@group(0) @binding(0) var<uniform> job: RestoreParameters;
@group(0) @binding(1) var<storage, read> factors: array<vec4<u32>>;
// Content of each position: the number of a given symbol, the number of a missing symbol plus
// `MISSING`, or a larger number. Numbers beyond those of the given and the missing symbols count as
// positions without a symbol.
@group(0) @binding(2) var<storage, read> positions: array<u32>;
@group(0) @binding(3) var<storage, read> source: array<u32>;
@group(0) @binding(4) var<storage, read_write> restored: array<u32>;

const MISSING: u32 = 0x10000u;

fn times_position(value: vec2<u32>, position: u32) -> vec2<u32> {
    return times(value, 8u * (job.first_position + position), false);
}

fn load(thread: u32, group: u32, codeword: u32, first: u32) {
    for (var place = thread; place < PLACES; place += THREADS) {
        let position = first + place / LANES;
        let symbol = positions[position];
        var value = vec2<u32>(0u, 0u);
        if symbol < job.given {
            let at = codeword * job.source_codeword + symbol * job.source_symbol
                + lane_word(group, place % LANES);
            value = times_position(vec2<u32>(source[at], source[at + 8u]), position);
        }
        tile[place] = value;
    }
    workgroupBarrier();
}

fn store(thread: u32, group: u32, codeword: u32, first: u32) {
    for (var place = thread; place < PLACES; place += THREADS) {
        let position = first + place / LANES;
        let symbol = positions[position];
        // Less than `MISSING` wraps around to a large number.
        if symbol - MISSING < job.missing {
            let at = codeword * job.restored_codeword + (symbol - MISSING) * job.restored_symbol
                + lane_word(group, place % LANES);
            let value = times_position(tile[place], position);
            restored[at] = value.x;
            restored[at + 8u] = value.y;
        }
    }
}

// Coefficient at `place` of the derivative of the polynomial whose coefficients are in the tile.
fn derivative(place: u32) -> vec2<u32> {
    let point = place / LANES;
    var sum = vec2<u32>(0u, 0u);
    for (var layer = 0u; layer < LAYERS; layer += 1u) {
        if ((point >> layer) & 1u) == 0u {
            sum ^= tile[place + (LANES << layer)];
        }
    }
    return sum;
}

@compute @workgroup_size(THREADS)
fn restore(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let group = workgroup.x;
    let origin = workgroup.y + job.first_codeword;
    let codeword = workgroup.y + job.first_restored_codeword;
    var kept: array<vec2<u32>, KEPT>;
    for (var block = 0u; block < job.blocks; block += 1u) {
        load(thread, group, origin, block * POINTS);
        inverse(thread, block * POINTS);
        let factor = 8u * (job.first_block + (block ^ job.block));
        for (var i = 0u; i < KEPT; i += 1u) {
            let place = thread + i * THREADS;
            if place < PLACES {
                if block == job.block {
                    kept[i] ^= derivative(place);
                } else {
                    kept[i] ^= times(tile[place], factor, false);
                }
            }
        }
        workgroupBarrier();
    }
    for (var i = 0u; i < KEPT; i += 1u) {
        let place = thread + i * THREADS;
        if place < PLACES {
            tile[place] = kept[i];
        }
    }
    workgroupBarrier();
    forward(thread, job.block * POINTS);
    store(thread, group, codeword, job.block * POINTS);
}
