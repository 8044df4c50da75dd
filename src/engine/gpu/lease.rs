//! Jobs take a device in turn, a stripe each, on threads that can wait.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use super::device::fault::{Failure, Fault};
use super::device::open_device::Device;
use super::device::workspace::Workspace;
use super::{GpuEngine, unavailable};
use crate::engine::cpu::HostPanic;
use crate::engine::on_own_thread;
use crate::format::error::Error;
use crate::io::control::Control;
use crate::support::memory::catch_out_of_memory;

/// How long a job that waits for the device does not look whether it was cancelled.
const CANCEL_POLL_INTERVAL: Duration = Duration::from_millis(50);

impl GpuEngine {
    /// Does work on the device, when it is free.
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
        let result = catch_unwind(AssertUnwindSafe(|| {
            catch_out_of_memory(|| work(&self.device, &mut workspace))
        }));
        let result = result.map_err(|payload| payload.downcast::<HostPanic>());
        let (result, panic) = match result {
            Ok(result) => (result, None),
            Err(Ok(panic)) => {
                // Buffers may be mapped.
                workspace = Workspace::default();
                (Err(Failure::Job(Error::Cancelled)), Some(panic.0))
            }
            Err(Err(payload)) => (Err(Fault::of_panic(&*payload).into()), None),
        };
        if let Err(Failure::Device(fault)) = &result {
            // Jobs that wait for their turn do not try.
            self.fault.get_or_init(|| fault.clone());
            // Whatever state it is in, nobody needs it.
            std::mem::forget(std::mem::take(&mut workspace));
        }
        *self.workspace() = Some(workspace);
        self.is_back.notify_one();
        match panic {
            Some(payload) => resume_unwind(payload),
            None => result,
        }
    }

    pub(crate) fn workspace(&self) -> MutexGuard<'_, Option<Workspace>> {
        self.workspace
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the buffers.
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
