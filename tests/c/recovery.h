/*
 * What the parts of the program on recovery share.
 */
#ifndef RECOVERY_H
#define RECOVERY_H

#include "check.h"
#include "fixture.h"

#include <jansson.h>

/* Bytes that are this program's own. */
typedef struct piece {
    uint8_t *bytes;
    size_t length;
} piece;

/* Symbols that recover one sliver, each in memory of its own. */
typedef struct symbols {
    uint32_t axis;
    uint16_t target;
    walrus_accel_symbol *list;
    size_t count;
} symbols;

uint32_t other_axis(uint32_t axis);

/* The bytes of a text in hexadecimal. */
piece from_hex(const char *text);

/* A pair's sliver, expanded. */
walrus_accel_expanded *expanded_of(const walrus_accel_runtime *runtime, const sample *sample, uint32_t axis,
                                   uint16_t pair);

/* The symbol that an expanded sliver has for a target, of WALRUS_ACCEL_SYMBOL_KIND_RECOVERY or the other kind. */
piece cut(const walrus_accel_expanded *expanded, uint32_t kind, uint16_t target);

/* The symbols of all slivers of the other axis, in the order of their pairs. */
symbols symbols_new(const walrus_accel_runtime *runtime, const sample *sample, uint32_t axis, uint16_t target,
                    uint32_t kind);
void symbols_free(symbols *symbols);

/* One more in front, whose bytes then are the list's. */
void symbols_prepend(symbols *symbols, piece made);

walrus_accel_recover_request recover_request_of(const walrus_accel_metadata *metadata, const symbols *symbols);

/* Recovers slivers of both axes from all that there is, and from damaged ones. */
void recovery_slivers(const walrus_accel_runtime *runtime, const sample *sample);

/* The proofs of the vectors. */
void recovery_proofs(const walrus_accel_runtime *runtime, const char *folder);

/* A reader, from several threads; and slivers of many blobs in one request. */
void recovery_reading(const walrus_accel_runtime *runtime);

#endif
