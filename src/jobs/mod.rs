//! Jobs on blobs and slivers: encoding, decoding, verifying, recovering, reading; quilts.

pub(crate) mod decoder;
pub(crate) mod encoder;
pub(crate) mod expanded;
pub(crate) mod quilt;
pub(crate) mod reader;
pub(crate) mod recovery;
pub(crate) mod runtime;
pub(crate) mod verify;
