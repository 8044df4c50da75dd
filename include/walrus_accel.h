/*
 * libwalrus_accel: encodes blobs for the Walrus storage network. RS2 slivers, metadata and blob IDs with
 * exactly the network's bytes, on graphics devices and on the CPU.
 *
 * Made from src/ffi/ by tests/header.rs: do not edit it, change that.
 *
 * CONVENTIONS
 *
 * Statuses. What can fail returns a walrus_accel_status: 0 (WALRUS_ACCEL_OK) or a negative number. Every
 * parameter `error` may be NULL; otherwise it is set to NULL, or, on failure, to an error that the caller
 * frees with walrus_accel_error_free. Functions that end in _free return a status too, which may be
 * ignored. There is no "last error" of a thread. Look at an error after the call has returned, and not in
 * the same argument list.
 *
 * Results. A pointer by which a function gives a result must not be NULL unless it says so. Handles and
 * pointers are NULL, numbers 0 and structures empty after a failure. But for calls that are about many
 * things and tell of each (the batches, walrus_accel_reader_add, the verdicts of walrus_accel_recover and
 * walrus_accel_verify): what they found out before they failed, they tell.
 *
 * Handles. A runtime, a control, metadata, a result, an expanded sliver, a reader, a job, a list, a report
 * and an error are handles. The caller owns each that it is given, and frees it once with the function of
 * its kind; to free NULL does nothing. A handle that was freed, or is of another kind, is found out and
 * gives WALRUS_ACCEL_INVALID_HANDLE, unless another handle of its kind has its address by then.
 *
 * Threads. `const T *` may be shared: all threads may call functions with it at the same time. `T *`, that
 * is what _free takes and what results are written to, is one thread's, and no other call that uses it
 * may be on its way. No function depends on which thread calls it. Encoding, decoding, rebuilding and
 * verifying slivers can be submitted as jobs, too. walrus_accel_expand, walrus_accel_decoding_symbols,
 * walrus_accel_recover, walrus_accel_verify_symbols, walrus_accel_verify_proof and those on readers have no
 * variants that are jobs: call them from any of your threads, many at the same time. The library stays
 * loaded after dlclose.
 *
 * Forks. A process may fork while its threads are in calls; no call of a child's waits for them. The child
 * makes a runtime of its own: to use its parent's runtimes, controls, readers and jobs gives
 * WALRUS_ACCEL_INVALID_HANDLE at once, and to free them does nothing, with WALRUS_ACCEL_OK. All other
 * handles are memory, which the child has a copy of. Drivers of graphics devices have locks of their own: a
 * child of a process that used one, or looked for one, takes WALRUS_ACCEL_ENGINE_CPU.
 *
 * Signals. The library handles none, and changes no handler. A program that runs under a limit on the size
 * of files ignores SIGXFSZ, which would end it: then a write beyond the limit gives WALRUS_ACCEL_IO.
 *
 * Memory. What the caller gives is borrowed for the call, and then is the caller's alone; nothing is kept.
 * Of what a job is given, the bytes of blobs and slivers, the memory that is written, and what callbacks
 * are given are borrowed until the job has ended; structures, arrays and paths until it is submitted.
 * What the library lends (a sliver, a blob, a text) is valid until the handle that lends it is freed.
 * Memory that is written must not overlap with other memory of the call. (NULL, 0) is an empty buffer.
 *
 * Structures. Those that begin with struct_size are initialised with the macro of their name and _INIT;
 * then every field that is not set has its default. A structure may grow at its end in a later version: a
 * library that knows more fields takes them as zero, and one that knows fewer refuses what is not zero.
 * Those without struct_size never change; a reserved field of theirs may come to tell something.
 *
 * Numbers. Sizes of blobs are uint64_t, of memory size_t, in bytes. Shards, pairs and indices are uint16_t.
 * A choice is one of the macros that its field names, and 0 is the default where there is one.
 *
 * Callbacks. They are called from any thread, that of the call included, and for each request one call of
 * a callback at a time; if several requests have the same one, it may be called for them at once. They
 * must not unwind, jump out or call the library, unless it says so. One that blocks holds up a thread of
 * the runtime's, and may hold up its other jobs: it must not wait for one of them.
 *
 * Faults. A fault within the library becomes WALRUS_ACCEL_PANIC, and its runtime is of no more use. It
 * prints nothing itself (drivers of graphics devices may), and never exits the process. Where the system has
 * no memory, or starts no thread, a call gives WALRUS_ACCEL_OUT_OF_MEMORY or WALRUS_ACCEL_ENGINE_UNAVAILABLE,
 * or does without. The process is aborted only if there is no memory for one of these:
 *   - an allocation of less than 4 KiB: handles, messages, nodes of trees, jobs in a queue;
 *   - the tables of the field, 128 KiB each, when the first runtime is made; with an instruction set for
 *     which the library has no kernels of its own (portable, ssse3, neon), other tables of up to 8 MiB;
 *   - what the engine `reference` works in, which also looks again at a blob before it is called inconsistent;
 *   - what a graphics device's driver and its interface take on the host.
 */


#ifndef WALRUS_ACCEL_H
#define WALRUS_ACCEL_H

#include <stddef.h>
#include <stdint.h>

/**
 * The version of this header; walrus_accel_version tells that of the library.
 */
#define WALRUS_ACCEL_VERSION "0.1.0"
#define WALRUS_ACCEL_VERSION_MAJOR 0
#define WALRUS_ACCEL_VERSION_MINOR 1
#define WALRUS_ACCEL_VERSION_PATCH 0


/**
 * The version of the binary interface. It changes when a program that was built against this header
 * cannot use a library of another one; structures that grow at their end do not change it.
 */
#define WALRUS_ACCEL_ABI_VERSION 1

/**
 * The call did what it should.
 */
#define WALRUS_ACCEL_OK 0

/**
 * An argument is NULL, out of its range, of the wrong length, or does not go with another one.
 */
#define WALRUS_ACCEL_INVALID_ARGUMENT (-1)

/**
 * A handle is not alive: it was freed, or is no handle of that kind.
 */
#define WALRUS_ACCEL_INVALID_HANDLE (-2)

/**
 * The blob is too long for the number of shards.
 */
#define WALRUS_ACCEL_BLOB_TOO_LARGE (-3)

/**
 * The system gave no memory, or a size is beyond the address space.
 */
#define WALRUS_ACCEL_OUT_OF_MEMORY (-4)

/**
 * The job does not fit the limit of memory that was set for the runtime or its device.
 */
#define WALRUS_ACCEL_MEMORY_LIMIT (-5)

/**
 * Bytes are not the structure that they should be.
 */
#define WALRUS_ACCEL_MALFORMED (-6)

/**
 * Metadata does not belong to the blob ID, the committee or itself.
 */
#define WALRUS_ACCEL_INVALID_METADATA (-7)

/**
 * Too few slivers are usable to decode the blob.
 */
#define WALRUS_ACCEL_NOT_ENOUGH_SLIVERS (-8)

/**
 * The decoded blob does not belong to the metadata: it was encoded inconsistently.
 */
#define WALRUS_ACCEL_INCONSISTENT (-9)

/**
 * The source changed while it was read.
 */
#define WALRUS_ACCEL_SOURCE_CHANGED (-10)

/**
 * Reading or writing failed.
 */
#define WALRUS_ACCEL_IO (-11)

/**
 * The target exists and holds something else.
 */
#define WALRUS_ACCEL_TARGET_EXISTS (-12)

/**
 * Another process is at work on the same target.
 */
#define WALRUS_ACCEL_BUSY (-13)

/**
 * The engine, device or instruction set that was asked for is not there.
 */
#define WALRUS_ACCEL_ENGINE_UNAVAILABLE (-14)

/**
 * A callback of the caller's reported a failure.
 */
#define WALRUS_ACCEL_CALLBACK_FAILED (-15)

/**
 * The job was cancelled, by a control, its job handle or a callback.
 */
#define WALRUS_ACCEL_CANCELLED (-16)

/**
 * The job has not ended yet.
 */
#define WALRUS_ACCEL_NOT_ENDED (-17)

/**
 * The time to wait ran out before the job ended.
 */
#define WALRUS_ACCEL_TIMED_OUT (-18)

/**
 * There is no such thing: a sliver that was not asked for, a result of another kind.
 */
#define WALRUS_ACCEL_NOT_FOUND (-19)

/**
 * A fault within the library. The runtime that it happened in can only be freed.
 */
#define WALRUS_ACCEL_PANIC (-20)

/**
 * The runtime had a fault before, and can only be freed.
 */
#define WALRUS_ACCEL_POISONED (-21)

/**
 * A failure of a kind that this version has no number for.
 */
#define WALRUS_ACCEL_OTHER (-22)

/**
 * Too few recovery symbols are usable to recover the sliver.
 */
#define WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS (-23)

/**
 * A sliver does not belong to its blob's metadata, where one is needed that does.
 */
#define WALRUS_ACCEL_INVALID_SLIVER (-24)

/**
 * A result that would accuse somebody was computed a second time, in another way, and came out otherwise:
 * the library, or the machine, is wrong. Nothing is to be concluded from it.
 */
#define WALRUS_ACCEL_RESULTS_DIFFER (-25)

/**
 * Length of a blob ID in bytes.
 */
#define WALRUS_ACCEL_BLOB_ID_LENGTH 32

/**
 * The axis that has enough slivers, primary first. Only where the field says so.
 */
#define WALRUS_ACCEL_AXIS_ANY 0

/**
 * Rows of the matrix: primary slivers.
 */
#define WALRUS_ACCEL_AXIS_PRIMARY 1

/**
 * Columns of the matrix: secondary slivers.
 */
#define WALRUS_ACCEL_AXIS_SECONDARY 2

/**
 * Blake2b-256: the network's commitment hash.
 */
#define WALRUS_ACCEL_COMMITMENT_BLAKE2B 0

/**
 * BLAKE3: a private profile with its own blob IDs, for users outside the network.
 */
#define WALRUS_ACCEL_COMMITMENT_BLAKE3 1

/**
 * Hashes the source rows of the decoded blob and compares the roots with the metadata. No wrong blob passes.
 */
#define WALRUS_ACCEL_CHECK_DEFAULT 0

/**
 * Encodes the decoded blob again and compares the blob ID. No inconsistent encoding passes either.
 */
#define WALRUS_ACCEL_CHECK_STRICT 1

/**
 * Checks nothing. A damaged sliver gives a wrong blob.
 */
#define WALRUS_ACCEL_CHECK_SKIP 2

/**
 * For each job, the engine that is expected to finish first.
 */
#define WALRUS_ACCEL_ENGINE_AUTO 0

/**
 * The CPU, with its widest vectors.
 */
#define WALRUS_ACCEL_ENGINE_CPU 1

/**
 * A device, and the CPU if the device fails.
 */
#define WALRUS_ACCEL_ENGINE_GPU 2

/**
 * One thread, one hash at a time, the whole blob in memory: the oracle for the other engines.
 */
#define WALRUS_ACCEL_ENGINE_REFERENCE 3

/**
 * All sliver pairs.
 */
#define WALRUS_ACCEL_PAIRS_ALL 0

/**
 * The sliver pairs of a list, which may be empty.
 */
#define WALRUS_ACCEL_PAIRS_LISTED 1

/**
 * Length in bytes of a blob ID as text, with the NUL at its end.
 */
#define WALRUS_ACCEL_BLOB_ID_TEXT_LENGTH 44

/**
 * A graphics device with memory of its own.
 */
#define WALRUS_ACCEL_DEVICE_DISCRETE 1

/**
 * A graphics device that shares the processor's memory.
 */
#define WALRUS_ACCEL_DEVICE_INTEGRATED 2

/**
 * A part of a graphics device, handed to a virtual machine.
 */
#define WALRUS_ACCEL_DEVICE_VIRTUAL 3

/**
 * A graphics device of a kind that the driver does not tell.
 */
#define WALRUS_ACCEL_DEVICE_OTHER 4

/**
 * A driver that runs on the processor: right, and slow. It is used only if it is named, or with
 * WALRUS_ACCEL_ALLOW_SOFTWARE=1 in the environment.
 */
#define WALRUS_ACCEL_DEVICE_SOFTWARE 5

/**
 * A committee of the network's size has this many shards: what `n_shards` of 0 in a request stands for.
 */
#define WALRUS_ACCEL_NETWORK_SHARDS 1000

/**
 * The blob is in memory: `data`, `length`.
 */
#define WALRUS_ACCEL_SOURCE_MEMORY 1

/**
 * The blob is a regular file: `path`.
 */
#define WALRUS_ACCEL_SOURCE_PATH 2

/**
 * The blob is behind an open descriptor: `descriptor`.
 */
#define WALRUS_ACCEL_SOURCE_DESCRIPTOR 3

/**
 * The blob is read by a callback: `length`, `read`, `user_data`.
 */
#define WALRUS_ACCEL_SOURCE_CALLBACK 4

/**
 * No sliver is kept: metadata and blob ID alone.
 */
#define WALRUS_ACCEL_SINK_NONE 0

/**
 * The slivers are kept by the library: walrus_accel_encoded_sliver lends them.
 */
#define WALRUS_ACCEL_SINK_LIBRARY 1

/**
 * The slivers are written to the caller's memory: `buffers`, `buffer_count`.
 */
#define WALRUS_ACCEL_SINK_BUFFERS 2

/**
 * The slivers are written to a directory as files: `path`, `replace`.
 */
#define WALRUS_ACCEL_SINK_DIRECTORY 3

/**
 * The slivers are handed to a callback in pieces: `write`, `user_data`.
 */
#define WALRUS_ACCEL_SINK_CALLBACK 4

/**
 * The blob is kept by the library: walrus_accel_decoded_blob lends it.
 */
#define WALRUS_ACCEL_OUTPUT_LIBRARY 0

/**
 * The blob is written to the caller's memory: `output`, `output_length`.
 */
#define WALRUS_ACCEL_OUTPUT_MEMORY 1

/**
 * The blob is written to a file, which has its name only when it is complete: `output_path`.
 */
#define WALRUS_ACCEL_OUTPUT_FILE 2

/**
 * The sliver belongs to the metadata.
 */
#define WALRUS_ACCEL_SLIVER_GOOD 0

/**
 * Its bytes are no BCS SliverData.
 */
#define WALRUS_ACCEL_SLIVER_MALFORMED 1

/**
 * Its index is beyond the committee.
 */
#define WALRUS_ACCEL_SLIVER_WRONG_INDEX 2

/**
 * Its symbols are of another size or in another number than the blob's.
 */
#define WALRUS_ACCEL_SLIVER_WRONG_SIZE 3

/**
 * The root over its expanded symbols is not the one in the metadata: its bytes, or its axis, are wrong.
 */
#define WALRUS_ACCEL_SLIVER_WRONG_ROOT 4

/**
 * The sliver is good, and the reader keeps a copy of it.
 */
#define WALRUS_ACCEL_ADDED_KEPT 1

/**
 * The sliver is not needed: enough are there, or this one is. It may not have been verified.
 */
#define WALRUS_ACCEL_ADDED_SURPLUS 2

/**
 * The sliver does not belong to the blob.
 */
#define WALRUS_ACCEL_ADDED_DAMAGED 3

/**
 * The symbol belongs to the metadata, at the place that it claims. (A verdict of 0 is none: nobody looked at
 * the symbol.)
 */
#define WALRUS_ACCEL_SYMBOL_GOOD 1

/**
 * Its bytes are no symbol of the kind that was to be there.
 */
#define WALRUS_ACCEL_SYMBOL_MALFORMED 2

/**
 * It recovers a sliver of the other axis.
 */
#define WALRUS_ACCEL_SYMBOL_WRONG_AXIS 3

/**
 * It recovers another sliver.
 */
#define WALRUS_ACCEL_SYMBOL_WRONG_TARGET 4

/**
 * The sliver that it says it comes from is beyond the committee.
 */
#define WALRUS_ACCEL_SYMBOL_WRONG_SOURCE 5

/**
 * It is of another size than the blob's symbols.
 */
#define WALRUS_ACCEL_SYMBOL_WRONG_SIZE 6

/**
 * Its proof is not as long as the way to the root.
 */
#define WALRUS_ACCEL_SYMBOL_WRONG_PATH_LENGTH 7

/**
 * Its proof does not lead to the root of the sliver that it comes from.
 */
#define WALRUS_ACCEL_SYMBOL_WRONG_PROOF 8

/**
 * A symbol with the proof that it belongs to its sliver's root: BCS GeneralRecoverySymbol.
 */
#define WALRUS_ACCEL_SYMBOL_KIND_RECOVERY 0

/**
 * A symbol alone: BCS DecodingSymbol.
 */
#define WALRUS_ACCEL_SYMBOL_KIND_DECODING 1

/**
 * The sliver was recovered: walrus_accel_recovered_sliver lends it.
 */
#define WALRUS_ACCEL_RECOVERED_SLIVER 1

/**
 * The blob was encoded inconsistently: walrus_accel_recovered_proof lends the proof.
 */
#define WALRUS_ACCEL_RECOVERED_PROOF 2

/**
 * The symbols belong to the metadata, and the sliver that they recover does not: the blob was encoded
 * inconsistently.
 */
#define WALRUS_ACCEL_PROOF_PROVEN 1

/**
 * The bytes are no BCS InconsistencyProof.
 */
#define WALRUS_ACCEL_PROOF_MALFORMED 2

/**
 * It is of a sliver beyond the committee.
 */
#define WALRUS_ACCEL_PROOF_WRONG_TARGET 3

/**
 * It has not exactly as many symbols as recover a sliver.
 */
#define WALRUS_ACCEL_PROOF_WRONG_COUNT 4

/**
 * Two symbols come from the same sliver: `symbol` is the second one's number.
 */
#define WALRUS_ACCEL_PROOF_REPEATED_SOURCE 5

/**
 * A symbol does not belong to the metadata: `symbol` is its number, and `symbol_verdict` says why.
 */
#define WALRUS_ACCEL_PROOF_WRONG_SYMBOL 6

/**
 * The sliver that it recovers belongs to the metadata: nothing is inconsistent.
 */
#define WALRUS_ACCEL_PROOF_CONSISTENT 7

/**
 * A file should be there and is not.
 */
#define WALRUS_ACCEL_PROBLEM_MISSING 1

/**
 * A file is there and does not hold what it should.
 */
#define WALRUS_ACCEL_PROBLEM_DAMAGED 2

/**
 * A file is there and nothing is known of it.
 */
#define WALRUS_ACCEL_PROBLEM_FOREIGN 3

/**
 * The job waits for others to end.
 */
#define WALRUS_ACCEL_JOB_QUEUED 0

/**
 * The job is at work.
 */
#define WALRUS_ACCEL_JOB_RUNNING 1

/**
 * The job has ended, well or not.
 */
#define WALRUS_ACCEL_JOB_ENDED 2

/**
 * To wait without an end.
 */
#define WALRUS_ACCEL_FOREVER UINT64_MAX

/**
 * Watches and cancels one call, from any thread. Made before the call, given to it, and freed after it.
 */
typedef struct walrus_accel_control walrus_accel_control;

/**
 * What decoding gave: which slivers were used and which were damaged, and the blob where the library
 * keeps it. It never changes, so threads can share it.
 */
typedef struct walrus_accel_decoded walrus_accel_decoded;

/**
 * A list of graphics devices, as they were when it was made.
 */
typedef struct walrus_accel_devices walrus_accel_devices;

/**
 * What was found in a directory of slivers. It never changes, so threads can share it.
 */
typedef struct walrus_accel_directory_report walrus_accel_directory_report;

/**
 * What encoding gave: the metadata, and the slivers where the library keeps them. It never changes, so
 * threads can share it.
 */
typedef struct walrus_accel_encoded walrus_accel_encoded;

/**
 * Error object: a status and a message that names the value, the limit and the next step.
 *
 * A function with a parameter `error` sets it to NULL on success, and on failure to an error that the caller
 * frees with walrus_accel_error_free. Pass NULL for `error` to get the status alone.
 */
typedef struct walrus_accel_error walrus_accel_error;

/**
 * All symbols of a sliver and the Merkle tree over them: each symbol serves to recover a sliver of the
 * other axis. Made once and kept, it makes serving a symbol cost a copy. It never changes, so threads can
 * share it.
 */
typedef struct walrus_accel_expanded walrus_accel_expanded;

/**
 * Work that goes on while its caller does something else. All functions on a job can be called from any
 * thread, at the same time; walrus_accel_job_free once, when no other call on it is on its way.
 *
 * What the request points to stays the job's until it has ended: memory, callbacks, what they are given.
 * The request itself, and its structures, arrays of pairs, buffers and slivers and its paths, may go when
 * the function that submits it returns.
 */
typedef struct walrus_accel_job walrus_accel_job;

/**
 * The metadata of a blob, with its ID: the commitment hash, the blob's length, and the Merkle roots of
 * all slivers. It never changes, so threads can share it.
 */
typedef struct walrus_accel_metadata walrus_accel_metadata;

/**
 * Gathers a blob's slivers until there are enough of one axis to read the blob. Each is verified once, and
 * what is damaged or not needed is told, and not kept. All functions on a reader can be called from any
 * thread, at the same time; walrus_accel_reader_free once, when no other call on it is on its way.
 */
typedef struct walrus_accel_reader walrus_accel_reader;

/**
 * What a reader has seen: the slivers that it keeps, those that were damaged, and those that were not
 * needed, each by what it says it is. It never changes, so threads can share it.
 */
typedef struct walrus_accel_reader_report walrus_accel_reader_report;

/**
 * What recovery symbols gave: a sliver, or the proof that there is none. It never changes, so threads can
 * share it.
 */
typedef struct walrus_accel_recovered walrus_accel_recovered;

/**
 * An engine, its threads, its device and its memory limit: what encodes and decodes. Costly to make
 * (some milliseconds, and as many threads as cores), and meant to be shared by all threads for as long
 * as the process runs.
 */
typedef struct walrus_accel_runtime walrus_accel_runtime;

/**
 * What a call came to: `WALRUS_ACCEL_OK`, or a negative number that tells the kind of failure. The
 * values never change; new ones may come.
 */
typedef int32_t walrus_accel_status;

/**
 * Sizes of an encoding, for a number of shards and a length of the blob. All lengths are in bytes.
 */
typedef struct walrus_accel_shape {
    /**
     * sizeof(walrus_accel_shape): WALRUS_ACCEL_SHAPE_INIT sets it.
     */
    size_t struct_size;
    /**
     * Length of the blob.
     */
    uint64_t blob_length;
    /**
     * Length of a primary sliver as BCS SliverData: the body that a storage node takes.
     */
    uint64_t primary_length;
    /**
     * Length of a secondary sliver as BCS SliverData.
     */
    uint64_t secondary_length;
    /**
     * Length of the metadata with its blob ID, as BCS BlobMetadataWithId.
     */
    uint64_t metadata_length;
    /**
     * Length that the network accounts for the blob: all slivers, and the metadata on every shard.
     */
    uint64_t stored_length;
    /**
     * Size of a symbol: even, from 2 to 65,534.
     */
    uint32_t symbol_size;
    /**
     * Length of the bytes before the symbols of a primary sliver in BCS SliverData. Encoding to buffers is
     * fastest if the symbols of each sliver begin at a multiple of 64 bytes.
     */
    uint32_t primary_header_length;
    /**
     * Length of the bytes before the symbols of a secondary sliver in BCS SliverData.
     */
    uint32_t secondary_header_length;
    /**
     * Number of shards, and of sliver pairs.
     */
    uint16_t n_shards;
    /**
     * Number of primary slivers that decode the blob; number of symbols in a secondary sliver.
     */
    uint16_t rows;
    /**
     * Number of secondary slivers that decode the blob; number of symbols in a primary sliver.
     */
    uint16_t columns;
    /**
     * Zero.
     */
    uint16_t reserved;
    /**
     * Zero.
     */
    uint32_t reserved2;
    /**
     * Length of a symbol without a Merkle proof, as BCS DecodingSymbol. 0 if the library is older than this
     * field.
     */
    uint32_t decoding_symbol_length;
    /**
     * Greatest length of a symbol with its Merkle proof, as BCS GeneralRecoverySymbol. A proof with empty nodes
     * is shorter. 0 if the library is older than this field.
     */
    uint32_t recovery_symbol_length;
} walrus_accel_shape;

/**
 * A graphics device. Its texts are UTF-8, and valid until the list is freed.
 */
typedef struct walrus_accel_device {
    /**
     * sizeof(walrus_accel_device): WALRUS_ACCEL_DEVICE_INIT sets it.
     */
    size_t struct_size;
    /**
     * Its number, which the option `device` takes as text.
     */
    uint64_t index;
    /**
     * The bytes of its largest memory; 0 if the driver does not say.
     */
    uint64_t memory;
    /**
     * Its name.
     */
    const char *name;
    /**
     * The interface that it is reached by: "vulkan", "metal" or "dx12".
     */
    const char *backend;
    /**
     * The driver and its version.
     */
    const char *driver;
    /**
     * Where it is on the PCI bus; empty if the driver does not say.
     */
    const char *bus;
    /**
     * Why it cannot be used; NULL if it can.
     */
    const char *unusable;
    /**
     * WALRUS_ACCEL_DEVICE_DISCRETE or another of them.
     */
    uint32_t kind;
    /**
     * Zero.
     */
    uint32_t reserved;
} walrus_accel_device;

/**
 * The choices that a runtime is made with. Zero, or NULL, is the default of each.
 */
typedef struct walrus_accel_runtime_options {
    /**
     * sizeof(walrus_accel_runtime_options): WALRUS_ACCEL_RUNTIME_OPTIONS_INIT sets it.
     */
    size_t struct_size;
    /**
     * WALRUS_ACCEL_ENGINE_AUTO or another of them.
     */
    uint32_t engine;
    /**
     * The number of the engine's worker threads, up to 1024; 0 for one a core. There are fewer than asked for
     * where more are of no use (16, or four a core), or the system gives no more.
     */
    uint32_t threads;
    /**
     * The limit in bytes of the working memory of each job and each call, so that all take as many times
     * that as are at work; 0 for 1 GiB. The caller's memory and the results come on top. Narrow limits
     * cost time.
     */
    uint64_t memory;
    /**
     * The limit in bytes of what is taken of a graphics device's memory; 0 for a half of it.
     */
    uint64_t device_memory;
    /**
     * The graphics device: its number or a part of its name, as walrus_accel_devices lists them. NULL
     * for the one that the environment variable WALRUS_ACCEL_DEVICE names, or the most capable.
     */
    const char *device;
    /**
     * "portable", "avx2" or another name of an instruction set. NULL for the one that the environment
     * variable WALRUS_ACCEL_ISA names, or the fastest.
     */
    const char *instruction_set;
    /**
     * How many jobs (and blobs of a batch) run at once; 0 for 2. The others wait in order. Calls that are
     * no jobs do not count.
     */
    uint32_t max_jobs;
    /**
     * 1: a job whose graphics device fails ends with an error, and does not go on on the CPU.
     */
    uint32_t no_cpu_fallback;
    /**
     * 1: what a graphics device answers is not checked.
     */
    uint32_t no_device_check;
    /**
     * Zero.
     */
    uint32_t reserved;
} walrus_accel_runtime_options;

/**
 * Reads bytes of a blob: fills `out` with the `out_length` bytes from `offset` on. The range lies inside the
 * blob.
 *
 * Returns 0 on success; a positive number to stop the job with WALRUS_ACCEL_CANCELLED; a negative number to
 * fail the job with WALRUS_ACCEL_CALLBACK_FAILED.
 *
 * The ranges of the calls come in no particular order, and may repeat. See "Callbacks" at the top of this
 * header.
 */
typedef int32_t (*walrus_accel_read_function)(uint64_t offset,
                                              uint8_t *out,
                                              size_t out_length,
                                              void *user_data);

/**
 * A blob to read. Its bytes must stay as they are until the call, or the job, has ended.
 */
typedef struct walrus_accel_source {
    /**
     * sizeof(walrus_accel_source): WALRUS_ACCEL_SOURCE_INIT sets it.
     */
    size_t struct_size;
    /**
     * WALRUS_ACCEL_SOURCE_MEMORY or another of them; only the fields that it names are looked at.
     */
    uint32_t kind;
    /**
     * A descriptor to read from, which stays the caller's and may be closed when the call, or the one
     * that submits the job, returns. A regular file is read by position, from its beginning, and its
     * offset stays; anything else, such as a pipe, may be non-blocking, and is read to its end into a
     * temporary file. Not on Windows.
     */
    int32_t descriptor;
    /**
     * The bytes of the blob; NULL if it is empty.
     */
    const uint8_t *data;
    /**
     * The length of the blob in bytes.
     */
    uint64_t length;
    /**
     * The file, ended by a NUL: any bytes on Unix, UTF-8 elsewhere.
     */
    const char *path;
    /**
     * The function that reads.
     */
    walrus_accel_read_function read;
    /**
     * What `read` is given.
     */
    void *user_data;
} walrus_accel_source;

/**
 * Memory of the caller's for one sliver.
 */
typedef struct walrus_accel_buffer {
    /**
     * The first byte.
     */
    uint8_t *data;
    /**
     * The length in bytes: exactly that of the sliver as BCS SliverData, as walrus_accel_shape_compute
     * tells it.
     */
    size_t length;
} walrus_accel_buffer;

/**
 * Piece of a sliver.
 */
typedef struct walrus_accel_piece {
    /**
     * Bytes of the piece, valid during the call.
     */
    const uint8_t *data;
    /**
     * Length of `data` in bytes.
     */
    size_t length;
    /**
     * Offset in bytes of the piece in the sliver's BCS SliverData.
     */
    uint64_t offset;
    /**
     * Length in bytes of the sliver's BCS SliverData.
     */
    uint64_t sliver_length;
    /**
     * Axis of the sliver: WALRUS_ACCEL_AXIS_PRIMARY or WALRUS_ACCEL_AXIS_SECONDARY.
     */
    uint32_t axis;
    /**
     * Index of the sliver's pair.
     */
    uint16_t pair;
    /**
     * Index of the sliver along its axis.
     */
    uint16_t index;
} walrus_accel_piece;

/**
 * Takes a piece of a sliver. The piece and its bytes are valid during the call.
 *
 * Returns 0 on success; a positive number to stop the job with WALRUS_ACCEL_CANCELLED; a negative number to
 * fail the job with WALRUS_ACCEL_CALLBACK_FAILED.
 *
 * The pieces of all slivers come in no particular order, do not overlap, and cover the slivers. A source's
 * `read` may run at the same time. See "Callbacks" at the top of this header.
 */
typedef int32_t (*walrus_accel_write_function)(const struct walrus_accel_piece *piece,
                                               void *user_data);

/**
 * Where the slivers of the chosen pairs go. The memory of buffers must stay until the call, or the job, has
 * ended. After a job that failed, the content of buffers is unspecified, and nothing is left in a
 * directory.
 */
typedef struct walrus_accel_sink {
    /**
     * sizeof(walrus_accel_sink): WALRUS_ACCEL_SINK_INIT sets it.
     */
    size_t struct_size;
    /**
     * WALRUS_ACCEL_SINK_LIBRARY or another of them; only the fields that it names are looked at.
     */
    uint32_t kind;
    /**
     * 1: a directory of the blob that holds something else is replaced.
     */
    uint32_t replace;
    /**
     * The caller's memory: for each chosen pair in ascending order a primary sliver's and a secondary
     * sliver's.
     */
    const struct walrus_accel_buffer *buffers;
    /**
     * The number of buffers: twice that of the chosen pairs.
     */
    size_t buffer_count;
    /**
     * The directory in which one named by the blob ID is made, complete or not at all; ended by a NUL:
     * any bytes on Unix, UTF-8 elsewhere.
     */
    const char *path;
    /**
     * The function that takes pieces.
     */
    walrus_accel_write_function write;
    /**
     * What `write` is given.
     */
    void *user_data;
} walrus_accel_sink;

/**
 * A blob to encode. Fields that are zero have their defaults.
 */
typedef struct walrus_accel_encode_request {
    /**
     * sizeof(walrus_accel_encode_request): WALRUS_ACCEL_ENCODE_REQUEST_INIT sets it.
     */
    size_t struct_size;
    /**
     * The blob.
     */
    const struct walrus_accel_source *source;
    /**
     * Where the slivers go; NULL for metadata and blob ID alone.
     */
    const struct walrus_accel_sink *sink;
    /**
     * The pairs whose slivers go to the sink, if `pair_choice` says so. Repeated ones count once. The
     * metadata covers all pairs in any case.
     */
    const uint16_t *pairs;
    /**
     * The number of `pairs`.
     */
    size_t pair_count;
    /**
     * WALRUS_ACCEL_COMMITMENT_BLAKE2B, the network's, or WALRUS_ACCEL_COMMITMENT_BLAKE3.
     */
    uint32_t commitment;
    /**
     * WALRUS_ACCEL_PAIRS_ALL, or WALRUS_ACCEL_PAIRS_LISTED for those of `pairs`.
     */
    uint32_t pair_choice;
    /**
     * The number of shards; 0 for the network's 1,000.
     */
    uint16_t n_shards;
    /**
     * Zero.
     */
    uint16_t reserved;
    /**
     * Zero.
     */
    uint32_t reserved2;
} walrus_accel_encode_request;

/**
 * A sliver in memory.
 */
typedef struct walrus_accel_sliver {
    /**
     * The bytes of its BCS SliverData, as a storage node gives them.
     */
    const uint8_t *data;
    /**
     * Their number.
     */
    size_t length;
    /**
     * WALRUS_ACCEL_AXIS_PRIMARY or WALRUS_ACCEL_AXIS_SECONDARY: that is not in the bytes.
     */
    uint32_t axis;
} walrus_accel_sliver;

/**
 * A blob to decode. Fields that are zero have their defaults. The slivers' bytes must stay as they are until
 * the call, or the job, has ended.
 */
typedef struct walrus_accel_decode_request {
    /**
     * sizeof(walrus_accel_decode_request): WALRUS_ACCEL_DECODE_REQUEST_INIT sets it.
     */
    size_t struct_size;
    /**
     * The metadata of the blob. It may be freed when the call, or the one that submits the job, returns.
     */
    const struct walrus_accel_metadata *metadata;
    /**
     * Slivers in memory, in any order. Those that are not of the blob's shape, or given twice, are
     * skipped, and surplus ones ignored.
     */
    const struct walrus_accel_sliver *slivers;
    /**
     * The number of slivers.
     */
    size_t sliver_count;
    /**
     * Instead of slivers in memory: a directory, as WALRUS_ACCEL_SINK_DIRECTORY writes it, or what is
     * left of it; the files in its `pairs` are looked at, and no other.
     */
    const char *directory;
    /**
     * WALRUS_ACCEL_AXIS_ANY, or the axis whose slivers are used.
     */
    uint32_t axis;
    /**
     * WALRUS_ACCEL_CHECK_DEFAULT or another of them.
     */
    uint32_t check;
    /**
     * WALRUS_ACCEL_OUTPUT_LIBRARY or another of them; only the fields that it names are looked at.
     */
    uint32_t output_kind;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * The caller's memory.
     */
    uint8_t *output;
    /**
     * Its length in bytes: exactly the blob's.
     */
    uint64_t output_length;
    /**
     * The file. A regular file that exists is replaced, and its permission bits are kept; a symbolic link is
     * followed. Anything else, and a file in `directory`, is an error.
     */
    const char *output_path;
} walrus_accel_decode_request;

/**
 * Slivers to verify, of one blob or of many. Their bytes must stay as they are until the call, or the job,
 * has ended.
 */
typedef struct walrus_accel_verify_request {
    /**
     * sizeof(walrus_accel_verify_request): WALRUS_ACCEL_VERIFY_REQUEST_INIT sets it.
     */
    size_t struct_size;
    /**
     * The metadata of the blob; NULL if `metadata_per_sliver` has it. It may be freed when the call, or the one that
     * submits the job, returns.
     */
    const struct walrus_accel_metadata *metadata;
    /**
     * The slivers, of both axes in any order; many at once are verified faster than one by one.
     */
    const struct walrus_accel_sliver *slivers;
    /**
     * The number of slivers.
     */
    size_t sliver_count;
    /**
     * Room for a verdict for each sliver: WALRUS_ACCEL_SLIVER_GOOD or another of them. A call, or a job, that
     * fails makes none WALRUS_ACCEL_SLIVER_GOOD that is not: those that were not verified are
     * WALRUS_ACCEL_SLIVER_WRONG_ROOT then. A request that cannot be, and a handle that is none, leave them as
     * they were.
     */
    uint8_t *verdicts;
    /**
     * The number of verdicts that there is room for: exactly `sliver_count`.
     */
    size_t verdict_count;
    /**
     * Instead of `metadata`: for each of the slivers the metadata of its blob, where they are of many; the
     * same may be there more than once. Slivers with symbols of one size are verified together, whatever
     * blob they are of. The array, and the metadata in it, may be freed when the call, or the one that
     * submits the job, returns. If there are no slivers, both may be NULL.
     */
    const struct walrus_accel_metadata *const *metadata_per_sliver;
} walrus_accel_verify_request;

/**
 * A sliver that a reader has seen.
 */
typedef struct walrus_accel_seen_sliver {
    /**
     * sizeof(walrus_accel_seen_sliver): WALRUS_ACCEL_SEEN_SLIVER_INIT sets it.
     */
    size_t struct_size;
    /**
     * WALRUS_ACCEL_AXIS_PRIMARY or WALRUS_ACCEL_AXIS_SECONDARY.
     */
    uint32_t axis;
    /**
     * WALRUS_ACCEL_ADDED_KEPT or another of them.
     */
    uint32_t outcome;
    /**
     * What is wrong with one that is damaged, by the latest one of that name:
     * WALRUS_ACCEL_SLIVER_WRONG_INDEX or another of them.
     */
    uint32_t verdict;
    /**
     * Its index along its axis. A damaged one may say anything.
     */
    uint16_t index;
    /**
     * Zero.
     */
    uint16_t reserved;
} walrus_accel_seen_sliver;

/**
 * What became of a sliver that was handed in.
 */
typedef struct walrus_accel_added {
    /**
     * WALRUS_ACCEL_ADDED_KEPT or another of them; 0 if nothing was found out, because the call failed before:
     * hand it in again.
     */
    uint32_t outcome;
    /**
     * What is wrong with one that is damaged: WALRUS_ACCEL_SLIVER_MALFORMED or another of them.
     */
    uint32_t verdict;
    /**
     * Zero: room for what a later version tells.
     */
    uint64_t reserved;
} walrus_accel_added;

/**
 * Slivers to hand in.
 */
typedef struct walrus_accel_reader_add_request {
    /**
     * sizeof(walrus_accel_reader_add_request): WALRUS_ACCEL_READER_ADD_REQUEST_INIT sets it.
     */
    size_t struct_size;
    /**
     * The slivers, of both axes in any order. They are the caller's alone again when the call returns.
     */
    const struct walrus_accel_sliver *slivers;
    /**
     * The number of slivers.
     */
    size_t sliver_count;
    /**
     * Room for what became of each of them. What is known is told even if the call fails. An outcome of 0:
     * nothing was found out, hand it in again.
     */
    struct walrus_accel_added *added;
    /**
     * The number of those that there is room for: exactly `sliver_count`.
     */
    size_t added_count;
} walrus_accel_reader_add_request;

/**
 * How a reader is to read the blob. Fields that are zero have their defaults.
 */
typedef struct walrus_accel_reader_read_request {
    /**
     * sizeof(walrus_accel_reader_read_request): WALRUS_ACCEL_READER_READ_REQUEST_INIT sets it.
     */
    size_t struct_size;
    /**
     * WALRUS_ACCEL_CHECK_DEFAULT or another of them.
     */
    uint32_t check;
    /**
     * WALRUS_ACCEL_OUTPUT_LIBRARY or another of them; only the fields that it names are looked at.
     */
    uint32_t output_kind;
    /**
     * The caller's memory.
     */
    uint8_t *output;
    /**
     * Its length in bytes: exactly the blob's.
     */
    uint64_t output_length;
    /**
     * The file. A regular file that exists is replaced, and its permission bits are kept; a symbolic link is
     * followed. Anything else is an error.
     */
    const char *output_path;
} walrus_accel_reader_read_request;

/**
 * Slivers to rebuild from others. Fields that are zero have their defaults. The slivers' bytes must stay as
 * they are until the call, or the job, has ended.
 */
typedef struct walrus_accel_rebuild_request {
    /**
     * sizeof(walrus_accel_rebuild_request): WALRUS_ACCEL_REBUILD_REQUEST_INIT sets it.
     */
    size_t struct_size;
    /**
     * The metadata of the blob. It may be freed when the call, or the one that submits the job, returns.
     */
    const struct walrus_accel_metadata *metadata;
    /**
     * Slivers in memory, as in walrus_accel_decode_request.
     */
    const struct walrus_accel_sliver *slivers;
    /**
     * The number of slivers.
     */
    size_t sliver_count;
    /**
     * Instead of slivers in memory: a directory, as in walrus_accel_decode_request.
     */
    const char *directory;
    /**
     * The pairs to rebuild, if `pair_choice` says so.
     */
    const uint16_t *pairs;
    /**
     * The number of `pairs`.
     */
    size_t pair_count;
    /**
     * Where the rebuilt slivers go: not WALRUS_ACCEL_SINK_NONE.
     */
    const struct walrus_accel_sink *sink;
    /**
     * WALRUS_ACCEL_AXIS_ANY, or the axis whose slivers are used.
     */
    uint32_t axis;
    /**
     * WALRUS_ACCEL_PAIRS_ALL, or WALRUS_ACCEL_PAIRS_LISTED for those of `pairs`.
     */
    uint32_t pair_choice;
} walrus_accel_rebuild_request;

/**
 * A symbol in memory: a part of one sliver that serves to recover a sliver of the other axis. Functions that
 * read symbols copy them for as long as the call takes.
 */
typedef struct walrus_accel_symbol {
    /**
     * Its bytes, as a storage node gives them: BCS GeneralRecoverySymbol, or BCS DecodingSymbol where the
     * function says so.
     */
    const uint8_t *data;
    /**
     * Their number.
     */
    size_t length;
} walrus_accel_symbol;

/**
 * Recovery symbols to verify. All are to recover the same sliver.
 */
typedef struct walrus_accel_verify_symbols_request {
    /**
     * sizeof(walrus_accel_verify_symbols_request): WALRUS_ACCEL_VERIFY_SYMBOLS_REQUEST_INIT sets it.
     */
    size_t struct_size;
    /**
     * The metadata of the blob.
     */
    const struct walrus_accel_metadata *metadata;
    /**
     * The symbols, as BCS GeneralRecoverySymbol; many at once are verified faster than one by one.
     */
    const struct walrus_accel_symbol *symbols;
    /**
     * The number of symbols.
     */
    size_t symbol_count;
    /**
     * Room for a verdict for each symbol: WALRUS_ACCEL_SYMBOL_GOOD or another of them; all are 0 after a call
     * that failed. (They are left alone only if they overlap with what is read, or are not `symbol_count`.)
     */
    uint8_t *verdicts;
    /**
     * The number of verdicts that there is room for: exactly `symbol_count`.
     */
    size_t verdict_count;
    /**
     * The axis of the sliver that they are to recover: WALRUS_ACCEL_AXIS_PRIMARY or
     * WALRUS_ACCEL_AXIS_SECONDARY.
     */
    uint32_t axis;
    /**
     * The pair of that sliver.
     */
    uint16_t target;
    /**
     * Zero.
     */
    uint16_t reserved;
} walrus_accel_verify_symbols_request;

/**
 * A sliver to expand.
 */
typedef struct walrus_accel_expand_request {
    /**
     * sizeof(walrus_accel_expand_request): WALRUS_ACCEL_EXPAND_REQUEST_INIT sets it.
     */
    size_t struct_size;
    /**
     * The metadata of the blob.
     */
    const struct walrus_accel_metadata *metadata;
    /**
     * The sliver.
     */
    const struct walrus_accel_sliver *sliver;
} walrus_accel_expand_request;

/**
 * A sliver, and the targets that its symbols are for.
 */
typedef struct walrus_accel_decoding_symbols_request {
    /**
     * sizeof(walrus_accel_decoding_symbols_request): WALRUS_ACCEL_DECODING_SYMBOLS_REQUEST_INIT sets it.
     */
    size_t struct_size;
    /**
     * The metadata of the blob.
     */
    const struct walrus_accel_metadata *metadata;
    /**
     * The sliver.
     */
    const struct walrus_accel_sliver *sliver;
    /**
     * The pairs whose slivers of the other axis the symbols recover, in any order.
     */
    const uint16_t *targets;
    /**
     * The number of targets.
     */
    size_t target_count;
    /**
     * Room for the symbols as BCS DecodingSymbol, one behind the other. Unspecified after a call that
     * failed.
     */
    uint8_t *out;
    /**
     * Its length in bytes: exactly `target_count` times the `decoding_symbol_length` of the shape.
     */
    size_t out_length;
} walrus_accel_decoding_symbols_request;

/**
 * A sliver to recover.
 */
typedef struct walrus_accel_recover_request {
    /**
     * sizeof(walrus_accel_recover_request): WALRUS_ACCEL_RECOVER_REQUEST_INIT sets it.
     */
    size_t struct_size;
    /**
     * The metadata of the blob.
     */
    const struct walrus_accel_metadata *metadata;
    /**
     * Symbols of slivers of the other axis, in any order: the `columns` of the shape from different ones
     * recover a primary sliver, its `rows` a secondary one. Of those from one sliver only one counts.
     */
    const struct walrus_accel_symbol *symbols;
    /**
     * The number of symbols.
     */
    size_t symbol_count;
    /**
     * The axis of the sliver: WALRUS_ACCEL_AXIS_PRIMARY or WALRUS_ACCEL_AXIS_SECONDARY.
     */
    uint32_t axis;
    /**
     * The pair of the sliver.
     */
    uint16_t target;
    /**
     * Zero.
     */
    uint16_t reserved;
    /**
     * NULL, or room for a verdict for each symbol: WALRUS_ACCEL_SYMBOL_GOOD or another of them; 0 for one that
     * was not looked at, because it was not needed or another one of the same sliver had been found good. They
     * are there if the call succeeds, and if it fails with WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS; all are 0 after
     * another failure.
     */
    uint8_t *verdicts;
    /**
     * The number of verdicts that there is room for: exactly `symbol_count`, or 0 with NULL.
     */
    size_t verdict_count;
} walrus_accel_recover_request;

/**
 * An inconsistency proof to verify.
 */
typedef struct walrus_accel_verify_proof_request {
    /**
     * sizeof(walrus_accel_verify_proof_request): WALRUS_ACCEL_VERIFY_PROOF_REQUEST_INIT sets it.
     */
    size_t struct_size;
    /**
     * The metadata of the blob.
     */
    const struct walrus_accel_metadata *metadata;
    /**
     * The proof, as BCS InconsistencyProof.
     */
    const uint8_t *proof;
    /**
     * Its length in bytes.
     */
    size_t proof_length;
    /**
     * The axis of its sliver, which is not in the bytes: WALRUS_ACCEL_AXIS_PRIMARY or
     * WALRUS_ACCEL_AXIS_SECONDARY.
     */
    uint32_t axis;
    /**
     * Zero.
     */
    uint32_t reserved;
} walrus_accel_verify_proof_request;

/**
 * What a proof was found to be.
 */
typedef struct walrus_accel_proof_verdict {
    /**
     * sizeof(walrus_accel_proof_verdict): WALRUS_ACCEL_PROOF_VERDICT_INIT sets it.
     */
    size_t struct_size;
    /**
     * The number of the symbol that is wrong, from 0; 0 if none is.
     */
    size_t symbol;
    /**
     * WALRUS_ACCEL_PROOF_PROVEN or another of them; 0, which is none, after a call that failed.
     */
    uint32_t verdict;
    /**
     * What is wrong with that symbol, if it does not belong to the metadata:
     * WALRUS_ACCEL_SYMBOL_WRONG_SOURCE or another of them; 0 otherwise.
     */
    uint32_t symbol_verdict;
} walrus_accel_proof_verdict;

/**
 * What became of one blob of a batch that was encoded.
 */
typedef struct walrus_accel_encode_result {
    /**
     * The result, which the caller frees; NULL if it failed.
     */
    struct walrus_accel_encoded *encoded;
    /**
     * The error, which the caller frees; NULL if it did not fail.
     */
    struct walrus_accel_error *error;
    /**
     * What walrus_accel_encode would have given; WALRUS_ACCEL_NOT_ENDED if the batch did not begin.
     */
    walrus_accel_status status;
    /**
     * Zero.
     */
    uint32_t reserved;
} walrus_accel_encode_result;

/**
 * What became of one blob of a batch that was decoded.
 */
typedef struct walrus_accel_decode_result {
    /**
     * The result, which the caller frees; NULL if it failed.
     */
    struct walrus_accel_decoded *decoded;
    /**
     * The error, which the caller frees; NULL if it did not fail.
     */
    struct walrus_accel_error *error;
    /**
     * What walrus_accel_decode would have given; WALRUS_ACCEL_NOT_ENDED if the batch did not begin.
     */
    walrus_accel_status status;
    /**
     * Zero.
     */
    uint32_t reserved;
} walrus_accel_decode_result;

/**
 * What is wrong with a file. Its texts are valid until the report is freed.
 */
typedef struct walrus_accel_problem {
    /**
     * sizeof(walrus_accel_problem): WALRUS_ACCEL_PROBLEM_INIT sets it.
     */
    size_t struct_size;
    /**
     * The file: any bytes on Unix, UTF-8 elsewhere. It may be a stranger's name.
     */
    const char *path;
    /**
     * What is wrong, in UTF-8.
     */
    const char *reason;
    /**
     * WALRUS_ACCEL_PROBLEM_MISSING or another of them.
     */
    uint32_t kind;
    /**
     * Zero.
     */
    uint32_t reserved;
} walrus_accel_problem;

/**
 * Learns that a job has ended, with or without success: writes to an eventfd, calls uv_async_send, wakes a
 * future. The library calls it once per job, from one of its threads, or from the thread that cancels or
 * frees a queued job. `user_data` must be valid until walrus_accel_job_free has returned.
 *
 * The function may poll this job, ask for its result, take its result, free it, and use and free the result.
 * It must not wait for a job, free another job that has not ended, submit a job, unwind or jump out. If
 * walrus_accel_job_free is what ends the job, the handle is invalid inside the function.
 */
typedef void (*walrus_accel_ended_function)(void *user_data);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the library that runs, such as "0.1.0". Valid as long as the process runs. The
 * header's own is WALRUS_ACCEL_VERSION.
 */
const char *walrus_accel_version(void);

/**
 * The version of the binary interface of the library that runs. A binding compares it with
 * WALRUS_ACCEL_ABI_VERSION when it loads the library, and uses nothing else if they differ.
 */
uint32_t walrus_accel_abi_version(void);

/**
 * The name of a status, for messages and logs: lower case, in English. It is never NULL, and valid as
 * long as the process runs. A number that is no status has the name "unknown status".
 */
const char *walrus_accel_status_name(walrus_accel_status status);

/**
 * Returns the status of an error: the status that the failed call returned.
 * WALRUS_ACCEL_INVALID_HANDLE if `error` is NULL or was freed.
 */
walrus_accel_status walrus_accel_error_status(const struct walrus_accel_error *error);

/**
 * Returns the message of an error: one line of UTF-8 without a full stop. The text is valid until the error is
 * freed. The pointer is never NULL; the text is empty if `error` is NULL or was freed.
 */
const char *walrus_accel_error_message(const struct walrus_accel_error *error);

/**
 * Frees an error. NULL is ignored.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if `error` was freed before; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_error_free(struct walrus_accel_error *error);

/**
 * Computes the shape of a blob of `blob_length` bytes for `n_shards` shards.
 *
 * `n_shards`: 0 for the network's 1,000, here and wherever a function takes a number of shards. `shape`: a
 * structure that WALRUS_ACCEL_SHAPE_INIT initialised.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if `n_shards` is 1 to 3 or more than 49,155, the most
 * that the code supports, or if `shape` is NULL or not initialised; WALRUS_ACCEL_BLOB_TOO_LARGE;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_shape_compute(uint16_t n_shards,
                                               uint64_t blob_length,
                                               struct walrus_accel_shape *shape,
                                               struct walrus_accel_error **error);

/**
 * Returns the length in bytes of the longest blob for `n_shards` shards.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for a number of shards that the code does not
 * support, or if `blob_length` is NULL; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_max_blob_length(uint16_t n_shards,
                                                 uint64_t *blob_length,
                                                 struct walrus_accel_error **error);

/**
 * Returns the index along `axis` of a pair's sliver: the index in BCS SliverData.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if `axis` is neither WALRUS_ACCEL_AXIS_PRIMARY nor
 * WALRUS_ACCEL_AXIS_SECONDARY, if the pair does not exist, or if `index` is NULL; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_sliver_index(uint16_t n_shards,
                                              uint32_t axis,
                                              uint16_t pair,
                                              uint16_t *index,
                                              struct walrus_accel_error **error);

/**
 * Returns the pair of the sliver with this index along `axis`: the inverse of walrus_accel_sliver_index.
 *
 * Statuses: as walrus_accel_sliver_index.
 */
walrus_accel_status walrus_accel_sliver_pair(uint16_t n_shards,
                                             uint32_t axis,
                                             uint16_t index,
                                             uint16_t *pair,
                                             struct walrus_accel_error **error);

/**
 * Returns the shard that stores a pair of a blob.
 *
 * `blob_id`: 32 bytes.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the pair does not exist;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_shard_of_pair(uint16_t n_shards,
                                               const uint8_t *blob_id,
                                               uint16_t pair,
                                               uint16_t *shard,
                                               struct walrus_accel_error **error);

/**
 * Returns the pair of a blob that a shard stores: the inverse of walrus_accel_shard_of_pair.
 *
 * `blob_id`: 32 bytes.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the shard does not exist;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_pair_of_shard(uint16_t n_shards,
                                               const uint8_t *blob_id,
                                               uint16_t shard,
                                               uint16_t *pair,
                                               struct walrus_accel_error **error);

/**
 * Returns the primary slivers whose symbols hold a byte range of a blob. These slivers suffice to read the range
 * with walrus_accel_reader_read_range.
 *
 * `first`, `count`: set to the index of the first sliver and the number of slivers, 0 for an empty range.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for a number of shards that the code does not support,
 * for a range that is not inside the blob, or if a pointer is NULL; WALRUS_ACCEL_BLOB_TOO_LARGE;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_rows_of_range(uint16_t n_shards,
                                               uint64_t blob_length,
                                               uint64_t offset,
                                               uint64_t length,
                                               uint16_t *first,
                                               uint16_t *count,
                                               struct walrus_accel_error **error);

/**
 * Writes a blob ID as text: 43 characters of URL-safe base64, and a NUL.
 *
 * `blob_id`: 32 bytes. `text`: a buffer of `text_length` bytes, at least WALRUS_ACCEL_BLOB_ID_TEXT_LENGTH.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the buffer is too short;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_blob_id_to_text(const uint8_t *blob_id,
                                                 char *text,
                                                 size_t text_length,
                                                 struct walrus_accel_error **error);

/**
 * Reads a blob ID from its text of 43 characters.
 *
 * `text`: ends with a NUL. `blob_id`: a buffer of 32 bytes.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the text is no blob ID;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_blob_id_from_text(const char *text,
                                                   uint8_t *blob_id,
                                                   struct walrus_accel_error **error);

/**
 * Lists the graphics devices, software drivers too. It loads the drivers, which takes some 100 ms and
 * some tens of MB. The list is empty if there is none, no driver, or the library was built without them.
 *
 * `list`: becomes the list, which the caller frees. `count`: becomes the number of devices; NULL if
 * the caller does not want to know.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if `list` is NULL; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_devices_list(struct walrus_accel_devices **devices,
                                              size_t *count,
                                              struct walrus_accel_error **error);

/**
 * Tells what is known of a device of a list.
 *
 * `number`: its place in the list, from 0. `device`: a structure that WALRUS_ACCEL_DEVICE_INIT has
 * initialised.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the structure not
 * initialised; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND beyond the end of the list;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_devices_get(const struct walrus_accel_devices *devices,
                                             size_t position,
                                             struct walrus_accel_device *device,
                                             struct walrus_accel_error **error);

/**
 * Frees a list of devices, and with it their texts. NULL is let pass.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if it was freed before; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_devices_free(struct walrus_accel_devices *devices);

/**
 * Makes a runtime: opens the engine, starts its threads and computes its tables.
 *
 * `options`: NULL for all defaults; only read during the call. `runtime`: becomes the runtime, which the
 * caller frees with walrus_accel_runtime_free.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for an option out of its range, a name that is
 * none, be it from the environment, options that are not initialised, or if `runtime` is NULL;
 * WALRUS_ACCEL_ENGINE_UNAVAILABLE if the engine, device or instruction set is not there; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_runtime_new(const struct walrus_accel_runtime_options *options,
                                             struct walrus_accel_runtime **runtime,
                                             struct walrus_accel_error **error);

/**
 * Frees a runtime. Calls on it must have ended; its jobs go on and keep what they need of it. Its threads
 * end soon after, not at once. NULL is let pass.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if it was freed before; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_runtime_free(struct walrus_accel_runtime *runtime);

/**
 * Tells the name of the instruction set that the runtime's CPU engine uses, such as "avx2".
 *
 * `name`: becomes the text, which is the runtime's and valid until that is freed.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_runtime_instruction_set(const struct walrus_accel_runtime *runtime,
                                                         const char **name,
                                                         struct walrus_accel_error **error);

/**
 * Tells whether the runtime's graphics device failed, so that the CPU has done the work since. The
 * results are right all the same.
 *
 * `fault`: becomes NULL if no device failed; otherwise an error with the reason as its message and the
 * status WALRUS_ACCEL_ENGINE_UNAVAILABLE, which the caller frees with walrus_accel_error_free.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_runtime_device_fault(const struct walrus_accel_runtime *runtime,
                                                      struct walrus_accel_error **fault,
                                                      struct walrus_accel_error **error);

/**
 * Makes a control.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if `control` is NULL; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_control_new(struct walrus_accel_control **control,
                                             struct walrus_accel_error **error);

/**
 * Asks the call to stop: it gives WALRUS_ACCEL_CANCELLED after the piece of work at hand, some
 * milliseconds, and leaves nothing behind. A control stays cancelled: later calls with it stop at once.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if `control` is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_control_cancel(const struct walrus_accel_control *control,
                                                struct walrus_accel_error **error);

/**
 * Tells how far the call has come, in bytes of the blob (or of the slivers that are verified):
 * `done` of `total`. `total` is 0 while it has not started, and 1 for an empty blob.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_control_progress(const struct walrus_accel_control *control,
                                                  uint64_t *done,
                                                  uint64_t *total,
                                                  struct walrus_accel_error **error);

/**
 * Tells the engine that does the call, or did it: "cpu", "gpu" or "reference". With
 * WALRUS_ACCEL_ENGINE_AUTO each call has its own.
 *
 * `name`: becomes the text, valid as long as the process runs; NULL while no engine is at work yet.
 *
 * Statuses: as walrus_accel_control_cancel.
 */
walrus_accel_status walrus_accel_control_engine(const struct walrus_accel_control *control,
                                                const char **name,
                                                struct walrus_accel_error **error);

/**
 * Frees a control. NULL is let pass. The call that it was given to must have ended.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if it was freed before; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_control_free(struct walrus_accel_control *control);

/**
 * Reads metadata from BCS BlobMetadataWithId, and verifies it: its ID is computed anew, and the number
 * of sliver pairs compared with the committee's. So whoever trusts the blob ID can trust the metadata.
 *
 * `n_shards`: the committee's; 0 for the network's 1,000. `expected_blob_id`: the 32 bytes of the blob ID that
 * was asked for; NULL to take the one in the bytes. `data`, `length`: only read during the call.
 * `metadata`: becomes the metadata, which the caller frees.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if `metadata` is NULL, or `data` is and
 * `length` is not 0, or for a number of shards that the code does not have; WALRUS_ACCEL_MALFORMED; WALRUS_ACCEL_INVALID_METADATA for another blob's, another
 * committee's, or one whose ID does not belong to it; WALRUS_ACCEL_BLOB_TOO_LARGE;
 * WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_metadata_from_bcs(const uint8_t *data,
                                                   size_t length,
                                                   uint16_t n_shards,
                                                   const uint8_t *expected_blob_id,
                                                   struct walrus_accel_metadata **metadata,
                                                   struct walrus_accel_error **error);

/**
 * Frees metadata. Results and jobs that it was given to keep what they need. NULL is let pass.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if it was freed before; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_metadata_free(struct walrus_accel_metadata *metadata);

/**
 * Tells the blob ID.
 *
 * `id`: room for 32 bytes.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_metadata_blob_id(const struct walrus_accel_metadata *metadata,
                                                  uint8_t *blob_id,
                                                  struct walrus_accel_error **error);

/**
 * Tells the root of the tree over all pairs' roots: the network's "root hash".
 *
 * `hash`: room for 32 bytes.
 *
 * Statuses: as walrus_accel_metadata_blob_id.
 */
walrus_accel_status walrus_accel_metadata_root_hash(const struct walrus_accel_metadata *metadata,
                                                    uint8_t *root,
                                                    struct walrus_accel_error **error);

/**
 * Tells the Merkle root of one sliver. A root that the metadata leaves empty is 32 zero bytes.
 *
 * `hash`: room for 32 bytes.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or `sliver_axis` neither
 * WALRUS_ACCEL_AXIS_PRIMARY nor WALRUS_ACCEL_AXIS_SECONDARY; WALRUS_ACCEL_INVALID_HANDLE;
 * WALRUS_ACCEL_NOT_FOUND for a pair that does not exist; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_metadata_sliver_root(const struct walrus_accel_metadata *metadata,
                                                      uint32_t axis,
                                                      uint16_t pair,
                                                      uint8_t *root,
                                                      struct walrus_accel_error **error);

/**
 * Tells the commitment hash: WALRUS_ACCEL_COMMITMENT_BLAKE2B or WALRUS_ACCEL_COMMITMENT_BLAKE3.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_metadata_commitment(const struct walrus_accel_metadata *metadata,
                                                     uint32_t *commitment,
                                                     struct walrus_accel_error **error);

/**
 * Tells the shape of the encoding: number of shards, the blob's length, and all sizes that follow.
 *
 * `shape`: a structure of the caller's that WALRUS_ACCEL_SHAPE_INIT has initialised.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the structure not
 * initialised; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_metadata_shape(const struct walrus_accel_metadata *metadata,
                                                struct walrus_accel_shape *shape,
                                                struct walrus_accel_error **error);

/**
 * Writes the metadata as BCS BlobMetadataWithId. Without its first 32 bytes, the ID, that is BCS
 * BlobMetadata: the body that a storage node takes.
 *
 * `out`, `out_length`: room for exactly the bytes that walrus_accel_metadata_bcs_length tells.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the room of another
 * length; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_metadata_to_bcs(const struct walrus_accel_metadata *metadata,
                                                 uint8_t *out,
                                                 size_t out_length,
                                                 struct walrus_accel_error **error);

/**
 * Tells the length in bytes of the metadata as BCS BlobMetadataWithId. (Metadata that was computed has
 * the `metadata_length` of its shape; metadata that was read may be shorter.)
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_metadata_bcs_length(const struct walrus_accel_metadata *metadata,
                                                     size_t *length,
                                                     struct walrus_accel_error **error);

/**
 * Encodes a blob, and returns when it is done.
 *
 * `request`: read during the call, with what it points to. `control`: NULL, or a control by which other
 * threads watch and cancel the call. `encoded`: becomes the result, which the caller frees with
 * walrus_accel_encoded_free.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for a request that cannot be (a NULL where
 * something is needed, a number out of its range, buffers of other lengths or in another number than the
 * slivers have, memory that overlaps); WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_BLOB_TOO_LARGE;
 * WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_SOURCE_CHANGED; WALRUS_ACCEL_IO;
 * WALRUS_ACCEL_TARGET_EXISTS and WALRUS_ACCEL_BUSY for directories; WALRUS_ACCEL_ENGINE_UNAVAILABLE if a
 * device failed and the CPU must not go on; WALRUS_ACCEL_CALLBACK_FAILED; WALRUS_ACCEL_CANCELLED;
 * WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_encode(const struct walrus_accel_runtime *runtime,
                                        const struct walrus_accel_encode_request *request,
                                        const struct walrus_accel_control *control,
                                        struct walrus_accel_encoded **encoded,
                                        struct walrus_accel_error **error);

/**
 * Frees the result of an encoding, with the slivers that the library keeps. NULL is let pass.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if it was freed before; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_encoded_free(struct walrus_accel_encoded *encoded);

/**
 * Gives the metadata of an encoded blob.
 *
 * `metadata`: becomes the metadata, which is the caller's to free and outlives the result.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_encoded_metadata(const struct walrus_accel_encoded *encoded,
                                                  struct walrus_accel_metadata **metadata,
                                                  struct walrus_accel_error **error);

/**
 * Lends a sliver that the library keeps (WALRUS_ACCEL_SINK_LIBRARY), as BCS SliverData: the body that a
 * storage node takes.
 *
 * `data`, `length`: become the bytes and their number. The bytes are the result's, valid until that is
 * freed.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or `sliver_axis` neither
 * WALRUS_ACCEL_AXIS_PRIMARY nor WALRUS_ACCEL_AXIS_SECONDARY; WALRUS_ACCEL_INVALID_HANDLE;
 * WALRUS_ACCEL_NOT_FOUND if the pair was not chosen or the slivers went elsewhere; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_encoded_sliver(const struct walrus_accel_encoded *encoded,
                                                uint32_t axis,
                                                uint16_t pair,
                                                const uint8_t **data,
                                                size_t *length,
                                                struct walrus_accel_error **error);

/**
 * Tells the directory that the slivers were written to (WALRUS_ACCEL_SINK_DIRECTORY).
 *
 * `path`: becomes the path, which is the result's and valid until that is freed. `already_there`: becomes
 * 1 if it held exactly these files before and was left as it was, and 0 otherwise; NULL if the caller
 * does not want to know.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND if the slivers went elsewhere;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_encoded_path(const struct walrus_accel_encoded *encoded,
                                              const char **path,
                                              uint32_t *already_there,
                                              struct walrus_accel_error **error);

/**
 * Decodes a blob, and returns when it is done.
 *
 * `request`: read during the call, with what it points to. `control`: NULL, or a control by which other
 * threads watch and cancel the call. `decoded`: becomes the result, which the caller frees with
 * walrus_accel_decoded_free.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for a request that cannot be (a NULL where
 * something is needed, a number out of its range, memory of another length than the blob's or that
 * overlaps, an output file in `directory`); WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_ENOUGH_SLIVERS;
 * WALRUS_ACCEL_INCONSISTENT if the check fails with good slivers, twice, on two paths;
 * WALRUS_ACCEL_RESULTS_DIFFER if it fails on one of them alone; WALRUS_ACCEL_OUT_OF_MEMORY;
 * WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_IO;
 * WALRUS_ACCEL_ENGINE_UNAVAILABLE if a device failed and the CPU must not go on;
 * WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_decode(const struct walrus_accel_runtime *runtime,
                                        const struct walrus_accel_decode_request *request,
                                        const struct walrus_accel_control *control,
                                        struct walrus_accel_decoded **decoded,
                                        struct walrus_accel_error **error);

/**
 * Frees the result of a decoding, with the blob that the library keeps. NULL is let pass.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if it was freed before; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_decoded_free(struct walrus_accel_decoded *decoded);

/**
 * Lends the blob that the library keeps (WALRUS_ACCEL_OUTPUT_LIBRARY).
 *
 * `data`, `length`: become the bytes and their number. The bytes are the result's, valid until that is
 * freed.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND if the blob went elsewhere; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_decoded_blob(const struct walrus_accel_decoded *decoded,
                                              const uint8_t **data,
                                              size_t *length,
                                              struct walrus_accel_error **error);

/**
 * Tells the axis of the slivers that the blob was decoded from: WALRUS_ACCEL_AXIS_PRIMARY or
 * WALRUS_ACCEL_AXIS_SECONDARY.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_decoded_axis(const struct walrus_accel_decoded *decoded,
                                              uint32_t *axis,
                                              struct walrus_accel_error **error);

/**
 * Lends the numbers of the slivers that the blob was decoded from: their places in the request's array
 * (or, of a directory, among the files that have the frame of a sliver of the blob, in the order of
 * their names; of a reader, among the slivers of the axis that it keeps, in the order of their indices).
 *
 * `numbers`, `count`: become the numbers and how many there are. They are the result's, valid until that
 * is freed.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_decoded_used(const struct walrus_accel_decoded *decoded,
                                              const size_t **positions,
                                              size_t *count,
                                              struct walrus_accel_error **error);

/**
 * Lends the numbers of the slivers that were found damaged, and not used. Only a check that failed sets
 * off the search for them; walrus_accel_verify tells of all.
 *
 * `numbers`, `count`: as in walrus_accel_decoded_used.
 *
 * Statuses: as walrus_accel_decoded_used.
 */
walrus_accel_status walrus_accel_decoded_damaged(const struct walrus_accel_decoded *decoded,
                                                 const size_t **positions,
                                                 size_t *count,
                                                 struct walrus_accel_error **error);

/**
 * Verifies slivers against the metadata of their blob, or of their blobs, and returns when it is done: each
 * one's index, length, symbol size, and the Merkle root over its expanded symbols.
 *
 * `request`: read during the call, with what it points to; the verdicts are written. `control`: NULL, or
 * a control by which other threads watch and cancel the call.
 *
 * Statuses: WALRUS_ACCEL_OK, whatever the verdicts are; WALRUS_ACCEL_INVALID_ARGUMENT for a request that
 * cannot be; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT;
 * WALRUS_ACCEL_ENGINE_UNAVAILABLE if a device failed and the CPU must not go on;
 * WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_verify(const struct walrus_accel_runtime *runtime,
                                        const struct walrus_accel_verify_request *request,
                                        const struct walrus_accel_control *control,
                                        struct walrus_accel_error **error);

/**
 * Tells how many slivers a reader keeps, how many were damaged, and how many were not needed. Bytes that are
 * no sliver at all are not counted.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_reader_report_counts(const struct walrus_accel_reader_report *gathered,
                                                      size_t *kept,
                                                      size_t *damaged,
                                                      size_t *surplus,
                                                      struct walrus_accel_error **error);

/**
 * Tells of a sliver that a reader has seen. Those of an outcome are in the order of axes and indices.
 *
 * `outcome`: WALRUS_ACCEL_ADDED_KEPT or another of them. `number`: its place among those, from 0. `sliver`:
 * a structure that WALRUS_ACCEL_SEEN_SLIVER_INIT has initialised.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL, the structure not
 * initialised, or for an outcome that is none; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND beyond
 * the last; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_reader_report_get(const struct walrus_accel_reader_report *gathered,
                                                   uint32_t outcome,
                                                   size_t position,
                                                   struct walrus_accel_seen_sliver *sliver,
                                                   struct walrus_accel_error **error);

/**
 * Frees what a reader told. NULL is let pass.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if it was freed before; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_reader_report_free(struct walrus_accel_reader_report *gathered);

/**
 * Makes a reader of a blob, which has no sliver yet.
 *
 * `metadata`: the metadata of the blob, of which the reader keeps what it needs. `reader`: becomes the
 * reader, which the caller frees with walrus_accel_reader_free, and which keeps what it needs of the runtime.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_reader_new(const struct walrus_accel_runtime *runtime,
                                            const struct walrus_accel_metadata *metadata,
                                            struct walrus_accel_reader **reader,
                                            struct walrus_accel_error **error);

/**
 * Frees a reader, with the slivers that it keeps. NULL is let pass.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if it was freed before; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_reader_free(struct walrus_accel_reader *reader);

/**
 * Hands in slivers, of both axes in any order: those that are needed are verified together, which is faster
 * than one by one. What is good and needed is copied, and nothing else.
 *
 * `request`: read during the call, with what it points to; `added` is written. `control`: NULL, or a control
 * by which other threads cancel the call.
 *
 * If the call fails, `added` tells what is known nevertheless: slivers that are kept stay, and those whose
 * outcome is 0, of which nothing was found out, are to be handed in again.
 *
 * Statuses: WALRUS_ACCEL_OK, whatever became of the slivers; WALRUS_ACCEL_INVALID_ARGUMENT for a request that
 * cannot be, such as an axis that is none, or memory that overlaps; WALRUS_ACCEL_INVALID_HANDLE;
 * WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_ENGINE_UNAVAILABLE if a device failed
 * and the CPU must not go on; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_reader_add(const struct walrus_accel_reader *reader,
                                            const struct walrus_accel_reader_add_request *request,
                                            const struct walrus_accel_control *control,
                                            struct walrus_accel_error **error);

/**
 * Tells whether the blob can be read.
 *
 * `axis`: becomes the axis of which there are enough slivers, WALRUS_ACCEL_AXIS_PRIMARY or
 * WALRUS_ACCEL_AXIS_SECONDARY; 0 while there are not.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_reader_ready(const struct walrus_accel_reader *reader,
                                              uint32_t *axis,
                                              struct walrus_accel_error **error);

/**
 * Tells how many more slivers of an axis it takes until the blob can be read.
 *
 * `count`: becomes that number. If the call succeeds, 0 means that the blob can be read, be it from slivers
 * of the other axis.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or `sliver_axis` neither
 * WALRUS_ACCEL_AXIS_PRIMARY nor WALRUS_ACCEL_AXIS_SECONDARY; WALRUS_ACCEL_INVALID_HANDLE;
 * WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_reader_missing(const struct walrus_accel_reader *reader,
                                                uint32_t axis,
                                                size_t *count,
                                                struct walrus_accel_error **error);

/**
 * Tells what a reader has seen so far.
 *
 * `gathered`: becomes that, which the caller frees with walrus_accel_reader_report_free. It does not change with
 * the reader, and outlives it.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_reader_report_new(const struct walrus_accel_reader *reader,
                                                   struct walrus_accel_reader_report **gathered,
                                                   struct walrus_accel_error **error);

/**
 * Decodes the blob from the slivers that a reader keeps, and returns when it is done. They are not verified
 * again.
 *
 * `request`: read during the call, with what it points to. `control`: NULL, or a control by which other
 * threads watch and cancel the call. `decoded`: becomes the result, as that of walrus_accel_decode, which
 * the caller frees with walrus_accel_decoded_free.
 *
 * Statuses: as walrus_accel_decode; WALRUS_ACCEL_NOT_ENOUGH_SLIVERS while the reader is not ready.
 */
walrus_accel_status walrus_accel_reader_read(const struct walrus_accel_reader *reader,
                                             const struct walrus_accel_reader_read_request *request,
                                             const struct walrus_accel_control *control,
                                             struct walrus_accel_decoded **decoded,
                                             struct walrus_accel_error **error);

/**
 * Reads bytes of the blob. What lies in primary slivers that are there is copied, whether there are enough
 * slivers for the whole blob or not (walrus_accel_rows_of_range tells which ones that takes); otherwise
 * only the rows or columns that the range lies in are decoded.
 *
 * All that is used was verified, so no storage node can change a byte. That whoever encoded the blob did it
 * consistently is not checked: walrus_accel_reader_read does.
 *
 * `offset`: where the range begins. `out`, `length`: room for its bytes, and their number. Unspecified after
 * a call that failed. `control`: NULL, or a control by which other threads cancel the call.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for a range that is not all in the blob, or if a
 * pointer is NULL; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_ENOUGH_SLIVERS;
 * WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_reader_read_range(const struct walrus_accel_reader *reader,
                                                   uint64_t offset,
                                                   uint8_t *out,
                                                   size_t out_length,
                                                   const struct walrus_accel_control *control,
                                                   struct walrus_accel_error **error);

/**
 * Rebuilds slivers of a blob from others, without the blob at hand, and returns when it is done. They
 * are those of a fresh encoding: the metadata is computed anew and compared.
 *
 * `request`: read during the call, with what it points to. `control`: NULL, or a control by which other
 * threads watch and cancel the call. `encoded`: becomes the result, as that of walrus_accel_encode, which
 * the caller frees with walrus_accel_encoded_free.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for a request that cannot be;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_ENOUGH_SLIVERS; WALRUS_ACCEL_INCONSISTENT if good slivers
 * make another blob, twice, on two paths; WALRUS_ACCEL_RESULTS_DIFFER if on one of them alone;
 * WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_IO;
 * WALRUS_ACCEL_TARGET_EXISTS and WALRUS_ACCEL_BUSY for directories to write;
 * WALRUS_ACCEL_ENGINE_UNAVAILABLE if a device failed and the CPU must not go on;
 * WALRUS_ACCEL_CALLBACK_FAILED; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_rebuild(const struct walrus_accel_runtime *runtime,
                                         const struct walrus_accel_rebuild_request *request,
                                         const struct walrus_accel_control *control,
                                         struct walrus_accel_encoded **encoded,
                                         struct walrus_accel_error **error);

/**
 * Verifies recovery symbols against the metadata of their blob, and returns when it is done: strictly each
 * one's axis, target, source and size, the length of its proof, and the root that this leads to.
 *
 * `request`: read during the call, with what it points to; the verdicts are written. `control`: NULL, or
 * a control by which other threads watch and cancel the call.
 *
 * Statuses: WALRUS_ACCEL_OK, whatever the verdicts are; WALRUS_ACCEL_INVALID_ARGUMENT for a request that
 * cannot be, such as a target that does not exist; WALRUS_ACCEL_INVALID_HANDLE;
 * WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_verify_symbols(const struct walrus_accel_runtime *runtime,
                                                const struct walrus_accel_verify_symbols_request *request,
                                                const struct walrus_accel_control *control,
                                                struct walrus_accel_error **error);

/**
 * Expands a sliver to all its symbols and builds the tree over them, which tells whether it is good: no
 * symbols are given out of a sliver that was damaged.
 *
 * `request`: read during the call, with what it points to. `control`: NULL, or a control by which other
 * threads cancel the call. `expanded`: becomes the result, which the caller frees with
 * walrus_accel_expanded_free, and which keeps nothing of what was given.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for a request that cannot be;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_MALFORMED if the bytes are no BCS SliverData;
 * WALRUS_ACCEL_INVALID_SLIVER if the sliver does not belong to the metadata;
 * WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_expand(const struct walrus_accel_runtime *runtime,
                                        const struct walrus_accel_expand_request *request,
                                        const struct walrus_accel_control *control,
                                        struct walrus_accel_expanded **expanded,
                                        struct walrus_accel_error **error);

/**
 * Frees an expanded sliver. NULL is let pass.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if it was freed before; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_expanded_free(struct walrus_accel_expanded *expanded);

/**
 * Tells the axis of the sliver: WALRUS_ACCEL_AXIS_PRIMARY or WALRUS_ACCEL_AXIS_SECONDARY. Its symbols
 * recover slivers of the other one.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_expanded_axis(const struct walrus_accel_expanded *expanded,
                                               uint32_t *axis,
                                               struct walrus_accel_error **error);

/**
 * Tells the index of the sliver along its axis.
 *
 * Statuses: as walrus_accel_expanded_axis.
 */
walrus_accel_status walrus_accel_expanded_index(const struct walrus_accel_expanded *expanded,
                                                uint16_t *index,
                                                struct walrus_accel_error **error);

/**
 * Tells the Merkle root over the symbols: the one that the metadata has of the sliver.
 *
 * `hash`: room for 32 bytes.
 *
 * Statuses: as walrus_accel_expanded_axis.
 */
walrus_accel_status walrus_accel_expanded_root(const struct walrus_accel_expanded *expanded,
                                               uint8_t *root,
                                               struct walrus_accel_error **error);

/**
 * Tells the memory in bytes that an expanded sliver takes: as many symbols as there are shards, and
 * about two hashes for each.
 *
 * Statuses: as walrus_accel_expanded_axis.
 */
walrus_accel_status walrus_accel_expanded_memory(const struct walrus_accel_expanded *expanded,
                                                 size_t *bytes,
                                                 struct walrus_accel_error **error);

/**
 * Tells the length in bytes of all that walrus_accel_expanded_symbols writes, given the same.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL, for a kind that is none
 * or a target that does not exist; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_OUT_OF_MEMORY;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_expanded_symbols_length(const struct walrus_accel_expanded *expanded,
                                                         uint32_t kind,
                                                         const uint16_t *targets,
                                                         size_t target_count,
                                                         size_t *length,
                                                         struct walrus_accel_error **error);

/**
 * Writes the symbols that recover the other axis's slivers of some pairs, one behind the other.
 *
 * `kind`: WALRUS_ACCEL_SYMBOL_KIND_RECOVERY or WALRUS_ACCEL_SYMBOL_KIND_DECODING. `targets`,
 * `target_count`: the pairs, in any order. `out`, `out_length`: room for at least the bytes that
 * walrus_accel_expanded_symbols_length tells; a shape's `recovery_symbol_length`, or
 * `decoding_symbol_length`, for each target is enough. Unspecified after a call that failed. `ends`: room
 * for `target_count` numbers, each of which becomes the place in `out` behind the symbol for that target;
 * NULL if the caller does not want to know.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL, for a kind that is none,
 * a target that does not exist, a room that is too short, or memory that overlaps;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_expanded_symbols(const struct walrus_accel_expanded *expanded,
                                                  uint32_t kind,
                                                  const uint16_t *targets,
                                                  size_t target_count,
                                                  uint8_t *out,
                                                  size_t out_length,
                                                  size_t *ends,
                                                  struct walrus_accel_error **error);

/**
 * Writes the symbols of a sliver that recover the other axis's slivers of some pairs, without proofs. Nothing
 * is hashed, so that it takes less time than to expand the sliver, and whether its bytes are right is not
 * found out.
 *
 * `request`: read during the call, with what it points to; `out` is written. `control`: NULL, or a control
 * by which other threads cancel the call.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for a request that cannot be (a target that does
 * not exist, room of another length, memory that overlaps); WALRUS_ACCEL_INVALID_HANDLE;
 * WALRUS_ACCEL_MALFORMED if the bytes are no BCS SliverData; WALRUS_ACCEL_INVALID_SLIVER if its index,
 * symbol size or length cannot be those of a sliver of the blob; WALRUS_ACCEL_OUT_OF_MEMORY;
 * WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_decoding_symbols(const struct walrus_accel_runtime *runtime,
                                                  const struct walrus_accel_decoding_symbols_request *request,
                                                  const struct walrus_accel_control *control,
                                                  struct walrus_accel_error **error);

/**
 * Recovers a sliver from recovery symbols with proofs, and returns when it is done. Wrong and repeated
 * symbols are passed over, those that are not needed are not looked at. If all that are used belong to the
 * metadata and the sliver that they make does not, the result is the proof that the blob was encoded
 * inconsistently; before it says so, that was computed a second time, in another way.
 *
 * `request`: read during the call, with what it points to; its symbols are BCS GeneralRecoverySymbol.
 * `control`: NULL, or a control by which other threads cancel the call. `recovered`: becomes the result,
 * which the caller frees with walrus_accel_recovered_free.
 *
 * Statuses: WALRUS_ACCEL_OK for a sliver and for a proof; WALRUS_ACCEL_INVALID_ARGUMENT for a request that
 * cannot be, such as a target that does not exist; WALRUS_ACCEL_INVALID_HANDLE;
 * WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS (`verdicts` tell which are wrong);
 * WALRUS_ACCEL_RESULTS_DIFFER if the blob looks inconsistent in one way and not, or otherwise, in another;
 * WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_recover(const struct walrus_accel_runtime *runtime,
                                         const struct walrus_accel_recover_request *request,
                                         const struct walrus_accel_control *control,
                                         struct walrus_accel_recovered **recovered,
                                         struct walrus_accel_error **error);

/**
 * Recovers a sliver as walrus_accel_recover, from symbols without proofs: a third of the bytes or less to
 * fetch, and enough as long as all are good. If one is not, it cannot be told which.
 *
 * `request`: read during the call, with what it points to; its symbols are BCS DecodingSymbol: such as are
 * none, or of another size, or repeated do not count. Its `verdicts` tell of those that are none, and if
 * there are not enough also of those of another size or beyond the committee; no symbol without a proof is
 * found good. `control`: NULL, or a control by which other threads cancel the call. `recovered`: becomes the
 * result, always with a sliver, which the caller frees with walrus_accel_recovered_free. It does not tell
 * which symbols were used, and as refused only those whose bytes are none.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for a request that cannot be, such as a target
 * that does not exist; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS;
 * WALRUS_ACCEL_INVALID_SLIVER if the sliver that they make does not belong to the metadata: then ask for
 * symbols with proofs; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_CANCELLED;
 * WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_recover_unproven(const struct walrus_accel_runtime *runtime,
                                                  const struct walrus_accel_recover_request *request,
                                                  const struct walrus_accel_control *control,
                                                  struct walrus_accel_recovered **recovered,
                                                  struct walrus_accel_error **error);

/**
 * Frees the result of a recovery, with what it lends. NULL is let pass.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if it was freed before; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_recovered_free(struct walrus_accel_recovered *recovered);

/**
 * Tells what the symbols gave: WALRUS_ACCEL_RECOVERED_SLIVER or WALRUS_ACCEL_RECOVERED_PROOF.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_recovered_kind(const struct walrus_accel_recovered *recovered,
                                                uint32_t *kind,
                                                struct walrus_accel_error **error);

/**
 * Lends the sliver that was recovered, as BCS SliverData. It belongs to the metadata.
 *
 * `data`, `length`: become the bytes and their number. The bytes are the result's, valid until that is
 * freed.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND if the symbols gave a proof instead;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_recovered_sliver(const struct walrus_accel_recovered *recovered,
                                                  const uint8_t **data,
                                                  size_t *length,
                                                  struct walrus_accel_error **error);

/**
 * Lends the proof that the blob was encoded inconsistently, as BCS InconsistencyProof. The axis of its
 * sliver, the one that was asked for, is not in the bytes.
 *
 * `data`, `length`: as in walrus_accel_recovered_sliver.
 *
 * Statuses: as walrus_accel_recovered_sliver; WALRUS_ACCEL_NOT_FOUND if the sliver was recovered.
 */
walrus_accel_status walrus_accel_recovered_proof(const struct walrus_accel_recovered *recovered,
                                                 const uint8_t **data,
                                                 size_t *length,
                                                 struct walrus_accel_error **error);

/**
 * Lends the numbers of the symbols that were used: their places in the request's array. Those in a proof
 * are in this order. None after walrus_accel_recover_unproven.
 *
 * `numbers`, `count`: become the numbers and how many there are. They are the result's, valid until that
 * is freed.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_recovered_used(const struct walrus_accel_recovered *recovered,
                                                const size_t **positions,
                                                size_t *count,
                                                struct walrus_accel_error **error);

/**
 * Lends the numbers of the symbols that were found wrong on the way, in ascending order, and what is wrong
 * with each: those that were not needed are not looked at.
 *
 * `numbers`, `verdicts`, `count`: become the symbols' places in the request's array, for each
 * WALRUS_ACCEL_SYMBOL_MALFORMED or another of them, and how many there are. They are the result's, valid
 * until that is freed.
 *
 * Statuses: as walrus_accel_recovered_used.
 */
walrus_accel_status walrus_accel_recovered_refused(const struct walrus_accel_recovered *recovered,
                                                   const size_t **positions,
                                                   const uint8_t **verdicts,
                                                   size_t *count,
                                                   struct walrus_accel_error **error);

/**
 * Tells whether a proof shows that a blob was encoded inconsistently, and if not, why: it is of a sliver
 * that exists, has exactly as many symbols as recover one, from different slivers, all of which belong to
 * the metadata, and what they make does not. Before it says WALRUS_ACCEL_PROOF_PROVEN, all of that was
 * computed a second time, in another way.
 *
 * `request`: read during the call, with what it points to. `control`: NULL, or a control by which other
 * threads cancel the call. `verdict`: a structure of the caller's that WALRUS_ACCEL_PROOF_VERDICT_INIT has
 * initialised.
 *
 * Statuses: WALRUS_ACCEL_OK, whatever the verdict is; WALRUS_ACCEL_INVALID_ARGUMENT for a request that
 * cannot be, or a `verdict` that is NULL or not initialised; WALRUS_ACCEL_INVALID_HANDLE;
 * WALRUS_ACCEL_RESULTS_DIFFER if the two ways do not agree; WALRUS_ACCEL_OUT_OF_MEMORY;
 * WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_verify_proof(const struct walrus_accel_runtime *runtime,
                                              const struct walrus_accel_verify_proof_request *request,
                                              const struct walrus_accel_control *control,
                                              struct walrus_accel_proof_verdict *verdict,
                                              struct walrus_accel_error **error);

/**
 * Encodes many blobs, as many at once as the runtime's `max_jobs`, and returns when all are done. One
 * that fails does not keep the others from being done.
 *
 * `requests`: an array of `count`, all with the first one's struct_size; NULL with a count of 0 is an
 * empty one. Memory that different requests write to must not overlap. `control`: NULL, or a control;
 * its progress counts blobs, not bytes. `results`: room for `count` results. Unless it is NULL, all of
 * them are written, whatever status the call gives, and the caller frees their handles: if the call
 * itself cannot be, with WALRUS_ACCEL_NOT_ENDED and no handles.
 *
 * Statuses: WALRUS_ACCEL_OK if all succeeded; otherwise that of the first that failed, as
 * walrus_accel_encode gives it; of the call itself, WALRUS_ACCEL_INVALID_ARGUMENT if an array is NULL and
 * `count` is not 0, or a structure is not initialised or of another size than the first;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_encode_batch(const struct walrus_accel_runtime *runtime,
                                              const struct walrus_accel_encode_request *requests,
                                              size_t count,
                                              const struct walrus_accel_control *control,
                                              struct walrus_accel_encode_result *results,
                                              struct walrus_accel_error **error);

/**
 * Decodes many blobs, as many at once as the runtime's `max_jobs`, and returns when all are done. One
 * that fails does not keep the others from being done.
 *
 * Parameters: as walrus_accel_encode_batch.
 *
 * Statuses: as walrus_accel_encode_batch, with those that walrus_accel_decode gives.
 */
walrus_accel_status walrus_accel_decode_batch(const struct walrus_accel_runtime *runtime,
                                              const struct walrus_accel_decode_request *requests,
                                              size_t count,
                                              const struct walrus_accel_control *control,
                                              struct walrus_accel_decode_result *results,
                                              struct walrus_accel_error **error);

/**
 * Verifies a directory of slivers, as WALRUS_ACCEL_SINK_DIRECTORY writes it. Foreign files are looked for
 * among the slivers' files.
 *
 * `directory`: the directory of the blob, ended by a NUL. `quick`: 0 to verify every sliver against the
 * metadata, 1 to compare every file with the manifest, which finds damage done since it was written, as
 * fast as the files can be read. `control`: NULL, or a control by which other threads watch and cancel
 * the call. `report`: becomes what was found, which the caller frees with walrus_accel_directory_report_free.
 *
 * Statuses: WALRUS_ACCEL_OK, whatever was found; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL,
 * `quick` neither 0 nor 1, or the metadata of a number of shards that the code does not have; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_IO; WALRUS_ACCEL_MALFORMED and
 * WALRUS_ACCEL_INVALID_METADATA if there is no metadata, or manifest, to go by; WALRUS_ACCEL_BLOB_TOO_LARGE
 * if the metadata says so;
 * WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_ENGINE_UNAVAILABLE if a device
 * failed and the CPU must not go on; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_directory_verify(const struct walrus_accel_runtime *runtime,
                                                  const char *directory,
                                                  uint32_t quick,
                                                  const struct walrus_accel_control *control,
                                                  struct walrus_accel_directory_report **report,
                                                  struct walrus_accel_error **error);

/**
 * Repairs a directory of slivers: rebuilds what is missing or damaged from the rest, so that it equals a
 * fresh encoding. Foreign files are left alone. The rebuilt files take their places when all are complete.
 *
 * `directory`: the directory of the blob, ended by a NUL. `control`: NULL, or a control by which other
 * threads watch and cancel the call. `report`: becomes what was wrong (and is so no more, but for foreign
 * files), which the caller frees with walrus_accel_directory_report_free.
 *
 * Statuses: as walrus_accel_directory_verify; WALRUS_ACCEL_NOT_ENOUGH_SLIVERS;
 * WALRUS_ACCEL_INCONSISTENT if good slivers make another blob, twice, on two paths;
 * WALRUS_ACCEL_RESULTS_DIFFER if on one of them alone; WALRUS_ACCEL_BUSY.
 */
walrus_accel_status walrus_accel_directory_repair(const struct walrus_accel_runtime *runtime,
                                                  const char *directory,
                                                  const struct walrus_accel_control *control,
                                                  struct walrus_accel_directory_report **report,
                                                  struct walrus_accel_error **error);

/**
 * Tells how many files were looked at, and how many problems a report has.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_directory_report_counts(const struct walrus_accel_directory_report *report,
                                                         size_t *checked,
                                                         size_t *problems,
                                                         struct walrus_accel_error **error);

/**
 * Tells a problem of a report.
 *
 * `number`: its place, from 0. `problem`: a structure that WALRUS_ACCEL_PROBLEM_INIT has initialised.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the structure not
 * initialised; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND beyond the last; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_directory_report_get(const struct walrus_accel_directory_report *report,
                                                      size_t position,
                                                      struct walrus_accel_problem *problem,
                                                      struct walrus_accel_error **error);

/**
 * Frees a report, and with it its texts. NULL is let pass.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if it was freed before; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_directory_report_free(struct walrus_accel_directory_report *report);

/**
 * Submits an encoding, as walrus_accel_encode does it, and returns at once. It runs when fewer than the
 * runtime's `max_jobs` others do; until then it waits, in order.
 *
 * `request`: read during the call; what its structures point to is read and written until the job has
 * ended. `ended`: NULL, or called when the job has ended, with `user_data`. `job`: becomes the job, which
 * the caller frees with walrus_accel_job_free.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for a request that cannot be;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_IO for a descriptor that is not open;
 * WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC. The others that
 * walrus_accel_encode gives, walrus_accel_job_result gives.
 */
walrus_accel_status walrus_accel_submit_encode(const struct walrus_accel_runtime *runtime,
                                               const struct walrus_accel_encode_request *request,
                                               walrus_accel_ended_function ended,
                                               void *user_data,
                                               struct walrus_accel_job **job,
                                               struct walrus_accel_error **error);

/**
 * Submits a decoding, as walrus_accel_decode does it, and returns at once.
 *
 * Parameters and statuses: as walrus_accel_submit_encode.
 */
walrus_accel_status walrus_accel_submit_decode(const struct walrus_accel_runtime *runtime,
                                               const struct walrus_accel_decode_request *request,
                                               walrus_accel_ended_function ended,
                                               void *user_data,
                                               struct walrus_accel_job **job,
                                               struct walrus_accel_error **error);

/**
 * Submits the rebuilding of slivers, as walrus_accel_rebuild does it, and returns at once.
 *
 * Parameters and statuses: as walrus_accel_submit_encode.
 */
walrus_accel_status walrus_accel_submit_rebuild(const struct walrus_accel_runtime *runtime,
                                                const struct walrus_accel_rebuild_request *request,
                                                walrus_accel_ended_function ended,
                                                void *user_data,
                                                struct walrus_accel_job **job,
                                                struct walrus_accel_error **error);

/**
 * Submits the verification of slivers, as walrus_accel_verify does it, and returns at once. The verdicts
 * are there when the job has ended well.
 *
 * Parameters and statuses: as walrus_accel_submit_encode.
 */
walrus_accel_status walrus_accel_submit_verify(const struct walrus_accel_runtime *runtime,
                                               const struct walrus_accel_verify_request *request,
                                               walrus_accel_ended_function ended,
                                               void *user_data,
                                               struct walrus_accel_job **job,
                                               struct walrus_accel_error **error);

/**
 * Tells, without waiting, where a job is: WALRUS_ACCEL_JOB_QUEUED, WALRUS_ACCEL_JOB_RUNNING or
 * WALRUS_ACCEL_JOB_ENDED.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_job_poll(const struct walrus_accel_job *job,
                                          uint32_t *state,
                                          struct walrus_accel_error **error);

/**
 * Waits until a job has ended, well or not; `ended` may not have returned yet.
 *
 * `milliseconds`: the longest time to wait; WALRUS_ACCEL_FOREVER for no limit.
 *
 * Statuses: WALRUS_ACCEL_OK if it has ended; WALRUS_ACCEL_TIMED_OUT if not;
 * WALRUS_ACCEL_INVALID_ARGUMENT if `job` is NULL; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_job_wait(const struct walrus_accel_job *job,
                                          uint64_t milliseconds,
                                          struct walrus_accel_error **error);

/**
 * Tells how far a job has come: as walrus_accel_control_progress.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_job_progress(const struct walrus_accel_job *job,
                                              uint64_t *done,
                                              uint64_t *total,
                                              struct walrus_accel_error **error);

/**
 * Tells the engine that does a job, or did it: as walrus_accel_control_engine.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_job_engine(const struct walrus_accel_job *job,
                                            const char **name,
                                            struct walrus_accel_error **error);

/**
 * Asks a job to stop, and does not wait for that: it ends with WALRUS_ACCEL_CANCELLED after the piece of
 * work at hand, or at once if it waits for others. One that has ended stays as it is.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if `job` is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_job_cancel(const struct walrus_accel_job *job,
                                            struct walrus_accel_error **error);

/**
 * Tells what a job came to: the status, and the error, that the call without a job would have given.
 *
 * Statuses: those of that call; WALRUS_ACCEL_NOT_ENDED; WALRUS_ACCEL_INVALID_ARGUMENT if `job` is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_job_result(const struct walrus_accel_job *job,
                                            struct walrus_accel_error **error);

/**
 * Takes the result of a job that encoded or rebuilt, once.
 *
 * `encoded`: becomes the result, which the caller frees with walrus_accel_encoded_free, and which
 * outlives the job.
 *
 * Statuses: WALRUS_ACCEL_OK; the job's own if it failed; WALRUS_ACCEL_NOT_ENDED; WALRUS_ACCEL_NOT_FOUND
 * if it was taken before or the job has no such result; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is
 * NULL; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_job_take_encoded(const struct walrus_accel_job *job,
                                                  struct walrus_accel_encoded **encoded,
                                                  struct walrus_accel_error **error);

/**
 * Takes the result of a job that decoded, once.
 *
 * `decoded`: becomes the result, which the caller frees with walrus_accel_decoded_free, and which
 * outlives the job.
 *
 * Statuses: as walrus_accel_job_take_encoded.
 */
walrus_accel_status walrus_accel_job_take_decoded(const struct walrus_accel_job *job,
                                                  struct walrus_accel_decoded **decoded,
                                                  struct walrus_accel_error **error);

/**
 * Frees a job. One that has not ended is cancelled, and its end waited for: when this returns, nothing
 * of the caller's is looked at any more, and `ended` has returned (unless it is what calls this). NULL
 * is let pass.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if it was freed before; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_job_free(struct walrus_accel_job *job);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

/**
 * A walrus_accel_shape whose fields all have their defaults.
 */
#define WALRUS_ACCEL_SHAPE_INIT { sizeof(walrus_accel_shape), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * A walrus_accel_device whose fields all have their defaults.
 */
#define WALRUS_ACCEL_DEVICE_INIT { sizeof(walrus_accel_device), 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * A walrus_accel_runtime_options whose fields all have their defaults.
 */
#define WALRUS_ACCEL_RUNTIME_OPTIONS_INIT { sizeof(walrus_accel_runtime_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * A walrus_accel_source whose fields all have their defaults.
 */
#define WALRUS_ACCEL_SOURCE_INIT { sizeof(walrus_accel_source), 0, 0, 0, 0, 0, 0, 0 }

/**
 * A walrus_accel_sink whose fields all have their defaults.
 */
#define WALRUS_ACCEL_SINK_INIT { sizeof(walrus_accel_sink), 0, 0, 0, 0, 0, 0, 0 }

/**
 * A walrus_accel_encode_request whose fields all have their defaults.
 */
#define WALRUS_ACCEL_ENCODE_REQUEST_INIT { sizeof(walrus_accel_encode_request), 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * A walrus_accel_decode_request whose fields all have their defaults.
 */
#define WALRUS_ACCEL_DECODE_REQUEST_INIT { sizeof(walrus_accel_decode_request), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * A walrus_accel_verify_request whose fields all have their defaults.
 */
#define WALRUS_ACCEL_VERIFY_REQUEST_INIT { sizeof(walrus_accel_verify_request), 0, 0, 0, 0, 0, 0 }

/**
 * A walrus_accel_seen_sliver whose fields all have their defaults.
 */
#define WALRUS_ACCEL_SEEN_SLIVER_INIT { sizeof(walrus_accel_seen_sliver), 0, 0, 0, 0, 0 }

/**
 * A walrus_accel_reader_add_request whose fields all have their defaults.
 */
#define WALRUS_ACCEL_READER_ADD_REQUEST_INIT { sizeof(walrus_accel_reader_add_request), 0, 0, 0, 0 }

/**
 * A walrus_accel_reader_read_request whose fields all have their defaults.
 */
#define WALRUS_ACCEL_READER_READ_REQUEST_INIT { sizeof(walrus_accel_reader_read_request), 0, 0, 0, 0, 0 }

/**
 * A walrus_accel_rebuild_request whose fields all have their defaults.
 */
#define WALRUS_ACCEL_REBUILD_REQUEST_INIT { sizeof(walrus_accel_rebuild_request), 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * A walrus_accel_verify_symbols_request whose fields all have their defaults.
 */
#define WALRUS_ACCEL_VERIFY_SYMBOLS_REQUEST_INIT { sizeof(walrus_accel_verify_symbols_request), 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * A walrus_accel_expand_request whose fields all have their defaults.
 */
#define WALRUS_ACCEL_EXPAND_REQUEST_INIT { sizeof(walrus_accel_expand_request), 0, 0 }

/**
 * A walrus_accel_decoding_symbols_request whose fields all have their defaults.
 */
#define WALRUS_ACCEL_DECODING_SYMBOLS_REQUEST_INIT { sizeof(walrus_accel_decoding_symbols_request), 0, 0, 0, 0, 0, 0 }

/**
 * A walrus_accel_recover_request whose fields all have their defaults.
 */
#define WALRUS_ACCEL_RECOVER_REQUEST_INIT { sizeof(walrus_accel_recover_request), 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * A walrus_accel_verify_proof_request whose fields all have their defaults.
 */
#define WALRUS_ACCEL_VERIFY_PROOF_REQUEST_INIT { sizeof(walrus_accel_verify_proof_request), 0, 0, 0, 0, 0 }

/**
 * A walrus_accel_proof_verdict whose fields all have their defaults.
 */
#define WALRUS_ACCEL_PROOF_VERDICT_INIT { sizeof(walrus_accel_proof_verdict), 0, 0, 0 }

/**
 * A walrus_accel_problem whose fields all have their defaults.
 */
#define WALRUS_ACCEL_PROBLEM_INIT { sizeof(walrus_accel_problem), 0, 0, 0, 0 }


#endif  /* WALRUS_ACCEL_H */
