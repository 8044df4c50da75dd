//! Work of a job on a device, in numbers that do not depend on the device's speed.

use std::sync::atomic::{AtomicU64, Ordering};

/// Defines [`DeviceWork`] and [`DeviceWorkTotal`] from one list of numbers.
macro_rules! device_work {
    ($($(#[$documentation:meta])* $field:ident,)*) => {
        /// Work of a job on a device, and of the host for the device.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct DeviceWork {
            $($(#[$documentation])* pub $field: u64,)*
        }

        impl DeviceWork {
            /// Returns the numbers with their names.
            #[cfg(any(test, feature = "kernels"))]
            #[must_use]
            pub fn named(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($field), self.$field),)*]
            }

            /// Returns the work since `before`, an earlier total.
            pub(crate) fn since(&self, before: &Self) -> Self {
                Self {
                    $($field: self.$field - before.$field,)*
                }
            }
        }

        /// Total to which threads add work.
        #[derive(Debug, Default)]
        pub(crate) struct DeviceWorkTotal {
            $($field: AtomicU64,)*
        }

        impl DeviceWorkTotal {
            /// Adds work.
            pub(crate) fn add(&self, work: &DeviceWork) {
                $(if work.$field > 0 {
                    self.$field.fetch_add(work.$field, Ordering::Relaxed);
                })*
            }

            /// Returns the work so far.
            pub(crate) fn get(&self) -> DeviceWork {
                DeviceWork {
                    $($field: self.$field.load(Ordering::Relaxed),)*
                }
            }
        }
    };
}

device_work! {
    /// Bytes copied to the device, tables and parameters included.
    uploaded,
    /// Bytes copied from the device.
    read_back,
    /// Runs of shaders.
    dispatches,
    /// Threads of all runs of shaders, threads without work included.
    invocations,
    /// Submissions of commands.
    submissions,
    /// Calls that wait for the device.
    waits,
    /// Buffers that were created.
    buffers,
    /// Bytes of large vectors that the host reserved. They are kept for the next job.
    reserved,
    /// Bytes of symbols that loops of the host load. A loop that uses bytes several times while
    /// they are in a cache counts them once.
    host_loaded,
    /// Bytes of symbols that loops of the host store.
    host_stored,
}

impl DeviceWorkTotal {
    /// Adds bytes of symbols that the host loads and stores.
    pub(crate) fn add_host(&self, loaded: usize, stored: usize) {
        self.add(&DeviceWork {
            host_loaded: loaded as u64,
            host_stored: stored as u64,
            ..DeviceWork::default()
        });
    }
}
