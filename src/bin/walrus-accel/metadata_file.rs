//! A blob's metadata as the command line names it.

use std::path::Path;

use walrus_accel::{
    Bcs, BlobId, BlobMetadata, BlobMetadataWithId, Error, MetadataProblem, VerifiedMetadata,
};

use crate::args::{BlobArgs, WantedArgs};
use crate::console::shown;
use crate::exit::Failure;
use crate::input;

/// The most bytes that a metadata file can have: 66 a pair, and 65,535 pairs.
pub const MAX_METADATA_LEN: u64 = 5 << 20;

/// Reads the metadata of the blob that it is about.
pub fn of_blob(args: &BlobArgs) -> Result<VerifiedMetadata, Failure> {
    read(&args.metadata, &args.wanted)
}

/// Reads metadata with the blob ID or without, and checks that it is what its ID and the command line
/// say.
pub fn read(path: &Path, wanted: &WantedArgs) -> Result<VerifiedMetadata, Failure> {
    let bytes = input::read_small(path, MAX_METADATA_LEN)?;
    let named = |error| Failure::Other(input::with_name(path, &error));
    let (claimed, metadata) = parse(&bytes).map_err(|(with_id, without)| {
        let path = shown(path);
        Failure::Other(format!("{path}: {with_id}; {without}"))
    })?;
    check(metadata, claimed, wanted).map_err(named)
}

/// Metadata and the blob ID that stands before it, if one does.
fn parse(bytes: &[u8]) -> Result<(Option<BlobId>, BlobMetadata), (Error, Error)> {
    let with_id = match BlobMetadataWithId::from_bcs(bytes) {
        Ok(BlobMetadataWithId { blob_id, metadata }) => return Ok((Some(blob_id), metadata)),
        Err(error) => error,
    };
    match BlobMetadata::from_bcs(bytes) {
        Ok(metadata) => Ok((None, metadata)),
        Err(without) => Err((with_id, without)),
    }
}

/// Checks that metadata is of the blob that its file claims and of the one that is wanted, and for as many
/// shards as are wanted.
pub fn check(
    metadata: BlobMetadata,
    claimed: Option<BlobId>,
    wanted: &WantedArgs,
) -> Result<VerifiedMetadata, Error> {
    let n_shards = match wanted.shards {
        Some(n_shards) => n_shards,
        None => metadata.n_shards()?,
    };
    let stands_for = claimed.or(wanted.blob_id);
    let stands_for = stands_for.unwrap_or_else(|| metadata.blob_id());
    let metadata = metadata.verify(n_shards, &stands_for)?;
    match wanted.blob_id {
        Some(wanted) if wanted != stands_for => Err(Error::InvalidMetadata {
            reason: MetadataProblem::WrongBlob {
                found: stands_for,
                expected: wanted,
            },
        }),
        _ => Ok(metadata),
    }
}
