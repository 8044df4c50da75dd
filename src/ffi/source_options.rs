//! Sources: where a blob comes from.

use std::ffi::{c_char, c_void};
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::arguments::{elements, length, path};
use super::callbacks::{UserData, callback_result, walrus_accel_read_function};
use super::status::Failure;
use super::structs::{CStruct, read};
use crate::format::error::{Error, Result};
use crate::io::control::Control;
use crate::io::source::{FileSource, Source, SpooledSource};

/// The blob is in memory: `data`, `length`.
pub const WALRUS_ACCEL_SOURCE_MEMORY: u32 = 1;
/// The blob is a regular file: `path`.
pub const WALRUS_ACCEL_SOURCE_PATH: u32 = 2;
/// The blob is behind an open file descriptor: `descriptor`.
pub const WALRUS_ACCEL_SOURCE_DESCRIPTOR: u32 = 3;
/// A callback reads the blob: `length`, `read`, `user_data`.
pub const WALRUS_ACCEL_SOURCE_CALLBACK: u32 = 4;

/// Source of a blob. The bytes of the blob must not change until the call or the job has ended.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_source {
    /// sizeof(walrus_accel_source): WALRUS_ACCEL_SOURCE_INIT sets it.
    pub struct_size: usize,
    /// Kind of the source: WALRUS_ACCEL_SOURCE_MEMORY or another WALRUS_ACCEL_SOURCE_ value. The
    /// call reads only the fields that the kind names.
    pub kind: u32,
    /// File descriptor. It stays the caller's, who may close it when the call, or the call that
    /// submits the job, returns. A regular file is read by position, from its beginning, and keeps
    /// its offset. Anything else, such as a pipe, may be non-blocking, and is read to its end into
    /// a temporary file. Not supported on Windows.
    pub descriptor: i32,
    /// Bytes of the blob; NULL if the blob is empty.
    pub data: *const u8,
    /// Length of the blob in bytes.
    pub length: u64,
    /// Path of the file, ended by a NUL: any bytes on Unix, UTF-8 elsewhere.
    pub path: *const c_char,
    /// Function that reads the blob.
    pub read: walrus_accel_read_function,
    /// Argument of `read`.
    pub user_data: *mut c_void,
}

// SAFETY: `repr(C)`, the size first, integers, pointers and a nullable function.
unsafe impl CStruct for walrus_accel_source {
    const KIND: &'static str = "walrus_accel_source";
    const LEN_MIN: usize = size_of::<Self>();
}

/// Source that was opened.
pub(super) type OpenSource = Box<dyn Source + Send>;

/// Lock for one call of a request's callbacks at a time.
pub(super) type Turn = Arc<Mutex<()>>;

type ReadFunction = unsafe extern "C" fn(u64, *mut u8, usize, *mut c_void) -> i32;

/// Source that was checked, ready to be opened.
pub(super) enum GivenSource {
    Memory(&'static [u8]),
    Path(PathBuf),
    Descriptor(Descriptor),
    Callback(CallbackSource),
}

/// File descriptor of the caller, or a duplicate of it.
pub(super) enum Descriptor {
    Borrowed(i32),
    Owned(File),
}

impl GivenSource {
    /// Checks a source. Opens no file.
    ///
    /// # Safety
    ///
    /// `source` and its path are as the header demands, during this call. Its data and `user_data`
    /// are so until the value is dropped.
    pub(super) unsafe fn new(
        source: *const walrus_accel_source,
        name: &str,
    ) -> Result<Self, Failure> {
        // SAFETY: the structure is readable by this function's contract.
        let source = unsafe { read(source, name) }?;
        Ok(match source.kind {
            WALRUS_ACCEL_SOURCE_MEMORY => {
                let length = length(source.length, &format!("{name}.length"))?;
                let name = format_args!("{name}.data");
                // SAFETY: the data is readable by this function's contract.
                Self::Memory(unsafe { elements(source.data, length, name) }?)
            }
            WALRUS_ACCEL_SOURCE_PATH => {
                // SAFETY: the path is readable by this function's contract.
                Self::Path(unsafe { path(source.path, &format!("{name}.path")) }?)
            }
            WALRUS_ACCEL_SOURCE_DESCRIPTOR => {
                check_descriptor(source.descriptor)?;
                Self::Descriptor(Descriptor::Borrowed(source.descriptor))
            }
            WALRUS_ACCEL_SOURCE_CALLBACK => {
                let Some(read) = source.read else {
                    return Err(Failure::argument(format!(
                        "`{name}.read` is NULL: set a function"
                    )));
                };
                Self::Callback(CallbackSource {
                    read,
                    length: source.length,
                    user_data: UserData(source.user_data),
                    turn: Arc::default(),
                })
            }
            kind => {
                return Err(Failure::argument(format!(
                    "`{name}.kind` is {kind}, which is unknown: use 1 (memory), 2 (path), 3 \
                     (descriptor), 4 (callback)"
                )));
            }
        })
    }

    /// Replaces the caller's file descriptor, if any, by a duplicate, so that the caller may close
    /// it.
    pub(super) fn keep(self) -> Result<Self, Failure> {
        Ok(match self {
            Self::Descriptor(Descriptor::Borrowed(descriptor)) => {
                Self::Descriptor(Descriptor::Owned(duplicate(descriptor)?))
            }
            other => other,
        })
    }

    /// Returns the path of the file, if the source is a path.
    pub(super) fn path(&self) -> Option<&PathBuf> {
        match self {
            Self::Path(path) => Some(path),
            _ => None,
        }
    }

    /// Returns the memory that is read, empty unless the blob is in memory.
    pub(super) fn memory(&self) -> &'static [u8] {
        match self {
            Self::Memory(memory) => memory,
            _ => &[],
        }
    }

    /// Makes a callback wait for its turn among the sources of one request, which share `turn`.
    pub(super) fn taking_turns(self, turn: &Turn) -> Self {
        match self {
            Self::Callback(callback) => Self::Callback(CallbackSource {
                turn: Arc::clone(turn),
                ..callback
            }),
            other => other,
        }
    }

    /// Opens the source.
    pub(super) fn open(self, control: &Control) -> Result<OpenSource> {
        Ok(match self {
            Self::Memory(memory) => Box::new(memory),
            Self::Path(path) => Box::new(FileSource::open(path)?),
            Self::Callback(callback) => Box::new(callback),
            Self::Descriptor(descriptor) => {
                let file = match descriptor {
                    Descriptor::Owned(file) => file,
                    Descriptor::Borrowed(descriptor) => duplicate(descriptor)?,
                };
                let name = "the descriptor";
                let found = file.metadata().map_err(Error::io("inspect", name))?;
                match found.is_file() {
                    true => Box::new(FileSource::new(file, name)?),
                    false => Box::new(SpooledSource::read_with(polling(&file), control)?),
                }
            }
        })
    }

    /// Opens the source, and calls `work` with it.
    pub(super) fn with<T>(
        self,
        control: &Control,
        work: impl FnOnce(&dyn Source) -> Result<T>,
    ) -> Result<T> {
        work(&*self.open(control)?)
    }
}

#[cfg(unix)]
fn check_descriptor(descriptor: i32) -> Result<(), Failure> {
    match descriptor {
        0.. => Ok(()),
        _ => Err(Failure::argument(format!(
            "`descriptor` is {descriptor}: pass an open descriptor"
        ))),
    }
}

#[cfg(not(unix))]
fn check_descriptor(_: i32) -> Result<(), Failure> {
    Err(Failure::argument(
        "`kind` is 3 (descriptor), which this system does not support: use a path",
    ))
}

#[cfg(unix)]
fn duplicate(descriptor: i32) -> Result<File> {
    use std::os::fd::BorrowedFd;
    // SAFETY: `check_descriptor` refused negative numbers. The descriptor is used for this one
    // call, which finds out whether it is open; by the header's contract the caller does not close
    // it meanwhile.
    let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
    let own = borrowed.try_clone_to_owned();
    let own = own.map_err(Error::io("use", format!("descriptor {descriptor}")))?;
    Ok(own.into())
}

#[cfg(not(unix))]
fn duplicate(_: i32) -> Result<File> {
    unreachable!("no descriptor source exists on this system")
}

/// Returns a reader that gives up at intervals, as if a signal had interrupted it, so that its user
/// can poll for cancellation. It also waits for a descriptor that is non-blocking.
#[cfg(unix)]
fn polling(file: &File) -> impl Read + '_ {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use std::io::{Error, ErrorKind};

    struct PollingReader<'f>(&'f File);

    impl Read for PollingReader<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            const CANCEL_POLL_INTERVAL: Timespec = Timespec {
                tv_sec: 0,
                tv_nsec: 50_000_000,
            };
            let again = || Err(Error::from(ErrorKind::Interrupted));
            let mut descriptors = [PollFd::new(self.0, PollFlags::IN)];
            if poll(&mut descriptors, Some(&CANCEL_POLL_INTERVAL))? == 0 {
                return again();
            }
            match self.0.read(out) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => again(),
                read => read,
            }
        }
    }

    PollingReader(file)
}

#[cfg(not(unix))]
fn polling(file: &File) -> impl Read + '_ {
    file
}

/// Source that reads through a callback of the caller.
pub(super) struct CallbackSource {
    read: ReadFunction,
    length: u64,
    user_data: UserData,
    turn: Turn,
}

impl Source for CallbackSource {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        #[cfg(test)]
        super::tests::fault("source");
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the function is the caller's, called as the header says: `out` has the length
        // that is passed, no other call runs at the same time, and the function neither unwinds nor
        // writes beyond `out`.
        let answer = unsafe { (self.read)(offset, out.as_mut_ptr(), out.len(), self.user_data.0) };
        callback_result(answer, |reason| Error::Source {
            source: reason.into(),
        })
    }
}
