/*
 * Many threads on one runtime: each call returns what it returns to one thread alone.
 *
 * WALRUS_ACCEL_CALLS: the number of calls of all threads together.
 */
#include "check.h"
#include "fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { THREADS = 16, SHARDS = 10, SAMPLES = 12, MOST_SECONDS = 60 };

static walrus_accel_runtime *runtime;
static sample samples[SAMPLES];

/* A thread's own sequence of choices. */
typedef struct worker {
    pthread_t thread;
    uint32_t state;
    unsigned long calls;
} worker;

static uint32_t choose(worker *worker, uint32_t count) {
    worker->state = worker->state * UINT32_C(1664525) + UINT32_C(1013904223);
    return (worker->state >> 8) % count;
}

static walrus_accel_encode_request request_of(const sample *sample, walrus_accel_source *source) {
    walrus_accel_encode_request request = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
    *source = source_of(sample->blob, sample->length);
    request.source = source;
    request.n_shards = SHARDS;
    return request;
}

static void encode_to_library(const sample *sample, uint16_t pair) {
    walrus_accel_source source;
    walrus_accel_encode_request request = request_of(sample, &source);
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_LIBRARY);
    walrus_accel_sliver expected = sample_sliver(sample, WALRUS_ACCEL_AXIS_SECONDARY, pair);
    walrus_accel_encoded *encoded = NULL;
    const uint8_t *data = NULL;
    size_t length = 0;
    request.sink = &sink;
    CHECK_OK(walrus_accel_encode(runtime, &request, NULL, &encoded, &error));
    CHECK(has_id(encoded, sample->id));
    CHECK_OK(walrus_accel_encoded_sliver(
        encoded, WALRUS_ACCEL_AXIS_SECONDARY, pair, &data, &length, &error));
    CHECK_EQUAL(length, expected.length);
    CHECK_BYTES(data, expected.data, length);
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
}

static void encode_to_buffers(const sample *sample, uint16_t pair) {
    walrus_accel_source source;
    walrus_accel_encode_request request = request_of(sample, &source);
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_BUFFERS);
    walrus_accel_sliver expected = sample_sliver(sample, WALRUS_ACCEL_AXIS_PRIMARY, pair);
    walrus_accel_encoded *encoded = NULL;
    buffer_set buffers = buffers_new(&sample->shape, 1);
    request.sink = &sink;
    request.pairs = &pair;
    request.pair_count = 1;
    request.pair_choice = WALRUS_ACCEL_PAIRS_LISTED;
    sink.buffers = buffers.buffers;
    sink.buffer_count = buffers.count;
    CHECK_OK(walrus_accel_encode(runtime, &request, NULL, &encoded, &error));
    CHECK_BYTES(buffers.buffers[0].data, expected.data, expected.length);
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    buffers_free(&buffers);
}

static void encode_metadata(const sample *sample) {
    walrus_accel_source source;
    walrus_accel_encode_request request = request_of(sample, &source);
    walrus_accel_encoded *encoded = NULL;
    CHECK_OK(walrus_accel_encode(runtime, &request, NULL, &encoded, &error));
    CHECK(has_id(encoded, sample->id));
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
}

static void check_decoded(const sample *sample, walrus_accel_decoded *decoded) {
    const uint8_t *blob = NULL;
    size_t length = 0;
    CHECK_OK(walrus_accel_decoded_blob(decoded, &blob, &length, &error));
    CHECK_EQUAL(length, sample->length);
    CHECK_BYTES(blob, sample->blob, length);
    CHECK(walrus_accel_decoded_free(decoded) == WALRUS_ACCEL_OK);
}

static void decode(const sample *sample, uint32_t axis, int as_job) {
    uint16_t count = enough(sample, axis);
    walrus_accel_sliver *slivers = last_slivers(sample, axis, count);
    walrus_accel_decode_request request = decode_request_of(sample, slivers, count);
    walrus_accel_decoded *decoded = NULL;
    walrus_accel_job *job = NULL;
    if (as_job) {
        CHECK_OK(walrus_accel_submit_decode(runtime, &request, NULL, NULL, &job, &error));
        CHECK_OK(walrus_accel_job_wait(job, WALRUS_ACCEL_FOREVER, &error));
        CHECK_OK(walrus_accel_job_take_decoded(job, &decoded, &error));
        CHECK(walrus_accel_job_free(job) == WALRUS_ACCEL_OK);
    } else {
        CHECK_OK(walrus_accel_decode(runtime, &request, NULL, &decoded, &error));
    }
    check_decoded(sample, decoded);
    free(slivers);
}

/* All slivers but one are good. */
static void verify(const sample *sample, uint16_t wrong) {
    walrus_accel_verify_request request = WALRUS_ACCEL_VERIFY_REQUEST_INIT;
    walrus_accel_sliver *slivers = last_slivers(sample, WALRUS_ACCEL_AXIS_PRIMARY, SHARDS);
    uint8_t verdicts[SHARDS], expected[SHARDS] = {0};
    uint8_t *damaged = claim(slivers[wrong].length);
    memcpy(damaged, slivers[wrong].data, slivers[wrong].length);
    damaged[slivers[wrong].length / 2] ^= 0x10;
    slivers[wrong].data = damaged;
    expected[wrong] = WALRUS_ACCEL_SLIVER_WRONG_ROOT;
    request.metadata = sample->metadata;
    request.slivers = slivers;
    request.sliver_count = request.verdict_count = SHARDS;
    request.verdicts = verdicts;
    CHECK_OK(walrus_accel_verify(runtime, &request, NULL, &error));
    CHECK_BYTES(verdicts, expected, SHARDS);
    free(damaged);
    free(slivers);
}

static void submit(const sample *sample, int cancels) {
    walrus_accel_source source;
    walrus_accel_encode_request request = request_of(sample, &source);
    walrus_accel_encoded *encoded = NULL;
    walrus_accel_job *job = NULL;
    CHECK_OK(walrus_accel_submit_encode(runtime, &request, NULL, NULL, &job, &error));
    if (!cancels) {
        CHECK_OK(walrus_accel_job_wait(job, WALRUS_ACCEL_FOREVER, &error));
        CHECK_OK(walrus_accel_job_take_encoded(job, &encoded, &error));
        CHECK(has_id(encoded, sample->id));
        CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    }
    CHECK(walrus_accel_job_free(job) == WALRUS_ACCEL_OK);
}

static void fail(worker *worker) {
    walrus_accel_encoded *encoded = UNSET(walrus_accel_encoded);
    walrus_accel_shape shape = WALRUS_ACCEL_SHAPE_INIT;
    char number[16];
    uint32_t n_shards = 60000 + choose(worker, 5000);
    /* The message belongs to this thread. */
    snprintf(number, sizeof number, "%u", (unsigned)n_shards);
    CHECK_MESSAGE(WALRUS_ACCEL_INVALID_ARGUMENT, number,
        walrus_accel_shape_compute((uint16_t)n_shards, 1, &shape, &error));
    CHECK_STATUS(
        WALRUS_ACCEL_INVALID_ARGUMENT, walrus_accel_encode(runtime, NULL, NULL, &encoded, &error));
    CHECK(encoded == NULL);
}

static void *work(void *given) {
    worker *worker = given;
    unsigned long call;
    for (call = 0; call < worker->calls; call++) {
        const sample *sample = &samples[choose(worker, SAMPLES)];
        uint16_t pair = (uint16_t)choose(worker, SHARDS);
        switch (choose(worker, 10)) {
        case 0: encode_to_library(sample, pair); break;
        case 1: encode_to_buffers(sample, pair); break;
        case 2: encode_metadata(sample); break;
        case 3: decode(sample, WALRUS_ACCEL_AXIS_PRIMARY, 0); break;
        case 4: decode(sample, WALRUS_ACCEL_AXIS_SECONDARY, 0); break;
        case 5: decode(sample, WALRUS_ACCEL_AXIS_PRIMARY, 1); break;
        case 6: verify(sample, pair); break;
        case 7: submit(sample, 0); break;
        case 8: submit(sample, 1); break;
        default: fail(worker); break;
        }
    }
    return NULL;
}

int main(void) {
    static worker workers[THREADS];
    unsigned long calls = check_setting("WALRUS_ACCEL_CALLS", 10000);
    time_t begun = time(NULL);
    int number;
    runtime = runtime_of_cpu(0, 4);
    for (number = 0; number < SAMPLES; number++) {
        samples[number] =
            sample_new(runtime, SHARDS, (uint64_t)number, (size_t)number * 20000 / (SAMPLES - 1));
    }
    for (number = 0; number < THREADS; number++) {
        workers[number].state = (uint32_t)number;
        workers[number].calls = calls / THREADS + (calls % THREADS != 0);
        REQUIRE(pthread_create(&workers[number].thread, NULL, work, &workers[number]) == 0);
    }
    for (number = 0; number < THREADS; number++) { pthread_join(workers[number].thread, NULL); }
    CHECK(time(NULL) - begun < MOST_SECONDS || check_setting("WALRUS_ACCEL_SMALL", 0));
    for (number = 0; number < SAMPLES; number++) { sample_free(&samples[number]); }
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
    return check_result();
}
