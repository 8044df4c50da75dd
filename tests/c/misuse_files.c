/*
 * Paths and descriptors: odd but legal ones, and ones that lead nowhere.
 */
#include "misuse.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BAD WALRUS_ACCEL_INVALID_ARGUMENT

/* A name that is not UTF-8. */
#define ODD "\xff\xfe odd \x80"

/* Encodes from a source to a sink; NULL for the world's. */
static walrus_accel_status encode(world *world, const walrus_accel_source *source,
    const walrus_accel_sink *sink, walrus_accel_encoded **encoded, walrus_accel_error **error) {
    walrus_accel_encode_request request = world->encode;
    request.source = source ? source : &world->source;
    request.sink = sink ? sink : &world->sink;
    return walrus_accel_encode(world->runtime, &request, NULL, encoded, error);
}

static walrus_accel_source source_at(const char *path) {
    walrus_accel_source source = WALRUS_ACCEL_SOURCE_INIT;
    source.kind = WALRUS_ACCEL_SOURCE_PATH;
    source.path = path;
    return source;
}

static walrus_accel_source source_behind(int descriptor) {
    walrus_accel_source source = WALRUS_ACCEL_SOURCE_INIT;
    source.kind = WALRUS_ACCEL_SOURCE_DESCRIPTOR;
    source.descriptor = descriptor;
    return source;
}

static walrus_accel_sink sink_at(const char *path) {
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_DIRECTORY);
    sink.path = path;
    return sink;
}

/* Nothing is written to the directory that is decoded. */
static void refuse_inputs(world *world, const walrus_accel_decode_request *given) {
    static const char *const names[] = {
        "metadata.bcs", "manifest.json", "pairs/0000.primary.bcs", "new"};
    walrus_accel_decode_request decode = *given;
    size_t number;
    for (number = 0; number < sizeof names / sizeof *names; number++) {
        char *inside = path_in(given->directory, names[number]);
        size_t before = 0, after = 0;
        uint8_t *content = NULL, *same = NULL;
        int is_there = strcmp(names[number], "new") != 0;
        if (is_there) { content = file_read(inside, &before); }
        decode.output_path = inside;
        REFUSES_HANDLE(BAD, walrus_accel_decoded,
            walrus_accel_decode(world->runtime, &decode, NULL, &out, &error));
        if (is_there) {
            same = file_read(inside, &after);
            CHECK_EQUAL(after, before);
            CHECK_BYTES(same, content, before);
        }
        free(content);
        free(same);
        free(inside);
    }
}

static void check_odd_names(world *world) {
    char *file = path_in(world->folder, ODD), *folder = path_in(world->folder, "in " ODD);
    char *output = path_in(world->folder, "out " ODD);
    walrus_accel_decode_request decode = world->decode;
    walrus_accel_source source = source_at(file);
    walrus_accel_sink sink = sink_at(folder);
    walrus_accel_encoded *encoded = NULL;
    walrus_accel_decoded *decoded = NULL;
    walrus_accel_directory_report *report = NULL;
    const char *path = NULL;
    uint32_t already_there = 7;
    size_t length = 0, checked = 0, problems = 1;
    uint8_t *content;
    file_write(file, world->sample.blob, world->sample.length);
    CHECK_OK(encode(world, &source, &sink, &encoded, &error));
    CHECK(has_id(encoded, world->sample.id));
    CHECK_OK(walrus_accel_encoded_directory(encoded, &path, &already_there, &error));
    REQUIRE(path && strncmp(path, folder, strlen(folder)) == 0);
    CHECK_EQUAL(already_there, 0);
    CHECK_OK(walrus_accel_directory_verify(world->runtime, path, 0, NULL, &report, &error));
    CHECK_OK(walrus_accel_directory_report_counts(report, &checked, &problems, &error));
    CHECK(checked >= 2 * (size_t)world->sample.n_shards);
    CHECK_EQUAL(problems, 0);
    decode.slivers = NULL;
    decode.sliver_count = 0;
    decode.directory = path;
    decode.output_kind = WALRUS_ACCEL_OUTPUT_FILE;
    decode.output_path = output;
    CHECK_OK(walrus_accel_decode(world->runtime, &decode, NULL, &decoded, &error));
    content = file_read(output, &length);
    CHECK_EQUAL(length, world->sample.length);
    CHECK_BYTES(content, world->sample.blob, world->sample.length);
    free(content);
    refuse_inputs(world, &decode);
    CHECK(walrus_accel_directory_report_free(report) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_decoded_free(decoded) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    free(file);
    free(folder);
    free(output);
}

static void refuse_paths(world *world, walrus_accel_status expected, const char *path) {
    walrus_accel_source source = source_at(path);
    walrus_accel_decode_request decode = world->decode;
    walrus_accel_rebuild_request rebuild = world->rebuild;
    REFUSES_HANDLE(expected, walrus_accel_encoded, encode(world, &source, NULL, &out, &error));
    REFUSES_HANDLE(expected, walrus_accel_directory_report,
        walrus_accel_directory_verify(world->runtime, path, 0, NULL, &out, &error));
    REFUSES_HANDLE(expected, walrus_accel_directory_report,
        walrus_accel_directory_verify(world->runtime, path, 1, NULL, &out, &error));
    REFUSES_HANDLE(expected, walrus_accel_directory_report,
        walrus_accel_directory_repair(world->runtime, path, NULL, &out, &error));
    decode.slivers = rebuild.slivers = NULL;
    decode.sliver_count = rebuild.sliver_count = 0;
    decode.directory = rebuild.directory = path;
    REFUSES_HANDLE(expected, walrus_accel_decoded,
        walrus_accel_decode(world->runtime, &decode, NULL, &out, &error));
    REFUSES_HANDLE(expected, walrus_accel_encoded,
        walrus_accel_rebuild(world->runtime, &rebuild, NULL, &out, &error));
}

static void check_paths(world *world) {
    char *missing = path_in(world->folder, "missing " ODD), *file = path_in(world->folder, "file");
    char *below = path_in(file, "below");
    walrus_accel_source source = source_at(world->folder);
    walrus_accel_sink sink = sink_at(file);
    walrus_accel_decode_request decode = world->decode;
    file_write(file, (const uint8_t *)"x", 1);
    refuse_paths(world, WALRUS_ACCEL_IO, missing);
    refuse_paths(world, WALRUS_ACCEL_IO, below);
    refuse_paths(world, BAD, "");
    REFUSES_HANDLE(
        WALRUS_ACCEL_IO, walrus_accel_encoded, encode(world, &source, NULL, &out, &error));
    REFUSES_HANDLE(WALRUS_ACCEL_IO, walrus_accel_encoded, encode(world, NULL, &sink, &out, &error));
    sink = sink_at("");
    REFUSES_HANDLE(BAD, walrus_accel_encoded, encode(world, NULL, &sink, &out, &error));
    decode.output_kind = WALRUS_ACCEL_OUTPUT_FILE;
    decode.output_path = "";
    REFUSES_HANDLE(BAD, walrus_accel_decoded,
        walrus_accel_decode(world->runtime, &decode, NULL, &out, &error));
    decode.output_path = below;
    REFUSES_HANDLE(WALRUS_ACCEL_IO, walrus_accel_decoded,
        walrus_accel_decode(world->runtime, &decode, NULL, &out, &error));
    decode.output_path = world->directory;
    REFUSES_HANDLE(WALRUS_ACCEL_IO, walrus_accel_decoded,
        walrus_accel_decode(world->runtime, &decode, NULL, &out, &error));
    free(missing);
    free(below);
    free(file);
}

static void check_descriptors(world *world) {
    char *path = path_in(world->folder, "written");
    int writable = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600),
        folder = open(world->folder, O_RDONLY);
    const int numbers[] = {-1, INT32_MIN, 1000000, folder, writable};
    size_t number;
    REQUIRE(writable >= 0 && folder >= 0);
    REQUIRE(write(writable, "content", 7) == 7);
    for (number = 0; number < sizeof numbers / sizeof *numbers; number++) {
        walrus_accel_source source = source_behind(numbers[number]);
        walrus_accel_status expected = numbers[number] < 0 ? BAD : WALRUS_ACCEL_IO;
        REFUSES_HANDLE(expected, walrus_accel_encoded, encode(world, &source, NULL, &out, &error));
    }
    CHECK(lseek(writable, 0, SEEK_CUR) == 7);
    close(writable);
    close(folder);
    {
        walrus_accel_source source = source_behind(writable);
        walrus_accel_encode_request request = world->encode;
        request.source = &source;
        REFUSES_HANDLE(
            WALRUS_ACCEL_IO, walrus_accel_encoded, encode(world, &source, NULL, &out, &error));
        REFUSES_HANDLE(WALRUS_ACCEL_IO, walrus_accel_job,
            walrus_accel_submit_encode(world->runtime, &request, NULL, NULL, &out, &error));
    }
    free(path);
}

/* A target with other content is left or replaced; a target with the right content is left. */
static void check_targets(world *world) {
    char *folder = path_in(world->folder, "target"), *file;
    walrus_accel_sink sink = sink_at(folder);
    walrus_accel_encoded *encoded = NULL;
    const char *path = NULL;
    uint32_t already_there = 7;
    uint8_t *content;
    size_t length = 0;
    CHECK_OK(encode(world, NULL, &sink, &encoded, &error));
    CHECK_OK(walrus_accel_encoded_directory(encoded, &path, NULL, &error));
    REQUIRE(path != NULL);
    file = path_in(path, "pairs/0003.primary.bcs");
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    CHECK_OK(encode(world, NULL, &sink, &encoded, &error));
    CHECK_OK(walrus_accel_encoded_directory(encoded, &path, &already_there, &error));
    CHECK_EQUAL(already_there, 1);
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    file_write(file, (const uint8_t *)"other", 5);
    REFUSES_HANDLE(
        WALRUS_ACCEL_TARGET_EXISTS, walrus_accel_encoded, encode(world, NULL, &sink, &out, &error));
    content = file_read(file, &length);
    CHECK_EQUAL(length, 5);
    free(content);
    sink.replace = 1;
    CHECK_OK(encode(world, NULL, &sink, &encoded, &error));
    CHECK_OK(walrus_accel_encoded_directory(encoded, &path, &already_there, &error));
    CHECK_EQUAL(already_there, 0);
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    content = file_read(file, &length);
    CHECK_EQUAL(length, world->sample.shape.primary_length);
    free(content);
    free(file);
    free(folder);
}

static void check_texts(void) {
    walrus_accel_runtime_options options = WALRUS_ACCEL_RUNTIME_OPTIONS_INIT;
    options.engine = WALRUS_ACCEL_ENGINE_CPU;
    options.device = ODD;
    REFUSES_HANDLE(BAD, walrus_accel_runtime, walrus_accel_runtime_new(&options, &out, &error));
    options.device = NULL;
    options.instruction_set = ODD;
    REFUSES_HANDLE(BAD, walrus_accel_runtime, walrus_accel_runtime_new(&options, &out, &error));
    options.instruction_set = "";
    REFUSES_HANDLE(BAD, walrus_accel_runtime, walrus_accel_runtime_new(&options, &out, &error));
    options.instruction_set = "no such set";
    REFUSES_HANDLE(BAD, walrus_accel_runtime, walrus_accel_runtime_new(&options, &out, &error));
}

/* No partly written file is left. */
static void check_nothing_left(world *world) {
    walrus_accel_directory_report *report = NULL;
    size_t checked = 0, problems = 1;
    CHECK_OK(
        walrus_accel_directory_verify(world->runtime, world->directory, 1, NULL, &report, &error));
    CHECK_OK(walrus_accel_directory_report_counts(report, &checked, &problems, &error));
    CHECK_EQUAL(problems, 0);
    CHECK(walrus_accel_directory_report_free(report) == WALRUS_ACCEL_OK);
}

void misuse_files(world *world) {
    check_odd_names(world);
    check_paths(world);
    check_descriptors(world);
    check_targets(world);
    check_texts();
    check_nothing_left(world);
}
