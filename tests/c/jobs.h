/*
 * Common part of the programs on jobs: blobs whose reads the test holds up.
 */
#ifndef JOBS_H
#define JOBS_H

#include "check.h"
#include "fixture.h"

#include <pthread.h>

enum { SHARDS = 10, LENGTH = 5000, SOON = 50, LONG = 20000 };

/* Gate where reads wait, with the number of reads that have begun. */
typedef struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int is_open;
    int reading, most_reading, begun;
    int order[64];
} gate;

/* Blob behind a gate. */
typedef struct gated {
    gate *gate;
    const sample *sample;
    int number, has_begun;
    /* Result of its read callback. */
    int32_t answer;
    walrus_accel_source source;
    walrus_accel_encode_request request;
} gated;

/* Counts the ends of jobs. */
typedef struct ends {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int count;
    /* Job to free inside the callback. */
    walrus_accel_job **to_free;
} ends;

void gate_init(gate *gate, int is_open);
void gate_open(gate *gate);
void gate_destroy(gate *gate);

/* Waits until `begun` reads have begun. */
void gate_await(gate *gate, int begun);

/* Makes a request with a source behind the gate. `gated` must not move. */
void gated_init(gated *gated, gate *gate, const sample *sample, int number);

void ends_init(ends *ends);
void ends_await(ends *ends, int count);
int ends_count(ends *ends);
void ends_destroy(ends *ends);

/* A walrus_accel_ended_function on `ends`. */
void note_end(void *user_data);

walrus_accel_job *submitted(const walrus_accel_runtime *runtime, gated *gated, ends *ends);
uint32_t state_of(const walrus_accel_job *job);
void pause_for(int milliseconds);

void jobs_queue(const sample *sample);
void jobs_batch(const sample *sample);

#endif
