/*
 * Vectors of the network's own encoder: shapes, metadata and slivers, with every source, sink and
 * output.
 *
 * WALRUS_ACCEL_VECTORS: the folder of the vectors; WALRUS_ACCEL_ALL_VECTORS=1: also the longest
 * blobs; WALRUS_ACCEL_SMALL=1: only small committees.
 */
#include "vectors.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A case beyond these limits is not tried in every way, or not at all. */
enum { FULL_LENGTH = 200000, FULL_SHARDS = 300, MOST_LENGTH = 20000000, SMALL_SHARDS = 31 };

uint64_t number_of(const vector *vector, const char *name) {
    const json_t *field = json_object_get(vector->fields, name);
    REQUIRE(json_is_integer(field));
    return (uint64_t)json_integer_value(field);
}

const char *text_of(const json_t *fields, const char *name) {
    return json_string_value(json_object_get(fields, name));
}

int is_hex(const uint8_t *bytes, size_t length, const char *text) {
    size_t at;
    if (!bytes || !text || strlen(text) != 2 * length) { return 0; }
    for (at = 0; at < length; at++) {
        char digits[3];
        snprintf(digits, sizeof digits, "%02x", bytes[at]);
        if (memcmp(digits, text + 2 * at, 2) != 0) { return 0; }
    }
    return 1;
}

int is_sha256_of_slivers(const walrus_accel_sliver *slivers, size_t count, const char *text) {
    EVP_MD_CTX *hasher = EVP_MD_CTX_new();
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    size_t number;
    REQUIRE(hasher && EVP_DigestInit_ex(hasher, EVP_sha256(), NULL) == 1);
    for (number = 0; number < count; number++) {
        REQUIRE(EVP_DigestUpdate(hasher, slivers[number].data, slivers[number].length) == 1);
    }
    REQUIRE(EVP_DigestFinal_ex(hasher, hash, &length) == 1);
    EVP_MD_CTX_free(hasher);
    return is_hex(hash, length, text);
}

const walrus_accel_sliver *sliver_of(const vector *vector, uint32_t axis, uint16_t pair) {
    return axis == WALRUS_ACCEL_AXIS_PRIMARY ? &vector->primary[pair] : &vector->secondary[pair];
}

/* Slivers that the library keeps: by their hashes, and one by one where the case has them. */
static void check_slivers(const vector *vector) {
    const json_t *pairs = json_object_get(vector->fields, "pairs"), *pair;
    uint16_t n_shards = vector->sample.n_shards;
    size_t number;
    CHECK(is_sha256_of_slivers(
        vector->primary, n_shards, text_of(vector->fields, "primary_slivers_bcs_sha256")));
    CHECK(is_sha256_of_slivers(
        vector->secondary, n_shards, text_of(vector->fields, "secondary_slivers_bcs_sha256")));
    json_array_foreach(pairs, number, pair) {
        const walrus_accel_sliver *primary = &vector->primary[number],
                                  *secondary = &vector->secondary[number];
        CHECK(is_hex(primary->data, primary->length, text_of(pair, "primary_bcs")));
        CHECK(is_hex(secondary->data, secondary->length, text_of(pair, "secondary_bcs")));
    }
    CHECK(!pairs || json_array_size(pairs) == n_shards);
}

static void check_case(const walrus_accel_runtime *runtime, json_t *fields) {
    vector vector;
    int is_reduced;
    memset(&vector, 0, sizeof vector);
    vector.fields = fields;
    vector.sample = sample_new(runtime, (uint16_t)number_of(&vector, "n_shards"),
        number_of(&vector, "seed"), (size_t)number_of(&vector, "unencoded_length"));
    vector.primary =
        last_slivers(&vector.sample, WALRUS_ACCEL_AXIS_PRIMARY, vector.sample.n_shards);
    vector.secondary =
        last_slivers(&vector.sample, WALRUS_ACCEL_AXIS_SECONDARY, vector.sample.n_shards);
    is_reduced = vector.sample.length > FULL_LENGTH || vector.sample.n_shards > FULL_SHARDS;
    vectors_shape(runtime, &vector);
    check_slivers(&vector);
    vectors_decoding(runtime, &vector, is_reduced);
    if (!is_reduced) {
        vectors_sinks(runtime, &vector);
        vectors_sources(runtime, &vector);
        vectors_verdicts(runtime, &vector);
        vectors_rebuilding(runtime, &vector);
        vectors_blake3(runtime, &vector);
    }
    free(vector.primary);
    free(vector.secondary);
    sample_free(&vector.sample);
}

int main(void) {
    const char *folder = getenv("WALRUS_ACCEL_VECTORS");
    char *path = path_in(folder ? folder : "tests/vectors", "rs2.json");
    json_error_t error;
    json_t *cases = json_load_file(path, 0, &error), *fields;
    walrus_accel_runtime *runtime;
    size_t number, tried = 0;
    if (!cases) { fprintf(stderr, "%s: %s\n", path, error.text); }
    REQUIRE(json_is_array(cases));
    runtime = runtime_of_cpu(0, 0);
    json_array_foreach(cases, number, fields) {
        char about[80];
        json_int_t length = json_integer_value(json_object_get(fields, "unencoded_length"));
        json_int_t n_shards = json_integer_value(json_object_get(fields, "n_shards"));
        if (length > MOST_LENGTH && !check_setting("WALRUS_ACCEL_ALL_VECTORS", 0)) { continue; }
        if (n_shards > SMALL_SHARDS && check_setting("WALRUS_ACCEL_SMALL", 0)) { continue; }
        snprintf(about, sizeof about, "%d shards and %ld bytes", (int)n_shards, (long)length);
        check_about(about);
        check_case(runtime, fields);
        check_about(NULL);
        tried++;
    }
    printf("%zu of %zu vectors\n", tried, json_array_size(cases));
    CHECK(tried > 0);
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
    json_decref(cases);
    free(path);
    return check_result();
}
