// Multiplication in GF(2^16), four elements at a time: `x` holds their low bytes, `y` their high
// bytes. A factor is 16 images of bits, as low and as high bytes: 8 vectors of the table `factors`.
// A bit of four bytes times an image gives the image in each byte whose bit is set, without a carry.

const BITS: u32 = 0x01010101u;

fn bit(bytes: u32, number: u32) -> u32 {
    return (bytes >> number) & BITS;
}

// The sum of the images of all bits of four bytes.
fn images(bytes: u32, first: vec4<u32>, second: vec4<u32>) -> u32 {
    return (bit(bytes, 0u) * first.x) ^ (bit(bytes, 1u) * first.y)
        ^ (bit(bytes, 2u) * first.z) ^ (bit(bytes, 3u) * first.w)
        ^ (bit(bytes, 4u) * second.x) ^ (bit(bytes, 5u) * second.y)
        ^ (bit(bytes, 6u) * second.z) ^ (bit(bytes, 7u) * second.w);
}

// The product with the factor that begins at vector `at` of the table. `in_subfield`: the images of
// low bytes have no high bytes.
fn times(value: vec2<u32>, at: u32, in_subfield: bool) -> vec2<u32> {
    var low = images(value.x, factors[at], factors[at + 1u])
        ^ images(value.y, factors[at + 2u], factors[at + 3u]);
    var high = images(value.y, factors[at + 6u], factors[at + 7u]);
    if !in_subfield {
        high ^= images(value.x, factors[at + 4u], factors[at + 5u]);
    }
    return vec2<u32>(low, high);
}
