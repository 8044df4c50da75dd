/*
 * Calls whose allocations fail one by one, and what they work on.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include "fixture.h"

/* What the calls work on; made before the tries, in the parent. */
typedef struct material {
    sample given;
    /* As many slivers as decode the blob. */
    walrus_accel_sliver *slivers;
    uint16_t sliver_count;
    /* Of those slivers, for the secondary sliver of pair 1. */
    walrus_accel_symbol *symbols;
    /* Those symbols as a proof, which is none. */
    uint8_t *proof;
    size_t proof_length;
    /* An empty directory; a file with the blob; the blob's directory. */
    char *folder, *file, *directory;
} material;

extern material here;

/*
 * A call: `is_checked` says whether memory suffices, so that its result is to be right. Gives its status.
 */
typedef walrus_accel_status (*call)(const walrus_accel_runtime *runtime, int is_checked);

/* The error goes with the status, also where there is hardly memory for it. Frees it. */
walrus_accel_status with_error(walrus_accel_status status, walrus_accel_error *error);

/* Encodes from a source and to a sink. */
walrus_accel_status encode_from(const walrus_accel_runtime *runtime, const walrus_accel_source *source,
                                walrus_accel_sink *sink, int is_checked);

/* Of memory_files.c. */
walrus_accel_status encode_file(const walrus_accel_runtime *runtime, int is_checked);
walrus_accel_status encode_descriptor(const walrus_accel_runtime *runtime, int is_checked);
walrus_accel_status encode_reads(const walrus_accel_runtime *runtime, int is_checked);
walrus_accel_status encode_to_callback(const walrus_accel_runtime *runtime, int is_checked);
walrus_accel_status encode_to_directory(const walrus_accel_runtime *runtime, int is_checked);
walrus_accel_status decode_to_file(const walrus_accel_runtime *runtime, int is_checked);
walrus_accel_status decode_directory(const walrus_accel_runtime *runtime, int is_checked);
walrus_accel_status verify_directory(const walrus_accel_runtime *runtime, int is_checked);
walrus_accel_status verify_quickly(const walrus_accel_runtime *runtime, int is_checked);
walrus_accel_status repair_directory(const walrus_accel_runtime *runtime, int is_checked);

/* Of memory_jobs.c. */
walrus_accel_status encode_as_job(const walrus_accel_runtime *runtime, int is_checked);
walrus_accel_status decode_as_job(const walrus_accel_runtime *runtime, int is_checked);
walrus_accel_status verify_as_job(const walrus_accel_runtime *runtime, int is_checked);
walrus_accel_status rebuild_as_job(const walrus_accel_runtime *runtime, int is_checked);
walrus_accel_status decode_batch(const walrus_accel_runtime *runtime, int is_checked);
walrus_accel_status verify_batch(const walrus_accel_runtime *runtime, int is_checked);
walrus_accel_status verify_symbols(const walrus_accel_runtime *runtime, int is_checked);
walrus_accel_status verify_proof(const walrus_accel_runtime *runtime, int is_checked);
walrus_accel_status pass_metadata_on(const walrus_accel_runtime *runtime, int is_checked);

#endif
