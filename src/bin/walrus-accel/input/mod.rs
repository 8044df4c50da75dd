//! Files that a command line names.

pub mod blob_source;
pub mod file_list;
pub mod id_lines;
pub mod metadata_file;
pub mod open_directory;
pub mod quilt_files;
pub mod read_ahead;
pub mod sliver_file;
pub mod small_file;
pub mod symbol_files;
pub mod walk;
