/*
 * Common part of the program that misuses the library.
 */
#ifndef MISUSE_H
#define MISUSE_H

#include "check.h"
#include "fixture.h"

enum {
    KIND_RUNTIME,
    KIND_CONTROL,
    KIND_METADATA,
    KIND_ENCODED,
    KIND_DECODED,
    KIND_DEVICES,
    KIND_DIRECTORY_REPORT,
    KIND_JOB,
    KIND_EXPANDED,
    KIND_RECOVERED,
    KIND_READER,
    KIND_READER_REPORT,
    KIND_QUILT_PATCHES,
    KIND_QUILT_READER,
    KIND_QUILT_CONTENT,
    KIND_ERROR,
    KINDS
};

/* A refused call that returns a handle sets NULL. The call passes `&out`. */
#define REFUSES_HANDLE(expected, type, call)                                                       \
    do {                                                                                           \
        type *out = UNSET(type);                                                                   \
        CHECK_STATUS(expected, call);                                                              \
        CHECK(out == NULL);                                                                        \
    } while (0)

/* A refused call that returns a number sets 0. The call passes `&out`. */
#define REFUSES_NUMBER(expected, type, call)                                                       \
    do {                                                                                           \
        type out = (type) ~(type)0;                                                                \
        CHECK_STATUS(expected, call);                                                              \
        CHECK_EQUAL(out, 0);                                                                       \
    } while (0)

/* Calls a function with a structure. Returns the status; the error is NULL or must be freed. */
typedef walrus_accel_status (*use)(void *structure, walrus_accel_error **error);

/* Valid arguments, to change one at a time. */
typedef struct world {
    walrus_accel_runtime *runtime;
    sample sample;
    walrus_accel_sliver *slivers;
    size_t sliver_count;
    walrus_accel_source source;
    walrus_accel_sink sink;
    walrus_accel_encode_request encode;
    walrus_accel_decode_request decode;
    walrus_accel_verify_request verify;
    walrus_accel_rebuild_request rebuild;
    uint8_t verdicts[64];
    /* Symbols of the secondary slivers that recover the primary sliver of the target pair. */
    walrus_accel_symbol *symbols;
    size_t symbol_count;
    uint16_t target;
    /* A secondary sliver, and a buffer for its symbol for the target. */
    walrus_accel_sliver source_sliver;
    uint8_t symbol[4096];
    walrus_accel_expand_request expand;
    walrus_accel_decoding_symbols_request decoding_symbols;
    walrus_accel_verify_symbols_request verify_symbols;
    walrus_accel_recover_request recover;
    walrus_accel_verify_proof_request verify_proof;
    walrus_accel_reader_add_request reader_add;
    walrus_accel_added added;
    walrus_accel_reader_read_request reader_read;
    /* A quilt of one patch, and its secondary slivers. */
    walrus_accel_quilt_entry quilt_entry;
    walrus_accel_encode_quilt_request encode_quilt;
    walrus_accel_encoded *quilt;
    walrus_accel_metadata *quilt_metadata;
    walrus_accel_sliver *quilt_slivers;
    walrus_accel_quilt_patches *quilt_patches;
    walrus_accel_quilt_reader_request quilt_reader;
    walrus_accel_quilt_reader_read_request quilt_read;
    walrus_accel_quilt_reader_extract_request quilt_extract;
    char *folder;
    /* The blob's directory in the folder. */
    char *directory;
    /* A live handle and a freed handle of each kind. */
    void *live[KINDS];
    void *freed[KINDS];
} world;

void misuse_handles(world *world);
void misuse_pointers(world *world);
void misuse_numbers(world *world);
void misuse_structures(world *world);
void misuse_memory(world *world);
void misuse_files(world *world);
void misuse_callbacks(world *world);
void misuse_recovery(world *world);
void misuse_quilts(world *world);

/* Calls a function with structures of all sizes, from `known` on. `is_filled`: the function fills
 * the structure. */
void check_sizes(const char *name, use use, const void *structure, size_t known, int is_filled);

/* Requests of misuse_recovery, and their material. */
void misuse_recovery_new(world *world);
void misuse_recovery_free(world *world);

/* Requests of misuse_quilts, and their material. */
void misuse_quilts_new(world *world);
void misuse_quilts_free(world *world);

#endif
