//! Metadata: a value has one encoding, and it is valid for its own blob ID only.

#![no_main]

use libfuzzer_sys::fuzz_target;
use walrus_accel::{BlobId, BlobMetadata, BlobMetadataWithId, Shape};
use walrus_accel_fuzz::round_trips;

fuzz_target!(|input: &[u8]| {
    if let Some(metadata) = round_trips::<BlobMetadata>(input) {
        check(metadata);
    }
    if let Some(BlobMetadataWithId { blob_id, metadata }) = round_trips(input) {
        let own = metadata.blob_id();
        let n_shards = metadata.n_shards().expect("as many as are read");
        let with_id = BlobMetadataWithId {
            blob_id,
            metadata: metadata.clone(),
        };
        let verified = with_id.verify(n_shards);
        assert_eq!(verified.is_ok(), blob_id == own && metadata.shape().is_ok());
        check(metadata);
    }
});

/// Fails unless metadata is valid for its own ID and number of shards, and for nothing else.
fn check(metadata: BlobMetadata) {
    let n_shards = metadata.n_shards().expect("as many as are read");
    let own = metadata.blob_id();
    let can_be = Shape::new(n_shards, metadata.unencoded_length).is_ok();
    for (byte, mask) in [(0, 1), (15, 0x10), (31, 0x80)] {
        let mut other: BlobId = own;
        other.0[byte] ^= mask;
        assert!(metadata.clone().verify(n_shards, &other).is_err());
    }
    let more = n_shards.checked_add(1).unwrap_or(4);
    assert!(metadata.clone().verify(more, &own).is_err());
    match metadata.clone().verify(n_shards, &own) {
        Ok(verified) => {
            assert!(can_be);
            assert_eq!(verified.blob_id(), &own);
            assert_eq!(verified.metadata(), &metadata);
        }
        Err(_) => assert!(!can_be),
    }
}
