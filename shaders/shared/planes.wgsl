// Elements of GF(2^16) on bit planes: plane `i` is a word with bit `i` of the 32 elements of a
// chunk. Products are exclusive ors of planes under masks, the same for all 32 elements.
//
// Planes are in the tensor basis, in which each field of the tower GF(2), GF(4), GF(16), GF(2^8),
// GF(2^16) has the form `a + b v` over the field before, with `v^2 = v + c`. Then
//
//     (a + b v) (f + g v) = (a f + b c g) + (a f + (a + b) (f + g)) v
//
// takes three products of the field before: by `f`, by `c g` and by `f + g`. So a factor in GF(2^8)
// is stored as three elements of GF(16), in 12 bits from the lowest on. A product with an element
// of GF(16) is a product with a matrix of four by four bits.
//
// An entry of the table has two words for a factor `f + g v` in GF(2^16): word 0 has `f` in bits 0
// to 11 and `g` in bits 16 to 27, word 1 has `c g` in bits 0 to 11. A factor in GF(2^8) is `f`
// alone, and multiplies both bytes of an element. Else the product is
//
//     (a + b v) (f + g v) = (a f + b c g) + (b f + (a + b) g) v
//
// Labels below 4,096 have `g` in GF(16), in bits 16 to 19.

// 32 elements of GF(2^8): planes 0 to 3, then 4 to 7.
struct Bytes {
    low: vec4<u32>,
    high: vec4<u32>,
}

// 32 elements of GF(2^16).
struct Elements {
    low: Bytes,
    high: Bytes,
}

// Masks of a factor in GF(16): the columns of its matrix.
struct Matrix {
    a: vec4<u32>,
    b: vec4<u32>,
    c: vec4<u32>,
    d: vec4<u32>,
}

// Elements of two points that are multiplied by the same factor.
struct Two {
    a: Elements,
    b: Elements,
}

const NO_PLANES = vec4<u32>(0u, 0u, 0u, 0u);
const NO_BYTES = Bytes(NO_PLANES, NO_PLANES);
const NO_ELEMENTS = Elements(NO_BYTES, NO_BYTES);

fn sum_of_bytes(x: Bytes, y: Bytes) -> Bytes {
    return Bytes(x.low ^ y.low, x.high ^ y.high);
}

fn sum_of(x: Elements, y: Elements) -> Elements {
    return Elements(sum_of_bytes(x.low, y.low), sum_of_bytes(x.high, y.high));
}

// Matrix of the factor in bits `first` to `first + 3` of a word. All its entries are sums of these
// four bits.
fn matrix_of(word: u32, first: u32) -> Matrix {
    let places = vec4<u32>(31u, 30u, 29u, 28u) - vec4<u32>(first);
    let bits = bitcast<vec4<i32>>(vec4<u32>(word) << places);
    let y = bitcast<vec4<u32>>(bits >> vec4<u32>(31u));
    let low = y.x ^ y.y;
    let high = y.z ^ y.w;
    let even = y.x ^ y.z;
    let odd = y.y ^ y.w;
    return Matrix(
        y,
        vec4<u32>(y.y, low, y.w, high),
        vec4<u32>(y.w, high, even, odd),
        vec4<u32>(high, y.z, odd, low ^ high),
    );
}

fn add_image(sum: vec4<u32>, x: vec4<u32>, f: Matrix) -> vec4<u32> {
    return sum ^ (x.xxxx & f.a) ^ (x.yyyy & f.b) ^ (x.zzzz & f.c) ^ (x.wwww & f.d);
}

fn image(x: vec4<u32>, f: Matrix) -> vec4<u32> {
    return (x.xxxx & f.a) ^ (x.yyyy & f.b) ^ (x.zzzz & f.c) ^ (x.wwww & f.d);
}

// Adds the product of each byte and a factor in GF(2^8), in bits `first` to `first + 11` of a word.
// A matrix is used for all bytes before the next one is made, so that few masks are live.
fn add_byte_products(sum: Elements, x: Elements, word: u32, first: u32) -> Elements {
    let f = matrix_of(word, first);
    let low = image(x.low.low, f);
    let high = image(x.high.low, f);
    let g = matrix_of(word, first + 4u);
    let low_low = add_image(sum.low.low ^ low, x.low.high, g);
    let high_low = add_image(sum.high.low ^ high, x.high.high, g);
    let h = matrix_of(word, first + 8u);
    return Elements(
        Bytes(low_low, add_image(sum.low.high ^ low, x.low.low ^ x.low.high, h)),
        Bytes(high_low, add_image(sum.high.high ^ high, x.high.low ^ x.high.high, h)),
    );
}

// As `add_byte_products`, of twice as many.
fn add_byte_products_2(sum: Two, x: Two, word: u32, first: u32) -> Two {
    let f = matrix_of(word, first);
    let a_low = image(x.a.low.low, f);
    let a_high = image(x.a.high.low, f);
    let b_low = image(x.b.low.low, f);
    let b_high = image(x.b.high.low, f);
    let g = matrix_of(word, first + 4u);
    let a_low_low = add_image(sum.a.low.low ^ a_low, x.a.low.high, g);
    let a_high_low = add_image(sum.a.high.low ^ a_high, x.a.high.high, g);
    let b_low_low = add_image(sum.b.low.low ^ b_low, x.b.low.high, g);
    let b_high_low = add_image(sum.b.high.low ^ b_high, x.b.high.high, g);
    let h = matrix_of(word, first + 8u);
    return Two(
        Elements(
            Bytes(a_low_low, add_image(sum.a.low.high ^ a_low, x.a.low.low ^ x.a.low.high, h)),
            Bytes(a_high_low, add_image(sum.a.high.high ^ a_high, x.a.high.low ^ x.a.high.high, h)),
        ),
        Elements(
            Bytes(b_low_low, add_image(sum.b.low.high ^ b_low, x.b.low.low ^ x.b.low.high, h)),
            Bytes(b_high_low, add_image(sum.b.high.high ^ b_high, x.b.high.low ^ x.b.high.high, h)),
        ),
    );
}

// Adds the part of products that the high byte of the factor gives. Unless the factor `is_wide`,
// that byte is in GF(16).
fn add_upper_products(sum: Two, x: Two, entry: vec2<u32>, is_wide: bool) -> Two {
    let high = Elements(x.a.high, x.b.high);
    let low = add_byte_products(Elements(sum.a.low, sum.b.low), high, entry.y, 0u);
    let both = sum_of(Elements(x.a.low, x.b.low), high);
    var all = Elements(sum.a.high, sum.b.high);
    if is_wide {
        all = add_byte_products(all, both, entry.x, 16u);
    } else {
        let f = matrix_of(entry.x, 16u);
        let a_low = add_image(all.low.low, both.low.low, f);
        let a_high = add_image(all.low.high, both.low.high, f);
        let b_low = add_image(all.high.low, both.high.low, f);
        let b_high = add_image(all.high.high, both.high.high, f);
        all = Elements(Bytes(a_low, a_high), Bytes(b_low, b_high));
    }
    return Two(Elements(low.low, all.low), Elements(low.high, all.high));
}

// Each of `sum` plus the product of `x` and any factor.
fn add_products(sum: Two, x: Two, entry: vec2<u32>) -> Two {
    return add_byte_products_2(add_upper_products(sum, x, entry, true), x, entry.x, 0u);
}

// Product with any factor.
fn product(x: Elements, entry: vec2<u32>) -> Elements {
    return add_products(Two(NO_ELEMENTS, NO_ELEMENTS), Two(x, NO_ELEMENTS), entry).a;
}

fn times_2_of(x: vec4<u32>) -> vec4<u32> {
    return vec4<u32>(x.y, x.x ^ x.y, x.w, x.z ^ x.w);
}

// Product with the factor whose label is 2.
fn times_2(x: Elements) -> Elements {
    return Elements(
        Bytes(times_2_of(x.low.low), times_2_of(x.low.high)),
        Bytes(times_2_of(x.high.low), times_2_of(x.high.high)),
    );
}

// Swaps bit `i` of word `j` with bit `j` of word `i`, in each byte of eight words. Done twice, it
// changes nothing.
fn transposed(words: Bytes) -> Bytes {
    let far = ((words.low >> vec4<u32>(4u)) ^ words.high) & vec4<u32>(0x0f0f0f0fu);
    let low = transposed_half(words.low ^ (far << vec4<u32>(4u)));
    let high = transposed_half(words.high ^ far);
    return Bytes(low, high);
}

fn transposed_half(words: vec4<u32>) -> vec4<u32> {
    let middle = ((words.xy >> vec2<u32>(2u)) ^ words.zw) & vec2<u32>(0x33333333u);
    let first = words.xy ^ (middle << vec2<u32>(2u));
    let second = words.zw ^ middle;
    let near = ((vec2<u32>(first.x, second.x) >> vec2<u32>(1u)) ^ vec2<u32>(first.y, second.y))
        & vec2<u32>(0x55555555u);
    let even = vec2<u32>(first.x, second.x) ^ (near << vec2<u32>(1u));
    let odd = vec2<u32>(first.y, second.y) ^ near;
    return vec4<u32>(even.x, odd.x, even.y, odd.y);
}

// Planes of the words of a chunk, changed from labels (docs/ARCHITECTURE.md) to the tensor basis. A
// label is in the Cantor basis. Words: eight of low bytes, eight of high bytes, four elements each.
fn elements_of(words: Elements) -> Elements {
    let l = transposed(words.low);
    let h = transposed(words.high);
    let a = vec4<u32>(
        l.low.x ^ l.low.w ^ l.high.y ^ l.high.z ^ h.low.y ^ h.low.z ^ h.high.x,
        l.low.y ^ l.low.w ^ l.high.y ^ l.high.w ^ h.low.y ^ h.low.w ^ h.high.x,
        l.low.z ^ l.high.y ^ h.low.y ^ h.low.z ^ h.low.w ^ h.high.y ^ h.high.w,
        l.low.w ^ l.high.y ^ l.high.z ^ h.low.w ^ h.high.x ^ h.high.y ^ h.high.z ^ h.high.w,
    );
    let b = vec4<u32>(
        l.high.x ^ l.high.w ^ h.low.y ^ h.low.z ^ h.high.x ^ h.high.w,
        l.high.y ^ l.high.w ^ h.low.y ^ h.low.w ^ h.high.x ^ h.high.y ^ h.high.z,
        l.high.z ^ h.low.y,
        l.high.w ^ h.low.y ^ h.low.z ^ h.high.x ^ h.high.y,
    );
    let c = vec4<u32>(
        h.low.x ^ h.low.w ^ h.high.y ^ h.high.z,
        h.low.y ^ h.low.w ^ h.high.y ^ h.high.w,
        h.low.z ^ h.high.y,
        h.low.w ^ h.high.y ^ h.high.z,
    );
    let d = vec4<u32>(
        h.high.x ^ h.high.w,
        h.high.y ^ h.high.w,
        h.high.z,
        h.high.w,
    );
    return Elements(Bytes(a, b), Bytes(c, d));
}

// Words of a chunk from planes: the inverse of `elements_of`.
fn words_of(x: Elements) -> Elements {
    let a = vec4<u32>(
        x.low.low.x ^ x.low.low.w ^ x.high.low.y ^ x.high.low.z ^ x.high.high.y ^ x.high.high.z
            ^ x.high.high.w,
        x.low.low.y ^ x.low.low.w ^ x.low.high.z ^ x.low.high.w ^ x.high.low.y ^ x.high.low.z
            ^ x.high.low.w ^ x.high.high.x ^ x.high.high.y,
        x.low.low.z ^ x.low.high.y ^ x.low.high.w ^ x.high.low.y ^ x.high.low.w ^ x.high.high.y
            ^ x.high.high.w,
        x.low.low.w ^ x.low.high.y ^ x.low.high.z ^ x.low.high.w ^ x.high.low.y ^ x.high.low.z
            ^ x.high.low.w ^ x.high.high.x ^ x.high.high.z ^ x.high.high.w,
    );
    let b = vec4<u32>(
        x.low.high.x ^ x.low.high.w ^ x.high.high.y,
        x.low.high.y ^ x.low.high.w ^ x.high.low.z ^ x.high.low.w,
        x.low.high.z ^ x.high.low.y ^ x.high.low.w ^ x.high.high.z ^ x.high.high.w,
        x.low.high.w ^ x.high.low.y ^ x.high.low.z ^ x.high.low.w ^ x.high.high.x ^ x.high.high.z,
    );
    let c = vec4<u32>(
        x.high.low.x ^ x.high.low.w,
        x.high.low.y ^ x.high.low.w ^ x.high.high.z ^ x.high.high.w,
        x.high.low.z ^ x.high.high.y ^ x.high.high.w,
        x.high.low.w ^ x.high.high.y ^ x.high.high.z ^ x.high.high.w,
    );
    let d = vec4<u32>(
        x.high.high.x ^ x.high.high.w,
        x.high.high.y ^ x.high.high.w,
        x.high.high.z,
        x.high.high.w,
    );
    return Elements(transposed(Bytes(a, b)), transposed(Bytes(c, d)));
}
