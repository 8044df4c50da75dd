/*
 * libwalrus_accel: encodes and decodes blobs of the Walrus storage network on graphics devices and
 * on the CPU. Slivers, metadata and blob IDs have exactly the network's bytes (RS2 encoding).
 *
 * tests/header.rs generates this file from include/preface.h and src/ffi/. Edit these.
 *
 *
 * TERMS
 *
 *   blob            bytes that a user stores on the network
 *   shard           storage share of a committee; it stores one sliver pair of each blob
 *   symbol          element of the matrix into which the code arranges a blob
 *   sliver          symbols of one row (primary sliver) or of one column (secondary sliver)
 *   sliver pair     the primary and the secondary sliver of one pair index
 *   axis            primary (rows) or secondary (columns)
 *   metadata        Merkle roots of all sliver pairs, length and encoding of a blob
 *   blob ID         hash that commits to the metadata
 *   expand          compute all symbols of a sliver's row or column from the sliver
 *   recover         compute a sliver (the target) from symbols of other slivers (the sources)
 *   rebuild         compute missing slivers from other slivers of the blob
 *   quilt           blob that holds many small blobs, the patches, and an index
 *   patch           small blob in a quilt, with an identifier and tags
 *   device          graphics processor with its driver
 *   runtime         engine choice, threads and memory limit, shared by jobs
 *   job             call that encodes, decodes, verifies, rebuilds or reads patches, or its work in
 *                   the background
 *
 *
 * EXAMPLE
 *
 *     walrus_accel_source source = WALRUS_ACCEL_SOURCE_INIT;
 *     walrus_accel_sink sink = WALRUS_ACCEL_SINK_INIT;
 *     walrus_accel_encode_request request = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
 *     walrus_accel_runtime *runtime = NULL;
 *     walrus_accel_encoded *encoded = NULL;
 *     walrus_accel_error *error = NULL;
 *
 *     source.kind = WALRUS_ACCEL_SOURCE_PATH;
 *     source.path = "model.bin";
 *     sink.kind = WALRUS_ACCEL_SINK_DIRECTORY;
 *     sink.path = "slivers";
 *     request.source = &source;
 *     request.sink = &sink;
 *     walrus_accel_status status = walrus_accel_runtime_new(NULL, &runtime, &error);
 *     if (status == WALRUS_ACCEL_OK) {
 *         status = walrus_accel_encode(runtime, &request, NULL, &encoded, &error);
 *     }
 *     if (status != WALRUS_ACCEL_OK) {
 *         fprintf(stderr, "%s\n", walrus_accel_error_message(error));
 *     }
 *     walrus_accel_error_free(error);
 *     walrus_accel_encoded_free(encoded);
 *     walrus_accel_runtime_free(runtime);
 *
 * A quilt of two patches, and their IDs:
 *
 *     walrus_accel_source sources[2] = { WALRUS_ACCEL_SOURCE_INIT, WALRUS_ACCEL_SOURCE_INIT };
 *     walrus_accel_quilt_entry entries[2] = {
 *         WALRUS_ACCEL_QUILT_ENTRY_INIT, WALRUS_ACCEL_QUILT_ENTRY_INIT
 *     };
 *     walrus_accel_encode_quilt_request quilt = WALRUS_ACCEL_ENCODE_QUILT_REQUEST_INIT;
 *     walrus_accel_quilt_tag tag = { "type", 4, "text/plain", 10 };
 *     walrus_accel_quilt_patch patch = WALRUS_ACCEL_QUILT_PATCH_INIT;
 *     walrus_accel_quilt_patches *patches = NULL;
 *     size_t count = 0, position;
 *
 *     sources[0].kind = WALRUS_ACCEL_SOURCE_PATH;
 *     sources[0].path = "walrus.txt";
 *     entries[0].identifier = "walrus.txt";
 *     entries[0].tags = &tag;
 *     entries[0].tag_count = 1;
 *     entries[0].source = &sources[0];
 *     sources[1].kind = WALRUS_ACCEL_SOURCE_MEMORY;
 *     sources[1].data = (const uint8_t *)"tusk";
 *     sources[1].length = 4;
 *     entries[1].identifier = "tusk.txt";
 *     entries[1].source = &sources[1];
 *     quilt.entries = entries;
 *     quilt.entry_count = 2;
 *     quilt.sink = &sink;
 *     walrus_accel_encode_quilt(runtime, &quilt, NULL, &encoded, NULL);
 *     walrus_accel_encoded_patches(encoded, &patches, NULL);
 *     walrus_accel_quilt_patches_count(patches, &count, NULL);
 *     for (position = 0; position < count; position++) {
 *         walrus_accel_quilt_patches_get(patches, position, &patch, NULL);
 *         printf("%s %s\n", patch.patch_id, patch.identifier);
 *     }
 *     walrus_accel_quilt_patches_free(patches);
 *
 * The content of a patch, from the directory of the quilt, with the patch alone:
 *
 *     walrus_accel_quilt_reader_request from = WALRUS_ACCEL_QUILT_READER_REQUEST_INIT;
 *     walrus_accel_quilt_reader_read_request read = WALRUS_ACCEL_QUILT_READER_READ_REQUEST_INIT;
 *     walrus_accel_quilt_reader *reader = NULL;
 *     walrus_accel_quilt_content *content = NULL;
 *
 *     from.metadata = metadata;
 *     from.directory = directory;
 *     walrus_accel_quilt_reader_new(runtime, &from, NULL, &reader, NULL);
 *     walrus_accel_quilt_reader_patch_by_id(reader, patch_id, NULL, &patches, NULL);
 *     read.patches = patches;
 *     read.output_kind = WALRUS_ACCEL_OUTPUT_FILE;
 *     read.output_path = "tusk.txt";
 *     walrus_accel_quilt_reader_read(reader, &read, NULL, &content, NULL);
 *     walrus_accel_quilt_content_free(content);
 *     walrus_accel_quilt_patches_free(patches);
 *     walrus_accel_quilt_reader_free(reader);
 *
 * bindings/c/ has whole programs.
 *
 *
 * CONVENTIONS
 *
 * Statuses. A function that can fail returns a walrus_accel_status: 0 (WALRUS_ACCEL_OK) or a
 * negative number. The comment of the function lists the statuses. A function that ends in _free
 * returns a status too, which the caller may ignore.
 *
 * Errors. The last parameter of a function that can fail, `error`, is NULL, or a place for an error
 * object. The function sets it to NULL on success, and on failure to an error that the caller frees
 * with walrus_accel_error_free. Read the error after the call has returned, not in the same
 * argument list. There is no "last error" of a thread.
 *
 * Outputs. Output parameters must not be NULL unless the function says so. On failure, every output
 * parameter is set to NULL or zero, and every output structure is empty; the content of a buffer
 * that receives bytes or text is then unspecified. Functions that report on
 * many objects are the exception: the batches, walrus_accel_reader_add, and the verdicts of
 * walrus_accel_recover and walrus_accel_verify keep the results that were known before the failure.
 *
 * Handles. A runtime, a control, metadata, a result, an expanded sliver, a reader, a quilt reader,
 * a list of patches, a job, a device list, a report and an error are handles. The caller owns each
 * handle that a function returns, and frees it once with the _free function of its type. Every
 * _free function ignores NULL. The library recognises a handle that was freed or is of another
 * type, and returns WALRUS_ACCEL_INVALID_HANDLE, unless another handle of the same type has the
 * same address by then.
 *
 * Threads. `const T *` may be shared: all threads may call functions with it at the same time. `T
 * *`, which _free functions and output parameters take, belongs to one thread: no other call may
 * use it at the same time. No function depends on the thread that calls it. A call that encodes,
 * decodes, rebuilds or verifies slivers, or that reads patches, blocks; the walrus_accel_submit_
 * functions run the same work as a job. walrus_accel_expand, walrus_accel_decoding_symbols,
 * walrus_accel_recover, walrus_accel_recover_unproven, walrus_accel_verify_symbols,
 * walrus_accel_verify_proof, the batches, the functions on directories and readers, and the
 * functions that find patches have no such variants: call them from your own threads, many at the
 * same time. The library stays loaded after dlclose.
 *
 * Memory. Input memory is borrowed for the call, and the library keeps no pointer to it after the
 * call. A job borrows the bytes of blobs and slivers, output buffers and the `user_data` of
 * callbacks until the job has ended; it reads structures, arrays and paths only while it is
 * submitted. A quilt reader borrows the bytes of its slivers or blob, and the `user_data` of its
 * callback, until it is freed and its jobs have ended. Memory that the library lends (a sliver, a
 * blob, a text) is valid until the handle that lends it is freed. Memory that a call writes must
 * not overlap with other memory of the call. (NULL, 0) is an empty buffer.
 *
 * Structures. A structure that begins with struct_size is initialised with its _INIT macro. Fields
 * that the caller does not set then have their defaults. Later versions append fields at the end: a
 * newer library takes missing fields as zero, and an older library refuses unknown fields that are
 * not zero. A structure without struct_size never changes; a later version may give a meaning to
 * its reserved fields.
 *
 * Numbers. Lengths and sizes are in bytes: uint64_t for blobs, size_t for memory. Numbers of
 * shards, pairs and indices along an axis are uint16_t. A position is an index in an array or a
 * list, from 0. A choice is one of the macros that the field names; 0 is the default where there is
 * a default.
 *
 * Callbacks. The library calls them from any thread, including the calling thread. It makes one
 * call of a callback at a time per request; if several requests share a callback, their calls may
 * run at the same time. A callback must not unwind, jump out or call the library, unless its type
 * says so. A callback that blocks holds up a thread of the runtime, and can hold up the runtime's
 * other jobs: it must not wait for one of these jobs.
 *
 * Forks. A process may fork while its threads are in calls; no call in the child waits for these
 * threads. The child makes its own runtime. The parent's runtimes, controls, readers, quilt readers
 * and jobs are invalid in the child: every function returns WALRUS_ACCEL_INVALID_HANDLE for them at
 * once, except for the _free functions, which do nothing and return WALRUS_ACCEL_OK. All other
 * handles are memory, of which the child has a copy. Device drivers have locks of their own: the
 * child of a process that used or looked for a device takes WALRUS_ACCEL_ENGINE_CPU.
 *
 * Signals. The library handles no signal and changes no handler. A write beyond a limit on the size
 * of files raises SIGXFSZ, which ends the process by default. A program with such a limit ignores
 * SIGXFSZ; the write then fails with WALRUS_ACCEL_IO.
 *
 * Faults. A fault (a panic) in the library becomes WALRUS_ACCEL_PANIC, and poisons its runtime,
 * which can then only be freed. The library prints nothing (device drivers may) and never exits the
 * process.
 *
 * Missing memory. If the system has no memory or starts no thread, a call returns
 * WALRUS_ACCEL_OUT_OF_MEMORY or WALRUS_ACCEL_ENGINE_UNAVAILABLE, or does without. The process is
 * aborted only if there is no memory for one of the following:
 *   - an allocation of less than 4 KiB: handles, messages, tree nodes, queued jobs;
 *   - the tables of the field, 128 KiB each, when the first runtime is made; with an instruction
 *     set for which the library has no kernels of its own (portable, ssse3, neon), other tables of
 *     up to 8 MiB;
 *   - the working memory of the engine `reference`, which also verifies that a blob is
 *     inconsistent;
 *   - the memory that a device driver and its interface take on the host.
 *
 * Build. Faults and missing memory become statuses by unwinding inside the library; no unwinding
 * leaves a function of this header. The shipped library is built with unwinding. A library that is
 * built with panic = "abort" aborts the process instead, in both cases.
 */


#ifndef WALRUS_ACCEL_H
#define WALRUS_ACCEL_H

#include <stddef.h>
#include <stdint.h>

/**
 * Version of this header. walrus_accel_version returns the version of the library.
 */
#define WALRUS_ACCEL_VERSION "0.1.0"
#define WALRUS_ACCEL_VERSION_MAJOR 0
#define WALRUS_ACCEL_VERSION_MINOR 1
#define WALRUS_ACCEL_VERSION_PATCH 0


/**
 * Version of the binary interface. It changes when a program built against this header cannot use
 * a library of another version. Fields appended to structures do not change it.
 */
#define WALRUS_ACCEL_ABI_VERSION 1

/**
 * Success.
 */
#define WALRUS_ACCEL_OK 0

/**
 * An argument is NULL, out of range, of the wrong length, or contradicts another argument.
 */
#define WALRUS_ACCEL_INVALID_ARGUMENT (-1)

/**
 * A handle was freed, or is no handle of the expected type.
 */
#define WALRUS_ACCEL_INVALID_HANDLE (-2)

/**
 * The blob is too long for the number of shards.
 */
#define WALRUS_ACCEL_BLOB_TOO_LARGE (-3)

/**
 * The system has no memory, or a size is beyond the address space.
 */
#define WALRUS_ACCEL_OUT_OF_MEMORY (-4)

/**
 * The job does not fit the memory limit of the runtime or of its device.
 */
#define WALRUS_ACCEL_MEMORY_LIMIT (-5)

/**
 * The bytes are not of the expected structure.
 */
#define WALRUS_ACCEL_MALFORMED (-6)

/**
 * The metadata contradicts the blob ID, the committee or itself.
 */
#define WALRUS_ACCEL_INVALID_METADATA (-7)

/**
 * Too few slivers are usable to decode the blob.
 */
#define WALRUS_ACCEL_NOT_ENOUGH_SLIVERS (-8)

/**
 * The decoded blob contradicts the metadata: the blob was encoded inconsistently.
 */
#define WALRUS_ACCEL_INCONSISTENT (-9)

/**
 * The source changed while it was read.
 */
#define WALRUS_ACCEL_SOURCE_CHANGED (-10)

/**
 * A read or a write failed.
 */
#define WALRUS_ACCEL_IO (-11)

/**
 * The target exists and has other content.
 */
#define WALRUS_ACCEL_TARGET_EXISTS (-12)

/**
 * Another process works on the same target.
 */
#define WALRUS_ACCEL_BUSY (-13)

/**
 * The chosen engine, device or instruction set is unavailable.
 */
#define WALRUS_ACCEL_ENGINE_UNAVAILABLE (-14)

/**
 * A callback of the caller reported a failure.
 */
#define WALRUS_ACCEL_CALLBACK_FAILED (-15)

/**
 * A control, a job handle or a callback cancelled the job.
 */
#define WALRUS_ACCEL_CANCELLED (-16)

/**
 * The job has not ended yet.
 */
#define WALRUS_ACCEL_NOT_ENDED (-17)

/**
 * The time limit of the wait expired before the job ended.
 */
#define WALRUS_ACCEL_TIMED_OUT (-18)

/**
 * The object does not exist: a sliver that was not chosen, a result of another kind.
 */
#define WALRUS_ACCEL_NOT_FOUND (-19)

/**
 * A fault in the library. The runtime in which it happened can only be freed.
 */
#define WALRUS_ACCEL_PANIC (-20)

/**
 * An earlier fault poisoned the runtime, which can only be freed.
 */
#define WALRUS_ACCEL_POISONED (-21)

/**
 * A failure of a kind that has no status in this version.
 */
#define WALRUS_ACCEL_OTHER (-22)

/**
 * Too few recovery symbols are usable to recover the sliver.
 */
#define WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS (-23)

/**
 * A sliver contradicts the metadata of its blob where a valid sliver is needed.
 */
#define WALRUS_ACCEL_INVALID_SLIVER (-24)

/**
 * A result that would accuse the encoder of the blob was computed a second time, in another way,
 * and the results differ. The library or the machine is wrong; draw no conclusion from the result.
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
 * Hashes the source rows of the decoded blob and compares the roots with the metadata. No wrong
 * blob passes.
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
 * A device with its own memory.
 */
#define WALRUS_ACCEL_DEVICE_DISCRETE 1

/**
 * A device that shares the CPU's memory.
 */
#define WALRUS_ACCEL_DEVICE_INTEGRATED 2

/**
 * A part of a device, assigned to a virtual machine.
 */
#define WALRUS_ACCEL_DEVICE_VIRTUAL 3

/**
 * A device whose driver does not report its kind.
 */
#define WALRUS_ACCEL_DEVICE_OTHER 4

/**
 * A software device: a driver that computes on the CPU, correct and slow. The library uses it only
 * if it is named, or if WALRUS_ACCEL_ALLOW_SOFTWARE=1 is in the environment.
 */
#define WALRUS_ACCEL_DEVICE_SOFTWARE 5

/**
 * Number of shards of the network's committee: the meaning of `n_shards` 0.
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
 * The blob is behind an open file descriptor: `descriptor`.
 */
#define WALRUS_ACCEL_SOURCE_DESCRIPTOR 3

/**
 * A callback reads the blob: `length`, `read`, `user_data`.
 */
#define WALRUS_ACCEL_SOURCE_CALLBACK 4

/**
 * No sliver is kept. The result has metadata and blob ID.
 */
#define WALRUS_ACCEL_SINK_NONE 0

/**
 * The library keeps the slivers: walrus_accel_encoded_sliver lends them.
 */
#define WALRUS_ACCEL_SINK_LIBRARY 1

/**
 * The slivers are written to buffers of the caller: `buffers`, `buffer_count`.
 */
#define WALRUS_ACCEL_SINK_BUFFERS 2

/**
 * The slivers are written to a directory as files: `path`, `replace`.
 */
#define WALRUS_ACCEL_SINK_DIRECTORY 3

/**
 * A callback takes the slivers in pieces: `write`, `user_data`.
 */
#define WALRUS_ACCEL_SINK_CALLBACK 4

/**
 * The library keeps the blob: walrus_accel_decoded_blob lends it, and
 * walrus_accel_quilt_content_bytes the content of a patch.
 */
#define WALRUS_ACCEL_OUTPUT_LIBRARY 0

/**
 * The blob is written to a buffer of the caller: `output`, `output_length`.
 */
#define WALRUS_ACCEL_OUTPUT_MEMORY 1

/**
 * The blob is written to a file, which gets its name when it is complete: `output_path`.
 */
#define WALRUS_ACCEL_OUTPUT_FILE 2

/**
 * The sliver belongs to the metadata.
 */
#define WALRUS_ACCEL_SLIVER_GOOD 0

/**
 * The bytes are no BCS SliverData.
 */
#define WALRUS_ACCEL_SLIVER_MALFORMED 1

/**
 * The index of the sliver is beyond the committee.
 */
#define WALRUS_ACCEL_SLIVER_WRONG_INDEX 2

/**
 * The sliver has symbols of another size, or another number of symbols, than the slivers of the
 * blob.
 */
#define WALRUS_ACCEL_SLIVER_WRONG_SIZE 3

/**
 * The Merkle root of the expanded sliver differs from the root in the metadata: the bytes or the
 * axis are wrong.
 */
#define WALRUS_ACCEL_SLIVER_WRONG_ROOT 4

/**
 * The sliver is good, and the reader keeps a copy of it.
 */
#define WALRUS_ACCEL_ADDED_KEPT 1

/**
 * The sliver is not needed: the reader has enough slivers, or has this sliver. It may not have
 * been verified.
 */
#define WALRUS_ACCEL_ADDED_SURPLUS 2

/**
 * The sliver does not belong to the blob.
 */
#define WALRUS_ACCEL_ADDED_DAMAGED 3

/**
 * The symbol belongs to the metadata, at the place that it claims. (The value 0 is no verdict: the
 * symbol was not checked.)
 */
#define WALRUS_ACCEL_SYMBOL_GOOD 1

/**
 * The bytes are no symbol of the expected kind.
 */
#define WALRUS_ACCEL_SYMBOL_MALFORMED 2

/**
 * The symbol recovers a sliver of the other axis.
 */
#define WALRUS_ACCEL_SYMBOL_WRONG_AXIS 3

/**
 * The symbol recovers another sliver.
 */
#define WALRUS_ACCEL_SYMBOL_WRONG_TARGET 4

/**
 * The symbol claims a source sliver beyond the committee.
 */
#define WALRUS_ACCEL_SYMBOL_WRONG_SOURCE 5

/**
 * The symbol has another size than the symbols of the blob.
 */
#define WALRUS_ACCEL_SYMBOL_WRONG_SIZE 6

/**
 * The Merkle proof does not have the length of the path to the root.
 */
#define WALRUS_ACCEL_SYMBOL_WRONG_PATH_LENGTH 7

/**
 * The Merkle proof does not lead to the root of the source sliver.
 */
#define WALRUS_ACCEL_SYMBOL_WRONG_PROOF 8

/**
 * Symbol with the Merkle proof that leads to its sliver's root: BCS GeneralRecoverySymbol.
 */
#define WALRUS_ACCEL_SYMBOL_KIND_RECOVERY 0

/**
 * Symbol without a Merkle proof: BCS DecodingSymbol.
 */
#define WALRUS_ACCEL_SYMBOL_KIND_DECODING 1

/**
 * The sliver was recovered: walrus_accel_recovered_sliver lends it.
 */
#define WALRUS_ACCEL_RECOVERED_SLIVER 1

/**
 * The blob was encoded inconsistently: walrus_accel_recovered_proof lends the inconsistency proof.
 */
#define WALRUS_ACCEL_RECOVERED_PROOF 2

/**
 * The symbols belong to the metadata, and the sliver that they recover does not: the blob was
 * encoded inconsistently.
 */
#define WALRUS_ACCEL_PROOF_PROVEN 1

/**
 * The bytes are no BCS InconsistencyProof.
 */
#define WALRUS_ACCEL_PROOF_MALFORMED 2

/**
 * The target is beyond the committee.
 */
#define WALRUS_ACCEL_PROOF_WRONG_TARGET 3

/**
 * The number of symbols differs from the number that recovers a sliver.
 */
#define WALRUS_ACCEL_PROOF_WRONG_COUNT 4

/**
 * Two symbols come from one sliver. `symbol` is the position of the second symbol.
 */
#define WALRUS_ACCEL_PROOF_REPEATED_SOURCE 5

/**
 * A symbol does not belong to the metadata. `symbol` is its position, and `symbol_verdict` the
 * reason.
 */
#define WALRUS_ACCEL_PROOF_WRONG_SYMBOL 6

/**
 * The sliver that the symbols recover belongs to the metadata: the proof shows no inconsistency.
 */
#define WALRUS_ACCEL_PROOF_CONSISTENT 7

/**
 * Length of the text of a patch ID in bytes: 50 characters, and a NUL.
 */
#define WALRUS_ACCEL_QUILT_PATCH_ID_TEXT_LENGTH 51

/**
 * The file is missing.
 */
#define WALRUS_ACCEL_PROBLEM_MISSING 1

/**
 * The file has wrong content.
 */
#define WALRUS_ACCEL_PROBLEM_DAMAGED 2

/**
 * The file does not belong to the directory.
 */
#define WALRUS_ACCEL_PROBLEM_FOREIGN 3

/**
 * The job waits for other jobs to end.
 */
#define WALRUS_ACCEL_JOB_QUEUED 0

/**
 * The job runs.
 */
#define WALRUS_ACCEL_JOB_RUNNING 1

/**
 * The job has ended, with or without success.
 */
#define WALRUS_ACCEL_JOB_ENDED 2

/**
 * Time limit of a wait without limit.
 */
#define WALRUS_ACCEL_FOREVER UINT64_MAX

/**
 * Observes and cancels one call, from any thread. Make it before the call, pass it to the call,
 * and free it after the call.
 */
typedef struct walrus_accel_control walrus_accel_control;

/**
 * Result of decoding: the positions of the used and of the damaged slivers, and the blob if the
 * library keeps it. Immutable, so that threads can share it.
 */
typedef struct walrus_accel_decoded walrus_accel_decoded;

/**
 * List of the devices at the time of walrus_accel_devices_list. Immutable, so that threads can
 * share it.
 */
typedef struct walrus_accel_devices walrus_accel_devices;

/**
 * Problems that were found in a directory of slivers. Immutable, so that threads can share it.
 */
typedef struct walrus_accel_directory_report walrus_accel_directory_report;

/**
 * Result of encoding or rebuilding: the metadata, the slivers if the library keeps them, and the
 * patches of a quilt. Immutable, so that threads can share it.
 */
typedef struct walrus_accel_encoded walrus_accel_encoded;

/**
 * Error object: a status and a message that names the value, the limit and the next step.
 *
 * A function with a parameter `error` sets it to NULL on success, and on failure to an error that
 * the caller frees with walrus_accel_error_free. Pass NULL for `error` to get the status alone.
 */
typedef struct walrus_accel_error walrus_accel_error;

/**
 * Expanded sliver: all symbols of a sliver's codeword, and their Merkle tree. Each symbol helps to
 * recover a sliver of the other axis. With an expanded sliver at hand, serving a symbol costs a
 * copy. Immutable, so that threads can share it.
 */
typedef struct walrus_accel_expanded walrus_accel_expanded;

/**
 * Work that runs while its caller does something else. All functions on a job may run on all
 * threads at the same time, except for walrus_accel_job_free, which must run alone.
 *
 * A job borrows the memory that its request points to until the job has ended: the bytes of blobs
 * and slivers, buffers, and the `user_data` of callbacks. The request itself, its structures, its
 * arrays of pairs, buffers and slivers, and its paths may be freed when the function that submits
 * the job returns.
 */
typedef struct walrus_accel_job walrus_accel_job;

/**
 * Verified metadata of a blob: the blob ID, the commitment, the length of the blob, and the Merkle
 * roots of all slivers. Immutable, so that threads can share it.
 */
typedef struct walrus_accel_metadata walrus_accel_metadata;

/**
 * Result of reading a patch: the length of the content, and the content if the library keeps it.
 * Immutable, so that threads can share it.
 */
typedef struct walrus_accel_quilt_content walrus_accel_quilt_content;

/**
 * List of patches of one quilt, in the order of the quilt: by the bytes of their identifiers.
 * Immutable, so that threads can share it.
 */
typedef struct walrus_accel_quilt_patches walrus_accel_quilt_patches;

/**
 * Finds and reads the patches of a quilt. A reader reads the index once, and of a patch only the
 * columns that hold it. Each column that comes from slivers is verified against the metadata
 * before it is used, so that no storage node can change a patch. All functions on a quilt reader
 * may run on all threads at the same time, except for walrus_accel_quilt_reader_free, which must
 * run alone.
 */
typedef struct walrus_accel_quilt_reader walrus_accel_quilt_reader;

/**
 * Collects the slivers of a blob until one axis has enough of them to decode the blob. A reader
 * verifies each sliver once; it reports damaged and surplus slivers, and does not keep them. All
 * functions on a reader may run on all threads at the same time, except for
 * walrus_accel_reader_free, which must run alone.
 */
typedef struct walrus_accel_reader walrus_accel_reader;

/**
 * Slivers that a reader has seen: kept, damaged and surplus slivers, each by the axis and index
 * that it claims. Immutable, so that threads can share it.
 */
typedef struct walrus_accel_reader_report walrus_accel_reader_report;

/**
 * Result of a recovery: a sliver, or the proof that the blob is inconsistent. Immutable, so that
 * threads can share it.
 */
typedef struct walrus_accel_recovered walrus_accel_recovered;

/**
 * Engine choice, threads, device and memory limit, shared by jobs. A runtime takes some
 * milliseconds to make, and has as many threads as the machine has cores. Make one, share it
 * between all threads, and keep it for the life of the process.
 */
typedef struct walrus_accel_runtime walrus_accel_runtime;

/**
 * Result of a call: WALRUS_ACCEL_OK, or a negative number for the kind of failure. The values
 * never change; later versions may add statuses.
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
     * Length of the bytes before the symbols of a primary sliver in BCS SliverData. Encoding to
     * buffers is fastest if the symbols of each sliver begin at a multiple of 64 bytes.
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
     * Length of a symbol without a Merkle proof, as BCS DecodingSymbol. 0 if the library is older
     * than this field.
     */
    uint32_t decoding_symbol_length;
    /**
     * Greatest length of a symbol with its Merkle proof, as BCS GeneralRecoverySymbol. A proof
     * with empty nodes is shorter. 0 if the library is older than this field.
     */
    uint32_t recovery_symbol_length;
} walrus_accel_shape;

/**
 * Device. The texts are UTF-8, and valid until the list is freed.
 */
typedef struct walrus_accel_device {
    /**
     * sizeof(walrus_accel_device): WALRUS_ACCEL_DEVICE_INIT sets it.
     */
    size_t struct_size;
    /**
     * Number of the device, which the option `device` of a runtime takes as text.
     */
    uint64_t index;
    /**
     * Size in bytes of the device's largest memory; 0 if the driver does not report it.
     */
    uint64_t memory;
    /**
     * Name of the device.
     */
    const char *name;
    /**
     * Interface to the device: "vulkan", "metal" or "dx12".
     */
    const char *backend;
    /**
     * Name and version of the driver.
     */
    const char *driver;
    /**
     * Address on the PCI bus; empty if the driver does not report it.
     */
    const char *bus;
    /**
     * Reason why the device is unusable; NULL for a usable device.
     */
    const char *unusable;
    /**
     * Kind of the device: WALRUS_ACCEL_DEVICE_DISCRETE or another WALRUS_ACCEL_DEVICE_ value.
     */
    uint32_t kind;
    /**
     * Zero.
     */
    uint32_t reserved;
} walrus_accel_device;

/**
 * Options of a runtime. Zero or NULL is the default of each option.
 */
typedef struct walrus_accel_runtime_options {
    /**
     * sizeof(walrus_accel_runtime_options): WALRUS_ACCEL_RUNTIME_OPTIONS_INIT sets it.
     */
    size_t struct_size;
    /**
     * Engine: WALRUS_ACCEL_ENGINE_AUTO or another WALRUS_ACCEL_ENGINE_ value.
     */
    uint32_t engine;
    /**
     * Number of the engine's worker threads, at most 1,024; 0 for one per core. The engine starts
     * fewer threads if more are of no use (16, or four per core), or if the system gives no more.
     */
    uint32_t threads;
    /**
     * Memory limit in bytes: working memory of each job and each call; 0 for 1 GiB. Concurrent
     * jobs and calls each take up to this much. The caller's memory and the results come on top. A
     * narrow limit costs time.
     */
    uint64_t memory;
    /**
     * Limit in bytes of the memory that the library takes on a device; 0 for half of the device's
     * memory.
     */
    uint64_t device_memory;
    /**
     * Device: its number, or a part of its name, as walrus_accel_devices_get gives them. NULL for
     * the device that the environment variable WALRUS_ACCEL_DEVICE names, or else the most capable
     * device.
     */
    const char *device;
    /**
     * Name of an instruction set, such as "portable" or "avx2". NULL for the set that the
     * environment variable WALRUS_ACCEL_ISA names, or else the fastest set.
     */
    const char *instruction_set;
    /**
     * Number of jobs, and of blobs of a batch, that run at once; 0 for 2. Further jobs wait in
     * order. Other blocking calls do not count.
     */
    uint32_t max_jobs;
    /**
     * 1: a job whose device fails ends with an error. 0: the CPU continues the job.
     */
    uint32_t no_cpu_fallback;
    /**
     * 1: the results of a device are not checked. 0: they are checked.
     */
    uint32_t no_device_check;
    /**
     * Zero.
     */
    uint32_t reserved;
} walrus_accel_runtime_options;

/**
 * Reads bytes of a blob: fills `out` with the `out_length` bytes from `offset` on. The range lies
 * inside the blob.
 *
 * Returns 0 on success; a positive number to stop the job with WALRUS_ACCEL_CANCELLED; a negative
 * number to fail the job with WALRUS_ACCEL_CALLBACK_FAILED.
 *
 * The ranges of the calls come in no particular order, and may repeat. See "Callbacks" at the top
 * of this header.
 */
typedef int32_t (*walrus_accel_read_function)(uint64_t offset,
                                              uint8_t *out,
                                              size_t out_length,
                                              void *user_data);

/**
 * Source of a blob. The bytes of the blob must not change until the call or the job has ended.
 */
typedef struct walrus_accel_source {
    /**
     * sizeof(walrus_accel_source): WALRUS_ACCEL_SOURCE_INIT sets it.
     */
    size_t struct_size;
    /**
     * Kind of the source: WALRUS_ACCEL_SOURCE_MEMORY or another WALRUS_ACCEL_SOURCE_ value. The
     * call reads only the fields that the kind names.
     */
    uint32_t kind;
    /**
     * File descriptor. It stays the caller's, who may close it when the call, or the call that
     * submits the job, returns. A regular file is read by position, from its beginning, and keeps
     * its offset. Anything else, such as a pipe, may be non-blocking, and is read to its end into
     * a temporary file. Not supported on Windows.
     */
    int32_t descriptor;
    /**
     * Bytes of the blob; NULL if the blob is empty.
     */
    const uint8_t *data;
    /**
     * Length of the blob in bytes.
     */
    uint64_t length;
    /**
     * Path of the file, ended by a NUL: any bytes on Unix, UTF-8 elsewhere.
     */
    const char *path;
    /**
     * Function that reads the blob.
     */
    walrus_accel_read_function read;
    /**
     * Argument of `read`.
     */
    void *user_data;
} walrus_accel_source;

/**
 * Buffer of the caller for one sliver.
 */
typedef struct walrus_accel_buffer {
    /**
     * First byte of the buffer.
     */
    uint8_t *data;
    /**
     * Length in bytes: exactly the length of the sliver as BCS SliverData, which
     * walrus_accel_shape_compute returns.
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
 * Returns 0 on success; a positive number to stop the job with WALRUS_ACCEL_CANCELLED; a negative
 * number to fail the job with WALRUS_ACCEL_CALLBACK_FAILED.
 *
 * The pieces of all slivers come in no particular order, do not overlap, and cover the slivers. A
 * source's `read` may run at the same time. See "Callbacks" at the top of this header.
 */
typedef int32_t (*walrus_accel_write_function)(const struct walrus_accel_piece *piece,
                                               void *user_data);

/**
 * Destination of the slivers of the chosen pairs. The buffers must stay valid until the call or
 * the job has ended. After a failure, the content of the buffers is unspecified, and a directory
 * has nothing of the failed job.
 */
typedef struct walrus_accel_sink {
    /**
     * sizeof(walrus_accel_sink): WALRUS_ACCEL_SINK_INIT sets it.
     */
    size_t struct_size;
    /**
     * Kind of the sink: WALRUS_ACCEL_SINK_LIBRARY or another WALRUS_ACCEL_SINK_ value. The call
     * reads only the fields that the kind names. The kinds that name none refuse pointers.
     */
    uint32_t kind;
    /**
     * 1: replaces a directory of the blob that has other content. 0: refuses it.
     */
    uint32_t replace;
    /**
     * Buffers: for each chosen pair in ascending order, a buffer for the primary sliver and a
     * buffer for the secondary sliver.
     */
    const struct walrus_accel_buffer *buffers;
    /**
     * Number of buffers: twice the number of chosen pairs.
     */
    size_t buffer_count;
    /**
     * Parent directory, ended by a NUL: any bytes on Unix, UTF-8 elsewhere. The call makes a
     * directory there that is named by the blob ID, either complete or not at all.
     */
    const char *path;
    /**
     * Function that takes pieces.
     */
    walrus_accel_write_function write;
    /**
     * Argument of `write`.
     */
    void *user_data;
} walrus_accel_sink;

/**
 * Request to encode a blob. Fields that are zero have their defaults.
 */
typedef struct walrus_accel_encode_request {
    /**
     * sizeof(walrus_accel_encode_request): WALRUS_ACCEL_ENCODE_REQUEST_INIT sets it.
     */
    size_t struct_size;
    /**
     * Source of the blob.
     */
    const struct walrus_accel_source *source;
    /**
     * Destination of the slivers; NULL for metadata and blob ID alone.
     */
    const struct walrus_accel_sink *sink;
    /**
     * Pairs whose slivers go to the sink, with WALRUS_ACCEL_PAIRS_LISTED. Repeated pairs count
     * once. The metadata always covers all pairs.
     */
    const uint16_t *pairs;
    /**
     * Length of `pairs`.
     */
    size_t pair_count;
    /**
     * Commitment: WALRUS_ACCEL_COMMITMENT_BLAKE2B, the network's, or
     * WALRUS_ACCEL_COMMITMENT_BLAKE3.
     */
    uint32_t commitment;
    /**
     * Chosen pairs: WALRUS_ACCEL_PAIRS_ALL, or WALRUS_ACCEL_PAIRS_LISTED for the pairs in `pairs`.
     */
    uint32_t pair_choice;
    /**
     * Number of shards; 0 for the network's 1,000.
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
 * Sliver in memory.
 */
typedef struct walrus_accel_sliver {
    /**
     * BCS SliverData of the sliver, as a storage node serves it.
     */
    const uint8_t *data;
    /**
     * Length of `data` in bytes.
     */
    size_t length;
    /**
     * Axis of the sliver, which the bytes do not have: WALRUS_ACCEL_AXIS_PRIMARY or
     * WALRUS_ACCEL_AXIS_SECONDARY.
     */
    uint32_t axis;
} walrus_accel_sliver;

/**
 * Request to decode a blob. Fields that are zero have their defaults. The bytes of the slivers
 * must not change until the call or the job has ended.
 */
typedef struct walrus_accel_decode_request {
    /**
     * sizeof(walrus_accel_decode_request): WALRUS_ACCEL_DECODE_REQUEST_INIT sets it.
     */
    size_t struct_size;
    /**
     * Metadata of the blob. The caller may free it when the call, or the call that submits the
     * job, returns.
     */
    const struct walrus_accel_metadata *metadata;
    /**
     * Slivers in memory, in any order. Slivers that do not have the shape of the blob, and
     * repeated slivers, are skipped. Surplus slivers are ignored.
     */
    const struct walrus_accel_sliver *slivers;
    /**
     * Length of `slivers`.
     */
    size_t sliver_count;
    /**
     * Directory of slivers, instead of slivers in memory: a directory that
     * WALRUS_ACCEL_SINK_DIRECTORY wrote, or what is left of it. Only the files in its `pairs` are
     * read.
     */
    const char *directory;
    /**
     * Axis whose slivers are used, or WALRUS_ACCEL_AXIS_ANY.
     */
    uint32_t axis;
    /**
     * Check of the decoded blob: WALRUS_ACCEL_CHECK_DEFAULT or another WALRUS_ACCEL_CHECK_ value.
     */
    uint32_t check;
    /**
     * Kind of the output: WALRUS_ACCEL_OUTPUT_LIBRARY or another WALRUS_ACCEL_OUTPUT_ value. The
     * call reads only the fields that the kind names. WALRUS_ACCEL_OUTPUT_LIBRARY refuses
     * pointers.
     */
    uint32_t output_kind;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * Buffer for the blob.
     */
    uint8_t *output;
    /**
     * Length of `output` in bytes: exactly the length of the blob.
     */
    uint64_t output_length;
    /**
     * Path of the output file. An existing regular file is replaced, and its permission bits are
     * kept; a symbolic link is followed. Any other existing file, and a file in `directory`, is an
     * error.
     */
    const char *output_path;
} walrus_accel_decode_request;

/**
 * Request to decode a blob without metadata, unchecked. Fields that are zero have their defaults.
 * The bytes of the slivers must not change until the call or the job has ended.
 */
typedef struct walrus_accel_decode_unchecked_request {
    /**
     * sizeof(walrus_accel_decode_unchecked_request), as
     * WALRUS_ACCEL_DECODE_UNCHECKED_REQUEST_INIT sets it.
     */
    size_t struct_size;
    /**
     * Slivers in memory, in any order. None may be malformed, and the slivers of the axis that is
     * used must have the shape of the blob. Repeated slivers are skipped. Surplus slivers are
     * ignored.
     */
    const struct walrus_accel_sliver *slivers;
    /**
     * Length of `slivers`.
     */
    size_t sliver_count;
    /**
     * Length of the blob in bytes.
     */
    uint64_t unencoded_length;
    /**
     * Number of shards. 0: 1,000, as in the Walrus network.
     */
    uint16_t n_shards;
    /**
     * Zero.
     */
    uint16_t reserved;
    /**
     * Axis whose slivers are used, or WALRUS_ACCEL_AXIS_ANY. With an axis, well-formed slivers of
     * the other axis are ignored.
     */
    uint32_t axis;
    /**
     * Kind of the output: WALRUS_ACCEL_OUTPUT_LIBRARY or another WALRUS_ACCEL_OUTPUT_ value. The
     * call reads only the fields that the kind names. WALRUS_ACCEL_OUTPUT_LIBRARY refuses
     * pointers.
     */
    uint32_t output_kind;
    /**
     * Zero.
     */
    uint32_t reserved2;
    /**
     * Buffer of the caller.
     */
    uint8_t *output;
    /**
     * Length of `output` in bytes: exactly the length of the blob.
     */
    uint64_t output_length;
    /**
     * File, as in walrus_accel_decode_request.
     */
    const char *output_path;
} walrus_accel_decode_unchecked_request;

/**
 * Request to verify slivers of one blob or of many blobs. The bytes of the slivers must not change
 * until the call or the job has ended.
 */
typedef struct walrus_accel_verify_request {
    /**
     * sizeof(walrus_accel_verify_request): WALRUS_ACCEL_VERIFY_REQUEST_INIT sets it.
     */
    size_t struct_size;
    /**
     * Metadata of the blob; NULL if `metadata_per_sliver` is set. The caller may free it when the
     * call, or the call that submits the job, returns.
     */
    const struct walrus_accel_metadata *metadata;
    /**
     * Slivers, of both axes in any order. Many slivers in one request are verified faster than one
     * by one.
     */
    const struct walrus_accel_sliver *slivers;
    /**
     * Length of `slivers`.
     */
    size_t sliver_count;
    /**
     * Array for one verdict per sliver: WALRUS_ACCEL_SLIVER_GOOD or another WALRUS_ACCEL_SLIVER_
     * value. A call or a job that fails sets no verdict to WALRUS_ACCEL_SLIVER_GOOD unless the
     * sliver is good: slivers that were not verified have WALRUS_ACCEL_SLIVER_WRONG_ROOT. An
     * invalid request or handle leaves the array as it was, or with that verdict for all slivers.
     */
    uint8_t *verdicts;
    /**
     * Length of `verdicts`: exactly `sliver_count`.
     */
    size_t verdict_count;
    /**
     * Metadata of the blob of each sliver, for slivers of many blobs, instead of `metadata`.
     * Metadata may be repeated. Slivers with symbols of one size are verified together, whatever
     * their blob. The caller may free the array and the metadata when the call, or the call that
     * submits the job, returns. Without slivers, both fields may be NULL.
     */
    const struct walrus_accel_metadata *const *metadata_per_sliver;
} walrus_accel_verify_request;

/**
 * Sliver that a reader has seen.
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
     * WALRUS_ACCEL_ADDED_KEPT or another WALRUS_ACCEL_ADDED_ value.
     */
    uint32_t outcome;
    /**
     * Verdict on a damaged sliver, the latest one with this axis and index:
     * WALRUS_ACCEL_SLIVER_WRONG_INDEX or another WALRUS_ACCEL_SLIVER_ value.
     */
    uint32_t verdict;
    /**
     * Index along the axis. A damaged sliver may claim any index.
     */
    uint16_t index;
    /**
     * Zero.
     */
    uint16_t reserved;
} walrus_accel_seen_sliver;

/**
 * Result of adding a sliver to a reader.
 */
typedef struct walrus_accel_added {
    /**
     * Outcome: WALRUS_ACCEL_ADDED_KEPT or another WALRUS_ACCEL_ADDED_ value. 0 if the call failed
     * before the outcome was known: add the sliver again.
     */
    uint32_t outcome;
    /**
     * Verdict on a damaged sliver: WALRUS_ACCEL_SLIVER_MALFORMED or another WALRUS_ACCEL_SLIVER_
     * value.
     */
    uint32_t verdict;
    /**
     * Zero. A later version may give it a meaning.
     */
    uint64_t reserved;
} walrus_accel_added;

/**
 * Request to add slivers to a reader.
 */
typedef struct walrus_accel_reader_add_request {
    /**
     * sizeof(walrus_accel_reader_add_request): WALRUS_ACCEL_READER_ADD_REQUEST_INIT sets it.
     */
    size_t struct_size;
    /**
     * Slivers, of both axes in any order. The library does not use them after the call.
     */
    const struct walrus_accel_sliver *slivers;
    /**
     * Length of `slivers`.
     */
    size_t sliver_count;
    /**
     * Array for one result per sliver. Results that are known are written even if the call fails.
     * The outcome 0 means that the outcome is unknown: add the sliver again.
     */
    struct walrus_accel_added *added;
    /**
     * Length of `added`: exactly `sliver_count`.
     */
    size_t added_count;
} walrus_accel_reader_add_request;

/**
 * Request to decode a reader's blob. Fields that are zero have their defaults.
 */
typedef struct walrus_accel_reader_read_request {
    /**
     * sizeof(walrus_accel_reader_read_request): WALRUS_ACCEL_READER_READ_REQUEST_INIT sets it.
     */
    size_t struct_size;
    /**
     * Check of the decoded blob: WALRUS_ACCEL_CHECK_DEFAULT or another WALRUS_ACCEL_CHECK_ value.
     */
    uint32_t check;
    /**
     * Kind of the output: WALRUS_ACCEL_OUTPUT_LIBRARY or another WALRUS_ACCEL_OUTPUT_ value. The
     * call reads only the fields that the kind names. WALRUS_ACCEL_OUTPUT_LIBRARY refuses
     * pointers.
     */
    uint32_t output_kind;
    /**
     * Buffer for the blob.
     */
    uint8_t *output;
    /**
     * Length of `output` in bytes: exactly the length of the blob.
     */
    uint64_t output_length;
    /**
     * Path of the output file. An existing regular file is replaced, and its permission bits are
     * kept; a symbolic link is followed. Any other existing file is an error.
     */
    const char *output_path;
} walrus_accel_reader_read_request;

/**
 * Request to rebuild slivers from other slivers of the blob. Fields that are zero have their
 * defaults. The bytes of the slivers must not change until the call or the job has ended.
 */
typedef struct walrus_accel_rebuild_request {
    /**
     * sizeof(walrus_accel_rebuild_request): WALRUS_ACCEL_REBUILD_REQUEST_INIT sets it.
     */
    size_t struct_size;
    /**
     * Metadata of the blob. The caller may free it when the call, or the call that submits the
     * job, returns.
     */
    const struct walrus_accel_metadata *metadata;
    /**
     * Slivers in memory, as in walrus_accel_decode_request.
     */
    const struct walrus_accel_sliver *slivers;
    /**
     * Length of `slivers`.
     */
    size_t sliver_count;
    /**
     * Directory of slivers, instead of slivers in memory, as in walrus_accel_decode_request.
     */
    const char *directory;
    /**
     * Pairs to rebuild, with WALRUS_ACCEL_PAIRS_LISTED.
     */
    const uint16_t *pairs;
    /**
     * Length of `pairs`.
     */
    size_t pair_count;
    /**
     * Destination of the rebuilt slivers, of any kind except WALRUS_ACCEL_SINK_NONE.
     */
    const struct walrus_accel_sink *sink;
    /**
     * Axis whose slivers are used, or WALRUS_ACCEL_AXIS_ANY.
     */
    uint32_t axis;
    /**
     * Chosen pairs: WALRUS_ACCEL_PAIRS_ALL, or WALRUS_ACCEL_PAIRS_LISTED for the pairs in `pairs`.
     */
    uint32_t pair_choice;
} walrus_accel_rebuild_request;

/**
 * Symbol in memory: a part of one sliver, its source, that helps to recover a sliver of the other
 * axis, its target. Functions that read symbols copy them, and free the copies when they return.
 */
typedef struct walrus_accel_symbol {
    /**
     * Bytes of the symbol, as a storage node serves them: BCS GeneralRecoverySymbol, or BCS
     * DecodingSymbol where the function says so.
     */
    const uint8_t *data;
    /**
     * Length of `data` in bytes.
     */
    size_t length;
} walrus_accel_symbol;

/**
 * Request to verify recovery symbols for one target.
 */
typedef struct walrus_accel_verify_symbols_request {
    /**
     * sizeof(walrus_accel_verify_symbols_request): WALRUS_ACCEL_VERIFY_SYMBOLS_REQUEST_INIT sets
     * it.
     */
    size_t struct_size;
    /**
     * Metadata of the blob.
     */
    const struct walrus_accel_metadata *metadata;
    /**
     * Symbols, as BCS GeneralRecoverySymbol. Many symbols in one request are verified faster than
     * one by one.
     */
    const struct walrus_accel_symbol *symbols;
    /**
     * Length of `symbols`.
     */
    size_t symbol_count;
    /**
     * Array for one verdict per symbol: WALRUS_ACCEL_SYMBOL_GOOD or another WALRUS_ACCEL_SYMBOL_
     * verdict. After a failure, all verdicts are 0, except if the array overlaps with memory that
     * is read or has another length than `symbol_count`: then it is left as it was.
     */
    uint8_t *verdicts;
    /**
     * Length of `verdicts`: exactly `symbol_count`.
     */
    size_t verdict_count;
    /**
     * Axis of the target: WALRUS_ACCEL_AXIS_PRIMARY or WALRUS_ACCEL_AXIS_SECONDARY.
     */
    uint32_t axis;
    /**
     * Pair of the target.
     */
    uint16_t target;
    /**
     * Zero.
     */
    uint16_t reserved;
} walrus_accel_verify_symbols_request;

/**
 * Request to expand a sliver.
 */
typedef struct walrus_accel_expand_request {
    /**
     * sizeof(walrus_accel_expand_request): WALRUS_ACCEL_EXPAND_REQUEST_INIT sets it.
     */
    size_t struct_size;
    /**
     * Metadata of the blob.
     */
    const struct walrus_accel_metadata *metadata;
    /**
     * Sliver to expand.
     */
    const struct walrus_accel_sliver *sliver;
} walrus_accel_expand_request;

/**
 * Request for symbols of a sliver without Merkle proofs.
 */
typedef struct walrus_accel_decoding_symbols_request {
    /**
     * sizeof(walrus_accel_decoding_symbols_request): WALRUS_ACCEL_DECODING_SYMBOLS_REQUEST_INIT
     * sets it.
     */
    size_t struct_size;
    /**
     * Metadata of the blob.
     */
    const struct walrus_accel_metadata *metadata;
    /**
     * Sliver to take the symbols from.
     */
    const struct walrus_accel_sliver *sliver;
    /**
     * Targets, in any order: pairs whose slivers of the other axis the symbols help to recover.
     */
    const uint16_t *targets;
    /**
     * Length of `targets`.
     */
    size_t target_count;
    /**
     * Buffer for the symbols as BCS DecodingSymbol, one after the other. Its content is
     * unspecified after a failure.
     */
    uint8_t *out;
    /**
     * Length of `out` in bytes: exactly `target_count` times the `decoding_symbol_length` of the
     * shape.
     */
    size_t out_length;
} walrus_accel_decoding_symbols_request;

/**
 * Request to recover a sliver.
 */
typedef struct walrus_accel_recover_request {
    /**
     * sizeof(walrus_accel_recover_request): WALRUS_ACCEL_RECOVER_REQUEST_INIT sets it.
     */
    size_t struct_size;
    /**
     * Metadata of the blob.
     */
    const struct walrus_accel_metadata *metadata;
    /**
     * Symbols of slivers of the other axis, in any order. A primary sliver needs symbols of as
     * many different slivers as the shape has `columns`, a secondary sliver as many as it has
     * `rows`. Of several symbols of one sliver, one counts.
     */
    const struct walrus_accel_symbol *symbols;
    /**
     * Length of `symbols`.
     */
    size_t symbol_count;
    /**
     * Axis of the target: WALRUS_ACCEL_AXIS_PRIMARY or WALRUS_ACCEL_AXIS_SECONDARY.
     */
    uint32_t axis;
    /**
     * Pair of the target, the sliver to recover.
     */
    uint16_t target;
    /**
     * Zero.
     */
    uint16_t reserved;
    /**
     * NULL, or an array for one verdict per symbol: WALRUS_ACCEL_SYMBOL_GOOD or another
     * WALRUS_ACCEL_SYMBOL_ verdict. 0 for a symbol that was not checked, because it was not needed
     * or another symbol of the same sliver was good. The call writes verdicts if it succeeds, and
     * if it fails with WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS. After any other failure all verdicts are
     * 0, except that the array is left as it was if nothing of the request is read, if it overlaps
     * with other memory or has another length than `symbol_count`, or if `recovered` is NULL.
     */
    uint8_t *verdicts;
    /**
     * Length of `verdicts`: exactly `symbol_count`, or 0 if `verdicts` is NULL.
     */
    size_t verdict_count;
} walrus_accel_recover_request;

/**
 * Request to verify an inconsistency proof.
 */
typedef struct walrus_accel_verify_proof_request {
    /**
     * sizeof(walrus_accel_verify_proof_request): WALRUS_ACCEL_VERIFY_PROOF_REQUEST_INIT sets it.
     */
    size_t struct_size;
    /**
     * Metadata of the blob.
     */
    const struct walrus_accel_metadata *metadata;
    /**
     * Inconsistency proof, as BCS InconsistencyProof.
     */
    const uint8_t *proof;
    /**
     * Length of `proof` in bytes.
     */
    size_t proof_length;
    /**
     * Axis of the proof's target, which the bytes do not have: WALRUS_ACCEL_AXIS_PRIMARY or
     * WALRUS_ACCEL_AXIS_SECONDARY.
     */
    uint32_t axis;
    /**
     * Zero.
     */
    uint32_t reserved;
} walrus_accel_verify_proof_request;

/**
 * Verdict on an inconsistency proof.
 */
typedef struct walrus_accel_proof_verdict {
    /**
     * sizeof(walrus_accel_proof_verdict): WALRUS_ACCEL_PROOF_VERDICT_INIT sets it.
     */
    size_t struct_size;
    /**
     * Position in the proof of the wrong symbol; 0 if no symbol is wrong.
     */
    size_t symbol;
    /**
     * WALRUS_ACCEL_PROOF_PROVEN or another WALRUS_ACCEL_PROOF_ value; 0, which is no verdict,
     * after a failure.
     */
    uint32_t verdict;
    /**
     * Verdict on a symbol that does not belong to the metadata: WALRUS_ACCEL_SYMBOL_WRONG_SOURCE
     * or another WALRUS_ACCEL_SYMBOL_ verdict; 0 otherwise.
     */
    uint32_t symbol_verdict;
} walrus_accel_proof_verdict;

/**
 * Tag of a patch: a key and a value, both any text in UTF-8. The texts have lengths because they
 * may contain NULs.
 */
typedef struct walrus_accel_quilt_tag {
    /**
     * Key; NULL if it is empty. A key that the library lends does not end with a NUL.
     */
    const char *key;
    /**
     * Length of `key` in bytes.
     */
    size_t key_length;
    /**
     * Value; NULL if it is empty. A value that the library lends does not end with a NUL.
     */
    const char *value;
    /**
     * Length of `value` in bytes.
     */
    size_t value_length;
} walrus_accel_quilt_tag;

/**
 * Patch of a quilt. Pointers are valid until the list of the patch is freed.
 */
typedef struct walrus_accel_quilt_patch {
    /**
     * sizeof(walrus_accel_quilt_patch): WALRUS_ACCEL_QUILT_PATCH_INIT sets it.
     */
    size_t struct_size;
    /**
     * Identifier, in UTF-8, ended by a NUL: unique in the quilt, not empty, and without control
     * characters. It may look like a path, also like "../x" or an absolute path: never join it to
     * a directory unchecked. walrus_accel_quilt_reader_extract checks it.
     */
    const char *identifier;
    /**
     * Patch ID: 50 characters of URL-safe base64, ended by a NUL.
     */
    const char *patch_id;
    /**
     * Tags, in the order of the format; NULL if there are none.
     */
    const struct walrus_accel_quilt_tag *tags;
    /**
     * Length of `tags`.
     */
    size_t tag_count;
    /**
     * First column of the patch. Column c of a quilt is the secondary sliver with the index c:
     * the patch lies in these slivers alone, and walrus_accel_sliver_pair returns their pairs.
     */
    uint16_t first_column;
    /**
     * Column after the last column of the patch.
     */
    uint16_t end_column;
    /**
     * Zero.
     */
    uint32_t reserved;
} walrus_accel_quilt_patch;

/**
 * Patch of a quilt to encode.
 */
typedef struct walrus_accel_quilt_entry {
    /**
     * sizeof(walrus_accel_quilt_entry): WALRUS_ACCEL_QUILT_ENTRY_INIT sets it.
     */
    size_t struct_size;
    /**
     * Identifier, in UTF-8, ended by a NUL: unique in the quilt, of 1 to 65,531 bytes, without
     * control characters, and without white space at its end.
     */
    const char *identifier;
    /**
     * Tags, in any order, with unique keys, of at most 65,535 bytes in the format.
     */
    const struct walrus_accel_quilt_tag *tags;
    /**
     * Length of `tags`.
     */
    size_t tag_count;
    /**
     * Source of the content, shorter than 4 GiB. A file (WALRUS_ACCEL_SOURCE_PATH) is open only
     * while it is read, so that a quilt may have more files than the process may have open.
     */
    const struct walrus_accel_source *source;
} walrus_accel_quilt_entry;

/**
 * Request to encode a quilt. Fields that are zero have their defaults.
 */
typedef struct walrus_accel_encode_quilt_request {
    /**
     * sizeof(walrus_accel_encode_quilt_request): WALRUS_ACCEL_ENCODE_QUILT_REQUEST_INIT sets it.
     */
    size_t struct_size;
    /**
     * Patches, in any order: the quilt orders them by the bytes of their identifiers. All have the
     * struct_size of the first.
     */
    const struct walrus_accel_quilt_entry *entries;
    /**
     * Length of `entries`; at most the number of columns of the shape, less one (666 with 1,000
     * shards).
     */
    size_t entry_count;
    /**
     * Destination of the slivers; NULL for metadata, blob ID and patch IDs alone.
     */
    const struct walrus_accel_sink *sink;
    /**
     * Pairs whose slivers go to the sink, as in walrus_accel_encode_request.
     */
    const uint16_t *pairs;
    /**
     * Length of `pairs`.
     */
    size_t pair_count;
    /**
     * Commitment: WALRUS_ACCEL_COMMITMENT_BLAKE2B, the network's, or
     * WALRUS_ACCEL_COMMITMENT_BLAKE3.
     */
    uint32_t commitment;
    /**
     * Chosen pairs: WALRUS_ACCEL_PAIRS_ALL, or WALRUS_ACCEL_PAIRS_LISTED for the pairs in `pairs`.
     */
    uint32_t pair_choice;
    /**
     * Number of shards; 0 for the network's 1,000.
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
} walrus_accel_encode_quilt_request;

/**
 * Request to make a quilt reader. The bytes of the slivers or of the blob must stay valid, and
 * must not change, until the reader is freed and its jobs have ended.
 */
typedef struct walrus_accel_quilt_reader_request {
    /**
     * sizeof(walrus_accel_quilt_reader_request): WALRUS_ACCEL_QUILT_READER_REQUEST_INIT sets it.
     */
    size_t struct_size;
    /**
     * Metadata of the quilt. The reader keeps a copy.
     */
    const struct walrus_accel_metadata *metadata;
    /**
     * Slivers in memory, in any order. The secondary slivers of the columns to read suffice:
     * column 0 and the others of the index, and the columns of the patches. If such a sliver is
     * missing or damaged, the other slivers restore it: as many of one axis as decode the blob are
     * needed. Slivers that do not have the shape of the blob are skipped.
     */
    const struct walrus_accel_sliver *slivers;
    /**
     * Length of `slivers`.
     */
    size_t sliver_count;
    /**
     * Directory of slivers, instead of slivers in memory: a directory that
     * WALRUS_ACCEL_SINK_DIRECTORY wrote, or what is left of it. Only the files that are in its
     * `pairs` when the reader is made are read.
     */
    const char *directory;
    /**
     * Whole blob of the quilt, instead of slivers. The blob is trusted: only its length is
     * compared with the metadata. Decode it with WALRUS_ACCEL_CHECK_STRICT, so that its patches
     * are those that slivers give.
     */
    const struct walrus_accel_source *blob;
} walrus_accel_quilt_reader_request;

/**
 * Request to read a patch of a quilt.
 */
typedef struct walrus_accel_quilt_reader_read_request {
    /**
     * sizeof(walrus_accel_quilt_reader_read_request), as
     * WALRUS_ACCEL_QUILT_READER_READ_REQUEST_INIT sets it.
     */
    size_t struct_size;
    /**
     * List with the patch. The caller may free it when the call, or the call that submits the job,
     * returns.
     */
    const struct walrus_accel_quilt_patches *patches;
    /**
     * Position of the patch in `patches`.
     */
    size_t position;
    /**
     * Kind of the output: WALRUS_ACCEL_OUTPUT_LIBRARY or another WALRUS_ACCEL_OUTPUT_ value. The
     * call reads only the fields that the kind names. WALRUS_ACCEL_OUTPUT_LIBRARY refuses
     * pointers.
     */
    uint32_t output_kind;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * Buffer for the content.
     */
    uint8_t *output;
    /**
     * Length of `output` in bytes: at least the length of the content. The columns of a patch,
     * each of `rows` times `symbol_size` bytes in the quilt's shape, are longer than its content.
     */
    uint64_t output_length;
    /**
     * Path of the output file. An existing regular file is replaced, and its permission bits are
     * kept; a symbolic link is followed. Any other existing file, and a file that the reader
     * reads, is an error.
     */
    const char *output_path;
} walrus_accel_quilt_reader_read_request;

/**
 * Request to write patches of a quilt to files.
 */
typedef struct walrus_accel_quilt_reader_extract_request {
    /**
     * sizeof(walrus_accel_quilt_reader_extract_request), as
     * WALRUS_ACCEL_QUILT_READER_EXTRACT_REQUEST_INIT sets it.
     */
    size_t struct_size;
    /**
     * Patches to write. The caller may free the list when the call, or the call that submits the
     * job, returns.
     */
    const struct walrus_accel_quilt_patches *patches;
    /**
     * Directory, created if needed, ended by a NUL: any bytes on Unix, UTF-8 elsewhere. The
     * identifier of a patch is the path of its file below the directory: "/" makes subdirectories.
     */
    const char *directory;
    /**
     * 1: replaces regular files. 0: an existing file is an error.
     */
    uint32_t replace;
    /**
     * Zero.
     */
    uint32_t reserved;
} walrus_accel_quilt_reader_extract_request;

/**
 * Result for one blob or quilt of an encode batch.
 */
typedef struct walrus_accel_encode_result {
    /**
     * Result, which the caller frees; NULL after a failure.
     */
    struct walrus_accel_encoded *encoded;
    /**
     * Error, which the caller frees; NULL on success.
     */
    struct walrus_accel_error *error;
    /**
     * Status that walrus_accel_encode or walrus_accel_encode_quilt would return;
     * WALRUS_ACCEL_NOT_ENDED if the batch did not begin.
     */
    walrus_accel_status status;
    /**
     * Zero.
     */
    uint32_t reserved;
} walrus_accel_encode_result;

/**
 * Result for one blob of a decode batch.
 */
typedef struct walrus_accel_decode_result {
    /**
     * Result, which the caller frees; NULL after a failure.
     */
    struct walrus_accel_decoded *decoded;
    /**
     * Error, which the caller frees; NULL on success.
     */
    struct walrus_accel_error *error;
    /**
     * Status that walrus_accel_decode would return; WALRUS_ACCEL_NOT_ENDED if the batch did not
     * begin.
     */
    walrus_accel_status status;
    /**
     * Zero.
     */
    uint32_t reserved;
} walrus_accel_decode_result;

/**
 * Problem with a file. The texts are valid until the report is freed.
 */
typedef struct walrus_accel_problem {
    /**
     * sizeof(walrus_accel_problem): WALRUS_ACCEL_PROBLEM_INIT sets it.
     */
    size_t struct_size;
    /**
     * Path of the file: any bytes on Unix, UTF-8 elsewhere. A foreign file can have any name.
     */
    const char *path;
    /**
     * Description of the problem, in UTF-8.
     */
    const char *reason;
    /**
     * Kind of the problem: WALRUS_ACCEL_PROBLEM_MISSING or another WALRUS_ACCEL_PROBLEM_ value.
     */
    uint32_t kind;
    /**
     * Zero.
     */
    uint32_t reserved;
} walrus_accel_problem;

/**
 * Learns that a job has ended, with or without success: writes to an eventfd, calls uv_async_send,
 * wakes a future. The library calls it once per job, from one of its threads, or from the thread
 * that cancels or frees a queued job. `user_data` must be valid until walrus_accel_job_free has
 * returned.
 *
 * The function may poll this job, ask for its result, take its result, free it, and use and free
 * the result. It must not wait for a job, free another job that has not ended, submit a job,
 * unwind or jump out. If walrus_accel_job_free is what ends the job, the handle is invalid inside
 * the function.
 */
typedef void (*walrus_accel_ended_function)(void *user_data);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Returns the version of the loaded library, such as "0.1.0". The text is valid for the life of
 * the process. WALRUS_ACCEL_VERSION is the version of this header.
 */
const char *walrus_accel_version(void);

/**
 * Returns the version of the binary interface of the loaded library. A binding compares it with
 * WALRUS_ACCEL_ABI_VERSION when it loads the library, and calls no other function if the versions
 * differ.
 */
uint32_t walrus_accel_abi_version(void);

/**
 * Returns the name of a status, for messages and logs: lower case, in English. The pointer is
 * never NULL, and valid for the life of the process. The name of a number that is no status is
 * "unknown status".
 */
const char *walrus_accel_status_name(walrus_accel_status status);

/**
 * Returns the status of an error: the status that the failed call returned.
 * WALRUS_ACCEL_INVALID_HANDLE if `error` is NULL or was freed.
 */
walrus_accel_status walrus_accel_error_status(const struct walrus_accel_error *error);

/**
 * Returns the message of an error: one line of UTF-8 without a full stop. The text is valid until
 * the error is freed. The pointer is never NULL; the text is empty if `error` is NULL or was
 * freed.
 */
const char *walrus_accel_error_message(const struct walrus_accel_error *error);

/**
 * Frees an error. NULL is ignored.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if `error` was freed before;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_error_free(struct walrus_accel_error *error);

/**
 * Computes the shape of a blob of `blob_length` bytes for `n_shards` shards.
 *
 * `n_shards`: 0 for the network's 1,000, here and wherever a function takes a number of shards.
 * `shape`: a structure that WALRUS_ACCEL_SHAPE_INIT initialised.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if `n_shards` is 1 to 3 or more than
 * 49,155, the most that the code supports, or if `shape` is NULL or not initialised;
 * WALRUS_ACCEL_BLOB_TOO_LARGE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_shape_compute(uint16_t n_shards,
                                               uint64_t blob_length,
                                               struct walrus_accel_shape *shape,
                                               struct walrus_accel_error **error);

/**
 * Returns the length in bytes of the longest blob for `n_shards` shards.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for a number of shards that the code
 * does not support, or if `blob_length` is NULL; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_max_blob_length(uint16_t n_shards,
                                                 uint64_t *blob_length,
                                                 struct walrus_accel_error **error);

/**
 * Returns the index along `axis` of a pair's sliver: the index in BCS SliverData.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if `axis` is neither
 * WALRUS_ACCEL_AXIS_PRIMARY nor WALRUS_ACCEL_AXIS_SECONDARY, if the pair does not exist, or if
 * `index` is NULL; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_sliver_index(uint16_t n_shards,
                                              uint32_t axis,
                                              uint16_t pair,
                                              uint16_t *index,
                                              struct walrus_accel_error **error);

/**
 * Returns the pair of the sliver with this index along `axis`: the inverse of
 * walrus_accel_sliver_index.
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
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the pair does
 * not exist; WALRUS_ACCEL_PANIC.
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
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the shard does
 * not exist; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_pair_of_shard(uint16_t n_shards,
                                               const uint8_t *blob_id,
                                               uint16_t shard,
                                               uint16_t *pair,
                                               struct walrus_accel_error **error);

/**
 * Returns the primary slivers whose symbols hold a byte range of a blob. These slivers suffice to
 * read the range with walrus_accel_reader_read_range.
 *
 * `first`, `count`: set to the index of the first sliver and the number of slivers, 0 for an empty
 * range.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for a number of shards that the code
 * does not support, for a range that is not inside the blob, or if a pointer is NULL;
 * WALRUS_ACCEL_BLOB_TOO_LARGE; WALRUS_ACCEL_PANIC.
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
 * `blob_id`: 32 bytes. `text`: a buffer of `text_length` bytes, at least
 * WALRUS_ACCEL_BLOB_ID_TEXT_LENGTH.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the buffer is
 * too short; WALRUS_ACCEL_PANIC.
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
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the text is no
 * blob ID; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_blob_id_from_text(const char *text,
                                                   uint8_t *blob_id,
                                                   struct walrus_accel_error **error);

/**
 * Lists the devices, including software devices. The call loads the drivers, which takes some 100
 * ms and some tens of MB. The list is empty if there is no device or no driver, or if the library
 * was built without device support.
 *
 * `devices`: set to the list, which the caller frees with walrus_accel_devices_free. `count`:
 * NULL, or set to the number of devices.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if `devices` is NULL;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_devices_list(struct walrus_accel_devices **devices,
                                              size_t *count,
                                              struct walrus_accel_error **error);

/**
 * Describes a device of a list.
 *
 * `position`: position of the device in the list. `device`: a structure that
 * WALRUS_ACCEL_DEVICE_INIT initialised.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the structure
 * is not initialised; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND beyond the end of the
 * list; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_devices_get(const struct walrus_accel_devices *devices,
                                             size_t position,
                                             struct walrus_accel_device *device,
                                             struct walrus_accel_error **error);

/**
 * Frees a list of devices and its texts. NULL is ignored.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the list was freed before;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_devices_free(struct walrus_accel_devices *devices);

/**
 * Makes a runtime: opens the engine, starts its threads and computes its tables.
 *
 * `options`: NULL for the defaults; read only during the call. `runtime`: set to the runtime,
 * which the caller frees with walrus_accel_runtime_free.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if an option is out of range, if an
 * option or an environment variable has an unknown name, if the options are not initialised, or if
 * `runtime` is NULL; WALRUS_ACCEL_ENGINE_UNAVAILABLE if the engine, device or instruction set is
 * unavailable; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_runtime_new(const struct walrus_accel_runtime_options *options,
                                             struct walrus_accel_runtime **runtime,
                                             struct walrus_accel_error **error);

/**
 * Frees a runtime. Calls on it must have ended. Its jobs continue, and keep the parts of the
 * runtime that they need. The threads of the runtime end soon after the call, not before it
 * returns. NULL is ignored.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the runtime was freed before;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_runtime_free(struct walrus_accel_runtime *runtime);

/**
 * Returns the name of the instruction set of the runtime's CPU engine, such as "avx2".
 *
 * `name`: set to the text, which is valid until the runtime is freed.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_runtime_instruction_set(const struct walrus_accel_runtime *runtime,
                                                         const char **name,
                                                         struct walrus_accel_error **error);

/**
 * Returns the reason why the runtime abandoned its device, if the device failed. The CPU has done
 * the work since, and the results are correct all the same.
 *
 * `fault`: set to NULL if no device failed; otherwise set to an error with the status
 * WALRUS_ACCEL_ENGINE_UNAVAILABLE and the reason as its message, which the caller frees with
 * walrus_accel_error_free.
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
 * `control`: set to the control, which the caller frees with walrus_accel_control_free.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if `control` is NULL;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_control_new(struct walrus_accel_control **control,
                                             struct walrus_accel_error **error);

/**
 * Cancels the call. The call finishes its current piece of work, some milliseconds, returns
 * WALRUS_ACCEL_CANCELLED, and leaves nothing behind. A control stays cancelled: later calls with
 * it stop at once.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if `control` is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_control_cancel(const struct walrus_accel_control *control,
                                                struct walrus_accel_error **error);

/**
 * Returns the progress of the call in bytes of the blob (of the slivers, if it verifies slivers):
 * `done` of `total`. `total` is 0 before the call starts, and 1 for an empty blob.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_control_progress(const struct walrus_accel_control *control,
                                                  uint64_t *done,
                                                  uint64_t *total,
                                                  struct walrus_accel_error **error);

/**
 * Returns the name of the engine that runs or ran the call: "cpu", "gpu" or "reference". With
 * WALRUS_ACCEL_ENGINE_AUTO, each call has its own engine.
 *
 * `name`: set to the text, which is valid for the life of the process, or to NULL before an engine
 * starts.
 *
 * Statuses: as walrus_accel_control_cancel.
 */
walrus_accel_status walrus_accel_control_engine(const struct walrus_accel_control *control,
                                                const char **name,
                                                struct walrus_accel_error **error);

/**
 * Frees a control. The call that uses it must have ended. NULL is ignored.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the control was freed before;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_control_free(struct walrus_accel_control *control);

/**
 * Reads metadata from BCS BlobMetadataWithId and verifies it: computes the blob ID from the
 * metadata, and compares the number of sliver pairs with the committee. Metadata for a trusted
 * blob ID can therefore be trusted.
 *
 * `data`, `length`: the bytes, read only during the call. `n_shards`: number of shards of the
 * committee; 0 for the network's 1,000. `expected_blob_id`: the 32 bytes of the blob ID that the
 * caller asked for, or NULL to accept the blob ID in the bytes. `metadata`: set to the metadata,
 * which the caller frees with walrus_accel_metadata_free.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if `metadata` is NULL, if `data` is
 * NULL and `length` is not 0, or for a number of shards that the code does not support;
 * WALRUS_ACCEL_MALFORMED; WALRUS_ACCEL_INVALID_METADATA for metadata of another blob or committee,
 * or with a wrong blob ID; WALRUS_ACCEL_BLOB_TOO_LARGE; WALRUS_ACCEL_OUT_OF_MEMORY;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_metadata_from_bcs(const uint8_t *data,
                                                   size_t length,
                                                   uint16_t n_shards,
                                                   const uint8_t *expected_blob_id,
                                                   struct walrus_accel_metadata **metadata,
                                                   struct walrus_accel_error **error);

/**
 * Frees metadata. Results and jobs that use it keep their own copies. NULL is ignored.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the metadata was freed before;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_metadata_free(struct walrus_accel_metadata *metadata);

/**
 * Returns the blob ID.
 *
 * `blob_id`: a buffer of 32 bytes.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_metadata_blob_id(const struct walrus_accel_metadata *metadata,
                                                  uint8_t *blob_id,
                                                  struct walrus_accel_error **error);

/**
 * Returns the root of the Merkle tree over the roots of all pairs: the network's "root hash".
 *
 * `root`: a buffer of 32 bytes.
 *
 * Statuses: as walrus_accel_metadata_blob_id.
 */
walrus_accel_status walrus_accel_metadata_root_hash(const struct walrus_accel_metadata *metadata,
                                                    uint8_t *root,
                                                    struct walrus_accel_error **error);

/**
 * Returns the Merkle root of one sliver, or 32 zero bytes if the metadata leaves the root empty.
 *
 * `axis`: WALRUS_ACCEL_AXIS_PRIMARY or WALRUS_ACCEL_AXIS_SECONDARY. `root`: a buffer of 32 bytes.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or `axis` has
 * another value; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND if the pair does not exist;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_metadata_sliver_root(const struct walrus_accel_metadata *metadata,
                                                      uint32_t axis,
                                                      uint16_t pair,
                                                      uint8_t *root,
                                                      struct walrus_accel_error **error);

/**
 * Returns the commitment: WALRUS_ACCEL_COMMITMENT_BLAKE2B or WALRUS_ACCEL_COMMITMENT_BLAKE3.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_metadata_commitment(const struct walrus_accel_metadata *metadata,
                                                     uint32_t *commitment,
                                                     struct walrus_accel_error **error);

/**
 * Returns the shape of the encoding: number of shards, length of the blob, and the sizes that
 * follow from both.
 *
 * `shape`: a structure that WALRUS_ACCEL_SHAPE_INIT initialised.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the structure
 * is not initialised; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_metadata_shape(const struct walrus_accel_metadata *metadata,
                                                struct walrus_accel_shape *shape,
                                                struct walrus_accel_error **error);

/**
 * Writes the metadata as BCS BlobMetadataWithId. The bytes after the blob ID, the first 32 bytes,
 * are BCS BlobMetadata: the body that a storage node takes.
 *
 * `out`, `out_length`: a buffer of exactly the length that walrus_accel_metadata_bcs_length
 * returns.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the buffer has
 * another length; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_metadata_to_bcs(const struct walrus_accel_metadata *metadata,
                                                 uint8_t *out,
                                                 size_t out_length,
                                                 struct walrus_accel_error **error);

/**
 * Returns the length in bytes of the metadata as BCS BlobMetadataWithId. Computed metadata has the
 * `metadata_length` of its shape; metadata that was read can be shorter.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_metadata_bcs_length(const struct walrus_accel_metadata *metadata,
                                                     size_t *length,
                                                     struct walrus_accel_error **error);

/**
 * Encodes a blob, and returns when the blob is encoded.
 *
 * `request`: read during the call, with the memory that it points to. `control`: NULL, or a
 * control that observes and cancels the call from other threads. `encoded`: set to the result,
 * which the caller frees with walrus_accel_encoded_free.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for an invalid request (NULL where a
 * value is needed, a number out of range, buffers that differ from the slivers in number or
 * length, memory that overlaps); WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_BLOB_TOO_LARGE;
 * WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_SOURCE_CHANGED;
 * WALRUS_ACCEL_IO; WALRUS_ACCEL_TARGET_EXISTS and WALRUS_ACCEL_BUSY for directories;
 * WALRUS_ACCEL_ENGINE_UNAVAILABLE if a device failed and `no_cpu_fallback` is 1;
 * WALRUS_ACCEL_CALLBACK_FAILED; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_encode(const struct walrus_accel_runtime *runtime,
                                        const struct walrus_accel_encode_request *request,
                                        const struct walrus_accel_control *control,
                                        struct walrus_accel_encoded **encoded,
                                        struct walrus_accel_error **error);

/**
 * Frees the result of an encoding, with the slivers that the library keeps. NULL is ignored.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the result was freed before;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_encoded_free(struct walrus_accel_encoded *encoded);

/**
 * Returns the metadata of an encoded blob.
 *
 * `metadata`: set to the metadata, which the caller frees with walrus_accel_metadata_free, and
 * which outlives the result.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_encoded_metadata(const struct walrus_accel_encoded *encoded,
                                                  struct walrus_accel_metadata **metadata,
                                                  struct walrus_accel_error **error);

/**
 * Lends a sliver that the library keeps (WALRUS_ACCEL_SINK_LIBRARY), as BCS SliverData: the body
 * that a storage node takes.
 *
 * `axis`: WALRUS_ACCEL_AXIS_PRIMARY or WALRUS_ACCEL_AXIS_SECONDARY. `data`, `length`: set to the
 * bytes and their length. The bytes are valid until the result is freed.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or `axis` has
 * another value; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND if the pair was not chosen or
 * the sink was of another kind; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_encoded_sliver(const struct walrus_accel_encoded *encoded,
                                                uint32_t axis,
                                                uint16_t pair,
                                                const uint8_t **data,
                                                size_t *length,
                                                struct walrus_accel_error **error);

/**
 * Returns the directory that the slivers were written to (WALRUS_ACCEL_SINK_DIRECTORY).
 *
 * `path`: set to the path, which is valid until the result is freed. `already_there`: NULL, or set
 * to 1 if the directory had exactly these files before and was left as it was, and to 0 otherwise.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND if the sink was of another kind;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_encoded_directory(const struct walrus_accel_encoded *encoded,
                                                   const char **path,
                                                   uint32_t *already_there,
                                                   struct walrus_accel_error **error);

/**
 * Decodes a blob, and returns when the blob is decoded.
 *
 * `request`: read during the call, with the memory that it points to. `control`: NULL, or a
 * control that observes and cancels the call from other threads. `decoded`: set to the result,
 * which the caller frees with walrus_accel_decoded_free.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for an invalid request (NULL where a
 * value is needed, a number out of range, a buffer that overlaps or has another length than the
 * blob, an output file in `directory`); WALRUS_ACCEL_INVALID_HANDLE;
 * WALRUS_ACCEL_NOT_ENOUGH_SLIVERS; WALRUS_ACCEL_INCONSISTENT if the check fails with valid
 * slivers, and fails again in a second computation on another path; WALRUS_ACCEL_RESULTS_DIFFER if
 * the check fails in only one of the two computations; WALRUS_ACCEL_OUT_OF_MEMORY;
 * WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_IO; WALRUS_ACCEL_ENGINE_UNAVAILABLE if a device failed
 * and `no_cpu_fallback` is 1; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_decode(const struct walrus_accel_runtime *runtime,
                                        const struct walrus_accel_decode_request *request,
                                        const struct walrus_accel_control *control,
                                        struct walrus_accel_decoded **decoded,
                                        struct walrus_accel_error **error);

/**
 * Frees the result of a decoding, with the blob if the library keeps it. NULL is ignored.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the result was freed before;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_decoded_free(struct walrus_accel_decoded *decoded);

/**
 * Lends the blob that the library keeps (WALRUS_ACCEL_OUTPUT_LIBRARY).
 *
 * `data`, `length`: set to the bytes and their length. The bytes are valid until the result is
 * freed.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND if the output was of another kind;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_decoded_blob(const struct walrus_accel_decoded *decoded,
                                              const uint8_t **data,
                                              size_t *length,
                                              struct walrus_accel_error **error);

/**
 * Returns the axis of the slivers that the blob was decoded from: WALRUS_ACCEL_AXIS_PRIMARY or
 * WALRUS_ACCEL_AXIS_SECONDARY.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_decoded_axis(const struct walrus_accel_decoded *decoded,
                                              uint32_t *axis,
                                              struct walrus_accel_error **error);

/**
 * Lends the positions of the slivers that the blob was decoded from. A position counts the slivers
 * in the request. For a directory, it counts the files with the frame of a sliver of the blob, in
 * the order of their names. For a reader, it counts the kept slivers of the axis, in the order of
 * their indices.
 *
 * `positions`, `count`: set to the positions and their number. The positions are valid until the
 * result is freed.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_decoded_used(const struct walrus_accel_decoded *decoded,
                                              const size_t **positions,
                                              size_t *count,
                                              struct walrus_accel_error **error);

/**
 * Lends the positions of the slivers that were found damaged and not used. Decoding looks for
 * damaged slivers only after a check has failed; walrus_accel_verify finds all damaged slivers.
 *
 * `positions`, `count`: as for walrus_accel_decoded_used.
 *
 * Statuses: as walrus_accel_decoded_used.
 */
walrus_accel_status walrus_accel_decoded_damaged(const struct walrus_accel_decoded *decoded,
                                                 const size_t **positions,
                                                 size_t *count,
                                                 struct walrus_accel_error **error);

/**
 * Decodes a blob without metadata, and returns when the blob is decoded. NOTHING IS CHECKED: a
 * damaged sliver gives a wrong blob and no error. For callers that have no metadata, or check the
 * blob by other means. As fast as walrus_accel_decode with WALRUS_ACCEL_CHECK_SKIP.
 *
 * `request`: read during the call, with the memory that it points to. `control`: NULL, or a
 * control that observes and cancels the call from other threads. `decoded`: set to the result,
 * which the caller frees with walrus_accel_decoded_free. No sliver of it is damaged.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for an invalid request (NULL where a
 * value is needed, a number out of range, a buffer that overlaps or has another length than the
 * blob); WALRUS_ACCEL_BLOB_TOO_LARGE for a length that no blob has; WALRUS_ACCEL_INVALID_SLIVER
 * for a sliver with another length or symbol size than the blob's slivers, or an index beyond the
 * committee; WALRUS_ACCEL_MALFORMED for a sliver that is not BCS SliverData;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_ENOUGH_SLIVERS; WALRUS_ACCEL_OUT_OF_MEMORY;
 * WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_IO; WALRUS_ACCEL_ENGINE_UNAVAILABLE if a device failed
 * and `no_cpu_fallback` is 1; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_decode_unchecked(const struct walrus_accel_runtime *runtime,
                                                  const struct walrus_accel_decode_unchecked_request *request,
                                                  const struct walrus_accel_control *control,
                                                  struct walrus_accel_decoded **decoded,
                                                  struct walrus_accel_error **error);

/**
 * Verifies slivers against the metadata of their blobs, and returns when all are verified. The
 * call checks index, length, symbol size, and the Merkle root of the expanded sliver.
 *
 * `request`: read during the call, with the memory that it points to; the call writes the
 * verdicts. `control`: NULL, or a control that observes and cancels the call from other threads.
 *
 * Statuses: WALRUS_ACCEL_OK, whatever the verdicts; WALRUS_ACCEL_INVALID_ARGUMENT for an invalid
 * request; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT;
 * WALRUS_ACCEL_ENGINE_UNAVAILABLE if a device failed and `no_cpu_fallback` is 1;
 * WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_verify(const struct walrus_accel_runtime *runtime,
                                        const struct walrus_accel_verify_request *request,
                                        const struct walrus_accel_control *control,
                                        struct walrus_accel_error **error);

/**
 * Returns the numbers of kept, damaged and surplus slivers. Bytes that are no sliver at all are
 * not counted.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_reader_report_counts(const struct walrus_accel_reader_report *report,
                                                      size_t *kept,
                                                      size_t *damaged,
                                                      size_t *surplus,
                                                      struct walrus_accel_error **error);

/**
 * Describes a sliver that a reader has seen. Slivers of one outcome are in the order of axes and
 * indices.
 *
 * `outcome`: WALRUS_ACCEL_ADDED_KEPT or another WALRUS_ACCEL_ADDED_ value. `position`: position of
 * the sliver among the slivers of the outcome. `sliver`: a structure that
 * WALRUS_ACCEL_SEEN_SLIVER_INIT initialised.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL, the structure is
 * not initialised, or `outcome` has another value; WALRUS_ACCEL_INVALID_HANDLE;
 * WALRUS_ACCEL_NOT_FOUND beyond the last sliver; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_reader_report_get(const struct walrus_accel_reader_report *report,
                                                   uint32_t outcome,
                                                   size_t position,
                                                   struct walrus_accel_seen_sliver *sliver,
                                                   struct walrus_accel_error **error);

/**
 * Frees a report of a reader. NULL is ignored.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the report was freed before;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_reader_report_free(struct walrus_accel_reader_report *report);

/**
 * Makes a reader of a blob, without slivers.
 *
 * `metadata`: metadata of the blob; the reader keeps a copy. `reader`: set to the reader, which
 * the caller frees with walrus_accel_reader_free, and which keeps the parts of the runtime that it
 * needs.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_POISONED;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_reader_new(const struct walrus_accel_runtime *runtime,
                                            const struct walrus_accel_metadata *metadata,
                                            struct walrus_accel_reader **reader,
                                            struct walrus_accel_error **error);

/**
 * Frees a reader and the slivers that it keeps. NULL is ignored.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the reader was freed before;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_reader_free(struct walrus_accel_reader *reader);

/**
 * Adds slivers, of both axes in any order. The reader verifies the needed slivers together, which
 * is faster than one by one, and copies the slivers that are good and needed.
 *
 * `request`: read during the call, with the memory that it points to; the call writes `added`.
 * `control`: NULL, or a control that cancels the call from other threads.
 *
 * If the call fails, `added` has the results that are known. Kept slivers stay. Add the slivers
 * with the outcome 0 again.
 *
 * Statuses: WALRUS_ACCEL_OK, whatever the outcomes; WALRUS_ACCEL_INVALID_ARGUMENT for an invalid
 * request, such as an unknown axis or memory that overlaps; WALRUS_ACCEL_INVALID_HANDLE;
 * WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_ENGINE_UNAVAILABLE if a
 * device failed and `no_cpu_fallback` is 1; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_reader_add(const struct walrus_accel_reader *reader,
                                            const struct walrus_accel_reader_add_request *request,
                                            const struct walrus_accel_control *control,
                                            struct walrus_accel_error **error);

/**
 * Returns the axis that has enough slivers to decode the blob.
 *
 * `axis`: set to WALRUS_ACCEL_AXIS_PRIMARY or WALRUS_ACCEL_AXIS_SECONDARY, or to 0 if neither axis
 * has enough slivers.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_reader_ready_axis(const struct walrus_accel_reader *reader,
                                                   uint32_t *axis,
                                                   struct walrus_accel_error **error);

/**
 * Returns the number of slivers of an axis that the reader still needs to decode the blob.
 *
 * `axis`: WALRUS_ACCEL_AXIS_PRIMARY or WALRUS_ACCEL_AXIS_SECONDARY. `count`: set to the number. If
 * the call succeeds, 0 means that the blob can be decoded, from slivers of either axis.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or `axis` has
 * another value; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_reader_missing_count(const struct walrus_accel_reader *reader,
                                                      uint32_t axis,
                                                      size_t *count,
                                                      struct walrus_accel_error **error);

/**
 * Makes a report of the slivers that a reader has seen so far.
 *
 * `report`: set to the report, which the caller frees with walrus_accel_reader_report_free. The
 * report does not change with the reader, and outlives it.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_POISONED;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_reader_report_new(const struct walrus_accel_reader *reader,
                                                   struct walrus_accel_reader_report **report,
                                                   struct walrus_accel_error **error);

/**
 * Decodes the blob from the slivers that the reader keeps, and returns when the blob is decoded.
 * The slivers are not verified again.
 *
 * `request`: read during the call, with the memory that it points to. `control`: NULL, or a
 * control that observes and cancels the call from other threads. `decoded`: set to the result, as
 * for walrus_accel_decode, which the caller frees with walrus_accel_decoded_free.
 *
 * Statuses: as walrus_accel_decode; WALRUS_ACCEL_NOT_ENOUGH_SLIVERS if neither axis has enough
 * slivers.
 */
walrus_accel_status walrus_accel_reader_read(const struct walrus_accel_reader *reader,
                                             const struct walrus_accel_reader_read_request *request,
                                             const struct walrus_accel_control *control,
                                             struct walrus_accel_decoded **decoded,
                                             struct walrus_accel_error **error);

/**
 * Reads a byte range of the blob. Bytes in primary slivers that the reader keeps are copied, even
 * if the reader has too few slivers to decode the blob (walrus_accel_rows_of_range returns the
 * needed primary slivers). Otherwise, the call decodes only the rows or columns that hold the
 * range.
 *
 * All slivers that are used were verified, so that no storage node can change a byte. The call
 * does not check that the blob was encoded consistently; walrus_accel_reader_read does.
 *
 * `offset`: offset of the range in the blob. `out`, `out_length`: a buffer of the length of the
 * range. Its content is unspecified after a failure. `control`: NULL, or a control that cancels
 * the call from other threads.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for a range that is not inside the
 * blob, or if a pointer is NULL; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_ENOUGH_SLIVERS;
 * WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_reader_read_range(const struct walrus_accel_reader *reader,
                                                   uint64_t offset,
                                                   uint8_t *out,
                                                   size_t out_length,
                                                   const struct walrus_accel_control *control,
                                                   struct walrus_accel_error **error);

/**
 * Rebuilds slivers of a blob from other slivers, without the blob, and returns when the slivers
 * are rebuilt. The rebuilt slivers equal the slivers of a fresh encoding: the call computes the
 * metadata anew and compares it.
 *
 * `request`: read during the call, with the memory that it points to. `control`: NULL, or a
 * control that observes and cancels the call from other threads. `encoded`: set to the result, as
 * for walrus_accel_encode, which the caller frees with walrus_accel_encoded_free.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for an invalid request;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_ENOUGH_SLIVERS; WALRUS_ACCEL_INCONSISTENT if valid
 * slivers make another blob, and do so again in a second computation on another path;
 * WALRUS_ACCEL_RESULTS_DIFFER if they do so in only one of the two computations;
 * WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_IO;
 * WALRUS_ACCEL_TARGET_EXISTS and WALRUS_ACCEL_BUSY for directories that are written;
 * WALRUS_ACCEL_ENGINE_UNAVAILABLE if a device failed and `no_cpu_fallback` is 1;
 * WALRUS_ACCEL_CALLBACK_FAILED; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_rebuild(const struct walrus_accel_runtime *runtime,
                                         const struct walrus_accel_rebuild_request *request,
                                         const struct walrus_accel_control *control,
                                         struct walrus_accel_encoded **encoded,
                                         struct walrus_accel_error **error);

/**
 * Verifies recovery symbols against the metadata of their blob, and returns when all are verified.
 * The call checks axis, target, source and size of each symbol, the length of its Merkle proof,
 * and the root that the Merkle proof leads to.
 *
 * `request`: read during the call, with the memory that it points to; the call writes the
 * verdicts. `control`: NULL, or a control that observes and cancels the call from other threads.
 *
 * Statuses: WALRUS_ACCEL_OK, whatever the verdicts; WALRUS_ACCEL_INVALID_ARGUMENT for an invalid
 * request, such as a target that does not exist; WALRUS_ACCEL_INVALID_HANDLE;
 * WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_verify_symbols(const struct walrus_accel_runtime *runtime,
                                                const struct walrus_accel_verify_symbols_request *request,
                                                const struct walrus_accel_control *control,
                                                struct walrus_accel_error **error);

/**
 * Expands a sliver and builds the Merkle tree of its symbols. The root shows whether the sliver is
 * good: a damaged sliver is refused and serves no symbols.
 *
 * `request`: read during the call, with the memory that it points to. `control`: NULL, or a
 * control that cancels the call from other threads. `expanded`: set to the expanded sliver, which
 * the caller frees with walrus_accel_expanded_free, and which keeps no pointer into the request.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for an invalid request;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_MALFORMED if the bytes are no BCS SliverData;
 * WALRUS_ACCEL_INVALID_SLIVER if the sliver does not belong to the metadata;
 * WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_CANCELLED;
 * WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_expand(const struct walrus_accel_runtime *runtime,
                                        const struct walrus_accel_expand_request *request,
                                        const struct walrus_accel_control *control,
                                        struct walrus_accel_expanded **expanded,
                                        struct walrus_accel_error **error);

/**
 * Frees an expanded sliver. NULL is ignored.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the expanded sliver was freed before;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_expanded_free(struct walrus_accel_expanded *expanded);

/**
 * Returns the axis of the sliver: WALRUS_ACCEL_AXIS_PRIMARY or WALRUS_ACCEL_AXIS_SECONDARY. Its
 * symbols recover slivers of the other axis.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_expanded_axis(const struct walrus_accel_expanded *expanded,
                                               uint32_t *axis,
                                               struct walrus_accel_error **error);

/**
 * Returns the index of the sliver along its axis.
 *
 * Statuses: as walrus_accel_expanded_axis.
 */
walrus_accel_status walrus_accel_expanded_index(const struct walrus_accel_expanded *expanded,
                                                uint16_t *index,
                                                struct walrus_accel_error **error);

/**
 * Returns the Merkle root of the symbols, which equals the sliver's root in the metadata.
 *
 * `root`: a buffer of 32 bytes.
 *
 * Statuses: as walrus_accel_expanded_axis.
 */
walrus_accel_status walrus_accel_expanded_root(const struct walrus_accel_expanded *expanded,
                                               uint8_t *root,
                                               struct walrus_accel_error **error);

/**
 * Returns the size in bytes of an expanded sliver in memory: one symbol and about two hashes per
 * shard.
 *
 * Statuses: as walrus_accel_expanded_axis.
 */
walrus_accel_status walrus_accel_expanded_memory(const struct walrus_accel_expanded *expanded,
                                                 size_t *bytes,
                                                 struct walrus_accel_error **error);

/**
 * Returns the length in bytes of the symbols that walrus_accel_expanded_symbols writes for the
 * same arguments.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL, if `kind` is
 * unknown, or if a target does not exist; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_OUT_OF_MEMORY;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_expanded_symbols_length(const struct walrus_accel_expanded *expanded,
                                                         uint32_t kind,
                                                         const uint16_t *targets,
                                                         size_t target_count,
                                                         size_t *length,
                                                         struct walrus_accel_error **error);

/**
 * Writes the symbols for some targets, one after the other. A target is a pair whose sliver of the
 * other axis the symbol helps to recover.
 *
 * `kind`: WALRUS_ACCEL_SYMBOL_KIND_RECOVERY or WALRUS_ACCEL_SYMBOL_KIND_DECODING. `targets`,
 * `target_count`: the pairs, in any order. `out`, `out_length`: a buffer of at least the length
 * that walrus_accel_expanded_symbols_length returns; the `recovery_symbol_length` or
 * `decoding_symbol_length` of the shape per target is enough. The content of the buffer is
 * unspecified after a failure. `ends`: NULL, or an array of `target_count` offsets: for each
 * target, the offset in `out` of the first byte after its symbol.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL, if `kind` is
 * unknown, if a target does not exist, if the buffer is too short, or if memory overlaps;
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
 * Writes the symbols of a sliver for some targets, without Merkle proofs. The call hashes nothing:
 * it takes less time than walrus_accel_expand, and does not find out whether the bytes of the
 * sliver are right.
 *
 * `request`: read during the call, with the memory that it points to; the call writes `out`.
 * `control`: NULL, or a control that cancels the call from other threads.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for an invalid request (a target that
 * does not exist, a buffer of another length, memory that overlaps); WALRUS_ACCEL_INVALID_HANDLE;
 * WALRUS_ACCEL_MALFORMED if the bytes are no BCS SliverData; WALRUS_ACCEL_INVALID_SLIVER if the
 * index, symbol size or length cannot belong to a sliver of the blob; WALRUS_ACCEL_OUT_OF_MEMORY;
 * WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_decoding_symbols(const struct walrus_accel_runtime *runtime,
                                                  const struct walrus_accel_decoding_symbols_request *request,
                                                  const struct walrus_accel_control *control,
                                                  struct walrus_accel_error **error);

/**
 * Recovers a sliver from recovery symbols, and returns when the sliver is recovered. The call
 * skips wrong and repeated symbols, and does not check symbols that it does not need. If all used
 * symbols belong to the metadata and the sliver that they make does not, the result is an
 * inconsistency proof. Before the call returns such a proof, it computes the result a second time
 * in another way.
 *
 * `request`: read during the call, with the memory that it points to; the symbols are BCS
 * GeneralRecoverySymbol. `control`: NULL, or a control that cancels the call from other threads.
 * `recovered`: set to the result, which the caller frees with walrus_accel_recovered_free.
 *
 * Statuses: WALRUS_ACCEL_OK for a sliver and for a proof; WALRUS_ACCEL_INVALID_ARGUMENT for an
 * invalid request, such as a target that does not exist; WALRUS_ACCEL_INVALID_HANDLE;
 * WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS (`verdicts` has the wrong symbols); WALRUS_ACCEL_RESULTS_DIFFER
 * if the two computations of an inconsistency differ; WALRUS_ACCEL_OUT_OF_MEMORY;
 * WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_recover(const struct walrus_accel_runtime *runtime,
                                         const struct walrus_accel_recover_request *request,
                                         const struct walrus_accel_control *control,
                                         struct walrus_accel_recovered **recovered,
                                         struct walrus_accel_error **error);

/**
 * Recovers a sliver from symbols without Merkle proofs. Such symbols take a third of the bytes or
 * less to fetch, and suffice as long as all are good. If one is not good, the call cannot tell
 * which.
 *
 * `request`: read during the call, with the memory that it points to; the symbols are BCS
 * DecodingSymbol. Malformed symbols, symbols of another size and repeated symbols do not count.
 * `verdicts` has the malformed symbols; after WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS, also the symbols of
 * another size or from beyond the committee. No symbol gets the verdict WALRUS_ACCEL_SYMBOL_GOOD.
 * `control`: NULL, or a control that cancels the call from other threads. `recovered`: set to the
 * result, which always has a sliver, and which the caller frees with walrus_accel_recovered_free.
 * The result has no positions of used symbols; its refused symbols are the malformed ones.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for an invalid request, such as a
 * target that does not exist; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS;
 * WALRUS_ACCEL_INVALID_SLIVER if the sliver that the symbols make does not belong to the metadata:
 * fetch symbols with Merkle proofs; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT;
 * WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_recover_unproven(const struct walrus_accel_runtime *runtime,
                                                  const struct walrus_accel_recover_request *request,
                                                  const struct walrus_accel_control *control,
                                                  struct walrus_accel_recovered **recovered,
                                                  struct walrus_accel_error **error);

/**
 * Frees the result of a recovery and the memory that it lends. NULL is ignored.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the result was freed before;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_recovered_free(struct walrus_accel_recovered *recovered);

/**
 * Returns the kind of the result: WALRUS_ACCEL_RECOVERED_SLIVER or WALRUS_ACCEL_RECOVERED_PROOF.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_recovered_kind(const struct walrus_accel_recovered *recovered,
                                                uint32_t *kind,
                                                struct walrus_accel_error **error);

/**
 * Lends the recovered sliver, as BCS SliverData. The sliver belongs to the metadata.
 *
 * `data`, `length`: set to the bytes and their length. The bytes are valid until the result is
 * freed.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND if the result is an inconsistency proof;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_recovered_sliver(const struct walrus_accel_recovered *recovered,
                                                  const uint8_t **data,
                                                  size_t *length,
                                                  struct walrus_accel_error **error);

/**
 * Lends the inconsistency proof, as BCS InconsistencyProof. The bytes do not have the axis of the
 * proof's target: it is the axis of the request.
 *
 * `data`, `length`: as for walrus_accel_recovered_sliver.
 *
 * Statuses: as walrus_accel_recovered_sliver; WALRUS_ACCEL_NOT_FOUND if the sliver was recovered.
 */
walrus_accel_status walrus_accel_recovered_proof(const struct walrus_accel_recovered *recovered,
                                                 const uint8_t **data,
                                                 size_t *length,
                                                 struct walrus_accel_error **error);

/**
 * Lends the positions in the request of the symbols that were used. An inconsistency proof has its
 * symbols in this order. The list is empty after walrus_accel_recover_unproven.
 *
 * `positions`, `count`: set to the positions and their number. The positions are valid until the
 * result is freed.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_recovered_used(const struct walrus_accel_recovered *recovered,
                                                const size_t **positions,
                                                size_t *count,
                                                struct walrus_accel_error **error);

/**
 * Lends the positions of the symbols that were found wrong, in ascending order, and their
 * verdicts. Symbols that were not needed were not checked.
 *
 * `positions`, `verdicts`, `count`: set to the positions in the request, to one verdict per
 * position (WALRUS_ACCEL_SYMBOL_MALFORMED or another WALRUS_ACCEL_SYMBOL_ verdict), and to the
 * number of positions. Both arrays are valid until the result is freed.
 *
 * Statuses: as walrus_accel_recovered_used.
 */
walrus_accel_status walrus_accel_recovered_refused(const struct walrus_accel_recovered *recovered,
                                                   const size_t **positions,
                                                   const uint8_t **verdicts,
                                                   size_t *count,
                                                   struct walrus_accel_error **error);

/**
 * Verifies an inconsistency proof. A valid proof has a target that exists, and exactly as many
 * symbols as recover the target, from different slivers. All symbols belong to the metadata, and
 * the sliver that they make does not. Before the call returns WALRUS_ACCEL_PROOF_PROVEN, it
 * computes the result a second time in another way.
 *
 * `request`: read during the call, with the memory that it points to. `control`: NULL, or a
 * control that cancels the call from other threads. `verdict`: a structure that
 * WALRUS_ACCEL_PROOF_VERDICT_INIT initialised.
 *
 * Statuses: WALRUS_ACCEL_OK, whatever the verdict; WALRUS_ACCEL_INVALID_ARGUMENT for an invalid
 * request, or if `verdict` is NULL or not initialised; WALRUS_ACCEL_INVALID_HANDLE;
 * WALRUS_ACCEL_RESULTS_DIFFER if the two computations differ; WALRUS_ACCEL_OUT_OF_MEMORY;
 * WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_verify_proof(const struct walrus_accel_runtime *runtime,
                                              const struct walrus_accel_verify_proof_request *request,
                                              const struct walrus_accel_control *control,
                                              struct walrus_accel_proof_verdict *verdict,
                                              struct walrus_accel_error **error);

/**
 * Writes the ID of a patch as text: 50 characters of URL-safe base64, and a NUL.
 *
 * `quilt_id`: the 32 bytes of the quilt's blob ID. `first_column`, `end_column`: columns of the
 * patch, as in walrus_accel_quilt_patch; any numbers are accepted. `text`: a buffer of
 * `text_length` bytes, at least WALRUS_ACCEL_QUILT_PATCH_ID_TEXT_LENGTH.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the buffer is
 * too short; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_quilt_patch_id_to_text(const uint8_t *quilt_id,
                                                        uint16_t first_column,
                                                        uint16_t end_column,
                                                        char *text,
                                                        size_t text_length,
                                                        struct walrus_accel_error **error);

/**
 * Reads the ID of a patch from its text of 50 characters. Only a quilt tells whether it has a
 * patch in these columns: walrus_accel_quilt_reader_patch_by_id.
 *
 * `text`: ends with a NUL. `quilt_id`: a buffer of 32 bytes for the quilt's blob ID.
 * `first_column`, `end_column`: set to the columns of the patch, as in walrus_accel_quilt_patch.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the text is no
 * patch ID; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_quilt_patch_id_from_text(const char *text,
                                                          uint8_t *quilt_id,
                                                          uint16_t *first_column,
                                                          uint16_t *end_column,
                                                          struct walrus_accel_error **error);

/**
 * Returns the number of patches in a list.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_quilt_patches_count(const struct walrus_accel_quilt_patches *patches,
                                                     size_t *count,
                                                     struct walrus_accel_error **error);

/**
 * Describes a patch of a list.
 *
 * `position`: position of the patch in the list. `patch`: a structure that
 * WALRUS_ACCEL_QUILT_PATCH_INIT initialised; its pointers are valid until the list is freed.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the structure
 * is not initialised; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND beyond the last patch;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_quilt_patches_get(const struct walrus_accel_quilt_patches *patches,
                                                   size_t position,
                                                   struct walrus_accel_quilt_patch *patch,
                                                   struct walrus_accel_error **error);

/**
 * Frees a list of patches and its texts. NULL is ignored.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the list was freed before;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_quilt_patches_free(struct walrus_accel_quilt_patches *patches);

/**
 * Encodes a quilt, and returns when the quilt is encoded. A quilt is one blob that holds many
 * small blobs, the patches, and an index. Each patch can be read from few slivers, without
 * decoding. The bytes are those of the network's encoder. The symbol size is the smallest that
 * fits, so the quilt of given patches and shards has one blob ID.
 *
 * `request`: read during the call, with the memory that it points to. `control`: NULL, or a
 * control that observes and cancels the call from other threads. `encoded`: set to the result, as
 * for walrus_accel_encode, which the caller frees with walrus_accel_encoded_free;
 * walrus_accel_encoded_patches returns the patches.
 *
 * Statuses: as walrus_accel_encode; WALRUS_ACCEL_INVALID_ARGUMENT also for an identifier or tags
 * against the rules of walrus_accel_quilt_entry, two equal identifiers, a content of 4 GiB or
 * more, too many patches, and patches that do not fit in the largest quilt;
 * WALRUS_ACCEL_SOURCE_CHANGED also for a file that changed since the call began.
 */
walrus_accel_status walrus_accel_encode_quilt(const struct walrus_accel_runtime *runtime,
                                              const struct walrus_accel_encode_quilt_request *request,
                                              const struct walrus_accel_control *control,
                                              struct walrus_accel_encoded **encoded,
                                              struct walrus_accel_error **error);

/**
 * Returns the patches of an encoded quilt, with their IDs.
 *
 * `patches`: set to the list, which the caller frees with walrus_accel_quilt_patches_free, and
 * which outlives the result.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND if the blob was not encoded as a quilt;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_encoded_patches(const struct walrus_accel_encoded *encoded,
                                                 struct walrus_accel_quilt_patches **patches,
                                                 struct walrus_accel_error **error);

/**
 * Makes a reader of a quilt. The call reads neither index nor patches.
 *
 * `request`: read during the call; the bytes of its slivers or blob are read until the reader is
 * freed and its jobs have ended. `control`: NULL, or a control that cancels the call from other
 * threads; a `blob` behind a pipe is read during the call. `reader`: set to the reader, which the
 * caller frees with walrus_accel_quilt_reader_free, and which keeps the parts of the runtime that
 * it needs.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for an invalid request (NULL where a
 * value is needed, a number out of range, both slivers and a blob, a blob of another length than
 * the metadata's); WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_MALFORMED if no quilt has the length
 * of the blob; WALRUS_ACCEL_IO; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_CANCELLED;
 * WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_quilt_reader_new(const struct walrus_accel_runtime *runtime,
                                                  const struct walrus_accel_quilt_reader_request *request,
                                                  const struct walrus_accel_control *control,
                                                  struct walrus_accel_quilt_reader **reader,
                                                  struct walrus_accel_error **error);

/**
 * Frees a reader of a quilt. Its jobs continue, and read the bytes of its slivers or blob until
 * they have ended. NULL is ignored.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the reader was freed before;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_quilt_reader_free(struct walrus_accel_quilt_reader *reader);

/**
 * Returns all patches of a quilt, from its index. The index is read and verified once; the list is
 * a copy, and outlives the reader.
 *
 * `control`: NULL, or a control that cancels the call from other threads. `patches`: set to the
 * list, which the caller frees with walrus_accel_quilt_patches_free.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_MALFORMED if the blob has no valid index;
 * WALRUS_ACCEL_NOT_ENOUGH_SLIVERS if a column is missing or damaged and cannot be restored;
 * WALRUS_ACCEL_INCONSISTENT if valid slivers do not belong together, and do not in a second
 * computation on another path; WALRUS_ACCEL_RESULTS_DIFFER if only one of the two computations
 * says so; WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_IO;
 * WALRUS_ACCEL_SOURCE_CHANGED and WALRUS_ACCEL_CALLBACK_FAILED for a reader of a blob;
 * WALRUS_ACCEL_ENGINE_UNAVAILABLE if a device failed and `no_cpu_fallback` is 1;
 * WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_quilt_reader_patches(const struct walrus_accel_quilt_reader *reader,
                                                      const struct walrus_accel_control *control,
                                                      struct walrus_accel_quilt_patches **patches,
                                                      struct walrus_accel_error **error);

/**
 * Returns the patch with an identifier, from the index.
 *
 * `identifier`: in UTF-8, ended by a NUL. `control`: NULL, or a control that cancels the call from
 * other threads. `patches`: set to a list of this patch alone, which the caller frees with
 * walrus_accel_quilt_patches_free.
 *
 * Statuses: as walrus_accel_quilt_reader_patches; WALRUS_ACCEL_INVALID_ARGUMENT also if
 * `identifier` is not UTF-8; WALRUS_ACCEL_NOT_FOUND if the quilt has no such patch.
 */
walrus_accel_status walrus_accel_quilt_reader_patch(const struct walrus_accel_quilt_reader *reader,
                                                    const char *identifier,
                                                    const struct walrus_accel_control *control,
                                                    struct walrus_accel_quilt_patches **patches,
                                                    struct walrus_accel_error **error);

/**
 * Returns the patches that have a tag, from the index.
 *
 * `tag`: key and value, read during the call. `control`: NULL, or a control that cancels the call
 * from other threads. `patches`: set to the list, which may be empty, and which the caller frees
 * with walrus_accel_quilt_patches_free.
 *
 * Statuses: as walrus_accel_quilt_reader_patches; WALRUS_ACCEL_INVALID_ARGUMENT also if a text is
 * not UTF-8.
 */
walrus_accel_status walrus_accel_quilt_reader_patches_with_tag(const struct walrus_accel_quilt_reader *reader,
                                                               const struct walrus_accel_quilt_tag *tag,
                                                               const struct walrus_accel_control *control,
                                                               struct walrus_accel_quilt_patches **patches,
                                                               struct walrus_accel_error **error);

/**
 * Returns the patch with a patch ID, from the patch alone: the index is neither read nor needed.
 *
 * `patch_id`: the text of the patch ID, ended by a NUL. `control`: NULL, or a control that cancels
 * the call from other threads. `patches`: set to a list of this patch alone, with identifier and
 * tags as the patch states them, which the caller frees with walrus_accel_quilt_patches_free.
 *
 * Statuses: as walrus_accel_quilt_reader_patches; WALRUS_ACCEL_INVALID_ARGUMENT also if the text
 * is no patch ID; WALRUS_ACCEL_NOT_FOUND for a patch ID of another quilt, and if the columns of
 * the ID hold no patch of just that many columns; WALRUS_ACCEL_MALFORMED for a patch against the
 * rules of the format.
 */
walrus_accel_status walrus_accel_quilt_reader_patch_by_id(const struct walrus_accel_quilt_reader *reader,
                                                          const char *patch_id,
                                                          const struct walrus_accel_control *control,
                                                          struct walrus_accel_quilt_patches **patches,
                                                          struct walrus_accel_error **error);

/**
 * Reads the content of a patch, and returns when it is read.
 *
 * `request`: read during the call, with the memory that it points to. `control`: NULL, or a
 * control that observes and cancels the call from other threads. `content`: set to the result,
 * which the caller frees with walrus_accel_quilt_content_free.
 *
 * Statuses: as walrus_accel_quilt_reader_patches; WALRUS_ACCEL_INVALID_ARGUMENT also for an
 * invalid request (NULL where a value is needed, a number out of range, patches of another quilt,
 * a buffer that overlaps or is too short, an output file that the reader reads);
 * WALRUS_ACCEL_NOT_FOUND beyond the last patch; WALRUS_ACCEL_MALFORMED if the columns of the patch
 * hold another patch or none.
 */
walrus_accel_status walrus_accel_quilt_reader_read(const struct walrus_accel_quilt_reader *reader,
                                                   const struct walrus_accel_quilt_reader_read_request *request,
                                                   const struct walrus_accel_control *control,
                                                   struct walrus_accel_quilt_content **content,
                                                   struct walrus_accel_error **error);

/**
 * Writes patches to files below a directory, and returns when all are written. No file is outside
 * of the directory, whatever the identifiers are: an identifier with an empty component, "." or
 * ".." is refused before anything is written, and no link below the directory is followed. Each
 * file gets its name when it is complete. After a failure, files that are complete stay.
 *
 * `request`: read during the call. `control`: NULL, or a control that cancels the call from other
 * threads, and whose progress is that of the current patch.
 *
 * Statuses: as walrus_accel_quilt_reader_read; WALRUS_ACCEL_INVALID_ARGUMENT also for an
 * identifier that is no safe path, and for two patches with one path; WALRUS_ACCEL_TARGET_EXISTS.
 */
walrus_accel_status walrus_accel_quilt_reader_extract(const struct walrus_accel_quilt_reader *reader,
                                                      const struct walrus_accel_quilt_reader_extract_request *request,
                                                      const struct walrus_accel_control *control,
                                                      struct walrus_accel_error **error);

/**
 * Checks a whole quilt: the blob with WALRUS_ACCEL_CHECK_STRICT, the index, every patch, and that
 * all other bytes are zero. After this check, every reader of the quilt gets the same patches,
 * whatever slivers it reads. A reader of a blob checks the quilt alone.
 *
 * `control`: NULL, or a control that observes and cancels the call from other threads.
 *
 * Statuses: as walrus_accel_quilt_reader_patches; WALRUS_ACCEL_NOT_ENOUGH_SLIVERS unless an axis
 * has enough slivers to decode the blob; WALRUS_ACCEL_MALFORMED also if a patch or other bytes are
 * against the rules of the format.
 */
walrus_accel_status walrus_accel_quilt_reader_check(const struct walrus_accel_quilt_reader *reader,
                                                    const struct walrus_accel_control *control,
                                                    struct walrus_accel_error **error);

/**
 * Returns the length of a patch's content in bytes.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_quilt_content_length(const struct walrus_accel_quilt_content *content,
                                                      uint64_t *length,
                                                      struct walrus_accel_error **error);

/**
 * Lends the content that the library keeps (WALRUS_ACCEL_OUTPUT_LIBRARY).
 *
 * `data`, `length`: set to the bytes and their length. The bytes are valid until the result is
 * freed.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND if the output was of another kind;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_quilt_content_bytes(const struct walrus_accel_quilt_content *content,
                                                     const uint8_t **data,
                                                     size_t *length,
                                                     struct walrus_accel_error **error);

/**
 * Frees the result of reading a patch, with the content if the library keeps it. NULL is ignored.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the result was freed before;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_quilt_content_free(struct walrus_accel_quilt_content *content);

/**
 * Encodes many blobs, up to the runtime's `max_jobs` at once, and returns when all are done. A
 * blob that fails does not stop the others.
 *
 * `requests`: an array of `count` requests, all with the struct_size of the first; (NULL, 0) is an
 * empty array. Memory that different requests write must not overlap. `control`: NULL, or a
 * control, whose progress counts blobs instead of bytes. `results`: an array for `count` results.
 * Unless it is NULL, the call writes all results, whatever its status, and the caller frees their
 * handles. If the batch does not begin, each result has the status WALRUS_ACCEL_NOT_ENDED and no
 * handles.
 *
 * Statuses: WALRUS_ACCEL_OK if all blobs succeed; otherwise the status of the first blob that
 * failed, as walrus_accel_encode returns it. If the batch does not begin:
 * WALRUS_ACCEL_INVALID_ARGUMENT if an array is NULL and `count` is not 0, or if a request is not
 * initialised or differs in size from the first; WALRUS_ACCEL_INVALID_HANDLE;
 * WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_encode_batch(const struct walrus_accel_runtime *runtime,
                                              const struct walrus_accel_encode_request *requests,
                                              size_t count,
                                              const struct walrus_accel_control *control,
                                              struct walrus_accel_encode_result *results,
                                              struct walrus_accel_error **error);

/**
 * Encodes many quilts, up to the runtime's `max_jobs` at once, and returns when all are done. A
 * quilt that fails does not stop the others.
 *
 * Parameters: as walrus_accel_encode_batch.
 *
 * Statuses: as walrus_accel_encode_batch, with the statuses of walrus_accel_encode_quilt.
 */
walrus_accel_status walrus_accel_encode_quilt_batch(const struct walrus_accel_runtime *runtime,
                                                    const struct walrus_accel_encode_quilt_request *requests,
                                                    size_t count,
                                                    const struct walrus_accel_control *control,
                                                    struct walrus_accel_encode_result *results,
                                                    struct walrus_accel_error **error);

/**
 * Decodes many blobs, up to the runtime's `max_jobs` at once, and returns when all are done. A
 * blob that fails does not stop the others.
 *
 * Parameters: as walrus_accel_encode_batch.
 *
 * Statuses: as walrus_accel_encode_batch, with the statuses of walrus_accel_decode.
 */
walrus_accel_status walrus_accel_decode_batch(const struct walrus_accel_runtime *runtime,
                                              const struct walrus_accel_decode_request *requests,
                                              size_t count,
                                              const struct walrus_accel_control *control,
                                              struct walrus_accel_decode_result *results,
                                              struct walrus_accel_error **error);

/**
 * Verifies a directory of slivers that WALRUS_ACCEL_SINK_DIRECTORY wrote. The call looks for
 * foreign files among the files of the slivers.
 *
 * `directory`: the directory of the blob, ended by a NUL. `quick`: 0 to verify every sliver
 * against the metadata; 1 to compare every file with the manifest, which finds damage since the
 * manifest was written, as fast as the files can be read. `control`: NULL, or a control that
 * observes and cancels the call from other threads. `report`: set to the report, which the caller
 * frees with walrus_accel_directory_report_free.
 *
 * Statuses: WALRUS_ACCEL_OK, whatever was found; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is
 * NULL, if `quick` is neither 0 nor 1, or if the metadata has a number of shards that the code
 * does not support; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_IO; WALRUS_ACCEL_MALFORMED and
 * WALRUS_ACCEL_INVALID_METADATA if the directory has no usable metadata or manifest;
 * WALRUS_ACCEL_BLOB_TOO_LARGE if the metadata claims such a blob; WALRUS_ACCEL_OUT_OF_MEMORY;
 * WALRUS_ACCEL_MEMORY_LIMIT; WALRUS_ACCEL_ENGINE_UNAVAILABLE if a device failed and
 * `no_cpu_fallback` is 1; WALRUS_ACCEL_CANCELLED; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_directory_verify(const struct walrus_accel_runtime *runtime,
                                                  const char *directory,
                                                  uint32_t quick,
                                                  const struct walrus_accel_control *control,
                                                  struct walrus_accel_directory_report **report,
                                                  struct walrus_accel_error **error);

/**
 * Repairs a directory of slivers: rebuilds missing and damaged slivers from the others, so that
 * the directory equals a fresh encoding. Foreign files stay. The rebuilt files get their names
 * when all are complete.
 *
 * `directory`: the directory of the blob, ended by a NUL. `control`: NULL, or a control that
 * observes and cancels the call from other threads. `report`: set to a report of the problems that
 * were found, which are repaired except for foreign files. The caller frees it with
 * walrus_accel_directory_report_free.
 *
 * Statuses: as walrus_accel_directory_verify; WALRUS_ACCEL_NOT_ENOUGH_SLIVERS;
 * WALRUS_ACCEL_INCONSISTENT if valid slivers make another blob, and do so again in a second
 * computation on another path; WALRUS_ACCEL_RESULTS_DIFFER if they do so in only one of the two
 * computations; WALRUS_ACCEL_BUSY.
 */
walrus_accel_status walrus_accel_directory_repair(const struct walrus_accel_runtime *runtime,
                                                  const char *directory,
                                                  const struct walrus_accel_control *control,
                                                  struct walrus_accel_directory_report **report,
                                                  struct walrus_accel_error **error);

/**
 * Returns the number of files that were checked, and the number of problems.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_directory_report_counts(const struct walrus_accel_directory_report *report,
                                                         size_t *checked,
                                                         size_t *problems,
                                                         struct walrus_accel_error **error);

/**
 * Describes a problem of a report.
 *
 * `position`: position of the problem in the report. `problem`: a structure that
 * WALRUS_ACCEL_PROBLEM_INIT initialised.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL or the structure
 * is not initialised; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_NOT_FOUND beyond the last problem;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_directory_report_get(const struct walrus_accel_directory_report *report,
                                                      size_t position,
                                                      struct walrus_accel_problem *problem,
                                                      struct walrus_accel_error **error);

/**
 * Frees a report and its texts. NULL is ignored.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the report was freed before;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_directory_report_free(struct walrus_accel_directory_report *report);

/**
 * Submits a job that encodes a blob, as walrus_accel_encode does, and returns at once. The job
 * runs when fewer than `max_jobs` other jobs of the runtime run; until then it waits, in order.
 *
 * `request`: read during the call. The memory that its structures point to is read and written
 * until the job has ended. `ended`: NULL, or a function that the library calls with `user_data`
 * when the job has ended. `job`: set to the job, which the caller frees with
 * walrus_accel_job_free.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT for an invalid request;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_IO for a file descriptor that is not open;
 * WALRUS_ACCEL_OUT_OF_MEMORY; WALRUS_ACCEL_POISONED; WALRUS_ACCEL_PANIC. walrus_accel_job_result
 * returns the other statuses of walrus_accel_encode.
 */
walrus_accel_status walrus_accel_submit_encode(const struct walrus_accel_runtime *runtime,
                                               const struct walrus_accel_encode_request *request,
                                               walrus_accel_ended_function ended,
                                               void *user_data,
                                               struct walrus_accel_job **job,
                                               struct walrus_accel_error **error);

/**
 * Submits a job that decodes a blob, as walrus_accel_decode does, and returns at once.
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
 * Submits a job that decodes a blob without metadata, as walrus_accel_decode_unchecked does, and
 * returns at once. walrus_accel_job_take_decoded returns the result.
 *
 * Parameters and statuses: as walrus_accel_submit_encode, and also WALRUS_ACCEL_BLOB_TOO_LARGE for
 * a length that no blob has, and WALRUS_ACCEL_MALFORMED for a sliver that is not BCS SliverData.
 */
walrus_accel_status walrus_accel_submit_decode_unchecked(const struct walrus_accel_runtime *runtime,
                                                         const struct walrus_accel_decode_unchecked_request *request,
                                                         walrus_accel_ended_function ended,
                                                         void *user_data,
                                                         struct walrus_accel_job **job,
                                                         struct walrus_accel_error **error);

/**
 * Submits a job that rebuilds slivers, as walrus_accel_rebuild does, and returns at once.
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
 * Submits a job that verifies slivers, as walrus_accel_verify does, and returns at once. The
 * verdicts are complete when the job has ended with success.
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
 * Returns the state of a job without waiting: WALRUS_ACCEL_JOB_QUEUED, WALRUS_ACCEL_JOB_RUNNING or
 * WALRUS_ACCEL_JOB_ENDED.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_job_poll(const struct walrus_accel_job *job,
                                          uint32_t *state,
                                          struct walrus_accel_error **error);

/**
 * Waits until a job has ended, with or without success. The callback `ended` may still run.
 *
 * `milliseconds`: time limit of the wait; WALRUS_ACCEL_FOREVER for no limit.
 *
 * Statuses: WALRUS_ACCEL_OK if the job has ended; WALRUS_ACCEL_TIMED_OUT if not;
 * WALRUS_ACCEL_INVALID_ARGUMENT if `job` is NULL; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_job_wait(const struct walrus_accel_job *job,
                                          uint64_t milliseconds,
                                          struct walrus_accel_error **error);

/**
 * Returns the progress of a job, as walrus_accel_control_progress does for a call.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_job_progress(const struct walrus_accel_job *job,
                                              uint64_t *done,
                                              uint64_t *total,
                                              struct walrus_accel_error **error);

/**
 * Returns the name of the engine that runs or ran a job, as walrus_accel_control_engine does for a
 * call.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_job_engine(const struct walrus_accel_job *job,
                                            const char **name,
                                            struct walrus_accel_error **error);

/**
 * Cancels a job, without waiting for its end. A running job finishes its current piece of work and
 * ends with WALRUS_ACCEL_CANCELLED; a queued job ends at once. A job that has ended stays as it
 * is.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_ARGUMENT if `job` is NULL;
 * WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_job_cancel(const struct walrus_accel_job *job,
                                            struct walrus_accel_error **error);

/**
 * Returns the status and the error that the blocking call would have returned.
 *
 * Statuses: the statuses of the blocking call; WALRUS_ACCEL_NOT_ENDED;
 * WALRUS_ACCEL_INVALID_ARGUMENT if `job` is NULL; WALRUS_ACCEL_INVALID_HANDLE; WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_job_result(const struct walrus_accel_job *job,
                                            struct walrus_accel_error **error);

/**
 * Takes the result of a job that encoded a blob or rebuilt slivers. The result can be taken once.
 *
 * `encoded`: set to the result, which the caller frees with walrus_accel_encoded_free, and which
 * outlives the job.
 *
 * Statuses: WALRUS_ACCEL_OK; the status of the job if it failed; WALRUS_ACCEL_NOT_ENDED;
 * WALRUS_ACCEL_NOT_FOUND if the result was taken before or is of another kind;
 * WALRUS_ACCEL_INVALID_ARGUMENT if a pointer is NULL; WALRUS_ACCEL_INVALID_HANDLE;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_job_take_encoded(const struct walrus_accel_job *job,
                                                  struct walrus_accel_encoded **encoded,
                                                  struct walrus_accel_error **error);

/**
 * Takes the result of a job that decoded a blob. The result can be taken once.
 *
 * `decoded`: set to the result, which the caller frees with walrus_accel_decoded_free, and which
 * outlives the job.
 *
 * Statuses: as walrus_accel_job_take_encoded.
 */
walrus_accel_status walrus_accel_job_take_decoded(const struct walrus_accel_job *job,
                                                  struct walrus_accel_decoded **decoded,
                                                  struct walrus_accel_error **error);

/**
 * Frees a job. The call cancels a job that has not ended, and waits for its end. When the call
 * returns, the library uses no memory of the caller for the job, and `ended` has returned, unless
 * `ended` makes this call. NULL is ignored.
 *
 * Statuses: WALRUS_ACCEL_OK; WALRUS_ACCEL_INVALID_HANDLE if the job was freed before;
 * WALRUS_ACCEL_PANIC.
 */
walrus_accel_status walrus_accel_job_free(struct walrus_accel_job *job);

/**
 * Submits a job that encodes a quilt, as walrus_accel_encode_quilt does, and returns at once.
 * walrus_accel_job_take_encoded returns the result.
 *
 * Parameters and statuses: as walrus_accel_submit_encode. Files are opened, and identifiers are
 * checked, when the job runs.
 */
walrus_accel_status walrus_accel_submit_encode_quilt(const struct walrus_accel_runtime *runtime,
                                                     const struct walrus_accel_encode_quilt_request *request,
                                                     walrus_accel_ended_function ended,
                                                     void *user_data,
                                                     struct walrus_accel_job **job,
                                                     struct walrus_accel_error **error);

/**
 * Submits a job that reads the content of a patch, as walrus_accel_quilt_reader_read does, and
 * returns at once. walrus_accel_job_take_quilt_content returns the result. The job runs among the
 * jobs of the reader's runtime.
 *
 * Parameters and statuses: as walrus_accel_submit_encode, and WALRUS_ACCEL_NOT_FOUND beyond the
 * last patch.
 */
walrus_accel_status walrus_accel_submit_quilt_read(const struct walrus_accel_quilt_reader *reader,
                                                   const struct walrus_accel_quilt_reader_read_request *request,
                                                   walrus_accel_ended_function ended,
                                                   void *user_data,
                                                   struct walrus_accel_job **job,
                                                   struct walrus_accel_error **error);

/**
 * Submits a job that writes patches to files, as walrus_accel_quilt_reader_extract does, and
 * returns at once. walrus_accel_job_result returns its status.
 *
 * Parameters and statuses: as walrus_accel_submit_encode.
 */
walrus_accel_status walrus_accel_submit_quilt_extract(const struct walrus_accel_quilt_reader *reader,
                                                      const struct walrus_accel_quilt_reader_extract_request *request,
                                                      walrus_accel_ended_function ended,
                                                      void *user_data,
                                                      struct walrus_accel_job **job,
                                                      struct walrus_accel_error **error);

/**
 * Submits a job that checks a whole quilt, as walrus_accel_quilt_reader_check does, and returns at
 * once. walrus_accel_job_result returns its status.
 *
 * Parameters and statuses: as walrus_accel_submit_encode, without a request.
 */
walrus_accel_status walrus_accel_submit_quilt_check(const struct walrus_accel_quilt_reader *reader,
                                                    walrus_accel_ended_function ended,
                                                    void *user_data,
                                                    struct walrus_accel_job **job,
                                                    struct walrus_accel_error **error);

/**
 * Takes the result of a job that read a patch. The result can be taken once.
 *
 * `content`: set to the result, which the caller frees with walrus_accel_quilt_content_free, and
 * which outlives the job.
 *
 * Statuses: as walrus_accel_job_take_encoded.
 */
walrus_accel_status walrus_accel_job_take_quilt_content(const struct walrus_accel_job *job,
                                                        struct walrus_accel_quilt_content **content,
                                                        struct walrus_accel_error **error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

/**
 * Initialiser of a walrus_accel_shape: all fields have their defaults.
 */
#define WALRUS_ACCEL_SHAPE_INIT { sizeof(walrus_accel_shape), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * Initialiser of a walrus_accel_device: all fields have their defaults.
 */
#define WALRUS_ACCEL_DEVICE_INIT { sizeof(walrus_accel_device), 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * Initialiser of a walrus_accel_runtime_options: all fields have their defaults.
 */
#define WALRUS_ACCEL_RUNTIME_OPTIONS_INIT { sizeof(walrus_accel_runtime_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * Initialiser of a walrus_accel_source: all fields have their defaults.
 */
#define WALRUS_ACCEL_SOURCE_INIT { sizeof(walrus_accel_source), 0, 0, 0, 0, 0, 0, 0 }

/**
 * Initialiser of a walrus_accel_sink: all fields have their defaults.
 */
#define WALRUS_ACCEL_SINK_INIT { sizeof(walrus_accel_sink), 0, 0, 0, 0, 0, 0, 0 }

/**
 * Initialiser of a walrus_accel_encode_request: all fields have their defaults.
 */
#define WALRUS_ACCEL_ENCODE_REQUEST_INIT { sizeof(walrus_accel_encode_request), 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * Initialiser of a walrus_accel_decode_request: all fields have their defaults.
 */
#define WALRUS_ACCEL_DECODE_REQUEST_INIT { sizeof(walrus_accel_decode_request), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * Initialiser of a walrus_accel_decode_unchecked_request: all fields have their defaults.
 */
#define WALRUS_ACCEL_DECODE_UNCHECKED_REQUEST_INIT { sizeof(walrus_accel_decode_unchecked_request), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * Initialiser of a walrus_accel_verify_request: all fields have their defaults.
 */
#define WALRUS_ACCEL_VERIFY_REQUEST_INIT { sizeof(walrus_accel_verify_request), 0, 0, 0, 0, 0, 0 }

/**
 * Initialiser of a walrus_accel_seen_sliver: all fields have their defaults.
 */
#define WALRUS_ACCEL_SEEN_SLIVER_INIT { sizeof(walrus_accel_seen_sliver), 0, 0, 0, 0, 0 }

/**
 * Initialiser of a walrus_accel_reader_add_request: all fields have their defaults.
 */
#define WALRUS_ACCEL_READER_ADD_REQUEST_INIT { sizeof(walrus_accel_reader_add_request), 0, 0, 0, 0 }

/**
 * Initialiser of a walrus_accel_reader_read_request: all fields have their defaults.
 */
#define WALRUS_ACCEL_READER_READ_REQUEST_INIT { sizeof(walrus_accel_reader_read_request), 0, 0, 0, 0, 0 }

/**
 * Initialiser of a walrus_accel_rebuild_request: all fields have their defaults.
 */
#define WALRUS_ACCEL_REBUILD_REQUEST_INIT { sizeof(walrus_accel_rebuild_request), 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * Initialiser of a walrus_accel_verify_symbols_request: all fields have their defaults.
 */
#define WALRUS_ACCEL_VERIFY_SYMBOLS_REQUEST_INIT { sizeof(walrus_accel_verify_symbols_request), 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * Initialiser of a walrus_accel_expand_request: all fields have their defaults.
 */
#define WALRUS_ACCEL_EXPAND_REQUEST_INIT { sizeof(walrus_accel_expand_request), 0, 0 }

/**
 * Initialiser of a walrus_accel_decoding_symbols_request: all fields have their defaults.
 */
#define WALRUS_ACCEL_DECODING_SYMBOLS_REQUEST_INIT { sizeof(walrus_accel_decoding_symbols_request), 0, 0, 0, 0, 0, 0 }

/**
 * Initialiser of a walrus_accel_recover_request: all fields have their defaults.
 */
#define WALRUS_ACCEL_RECOVER_REQUEST_INIT { sizeof(walrus_accel_recover_request), 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * Initialiser of a walrus_accel_verify_proof_request: all fields have their defaults.
 */
#define WALRUS_ACCEL_VERIFY_PROOF_REQUEST_INIT { sizeof(walrus_accel_verify_proof_request), 0, 0, 0, 0, 0 }

/**
 * Initialiser of a walrus_accel_proof_verdict: all fields have their defaults.
 */
#define WALRUS_ACCEL_PROOF_VERDICT_INIT { sizeof(walrus_accel_proof_verdict), 0, 0, 0 }

/**
 * Initialiser of a walrus_accel_quilt_patch: all fields have their defaults.
 */
#define WALRUS_ACCEL_QUILT_PATCH_INIT { sizeof(walrus_accel_quilt_patch), 0, 0, 0, 0, 0, 0, 0 }

/**
 * Initialiser of a walrus_accel_quilt_entry: all fields have their defaults.
 */
#define WALRUS_ACCEL_QUILT_ENTRY_INIT { sizeof(walrus_accel_quilt_entry), 0, 0, 0, 0 }

/**
 * Initialiser of a walrus_accel_encode_quilt_request: all fields have their defaults.
 */
#define WALRUS_ACCEL_ENCODE_QUILT_REQUEST_INIT { sizeof(walrus_accel_encode_quilt_request), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * Initialiser of a walrus_accel_quilt_reader_request: all fields have their defaults.
 */
#define WALRUS_ACCEL_QUILT_READER_REQUEST_INIT { sizeof(walrus_accel_quilt_reader_request), 0, 0, 0, 0, 0 }

/**
 * Initialiser of a walrus_accel_quilt_reader_read_request: all fields have their defaults.
 */
#define WALRUS_ACCEL_QUILT_READER_READ_REQUEST_INIT { sizeof(walrus_accel_quilt_reader_read_request), 0, 0, 0, 0, 0, 0, 0 }

/**
 * Initialiser of a walrus_accel_quilt_reader_extract_request: all fields have their defaults.
 */
#define WALRUS_ACCEL_QUILT_READER_EXTRACT_REQUEST_INIT { sizeof(walrus_accel_quilt_reader_extract_request), 0, 0, 0, 0 }

/**
 * Initialiser of a walrus_accel_problem: all fields have their defaults.
 */
#define WALRUS_ACCEL_PROBLEM_INIT { sizeof(walrus_accel_problem), 0, 0, 0, 0 }


#endif  /* WALRUS_ACCEL_H */
