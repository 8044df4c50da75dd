/*
 * Common part of the program on the vectors.
 */
#ifndef VECTORS_H
#define VECTORS_H

#include "check.h"
#include "fixture.h"

#include <jansson.h>

enum { HASH_LENGTH = 32 };

/* A case of the vectors, and the library's result for its blob. */
typedef struct vector {
    json_t *fields;
    sample sample;
    /* All slivers in the order of the pairs, as the vectors hash them. */
    walrus_accel_sliver *primary, *secondary;
} vector;

uint64_t number_of(const vector *vector, const char *name);

/* Returns a text field; NULL if the case lacks it. */
const char *text_of(const json_t *fields, const char *name);

/* Returns 1 if the bytes equal a text in hexadecimal. */
int is_hex(const uint8_t *bytes, size_t length, const char *text);

/* Returns 1 if the SHA-256 of some slivers, or of one buffer, equals a text in hexadecimal. */
int is_sha256_of_slivers(const walrus_accel_sliver *slivers, size_t count, const char *text);

/* Returns the sliver of a pair. */
const walrus_accel_sliver *sliver_of(const vector *vector, uint32_t axis, uint16_t pair);

void vectors_shape(const walrus_accel_runtime *runtime, const vector *vector);
void vectors_sinks(const walrus_accel_runtime *runtime, const vector *vector);
void vectors_sources(const walrus_accel_runtime *runtime, const vector *vector);
void vectors_decoding(const walrus_accel_runtime *runtime, const vector *vector, int is_reduced);
void vectors_verdicts(const walrus_accel_runtime *runtime, const vector *vector);
void vectors_rebuilding(const walrus_accel_runtime *runtime, const vector *vector);
void vectors_blake3(const walrus_accel_runtime *runtime, const vector *vector);

#endif
