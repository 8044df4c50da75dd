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
