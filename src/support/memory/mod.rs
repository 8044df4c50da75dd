//! Memory whose size depends on the input: large buffers, and vectors that report missing memory.

mod buffer;
mod buffer_pool;
mod fallible;

pub(crate) use buffer::{Buffer, to_usize};
pub(crate) use buffer_pool::{BufferPool, PooledBuffer};
#[cfg(all(test, feature = "gpu"))]
pub(crate) use fallible::failing_size;
#[cfg(any(feature = "capi", feature = "gpu"))]
pub(crate) use fallible::memory_error;
#[cfg(feature = "gpu")]
pub(crate) use fallible::zeroed;
pub(crate) use fallible::{
    MemoryError, catch_out_of_memory, collected, ensure_capacity, filled, push, try_to_owned,
    try_with_capacity, try_zeroed, with_capacity,
};
