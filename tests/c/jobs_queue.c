/*
 * Queue: jobs run in order of submission, up to the runtime's limit at once.
 */
#include "jobs.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { JOBS = 12 };

static void free_all(walrus_accel_job **jobs) {
    int number;
    for (number = 0; number < JOBS; number++) {
        CHECK_OK(walrus_accel_job_wait(jobs[number], LONG, &error));
        CHECK_OK(walrus_accel_job_result(jobs[number], &error));
        CHECK(walrus_accel_job_free(jobs[number]) == WALRUS_ACCEL_OK);
    }
}

static void check_order(const sample *sample) {
    walrus_accel_runtime *runtime = runtime_of_cpu(2, 1);
    walrus_accel_job *jobs[JOBS];
    gate gate;
    gated gated[JOBS];
    int number;
    gate_init(&gate, 0);
    for (number = 0; number < JOBS; number++) {
        gated_init(&gated[number], &gate, sample, number);
        jobs[number] = submitted(runtime, &gated[number], NULL);
    }
    gate_await(&gate, 1);
    for (number = 0; number < JOBS; number++) {
        CHECK_EQUAL(state_of(jobs[number]),
            number == 0 ? WALRUS_ACCEL_JOB_RUNNING : WALRUS_ACCEL_JOB_QUEUED);
    }
    gate_open(&gate);
    free_all(jobs);
    CHECK_EQUAL(gate.begun, JOBS);
    CHECK_EQUAL(gate.most_reading, 1);
    for (number = 0; number < JOBS; number++) { CHECK_EQUAL(gate.order[number], number); }
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
    gate_destroy(&gate);
}

static void check_limit(const sample *sample) {
    walrus_accel_runtime *runtime = runtime_of_cpu(2, 3);
    walrus_accel_job *jobs[JOBS];
    gate gate;
    gated gated[JOBS];
    int number, running = 0;
    gate_init(&gate, 0);
    for (number = 0; number < JOBS; number++) {
        gated_init(&gated[number], &gate, sample, number);
        jobs[number] = submitted(runtime, &gated[number], NULL);
    }
    pause_for(SOON);
    for (number = 0; number < JOBS; number++) {
        running += state_of(jobs[number]) == WALRUS_ACCEL_JOB_RUNNING;
    }
    /* With fewer workers than jobs, a running job need not be reading. */
    CHECK_EQUAL(running, 3);
    gate_open(&gate);
    free_all(jobs);
    CHECK(gate.most_reading >= 1 && gate.most_reading <= 3);
    CHECK_EQUAL(gate.begun, JOBS);
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
    gate_destroy(&gate);
}

/* A cancelled queued job ends at once, and the jobs after it run. */
static void check_cancelled(const sample *sample) {
    walrus_accel_runtime *runtime = runtime_of_cpu(2, 1);
    walrus_accel_job *jobs[3];
    gate gate;
    gated gated[3];
    ends ends[3];
    int number;
    gate_init(&gate, 0);
    for (number = 0; number < 3; number++) {
        ends_init(&ends[number]);
        gated_init(&gated[number], &gate, sample, number);
        jobs[number] = submitted(runtime, &gated[number], &ends[number]);
    }
    gate_await(&gate, 1);
    CHECK_OK(walrus_accel_job_cancel(jobs[1], &error));
    CHECK_EQUAL(state_of(jobs[1]), WALRUS_ACCEL_JOB_ENDED);
    CHECK_EQUAL(ends_count(&ends[1]), 1);
    CHECK_OK(walrus_accel_job_wait(jobs[1], 0, &error));
    CHECK_STATUS(WALRUS_ACCEL_CANCELLED, walrus_accel_job_result(jobs[1], &error));
    CHECK_OK(walrus_accel_job_cancel(jobs[1], &error));
    CHECK_EQUAL(state_of(jobs[0]), WALRUS_ACCEL_JOB_RUNNING);
    CHECK_EQUAL(state_of(jobs[2]), WALRUS_ACCEL_JOB_QUEUED);
    gate_open(&gate);
    CHECK_OK(walrus_accel_job_wait(jobs[2], LONG, &error));
    CHECK_OK(walrus_accel_job_result(jobs[0], &error));
    CHECK_OK(walrus_accel_job_result(jobs[2], &error));
    CHECK(!gated[1].has_begun);
    for (number = 0; number < 3; number++) {
        CHECK(walrus_accel_job_free(jobs[number]) == WALRUS_ACCEL_OK);
        CHECK_EQUAL(ends_count(&ends[number]), 1);
        ends_destroy(&ends[number]);
    }
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
    gate_destroy(&gate);
}

/*
 * The callback frees the handle while that handle cancels the job, and later jobs arrive meanwhile.
 */
static void check_freed_in_its_end(const sample *sample) {
    walrus_accel_runtime *runtime = runtime_of_cpu(2, 1);
    int round;
    for (round = 0; round < 20; round++) {
        walrus_accel_job *jobs[2];
        gate gate;
        gated gated[2];
        ends ends;
        gate_init(&gate, 0);
        ends_init(&ends);
        gated_init(&gated[0], &gate, sample, 0);
        gated_init(&gated[1], &gate, sample, 1);
        jobs[0] = submitted(runtime, &gated[0], NULL);
        jobs[1] = submitted(runtime, &gated[1], &ends);
        ends.to_free = &jobs[1];
        gate_await(&gate, 1);
        CHECK_OK(walrus_accel_job_cancel(jobs[1], &error));
        CHECK_EQUAL(ends_count(&ends), 1);
        CHECK_STATUS(WALRUS_ACCEL_INVALID_HANDLE, walrus_accel_job_result(jobs[1], &error));
        gate_open(&gate);
        CHECK(walrus_accel_job_free(jobs[0]) == WALRUS_ACCEL_OK);
        ends_destroy(&ends);
        gate_destroy(&gate);
    }
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
}

/* A job that reads a pipe without a writer can be cancelled, and queued jobs hold nothing. */
static void check_pipe(void) {
    walrus_accel_runtime *runtime = runtime_of_cpu(2, 1);
    walrus_accel_source source = WALRUS_ACCEL_SOURCE_INIT;
    walrus_accel_encode_request request = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
    walrus_accel_job *jobs[2] = {NULL, NULL};
    int ends[2][2], number;
    request.source = &source;
    request.n_shards = SHARDS;
    source.kind = WALRUS_ACCEL_SOURCE_DESCRIPTOR;
    for (number = 0; number < 2; number++) {
        REQUIRE(pipe(ends[number]) == 0);
        source.descriptor = ends[number][0];
        CHECK_OK(walrus_accel_submit_encode(runtime, &request, NULL, NULL, &jobs[number], &error));
        CHECK(close(ends[number][0]) == 0);
    }
    pause_for(SOON);
    CHECK_EQUAL(state_of(jobs[0]), WALRUS_ACCEL_JOB_RUNNING);
    /* Nobody reads the second pipe any more. */
    CHECK_OK(walrus_accel_job_cancel(jobs[1], &error));
    CHECK(write(ends[1][1], "x", 1) == -1);
    CHECK_OK(walrus_accel_job_cancel(jobs[0], &error));
    CHECK_OK(walrus_accel_job_wait(jobs[0], LONG, &error));
    for (number = 0; number < 2; number++) {
        CHECK_STATUS(WALRUS_ACCEL_CANCELLED, walrus_accel_job_result(jobs[number], &error));
        CHECK(walrus_accel_job_free(jobs[number]) == WALRUS_ACCEL_OK);
        close(ends[number][1]);
    }
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
}

static void check_engine(const sample *sample) {
    walrus_accel_runtime *runtime = runtime_of_cpu(2, 1);
    walrus_accel_control *control = NULL;
    walrus_accel_encoded *encoded = NULL;
    const char *name = "none";
    gate gate;
    gated gated;
    walrus_accel_job *job;
    gate_init(&gate, 1);
    gated_init(&gated, &gate, sample, 0);
    job = submitted(runtime, &gated, NULL);
    CHECK_OK(walrus_accel_job_wait(job, LONG, &error));
    CHECK_OK(walrus_accel_job_engine(job, &name, &error));
    CHECK(name != NULL && strcmp(name, "cpu") == 0);
    CHECK(walrus_accel_job_free(job) == WALRUS_ACCEL_OK);
    REQUIRE_OK(walrus_accel_control_new(&control, &error));
    CHECK_OK(walrus_accel_control_engine(control, &name, &error));
    CHECK(name == NULL);
    CHECK_OK(walrus_accel_encode(runtime, &gated.request, control, &encoded, &error));
    CHECK_OK(walrus_accel_control_engine(control, &name, &error));
    CHECK(name != NULL && strcmp(name, "cpu") == 0);
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_control_free(control) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
    gate_destroy(&gate);
}

void jobs_queue(const sample *sample) {
    signal(SIGPIPE, SIG_IGN);
    check_freed_in_its_end(sample);
    check_pipe();
    check_engine(sample);
    check_order(sample);
    check_limit(sample);
    check_cancelled(sample);
}
