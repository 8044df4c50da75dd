//! Versions of the library and of its binary interface.

use std::ffi::c_char;

/// Version of the binary interface. It changes when a program built against this header cannot use
/// a library of another version. Fields appended to structures do not change it.
pub const WALRUS_ACCEL_ABI_VERSION: u32 = 1;

/// Returns the version of the loaded library, such as "0.1.0". The text is valid for the life of
/// the process. WALRUS_ACCEL_VERSION is the version of this header.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}

/// Returns the version of the binary interface of the loaded library. A binding compares it with
/// WALRUS_ACCEL_ABI_VERSION when it loads the library, and calls no other function if the versions
/// differ.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_abi_version() -> u32 {
    WALRUS_ACCEL_ABI_VERSION
}
