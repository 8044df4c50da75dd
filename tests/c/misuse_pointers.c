/*
 * NULL for every required pointer, in turn.
 */
#include "misuse.h"

#define BAD WALRUS_ACCEL_INVALID_ARGUMENT

static void check_size_queries(void) {
    const uint8_t id[WALRUS_ACCEL_BLOB_ID_LENGTH] = {0};
    char text[WALRUS_ACCEL_BLOB_ID_TEXT_LENGTH];
    uint8_t bytes[WALRUS_ACCEL_BLOB_ID_LENGTH];
    CHECK_STATUS(BAD, walrus_accel_shape_compute(10, 0, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_max_blob_length(10, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_sliver_index(10, WALRUS_ACCEL_AXIS_PRIMARY, 0, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_sliver_pair(10, WALRUS_ACCEL_AXIS_PRIMARY, 0, NULL, &error));
    REFUSES_NUMBER(BAD, uint16_t, walrus_accel_shard_of_pair(10, NULL, 0, &out, &error));
    CHECK_STATUS(BAD, walrus_accel_shard_of_pair(10, id, 0, NULL, &error));
    REFUSES_NUMBER(BAD, uint16_t, walrus_accel_pair_of_shard(10, NULL, 0, &out, &error));
    CHECK_STATUS(BAD, walrus_accel_pair_of_shard(10, id, 0, NULL, &error));
    REFUSES_NUMBER(BAD, uint16_t, walrus_accel_rows_of_range(10, 50, 0, 1, &out, NULL, &error));
    REFUSES_NUMBER(BAD, uint16_t, walrus_accel_rows_of_range(10, 50, 0, 1, NULL, &out, &error));
    CHECK_STATUS(BAD, walrus_accel_blob_id_to_text(NULL, text, sizeof text, &error));
    CHECK_STATUS(BAD, walrus_accel_blob_id_to_text(id, NULL, sizeof text, &error));
    CHECK_STATUS(BAD, walrus_accel_blob_id_from_text(NULL, bytes, &error));
    CHECK_STATUS(BAD, walrus_accel_blob_id_from_text(
                          "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", NULL, &error));
}

static void check_places_of_handles(const world *world) {
    size_t count = 0;
    CHECK_STATUS(BAD, walrus_accel_devices_list(NULL, &count, &error));
    CHECK_STATUS(BAD, walrus_accel_runtime_new(NULL, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_control_new(NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_metadata_from_bcs(world->sample.id, 32, 10, NULL, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_encode(world->runtime, &world->encode, NULL, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_decode(world->runtime, &world->decode, NULL, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_rebuild(world->runtime, &world->rebuild, NULL, NULL, &error));
    CHECK_STATUS(
        BAD, walrus_accel_submit_encode(world->runtime, &world->encode, NULL, NULL, NULL, &error));
    CHECK_STATUS(
        BAD, walrus_accel_submit_decode(world->runtime, &world->decode, NULL, NULL, NULL, &error));
    CHECK_STATUS(BAD,
        walrus_accel_submit_rebuild(world->runtime, &world->rebuild, NULL, NULL, NULL, &error));
    CHECK_STATUS(
        BAD, walrus_accel_submit_verify(world->runtime, &world->verify, NULL, NULL, NULL, &error));
    CHECK_STATUS(BAD,
        walrus_accel_directory_verify(world->runtime, world->directory, 1, NULL, NULL, &error));
    CHECK_STATUS(
        BAD, walrus_accel_directory_repair(world->runtime, world->directory, NULL, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_encoded_metadata(world->live[KIND_ENCODED], NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_job_take_encoded(world->live[KIND_JOB], NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_job_take_decoded(world->live[KIND_JOB], NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_runtime_instruction_set(world->runtime, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_runtime_device_fault(world->runtime, NULL, &error));
}

static void check_places_of_numbers(const world *world) {
    const uint8_t *data = NULL;
    const size_t *numbers = NULL;
    const walrus_accel_metadata *metadata = world->sample.metadata;
    const walrus_accel_encoded *encoded = world->sample.encoded;
    const walrus_accel_decoded *decoded = world->live[KIND_DECODED];
    walrus_accel_devices *devices = world->live[KIND_DEVICES];
    walrus_accel_device device = WALRUS_ACCEL_DEVICE_INIT;
    CHECK_STATUS(BAD, walrus_accel_control_progress(world->live[KIND_CONTROL], NULL, NULL, &error));
    REFUSES_NUMBER(BAD, uint64_t,
        walrus_accel_control_progress(world->live[KIND_CONTROL], &out, NULL, &error));
    REFUSES_NUMBER(BAD, uint64_t,
        walrus_accel_control_progress(world->live[KIND_CONTROL], NULL, &out, &error));
    REFUSES_NUMBER(
        BAD, uint64_t, walrus_accel_job_progress(world->live[KIND_JOB], &out, NULL, &error));
    REFUSES_NUMBER(
        BAD, uint64_t, walrus_accel_job_progress(world->live[KIND_JOB], NULL, &out, &error));
    CHECK_STATUS(BAD, walrus_accel_job_poll(world->live[KIND_JOB], NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_metadata_blob_id(metadata, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_metadata_root_hash(metadata, NULL, &error));
    CHECK_STATUS(BAD,
        walrus_accel_metadata_sliver_root(metadata, WALRUS_ACCEL_AXIS_PRIMARY, 0, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_metadata_commitment(metadata, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_metadata_shape(metadata, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_metadata_bcs_length(metadata, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_metadata_to_bcs(
                          metadata, NULL, (size_t)world->sample.shape.metadata_length, &error));
    REFUSES_NUMBER(BAD, size_t,
        walrus_accel_encoded_sliver(encoded, WALRUS_ACCEL_AXIS_PRIMARY, 0, NULL, &out, &error));
    CHECK_STATUS(BAD,
        walrus_accel_encoded_sliver(encoded, WALRUS_ACCEL_AXIS_PRIMARY, 0, &data, NULL, &error));
    CHECK(data == NULL);
    CHECK_STATUS(BAD, walrus_accel_encoded_directory(encoded, NULL, NULL, &error));
    REFUSES_NUMBER(BAD, size_t, walrus_accel_decoded_blob(decoded, NULL, &out, &error));
    CHECK_STATUS(BAD, walrus_accel_decoded_blob(decoded, &data, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_decoded_axis(decoded, NULL, &error));
    REFUSES_NUMBER(BAD, size_t, walrus_accel_decoded_used(decoded, NULL, &out, &error));
    CHECK_STATUS(BAD, walrus_accel_decoded_used(decoded, &numbers, NULL, &error));
    REFUSES_NUMBER(BAD, size_t, walrus_accel_decoded_damaged(decoded, NULL, &out, &error));
    CHECK_STATUS(BAD, walrus_accel_decoded_damaged(decoded, &numbers, NULL, &error));
    REFUSES_NUMBER(BAD, size_t,
        walrus_accel_directory_report_counts(
            world->live[KIND_DIRECTORY_REPORT], &out, NULL, &error));
    REFUSES_NUMBER(BAD, size_t,
        walrus_accel_directory_report_counts(
            world->live[KIND_DIRECTORY_REPORT], NULL, &out, &error));
    if (walrus_accel_devices_get(devices, 0, &device, NULL) == WALRUS_ACCEL_OK) {
        CHECK_STATUS(BAD, walrus_accel_devices_get(devices, 0, NULL, &error));
    }
}

/* Pointers of requests. */
static void check_requests(world *world) {
    walrus_accel_encode_request encode = world->encode;
    walrus_accel_decode_request decode = world->decode;
    walrus_accel_verify_request verify = world->verify;
    walrus_accel_rebuild_request rebuild = world->rebuild;
    const walrus_accel_runtime *runtime = world->runtime;
    REFUSES_HANDLE(
        BAD, walrus_accel_encoded, walrus_accel_encode(runtime, NULL, NULL, &out, &error));
    REFUSES_HANDLE(
        BAD, walrus_accel_decoded, walrus_accel_decode(runtime, NULL, NULL, &out, &error));
    REFUSES_HANDLE(
        BAD, walrus_accel_encoded, walrus_accel_rebuild(runtime, NULL, NULL, &out, &error));
    CHECK_STATUS(BAD, walrus_accel_verify(runtime, NULL, NULL, &error));
    REFUSES_HANDLE(
        BAD, walrus_accel_job, walrus_accel_submit_encode(runtime, NULL, NULL, NULL, &out, &error));
    REFUSES_HANDLE(
        BAD, walrus_accel_job, walrus_accel_submit_decode(runtime, NULL, NULL, NULL, &out, &error));
    REFUSES_HANDLE(BAD, walrus_accel_job,
        walrus_accel_submit_rebuild(runtime, NULL, NULL, NULL, &out, &error));
    REFUSES_HANDLE(
        BAD, walrus_accel_job, walrus_accel_submit_verify(runtime, NULL, NULL, NULL, &out, &error));
    encode.source = NULL;
    REFUSES_HANDLE(
        BAD, walrus_accel_encoded, walrus_accel_encode(runtime, &encode, NULL, &out, &error));
    REFUSES_HANDLE(BAD, walrus_accel_job,
        walrus_accel_submit_encode(runtime, &encode, NULL, NULL, &out, &error));
    decode.slivers = NULL;
    REFUSES_HANDLE(
        BAD, walrus_accel_decoded, walrus_accel_decode(runtime, &decode, NULL, &out, &error));
    decode = world->decode;
    decode.output_kind = WALRUS_ACCEL_OUTPUT_FILE;
    REFUSES_HANDLE(
        BAD, walrus_accel_decoded, walrus_accel_decode(runtime, &decode, NULL, &out, &error));
    decode.output_kind = WALRUS_ACCEL_OUTPUT_MEMORY;
    decode.output_length = world->sample.length;
    REFUSES_HANDLE(
        BAD, walrus_accel_decoded, walrus_accel_decode(runtime, &decode, NULL, &out, &error));
    decode = world->decode;
    decode.directory = world->directory;
    REFUSES_HANDLE(
        BAD, walrus_accel_decoded, walrus_accel_decode(runtime, &decode, NULL, &out, &error));
    verify.slivers = NULL;
    CHECK_STATUS(BAD, walrus_accel_verify(runtime, &verify, NULL, &error));
    verify = world->verify;
    verify.verdicts = NULL;
    CHECK_STATUS(BAD, walrus_accel_verify(runtime, &verify, NULL, &error));
    rebuild.slivers = NULL;
    REFUSES_HANDLE(
        BAD, walrus_accel_encoded, walrus_accel_rebuild(runtime, &rebuild, NULL, &out, &error));
    rebuild = world->rebuild;
    rebuild.sink = NULL;
    REFUSES_HANDLE(
        BAD, walrus_accel_encoded, walrus_accel_rebuild(runtime, &rebuild, NULL, &out, &error));
    rebuild = world->rebuild;
    rebuild.directory = world->directory;
    REFUSES_HANDLE(
        BAD, walrus_accel_encoded, walrus_accel_rebuild(runtime, &rebuild, NULL, &out, &error));
}

/* Pointers that a kind of source or sink requires. */
static void check_sources_and_sinks(world *world) {
    uint32_t kind;
    for (kind = WALRUS_ACCEL_SOURCE_MEMORY; kind <= WALRUS_ACCEL_SOURCE_CALLBACK; kind++) {
        walrus_accel_encode_request request = world->encode;
        walrus_accel_source source = source_of(NULL, 10);
        source.kind = kind;
        source.descriptor = -1;
        request.source = &source;
        REFUSES_HANDLE(BAD, walrus_accel_encoded,
            walrus_accel_encode(world->runtime, &request, NULL, &out, &error));
        REFUSES_HANDLE(BAD, walrus_accel_job,
            walrus_accel_submit_encode(world->runtime, &request, NULL, NULL, &out, &error));
    }
    for (kind = WALRUS_ACCEL_SINK_BUFFERS; kind <= WALRUS_ACCEL_SINK_CALLBACK; kind++) {
        walrus_accel_encode_request encode = world->encode;
        walrus_accel_rebuild_request rebuild = world->rebuild;
        walrus_accel_sink sink = sink_of(kind);
        sink.buffer_count = 2 * (size_t)world->sample.n_shards;
        encode.sink = rebuild.sink = &sink;
        REFUSES_HANDLE(BAD, walrus_accel_encoded,
            walrus_accel_encode(world->runtime, &encode, NULL, &out, &error));
        REFUSES_HANDLE(BAD, walrus_accel_encoded,
            walrus_accel_rebuild(world->runtime, &rebuild, NULL, &out, &error));
    }
}

static void check_batches(world *world) {
    walrus_accel_encode_result encoded;
    walrus_accel_decode_result decoded;
    const walrus_accel_runtime *runtime = world->runtime;
    CHECK_STATUS(BAD, walrus_accel_encode_batch(runtime, NULL, 1, NULL, &encoded, &error));
    CHECK_STATUS(BAD, walrus_accel_encode_batch(runtime, &world->encode, 1, NULL, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_decode_batch(runtime, NULL, 1, NULL, &decoded, &error));
    CHECK_STATUS(BAD, walrus_accel_decode_batch(runtime, &world->decode, 1, NULL, NULL, &error));
    CHECK_OK(walrus_accel_encode_batch(runtime, NULL, 0, NULL, NULL, &error));
    CHECK_OK(walrus_accel_decode_batch(runtime, NULL, 0, NULL, NULL, &error));
}

void misuse_pointers(world *world) {
    check_size_queries();
    check_places_of_handles(world);
    check_places_of_numbers(world);
    check_requests(world);
    check_sources_and_sinks(world);
    check_batches(world);
    REFUSES_HANDLE(BAD, walrus_accel_directory_report,
        walrus_accel_directory_verify(world->runtime, NULL, 1, NULL, &out, &error));
    REFUSES_HANDLE(BAD, walrus_accel_directory_report,
        walrus_accel_directory_repair(world->runtime, NULL, NULL, &out, &error));
    REFUSES_HANDLE(BAD, walrus_accel_metadata,
        walrus_accel_metadata_from_bcs(NULL, 1, 10, NULL, &out, &error));
    /* The error is optional. */
    CHECK_EQUAL(walrus_accel_encode(world->runtime, NULL, NULL, NULL, NULL), BAD);
}
