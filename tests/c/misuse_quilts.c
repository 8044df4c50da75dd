/*
 * Misuse of quilts: NULL for every required pointer, structures of other sizes, reserved fields.
 */
#include "misuse.h"

#include <stdlib.h>

#define BAD WALRUS_ACCEL_INVALID_ARGUMENT

static world *here;

static const walrus_accel_quilt_tag tag = {"key", 3, "value", 5};

void misuse_quilts_new(world *world) {
    const walrus_accel_quilt_entry entry = WALRUS_ACCEL_QUILT_ENTRY_INIT;
    const walrus_accel_encode_quilt_request encode = WALRUS_ACCEL_ENCODE_QUILT_REQUEST_INIT;
    const walrus_accel_quilt_reader_request reader = WALRUS_ACCEL_QUILT_READER_REQUEST_INIT;
    const walrus_accel_quilt_reader_read_request read = WALRUS_ACCEL_QUILT_READER_READ_REQUEST_INIT;
    const walrus_accel_quilt_reader_extract_request extract =
        WALRUS_ACCEL_QUILT_READER_EXTRACT_REQUEST_INIT;
    uint16_t pair, n_shards = world->sample.n_shards;
    world->quilt_entry = entry;
    world->quilt_entry.identifier = "file";
    world->quilt_entry.tags = &tag;
    world->quilt_entry.tag_count = 1;
    world->quilt_entry.source = &world->source;
    world->encode_quilt = encode;
    world->encode_quilt.entries = &world->quilt_entry;
    world->encode_quilt.entry_count = 1;
    world->encode_quilt.n_shards = n_shards;
    world->encode_quilt.sink = &world->sink;
    REQUIRE_OK(walrus_accel_encode_quilt(
        world->runtime, &world->encode_quilt, NULL, &world->quilt, &error));
    REQUIRE_OK(walrus_accel_encoded_metadata(world->quilt, &world->quilt_metadata, &error));
    REQUIRE_OK(walrus_accel_encoded_patches(world->quilt, &world->quilt_patches, &error));
    world->quilt_slivers = claim(n_shards * sizeof *world->quilt_slivers);
    for (pair = 0; pair < n_shards; pair++) {
        walrus_accel_sliver *sliver = &world->quilt_slivers[pair];
        sliver->axis = WALRUS_ACCEL_AXIS_SECONDARY;
        REQUIRE_OK(walrus_accel_encoded_sliver(
            world->quilt, sliver->axis, pair, &sliver->data, &sliver->length, &error));
    }
    world->quilt_reader = reader;
    world->quilt_reader.metadata = world->quilt_metadata;
    world->quilt_reader.slivers = world->quilt_slivers;
    world->quilt_reader.sliver_count = n_shards;
    world->quilt_read = read;
    world->quilt_read.patches = world->quilt_patches;
    world->quilt_extract = extract;
    world->quilt_extract.patches = world->quilt_patches;
    world->quilt_extract.replace = 1;
}

void misuse_quilts_free(world *world) {
    CHECK(walrus_accel_quilt_patches_free(world->quilt_patches) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_metadata_free(world->quilt_metadata) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_encoded_free(world->quilt) == WALRUS_ACCEL_OK);
    free(world->quilt_slivers);
}

/* Uses of a structure. The job of a use reads the structure before it is submitted. */
#define USE(name, type, call, free)                                                                \
    static walrus_accel_status name(void *structure, walrus_accel_error **error) {                 \
        type *out = NULL;                                                                          \
        walrus_accel_status status = (call);                                                       \
        CHECK((out != NULL) == (status == WALRUS_ACCEL_OK));                                       \
        CHECK(free(out) == WALRUS_ACCEL_OK);                                                       \
        return status;                                                                             \
    }

USE(use_encode, walrus_accel_encoded,
    walrus_accel_encode_quilt(here->runtime, structure, NULL, &out, error),
    walrus_accel_encoded_free)
USE(submit_encode, walrus_accel_job,
    walrus_accel_submit_encode_quilt(here->runtime, structure, NULL, NULL, &out, error),
    walrus_accel_job_free)
USE(use_reader, walrus_accel_quilt_reader,
    walrus_accel_quilt_reader_new(here->runtime, structure, NULL, &out, error),
    walrus_accel_quilt_reader_free)
USE(use_read, walrus_accel_quilt_content,
    walrus_accel_quilt_reader_read(here->live[KIND_QUILT_READER], structure, NULL, &out, error),
    walrus_accel_quilt_content_free)
USE(submit_read, walrus_accel_job,
    walrus_accel_submit_quilt_read(
        here->live[KIND_QUILT_READER], structure, NULL, NULL, &out, error),
    walrus_accel_job_free)
USE(submit_extract, walrus_accel_job,
    walrus_accel_submit_quilt_extract(
        here->live[KIND_QUILT_READER], structure, NULL, NULL, &out, error),
    walrus_accel_job_free)

static walrus_accel_status use_entry(void *structure, walrus_accel_error **error) {
    walrus_accel_encode_quilt_request request = here->encode_quilt;
    request.entries = structure;
    return use_encode(&request, error);
}

static walrus_accel_status use_extract(void *structure, walrus_accel_error **error) {
    return walrus_accel_quilt_reader_extract(here->live[KIND_QUILT_READER], structure, NULL, error);
}

static walrus_accel_status use_batch(void *structure, walrus_accel_error **error) {
    walrus_accel_encode_result result = {NULL, NULL, 0, 0};
    walrus_accel_status status =
        walrus_accel_encode_quilt_batch(here->runtime, structure, 1, NULL, &result, error);
    walrus_accel_encoded_free(result.encoded);
    walrus_accel_error_free(result.error);
    return status;
}

static walrus_accel_status use_patch(void *structure, walrus_accel_error **error) {
    return walrus_accel_quilt_patches_get(here->live[KIND_QUILT_PATCHES], 0, structure, error);
}

static void check_structures(world *world) {
    walrus_accel_quilt_patch patch = WALRUS_ACCEL_QUILT_PATCH_INIT;
    walrus_accel_quilt_reader_extract_request extract = world->quilt_extract;
    walrus_accel_encode_quilt_request encode = world->encode_quilt;
    walrus_accel_quilt_reader_read_request read = world->quilt_read;
    extract.directory = world->folder;
    check_sizes("a request to encode a quilt", use_encode, &encode, sizeof encode, 0);
    check_sizes("a job that encodes a quilt", submit_encode, &encode, sizeof encode, 0);
    check_sizes("a batch of quilts", use_batch, &encode, sizeof encode, 0);
    check_sizes("an entry", use_entry, &world->quilt_entry, sizeof world->quilt_entry, 0);
    check_sizes("a request for a quilt reader", use_reader, &world->quilt_reader,
        sizeof world->quilt_reader, 0);
    check_sizes("a request to read a patch", use_read, &read, sizeof read, 0);
    check_sizes("a job that reads a patch", submit_read, &read, sizeof read, 0);
    check_sizes("a request to extract patches", use_extract, &extract, sizeof extract, 0);
    check_sizes("a job that extracts patches", submit_extract, &extract, sizeof extract, 0);
    check_sizes("a patch", use_patch, &patch, sizeof patch, 1);
    encode.reserved = 1;
    CHECK_MESSAGE(BAD, "reserved", use_encode(&encode, &error));
    encode = world->encode_quilt;
    encode.reserved2 = 1;
    CHECK_MESSAGE(BAD, "reserved", submit_encode(&encode, &error));
    read.reserved = 1;
    CHECK_MESSAGE(BAD, "reserved", use_read(&read, &error));
    extract.reserved = 1;
    CHECK_MESSAGE(BAD, "reserved", use_extract(&extract, &error));
    encode = world->encode_quilt;
    encode.commitment = 2;
    CHECK_MESSAGE(BAD, "commitment", use_encode(&encode, &error));
    encode = world->encode_quilt;
    encode.n_shards = 3;
    CHECK_MESSAGE(BAD, "3", use_encode(&encode, &error));
    encode = world->encode_quilt;
    encode.pair_choice = 2;
    CHECK_MESSAGE(BAD, "pair_choice", use_encode(&encode, &error));
}

static void check_entries(world *world) {
    walrus_accel_quilt_entry entries[2];
    walrus_accel_encode_quilt_request encode = world->encode_quilt;
    entries[0] = entries[1] = world->quilt_entry;
    entries[1].struct_size += 8;
    encode.entries = entries;
    encode.entry_count = 2;
    CHECK_MESSAGE(BAD, "entries[1]", use_encode(&encode, &error));
    encode.entry_count = SIZE_MAX;
    CHECK_STATUS(BAD, use_encode(&encode, &error));
    encode.entries = NULL;
    CHECK_MESSAGE(BAD, "entries", use_encode(&encode, &error));
    entries[0].tag_count = SIZE_MAX;
    encode.entries = entries;
    encode.entry_count = 1;
    CHECK_MESSAGE(BAD, "tags", use_encode(&encode, &error));
}

static void check_pointers(const world *world) {
    const walrus_accel_quilt_reader *reader = world->live[KIND_QUILT_READER];
    const walrus_accel_quilt_patches *patches = world->live[KIND_QUILT_PATCHES];
    const walrus_accel_quilt_content *content = world->live[KIND_QUILT_CONTENT];
    const walrus_accel_runtime *runtime = world->runtime;
    walrus_accel_quilt_patch patch = WALRUS_ACCEL_QUILT_PATCH_INIT;
    uint8_t id[WALRUS_ACCEL_BLOB_ID_LENGTH] = {0};
    char text[WALRUS_ACCEL_QUILT_PATCH_ID_TEXT_LENGTH];
    const uint8_t *data = NULL;
    uint16_t column = 0;
    REQUIRE_OK(walrus_accel_quilt_patch_id_to_text(id, 0, 1, text, sizeof text, &error));
    CHECK_STATUS(BAD, walrus_accel_encode_quilt(runtime, &world->encode_quilt, NULL, NULL, &error));
    CHECK_STATUS(BAD,
        walrus_accel_submit_encode_quilt(runtime, &world->encode_quilt, NULL, NULL, NULL, &error));
    REFUSES_HANDLE(
        BAD, walrus_accel_encoded, walrus_accel_encode_quilt(runtime, NULL, NULL, &out, &error));
    REFUSES_HANDLE(BAD, walrus_accel_job,
        walrus_accel_submit_encode_quilt(runtime, NULL, NULL, NULL, &out, &error));
    CHECK_STATUS(BAD, walrus_accel_encoded_patches(world->quilt, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_quilt_patches_count(patches, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_quilt_patches_get(patches, 0, NULL, &error));
    patch.struct_size = 0;
    CHECK_STATUS(BAD, walrus_accel_quilt_patches_get(patches, 0, &patch, &error));
    CHECK_STATUS(
        BAD, walrus_accel_quilt_reader_new(runtime, &world->quilt_reader, NULL, NULL, &error));
    REFUSES_HANDLE(BAD, walrus_accel_quilt_reader,
        walrus_accel_quilt_reader_new(runtime, NULL, NULL, &out, &error));
    CHECK_STATUS(BAD, walrus_accel_quilt_reader_patches(reader, NULL, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_quilt_reader_patch(reader, "file", NULL, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_quilt_reader_patches_with_tag(reader, &tag, NULL, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_quilt_reader_patch_by_id(reader, text, NULL, NULL, &error));
    REFUSES_HANDLE(BAD, walrus_accel_quilt_patches,
        walrus_accel_quilt_reader_patch(reader, NULL, NULL, &out, &error));
    REFUSES_HANDLE(BAD, walrus_accel_quilt_patches,
        walrus_accel_quilt_reader_patch(reader, "\xff", NULL, &out, &error));
    REFUSES_HANDLE(BAD, walrus_accel_quilt_patches,
        walrus_accel_quilt_reader_patches_with_tag(reader, NULL, NULL, &out, &error));
    REFUSES_HANDLE(BAD, walrus_accel_quilt_patches,
        walrus_accel_quilt_reader_patch_by_id(reader, NULL, NULL, &out, &error));
    CHECK_STATUS(
        BAD, walrus_accel_quilt_reader_read(reader, &world->quilt_read, NULL, NULL, &error));
    REFUSES_HANDLE(BAD, walrus_accel_quilt_content,
        walrus_accel_quilt_reader_read(reader, NULL, NULL, &out, &error));
    CHECK_STATUS(BAD, walrus_accel_quilt_reader_extract(reader, NULL, NULL, &error));
    CHECK_STATUS(
        BAD, walrus_accel_submit_quilt_read(reader, &world->quilt_read, NULL, NULL, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_submit_quilt_check(reader, NULL, NULL, NULL, &error));
    REFUSES_HANDLE(BAD, walrus_accel_job,
        walrus_accel_submit_quilt_read(reader, NULL, NULL, NULL, &out, &error));
    REFUSES_HANDLE(BAD, walrus_accel_job,
        walrus_accel_submit_quilt_extract(reader, NULL, NULL, NULL, &out, &error));
    CHECK_STATUS(BAD, walrus_accel_job_take_quilt_content(world->live[KIND_JOB], NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_quilt_content_length(content, NULL, &error));
    REFUSES_NUMBER(BAD, size_t, walrus_accel_quilt_content_bytes(content, NULL, &out, &error));
    CHECK_STATUS(BAD, walrus_accel_quilt_content_bytes(content, &data, NULL, &error));
    CHECK(data == NULL);
    CHECK_STATUS(BAD, walrus_accel_quilt_patch_id_to_text(NULL, 0, 1, text, sizeof text, &error));
    CHECK_STATUS(BAD, walrus_accel_quilt_patch_id_to_text(id, 0, 1, NULL, sizeof text, &error));
    CHECK_STATUS(BAD, walrus_accel_quilt_patch_id_from_text(NULL, id, &column, &column, &error));
    CHECK_STATUS(BAD, walrus_accel_quilt_patch_id_from_text(text, NULL, &column, &column, &error));
    REFUSES_NUMBER(
        BAD, uint16_t, walrus_accel_quilt_patch_id_from_text(text, id, &out, NULL, &error));
    REFUSES_NUMBER(
        BAD, uint16_t, walrus_accel_quilt_patch_id_from_text(text, id, NULL, &out, &error));
}

void misuse_quilts(world *world) {
    here = world;
    check_structures(world);
    check_entries(world);
    check_pointers(world);
}
