//! System files and directories: handles, identities, durability.

mod dir;
mod direct;
mod disk_hints;
mod entry;
mod file;
#[cfg(any(test, not(unix)))]
mod handle_path;
#[cfg(unix)]
mod handle_unix;
mod open_files;
mod positioned;
mod write_queue;
mod writeback;

pub(crate) use dir::Dir;
pub(crate) use direct::AlignedBytes;
pub(crate) use disk_hints::{reads_in_order, reserve, will_read};
pub(crate) use entry::{Access, Kind, Replacing};
pub(crate) use file::{
    FileId, UNFINISHED, change_stamp, is_shortage, lock_own, open_regular, read_at_most,
    sync_directory,
};
pub(crate) use open_files::{OpenFiles, limit as open_files_limit};
pub(crate) use positioned::{read_exact_at, write_all_at};
pub(crate) use write_queue::WriteQueue;
pub(crate) use writeback::Writeback;
