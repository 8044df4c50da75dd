/*
 * Callbacks that fail or stop, at their first call and later.
 */
#include "misuse.h"

#include <stdio.h>
#include <string.h>

/* Callback that works until its count expires, and then returns `answer`. */
typedef struct fuse {
    const sample *sample;
    int calls_left, answer, calls_after;
} fuse;

static int32_t burn(fuse *fuse) {
    if (fuse->calls_left > 0) {
        fuse->calls_left--;
        return 0;
    }
    fuse->calls_after++;
    return fuse->answer;
}

static int32_t read_sample(uint64_t offset, uint8_t *out, size_t length, void *user_data) {
    fuse *fuse = user_data;
    CHECK(offset <= fuse->sample->length && length <= fuse->sample->length - offset);
    memcpy(out, fuse->sample->blob + offset, length);
    return burn(fuse);
}

static int32_t write_piece(const walrus_accel_piece *piece, void *user_data) {
    CHECK(piece->data != NULL && piece->offset + piece->length <= piece->sliver_length);
    return burn(user_data);
}

/* The message of a failure has the number that the callback returned. */
static void refuse(world *world, const walrus_accel_encode_request *request, int32_t answer) {
    walrus_accel_job *job = NULL;
    walrus_accel_status expected =
        answer < 0 ? WALRUS_ACCEL_CALLBACK_FAILED : WALRUS_ACCEL_CANCELLED;
    char number[16] = "";
    if (answer < 0) { snprintf(number, sizeof number, "%d", (int)answer); }
    REFUSES_HANDLE(WALRUS_ACCEL_INVALID_ARGUMENT, walrus_accel_encoded,
        walrus_accel_encode(world->runtime, NULL, NULL, &out, &error));
    {
        walrus_accel_encoded *out = UNSET(walrus_accel_encoded);
        CHECK_MESSAGE(
            expected, number, walrus_accel_encode(world->runtime, request, NULL, &out, &error));
        CHECK(out == NULL);
    }
    CHECK_OK(walrus_accel_submit_encode(world->runtime, request, NULL, NULL, &job, &error));
    CHECK_OK(walrus_accel_job_wait(job, WALRUS_ACCEL_FOREVER, &error));
    CHECK_MESSAGE(expected, number, walrus_accel_job_result(job, &error));
    REFUSES_HANDLE(
        expected, walrus_accel_encoded, walrus_accel_job_take_encoded(job, &out, &error));
    CHECK(walrus_accel_job_free(job) == WALRUS_ACCEL_OK);
}

static const int32_t answers[] = {-1, -12345, INT32_MIN, 1, INT32_MAX};

static void check_sources(world *world, const walrus_accel_sink *sink) {
    walrus_accel_encode_request request = world->encode;
    walrus_accel_source source = WALRUS_ACCEL_SOURCE_INIT;
    size_t number;
    request.source = &source;
    request.sink = sink;
    source.kind = WALRUS_ACCEL_SOURCE_CALLBACK;
    source.length = world->sample.length;
    source.read = read_sample;
    for (number = 0; number < sizeof answers / sizeof *answers; number++) {
        fuse fuse = {NULL, 0, 0, 0};
        fuse.sample = &world->sample;
        fuse.answer = answers[number];
        source.user_data = &fuse;
        refuse(world, &request, answers[number]);
        /* The library finishes only the calls that were under way. */
        CHECK(fuse.calls_after >= 2 && fuse.calls_after <= 8);
    }
}

static void check_sinks(world *world) {
    walrus_accel_encode_request request = world->encode;
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_CALLBACK);
    size_t number;
    int calls;
    request.sink = &sink;
    sink.write = write_piece;
    for (number = 0; number < sizeof answers / sizeof *answers; number++) {
        /* Among the headers, and among the symbols after them. */
        for (calls = 0; calls <= 45; calls += 45) {
            fuse fuse = {NULL, 0, 0, 0};
            fuse.answer = answers[number];
            fuse.calls_left = calls;
            sink.user_data = &fuse;
            refuse(world, &request, answers[number]);
        }
    }
}

static void check_rebuilding(world *world) {
    walrus_accel_rebuild_request request = world->rebuild;
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_CALLBACK);
    fuse fuse = {NULL, 3, -77, 0};
    request.sink = &sink;
    sink.write = write_piece;
    sink.user_data = &fuse;
    REFUSES_HANDLE(WALRUS_ACCEL_CALLBACK_FAILED, walrus_accel_encoded,
        walrus_accel_rebuild(world->runtime, &request, NULL, &out, &error));
    fuse.answer = 77;
    REFUSES_HANDLE(WALRUS_ACCEL_CANCELLED, walrus_accel_encoded,
        walrus_accel_rebuild(world->runtime, &request, NULL, &out, &error));
}

/* A callback that succeeds every time reads the right blob. */
static void check_right(world *world) {
    walrus_accel_encode_request request = world->encode;
    walrus_accel_source source = WALRUS_ACCEL_SOURCE_INIT;
    walrus_accel_encoded *encoded = NULL;
    fuse fuse = {NULL, 0, 0, 0};
    fuse.sample = &world->sample;
    request.source = &source;
    source.kind = WALRUS_ACCEL_SOURCE_CALLBACK;
    source.length = world->sample.length;
    source.read = read_sample;
    source.user_data = &fuse;
    CHECK_OK(walrus_accel_encode(world->runtime, &request, NULL, &encoded, &error));
    CHECK(has_id(encoded, world->sample.id));
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
}

void misuse_callbacks(world *world) {
    walrus_accel_sink directory = sink_of(WALRUS_ACCEL_SINK_DIRECTORY);
    directory.path = world->folder;
    check_sources(world, NULL);
    check_sources(world, &world->sink);
    check_sources(world, &directory);
    check_sinks(world);
    check_rebuilding(world);
    check_right(world);
}
