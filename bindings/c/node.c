/*
 * Decodes a blob from slivers of some storage nodes:
 *
 *     node METADATA.bcs OUTPUT SLIVER...
 *
 * reads and verifies the metadata, verifies each sliver, and decodes OUTPUT from the good slivers.
 * Then each primary sliver serves a symbol. A node that lost the secondary sliver of pair 0
 * recovers it from these symbols: OUTPUT.0000.secondary.bcs. The slivers are files as a directory
 * sink writes them: their names end in .primary.bcs or .secondary.bcs.
 *
 *     cc node.c $(pkg-config --cflags --libs walrus_accel) -o node
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <walrus_accel.h>

static void complain(const char *what, const char *why) {
    fprintf(stderr, "node: %s: %s\n", what, why);
}

/* Reports a failure and frees the error. Returns 1 on success. */
static int succeeded(walrus_accel_status status, walrus_accel_error **error, const char *what) {
    if (status != WALRUS_ACCEL_OK) { complain(what, walrus_accel_error_message(*error)); }
    walrus_accel_error_free(*error);
    *error = NULL;
    return status == WALRUS_ACCEL_OK;
}

/*
 * Returns the bytes of a file, which the caller frees. Reports an unreadable file and returns NULL.
 */
static uint8_t *read_file(const char *path, size_t *length) {
    uint8_t *bytes = NULL;
    long end = -1;
    FILE *file = fopen(path, "rb");
    if (file && fseek(file, 0, SEEK_END) == 0) { end = ftell(file); }
    if (end >= 0) {
        rewind(file);
        /* One byte more, so that an empty file has memory too. */
        bytes = malloc((size_t)end + 1);
    }
    if (bytes && fread(bytes, 1, (size_t)end, file) != (size_t)end) {
        free(bytes);
        bytes = NULL;
    }
    if (!bytes) { perror(path); }
    if (file) { fclose(file); }
    *length = bytes ? (size_t)end : 0;
    return bytes;
}

static int ends_in(const char *text, const char *end) {
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/*
 * Returns the axis of a sliver by its name, since the bytes do not have it. Returns 0 for any other
 * name.
 */
static uint32_t axis_of(const char *path) {
    if (ends_in(path, ".primary.bcs")) { return WALRUS_ACCEL_AXIS_PRIMARY; }
    return ends_in(path, ".secondary.bcs") ? WALRUS_ACCEL_AXIS_SECONDARY : 0;
}

/* Reads the slivers. The caller frees their bytes. */
static int read_slivers(char **paths, size_t count, walrus_accel_sliver *slivers) {
    for (size_t number = 0; number < count; ++number) {
        slivers[number].axis = axis_of(paths[number]);
        if (slivers[number].axis == 0) {
            complain(paths[number], "the name ends in neither .primary.bcs nor .secondary.bcs");
            return 0;
        }
        slivers[number].data = read_file(paths[number], &slivers[number].length);
        if (!slivers[number].data) { return 0; }
    }
    return 1;
}

/*
 * Reads and verifies metadata, which the caller frees. Reports untrusted metadata and returns NULL.
 */
static walrus_accel_metadata *read_metadata(const char *path) {
    walrus_accel_metadata *metadata = NULL;
    walrus_accel_error *error = NULL;
    size_t length = 0;
    uint8_t *bytes = read_file(path, &length);
    if (bytes) {
        /*
         * The network's committee, and the blob ID in the bytes. A program that asked for a blob
         * passes its blob ID.
         */
        walrus_accel_status status =
            walrus_accel_metadata_from_bcs(bytes, length, 0, NULL, &metadata, &error);
        succeeded(status, &error, path);
    }
    free(bytes);
    return metadata;
}

static const char *name_of(uint8_t verdict) {
    switch (verdict) {
    case WALRUS_ACCEL_SLIVER_GOOD: return "good";
    case WALRUS_ACCEL_SLIVER_MALFORMED: return "not a sliver";
    case WALRUS_ACCEL_SLIVER_WRONG_INDEX: return "its index is beyond the committee";
    case WALRUS_ACCEL_SLIVER_WRONG_SIZE: return "not of this blob's size";
    case WALRUS_ACCEL_SLIVER_WRONG_ROOT: return "damaged, or of another blob or axis";
    default: return "bad";
    }
}

/* Verifies the slivers, reports bad slivers, and writes the good slivers to `good`. */
static int verify(const walrus_accel_runtime *runtime, const walrus_accel_metadata *metadata,
    char **paths, const walrus_accel_sliver *slivers, size_t count, walrus_accel_sliver *good,
    size_t *good_count) {
    walrus_accel_error *error = NULL;
    int is_done = 0;
    uint8_t *verdicts = malloc(count);
    if (!verdicts) {
        complain("verifying", "out of memory");
        return 0;
    }
    *good_count = 0;
    walrus_accel_verify_request request = WALRUS_ACCEL_VERIFY_REQUEST_INIT;
    request.metadata = metadata;
    request.slivers = slivers;
    request.sliver_count = count;
    request.verdicts = verdicts;
    request.verdict_count = count;
    is_done = succeeded(walrus_accel_verify(runtime, &request, NULL, &error), &error, "verifying");
    if (is_done) {
        for (size_t number = 0; number < count; ++number) {
            if (verdicts[number] == WALRUS_ACCEL_SLIVER_GOOD) {
                good[(*good_count)++] = slivers[number];
            } else {
                complain(paths[number], name_of(verdicts[number]));
            }
        }
        fprintf(stderr, "%zu of %zu slivers are good\n", *good_count, count);
    }
    free(verdicts);
    return is_done;
}

/* Decodes to a file and reports the number of used slivers. */
static int decode(const walrus_accel_runtime *runtime, const walrus_accel_metadata *metadata,
    const walrus_accel_sliver *slivers, size_t count, const char *output) {
    walrus_accel_decoded *decoded = NULL;
    walrus_accel_error *error = NULL;
    const size_t *numbers = NULL;
    size_t used = 0;
    uint32_t axis = 0;
    walrus_accel_decode_request request = WALRUS_ACCEL_DECODE_REQUEST_INIT;
    request.metadata = metadata;
    request.slivers = slivers;
    request.sliver_count = count;
    request.output_kind = WALRUS_ACCEL_OUTPUT_FILE;
    request.output_path = output;
    walrus_accel_status status = walrus_accel_decode(runtime, &request, NULL, &decoded, &error);
    if (status == WALRUS_ACCEL_OK) { status = walrus_accel_decoded_axis(decoded, &axis, &error); }
    if (status == WALRUS_ACCEL_OK) {
        status = walrus_accel_decoded_used(decoded, &numbers, &used, &error);
    }
    int is_done = succeeded(status, &error, output);
    if (is_done) {
        fprintf(stderr, "decoded from %zu %s slivers\n", used,
            axis == WALRUS_ACCEL_AXIS_PRIMARY ? "primary" : "secondary");
    }
    walrus_accel_decoded_free(decoded);
    return is_done;
}

/*
 * Serves a symbol of a sliver for the target pair, with a Merkle proof, as a storage node does. The
 * caller frees the bytes.
 */
static int serve(const walrus_accel_runtime *runtime, const walrus_accel_metadata *metadata,
    const walrus_accel_sliver *sliver, uint16_t pair, walrus_accel_symbol *symbol) {
    walrus_accel_expanded *expanded = NULL;
    walrus_accel_error *error = NULL;
    uint8_t *bytes = NULL;
    walrus_accel_expand_request request = WALRUS_ACCEL_EXPAND_REQUEST_INIT;
    request.metadata = metadata;
    request.sliver = sliver;
    /* A node that serves many symbols keeps the expanded sliver. */
    walrus_accel_status status = walrus_accel_expand(runtime, &request, NULL, &expanded, &error);
    if (status == WALRUS_ACCEL_OK) {
        status = walrus_accel_expanded_symbols_length(
            expanded, WALRUS_ACCEL_SYMBOL_KIND_RECOVERY, &pair, 1, &symbol->length, &error);
    }
    if (status == WALRUS_ACCEL_OK && (bytes = malloc(symbol->length)) != NULL) {
        status = walrus_accel_expanded_symbols(expanded, WALRUS_ACCEL_SYMBOL_KIND_RECOVERY, &pair,
            1, bytes, symbol->length, NULL, &error);
    }
    walrus_accel_expanded_free(expanded);
    if (!succeeded(status, &error, "serving a symbol")) {
        free(bytes);
        return 0;
    }
    if (!bytes) {
        complain("serving a symbol", "out of memory");
        return 0;
    }
    symbol->data = bytes;
    return 1;
}

/* Writes a file. Leaves no file on failure. */
static int write_file(const char *path, const uint8_t *bytes, size_t length) {
    FILE *file = fopen(path, "wb");
    if (!file) {
        perror(path);
        return 0;
    }
    int is_done = fwrite(bytes, 1, length, file) == length;
    /* fclose writes buffered bytes, which may fail too. */
    is_done = fclose(file) == 0 && is_done;
    if (!is_done) {
        perror(path);
        remove(path);
    }
    return is_done;
}

/* Recovers the secondary sliver of a pair from symbols, and writes it to a file. */
static int recover(const walrus_accel_runtime *runtime, const walrus_accel_metadata *metadata,
    const walrus_accel_symbol *symbols, size_t count, uint16_t pair, const char *path) {
    walrus_accel_recovered *recovered = NULL;
    walrus_accel_error *error = NULL;
    const uint8_t *data = NULL;
    size_t length = 0;
    walrus_accel_recover_request request = WALRUS_ACCEL_RECOVER_REQUEST_INIT;
    request.metadata = metadata;
    request.symbols = symbols;
    request.symbol_count = count;
    request.axis = WALRUS_ACCEL_AXIS_SECONDARY;
    request.target = pair;
    walrus_accel_status status = walrus_accel_recover(runtime, &request, NULL, &recovered, &error);
    if (status == WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS) {
        walrus_accel_error_free(error);
        fprintf(stderr, "%zu symbols do not recover a sliver: none is written\n", count);
        return 1;
    }
    if (status == WALRUS_ACCEL_OK) {
        /*
         * For an inconsistency proof instead of a sliver, the blob is inconsistent:
         * walrus_accel_recovered_proof.
         */
        status = walrus_accel_recovered_sliver(recovered, &data, &length, &error);
    }
    int is_done =
        succeeded(status, &error, "recovering a sliver") && write_file(path, data, length);
    walrus_accel_recovered_free(recovered);
    return is_done;
}

/* Has every primary sliver serve a symbol, and recovers a sliver from the symbols. */
static int heal(const walrus_accel_runtime *runtime, const walrus_accel_metadata *metadata,
    const walrus_accel_sliver *slivers, size_t count, const char *output) {
    const uint16_t pair = 0;
    size_t served = 0, buffer = strlen(output) + sizeof ".0000.secondary.bcs";
    walrus_accel_symbol *symbols = calloc(count + 1, sizeof *symbols);
    char *path = malloc(buffer);
    int is_done = symbols && path;
    if (!is_done) { complain("recovering", "out of memory"); }
    for (size_t number = 0; is_done && number < count; ++number) {
        if (slivers[number].axis == WALRUS_ACCEL_AXIS_PRIMARY) {
            is_done = serve(runtime, metadata, &slivers[number], pair, &symbols[served]);
            served += (size_t)is_done;
        }
    }
    if (is_done && served > 0) {
        snprintf(path, buffer, "%s.%04u.secondary.bcs", output, (unsigned)pair);
        is_done = recover(runtime, metadata, symbols, served, pair, path);
        if (is_done) { fprintf(stderr, "recovered %s from %zu symbols\n", path, served); }
    }
    for (size_t number = 0; symbols && number < served; ++number) {
        free((void *)symbols[number].data);
    }
    free(symbols);
    free(path);
    return is_done;
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: node METADATA.bcs OUTPUT SLIVER...\n");
        return 2;
    }
    char **paths = argv + 3;
    size_t count = (size_t)argc - 3;
    walrus_accel_runtime *runtime = NULL;
    walrus_accel_error *error = NULL;
    walrus_accel_metadata *metadata = NULL;
    walrus_accel_sliver *slivers = calloc(count, sizeof *slivers);
    walrus_accel_sliver *good = calloc(count, sizeof *good);
    int is_done = 0;
    if (!slivers || !good) {
        complain("starting", "out of memory");
    } else if (succeeded(walrus_accel_runtime_new(NULL, &runtime, &error), &error, "starting") &&
               (metadata = read_metadata(argv[1])) != NULL && read_slivers(paths, count, slivers)) {
        size_t good_count = 0;
        is_done = verify(runtime, metadata, paths, slivers, count, good, &good_count) &&
                  decode(runtime, metadata, good, good_count, argv[2]) &&
                  heal(runtime, metadata, good, good_count, argv[2]);
    }
    for (size_t number = 0; slivers && number < count; ++number) {
        free((void *)slivers[number].data);
    }
    free(good);
    free(slivers);
    walrus_accel_metadata_free(metadata);
    walrus_accel_runtime_free(runtime);
    return is_done ? 0 : 1;
}
