// 64-bit words of Blake2b as native integers, for devices that have them.

alias Word = u64;

fn word(low: u32, high: u32) -> Word {
    return u64(low) | (u64(high) << 32u);
}

fn low_half(value: Word) -> u32 {
    return u32(value & 0xfffffffflu);
}

fn high_half(value: Word) -> u32 {
    return u32(value >> 32u);
}

fn add(a: Word, b: Word) -> Word {
    return a + b;
}

fn rotated_32(value: Word) -> Word {
    return (value >> 32u) | (value << 32u);
}

fn rotated_24(value: Word) -> Word {
    return (value >> 24u) | (value << 40u);
}

fn rotated_16(value: Word) -> Word {
    return (value >> 16u) | (value << 48u);
}

fn rotated_63(value: Word) -> Word {
    return (value >> 63u) | (value << 1u);
}
