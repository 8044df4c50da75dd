/*
 * Numbers out of range: choices, shards, pairs, lengths.
 */
#include "misuse.h"

#include <stdlib.h>
#include <string.h>

#define BAD WALRUS_ACCEL_INVALID_ARGUMENT

/* No choice has these values. */
static const uint32_t unknown[] = {99, UINT32_MAX};

static void check_options(void) {
    size_t which, field;
    for (which = 0; which < 2; which++) {
        for (field = 0; field < 5; field++) {
            walrus_accel_runtime_options options = WALRUS_ACCEL_RUNTIME_OPTIONS_INIT;
            uint32_t *fields[5] = {&options.engine, &options.no_cpu_fallback,
                &options.no_device_check, &options.threads, &options.max_jobs};
            options.engine = WALRUS_ACCEL_ENGINE_CPU;
            /* This number of threads is possible, so add less. */
            *fields[field] = field >= 3 ? UINT32_MAX - (uint32_t)which : unknown[which];
            REFUSES_HANDLE(
                BAD, walrus_accel_runtime, walrus_accel_runtime_new(&options, &out, &error));
        }
    }
}

static void check_choices(world *world) {
    const walrus_accel_runtime *runtime = world->runtime;
    size_t which;
    for (which = 0; which < 2; which++) {
        uint32_t value = unknown[which];
        walrus_accel_encode_request encode = world->encode;
        walrus_accel_decode_request decode = world->decode;
        walrus_accel_rebuild_request rebuild = world->rebuild;
        walrus_accel_verify_request verify = world->verify;
        walrus_accel_source source = world->source;
        walrus_accel_sink sink = sink_of(value);
        walrus_accel_sliver sliver = world->slivers[0];
        uint8_t verdict;
        const uint8_t *data = UNSET(const uint8_t);
        uint8_t hash[32];
        encode.commitment = value;
        REFUSES_HANDLE(
            BAD, walrus_accel_encoded, walrus_accel_encode(runtime, &encode, NULL, &out, &error));
        encode = world->encode;
        source.kind = value;
        encode.source = &source;
        REFUSES_HANDLE(
            BAD, walrus_accel_encoded, walrus_accel_encode(runtime, &encode, NULL, &out, &error));
        encode = world->encode;
        encode.sink = rebuild.sink = &sink;
        REFUSES_HANDLE(
            BAD, walrus_accel_encoded, walrus_accel_encode(runtime, &encode, NULL, &out, &error));
        REFUSES_HANDLE(
            BAD, walrus_accel_encoded, walrus_accel_rebuild(runtime, &rebuild, NULL, &out, &error));
        sink = sink_of(WALRUS_ACCEL_SINK_DIRECTORY);
        sink.path = world->folder;
        sink.replace = value;
        REFUSES_HANDLE(
            BAD, walrus_accel_encoded, walrus_accel_encode(runtime, &encode, NULL, &out, &error));
        rebuild = world->rebuild;
        rebuild.axis = value;
        REFUSES_HANDLE(
            BAD, walrus_accel_encoded, walrus_accel_rebuild(runtime, &rebuild, NULL, &out, &error));
        decode.axis = value;
        REFUSES_HANDLE(
            BAD, walrus_accel_decoded, walrus_accel_decode(runtime, &decode, NULL, &out, &error));
        decode = world->decode;
        decode.check = value;
        REFUSES_HANDLE(
            BAD, walrus_accel_decoded, walrus_accel_decode(runtime, &decode, NULL, &out, &error));
        decode = world->decode;
        decode.output_kind = value;
        REFUSES_HANDLE(
            BAD, walrus_accel_decoded, walrus_accel_decode(runtime, &decode, NULL, &out, &error));
        sliver.axis = which == 0 ? WALRUS_ACCEL_AXIS_ANY : value;
        verify.slivers = &sliver;
        verify.verdicts = &verdict;
        verify.sliver_count = verify.verdict_count = 1;
        CHECK_STATUS(BAD, walrus_accel_verify(runtime, &verify, NULL, &error));
        decode = decode_request_of(&world->sample, &sliver, 1);
        REFUSES_HANDLE(
            BAD, walrus_accel_decoded, walrus_accel_decode(runtime, &decode, NULL, &out, &error));
        REFUSES_HANDLE(BAD, walrus_accel_directory_report,
            walrus_accel_directory_verify(runtime, world->directory, value, NULL, &out, &error));
        REFUSES_NUMBER(BAD, size_t,
            walrus_accel_encoded_sliver(
                world->sample.encoded, which ? value : 0, 0, &data, &out, &error));
        CHECK(data == NULL);
        CHECK_STATUS(BAD, walrus_accel_metadata_sliver_root(
                              world->sample.metadata, which ? value : 0, 0, hash, &error));
        REFUSES_NUMBER(
            BAD, uint16_t, walrus_accel_sliver_index(10, which ? value : 0, 0, &out, &error));
        REFUSES_NUMBER(
            BAD, uint16_t, walrus_accel_sliver_pair(10, which ? value : 0, 0, &out, &error));
    }
}

static void check_shards(world *world) {
    static const uint16_t wrong[] = {1, 2, 3, 49156, 65535};
    size_t number;
    for (number = 0; number < sizeof wrong / sizeof *wrong; number++) {
        walrus_accel_shape shape = WALRUS_ACCEL_SHAPE_INIT;
        walrus_accel_encode_request request = world->encode;
        uint16_t n_shards = wrong[number];
        request.n_shards = n_shards;
        CHECK_STATUS(BAD, walrus_accel_shape_compute(n_shards, 1, &shape, &error));
        CHECK_EQUAL(shape.n_shards, 0);
        REFUSES_NUMBER(BAD, uint64_t, walrus_accel_max_blob_length(n_shards, &out, &error));
        REFUSES_NUMBER(BAD, uint16_t,
            walrus_accel_sliver_index(n_shards, WALRUS_ACCEL_AXIS_SECONDARY, 0, &out, &error));
        REFUSES_NUMBER(
            BAD, uint16_t, walrus_accel_shard_of_pair(n_shards, world->sample.id, 0, &out, &error));
        REFUSES_NUMBER(
            BAD, uint16_t, walrus_accel_pair_of_shard(n_shards, world->sample.id, 0, &out, &error));
        REFUSES_HANDLE(BAD, walrus_accel_encoded,
            walrus_accel_encode(world->runtime, &request, NULL, &out, &error));
        REFUSES_HANDLE(BAD, walrus_accel_job,
            walrus_accel_submit_encode(world->runtime, &request, NULL, NULL, &out, &error));
    }
}

static int32_t unread(uint64_t offset, uint8_t *out, size_t length, void *user_data) {
    (void)offset, (void)out, (void)length, (void)user_data;
    CHECK(0);
    return 0;
}

/* Blobs that are too long by one byte, and by many. */
static void check_blob_lengths(world *world) {
    walrus_accel_shape shape = WALRUS_ACCEL_SHAPE_INIT;
    walrus_accel_encode_request request = world->encode;
    walrus_accel_source source = WALRUS_ACCEL_SOURCE_INIT;
    uint64_t most = 0, lengths[2];
    size_t number;
    CHECK_OK(walrus_accel_max_blob_length(10, &most, &error));
    CHECK_OK(walrus_accel_shape_compute(10, most, &shape, &error));
    CHECK_EQUAL(shape.symbol_size, 65534);
    lengths[0] = most + 1;
    lengths[1] = UINT64_MAX;
    source.kind = WALRUS_ACCEL_SOURCE_CALLBACK;
    source.read = unread;
    request.source = &source;
    for (number = 0; number < 2; number++) {
        source.length = lengths[number];
        CHECK_STATUS(WALRUS_ACCEL_BLOB_TOO_LARGE,
            walrus_accel_shape_compute(10, lengths[number], &shape, &error));
        REFUSES_HANDLE(WALRUS_ACCEL_BLOB_TOO_LARGE, walrus_accel_encoded,
            walrus_accel_encode(world->runtime, &request, NULL, &out, &error));
    }
    source = source_of(world->sample.blob, SIZE_MAX);
    REFUSES_HANDLE(BAD, walrus_accel_encoded,
        walrus_accel_encode(world->runtime, &request, NULL, &out, &error));
}

/* Values that the kind does not use are mistakes, and so are reserved fields. */
static void check_unused(world *world) {
    walrus_accel_encode_request encode = world->encode;
    walrus_accel_decode_request decode = world->decode;
    walrus_accel_runtime_options options = WALRUS_ACCEL_RUNTIME_OPTIONS_INIT;
    walrus_accel_buffer buffer = {NULL, 0};
    uint8_t byte = 0;
    uint32_t kind;
    for (kind = WALRUS_ACCEL_SINK_NONE; kind <= WALRUS_ACCEL_SINK_LIBRARY; kind++) {
        walrus_accel_sink sink = sink_of(kind);
        encode.sink = &sink;
        sink.buffers = &buffer;
        REFUSES_HANDLE(BAD, walrus_accel_encoded,
            walrus_accel_encode(world->runtime, &encode, NULL, &out, &error));
        sink = sink_of(kind);
        sink.path = "here";
        REFUSES_HANDLE(BAD, walrus_accel_encoded,
            walrus_accel_encode(world->runtime, &encode, NULL, &out, &error));
    }
    encode = world->encode;
    encode.reserved = 1;
    REFUSES_HANDLE(BAD, walrus_accel_encoded,
        walrus_accel_encode(world->runtime, &encode, NULL, &out, &error));
    decode.output_kind = WALRUS_ACCEL_OUTPUT_LIBRARY;
    decode.output = &byte;
    REFUSES_HANDLE(BAD, walrus_accel_decoded,
        walrus_accel_decode(world->runtime, &decode, NULL, &out, &error));
    decode.output = NULL;
    decode.output_path = "here";
    REFUSES_HANDLE(BAD, walrus_accel_decoded,
        walrus_accel_decode(world->runtime, &decode, NULL, &out, &error));
    decode.output_path = NULL;
    decode.reserved = UINT32_MAX;
    REFUSES_HANDLE(BAD, walrus_accel_decoded,
        walrus_accel_decode(world->runtime, &decode, NULL, &out, &error));
    options.reserved = 1;
    REFUSES_HANDLE(BAD, walrus_accel_runtime, walrus_accel_runtime_new(&options, &out, &error));
}

static void check_pairs(world *world) {
    const uint16_t beyond[2] = {0, 10}, last[3] = {9, 0, 9};
    walrus_accel_encode_request encode = world->encode;
    walrus_accel_rebuild_request rebuild = world->rebuild;
    walrus_accel_encoded *encoded = NULL;
    const uint8_t *data = NULL;
    uint8_t hash[32];
    size_t length = 0;
    encode.pairs = rebuild.pairs = beyond;
    encode.pair_count = rebuild.pair_count = 2;
    /* A list that no choice selects is a mistake. */
    CHECK(encode.pair_choice == WALRUS_ACCEL_PAIRS_ALL &&
          rebuild.pair_choice == WALRUS_ACCEL_PAIRS_ALL);
    REFUSES_HANDLE(BAD, walrus_accel_encoded,
        walrus_accel_encode(world->runtime, &encode, NULL, &out, &error));
    REFUSES_HANDLE(BAD, walrus_accel_encoded,
        walrus_accel_rebuild(world->runtime, &rebuild, NULL, &out, &error));
    encode.pair_choice = rebuild.pair_choice = 2;
    REFUSES_HANDLE(BAD, walrus_accel_encoded,
        walrus_accel_encode(world->runtime, &encode, NULL, &out, &error));
    REFUSES_HANDLE(BAD, walrus_accel_encoded,
        walrus_accel_rebuild(world->runtime, &rebuild, NULL, &out, &error));
    encode.pair_choice = rebuild.pair_choice = WALRUS_ACCEL_PAIRS_LISTED;
    REFUSES_HANDLE(BAD, walrus_accel_encoded,
        walrus_accel_encode(world->runtime, &encode, NULL, &out, &error));
    REFUSES_HANDLE(BAD, walrus_accel_encoded,
        walrus_accel_rebuild(world->runtime, &rebuild, NULL, &out, &error));
    encode.pair_count = SIZE_MAX;
    REFUSES_HANDLE(BAD, walrus_accel_encoded,
        walrus_accel_encode(world->runtime, &encode, NULL, &out, &error));
    encode.pairs = NULL;
    REFUSES_HANDLE(BAD, walrus_accel_encoded,
        walrus_accel_encode(world->runtime, &encode, NULL, &out, &error));
    /* An empty list selects no pair, wherever it points. */
    encode.pair_count = 0;
    for (size_t place = 0; place < 2; place++) {
        encode.pairs = place == 0 ? NULL : last;
        CHECK_OK(walrus_accel_encode(world->runtime, &encode, NULL, &encoded, &error));
        REFUSES_NUMBER(WALRUS_ACCEL_NOT_FOUND, size_t,
            walrus_accel_encoded_sliver(
                encoded, WALRUS_ACCEL_AXIS_PRIMARY, 0, &data, &out, &error));
        CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    }
    encode.pairs = last;
    encode.pair_count = 3;
    CHECK_OK(walrus_accel_encode(world->runtime, &encode, NULL, &encoded, &error));
    CHECK_OK(
        walrus_accel_encoded_sliver(encoded, WALRUS_ACCEL_AXIS_PRIMARY, 9, &data, &length, &error));
    REFUSES_NUMBER(WALRUS_ACCEL_NOT_FOUND, size_t,
        walrus_accel_encoded_sliver(encoded, WALRUS_ACCEL_AXIS_PRIMARY, 1, &data, &out, &error));
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    REFUSES_NUMBER(WALRUS_ACCEL_NOT_FOUND, size_t,
        walrus_accel_encoded_sliver(
            world->sample.encoded, WALRUS_ACCEL_AXIS_PRIMARY, 10, &data, &out, &error));
    CHECK_STATUS(
        WALRUS_ACCEL_NOT_FOUND, walrus_accel_metadata_sliver_root(world->sample.metadata,
                                    WALRUS_ACCEL_AXIS_SECONDARY, UINT16_MAX, hash, &error));
    REFUSES_NUMBER(
        BAD, uint16_t, walrus_accel_sliver_index(10, WALRUS_ACCEL_AXIS_PRIMARY, 10, &out, &error));
    REFUSES_NUMBER(BAD, uint16_t,
        walrus_accel_sliver_pair(10, WALRUS_ACCEL_AXIS_PRIMARY, UINT16_MAX, &out, &error));
    REFUSES_NUMBER(
        BAD, uint16_t, walrus_accel_shard_of_pair(10, world->sample.id, 10, &out, &error));
    REFUSES_NUMBER(
        BAD, uint16_t, walrus_accel_pair_of_shard(10, world->sample.id, 10, &out, &error));
}

/* Texts of blob IDs and metadata with wrong lengths. */
static void check_texts_and_metadata(world *world) {
    char text[WALRUS_ACCEL_BLOB_ID_TEXT_LENGTH + 1] = "";
    uint8_t id[WALRUS_ACCEL_BLOB_ID_LENGTH];
    size_t length = (size_t)world->sample.shape.metadata_length, cut;
    uint8_t *bytes = claim(length + 1);
    static const size_t short_buffers[] = {0, 1, WALRUS_ACCEL_BLOB_ID_TEXT_LENGTH - 1};
    for (cut = 0; cut < 3; cut++) {
        CHECK_STATUS(
            BAD, walrus_accel_blob_id_to_text(world->sample.id, text, short_buffers[cut], &error));
        CHECK(*text == '\0');
    }
    CHECK_OK(walrus_accel_blob_id_to_text(world->sample.id, text, sizeof text, &error));
    CHECK_EQUAL(strlen(text), 43);
    text[43] = 'A';
    CHECK_STATUS(BAD, walrus_accel_blob_id_from_text(text, id, &error));
    text[42] = '\0';
    CHECK_STATUS(BAD, walrus_accel_blob_id_from_text(text, id, &error));
    CHECK_STATUS(BAD, walrus_accel_blob_id_from_text("", id, &error));
    CHECK_STATUS(BAD, walrus_accel_blob_id_from_text("\xff\xfe", id, &error));
    CHECK_STATUS(
        BAD, walrus_accel_metadata_to_bcs(world->sample.metadata, bytes, length - 1, &error));
    CHECK_STATUS(
        BAD, walrus_accel_metadata_to_bcs(world->sample.metadata, bytes, length + 1, &error));
    CHECK_STATUS(BAD, walrus_accel_metadata_to_bcs(world->sample.metadata, bytes, 0, &error));
    CHECK_STATUS(
        BAD, walrus_accel_metadata_to_bcs(world->sample.metadata, bytes, SIZE_MAX, &error));
    CHECK_OK(walrus_accel_metadata_to_bcs(world->sample.metadata, bytes, length, &error));
    bytes[length] = 0;
    REFUSES_HANDLE(WALRUS_ACCEL_MALFORMED, walrus_accel_metadata,
        walrus_accel_metadata_from_bcs(bytes, length + 1, 10, NULL, &out, &error));
    for (cut = 0; cut < length; cut += cut < 50 ? 1 : 97) {
        REFUSES_HANDLE(WALRUS_ACCEL_MALFORMED, walrus_accel_metadata,
            walrus_accel_metadata_from_bcs(bytes, cut, 10, NULL, &out, &error));
    }
    REFUSES_HANDLE(WALRUS_ACCEL_MALFORMED, walrus_accel_metadata,
        walrus_accel_metadata_from_bcs(NULL, 0, 10, NULL, &out, &error));
    REFUSES_HANDLE(BAD, walrus_accel_metadata,
        walrus_accel_metadata_from_bcs(bytes, SIZE_MAX, 10, NULL, &out, &error));
    bytes[length - 1] ^= 1;
    REFUSES_HANDLE(WALRUS_ACCEL_INVALID_METADATA, walrus_accel_metadata,
        walrus_accel_metadata_from_bcs(bytes, length, 10, NULL, &out, &error));
    free(bytes);
}

static void check_beyond_lists(world *world) {
    walrus_accel_device device = WALRUS_ACCEL_DEVICE_INIT;
    walrus_accel_problem problem = WALRUS_ACCEL_PROBLEM_INIT;
    device.index = 7;
    problem.kind = 7;
    if (world->live[KIND_DEVICES] != UNSET(void)) {
        CHECK_STATUS(WALRUS_ACCEL_NOT_FOUND,
            walrus_accel_devices_get(world->live[KIND_DEVICES], SIZE_MAX, &device, &error));
        CHECK(device.index == 0);
    }
    CHECK_STATUS(WALRUS_ACCEL_NOT_FOUND,
        walrus_accel_directory_report_get(world->live[KIND_DIRECTORY_REPORT], 0, &problem, &error));
    CHECK(problem.kind == 0);
}

void misuse_numbers(world *world) {
    check_options();
    check_choices(world);
    check_shards(world);
    check_blob_lengths(world);
    check_unused(world);
    check_pairs(world);
    check_texts_and_metadata(world);
    check_beyond_lists(world);
}
