/* Jobs, batches, and calls on symbols and metadata. */
#include "check.h"
#include "memory.h"

#include <stdlib.h>
#include <string.h>

enum { BLOBS = 200 };

/* Returns the result of a job. A job that was not submitted is NULL. */
static walrus_accel_status wait_for(
    walrus_accel_job *job, walrus_accel_status submitted, walrus_accel_error *error) {
    walrus_accel_status status = with_error(submitted, error);
    CHECK((status == WALRUS_ACCEL_OK) == (job != NULL));
    if (status == WALRUS_ACCEL_OK) {
        error = NULL;
        CHECK(walrus_accel_job_wait(job, WALRUS_ACCEL_FOREVER, NULL) == WALRUS_ACCEL_OK);
        status = walrus_accel_job_result(job, &error);
        with_error(status, error);
    }
    return status;
}

walrus_accel_status encode_as_job(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_source source = source_of(here.given.blob, here.given.length);
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_LIBRARY);
    walrus_accel_encode_request request = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
    walrus_accel_encoded *encoded = NULL;
    walrus_accel_job *job = UNSET(walrus_accel_job);
    walrus_accel_error *error = NULL;
    walrus_accel_status status;
    request.source = &source;
    request.sink = &sink;
    request.n_shards = here.given.n_shards;
    status = walrus_accel_submit_encode(runtime, &request, NULL, NULL, &job, &error);
    status = wait_for(job, status, error);
    if (status == WALRUS_ACCEL_OK && is_checked) {
        CHECK_OK(walrus_accel_job_take_encoded(job, &encoded, &error));
        CHECK(has_id(encoded, here.given.id));
    }
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_job_free(job) == WALRUS_ACCEL_OK);
    return status;
}

walrus_accel_status decode_as_job(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_decode_request request =
        decode_request_of(&here.given, here.slivers, here.sliver_count);
    walrus_accel_decoded *decoded = NULL;
    walrus_accel_job *job = UNSET(walrus_accel_job);
    walrus_accel_error *error = NULL;
    walrus_accel_status status =
        walrus_accel_submit_decode(runtime, &request, NULL, NULL, &job, &error);
    status = wait_for(job, status, error);
    if (status == WALRUS_ACCEL_OK && is_checked) {
        const uint8_t *blob = NULL;
        size_t length = 0;
        CHECK_OK(walrus_accel_job_take_decoded(job, &decoded, &error));
        CHECK_OK(walrus_accel_decoded_blob(decoded, &blob, &length, &error));
        CHECK_EQUAL(length, here.given.length);
        CHECK_BYTES(blob, here.given.blob, length);
    }
    CHECK(walrus_accel_decoded_free(decoded) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_job_free(job) == WALRUS_ACCEL_OK);
    return status;
}

walrus_accel_status verify_as_job(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_verify_request request = WALRUS_ACCEL_VERIFY_REQUEST_INIT;
    static uint8_t verdicts[UINT16_MAX];
    static const uint8_t good[UINT16_MAX];
    walrus_accel_job *job = UNSET(walrus_accel_job);
    walrus_accel_error *error = NULL;
    walrus_accel_status status;
    request.metadata = here.given.metadata;
    request.slivers = here.slivers;
    request.sliver_count = request.verdict_count = here.sliver_count;
    request.verdicts = verdicts;
    status = walrus_accel_submit_verify(runtime, &request, NULL, NULL, &job, &error);
    status = wait_for(job, status, error);
    if (status == WALRUS_ACCEL_OK && is_checked) { CHECK_BYTES(verdicts, good, here.sliver_count); }
    CHECK(walrus_accel_job_free(job) == WALRUS_ACCEL_OK);
    return status;
}

walrus_accel_status rebuild_as_job(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_rebuild_request request = WALRUS_ACCEL_REBUILD_REQUEST_INIT;
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_LIBRARY);
    walrus_accel_encoded *encoded = NULL;
    walrus_accel_job *job = UNSET(walrus_accel_job);
    walrus_accel_error *error = NULL;
    walrus_accel_status status;
    request.metadata = here.given.metadata;
    request.slivers = here.slivers;
    request.sliver_count = here.sliver_count;
    request.sink = &sink;
    status = walrus_accel_submit_rebuild(runtime, &request, NULL, NULL, &job, &error);
    status = wait_for(job, status, error);
    if (status == WALRUS_ACCEL_OK && is_checked) {
        CHECK_OK(walrus_accel_job_take_encoded(job, &encoded, &error));
        CHECK(has_id(encoded, here.given.id));
    }
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_job_free(job) == WALRUS_ACCEL_OK);
    return status;
}

/* Decodes the blob twice, among invalid requests. */
walrus_accel_status decode_batch(const walrus_accel_runtime *runtime, int is_checked) {
    static walrus_accel_decode_request requests[BLOBS];
    static walrus_accel_decode_result results[BLOBS];
    walrus_accel_error *error = NULL;
    walrus_accel_status status, first = WALRUS_ACCEL_OK;
    int number;
    for (number = 0; number < BLOBS; number++) {
        requests[number] =
            decode_request_of(&here.given, here.slivers, number % 100 == 0 ? here.sliver_count : 1);
    }
    status = walrus_accel_decode_batch(runtime, requests, BLOBS, NULL, results, &error);
    with_error(status, error);
    for (number = 0; number < BLOBS; number++) {
        walrus_accel_status expected =
            number % 100 == 0 ? WALRUS_ACCEL_OK : WALRUS_ACCEL_NOT_ENOUGH_SLIVERS;
        CHECK(!is_checked || results[number].status == expected);
        if (results[number].status != expected && first == WALRUS_ACCEL_OK) {
            first = results[number].status;
        }
        CHECK((results[number].status == WALRUS_ACCEL_OK) == (results[number].decoded != NULL));
        walrus_accel_decoded_free(results[number].decoded);
        walrus_accel_error_free(results[number].error);
    }
    return first == WALRUS_ACCEL_NOT_ENDED ? status : first;
}

/* Verifies each sliver with its own metadata. */
walrus_accel_status verify_batch(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_verify_request request = WALRUS_ACCEL_VERIFY_REQUEST_INIT;
    static const walrus_accel_metadata *each[UINT16_MAX];
    static uint8_t verdicts[UINT16_MAX];
    static const uint8_t good[UINT16_MAX];
    walrus_accel_error *error = NULL;
    walrus_accel_status status;
    uint16_t number;
    for (number = 0; number < here.sliver_count; number++) { each[number] = here.given.metadata; }
    request.metadata_per_sliver = each;
    request.slivers = here.slivers;
    request.sliver_count = request.verdict_count = here.sliver_count;
    request.verdicts = verdicts;
    status = walrus_accel_verify(runtime, &request, NULL, &error);
    if (status == WALRUS_ACCEL_OK && is_checked) { CHECK_BYTES(verdicts, good, here.sliver_count); }
    return with_error(status, error);
}

walrus_accel_status verify_symbols(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_verify_symbols_request request = WALRUS_ACCEL_VERIFY_SYMBOLS_REQUEST_INIT;
    static uint8_t verdicts[UINT16_MAX], good[UINT16_MAX];
    walrus_accel_error *error = NULL;
    walrus_accel_status status;
    memset(good, WALRUS_ACCEL_SYMBOL_GOOD, sizeof good);
    request.metadata = here.given.metadata;
    request.symbols = here.symbols;
    request.symbol_count = request.verdict_count = here.sliver_count;
    request.verdicts = verdicts;
    request.axis = WALRUS_ACCEL_AXIS_SECONDARY;
    request.target = 1;
    status = walrus_accel_verify_symbols(runtime, &request, NULL, &error);
    if (status == WALRUS_ACCEL_OK && is_checked) { CHECK_BYTES(verdicts, good, here.sliver_count); }
    return with_error(status, error);
}

walrus_accel_status verify_proof(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_verify_proof_request request = WALRUS_ACCEL_VERIFY_PROOF_REQUEST_INIT;
    walrus_accel_proof_verdict verdict = WALRUS_ACCEL_PROOF_VERDICT_INIT;
    walrus_accel_error *error = NULL;
    walrus_accel_status status;
    request.metadata = here.given.metadata;
    request.proof = here.proof;
    request.proof_length = here.proof_length;
    request.axis = WALRUS_ACCEL_AXIS_SECONDARY;
    status = walrus_accel_verify_proof(runtime, &request, NULL, &verdict, &error);
    if (is_checked) { CHECK_EQUAL(verdict.verdict, WALRUS_ACCEL_PROOF_CONSISTENT); }
    return with_error(status, error);
}

/* Writes metadata and reads it back. */
walrus_accel_status pass_metadata_on(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_metadata *metadata = NULL;
    walrus_accel_error *error = NULL;
    walrus_accel_status status;
    static uint8_t bytes[80 * UINT16_MAX];
    size_t length = 0;
    (void)runtime;
    status = walrus_accel_metadata_bcs_length(here.given.metadata, &length, &error);
    if (status == WALRUS_ACCEL_OK) {
        REQUIRE(length <= sizeof bytes);
        status = walrus_accel_metadata_to_bcs(here.given.metadata, bytes, length, &error);
    }
    if (status == WALRUS_ACCEL_OK) {
        status = walrus_accel_metadata_from_bcs(
            bytes, length, here.given.n_shards, NULL, &metadata, &error);
    }
    CHECK(!is_checked || metadata != NULL);
    CHECK(walrus_accel_metadata_free(metadata) == WALRUS_ACCEL_OK);
    return with_error(status, error);
}
