/*
 * Common part of the program on quilts: a quilt of five files whose IDs are known.
 */
#ifndef QUILTS_H
#define QUILTS_H

#include "check.h"
#include "fixture.h"

enum { SHARDS = 10, FILES = 5, TEXT = WALRUS_ACCEL_QUILT_PATCH_ID_TEXT_LENGTH };

/* Files in the order of the quilt, and the columns of each. */
typedef struct file {
    const char *identifier;
    size_t length;
    uint8_t *bytes;
    uint16_t first, end;
} file;

/* Encoded quilt, with the values that tests compare. Its addresses must not change. */
typedef struct quilt {
    file files[FILES];
    walrus_accel_quilt_tag tag;
    walrus_accel_source sources[FILES];
    walrus_accel_quilt_entry entries[FILES];
    walrus_accel_encode_quilt_request request;
    walrus_accel_sink sink;
    walrus_accel_encoded *encoded;
    walrus_accel_metadata *metadata;
    walrus_accel_quilt_patches *patches;
    walrus_accel_shape shape;
    uint8_t id[WALRUS_ACCEL_BLOB_ID_LENGTH];
    /* The quilt as a blob. */
    uint8_t *blob;
    /* Secondary slivers in the order of the columns, then of the other indices. */
    walrus_accel_sliver columns[SHARDS];
    walrus_accel_sliver rows[SHARDS];
} quilt;

void quilt_init(quilt *quilt, const walrus_accel_runtime *runtime);
void quilt_free(quilt *quilt);

/* Checks that an encoding has the ID and the patches of the quilt. */
void check_encoded(const quilt *quilt, const walrus_accel_encoded *encoded);

/* Checks that a patch of a list is a file of the quilt. */
void check_patch(
    const quilt *quilt, const walrus_accel_quilt_patches *patches, size_t position, size_t file);

/* Checks that a result has the content of a file of the quilt, in the library. */
void check_content(const file *file, const walrus_accel_quilt_content *content);

size_t count_of(const walrus_accel_quilt_patches *patches);

/* Makes a reader of slivers. */
walrus_accel_quilt_reader *reader_of(const walrus_accel_runtime *runtime, const quilt *quilt,
    const walrus_accel_sliver *slivers, size_t count);

void quilts_building(const walrus_accel_runtime *runtime, quilt *quilt);
void quilts_reading(const walrus_accel_runtime *runtime, quilt *quilt);
void quilts_outputs(const walrus_accel_runtime *runtime, quilt *quilt);
void quilts_jobs(const walrus_accel_runtime *runtime, quilt *quilt);
void quilts_vectors(const walrus_accel_runtime *runtime);

#endif
