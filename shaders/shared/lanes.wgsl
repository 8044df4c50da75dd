// How the lanes of workgroups lie in symbols. Every symbol has whole chunks of 64 bytes: the low bytes
// of 32 elements in words 0 to 7, the high bytes in words 8 to 15.

// What a thread keeps of the tile in registers.
const KEPT: u32 = (PLACES + THREADS - 1u) / THREADS;

// Where a lane of this workgroup begins in a symbol.
fn lane_word(group: u32, lane: u32) -> u32 {
    let number = group * LANES + lane;
    return number / 8u * 16u + number % 8u;
}
