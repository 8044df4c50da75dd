/*
 * How jobs queue: in the order in which they came, and so many at once as the context has it.
 */
#include "jobs.h"

enum { JOBS = 12 };

static void free_all(walrus_accel_job **jobs)
{
    int number;
    for (number = 0; number < JOBS; number++) {
        CHECK_OK(walrus_accel_job_wait(jobs[number], LONG, &error));
        CHECK_OK(walrus_accel_job_result(jobs[number], &error));
        CHECK(walrus_accel_job_free(jobs[number]) == WALRUS_ACCEL_OK);
    }
}

static void check_order(const sample *sample)
{
    walrus_accel_context *context = context_of_cpu(2, 1);
    walrus_accel_job *jobs[JOBS];
    gate gate;
    gated gated[JOBS];
    int number;
    gate_init(&gate, 0);
    for (number = 0; number < JOBS; number++) {
        gated_init(&gated[number], &gate, sample, number);
        jobs[number] = submitted(context, &gated[number], NULL);
    }
    gate_await(&gate, 1);
    for (number = 0; number < JOBS; number++) {
        CHECK_EQUAL(state_of(jobs[number]), number == 0 ? WALRUS_ACCEL_JOB_RUNNING : WALRUS_ACCEL_JOB_QUEUED);
    }
    gate_open(&gate);
    free_all(jobs);
    CHECK_EQUAL(gate.begun, JOBS);
    CHECK_EQUAL(gate.most_reading, 1);
    for (number = 0; number < JOBS; number++) {
        CHECK_EQUAL(gate.order[number], number);
    }
    CHECK(walrus_accel_context_free(context) == WALRUS_ACCEL_OK);
    gate_destroy(&gate);
}

static void check_limit(const sample *sample)
{
    walrus_accel_context *context = context_of_cpu(2, 3);
    walrus_accel_job *jobs[JOBS];
    gate gate;
    gated gated[JOBS];
    int number, running = 0;
    gate_init(&gate, 0);
    for (number = 0; number < JOBS; number++) {
        gated_init(&gated[number], &gate, sample, number);
        jobs[number] = submitted(context, &gated[number], NULL);
    }
    pause_for(SOON);
    for (number = 0; number < JOBS; number++) {
        running += state_of(jobs[number]) == WALRUS_ACCEL_JOB_RUNNING;
    }
    /* With fewer workers than jobs, not all of those that run need be reading. */
    CHECK_EQUAL(running, 3);
    gate_open(&gate);
    free_all(jobs);
    CHECK(gate.most_reading >= 1 && gate.most_reading <= 3);
    CHECK_EQUAL(gate.begun, JOBS);
    CHECK(walrus_accel_context_free(context) == WALRUS_ACCEL_OK);
    gate_destroy(&gate);
}

/* A job that waits is cancelled: it ends at once, and those behind it run. */
static void check_cancelled(const sample *sample)
{
    walrus_accel_context *context = context_of_cpu(2, 1);
    walrus_accel_job *jobs[3];
    gate gate;
    gated gated[3];
    ends ends[3];
    int number;
    gate_init(&gate, 0);
    for (number = 0; number < 3; number++) {
        ends_init(&ends[number]);
        gated_init(&gated[number], &gate, sample, number);
        jobs[number] = submitted(context, &gated[number], &ends[number]);
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
    CHECK(walrus_accel_context_free(context) == WALRUS_ACCEL_OK);
    gate_destroy(&gate);
}

void jobs_queue(const sample *sample)
{
    check_order(sample);
    check_limit(sample);
    check_cancelled(sample);
}
