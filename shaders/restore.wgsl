// The missing symbols of lines: a workgroup makes `LANES` lanes of those of one line that stand in one
// block of points.
//
// The given symbols, each times the error locator at its position, go block by block through an inverse
// transform. The block's part of the polynomial's derivative is the derivative of its own coefficients
// and a multiple of every other block's; the transform of it, divided by the locator, is what is
// missing.

struct Restore {
    // The blocks in which symbols stand, and the one whose missing symbols are made.
    blocks: u32,
    block: u32,
    // Factors of the table: the first position's, and that of a block for itself, before those for
    // others by the bits in which the two differ.
    first_position: u32,
    first_block: u32,
    // The lines before the first one, of the given and of the restored symbols.
    first_line: u32,
    first_restored_line: u32,
    // Words from one line to the next, and from one symbol of a line to the next.
    source_line: u32,
    source_symbol: u32,
    restored_line: u32,
    restored_symbol: u32,
}

@group(0) @binding(0) var<uniform> job: Restore;
@group(0) @binding(1) var<storage, read> factors: array<vec4<u32>>;
// What stands at each position: the number of a given symbol, or that of a missing one and `MISSING`,
// or `NOTHING`.
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

// The derivative of the polynomial whose coefficients are in the tile.
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
