/*
 * Readers: patches from any slivers, a directory or the blob, and what is refused.
 */
#include "quilts.h"

#include <stdlib.h>
#include <string.h>

#define BAD WALRUS_ACCEL_INVALID_ARGUMENT

/* Patches by each way to find them, and their contents. */
static void check_reader(const quilt *quilt, const walrus_accel_quilt_reader *reader) {
    const walrus_accel_quilt_tag none = {"k", 1, "w", 1};
    walrus_accel_quilt_patches *all = NULL, *found = NULL;
    size_t number;
    CHECK_OK(walrus_accel_quilt_reader_patches(reader, NULL, &all, &error));
    CHECK_EQUAL(count_of(all), FILES);
    for (number = 0; number < FILES; number++) {
        walrus_accel_quilt_reader_read_request request =
            WALRUS_ACCEL_QUILT_READER_READ_REQUEST_INIT;
        walrus_accel_quilt_patch patch = WALRUS_ACCEL_QUILT_PATCH_INIT;
        walrus_accel_quilt_content *content = NULL;
        check_patch(quilt, all, number, number);
        CHECK_OK(walrus_accel_quilt_patches_get(all, number, &patch, &error));
        CHECK_OK(walrus_accel_quilt_reader_patch(reader, patch.identifier, NULL, &found, &error));
        CHECK_EQUAL(count_of(found), 1);
        check_patch(quilt, found, 0, number);
        CHECK(walrus_accel_quilt_patches_free(found) == WALRUS_ACCEL_OK);
        CHECK_OK(
            walrus_accel_quilt_reader_patch_by_id(reader, patch.patch_id, NULL, &found, &error));
        CHECK_EQUAL(count_of(found), 1);
        check_patch(quilt, found, 0, number);
        request.patches = found;
        CHECK_OK(walrus_accel_quilt_reader_read(reader, &request, NULL, &content, &error));
        check_content(&quilt->files[number], content);
        CHECK(walrus_accel_quilt_content_free(content) == WALRUS_ACCEL_OK);
        CHECK(walrus_accel_quilt_patches_free(found) == WALRUS_ACCEL_OK);
    }
    CHECK(walrus_accel_quilt_patches_free(all) == WALRUS_ACCEL_OK);
    CHECK_OK(walrus_accel_quilt_reader_patches_with_tag(reader, &quilt->tag, NULL, &found, &error));
    CHECK_EQUAL(count_of(found), 1);
    check_patch(quilt, found, 0, 3);
    CHECK(walrus_accel_quilt_patches_free(found) == WALRUS_ACCEL_OK);
    CHECK_OK(walrus_accel_quilt_reader_patches_with_tag(reader, &none, NULL, &found, &error));
    CHECK_EQUAL(count_of(found), 0);
    CHECK(walrus_accel_quilt_patches_free(found) == WALRUS_ACCEL_OK);
}

/* Slivers of either axis, just enough of them, and with damage. */
static void check_slivers(const walrus_accel_runtime *runtime, quilt *quilt) {
    walrus_accel_sliver slivers[2 * SHARDS];
    walrus_accel_quilt_reader *reader =
        reader_of(runtime, quilt, quilt->columns, quilt->shape.columns);
    uint8_t *damaged = claim(quilt->columns[1].length);
    size_t number;
    check_reader(quilt, reader);
    CHECK_OK(walrus_accel_quilt_reader_check(reader, NULL, &error));
    CHECK(walrus_accel_quilt_reader_free(reader) == WALRUS_ACCEL_OK);
    /* Primary slivers restore all columns. */
    reader = reader_of(runtime, quilt, quilt->rows + SHARDS - quilt->shape.rows, quilt->shape.rows);
    check_reader(quilt, reader);
    CHECK_OK(walrus_accel_quilt_reader_check(reader, NULL, &error));
    CHECK(walrus_accel_quilt_reader_free(reader) == WALRUS_ACCEL_OK);
    /* A damaged column is restored from the others. */
    memcpy(damaged, quilt->columns[1].data, quilt->columns[1].length);
    damaged[20] ^= 1;
    for (number = 0; number < SHARDS; number++) { slivers[number] = quilt->columns[number]; }
    slivers[1].data = damaged;
    reader = reader_of(runtime, quilt, slivers, SHARDS);
    check_reader(quilt, reader);
    CHECK(walrus_accel_quilt_reader_free(reader) == WALRUS_ACCEL_OK);
    free(damaged);
}

/* The columns of a patch suffice to read it by its ID. */
static void check_few(const walrus_accel_runtime *runtime, quilt *quilt) {
    walrus_accel_quilt_reader_read_request request = WALRUS_ACCEL_QUILT_READER_READ_REQUEST_INIT;
    walrus_accel_quilt_patch patch = WALRUS_ACCEL_QUILT_PATCH_INIT;
    walrus_accel_quilt_patches *patches = NULL, *none = UNSET(walrus_accel_quilt_patches);
    walrus_accel_quilt_content *content = NULL;
    walrus_accel_quilt_reader *reader = reader_of(runtime, quilt, quilt->columns + 3, 2);
    CHECK_OK(walrus_accel_quilt_patches_get(quilt->patches, 2, &patch, &error));
    CHECK_OK(walrus_accel_quilt_reader_patch_by_id(reader, patch.patch_id, NULL, &patches, &error));
    check_patch(quilt, patches, 0, 2);
    request.patches = patches;
    CHECK_OK(walrus_accel_quilt_reader_read(reader, &request, NULL, &content, &error));
    check_content(&quilt->files[2], content);
    CHECK(walrus_accel_quilt_content_free(content) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_quilt_patches_free(patches) == WALRUS_ACCEL_OK);
    CHECK_STATUS(WALRUS_ACCEL_NOT_ENOUGH_SLIVERS,
        walrus_accel_quilt_reader_patches(reader, NULL, &none, &error));
    CHECK(none == NULL);
    CHECK_STATUS(
        WALRUS_ACCEL_NOT_ENOUGH_SLIVERS, walrus_accel_quilt_reader_check(reader, NULL, &error));
    /* Patches that the encoding returned, without a search. */
    request.patches = quilt->patches;
    request.position = 2;
    CHECK_OK(walrus_accel_quilt_reader_read(reader, &request, NULL, &content, &error));
    check_content(&quilt->files[2], content);
    CHECK(walrus_accel_quilt_content_free(content) == WALRUS_ACCEL_OK);
    request.position = 3;
    content = UNSET(walrus_accel_quilt_content);
    CHECK_STATUS(WALRUS_ACCEL_NOT_ENOUGH_SLIVERS,
        walrus_accel_quilt_reader_read(reader, &request, NULL, &content, &error));
    CHECK(content == NULL);
    CHECK(walrus_accel_quilt_reader_free(reader) == WALRUS_ACCEL_OK);
}

static void check_directory(const walrus_accel_runtime *runtime, quilt *quilt) {
    walrus_accel_encode_quilt_request request = quilt->request;
    walrus_accel_quilt_reader_request from = WALRUS_ACCEL_QUILT_READER_REQUEST_INIT;
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_DIRECTORY);
    walrus_accel_encoded *encoded = NULL;
    walrus_accel_quilt_reader *reader = NULL;
    const char *path = NULL;
    char *folder = folder_new();
    sink.path = folder;
    request.sink = &sink;
    CHECK_OK(walrus_accel_encode_quilt(runtime, &request, NULL, &encoded, &error));
    check_encoded(quilt, encoded);
    REQUIRE_OK(walrus_accel_encoded_directory(encoded, &path, NULL, &error));
    from.metadata = quilt->metadata;
    from.directory = path;
    CHECK_OK(walrus_accel_quilt_reader_new(runtime, &from, NULL, &reader, &error));
    check_reader(quilt, reader);
    CHECK_OK(walrus_accel_quilt_reader_check(reader, NULL, &error));
    {
        /* No output replaces a sliver. */
        walrus_accel_quilt_reader_read_request read = WALRUS_ACCEL_QUILT_READER_READ_REQUEST_INIT;
        walrus_accel_quilt_content *content = UNSET(walrus_accel_quilt_content);
        char *sliver = path_in(path, "pairs/0000.primary.bcs");
        read.patches = quilt->patches;
        read.output_kind = WALRUS_ACCEL_OUTPUT_FILE;
        read.output_path = sliver;
        CHECK_STATUS(BAD, walrus_accel_quilt_reader_read(reader, &read, NULL, &content, &error));
        CHECK(content == NULL);
        free(sliver);
    }
    CHECK(walrus_accel_quilt_reader_free(reader) == WALRUS_ACCEL_OK);
    from.directory = folder;
    reader = UNSET(walrus_accel_quilt_reader);
    CHECK_STATUS(
        WALRUS_ACCEL_IO, walrus_accel_quilt_reader_new(runtime, &from, NULL, &reader, &error));
    CHECK(reader == NULL);
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    folder_free(folder);
}

static void refuse(const walrus_accel_runtime *runtime,
    const walrus_accel_quilt_reader_request *request, walrus_accel_status expected,
    const char *text) {
    walrus_accel_quilt_reader *reader = UNSET(walrus_accel_quilt_reader);
    CHECK_MESSAGE(
        expected, text, walrus_accel_quilt_reader_new(runtime, request, NULL, &reader, &error));
    CHECK(reader == NULL);
}

static int32_t read_blob(uint64_t offset, uint8_t *out, size_t length, void *user_data) {
    const quilt *quilt = user_data;
    memcpy(out, quilt->blob + offset, length);
    return 0;
}

static int32_t fail(uint64_t offset, uint8_t *out, size_t length, void *user_data) {
    (void)offset;
    (void)out;
    (void)length;
    (void)user_data;
    return -5;
}

static void check_blob(const walrus_accel_runtime *runtime, quilt *quilt) {
    walrus_accel_quilt_reader_request from = WALRUS_ACCEL_QUILT_READER_REQUEST_INIT;
    walrus_accel_source source = source_of(quilt->blob, (size_t)quilt->shape.blob_length);
    walrus_accel_quilt_reader *reader = NULL;
    walrus_accel_quilt_patches *none = UNSET(walrus_accel_quilt_patches);
    char *folder = folder_new(), *path = path_in(folder, "quilt");
    uint32_t kind;
    file_write(path, quilt->blob, (size_t)quilt->shape.blob_length);
    from.metadata = quilt->metadata;
    from.blob = &source;
    source.path = path;
    source.read = read_blob;
    source.user_data = quilt;
    for (kind = WALRUS_ACCEL_SOURCE_MEMORY; kind <= WALRUS_ACCEL_SOURCE_CALLBACK; kind++) {
        source.kind = kind;
        if (kind == WALRUS_ACCEL_SOURCE_DESCRIPTOR) { continue; }
        CHECK_OK(walrus_accel_quilt_reader_new(runtime, &from, NULL, &reader, &error));
        check_reader(quilt, reader);
        CHECK_OK(walrus_accel_quilt_reader_check(reader, NULL, &error));
        CHECK(walrus_accel_quilt_reader_free(reader) == WALRUS_ACCEL_OK);
    }
    source.read = fail;
    CHECK_OK(walrus_accel_quilt_reader_new(runtime, &from, NULL, &reader, &error));
    CHECK_MESSAGE(WALRUS_ACCEL_CALLBACK_FAILED, "-5",
        walrus_accel_quilt_reader_patches(reader, NULL, &none, &error));
    CHECK(none == NULL);
    CHECK(walrus_accel_quilt_reader_free(reader) == WALRUS_ACCEL_OK);
    source.length--;
    refuse(runtime, &from, BAD, "metadata");
    source.kind = WALRUS_ACCEL_SOURCE_PATH;
    file_write(path, quilt->blob, 10);
    refuse(runtime, &from, BAD, "10 bytes");
    source.path = folder;
    refuse(runtime, &from, WALRUS_ACCEL_IO, NULL);
    from.directory = folder;
    refuse(runtime, &from, BAD, "both set");
    from.slivers = quilt->columns;
    refuse(runtime, &from, BAD, "both set");
    free(path);
    folder_free(folder);
}

/* Blobs that are no quilts: of another length, and with other bytes. */
static void check_no_quilt(const walrus_accel_runtime *runtime, const quilt *quilt) {
    sample other = sample_new(runtime, SHARDS, 1, 100);
    walrus_accel_quilt_reader_request from = WALRUS_ACCEL_QUILT_READER_REQUEST_INIT;
    walrus_accel_quilt_reader *reader = NULL;
    walrus_accel_quilt_patches *none = UNSET(walrus_accel_quilt_patches);
    walrus_accel_sliver *slivers;
    from.metadata = other.metadata;
    refuse(runtime, &from, WALRUS_ACCEL_MALFORMED, "100");
    sample_free(&other);
    other = sample_new(runtime, SHARDS, 1, (size_t)quilt->shape.blob_length);
    slivers = last_slivers(&other, WALRUS_ACCEL_AXIS_SECONDARY, SHARDS);
    from.metadata = other.metadata;
    from.slivers = slivers;
    from.sliver_count = SHARDS;
    CHECK_OK(walrus_accel_quilt_reader_new(runtime, &from, NULL, &reader, &error));
    CHECK_STATUS(
        WALRUS_ACCEL_MALFORMED, walrus_accel_quilt_reader_patches(reader, NULL, &none, &error));
    CHECK(none == NULL);
    CHECK_STATUS(WALRUS_ACCEL_MALFORMED, walrus_accel_quilt_reader_check(reader, NULL, &error));
    CHECK(walrus_accel_quilt_reader_free(reader) == WALRUS_ACCEL_OK);
    free(slivers);
    sample_free(&other);
}

/* Patches that the quilt does not have. */
static void check_missing(const walrus_accel_runtime *runtime, quilt *quilt) {
    walrus_accel_quilt_reader *reader =
        reader_of(runtime, quilt, quilt->columns, quilt->shape.columns);
    walrus_accel_quilt_reader_read_request request = WALRUS_ACCEL_QUILT_READER_READ_REQUEST_INIT;
    walrus_accel_quilt_patches *none = UNSET(walrus_accel_quilt_patches);
    walrus_accel_quilt_content *content = UNSET(walrus_accel_quilt_content);
    walrus_accel_control *control = NULL;
    uint8_t other[WALRUS_ACCEL_BLOB_ID_LENGTH] = {0};
    char text[TEXT];
    CHECK_MESSAGE(WALRUS_ACCEL_NOT_FOUND, "aa",
        walrus_accel_quilt_reader_patch(reader, "aa", NULL, &none, &error));
    CHECK(none == NULL);
    none = UNSET(walrus_accel_quilt_patches);
    CHECK_OK(walrus_accel_quilt_patch_id_to_text(other, 1, 2, text, sizeof text, &error));
    CHECK_MESSAGE(WALRUS_ACCEL_NOT_FOUND, "AAAA",
        walrus_accel_quilt_reader_patch_by_id(reader, text, NULL, &none, &error));
    CHECK(none == NULL);
    none = UNSET(walrus_accel_quilt_patches);
    CHECK_OK(walrus_accel_quilt_patch_id_to_text(quilt->id, 1, 3, text, sizeof text, &error));
    CHECK_MESSAGE(WALRUS_ACCEL_NOT_FOUND, "column 1",
        walrus_accel_quilt_reader_patch_by_id(reader, text, NULL, &none, &error));
    CHECK(none == NULL);
    none = UNSET(walrus_accel_quilt_patches);
    CHECK_OK(walrus_accel_quilt_patch_id_to_text(quilt->id, 6, 9, text, sizeof text, &error));
    CHECK_STATUS(WALRUS_ACCEL_MALFORMED,
        walrus_accel_quilt_reader_patch_by_id(reader, text, NULL, &none, &error));
    CHECK(none == NULL);
    none = UNSET(walrus_accel_quilt_patches);
    text[4] = '!';
    CHECK_STATUS(BAD, walrus_accel_quilt_reader_patch_by_id(reader, text, NULL, &none, &error));
    CHECK(none == NULL);
    request.patches = quilt->patches;
    request.position = FILES;
    CHECK_MESSAGE(WALRUS_ACCEL_NOT_FOUND, "5",
        walrus_accel_quilt_reader_read(reader, &request, NULL, &content, &error));
    CHECK(content == NULL);
    REQUIRE_OK(walrus_accel_control_new(&control, &error));
    CHECK_OK(walrus_accel_control_cancel(control, &error));
    {
        walrus_accel_quilt_reader_request from = WALRUS_ACCEL_QUILT_READER_REQUEST_INIT;
        walrus_accel_quilt_reader *made = UNSET(walrus_accel_quilt_reader);
        from.metadata = quilt->metadata;
        CHECK_STATUS(WALRUS_ACCEL_CANCELLED,
            walrus_accel_quilt_reader_new(runtime, &from, control, &made, &error));
        CHECK(made == NULL);
    }
    request.position = 0;
    content = UNSET(walrus_accel_quilt_content);
    CHECK_STATUS(WALRUS_ACCEL_CANCELLED,
        walrus_accel_quilt_reader_read(reader, &request, control, &content, &error));
    CHECK(content == NULL);
    CHECK_STATUS(WALRUS_ACCEL_CANCELLED, walrus_accel_quilt_reader_check(reader, control, &error));
    none = UNSET(walrus_accel_quilt_patches);
    CHECK_STATUS(
        WALRUS_ACCEL_CANCELLED, walrus_accel_quilt_reader_patches(reader, control, &none, &error));
    CHECK(none == NULL);
    CHECK(walrus_accel_control_free(control) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_quilt_reader_free(reader) == WALRUS_ACCEL_OK);
}

void quilts_reading(const walrus_accel_runtime *runtime, quilt *quilt) {
    check_slivers(runtime, quilt);
    check_few(runtime, quilt);
    check_directory(runtime, quilt);
    check_blob(runtime, quilt);
    check_no_quilt(runtime, quilt);
    check_missing(runtime, quilt);
}
