/*
 * What the parts of the program on the vectors share.
 */
#ifndef VECTORS_H
#define VECTORS_H

#include "check.h"
#include "fixture.h"

#include <jansson.h>

enum { HASH_LENGTH = 32 };

/* A case of the file, and what the library makes of its blob. */
typedef struct vector {
    json_t *fields;
    sample sample;
    /* All slivers in the order of the pairs: as the vectors hash them. */
    walrus_accel_sliver *primary, *secondary;
} vector;

uint64_t number_of(const vector *vector, const char *name);

/* A field of text; NULL if the case lacks it. */
const char *text_of(const json_t *fields, const char *name);

/* Whether bytes are those of a text in hexadecimal. */
int is_hex(const uint8_t *bytes, size_t length, const char *text);

/* Whether the SHA-256 over some slivers, or one buffer, is that of a text in hexadecimal. */
int is_sha256_of_slivers(const walrus_accel_sliver *slivers, size_t count, const char *text);

/* The sliver of a pair. */
const walrus_accel_sliver *sliver_of(const vector *vector, uint32_t axis, uint16_t pair);

void vectors_shape(const walrus_accel_runtime *runtime, const vector *vector);
void vectors_sinks(const walrus_accel_runtime *runtime, const vector *vector);
void vectors_sources(const walrus_accel_runtime *runtime, const vector *vector);
void vectors_decoding(const walrus_accel_runtime *runtime, const vector *vector, int is_reduced);
void vectors_verdicts(const walrus_accel_runtime *runtime, const vector *vector);
void vectors_rebuilding(const walrus_accel_runtime *runtime, const vector *vector);
void vectors_blake3(const walrus_accel_runtime *runtime, const vector *vector);

#endif
