//! Reading of quilts: the content of a patch, patches as files, the check of the whole quilt.

use std::ffi::c_char;
use std::path::PathBuf;
use std::sync::Arc;

use super::arguments::{flag, out_param, path};
use super::control_handle::{given_control, walrus_accel_control};
use super::decode_request::{GivenOutput, RequestedOutput};
use super::entry_point::{free, guard, walrus_accel_error};
use super::handle::{Handle, borrow, hand_over};
use super::lend::lend;
use super::quilt_patches::{PatchList, walrus_accel_quilt_patches};
use super::quilt_reader_handle::{shared_of, walrus_accel_quilt_reader};
use super::runtime_handle::guard_within;
use super::status::{Failure, WALRUS_ACCEL_NOT_FOUND, walrus_accel_status};
use super::structs::{CStruct, read};
use crate::format::error::{Error, Result};
use crate::format::quilt::QuiltPatch;
use crate::format::shape::Shape;
use crate::io::blob_output::{Output, OutputSession, SliceOutput};
use crate::io::control::Control;

/// Request to read a patch of a quilt.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_quilt_reader_read_request {
    /// sizeof(walrus_accel_quilt_reader_read_request), as
    /// WALRUS_ACCEL_QUILT_READER_READ_REQUEST_INIT sets it.
    pub struct_size: usize,
    /// List with the patch. The caller may free it when the call, or the call that submits the job,
    /// returns.
    pub patches: *const walrus_accel_quilt_patches,
    /// Position of the patch in `patches`.
    pub position: usize,
    /// Kind of the output: WALRUS_ACCEL_OUTPUT_LIBRARY or another WALRUS_ACCEL_OUTPUT_ value. The
    /// call reads only the fields that the kind names. WALRUS_ACCEL_OUTPUT_LIBRARY refuses
    /// pointers.
    pub output_kind: u32,
    /// Zero.
    pub reserved: u32,
    /// Buffer for the content.
    pub output: *mut u8,
    /// Length of `output` in bytes: at least the length of the content. The columns of a patch,
    /// each of `rows` times `symbol_size` bytes in the quilt's shape, are longer than its content.
    pub output_length: u64,
    /// Path of the output file. An existing regular file is replaced, and its permission bits are
    /// kept; a symbolic link is followed. Any other existing file, and a file that the reader
    /// reads, is an error.
    pub output_path: *const c_char,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_quilt_reader_read_request {
    const KIND: &'static str = "walrus_accel_quilt_reader_read_request";
    const LEN_MIN: usize = size_of::<Self>();

    fn reserved(&self) -> u64 {
        self.reserved.into()
    }
}

/// Request to write patches of a quilt to files.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_quilt_reader_extract_request {
    /// sizeof(walrus_accel_quilt_reader_extract_request), as
    /// WALRUS_ACCEL_QUILT_READER_EXTRACT_REQUEST_INIT sets it.
    pub struct_size: usize,
    /// Patches to write. The caller may free the list when the call, or the call that submits the
    /// job, returns.
    pub patches: *const walrus_accel_quilt_patches,
    /// Directory, created if needed, ended by a NUL: any bytes on Unix, UTF-8 elsewhere. The
    /// identifier of a patch is the path of its file below the directory: "/" makes subdirectories.
    pub directory: *const c_char,
    /// 1: replaces regular files. 0: an existing file is an error.
    pub replace: u32,
    /// Zero.
    pub reserved: u32,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_quilt_reader_extract_request {
    const KIND: &'static str = "walrus_accel_quilt_reader_extract_request";
    const LEN_MIN: usize = size_of::<Self>();

    fn reserved(&self) -> u64 {
        self.reserved.into()
    }
}

/// Result of reading a patch: the length of the content, and the content if the library keeps it.
/// Immutable, so that threads can share it.
pub struct walrus_accel_quilt_content {
    length: u64,
    bytes: Option<Vec<u8>>,
}

impl Handle for walrus_accel_quilt_content {
    const KIND: &'static str = "walrus_accel_quilt_content";
    const CROSSES_FORKS: bool = true;
}

/// Output into the beginning of memory that may be longer than the content.
struct PrefixOutput<'m> {
    memory: &'m mut [u8],
    begun: Option<SliceOutput<'m>>,
}

impl<'m> PrefixOutput<'m> {
    fn new(memory: &'m mut [u8]) -> Self {
        let begun = None;
        Self { memory, begun }
    }
}

impl Output for PrefixOutput<'_> {
    fn begin<'a>(&'a mut self, shape: &Shape) -> Result<Box<dyn OutputSession + 'a>> {
        let (given, needed) = (self.memory.len() as u64, shape.unencoded_length());
        let len = usize::try_from(needed).ok().filter(|_| needed <= given);
        let Some(len) = len else {
            return Err(Error::BufferLength {
                what: "the memory for the patch".into(),
                given,
                needed,
            });
        };
        let (content, _) = std::mem::take(&mut self.memory).split_at_mut(len);
        self.begun.insert(SliceOutput::new(content)).begin(shape)
    }
}

/// Returns a list of patches of the reader's quilt.
fn given_patches(
    reader: &walrus_accel_quilt_reader,
    patches: *const walrus_accel_quilt_patches,
) -> Result<Arc<PatchList>, Failure> {
    let list = Arc::clone(&borrow(patches, "patches")?.list);
    if *list.quilt_id() != reader.quilt_id {
        return Err(Failure::argument(format!(
            "`patches` are of quilt {}, and the reader is of quilt {}: pass patches of the \
             reader's quilt",
            list.quilt_id(),
            reader.quilt_id
        )));
    }
    Ok(list)
}

/// Request to read a patch that was checked, ready to run on any thread.
pub(super) struct ReadPatchJob {
    reader: Arc<walrus_accel_quilt_reader>,
    patch: QuiltPatch,
    output: GivenOutput,
}

impl ReadPatchJob {
    /// Checks a request.
    ///
    /// # Safety
    ///
    /// Pointers in the request are as the header demands: the output until the value is dropped,
    /// the rest during this call.
    pub(super) unsafe fn new(
        reader: Arc<walrus_accel_quilt_reader>,
        request: &walrus_accel_quilt_reader_read_request,
    ) -> Result<Self, Failure> {
        let list = given_patches(&reader, request.patches)?;
        let patch = list.patch(request.position)?.try_clone()?;
        let wanted = RequestedOutput {
            kind: request.output_kind,
            memory: request.output,
            length: request.output_length,
            path: request.output_path,
        };
        let read = reader.memory.iter().copied();
        // SAFETY: the output is writable by this function's contract.
        let output = unsafe { GivenOutput::new(&wanted, read, reader.path.as_deref()) }?;
        Ok(Self {
            reader,
            patch,
            output,
        })
    }

    pub(super) fn run(self, control: &Control) -> Result<walrus_accel_quilt_content, Failure> {
        let read = |output: &mut dyn Output| self.reader.reader.read(&self.patch, output, control);
        let (length, bytes) = match self.output {
            GivenOutput::Library => {
                let mut bytes = Vec::new();
                (read(&mut bytes)?, Some(bytes))
            }
            GivenOutput::Memory(memory) => (read(&mut PrefixOutput::new(memory))?, None),
            GivenOutput::File(mut file) => (read(&mut file)?, None),
        };
        Ok(walrus_accel_quilt_content { length, bytes })
    }
}

/// Request to write patches to files that was checked, ready to run on any thread.
pub(super) struct ExtractJob {
    reader: Arc<walrus_accel_quilt_reader>,
    list: Arc<PatchList>,
    directory: PathBuf,
    replace: bool,
}

impl ExtractJob {
    /// Checks a request.
    ///
    /// # Safety
    ///
    /// Pointers in the request are as the header demands, during this call.
    pub(super) unsafe fn new(
        reader: Arc<walrus_accel_quilt_reader>,
        request: &walrus_accel_quilt_reader_extract_request,
    ) -> Result<Self, Failure> {
        Ok(Self {
            list: given_patches(&reader, request.patches)?,
            // SAFETY: the path is readable by this function's contract.
            directory: unsafe { path(request.directory, "directory") }?,
            replace: flag(request.replace, "replace")?,
            reader,
        })
    }

    pub(super) fn run(self, control: &Control) -> Result<(), Failure> {
        let (reader, patches) = (&self.reader.reader, self.list.patches());
        reader.extract(patches, self.directory, self.replace, control)?;
        Ok(())
    }
}

/// Reads the content of a patch, and returns when it is read.
///
/// `request`: read during the call, with the memory that it points to. `control`: NULL, or a
/// control that observes and cancels the call from other threads. `content`: set to the result,
/// which the caller frees with walrus_accel_quilt_content_free.
///
/// Statuses: as walrus_accel_quilt_reader_patches; WALRUS_ACCEL_INVALID_ARGUMENT also for an
/// invalid request (NULL where a value is needed, a number out of range, patches of another quilt,
/// a buffer that overlaps or is too short, an output file that the reader reads);
/// WALRUS_ACCEL_NOT_FOUND beyond the last patch; WALRUS_ACCEL_MALFORMED if the columns of the patch
/// hold another patch or none.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_quilt_reader_read(
    reader: *const walrus_accel_quilt_reader,
    request: *const walrus_accel_quilt_reader_read_request,
    control: *const walrus_accel_control,
    content: *mut *mut walrus_accel_quilt_content,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let outputs = || out_param(content, std::ptr::null_mut(), "content");
        let shared = || shared_of(reader);
        guard_within(shared, error, outputs, |_, out| {
            let reader = borrow(reader, "reader")?;
            let control = given_control(control)?;
            let reading = ReadPatchJob::new(reader, &read(request, "request")?)?;
            out.set(hand_over(reading.run(&control)?));
            Ok(())
        })
    }
}

/// Writes patches to files below a directory, and returns when all are written. No file is outside
/// of the directory, whatever the identifiers are: an identifier with an empty component, "." or
/// ".." is refused before anything is written, and no link below the directory is followed. Each
/// file gets its name when it is complete. After a failure, files that are complete stay.
///
/// `request`: read during the call. `control`: NULL, or a control that cancels the call from other
/// threads, and whose progress is that of the current patch.
///
/// Statuses: as walrus_accel_quilt_reader_read; WALRUS_ACCEL_INVALID_ARGUMENT also for an
/// identifier that is no safe path, and for two patches with one path; WALRUS_ACCEL_TARGET_EXISTS.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_quilt_reader_extract(
    reader: *const walrus_accel_quilt_reader,
    request: *const walrus_accel_quilt_reader_extract_request,
    control: *const walrus_accel_control,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let shared = || shared_of(reader);
        guard_within(
            shared,
            error,
            || Ok(()),
            |_, ()| {
                let reader = borrow(reader, "reader")?;
                let control = given_control(control)?;
                ExtractJob::new(reader, &read(request, "request")?)?.run(&control)
            },
        )
    }
}

/// Checks a whole quilt: the blob with WALRUS_ACCEL_CHECK_STRICT, the index, every patch, and that
/// all other bytes are zero. After this check, every reader of the quilt gets the same patches,
/// whatever slivers it reads. A reader of a blob checks the quilt alone.
///
/// `control`: NULL, or a control that observes and cancels the call from other threads.
///
/// Statuses: as walrus_accel_quilt_reader_patches; WALRUS_ACCEL_NOT_ENOUGH_SLIVERS unless an axis
/// has enough slivers to decode the blob; WALRUS_ACCEL_MALFORMED also if a patch or other bytes are
/// against the rules of the format.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_quilt_reader_check(
    reader: *const walrus_accel_quilt_reader,
    control: *const walrus_accel_control,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let shared = || shared_of(reader);
        guard_within(
            shared,
            error,
            || Ok(()),
            |_, ()| {
                let reader = borrow(reader, "reader")?;
                Ok(reader.reader.check(&*given_control(control)?)?)
            },
        )
    }
}

/// Returns the length of a patch's content in bytes.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_quilt_content_length(
    content: *const walrus_accel_quilt_content,
    length: *mut u64,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_param(length, 0, "length")?;
            out.set(borrow(content, "content")?.length);
            Ok(())
        })
    }
}

/// Lends the content that the library keeps (WALRUS_ACCEL_OUTPUT_LIBRARY).
///
/// `data`, `length`: set to the bytes and their length. The bytes are valid until the result is
/// freed.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND if the output was of another kind;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_quilt_content_bytes(
    content: *const walrus_accel_quilt_content,
    data: *mut *const u8,
    length: *mut usize,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let (data, length) = ((data, "data"), (length, "length"));
            lend((content, "content"), data, length, |content| {
                let message = "the library does not keep the content, which went elsewhere: set \
                               `output_kind` to 0 (library)";
                let bytes = content.bytes.as_deref();
                bytes.ok_or_else(|| Failure::new(WALRUS_ACCEL_NOT_FOUND, message))
            })
        })
    }
}

/// Frees the result of reading a patch, with the content if the library keeps it. NULL is ignored.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the result was freed before;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_quilt_content_free(
    content: *mut walrus_accel_quilt_content,
) -> walrus_accel_status {
    free(content)
}
