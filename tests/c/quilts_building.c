/*
 * Building: every source and sink, the order of callbacks, batches, and what is refused.
 */
#include "quilts.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BAD WALRUS_ACCEL_INVALID_ARGUMENT

/* Content behind a callback, and the calls that run. */
typedef struct behind {
    const file *file;
    int *running;
    int32_t answer;
} behind;

static int32_t read_behind(uint64_t offset, uint8_t *out, size_t length, void *user_data) {
    behind *content = user_data;
    CHECK_EQUAL(__atomic_add_fetch(content->running, 1, __ATOMIC_ACQ_REL), 1);
    CHECK(offset + length <= content->file->length);
    if (length > 0) { memcpy(out, content->file->bytes + offset, length); }
    __atomic_sub_fetch(content->running, 1, __ATOMIC_ACQ_REL);
    return content->answer;
}

static void check_request(const walrus_accel_runtime *runtime, const quilt *quilt,
    const walrus_accel_encode_quilt_request *request) {
    walrus_accel_encoded *encoded = NULL;
    CHECK_OK(walrus_accel_encode_quilt(runtime, request, NULL, &encoded, &error));
    check_encoded(quilt, encoded);
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
}

/* A pipe with the content of a file. */
static int pipe_of(const file *file) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    REQUIRE(write(ends[1], file->bytes, file->length) == (ssize_t)file->length);
    REQUIRE(close(ends[1]) == 0);
    return ends[0];
}

/* Every file from another kind of source. */
static void check_sources(const walrus_accel_runtime *runtime, quilt *quilt) {
    walrus_accel_encode_quilt_request request = quilt->request;
    walrus_accel_source sources[FILES];
    walrus_accel_quilt_entry entries[FILES];
    char *folder = folder_new(), *paths[FILES];
    behind behinds[FILES];
    int running = 0, shift;
    size_t number;
    for (number = 0; number < FILES; number++) {
        paths[number] = path_in(folder, quilt->files[number].identifier);
        file_write(paths[number], quilt->files[number].bytes, quilt->files[number].length);
    }
    request.entries = entries;
    request.sink = NULL;
    for (shift = 0; shift < FILES; shift++) {
        int opened[FILES];
        for (number = 0; number < FILES; number++) {
            const file *file = &quilt->files[FILES - 1 - number];
            size_t kind = (number + (size_t)shift) % FILES;
            entries[number] = quilt->entries[number];
            entries[number].source = &sources[number];
            sources[number] = quilt->sources[number];
            behinds[number].file = file;
            behinds[number].running = &running;
            behinds[number].answer = 0;
            opened[number] = -1;
            if (kind == 0) {
                sources[number].kind = WALRUS_ACCEL_SOURCE_PATH;
                sources[number].path = paths[FILES - 1 - number];
            } else if (kind == 1 || kind == 2) {
                opened[number] =
                    kind == 1 ? open(paths[FILES - 1 - number], O_RDONLY) : pipe_of(file);
                REQUIRE(opened[number] >= 0);
                sources[number].kind = WALRUS_ACCEL_SOURCE_DESCRIPTOR;
                sources[number].descriptor = opened[number];
            } else if (kind == 3) {
                sources[number].kind = WALRUS_ACCEL_SOURCE_CALLBACK;
                sources[number].read = read_behind;
                sources[number].user_data = &behinds[number];
            }
        }
        check_request(runtime, quilt, &request);
        for (number = 0; number < FILES; number++) {
            CHECK(opened[number] < 0 || close(opened[number]) == 0);
        }
    }
    for (number = 0; number < FILES; number++) { free(paths[number]); }
    folder_free(folder);
}

/* Callbacks of one request take turns, also if they belong to different entries. */
static void check_turns(const walrus_accel_runtime *runtime) {
    enum { LONG = 3000000, SOME = 6 };
    walrus_accel_encode_quilt_request request = WALRUS_ACCEL_ENCODE_QUILT_REQUEST_INIT;
    walrus_accel_source sources[SOME];
    walrus_accel_quilt_entry entries[SOME];
    walrus_accel_encoded *encoded = NULL;
    file file = {"", LONG, NULL, 0, 0};
    behind behinds[SOME];
    char names[SOME][2];
    int running = 0;
    size_t number;
    /* A quilt this long is read by several threads, slowly under tools that watch memory. */
    if (check_setting("WALRUS_ACCEL_SMALL", 0)) { return; }
    file.bytes = blob_of(7, LONG);
    for (number = 0; number < SOME; number++) {
        const walrus_accel_quilt_entry entry = WALRUS_ACCEL_QUILT_ENTRY_INIT;
        const walrus_accel_source source = WALRUS_ACCEL_SOURCE_INIT;
        behinds[number].file = &file;
        behinds[number].running = &running;
        behinds[number].answer = 0;
        names[number][0] = (char)('a' + number);
        names[number][1] = '\0';
        sources[number] = source;
        sources[number].kind = WALRUS_ACCEL_SOURCE_CALLBACK;
        sources[number].length = LONG;
        sources[number].read = read_behind;
        sources[number].user_data = &behinds[number];
        entries[number] = entry;
        entries[number].identifier = names[number];
        entries[number].source = &sources[number];
    }
    request.entries = entries;
    request.entry_count = SOME;
    request.n_shards = 300;
    CHECK_OK(walrus_accel_encode_quilt(runtime, &request, NULL, &encoded, &error));
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    free(file.bytes);
}

static int32_t count_piece(const walrus_accel_piece *piece, void *user_data) {
    *(uint64_t *)user_data += piece->length;
    return 0;
}

static void check_sinks(const walrus_accel_runtime *runtime, quilt *quilt) {
    walrus_accel_encode_quilt_request request = quilt->request;
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_NONE);
    walrus_accel_encoded *encoded = NULL;
    walrus_accel_metadata *metadata = NULL;
    buffer_set buffers = buffers_new(&quilt->shape, SHARDS);
    const uint16_t pair = 3;
    const uint8_t *data = NULL;
    size_t length = 0;
    uint64_t bytes = 0;
    uint32_t commitment = 0;
    request.sink = &sink;
    check_request(runtime, quilt, &request);
    sink.kind = WALRUS_ACCEL_SINK_CALLBACK;
    sink.write = count_piece;
    sink.user_data = &bytes;
    check_request(runtime, quilt, &request);
    CHECK_EQUAL(bytes, SHARDS * (quilt->shape.primary_length + quilt->shape.secondary_length));
    sink = sink_of(WALRUS_ACCEL_SINK_BUFFERS);
    sink.buffers = buffers.buffers;
    sink.buffer_count = buffers.count;
    check_request(runtime, quilt, &request);
    CHECK_BYTES(buffers.buffers[0].data, quilt->rows[0].data, quilt->rows[0].length);
    CHECK_BYTES(buffers.buffers[1].data, quilt->columns[SHARDS - 1].data,
        quilt->columns[SHARDS - 1].length);
    sink = sink_of(WALRUS_ACCEL_SINK_LIBRARY);
    request.pairs = &pair;
    request.pair_count = 1;
    request.pair_choice = WALRUS_ACCEL_PAIRS_LISTED;
    CHECK_OK(walrus_accel_encode_quilt(runtime, &request, NULL, &encoded, &error));
    check_encoded(quilt, encoded);
    CHECK_OK(walrus_accel_encoded_sliver(
        encoded, WALRUS_ACCEL_AXIS_PRIMARY, pair, &data, &length, &error));
    CHECK_BYTES(data, quilt->rows[pair].data, quilt->rows[pair].length);
    CHECK_STATUS(WALRUS_ACCEL_NOT_FOUND,
        walrus_accel_encoded_sliver(encoded, WALRUS_ACCEL_AXIS_PRIMARY, 0, &data, &length, &error));
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    request = quilt->request;
    request.commitment = WALRUS_ACCEL_COMMITMENT_BLAKE3;
    CHECK_OK(walrus_accel_encode_quilt(runtime, &request, NULL, &encoded, &error));
    CHECK(!has_id(encoded, quilt->id));
    CHECK_OK(walrus_accel_encoded_metadata(encoded, &metadata, &error));
    CHECK_OK(walrus_accel_metadata_commitment(metadata, &commitment, &error));
    CHECK_EQUAL(commitment, WALRUS_ACCEL_COMMITMENT_BLAKE3);
    CHECK(walrus_accel_metadata_free(metadata) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    buffers_free(&buffers);
}

/* A quilt without patches, and a blob that is no quilt. */
static void check_without_patches(const walrus_accel_runtime *runtime) {
    walrus_accel_encode_quilt_request request = WALRUS_ACCEL_ENCODE_QUILT_REQUEST_INIT;
    walrus_accel_encoded *encoded = NULL;
    walrus_accel_quilt_patches *patches = NULL;
    sample sample = sample_new(runtime, SHARDS, 1, 100);
    request.n_shards = SHARDS;
    CHECK_OK(walrus_accel_encode_quilt(runtime, &request, NULL, &encoded, &error));
    CHECK_OK(walrus_accel_encoded_patches(encoded, &patches, &error));
    CHECK_EQUAL(count_of(patches), 0);
    CHECK(walrus_accel_quilt_patches_free(patches) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    patches = UNSET(walrus_accel_quilt_patches);
    CHECK_MESSAGE(WALRUS_ACCEL_NOT_FOUND, "encode_quilt",
        walrus_accel_encoded_patches(sample.encoded, &patches, &error));
    CHECK(patches == NULL);
    sample_free(&sample);
}

static void refuse(const walrus_accel_runtime *runtime,
    const walrus_accel_encode_quilt_request *request, walrus_accel_status expected,
    const char *text) {
    walrus_accel_encoded *encoded = UNSET(walrus_accel_encoded);
    CHECK_MESSAGE(
        expected, text, walrus_accel_encode_quilt(runtime, request, NULL, &encoded, &error));
    CHECK(encoded == NULL);
}

/* Entries against the rules of the format, one at a time. */
static void check_rules(const walrus_accel_runtime *runtime, quilt *quilt) {
    enum { MANY = 7, TOO_LONG = 65536 };
    static const char *const wrong[] = {"", "x ", "x\x01", "\x7f", "\xff", "b"};
    walrus_accel_encode_quilt_request request = quilt->request;
    walrus_accel_quilt_entry entries[MANY];
    walrus_accel_quilt_tag tags[2] = {{"k", 1, NULL, 0}, {"k", 1, "x", 1}};
    walrus_accel_source source = quilt->sources[0];
    char *text = claim(TOO_LONG + 1);
    size_t number;
    memset(text, 'x', TOO_LONG);
    text[TOO_LONG] = '\0';
    for (number = 0; number < MANY; number++) { entries[number] = quilt->entries[0]; }
    for (number = 1; number < FILES; number++) { entries[number] = quilt->entries[number]; }
    request.entries = entries;
    for (number = 0; number < sizeof wrong / sizeof *wrong; number++) {
        entries[0].identifier = wrong[number];
        refuse(runtime, &request, BAD, NULL);
    }
    entries[0].identifier = text;
    refuse(runtime, &request, BAD, NULL);
    entries[0].identifier = NULL;
    refuse(runtime, &request, BAD, "entries[0].identifier");
    entries[0] = quilt->entries[0];
    entries[0].tags = tags;
    entries[0].tag_count = 2;
    refuse(runtime, &request, BAD, "entries[0].tags");
    entries[0].tag_count = 1;
    tags[0].value = text;
    tags[0].value_length = TOO_LONG;
    refuse(runtime, &request, BAD, "65535");
    tags[0].value = "\xff";
    tags[0].value_length = 1;
    refuse(runtime, &request, BAD, "entries[0].tags[0].value");
    tags[0].key = NULL;
    refuse(runtime, &request, BAD, "entries[0].tags[0].key");
    entries[0].tags = NULL;
    refuse(runtime, &request, BAD, "entries[0].tags");
    entries[0] = quilt->entries[0];
    entries[0].source = NULL;
    refuse(runtime, &request, BAD, "entries[0].source");
    entries[0].source = &source;
    source.kind = 9;
    refuse(runtime, &request, BAD, "entries[0].source.kind");
    source.kind = WALRUS_ACCEL_SOURCE_CALLBACK;
    source.read = read_behind;
    source.length = UINT64_C(5000000000);
    refuse(runtime, &request, BAD, NULL);
    source.length = 4000000;
    refuse(runtime, &request, BAD, NULL);
    for (number = 0; number < MANY; number++) {
        static const char *const names[MANY] = {"1", "2", "3", "4", "5", "6", "7"};
        entries[number] = quilt->entries[0];
        entries[number].identifier = names[number];
    }
    request.entry_count = MANY;
    refuse(runtime, &request, BAD, "6");
    request.entry_count = MANY - 1;
    {
        walrus_accel_encoded *encoded = NULL;
        CHECK_OK(walrus_accel_encode_quilt(runtime, &request, NULL, &encoded, &error));
        CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    }
    free(text);
}

/* Changes the file at a path while the quilt is read. */
static int32_t change(uint64_t offset, uint8_t *out, size_t length, void *user_data) {
    (void)offset;
    memset(out, 0, length);
    file_write(user_data, (const uint8_t *)"longer than before", 18);
    return 0;
}

static void check_failing_sources(const walrus_accel_runtime *runtime, quilt *quilt) {
    walrus_accel_encode_quilt_request request = quilt->request;
    walrus_accel_source sources[2] = {WALRUS_ACCEL_SOURCE_INIT, WALRUS_ACCEL_SOURCE_INIT};
    walrus_accel_quilt_entry entries[2];
    walrus_accel_encoded *encoded = UNSET(walrus_accel_encoded);
    walrus_accel_control *control = NULL;
    char *folder = folder_new(), *path = path_in(folder, "changing");
    int running = 0;
    behind content = {&quilt->files[0], NULL, -3};
    content.running = &running;
    entries[0] = entries[1] = quilt->entries[0];
    entries[0].identifier = "1";
    entries[1].identifier = "2";
    entries[0].source = &sources[0];
    entries[1].source = &sources[1];
    request.entries = entries;
    request.entry_count = 2;
    sources[0].kind = WALRUS_ACCEL_SOURCE_CALLBACK;
    sources[0].length = 10;
    sources[0].read = change;
    sources[0].user_data = path;
    sources[1].kind = WALRUS_ACCEL_SOURCE_PATH;
    sources[1].path = path;
    refuse(runtime, &request, WALRUS_ACCEL_IO, "changing");
    file_write(path, (const uint8_t *)"before", 6);
    refuse(runtime, &request, WALRUS_ACCEL_SOURCE_CHANGED, "changing");
    sources[0].read = read_behind;
    sources[0].user_data = &content;
    refuse(runtime, &request, WALRUS_ACCEL_CALLBACK_FAILED, "-3");
    content.answer = 1;
    refuse(runtime, &request, WALRUS_ACCEL_CANCELLED, NULL);
    content.answer = 0;
    REQUIRE_OK(walrus_accel_control_new(&control, &error));
    CHECK_OK(walrus_accel_control_cancel(control, &error));
    CHECK_STATUS(WALRUS_ACCEL_CANCELLED,
        walrus_accel_encode_quilt(runtime, &request, control, &encoded, &error));
    CHECK(encoded == NULL);
    CHECK(walrus_accel_control_free(control) == WALRUS_ACCEL_OK);
    sources[1].kind = WALRUS_ACCEL_SOURCE_DESCRIPTOR;
    sources[1].descriptor = 987;
    refuse(runtime, &request, WALRUS_ACCEL_IO, "987");
    free(path);
    folder_free(folder);
}

static void check_batch(const walrus_accel_runtime *runtime, quilt *quilt) {
    walrus_accel_encode_quilt_request requests[3];
    walrus_accel_encode_result results[3];
    walrus_accel_quilt_entry twice[2];
    size_t number;
    twice[0] = twice[1] = quilt->entries[0];
    for (number = 0; number < 3; number++) { requests[number] = quilt->request; }
    requests[1].entries = twice;
    requests[1].entry_count = 2;
    CHECK_MESSAGE(BAD, "1 of 3",
        walrus_accel_encode_quilt_batch(runtime, requests, 3, NULL, results, &error));
    for (number = 0; number < 3; number++) {
        CHECK_EQUAL(results[number].status, number == 1 ? BAD : WALRUS_ACCEL_OK);
        CHECK_EQUAL(results[number].encoded == NULL, number == 1);
        CHECK_EQUAL(results[number].error != NULL, number == 1);
        if (results[number].encoded) { check_encoded(quilt, results[number].encoded); }
        CHECK(walrus_accel_encoded_free(results[number].encoded) == WALRUS_ACCEL_OK);
        CHECK(walrus_accel_error_free(results[number].error) == WALRUS_ACCEL_OK);
    }
    CHECK_OK(walrus_accel_encode_quilt_batch(runtime, NULL, 0, NULL, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_encode_quilt_batch(runtime, NULL, 1, NULL, results, &error));
    CHECK(results[0].encoded == NULL && results[0].status == WALRUS_ACCEL_NOT_ENDED);
    CHECK_STATUS(BAD, walrus_accel_encode_quilt_batch(runtime, requests, 1, NULL, NULL, &error));
}

void quilts_building(const walrus_accel_runtime *runtime, quilt *quilt) {
    check_sources(runtime, quilt);
    check_turns(runtime);
    check_sinks(runtime, quilt);
    check_without_patches(runtime);
    check_rules(runtime, quilt);
    check_failing_sources(runtime, quilt);
    check_batch(runtime, quilt);
}
