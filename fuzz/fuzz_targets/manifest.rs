//! Manifests of directories: a manifest that was read is read as equal after it was written.

#![no_main]

use libfuzzer_sys::fuzz_target;
use walrus_accel::directory::fuzzing::Manifest;
use walrus_accel_fuzz::within_bound;

fuzz_target!(|input: &[u8]| {
    if let Ok(manifest) = within_bound(input, Manifest::parse) {
        assert_eq!(Manifest::parse(&manifest.to_json()), Ok(manifest));
    }
});
