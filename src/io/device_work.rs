//! Work of a job on a device, in numbers that do not depend on the device's speed.

use std::sync::atomic::{AtomicU64, Ordering};

/// Work of a job on a device, and of the host for the device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceWork {
    /// Bytes copied to the device, tables and parameters included.
    pub uploaded: u64,
    /// Bytes copied from the device.
    pub read_back: u64,
    /// Runs of shaders.
    pub dispatches: u64,
    /// Threads of all runs of shaders, threads without work included.
    pub invocations: u64,
    /// Submissions of commands.
    pub submissions: u64,
    /// Calls that wait for the device.
    pub waits: u64,
    /// Buffers that were created.
    pub buffers: u64,
    /// Bytes of symbols that loops of the host load. A loop that uses bytes several times while
    /// they are in a cache counts them once.
    pub host_loaded: u64,
    /// Bytes of symbols that loops of the host store.
    pub host_stored: u64,
}

impl DeviceWork {
    /// Number of the fields.
    const FIELDS: usize = 9;

    /// Returns the fields in order.
    fn fields(&self) -> [u64; Self::FIELDS] {
        let Self {
            uploaded,
            read_back,
            dispatches,
            invocations,
            submissions,
            waits,
            buffers,
            host_loaded,
            host_stored,
        } = *self;
        [
            uploaded,
            read_back,
            dispatches,
            invocations,
            submissions,
            waits,
            buffers,
            host_loaded,
            host_stored,
        ]
    }

    /// Returns the work since `before`, an earlier total.
    pub(crate) fn since(&self, before: &Self) -> Self {
        let [now, before] = [self, before].map(Self::fields);
        Self::from(std::array::from_fn(|field| now[field] - before[field]))
    }
}

impl From<[u64; Self::FIELDS]> for DeviceWork {
    fn from(fields: [u64; Self::FIELDS]) -> Self {
        let [
            uploaded,
            read_back,
            dispatches,
            invocations,
            submissions,
            waits,
            buffers,
            host_loaded,
            host_stored,
        ] = fields;
        Self {
            uploaded,
            read_back,
            dispatches,
            invocations,
            submissions,
            waits,
            buffers,
            host_loaded,
            host_stored,
        }
    }
}

/// Total to which threads add work.
#[derive(Debug, Default)]
pub(crate) struct DeviceWorkTotal([AtomicU64; DeviceWork::FIELDS]);

impl DeviceWorkTotal {
    /// Adds work.
    pub(crate) fn add(&self, work: &DeviceWork) {
        let fields = self.0.iter().zip(work.fields());
        for (place, count) in fields.filter(|(_, count)| *count > 0) {
            place.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// Adds bytes of symbols that the host loads and stores.
    pub(crate) fn add_host(&self, loaded: usize, stored: usize) {
        self.add(&DeviceWork {
            host_loaded: loaded as u64,
            host_stored: stored as u64,
            ..DeviceWork::default()
        });
    }

    /// Returns the work so far.
    pub(crate) fn get(&self) -> DeviceWork {
        let fields = self.0.each_ref();
        fields.map(|place| place.load(Ordering::Relaxed)).into()
    }
}
