/*
 * Jobs: their results, progress, cancellation and end. The other files check queues and batches.
 */
#include "jobs.h"

#include <stdlib.h>
#include <string.h>

/* The four kinds of jobs, and their results. */
static void check_kinds(const sample *sample) {
    walrus_accel_runtime *runtime = runtime_of_cpu(2, 2);
    walrus_accel_sliver *slivers =
        last_slivers(sample, WALRUS_ACCEL_AXIS_SECONDARY, sample->shape.columns);
    walrus_accel_decode_request decode = decode_request_of(sample, slivers, sample->shape.columns);
    walrus_accel_rebuild_request rebuild = WALRUS_ACCEL_REBUILD_REQUEST_INIT;
    walrus_accel_verify_request verify = WALRUS_ACCEL_VERIFY_REQUEST_INIT;
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_LIBRARY);
    walrus_accel_sliver expected = sample_sliver(sample, WALRUS_ACCEL_AXIS_PRIMARY, 0);
    walrus_accel_encoded *encoded = NULL;
    walrus_accel_decoded *decoded = NULL;
    walrus_accel_job *jobs[4] = {NULL, NULL, NULL, NULL};
    uint8_t verdicts[SHARDS];
    const uint8_t good[SHARDS] = {0};
    const uint8_t *data = NULL;
    size_t length = 0, number;
    uint64_t done = 0, total = 0;
    gate gate;
    gated gated;
    ends ends;
    gate_init(&gate, 1);
    ends_init(&ends);
    gated_init(&gated, &gate, sample, 0);
    memset(verdicts, 0xa5, sizeof verdicts);
    rebuild.metadata = verify.metadata = sample->metadata;
    rebuild.slivers = verify.slivers = slivers;
    rebuild.sliver_count = verify.sliver_count = verify.verdict_count = sample->shape.columns;
    rebuild.sink = &sink;
    verify.verdicts = verdicts;
    jobs[0] = submitted(runtime, &gated, &ends);
    REQUIRE_OK(walrus_accel_submit_decode(runtime, &decode, note_end, &ends, &jobs[1], &error));
    REQUIRE_OK(walrus_accel_submit_rebuild(runtime, &rebuild, note_end, &ends, &jobs[2], &error));
    REQUIRE_OK(walrus_accel_submit_verify(runtime, &verify, note_end, &ends, &jobs[3], &error));
    for (number = 0; number < 4; number++) {
        CHECK_OK(walrus_accel_job_wait(jobs[number], WALRUS_ACCEL_FOREVER, &error));
        CHECK_OK(walrus_accel_job_wait(jobs[number], 0, &error));
        CHECK_OK(walrus_accel_job_result(jobs[number], &error));
        CHECK_EQUAL(state_of(jobs[number]), WALRUS_ACCEL_JOB_ENDED);
        CHECK_OK(walrus_accel_job_progress(jobs[number], &done, &total, &error));
        CHECK(total > 0);
        CHECK_EQUAL(done, total);
        /* A job that has ended stays as it is. */
        CHECK_OK(walrus_accel_job_cancel(jobs[number], &error));
        CHECK_OK(walrus_accel_job_result(jobs[number], &error));
    }
    ends_await(&ends, 4);
    for (number = 0; number < 4; number++) {
        if (number != 1) {
            CHECK_STATUS(WALRUS_ACCEL_NOT_FOUND,
                walrus_accel_job_take_decoded(jobs[number], &decoded, &error));
            CHECK(decoded == NULL);
        }
        if (number % 2 == 1) {
            CHECK_STATUS(WALRUS_ACCEL_NOT_FOUND,
                walrus_accel_job_take_encoded(jobs[number], &encoded, &error));
            CHECK(encoded == NULL);
        }
    }
    CHECK_OK(walrus_accel_job_take_decoded(jobs[1], &decoded, &error));
    CHECK_OK(walrus_accel_decoded_blob(decoded, &data, &length, &error));
    CHECK_EQUAL(length, sample->length);
    CHECK_BYTES(data, sample->blob, length);
    CHECK(walrus_accel_decoded_free(decoded) == WALRUS_ACCEL_OK);
    CHECK_STATUS(WALRUS_ACCEL_NOT_FOUND, walrus_accel_job_take_decoded(jobs[1], &decoded, &error));
    CHECK_OK(walrus_accel_job_take_encoded(jobs[2], &encoded, &error));
    CHECK_OK(
        walrus_accel_encoded_sliver(encoded, WALRUS_ACCEL_AXIS_PRIMARY, 0, &data, &length, &error));
    CHECK_EQUAL(length, expected.length);
    CHECK_BYTES(data, expected.data, length);
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    CHECK_BYTES(verdicts, good, sample->shape.columns);
    CHECK_EQUAL(verdicts[sample->shape.columns], 0xa5);
    CHECK_OK(walrus_accel_job_take_encoded(jobs[0], &encoded, &error));
    for (number = 0; number < 4; number++) {
        CHECK(walrus_accel_job_free(jobs[number]) == WALRUS_ACCEL_OK);
    }
    /* The result outlives its job. */
    CHECK(has_id(encoded, sample->id));
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    CHECK_EQUAL(ends_count(&ends), 4);
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
    ends_destroy(&ends);
    gate_destroy(&gate);
    free(slivers);
}

static void check_waiting(const sample *sample) {
    walrus_accel_runtime *runtime = runtime_of_cpu(2, 2);
    walrus_accel_encoded *encoded = UNSET(walrus_accel_encoded);
    walrus_accel_job *job;
    uint64_t done = 0, total = 0;
    gate gate;
    gated gated;
    gate_init(&gate, 0);
    gated_init(&gated, &gate, sample, 0);
    job = submitted(runtime, &gated, NULL);
    gate_await(&gate, 1);
    CHECK_EQUAL(state_of(job), WALRUS_ACCEL_JOB_RUNNING);
    CHECK_STATUS(WALRUS_ACCEL_TIMED_OUT, walrus_accel_job_wait(job, 0, &error));
    CHECK_STATUS(WALRUS_ACCEL_TIMED_OUT, walrus_accel_job_wait(job, SOON, &error));
    CHECK_STATUS(WALRUS_ACCEL_NOT_ENDED, walrus_accel_job_result(job, &error));
    CHECK_STATUS(WALRUS_ACCEL_NOT_ENDED, walrus_accel_job_take_encoded(job, &encoded, &error));
    CHECK(encoded == NULL);
    CHECK_OK(walrus_accel_job_progress(job, &done, &total, &error));
    CHECK(done < total || total == 0);
    gate_open(&gate);
    CHECK_OK(walrus_accel_job_wait(job, LONG, &error));
    CHECK_OK(walrus_accel_job_take_encoded(job, &encoded, &error));
    CHECK(has_id(encoded, sample->id));
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    CHECK_STATUS(WALRUS_ACCEL_NOT_FOUND, walrus_accel_job_take_encoded(job, &encoded, &error));
    CHECK(walrus_accel_job_free(job) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
    gate_destroy(&gate);
}

/* A job that is cancelled while it runs, and a job that fails. */
static void check_failing(const sample *sample) {
    walrus_accel_runtime *runtime = runtime_of_cpu(2, 2);
    walrus_accel_encoded *encoded = UNSET(walrus_accel_encoded);
    walrus_accel_job *cancelled, *failed;
    gate gate;
    gated first, second;
    ends ends;
    gate_init(&gate, 0);
    ends_init(&ends);
    gated_init(&first, &gate, sample, 0);
    gated_init(&second, &gate, sample, 1);
    second.answer = -4242;
    cancelled = submitted(runtime, &first, &ends);
    failed = submitted(runtime, &second, &ends);
    /* The first job may hold up all workers. */
    gate_await(&gate, 1);
    CHECK_OK(walrus_accel_job_cancel(cancelled, &error));
    CHECK_EQUAL(state_of(cancelled), WALRUS_ACCEL_JOB_RUNNING);
    CHECK_EQUAL(ends_count(&ends), 0);
    gate_open(&gate);
    CHECK_OK(walrus_accel_job_wait(cancelled, LONG, &error));
    CHECK_OK(walrus_accel_job_wait(failed, LONG, &error));
    CHECK_STATUS(WALRUS_ACCEL_CANCELLED, walrus_accel_job_result(cancelled, &error));
    CHECK_STATUS(
        WALRUS_ACCEL_CANCELLED, walrus_accel_job_take_encoded(cancelled, &encoded, &error));
    CHECK(encoded == NULL);
    CHECK_MESSAGE(WALRUS_ACCEL_CALLBACK_FAILED, "-4242", walrus_accel_job_result(failed, &error));
    CHECK_MESSAGE(WALRUS_ACCEL_CALLBACK_FAILED, "-4242",
        walrus_accel_job_take_encoded(failed, &encoded, &error));
    /* The result can be asked for repeatedly. */
    CHECK_MESSAGE(WALRUS_ACCEL_CALLBACK_FAILED, "-4242", walrus_accel_job_result(failed, &error));
    CHECK(walrus_accel_job_free(cancelled) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_job_free(failed) == WALRUS_ACCEL_OK);
    CHECK_EQUAL(ends_count(&ends), 2);
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
    ends_destroy(&ends);
    gate_destroy(&gate);
}

static void *open_soon(void *given) {
    pause_for(SOON);
    gate_open(given);
    return NULL;
}

/* Freeing a running job cancels it and waits for its end. */
static void check_freeing(const sample *sample) {
    walrus_accel_runtime *runtime = runtime_of_cpu(2, 1);
    walrus_accel_job *running, *waiting;
    pthread_t opener;
    gate gate;
    gated first, second;
    ends ends;
    gate_init(&gate, 0);
    ends_init(&ends);
    gated_init(&first, &gate, sample, 0);
    gated_init(&second, &gate, sample, 1);
    running = submitted(runtime, &first, &ends);
    waiting = submitted(runtime, &second, &ends);
    gate_await(&gate, 1);
    /* A queued job ends at once. */
    CHECK(walrus_accel_job_free(waiting) == WALRUS_ACCEL_OK);
    CHECK_EQUAL(ends_count(&ends), 1);
    REQUIRE(pthread_create(&opener, NULL, open_soon, &gate) == 0);
    CHECK(walrus_accel_job_free(running) == WALRUS_ACCEL_OK);
    CHECK_EQUAL(ends_count(&ends), 2);
    CHECK_EQUAL(gate.reading, 0);
    CHECK(walrus_accel_job_free(running) == WALRUS_ACCEL_INVALID_HANDLE);
    pthread_join(opener, NULL);
    CHECK(!second.has_begun);
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
    ends_destroy(&ends);
    gate_destroy(&gate);
}

/* Jobs that their `ended` callback frees: successful, failed, cancelled, queued. */
static void check_freeing_within(const sample *sample) {
    walrus_accel_runtime *runtime = runtime_of_cpu(2, 1);
    walrus_accel_job *jobs[4] = {NULL, NULL, NULL, NULL};
    gate gate;
    gated gated[4];
    ends ends[4];
    int number;
    gate_init(&gate, 0);
    for (number = 0; number < 4; number++) {
        ends_init(&ends[number]);
        ends[number].to_free = &jobs[number];
        gated_init(&gated[number], &gate, sample, number);
    }
    gated[1].answer = -1;
    gated[2].answer = 1;
    for (number = 0; number < 4; number++) {
        /* The job's handle is set before the job can end. */
        REQUIRE_OK(walrus_accel_submit_encode(
            runtime, &gated[number].request, note_end, &ends[number], &jobs[number], &error));
    }
    gate_await(&gate, 1);
    CHECK_OK(walrus_accel_job_cancel(jobs[3], &error));
    CHECK_EQUAL(ends_count(&ends[3]), 1);
    gate_open(&gate);
    for (number = 0; number < 4; number++) {
        ends_await(&ends[number], 1);
        CHECK(walrus_accel_job_free(jobs[number]) == WALRUS_ACCEL_INVALID_HANDLE);
    }
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
    pause_for(SOON);
    for (number = 0; number < 4; number++) {
        CHECK_EQUAL(ends_count(&ends[number]), 1);
        ends_destroy(&ends[number]);
    }
    gate_destroy(&gate);
}

/* Jobs continue after their runtime is freed. */
static void check_runtime_freed(const sample *sample) {
    walrus_accel_runtime *runtime = runtime_of_cpu(2, 1);
    walrus_accel_job *jobs[3];
    gate gate;
    gated gated[3];
    ends ends;
    int number;
    gate_init(&gate, 0);
    ends_init(&ends);
    for (number = 0; number < 3; number++) {
        gated_init(&gated[number], &gate, sample, number);
        jobs[number] = submitted(runtime, &gated[number], &ends);
    }
    gate_await(&gate, 1);
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
    CHECK_EQUAL(state_of(jobs[0]), WALRUS_ACCEL_JOB_RUNNING);
    CHECK_EQUAL(state_of(jobs[2]), WALRUS_ACCEL_JOB_QUEUED);
    gate_open(&gate);
    for (number = 0; number < 3; number++) {
        walrus_accel_encoded *encoded = NULL;
        CHECK_OK(walrus_accel_job_wait(jobs[number], LONG, &error));
        CHECK_OK(walrus_accel_job_take_encoded(jobs[number], &encoded, &error));
        CHECK(has_id(encoded, sample->id));
        CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
        CHECK(walrus_accel_job_free(jobs[number]) == WALRUS_ACCEL_OK);
    }
    CHECK_EQUAL(ends_count(&ends), 3);
    ends_destroy(&ends);
    gate_destroy(&gate);
}

int main(void) {
    walrus_accel_runtime *runtime = runtime_of_cpu(2, 0);
    sample sample = sample_new(runtime, SHARDS, 1, LENGTH);
    check_kinds(&sample);
    check_waiting(&sample);
    check_failing(&sample);
    check_freeing(&sample);
    check_freeing_within(&sample);
    check_runtime_freed(&sample);
    jobs_queue(&sample);
    jobs_batch(&sample);
    sample_free(&sample);
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
    return check_result();
}
