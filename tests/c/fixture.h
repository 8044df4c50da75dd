/*
 * Material of the programs: a runtime, blobs, and an encoded blob.
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <stddef.h>
#include <stdint.h>
#include <walrus_accel.h>

/* Encoded blob, with the values that tests compare. */
typedef struct sample {
    uint8_t *blob;
    size_t length;
    uint16_t n_shards;
    walrus_accel_shape shape;
    walrus_accel_encoded *encoded;
    walrus_accel_metadata *metadata;
    uint8_t id[WALRUS_ACCEL_BLOB_ID_LENGTH];
} sample;

/* Buffers for the slivers of some pairs, one after the other. */
typedef struct buffer_set {
    uint8_t *bytes;
    size_t size;
    walrus_accel_buffer *buffers;
    size_t count;
} buffer_set;

/* Allocates memory. Ends the program if there is none. */
void *claim(size_t size);

/* Makes a runtime on the CPU; 0 for the default of each option. */
walrus_accel_runtime *runtime_of_cpu(uint32_t threads, uint32_t max_jobs);

/* Makes a blob from a seed, as the test vectors do. */
uint8_t *blob_of(uint64_t seed, size_t length);

walrus_accel_source source_of(const uint8_t *data, size_t length);
walrus_accel_sink sink_of(uint32_t kind);

sample sample_new(
    const walrus_accel_runtime *runtime, uint16_t n_shards, uint64_t seed, size_t length);
void sample_free(sample *sample);

/* Returns a sliver that the sample's result lends. */
walrus_accel_sliver sample_sliver(const sample *sample, uint32_t axis, uint16_t pair);

/* Returns the slivers of the last `count` pairs in their order; the caller frees the array. */
walrus_accel_sliver *last_slivers(const sample *sample, uint32_t axis, uint16_t count);

/* Returns the number of slivers of an axis that decode the blob. */
uint16_t enough(const sample *sample, uint32_t axis);

walrus_accel_decode_request decode_request_of(
    const sample *sample, const walrus_accel_sliver *slivers, size_t count);

/* Returns 1 if an encoding has the sample's blob ID. */
int has_id(const walrus_accel_encoded *encoded, const uint8_t *id);

buffer_set buffers_new(const walrus_accel_shape *shape, size_t pair_count);
void buffers_free(buffer_set *buffers);

/* Makes an empty directory for temporary files. folder_free removes it with its content. */
char *folder_new(void);
void folder_free(char *folder);

/* Returns `folder`/`name`, which the caller frees. */
char *path_in(const char *folder, const char *name);

void file_write(const char *path, const uint8_t *data, size_t length);

/* Returns the content of a file, which the caller frees; NULL for an unreadable file. */
uint8_t *file_read(const char *path, size_t *length);

#endif
