/*
 * Misuse of every function of the header: the function reports it, and continues to work.
 * WALRUS_ACCEL_SMALL=1: without the list of devices.
 */
#include "misuse.h"

#include <stdlib.h>
#include <string.h>

enum { SHARDS = 10, LENGTH = 3000 };

static void *new_error(void) {
    walrus_accel_error *error = NULL;
    CHECK(walrus_accel_shape_compute(SHARDS, 0, NULL, &error) == WALRUS_ACCEL_INVALID_ARGUMENT);
    REQUIRE(error != NULL);
    return error;
}

/* Makes a handle of each kind. */
static void make_handles(const world *world, void **made) {
    walrus_accel_control *control = NULL;
    walrus_accel_metadata *metadata = NULL;
    walrus_accel_encoded *encoded = NULL;
    walrus_accel_decoded *decoded = NULL;
    walrus_accel_devices *devices = NULL;
    walrus_accel_directory_report *report = NULL;
    walrus_accel_job *job = NULL;
    walrus_accel_expanded *expanded = NULL;
    walrus_accel_recovered *recovered = NULL;
    walrus_accel_reader *reader = NULL;
    walrus_accel_reader_report *seen = NULL;
    walrus_accel_quilt_patches *patches = NULL;
    walrus_accel_quilt_reader *quilt_reader = NULL;
    walrus_accel_quilt_content *content = NULL;
    walrus_accel_runtime *runtime = runtime_of_cpu(2, 1);
    REQUIRE_OK(walrus_accel_control_new(&control, &error));
    REQUIRE_OK(walrus_accel_encode(runtime, &world->encode, NULL, &encoded, &error));
    REQUIRE_OK(walrus_accel_encoded_metadata(encoded, &metadata, &error));
    REQUIRE_OK(walrus_accel_decode(runtime, &world->decode, NULL, &decoded, &error));
    /* Drivers confuse tools that watch memory: with such tools, the handle is a foreign address. */
    if (check_setting("WALRUS_ACCEL_SMALL", 0)) {
        devices = UNSET(walrus_accel_devices);
    } else {
        REQUIRE_OK(walrus_accel_devices_list(&devices, NULL, &error));
    }
    REQUIRE_OK(walrus_accel_directory_verify(runtime, world->directory, 1, NULL, &report, &error));
    REQUIRE_OK(walrus_accel_submit_encode(runtime, &world->encode, NULL, NULL, &job, &error));
    REQUIRE_OK(walrus_accel_job_wait(job, WALRUS_ACCEL_FOREVER, &error));
    REQUIRE_OK(walrus_accel_expand(runtime, &world->expand, NULL, &expanded, &error));
    REQUIRE_OK(walrus_accel_recover(runtime, &world->recover, NULL, &recovered, &error));
    REQUIRE_OK(walrus_accel_reader_new(runtime, metadata, &reader, &error));
    REQUIRE_OK(walrus_accel_reader_report_new(reader, &seen, &error));
    REQUIRE_OK(walrus_accel_encoded_patches(world->quilt, &patches, &error));
    REQUIRE_OK(
        walrus_accel_quilt_reader_new(runtime, &world->quilt_reader, NULL, &quilt_reader, &error));
    REQUIRE_OK(
        walrus_accel_quilt_reader_read(quilt_reader, &world->quilt_read, NULL, &content, &error));
    made[KIND_RUNTIME] = runtime;
    made[KIND_CONTROL] = control;
    made[KIND_METADATA] = metadata;
    made[KIND_ENCODED] = encoded;
    made[KIND_DECODED] = decoded;
    made[KIND_DEVICES] = devices;
    made[KIND_DIRECTORY_REPORT] = report;
    made[KIND_JOB] = job;
    made[KIND_EXPANDED] = expanded;
    made[KIND_RECOVERED] = recovered;
    made[KIND_READER] = reader;
    made[KIND_READER_REPORT] = seen;
    made[KIND_QUILT_PATCHES] = patches;
    made[KIND_QUILT_READER] = quilt_reader;
    made[KIND_QUILT_CONTENT] = content;
    made[KIND_ERROR] = new_error();
}

static void free_handles(void **made) {
    CHECK(walrus_accel_runtime_free(made[KIND_RUNTIME]) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_control_free(made[KIND_CONTROL]) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_metadata_free(made[KIND_METADATA]) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_encoded_free(made[KIND_ENCODED]) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_decoded_free(made[KIND_DECODED]) == WALRUS_ACCEL_OK);
    CHECK(made[KIND_DEVICES] == UNSET(void) ||
          walrus_accel_devices_free(made[KIND_DEVICES]) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_directory_report_free(made[KIND_DIRECTORY_REPORT]) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_job_free(made[KIND_JOB]) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_expanded_free(made[KIND_EXPANDED]) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_recovered_free(made[KIND_RECOVERED]) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_reader_free(made[KIND_READER]) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_reader_report_free(made[KIND_READER_REPORT]) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_quilt_patches_free(made[KIND_QUILT_PATCHES]) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_quilt_reader_free(made[KIND_QUILT_READER]) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_quilt_content_free(made[KIND_QUILT_CONTENT]) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_error_free(made[KIND_ERROR]) == WALRUS_ACCEL_OK);
}

static void make_requests(world *world) {
    const walrus_accel_encode_request encode = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
    const walrus_accel_verify_request verify = WALRUS_ACCEL_VERIFY_REQUEST_INIT;
    const walrus_accel_rebuild_request rebuild = WALRUS_ACCEL_REBUILD_REQUEST_INIT;
    world->source = source_of(world->sample.blob, world->sample.length);
    world->sink = sink_of(WALRUS_ACCEL_SINK_LIBRARY);
    world->encode = encode;
    world->encode.source = &world->source;
    world->encode.sink = &world->sink;
    world->encode.n_shards = SHARDS;
    world->sliver_count = world->sample.shape.rows;
    world->slivers =
        last_slivers(&world->sample, WALRUS_ACCEL_AXIS_PRIMARY, world->sample.shape.rows);
    world->decode = decode_request_of(&world->sample, world->slivers, world->sliver_count);
    world->verify = verify;
    world->verify.metadata = world->sample.metadata;
    world->verify.slivers = world->slivers;
    world->verify.sliver_count = world->sliver_count;
    world->verify.verdicts = world->verdicts;
    world->verify.verdict_count = world->sliver_count;
    world->rebuild = rebuild;
    world->rebuild.metadata = world->sample.metadata;
    world->rebuild.slivers = world->slivers;
    world->rebuild.sliver_count = world->sliver_count;
    world->rebuild.sink = &world->sink;
}

static void write_directory(world *world) {
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_DIRECTORY);
    walrus_accel_encode_request request = world->encode;
    walrus_accel_encoded *encoded = NULL;
    const char *path = NULL;
    world->folder = folder_new();
    sink.path = world->folder;
    request.sink = &sink;
    REQUIRE_OK(walrus_accel_encode(world->runtime, &request, NULL, &encoded, &error));
    REQUIRE_OK(walrus_accel_encoded_directory(encoded, &path, NULL, &error));
    REQUIRE(path != NULL && strncmp(path, world->folder, strlen(world->folder)) == 0);
    world->directory = path_in(world->folder, path + strlen(world->folder) + 1);
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
}

/* Functions that take no handle and cannot be misused. */
static void check_constants(void) {
    walrus_accel_status status;
    CHECK(strcmp(walrus_accel_version(), WALRUS_ACCEL_VERSION) == 0);
    CHECK_EQUAL(walrus_accel_abi_version(), WALRUS_ACCEL_ABI_VERSION);
    for (status = WALRUS_ACCEL_RESULTS_DIFFER; status <= WALRUS_ACCEL_OK; status++) {
        CHECK(strcmp(walrus_accel_status_name(status), "unknown status") != 0);
    }
    CHECK(strcmp(walrus_accel_status_name(1), "unknown status") == 0);
    CHECK(strcmp(walrus_accel_status_name(INT32_MIN), "unknown status") == 0);
    CHECK(strcmp(walrus_accel_status_name(WALRUS_ACCEL_RESULTS_DIFFER - 1), "unknown status") == 0);
}

/* Everything still works. */
static void check_normal(world *world) {
    sample again = sample_new(world->runtime, SHARDS, 1, LENGTH);
    walrus_accel_decoded *decoded = NULL;
    const uint8_t *blob = NULL;
    size_t length = 0;
    CHECK_BYTES(again.id, world->sample.id, sizeof again.id);
    CHECK_OK(walrus_accel_decode(world->runtime, &world->decode, NULL, &decoded, &error));
    CHECK_OK(walrus_accel_decoded_blob(decoded, &blob, &length, &error));
    CHECK_EQUAL(length, LENGTH);
    CHECK_BYTES(blob, world->sample.blob, length);
    CHECK(walrus_accel_decoded_free(decoded) == WALRUS_ACCEL_OK);
    sample_free(&again);
}

int main(void) {
    static world world;
    world.runtime = runtime_of_cpu(2, 1);
    world.sample = sample_new(world.runtime, SHARDS, 1, LENGTH);
    make_requests(&world);
    misuse_recovery_new(&world);
    misuse_quilts_new(&world);
    write_directory(&world);
    check_constants();
    make_handles(&world, world.live);
    make_handles(&world, world.freed);
    free_handles(world.freed);
    misuse_handles(&world);
    misuse_pointers(&world);
    misuse_numbers(&world);
    misuse_structures(&world);
    misuse_memory(&world);
    misuse_files(&world);
    misuse_callbacks(&world);
    misuse_recovery(&world);
    misuse_quilts(&world);
    check_normal(&world);
    free_handles(world.live);
    misuse_quilts_free(&world);
    misuse_recovery_free(&world);
    free(world.slivers);
    sample_free(&world.sample);
    free(world.directory);
    folder_free(world.folder);
    CHECK(walrus_accel_runtime_free(world.runtime) == WALRUS_ACCEL_OK);
    return check_result();
}
