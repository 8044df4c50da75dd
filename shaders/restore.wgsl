// Restoration of missing symbols of codewords. A workgroup computes `LANES` lanes of one codeword's
// missing symbols in one block of points.
//
// Every given symbol is multiplied by the error locator at its position. An inverse transform per
// block gives the coefficients of a polynomial. The part of the polynomial's derivative in a block
// is the sum of the derivative of the block's own coefficients and of a multiple of every other
// block's coefficients. The transform of that part, divided by the error locator, is the missing
// symbols.

struct Restore {
    // Number of blocks that contain symbols, and index of the block to restore.
    blocks: u32,
    block: u32,
    // Indices in the table of factors: of the first position, and of the first pair of blocks.
    // Pairs of blocks are ordered by the exclusive or of the two blocks' indices.
    first_position: u32,
    first_block: u32,
    // First codeword of the given symbols, and of the restored symbols.
    first_line: u32,
    first_restored_line: u32,
    // Distances of codewords, and of a codeword's symbols, in 32-bit words.
    source_line: u32,
    source_symbol: u32,
    restored_line: u32,
    restored_symbol: u32,
}

@group(0) @binding(0) var<uniform> job: Restore;
@group(0) @binding(1) var<storage, read> factors: array<vec4<u32>>;
// Entry per position: the index of a given symbol, `MISSING` plus the index of a missing symbol, or
// `NOTHING`.
@group(0) @binding(2) var<storage, read> positions: array<u32>;
@group(0) @binding(3) var<storage, read> source: array<u32>;
@group(0) @binding(4) var<storage, read_write> restored: array<u32>;

const MISSING: u32 = 0x10000u;
const NOTHING: u32 = 0x20000u;

fn times_position(value: vec2<u32>, position: u32) -> vec2<u32> {
    return times(value, 8u * (job.first_position + position), false);
}

fn load(thread: u32, group: u32, line: u32, first: u32) {
    for (var place = thread; place < PLACES; place += THREADS) {
        let position = first + place / LANES;
        let symbol = positions[position];
        var value = vec2<u32>(0u, 0u);
        if symbol < MISSING {
            let at = line * job.source_line + symbol * job.source_symbol
                + lane_word(group, place % LANES);
            value = times_position(vec2<u32>(source[at], source[at + 8u]), position);
        }
        tile[place] = value;
    }
    workgroupBarrier();
}

fn store(thread: u32, group: u32, line: u32, first: u32) {
    for (var place = thread; place < PLACES; place += THREADS) {
        let position = first + place / LANES;
        let symbol = positions[position];
        if symbol >= MISSING && symbol < NOTHING {
            let at = line * job.restored_line + (symbol - MISSING) * job.restored_symbol
                + lane_word(group, place % LANES);
            let value = times_position(tile[place], position);
            restored[at] = value.x;
            restored[at + 8u] = value.y;
        }
    }
}

// Returns one coefficient of the derivative of the polynomial whose coefficients are in the tile.
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
    let origin = workgroup.y + job.first_line;
    let line = workgroup.y + job.first_restored_line;
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
    store(thread, group, line, job.block * POINTS);
}
