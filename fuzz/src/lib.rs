//! What the fuzz targets share.

mod bytes;
#[path = "../../tests/hostile/counting.rs"]
mod counting;
mod sample;

pub use bytes::Bytes;
pub use counting::within_bound;
pub use sample::{Machine, Sample, cpu, fixed, reference, round_trips};

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;
