// Multiplication in GF(2^16), four elements at a time: `x` holds the low bytes of the elements, `y`
// the high bytes. A factor is the images of the 16 bits of an element, low and high bytes apart: 8
// vectors of the table `factors`. The product of one bit of each of four bytes and an image has the
// image in each byte whose bit is set; there are no carries.

const BITS: u32 = 0x01010101u;

fn bit(bytes: u32, number: u32) -> u32 {
    return (bytes >> number) & BITS;
}

// Sum of the images of all bits of four bytes.
fn images(bytes: u32, first: vec4<u32>, second: vec4<u32>) -> u32 {
    return (bit(bytes, 0u) * first.x) ^ (bit(bytes, 1u) * first.y)
        ^ (bit(bytes, 2u) * first.z) ^ (bit(bytes, 3u) * first.w)
        ^ (bit(bytes, 4u) * second.x) ^ (bit(bytes, 5u) * second.y)
        ^ (bit(bytes, 6u) * second.z) ^ (bit(bytes, 7u) * second.w);
}

// Product with the factor at vector `at` of the table. `in_subfield`: the factor is in GF(2^8), so
// images of low bytes have no high bytes.
fn times(value: vec2<u32>, at: u32, in_subfield: bool) -> vec2<u32> {
    var low = images(value.x, factors[at], factors[at + 1u])
        ^ images(value.y, factors[at + 2u], factors[at + 3u]);
    var high = images(value.y, factors[at + 6u], factors[at + 7u]);
    if !in_subfield {
        high ^= images(value.x, factors[at + 4u], factors[at + 5u]);
    }
    return vec2<u32>(low, high);
}
