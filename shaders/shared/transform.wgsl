// Additive Fourier transforms of `1 << LAYERS` points of one chunk. A thread has four points in
// registers and computes two layers at a time. Between layers, threads exchange points through
// workgroup memory, four planes at a time.
//
// The twiddle of the layer with distance 2^m, in the block of points that begins at r, is the
// factor with the label `(offset + r) >> m`. `offset` is a multiple of the number of points. Labels
// are even: entry `label / 2` of the table belongs to a label. Labels below 256 are in GF(2^8). The
// 256 points of an aligned block, 64 neighbouring threads, have either such labels in a layer or
// others.
//
// Blocks that are zero before the inverse transform, or not wanted after the forward transform, are
// left out: those that begin at `end` or behind it.
//
// No value comes from another lane except through workgroup memory, where a transform needs all of
// its points anyway. So there is no variant for subgroups.

const POINTS: u32 = 1u << LAYERS;
// Threads of a chunk, and their points: transforms of one or two points take a whole thread.
const ITEMS: u32 = max(POINTS / 4u, 1u);
const POINTS_OF_ITEMS: u32 = 4u * ITEMS;
// Smallest of the two layers of the widest distances.
const TOP: u32 = max(LAYERS, 2u) - 2u;
// Entries of the tile for four planes of all points.
const PLACES: u32 = CHUNKS * POINTS_OF_ITEMS;

// The tiles, then `KEPT` vectors that are the threads' own.
var<workgroup> tile: array<vec4<u32>, TILES * PLACES + KEPT>;

// Four points of a thread. With the layers `layer` and `layer + 1`, their distance is `1 << layer`.
struct Points {
    a: Elements,
    b: Elements,
    c: Elements,
    d: Elements,
}

const NO_POINTS = Points(NO_ELEMENTS, NO_ELEMENTS, NO_ELEMENTS, NO_ELEMENTS);

fn sum_of_points(x: Points, y: Points) -> Points {
    return Points(sum_of(x.a, y.a), sum_of(x.b, y.b), sum_of(x.c, y.c), sum_of(x.d, y.d));
}

// First point of the block of four distances that has the points of an item.
fn block_of(item: u32, layer: u32) -> u32 {
    return item >> layer << (layer + 2u);
}

// Place of a point in the tile. Places of different points differ. Eight neighbouring threads have
// places in eight different groups of banks, whatever the distance of their points.
fn place_of(point: u32) -> u32 {
    return point ^ ((point >> 2u) & 7u);
}

// Number of a thread among those of its chunk.
fn item_of(thread: u32) -> u32 {
    if CHUNKS == 1u {
        return thread;
    }
    return thread % ITEMS;
}

// Number of a thread's chunk in the workgroup.
fn chunk_of(thread: u32) -> u32 {
    if CHUNKS == 1u {
        return 0u;
    }
    return thread / ITEMS;
}

// Places of the points of a thread. An exclusive or of points is an exclusive or of places.
fn places_of(thread: u32, layer: u32) -> vec4<u32> {
    let item = item_of(thread);
    let first = block_of(item, layer) | (item & ((1u << layer) - 1u));
    let near = place_of(1u << layer);
    let far = place_of(2u << layer);
    let place = place_of(first) + chunk_of(thread) * POINTS_OF_ITEMS;
    return vec4<u32>(place) ^ vec4<u32>(0u, near, far, near ^ far);
}

// Four planes of the points of a thread.
struct Quarter {
    a: vec4<u32>,
    b: vec4<u32>,
    c: vec4<u32>,
    d: vec4<u32>,
}

fn points_of(q0: Quarter, q1: Quarter, q2: Quarter, q3: Quarter) -> Points {
    return Points(
        Elements(Bytes(q0.a, q1.a), Bytes(q2.a, q3.a)),
        Elements(Bytes(q0.b, q1.b), Bytes(q2.b, q3.b)),
        Elements(Bytes(q0.c, q1.c), Bytes(q2.c, q3.c)),
        Elements(Bytes(q0.d, q1.d), Bytes(q2.d, q3.d)),
    );
}

// Exchanges four planes of all points. With two tiles, used in turn, a thread writes one while
// others still read the other.
fn exchange_quarter(x: Quarter, number: u32, before: vec4<u32>, after: vec4<u32>) -> Quarter {
    let first = number % TILES * PLACES;
    tile[first + before.x] = x.a;
    tile[first + before.y] = x.b;
    tile[first + before.z] = x.c;
    tile[first + before.w] = x.d;
    workgroupBarrier();
    let moved = Quarter(
        tile[first + after.x],
        tile[first + after.y],
        tile[first + after.z],
        tile[first + after.w],
    );
    if TILES == 1u {
        workgroupBarrier();
    }
    return moved;
}

// Exchanges points between threads: each gives the points at some places for those at others. All
// threads of the workgroup call it.
fn exchange(x: Points, before: vec4<u32>, after: vec4<u32>) -> Points {
    let q0 = exchange_quarter(
        Quarter(x.a.low.low, x.b.low.low, x.c.low.low, x.d.low.low), 0u, before, after);
    let q1 = exchange_quarter(
        Quarter(x.a.low.high, x.b.low.high, x.c.low.high, x.d.low.high), 1u, before, after);
    let q2 = exchange_quarter(
        Quarter(x.a.high.low, x.b.high.low, x.c.high.low, x.d.high.low), 2u, before, after);
    let q3 = exchange_quarter(
        Quarter(x.a.high.high, x.b.high.high, x.c.high.high, x.d.high.high), 3u, before, after);
    return points_of(q0, q1, q2, q3);
}

// Each of `a` plus the product of `b` and the same twiddle. A twiddle that is zero takes no work.
fn add_scaled(a: Two, b: Two, label: u32, in_subfield: bool) -> Two {
    if label == 0u {
        return a;
    }
    let entry = factors[label >> 1u];
    var sum = a;
    if !in_subfield {
        sum = add_upper_products(sum, b, entry, WIDE == 1u);
    }
    return add_byte_products_2(sum, b, entry.x, 0u);
}

// The layer of the nearer distance of an inverse transform. The twiddle of the second pair has the
// label `label + 2`, so its product is the sum of the products with `label` and with 2.
fn inverse_near(x: Points, label: u32, in_subfield: bool) -> Points {
    let b = sum_of(x.a, x.b);
    let d = sum_of(x.c, x.d);
    let sums = add_scaled(Two(x.a, sum_of(x.c, times_2(d))), Two(b, d), label, in_subfield);
    return Points(sums.a, b, sums.b, d);
}

// The layer of the wider distance of an inverse transform.
fn inverse_wide(x: Points, label: u32, in_subfield: bool) -> Points {
    let far = Two(sum_of(x.a, x.c), sum_of(x.b, x.d));
    let near = add_scaled(Two(x.a, x.b), far, label, in_subfield);
    return Points(near.a, near.b, far.a, far.b);
}

// The layer of the wider distance of a forward transform.
fn forward_wide(x: Points, label: u32, in_subfield: bool) -> Points {
    let near = add_scaled(Two(x.a, x.b), Two(x.c, x.d), label, in_subfield);
    return Points(near.a, near.b, sum_of(near.a, x.c), sum_of(near.b, x.d));
}

// The layer of the nearer distance of a forward transform. Labels as for `inverse_near`.
fn forward_near(x: Points, label: u32, in_subfield: bool) -> Points {
    let c = sum_of(x.c, times_2(x.d));
    let sums = add_scaled(Two(x.a, c), Two(x.b, x.d), label, in_subfield);
    return Points(sums.a, sum_of(sums.a, x.b), sums.b, sum_of(sums.b, x.d));
}

// Layers `layer` and `layer + 1` of the inverse transform.
fn inverse_2(x: Points, thread: u32, layer: u32, offset: u32, end: u32) -> Points {
    let block = block_of(item_of(thread), layer);
    if block >= end {
        return x;
    }
    let label = (offset + block) >> layer;
    let near = inverse_near(x, label, label < 256u);
    return inverse_wide(near, label >> 1u, label < 512u);
}

// Layers `layer + 1` and `layer` of the forward transform.
fn forward_2(x: Points, thread: u32, layer: u32, offset: u32, end: u32) -> Points {
    let block = block_of(item_of(thread), layer);
    if block >= end {
        return x;
    }
    let label = (offset + block) >> layer;
    let wide = forward_wide(x, label >> 1u, label < 512u);
    return forward_near(wide, label, label < 256u);
}

// All layers of the inverse transform but those of the distances of layer `TOP`, from points of
// layer 0 to points of layer `TOP`. The first `end` points may differ from zero.
fn inverse_below(x: Points, thread: u32, offset: u32, end: u32) -> Points {
    var points = x;
    var before = places_of(thread, 0u);
    for (var layer = 0u; layer < TOP; layer += 2u) {
        points = inverse_2(points, thread, layer, offset, end);
        let after = places_of(thread, min(layer + 2u, TOP));
        points = exchange(points, before, after);
        before = after;
    }
    return points;
}

// All layers of the forward transform but those of the distances of layer `TOP`. The first `end`
// points are wanted.
fn forward_below(x: Points, thread: u32, offset: u32, end: u32) -> Points {
    var points = x;
    var before = places_of(thread, TOP);
    // The layers below `TOP` are pairs.
    for (var pairs = (TOP + 1u) / 2u; pairs > 0u; pairs -= 1u) {
        let layer = 2u * (pairs - 1u);
        let after = places_of(thread, layer);
        points = exchange(points, before, after);
        points = forward_2(points, thread, layer, offset, end);
        before = after;
    }
    return points;
}

// True if `inverse_top` and `forward_top` compute the nearer distance of layer `TOP` too.
const HAS_NEAR_TOP: bool = LAYERS == 1u || (LAYERS % 2u == 0u && LAYERS > 0u);

fn inverse_near_top(x: Points, offset: u32) -> Points {
    if !HAS_NEAR_TOP {
        return x;
    }
    return inverse_near(x, offset >> TOP, true);
}

fn forward_near_top(x: Points, offset: u32) -> Points {
    if !HAS_NEAR_TOP {
        return x;
    }
    return forward_near(x, offset >> TOP, true);
}

// Layers of the widest distances of the inverse transform.
fn inverse_top(x: Points, offset: u32) -> Points {
    let near = inverse_near_top(x, offset);
    if LAYERS < 2u {
        return near;
    }
    return inverse_wide(near, offset >> (TOP + 1u), true);
}

// Layers of the widest distances of the forward transform.
fn forward_top(x: Points, offset: u32) -> Points {
    if LAYERS < 2u {
        return forward_near_top(x, offset);
    }
    return forward_near_top(forward_wide(x, offset >> (TOP + 1u), true), offset);
}
