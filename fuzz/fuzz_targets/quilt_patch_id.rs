//! Patch IDs: an ID has one text and one form as bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use walrus_accel::quilt::QuiltPatchId;
use walrus_accel_fuzz::within_bound;

fuzz_target!(|input: &[u8]| {
    if let Some(id) = within_bound(input, QuiltPatchId::from_bytes) {
        assert_eq!(id.to_bytes(), input);
        assert_eq!(id.to_string().parse().ok(), Some(id));
    }
    let text = std::str::from_utf8(input).unwrap_or_default();
    if let Ok(id) = within_bound(text.as_bytes(), |_| text.parse::<QuiltPatchId>()) {
        assert_eq!(id.to_string(), text);
        assert_eq!(QuiltPatchId::from_bytes(&id.to_bytes()), Some(id));
    }
});
