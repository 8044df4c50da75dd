/*
 * The blob of a vector from every kind of source.
 */
#include "vectors.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void check_source(
    const walrus_accel_runtime *runtime, const vector *vector, const walrus_accel_source *source) {
    walrus_accel_encode_request request = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_LIBRARY);
    walrus_accel_encoded *encoded = NULL;
    uint16_t pair;
    request.source = source;
    request.sink = &sink;
    request.n_shards = vector->sample.n_shards;
    CHECK_OK(walrus_accel_encode(runtime, &request, NULL, &encoded, &error));
    CHECK(has_id(encoded, vector->sample.id));
    for (pair = 0; pair < vector->sample.n_shards; pair++) {
        const uint8_t *data = NULL;
        size_t length = 0;
        CHECK_OK(walrus_accel_encoded_sliver(
            encoded, WALRUS_ACCEL_AXIS_SECONDARY, pair, &data, &length, &error));
        CHECK_EQUAL(length, vector->secondary[pair].length);
        CHECK_BYTES(data, vector->secondary[pair].data, length);
    }
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
}

static void check_files(const walrus_accel_runtime *runtime, const vector *vector) {
    walrus_accel_source source = WALRUS_ACCEL_SOURCE_INIT;
    char *folder = folder_new(), *path = path_in(folder, "blob");
    off_t place = (off_t)(vector->sample.length / 2);
    file_write(path, vector->sample.blob, vector->sample.length);
    source.kind = WALRUS_ACCEL_SOURCE_PATH;
    source.path = path;
    check_source(runtime, vector, &source);
    source.kind = WALRUS_ACCEL_SOURCE_DESCRIPTOR;
    source.path = NULL;
    source.descriptor = open(path, O_RDONLY);
    REQUIRE(source.descriptor >= 0);
    /*
     * The file is read from its beginning, whatever the descriptor's offset, which does not move.
     */
    CHECK(lseek(source.descriptor, place, SEEK_SET) == place);
    check_source(runtime, vector, &source);
    CHECK(lseek(source.descriptor, 0, SEEK_CUR) == place);
    CHECK(close(source.descriptor) == 0);
    free(path);
    folder_free(folder);
}

typedef struct feed {
    const sample *sample;
    int descriptor;
} feed;

static void *feed_pipe(void *given) {
    const feed *feed = given;
    size_t at = 0;
    while (at < feed->sample->length) {
        /* Short writes: the reader cannot rely on whole ones. */
        size_t left = feed->sample->length - at, most = 1 + at % 4099;
        ssize_t written =
            write(feed->descriptor, feed->sample->blob + at, left < most ? left : most);
        REQUIRE(written > 0);
        at += (size_t)written;
    }
    close(feed->descriptor);
    return NULL;
}

static void check_pipe(const walrus_accel_runtime *runtime, const vector *vector) {
    walrus_accel_source source = WALRUS_ACCEL_SOURCE_INIT;
    int ends[2];
    pthread_t feeder;
    feed feed;
    REQUIRE(pipe(ends) == 0);
    feed.sample = &vector->sample;
    feed.descriptor = ends[1];
    REQUIRE(pthread_create(&feeder, NULL, feed_pipe, &feed) == 0);
    source.kind = WALRUS_ACCEL_SOURCE_DESCRIPTOR;
    source.descriptor = ends[0];
    check_source(runtime, vector, &source);
    pthread_join(feeder, NULL);
    CHECK(close(ends[0]) == 0);
}

static int32_t read_sample(uint64_t offset, uint8_t *out, size_t length, void *user_data) {
    const sample *sample = user_data;
    if (!CHECK(offset <= sample->length && length <= sample->length - offset)) { return -1; }
    memcpy(out, sample->blob + offset, length);
    return 0;
}

void vectors_sources(const walrus_accel_runtime *runtime, const vector *vector) {
    walrus_accel_source source =
        source_of(vector->sample.length ? vector->sample.blob : NULL, vector->sample.length);
    sample sample = vector->sample;
    check_source(runtime, vector, &source);
    check_files(runtime, vector);
    check_pipe(runtime, vector);
    source.kind = WALRUS_ACCEL_SOURCE_CALLBACK;
    source.data = NULL;
    source.read = read_sample;
    source.user_data = &sample;
    check_source(runtime, vector, &source);
}
