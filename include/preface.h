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
