//! Shards that store the sliver pairs of a blob.

use super::commitment::BlobId;
use super::index::SliverPairIndex;

impl SliverPairIndex {
    /// Returns the shard that stores this pair of the blob. The blob ID, read as a big-endian
    /// integer modulo the number of shards, rotates the pairs.
    #[must_use]
    pub fn shard(self, blob_id: &BlobId, n_shards: u16) -> u16 {
        rotated(self.0, rotation(blob_id, n_shards), n_shards)
    }

    /// Returns the pair of the blob that a shard stores: the inverse of
    /// [`shard`](SliverPairIndex::shard). The shard must be below `n_shards`.
    ///
    /// # Example
    ///
    /// ```
    /// use walrus_accel::{BlobId, SliverPairIndex};
    ///
    /// let id = BlobId([7; 32]);
    /// let pair = SliverPairIndex::of_shard(42, &id, 1000);
    /// assert_eq!(pair.shard(&id, 1000), 42);
    /// ```
    #[must_use]
    pub fn of_shard(shard: u16, blob_id: &BlobId, n_shards: u16) -> Self {
        let back = n_shards - rotation(blob_id, n_shards);
        Self(rotated(shard, back, n_shards))
    }
}

/// Number of places by which the blob ID rotates the pairs: below `n_shards`.
fn rotation(blob_id: &BlobId, n_shards: u16) -> u16 {
    let n = u32::from(n_shards);
    let bytes = blob_id.0.iter();
    let rotation = bytes.fold(0u32, |acc, &byte| ((acc << 8) | u32::from(byte)) % n);
    u16::try_from(rotation).expect("below n_shards")
}

fn rotated(index: u16, by: u16, n_shards: u16) -> u16 {
    let rotated = (u32::from(index) + u32::from(by)) % u32::from(n_shards);
    u16::try_from(rotated).expect("below n_shards")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_rotate_by_the_blob_id() {
        let mut id = [0; 32];
        id[31] = 5;
        assert_eq!(SliverPairIndex(998).shard(&BlobId(id), 1000), 3);
        id[30] = 1; // 261
        assert_eq!(SliverPairIndex(0).shard(&BlobId(id), 7), 261 % 7);
        // 2^248 mod 1000, computed separately: 2^248 ends in ...656.
        let mut id = [0; 32];
        id[0] = 1;
        assert_eq!(SliverPairIndex(0).shard(&BlobId(id), 1000), 656);
    }

    #[test]
    fn the_rotation_is_a_bijection() {
        let ids = [
            [0; 32],
            [255; 32],
            std::array::from_fn(|i| (i as u8).wrapping_mul(37)),
        ];
        for n in [4, 5, 7, 10, 100, 999, 1000, 1001, 65_535] {
            for id in ids.map(BlobId) {
                let mut seen = vec![false; n.into()];
                for pair in (0..n).map(SliverPairIndex) {
                    let shard = pair.shard(&id, n);
                    assert!(!std::mem::replace(&mut seen[usize::from(shard)], true));
                    assert_eq!(SliverPairIndex::of_shard(shard, &id, n), pair);
                }
            }
        }
    }
}
