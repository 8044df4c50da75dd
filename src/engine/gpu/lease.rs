//! Leases: jobs take a device in turn, for one stripe at a time, on threads that may block.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{MutexGuard, PoisonError};

use super::device::fault::{Failure, Fault};
use super::device::open_device::Device;
use super::device::workspace::Workspace;
use super::{GpuEngine, unavailable};
use crate::engine::cpu::HostPanic;
use crate::engine::{CANCEL_POLL_INTERVAL, on_own_thread};
use crate::format::error::Error;
use crate::io::control::Control;
use crate::support::memory::memory_error;

/// Cause of unwinding out of work on a device.
#[derive(Debug)]
enum Unwound {
    /// Panic of work on the host, such as a source's or a sink's own.
    Host(Box<dyn Any + Send>),
    /// Missing memory on the host, which is the job's error.
    OutOfMemory(Error),
    /// Panic of the graphics library.
    Device(Fault),
}

impl Unwound {
    fn new(payload: Box<dyn Any + Send>) -> Self {
        match payload.downcast::<HostPanic>() {
            Ok(panic) => Self::Host(panic.0),
            Err(payload) => match memory_error(payload) {
                Ok(error) => Self::OutOfMemory(error.into()),
                Err(payload) => Self::Device(Fault::of_panic(&*payload)),
            },
        }
    }
}

impl GpuEngine {
    /// Waits for the device and does work on it.
    ///
    /// # Errors
    ///
    /// [`Failure::Job`] if the job is cancelled, has no memory or gets no thread;
    /// [`Failure::Device`] if the device has failed, now or before.
    ///
    /// # Panics
    ///
    /// If work on the host panics.
    pub(crate) fn on_device<T: Send>(
        &self,
        control: &Control,
        work: impl FnOnce(&Device, &mut Workspace) -> Result<T, Failure> + Send,
    ) -> Result<T, Failure> {
        let done = on_own_thread(|| self.on_device_here(control, work));
        done.map_err(|error| {
            unavailable(format!("no thread can be started for the device: {error}"))
        })?
    }

    fn on_device_here<T>(
        &self,
        control: &Control,
        work: impl FnOnce(&Device, &mut Workspace) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut workspace = self.take_workspace(control)?;
        workspace.budget = self.budget();
        let before = self.device.work.get();
        let result = catch_unwind(AssertUnwindSafe(|| work(&self.device, &mut workspace)));
        if result.as_ref().is_ok_and(Result::is_ok) {
            self.device.save_pipelines();
        }
        // No other job uses the device meanwhile.
        control.add_device_work(&self.device.work.get().since(&before));
        let result = result.map_err(Unwound::new);
        if let Err(Unwound::Host(_) | Unwound::OutOfMemory(_)) = &result {
            // The buffers may be mapped, so the next job gets new ones.
            workspace = Workspace::default();
        }
        let (result, panic) = match result {
            Ok(result) => (result, None),
            Err(Unwound::Host(payload)) => (Err(Error::Cancelled.into()), Some(payload)),
            Err(Unwound::OutOfMemory(error)) => (Err(error.into()), None),
            Err(Unwound::Device(fault)) => (Err(fault.into()), None),
        };
        if let Err(Failure::Device(fault)) = &result {
            // Jobs that wait for their turn fail at once.
            self.fault.get_or_init(|| fault.clone());
            // The buffers of a failed device are leaked, whatever their state.
            std::mem::forget(std::mem::take(&mut workspace));
        }
        *self.workspace() = Some(workspace);
        self.is_back.notify_one();
        match panic {
            Some(payload) => resume_unwind(payload),
            None => result,
        }
    }

    /// Locks the slot that holds the buffers while no job uses them. `None` while a job has them.
    pub(crate) fn workspace(&self) -> MutexGuard<'_, Option<Workspace>> {
        self.workspace
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the buffers and takes them.
    fn take_workspace(&self, control: &Control) -> Result<Workspace, Failure> {
        let mut place = self.workspace();
        loop {
            if let Some(workspace) = place.take() {
                if let Some(fault) = self.fault.get() {
                    *place = Some(workspace);
                    self.is_back.notify_one();
                    return Err(fault.clone().into());
                }
                return Ok(workspace);
            }
            control.check()?;
            let waited = self.is_back.wait_timeout(place, CANCEL_POLL_INTERVAL);
            place = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::memory::filled;

    #[test]
    fn missing_memory_is_no_fault_of_the_device() {
        let unwound = |work: &dyn Fn()| {
            let payload = catch_unwind(AssertUnwindSafe(work)).expect_err("it unwinds");
            Unwound::new(payload)
        };
        let missing = unwound(&|| drop(filled(0u64, usize::MAX / 16)));
        assert!(matches!(missing, Unwound::OutOfMemory(_)), "{missing:?}");
        let host = unwound(&|| resume_unwind(Box::new(HostPanic(Box::new("the sink's own")))));
        assert!(matches!(host, Unwound::Host(_)), "{host:?}");
        let library = unwound(&|| panic!("a library's"));
        assert!(
            matches!(library, Unwound::Device(Fault::Panic(_))),
            "{library:?}"
        );
    }
}
