//! Shared parts of the fuzz targets.

mod bytes;
#[path = "../../tests/hostile/counting_allocator.rs"]
mod counting_allocator;
mod sample;

pub use bytes::Bytes;
pub use counting_allocator::within_bound;
pub use sample::{Engine, Sample, cpu, fixed, reference, round_trips};

#[global_allocator]
static ALLOCATOR: counting_allocator::Counting = counting_allocator::Counting;
