//! The twins of the shaders: what each entry point does to its buffers, by plain code that shares
//! nothing with it.
//!
//! Buffers are words, in the order of the bindings, but for what a twin has no use for. `codewords` and
//! `trees` are the workgroups of the second dimension.

mod tests;

use reed_solomon_simd::{ReedSolomonDecoder, ReedSolomonEncoder};

use super::multipliers::FACTOR_WORDS;
use super::parameters::{
    CombineParameters, ExtendParameters, LeavesParameters, MISSING, NOTHING, NodesParameters,
    RestoreParameters,
};
use super::symbol_layout::CHUNK;
use crate::code::{Code, Rate, mul};
use crate::format::commitment::{Commitment, Digest, LEAF_PREFIX};

/// The byte before the two children of a node.
const NODE_PREFIX: u8 = 1;

const CHUNK_WORDS: usize = CHUNK / 4;

/// The lanes of a chunk: each a word of low bytes, and one of high bytes so many words behind.
const CHUNK_LANES: usize = CHUNK_WORDS / 2;

const DIGEST_WORDS: usize = 8;

fn bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u32> {
    let (words, rest) = bytes.as_chunks();
    assert!(rest.is_empty());
    words.iter().map(|word| u32::from_le_bytes(*word))
}

fn put(digest: Digest, digests: &mut [u32], number: u32) {
    let place = &mut digests[number as usize * DIGEST_WORDS..][..DIGEST_WORDS];
    place
        .iter_mut()
        .zip(words(&digest))
        .for_each(|(to, word)| *to = word);
}

/// Of `extend.wgsl`: the first `lanes` lanes of all recovery symbols.
fn extend(
    job: &ExtendParameters,
    codewords: u32,
    lanes: u32,
    source: &[u32],
    recovered: &mut [u32],
) {
    let counts = [job.original, job.recovery].map(|count| count as usize);
    let rate = Code::new(counts[0], counts[1]).rate;
    assert_eq!(job.low_rate, u32::from(rate == Rate::Low), "the crate's");
    let mut code = ReedSolomonEncoder::new(counts[0], counts[1], CHUNK).expect("few symbols");
    let lanes = lanes as usize;
    for codeword in 0..codewords {
        for first_lane in (0..lanes).step_by(CHUNK_LANES) {
            let chunk = 2 * first_lane;
            for symbol in 0..job.original {
                let codeword = codeword + job.first_codeword;
                let at = codeword * job.source_codeword + symbol * job.source_symbol;
                let words = &source[at as usize + chunk..][..CHUNK_WORDS];
                code.add_original_shard(bytes(words)).expect("as announced");
            }
            let encoded = code.encode().expect("all are there");
            for (symbol, made) in (0..).zip(encoded.recovery_iter()) {
                let codeword = codeword + job.first_recovery_codeword;
                let at = codeword * job.recovery_codeword + symbol * job.recovery_symbol;
                let to = &mut recovered[at as usize + chunk..][..CHUNK_WORDS];
                let places = to.iter_mut().zip(words(made)).enumerate();
                // Lanes of the last chunk may be another workgroup's.
                places
                    .filter(|(number, _)| first_lane + number % CHUNK_LANES < lanes)
                    .for_each(|(_, (to, word))| *to = word);
            }
        }
    }
}

/// Of `restore.wgsl`: the first `lanes` lanes of the missing symbols of a block. `given` says which symbol
/// of the code each given one is.
fn restore(
    job: &RestoreParameters,
    (code, given): (Code, &[usize]),
    [codewords, lanes]: [u32; 2],
    positions: &[u32],
    source: &[u32],
    restored: &mut [u32],
) {
    let block = &positions[job.block as usize * code.chunk..][..code.chunk];
    let of_block = |number: u32| block.contains(&(MISSING + number));
    assert!(block.iter().any(|&what| (MISSING..NOTHING).contains(&what)));
    let mut decoder =
        ReedSolomonDecoder::new(code.original, code.recovery, CHUNK).expect("few symbols");
    let lanes = lanes as usize;
    for codeword in 0..codewords {
        for first_lane in (0..lanes).step_by(CHUNK_LANES) {
            let chunk = 2 * first_lane;
            for (number, &symbol) in (0..).zip(given) {
                let codeword = codeword + job.first_codeword;
                let at = codeword * job.source_codeword + number * job.source_symbol;
                let bytes = bytes(&source[at as usize + chunk..][..CHUNK_WORDS]);
                match symbol.checked_sub(code.original) {
                    None => decoder.add_original_shard(symbol, bytes),
                    Some(recovery) => decoder.add_recovery_shard(recovery, bytes),
                }
                .expect("as announced");
            }
            let decoded = decoder.decode().expect("as many as it takes");
            let made = (0..).zip(decoded.restored_original_iter());
            for (number, (_, bytes)) in made.filter(|(number, _)| of_block(*number)) {
                let codeword = codeword + job.first_restored_codeword;
                let at = codeword * job.restored_codeword + number * job.restored_symbol;
                let to = &mut restored[at as usize + chunk..][..CHUNK_WORDS];
                let places = to.iter_mut().zip(words(bytes)).enumerate();
                places
                    .filter(|(number, _)| first_lane + number % CHUNK_LANES < lanes)
                    .for_each(|(_, (to, word))| *to = word);
            }
        }
    }
}

/// A symbol of `width` bytes, from where it lies on a device.
fn symbol_at(source: &[u32], at: u32, width: u32) -> Vec<u8> {
    let (at, width) = (at as usize, width as usize);
    let padded = bytes(&source[at..][..width.div_ceil(CHUNK) * CHUNK_WORDS]);
    let (whole, half) = (width / CHUNK * CHUNK, width % CHUNK / 2);
    let mut symbol = padded[..whole + half].to_vec();
    if half > 0 {
        // The halves of the last chunk are apart.
        symbol.extend_from_slice(&padded[whole + CHUNK / 2..][..half]);
    }
    symbol
}

/// Of `leaves_blake2b.wgsl` and `leaves_blake3.wgsl`, of whole symbols: nothing is kept of them.
fn leaves(
    job: &LeavesParameters,
    commitment: Commitment,
    codewords: u32,
    source: &[u32],
    digests: &mut [u32],
) {
    assert_eq!(
        (job.start, job.width),
        (0, job.symbol_size),
        "a whole symbol"
    );
    for codeword in 0..codewords {
        for symbol in 0..job.symbols {
            let at =
                (codeword + job.first_codeword) * job.source_codeword + symbol * job.source_symbol;
            let data = symbol_at(source, at, job.symbol_size);
            let digest = commitment.hash(&[&[LEAF_PREFIX], &data]);
            let number = job.first_digest + codeword * job.digest_codeword + symbol;
            put(digest, digests, number);
        }
    }
}

/// Of `nodes_blake2b.wgsl` and `nodes_blake3.wgsl`.
fn nodes(
    job: &NodesParameters,
    commitment: Commitment,
    trees: u32,
    children: &[u32],
    parents: &mut [u32],
) {
    for tree in 0..trees {
        let child = |number: u32| {
            if number >= job.children {
                return vec![0; size_of::<Digest>()];
            }
            let at = (tree * job.child_tree + number * job.child) as usize * DIGEST_WORDS;
            bytes(&children[at..][..DIGEST_WORDS])
        };
        for node in 0..job.children.div_ceil(2) {
            let [left, right] = [child(2 * node), child(2 * node + 1)];
            let digest = commitment.hash(&[&[NODE_PREFIX], &left, &right]);
            put(digest, parents, tree * job.parent_tree + node);
        }
    }
}

/// Of `combine.wgsl`.
fn combine(
    job: &CombineParameters,
    codewords: u32,
    factors: &[u32],
    source: &[u32],
    sums: &mut [u32],
) {
    // The image of the element 1 is the factor itself.
    let factor = |number: u32| {
        let at = number as usize * FACTOR_WORDS;
        (factors[at] | factors[at + FACTOR_WORDS / 2] << 8) as u16
    };
    for codeword in 0..codewords {
        for symbol in 0..job.symbols {
            let at = (codeword + job.first_codeword) * job.source_codeword
                + (symbol + job.first_symbol) * job.source_symbol;
            let symbol_bytes = bytes(&source[at as usize..][..job.chunks as usize * CHUNK_WORDS]);
            let to = (job.first_sum + symbol) as usize * CHUNK_WORDS;
            for element in 0..CHUNK / 2 {
                let sum = (0..job.chunks).zip(symbol_bytes.chunks_exact(CHUNK)).fold(
                    0,
                    |sum, (number, chunk)| {
                        let value =
                            u16::from_le_bytes([chunk[element], chunk[element + CHUNK / 2]]);
                        sum ^ mul(value, factor(number))
                    },
                );
                let [low, high] = mul(sum, factor(job.first_factor + codeword)).to_le_bytes();
                let (word, shift) = (to + element / 4, 8 * (element % 4));
                sums[word] ^= u32::from(low) << shift;
                sums[word + CHUNK_LANES] ^= u32::from(high) << shift;
            }
        }
    }
}
