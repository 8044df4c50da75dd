/*
 * Slivers to every kind of sink, all pairs and some.
 */
#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Encodes the vector's blob in memory, for some pairs; NULL for all. */
static walrus_accel_encoded *encoded_to(const walrus_accel_runtime *runtime, const vector *vector,
    const walrus_accel_sink *sink, const uint16_t *pairs, size_t count) {
    walrus_accel_encode_request request = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
    walrus_accel_source source = source_of(vector->sample.blob, vector->sample.length);
    walrus_accel_encoded *encoded = NULL;
    request.source = &source;
    request.sink = sink;
    request.pairs = pairs;
    request.pair_count = count;
    request.pair_choice = pairs == NULL ? WALRUS_ACCEL_PAIRS_ALL : WALRUS_ACCEL_PAIRS_LISTED;
    request.n_shards = vector->sample.n_shards;
    REQUIRE_OK(walrus_accel_encode(runtime, &request, NULL, &encoded, &error));
    CHECK(has_id(encoded, vector->sample.id));
    return encoded;
}

/* `pairs` is in ascending order, or NULL for all. */
static void check_buffers(const walrus_accel_runtime *runtime, const vector *vector,
    const uint16_t *pairs, size_t count) {
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_BUFFERS);
    buffer_set buffers = buffers_new(&vector->sample.shape, count);
    walrus_accel_encoded *encoded;
    const uint8_t *data = UNSET(const uint8_t);
    const char *path = UNSET(const char);
    size_t number, length;
    sink.buffers = buffers.buffers;
    sink.buffer_count = buffers.count;
    encoded = encoded_to(runtime, vector, &sink, pairs, pairs ? count : 0);
    for (number = 0; number < count; number++) {
        uint16_t pair = pairs ? pairs[number] : (uint16_t)number;
        CHECK_BYTES(buffers.buffers[2 * number].data, vector->primary[pair].data,
            vector->primary[pair].length);
        CHECK_BYTES(buffers.buffers[2 * number + 1].data, vector->secondary[pair].data,
            vector->secondary[pair].length);
    }
    CHECK_STATUS(WALRUS_ACCEL_NOT_FOUND,
        walrus_accel_encoded_sliver(encoded, WALRUS_ACCEL_AXIS_PRIMARY, 0, &data, &length, &error));
    CHECK_STATUS(
        WALRUS_ACCEL_NOT_FOUND, walrus_accel_encoded_directory(encoded, &path, NULL, &error));
    CHECK(data == NULL && path == NULL);
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    buffers_free(&buffers);
}

/* Slivers assembled from pieces, with the number of times that each byte came. */
typedef struct collection {
    const vector *vector;
    uint8_t **bytes, **counts;
} collection;

static int32_t collect(const walrus_accel_piece *piece, void *user_data) {
    const collection *collection = user_data;
    size_t at, place;
    int is_known =
        piece->axis == WALRUS_ACCEL_AXIS_PRIMARY || piece->axis == WALRUS_ACCEL_AXIS_SECONDARY;
    if (!CHECK(is_known && piece->pair < collection->vector->sample.n_shards)) { return -1; }
    place = 2 * (size_t)piece->pair + (piece->axis == WALRUS_ACCEL_AXIS_SECONDARY);
    if (!CHECK(collection->bytes[place] != NULL) ||
        !CHECK_EQUAL(piece->sliver_length,
            sliver_of(collection->vector, piece->axis, piece->pair)->length) ||
        !CHECK(piece->offset <= piece->sliver_length &&
               piece->length <= piece->sliver_length - piece->offset)) {
        return -1;
    }
    {
        const walrus_accel_sliver *sliver = sliver_of(collection->vector, piece->axis, piece->pair);
        const uint8_t *end = sliver->data + sliver->length;
        CHECK_EQUAL(piece->index, end[-2] | end[-1] << 8);
    }
    memcpy(collection->bytes[place] + piece->offset, piece->data, piece->length);
    for (at = 0; at < piece->length; at++) { collection->counts[place][piece->offset + at]++; }
    return 0;
}

static void check_callback(const walrus_accel_runtime *runtime, const vector *vector,
    const uint16_t *pairs, size_t count) {
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_CALLBACK);
    size_t places = 2 * (size_t)vector->sample.n_shards, number;
    collection collection;
    collection.vector = vector;
    collection.bytes = claim(places * sizeof *collection.bytes);
    collection.counts = claim(places * sizeof *collection.counts);
    for (number = 0; number < places; number++) {
        collection.bytes[number] = collection.counts[number] = NULL;
    }
    for (number = 0; number < 2 * count; number++) {
        uint16_t pair = pairs ? pairs[number / 2] : (uint16_t)(number / 2);
        size_t place = 2 * (size_t)pair + number % 2;
        size_t length = sliver_of(vector, 1 + (uint32_t)(number % 2), pair)->length;
        collection.bytes[place] = claim(length);
        collection.counts[place] = claim(length);
        memset(collection.counts[place], 0, length);
    }
    sink.write = collect;
    sink.user_data = &collection;
    CHECK(walrus_accel_encoded_free(encoded_to(runtime, vector, &sink, pairs, pairs ? count : 0)) ==
          WALRUS_ACCEL_OK);
    for (number = 0; number < places; number++) {
        const walrus_accel_sliver *sliver =
            sliver_of(vector, 1 + (uint32_t)(number % 2), (uint16_t)(number / 2));
        if (collection.bytes[number]) {
            size_t at = 0;
            CHECK_BYTES(collection.bytes[number], sliver->data, sliver->length);
            while (at < sliver->length && collection.counts[number][at] == 1) { at++; }
            CHECK_EQUAL(at, sliver->length);
        }
        free(collection.bytes[number]);
        free(collection.counts[number]);
    }
    free(collection.bytes);
    free(collection.counts);
}

static void check_file(
    const char *folder, uint16_t pair, const char *axis, const walrus_accel_sliver *expected) {
    char name[48];
    char *path;
    uint8_t *content;
    size_t length = 0;
    snprintf(name, sizeof name, "pairs/%04u.%s.bcs", (unsigned)pair, axis);
    path = path_in(folder, name);
    content = file_read(path, &length);
    CHECK_EQUAL(length, expected ? expected->length : 0);
    CHECK(!content == !expected);
    if (content && expected && length == expected->length) {
        CHECK_BYTES(content, expected->data, length);
    }
    free(content);
    free(path);
}

static void check_directory(const walrus_accel_runtime *runtime, const vector *vector) {
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_DIRECTORY);
    walrus_accel_encoded *encoded;
    walrus_accel_directory_report *report = NULL;
    const char *path = NULL;
    char *folder = folder_new(), *expected = path_in(folder, text_of(vector->fields, "blob_id"));
    uint32_t already_there = 7, quick;
    uint16_t pair;
    sink.path = folder;
    encoded = encoded_to(runtime, vector, &sink, NULL, 0);
    CHECK_OK(walrus_accel_encoded_directory(encoded, &path, &already_there, &error));
    CHECK(path && strcmp(path, expected) == 0);
    CHECK_EQUAL(already_there, 0);
    for (pair = 0; pair < vector->sample.n_shards; pair++) {
        check_file(expected, pair, "primary", &vector->primary[pair]);
        check_file(expected, pair, "secondary", &vector->secondary[pair]);
    }
    for (quick = 0; quick <= 1; quick++) {
        size_t checked = 0, problems = 1;
        CHECK_OK(walrus_accel_directory_verify(runtime, expected, quick, NULL, &report, &error));
        CHECK_OK(walrus_accel_directory_report_counts(report, &checked, &problems, &error));
        CHECK(checked >= 2 * (size_t)vector->sample.n_shards);
        CHECK_EQUAL(problems, 0);
        CHECK(walrus_accel_directory_report_free(report) == WALRUS_ACCEL_OK);
    }
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    free(expected);
    folder_free(folder);
}

/* A missing file and a damaged file are found, and repaired. */
static void check_repair(const walrus_accel_runtime *runtime, const vector *vector) {
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_DIRECTORY);
    walrus_accel_directory_report *report = NULL;
    char *folder = folder_new(), *directory = path_in(folder, text_of(vector->fields, "blob_id"));
    char *missing = path_in(directory, "pairs/0000.primary.bcs"),
         *damaged = path_in(directory, "pairs/0001.secondary.bcs");
    size_t checked = 0, problems = 0, number;
    int kinds = 0;
    sink.path = folder;
    CHECK(
        walrus_accel_encoded_free(encoded_to(runtime, vector, &sink, NULL, 0)) == WALRUS_ACCEL_OK);
    CHECK(remove(missing) == 0);
    file_write(damaged, vector->secondary[1].data, vector->secondary[1].length - 1);
    CHECK_OK(walrus_accel_directory_repair(runtime, directory, NULL, &report, &error));
    CHECK_OK(walrus_accel_directory_report_counts(report, &checked, &problems, &error));
    CHECK_EQUAL(problems, 2);
    for (number = 0; number < problems; number++) {
        walrus_accel_problem problem = WALRUS_ACCEL_PROBLEM_INIT;
        REQUIRE_OK(walrus_accel_directory_report_get(report, number, &problem, &error));
        REQUIRE(problem.path && problem.reason);
        CHECK(strstr(problem.path, problem.kind == WALRUS_ACCEL_PROBLEM_MISSING
                                       ? "0000.primary.bcs"
                                       : "0001.secondary.bcs"));
        kinds |= 1 << problem.kind;
    }
    CHECK_EQUAL(kinds, 1 << WALRUS_ACCEL_PROBLEM_MISSING | 1 << WALRUS_ACCEL_PROBLEM_DAMAGED);
    check_file(directory, 0, "primary", &vector->primary[0]);
    check_file(directory, 1, "secondary", &vector->secondary[1]);
    CHECK(walrus_accel_directory_report_free(report) == WALRUS_ACCEL_OK);
    free(missing);
    free(damaged);
    free(directory);
    folder_free(folder);
}

void vectors_sinks(const walrus_accel_runtime *runtime, const vector *vector) {
    const uint16_t some[3] = {0, 2, (uint16_t)(vector->sample.n_shards - 1)};
    walrus_accel_sink none = sink_of(WALRUS_ACCEL_SINK_NONE);
    CHECK(walrus_accel_encoded_free(encoded_to(runtime, vector, NULL, NULL, 0)) == WALRUS_ACCEL_OK);
    CHECK(
        walrus_accel_encoded_free(encoded_to(runtime, vector, &none, NULL, 0)) == WALRUS_ACCEL_OK);
    check_buffers(runtime, vector, NULL, vector->sample.n_shards);
    check_buffers(runtime, vector, some, 3);
    check_callback(runtime, vector, NULL, vector->sample.n_shards);
    check_callback(runtime, vector, some, 3);
    check_directory(runtime, vector);
    check_repair(runtime, vector);
}
