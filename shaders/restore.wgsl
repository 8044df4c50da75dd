// Missing symbols of codewords. A workgroup computes `CHUNKS` chunks of the missing symbols of one
// codeword that stand in one block of points.
//
// Given symbols are multiplied by the error locator at their position. Each block of points goes
// through an inverse transform. The block's part of the derivative of the resulting polynomial is
// the derivative of its own coefficients plus a multiple of the coefficients of every other block.
// The forward transform of that part, divided by the locator, gives the missing symbols.
//
// Bounds, which `shader/bounds.rs` asserts: `block < blocks`, and `positions` has all positions of
// the blocks. The given and the missing symbols of as many codewords as there are workgroups in the
// second dimension are within the buffers, with all chunks. Distances in words are multiples of 4.
// The table has a factor for every even label of the blocks, for every position, and for every
// difference of `block` from another block.

struct RestoreParameters {
    // Number of blocks that hold symbols, and the block whose missing symbols are computed.
    blocks: u32,
    block: u32,
    // Chunks per symbol.
    chunks: u32,
    // Numbers of given and of missing symbols.
    given: u32,
    missing: u32,
    // Numbers of entries in the table: the factor of the first position, and the first factor
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
@group(0) @binding(1) var<storage, read> factors: array<vec2<u32>>;
// Content of each position: the number of a given symbol, the number of a missing symbol plus
// `MISSING`, or a larger number. Numbers beyond those of the given and the missing symbols count as
// positions without a symbol.
@group(0) @binding(2) var<storage, read> positions: array<u32>;
@group(0) @binding(3) var<storage, read> source: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read_write> restored: array<vec4<u32>>;

const MISSING: u32 = 0x10000u;

fn load_symbol(origin: u32, position: u32, is_there: bool) -> Elements {
    if !is_there {
        return NO_ELEMENTS;
    }
    let symbol = positions[position];
    if symbol >= job.given {
        return NO_ELEMENTS;
    }
    let at = origin + symbol * (job.source_symbol / 4u);
    let words = Elements(
        Bytes(source[at], source[at + 1u]),
        Bytes(source[at + 2u], source[at + 3u]),
    );
    return product(elements_of(words), factors[job.first_position + position]);
}

fn store_symbol(origin: u32, position: u32, is_there: bool, x: Elements) {
    if !is_there {
        return;
    }
    // Less than `MISSING` wraps around to a large number.
    let symbol = positions[position] - MISSING;
    if symbol >= job.missing {
        return;
    }
    let at = origin + symbol * (job.restored_symbol / 4u);
    let words = words_of(product(x, factors[job.first_position + position]));
    restored[at] = words.low.low;
    restored[at + 1u] = words.low.high;
    restored[at + 2u] = words.high.low;
    restored[at + 3u] = words.high.high;
}

// Four planes of the derivative of the polynomial whose coefficients are `x`, at the points of the
// distances of layer `TOP`. Called as `exchange_quarter`, with the same numbers.
fn derivative_quarter(x: Quarter, number: u32, item: u32, places: vec4<u32>) -> Quarter {
    let first = number % TILES * PLACES;
    tile[first + places.x] = x.a;
    tile[first + places.y] = x.b;
    tile[first + places.z] = x.c;
    tile[first + places.w] = x.d;
    workgroupBarrier();
    var sum = Quarter(NO_PLANES, NO_PLANES, NO_PLANES, NO_PLANES);
    for (var layer = 0u; layer < TOP; layer += 1u) {
        if ((item >> layer) & 1u) == 0u {
            let next = places ^ vec4<u32>(place_of(1u << layer));
            sum.a ^= tile[first + next.x];
            sum.b ^= tile[first + next.y];
            sum.c ^= tile[first + next.z];
            sum.d ^= tile[first + next.w];
        }
    }
    if TILES == 1u {
        workgroupBarrier();
    }
    // The layers of the thread's own points. Without the layers, the points are zero.
    return Quarter(sum.a ^ x.b ^ x.c, sum.b ^ x.d, sum.c ^ x.d, sum.d);
}

fn derivative(x: Points, thread: u32) -> Points {
    let item = item_of(thread);
    let places = places_of(thread, TOP);
    let q0 = derivative_quarter(
        Quarter(x.a.low.low, x.b.low.low, x.c.low.low, x.d.low.low), 0u, item, places);
    let q1 = derivative_quarter(
        Quarter(x.a.low.high, x.b.low.high, x.c.low.high, x.d.low.high), 1u, item, places);
    let q2 = derivative_quarter(
        Quarter(x.a.high.low, x.b.high.low, x.c.high.low, x.d.high.low), 2u, item, places);
    let q3 = derivative_quarter(
        Quarter(x.a.high.high, x.b.high.high, x.c.high.high, x.d.high.high), 3u, item, places);
    return points_of(q0, q1, q2, q3);
}

@compute @workgroup_size(THREADS)
fn restore(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let chunk = workgroup.x * CHUNKS + chunk_of(thread);
    let is_there = chunk < job.chunks;
    let origin = (workgroup.y + job.first_codeword) * (job.source_codeword / 4u) + 4u * chunk;
    let codeword = (workgroup.y + job.first_restored_codeword) * (job.restored_codeword / 4u)
        + 4u * chunk;
    let point = 4u * item_of(thread);
    // Transforms of one or two points leave the others zero.
    let has_b = is_there && POINTS > 1u;
    let has_c = is_there && POINTS > 2u;
    var sum = NO_POINTS;
    for (var block = 0u; block < job.blocks; block += 1u) {
        let offset = block * POINTS;
        var points = Points(
            load_symbol(origin, offset + point, is_there),
            load_symbol(origin, offset + point + 1u, has_b),
            load_symbol(origin, offset + point + 2u, has_c),
            load_symbol(origin, offset + point + 3u, has_c),
        );
        points = inverse_top(inverse_below(points, thread, offset, POINTS), offset);
        if block == job.block {
            sum = sum_of_points(sum, derivative(points, thread));
        } else {
            let factor = factors[job.first_block + (block ^ job.block)];
            let near = add_products(Two(sum.a, sum.b), Two(points.a, points.b), factor);
            let far = add_products(Two(sum.c, sum.d), Two(points.c, points.d), factor);
            sum = Points(near.a, near.b, far.a, far.b);
        }
    }
    let offset = job.block * POINTS;
    let points = forward_below(forward_top(sum, offset), thread, offset, POINTS);
    store_symbol(codeword, offset + point, is_there, points.a);
    store_symbol(codeword, offset + point + 1u, has_b, points.b);
    store_symbol(codeword, offset + point + 2u, has_c, points.c);
    store_symbol(codeword, offset + point + 3u, has_c, points.d);
}
