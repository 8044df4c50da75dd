//! Runtimes: what jobs run on.

use std::ffi::{CString, c_char};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::arguments::{engine, flag, optional_text, place};
use super::guard::{catch, guard, report};
use super::handle::{Handle, borrow, hand_over, take_back};
use super::job_queue::Runner;
use super::status::{
    Failure, WALRUS_ACCEL_INVALID_HANDLE, WALRUS_ACCEL_PANIC, WALRUS_ACCEL_POISONED,
    walrus_accel_error, walrus_accel_status,
};
use super::structs::{CStruct, read_optional};
use crate::engine::InstructionSet;
use crate::format::commitment::Commitment;
use crate::format::shape::Shape;
use crate::jobs::encoder::Encoder;
use crate::jobs::runtime::Runtime;

/// How many jobs run at once unless the options say.
const DEFAULT_MAX_JOBS: u32 = 2;

/// The choices that a runtime is made with. Zero, or NULL, is the default of each.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct walrus_accel_runtime_options {
    /// sizeof(walrus_accel_runtime_options): WALRUS_ACCEL_RUNTIME_OPTIONS_INIT sets it.
    pub struct_size: usize,
    /// WALRUS_ACCEL_ENGINE_AUTO or another of them.
    pub engine: u32,
    /// The number of the engine's worker threads, up to 1024; 0 for one a core. There are fewer than asked for
    /// where more are of no use (16, or four a core), or the system gives no more.
    pub threads: u32,
    /// The limit in bytes of the working memory of each job and each call, so that all take as many times
    /// that as are at work; 0 for 1 GiB. The caller's memory and the results come on top. Narrow limits
    /// cost time.
    pub memory: u64,
    /// The limit in bytes of what is taken of a graphics device's memory; 0 for a half of it.
    pub device_memory: u64,
    /// The graphics device: its number or a part of its name, as walrus_accel_devices lists them. NULL
    /// for the one that the environment variable WALRUS_ACCEL_DEVICE names, or the most capable.
    pub device: *const c_char,
    /// "portable", "avx2" or another name of an instruction set. NULL for the one that the environment
    /// variable WALRUS_ACCEL_ISA names, or the fastest.
    pub instruction_set: *const c_char,
    /// How many jobs (and blobs of a batch) run at once; 0 for 2. The others wait in order. Calls that are
    /// no jobs do not count.
    pub max_jobs: u32,
    /// 1: a job whose graphics device fails ends with an error, and does not go on on the CPU.
    pub no_cpu_fallback: u32,
    /// 1: what a graphics device answers is not checked.
    pub no_device_check: u32,
    /// Zero.
    pub reserved: u32,
}

// SAFETY: `repr(C)`, the size first, integers and pointers.
unsafe impl CStruct for walrus_accel_runtime_options {
    const KIND: &'static str = "walrus_accel_runtime_options";
    const LEAST: usize = size_of::<Self>();

    fn reserved(&self) -> u64 {
        self.reserved.into()
    }
}

/// An engine, its threads, its device and its memory limit: what encodes and decodes. Costly to make
/// (some milliseconds, and as many threads as cores), and meant to be shared by all threads for as long
/// as the process runs.
pub struct walrus_accel_runtime {
    shared: Arc<Shared>,
    instruction_set: CString,
}

/// What jobs keep of a runtime, though it may be freed before they end.
pub(super) struct Shared {
    pub(super) runtime: Runtime,
    pub(super) runner: Runner,
    /// The number of threads that was asked for.
    pub(super) threads: usize,
    /// The process that made it.
    process: u32,
    poisoned: AtomicBool,
}

impl Handle for walrus_accel_runtime {
    const KIND: &'static str = "walrus_accel_runtime";
    const CROSSES_FORKS: bool = false;
}

impl Shared {
    /// Runs a job's work; a panic poisons the runtime.
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
                "`runtime` was made before a fork, and its threads are not in this process: make \
                 another",
            ));
        }
        match self.poisoned.load(Ordering::Acquire) {
            false => Ok(()),
            true => Err(Failure::new(
                WALRUS_ACCEL_POISONED,
                "a fault happened within this runtime before: free it and make another",
            )),
        }
    }
}

/// Runs an entry point's work on a runtime: a panic poisons it. `places` are for what it gives, and come
/// first: they are empty whatever happens then.
pub(super) fn guard_on<P>(
    runtime: *const walrus_accel_runtime,
    error: *mut *mut walrus_accel_error,
    places: impl FnOnce() -> Result<P, Failure>,
    work: impl FnOnce(&Arc<Shared>, P) -> Result<(), Failure>,
) -> walrus_accel_status {
    let shared = || Ok(Arc::clone(&borrow(runtime, "runtime")?.shared));
    guard_within(shared, error, places, work)
}

/// The same on what a handle of another kind keeps of a runtime.
pub(super) fn guard_within<P>(
    shared: impl FnOnce() -> Result<Arc<Shared>, Failure>,
    error: *mut *mut walrus_accel_error,
    places: impl FnOnce() -> Result<P, Failure>,
    work: impl FnOnce(&Arc<Shared>, P) -> Result<(), Failure>,
) -> walrus_accel_status {
    let found = catch(|| {
        let places = places()?;
        Ok((shared()?, places))
    });
    let result = found.and_then(|(shared, places)| shared.run(|_| work(&shared, places)));
    report(result, error)
}

fn open(options: Option<walrus_accel_runtime_options>) -> Result<walrus_accel_runtime, Failure> {
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
                    "`{name}` is {value}, and at most {most} are possible: 0 is the default"
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
        if let Some(device) = optional_text(options.device, "device")? {
            builder = builder.device(device);
        }
        if let Some(set) = optional_text(options.instruction_set, "instruction_set")? {
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
            runner: Runner::new(usize::try_from(max_jobs).expect("small")),
            threads,
            process: std::process::id(),
            poisoned: AtomicBool::new(false),
        }),
    })
}

/// More threads, or jobs at once, are a mistake.
const MOST_THREADS: u32 = Runtime::MAX_THREADS as u32;
const MOST_JOBS: u32 = 4096;

/// Makes a runtime: opens the engine, starts its threads and computes its tables.
///
/// `options`: NULL for all defaults; only read during the call. `runtime`: becomes the runtime, which the
/// caller frees with walrus_accel_runtime_free.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for an option out of its range, a name that is
/// none, be it from the environment, options that are not initialised, or if `runtime` is NULL;
/// WALRUS_ACCEL_ENGINE_UNAVAILABLE if the engine, device or instruction set is not there; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_runtime_new(
    options: *const walrus_accel_runtime_options,
    runtime: *mut *mut walrus_accel_runtime,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    guard(error, || {
        let place = place(runtime, std::ptr::null_mut(), "runtime")?;
        place.set(hand_over(open(read_optional(options, "options")?)?));
        Ok(())
    })
}

/// Frees a runtime. Calls on it must have ended; its jobs go on and keep what they need of it. Its threads
/// end soon after, not at once. NULL is let pass.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if it was freed before; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_runtime_free(
    runtime: *mut walrus_accel_runtime,
) -> walrus_accel_status {
    guard(std::ptr::null_mut(), || take_back(runtime))
}

/// Tells the name of the instruction set that the runtime's CPU engine uses, such as "avx2".
///
/// `name`: becomes the text, which is the runtime's and valid until that is freed.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_runtime_instruction_set(
    runtime: *const walrus_accel_runtime,
    name: *mut *const c_char,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    let places = || place(name, std::ptr::null(), "name");
    guard_on(runtime, error, places, |_, place| {
        place.set(borrow(runtime, "runtime")?.instruction_set.as_ptr());
        Ok(())
    })
}

/// Tells whether the runtime's graphics device failed, so that the CPU has done the work since. The
/// results are right all the same.
///
/// `fault`: becomes NULL if no device failed; otherwise an error with the reason as its message and the
/// status WALRUS_ACCEL_ENGINE_UNAVAILABLE, which the caller frees with walrus_accel_error_free.
///
/// Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
/// WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn walrus_accel_runtime_device_fault(
    runtime: *const walrus_accel_runtime,
    fault: *mut *mut walrus_accel_error,
    error: *mut *mut walrus_accel_error,
) -> walrus_accel_status {
    let places = || place(fault, std::ptr::null_mut(), "fault");
    guard_on(runtime, error, places, |shared, place| {
        if let Some(fault) = shared.runtime.device_fault() {
            let status = super::status::WALRUS_ACCEL_ENGINE_UNAVAILABLE;
            place.set(hand_over(Failure::new(status, fault).into_error()));
        }
        Ok(())
    })
}

/// A committee of the network's size has this many shards: what `n_shards` of 0 in a request stands for.
pub const WALRUS_ACCEL_NETWORK_SHARDS: u16 = 1000;

const _: () = assert!(WALRUS_ACCEL_NETWORK_SHARDS == Shape::NETWORK_SHARDS);

/// A number of shards, which 0 leaves to the network.
pub(super) fn shards(n_shards: u16) -> u16 {
    match n_shards {
        0 => WALRUS_ACCEL_NETWORK_SHARDS,
        n_shards => n_shards,
    }
}

/// The encoder of a committee.
pub(super) fn encoder(
    shared: &Shared,
    n_shards: u16,
    commitment: Commitment,
) -> Result<Encoder, Failure> {
    let encoder = shared.runtime.encoder(shards(n_shards))?;
    Ok(encoder.with_commitment(commitment))
}
