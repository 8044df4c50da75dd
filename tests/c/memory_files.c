/* Calls that read and write files, and callbacks. */
#include "check.h"
#include "memory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

walrus_accel_status encode_file(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_source source = WALRUS_ACCEL_SOURCE_INIT;
    source.kind = WALRUS_ACCEL_SOURCE_PATH;
    source.path = here.file;
    return encode_from(runtime, &source, NULL, is_checked);
}

walrus_accel_status encode_descriptor(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_source source = WALRUS_ACCEL_SOURCE_INIT;
    walrus_accel_status status;
    int ends[2];
    uint8_t bytes[3000];
    memset(bytes, 7, sizeof bytes);
    REQUIRE(pipe(ends) == 0 && write(ends[1], bytes, sizeof bytes) == (ssize_t)sizeof bytes);
    close(ends[1]);
    source.kind = WALRUS_ACCEL_SOURCE_DESCRIPTOR;
    source.descriptor = ends[0];
    (void)is_checked;
    status = encode_from(runtime, &source, NULL, 0);
    close(ends[0]);
    return status;
}

static int32_t read_blob(uint64_t offset, uint8_t *out, size_t length, void *user_data) {
    (void)user_data;
    memcpy(out, here.given.blob + offset, length);
    return 0;
}

walrus_accel_status encode_reads(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_source source = WALRUS_ACCEL_SOURCE_INIT;
    source.kind = WALRUS_ACCEL_SOURCE_CALLBACK;
    source.length = here.given.length;
    source.read = read_blob;
    return encode_from(runtime, &source, NULL, is_checked);
}

static int32_t count_piece(const walrus_accel_piece *piece, void *user_data) {
    *(uint64_t *)user_data += piece->length;
    return 0;
}

walrus_accel_status encode_to_callback(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_source source = source_of(here.given.blob, here.given.length);
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_CALLBACK);
    const walrus_accel_shape *shape = &here.given.shape;
    uint64_t length = 0;
    walrus_accel_status status;
    sink.write = count_piece;
    sink.user_data = &length;
    status = encode_from(runtime, &source, &sink, is_checked);
    if (is_checked) {
        CHECK_EQUAL(
            length, here.given.n_shards * (shape->primary_length + shape->secondary_length));
    }
    return status;
}

walrus_accel_status encode_to_directory(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_source source = source_of(here.given.blob, here.given.length);
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_DIRECTORY);
    sink.path = here.folder;
    return encode_from(runtime, &source, &sink, is_checked);
}

/* Decodes to a file that does not exist before, nor after. */
static walrus_accel_status decode_here(
    const walrus_accel_runtime *runtime, walrus_accel_decode_request *request, int is_checked) {
    walrus_accel_decoded *decoded = UNSET(walrus_accel_decoded);
    walrus_accel_error *error = NULL;
    walrus_accel_status status;
    char *path = path_in(here.folder, "decoded");
    request->output_kind = WALRUS_ACCEL_OUTPUT_FILE;
    request->output_path = path;
    status = walrus_accel_decode(runtime, request, NULL, &decoded, &error);
    if (status == WALRUS_ACCEL_OK && is_checked) {
        size_t length = 0;
        uint8_t *blob = file_read(path, &length);
        REQUIRE(blob != NULL);
        CHECK_EQUAL(length, here.given.length);
        CHECK_BYTES(blob, here.given.blob, length);
        free(blob);
    }
    CHECK((unlink(path) == 0) == (status == WALRUS_ACCEL_OK));
    free(path);
    CHECK(walrus_accel_decoded_free(decoded) == WALRUS_ACCEL_OK);
    return with_error(status, error);
}

walrus_accel_status decode_to_file(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_decode_request request =
        decode_request_of(&here.given, here.slivers, here.sliver_count);
    return decode_here(runtime, &request, is_checked);
}

walrus_accel_status decode_directory(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_decode_request request = WALRUS_ACCEL_DECODE_REQUEST_INIT;
    request.metadata = here.given.metadata;
    request.directory = here.directory;
    return decode_here(runtime, &request, is_checked);
}

static walrus_accel_status look_into(
    const walrus_accel_runtime *runtime, uint32_t quick, int is_checked) {
    walrus_accel_directory_report *report = UNSET(walrus_accel_directory_report);
    walrus_accel_error *error = NULL;
    walrus_accel_status status =
        walrus_accel_directory_verify(runtime, here.directory, quick, NULL, &report, &error);
    CHECK((status == WALRUS_ACCEL_OK) == (report != NULL));
    if (status == WALRUS_ACCEL_OK && is_checked) {
        size_t checked = 0, bad = 0;
        CHECK_OK(walrus_accel_directory_report_counts(report, &checked, &bad, &error));
        CHECK(bad == 0 && checked >= (size_t)2 * here.given.n_shards);
    }
    CHECK(walrus_accel_directory_report_free(report) == WALRUS_ACCEL_OK);
    return with_error(status, error);
}

walrus_accel_status verify_directory(const walrus_accel_runtime *runtime, int is_checked) {
    return look_into(runtime, 0, is_checked);
}

walrus_accel_status verify_quickly(const walrus_accel_runtime *runtime, int is_checked) {
    return look_into(runtime, 1, is_checked);
}

/* A sliver is missing before, and present after a successful call. */
walrus_accel_status repair_directory(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_directory_report *report = UNSET(walrus_accel_directory_report);
    walrus_accel_error *error = NULL;
    walrus_accel_status status;
    char *path = path_in(here.directory, "pairs/0001.primary.bcs");
    unlink(path);
    status = walrus_accel_directory_repair(runtime, here.directory, NULL, &report, &error);
    CHECK((status == WALRUS_ACCEL_OK) == (report != NULL));
    CHECK(status != WALRUS_ACCEL_OK || access(path, R_OK) == 0);
    free(path);
    CHECK(walrus_accel_directory_report_free(report) == WALRUS_ACCEL_OK);
    status = with_error(status, error);
    return is_checked && status == WALRUS_ACCEL_OK ? look_into(runtime, 0, 1) : status;
}
