/*
 * Misuse of symbols, proofs and readers: NULL, wrong lengths and counts, unknown numbers, memory
 * that overlaps.
 */
#include "misuse.h"

#include <stdlib.h>
#include <string.h>

#define BAD WALRUS_ACCEL_INVALID_ARGUMENT

void misuse_recovery_new(world *world) {
    const walrus_accel_expand_request expand = WALRUS_ACCEL_EXPAND_REQUEST_INIT;
    const walrus_accel_decoding_symbols_request decoding_symbols =
        WALRUS_ACCEL_DECODING_SYMBOLS_REQUEST_INIT;
    const walrus_accel_verify_symbols_request verify_symbols =
        WALRUS_ACCEL_VERIFY_SYMBOLS_REQUEST_INIT;
    const walrus_accel_recover_request recover = WALRUS_ACCEL_RECOVER_REQUEST_INIT;
    const walrus_accel_verify_proof_request verify_proof = WALRUS_ACCEL_VERIFY_PROOF_REQUEST_INIT;
    const walrus_accel_reader_add_request reader_add = WALRUS_ACCEL_READER_ADD_REQUEST_INIT;
    const walrus_accel_reader_read_request reader_read = WALRUS_ACCEL_READER_READ_REQUEST_INIT;
    uint16_t pair;
    world->target = 1;
    world->symbol_count = world->sample.n_shards;
    world->symbols = claim(world->symbol_count * sizeof *world->symbols);
    world->expand = expand;
    world->expand.metadata = world->sample.metadata;
    world->expand.sliver = &world->source_sliver;
    for (pair = 0; pair < world->sample.n_shards; pair++) {
        walrus_accel_expanded *expanded = NULL;
        size_t length = sizeof world->symbol;
        uint8_t *bytes;
        world->source_sliver = sample_sliver(&world->sample, WALRUS_ACCEL_AXIS_SECONDARY, pair);
        REQUIRE_OK(walrus_accel_expand(world->runtime, &world->expand, NULL, &expanded, &error));
        REQUIRE_OK(walrus_accel_expanded_symbols(expanded, WALRUS_ACCEL_SYMBOL_KIND_RECOVERY,
            &world->target, 1, world->symbol, sizeof world->symbol, &length, &error));
        bytes = claim(length);
        memcpy(bytes, world->symbol, length);
        world->symbols[pair].data = bytes;
        world->symbols[pair].length = length;
        CHECK(walrus_accel_expanded_free(expanded) == WALRUS_ACCEL_OK);
    }
    world->decoding_symbols = decoding_symbols;
    world->decoding_symbols.metadata = world->sample.metadata;
    world->decoding_symbols.sliver = &world->source_sliver;
    world->decoding_symbols.targets = &world->target;
    world->decoding_symbols.target_count = 1;
    world->decoding_symbols.out = world->symbol;
    world->decoding_symbols.out_length = world->sample.shape.decoding_symbol_length;
    world->verify_symbols = verify_symbols;
    world->verify_symbols.metadata = world->sample.metadata;
    world->verify_symbols.symbols = world->symbols;
    world->verify_symbols.symbol_count = world->verify_symbols.verdict_count = world->symbol_count;
    world->verify_symbols.verdicts = world->verdicts;
    world->verify_symbols.axis = WALRUS_ACCEL_AXIS_PRIMARY;
    world->verify_symbols.target = world->target;
    world->recover = recover;
    world->recover.metadata = world->sample.metadata;
    world->recover.symbols = world->symbols;
    world->recover.symbol_count = world->symbol_count;
    world->recover.axis = WALRUS_ACCEL_AXIS_PRIMARY;
    world->recover.target = world->target;
    world->verify_proof = verify_proof;
    world->verify_proof.metadata = world->sample.metadata;
    world->verify_proof.axis = WALRUS_ACCEL_AXIS_PRIMARY;
    world->reader_add = reader_add;
    world->reader_add.slivers = world->slivers;
    world->reader_add.added = &world->added;
    world->reader_add.sliver_count = world->reader_add.added_count = 1;
    world->reader_read = reader_read;
}

void misuse_recovery_free(world *world) {
    size_t number;
    for (number = 0; number < world->symbol_count; number++) {
        free((void *)(uintptr_t)world->symbols[number].data);
    }
    free(world->symbols);
}

static void refuse_expand(
    world *world, const walrus_accel_expand_request *request, walrus_accel_status expected) {
    REFUSES_HANDLE(expected, walrus_accel_expanded,
        walrus_accel_expand(world->runtime, request, NULL, &out, &error));
}

static void check_expand(world *world) {
    walrus_accel_expand_request request = world->expand;
    walrus_accel_sliver sliver = world->source_sliver;
    CHECK_STATUS(BAD, walrus_accel_expand(world->runtime, &request, NULL, NULL, &error));
    refuse_expand(world, NULL, BAD);
    request.sliver = NULL;
    refuse_expand(world, &request, BAD);
    request.sliver = &sliver;
    sliver.data = NULL;
    refuse_expand(world, &request, BAD);
    sliver = world->source_sliver;
    sliver.axis = WALRUS_ACCEL_AXIS_ANY;
    refuse_expand(world, &request, BAD);
    sliver.axis = UINT32_MAX;
    refuse_expand(world, &request, BAD);
    sliver.axis = WALRUS_ACCEL_AXIS_PRIMARY;
    refuse_expand(world, &request, WALRUS_ACCEL_INVALID_SLIVER);
    sliver.axis = WALRUS_ACCEL_AXIS_SECONDARY;
    sliver.length = SIZE_MAX;
    refuse_expand(world, &request, BAD);
    sliver.length = 0;
    refuse_expand(world, &request, WALRUS_ACCEL_MALFORMED);
}

static void check_cut(world *world) {
    const walrus_accel_expanded *expanded = world->live[KIND_EXPANDED];
    const uint16_t beyond = world->sample.n_shards;
    uint16_t targets[4] = {0, 1, 2, 3};
    size_t ends[4], length = 0;
    uint8_t *out = world->symbol;
    REFUSES_NUMBER(
        BAD, size_t, walrus_accel_expanded_symbols_length(expanded, 2, targets, 4, &out, &error));
    REFUSES_NUMBER(
        BAD, size_t, walrus_accel_expanded_symbols_length(expanded, 2, targets, 0, &out, &error));
    REFUSES_NUMBER(
        BAD, size_t, walrus_accel_expanded_symbols_length(expanded, 0, NULL, 4, &out, &error));
    REFUSES_NUMBER(BAD, size_t,
        walrus_accel_expanded_symbols_length(expanded, 0, targets, SIZE_MAX, &out, &error));
    REFUSES_NUMBER(
        BAD, size_t, walrus_accel_expanded_symbols_length(expanded, 0, &beyond, 1, &out, &error));
    CHECK_STATUS(BAD, walrus_accel_expanded_symbols_length(expanded, 0, targets, 4, NULL, &error));
    CHECK_OK(walrus_accel_expanded_symbols_length(expanded, 0, targets, 4, &length, &error));
    REFUSES_NUMBER(BAD, size_t,
        walrus_accel_expanded_symbols(
            expanded, 2, targets, 1, world->symbol, length, &out, &error));
    REFUSES_NUMBER(BAD, size_t,
        walrus_accel_expanded_symbols(expanded, 0, NULL, 1, world->symbol, length, &out, &error));
    REFUSES_NUMBER(BAD, size_t,
        walrus_accel_expanded_symbols(
            expanded, 0, &beyond, 1, world->symbol, length, &out, &error));
    REFUSES_NUMBER(BAD, size_t,
        walrus_accel_expanded_symbols(expanded, 0, targets, 1, NULL, length, &out, &error));
    REFUSES_NUMBER(
        BAD, size_t, walrus_accel_expanded_symbols(expanded, 0, targets, 1, NULL, 0, &out, &error));
    REFUSES_NUMBER(BAD, size_t,
        walrus_accel_expanded_symbols(
            expanded, 0, targets, 1, world->symbol, SIZE_MAX, &out, &error));
    ends[0] = ends[3] = 9;
    CHECK_STATUS(
        BAD, walrus_accel_expanded_symbols(expanded, 0, targets, 4, out, length - 1, ends, &error));
    CHECK(ends[0] == 0 && ends[3] == 0);
    /* The output overlaps with the targets, with the ends, or the ends with the targets. */
    memcpy(out, targets, sizeof targets);
    CHECK_STATUS(BAD, walrus_accel_expanded_symbols(expanded, 0, (const uint16_t *)(void *)out, 4,
                          out, length, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_expanded_symbols(
                          expanded, 0, targets, 4, (uint8_t *)targets, length, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_expanded_symbols(
                          expanded, 0, targets, 4, (uint8_t *)ends, length, ends, &error));
    CHECK_STATUS(BAD, walrus_accel_expanded_symbols(expanded, 0, (const uint16_t *)(void *)ends, 4,
                          out, length, ends, &error));
    CHECK(targets[1] == 1 && targets[3] == 3);
    CHECK_STATUS(BAD, walrus_accel_expanded_axis(expanded, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_expanded_index(expanded, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_expanded_root(expanded, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_expanded_memory(expanded, NULL, &error));
}

static void check_decoding_symbols(world *world) {
    const walrus_accel_runtime *runtime = world->runtime;
    walrus_accel_decoding_symbols_request request = world->decoding_symbols;
    const uint16_t beyond = UINT16_MAX;
    uint8_t *sliver = claim(world->source_sliver.length);
    walrus_accel_sliver copied = world->source_sliver;
    CHECK_STATUS(BAD, walrus_accel_decoding_symbols(runtime, NULL, NULL, &error));
    request.out_length++;
    CHECK_STATUS(BAD, walrus_accel_decoding_symbols(runtime, &request, NULL, &error));
    request.out_length -= 2;
    CHECK_STATUS(BAD, walrus_accel_decoding_symbols(runtime, &request, NULL, &error));
    request = world->decoding_symbols;
    request.out = NULL;
    CHECK_STATUS(BAD, walrus_accel_decoding_symbols(runtime, &request, NULL, &error));
    request = world->decoding_symbols;
    request.targets = &beyond;
    CHECK_STATUS(BAD, walrus_accel_decoding_symbols(runtime, &request, NULL, &error));
    request.targets = NULL;
    CHECK_STATUS(BAD, walrus_accel_decoding_symbols(runtime, &request, NULL, &error));
    request.target_count = SIZE_MAX;
    CHECK_STATUS(BAD, walrus_accel_decoding_symbols(runtime, &request, NULL, &error));
    request = world->decoding_symbols;
    request.sliver = NULL;
    CHECK_STATUS(BAD, walrus_accel_decoding_symbols(runtime, &request, NULL, &error));
    memcpy(sliver, copied.data, copied.length);
    copied.data = sliver;
    request.sliver = &copied;
    request.out = sliver + copied.length - 1;
    CHECK_STATUS(BAD, walrus_accel_decoding_symbols(runtime, &request, NULL, &error));
    CHECK_BYTES(sliver, world->source_sliver.data, copied.length);
    request = world->decoding_symbols;
    request.targets = NULL;
    request.target_count = request.out_length = 0;
    request.out = NULL;
    CHECK_OK(walrus_accel_decoding_symbols(runtime, &request, NULL, &error));
    free(sliver);
}

static void check_symbols(world *world) {
    const walrus_accel_runtime *runtime = world->runtime;
    walrus_accel_verify_symbols_request request = world->verify_symbols;
    walrus_accel_symbol symbol = {NULL, 1};
    size_t number;
    const size_t counts[] = {0, world->symbol_count - 1, world->symbol_count + 1, SIZE_MAX};
    CHECK_STATUS(BAD, walrus_accel_verify_symbols(runtime, NULL, NULL, &error));
    for (number = 0; number < sizeof counts / sizeof *counts; number++) {
        request.verdict_count = counts[number];
        CHECK_STATUS(BAD, walrus_accel_verify_symbols(runtime, &request, NULL, &error));
    }
    request.symbol_count = request.verdict_count = SIZE_MAX;
    CHECK_STATUS(BAD, walrus_accel_verify_symbols(runtime, &request, NULL, &error));
    request = world->verify_symbols;
    request.verdicts = NULL;
    CHECK_STATUS(BAD, walrus_accel_verify_symbols(runtime, &request, NULL, &error));
    request = world->verify_symbols;
    request.symbols = NULL;
    CHECK_STATUS(BAD, walrus_accel_verify_symbols(runtime, &request, NULL, &error));
    request.symbols = &symbol;
    request.symbol_count = request.verdict_count = 1;
    CHECK_STATUS(BAD, walrus_accel_verify_symbols(runtime, &request, NULL, &error));
    symbol.length = 0;
    CHECK_OK(walrus_accel_verify_symbols(runtime, &request, NULL, &error));
    CHECK_EQUAL(world->verdicts[0], WALRUS_ACCEL_SYMBOL_MALFORMED);
    /* The verdicts lie in a symbol, and in the array of symbols. */
    request = world->verify_symbols;
    request.verdicts = (uint8_t *)(uintptr_t)world->symbols[1].data;
    CHECK_STATUS(BAD, walrus_accel_verify_symbols(runtime, &request, NULL, &error));
    request.verdicts = (uint8_t *)world->symbols + 1;
    CHECK_STATUS(BAD, walrus_accel_verify_symbols(runtime, &request, NULL, &error));
    for (number = 0; number < 2; number++) {
        request = world->verify_symbols;
        request.axis = number == 0 ? WALRUS_ACCEL_AXIS_ANY : 3;
        CHECK_STATUS(BAD, walrus_accel_verify_symbols(runtime, &request, NULL, &error));
    }
    request = world->verify_symbols;
    request.target = world->sample.n_shards;
    memset(world->verdicts, WALRUS_ACCEL_SYMBOL_GOOD, sizeof world->verdicts);
    CHECK_STATUS(BAD, walrus_accel_verify_symbols(runtime, &request, NULL, &error));
    CHECK(world->verdicts[0] == 0 && world->verdicts[world->symbol_count - 1] == 0);
    request = world->verify_symbols;
    request.reserved = 1;
    CHECK_STATUS(BAD, walrus_accel_verify_symbols(runtime, &request, NULL, &error));
}

/* Both functions refuse the request. */
static void refuse_recover(
    world *world, const walrus_accel_recover_request *request, walrus_accel_status expected) {
    const walrus_accel_runtime *runtime = world->runtime;
    REFUSES_HANDLE(expected, walrus_accel_recovered,
        walrus_accel_recover(runtime, request, NULL, &out, &error));
    REFUSES_HANDLE(expected, walrus_accel_recovered,
        walrus_accel_recover_unproven(runtime, request, NULL, &out, &error));
}

static void check_recover(world *world) {
    walrus_accel_recover_request request = world->recover;
    const walrus_accel_recovered *recovered = world->live[KIND_RECOVERED];
    walrus_accel_symbol symbol = {NULL, 1};
    const uint8_t *data = NULL;
    const size_t *numbers = NULL;
    size_t count = 0;
    CHECK_STATUS(BAD, walrus_accel_recover(world->runtime, &request, NULL, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_recover_unproven(world->runtime, &request, NULL, NULL, &error));
    refuse_recover(world, NULL, BAD);
    request.symbols = NULL;
    refuse_recover(world, &request, BAD);
    request.symbol_count = 0;
    refuse_recover(world, &request, WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS);
    request.symbols = &symbol;
    request.symbol_count = 1;
    refuse_recover(world, &request, BAD);
    request = world->recover;
    request.symbol_count = SIZE_MAX;
    refuse_recover(world, &request, BAD);
    request = world->recover;
    request.axis = WALRUS_ACCEL_AXIS_ANY;
    refuse_recover(world, &request, BAD);
    request.axis = UINT32_MAX;
    refuse_recover(world, &request, BAD);
    request.axis = WALRUS_ACCEL_AXIS_SECONDARY;
    refuse_recover(world, &request, WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS);
    request = world->recover;
    request.target = world->sample.n_shards;
    refuse_recover(world, &request, BAD);
    request = world->recover;
    request.reserved = 1;
    refuse_recover(world, &request, BAD);
    /*
     * The verdicts are too few, too many, NULL, or in memory that is read. All are 0 after a
     * failure.
     */
    request = world->recover;
    request.verdicts = world->verdicts;
    refuse_recover(world, &request, BAD);
    request.verdict_count = world->symbol_count + 1;
    refuse_recover(world, &request, BAD);
    request.verdict_count = world->symbol_count;
    request.verdicts = NULL;
    refuse_recover(world, &request, BAD);
    request.verdicts = (uint8_t *)world->symbols + 1;
    refuse_recover(world, &request, BAD);
    request.verdicts = (uint8_t *)(uintptr_t)world->symbols[1].data;
    refuse_recover(world, &request, BAD);
    request.verdicts = world->verdicts;
    request.target = world->sample.n_shards;
    memset(world->verdicts, 7, sizeof world->verdicts);
    refuse_recover(world, &request, BAD);
    CHECK(world->verdicts[0] == 0 && world->verdicts[world->symbol_count - 1] == 0);
    CHECK_EQUAL(world->verdicts[world->symbol_count], 7);
    CHECK_STATUS(BAD, walrus_accel_recovered_kind(recovered, NULL, &error));
    REFUSES_NUMBER(BAD, size_t, walrus_accel_recovered_sliver(recovered, NULL, &out, &error));
    CHECK_STATUS(BAD, walrus_accel_recovered_sliver(recovered, &data, NULL, &error));
    REFUSES_NUMBER(BAD, size_t, walrus_accel_recovered_proof(recovered, NULL, &out, &error));
    REFUSES_NUMBER(WALRUS_ACCEL_NOT_FOUND, size_t,
        walrus_accel_recovered_proof(recovered, &data, &out, &error));
    REFUSES_NUMBER(BAD, size_t, walrus_accel_recovered_used(recovered, NULL, &out, &error));
    CHECK_STATUS(BAD, walrus_accel_recovered_used(recovered, &numbers, NULL, &error));
    REFUSES_NUMBER(
        BAD, size_t, walrus_accel_recovered_refused(recovered, NULL, &data, &out, &error));
    REFUSES_NUMBER(
        BAD, size_t, walrus_accel_recovered_refused(recovered, &numbers, NULL, &out, &error));
    CHECK_STATUS(BAD, walrus_accel_recovered_refused(recovered, &numbers, &data, NULL, &error));
    CHECK(numbers == NULL && data == NULL && count == 0);
}

static void refuse_proof(world *world, const walrus_accel_verify_proof_request *request) {
    walrus_accel_proof_verdict verdict = WALRUS_ACCEL_PROOF_VERDICT_INIT;
    verdict.verdict = WALRUS_ACCEL_PROOF_PROVEN;
    CHECK_STATUS(BAD, walrus_accel_verify_proof(world->runtime, request, NULL, &verdict, &error));
    CHECK_EQUAL(verdict.verdict, 0);
}

static void check_proof(world *world) {
    walrus_accel_verify_proof_request request = world->verify_proof;
    walrus_accel_proof_verdict verdict = WALRUS_ACCEL_PROOF_VERDICT_INIT;
    CHECK_STATUS(BAD, walrus_accel_verify_proof(world->runtime, &request, NULL, NULL, &error));
    refuse_proof(world, NULL);
    request.proof_length = 1;
    refuse_proof(world, &request);
    request.proof = world->symbol;
    request.proof_length = SIZE_MAX;
    refuse_proof(world, &request);
    request = world->verify_proof;
    request.axis = WALRUS_ACCEL_AXIS_ANY;
    refuse_proof(world, &request);
    request.axis = 3;
    refuse_proof(world, &request);
    request = world->verify_proof;
    request.reserved = 1;
    refuse_proof(world, &request);
    CHECK_OK(
        walrus_accel_verify_proof(world->runtime, &world->verify_proof, NULL, &verdict, &error));
    CHECK_EQUAL(verdict.verdict, WALRUS_ACCEL_PROOF_MALFORMED);
}

/* Invalid slivers have the outcome 0. */
static void refuse_slivers(world *world, const walrus_accel_sliver *slivers, size_t count) {
    walrus_accel_added added[2] = {{7, 7, 7}, {7, 7, 7}};
    walrus_accel_reader_add_request request = world->reader_add;
    request.slivers = slivers;
    request.added = added;
    request.sliver_count = request.added_count = count;
    CHECK_STATUS(BAD, walrus_accel_reader_add(world->live[KIND_READER], &request, NULL, &error));
    CHECK(count > 2 || (added[0].outcome == 0 && added[0].verdict == 0 && added[0].reserved == 0));
}

static void refuse_add(world *world, const walrus_accel_reader_add_request *request) {
    world->added.outcome = 7;
    CHECK_STATUS(BAD, walrus_accel_reader_add(world->live[KIND_READER], request, NULL, &error));
    CHECK_EQUAL(world->added.outcome, 7);
}

static void check_add(world *world) {
    walrus_accel_reader_add_request request = world->reader_add;
    walrus_accel_sliver sliver = world->slivers[0],
                        *kept = claim(sizeof *kept + sizeof *request.added);
    walrus_accel_added added[2];
    refuse_slivers(world, NULL, 1);
    refuse_slivers(world, world->slivers, SIZE_MAX);
    sliver.axis = WALRUS_ACCEL_AXIS_ANY;
    refuse_slivers(world, &sliver, 1);
    sliver.axis = 3;
    refuse_slivers(world, &sliver, 1);
    sliver = world->slivers[0];
    sliver.data = NULL;
    refuse_slivers(world, &sliver, 1);
    sliver = world->slivers[0];
    sliver.length = SIZE_MAX;
    refuse_slivers(world, &sliver, 1);
    refuse_add(world, NULL);
    request.added = NULL;
    refuse_add(world, &request);
    request = world->reader_add;
    request.added_count = 0;
    refuse_add(world, &request);
    request.added_count = 2;
    refuse_add(world, &request);
    request.added_count = SIZE_MAX;
    refuse_add(world, &request);
    request.sliver_count = SIZE_MAX;
    refuse_add(world, &request);
    /* The results lie in the array of slivers, or in a sliver's bytes: nothing is written. */
    *kept = world->slivers[0];
    request = world->reader_add;
    request.slivers = kept;
    request.added = (walrus_accel_added *)(void *)kept;
    CHECK_STATUS(BAD, walrus_accel_reader_add(world->live[KIND_READER], &request, NULL, &error));
    CHECK(memcmp(kept, &world->slivers[0], offsetof(walrus_accel_sliver, axis)) == 0);
    memset(added, 7, sizeof added);
    kept->data = (const uint8_t *)added;
    kept->length = sizeof added;
    request.added = &added[1];
    CHECK_STATUS(BAD, walrus_accel_reader_add(world->live[KIND_READER], &request, NULL, &error));
    CHECK(added[1].reserved == UINT64_C(0x0707070707070707));
    request = world->reader_add;
    request.slivers = NULL;
    request.added = NULL;
    request.sliver_count = request.added_count = 0;
    CHECK_OK(walrus_accel_reader_add(world->live[KIND_READER], &request, NULL, &error));
    free(kept);
}

static void check_reader(world *world) {
    const walrus_accel_reader *reader = world->live[KIND_READER];
    const walrus_accel_reader_report *seen = world->live[KIND_READER_REPORT];
    walrus_accel_reader_read_request request = world->reader_read;
    walrus_accel_seen_sliver found = WALRUS_ACCEL_SEEN_SLIVER_INIT;
    uint8_t byte = 0;
    size_t count = 0;
    CHECK_STATUS(
        BAD, walrus_accel_reader_new(world->runtime, world->sample.metadata, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_reader_ready_axis(reader, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_reader_report_new(reader, NULL, &error));
    CHECK_STATUS(
        BAD, walrus_accel_reader_missing_count(reader, WALRUS_ACCEL_AXIS_PRIMARY, NULL, &error));
    REFUSES_NUMBER(BAD, size_t,
        walrus_accel_reader_missing_count(reader, WALRUS_ACCEL_AXIS_ANY, &out, &error));
    CHECK_STATUS(BAD, walrus_accel_reader_read(reader, &request, NULL, NULL, &error));
    REFUSES_HANDLE(
        BAD, walrus_accel_decoded, walrus_accel_reader_read(reader, NULL, NULL, &out, &error));
    request.check = 3;
    REFUSES_HANDLE(
        BAD, walrus_accel_decoded, walrus_accel_reader_read(reader, &request, NULL, &out, &error));
    request = world->reader_read;
    request.output_kind = 3;
    REFUSES_HANDLE(
        BAD, walrus_accel_decoded, walrus_accel_reader_read(reader, &request, NULL, &out, &error));
    request = world->reader_read;
    request.output = &byte;
    REFUSES_HANDLE(
        BAD, walrus_accel_decoded, walrus_accel_reader_read(reader, &request, NULL, &out, &error));
    request.output_kind = WALRUS_ACCEL_OUTPUT_MEMORY;
    request.output = NULL;
    request.output_length = 1;
    REFUSES_HANDLE(
        BAD, walrus_accel_decoded, walrus_accel_reader_read(reader, &request, NULL, &out, &error));
    request.output_kind = WALRUS_ACCEL_OUTPUT_FILE;
    REFUSES_HANDLE(
        BAD, walrus_accel_decoded, walrus_accel_reader_read(reader, &request, NULL, &out, &error));
    CHECK_STATUS(BAD, walrus_accel_reader_read_range(reader, 0, NULL, 1, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_reader_read_range(reader, 0, &byte, SIZE_MAX, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_reader_report_counts(seen, &count, &count, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_reader_report_counts(seen, NULL, &count, &count, &error));
    CHECK_STATUS(BAD, walrus_accel_reader_report_counts(seen, &count, NULL, &count, &error));
    CHECK_STATUS(
        BAD, walrus_accel_reader_report_get(seen, WALRUS_ACCEL_ADDED_KEPT, 0, NULL, &error));
    CHECK_STATUS(BAD, walrus_accel_reader_report_get(seen, 0, 0, &found, &error));
    CHECK_STATUS(BAD, walrus_accel_reader_report_get(seen, 4, 0, &found, &error));
    CHECK_STATUS(WALRUS_ACCEL_NOT_FOUND,
        walrus_accel_reader_report_get(seen, WALRUS_ACCEL_ADDED_KEPT, SIZE_MAX, &found, &error));
}

void misuse_recovery(world *world) {
    check_expand(world);
    check_cut(world);
    check_decoding_symbols(world);
    check_symbols(world);
    check_recover(world);
    check_proof(world);
    check_add(world);
    check_reader(world);
}
