/*
 * Sizes, indices, blob IDs and metadata of a vector.
 */
#include "vectors.h"

#include <stdlib.h>
#include <string.h>

static void check_sizes(const vector *vector) {
    walrus_accel_shape shape = WALRUS_ACCEL_SHAPE_INIT;
    const sample *sample = &vector->sample;
    CHECK_OK(walrus_accel_shape_compute(sample->n_shards, sample->length, &shape, &error));
    /* Compares all fields, not the bytes between them. */
    CHECK_BYTES(
        &shape, &sample->shape, offsetof(walrus_accel_shape, columns) + sizeof shape.columns);
    CHECK_EQUAL(shape.struct_size, sizeof shape);
    CHECK_EQUAL(shape.n_shards, sample->n_shards);
    CHECK_EQUAL(shape.blob_length, sample->length);
    CHECK_EQUAL(shape.symbol_size, number_of(vector, "symbol_size"));
    CHECK_EQUAL(shape.rows, number_of(vector, "n_primary_source_symbols"));
    CHECK_EQUAL(shape.columns, number_of(vector, "n_secondary_source_symbols"));
    CHECK_EQUAL(shape.stored_length, number_of(vector, "encoded_length"));
    CHECK_EQUAL(shape.primary_length, vector->primary[0].length);
    CHECK_EQUAL(shape.secondary_length, vector->secondary[0].length);
    CHECK(shape.primary_header_length >= 1 && shape.primary_header_length <= 5);
    CHECK(shape.secondary_header_length >= 1 && shape.secondary_header_length <= 5);
}

/* The last two bytes of a sliver are its index. */
static void check_indices(const vector *vector) {
    uint16_t n_shards = vector->sample.n_shards, pair;
    uint8_t *is_taken = claim(n_shards);
    memset(is_taken, 0, n_shards);
    for (pair = 0; pair < n_shards; pair++) {
        uint32_t axis;
        uint16_t shard = UINT16_MAX, back_from_shard = UINT16_MAX;
        for (axis = WALRUS_ACCEL_AXIS_PRIMARY; axis <= WALRUS_ACCEL_AXIS_SECONDARY; axis++) {
            const walrus_accel_sliver *sliver = sliver_of(vector, axis, pair);
            const uint8_t *end = sliver->data + sliver->length;
            uint16_t index = UINT16_MAX, back = UINT16_MAX;
            CHECK_OK(walrus_accel_sliver_index(n_shards, axis, pair, &index, &error));
            CHECK_EQUAL(index, end[-2] | end[-1] << 8);
            CHECK_OK(walrus_accel_sliver_pair(n_shards, axis, index, &back, &error));
            CHECK_EQUAL(back, pair);
        }
        CHECK_OK(walrus_accel_shard_of_pair(n_shards, vector->sample.id, pair, &shard, &error));
        REQUIRE(shard < n_shards);
        CHECK(!is_taken[shard]);
        is_taken[shard] = 1;
        CHECK_OK(walrus_accel_pair_of_shard(
            n_shards, vector->sample.id, shard, &back_from_shard, &error));
        CHECK_EQUAL(back_from_shard, pair);
    }
    free(is_taken);
}

static void check_id(const vector *vector) {
    const sample *sample = &vector->sample;
    const char *expected = text_of(vector->fields, "blob_id");
    char text[WALRUS_ACCEL_BLOB_ID_TEXT_LENGTH] = "";
    uint8_t id[WALRUS_ACCEL_BLOB_ID_LENGTH] = {0}, hash[HASH_LENGTH] = {0};
    uint32_t commitment = 7;
    REQUIRE(expected != NULL);
    CHECK_OK(walrus_accel_blob_id_to_text(sample->id, text, sizeof text, &error));
    CHECK(strcmp(text, expected) == 0);
    CHECK_OK(walrus_accel_blob_id_from_text(expected, id, &error));
    CHECK_BYTES(id, sample->id, sizeof id);
    CHECK_OK(walrus_accel_metadata_root_hash(sample->metadata, hash, &error));
    CHECK(is_hex(hash, sizeof hash, text_of(vector->fields, "root_hash")));
    CHECK_OK(walrus_accel_metadata_commitment(sample->metadata, &commitment, &error));
    CHECK_EQUAL(commitment, WALRUS_ACCEL_COMMITMENT_BLAKE2B);
}

/* The bytes of the metadata have the roots, each after its enum variant. */
static void check_roots(const vector *vector, const walrus_accel_sliver *bcs) {
    uint16_t n_shards = vector->sample.n_shards, pair;
    for (pair = 0; pair < n_shards; pair++) {
        const uint8_t *end = bcs->data + bcs->length - (size_t)(n_shards - 1 - pair) * 66;
        uint8_t hash[HASH_LENGTH] = {0};
        CHECK_OK(walrus_accel_metadata_sliver_root(
            vector->sample.metadata, WALRUS_ACCEL_AXIS_PRIMARY, pair, hash, &error));
        CHECK_BYTES(hash, end - 65, sizeof hash);
        CHECK_OK(walrus_accel_metadata_sliver_root(
            vector->sample.metadata, WALRUS_ACCEL_AXIS_SECONDARY, pair, hash, &error));
        CHECK_BYTES(hash, end - 32, sizeof hash);
    }
}

static void check_metadata(const vector *vector) {
    const sample *sample = &vector->sample;
    const char *expected = text_of(vector->fields, "metadata_bcs");
    walrus_accel_metadata *metadata = NULL;
    walrus_accel_sliver bcs = {NULL, 0, 0};
    uint8_t *bytes, other[WALRUS_ACCEL_BLOB_ID_LENGTH];
    uint8_t id[WALRUS_ACCEL_BLOB_ID_LENGTH] = {0};
    uint16_t wrong = (uint16_t)(sample->n_shards + 1);
    CHECK_OK(walrus_accel_metadata_bcs_length(sample->metadata, &bcs.length, &error));
    CHECK_EQUAL(bcs.length, sample->shape.metadata_length);
    bcs.data = bytes = claim(bcs.length);
    CHECK_OK(walrus_accel_metadata_to_bcs(sample->metadata, bytes, bcs.length, &error));
    CHECK(is_sha256_of_slivers(&bcs, 1, text_of(vector->fields, "metadata_bcs_sha256")));
    CHECK(!expected || is_hex(bcs.data, bcs.length, expected));
    check_roots(vector, &bcs);
    CHECK_OK(walrus_accel_metadata_from_bcs(
        bcs.data, bcs.length, sample->n_shards, NULL, &metadata, &error));
    CHECK(walrus_accel_metadata_free(metadata) == WALRUS_ACCEL_OK);
    CHECK_OK(walrus_accel_metadata_from_bcs(
        bcs.data, bcs.length, sample->n_shards, sample->id, &metadata, &error));
    CHECK_OK(walrus_accel_metadata_blob_id(metadata, id, &error));
    CHECK_BYTES(id, sample->id, sizeof id);
    CHECK(walrus_accel_metadata_free(metadata) == WALRUS_ACCEL_OK);
    memcpy(other, sample->id, sizeof other);
    other[31] ^= 1;
    CHECK_STATUS(WALRUS_ACCEL_INVALID_METADATA, walrus_accel_metadata_from_bcs(bcs.data, bcs.length,
                                                    sample->n_shards, other, &metadata, &error));
    CHECK(metadata == NULL);
    CHECK_STATUS(WALRUS_ACCEL_INVALID_METADATA,
        walrus_accel_metadata_from_bcs(bcs.data, bcs.length, wrong, sample->id, &metadata, &error));
    CHECK(metadata == NULL);
    /* 0 shards stands for the network's number. */
    if (sample->n_shards == WALRUS_ACCEL_NETWORK_SHARDS) {
        CHECK_OK(
            walrus_accel_metadata_from_bcs(bcs.data, bcs.length, 0, sample->id, &metadata, &error));
        CHECK(walrus_accel_metadata_free(metadata) == WALRUS_ACCEL_OK);
    }
    free(bytes);
}

void vectors_shape(const walrus_accel_runtime *runtime, const vector *vector) {
    (void)runtime;
    check_sizes(vector);
    check_indices(vector);
    check_id(vector);
    check_metadata(vector);
}
