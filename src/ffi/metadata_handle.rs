//! Metadata: what an encoding commits to.

use super::arguments::{
    WALRUS_ACCEL_COMMITMENT_BLAKE2B, WALRUS_ACCEL_COMMITMENT_BLAKE3, axis_of, copy_out, elements,
    out_bytes_32, out_param, read_blob_id,
};
use super::entry::{free, guard, walrus_accel_error};
use super::handle::{Handle, borrow, hand_over};
use super::runtime_handle::shards;
use super::size_queries::walrus_accel_shape;
use super::status::{Failure, WALRUS_ACCEL_NOT_FOUND, walrus_accel_status};
use super::structs::out_struct;
use crate::format::commitment::{BlobMetadataWithId, Commitment, VerifiedMetadata};
use crate::format::error::Error;
use crate::format::error_reasons::MetadataProblem;
use crate::format::index::SliverPairIndex;
use crate::format::wire::Bcs;

/// The metadata of a blob, with its ID: the commitment hash, the blob's length, and the Merkle roots of
/// all slivers. It never changes, so threads can share it.
pub struct walrus_accel_metadata {
    pub(super) metadata: VerifiedMetadata,
}

impl Handle for walrus_accel_metadata {
    const KIND: &'static str = "walrus_accel_metadata";
    const CROSSES_FORKS: bool = true;
}

/// The metadata behind a handle, kept for as long as a job needs it.
pub(super) fn given_metadata(
    metadata: *const walrus_accel_metadata,
    name: &str,
) -> Result<VerifiedMetadata, Failure> {
    Ok(borrow(metadata, name)?.metadata.clone())
}

/// Reads metadata from BCS BlobMetadataWithId, and verifies it: its ID is computed anew, and the number
/// of sliver pairs compared with the committee's. So whoever trusts the blob ID can trust the metadata.
///
/// `n_shards`: the committee's; 0 for the network's 1,000. `expected_blob_id`: the 32 bytes of the blob ID that
/// was asked for; NULL to take the one in the bytes. `data`, `length`: only read during the call.
/// `metadata`: becomes the metadata, which the caller frees.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if `metadata` is NULL, or `data` is and
/// `length` is not 0, or for a number of shards that the code does not have; WALRUS_ACCEL_MALFORMED; WALRUS_ACCEL_INVALID_METADATA for another blob's, another
/// committee's, or one whose ID does not belong to it; WALRUS_ACCEL_BLOB_TOO_LARGE;
/// WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_metadata_from_bcs(
    data: *const u8,
    length: usize,
    n_shards: u16,
    expected_blob_id: *const u8,
    metadata: *mut *mut walrus_accel_metadata,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_param(metadata, std::ptr::null_mut(), "metadata")?;
            let data = elements(data, length, "data")?;
            let expected = match expected_blob_id.is_null() {
                true => None,
                false => Some(read_blob_id(expected_blob_id, "expected_blob_id")?),
            };
            let found = BlobMetadataWithId::from_bcs(data)?;
            let claimed = found.blob_id;
            let expected = expected.unwrap_or(claimed);
            let metadata = found.metadata.verify(shards(n_shards), &expected)?;
            if expected != claimed {
                let reason = MetadataProblem::WrongClaim { claimed };
                return Err(Error::InvalidMetadata { reason }.into());
            }
            out.set(hand_over(walrus_accel_metadata { metadata }));
            Ok(())
        })
    }
}

/// Frees metadata. Results and jobs that it was given to keep what they need. NULL is let pass.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if it was freed before; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_metadata_free(
    metadata: *mut walrus_accel_metadata,
) -> walrus_accel_status {
    free(metadata)
}

/// Tells the blob ID.
///
/// `id`: room for 32 bytes.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_metadata_blob_id(
    metadata: *const walrus_accel_metadata,
    blob_id: *mut u8,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_bytes_32(blob_id, "blob_id")?;
            out.set(borrow(metadata, "metadata")?.metadata.blob_id().0);
            Ok(())
        })
    }
}

/// Tells the root of the tree over all pairs' roots: the network's "root hash".
///
/// `hash`: room for 32 bytes.
///
/// Statuses: as walrus_accel_metadata_blob_id.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_metadata_root_hash(
    metadata: *const walrus_accel_metadata,
    root: *mut u8,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_bytes_32(root, "root")?;
            out.set(
                borrow(metadata, "metadata")?
                    .metadata
                    .metadata()
                    .root_hash(),
            );
            Ok(())
        })
    }
}

/// Tells the Merkle root of one sliver. A root that the metadata leaves empty is 32 zero bytes.
///
/// `hash`: room for 32 bytes.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or `sliver_axis` neither
/// WALRUS_ACCEL_AXIS_PRIMARY nor WALRUS_ACCEL_AXIS_SECONDARY; WALRUS_ACCEL_INVALID_HANDLE;
/// WALRUS_ACCEL_NOT_FOUND for a pair that does not exist; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_metadata_sliver_root(
    metadata: *const walrus_accel_metadata,
    axis: u32,
    pair: u16,
    root: *mut u8,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_bytes_32(root, "root")?;
            let metadata = borrow(metadata, "metadata")?;
            let metadata = metadata.metadata.metadata();
            let axis = axis_of(axis, "axis")?;
            let Some(root) = metadata.root(axis, SliverPairIndex(pair)) else {
                let message = format!(
                    "there is no pair {pair}: there are {}",
                    metadata.pairs.len()
                );
                return Err(Failure::new(WALRUS_ACCEL_NOT_FOUND, message));
            };
            out.set(root.bytes());
            Ok(())
        })
    }
}

/// Tells the commitment hash: WALRUS_ACCEL_COMMITMENT_BLAKE2B or WALRUS_ACCEL_COMMITMENT_BLAKE3.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_metadata_commitment(
    metadata: *const walrus_accel_metadata,
    commitment: *mut u32,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_param(commitment, 0, "commitment")?;
            out.set(match borrow(metadata, "metadata")?.metadata.commitment() {
                Commitment::Blake2b256 => WALRUS_ACCEL_COMMITMENT_BLAKE2B,
                Commitment::Blake3 => WALRUS_ACCEL_COMMITMENT_BLAKE3,
            });
            Ok(())
        })
    }
}

/// Tells the shape of the encoding: number of shards, the blob's length, and all sizes that follow.
///
/// `shape`: a structure of the caller's that WALRUS_ACCEL_SHAPE_INIT has initialised.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the structure not
/// initialised; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_metadata_shape(
    metadata: *const walrus_accel_metadata,
    shape: *mut walrus_accel_shape,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_struct(shape, "shape")?;
            let found = borrow(metadata, "metadata")?.metadata.shape();
            out.fill(walrus_accel_shape::of(&found));
            Ok(())
        })
    }
}

/// Writes the metadata as BCS BlobMetadataWithId. Without its first 32 bytes, the ID, that is BCS
/// BlobMetadata: the body that a storage node takes.
///
/// `out`, `out_length`: room for exactly the bytes that walrus_accel_metadata_bcs_length tells.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the room of another
/// length; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_metadata_to_bcs(
    metadata: *const walrus_accel_metadata,
    out: *mut u8,
    out_length: usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            copy_out(
                &borrow(metadata, "metadata")?.metadata.with_id().to_bcs(),
                out,
                out_length,
                "out",
            )
        })
    }
}

/// Tells the length in bytes of the metadata as BCS BlobMetadataWithId. (Metadata that was computed has
/// the `metadata_length` of its shape; metadata that was read may be shorter.)
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_metadata_bcs_length(
    metadata: *const walrus_accel_metadata,
    length: *mut usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_param(length, 0, "length")?;
            out.set(
                borrow(metadata, "metadata")?
                    .metadata
                    .with_id()
                    .to_bcs()
                    .len(),
            );
            Ok(())
        })
    }
}
