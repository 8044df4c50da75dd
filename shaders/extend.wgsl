// Recovery symbols of codewords (rows or columns). A workgroup computes `LANES` lanes of all
// recovery symbols of one codeword. At n = 1000 the transforms have 512 points.
//
// Bounds, which `shader/bounds.rs` asserts: the source symbols and the recovery symbols of as many
// codewords as there are workgroups in the second dimension are within the buffers, with all lanes
// of the workgroups in the first dimension. A rate with one block uses no symbols beyond it. The
// table has a factor for every label up to a block behind the symbols of the longer side.

struct ExtendParameters {
    // Source symbols and recovery symbols per codeword.
    original: u32,
    recovery: u32,
    // 1: more recovery than source symbols (the low rate); 0: the high rate.
    low_rate: u32,
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
@group(0) @binding(1) var<storage, read> factors: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> source: array<u32>;
@group(0) @binding(3) var<storage, read_write> recovered: array<u32>;

fn load(thread: u32, group: u32, codeword: u32, first: u32, count: u32) {
    for (var place = thread; place < PLACES; place += THREADS) {
        let point = place / LANES;
        var value = vec2<u32>(0u, 0u);
        if point < count {
            let at = codeword * job.source_codeword + (first + point) * job.source_symbol
                + lane_word(group, place % LANES);
            value = vec2<u32>(source[at], source[at + 8u]);
        }
        tile[place] = value;
    }
    workgroupBarrier();
}

fn store(thread: u32, group: u32, codeword: u32, first: u32, count: u32) {
    for (var place = thread; place < count * LANES; place += THREADS) {
        let at = codeword * job.recovery_codeword + (first + place / LANES) * job.recovery_symbol
            + lane_word(group, place % LANES);
        let value = tile[place];
        recovered[at] = value.x;
        recovered[at + 8u] = value.y;
    }
    workgroupBarrier();
}

@compute @workgroup_size(THREADS)
fn extend(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let group = workgroup.x;
    let origin = workgroup.y + job.first_codeword;
    let codeword = workgroup.y + job.first_recovery_codeword;
    // High rate: sum over the blocks of source symbols. Low rate: coefficients of the source
    // symbols, from which every block of recovery symbols is computed.
    var kept: array<vec2<u32>, KEPT>;
    let is_low = job.low_rate == 1u;
    // The low rate has one block of source symbols, the high rate one of recovery symbols.
    let sources = select(job.original, 1u, is_low);
    for (var first = 0u; first < sources; first += POINTS) {
        load(thread, group, origin, first, min(POINTS, job.original - first));
        inverse(thread, select(first + POINTS, 0u, is_low));
        for (var i = 0u; i < KEPT; i += 1u) {
            let place = thread + i * THREADS;
            if place < PLACES {
                kept[i] ^= tile[place];
            }
        }
        workgroupBarrier();
    }
    let recoveries = select(1u, job.recovery, is_low);
    for (var first = 0u; first < recoveries; first += POINTS) {
        for (var i = 0u; i < KEPT; i += 1u) {
            let place = thread + i * THREADS;
            if place < PLACES {
                tile[place] = kept[i];
            }
        }
        workgroupBarrier();
        forward(thread, select(0u, first + POINTS, is_low));
        store(thread, group, codeword, first, min(POINTS, job.recovery - first));
    }
}
