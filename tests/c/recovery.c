/*
 * Recovery symbols, equal to the symbols of the network's own encoder; slivers or inconsistency
 * proofs recovered from them; readers of blobs.
 *
 * WALRUS_ACCEL_VECTORS: the folder of the vectors; WALRUS_ACCEL_ALL_VECTORS=1: also the longest
 * blobs; WALRUS_ACCEL_SMALL=1: only small committees.
 */
#include "recovery.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A case beyond these limits is not tried. */
enum { MOST_LENGTH = 20000000, SMALL_SHARDS = 31 };

uint32_t other_axis(uint32_t axis) {
    return axis == WALRUS_ACCEL_AXIS_PRIMARY ? WALRUS_ACCEL_AXIS_SECONDARY
                                             : WALRUS_ACCEL_AXIS_PRIMARY;
}

piece from_hex(const char *text) {
    piece made;
    size_t at;
    REQUIRE(text != NULL && strlen(text) % 2 == 0);
    made.length = strlen(text) / 2;
    made.bytes = claim(made.length);
    for (at = 0; at < made.length; at++) {
        char digits[3] = {text[2 * at], text[2 * at + 1], '\0'}, *end = digits;
        made.bytes[at] = (uint8_t)strtoul(digits, &end, 16);
        REQUIRE(end == digits + 2);
    }
    return made;
}

walrus_accel_expanded *expanded_of(
    const walrus_accel_runtime *runtime, const sample *sample, uint32_t axis, uint16_t pair) {
    walrus_accel_expand_request request = WALRUS_ACCEL_EXPAND_REQUEST_INIT;
    walrus_accel_sliver sliver = sample_sliver(sample, axis, pair);
    walrus_accel_expanded *expanded = NULL;
    request.metadata = sample->metadata;
    request.sliver = &sliver;
    REQUIRE_OK(walrus_accel_expand(runtime, &request, NULL, &expanded, &error));
    return expanded;
}

piece cut(const walrus_accel_expanded *expanded, uint32_t kind, uint16_t target) {
    piece made;
    size_t end = 0;
    REQUIRE_OK(
        walrus_accel_expanded_symbols_length(expanded, kind, &target, 1, &made.length, &error));
    made.bytes = claim(made.length);
    REQUIRE_OK(walrus_accel_expanded_symbols(
        expanded, kind, &target, 1, made.bytes, made.length, &end, &error));
    CHECK_EQUAL(end, made.length);
    return made;
}

symbols symbols_new(const walrus_accel_runtime *runtime, const sample *sample, uint32_t axis,
    uint16_t target, uint32_t kind) {
    symbols made;
    uint16_t pair;
    made.axis = axis;
    made.target = target;
    made.count = sample->n_shards;
    made.list = claim(made.count * sizeof *made.list);
    for (pair = 0; pair < sample->n_shards; pair++) {
        walrus_accel_expanded *expanded = expanded_of(runtime, sample, other_axis(axis), pair);
        piece symbol = cut(expanded, kind, target);
        made.list[pair].data = symbol.bytes;
        made.list[pair].length = symbol.length;
        CHECK(walrus_accel_expanded_free(expanded) == WALRUS_ACCEL_OK);
    }
    return made;
}

void symbols_free(symbols *symbols) {
    size_t number;
    for (number = 0; number < symbols->count; number++) {
        free((void *)(uintptr_t)symbols->list[number].data);
    }
    free(symbols->list);
}

void symbols_prepend(symbols *symbols, piece made) {
    walrus_accel_symbol *list = claim((symbols->count + 1) * sizeof *list);
    list[0].data = made.bytes;
    list[0].length = made.length;
    memcpy(list + 1, symbols->list, symbols->count * sizeof *list);
    free(symbols->list);
    symbols->list = list;
    symbols->count++;
}

walrus_accel_recover_request recover_request_of(
    const walrus_accel_metadata *metadata, const symbols *symbols) {
    walrus_accel_recover_request request = WALRUS_ACCEL_RECOVER_REQUEST_INIT;
    request.metadata = metadata;
    request.symbols = symbols->list;
    request.symbol_count = symbols->count;
    request.axis = symbols->axis;
    request.target = symbols->target;
    return request;
}

/* Bytes that a vector has in hexadecimal, or as their SHA-256. */
static void check_bytes_of(const json_t *expected, const uint8_t *bytes, size_t length) {
    piece wanted;
    if (json_is_string(expected)) {
        wanted = from_hex(json_string_value(expected));
        CHECK_EQUAL(length, wanted.length);
        CHECK_BYTES(bytes, wanted.bytes, length);
    } else {
        uint8_t hash[EVP_MAX_MD_SIZE];
        unsigned hash_length = 0;
        wanted = from_hex(json_string_value(json_object_get(expected, "sha256")));
        REQUIRE(EVP_Digest(bytes, length, hash, &hash_length, EVP_sha256(), NULL) == 1);
        CHECK_EQUAL(hash_length, wanted.length);
        CHECK_BYTES(hash, wanted.bytes, wanted.length);
    }
    free(wanted.bytes);
}

static uint8_t verdict_on(const walrus_accel_runtime *runtime, const sample *sample, uint32_t axis,
    uint16_t target, const piece *symbol) {
    walrus_accel_verify_symbols_request request = WALRUS_ACCEL_VERIFY_SYMBOLS_REQUEST_INIT;
    walrus_accel_symbol given;
    uint8_t verdict = UINT8_MAX;
    given.data = symbol->bytes;
    given.length = symbol->length;
    request.metadata = sample->metadata;
    request.symbols = &given;
    request.symbol_count = request.verdict_count = 1;
    request.verdicts = &verdict;
    request.axis = axis;
    request.target = target;
    CHECK_OK(walrus_accel_verify_symbols(runtime, &request, NULL, &error));
    return verdict;
}

/*
 * The symbol of the source pair's sliver for the target: with a Merkle proof, without, and without
 * expanding.
 */
static void check_symbol(const walrus_accel_runtime *runtime, const sample *sample, uint32_t axis,
    uint16_t source, uint16_t target, const json_t *expected) {
    walrus_accel_expanded *expanded = expanded_of(runtime, sample, axis, source);
    walrus_accel_decoding_symbols_request request = WALRUS_ACCEL_DECODING_SYMBOLS_REQUEST_INIT;
    walrus_accel_sliver sliver = sample_sliver(sample, axis, source);
    piece proven = cut(expanded, WALRUS_ACCEL_SYMBOL_KIND_RECOVERY, target);
    piece plain = cut(expanded, WALRUS_ACCEL_SYMBOL_KIND_DECODING, target);
    uint8_t *again = claim(plain.length), root[32], root_again[32];
    uint32_t found_axis = 0;
    uint16_t index = 0, found_index = 0;
    size_t memory = 0;
    check_bytes_of(json_object_get(expected, "bcs"), proven.bytes, proven.length);
    CHECK_EQUAL(
        verdict_on(runtime, sample, other_axis(axis), target, &proven), WALRUS_ACCEL_SYMBOL_GOOD);
    CHECK(proven.length <= sample->shape.recovery_symbol_length);
    CHECK_EQUAL(plain.length, sample->shape.decoding_symbol_length);
    CHECK_BYTES(proven.bytes + 1, plain.bytes, plain.length);
    request.metadata = sample->metadata;
    request.sliver = &sliver;
    request.targets = &target;
    request.target_count = 1;
    request.out = again;
    request.out_length = plain.length;
    CHECK_OK(walrus_accel_decoding_symbols(runtime, &request, NULL, &error));
    CHECK_BYTES(again, plain.bytes, plain.length);
    CHECK_OK(walrus_accel_expanded_axis(expanded, &found_axis, &error));
    CHECK_EQUAL(found_axis, axis);
    CHECK_OK(walrus_accel_sliver_index(sample->n_shards, axis, source, &index, &error));
    CHECK_OK(walrus_accel_expanded_index(expanded, &found_index, &error));
    CHECK_EQUAL(found_index, index);
    CHECK_OK(walrus_accel_expanded_root(expanded, root, &error));
    CHECK_OK(walrus_accel_metadata_sliver_root(sample->metadata, axis, source, root_again, &error));
    CHECK_BYTES(root, root_again, sizeof root);
    CHECK_OK(walrus_accel_expanded_memory(expanded, &memory, &error));
    CHECK(memory >= (size_t)sample->n_shards * sample->shape.symbol_size);
    free(again);
    free(plain.bytes);
    free(proven.bytes);
    CHECK(walrus_accel_expanded_free(expanded) == WALRUS_ACCEL_OK);
}

/*
 * All targets at once, in a buffer that is longer than needed: each symbol equals the symbol alone.
 */
static void check_all_targets(
    const walrus_accel_runtime *runtime, const sample *sample, uint32_t kind) {
    walrus_accel_expanded *expanded = expanded_of(runtime, sample, WALRUS_ACCEL_AXIS_SECONDARY, 1);
    uint16_t n_shards = sample->n_shards, pair;
    uint16_t *targets = claim(n_shards * sizeof *targets);
    size_t *ends = claim(n_shards * sizeof *ends), length = 0, at = 0;
    size_t buffer = (size_t)n_shards * sample->shape.recovery_symbol_length;
    uint8_t *out = claim(buffer + 1);
    for (pair = 0; pair < n_shards; pair++) { targets[pair] = (uint16_t)(n_shards - 1 - pair); }
    CHECK_OK(
        walrus_accel_expanded_symbols_length(expanded, kind, targets, n_shards, &length, &error));
    memset(out, 0xa5, buffer + 1);
    CHECK_OK(walrus_accel_expanded_symbols(
        expanded, kind, targets, n_shards, out, buffer, ends, &error));
    for (pair = 0; pair < n_shards; pair++) {
        piece alone = cut(expanded, kind, targets[pair]);
        CHECK_EQUAL(ends[pair] - at, alone.length);
        CHECK_BYTES(out + at, alone.bytes, alone.length);
        at = ends[pair];
        free(alone.bytes);
    }
    CHECK_EQUAL(at, length);
    CHECK_EQUAL(out[length], 0xa5);
    CHECK_STATUS(
        WALRUS_ACCEL_INVALID_ARGUMENT, walrus_accel_expanded_symbols(expanded, kind, targets,
                                           n_shards, out, length - 1, ends, &error));
    CHECK_EQUAL(ends[0], 0);
    CHECK_OK(walrus_accel_expanded_symbols(
        expanded, kind, targets, n_shards, out, length, NULL, &error));
    CHECK_OK(walrus_accel_expanded_symbols(expanded, kind, NULL, 0, NULL, 0, NULL, &error));
    free(out);
    free(ends);
    free(targets);
    CHECK(walrus_accel_expanded_free(expanded) == WALRUS_ACCEL_OK);
}

static uint64_t number_of(const json_t *fields, const char *name) {
    const json_t *field = json_object_get(fields, name);
    REQUIRE(json_is_integer(field));
    return (uint64_t)json_integer_value(field);
}

static void check_case(const walrus_accel_runtime *runtime, const json_t *fields) {
    const json_t *given = json_object_get(fields, "recovery_symbols"), *symbol;
    uint16_t n_shards = (uint16_t)number_of(fields, "n_shards");
    sample sample = sample_new(runtime, n_shards, number_of(fields, "seed"),
        (size_t)number_of(fields, "unencoded_length"));
    size_t number;
    json_array_foreach(given, number, symbol) {
        uint16_t source = (uint16_t)number_of(symbol, "source_pair");
        uint16_t target = (uint16_t)number_of(symbol, "target_pair");
        check_symbol(runtime, &sample, WALRUS_ACCEL_AXIS_PRIMARY, source, target,
            json_object_get(symbol, "from_primary"));
        check_symbol(runtime, &sample, WALRUS_ACCEL_AXIS_SECONDARY, source, target,
            json_object_get(symbol, "from_secondary"));
    }
    check_all_targets(runtime, &sample, WALRUS_ACCEL_SYMBOL_KIND_RECOVERY);
    check_all_targets(runtime, &sample, WALRUS_ACCEL_SYMBOL_KIND_DECODING);
    recovery_slivers(runtime, &sample);
    sample_free(&sample);
}

static void check_cases(const walrus_accel_runtime *runtime, const char *folder) {
    char *path = path_in(folder, "rs2.json");
    json_error_t error;
    json_t *cases = json_load_file(path, 0, &error), *fields;
    size_t number, tried = 0;
    REQUIRE(json_is_array(cases));
    json_array_foreach(cases, number, fields) {
        char about[80];
        uint64_t length = number_of(fields, "unencoded_length"),
                 n_shards = number_of(fields, "n_shards");
        if (!json_object_get(fields, "recovery_symbols") ||
            (length > MOST_LENGTH && !check_setting("WALRUS_ACCEL_ALL_VECTORS", 0)) ||
            (n_shards > SMALL_SHARDS && check_setting("WALRUS_ACCEL_SMALL", 0))) {
            continue;
        }
        snprintf(about, sizeof about, "%lu shards and %lu bytes", (unsigned long)n_shards,
            (unsigned long)length);
        check_about(about);
        check_case(runtime, fields);
        check_about(NULL);
        tried++;
    }
    printf("recovery symbols of %zu of %zu vectors\n", tried, json_array_size(cases));
    CHECK(tried > 0);
    json_decref(cases);
    free(path);
}

int main(void) {
    const char *given = getenv("WALRUS_ACCEL_VECTORS"), *folder = given ? given : "tests/vectors";
    walrus_accel_runtime *runtime = runtime_of_cpu(0, 0);
    check_cases(runtime, folder);
    recovery_proofs(runtime, folder);
    recovery_reading(runtime);
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
    return check_result();
}
