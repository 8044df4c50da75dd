/*
 * Structures of other sizes: older than the first version, newer, and not initialised.
 */
#include "misuse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BAD WALRUS_ACCEL_INVALID_ARGUMENT

/* No version of a structure is longer. */
enum { LONGEST = 4096 };

static world *here;

static walrus_accel_status use_options(void *structure, walrus_accel_error **error) {
    walrus_accel_runtime *runtime = NULL;
    walrus_accel_status status = walrus_accel_runtime_new(structure, &runtime, error);
    CHECK((runtime != NULL) == (status == WALRUS_ACCEL_OK));
    walrus_accel_runtime_free(runtime);
    return status;
}

static walrus_accel_status use_encode(void *structure, walrus_accel_error **error) {
    walrus_accel_encoded *encoded = NULL;
    walrus_accel_status status =
        walrus_accel_encode(here->runtime, structure, NULL, &encoded, error);
    CHECK((encoded != NULL) == (status == WALRUS_ACCEL_OK));
    walrus_accel_encoded_free(encoded);
    return status;
}

static walrus_accel_status use_source(void *structure, walrus_accel_error **error) {
    walrus_accel_encode_request request = here->encode;
    request.source = structure;
    return use_encode(&request, error);
}

static walrus_accel_status use_sink(void *structure, walrus_accel_error **error) {
    walrus_accel_encode_request request = here->encode;
    request.sink = structure;
    return use_encode(&request, error);
}

static walrus_accel_status use_decode(void *structure, walrus_accel_error **error) {
    walrus_accel_decoded *decoded = NULL;
    walrus_accel_status status =
        walrus_accel_decode(here->runtime, structure, NULL, &decoded, error);
    CHECK((decoded != NULL) == (status == WALRUS_ACCEL_OK));
    walrus_accel_decoded_free(decoded);
    return status;
}

static walrus_accel_status use_verify(void *structure, walrus_accel_error **error) {
    return walrus_accel_verify(here->runtime, structure, NULL, error);
}

static walrus_accel_status use_rebuild(void *structure, walrus_accel_error **error) {
    walrus_accel_encoded *encoded = NULL;
    walrus_accel_status status =
        walrus_accel_rebuild(here->runtime, structure, NULL, &encoded, error);
    CHECK((encoded != NULL) == (status == WALRUS_ACCEL_OK));
    walrus_accel_encoded_free(encoded);
    return status;
}

static walrus_accel_status use_submit(walrus_accel_status status, walrus_accel_job *job) {
    CHECK((job != NULL) == (status == WALRUS_ACCEL_OK));
    CHECK(walrus_accel_job_free(job) == WALRUS_ACCEL_OK);
    return status;
}

static walrus_accel_status submit_encode(void *structure, walrus_accel_error **error) {
    walrus_accel_job *job = NULL;
    walrus_accel_status status =
        walrus_accel_submit_encode(here->runtime, structure, NULL, NULL, &job, error);
    return use_submit(status, job);
}

static walrus_accel_status submit_decode(void *structure, walrus_accel_error **error) {
    walrus_accel_job *job = NULL;
    walrus_accel_status status =
        walrus_accel_submit_decode(here->runtime, structure, NULL, NULL, &job, error);
    return use_submit(status, job);
}

static walrus_accel_status submit_rebuild(void *structure, walrus_accel_error **error) {
    walrus_accel_job *job = NULL;
    walrus_accel_status status =
        walrus_accel_submit_rebuild(here->runtime, structure, NULL, NULL, &job, error);
    return use_submit(status, job);
}

static walrus_accel_status submit_verify(void *structure, walrus_accel_error **error) {
    walrus_accel_job *job = NULL;
    walrus_accel_status status =
        walrus_accel_submit_verify(here->runtime, structure, NULL, NULL, &job, error);
    return use_submit(status, job);
}

static walrus_accel_status encode_batch(void *structure, walrus_accel_error **error) {
    walrus_accel_encode_result result = {NULL, NULL, 0, 0};
    walrus_accel_status status =
        walrus_accel_encode_batch(here->runtime, structure, 1, NULL, &result, error);
    walrus_accel_encoded_free(result.encoded);
    walrus_accel_error_free(result.error);
    return status;
}

static walrus_accel_status decode_batch(void *structure, walrus_accel_error **error) {
    walrus_accel_decode_result result = {NULL, NULL, 0, 0};
    walrus_accel_status status =
        walrus_accel_decode_batch(here->runtime, structure, 1, NULL, &result, error);
    walrus_accel_decoded_free(result.decoded);
    walrus_accel_error_free(result.error);
    return status;
}

static walrus_accel_status use_shape(void *structure, walrus_accel_error **error) {
    return walrus_accel_shape_compute(10, 77, structure, error);
}

static walrus_accel_status use_metadata_shape(void *structure, walrus_accel_error **error) {
    return walrus_accel_metadata_shape(here->sample.metadata, structure, error);
}

static walrus_accel_status use_expand(void *structure, walrus_accel_error **error) {
    walrus_accel_expanded *expanded = NULL;
    walrus_accel_status status =
        walrus_accel_expand(here->runtime, structure, NULL, &expanded, error);
    CHECK((expanded != NULL) == (status == WALRUS_ACCEL_OK));
    walrus_accel_expanded_free(expanded);
    return status;
}

static walrus_accel_status use_decoding_symbols(void *structure, walrus_accel_error **error) {
    return walrus_accel_decoding_symbols(here->runtime, structure, NULL, error);
}

static walrus_accel_status use_verify_symbols(void *structure, walrus_accel_error **error) {
    return walrus_accel_verify_symbols(here->runtime, structure, NULL, error);
}

static walrus_accel_status use_recover(void *structure, walrus_accel_error **error) {
    walrus_accel_recovered *recovered = NULL;
    walrus_accel_status status =
        walrus_accel_recover(here->runtime, structure, NULL, &recovered, error);
    CHECK((recovered != NULL) == (status == WALRUS_ACCEL_OK));
    walrus_accel_recovered_free(recovered);
    return status;
}

static walrus_accel_status use_verify_proof(void *structure, walrus_accel_error **error) {
    walrus_accel_proof_verdict verdict = WALRUS_ACCEL_PROOF_VERDICT_INIT;
    return walrus_accel_verify_proof(here->runtime, structure, NULL, &verdict, error);
}

static walrus_accel_status use_proof_verdict(void *structure, walrus_accel_error **error) {
    return walrus_accel_verify_proof(here->runtime, &here->verify_proof, NULL, structure, error);
}

/* A reader with enough slivers, and its report. */
static walrus_accel_reader *ready;
static walrus_accel_reader_report *seen;

static walrus_accel_status use_reader_add(void *structure, walrus_accel_error **error) {
    return walrus_accel_reader_add(ready, structure, NULL, error);
}

static walrus_accel_status use_reader_read(void *structure, walrus_accel_error **error) {
    walrus_accel_decoded *decoded = NULL;
    walrus_accel_status status = walrus_accel_reader_read(ready, structure, NULL, &decoded, error);
    CHECK((decoded != NULL) == (status == WALRUS_ACCEL_OK));
    walrus_accel_decoded_free(decoded);
    return status;
}

static walrus_accel_status use_seen(void *structure, walrus_accel_error **error) {
    return walrus_accel_reader_report_get(seen, WALRUS_ACCEL_ADDED_KEPT, 0, structure, error);
}

/* A report with a problem. */
static walrus_accel_directory_report *problematic;

static walrus_accel_status use_problem(void *structure, walrus_accel_error **error) {
    return walrus_accel_directory_report_get(problematic, 0, structure, error);
}

static walrus_accel_status use_device(void *structure, walrus_accel_error **error) {
    return walrus_accel_devices_get(here->live[KIND_DEVICES], 0, structure, error);
}

static walrus_accel_status with_size(
    use use, const void *structure, size_t known, size_t claimed, uint8_t behind, uint8_t *buffer) {
    walrus_accel_error *error = NULL;
    walrus_accel_status status;
    memset(buffer, behind, LONGEST);
    memcpy(buffer, structure, known);
    memcpy(buffer, &claimed, sizeof claimed);
    status = use(buffer, &error);
    CHECK((error != NULL) == (status != WALRUS_ACCEL_OK));
    walrus_accel_error_free(error);
    return status;
}

/* `least`: size in the first version. `is_filled`: 1 if the library fills the structure. */
static void check_sizes_from(
    const char *name, use use, const void *structure, size_t least, size_t known, int is_filled) {
    /* Aligned like a structure. */
    static union {
        uint64_t number;
        void *pointer;
        uint8_t bytes[LONGEST];
    } buffer;
    const size_t wrong[] = {0, 1, sizeof(size_t), least - 1, LONGEST + 1, SIZE_MAX / 2, SIZE_MAX};
    const size_t right[] = {least, known, known + 1, known + 16, LONGEST};
    size_t number, at;
    check_about(name);
    for (number = 0; number < sizeof wrong / sizeof *wrong; number++) {
        CHECK_EQUAL(with_size(use, structure, known, wrong[number], 0, buffer.bytes), BAD);
    }
    for (number = 0; number < sizeof right / sizeof *right; number++) {
        CHECK_EQUAL(
            with_size(use, structure, known, right[number], 0, buffer.bytes), WALRUS_ACCEL_OK);
    }
    if (!is_filled) {
        /* The last of the unknown bytes is not zero. */
        CHECK_EQUAL(with_size(use, structure, known, known + 16, 1, buffer.bytes), BAD);
        CHECK_EQUAL(with_size(use, structure, known, LONGEST, 1, buffer.bytes), BAD);
    } else {
        CHECK_EQUAL(
            with_size(use, structure, known, known + 16, 0xa5, buffer.bytes), WALRUS_ACCEL_OK);
        for (at = known; at < known + 16; at++) { CHECK_EQUAL(buffer.bytes[at], 0); }
        CHECK_EQUAL(buffer.bytes[known + 16], 0xa5);
    }
    check_about(NULL);
}

void check_sizes(const char *name, use use, const void *structure, size_t known, int is_filled) {
    check_sizes_from(name, use, structure, known, known, is_filled);
}

static void check_reader(world *world) {
    walrus_accel_seen_sliver sliver = WALRUS_ACCEL_SEEN_SLIVER_INIT;
    walrus_accel_reader_add_request request = world->reader_add;
    request.added = claim(world->sliver_count * sizeof *request.added);
    request.sliver_count = request.added_count = world->sliver_count;
    REQUIRE_OK(walrus_accel_reader_new(world->runtime, world->sample.metadata, &ready, &error));
    REQUIRE_OK(walrus_accel_reader_add(ready, &request, NULL, &error));
    REQUIRE_OK(walrus_accel_reader_report_new(ready, &seen, &error));
    check_sizes("a request to hand in", use_reader_add, &request, sizeof request, 0);
    check_sizes(
        "a request to read", use_reader_read, &world->reader_read, sizeof world->reader_read, 0);
    check_sizes("a sliver that was seen", use_seen, &sliver, sizeof sliver, 1);
    CHECK(walrus_accel_reader_report_free(seen) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_reader_free(ready) == WALRUS_ACCEL_OK);
    free(request.added);
}

static void make_problem(void) {
    char *stranger = path_in(here->directory, "pairs/stranger");
    file_write(stranger, (const uint8_t *)"?", 1);
    REQUIRE_OK(walrus_accel_directory_verify(
        here->runtime, here->directory, 0, NULL, &problematic, &error));
    remove(stranger);
    free(stranger);
}

void misuse_structures(world *world) {
    walrus_accel_runtime_options options = WALRUS_ACCEL_RUNTIME_OPTIONS_INIT;
    walrus_accel_shape shape = WALRUS_ACCEL_SHAPE_INIT;
    walrus_accel_problem problem = WALRUS_ACCEL_PROBLEM_INIT;
    walrus_accel_device device = WALRUS_ACCEL_DEVICE_INIT;
    walrus_accel_proof_verdict proof = WALRUS_ACCEL_PROOF_VERDICT_INIT;
    options.engine = WALRUS_ACCEL_ENGINE_CPU;
    options.threads = 1;
    here = world;
    make_problem();
    check_sizes("options", use_options, &options, sizeof options, 0);
    check_sizes("a source", use_source, &world->source, sizeof world->source, 0);
    check_sizes("a sink", use_sink, &world->sink, sizeof world->sink, 0);
    check_sizes("a request to encode", use_encode, &world->encode, sizeof world->encode, 0);
    check_sizes("a request to decode", use_decode, &world->decode, sizeof world->decode, 0);
    check_sizes_from("a request to verify", use_verify, &world->verify,
        offsetof(walrus_accel_verify_request, metadata_per_sliver), sizeof world->verify, 0);
    check_sizes("a request to rebuild", use_rebuild, &world->rebuild, sizeof world->rebuild, 0);
    check_sizes("a job that encodes", submit_encode, &world->encode, sizeof world->encode, 0);
    check_sizes("a job that decodes", submit_decode, &world->decode, sizeof world->decode, 0);
    check_sizes_from("a job that verifies", submit_verify, &world->verify,
        offsetof(walrus_accel_verify_request, metadata_per_sliver), sizeof world->verify, 0);
    check_sizes("a job that rebuilds", submit_rebuild, &world->rebuild, sizeof world->rebuild, 0);
    check_sizes("a batch to encode", encode_batch, &world->encode, sizeof world->encode, 0);
    check_sizes("a batch to decode", decode_batch, &world->decode, sizeof world->decode, 0);
    check_sizes_from("a shape", use_shape, &shape,
        offsetof(walrus_accel_shape, decoding_symbol_length), sizeof shape, 1);
    check_sizes_from("a shape of metadata", use_metadata_shape, &shape,
        offsetof(walrus_accel_shape, decoding_symbol_length), sizeof shape, 1);
    check_sizes("a request to expand", use_expand, &world->expand, sizeof world->expand, 0);
    check_sizes("a request for symbols", use_decoding_symbols, &world->decoding_symbols,
        sizeof world->decoding_symbols, 0);
    check_sizes("a request to verify symbols", use_verify_symbols, &world->verify_symbols,
        sizeof world->verify_symbols, 0);
    check_sizes("a request to recover", use_recover, &world->recover, sizeof world->recover, 0);
    check_sizes("a proof", use_verify_proof, &world->verify_proof, sizeof world->verify_proof, 0);
    check_sizes("a verdict on a proof", use_proof_verdict, &proof, sizeof proof, 1);
    check_reader(world);
    check_sizes("a problem", use_problem, &problem, sizeof problem, 1);
    if (walrus_accel_devices_get(world->live[KIND_DEVICES], 0, &device, NULL) == WALRUS_ACCEL_OK) {
        check_sizes("a device", use_device, &device, sizeof device, 1);
    }
    CHECK(walrus_accel_directory_report_free(problematic) == WALRUS_ACCEL_OK);
}
