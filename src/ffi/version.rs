//! Versions.

use std::ffi::c_char;

/// The version of the binary interface. It changes when a program that was built against this header
/// cannot use a library of another one; structures that grow at their end do not change it.
pub const WALRUS_ACCEL_ABI_VERSION: u32 = 1;

/// The version of the library that runs, such as "0.1.0". Valid as long as the process runs. The
/// header's own is WALRUS_ACCEL_VERSION.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}

/// The version of the binary interface of the library that runs. A binding compares it with
/// WALRUS_ACCEL_ABI_VERSION when it loads the library, and uses nothing else if they differ.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_abi_version() -> u32 {
    WALRUS_ACCEL_ABI_VERSION
}
