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
 *   device          graphics processor with its driver
 *   runtime         engine choice, threads and memory limit, shared by jobs
 *   job             call that encodes, decodes, verifies or rebuilds, or its work in the background
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
 * Handles. A runtime, a control, metadata, a result, an expanded sliver, a reader, a job, a device
 * list, a report and an error are handles. The caller owns each handle that a function returns, and
 * frees it once with the _free function of its type. Every _free function ignores NULL. The library
 * recognises a handle that was freed or is of another type, and returns
 * WALRUS_ACCEL_INVALID_HANDLE, unless another handle of the same type has the same address by then.
 *
 * Threads. `const T *` may be shared: all threads may call functions with it at the same time.
 * `T *`, which _free functions and output parameters take, belongs to one thread: no other call may
 * use it at the same time. No function depends on the thread that calls it. A call that encodes,
 * decodes, rebuilds or verifies slivers blocks; the walrus_accel_submit_ functions run the same
 * work as a job. walrus_accel_expand, walrus_accel_decoding_symbols, walrus_accel_recover,
 * walrus_accel_recover_unproven, walrus_accel_verify_symbols, walrus_accel_verify_proof, the
 * batches, and the functions on directories and readers have no such variants: call them from your
 * own threads, many at the same time. The library stays loaded after
 * dlclose.
 *
 * Memory. Input memory is borrowed for the call, and the library keeps no pointer to it after the
 * call. A job borrows the bytes of blobs and slivers, output buffers and the `user_data` of
 * callbacks until the job has ended; it reads structures, arrays and paths only while it is
 * submitted. Memory that the library lends (a sliver, a blob, a text) is valid until the handle
 * that lends it is freed. Memory that a call writes must not overlap with other memory of the call.
 * (NULL, 0) is an empty buffer.
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
 * threads. The child makes its own runtime. The parent's runtimes, controls, readers and jobs are
 * invalid in the child: every function returns WALRUS_ACCEL_INVALID_HANDLE for them at once, except
 * for the _free functions, which do nothing and return WALRUS_ACCEL_OK. All other handles are
 * memory, of which the child has a copy. Device drivers have locks of their own: the child of a
 * process that used or looked for a device takes WALRUS_ACCEL_ENGINE_CPU.
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
