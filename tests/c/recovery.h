/*
 * Common part of the program on recovery.
 */
#ifndef RECOVERY_H
#define RECOVERY_H

#include "check.h"
#include "fixture.h"

#include <jansson.h>

/* Bytes that this program owns. */
typedef struct piece {
    uint8_t *bytes;
    size_t length;
} piece;

/* Symbols that recover one sliver, each in its own memory. */
typedef struct symbols {
    uint32_t axis;
    uint16_t target;
    walrus_accel_symbol *list;
    size_t count;
} symbols;

uint32_t other_axis(uint32_t axis);

/* Returns the bytes of a text in hexadecimal. */
piece from_hex(const char *text);

/* Returns the expanded sliver of a pair. */
walrus_accel_expanded *expanded_of(
    const walrus_accel_runtime *runtime, const sample *sample, uint32_t axis, uint16_t pair);

/* Returns the symbol of an expanded sliver for a target, of a WALRUS_ACCEL_SYMBOL_KIND_ value. */
piece cut(const walrus_accel_expanded *expanded, uint32_t kind, uint16_t target);

/* Returns the symbols of all slivers of the other axis, in the order of their pairs. */
symbols symbols_new(const walrus_accel_runtime *runtime, const sample *sample, uint32_t axis,
    uint16_t target, uint32_t kind);
void symbols_free(symbols *symbols);

/* Prepends a symbol, whose bytes then belong to the list. */
void symbols_prepend(symbols *symbols, piece made);

walrus_accel_recover_request recover_request_of(
    const walrus_accel_metadata *metadata, const symbols *symbols);

/* Recovers slivers of both axes from all symbols, and from damaged symbols. */
void recovery_slivers(const walrus_accel_runtime *runtime, const sample *sample);

/* Checks the inconsistency proofs of the vectors. */
void recovery_proofs(const walrus_accel_runtime *runtime, const char *folder);

/* Checks a reader with several threads, and slivers of many blobs in one request. */
void recovery_reading(const walrus_accel_runtime *runtime);

#endif
