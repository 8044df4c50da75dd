// Positions of samples among the items of codewords, as audit/sample_positions.rs has them.
//
// Items are divided into blocks of `1 << job.bits` items; the last block may be shorter. Every
// codeword has one sample in each block. In a block, consecutive codewords have it at places that
// are a permutation, chosen at random per block and per `1 << job.bits` codewords.

fn mixed(value: u32) -> u32 {
    var x = value;
    x ^= x >> 16u;
    x *= 0x7feb352du;
    x ^= x >> 15u;
    x *= 0x846ca68bu;
    return x ^ (x >> 16u);
}

// Place of the sample of a codeword in a block of whole length.
fn place_in_block(codeword: u32, block: u32) -> u32 {
    let mask = (1u << job.bits) - 1u;
    let half = (job.bits + 1u) / 2u;
    let number = job.first_number + codeword;
    let key = mixed(mixed(mixed(job.seed_low ^ (number >> job.bits)) + block) ^ job.seed_high);
    var x = number & mask;
    x = (x * (key | 1u) + (key >> 6u)) & mask;
    x ^= x >> half;
    x = (x * ((key >> 12u) | 1u) + (key >> 18u)) & mask;
    x ^= x >> half;
    return (x * ((key >> 24u) | 1u)) & mask;
}

// Item of a codeword that is sampled in a block. `items`: items per codeword, more than those of
// the blocks before.
fn sampled_item(codeword: u32, block: u32, items: u32) -> u32 {
    let first = block << job.bits;
    let length = min(1u << job.bits, items - first);
    return first + place_in_block(codeword, block) % length;
}
