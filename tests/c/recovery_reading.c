/*
 * A reader to which several threads add slivers, and its results; slivers of many blobs in one
 * request.
 */
#include "recovery.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SHARDS = 31, LENGTH = 100003, THREADS = 4 };

/* A thread adds every THREADS-th sliver, one at a time. */
typedef struct worker {
    pthread_t thread;
    const walrus_accel_reader *reader;
    const walrus_accel_sliver *slivers;
    size_t count, first;
    /* Number of slivers per outcome. */
    size_t outcomes[WALRUS_ACCEL_ADDED_DAMAGED + 1];
} worker;

static walrus_accel_status add(const walrus_accel_reader *reader,
    const walrus_accel_sliver *slivers, size_t count, const walrus_accel_control *control,
    walrus_accel_added *added, walrus_accel_error **error) {
    walrus_accel_reader_add_request request = WALRUS_ACCEL_READER_ADD_REQUEST_INIT;
    request.slivers = slivers;
    request.added = added;
    request.sliver_count = request.added_count = count;
    return walrus_accel_reader_add(reader, &request, control, error);
}

static void *work(void *given) {
    worker *worker = given;
    size_t number;
    for (number = worker->first; number < worker->count; number += THREADS) {
        walrus_accel_added added = {99, 99, 99};
        CHECK_OK(add(worker->reader, &worker->slivers[number], 1, NULL, &added, &error));
        CHECK_EQUAL(added.reserved, 0);
        CHECK(added.outcome >= WALRUS_ACCEL_ADDED_KEPT &&
              added.outcome <= WALRUS_ACCEL_ADDED_DAMAGED);
        worker->outcomes[added.outcome % (WALRUS_ACCEL_ADDED_DAMAGED + 1)]++;
    }
    return NULL;
}

static void check_ranges(const walrus_accel_reader *reader, const sample *sample) {
    const uint64_t offsets[] = {0, 1, 63, 64, 1000, 50001, LENGTH - 1, LENGTH};
    const size_t lengths[] = {0, 1, 2, 64, 1000, 49000, LENGTH};
    uint8_t *out = claim(LENGTH + 1);
    size_t offset, length;
    for (offset = 0; offset < sizeof offsets / sizeof *offsets; offset++) {
        for (length = 0; length < sizeof lengths / sizeof *lengths; length++) {
            uint64_t at = offsets[offset];
            size_t count = lengths[length];
            memset(out, 0xa5, LENGTH + 1);
            if (at + count > LENGTH) {
                CHECK_STATUS(WALRUS_ACCEL_INVALID_ARGUMENT,
                    walrus_accel_reader_read_range(reader, at, out, count, NULL, &error));
                continue;
            }
            CHECK_OK(walrus_accel_reader_read_range(reader, at, out, count, NULL, &error));
            CHECK_BYTES(out, sample->blob + at, count);
            CHECK_EQUAL(out[count], 0xa5);
        }
    }
    CHECK_OK(walrus_accel_reader_read_range(reader, LENGTH, NULL, 0, NULL, &error));
    CHECK_STATUS(WALRUS_ACCEL_INVALID_ARGUMENT,
        walrus_accel_reader_read_range(reader, UINT64_MAX, out, 1, NULL, &error));
    free(out);
}

/* Reads to every kind of output, with every check. */
static void check_read(const walrus_accel_reader *reader, const sample *sample, uint32_t axis) {
    char *folder = folder_new(), *path = path_in(folder, "blob");
    uint8_t *output = claim(LENGTH);
    uint32_t check, kind;
    for (check = WALRUS_ACCEL_CHECK_DEFAULT; check <= WALRUS_ACCEL_CHECK_SKIP; check++) {
        for (kind = WALRUS_ACCEL_OUTPUT_LIBRARY; kind <= WALRUS_ACCEL_OUTPUT_FILE; kind++) {
            walrus_accel_reader_read_request request = WALRUS_ACCEL_READER_READ_REQUEST_INIT;
            walrus_accel_decoded *decoded = NULL;
            const uint8_t *blob = output;
            uint8_t *content = NULL;
            size_t length = LENGTH;
            uint32_t found = 0;
            request.check = check;
            request.output_kind = kind;
            request.output = kind == WALRUS_ACCEL_OUTPUT_MEMORY ? output : NULL;
            request.output_length = LENGTH;
            request.output_path = kind == WALRUS_ACCEL_OUTPUT_FILE ? path : NULL;
            CHECK_OK(walrus_accel_reader_read(reader, &request, NULL, &decoded, &error));
            if (kind == WALRUS_ACCEL_OUTPUT_LIBRARY) {
                CHECK_OK(walrus_accel_decoded_blob(decoded, &blob, &length, &error));
            } else if (kind == WALRUS_ACCEL_OUTPUT_FILE) {
                blob = content = file_read(path, &length);
            }
            CHECK_EQUAL(length, LENGTH);
            CHECK_BYTES(blob, sample->blob, LENGTH);
            CHECK_OK(walrus_accel_decoded_axis(decoded, &found, &error));
            CHECK_EQUAL(found, axis);
            CHECK(walrus_accel_decoded_free(decoded) == WALRUS_ACCEL_OK);
            free(content);
        }
    }
    free(output);
    free(path);
    folder_free(folder);
}

static void check_seen(
    const walrus_accel_reader *reader, size_t kept, size_t damaged, size_t surplus) {
    walrus_accel_reader_report *seen = NULL;
    size_t found[3] = {0, 0, 0}, number;
    CHECK_OK(walrus_accel_reader_report_new(reader, &seen, &error));
    CHECK_OK(walrus_accel_reader_report_counts(seen, &found[0], &found[1], &found[2], &error));
    CHECK_EQUAL(found[0], kept);
    CHECK_EQUAL(found[1], damaged);
    CHECK_EQUAL(found[2], surplus);
    for (number = 0; number <= found[1]; number++) {
        walrus_accel_seen_sliver sliver = WALRUS_ACCEL_SEEN_SLIVER_INIT;
        uint32_t damage = WALRUS_ACCEL_ADDED_DAMAGED;
        if (number < found[1]) {
            CHECK_OK(walrus_accel_reader_report_get(seen, damage, number, &sliver, &error));
            CHECK_EQUAL(sliver.outcome, damage);
            CHECK_EQUAL(sliver.verdict, WALRUS_ACCEL_SLIVER_WRONG_ROOT);
            CHECK(sliver.axis == WALRUS_ACCEL_AXIS_PRIMARY ||
                  sliver.axis == WALRUS_ACCEL_AXIS_SECONDARY);
        } else {
            sliver.outcome = 7;
            CHECK_STATUS(WALRUS_ACCEL_NOT_FOUND,
                walrus_accel_reader_report_get(seen, damage, number, &sliver, &error));
            CHECK_EQUAL(sliver.outcome, 0);
        }
    }
    CHECK(walrus_accel_reader_report_free(seen) == WALRUS_ACCEL_OK);
}

/* Several threads add all slivers of an axis, of which one is damaged. */
static void check_reader(const walrus_accel_runtime *runtime, const sample *sample, uint32_t axis) {
    walrus_accel_sliver *slivers = last_slivers(sample, axis, SHARDS);
    walrus_accel_reader_read_request request = WALRUS_ACCEL_READER_READ_REQUEST_INIT;
    walrus_accel_decoded *decoded = NULL;
    walrus_accel_reader *reader = NULL;
    worker workers[THREADS];
    size_t outcomes[WALRUS_ACCEL_ADDED_DAMAGED + 1] = {0}, number, outcome, missing = 0;
    uint32_t ready = 9;
    uint8_t *damaged = claim(slivers[0].length), byte = 0;
    memcpy(damaged, slivers[0].data, slivers[0].length);
    damaged[slivers[0].length / 2] ^= 2;
    slivers[0].data = damaged;
    memset(workers, 0, sizeof workers);
    REQUIRE_OK(walrus_accel_reader_new(runtime, sample->metadata, &reader, &error));
    CHECK_OK(walrus_accel_reader_ready_axis(reader, &ready, &error));
    CHECK_EQUAL(ready, 0);
    CHECK_OK(walrus_accel_reader_missing_count(reader, axis, &missing, &error));
    CHECK_EQUAL(missing, enough(sample, axis));
    CHECK_STATUS(WALRUS_ACCEL_NOT_ENOUGH_SLIVERS,
        walrus_accel_reader_read(reader, &request, NULL, &decoded, &error));
    CHECK_STATUS(WALRUS_ACCEL_NOT_ENOUGH_SLIVERS,
        walrus_accel_reader_read_range(reader, 5, &byte, 1, NULL, &error));
    for (number = 0; number < THREADS; number++) {
        workers[number].reader = reader;
        workers[number].slivers = slivers;
        workers[number].count = SHARDS;
        workers[number].first = number;
        REQUIRE(pthread_create(&workers[number].thread, NULL, work, &workers[number]) == 0);
    }
    for (number = 0; number < THREADS; number++) {
        pthread_join(workers[number].thread, NULL);
        for (outcome = 0; outcome <= WALRUS_ACCEL_ADDED_DAMAGED; outcome++) {
            outcomes[outcome] += workers[number].outcomes[outcome];
        }
    }
    CHECK_EQUAL(outcomes[WALRUS_ACCEL_ADDED_KEPT], enough(sample, axis));
    /* The damaged sliver may arrive when no more are needed. */
    CHECK(outcomes[WALRUS_ACCEL_ADDED_DAMAGED] <= 1);
    check_seen(reader, enough(sample, axis), outcomes[WALRUS_ACCEL_ADDED_DAMAGED],
        outcomes[WALRUS_ACCEL_ADDED_SURPLUS]);
    CHECK_OK(walrus_accel_reader_ready_axis(reader, &ready, &error));
    CHECK_EQUAL(ready, axis);
    CHECK_OK(walrus_accel_reader_missing_count(reader, other_axis(axis), &missing, &error));
    CHECK_EQUAL(missing, 0);
    check_read(reader, sample, axis);
    check_ranges(reader, sample);
    CHECK(walrus_accel_reader_free(reader) == WALRUS_ACCEL_OK);
    free(damaged);
    free(slivers);
}

/* A range whose rows are there can be read, whatever else is missing. */
static void check_rows(const walrus_accel_runtime *runtime, const sample *sample) {
    walrus_accel_sliver slivers[4];
    walrus_accel_added added[4];
    walrus_accel_reader *reader = NULL;
    uint16_t first = 0, count = 0, number;
    uint8_t out[700];
    uint32_t ready = 9;
    size_t row = (size_t)sample->shape.columns * sample->shape.symbol_size;
    CHECK_OK(walrus_accel_rows_of_range(SHARDS, LENGTH, 3 * row - 1, 2, &first, &count, &error));
    CHECK_EQUAL(first, 2);
    CHECK_EQUAL(count, 2);
    CHECK_OK(walrus_accel_rows_of_range(SHARDS, LENGTH, LENGTH, 0, &first, &count, &error));
    CHECK_EQUAL(count, 0);
    CHECK_STATUS(WALRUS_ACCEL_INVALID_ARGUMENT,
        walrus_accel_rows_of_range(SHARDS, LENGTH, LENGTH, 1, &first, &count, &error));
    CHECK(first == 0 && count == 0);
    for (number = 0; number < 2; number++) {
        slivers[number] = sample_sliver(sample, WALRUS_ACCEL_AXIS_PRIMARY, (uint16_t)(2 + number));
    }
    /* A repeated sliver, and a malformed sliver. */
    slivers[2] = slivers[0];
    slivers[3] = slivers[0];
    slivers[3].length--;
    REQUIRE_OK(walrus_accel_reader_new(runtime, sample->metadata, &reader, &error));
    CHECK_OK(add(reader, slivers, 4, NULL, added, &error));
    CHECK(
        added[0].outcome == WALRUS_ACCEL_ADDED_KEPT && added[1].outcome == WALRUS_ACCEL_ADDED_KEPT);
    CHECK_EQUAL(added[2].outcome, WALRUS_ACCEL_ADDED_SURPLUS);
    CHECK_EQUAL(added[3].outcome, WALRUS_ACCEL_ADDED_DAMAGED);
    CHECK_EQUAL(added[3].verdict, WALRUS_ACCEL_SLIVER_MALFORMED);
    CHECK_OK(walrus_accel_reader_ready_axis(reader, &ready, &error));
    CHECK_EQUAL(ready, 0);
    CHECK_OK(walrus_accel_reader_read_range(reader, 3 * row - 350, out, sizeof out, NULL, &error));
    CHECK_BYTES(out, sample->blob + 3 * row - 350, sizeof out);
    CHECK_STATUS(WALRUS_ACCEL_NOT_ENOUGH_SLIVERS,
        walrus_accel_reader_read_range(reader, 4 * row - 1, out, 2, NULL, &error));
    CHECK(walrus_accel_reader_free(reader) == WALRUS_ACCEL_OK);
}

/* A cancelled call adds nothing. */
static void check_cancelled(const walrus_accel_runtime *runtime, const sample *sample) {
    walrus_accel_sliver sliver = sample_sliver(sample, WALRUS_ACCEL_AXIS_PRIMARY, 1), slivers[3];
    symbols symbols = symbols_new(
        runtime, sample, WALRUS_ACCEL_AXIS_PRIMARY, 1, WALRUS_ACCEL_SYMBOL_KIND_RECOVERY);
    walrus_accel_recover_request recover = recover_request_of(sample->metadata, &symbols);
    walrus_accel_expand_request expand = WALRUS_ACCEL_EXPAND_REQUEST_INIT;
    walrus_accel_added added[3] = {{9, 9, 9}, {9, 9, 9}, {9, 9, 9}};
    walrus_accel_reader *reader = NULL;
    walrus_accel_control *control = NULL;
    walrus_accel_recovered *recovered = UNSET(walrus_accel_recovered);
    walrus_accel_expanded *expanded = UNSET(walrus_accel_expanded);
    REQUIRE_OK(walrus_accel_control_new(&control, &error));
    REQUIRE_OK(walrus_accel_reader_new(runtime, sample->metadata, &reader, &error));
    CHECK_OK(walrus_accel_control_cancel(control, &error));
    /* Outcomes that need no work are told: malformed slivers. The others are as if never added. */
    slivers[0] = slivers[1] = slivers[2] = sliver;
    slivers[1].length--;
    CHECK_STATUS(WALRUS_ACCEL_CANCELLED, add(reader, slivers, 3, control, added, &error));
    CHECK(added[0].outcome == 0 && added[0].verdict == 0 && added[2].outcome == 0 &&
          added[2].reserved == 0);
    CHECK_EQUAL(added[1].outcome, WALRUS_ACCEL_ADDED_DAMAGED);
    CHECK_EQUAL(added[1].verdict, WALRUS_ACCEL_SLIVER_MALFORMED);
    CHECK_OK(add(reader, slivers, 3, NULL, added, &error));
    CHECK_EQUAL(added[0].outcome, WALRUS_ACCEL_ADDED_KEPT);
    CHECK_EQUAL(added[2].outcome, WALRUS_ACCEL_ADDED_SURPLUS);
    CHECK_STATUS(WALRUS_ACCEL_CANCELLED,
        walrus_accel_recover(runtime, &recover, control, &recovered, &error));
    CHECK(recovered == NULL);
    expand.metadata = sample->metadata;
    expand.sliver = &sliver;
    CHECK_STATUS(
        WALRUS_ACCEL_CANCELLED, walrus_accel_expand(runtime, &expand, control, &expanded, &error));
    CHECK(expanded == NULL);
    CHECK(walrus_accel_reader_free(reader) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_control_free(control) == WALRUS_ACCEL_OK);
    symbols_free(&symbols);
}

/*
 * Slivers of blobs of several lengths and committees, each as a sliver of its own blob and of the
 * next.
 */
static void check_many_blobs(const walrus_accel_runtime *runtime) {
    enum { BLOBS = 6, OF_EACH = 4, COUNT = BLOBS * OF_EACH };
    static const uint16_t committees[BLOBS] = {10, 10, 10, 31, 31, 4};
    static const size_t lengths[BLOBS] = {3000, 3000, 3000, 1000, 20000, 10};
    sample samples[BLOBS];
    walrus_accel_sliver slivers[COUNT];
    const walrus_accel_metadata *metadata_per_sliver[COUNT];
    uint8_t verdicts[COUNT], expected[COUNT];
    walrus_accel_verify_request request = WALRUS_ACCEL_VERIFY_REQUEST_INIT;
    walrus_accel_job *job = NULL;
    size_t number;
    for (number = 0; number < BLOBS; number++) {
        samples[number] = sample_new(runtime, committees[number], 100 + number, lengths[number]);
    }
    for (number = 0; number < COUNT; number++) {
        size_t blob = number / OF_EACH, other = (blob + 1) % BLOBS;
        int is_other = number % OF_EACH == 3;
        slivers[number] =
            sample_sliver(&samples[blob], 1 + (uint32_t)number % 2, (uint16_t)(number % OF_EACH));
        metadata_per_sliver[number] = samples[is_other ? other : blob].metadata;
        expected[number] = WALRUS_ACCEL_SLIVER_GOOD;
        if (is_other) {
            /* Secondary sliver of pair 3. */
            int is_beyond = committees[blob] - 4 >= committees[other];
            int is_alike = committees[blob] == committees[other] && lengths[blob] == lengths[other];
            expected[number] = is_beyond  ? WALRUS_ACCEL_SLIVER_WRONG_INDEX
                               : is_alike ? WALRUS_ACCEL_SLIVER_WRONG_ROOT
                                          : WALRUS_ACCEL_SLIVER_WRONG_SIZE;
        }
    }
    slivers[5].length--;
    expected[5] = WALRUS_ACCEL_SLIVER_MALFORMED;
    memset(verdicts, 0xa5, sizeof verdicts);
    request.metadata_per_sliver = metadata_per_sliver;
    request.slivers = slivers;
    request.sliver_count = request.verdict_count = COUNT;
    request.verdicts = verdicts;
    CHECK_OK(walrus_accel_verify(runtime, &request, NULL, &error));
    CHECK_BYTES(verdicts, expected, COUNT);
    memset(verdicts, 0xa5, sizeof verdicts);
    CHECK_OK(walrus_accel_submit_verify(runtime, &request, NULL, NULL, &job, &error));
    CHECK_OK(walrus_accel_job_wait(job, WALRUS_ACCEL_FOREVER, &error));
    CHECK_OK(walrus_accel_job_result(job, &error));
    CHECK(walrus_accel_job_free(job) == WALRUS_ACCEL_OK);
    CHECK_BYTES(verdicts, expected, COUNT);
    request.metadata = samples[0].metadata;
    CHECK_STATUS(
        WALRUS_ACCEL_INVALID_ARGUMENT, walrus_accel_verify(runtime, &request, NULL, &error));
    request.metadata = NULL;
    /* A failed call gives no sliver the verdict good. */
    memset(verdicts, WALRUS_ACCEL_SLIVER_GOOD, sizeof verdicts);
    metadata_per_sliver[COUNT - 1] = NULL;
    CHECK_MESSAGE(WALRUS_ACCEL_INVALID_ARGUMENT, "metadata_per_sliver[23]",
        walrus_accel_verify(runtime, &request, NULL, &error));
    CHECK_EQUAL(verdicts[0], WALRUS_ACCEL_SLIVER_WRONG_ROOT);
    CHECK_EQUAL(verdicts[COUNT - 1], WALRUS_ACCEL_SLIVER_WRONG_ROOT);
    request.metadata_per_sliver = NULL;
    CHECK_MESSAGE(WALRUS_ACCEL_INVALID_ARGUMENT, "metadata_per_sliver",
        walrus_accel_verify(runtime, &request, NULL, &error));
    request.sliver_count = request.verdict_count = 0;
    CHECK_OK(walrus_accel_verify(runtime, &request, NULL, &error));
    for (number = 0; number < BLOBS; number++) { sample_free(&samples[number]); }
}

void recovery_reading(const walrus_accel_runtime *runtime) {
    sample sample = sample_new(runtime, SHARDS, 5, LENGTH);
    check_reader(runtime, &sample, WALRUS_ACCEL_AXIS_PRIMARY);
    check_reader(runtime, &sample, WALRUS_ACCEL_AXIS_SECONDARY);
    check_rows(runtime, &sample);
    check_cancelled(runtime, &sample);
    check_many_blobs(runtime);
    sample_free(&sample);
}
