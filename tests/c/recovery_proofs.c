/*
 * Inconsistency proofs: of the vectors, changed, and made of their symbols.
 */
#include "recovery.h"

#include <stdlib.h>
#include <string.h>

static walrus_accel_proof_verdict verdict_on(const walrus_accel_runtime *runtime,
    const walrus_accel_metadata *metadata, uint32_t axis, const uint8_t *proof, size_t length) {
    walrus_accel_verify_proof_request request = WALRUS_ACCEL_VERIFY_PROOF_REQUEST_INIT;
    walrus_accel_proof_verdict verdict = WALRUS_ACCEL_PROOF_VERDICT_INIT;
    request.metadata = metadata;
    request.proof = proof;
    request.proof_length = length;
    request.axis = axis;
    CHECK_OK(walrus_accel_verify_proof(runtime, &request, NULL, &verdict, &error));
    return verdict;
}

/*
 * Returns the proof's symbols, each with its axis and target. The bytes have the target and the
 * count, and per symbol the source, a length of one byte or more, the symbol, and its Merkle proof.
 */
static symbols symbols_of(const piece *proof, uint32_t axis, uint16_t n_shards) {
    symbols made;
    size_t at = 3, number;
    uint16_t index = (uint16_t)(proof->bytes[0] | proof->bytes[1] << 8);
    made.axis = axis;
    CHECK_OK(walrus_accel_sliver_pair(n_shards, axis, index, &made.target, &error));
    made.count = proof->bytes[2];
    REQUIRE(made.count < 0x80);
    made.list = claim(made.count * sizeof *made.list);
    for (number = 0; number < made.count; number++) {
        size_t begin = at, length = 0, shift = 0, plain, nodes;
        uint8_t *bytes;
        at += 2;
        do {
            length |= (size_t)(proof->bytes[at] & 0x7f) << shift;
            shift += 7;
        } while (proof->bytes[at++] & 0x80);
        at += length;
        plain = at - begin;
        for (nodes = proof->bytes[at++]; nodes > 0; nodes--) {
            at += proof->bytes[at] == 0 ? 1 : 33;
        }
        REQUIRE(at <= proof->length);
        bytes = claim(1 + at - begin + 2);
        bytes[0] = axis == WALRUS_ACCEL_AXIS_PRIMARY ? 0 : 1;
        memcpy(bytes + 1, proof->bytes + begin, plain);
        memcpy(bytes + 1 + plain, proof->bytes, 2);
        memcpy(bytes + 1 + plain + 2, proof->bytes + begin + plain, at - begin - plain);
        made.list[number].data = bytes;
        made.list[number].length = 1 + at - begin + 2;
    }
    REQUIRE(at == proof->length);
    return made;
}

/* Recovers from a proof's symbols: the sliver of a consistent blob, or else a proof again. */
static void check_recovery(const walrus_accel_runtime *runtime,
    const walrus_accel_metadata *metadata, uint32_t axis, const piece *proof, uint16_t n_shards,
    int is_proven) {
    symbols symbols = symbols_of(proof, axis, n_shards);
    walrus_accel_recover_request request = recover_request_of(metadata, &symbols);
    walrus_accel_recovered *recovered = NULL;
    const uint8_t *data = NULL;
    size_t length = 0;
    uint32_t kind = 0;
    CHECK_OK(walrus_accel_recover(runtime, &request, NULL, &recovered, &error));
    CHECK_OK(walrus_accel_recovered_kind(recovered, &kind, &error));
    CHECK_EQUAL(kind, is_proven ? WALRUS_ACCEL_RECOVERED_PROOF : WALRUS_ACCEL_RECOVERED_SLIVER);
    if (is_proven) {
        CHECK_STATUS(WALRUS_ACCEL_NOT_FOUND,
            walrus_accel_recovered_sliver(recovered, &data, &length, &error));
        CHECK(data == NULL && length == 0);
        CHECK_OK(walrus_accel_recovered_proof(recovered, &data, &length, &error));
        /* Equal symbols, possibly in another order. */
        CHECK_EQUAL(length, proof->length);
        CHECK_EQUAL(
            verdict_on(runtime, metadata, axis, data, length).verdict, WALRUS_ACCEL_PROOF_PROVEN);
    }
    CHECK(walrus_accel_recovered_free(recovered) == WALRUS_ACCEL_OK);
    symbols_free(&symbols);
}

/* A proof with one mistake. */
static void check_changes(const walrus_accel_runtime *runtime,
    const walrus_accel_metadata *metadata, uint32_t axis, const piece *proof, uint16_t n_shards) {
    uint8_t *bytes = claim(proof->length + 1);
    walrus_accel_proof_verdict verdict;
    memcpy(bytes, proof->bytes, proof->length);
    bytes[proof->length] = 0;
    CHECK_EQUAL(verdict_on(runtime, metadata, axis, bytes, proof->length - 1).verdict,
        WALRUS_ACCEL_PROOF_MALFORMED);
    CHECK_EQUAL(verdict_on(runtime, metadata, axis, bytes, proof->length + 1).verdict,
        WALRUS_ACCEL_PROOF_MALFORMED);
    CHECK_EQUAL(verdict_on(runtime, metadata, axis, NULL, 0).verdict, WALRUS_ACCEL_PROOF_MALFORMED);
    CHECK_EQUAL(verdict_on(runtime, metadata, other_axis(axis), bytes, proof->length).verdict,
        WALRUS_ACCEL_PROOF_WRONG_COUNT);
    /* A sliver beyond the committee. */
    bytes[0] = (uint8_t)n_shards;
    CHECK_EQUAL(verdict_on(runtime, metadata, axis, bytes, proof->length).verdict,
        WALRUS_ACCEL_PROOF_WRONG_TARGET);
    bytes[0] = proof->bytes[0];
    /* The first symbol's source, and a byte of the last symbol's Merkle proof. */
    bytes[3] = UINT8_MAX;
    verdict = verdict_on(runtime, metadata, axis, bytes, proof->length);
    CHECK_EQUAL(verdict.verdict, WALRUS_ACCEL_PROOF_WRONG_SYMBOL);
    CHECK_EQUAL(verdict.symbol, 0);
    CHECK_EQUAL(verdict.symbol_verdict, WALRUS_ACCEL_SYMBOL_WRONG_SOURCE);
    bytes[3] = proof->bytes[3];
    bytes[proof->length - 1] ^= 1;
    verdict = verdict_on(runtime, metadata, axis, bytes, proof->length);
    CHECK_EQUAL(verdict.verdict, WALRUS_ACCEL_PROOF_WRONG_SYMBOL);
    CHECK_EQUAL(verdict.symbol, (size_t)(proof->bytes[2] - 1));
    CHECK_EQUAL(verdict.symbol_verdict, WALRUS_ACCEL_SYMBOL_WRONG_PROOF);
    /* A failed call gives no verdict. */
    {
        walrus_accel_verify_proof_request request = WALRUS_ACCEL_VERIFY_PROOF_REQUEST_INIT;
        request.metadata = metadata;
        request.proof = bytes;
        request.proof_length = proof->length;
        CHECK_STATUS(WALRUS_ACCEL_INVALID_ARGUMENT,
            walrus_accel_verify_proof(runtime, &request, NULL, &verdict, &error));
        CHECK(verdict.verdict == 0 && verdict.symbol == 0 && verdict.symbol_verdict == 0);
    }
    free(bytes);
}

/* Two symbols of one source, instead of two sources. */
static void check_repeated(const walrus_accel_runtime *runtime,
    const walrus_accel_metadata *metadata, uint32_t axis, const piece *proof, uint16_t n_shards) {
    symbols symbols = symbols_of(proof, axis, n_shards);
    size_t first = symbols.list[0].length - 3, second = symbols.list[1].length - 3;
    piece made;
    walrus_accel_proof_verdict verdict;
    made.length = proof->length - second + first;
    made.bytes = claim(made.length);
    memcpy(made.bytes, proof->bytes, 3 + first);
    memcpy(made.bytes + 3 + first, proof->bytes + 3, first);
    memcpy(made.bytes + 3 + 2 * first, proof->bytes + 3 + first + second,
        proof->length - 3 - first - second);
    verdict = verdict_on(runtime, metadata, axis, made.bytes, made.length);
    CHECK_EQUAL(verdict.verdict, WALRUS_ACCEL_PROOF_REPEATED_SOURCE);
    CHECK_EQUAL(verdict.symbol, 1);
    free(made.bytes);
    symbols_free(&symbols);
}

static void check_proof(const walrus_accel_runtime *runtime, const walrus_accel_metadata *metadata,
    uint32_t axis, const char *text, const char *expected, uint16_t n_shards) {
    piece proof = from_hex(text);
    int is_proven = expected && strcmp(expected, "proven") == 0;
    walrus_accel_proof_verdict verdict =
        verdict_on(runtime, metadata, axis, proof.bytes, proof.length);
    CHECK_EQUAL(
        verdict.verdict, is_proven ? WALRUS_ACCEL_PROOF_PROVEN : WALRUS_ACCEL_PROOF_CONSISTENT);
    CHECK(verdict.symbol == 0 && verdict.symbol_verdict == 0);
    check_recovery(runtime, metadata, axis, &proof, n_shards, is_proven);
    check_changes(runtime, metadata, axis, &proof, n_shards);
    check_repeated(runtime, metadata, axis, &proof, n_shards);
    free(proof.bytes);
}

static const char *text_of(const json_t *fields, const char *name) {
    return json_string_value(json_object_get(fields, name));
}

void recovery_proofs(const walrus_accel_runtime *runtime, const char *folder) {
    char *path = path_in(folder, "inconsistency.json");
    json_error_t reason;
    json_t *cases = json_load_file(path, 0, &reason), *fields;
    size_t number;
    REQUIRE(json_is_array(cases) && json_array_size(cases) > 0);
    json_array_foreach(cases, number, fields) {
        walrus_accel_metadata *metadata = NULL;
        piece bytes = from_hex(text_of(fields, "metadata_bcs"));
        uint16_t n_shards = (uint16_t)json_integer_value(json_object_get(fields, "n_shards"));
        REQUIRE_OK(walrus_accel_metadata_from_bcs(
            bytes.bytes, bytes.length, n_shards, NULL, &metadata, &error));
        check_proof(runtime, metadata, WALRUS_ACCEL_AXIS_PRIMARY,
            text_of(fields, "primary_proof_bcs"), text_of(fields, "primary_proof_verdict"),
            n_shards);
        check_proof(runtime, metadata, WALRUS_ACCEL_AXIS_SECONDARY,
            text_of(fields, "secondary_proof_bcs"), text_of(fields, "secondary_proof_verdict"),
            n_shards);
        CHECK(walrus_accel_metadata_free(metadata) == WALRUS_ACCEL_OK);
        free(bytes.bytes);
    }
    json_decref(cases);
    free(path);
}
