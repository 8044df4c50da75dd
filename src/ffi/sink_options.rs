//! Where slivers go, as callers say it.

use std::ffi::{c_char, c_void};
use std::path::PathBuf;

use super::arguments::{check_range, elements, elements_mut, flag, path};
use super::piece_sink::{BodySink, Write};
use super::status::Failure;
use super::structs::{CStruct, read_optional};
use crate::format::error::{Error, Result};
use crate::format::pair_set::PairSet;
use crate::support::memory::{collected, try_with_capacity};

/// No sliver is kept: metadata and blob ID alone.
pub const WALRUS_ACCEL_SINK_NONE: u32 = 0;
/// The slivers are kept by the library: walrus_accel_encoded_sliver lends them.
pub const WALRUS_ACCEL_SINK_LIBRARY: u32 = 1;
/// The slivers are written to the caller's memory: `buffers`, `buffer_count`.
pub const WALRUS_ACCEL_SINK_BUFFERS: u32 = 2;
/// The slivers are written to a directory as files: `path`, `replace`.
pub const WALRUS_ACCEL_SINK_DIRECTORY: u32 = 3;
/// The slivers are handed to a callback in pieces: `write`, `user_data`.
pub const WALRUS_ACCEL_SINK_CALLBACK: u32 = 4;

/// Memory of the caller's for one sliver.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_buffer {
    /// The first byte.
    pub data: *mut u8,
    /// The length in bytes: exactly that of the sliver as BCS SliverData, as walrus_accel_shape_compute
    /// tells it.
    pub length: usize,
}

/// A piece of a sliver.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_piece {
    /// The bytes, valid during the call.
    pub data: *const u8,
    /// Their number.
    pub length: usize,
    /// Where they belong in the sliver as BCS SliverData, in bytes from its beginning.
    pub offset: u64,
    /// The length in bytes of the sliver as BCS SliverData.
    pub sliver_length: u64,
    /// WALRUS_ACCEL_AXIS_PRIMARY or WALRUS_ACCEL_AXIS_SECONDARY.
    pub axis: u32,
    /// The sliver's pair.
    pub pair: u16,
    /// The sliver's index along its axis.
    pub index: u16,
}

/// Takes a piece of a sliver. Returns 0 if it did; a positive number to stop, so that the job ends with
/// WALRUS_ACCEL_CANCELLED; a negative one if it failed, so that it ends with
/// WALRUS_ACCEL_CALLBACK_FAILED.
///
/// The pieces of all slivers come in no particular order, do not overlap, and cover the slivers. It is
/// called from any thread, that of the call included: for a request one call at a time, though a source's
/// `read` may be called meanwhile. It must not call the library, nor unwind or jump out.
pub type walrus_accel_write_function =
    Option<unsafe extern "C" fn(piece: *const walrus_accel_piece, user_data: *mut c_void) -> i32>;

/// Where the slivers of the chosen pairs go. The memory of buffers must stay until the call, or the job, has
/// ended. After a job that failed, the content of buffers is unspecified, and nothing is left in a
/// directory.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_sink {
    /// sizeof(walrus_accel_sink): WALRUS_ACCEL_SINK_INIT sets it.
    pub struct_size: usize,
    /// WALRUS_ACCEL_SINK_LIBRARY or another of them; only the fields that it names are looked at.
    pub kind: u32,
    /// 1: a directory of the blob that holds something else is replaced.
    pub replace: u32,
    /// The caller's memory: for each chosen pair in ascending order a primary sliver's and a secondary
    /// sliver's.
    pub buffers: *const walrus_accel_buffer,
    /// The number of buffers: twice that of the chosen pairs.
    pub buffer_count: usize,
    /// The directory in which one named by the blob ID is made, complete or not at all; ended by a NUL:
    /// any bytes on Unix, UTF-8 elsewhere.
    pub path: *const c_char,
    /// The function that takes pieces.
    pub write: walrus_accel_write_function,
    /// What `write` is given.
    pub user_data: *mut c_void,
}

// SAFETY: `repr(C)`, the size first, integers, pointers and a nullable function.
unsafe impl CStruct for walrus_accel_sink {
    const KIND: &'static str = "walrus_accel_sink";
    const LEAST: usize = size_of::<Self>();
}

/// A pointer of the caller's that callbacks get back, and that nothing here looks behind.
#[derive(Clone, Copy)]
pub(super) struct UserData(pub(super) *mut c_void);

// SAFETY: it is passed through; that callbacks come from the library's threads the header says.
unsafe impl Send for UserData {}

// SAFETY: as for `Send`; a shared one gives the pointer alone.
unsafe impl Sync for UserData {}

/// What a callback's answer comes to.
pub(super) fn verdict(answer: i32, failed: impl FnOnce(String) -> Error) -> Result<()> {
    match answer {
        0 => Ok(()),
        1.. => Err(Error::Cancelled),
        _ => Err(failed(format!("the callback returned {answer}"))),
    }
}

/// A pair's buffers.
pub(super) type PairBuffers = [&'static mut [u8]; 2];

/// A sink, ready to be filled.
pub(super) enum GivenSink {
    None,
    Library,
    Buffers(Vec<PairBuffers>),
    Directory { path: PathBuf, replace: bool },
    Callback(BodySink),
}

impl GivenSink {
    /// Reads what the caller says, for these pairs; `read` is memory that must not be among the buffers.
    pub(super) fn new<'r>(
        sink: *const walrus_accel_sink,
        pairs: &PairSet,
        read: impl Iterator<Item = &'r [u8]>,
        name: &str,
    ) -> Result<Self, Failure> {
        let Some(sink) = read_optional(sink, name)? else {
            return Ok(Self::None);
        };
        Ok(match sink.kind {
            WALRUS_ACCEL_SINK_NONE | WALRUS_ACCEL_SINK_LIBRARY => {
                if !sink.buffers.is_null() || !sink.path.is_null() || sink.write.is_some() {
                    return Err(Failure::argument(format!(
                        "`{name}` has buffers, a path or a callback, and its kind is {}, which uses none: \
                         set it to 2 (buffers), 3 (directory) or 4 (callback)",
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
                        "`{name}.buffer_count` is {}, and {} chosen pairs need {needed}",
                        sink.buffer_count,
                        pairs.len()
                    )));
                }
                let buffers = elements(
                    sink.buffers,
                    sink.buffer_count,
                    format_args!("{name}.buffers"),
                )?;
                Self::Buffers(pair_buffers(buffers, read, name)?)
            }
            WALRUS_ACCEL_SINK_DIRECTORY => Self::Directory {
                path: path(sink.path, &format!("{name}.path"))?,
                replace: flag(sink.replace, &format!("{name}.replace"))?,
            },
            WALRUS_ACCEL_SINK_CALLBACK => {
                let Some(write) = sink.write else {
                    return Err(Failure::argument(format!("`{name}.write` is NULL")));
                };
                Self::Callback(BodySink::new(write as Write, UserData(sink.user_data)))
            }
            kind => {
                return Err(Failure::argument(format!(
                    "`{name}.kind` is {kind}, and 0 (none), 1 (library), 2 (buffers), 3 (directory), \
                     4 (callback) are known"
                )));
            }
        })
    }
}

fn pair_buffers<'r>(
    buffers: &[walrus_accel_buffer],
    read: impl Iterator<Item = &'r [u8]>,
    name: &str,
) -> Result<Vec<PairBuffers>, Failure> {
    let written = buffers
        .iter()
        .map(|buffer| (buffer.data.addr(), buffer.length));
    no_overlap(written, read, name)?;
    let buffer = |number: usize| {
        let buffer = buffers[number];
        elements_mut(
            buffer.data,
            buffer.length,
            format_args!("{name}.buffers[{number}].data"),
        )
    };
    let mut pairs = try_with_capacity(buffers.len() / 2)?;
    for first in (0..buffers.len()).step_by(2) {
        pairs.push([buffer(first)?, buffer(first + 1)?]);
    }
    Ok(pairs)
}

/// Fails if memory that is written, as addresses and lengths, overlaps with itself or with what is read.
pub(super) fn no_overlap<'r>(
    written: impl Iterator<Item = (usize, usize)>,
    read: impl Iterator<Item = &'r [u8]>,
    name: &str,
) -> Result<(), Failure> {
    let read = read.map(|memory| (memory.as_ptr().addr(), memory.len()));
    no_overlap_of(written, read, name)
}

/// The address and the length in bytes of an array, whether it can be there or not.
pub(super) fn range_of<T>(data: *const T, count: usize) -> (usize, usize) {
    (data.addr(), count.saturating_mul(size_of::<T>()))
}

/// The same where what is read is no bytes.
pub(super) fn no_overlap_of(
    written: impl Iterator<Item = (usize, usize)>,
    read: impl Iterator<Item = (usize, usize)>,
    name: &str,
) -> Result<(), Failure> {
    let written = written.map(|(start, length)| (start, length, true));
    let read = read.map(|(start, length)| (start, length, false));
    let ranges = written.chain(read).filter(|(_, length, _)| *length > 0);
    let mut ranges = collected(ranges);
    ranges.sort_unstable();
    let (mut end_of_read, mut end_of_written) = (0, 0);
    for (start, length, is_written) in ranges {
        let end = start.saturating_add(length);
        if start < end_of_written || (is_written && start < end_of_read) {
            return Err(Failure::argument(format!(
                "memory that `{name}` writes to overlaps with other memory of the call, at address \
                 {start:#x}"
            )));
        }
        match is_written {
            true => end_of_written = end,
            false => end_of_read = end.max(end_of_read),
        }
    }
    Ok(())
}

/// Places for what is found out of each of some things that lie in memory: all become `unknown` at once.
///
/// `bytes_of`: where the bytes of one are. Until it is known that none of them is written to, there is no
/// reference to a place.
pub(super) fn places_for_each<'a, T: Copy, G>(
    (places, count, name): (*mut T, usize, &str),
    (given, given_count, given_name): (*const G, usize, &str),
    unknown: T,
    bytes_of: impl Fn(&G) -> (*const u8, usize),
) -> Result<&'a mut [T], Failure> {
    if count != given_count {
        return Err(Failure::argument(format!(
            "`{name}` has buffer for {count} elements, and `{given_name}` has {given_count}: one for each is \
             needed"
        )));
    }
    check_range(places.cast_const(), count, name)?;
    // What cannot be there is refused later on, when the places say so.
    let listed = elements(given, given_count, given_name).unwrap_or_default();
    let bytes = listed.iter().map(bytes_of);
    let bytes = bytes.filter(|&(data, length)| check_range(data, length, given_name).is_ok());
    let read = bytes.map(|(data, length)| range_of(data, length));
    let read = read.chain([range_of(listed.as_ptr(), listed.len())]);
    let written = std::iter::once(range_of(places.cast_const(), count));
    no_overlap_of(written, read, name)?;
    for number in 0..count {
        // SAFETY: within the array, which is buffer for so many by the header's contract.
        unsafe { places.add(number).write(unknown) };
    }
    elements_mut(places, count, name)
}
