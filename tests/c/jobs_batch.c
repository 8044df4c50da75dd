/*
 * Batches: every blob has its own result, whatever the results of the others.
 */
#include "jobs.h"

#include <stdlib.h>
#include <string.h>

enum { BLOBS = 20, WRONG = 9 };

static void check_encoding(const walrus_accel_runtime *runtime) {
    walrus_accel_encode_request requests[BLOBS];
    walrus_accel_encode_result results[BLOBS];
    walrus_accel_source sources[BLOBS];
    walrus_accel_control *control = NULL;
    sample samples[BLOBS];
    uint64_t done = 0, total = 0;
    int number;
    CHECK_OK(walrus_accel_control_new(&control, &error));
    for (number = 0; number < BLOBS; number++) {
        const walrus_accel_encode_request request = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
        samples[number] = sample_new(runtime, SHARDS, (uint64_t)number, (size_t)number * 321);
        sources[number] = source_of(samples[number].blob, samples[number].length);
        requests[number] = request;
        requests[number].source = &sources[number];
        requests[number].n_shards = SHARDS;
        results[number].encoded = UNSET(walrus_accel_encoded);
        results[number].error = UNSET(walrus_accel_error);
    }
    requests[WRONG].n_shards = 3;
    CHECK_MESSAGE(WALRUS_ACCEL_INVALID_ARGUMENT, "9",
        walrus_accel_encode_batch(runtime, requests, BLOBS, control, results, &error));
    for (number = 0; number < BLOBS; number++) {
        int is_wrong = number == WRONG;
        CHECK_EQUAL(
            results[number].status, is_wrong ? WALRUS_ACCEL_INVALID_ARGUMENT : WALRUS_ACCEL_OK);
        CHECK((results[number].encoded == NULL) == is_wrong);
        CHECK((results[number].error != NULL) == is_wrong);
        CHECK(is_wrong || has_id(results[number].encoded, samples[number].id));
        CHECK(walrus_accel_encoded_free(results[number].encoded) == WALRUS_ACCEL_OK);
        CHECK(walrus_accel_error_free(results[number].error) == WALRUS_ACCEL_OK);
        sample_free(&samples[number]);
    }
    CHECK_OK(walrus_accel_control_progress(control, &done, &total, &error));
    CHECK_EQUAL(done, BLOBS);
    CHECK_EQUAL(total, BLOBS);
    CHECK(walrus_accel_control_free(control) == WALRUS_ACCEL_OK);
}

static void check_decoding(const walrus_accel_runtime *runtime) {
    walrus_accel_decode_request requests[BLOBS];
    walrus_accel_decode_result results[BLOBS];
    walrus_accel_sliver *slivers[BLOBS];
    sample samples[BLOBS];
    int number;
    for (number = 0; number < BLOBS; number++) {
        samples[number] = sample_new(runtime, SHARDS, (uint64_t)number, (size_t)number * 321);
        slivers[number] =
            last_slivers(&samples[number], WALRUS_ACCEL_AXIS_PRIMARY, samples[number].shape.rows);
        requests[number] =
            decode_request_of(&samples[number], slivers[number], samples[number].shape.rows);
    }
    requests[WRONG].sliver_count--;
    CHECK_STATUS(WALRUS_ACCEL_NOT_ENOUGH_SLIVERS,
        walrus_accel_decode_batch(runtime, requests, BLOBS, NULL, results, &error));
    for (number = 0; number < BLOBS; number++) {
        int is_wrong = number == WRONG;
        const uint8_t *blob = NULL;
        size_t length = 0;
        CHECK_EQUAL(
            results[number].status, is_wrong ? WALRUS_ACCEL_NOT_ENOUGH_SLIVERS : WALRUS_ACCEL_OK);
        CHECK((results[number].error != NULL) == is_wrong);
        CHECK((results[number].decoded == NULL) == is_wrong);
        if (!is_wrong) {
            CHECK_OK(walrus_accel_decoded_blob(results[number].decoded, &blob, &length, &error));
            CHECK_EQUAL(length, samples[number].length);
            CHECK_BYTES(blob, samples[number].blob, length);
        }
        CHECK(walrus_accel_decoded_free(results[number].decoded) == WALRUS_ACCEL_OK);
        CHECK(walrus_accel_error_free(results[number].error) == WALRUS_ACCEL_OK);
        sample_free(&samples[number]);
        free(slivers[number]);
    }
}

/* All elements of an array have one version. */
static void check_sizes(const walrus_accel_runtime *runtime, const sample *sample) {
    walrus_accel_source source = source_of(sample->blob, sample->length);
    const walrus_accel_encode_request initial = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
    walrus_accel_encode_request requests[4];
    walrus_accel_encode_result results[4];
    int number;
    for (number = 0; number < 4; number++) {
        requests[number] = initial;
        requests[number].source = &source;
        requests[number].n_shards = SHARDS;
        results[number].status = 77;
    }
    requests[1].struct_size += 8;
    CHECK_STATUS(WALRUS_ACCEL_INVALID_ARGUMENT,
        walrus_accel_encode_batch(runtime, requests, 3, NULL, results, &error));
    for (number = 0; number < 3; number++) {
        CHECK_EQUAL(results[number].status, WALRUS_ACCEL_NOT_ENDED);
        CHECK(results[number].encoded == NULL && results[number].error == NULL);
    }
    /* An array of a newer version with twice the size: every second element is the added half. */
    memset(&requests[1], 0, sizeof requests[1]);
    memset(&requests[3], 0, sizeof requests[3]);
    requests[0].struct_size = requests[2].struct_size = 2 * sizeof requests[0];
    CHECK_OK(walrus_accel_encode_batch(runtime, requests, 2, NULL, results, &error));
    for (number = 0; number < 2; number++) {
        CHECK(has_id(results[number].encoded, sample->id));
        CHECK(walrus_accel_encoded_free(results[number].encoded) == WALRUS_ACCEL_OK);
    }
    CHECK_STATUS(WALRUS_ACCEL_INVALID_ARGUMENT,
        walrus_accel_encode_batch(runtime, requests, SIZE_MAX, NULL, results, &error));
}

typedef struct canceller {
    const walrus_accel_control *control;
    gate *gate;
} canceller;

static void *cancel_and_open(void *given) {
    canceller *canceller = given;
    uint64_t done = 1, total = 0;
    gate_await(canceller->gate, 1);
    CHECK_OK(walrus_accel_control_progress(canceller->control, &done, &total, &error));
    CHECK_EQUAL(done, 0);
    CHECK_EQUAL(total, BLOBS);
    CHECK_OK(walrus_accel_control_cancel(canceller->control, &error));
    gate_open(canceller->gate);
    return NULL;
}

/* Another thread cancels while the first blob is held up. */
static void check_cancelling(const sample *sample) {
    walrus_accel_runtime *runtime = runtime_of_cpu(2, 1);
    walrus_accel_encode_request requests[BLOBS];
    walrus_accel_encode_result results[BLOBS];
    walrus_accel_control *control = NULL;
    canceller canceller;
    pthread_t thread;
    gate gate;
    gated gated[BLOBS];
    int number;
    gate_init(&gate, 0);
    for (number = 0; number < BLOBS; number++) {
        gated_init(&gated[number], &gate, sample, number);
        requests[number] = gated[number].request;
    }
    CHECK_OK(walrus_accel_control_new(&control, &error));
    canceller.control = control;
    canceller.gate = &gate;
    REQUIRE(pthread_create(&thread, NULL, cancel_and_open, &canceller) == 0);
    CHECK_STATUS(WALRUS_ACCEL_CANCELLED,
        walrus_accel_encode_batch(runtime, requests, BLOBS, control, results, &error));
    pthread_join(thread, NULL);
    for (number = 0; number < BLOBS; number++) {
        CHECK_EQUAL(results[number].status, WALRUS_ACCEL_CANCELLED);
        CHECK(results[number].encoded == NULL && results[number].error != NULL);
        CHECK(walrus_accel_error_free(results[number].error) == WALRUS_ACCEL_OK);
    }
    CHECK_EQUAL(gate.begun, 1);
    /* The control stays cancelled. */
    CHECK_STATUS(WALRUS_ACCEL_CANCELLED,
        walrus_accel_encode_batch(runtime, requests, 1, control, results, &error));
    CHECK(walrus_accel_error_free(results[0].error) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_control_free(control) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
    gate_destroy(&gate);
}

void jobs_batch(const sample *sample) {
    walrus_accel_runtime *runtime = runtime_of_cpu(2, 3);
    check_encoding(runtime);
    check_decoding(runtime);
    check_sizes(runtime, sample);
    CHECK_OK(walrus_accel_encode_batch(runtime, NULL, 0, NULL, NULL, &error));
    check_cancelling(sample);
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
}
