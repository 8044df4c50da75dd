//! Slivers of the caller, to decode from or to verify.

use std::ffi::c_char;
use std::path::{Path, PathBuf};

use super::arguments::{axis_of, elements, path, reserved};
use super::status::Failure;
use crate::directory::SliverFiles;
use crate::format::commitment::VerifiedMetadata;
use crate::format::error::Result;
use crate::format::index::SliverIndex;
use crate::format::verdict::SliverInfo;
use crate::format::wire::SliverEdges;
use crate::io::sliver_source::SliverSource;
use crate::jobs::verify::BlobSliver;
use crate::support::memory::collected;

/// Sliver in memory.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_sliver {
    /// BCS SliverData of the sliver, as a storage node serves it.
    pub data: *const u8,
    /// Length of `data` in bytes.
    pub length: usize,
    /// Axis of the sliver, which the bytes do not have: WALRUS_ACCEL_AXIS_PRIMARY or
    /// WALRUS_ACCEL_AXIS_SECONDARY.
    pub axis: u32,
}

/// Sliver with its parsed frame: the bytes before and after the symbols.
struct Sliver {
    /// Index and sizes that the frame claims. A malformed sliver has values that no blob has.
    info: SliverInfo,
    /// Whole sliver, and its symbols.
    bytes: &'static [u8],
    symbols: &'static [u8],
    is_malformed: bool,
}

/// Slivers in the caller's memory. They are not copied.
pub(super) struct MemorySlivers {
    slivers: Vec<Sliver>,
}

impl MemorySlivers {
    /// Reads the frames of slivers.
    ///
    /// # Safety
    ///
    /// The list is as [`elements`] demands, during this call. The data of each sliver is so until
    /// the value is dropped.
    pub(super) unsafe fn new(
        slivers: *const walrus_accel_sliver,
        count: usize,
        name: &str,
    ) -> Result<Self, Failure> {
        // SAFETY: the list is readable by this function's contract.
        let given = unsafe { elements(slivers, count, name) }?;
        let mut slivers = reserved(count, name)?;
        for (number, sliver) in given.iter().enumerate() {
            let axis = axis_of(sliver.axis, format_args!("{name}[{number}].axis"))?;
            let data = format_args!("{name}[{number}].data");
            // SAFETY: the data is readable until the value is dropped by this function's contract.
            let bytes = unsafe { elements(sliver.data, sliver.length, data) }?;
            slivers.push(match edges(bytes) {
                Ok(edges) => Sliver {
                    info: SliverInfo {
                        axis,
                        index: edges.index,
                        symbol_size: edges.symbol_size.into(),
                        len: edges.symbols_len,
                    },
                    bytes,
                    symbols: &bytes[edges.header_len as usize..][..edges.symbols_len as usize],
                    is_malformed: false,
                },
                Err(_) => Sliver {
                    info: SliverInfo {
                        axis,
                        index: SliverIndex(u16::MAX),
                        symbol_size: 0,
                        len: 0,
                    },
                    bytes,
                    symbols: &[],
                    is_malformed: true,
                },
            });
        }
        Ok(Self { slivers })
    }

    /// Returns true if the frame of a sliver is malformed.
    pub(super) fn is_malformed(&self, number: usize) -> bool {
        self.slivers[number].is_malformed
    }

    /// Returns a sliver as a sliver of the blob with this metadata. The sliver is not malformed.
    pub(super) fn of_blob<'a>(
        &'a self,
        number: usize,
        metadata: &'a VerifiedMetadata,
    ) -> BlobSliver<'a> {
        let Sliver { info, symbols, .. } = &self.slivers[number];
        BlobSliver {
            metadata,
            axis: info.axis,
            index: info.index,
            symbol_size: info.symbol_size,
            symbols,
        }
    }

    /// Returns the memory that is read.
    pub(super) fn memory(&self) -> impl Iterator<Item = &'static [u8]> {
        self.slivers.iter().map(|sliver| sliver.bytes)
    }

    pub(super) fn len(&self) -> usize {
        self.slivers.len()
    }
}

/// Returns one sliver as a sliver of the blob with this metadata.
///
/// # Safety
///
/// `sliver` is NULL, or points to a structure that nobody writes to during this call. Its data is
/// as [`elements`] demands, during `'a`.
pub(super) unsafe fn given_sliver<'a>(
    sliver: *const walrus_accel_sliver,
    metadata: &'a VerifiedMetadata,
    name: &str,
) -> Result<BlobSliver<'a>, Failure> {
    if sliver.is_null() {
        return Err(Failure::argument(format!(
            "`{name}` is NULL: pass a sliver"
        )));
    }
    // SAFETY: the structure is readable by this function's contract.
    let sliver = unsafe { elements(sliver, 1, name) }?[0];
    let axis = axis_of(sliver.axis, format_args!("{name}.axis"))?;
    let data_name = format_args!("{name}.data");
    // SAFETY: the data is readable during `'a` by this function's contract.
    let data = unsafe { elements(sliver.data, sliver.length, data_name) }?;
    Ok(BlobSliver::from_bcs(metadata, axis, data)?)
}

fn edges(bytes: &[u8]) -> Result<SliverEdges> {
    let head = &bytes[..bytes.len().min(SliverEdges::HEAD_LEN)];
    let tail = bytes.last_chunk().copied().unwrap_or_default();
    SliverEdges::parse(head, tail, bytes.len() as u64)
}

impl SliverSource for MemorySlivers {
    fn infos(&self) -> Vec<SliverInfo> {
        collected(self.slivers.iter().map(|sliver| sliver.info))
    }

    fn read_at(&self, number: usize, offset: u64, out: &mut [u8]) -> Result<()> {
        let start = usize::try_from(offset).expect("inside the sliver");
        out.copy_from_slice(&self.slivers[number].symbols[start..start + out.len()]);
        Ok(())
    }

    fn symbols(&self, number: usize) -> Option<&[u8]> {
        Some(self.slivers[number].symbols)
    }
}

/// Slivers in memory, or in a directory.
pub(super) enum GivenSlivers {
    Memory(MemorySlivers),
    Directory(PathBuf),
}

impl GivenSlivers {
    /// Takes a directory if a path is given, and memory otherwise.
    ///
    /// # Safety
    ///
    /// The slivers are as [`MemorySlivers::new`] demands. The path is as [`path`] demands.
    pub(super) unsafe fn new(
        slivers: *const walrus_accel_sliver,
        count: usize,
        directory: *const c_char,
    ) -> Result<Self, Failure> {
        if directory.is_null() {
            // SAFETY: the slivers are readable by this function's contract.
            let slivers = unsafe { MemorySlivers::new(slivers, count, "slivers") }?;
            return Ok(Self::Memory(slivers));
        }
        if !slivers.is_null() || count != 0 {
            return Err(Failure::argument(
                "`slivers` and `directory` are both set: set one of them to NULL",
            ));
        }
        // SAFETY: the path is readable by this function's contract.
        Ok(Self::Directory(unsafe { path(directory, "directory") }?))
    }

    /// Returns the memory that is read.
    pub(super) fn memory(&self) -> impl Iterator<Item = &'static [u8]> {
        let memory = match self {
            Self::Memory(memory) => Some(memory),
            Self::Directory(_) => None,
        };
        memory.into_iter().flat_map(MemorySlivers::memory)
    }

    /// Returns the directory that is read.
    pub(super) fn directory(&self) -> Option<&Path> {
        match self {
            Self::Memory(_) => None,
            Self::Directory(path) => Some(path),
        }
    }

    /// Calls `work` with the slivers, as slivers of the blob with this metadata.
    pub(super) fn with<T>(
        self,
        metadata: &VerifiedMetadata,
        work: impl FnOnce(&dyn SliverSource) -> Result<T>,
    ) -> Result<T> {
        match self {
            Self::Memory(memory) => work(&memory),
            Self::Directory(path) => work(&SliverFiles::in_directory(metadata, &path)?),
        }
    }
}
