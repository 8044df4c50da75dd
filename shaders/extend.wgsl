// Recovery symbols of codewords (rows or columns). A workgroup computes `CHUNKS` chunks of all
// recovery symbols of one codeword. At n = 1000 the transforms have 512 points.
//
// Bounds, which `shader/bounds.rs` asserts: the source symbols and the recovery symbols of as many
// codewords as there are workgroups in the second dimension are within the buffers, with all
// chunks. Distances in words are multiples of 4. A rate with one block uses no symbols beyond it,
// and with `SECOND` = 1 the other side has at most two blocks, the second up to its half. The table
// has a factor for every even label up to a block behind the symbols of the longer side.

struct ExtendParameters {
    // Source symbols and recovery symbols per codeword.
    original: u32,
    recovery: u32,
    // 1: more recovery than source symbols (the low rate); 0: the high rate.
    low_rate: u32,
    // Chunks per symbol.
    chunks: u32,
    // Number of the first codeword in the source, and among the recovery symbols.
    first_codeword: u32,
    first_recovery_codeword: u32,
    // Words from one codeword to the next, and from one symbol of a codeword to the next.
    source_codeword: u32,
    source_symbol: u32,
    recovery_codeword: u32,
    recovery_symbol: u32,
}

@group(0) @binding(0) var<uniform> job: ExtendParameters;
@group(0) @binding(1) var<storage, read> factors: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read> source: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> recovered: array<vec4<u32>>;

// Label of the widest layer in a second block, whose offset is twice the number of points.
const SECOND_LABEL: u32 = 4u;

// Symbol of a thread: number of the vector at which the thread's chunk of symbol 0 begins, and
// whether the symbol has such a chunk.
struct Place {
    first: u32,
    is_there: bool,
}

fn load_symbol(place: Place, symbol: u32, is_wanted: bool) -> Elements {
    if !(is_wanted && place.is_there) {
        return NO_ELEMENTS;
    }
    let at = place.first + symbol * (job.source_symbol / 4u);
    return elements_of(Elements(
        Bytes(source[at], source[at + 1u]),
        Bytes(source[at + 2u], source[at + 3u]),
    ));
}

// Four points of layer 0 of the source symbols from `first` on, of which `end` are there.
fn load(place: Place, thread: u32, first: u32, end: u32) -> Points {
    let point = 4u * (item_of(thread));
    return Points(
        load_symbol(place, first + point, point < end),
        load_symbol(place, first + point + 1u, point + 1u < end),
        load_symbol(place, first + point + 2u, point + 2u < end),
        load_symbol(place, first + point + 3u, point + 3u < end),
    );
}

fn store_symbol(place: Place, symbol: u32, is_wanted: bool, x: Elements) {
    if !(is_wanted && place.is_there) {
        return;
    }
    let at = place.first + symbol * (job.recovery_symbol / 4u);
    let words = words_of(x);
    recovered[at] = words.low.low;
    recovered[at + 1u] = words.low.high;
    recovered[at + 2u] = words.high.low;
    recovered[at + 3u] = words.high.high;
}

fn store(place: Place, thread: u32, first: u32, end: u32, x: Points) {
    let point = 4u * (item_of(thread));
    store_symbol(place, first + point, point < end, x.a);
    store_symbol(place, first + point + 1u, point + 1u < end, x.b);
    store_symbol(place, first + point + 2u, point + 2u < end, x.c);
    store_symbol(place, first + point + 3u, point + 3u < end, x.d);
}

// SECOND = 1: keeps half of the coefficients of a second block behind the tiles. They would take a
// quarter of a thread's registers.
fn keep(thread: u32, x: Two) {
    let at = TILES * PLACES + thread;
    tile[at] = x.a.low.low;
    tile[at + THREADS] = x.a.low.high;
    tile[at + 2u * THREADS] = x.a.high.low;
    tile[at + 3u * THREADS] = x.a.high.high;
    tile[at + 4u * THREADS] = x.b.low.low;
    tile[at + 5u * THREADS] = x.b.low.high;
    tile[at + 6u * THREADS] = x.b.high.low;
    tile[at + 7u * THREADS] = x.b.high.high;
}

// Coefficients that the thread kept.
fn kept(thread: u32) -> Two {
    let at = TILES * PLACES + thread;
    return Two(
        Elements(
            Bytes(tile[at], tile[at + THREADS]),
            Bytes(tile[at + 2u * THREADS], tile[at + 3u * THREADS]),
        ),
        Elements(
            Bytes(tile[at + 4u * THREADS], tile[at + 5u * THREADS]),
            Bytes(tile[at + 6u * THREADS], tile[at + 7u * THREADS]),
        ),
    );
}

@compute @workgroup_size(THREADS)
fn extend(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let chunk = workgroup.x * CHUNKS + chunk_of(thread);
    let is_there = chunk < job.chunks;
    let origin = (workgroup.y + job.first_codeword) * (job.source_codeword / 4u) + 4u * chunk;
    let codeword = (workgroup.y + job.first_recovery_codeword) * (job.recovery_codeword / 4u)
        + 4u * chunk;
    let is_low = job.low_rate == 1u;
    // The low rate has one block of source symbols, the high rate one of recovery symbols.
    let sources = select((job.original + POINTS - 1u) / POINTS, 1u, is_low);
    let recoveries = select(1u, (job.recovery + POINTS - 1u) / POINTS, is_low);

    // High rate: sum of the transforms of all blocks of source symbols. Low rate: coefficients of
    // the source symbols, from which every block of recovery symbols is computed.
    var points = NO_POINTS;
    // SECOND = 2: sum of the transforms, or coefficients.
    var sum = NO_POINTS;
    for (var block = sources; block > 0u; block -= 1u) {
        let first = (block - 1u) * POINTS;
        let offset = select(block * POINTS, 0u, is_low);
        let end = min(POINTS, job.original - first);
        points = load(Place(origin, is_there), thread, first, end);
        points = inverse_below(points, thread, offset, end);
        if SECOND == 1u && block == 2u {
            let near = inverse_near_top(points, offset);
            keep(thread, Two(near.a, near.b));
        } else {
            points = inverse_top(points, offset);
        }
        if SECOND == 2u {
            sum = sum_of_points(sum, points);
        }
    }
    if SECOND == 1u {
        if sources == 2u {
            // The other half is zero, so the widest layer copies this half.
            let second = kept(thread);
            let near = add_scaled(
                Two(sum_of(points.a, second.a), sum_of(points.b, second.b)),
                second,
                SECOND_LABEL,
                true,
            );
            points = Points(
                near.a,
                near.b,
                sum_of(points.c, second.a),
                sum_of(points.d, second.b),
            );
        }
        if recoveries == 2u {
            let near = Two(points.a, points.b);
            keep(thread, add_scaled(near, Two(points.c, points.d), SECOND_LABEL, true));
        }
    }
    for (var block = 1u; block <= recoveries; block += 1u) {
        let first = (block - 1u) * POINTS;
        let offset = select(0u, block * POINTS, is_low);
        let end = min(POINTS, job.recovery - first);
        if SECOND == 2u {
            points = sum;
        }
        if SECOND == 1u && block == 2u {
            let second = kept(thread);
            points = Points(second.a, second.b, NO_ELEMENTS, NO_ELEMENTS);
            points = forward_near_top(points, offset);
        } else {
            points = forward_top(points, offset);
        }
        points = forward_below(points, thread, offset, end);
        store(Place(codeword, is_there), thread, first, end, points);
    }
}
