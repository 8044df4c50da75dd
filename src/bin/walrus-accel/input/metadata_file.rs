//! Metadata files.

use std::path::Path;

use walrus_accel::error::MetadataProblem;
use walrus_accel::wire::Bcs;
use walrus_accel::{BlobId, BlobMetadata, BlobMetadataWithId, Error, VerifiedMetadata};

use super::small_file;
use crate::args::{BlobArgs, WantedArgs};
use crate::output::exit::Failure;
use crate::output::names::shown;

/// Maximum length of a metadata file: 66 bytes per pair, for 65,535 pairs.
pub const MAX_METADATA_LEN: u64 = 5 << 20;

/// Reads and checks the metadata of the blob that the arguments name.
pub fn of_blob(args: &BlobArgs) -> Result<VerifiedMetadata, Failure> {
    read(&args.metadata, &args.wanted)
}

/// Reads metadata with or without a blob ID. Fails if it does not match its blob ID or `wanted`.
pub fn read(path: &Path, wanted: &WantedArgs) -> Result<VerifiedMetadata, Failure> {
    let bytes = small_file::read(path, MAX_METADATA_LEN)?;
    let named = |error| Failure::Other(small_file::with_name(path, &error));
    let (claimed, metadata) =
        parse(&bytes).map_err(|reasons| Failure::Other(format!("{}: {reasons}", shown(path))))?;
    check(metadata, claimed, wanted).map_err(named)
}

/// Parses metadata and the blob ID in front of it, if there is one. The error has a reason for each
/// of the two forms.
fn parse(bytes: &[u8]) -> Result<(Option<BlobId>, BlobMetadata), String> {
    let with_id = match BlobMetadataWithId::from_bcs(bytes) {
        Ok(BlobMetadataWithId { blob_id, metadata }) => return Ok((Some(blob_id), metadata)),
        Err(error) => error,
    };
    match BlobMetadata::from_bcs(bytes) {
        Ok(metadata) => Ok((None, metadata)),
        Err(without) => Err(format!("{with_id}; {without}")),
    }
}

/// Checks metadata against the blob ID that its file claims and against `wanted`.
pub fn check(
    metadata: BlobMetadata,
    claimed: Option<BlobId>,
    wanted: &WantedArgs,
) -> Result<VerifiedMetadata, Error> {
    let n_shards = match wanted.shards {
        Some(n_shards) => n_shards,
        None => metadata.n_shards()?,
    };
    let blob_id = claimed.or(wanted.blob_id);
    let blob_id = blob_id.unwrap_or_else(|| metadata.blob_id());
    let metadata = metadata.verify(n_shards, &blob_id)?;
    match wanted.blob_id {
        Some(wanted) if wanted != blob_id => Err(Error::InvalidMetadata {
            reason: MetadataProblem::WrongBlob {
                found: blob_id,
                expected: wanted,
            },
        }),
        _ => Ok(metadata),
    }
}
