/*
 * Quilts of the network's own encoder: blob IDs, patches and contents.
 */
#include "quilts.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FILES = 64, MOST_TAGS = 16, SMALL_SHARDS = 31 };

/* Files of a case, in the order of the request. */
typedef struct vector_files {
    size_t count;
    walrus_accel_source sources[MOST_FILES];
    walrus_accel_quilt_entry entries[MOST_FILES];
    walrus_accel_quilt_tag tags[MOST_FILES][MOST_TAGS];
    uint8_t *contents[MOST_FILES];
} vector_files;

static uint64_t number_in(const json_t *fields, const char *name) {
    const json_t *field = json_object_get(fields, name);
    REQUIRE(json_is_integer(field));
    return (uint64_t)json_integer_value(field);
}

static const char *text_in(const json_t *fields, const char *name) {
    const char *text = json_string_value(json_object_get(fields, name));
    REQUIRE(text != NULL);
    return text;
}

static void files_init(vector_files *files, json_t *given) {
    json_t *file, *tags, *value;
    const char *key;
    size_t number;
    memset(files, 0, sizeof *files);
    files->count = json_array_size(given);
    REQUIRE(files->count <= MOST_FILES);
    json_array_foreach(given, number, file) {
        const walrus_accel_quilt_entry empty = WALRUS_ACCEL_QUILT_ENTRY_INIT;
        walrus_accel_quilt_entry *entry = &files->entries[number];
        size_t length = (size_t)number_in(file, "length");
        files->contents[number] = blob_of(number_in(file, "seed"), length);
        files->sources[number] = source_of(files->contents[number], length);
        *entry = empty;
        entry->identifier = text_in(file, "identifier");
        entry->source = &files->sources[number];
        entry->tags = files->tags[number];
        tags = json_object_get(file, "tags");
        json_object_foreach(tags, key, value) {
            walrus_accel_quilt_tag *tag = &files->tags[number][entry->tag_count++];
            REQUIRE(entry->tag_count <= MOST_TAGS && json_is_string(value));
            tag->key = key;
            tag->key_length = strlen(key);
            tag->value = json_string_value(value);
            tag->value_length = json_string_length(value);
        }
    }
}

static void files_free(vector_files *files) {
    size_t number;
    for (number = 0; number < files->count; number++) { free(files->contents[number]); }
}

/* Returns the file with an identifier. */
static size_t file_of(const vector_files *files, const char *identifier) {
    size_t number;
    for (number = 0; number < files->count; number++) {
        if (strcmp(files->entries[number].identifier, identifier) == 0) { return number; }
    }
    CHECK(!"a file of the case");
    return 0;
}

/* The five bytes of an internal ID in hexadecimal: version, first column, end column. */
static void check_columns(const walrus_accel_quilt_patch *patch, const char *internal_id) {
    char expected[11];
    snprintf(expected, sizeof expected, "01%02x%02x%02x%02x", patch->first_column & 255,
        patch->first_column >> 8, patch->end_column & 255, patch->end_column >> 8);
    CHECK(strcmp(expected, internal_id) == 0);
}

/* A patch of the encoding, and what a reader finds by its ID. */
static void check_vector_patch(const walrus_accel_quilt_reader *reader, const vector_files *files,
    const walrus_accel_quilt_patches *patches, size_t position, const json_t *expected) {
    walrus_accel_quilt_patch patch = WALRUS_ACCEL_QUILT_PATCH_INIT;
    walrus_accel_quilt_patch again = WALRUS_ACCEL_QUILT_PATCH_INIT;
    walrus_accel_quilt_reader_read_request request = WALRUS_ACCEL_QUILT_READER_READ_REQUEST_INIT;
    walrus_accel_quilt_patches *found = NULL;
    walrus_accel_quilt_content *content = NULL;
    const uint8_t *data = NULL;
    size_t length = 0, number, tag;
    CHECK_OK(walrus_accel_quilt_patches_get(patches, position, &patch, &error));
    REQUIRE(patch.identifier != NULL && patch.patch_id != NULL);
    CHECK(strcmp(patch.identifier, text_in(expected, "identifier")) == 0);
    check_columns(&patch, text_in(expected, "internal_id"));
    CHECK_OK(walrus_accel_quilt_reader_patch_by_id(reader, patch.patch_id, NULL, &found, &error));
    CHECK_OK(walrus_accel_quilt_patches_get(found, 0, &again, &error));
    REQUIRE(again.identifier != NULL);
    CHECK(strcmp(again.identifier, patch.identifier) == 0);
    number = file_of(files, patch.identifier);
    CHECK_EQUAL(again.tag_count, files->entries[number].tag_count);
    CHECK_EQUAL(patch.tag_count, again.tag_count);
    for (tag = 0; tag < again.tag_count; tag++) {
        const walrus_accel_quilt_tag *one = &patch.tags[tag], *other = &again.tags[tag];
        walrus_accel_quilt_patches *tagged = NULL;
        CHECK(one->key_length == other->key_length && one->value_length == other->value_length);
        CHECK_BYTES(one->key, other->key, one->key_length);
        CHECK_BYTES(one->value, other->value, one->value_length);
        CHECK_OK(walrus_accel_quilt_reader_patches_with_tag(reader, one, NULL, &tagged, &error));
        CHECK(count_of(tagged) >= 1);
        CHECK(walrus_accel_quilt_patches_free(tagged) == WALRUS_ACCEL_OK);
    }
    request.patches = found;
    CHECK_OK(walrus_accel_quilt_reader_read(reader, &request, NULL, &content, &error));
    CHECK_OK(walrus_accel_quilt_content_bytes(content, &data, &length, &error));
    CHECK_EQUAL(length, files->sources[number].length);
    CHECK_BYTES(data, files->contents[number], length);
    CHECK(walrus_accel_quilt_content_free(content) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_quilt_patches_free(found) == WALRUS_ACCEL_OK);
}

static void check_case(const walrus_accel_runtime *runtime, json_t *fields) {
    static vector_files files;
    walrus_accel_encode_quilt_request request = WALRUS_ACCEL_ENCODE_QUILT_REQUEST_INIT;
    walrus_accel_quilt_reader_request from = WALRUS_ACCEL_QUILT_READER_REQUEST_INIT;
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_LIBRARY);
    walrus_accel_shape shape = WALRUS_ACCEL_SHAPE_INIT;
    walrus_accel_encoded *encoded = NULL;
    walrus_accel_metadata *metadata = NULL;
    walrus_accel_quilt_patches *patches = NULL;
    walrus_accel_quilt_reader *reader = NULL;
    walrus_accel_sliver *slivers;
    uint8_t id[WALRUS_ACCEL_BLOB_ID_LENGTH];
    char text[WALRUS_ACCEL_BLOB_ID_TEXT_LENGTH] = "";
    json_t *expected = json_object_get(fields, "patches");
    size_t position;
    uint16_t column;
    files_init(&files, json_object_get(fields, "files"));
    request.entries = files.entries;
    request.entry_count = files.count;
    request.n_shards = (uint16_t)number_in(fields, "n_shards");
    request.sink = &sink;
    REQUIRE_OK(walrus_accel_encode_quilt(runtime, &request, NULL, &encoded, &error));
    REQUIRE_OK(walrus_accel_encoded_metadata(encoded, &metadata, &error));
    REQUIRE_OK(walrus_accel_encoded_patches(encoded, &patches, &error));
    CHECK_OK(walrus_accel_metadata_shape(metadata, &shape, &error));
    CHECK_EQUAL(shape.blob_length, number_in(fields, "quilt_length"));
    CHECK_OK(walrus_accel_metadata_blob_id(metadata, id, &error));
    CHECK_OK(walrus_accel_blob_id_to_text(id, text, sizeof text, &error));
    CHECK(strcmp(text, text_in(fields, "blob_id")) == 0);
    slivers = claim(shape.columns * sizeof *slivers);
    for (column = 0; column < shape.columns; column++) {
        uint16_t pair = 0;
        slivers[column].axis = WALRUS_ACCEL_AXIS_SECONDARY;
        CHECK_OK(walrus_accel_sliver_pair(
            request.n_shards, WALRUS_ACCEL_AXIS_SECONDARY, column, &pair, &error));
        REQUIRE_OK(walrus_accel_encoded_sliver(encoded, WALRUS_ACCEL_AXIS_SECONDARY, pair,
            &slivers[column].data, &slivers[column].length, &error));
    }
    from.metadata = metadata;
    from.slivers = slivers;
    from.sliver_count = shape.columns;
    REQUIRE_OK(walrus_accel_quilt_reader_new(runtime, &from, NULL, &reader, &error));
    CHECK_EQUAL(count_of(patches), json_array_size(expected));
    for (position = 0; position < json_array_size(expected); position++) {
        check_vector_patch(reader, &files, patches, position, json_array_get(expected, position));
    }
    CHECK_OK(walrus_accel_quilt_reader_check(reader, NULL, &error));
    CHECK(walrus_accel_quilt_reader_free(reader) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_quilt_patches_free(patches) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_metadata_free(metadata) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    free(slivers);
    files_free(&files);
}

void quilts_vectors(const walrus_accel_runtime *runtime) {
    const char *folder = getenv("WALRUS_ACCEL_VECTORS");
    char *path = path_in(folder ? folder : "tests/vectors", "quilt.json");
    json_error_t error;
    json_t *cases = json_load_file(path, 0, &error), *fields;
    size_t number, tried = 0;
    if (!cases) { fprintf(stderr, "%s: %s\n", path, error.text); }
    REQUIRE(json_is_array(cases));
    json_array_foreach(cases, number, fields) {
        uint64_t n_shards = number_in(fields, "n_shards");
        char about[80];
        if (n_shards > SMALL_SHARDS && check_setting("WALRUS_ACCEL_SMALL", 0)) { continue; }
        snprintf(about, sizeof about, "quilt %d for %d shards", (int)number, (int)n_shards);
        check_about(about);
        check_case(runtime, fields);
        check_about(NULL);
        tried++;
    }
    printf("%zu of %zu quilts\n", tried, json_array_size(cases));
    CHECK(tried > 0);
    json_decref(cases);
    free(path);
}
