/*
 * Jobs that encode and read quilts: results, ends, and readers that are freed before their jobs.
 */
#include "quilts.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BAD WALRUS_ACCEL_INVALID_ARGUMENT

static void note_end(void *user_data) { __atomic_add_fetch((int *)user_data, 1, __ATOMIC_ACQ_REL); }

static void wait_for(const walrus_accel_job *job, walrus_accel_status expected) {
    CHECK_OK(walrus_accel_job_wait(job, WALRUS_ACCEL_FOREVER, &error));
    CHECK_STATUS(expected, walrus_accel_job_result(job, &error));
}

/* The caller closes the descriptor, and frees its arrays, when the job is submitted. */
static void check_encoding(const walrus_accel_runtime *runtime, quilt *quilt) {
    walrus_accel_encode_quilt_request request = quilt->request;
    walrus_accel_quilt_entry *entries = claim(sizeof quilt->entries);
    walrus_accel_source source = WALRUS_ACCEL_SOURCE_INIT;
    walrus_accel_encoded *encoded = NULL;
    walrus_accel_quilt_content *content = UNSET(walrus_accel_quilt_content);
    walrus_accel_job *job = NULL, *failing = NULL, *none = UNSET(walrus_accel_job);
    char *folder = folder_new(), *path = path_in(folder, "e");
    int ends = 0;
    file_write(path, quilt->files[4].bytes, quilt->files[4].length);
    memcpy(entries, quilt->entries, sizeof quilt->entries);
    source.kind = WALRUS_ACCEL_SOURCE_DESCRIPTOR;
    source.descriptor = open(path, O_RDONLY);
    REQUIRE(source.descriptor >= 0);
    entries[0].source = &source;
    request.entries = entries;
    REQUIRE_OK(walrus_accel_submit_encode_quilt(runtime, &request, note_end, &ends, &job, &error));
    CHECK(close(source.descriptor) == 0);
    CHECK_STATUS(WALRUS_ACCEL_IO,
        walrus_accel_submit_encode_quilt(runtime, &request, NULL, NULL, &none, &error));
    CHECK(none == NULL);
    none = UNSET(walrus_accel_job);
    entries[0] = entries[1];
    REQUIRE_OK(
        walrus_accel_submit_encode_quilt(runtime, &request, note_end, &ends, &failing, &error));
    entries[0].identifier = NULL;
    CHECK_STATUS(
        BAD, walrus_accel_submit_encode_quilt(runtime, &request, NULL, NULL, &none, &error));
    CHECK(none == NULL);
    memset(entries, 0xff, sizeof quilt->entries);
    free(entries);
    wait_for(job, WALRUS_ACCEL_OK);
    wait_for(failing, BAD);
    CHECK_STATUS(
        WALRUS_ACCEL_NOT_FOUND, walrus_accel_job_take_quilt_content(job, &content, &error));
    CHECK(content == NULL);
    CHECK_OK(walrus_accel_job_take_encoded(job, &encoded, &error));
    CHECK(walrus_accel_job_free(job) == WALRUS_ACCEL_OK);
    check_encoded(quilt, encoded);
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    encoded = UNSET(walrus_accel_encoded);
    CHECK_STATUS(BAD, walrus_accel_job_take_encoded(failing, &encoded, &error));
    CHECK(encoded == NULL);
    CHECK(walrus_accel_job_free(failing) == WALRUS_ACCEL_OK);
    CHECK_EQUAL(__atomic_load_n(&ends, __ATOMIC_ACQUIRE), 2);
    free(path);
    folder_free(folder);
}

/* All patches at once, a check and an extraction. */
static void check_reading(const walrus_accel_runtime *runtime, quilt *quilt) {
    walrus_accel_quilt_reader *reader =
        reader_of(runtime, quilt, quilt->columns, quilt->shape.columns);
    walrus_accel_quilt_reader_extract_request extract =
        WALRUS_ACCEL_QUILT_READER_EXTRACT_REQUEST_INIT;
    walrus_accel_job *jobs[FILES + 2], *none = UNSET(walrus_accel_job);
    walrus_accel_encoded *encoded = UNSET(walrus_accel_encoded);
    walrus_accel_quilt_content *content = NULL;
    char *folder = folder_new(), *path = path_in(folder, "c");
    uint8_t *found;
    size_t number, length = 0;
    int ends = 0;
    for (number = 0; number < FILES; number++) {
        walrus_accel_quilt_reader_read_request request =
            WALRUS_ACCEL_QUILT_READER_READ_REQUEST_INIT;
        request.patches = quilt->patches;
        request.position = number;
        REQUIRE_OK(walrus_accel_submit_quilt_read(
            reader, &request, note_end, &ends, &jobs[number], &error));
        request.position = FILES;
        CHECK_STATUS(WALRUS_ACCEL_NOT_FOUND,
            walrus_accel_submit_quilt_read(reader, &request, NULL, NULL, &none, &error));
        CHECK(none == NULL);
        none = UNSET(walrus_accel_job);
    }
    extract.patches = quilt->patches;
    extract.directory = folder;
    REQUIRE_OK(walrus_accel_submit_quilt_check(reader, note_end, &ends, &jobs[FILES], &error));
    REQUIRE_OK(walrus_accel_submit_quilt_extract(
        reader, &extract, note_end, &ends, &jobs[FILES + 1], &error));
    extract.directory = NULL;
    CHECK_STATUS(
        BAD, walrus_accel_submit_quilt_extract(reader, &extract, NULL, NULL, &none, &error));
    CHECK(none == NULL);
    /* The jobs keep what they need. */
    CHECK(walrus_accel_quilt_reader_free(reader) == WALRUS_ACCEL_OK);
    for (number = 0; number < FILES + 2; number++) {
        wait_for(jobs[number], WALRUS_ACCEL_OK);
        CHECK_STATUS(
            WALRUS_ACCEL_NOT_FOUND, walrus_accel_job_take_encoded(jobs[number], &encoded, &error));
        CHECK(encoded == NULL);
        if (number < FILES) {
            CHECK_OK(walrus_accel_job_take_quilt_content(jobs[number], &content, &error));
            check_content(&quilt->files[number], content);
            CHECK(walrus_accel_quilt_content_free(content) == WALRUS_ACCEL_OK);
        }
        content = UNSET(walrus_accel_quilt_content);
        CHECK_STATUS(WALRUS_ACCEL_NOT_FOUND,
            walrus_accel_job_take_quilt_content(jobs[number], &content, &error));
        CHECK(content == NULL);
        CHECK(walrus_accel_job_free(jobs[number]) == WALRUS_ACCEL_OK);
    }
    CHECK_EQUAL(__atomic_load_n(&ends, __ATOMIC_ACQUIRE), FILES + 2);
    found = file_read(path, &length);
    CHECK_EQUAL(length, quilt->files[2].length);
    CHECK_BYTES(found, quilt->files[2].bytes, length);
    free(found);
    free(path);
    folder_free(folder);
}

/* Blob whose reads wait. */
typedef struct held {
    const quilt *quilt;
    pthread_mutex_t lock;
} held;

static int32_t read_held(uint64_t offset, uint8_t *out, size_t length, void *user_data) {
    held *held = user_data;
    pthread_mutex_lock(&held->lock);
    memcpy(out, held->quilt->blob + offset, length);
    pthread_mutex_unlock(&held->lock);
    return 0;
}

/* A running job outlives its reader, and is cancelled by its handle. */
static void check_held(const walrus_accel_runtime *runtime, quilt *quilt) {
    walrus_accel_quilt_reader_request from = WALRUS_ACCEL_QUILT_READER_REQUEST_INIT;
    walrus_accel_quilt_reader_read_request request = WALRUS_ACCEL_QUILT_READER_READ_REQUEST_INIT;
    walrus_accel_source source = WALRUS_ACCEL_SOURCE_INIT;
    walrus_accel_quilt_reader *reader = NULL;
    walrus_accel_job *job = NULL, *cancelled = NULL;
    walrus_accel_quilt_content *content = UNSET(walrus_accel_quilt_content);
    uint8_t bytes[64] = {0};
    held held;
    held.quilt = quilt;
    REQUIRE(pthread_mutex_init(&held.lock, NULL) == 0);
    source.kind = WALRUS_ACCEL_SOURCE_CALLBACK;
    source.length = quilt->shape.blob_length;
    source.read = read_held;
    source.user_data = &held;
    from.metadata = quilt->metadata;
    from.blob = &source;
    REQUIRE_OK(walrus_accel_quilt_reader_new(runtime, &from, NULL, &reader, &error));
    request.patches = quilt->patches;
    request.output_kind = WALRUS_ACCEL_OUTPUT_MEMORY;
    request.output = bytes;
    request.output_length = sizeof bytes;
    pthread_mutex_lock(&held.lock);
    REQUIRE_OK(walrus_accel_submit_quilt_read(reader, &request, NULL, NULL, &job, &error));
    REQUIRE_OK(walrus_accel_submit_quilt_check(reader, NULL, NULL, &cancelled, &error));
    CHECK(walrus_accel_quilt_reader_free(reader) == WALRUS_ACCEL_OK);
    CHECK_STATUS(WALRUS_ACCEL_TIMED_OUT, walrus_accel_job_wait(job, 20, &error));
    CHECK_STATUS(
        WALRUS_ACCEL_NOT_ENDED, walrus_accel_job_take_quilt_content(job, &content, &error));
    CHECK(content == NULL);
    CHECK_OK(walrus_accel_job_cancel(cancelled, &error));
    pthread_mutex_unlock(&held.lock);
    wait_for(job, WALRUS_ACCEL_OK);
    wait_for(cancelled, WALRUS_ACCEL_CANCELLED);
    CHECK_BYTES(bytes, quilt->files[0].bytes, sizeof bytes);
    CHECK(walrus_accel_job_free(job) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_job_free(cancelled) == WALRUS_ACCEL_OK);
    pthread_mutex_destroy(&held.lock);
}

void quilts_jobs(const walrus_accel_runtime *runtime, quilt *quilt) {
    check_encoding(runtime, quilt);
    check_reading(runtime, quilt);
    check_held(runtime, quilt);
}
