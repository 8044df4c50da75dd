// 64-bit words of Blake2b as pairs of 32-bit words, the low half first, for every device.

alias Word = vec2<u32>;

fn word(low: u32, high: u32) -> Word {
    return vec2<u32>(low, high);
}

fn low_half(value: Word) -> u32 {
    return value.x;
}

fn high_half(value: Word) -> u32 {
    return value.y;
}

fn add(a: Word, b: Word) -> Word {
    let low = a.x + b.x;
    return vec2<u32>(low, a.y + b.y + select(0u, 1u, low < a.x));
}

fn rotated_32(value: Word) -> Word {
    return value.yx;
}

fn rotated_24(value: Word) -> Word {
    return (value >> vec2<u32>(24u)) | (value.yx << vec2<u32>(8u));
}

fn rotated_16(value: Word) -> Word {
    return (value >> vec2<u32>(16u)) | (value.yx << vec2<u32>(16u));
}

fn rotated_63(value: Word) -> Word {
    return (value << vec2<u32>(1u)) | (value.yx >> vec2<u32>(31u));
}
