/*
 * Outputs of patches: memory, files, and directories whose files no identifier leaves.
 */
#include "quilts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BAD WALRUS_ACCEL_INVALID_ARGUMENT

static void refuse(const walrus_accel_quilt_reader *reader,
    const walrus_accel_quilt_reader_read_request *request, walrus_accel_status expected,
    const char *text) {
    walrus_accel_quilt_content *content = UNSET(walrus_accel_quilt_content);
    CHECK_MESSAGE(
        expected, text, walrus_accel_quilt_reader_read(reader, request, NULL, &content, &error));
    CHECK(content == NULL);
}

/* Reads a patch elsewhere than to the library, and checks its length. */
static void read_to(const walrus_accel_quilt_reader *reader,
    const walrus_accel_quilt_reader_read_request *request, size_t expected) {
    walrus_accel_quilt_content *content = NULL;
    const uint8_t *data = UNSET(const uint8_t);
    size_t length = 7;
    uint64_t told = 0;
    CHECK_OK(walrus_accel_quilt_reader_read(reader, request, NULL, &content, &error));
    CHECK_OK(walrus_accel_quilt_content_length(content, &told, &error));
    CHECK_EQUAL(told, expected);
    CHECK_MESSAGE(WALRUS_ACCEL_NOT_FOUND, "elsewhere",
        walrus_accel_quilt_content_bytes(content, &data, &length, &error));
    CHECK(data == NULL && length == 0);
    CHECK(walrus_accel_quilt_content_free(content) == WALRUS_ACCEL_OK);
}

/* A buffer may be longer than the content, and stays as it is behind it. */
static void check_memory(const quilt *quilt, const walrus_accel_quilt_reader *reader) {
    walrus_accel_quilt_reader_read_request request = WALRUS_ACCEL_QUILT_READER_READ_REQUEST_INIT;
    const file *file = &quilt->files[2];
    size_t most = 2 * (size_t)quilt->shape.rows * quilt->shape.symbol_size, length;
    uint8_t *buffer = claim(most), *rest = claim(most);
    memset(rest, 0xa5, most);
    request.patches = quilt->patches;
    request.position = 2;
    request.output_kind = WALRUS_ACCEL_OUTPUT_MEMORY;
    request.output = buffer;
    for (length = file->length; length <= most; length++) {
        memset(buffer, 0xa5, most);
        request.output_length = length;
        read_to(reader, &request, file->length);
        CHECK_BYTES(buffer, file->bytes, file->length);
        CHECK_BYTES(buffer + file->length, rest, most - file->length);
    }
    request.output_length = file->length - 1;
    refuse(reader, &request, BAD, "333");
    request.output_length = UINT64_MAX;
    refuse(reader, &request, BAD, NULL);
    request.output = NULL;
    request.output_length = file->length;
    refuse(reader, &request, BAD, "output");
    request.output = (uint8_t *)(uintptr_t)quilt->columns[1].data + 3;
    refuse(reader, &request, BAD, "overlaps");
    /* An empty content needs no buffer. */
    request.position = 3;
    request.output = NULL;
    request.output_length = 0;
    read_to(reader, &request, 0);
    request.output_kind = 3;
    refuse(reader, &request, BAD, "output_kind");
    request.output_kind = WALRUS_ACCEL_OUTPUT_LIBRARY;
    request.output = buffer;
    refuse(reader, &request, BAD, "output_kind");
    free(buffer);
    free(rest);
}

static void is_file(const char *folder, const char *name, const file *expected) {
    char *path = path_in(folder, name);
    size_t length = 0;
    uint8_t *content = file_read(path, &length);
    CHECK(content != NULL);
    CHECK_EQUAL(length, expected->length);
    CHECK_BYTES(content, expected->bytes, length);
    free(content);
    free(path);
}

static void check_file(const quilt *quilt, const walrus_accel_quilt_reader *reader) {
    walrus_accel_quilt_reader_read_request request = WALRUS_ACCEL_QUILT_READER_READ_REQUEST_INIT;
    char *folder = folder_new(), *path = path_in(folder, "content");
    size_t number;
    request.patches = quilt->patches;
    request.output_kind = WALRUS_ACCEL_OUTPUT_FILE;
    request.output_path = path;
    /* A file is replaced. */
    for (number = 0; number < FILES; number++) {
        request.position = number;
        read_to(reader, &request, quilt->files[number].length);
        is_file(folder, "content", &quilt->files[number]);
    }
    request.output_path = folder;
    refuse(reader, &request, WALRUS_ACCEL_IO, NULL);
    request.output_path = "";
    refuse(reader, &request, BAD, "output_path");
    request.output_path = NULL;
    refuse(reader, &request, BAD, "output_path");
    free(path);
    folder_free(folder);
}

/* Patches of another quilt are refused before anything is read. */
static void check_strangers(const walrus_accel_runtime *runtime, const quilt *quilt,
    const walrus_accel_quilt_reader *reader) {
    walrus_accel_quilt_reader_read_request request = WALRUS_ACCEL_QUILT_READER_READ_REQUEST_INIT;
    walrus_accel_quilt_reader_extract_request extract =
        WALRUS_ACCEL_QUILT_READER_EXTRACT_REQUEST_INIT;
    walrus_accel_encode_quilt_request encode = quilt->request;
    walrus_accel_encoded *encoded = NULL;
    walrus_accel_quilt_patches *patches = NULL;
    encode.entry_count = 1;
    REQUIRE_OK(walrus_accel_encode_quilt(runtime, &encode, NULL, &encoded, &error));
    REQUIRE_OK(walrus_accel_encoded_patches(encoded, &patches, &error));
    request.patches = patches;
    refuse(reader, &request, BAD, "of quilt");
    extract.patches = patches;
    extract.directory = ".";
    CHECK_MESSAGE(
        BAD, "of quilt", walrus_accel_quilt_reader_extract(reader, &extract, NULL, &error));
    CHECK(walrus_accel_quilt_patches_free(patches) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
}

static void check_extract(const quilt *quilt, const walrus_accel_quilt_reader *reader) {
    walrus_accel_quilt_reader_extract_request request =
        WALRUS_ACCEL_QUILT_READER_EXTRACT_REQUEST_INIT;
    char *folder = folder_new(), *path = path_in(folder, "e");
    size_t number;
    request.patches = quilt->patches;
    request.directory = folder;
    CHECK_OK(walrus_accel_quilt_reader_extract(reader, &request, NULL, &error));
    for (number = 0; number < FILES; number++) {
        is_file(folder, quilt->files[number].identifier, &quilt->files[number]);
    }
    CHECK_STATUS(WALRUS_ACCEL_TARGET_EXISTS,
        walrus_accel_quilt_reader_extract(reader, &request, NULL, &error));
    file_write(path, quilt->blob, 1);
    request.replace = 1;
    CHECK_OK(walrus_accel_quilt_reader_extract(reader, &request, NULL, &error));
    is_file(folder, "e", &quilt->files[4]);
    request.replace = 2;
    CHECK_STATUS(BAD, walrus_accel_quilt_reader_extract(reader, &request, NULL, &error));
    request.replace = 0;
    request.directory = path;
    CHECK_STATUS(
        WALRUS_ACCEL_IO, walrus_accel_quilt_reader_extract(reader, &request, NULL, &error));
    request.directory = NULL;
    CHECK_STATUS(BAD, walrus_accel_quilt_reader_extract(reader, &request, NULL, &error));
    free(path);
    folder_free(folder);
}

/* Identifiers that are paths: below the directory, or refused. */
static void check_paths(const walrus_accel_runtime *runtime, const quilt *quilt) {
    walrus_accel_encode_quilt_request encode = quilt->request;
    walrus_accel_quilt_reader_request from = WALRUS_ACCEL_QUILT_READER_REQUEST_INIT;
    walrus_accel_quilt_reader_extract_request request =
        WALRUS_ACCEL_QUILT_READER_EXTRACT_REQUEST_INIT;
    static const char *const unsafe[] = {"../x", "/x", "x/", "x//y", "x/../../y", "."};
    char *folder = folder_new(), *inner = path_in(folder, "inner");
    size_t number;
    for (number = 0; number <= sizeof unsafe / sizeof *unsafe; number++) {
        int is_safe = number == sizeof unsafe / sizeof *unsafe;
        walrus_accel_quilt_entry entry = quilt->entries[0];
        walrus_accel_encoded *encoded = NULL;
        walrus_accel_metadata *metadata = NULL;
        walrus_accel_quilt_patches *patches = NULL;
        walrus_accel_quilt_reader *reader = NULL;
        walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_DIRECTORY);
        entry.identifier = is_safe ? "in/side/file" : unsafe[number];
        encode.entries = &entry;
        encode.entry_count = 1;
        encode.sink = &sink;
        sink.path = folder;
        REQUIRE_OK(walrus_accel_encode_quilt(runtime, &encode, NULL, &encoded, &error));
        REQUIRE_OK(walrus_accel_encoded_metadata(encoded, &metadata, &error));
        REQUIRE_OK(walrus_accel_encoded_directory(encoded, &from.directory, NULL, &error));
        from.metadata = metadata;
        REQUIRE_OK(walrus_accel_quilt_reader_new(runtime, &from, NULL, &reader, &error));
        REQUIRE_OK(walrus_accel_quilt_reader_patches(reader, NULL, &patches, &error));
        request.patches = patches;
        request.directory = is_safe ? folder : inner;
        CHECK_STATUS(is_safe ? WALRUS_ACCEL_OK : BAD,
            walrus_accel_quilt_reader_extract(reader, &request, NULL, &error));
        if (is_safe) { is_file(folder, "in/side/file", &quilt->files[FILES - 1]); }
        CHECK(walrus_accel_quilt_patches_free(patches) == WALRUS_ACCEL_OK);
        CHECK(walrus_accel_quilt_reader_free(reader) == WALRUS_ACCEL_OK);
        CHECK(walrus_accel_metadata_free(metadata) == WALRUS_ACCEL_OK);
        CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    }
    CHECK(access(inner, F_OK) != 0);
    free(inner);
    folder_free(folder);
}

void quilts_outputs(const walrus_accel_runtime *runtime, quilt *quilt) {
    walrus_accel_quilt_reader *reader =
        reader_of(runtime, quilt, quilt->columns, quilt->shape.columns);
    check_memory(quilt, reader);
    check_file(quilt, reader);
    check_strangers(runtime, quilt, reader);
    check_extract(quilt, reader);
    check_paths(runtime, quilt);
    CHECK(walrus_accel_quilt_reader_free(reader) == WALRUS_ACCEL_OK);
}
