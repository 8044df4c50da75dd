// Additive Fourier transforms of `1 << LAYERS` points in workgroup memory, with `LANES` lanes of
// four elements per point. A thread does three layers at a time, on eight points of a lane in
// registers.
//
// The twiddle of the layer with distance 2^m, in the block of points that begins at r, is the
// factor with the label `(offset + r) >> m`. `offset` is a multiple of the number of points.
//
// No value comes from another lane except through workgroup memory, where a transform needs all of
// its points anyway. So there is no variant for subgroups.

const POINTS: u32 = 1u << LAYERS;
// Lanes of all points: the entries of the tile.
const PLACES: u32 = POINTS * LANES;

var<workgroup> tile: array<vec2<u32>, PLACES>;

struct Two {
    a: vec2<u32>,
    b: vec2<u32>,
}

fn times_label(value: vec2<u32>, label: u32) -> vec2<u32> {
    if label == 0u {
        return vec2<u32>(0u, 0u);
    }
    return times(value, 8u * label, label < 256u);
}

fn inward(a: vec2<u32>, b: vec2<u32>, label: u32) -> Two {
    let sum = a ^ b;
    return Two(a ^ times_label(sum, label), sum);
}

fn outward(a: vec2<u32>, b: vec2<u32>, label: u32) -> Two {
    let sum = a ^ times_label(b, label);
    return Two(sum, b ^ sum);
}

// One layer of the inverse transform.
fn inverse_1(thread: u32, layer: u32, offset: u32) {
    let distance = 1u << layer;
    for (var item = thread; item < PLACES / 2u; item += THREADS) {
        let lane = item % LANES;
        let number = item / LANES;
        let block = number >> layer << (layer + 1u);
        let at = (block + number % distance) * LANES + lane;
        let pair = inward(tile[at], tile[at + distance * LANES], (offset + block) >> layer);
        tile[at] = pair.a;
        tile[at + distance * LANES] = pair.b;
    }
    workgroupBarrier();
}

// Layers `layer` to `layer + 2` of the inverse transform.
fn inverse_3(thread: u32, layer: u32, offset: u32) {
    let step = LANES << layer;
    for (var item = thread; item < PLACES / 8u; item += THREADS) {
        let lane = item % LANES;
        let number = item / LANES;
        let block = number >> layer << (layer + 3u);
        let at = (block + number % (1u << layer)) * LANES + lane;
        let label = (offset + block) >> layer;
        let p01 = inward(tile[at], tile[at + step], label);
        let p23 = inward(tile[at + 2u * step], tile[at + 3u * step], label + 2u);
        let p45 = inward(tile[at + 4u * step], tile[at + 5u * step], label + 4u);
        let p67 = inward(tile[at + 6u * step], tile[at + 7u * step], label + 6u);
        let half = label >> 1u;
        let p02 = inward(p01.a, p23.a, half);
        let p13 = inward(p01.b, p23.b, half);
        let p46 = inward(p45.a, p67.a, half + 2u);
        let p57 = inward(p45.b, p67.b, half + 2u);
        let quarter = label >> 2u;
        let p04 = inward(p02.a, p46.a, quarter);
        let p15 = inward(p13.a, p57.a, quarter);
        let p26 = inward(p02.b, p46.b, quarter);
        let p37 = inward(p13.b, p57.b, quarter);
        tile[at] = p04.a;
        tile[at + step] = p15.a;
        tile[at + 2u * step] = p26.a;
        tile[at + 3u * step] = p37.a;
        tile[at + 4u * step] = p04.b;
        tile[at + 5u * step] = p15.b;
        tile[at + 6u * step] = p26.b;
        tile[at + 7u * step] = p37.b;
    }
    workgroupBarrier();
}

// One layer of the forward transform.
fn forward_1(thread: u32, layer: u32, offset: u32) {
    let distance = 1u << layer;
    for (var item = thread; item < PLACES / 2u; item += THREADS) {
        let lane = item % LANES;
        let number = item / LANES;
        let block = number >> layer << (layer + 1u);
        let at = (block + number % distance) * LANES + lane;
        let pair = outward(tile[at], tile[at + distance * LANES], (offset + block) >> layer);
        tile[at] = pair.a;
        tile[at + distance * LANES] = pair.b;
    }
    workgroupBarrier();
}

// Layers `layer + 2` to `layer` of the forward transform.
fn forward_3(thread: u32, layer: u32, offset: u32) {
    let step = LANES << layer;
    for (var item = thread; item < PLACES / 8u; item += THREADS) {
        let lane = item % LANES;
        let number = item / LANES;
        let block = number >> layer << (layer + 3u);
        let at = (block + number % (1u << layer)) * LANES + lane;
        let label = (offset + block) >> layer;
        let quarter = label >> 2u;
        let p04 = outward(tile[at], tile[at + 4u * step], quarter);
        let p15 = outward(tile[at + step], tile[at + 5u * step], quarter);
        let p26 = outward(tile[at + 2u * step], tile[at + 6u * step], quarter);
        let p37 = outward(tile[at + 3u * step], tile[at + 7u * step], quarter);
        let half = label >> 1u;
        let p02 = outward(p04.a, p26.a, half);
        let p13 = outward(p15.a, p37.a, half);
        let p46 = outward(p04.b, p26.b, half + 2u);
        let p57 = outward(p15.b, p37.b, half + 2u);
        let p01 = outward(p02.a, p13.a, label);
        let p23 = outward(p02.b, p13.b, label + 2u);
        let p45 = outward(p46.a, p57.a, label + 4u);
        let p67 = outward(p46.b, p57.b, label + 6u);
        tile[at] = p01.a;
        tile[at + step] = p01.b;
        tile[at + 2u * step] = p23.a;
        tile[at + 3u * step] = p23.b;
        tile[at + 4u * step] = p45.a;
        tile[at + 5u * step] = p45.b;
        tile[at + 6u * step] = p67.a;
        tile[at + 7u * step] = p67.b;
    }
    workgroupBarrier();
}

// Inverse transform of the tile: from points to coefficients. All threads of the workgroup call it.
// The tile is complete before the call and after it.
fn inverse(thread: u32, offset: u32) {
    var layer = 0u;
    for (; layer < LAYERS % 3u; layer += 1u) {
        inverse_1(thread, layer, offset);
    }
    for (; layer < LAYERS; layer += 3u) {
        inverse_3(thread, layer, offset);
    }
}

// Forward transform of the tile: from coefficients to points. Called as `inverse`.
fn forward(thread: u32, offset: u32) {
    var layer = LAYERS;
    for (; layer >= 3u; layer -= 3u) {
        forward_3(thread, layer - 3u, offset);
    }
    for (; layer > 0u; layer -= 1u) {
        forward_1(thread, layer - 1u, offset);
    }
}
