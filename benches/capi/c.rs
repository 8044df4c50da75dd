//! Calls of a C program.
#![allow(non_camel_case_types, reason = "types have their C names")]

use std::ffi::{c_char, c_void};
use std::ptr::{null, null_mut};

use walrus_accel::BlobId;

/// Type that a program knows by pointer only: a handle, an error, a function that it does not set.
type Opaque = c_void;

// Declarations of `include/walrus_accel.h`, as a C compiler reads them.
const WALRUS_ACCEL_OK: i32 = 0;
const WALRUS_ACCEL_ENGINE_CPU: u32 = 1;
const WALRUS_ACCEL_SOURCE_MEMORY: u32 = 1;
const WALRUS_ACCEL_SINK_BUFFERS: u32 = 2;

#[repr(C)]
struct walrus_accel_runtime_options {
    struct_size: usize,
    engine: u32,
    threads: u32,
    memory: u64,
    device_memory: u64,
    device: *const c_char,
    instruction_set: *const c_char,
    max_jobs: u32,
    no_cpu_fallback: u32,
    no_device_check: u32,
    reserved: u32,
}

#[repr(C)]
struct walrus_accel_source {
    struct_size: usize,
    kind: u32,
    descriptor: i32,
    data: *const u8,
    length: u64,
    path: *const c_char,
    read: *const Opaque,
    user_data: *mut c_void,
}

#[repr(C)]
struct walrus_accel_buffer {
    data: *mut u8,
    length: usize,
}

#[repr(C)]
struct walrus_accel_sink {
    struct_size: usize,
    kind: u32,
    replace: u32,
    buffers: *const walrus_accel_buffer,
    buffer_count: usize,
    path: *const c_char,
    write: *const Opaque,
    user_data: *mut c_void,
}

#[repr(C)]
struct walrus_accel_encode_request {
    struct_size: usize,
    source: *const walrus_accel_source,
    sink: *const walrus_accel_sink,
    pairs: *const u16,
    pair_count: usize,
    commitment: u32,
    pair_choice: u32,
    n_shards: u16,
    reserved: u16,
    reserved2: u32,
}

unsafe extern "C" {
    fn walrus_accel_runtime_new(
        options: *const walrus_accel_runtime_options,
        runtime: *mut *mut Opaque,
        error: *mut *mut Opaque,
    ) -> i32;
    fn walrus_accel_runtime_free(runtime: *mut Opaque) -> i32;
    fn walrus_accel_encode(
        runtime: *const Opaque,
        request: *const walrus_accel_encode_request,
        control: *const Opaque,
        encoded: *mut *mut Opaque,
        error: *mut *mut Opaque,
    ) -> i32;
    fn walrus_accel_encoded_metadata(
        encoded: *const Opaque,
        metadata: *mut *mut Opaque,
        error: *mut *mut Opaque,
    ) -> i32;
    fn walrus_accel_encoded_free(encoded: *mut Opaque) -> i32;
    fn walrus_accel_metadata_blob_id(
        metadata: *const Opaque,
        blob_id: *mut u8,
        error: *mut *mut Opaque,
    ) -> i32;
    fn walrus_accel_metadata_free(metadata: *mut Opaque) -> i32;
}

/// Runtime.
pub struct Runtime(*mut Opaque);

/// Returns a structure as its `_INIT` macro does.
macro_rules! initialised {
    ($kind:ident) => {{
        // SAFETY: zeros are a value of all structures of the header, and their size comes first.
        let mut value: $kind = unsafe { std::mem::zeroed() };
        value.struct_size = size_of::<$kind>();
        value
    }};
}

impl Runtime {
    pub fn new() -> Self {
        let mut options = initialised!(walrus_accel_runtime_options);
        options.engine = WALRUS_ACCEL_ENGINE_CPU;
        let mut runtime = null_mut();
        // SAFETY: the options are initialised, and the output is a local variable.
        let status =
            unsafe { walrus_accel_runtime_new(&raw const options, &raw mut runtime, null_mut()) };
        assert_eq!(status, WALRUS_ACCEL_OK);
        Self(runtime)
    }

    /// Encodes a blob into the buffers, and returns its blob ID.
    pub fn encode(&self, blob: &[u8], buffers: Vec<&mut [u8]>) -> BlobId {
        let buffers: Vec<_> = buffers
            .into_iter()
            .map(|buffer| walrus_accel_buffer {
                data: buffer.as_mut_ptr(),
                length: buffer.len(),
            })
            .collect();
        let mut source = initialised!(walrus_accel_source);
        source.kind = WALRUS_ACCEL_SOURCE_MEMORY;
        source.data = blob.as_ptr();
        source.length = blob.len() as u64;
        let mut sink = initialised!(walrus_accel_sink);
        sink.kind = WALRUS_ACCEL_SINK_BUFFERS;
        sink.buffers = buffers.as_ptr();
        sink.buffer_count = buffers.len();
        let mut request = initialised!(walrus_accel_encode_request);
        request.source = &raw const source;
        request.sink = &raw const sink;
        let (mut encoded, mut metadata, mut id) = (null_mut(), null_mut(), [0; 32]);
        let error = null_mut();
        let request = &raw const request;
        // SAFETY: all memory that the request points to is alive, the buffers are borrowed mutably,
        // and each handle is freed once, after its last use.
        let statuses = unsafe {
            [
                walrus_accel_encode(self.0, request, null(), &raw mut encoded, error),
                walrus_accel_encoded_metadata(encoded, &raw mut metadata, error),
                walrus_accel_metadata_blob_id(metadata, id.as_mut_ptr(), error),
                walrus_accel_metadata_free(metadata),
                walrus_accel_encoded_free(encoded),
            ]
        };
        assert_eq!(statuses, [WALRUS_ACCEL_OK; 5]);
        BlobId(id)
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // SAFETY: the handle is alive, and no call uses it.
        let status = unsafe { walrus_accel_runtime_free(self.0) };
        assert_eq!(status, WALRUS_ACCEL_OK);
    }
}
