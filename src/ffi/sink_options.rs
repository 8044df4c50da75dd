//! Sinks: where slivers go.

use std::ffi::{c_char, c_void};
use std::path::PathBuf;

use super::arguments::{elements, elements_mut, flag, path};
use super::callbacks::{UserData, walrus_accel_write_function};
use super::overlap::check_no_overlap;
use super::piece_sink::{PieceSink, Write};
use super::status::Failure;
use super::structs::{CStruct, read_optional};
use crate::format::error::Result;
use crate::format::pair_set::PairSet;
use crate::support::memory::try_with_capacity;

/// No sliver is kept. The result has metadata and blob ID.
pub const WALRUS_ACCEL_SINK_NONE: u32 = 0;
/// The library keeps the slivers: walrus_accel_encoded_sliver lends them.
pub const WALRUS_ACCEL_SINK_LIBRARY: u32 = 1;
/// The slivers are written to buffers of the caller: `buffers`, `buffer_count`.
pub const WALRUS_ACCEL_SINK_BUFFERS: u32 = 2;
/// The slivers are written to a directory as files: `path`, `replace`.
pub const WALRUS_ACCEL_SINK_DIRECTORY: u32 = 3;
/// A callback takes the slivers in pieces: `write`, `user_data`.
pub const WALRUS_ACCEL_SINK_CALLBACK: u32 = 4;

/// Buffer of the caller for one sliver.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_buffer {
    /// First byte of the buffer.
    pub data: *mut u8,
    /// Length in bytes: exactly the length of the sliver as BCS SliverData, which
    /// walrus_accel_shape_compute returns.
    pub length: usize,
}

/// Destination of the slivers of the chosen pairs. The buffers must stay valid until the call or
/// the job has ended. After a failure, the content of the buffers is unspecified, and a directory
/// has nothing of the failed job.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_sink {
    /// sizeof(walrus_accel_sink): WALRUS_ACCEL_SINK_INIT sets it.
    pub struct_size: usize,
    /// Kind of the sink: WALRUS_ACCEL_SINK_LIBRARY or another WALRUS_ACCEL_SINK_ value. The call
    /// reads only the fields that the kind names. The kinds that name none refuse pointers.
    pub kind: u32,
    /// 1: replaces a directory of the blob that has other content. 0: refuses it.
    pub replace: u32,
    /// Buffers: for each chosen pair in ascending order, a buffer for the primary sliver and a
    /// buffer for the secondary sliver.
    pub buffers: *const walrus_accel_buffer,
    /// Number of buffers: twice the number of chosen pairs.
    pub buffer_count: usize,
    /// Parent directory, ended by a NUL: any bytes on Unix, UTF-8 elsewhere. The call makes a
    /// directory there that is named by the blob ID, either complete or not at all.
    pub path: *const c_char,
    /// Function that takes pieces.
    pub write: walrus_accel_write_function,
    /// Argument of `write`.
    pub user_data: *mut c_void,
}

// SAFETY: `repr(C)`, the size first, integers, pointers and a nullable function.
unsafe impl CStruct for walrus_accel_sink {
    const KIND: &'static str = "walrus_accel_sink";
    const LEN_MIN: usize = size_of::<Self>();
}

/// Buffers of one pair: primary sliver, secondary sliver.
pub(super) type PairBuffers = [&'static mut [u8]; 2];

/// Sink that was checked, ready to be filled.
pub(super) enum GivenSink {
    None,
    Library,
    Buffers(Vec<PairBuffers>),
    Directory { path: PathBuf, replace: bool },
    Callback(PieceSink),
}

impl GivenSink {
    /// Checks a sink for the chosen pairs. `read` is memory that must not overlap with the buffers.
    ///
    /// # Safety
    ///
    /// `sink`, its list of buffers and its path are as the header demands, during this call. Its
    /// buffers and `user_data` are so until the value is dropped.
    pub(super) unsafe fn new<'r>(
        sink: *const walrus_accel_sink,
        pairs: &PairSet,
        read: impl Iterator<Item = &'r [u8]>,
        name: &str,
    ) -> Result<Self, Failure> {
        // SAFETY: the structure is readable by this function's contract.
        let Some(sink) = unsafe { read_optional(sink, name) }? else {
            return Ok(Self::None);
        };
        Ok(match sink.kind {
            WALRUS_ACCEL_SINK_NONE | WALRUS_ACCEL_SINK_LIBRARY => {
                if !sink.buffers.is_null() || !sink.path.is_null() || sink.write.is_some() {
                    return Err(Failure::argument(format!(
                        "`{name}` has buffers, a path or a callback, which its kind {} does not \
                         use: set the kind to 2 (buffers), 3 (directory) or 4 (callback)",
                        sink.kind
                    )));
                }
                match sink.kind {
                    WALRUS_ACCEL_SINK_NONE => Self::None,
                    _ => Self::Library,
                }
            }
            WALRUS_ACCEL_SINK_BUFFERS => {
                let needed = 2 * pairs.len();
                if sink.buffer_count != needed {
                    return Err(Failure::argument(format!(
                        "`{name}.buffer_count` is {}: {} chosen pairs need {needed}",
                        sink.buffer_count,
                        pairs.len()
                    )));
                }
                let list = format_args!("{name}.buffers");
                // SAFETY: the list is readable by this function's contract.
                let buffers = unsafe { elements(sink.buffers, sink.buffer_count, list) }?;
                // SAFETY: the buffers are writable by this function's contract.
                Self::Buffers(unsafe { pair_buffers(buffers, read, name) }?)
            }
            WALRUS_ACCEL_SINK_DIRECTORY => Self::Directory {
                // SAFETY: the path is readable by this function's contract.
                path: unsafe { path(sink.path, &format!("{name}.path")) }?,
                replace: flag(sink.replace, &format!("{name}.replace"))?,
            },
            WALRUS_ACCEL_SINK_CALLBACK => {
                let Some(write) = sink.write else {
                    return Err(Failure::argument(format!(
                        "`{name}.write` is NULL: set a function"
                    )));
                };
                Self::Callback(PieceSink::new(write as Write, UserData(sink.user_data)))
            }
            kind => {
                return Err(Failure::argument(format!(
                    "`{name}.kind` is {kind}, which is unknown: use 0 (none), 1 (library), 2 \
                     (buffers), 3 (directory), 4 (callback)"
                )));
            }
        })
    }
}

/// Returns the buffers of each pair.
///
/// # Safety
///
/// Each buffer is as [`elements_mut`] demands, until the result is dropped.
unsafe fn pair_buffers<'r>(
    buffers: &[walrus_accel_buffer],
    read: impl Iterator<Item = &'r [u8]>,
    name: &str,
) -> Result<Vec<PairBuffers>, Failure> {
    let written = buffers
        .iter()
        .map(|buffer| (buffer.data.addr(), buffer.length));
    check_no_overlap(written, read, name)?;
    let buffer = |position: usize| {
        let buffer = buffers[position];
        let data = format_args!("{name}.buffers[{position}].data");
        // SAFETY: the buffer is writable by this function's contract.
        unsafe { elements_mut(buffer.data, buffer.length, data) }
    };
    let mut pairs = try_with_capacity(buffers.len() / 2)?;
    for first in (0..buffers.len()).step_by(2) {
        pairs.push([buffer(first)?, buffer(first + 1)?]);
    }
    Ok(pairs)
}
