/*
 * Quilts while allocations fail: identifiers, tags and contents that need memory of their own.
 */
#include "memory.h"
#include "check.h"

#include <stdlib.h>
#include <string.h>

enum { PATCHES = 3, NAME = 9000, VALUE = 12000 };

/* Quilt that a call of the parent encoded. Its handles are memory alone, which a child may use. */
static struct {
    walrus_accel_encoded *encoded;
    walrus_accel_metadata *metadata;
    walrus_accel_quilt_patches *patches;
    walrus_accel_sliver *slivers[2];
    size_t counts[2];
} quilt;

static char names[PATCHES][NAME + 1], value[VALUE];

/* Fills a request whose identifiers and tags are long. */
static walrus_accel_encode_quilt_request request_of(
    walrus_accel_quilt_entry *entries, walrus_accel_source *sources, walrus_accel_sink *sink) {
    static const walrus_accel_quilt_tag tag = {"key", 3, value, VALUE};
    walrus_accel_encode_quilt_request request = WALRUS_ACCEL_ENCODE_QUILT_REQUEST_INIT;
    size_t length = here.given.length / PATCHES, number;
    memset(value, 'v', VALUE);
    for (number = 0; number < PATCHES; number++) {
        const walrus_accel_quilt_entry empty = WALRUS_ACCEL_QUILT_ENTRY_INIT;
        memset(names[number], 'a' + (int)number, NAME);
        sources[number] = source_of(here.given.blob + number * length, length);
        entries[number] = empty;
        entries[number].identifier = names[number];
        entries[number].tags = &tag;
        entries[number].tag_count = 1;
        entries[number].source = &sources[number];
    }
    request.entries = entries;
    request.entry_count = PATCHES;
    request.sink = sink;
    request.n_shards = here.given.n_shards;
    return request;
}

void memory_quilts_new(const walrus_accel_runtime *runtime) {
    walrus_accel_quilt_entry entries[PATCHES];
    walrus_accel_source sources[PATCHES];
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_LIBRARY);
    walrus_accel_encode_quilt_request request = request_of(entries, sources, &sink);
    walrus_accel_shape shape = WALRUS_ACCEL_SHAPE_INIT;
    uint32_t axis;
    REQUIRE_OK(walrus_accel_encode_quilt(runtime, &request, NULL, &quilt.encoded, &error));
    REQUIRE_OK(walrus_accel_encoded_metadata(quilt.encoded, &quilt.metadata, &error));
    REQUIRE_OK(walrus_accel_encoded_patches(quilt.encoded, &quilt.patches, &error));
    REQUIRE_OK(walrus_accel_metadata_shape(quilt.metadata, &shape, &error));
    for (axis = WALRUS_ACCEL_AXIS_PRIMARY; axis <= WALRUS_ACCEL_AXIS_SECONDARY; axis++) {
        uint16_t count = axis == WALRUS_ACCEL_AXIS_PRIMARY ? shape.rows : shape.columns, number;
        walrus_accel_sliver *slivers = claim(count * sizeof *slivers);
        for (number = 0; number < count; number++) {
            /* The last pairs: for the secondary axis, the columns of the quilt. */
            uint16_t pair = (uint16_t)(here.given.n_shards - 1 - number);
            slivers[number].axis = axis;
            REQUIRE_OK(walrus_accel_encoded_sliver(
                quilt.encoded, axis, pair, &slivers[number].data, &slivers[number].length, &error));
        }
        quilt.slivers[axis - 1] = slivers;
        quilt.counts[axis - 1] = count;
    }
}

void memory_quilts_free(void) {
    free(quilt.slivers[0]);
    free(quilt.slivers[1]);
    CHECK(walrus_accel_quilt_patches_free(quilt.patches) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_metadata_free(quilt.metadata) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_encoded_free(quilt.encoded) == WALRUS_ACCEL_OK);
}

walrus_accel_status encode_quilt(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_quilt_entry entries[PATCHES];
    walrus_accel_source sources[PATCHES];
    walrus_accel_encode_quilt_request request = request_of(entries, sources, NULL);
    walrus_accel_encoded *encoded = UNSET(walrus_accel_encoded);
    walrus_accel_error *error = NULL;
    walrus_accel_status status =
        walrus_accel_encode_quilt(runtime, &request, NULL, &encoded, &error);
    CHECK((status == WALRUS_ACCEL_OK) == (encoded != NULL));
    if (status == WALRUS_ACCEL_OK && is_checked) {
        uint8_t id[WALRUS_ACCEL_BLOB_ID_LENGTH];
        CHECK_OK(walrus_accel_metadata_blob_id(quilt.metadata, id, &error));
        CHECK(has_id(encoded, id));
    }
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    return with_error(status, error);
}

/* Reads the last patch that a query found. */
static walrus_accel_status read_patch(const walrus_accel_quilt_reader *reader,
    const walrus_accel_quilt_patches *patches, size_t position, walrus_accel_error **error) {
    walrus_accel_quilt_reader_read_request request = WALRUS_ACCEL_QUILT_READER_READ_REQUEST_INIT;
    walrus_accel_quilt_content *content = UNSET(walrus_accel_quilt_content);
    size_t expected = here.given.length / PATCHES, length = 0;
    const uint8_t *data = NULL;
    walrus_accel_status status;
    request.patches = patches;
    request.position = position;
    status = walrus_accel_quilt_reader_read(reader, &request, NULL, &content, error);
    CHECK((status == WALRUS_ACCEL_OK) == (content != NULL));
    if (status == WALRUS_ACCEL_OK) {
        CHECK_OK(walrus_accel_quilt_content_bytes(content, &data, &length, &error));
        CHECK_EQUAL(length, expected);
        CHECK_BYTES(data, here.given.blob + (PATCHES - 1) * expected, length);
    }
    CHECK(walrus_accel_quilt_content_free(content) == WALRUS_ACCEL_OK);
    return status;
}

/* Finds all patches and the last patch, and reads it, from the slivers of an axis. */
static walrus_accel_status read_from(const walrus_accel_runtime *runtime, size_t axis) {
    walrus_accel_quilt_reader_request request = WALRUS_ACCEL_QUILT_READER_REQUEST_INIT;
    walrus_accel_quilt_patch patch = WALRUS_ACCEL_QUILT_PATCH_INIT;
    walrus_accel_quilt_reader *reader = UNSET(walrus_accel_quilt_reader);
    walrus_accel_quilt_patches *all = NULL, *one = NULL;
    walrus_accel_error *error = NULL;
    walrus_accel_status status;
    REQUIRE(walrus_accel_quilt_patches_get(quilt.patches, PATCHES - 1, &patch, NULL) ==
            WALRUS_ACCEL_OK);
    request.metadata = quilt.metadata;
    request.slivers = quilt.slivers[axis];
    request.sliver_count = quilt.counts[axis];
    status = walrus_accel_quilt_reader_new(runtime, &request, NULL, &reader, &error);
    CHECK((status == WALRUS_ACCEL_OK) == (reader != NULL));
    if (status == WALRUS_ACCEL_OK) {
        status = walrus_accel_quilt_reader_patch_by_id(reader, patch.patch_id, NULL, &one, &error);
        CHECK((status == WALRUS_ACCEL_OK) == (one != NULL));
    }
    if (status == WALRUS_ACCEL_OK) { status = read_patch(reader, one, 0, &error); }
    if (status == WALRUS_ACCEL_OK) {
        status = walrus_accel_quilt_reader_patches(reader, NULL, &all, &error);
        CHECK((status == WALRUS_ACCEL_OK) == (all != NULL));
    }
    if (status == WALRUS_ACCEL_OK) { status = read_patch(reader, all, PATCHES - 1, &error); }
    CHECK(walrus_accel_quilt_patches_free(all) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_quilt_patches_free(one) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_quilt_reader_free(reader) == WALRUS_ACCEL_OK);
    return with_error(status, error);
}

walrus_accel_status read_quilt(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_status status = read_from(runtime, WALRUS_ACCEL_AXIS_SECONDARY - 1);
    CHECK(!is_checked || status == WALRUS_ACCEL_OK);
    return status;
}

walrus_accel_status restore_quilt(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_status status = read_from(runtime, WALRUS_ACCEL_AXIS_PRIMARY - 1);
    CHECK(!is_checked || status == WALRUS_ACCEL_OK);
    return status;
}

walrus_accel_status check_quilt(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_quilt_reader_request from = WALRUS_ACCEL_QUILT_READER_REQUEST_INIT;
    walrus_accel_quilt_reader *reader = NULL;
    walrus_accel_error *error = NULL;
    walrus_accel_status status;
    from.metadata = quilt.metadata;
    from.slivers = quilt.slivers[1];
    from.sliver_count = quilt.counts[1];
    status = walrus_accel_quilt_reader_new(runtime, &from, NULL, &reader, &error);
    /* The strict check decodes the whole blob. */
    if (status == WALRUS_ACCEL_OK) {
        status = walrus_accel_quilt_reader_check(reader, NULL, &error);
    }
    CHECK(!is_checked || status == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_quilt_reader_free(reader) == WALRUS_ACCEL_OK);
    return with_error(status, error);
}
