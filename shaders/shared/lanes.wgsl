// Places of a workgroup's lanes in symbols. A symbol has whole chunks of 64 bytes: the low bytes of
// 32 elements in words 0 to 7, the high bytes in words 8 to 15. A lane is one word of each.

// Places of the tile that a thread keeps in registers.
const KEPT: u32 = (PLACES + THREADS - 1u) / THREADS;

// Word of a symbol at which a lane of a workgroup begins.
fn lane_word(group: u32, lane: u32) -> u32 {
    let number = group * LANES + lane;
    return number / 8u * 16u + number % 8u;
}
