//! The calls that a C program makes.

use std::ptr::{null, null_mut};

use walrus_accel::BlobId;
use walrus_accel::calls::*;

/// A context.
pub struct Context(*mut walrus_accel_context);

/// A structure as its `_INIT` macro makes it.
macro_rules! initialised {
    ($kind:ident) => {{
        // SAFETY: zeros are a value of all structures of the header, and their size comes first.
        let mut value: $kind = unsafe { std::mem::zeroed() };
        value.struct_size = size_of::<$kind>();
        value
    }};
}

impl Context {
    pub fn new() -> Self {
        let mut options = initialised!(walrus_accel_context_options);
        options.engine = WALRUS_ACCEL_ENGINE_CPU;
        let mut context = null_mut();
        let status = walrus_accel_context_new(&raw const options, &raw mut context, null_mut());
        assert_eq!(status, WALRUS_ACCEL_OK);
        Self(context)
    }

    /// Encodes a blob into the rooms, and asks for its ID.
    pub fn encode(&self, blob: &[u8], rooms: Vec<&mut [u8]>) -> BlobId {
        let rooms: Vec<_> = rooms
            .into_iter()
            .map(|room| walrus_accel_room {
                data: room.as_mut_ptr(),
                length: room.len(),
            })
            .collect();
        let mut source = initialised!(walrus_accel_source);
        source.kind = WALRUS_ACCEL_SOURCE_MEMORY;
        source.data = blob.as_ptr();
        source.length = blob.len() as u64;
        let mut sink = initialised!(walrus_accel_sink);
        sink.kind = WALRUS_ACCEL_SINK_ROOMS;
        sink.rooms = rooms.as_ptr();
        sink.room_count = rooms.len();
        let mut request = initialised!(walrus_accel_encode_request);
        request.source = &raw const source;
        request.sink = &raw const sink;
        let (mut encoded, mut metadata, mut id) = (null_mut(), null_mut(), [0; 32]);
        let error = null_mut();
        let request = &raw const request;
        let statuses = [
            walrus_accel_encode(self.0, request, null(), &raw mut encoded, error),
            walrus_accel_encoded_metadata(encoded, &raw mut metadata, error),
            walrus_accel_metadata_blob_id(metadata, id.as_mut_ptr(), error),
            walrus_accel_metadata_free(metadata),
            walrus_accel_encoded_free(encoded),
        ];
        assert_eq!(statuses, [WALRUS_ACCEL_OK; 5]);
        BlobId(id)
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        assert_eq!(walrus_accel_context_free(self.0), WALRUS_ACCEL_OK);
    }
}
