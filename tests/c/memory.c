/*
 * Makes every large allocation of every kind of call fail once. The call must report it or do
 * without, and the next call on the same runtime must be right.
 *
 * Each try has its own process, so that a try which ends its process is noticed and the others
 * continue. The library's threads do not survive a fork: each try makes its own runtime.
 *
 * WALRUS_ACCEL_SAMPLE=0: fail every allocation instead of a sample. WALRUS_ACCEL_LARGE: least size
 * in bytes of a failing allocation. WALRUS_ACCEL_TRACE=1: print the place of each.
 * WALRUS_ACCEL_CALL: number of the only call to try.
 */
#include "check.h"
#include "memory_failing.h"
#include "memory.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Results of a try. */
enum { RAN_OUT, WENT_ON, WAS_NOT_HIT, WAS_WRONG };

/* A sample has DENSITY consecutive steps, and then ever fewer. */
enum { DENSITY = 12, FEW_SHARDS = 300 };

enum { BATCH = 2000, PAIRS_CLAIMED = 49000, MOST_STEPS = 5000 };

material here;

static uint8_t *symbol_bytes;
static char *files;
static buffer_set buffers;
static uint8_t *output;
static uint8_t *claimed_metadata;
static size_t claimed_length;
static size_t large;
static unsigned long is_sample;

walrus_accel_status with_error(walrus_accel_status status, walrus_accel_error *error) {
    CHECK_EQUAL(status != WALRUS_ACCEL_OK, error != NULL);
    CHECK(!error || walrus_accel_error_status(error) == status);
    walrus_accel_error_free(error);
    return status;
}

walrus_accel_status encode_from(const walrus_accel_runtime *runtime,
    const walrus_accel_source *source, walrus_accel_sink *sink, int is_checked) {
    walrus_accel_encode_request request = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
    walrus_accel_encoded *encoded = UNSET(walrus_accel_encoded);
    walrus_accel_error *error = NULL;
    walrus_accel_status status;
    request.source = source;
    request.sink = sink;
    request.n_shards = here.given.n_shards;
    status = walrus_accel_encode(runtime, &request, NULL, &encoded, &error);
    if (status == WALRUS_ACCEL_OK && is_checked) { CHECK(has_id(encoded, here.given.id)); }
    CHECK((status == WALRUS_ACCEL_OK) == (encoded != NULL));
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    return with_error(status, error);
}

static walrus_accel_status encode(
    const walrus_accel_runtime *runtime, walrus_accel_sink *sink, int is_checked) {
    walrus_accel_source source = source_of(here.given.blob, here.given.length);
    return encode_from(runtime, &source, sink, is_checked);
}

static walrus_accel_status encode_to_library(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_LIBRARY);
    return encode(runtime, &sink, is_checked);
}

static walrus_accel_status encode_to_buffers(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_BUFFERS);
    sink.buffers = buffers.buffers;
    sink.buffer_count = buffers.count;
    return encode(runtime, &sink, is_checked);
}

static walrus_accel_status encode_metadata(const walrus_accel_runtime *runtime, int is_checked) {
    return encode(runtime, NULL, is_checked);
}

static walrus_accel_status decode(
    const walrus_accel_runtime *runtime, walrus_accel_decode_request *request, int is_checked) {
    walrus_accel_decoded *decoded = UNSET(walrus_accel_decoded);
    walrus_accel_error *error = NULL;
    walrus_accel_status status = walrus_accel_decode(runtime, request, NULL, &decoded, &error);
    if (status == WALRUS_ACCEL_OK && is_checked) {
        const uint8_t *blob = request->output;
        size_t length = (size_t)request->output_length;
        if (request->output_kind == WALRUS_ACCEL_OUTPUT_LIBRARY) {
            CHECK_OK(walrus_accel_decoded_blob(decoded, &blob, &length, &error));
        }
        CHECK_EQUAL(length, here.given.length);
        CHECK_BYTES(blob, here.given.blob, here.given.length);
    }
    CHECK((status == WALRUS_ACCEL_OK) == (decoded != NULL));
    CHECK(walrus_accel_decoded_free(decoded) == WALRUS_ACCEL_OK);
    return with_error(status, error);
}

static walrus_accel_status decode_to_library(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_decode_request request =
        decode_request_of(&here.given, here.slivers, here.sliver_count);
    return decode(runtime, &request, is_checked);
}

static walrus_accel_status decode_strictly(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_decode_request request =
        decode_request_of(&here.given, here.slivers, here.sliver_count);
    request.check = WALRUS_ACCEL_CHECK_STRICT;
    return decode(runtime, &request, is_checked);
}

static walrus_accel_status decode_to_memory(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_decode_request request =
        decode_request_of(&here.given, here.slivers, here.sliver_count);
    request.output_kind = WALRUS_ACCEL_OUTPUT_MEMORY;
    request.output = output;
    request.output_length = here.given.length;
    return decode(runtime, &request, is_checked);
}

static walrus_accel_status verify(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_verify_request request = WALRUS_ACCEL_VERIFY_REQUEST_INIT;
    walrus_accel_error *error = NULL;
    walrus_accel_status status;
    static uint8_t verdicts[UINT16_MAX];
    memset(verdicts, 0xa5, sizeof verdicts);
    request.metadata = here.given.metadata;
    request.slivers = here.slivers;
    request.sliver_count = here.sliver_count;
    request.verdicts = verdicts;
    request.verdict_count = here.sliver_count;
    status = walrus_accel_verify(runtime, &request, NULL, &error);
    if (status == WALRUS_ACCEL_OK && is_checked) {
        static const uint8_t good[UINT16_MAX];
        CHECK_BYTES(verdicts, good, here.sliver_count);
    }
    return with_error(status, error);
}

static walrus_accel_status rebuild(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_rebuild_request request = WALRUS_ACCEL_REBUILD_REQUEST_INIT;
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_LIBRARY);
    walrus_accel_encoded *encoded = UNSET(walrus_accel_encoded);
    walrus_accel_error *error = NULL;
    walrus_accel_status status;
    request.metadata = here.given.metadata;
    request.slivers = here.slivers;
    request.sliver_count = here.sliver_count;
    request.sink = &sink;
    status = walrus_accel_rebuild(runtime, &request, NULL, &encoded, &error);
    if (status == WALRUS_ACCEL_OK && is_checked) {
        walrus_accel_sliver expected = sample_sliver(&here.given, WALRUS_ACCEL_AXIS_SECONDARY, 1);
        const uint8_t *data = NULL;
        size_t length = 0;
        CHECK_OK(walrus_accel_encoded_sliver(
            encoded, WALRUS_ACCEL_AXIS_SECONDARY, 1, &data, &length, &error));
        CHECK_EQUAL(length, expected.length);
        CHECK_BYTES(data, expected.data, length);
    }
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    return with_error(status, error);
}

/* After a failed call, the outcomes of the slivers match the reader's report. */
static void check_added(const walrus_accel_reader *reader, const walrus_accel_added *added) {
    walrus_accel_reader_report *seen = NULL;
    size_t kept = 0, damaged = 0, surplus = 0, number, told = 0;
    for (number = 0; number < here.sliver_count; number++) {
        CHECK(added[number].outcome == 0 || added[number].outcome == WALRUS_ACCEL_ADDED_KEPT);
        told += added[number].outcome == WALRUS_ACCEL_ADDED_KEPT;
    }
    CHECK_OK(walrus_accel_reader_report_new(reader, &seen, &error));
    CHECK_OK(walrus_accel_reader_report_counts(seen, &kept, &damaged, &surplus, &error));
    CHECK(kept == told && damaged == 0 && surplus == 0);
    CHECK(walrus_accel_reader_report_free(seen) == WALRUS_ACCEL_OK);
}

/* Adds as many slivers to a reader as it needs, and reads the blob to a buffer. */
static walrus_accel_status read_blob(const walrus_accel_runtime *runtime, int is_checked) {
    static walrus_accel_added added[UINT16_MAX];
    walrus_accel_reader_add_request add = WALRUS_ACCEL_READER_ADD_REQUEST_INIT;
    walrus_accel_reader_read_request request = WALRUS_ACCEL_READER_READ_REQUEST_INIT;
    walrus_accel_reader *reader = UNSET(walrus_accel_reader);
    walrus_accel_decoded *decoded = NULL;
    walrus_accel_error *error = NULL;
    walrus_accel_status status =
        walrus_accel_reader_new(runtime, here.given.metadata, &reader, &error);
    if (status == WALRUS_ACCEL_OK) {
        add.slivers = here.slivers;
        add.added = added;
        add.sliver_count = add.added_count = here.sliver_count;
        status = walrus_accel_reader_add(reader, &add, NULL, &error);
        if (status != WALRUS_ACCEL_OK) { check_added(reader, added); }
    }
    if (status == WALRUS_ACCEL_OK) {
        request.output_kind = WALRUS_ACCEL_OUTPUT_MEMORY;
        request.output = output;
        request.output_length = here.given.length;
        status = walrus_accel_reader_read(reader, &request, NULL, &decoded, &error);
        CHECK((status == WALRUS_ACCEL_OK) == (decoded != NULL));
    }
    if (status == WALRUS_ACCEL_OK) {
        status =
            walrus_accel_reader_read_range(reader, 5, output, here.given.length - 5, NULL, &error);
    }
    if (status == WALRUS_ACCEL_OK && is_checked) {
        CHECK_BYTES(output, here.given.blob + 5, here.given.length - 5);
    }
    CHECK(walrus_accel_decoded_free(decoded) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_reader_free(reader) == WALRUS_ACCEL_OK);
    return with_error(status, error);
}

/*
 * Writes all symbols of a sliver, with Merkle proofs, without, and without expanding. All are
 * equal.
 */
static walrus_accel_status cut(const walrus_accel_runtime *runtime,
    const walrus_accel_expanded *expanded, const walrus_accel_expand_request *request,
    walrus_accel_error **error) {
    enum { TARGETS = 300, MOST = 1024 };
    static uint16_t targets[TARGETS];
    static size_t ends[TARGETS];
    static uint8_t out[TARGETS * MOST], again[TARGETS * MOST];
    size_t plain = here.given.shape.decoding_symbol_length;
    walrus_accel_decoding_symbols_request decoding = WALRUS_ACCEL_DECODING_SYMBOLS_REQUEST_INIT;
    walrus_accel_status status;
    size_t number;
    for (number = 0; number < TARGETS; number++) {
        targets[number] = (uint16_t)(TARGETS - 1 - number);
    }
    REQUIRE(here.given.shape.recovery_symbol_length <= MOST);
    decoding.metadata = request->metadata;
    decoding.sliver = request->sliver;
    decoding.targets = targets;
    decoding.target_count = TARGETS;
    decoding.out = again;
    decoding.out_length = TARGETS * plain;
    status = walrus_accel_expanded_symbols(expanded, WALRUS_ACCEL_SYMBOL_KIND_RECOVERY, targets,
        TARGETS, out, sizeof out, ends, error);
    if (status == WALRUS_ACCEL_OK) {
        status = walrus_accel_decoding_symbols(runtime, &decoding, NULL, error);
    }
    for (number = 0; status == WALRUS_ACCEL_OK && number < TARGETS; number++) {
        CHECK_BYTES(out + (number == 0 ? 0 : ends[number - 1]) + 1, again + number * plain, plain);
    }
    return status;
}

static walrus_accel_status expand(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_expand_request request = WALRUS_ACCEL_EXPAND_REQUEST_INIT;
    walrus_accel_expanded *expanded = UNSET(walrus_accel_expanded);
    walrus_accel_error *error = NULL;
    walrus_accel_status status;
    request.metadata = here.given.metadata;
    request.sliver = here.slivers;
    status = walrus_accel_expand(runtime, &request, NULL, &expanded, &error);
    CHECK((status == WALRUS_ACCEL_OK) == (expanded != NULL));
    CHECK(!is_checked || status == WALRUS_ACCEL_OK);
    if (status == WALRUS_ACCEL_OK) { status = cut(runtime, expanded, &request, &error); }
    CHECK(walrus_accel_expanded_free(expanded) == WALRUS_ACCEL_OK);
    return with_error(status, error);
}

static walrus_accel_status recover(const walrus_accel_runtime *runtime, int is_checked) {
    static uint8_t verdicts[UINT16_MAX];
    walrus_accel_recover_request request = WALRUS_ACCEL_RECOVER_REQUEST_INIT;
    walrus_accel_recovered *recovered = UNSET(walrus_accel_recovered);
    walrus_accel_error *error = NULL;
    walrus_accel_status status;
    request.metadata = here.given.metadata;
    request.symbols = here.symbols;
    request.symbol_count = here.sliver_count;
    request.axis = WALRUS_ACCEL_AXIS_SECONDARY;
    request.target = 1;
    request.verdicts = verdicts;
    request.verdict_count = here.sliver_count;
    status = walrus_accel_recover(runtime, &request, NULL, &recovered, &error);
    CHECK((status == WALRUS_ACCEL_OK) == (recovered != NULL));
    CHECK((status == WALRUS_ACCEL_OK) == (verdicts[0] == WALRUS_ACCEL_SYMBOL_GOOD));
    if (status == WALRUS_ACCEL_OK && is_checked) {
        walrus_accel_sliver expected = sample_sliver(&here.given, WALRUS_ACCEL_AXIS_SECONDARY, 1);
        const uint8_t *data = NULL;
        size_t length = 0;
        CHECK_OK(walrus_accel_recovered_sliver(recovered, &data, &length, &error));
        CHECK_EQUAL(length, expected.length);
        CHECK_BYTES(data, expected.data, length);
    }
    CHECK(walrus_accel_recovered_free(recovered) == WALRUS_ACCEL_OK);
    return with_error(status, error);
}

/*
 * Metadata that claims more pairs than the committee has is read, if there is memory, and refused.
 */
static walrus_accel_status read_metadata(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_metadata *metadata = UNSET(walrus_accel_metadata);
    walrus_accel_error *error = NULL;
    walrus_accel_status status = walrus_accel_metadata_from_bcs(
        claimed_metadata, claimed_length, here.given.n_shards, NULL, &metadata, &error);
    (void)runtime;
    CHECK(metadata == NULL);
    with_error(status, error);
    if (is_checked) { CHECK_EQUAL(status, WALRUS_ACCEL_INVALID_METADATA); }
    return status == WALRUS_ACCEL_INVALID_METADATA ? WALRUS_ACCEL_OK : status;
}

static walrus_accel_status encode_batch(const walrus_accel_runtime *runtime, int is_checked) {
    static walrus_accel_encode_request requests[BATCH];
    static walrus_accel_encode_result results[BATCH];
    walrus_accel_source source = source_of(here.given.blob, 100);
    walrus_accel_error *error = NULL;
    walrus_accel_status status;
    int number, has_begun;
    for (number = 0; number < BATCH; number++) {
        walrus_accel_encode_request request = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
        request.source = &source;
        request.n_shards = 4;
        requests[number] = request;
    }
    status = walrus_accel_encode_batch(runtime, requests, BATCH, NULL, results, &error);
    has_begun = results[0].status != WALRUS_ACCEL_NOT_ENDED;
    CHECK(has_begun || status != WALRUS_ACCEL_OK);
    for (number = 0; number < BATCH; number++) {
        CHECK((results[number].status == WALRUS_ACCEL_OK) == (results[number].encoded != NULL));
        CHECK((results[number].status == WALRUS_ACCEL_OK || !has_begun) ==
              (results[number].error == NULL));
        CHECK(!is_checked || results[number].status == WALRUS_ACCEL_OK);
        walrus_accel_encoded_free(results[number].encoded);
        walrus_accel_error_free(results[number].error);
    }
    return with_error(status, error);
}

/* The first call, so that it makes the state that all runtimes share. */
static walrus_accel_status make_runtime(const walrus_accel_runtime *runtime, int is_checked) {
    walrus_accel_runtime_options options = WALRUS_ACCEL_RUNTIME_OPTIONS_INIT;
    walrus_accel_runtime *made = UNSET(walrus_accel_runtime);
    walrus_accel_error *error = NULL;
    walrus_accel_status status;
    (void)runtime;
    options.engine = WALRUS_ACCEL_ENGINE_CPU;
    options.threads = 2;
    status = walrus_accel_runtime_new(&options, &made, &error);
    if (is_checked) { CHECK_EQUAL(status, WALRUS_ACCEL_OK); }
    CHECK((status == WALRUS_ACCEL_OK) == (made != NULL));
    CHECK(walrus_accel_runtime_free(made) == WALRUS_ACCEL_OK);
    return with_error(status, error);
}

/* Runs a step in a process of its own. */
static int try_step(call made, int has_runtime, unsigned long step) {
    walrus_accel_runtime *runtime = has_runtime ? runtime_of_cpu(2, 2) : NULL;
    unsigned long failures_before = check_failures();
    walrus_accel_status status;
    int was_hit;
    failing_arm(step, large);
    status = made(runtime, 0);
    was_hit = failing_disarm();
    if (status != WALRUS_ACCEL_OK) {
        CHECK_EQUAL(status, WALRUS_ACCEL_OUT_OF_MEMORY);
        CHECK(was_hit);
    }
    CHECK_EQUAL(made(runtime, 1), WALRUS_ACCEL_OK);
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
    if (check_failures() != failures_before) { return WAS_WRONG; }
    return !was_hit ? WAS_NOT_HIT : status == WALRUS_ACCEL_OK ? WENT_ON : RAN_OUT;
}

static int step_in_child(call made, int has_runtime, unsigned long step) {
    int status = 0;
    pid_t child;
    fflush(NULL);
    here.folder = folder_new();
    child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        /* A call that hangs is a failure too. */
        alarm(60);
        _exit(try_step(made, has_runtime, step));
    }
    REQUIRE(waitpid(child, &status, 0) == child);
    folder_free(here.folder);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void sweep(const char *name, call made, int has_runtime) {
    unsigned long step, ran_out = 0, went_on = 0;
    char about[100];
    for (step = 1; step <= MOST_STEPS; step += is_sample ? 1 + step / DENSITY : 1) {
        int end = step_in_child(made, has_runtime, step);
        snprintf(
            about, sizeof about, "%s, %u shards, allocation %lu", name, here.given.n_shards, step);
        check_about(about);
        /* The header lets the process end while it makes its tables. */
        CHECK((end >= 0 || (end == -SIGABRT && !has_runtime)) && end != WAS_WRONG);
        if (end < 0) { fprintf(stderr, "%s: ended by signal %d\n", about, -end); }
        ran_out += end == RAN_OUT;
        went_on += end == WENT_ON;
        if (end == WAS_NOT_HIT) { break; }
    }
    CHECK(step <= MOST_STEPS);
    check_about(NULL);
    printf("%s, %u shards: %lu allocations, %lu%s ran out of memory, %lu went on\n", name,
        here.given.n_shards, step - 1, ran_out, is_sample ? " of a sample" : "", went_on);
}

static const struct {
    const char *name;
    call made;
    /* Writes a file per sliver: few shards are enough. */
    int is_slow;
} calls[] = {
    {"encode to the library", encode_to_library, 0},
    {"encode to buffers", encode_to_buffers, 0},
    {"metadata alone", encode_metadata, 0},
    {"decode to the library", decode_to_library, 0},
    {"decode strictly", decode_strictly, 0},
    {"decode to memory", decode_to_memory, 0},
    {"verify", verify, 0},
    {"rebuild", rebuild, 0},
    {"read metadata", read_metadata, 0},
    {"batch", encode_batch, 0},
    {"read", read_blob, 0},
    {"expand", expand, 0},
    {"recover", recover, 0},
    {"pass metadata on", pass_metadata_on, 0},
    {"verify symbols", verify_symbols, 0},
    {"verify a proof", verify_proof, 0},
    {"verify a batch", verify_batch, 0},
    {"decode a batch", decode_batch, 0},
    {"encode as a job", encode_as_job, 0},
    {"decode as a job", decode_as_job, 0},
    {"verify as a job", verify_as_job, 0},
    {"rebuild as a job", rebuild_as_job, 0},
    {"encode a file", encode_file, 0},
    {"encode a pipe", encode_descriptor, 0},
    {"encode from a callback", encode_reads, 0},
    {"encode to a callback", encode_to_callback, 0},
    {"decode to a file", decode_to_file, 0},
    {"encode a quilt", encode_quilt, 0},
    {"read a quilt", read_quilt, 0},
    {"restore a quilt", restore_quilt, 0},
    {"check a quilt", check_quilt, 0},
    {"encode to a directory", encode_to_directory, 1},
    {"decode a directory", decode_directory, 1},
    {"verify a directory", verify_directory, 1},
    {"verify a directory quickly", verify_quickly, 1},
    {"repair a directory", repair_directory, 1},
};

/*
 * The network's format: the blob ID, two enum variants, the length of the blob, the number of pairs
 * in LEB128, and two roots per pair, each after an enum variant.
 */
static void make_claimed_metadata(void) {
    const size_t of_pair = 2 * 33, before_count = 32 + 2 + 8, head = before_count + 3;
    size_t pair, number;
    claimed_length = head + PAIRS_CLAIMED * of_pair;
    claimed_metadata = claim(claimed_length);
    memset(claimed_metadata, 0, claimed_length);
    claimed_metadata[33] = 1;
    number = PAIRS_CLAIMED;
    for (pair = 0; pair < 3; pair++, number >>= 7) {
        claimed_metadata[before_count + pair] = (uint8_t)((number & 0x7f) | (pair < 2 ? 0x80 : 0));
    }
    for (pair = 0; pair < PAIRS_CLAIMED; pair++) {
        claimed_metadata[head + pair * of_pair] = 1;
        claimed_metadata[head + pair * of_pair + 33] = 1;
    }
}

static void make_symbols(const walrus_accel_runtime *runtime) {
    const uint16_t target = 1;
    size_t buffer = here.given.shape.recovery_symbol_length, number;
    here.symbols = claim(here.sliver_count * sizeof *here.symbols);
    symbol_bytes = claim(here.sliver_count * buffer);
    for (number = 0; number < here.sliver_count; number++) {
        walrus_accel_expand_request request = WALRUS_ACCEL_EXPAND_REQUEST_INIT;
        walrus_accel_expanded *expanded = NULL;
        uint8_t *bytes = symbol_bytes + number * buffer;
        request.metadata = here.given.metadata;
        request.sliver = &here.slivers[number];
        REQUIRE_OK(walrus_accel_expand(runtime, &request, NULL, &expanded, &error));
        REQUIRE_OK(walrus_accel_expanded_symbols(expanded, WALRUS_ACCEL_SYMBOL_KIND_RECOVERY,
            &target, 1, bytes, buffer, &here.symbols[number].length, &error));
        here.symbols[number].data = bytes;
        CHECK(walrus_accel_expanded_free(expanded) == WALRUS_ACCEL_OK);
    }
}

/*
 * The symbols as BCS InconsistencyProof: the target, the number of symbols, and each symbol without
 * its axis, which comes first, and its target, which comes last.
 */
static void make_proof(void) {
    size_t at = 0, number, left = here.sliver_count;
    uint16_t index = 0;
    here.proof = claim(8 + here.sliver_count * here.given.shape.recovery_symbol_length);
    CHECK_OK(walrus_accel_sliver_index(
        here.given.n_shards, WALRUS_ACCEL_AXIS_SECONDARY, 1, &index, &error));
    here.proof[at++] = (uint8_t)index;
    here.proof[at++] = (uint8_t)(index >> 8);
    for (; left >= 0x80; left >>= 7) { here.proof[at++] = (uint8_t)(left | 0x80); }
    here.proof[at++] = (uint8_t)left;
    for (number = 0; number < here.sliver_count; number++) {
        const uint8_t *bytes = here.symbols[number].data + 1;
        size_t plain = here.given.shape.decoding_symbol_length;
        size_t rest = here.symbols[number].length - 1 - plain - 2;
        memcpy(here.proof + at, bytes, plain);
        memcpy(here.proof + at + plain, bytes + plain + 2, rest);
        at += plain + rest;
    }
    here.proof_length = at;
}

/* Writes the blob to a file and to its directory. */
static void make_files(const walrus_accel_runtime *runtime) {
    walrus_accel_source source = source_of(here.given.blob, here.given.length);
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_DIRECTORY);
    walrus_accel_encode_request request = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
    walrus_accel_encoded *encoded = NULL;
    const char *path = NULL;
    files = folder_new();
    here.file = path_in(files, "blob");
    file_write(here.file, here.given.blob, here.given.length);
    request.source = &source;
    request.sink = &sink;
    request.n_shards = here.given.n_shards;
    sink.path = files;
    REQUIRE_OK(walrus_accel_encode(runtime, &request, NULL, &encoded, &error));
    REQUIRE_OK(walrus_accel_encoded_directory(encoded, &path, NULL, &error));
    here.directory = path_in(path, "");
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
}

static void sweep_sample(uint16_t n_shards, size_t length) {
    walrus_accel_runtime *runtime = runtime_of_cpu(2, 2);
    unsigned long only = check_setting("WALRUS_ACCEL_CALL", sizeof calls / sizeof *calls);
    size_t number;
    here.given = sample_new(runtime, n_shards, n_shards, length);
    here.sliver_count = here.given.shape.rows;
    here.slivers = last_slivers(&here.given, WALRUS_ACCEL_AXIS_PRIMARY, here.sliver_count);
    make_symbols(runtime);
    make_proof();
    make_files(runtime);
    memory_quilts_new(runtime);
    /* The tries must not meet threads of this process. */
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
    buffers = buffers_new(&here.given.shape, n_shards);
    output = claim(length);
    for (number = 0; number < sizeof calls / sizeof *calls; number++) {
        if (calls[number].is_slow && n_shards > FEW_SHARDS) { continue; }
        if (only == number || only == sizeof calls / sizeof *calls) {
            sweep(calls[number].name, calls[number].made, 1);
        }
    }
    free(output);
    memory_quilts_free();
    folder_free(files);
    free(here.directory);
    free(here.file);
    free(here.proof);
    buffers_free(&buffers);
    free(symbol_bytes);
    free(here.symbols);
    free(here.slivers);
    sample_free(&here.given);
}

/*
 * Makes the tables of the process in the parent, so that all tries have them. The library needs
 * memory for them, as the header says.
 */
static void make_tables(void) {
    walrus_accel_runtime *runtime = runtime_of_cpu(2, 2);
    here.given = sample_new(runtime, 1000, 1, 1000);
    here.sliver_count = here.given.shape.rows;
    here.slivers = last_slivers(&here.given, WALRUS_ACCEL_AXIS_PRIMARY, here.sliver_count);
    CHECK_EQUAL(decode_to_library(runtime, 1), WALRUS_ACCEL_OK);
    free(here.slivers);
    sample_free(&here.given);
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
}

int main(void) {
    large = check_setting("WALRUS_ACCEL_LARGE", 4096);
    is_sample = check_setting("WALRUS_ACCEL_SAMPLE", 1);
    if (check_setting("WALRUS_ACCEL_TRACE", 0)) { failing_trace(); }
    make_claimed_metadata();
    sweep("make a runtime", make_runtime, 0);
    make_tables();
    sweep_sample(1000, 1024 * 1024);
    sweep_sample(300, 3 * 1000 * 1000);
    free(claimed_metadata);
    return check_result();
}
