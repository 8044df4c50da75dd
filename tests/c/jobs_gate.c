#include "jobs.h"

#include <string.h>
#include <time.h>

void gate_init(gate *gate, int is_open) {
    memset(gate, 0, sizeof *gate);
    REQUIRE(pthread_mutex_init(&gate->lock, NULL) == 0);
    REQUIRE(pthread_cond_init(&gate->changed, NULL) == 0);
    gate->is_open = is_open;
}

void gate_open(gate *gate) {
    pthread_mutex_lock(&gate->lock);
    gate->is_open = 1;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

void gate_destroy(gate *gate) {
    pthread_mutex_destroy(&gate->lock);
    pthread_cond_destroy(&gate->changed);
}

void gate_await(gate *gate, int begun) {
    pthread_mutex_lock(&gate->lock);
    while (gate->begun < begun) { pthread_cond_wait(&gate->changed, &gate->lock); }
    pthread_mutex_unlock(&gate->lock);
}

static int32_t read_gated(uint64_t offset, uint8_t *out, size_t length, void *user_data) {
    gated *gated = user_data;
    gate *gate = gated->gate;
    pthread_mutex_lock(&gate->lock);
    if (!gated->has_begun) {
        gated->has_begun = 1;
        gate->order[gate->begun % 64] = gated->number;
        gate->begun++;
    }
    gate->reading++;
    if (gate->reading > gate->most_reading) { gate->most_reading = gate->reading; }
    pthread_cond_broadcast(&gate->changed);
    while (!gate->is_open) { pthread_cond_wait(&gate->changed, &gate->lock); }
    gate->reading--;
    pthread_mutex_unlock(&gate->lock);
    CHECK(offset <= gated->sample->length && length <= gated->sample->length - offset);
    memcpy(out, gated->sample->blob + offset, length);
    return gated->answer;
}

void gated_init(gated *gated, gate *gate, const sample *sample, int number) {
    const walrus_accel_encode_request request = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
    const walrus_accel_source source = WALRUS_ACCEL_SOURCE_INIT;
    memset(gated, 0, sizeof *gated);
    gated->gate = gate;
    gated->sample = sample;
    gated->number = number;
    gated->source = source;
    gated->source.kind = WALRUS_ACCEL_SOURCE_CALLBACK;
    gated->source.length = sample->length;
    gated->source.read = read_gated;
    gated->source.user_data = gated;
    gated->request = request;
    gated->request.source = &gated->source;
    gated->request.n_shards = SHARDS;
}

void ends_init(ends *ends) {
    memset(ends, 0, sizeof *ends);
    REQUIRE(pthread_mutex_init(&ends->lock, NULL) == 0);
    REQUIRE(pthread_cond_init(&ends->changed, NULL) == 0);
}

void ends_await(ends *ends, int count) {
    pthread_mutex_lock(&ends->lock);
    while (ends->count < count) { pthread_cond_wait(&ends->changed, &ends->lock); }
    pthread_mutex_unlock(&ends->lock);
}

int ends_count(ends *ends) {
    int count;
    pthread_mutex_lock(&ends->lock);
    count = ends->count;
    pthread_mutex_unlock(&ends->lock);
    return count;
}

void ends_destroy(ends *ends) {
    pthread_mutex_destroy(&ends->lock);
    pthread_cond_destroy(&ends->changed);
}

void note_end(void *user_data) {
    ends *ends = user_data;
    if (ends->to_free) {
        CHECK_EQUAL(state_of(*ends->to_free), WALRUS_ACCEL_JOB_ENDED);
        CHECK(walrus_accel_job_free(*ends->to_free) == WALRUS_ACCEL_OK);
    }
    pthread_mutex_lock(&ends->lock);
    ends->count++;
    pthread_cond_broadcast(&ends->changed);
    pthread_mutex_unlock(&ends->lock);
}

walrus_accel_job *submitted(const walrus_accel_runtime *runtime, gated *gated, ends *ends) {
    walrus_accel_job *job = NULL;
    walrus_accel_ended_function ended = ends ? note_end : NULL;
    REQUIRE_OK(walrus_accel_submit_encode(runtime, &gated->request, ended, ends, &job, &error));
    REQUIRE(job != NULL);
    return job;
}

uint32_t state_of(const walrus_accel_job *job) {
    uint32_t state = UINT32_MAX;
    CHECK_OK(walrus_accel_job_poll(job, &state, &error));
    return state;
}

void pause_for(int milliseconds) {
    struct timespec time = {0, 0};
    time.tv_sec = milliseconds / 1000;
    time.tv_nsec = (long)(milliseconds % 1000) * 1000000;
    nanosleep(&time, NULL);
}
