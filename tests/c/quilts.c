/*
 * Quilts: the network's bytes, every source, sink and output, readers of slivers, directories and
 * blobs, and jobs.
 *
 * WALRUS_ACCEL_VECTORS: the folder of the vectors; WALRUS_ACCEL_SMALL=1: only small committees.
 */
#include "quilts.h"

#include <stdlib.h>
#include <string.h>

/* Blob ID of the quilt, computed with the network's own encoder. */
static const char *const known_id = "zxoeQWEZhfTTXaS9l1XHftUWr-IDfD2VBh4mWr8KSHE";

static void add_file(quilt *quilt, size_t number, const char *identifier, size_t length,
    uint8_t seed, uint16_t first, uint16_t end) {
    const walrus_accel_quilt_entry empty = WALRUS_ACCEL_QUILT_ENTRY_INIT;
    /* The quilt orders the entries: they are given in the opposite order. */
    size_t place = FILES - 1 - number, at;
    file *file = &quilt->files[number];
    file->identifier = identifier;
    file->length = length;
    file->bytes = claim(length);
    file->first = first;
    file->end = end;
    for (at = 0; at < length; at++) { file->bytes[at] = (uint8_t)(at * 31 + seed); }
    quilt->sources[place] = source_of(file->bytes, length);
    quilt->entries[place] = empty;
    quilt->entries[place].identifier = identifier;
    quilt->entries[place].source = &quilt->sources[place];
}

/* Assembles the blob from its rows. */
static void assemble(quilt *quilt) {
    size_t length = (size_t)quilt->shape.columns * quilt->shape.symbol_size;
    uint16_t row;
    quilt->blob = claim((size_t)quilt->shape.blob_length);
    for (row = 0; row < quilt->shape.rows; row++) {
        memcpy(quilt->blob + row * length,
            quilt->rows[row].data + quilt->shape.primary_header_length, length);
    }
}

void quilt_init(quilt *quilt, const walrus_accel_runtime *runtime) {
    const walrus_accel_encode_quilt_request request = WALRUS_ACCEL_ENCODE_QUILT_REQUEST_INIT;
    const walrus_accel_shape shape = WALRUS_ACCEL_SHAPE_INIT;
    const walrus_accel_quilt_tag tag = {"k", 1, "v", 1};
    uint16_t index;
    memset(quilt, 0, sizeof *quilt);
    add_file(quilt, 0, "a", 64, 5, 1, 2);
    add_file(quilt, 1, "b", 1, 4, 2, 3);
    add_file(quilt, 2, "c", 333, 3, 3, 5);
    add_file(quilt, 3, "d", 0, 2, 5, 6);
    add_file(quilt, 4, "e", 40, 1, 6, 7);
    quilt->tag = tag;
    quilt->entries[FILES - 1 - 3].tags = &quilt->tag;
    quilt->entries[FILES - 1 - 3].tag_count = 1;
    quilt->request = request;
    quilt->request.entries = quilt->entries;
    quilt->request.entry_count = FILES;
    quilt->request.n_shards = SHARDS;
    quilt->sink = sink_of(WALRUS_ACCEL_SINK_LIBRARY);
    quilt->request.sink = &quilt->sink;
    quilt->shape = shape;
    REQUIRE_OK(walrus_accel_encode_quilt(runtime, &quilt->request, NULL, &quilt->encoded, &error));
    REQUIRE_OK(walrus_accel_encoded_metadata(quilt->encoded, &quilt->metadata, &error));
    REQUIRE_OK(walrus_accel_encoded_patches(quilt->encoded, &quilt->patches, &error));
    REQUIRE_OK(walrus_accel_metadata_shape(quilt->metadata, &quilt->shape, &error));
    REQUIRE_OK(walrus_accel_metadata_blob_id(quilt->metadata, quilt->id, &error));
    for (index = 0; index < SHARDS; index++) {
        walrus_accel_sliver *column = &quilt->columns[index], *row = &quilt->rows[index];
        uint16_t pair = 0;
        column->axis = WALRUS_ACCEL_AXIS_SECONDARY;
        REQUIRE_OK(walrus_accel_sliver_pair(SHARDS, column->axis, index, &pair, &error));
        REQUIRE_OK(walrus_accel_encoded_sliver(
            quilt->encoded, column->axis, pair, &column->data, &column->length, &error));
        row->axis = WALRUS_ACCEL_AXIS_PRIMARY;
        REQUIRE_OK(walrus_accel_sliver_pair(SHARDS, row->axis, index, &pair, &error));
        REQUIRE_OK(walrus_accel_encoded_sliver(
            quilt->encoded, row->axis, pair, &row->data, &row->length, &error));
    }
    assemble(quilt);
}

void quilt_free(quilt *quilt) {
    size_t number;
    CHECK(walrus_accel_quilt_patches_free(quilt->patches) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_metadata_free(quilt->metadata) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_encoded_free(quilt->encoded) == WALRUS_ACCEL_OK);
    for (number = 0; number < FILES; number++) { free(quilt->files[number].bytes); }
    free(quilt->blob);
}

size_t count_of(const walrus_accel_quilt_patches *patches) {
    size_t count = SIZE_MAX;
    CHECK_OK(walrus_accel_quilt_patches_count(patches, &count, &error));
    return count;
}

void check_patch(
    const quilt *quilt, const walrus_accel_quilt_patches *patches, size_t position, size_t number) {
    walrus_accel_quilt_patch patch = WALRUS_ACCEL_QUILT_PATCH_INIT;
    const file *file = &quilt->files[number];
    char text[TEXT] = "";
    CHECK_OK(walrus_accel_quilt_patches_get(patches, position, &patch, &error));
    CHECK_OK(walrus_accel_quilt_patch_id_to_text(
        quilt->id, file->first, file->end, text, sizeof text, &error));
    REQUIRE(patch.identifier != NULL && patch.patch_id != NULL);
    CHECK(strcmp(patch.identifier, file->identifier) == 0);
    CHECK(strcmp(patch.patch_id, text) == 0);
    CHECK(patch.first_column == file->first && patch.end_column == file->end);
    CHECK_EQUAL(patch.tag_count, number == 3);
    CHECK_EQUAL(patch.tags != NULL, number == 3);
    if (patch.tag_count == 1) {
        CHECK_EQUAL(patch.tags->key_length, 1);
        CHECK_EQUAL(patch.tags->value_length, 1);
        CHECK_BYTES(patch.tags->key, "k", 1);
        CHECK_BYTES(patch.tags->value, "v", 1);
    }
}

void check_encoded(const quilt *quilt, const walrus_accel_encoded *encoded) {
    walrus_accel_quilt_patches *patches = NULL;
    size_t number;
    CHECK(has_id(encoded, quilt->id));
    CHECK_OK(walrus_accel_encoded_patches(encoded, &patches, &error));
    CHECK_EQUAL(count_of(patches), FILES);
    for (number = 0; number < FILES; number++) { check_patch(quilt, patches, number, number); }
    CHECK(walrus_accel_quilt_patches_free(patches) == WALRUS_ACCEL_OK);
}

void check_content(const file *file, const walrus_accel_quilt_content *content) {
    const uint8_t *data = NULL;
    size_t length = SIZE_MAX;
    uint64_t told = UINT64_MAX;
    CHECK_OK(walrus_accel_quilt_content_length(content, &told, &error));
    CHECK_EQUAL(told, file->length);
    CHECK_OK(walrus_accel_quilt_content_bytes(content, &data, &length, &error));
    CHECK_EQUAL(length, file->length);
    CHECK_BYTES(data, file->bytes, file->length);
}

walrus_accel_quilt_reader *reader_of(const walrus_accel_runtime *runtime, const quilt *quilt,
    const walrus_accel_sliver *slivers, size_t count) {
    walrus_accel_quilt_reader_request request = WALRUS_ACCEL_QUILT_READER_REQUEST_INIT;
    walrus_accel_quilt_reader *reader = NULL;
    request.metadata = quilt->metadata;
    request.slivers = slivers;
    request.sliver_count = count;
    REQUIRE_OK(walrus_accel_quilt_reader_new(runtime, &request, NULL, &reader, &error));
    REQUIRE(reader != NULL);
    return reader;
}

/* The quilt is the network's, and its result outlives the memory that it was made from. */
static void check_known(const quilt *quilt) {
    char text[WALRUS_ACCEL_BLOB_ID_TEXT_LENGTH] = "";
    walrus_accel_quilt_patch patch = WALRUS_ACCEL_QUILT_PATCH_INIT;
    CHECK_OK(walrus_accel_blob_id_to_text(quilt->id, text, sizeof text, &error));
    CHECK(strcmp(text, known_id) == 0);
    CHECK_EQUAL(quilt->shape.symbol_size, 44);
    CHECK_EQUAL(quilt->shape.blob_length, 4 * 7 * 44);
    check_encoded(quilt, quilt->encoded);
    CHECK_OK(walrus_accel_quilt_patches_get(quilt->patches, 0, &patch, &error));
    CHECK(patch.patch_id && strcmp(patch.patch_id + TEXT - 1 - 7, "BAQACAA") == 0);
    CHECK_STATUS(WALRUS_ACCEL_NOT_FOUND,
        walrus_accel_quilt_patches_get(quilt->patches, FILES, &patch, &error));
    CHECK(patch.identifier == NULL && patch.patch_id == NULL && patch.end_column == 0);
}

/* The patch ID of the network's public test: columns 10 to 20 of quilt 12345. */
static void check_ids(void) {
    static const char *const wrong[] = {"", "OTAA",
        "OTAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABCgAUA!",
        "OTAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABCgAUAAA",
        "OTAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACCgAUAA"};
    static const char *const known = "OTAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABCgAUAA";
    const uint8_t expected[WALRUS_ACCEL_BLOB_ID_LENGTH] = {0x39, 0x30};
    uint8_t id[WALRUS_ACCEL_BLOB_ID_LENGTH];
    uint16_t first = 0, end = 0;
    char text[TEXT + 9];
    size_t number;
    CHECK_OK(walrus_accel_quilt_patch_id_to_text(expected, 10, 20, text, sizeof text, &error));
    CHECK(strcmp(text, known) == 0);
    CHECK_OK(walrus_accel_quilt_patch_id_from_text(known, id, &first, &end, &error));
    CHECK_BYTES(id, expected, sizeof id);
    CHECK(first == 10 && end == 20);
    CHECK_STATUS(WALRUS_ACCEL_INVALID_ARGUMENT,
        walrus_accel_quilt_patch_id_to_text(expected, 10, 20, text, TEXT - 1, &error));
    for (number = 0; number < sizeof wrong / sizeof *wrong; number++) {
        const uint8_t zero[WALRUS_ACCEL_BLOB_ID_LENGTH] = {0};
        first = end = 7;
        CHECK_STATUS(WALRUS_ACCEL_INVALID_ARGUMENT,
            walrus_accel_quilt_patch_id_from_text(wrong[number], id, &first, &end, &error));
        CHECK(first == 0 && end == 0);
        CHECK_BYTES(id, zero, sizeof id);
    }
}

int main(void) {
    static quilt quilt;
    walrus_accel_runtime *runtime = runtime_of_cpu(4, 2);
    quilt_init(&quilt, runtime);
    check_known(&quilt);
    check_ids();
    quilts_building(runtime, &quilt);
    quilts_reading(runtime, &quilt);
    quilts_outputs(runtime, &quilt);
    quilts_jobs(runtime, &quilt);
    quilts_vectors(runtime);
    quilt_free(&quilt);
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
    return check_result();
}
