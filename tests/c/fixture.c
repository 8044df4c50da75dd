#include "fixture.h"

#include "check.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void *claim(size_t size) {
    void *memory = malloc(size ? size : 1);
    REQUIRE(memory != NULL);
    return memory;
}

walrus_accel_runtime *runtime_of_cpu(uint32_t threads, uint32_t max_jobs) {
    walrus_accel_runtime_options options = WALRUS_ACCEL_RUNTIME_OPTIONS_INIT;
    walrus_accel_runtime *runtime = NULL;
    options.engine = WALRUS_ACCEL_ENGINE_CPU;
    options.threads = threads;
    options.max_jobs = max_jobs;
    REQUIRE_OK(walrus_accel_runtime_new(&options, &runtime, &error));
    REQUIRE(runtime != NULL);
    return runtime;
}

uint8_t *blob_of(uint64_t seed, size_t length) {
    uint8_t *blob = claim(length);
    uint64_t state = seed;
    size_t at;
    for (at = 0; at < length; at++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        blob[at] = (uint8_t)(state >> 56);
    }
    return blob;
}

walrus_accel_source source_of(const uint8_t *data, size_t length) {
    walrus_accel_source source = WALRUS_ACCEL_SOURCE_INIT;
    source.kind = WALRUS_ACCEL_SOURCE_MEMORY;
    source.data = data;
    source.length = length;
    return source;
}

walrus_accel_sink sink_of(uint32_t kind) {
    walrus_accel_sink sink = WALRUS_ACCEL_SINK_INIT;
    sink.kind = kind;
    return sink;
}

sample sample_new(
    const walrus_accel_runtime *runtime, uint16_t n_shards, uint64_t seed, size_t length) {
    sample made = {NULL, 0, 0, WALRUS_ACCEL_SHAPE_INIT, NULL, NULL, {0}};
    walrus_accel_encode_request request = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_LIBRARY);
    walrus_accel_source source;
    made.blob = blob_of(seed, length);
    made.length = length;
    made.n_shards = n_shards;
    source = source_of(made.blob, length);
    request.source = &source;
    request.sink = &sink;
    request.n_shards = n_shards;
    REQUIRE_OK(walrus_accel_encode(runtime, &request, NULL, &made.encoded, &error));
    REQUIRE_OK(walrus_accel_encoded_metadata(made.encoded, &made.metadata, &error));
    REQUIRE_OK(walrus_accel_metadata_shape(made.metadata, &made.shape, &error));
    REQUIRE_OK(walrus_accel_metadata_blob_id(made.metadata, made.id, &error));
    return made;
}

void sample_free(sample *sample) {
    CHECK(walrus_accel_metadata_free(sample->metadata) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_encoded_free(sample->encoded) == WALRUS_ACCEL_OK);
    free(sample->blob);
}

walrus_accel_sliver sample_sliver(const sample *sample, uint32_t axis, uint16_t pair) {
    walrus_accel_sliver sliver = {NULL, 0, 0};
    sliver.axis = axis;
    REQUIRE_OK(walrus_accel_encoded_sliver(
        sample->encoded, axis, pair, &sliver.data, &sliver.length, &error));
    return sliver;
}

walrus_accel_sliver *last_slivers(const sample *sample, uint32_t axis, uint16_t count) {
    walrus_accel_sliver *slivers = claim(count * sizeof *slivers);
    uint16_t number;
    for (number = 0; number < count; number++) {
        uint16_t pair = (uint16_t)(sample->shape.n_shards - count + number);
        slivers[number] = sample_sliver(sample, axis, pair);
    }
    return slivers;
}

uint16_t enough(const sample *sample, uint32_t axis) {
    return axis == WALRUS_ACCEL_AXIS_PRIMARY ? sample->shape.rows : sample->shape.columns;
}

walrus_accel_decode_request decode_request_of(
    const sample *sample, const walrus_accel_sliver *slivers, size_t count) {
    walrus_accel_decode_request request = WALRUS_ACCEL_DECODE_REQUEST_INIT;
    request.metadata = sample->metadata;
    request.slivers = slivers;
    request.sliver_count = count;
    return request;
}

int has_id(const walrus_accel_encoded *encoded, const uint8_t *id) {
    walrus_accel_metadata *metadata = NULL;
    uint8_t found[WALRUS_ACCEL_BLOB_ID_LENGTH] = {0};
    CHECK_OK(walrus_accel_encoded_metadata(encoded, &metadata, &error));
    CHECK_OK(walrus_accel_metadata_blob_id(metadata, found, &error));
    CHECK(walrus_accel_metadata_free(metadata) == WALRUS_ACCEL_OK);
    return memcmp(found, id, sizeof found) == 0;
}

buffer_set buffers_new(const walrus_accel_shape *shape, size_t pair_count) {
    buffer_set made;
    size_t number, at = 0;
    made.count = 2 * pair_count;
    made.size = pair_count * (size_t)(shape->primary_length + shape->secondary_length);
    made.bytes = claim(made.size);
    made.buffers = claim(made.count * sizeof *made.buffers);
    memset(made.bytes, 0xa5, made.size);
    for (number = 0; number < made.count; number++) {
        uint64_t length = number % 2 == 0 ? shape->primary_length : shape->secondary_length;
        made.buffers[number].data = made.bytes + at;
        made.buffers[number].length = (size_t)length;
        at += (size_t)length;
    }
    return made;
}

void buffers_free(buffer_set *buffers) {
    free(buffers->buffers);
    free(buffers->bytes);
}

char *folder_new(void) {
    const char *temporary = getenv("TMPDIR");
    char *folder = path_in(temporary ? temporary : "/tmp", "walrus-accel-c-XXXXXX");
    REQUIRE(mkdtemp(folder) != NULL);
    return folder;
}

static void remove_all(const char *path) {
    DIR *directory = opendir(path);
    struct dirent *entry;
    while (directory && (entry = readdir(directory))) {
        struct stat found;
        char *inner;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) { continue; }
        inner = path_in(path, entry->d_name);
        if (lstat(inner, &found) == 0 && S_ISDIR(found.st_mode)) {
            remove_all(inner);
        } else {
            unlink(inner);
        }
        free(inner);
    }
    if (directory) { closedir(directory); }
    rmdir(path);
}

void folder_free(char *folder) {
    remove_all(folder);
    free(folder);
}

char *path_in(const char *folder, const char *name) {
    size_t buffer = strlen(folder) + strlen(name) + 2;
    char *path = claim(buffer);
    snprintf(path, buffer, "%s/%s", folder, name);
    return path;
}

void file_write(const char *path, const uint8_t *data, size_t length) {
    FILE *file = fopen(path, "wb");
    REQUIRE(file != NULL);
    REQUIRE(length == 0 || fwrite(data, 1, length, file) == length);
    REQUIRE(fclose(file) == 0);
}

uint8_t *file_read(const char *path, size_t *length) {
    struct stat found;
    uint8_t *content;
    FILE *file = fopen(path, "rb");
    *length = 0;
    if (!file) { return NULL; }
    REQUIRE(fstat(fileno(file), &found) == 0);
    content = claim((size_t)found.st_size);
    *length = fread(content, 1, (size_t)found.st_size, file);
    fclose(file);
    return content;
}
