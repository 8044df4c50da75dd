// Placement of a workgroup's lanes in symbols. A lane is four elements. Every symbol consists of
// whole chunks of 64 bytes: 32-bit words 0 to 7 hold the low bytes of 32 elements, words 8 to 15
// the high bytes.

// Number of tile entries that a thread keeps in registers.
const KEPT: u32 = (PLACES + THREADS - 1u) / THREADS;

// Returns the first 32-bit word of a lane of workgroup `group`, from the symbol's start.
fn lane_word(group: u32, lane: u32) -> u32 {
    let number = group * LANES + lane;
    return number / 8u * 16u + number % 8u;
}
