//! Words of buffers as bytes and back.

use crate::engine::gpu::shader::symbol_layout::CHUNK;
use crate::format::commitment::Digest;

/// Words of a chunk.
pub(super) const CHUNK_WORDS: usize = CHUNK / 4;

/// Lanes of a chunk. A lane is a word of low bytes, and the word of high bytes `CHUNK_LANES` words
/// later.
pub(super) const CHUNK_LANES: usize = CHUNK_WORDS / 2;

/// Words of a digest.
pub(super) const DIGEST_WORDS: usize = 8;

/// Returns the bytes of words.
pub(super) fn bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// Returns the words of bytes, whose number must be a multiple of four.
pub(super) fn words(bytes: &[u8]) -> impl Iterator<Item = u32> {
    let (words, rest) = bytes.as_chunks();
    assert!(rest.is_empty());
    words.iter().map(|word| u32::from_le_bytes(*word))
}

/// Writes a digest to place `number` of a buffer of digests.
pub(super) fn write_digest(digest: Digest, digests: &mut [u32], number: u32) {
    let place = &mut digests[number as usize * DIGEST_WORDS..][..DIGEST_WORDS];
    place
        .iter_mut()
        .zip(words(&digest))
        .for_each(|(to, word)| *to = word);
}
