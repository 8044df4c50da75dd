//! Faults in the library become statuses: at every entry point, on its threads, in its jobs.

use std::ffi::{CStr, c_void};
use std::ptr::{null, null_mut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::batch_results::{walrus_accel_encode_batch, walrus_accel_encode_result};
use super::callbacks::walrus_accel_piece;
use super::encode_request::{
    walrus_accel_encode, walrus_accel_encode_request, walrus_accel_encoded,
    walrus_accel_encoded_free,
};
use super::entry_point::{walrus_accel_error, walrus_accel_error_free, walrus_accel_error_message};
use super::job_handle::{
    WALRUS_ACCEL_FOREVER, walrus_accel_job, walrus_accel_job_free, walrus_accel_job_result,
    walrus_accel_job_wait, walrus_accel_submit_encode,
};
use super::runtime_handle::{
    walrus_accel_runtime, walrus_accel_runtime_free, walrus_accel_runtime_new,
    walrus_accel_runtime_options,
};
use super::sink_options::{WALRUS_ACCEL_SINK_CALLBACK, walrus_accel_sink};
use super::source_options::{
    WALRUS_ACCEL_SOURCE_CALLBACK, WALRUS_ACCEL_SOURCE_MEMORY, walrus_accel_source,
};
use super::status::{WALRUS_ACCEL_OK, WALRUS_ACCEL_PANIC, WALRUS_ACCEL_POISONED};

/// Place of the next fault.
static FAULT: Mutex<Option<&str>> = Mutex::new(None);

/// Lock of the test that asks for faults.
static TURN: Mutex<()> = Mutex::new(());

fn asked() -> MutexGuard<'static, Option<&'static str>> {
    FAULT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Panics if a test asked for a fault at this place.
pub(super) fn fault(place: &str) {
    let is_asked = asked().is_some_and(|asked| asked == place);
    assert!(!is_asked, "a fault that a test asked for");
}

/// Runs `work` with a fault at the place.
fn with_fault<T>(place: &'static str, work: impl FnOnce() -> T) -> T {
    *asked() = Some(place);
    let result = work();
    *asked() = None;
    result
}

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Argument that is NULL, zero or absent.
trait Nothing {
    const NOTHING: Self;
}

macro_rules! nothing {
    ($([$($generic:ident)?] $type:ty = $value:expr;)*) => {
        $(impl$(<$generic>)? Nothing for $type {
            const NOTHING: Self = $value;
        })*
    };
}

nothing! {
    [T] *const T = null();
    [T] *mut T = null_mut();
    [T] Option<T> = None;
    [] u16 = 0;
    [] u32 = 0;
    [] u64 = 0;
    [] usize = 0;
}

type Call = fn() -> i32;

/// Entry points as calls with empty arguments: one `_` per argument.
macro_rules! entries {
    ($($module:ident: $($function:ident($($argument:tt)*))*;)*) => {
        [$($((
            stringify!($function),
            (|| super::$module::$function($(entries!(@$argument)),*)) as Call,
        ),)*)*]
    };
    (@_) => {
        <_ as Nothing>::NOTHING
    };
}

/// Entry points that return a status and can fail.
const ENTRIES: &[(&str, Call)] = &entries! {
    entry_point: walrus_accel_error_free(_);
    size_queries: walrus_accel_shape_compute(_ _ _ _) walrus_accel_max_blob_length(_ _ _)
        walrus_accel_sliver_index(_ _ _ _ _) walrus_accel_sliver_pair(_ _ _ _ _)
        walrus_accel_shard_of_pair(_ _ _ _ _) walrus_accel_pair_of_shard(_ _ _ _ _)
        walrus_accel_rows_of_range(_ _ _ _ _ _ _) walrus_accel_blob_id_to_text(_ _ _ _)
        walrus_accel_blob_id_from_text(_ _ _);
    device_list: walrus_accel_devices_list(_ _ _) walrus_accel_devices_get(_ _ _ _)
        walrus_accel_devices_free(_);
    runtime_handle: walrus_accel_runtime_new(_ _ _) walrus_accel_runtime_free(_)
        walrus_accel_runtime_instruction_set(_ _ _) walrus_accel_runtime_device_fault(_ _ _);
    control_handle: walrus_accel_control_new(_ _) walrus_accel_control_cancel(_ _)
        walrus_accel_control_engine(_ _ _) walrus_accel_control_progress(_ _ _ _)
        walrus_accel_control_free(_);
    metadata_handle: walrus_accel_metadata_from_bcs(_ _ _ _ _ _) walrus_accel_metadata_free(_)
        walrus_accel_metadata_blob_id(_ _ _) walrus_accel_metadata_root_hash(_ _ _)
        walrus_accel_metadata_sliver_root(_ _ _ _ _) walrus_accel_metadata_commitment(_ _ _)
        walrus_accel_metadata_shape(_ _ _) walrus_accel_metadata_to_bcs(_ _ _ _)
        walrus_accel_metadata_bcs_length(_ _ _);
    encode_request: walrus_accel_encode(_ _ _ _ _) walrus_accel_encoded_free(_)
        walrus_accel_encoded_metadata(_ _ _) walrus_accel_encoded_sliver(_ _ _ _ _ _)
        walrus_accel_encoded_directory(_ _ _ _);
    decode_request: walrus_accel_decode(_ _ _ _ _) walrus_accel_decoded_free(_)
        walrus_accel_decoded_blob(_ _ _ _) walrus_accel_decoded_axis(_ _ _)
        walrus_accel_decoded_used(_ _ _ _) walrus_accel_decoded_damaged(_ _ _ _);
    unchecked_request: walrus_accel_decode_unchecked(_ _ _ _ _);
    verify_request: walrus_accel_verify(_ _ _ _);
    symbol_verdicts: walrus_accel_verify_symbols(_ _ _ _);
    expanded_handle: walrus_accel_expand(_ _ _ _ _) walrus_accel_expanded_free(_)
        walrus_accel_expanded_axis(_ _ _) walrus_accel_expanded_index(_ _ _)
        walrus_accel_expanded_root(_ _ _) walrus_accel_expanded_memory(_ _ _)
        walrus_accel_expanded_symbols_length(_ _ _ _ _ _)
        walrus_accel_expanded_symbols(_ _ _ _ _ _ _ _) walrus_accel_decoding_symbols(_ _ _ _);
    recover_request: walrus_accel_recover(_ _ _ _ _) walrus_accel_recover_unproven(_ _ _ _ _);
    recovered_handle: walrus_accel_recovered_free(_) walrus_accel_recovered_kind(_ _ _)
        walrus_accel_recovered_sliver(_ _ _ _) walrus_accel_recovered_proof(_ _ _ _)
        walrus_accel_recovered_used(_ _ _ _) walrus_accel_recovered_refused(_ _ _ _ _);
    proof_request: walrus_accel_verify_proof(_ _ _ _ _);
    reader_handle: walrus_accel_reader_new(_ _ _ _) walrus_accel_reader_free(_)
        walrus_accel_reader_add(_ _ _ _) walrus_accel_reader_ready_axis(_ _ _)
        walrus_accel_reader_missing_count(_ _ _ _) walrus_accel_reader_report_new(_ _ _)
        walrus_accel_reader_read(_ _ _ _ _) walrus_accel_reader_read_range(_ _ _ _ _ _);
    reader_report: walrus_accel_reader_report_counts(_ _ _ _ _)
        walrus_accel_reader_report_get(_ _ _ _ _) walrus_accel_reader_report_free(_);
    rebuild_request: walrus_accel_rebuild(_ _ _ _ _);
    batch_results: walrus_accel_encode_batch(_ _ _ _ _ _) walrus_accel_decode_batch(_ _ _ _ _ _)
        walrus_accel_encode_quilt_batch(_ _ _ _ _ _);
    quilt_ids: walrus_accel_quilt_patch_id_to_text(_ _ _ _ _ _)
        walrus_accel_quilt_patch_id_from_text(_ _ _ _ _);
    quilt_patches: walrus_accel_quilt_patches_count(_ _ _) walrus_accel_quilt_patches_get(_ _ _ _)
        walrus_accel_quilt_patches_free(_);
    encode_quilt_request: walrus_accel_encode_quilt(_ _ _ _ _) walrus_accel_encoded_patches(_ _ _);
    quilt_reader_handle: walrus_accel_quilt_reader_new(_ _ _ _ _)
        walrus_accel_quilt_reader_free(_) walrus_accel_quilt_reader_patches(_ _ _ _)
        walrus_accel_quilt_reader_patch(_ _ _ _ _)
        walrus_accel_quilt_reader_patches_with_tag(_ _ _ _ _)
        walrus_accel_quilt_reader_patch_by_id(_ _ _ _ _);
    quilt_read_request: walrus_accel_quilt_reader_read(_ _ _ _ _)
        walrus_accel_quilt_reader_extract(_ _ _ _) walrus_accel_quilt_reader_check(_ _ _)
        walrus_accel_quilt_content_length(_ _ _) walrus_accel_quilt_content_bytes(_ _ _ _)
        walrus_accel_quilt_content_free(_);
    directory_report: walrus_accel_directory_verify(_ _ _ _ _ _)
        walrus_accel_directory_repair(_ _ _ _ _) walrus_accel_directory_report_counts(_ _ _ _)
        walrus_accel_directory_report_get(_ _ _ _) walrus_accel_directory_report_free(_);
    job_handle: walrus_accel_submit_encode(_ _ _ _ _ _) walrus_accel_submit_decode(_ _ _ _ _ _)
        walrus_accel_submit_decode_unchecked(_ _ _ _ _ _) walrus_accel_submit_rebuild(_ _ _ _ _ _)
        walrus_accel_submit_verify(_ _ _ _ _ _) walrus_accel_job_poll(_ _ _)
        walrus_accel_job_wait(_ _ _) walrus_accel_job_progress(_ _ _ _)
        walrus_accel_job_cancel(_ _) walrus_accel_job_engine(_ _ _) walrus_accel_job_result(_ _)
        walrus_accel_job_take_encoded(_ _ _) walrus_accel_job_take_decoded(_ _ _)
        walrus_accel_job_free(_);
    quilt_jobs: walrus_accel_submit_encode_quilt(_ _ _ _ _ _)
        walrus_accel_submit_quilt_read(_ _ _ _ _ _) walrus_accel_submit_quilt_extract(_ _ _ _ _ _)
        walrus_accel_submit_quilt_check(_ _ _ _ _) walrus_accel_job_take_quilt_content(_ _ _);
};

/// Entry points that return no status or cannot fail.
const OTHERS: [&str; 5] = [
    "walrus_accel_abi_version",
    "walrus_accel_error_message",
    "walrus_accel_error_status",
    "walrus_accel_status_name",
    "walrus_accel_version",
];

fn symbols() -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/include/symbols.txt");
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_fault_in_any_entry_point_is_a_status() {
    let _turn = turn();
    let mut names: Vec<_> = ENTRIES
        .iter()
        .map(|(name, _)| *name)
        .chain(OTHERS)
        .collect();
    names.sort_unstable();
    assert_eq!(names, symbols());
    for (name, call) in ENTRIES {
        assert_eq!(with_fault("entry", call), WALRUS_ACCEL_PANIC, "{name}");
        assert_ne!(call(), WALRUS_ACCEL_PANIC, "{name}");
    }
    with_fault("entry", || {
        // These functions return no status.
        let message = walrus_accel_error_message(null());
        // SAFETY: a text that never goes.
        assert!(unsafe { CStr::from_ptr(message) }.is_empty());
        assert!(super::entry_point::walrus_accel_error_status(null()) < 0);
    });
}

fn message(error: *mut walrus_accel_error) -> String {
    // SAFETY: the error lives, and its text with it.
    let text = unsafe { CStr::from_ptr(walrus_accel_error_message(error)) };
    let text = text.to_str().unwrap().to_owned();
    assert_eq!(walrus_accel_error_free(error), WALRUS_ACCEL_OK);
    text
}

/// Returns a structure with only its size set.
fn sized<T: super::structs::CStruct>() -> T {
    // SAFETY: `CStruct` promises that zeros are a value, and that the size is first.
    unsafe {
        let mut value = std::mem::zeroed::<T>();
        (&raw mut value).cast::<usize>().write(size_of::<T>());
        value
    }
}

fn runtime() -> *mut walrus_accel_runtime {
    let mut options: walrus_accel_runtime_options = sized();
    options.engine = super::arguments::WALRUS_ACCEL_ENGINE_CPU;
    let mut runtime = null_mut();
    let status = walrus_accel_runtime_new(&raw const options, &raw mut runtime, null_mut());
    assert_eq!(status, WALRUS_ACCEL_OK);
    runtime
}

unsafe extern "C" fn write(_: *const walrus_accel_piece, _: *mut c_void) -> i32 {
    0
}

unsafe extern "C" fn read(_: u64, out: *mut u8, length: usize, _: *mut c_void) -> i32 {
    // SAFETY: that many bytes are there, as the header says.
    unsafe { out.write_bytes(7, length) };
    0
}

/// Calls `work` with a request that has callbacks for source and sink.
fn with_request<T>(work: impl FnOnce(*const walrus_accel_encode_request) -> T) -> T {
    let mut source: walrus_accel_source = sized();
    source.kind = WALRUS_ACCEL_SOURCE_CALLBACK;
    source.length = 100_000;
    source.read = Some(read);
    let mut sink: walrus_accel_sink = sized();
    sink.kind = WALRUS_ACCEL_SINK_CALLBACK;
    sink.write = Some(write);
    let mut request: walrus_accel_encode_request = sized();
    request.source = &raw const source;
    request.sink = &raw const sink;
    request.n_shards = 10;
    work(&raw const request)
}

fn encode(
    runtime: *const walrus_accel_runtime,
    request: *const walrus_accel_encode_request,
) -> (i32, String) {
    let (mut encoded, mut error) = (null_mut::<walrus_accel_encoded>(), null_mut());
    let status = walrus_accel_encode(runtime, request, null(), &raw mut encoded, &raw mut error);
    assert_eq!(encoded.is_null(), status != WALRUS_ACCEL_OK);
    assert_eq!(walrus_accel_encoded_free(encoded), WALRUS_ACCEL_OK);
    (status, message(error))
}

#[test]
fn a_fault_on_a_worker_thread_is_a_status_and_poisons_the_runtime() {
    let _turn = turn();
    with_request(|request| {
        for place in ["source", "sink"] {
            let runtime = runtime();
            assert_eq!(encode(runtime, request).0, WALRUS_ACCEL_OK);
            let (status, text) = with_fault(place, || encode(runtime, request));
            assert_eq!(status, WALRUS_ACCEL_PANIC, "{place}: {text}");
            assert!(
                text.contains("a fault that a test asked for (at src/ffi/tests.rs"),
                "{text}"
            );
            let (status, text) = encode(runtime, request);
            assert_eq!(status, WALRUS_ACCEL_POISONED, "{place}: {text}");
            assert!(text.contains("free it"), "{text}");
            assert_eq!(walrus_accel_runtime_free(runtime), WALRUS_ACCEL_OK);
        }
    });
}

#[test]
fn a_fault_in_a_job_is_its_result() {
    let _turn = turn();
    with_request(|request| {
        for place in ["job", "source", "sink"] {
            let runtime = runtime();
            let mut job = null_mut::<walrus_accel_job>();
            let mut error = null_mut();
            let status = with_fault(place, || {
                let job = &raw mut job;
                let error = null_mut();
                let status =
                    walrus_accel_submit_encode(runtime, request, None, null_mut(), job, error);
                assert_eq!(status, WALRUS_ACCEL_OK);
                // SAFETY: this thread's own variable.
                walrus_accel_job_wait(unsafe { *job }, WALRUS_ACCEL_FOREVER, null_mut())
            });
            assert_eq!(status, WALRUS_ACCEL_OK);
            let status = walrus_accel_job_result(job, &raw mut error);
            assert_eq!(status, WALRUS_ACCEL_PANIC, "{place}");
            assert!(message(error).contains("a fault that a test asked for"));
            assert_eq!(walrus_accel_job_free(job), WALRUS_ACCEL_OK);
            assert_eq!(encode(runtime, request).0, WALRUS_ACCEL_POISONED);
            assert_eq!(walrus_accel_runtime_free(runtime), WALRUS_ACCEL_OK);
        }
    });
}

#[test]
fn a_fault_in_a_batch_is_a_result() {
    let _turn = turn();
    with_request(|request| {
        let runtime = runtime();
        let none = walrus_accel_encode_result {
            encoded: null_mut(),
            error: null_mut(),
            status: 1,
            reserved: 1,
        };
        let mut results = [none; 3];
        // SAFETY: the request is there.
        let requests = [unsafe { request.read() }; 3];
        let status = with_fault("sink", || {
            let (requests, results) = (requests.as_ptr(), results.as_mut_ptr());
            walrus_accel_encode_batch(runtime, requests, 3, null(), results, null_mut())
        });
        assert!(
            [WALRUS_ACCEL_PANIC, WALRUS_ACCEL_POISONED].contains(&status),
            "{status}"
        );
        assert!(
            results
                .iter()
                .any(|result| result.status == WALRUS_ACCEL_PANIC)
        );
        for result in results {
            assert!(result.encoded.is_null() && result.status < 0);
            assert!(!message(result.error).is_empty());
        }
        assert_eq!(walrus_accel_runtime_free(runtime), WALRUS_ACCEL_OK);
    });
}

/// Environment variable of the process that has the faults.
const INNER: &str = "WALRUS_ACCEL_TEST_SILENCE";

#[test]
fn faults_print_nothing() {
    if std::env::var_os(INNER).is_some() {
        with_request(|request| {
            let runtime = runtime();
            let (status, _) = with_fault("sink", || encode(runtime, request));
            assert_eq!(status, WALRUS_ACCEL_PANIC);
            assert_eq!(walrus_accel_runtime_free(runtime), WALRUS_ACCEL_OK);
        });
        // A panic outside the library is printed as usual.
        std::panic::catch_unwind(|| panic!("a panic of the program's own")).unwrap_err();
        return;
    }
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "ffi::tests::faults_print_nothing", "--nocapture"])
        .env(INNER, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
    assert!(!text.contains("a fault that a test asked for"), "{text}");
    assert!(text.contains("a panic of the program's own"), "{text}");
}

#[test]
fn structures_keep_to_their_sizes() {
    use super::structs::{out_struct, read, read_array};
    // SAFETY: a structure of this test, with the bytes that its size says, or a size that is
    // refused.
    let read = |given: *const walrus_accel_source| unsafe { read(given, "source") };
    let mut source: walrus_accel_source = sized();
    source.kind = WALRUS_ACCEL_SOURCE_MEMORY;
    assert_eq!(read(&raw const source).unwrap().kind, source.kind);
    for size in [0, 1, size_of::<walrus_accel_source>() - 1, 4097, usize::MAX] {
        source.struct_size = size;
        let failure = read(&raw const source).unwrap_err();
        assert!(failure.message.contains("_INIT"), "{}", failure.message);
    }
    // A structure of a newer caller, first without new content, then with new content.
    #[repr(C)]
    struct Newer {
        known: walrus_accel_source,
        new: [u64; 2],
    }
    let mut newer = Newer {
        known: source,
        new: [0; 2],
    };
    newer.known.struct_size = size_of::<Newer>();
    let given = (&raw const newer).cast::<walrus_accel_source>();
    assert_eq!(read(given).unwrap().kind, source.kind);
    // SAFETY: as for `read`.
    let array = unsafe { read_array(given, 1, "source") };
    assert_eq!(array.unwrap().len(), 1);
    newer.new[1] = 1 << 56;
    let failure = read(given).unwrap_err();
    assert!(
        failure.message.contains("does not know"),
        "{}",
        failure.message
    );
    newer.new[1] = u64::MAX;
    let written = (&raw mut newer).cast::<walrus_accel_source>();
    // SAFETY: as for `read`, and only this test accesses the structure.
    let out = unsafe { out_struct(written, "source") };
    out.unwrap().fill(sized());
    assert_eq!((newer.new, newer.known.kind), ([0; 2], 0));
    assert_eq!(newer.known.struct_size, size_of::<Newer>());
}
