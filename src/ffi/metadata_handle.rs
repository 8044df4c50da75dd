//! Metadata: the Merkle roots, length and encoding that a blob ID commits to.

use super::arguments::{
    WALRUS_ACCEL_COMMITMENT_BLAKE2B, WALRUS_ACCEL_COMMITMENT_BLAKE3, axis_of, copy_out, elements,
    out_bytes_32, out_param, read_blob_id,
};
use super::entry_point::{free, guard, walrus_accel_error};
use super::handle::{Handle, borrow, hand_over};
use super::runtime_handle::shards_or_network;
use super::size_queries::walrus_accel_shape;
use super::status::{Failure, WALRUS_ACCEL_NOT_FOUND, walrus_accel_status};
use super::structs::out_struct;
use crate::format::commitment::{BlobMetadataWithId, Commitment, VerifiedMetadata};
use crate::format::error::Error;
use crate::format::error_reasons::MetadataProblem;
use crate::format::index::SliverPairIndex;
use crate::format::wire::Bcs;

/// Verified metadata of a blob: the blob ID, the commitment, the length of the blob, and the Merkle
/// roots of all slivers. Immutable, so that threads can share it.
pub struct walrus_accel_metadata {
    pub(super) metadata: VerifiedMetadata,
}

impl Handle for walrus_accel_metadata {
    const KIND: &'static str = "walrus_accel_metadata";
    const CROSSES_FORKS: bool = true;
}

/// Returns a copy of the metadata behind a handle, for a job to keep.
pub(super) fn given_metadata(
    metadata: *const walrus_accel_metadata,
    name: &str,
) -> Result<VerifiedMetadata, Failure> {
    Ok(borrow(metadata, name)?.metadata.clone())
}

/// Reads metadata from BCS BlobMetadataWithId and verifies it: computes the blob ID from the
/// metadata, and compares the number of sliver pairs with the committee. Metadata for a trusted
/// blob ID can therefore be trusted.
///
/// `data`, `length`: the bytes, read only during the call. `n_shards`: number of shards of the
/// committee; 0 for the network's 1,000. `expected_blob_id`: the 32 bytes of the blob ID that the
/// caller asked for, or NULL to accept the blob ID in the bytes. `metadata`: set to the metadata,
/// which the caller frees with walrus_accel_metadata_free.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if `metadata` is NULL, if `data` is
/// NULL and `length` is not 0, or for a number of shards that the code does not support;
/// WALRUS_ACCEL_MALFORMED; WALRUS_ACCEL_INVALID_METADATA for metadata of another blob or committee,
/// or with a wrong blob ID; WALRUS_ACCEL_BLOB_TOO_LARGE; WALRUS_ACCEL_OUT_OF_MEMORY;
/// WALRUS_ACCEL_PANIC.
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
            let metadata = found
                .metadata
                .verify(shards_or_network(n_shards), &expected)?;
            if expected != claimed {
                let reason = MetadataProblem::WrongClaim { claimed };
                return Err(Error::InvalidMetadata { reason }.into());
            }
            out.set(hand_over(walrus_accel_metadata { metadata }));
            Ok(())
        })
    }
}

/// Frees metadata. Results and jobs that use it keep their own copies. NULL is ignored.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the metadata was freed before;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_metadata_free(
    metadata: *mut walrus_accel_metadata,
) -> walrus_accel_status {
    free(metadata)
}

/// Returns the blob ID.
///
/// `blob_id`: a buffer of 32 bytes.
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

/// Returns the root of the Merkle tree over the roots of all pairs: the network's "root hash".
///
/// `root`: a buffer of 32 bytes.
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

/// Returns the Merkle root of one sliver, or 32 zero bytes if the metadata leaves the root empty.
///
/// `axis`: WALRUS_ACCEL_AXIS_PRIMARY or WALRUS_ACCEL_AXIS_SECONDARY. `root`: a buffer of 32 bytes.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or `axis` has
/// another value; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND if the pair does not exist;
/// WALRUS_ACCEL_PANIC.
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
                    "pair {pair} does not exist: there are {}",
                    metadata.pairs.len()
                );
                return Err(Failure::new(WALRUS_ACCEL_NOT_FOUND, message));
            };
            out.set(root.bytes());
            Ok(())
        })
    }
}

/// Returns the commitment: WALRUS_ACCEL_COMMITMENT_BLAKE2B or WALRUS_ACCEL_COMMITMENT_BLAKE3.
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

/// Returns the shape of the encoding: number of shards, length of the blob, and the sizes that
/// follow from both.
///
/// `shape`: a structure that WALRUS_ACCEL_SHAPE_INIT initialised.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the structure
/// is not initialised; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
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

/// Writes the metadata as BCS BlobMetadataWithId. The bytes after the blob ID, the first 32 bytes,
/// are BCS BlobMetadata: the body that a storage node takes.
///
/// `out`, `out_length`: a buffer of exactly the length that walrus_accel_metadata_bcs_length
/// returns.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the buffer has
/// another length; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_PANIC.
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

/// Returns the length in bytes of the metadata as BCS BlobMetadataWithId. Computed metadata has the
/// `metadata_length` of its shape; metadata that was read can be shorter.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_PANIC.
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
