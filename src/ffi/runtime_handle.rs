//! Runtimes: the engine, threads and memory limit that jobs share.

use std::ffi::{CString, c_char};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::arguments::{engine, flag, optional_text, out_param};
use super::entry_point::{free, guard, report, walrus_accel_error};
use super::guard::catch;
use super::handle::{Handle, borrow, hand_over};
use super::job_queue::JobQueue;
use super::status::{
    Failure, WALRUS_ACCEL_INVALID_HANDLE, WALRUS_ACCEL_PANIC, WALRUS_ACCEL_POISONED,
    walrus_accel_status,
};
use super::structs::{CStruct, read_optional};
use crate::engine::InstructionSet;
use crate::format::commitment::Commitment;
use crate::format::shape::Shape;
use crate::jobs::encoder::Encoder;
use crate::jobs::runtime::Runtime;

/// Number of jobs that run at once by default.
const DEFAULT_MAX_JOBS: u32 = 2;

/// Options of a runtime. Zero or NULL is the default of each option.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_runtime_options {
    /// sizeof(walrus_accel_runtime_options): WALRUS_ACCEL_RUNTIME_OPTIONS_INIT sets it.
    pub struct_size: usize,
    /// Engine: WALRUS_ACCEL_ENGINE_AUTO or another WALRUS_ACCEL_ENGINE_ value.
    pub engine: u32,
    /// Number of the engine's worker threads, at most 1,024; 0 for one per core. The engine starts
    /// fewer threads if more are of no use (16, or four per core), or if the system gives no more.
    pub threads: u32,
    /// Memory limit in bytes: working memory of each job and each call; 0 for 1 GiB. Concurrent
    /// jobs and calls each take up to this much. The caller's memory and the results come on top. A
    /// narrow limit costs time.
    pub memory: u64,
    /// Limit in bytes of the memory that the library takes on a device; 0 for half of the device's
    /// memory.
    pub device_memory: u64,
    /// Device: its number, or a part of its name, as walrus_accel_devices_get gives them. NULL for
    /// the device that the environment variable WALRUS_ACCEL_DEVICE names, or else the most capable
    /// device.
    pub device: *const c_char,
    /// Name of an instruction set, such as "portable" or "avx2". NULL for the set that the
    /// environment variable WALRUS_ACCEL_ISA names, or else the fastest set.
    pub instruction_set: *const c_char,
    /// Number of jobs, and of blobs of a batch, that run at once; 0 for 2. Further jobs wait in
    /// order. Other blocking calls do not count.
    pub max_jobs: u32,
    /// 1: a job whose device fails ends with an error. 0: the CPU continues the job.
    pub no_cpu_fallback: u32,
    /// 1: the results of a device are not checked. 0: they are checked.
    pub no_device_check: u32,
    /// Zero.
    pub reserved: u32,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_runtime_options {
    const KIND: &'static str = "walrus_accel_runtime_options";
    const LEN_MIN: usize = size_of::<Self>();

    fn reserved(&self) -> u64 {
        self.reserved.into()
    }
}

/// Engine choice, threads, device and memory limit, shared by jobs. A runtime takes some
/// milliseconds to make, and has as many threads as the machine has cores. Make one, share it
/// between all threads, and keep it for the life of the process.
pub struct walrus_accel_runtime {
    shared: Arc<Shared>,
    instruction_set: CString,
}

/// Part of a runtime that jobs keep when the handle is freed before they end.
pub(super) struct Shared {
    pub(super) runtime: Runtime,
    pub(super) queue: JobQueue,
    /// Number of threads that the caller asked for.
    pub(super) threads: usize,
    /// Process that made the runtime.
    process: u32,
    poisoned: AtomicBool,
}

impl Handle for walrus_accel_runtime {
    const KIND: &'static str = "walrus_accel_runtime";
    const CROSSES_FORKS: bool = false;
}

impl Shared {
    /// Runs work on the runtime. A panic poisons the runtime.
    pub(super) fn run<T>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.check()?;
        let result = catch(|| work(self));
        if let Err(failure) = &result
            && failure.status == WALRUS_ACCEL_PANIC
        {
            self.poisoned.store(true, Ordering::Release);
        }
        result
    }

    fn check(&self) -> Result<(), Failure> {
        if std::process::id() != self.process {
            return Err(Failure::new(
                WALRUS_ACCEL_INVALID_HANDLE,
                "`runtime` was made before a fork, and its threads are in the parent process: make \
                 another",
            ));
        }
        match self.poisoned.load(Ordering::Acquire) {
            false => Ok(()),
            true => Err(Failure::new(
                WALRUS_ACCEL_POISONED,
                "a fault happened in this runtime before: free it and make another",
            )),
        }
    }
}

/// Runs an entry point's work on a runtime, behind the panic guard. A panic poisons the runtime.
/// `outputs` checks and empties the output parameters; it runs first, so that they are empty
/// whatever fails.
///
/// # Safety
///
/// As [`report`].
pub(super) unsafe fn guard_on<P>(
    runtime: *const walrus_accel_runtime,
    error: *mut *mut walrus_accel_error,
    outputs: impl FnOnce() -> Result<P, Failure>,
    work: impl FnOnce(&Arc<Shared>, P) -> Result<(), Failure>,
) -> walrus_accel_status {
    let shared = || Ok(Arc::clone(&borrow(runtime, "runtime")?.shared));
    // SAFETY: this function has the contract of `guard_within`.
    unsafe { guard_within(shared, error, outputs, work) }
}

/// As [`guard_on`], for a handle that keeps a part of a runtime.
///
/// # Safety
///
/// As [`report`].
pub(super) unsafe fn guard_within<P>(
    shared: impl FnOnce() -> Result<Arc<Shared>, Failure>,
    error: *mut *mut walrus_accel_error,
    outputs: impl FnOnce() -> Result<P, Failure>,
    work: impl FnOnce(&Arc<Shared>, P) -> Result<(), Failure>,
) -> walrus_accel_status {
    let found = catch(|| {
        let outputs = outputs()?;
        Ok((shared()?, outputs))
    });
    let result = found.and_then(|(shared, outputs)| shared.run(|_| work(&shared, outputs)));
    // SAFETY: this function has the contract of `report`.
    unsafe { report(result, error) }
}

/// Makes a runtime.
///
/// # Safety
///
/// The texts of the options are as [`optional_text`] demands, during this call.
unsafe fn open(
    options: Option<walrus_accel_runtime_options>,
) -> Result<walrus_accel_runtime, Failure> {
    let mut builder = Runtime::builder();
    let (mut max_jobs, mut threads) = (DEFAULT_MAX_JOBS, 0);
    if let Some(options) = options {
        let limits = [
            ("threads", options.threads, MOST_THREADS),
            ("max_jobs", options.max_jobs, MOST_JOBS),
        ];
        for (name, value, most) in limits {
            if value > most {
                return Err(Failure::argument(format!(
                    "`{name}` is {value}: use at most {most}, or 0 for the default"
                )));
            }
        }
        threads = usize::try_from(options.threads).expect("small");
        builder = builder
            .engine(engine(options.engine, "engine")?)
            .threads(threads)
            .cpu_fallback(!flag(options.no_cpu_fallback, "no_cpu_fallback")?)
            .device_check(!flag(options.no_device_check, "no_device_check")?)
            .memory(match options.memory {
                0 => Runtime::DEFAULT_MEMORY,
                memory => memory,
            });
        if options.device_memory != 0 {
            builder = builder.device_memory(options.device_memory);
        }
        // SAFETY: the text is readable by this function's contract.
        if let Some(device) = unsafe { optional_text(options.device, "device") }? {
            builder = builder.device(device);
        }
        // SAFETY: the text is readable by this function's contract.
        let set = unsafe { optional_text(options.instruction_set, "instruction_set") }?;
        if let Some(set) = set {
            builder = builder.instruction_set(set.parse::<InstructionSet>()?);
        }
        if options.max_jobs != 0 {
            max_jobs = options.max_jobs;
        }
    }
    let runtime = builder.build()?;
    let instruction_set = CString::new(runtime.instruction_set()).expect("a name has no NUL");
    Ok(walrus_accel_runtime {
        instruction_set,
        shared: Arc::new(Shared {
            runtime,
            queue: JobQueue::new(usize::try_from(max_jobs).expect("small")),
            threads,
            process: std::process::id(),
            poisoned: AtomicBool::new(false),
        }),
    })
}

/// Greatest numbers of threads and of jobs at once. A greater number is a mistake of the caller.
const MOST_THREADS: u32 = Runtime::MAX_THREADS as u32;
const MOST_JOBS: u32 = 4096;

/// Makes a runtime: opens the engine, starts its threads and computes its tables.
///
/// `options`: NULL for the defaults; read only during the call. `runtime`: set to the runtime,
/// which the caller frees with walrus_accel_runtime_free.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if an option is out of range, if an
/// option or an environment variable has an unknown name, if the options are not initialised, or if
/// `runtime` is NULL; WALRUS_ACCEL_ENGINE_UNAVAILABLE if the engine, device or instruction set is
/// unavailable; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_runtime_new(
    options: *const walrus_accel_runtime_options,
    runtime: *mut *mut walrus_accel_runtime,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        guard(error, || {
            let out = out_param(runtime, std::ptr::null_mut(), "runtime")?;
            out.set(hand_over(open(read_optional(options, "options")?)?));
            Ok(())
        })
    }
}

/// Frees a runtime. Calls on it must have ended. Its jobs continue, and keep the parts of the
/// runtime that they need. The threads of the runtime end soon after the call, not before it
/// returns. NULL is ignored.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the runtime was freed before;
/// WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_runtime_free(
    runtime: *mut walrus_accel_runtime,
) -> walrus_accel_status {
    free(runtime)
}

/// Returns the name of the instruction set of the runtime's CPU engine, such as "avx2".
///
/// `name`: set to the text, which is valid until the runtime is freed.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_runtime_instruction_set(
    runtime: *const walrus_accel_runtime,
    name: *mut *const c_char,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let outputs = || out_param(name, std::ptr::null(), "name");
        guard_on(runtime, error, outputs, |_, out| {
            out.set(borrow(runtime, "runtime")?.instruction_set.as_ptr());
            Ok(())
        })
    }
}

/// Returns the reason why the runtime abandoned its device, if the device failed. The CPU has done
/// the work since, and the results are correct all the same.
///
/// `fault`: set to NULL if no device failed; otherwise set to an error with the status
/// WALRUS_ACCEL_ENGINE_UNAVAILABLE and the reason as its message, which the caller frees with
/// walrus_accel_error_free.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_runtime_device_fault(
    runtime: *const walrus_accel_runtime,
    fault: *mut *mut walrus_accel_error,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    // SAFETY: the pointers are as the header demands.
    unsafe {
        let outputs = || out_param(fault, std::ptr::null_mut(), "fault");
        guard_on(runtime, error, outputs, |shared, out| {
            if let Some(fault) = shared.runtime.device_fault() {
                let status = super::status::WALRUS_ACCEL_ENGINE_UNAVAILABLE;
                out.set(hand_over(walrus_accel_error::new(Failure::new(
                    status, fault,
                ))));
            }
            Ok(())
        })
    }
}

/// Number of shards of the network's committee: the meaning of `n_shards` 0.
pub const WALRUS_ACCEL_NETWORK_SHARDS: u16 = 1000;

const _: () = assert!(WALRUS_ACCEL_NETWORK_SHARDS == Shape::NETWORK_SHARDS);

/// Returns a number of shards, with 0 for the network's.
pub(super) fn shards_or_network(n_shards: u16) -> u16 {
    match n_shards {
        0 => WALRUS_ACCEL_NETWORK_SHARDS,
        n_shards => n_shards,
    }
}

/// Returns the encoder of a committee.
pub(super) fn committee_encoder(
    shared: &Shared,
    n_shards: u16,
    commitment: Commitment,
) -> Result<Encoder, Failure> {
    let encoder = shared.runtime.encoder(shards_or_network(n_shards))?;
    Ok(encoder.with_commitment(commitment))
}
