/*
 * Calls whose allocations fail one by one, and the material of the calls.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include "fixture.h"

/* Material of the calls, made in the parent before the tries. */
typedef struct material {
    sample given;
    /* As many slivers as decode the blob. */
    walrus_accel_sliver *slivers;
    uint16_t sliver_count;
    /* Symbols of the slivers for the secondary sliver of pair 1. */
    walrus_accel_symbol *symbols;
    /* The symbols as an inconsistency proof, which is not valid. */
    uint8_t *proof;
    size_t proof_length;
    /* An empty directory; a file with the blob; the blob's directory. */
    char *folder, *file, *directory;
} material;

extern material here;

/*
 * A call. `is_checked` is 1 if memory suffices, so that the result must be right. Returns the
 * status.
 */
typedef walrus_accel_status (*call)(const walrus_accel_runtime *runtime, int is_checked);

/* Checks that status and error match, even if memory is short. Frees the error. */
walrus_accel_status with_error(walrus_accel_status status, walrus_accel_error *error);

/* Encodes from a source to a sink. */
walrus_accel_status encode_from(const walrus_accel_runtime *runtime,
    const walrus_accel_source *source, walrus_accel_sink *sink, int is_checked);

/* Defined in memory_files.c. */
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

/* Defined in memory_quilts.c. */
walrus_accel_status encode_quilt(const walrus_accel_runtime *runtime, int is_checked);
walrus_accel_status read_quilt(const walrus_accel_runtime *runtime, int is_checked);
walrus_accel_status restore_quilt(const walrus_accel_runtime *runtime, int is_checked);
walrus_accel_status check_quilt(const walrus_accel_runtime *runtime, int is_checked);

/* Material of these calls. */
void memory_quilts_new(const walrus_accel_runtime *runtime);
void memory_quilts_free(void);

/* Defined in memory_jobs.c. */
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
