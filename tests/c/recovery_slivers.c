/*
 * Slivers recovered from symbols, with and without Merkle proofs, and from damaged symbols.
 */
#include "recovery.h"

#include <stdlib.h>
#include <string.h>

/* Parts of BCS GeneralRecoverySymbol. */
typedef struct parts {
    uint8_t axis;
    uint16_t source, target;
    const uint8_t *symbol;
    size_t size;
    /* With the number of its nodes. */
    const uint8_t *proof;
    size_t proof_length;
} parts;

static size_t put_number(uint8_t *out, size_t number) {
    size_t at = 0;
    for (; number >= 0x80; number >>= 7) { out[at++] = (uint8_t)(number | 0x80); }
    out[at++] = (uint8_t)number;
    return at;
}

static parts parts_of(const walrus_accel_symbol *symbol, const walrus_accel_shape *shape) {
    parts found;
    size_t behind = 1 + shape->decoding_symbol_length;
    found.axis = symbol->data[0];
    found.source = (uint16_t)(symbol->data[1] | symbol->data[2] << 8);
    found.size = shape->symbol_size;
    found.symbol = symbol->data + behind - found.size;
    found.target = (uint16_t)(symbol->data[behind] | symbol->data[behind + 1] << 8);
    found.proof = symbol->data + behind + 2;
    found.proof_length = symbol->length - behind - 2;
    return found;
}

static piece joined(const parts *parts) {
    piece made;
    made.bytes = claim(parts->size + parts->proof_length + 16);
    made.length = 0;
    made.bytes[made.length++] = parts->axis;
    made.bytes[made.length++] = (uint8_t)parts->source;
    made.bytes[made.length++] = (uint8_t)(parts->source >> 8);
    made.length += put_number(made.bytes + made.length, parts->size);
    memcpy(made.bytes + made.length, parts->symbol, parts->size);
    made.length += parts->size;
    made.bytes[made.length++] = (uint8_t)parts->target;
    made.bytes[made.length++] = (uint8_t)(parts->target >> 8);
    memcpy(made.bytes + made.length, parts->proof, parts->proof_length);
    made.length += parts->proof_length;
    return made;
}

/* The sliver equals the encoded sliver, and no more symbols were used than needed. */
static void check_recovered(const sample *sample, const walrus_accel_recover_request *request,
    const walrus_accel_recovered *recovered, size_t needed) {
    walrus_accel_sliver expected = sample_sliver(sample, request->axis, request->target);
    const uint8_t *data = NULL;
    const size_t *used = NULL;
    size_t length = 0, count = 0, number;
    uint32_t kind = 0;
    CHECK_OK(walrus_accel_recovered_kind(recovered, &kind, &error));
    CHECK_EQUAL(kind, WALRUS_ACCEL_RECOVERED_SLIVER);
    CHECK_STATUS(
        WALRUS_ACCEL_NOT_FOUND, walrus_accel_recovered_proof(recovered, &data, &length, &error));
    CHECK_OK(walrus_accel_recovered_sliver(recovered, &data, &length, &error));
    CHECK_EQUAL(length, expected.length);
    CHECK_BYTES(data, expected.data, length);
    CHECK_OK(walrus_accel_recovered_used(recovered, &used, &count, &error));
    CHECK_EQUAL(count, needed);
    for (number = 0; number < count; number++) { CHECK(used[number] < request->symbol_count); }
}

static void check_refused(
    const walrus_accel_recovered *recovered, const uint8_t *expected, size_t expected_count) {
    const size_t *numbers = NULL;
    const uint8_t *verdicts = NULL;
    size_t count = 0, number;
    CHECK_OK(walrus_accel_recovered_refused(recovered, &numbers, &verdicts, &count, &error));
    CHECK_EQUAL(count, expected_count);
    for (number = 0; number < count && number < expected_count; number++) {
        CHECK_EQUAL(numbers[number], number);
        CHECK_EQUAL(verdicts[number], expected[number]);
    }
}

/* Prepends symbols with every mistake to the good symbols. `expected` has their verdicts. */
static size_t add_damaged(symbols *symbols, const sample *sample, uint8_t *expected) {
    /* Sources with the least indices, which are tried before all others. */
    int is_row = other_axis(symbols->axis) == WALRUS_ACCEL_AXIS_PRIMARY;
    uint16_t first = is_row ? 0 : (uint16_t)(sample->n_shards - 1);
    uint16_t second = is_row ? 1 : (uint16_t)(sample->n_shards - 2);
    const walrus_accel_symbol good = symbols->list[first], next = symbols->list[second];
    const parts right = parts_of(&good, &sample->shape),
                right_too = parts_of(&next, &sample->shape);
    uint8_t *changed = claim(right.size + 2), *proof = claim(right_too.proof_length + 1);
    parts wrong = right;
    piece cut_off;
    size_t count = 0;
    memset(changed, 0, right.size + 2);
    memcpy(changed, right.symbol, right.size);
    changed[right.size / 2] ^= 0x40;
    wrong.symbol = changed;
    symbols_prepend(symbols, joined(&wrong));
    expected[count++] = WALRUS_ACCEL_SYMBOL_WRONG_PROOF;
    wrong.size += 2;
    symbols_prepend(symbols, joined(&wrong));
    expected[count++] = WALRUS_ACCEL_SYMBOL_WRONG_SIZE;
    wrong = right_too;
    memcpy(proof, right_too.proof, right_too.proof_length);
    proof[0]++;
    proof[right_too.proof_length] = 0;
    wrong.proof = proof;
    wrong.proof_length++;
    symbols_prepend(symbols, joined(&wrong));
    expected[count++] = WALRUS_ACCEL_SYMBOL_WRONG_PATH_LENGTH;
    wrong = right;
    wrong.source = sample->n_shards;
    symbols_prepend(symbols, joined(&wrong));
    expected[count++] = WALRUS_ACCEL_SYMBOL_WRONG_SOURCE;
    wrong = right;
    wrong.target ^= 1;
    symbols_prepend(symbols, joined(&wrong));
    expected[count++] = WALRUS_ACCEL_SYMBOL_WRONG_TARGET;
    wrong = right;
    wrong.axis ^= 1;
    symbols_prepend(symbols, joined(&wrong));
    expected[count++] = WALRUS_ACCEL_SYMBOL_WRONG_AXIS;
    cut_off = joined(&right);
    cut_off.length--;
    symbols_prepend(symbols, cut_off);
    expected[count++] = WALRUS_ACCEL_SYMBOL_MALFORMED;
    free(proof);
    free(changed);
    return count;
}

static void reverse(uint8_t *bytes, size_t count) {
    size_t number;
    for (number = 0; number < count / 2; number++) {
        uint8_t kept = bytes[number];
        bytes[number] = bytes[count - 1 - number];
        bytes[count - 1 - number] = kept;
    }
}

/*
 * Too few symbols, one of them repeated, one wrong and one malformed. The repeated symbol has no
 * verdict.
 */
static void check_told(
    const walrus_accel_runtime *runtime, const walrus_accel_recover_request *few) {
    size_t count = few->symbol_count + 3, number;
    walrus_accel_symbol *list = claim(count * sizeof *list);
    walrus_accel_recover_request request = *few;
    walrus_accel_recovered *recovered = UNSET(walrus_accel_recovered);
    uint8_t *verdicts = claim(count + 1), *changed = claim(few->symbols[0].length);
    memcpy(list + 2, few->symbols, few->symbol_count * sizeof *list);
    memcpy(changed, few->symbols[0].data, few->symbols[0].length);
    changed[few->symbols[0].length - 1] ^= 1;
    list[0].data = NULL;
    list[0].length = 0;
    list[1].data = changed;
    list[1].length = few->symbols[0].length;
    list[count - 1] = few->symbols[0];
    request.symbols = list;
    request.symbol_count = request.verdict_count = count;
    request.verdicts = verdicts;
    memset(verdicts, 0xa5, count + 1);
    CHECK_STATUS(WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS,
        walrus_accel_recover(runtime, &request, NULL, &recovered, &error));
    CHECK(recovered == NULL);
    CHECK_EQUAL(verdicts[0], WALRUS_ACCEL_SYMBOL_MALFORMED);
    CHECK_EQUAL(verdicts[1], WALRUS_ACCEL_SYMBOL_WRONG_PROOF);
    for (number = 2; number < count - 1; number++) {
        CHECK_EQUAL(verdicts[number], WALRUS_ACCEL_SYMBOL_GOOD);
    }
    CHECK_EQUAL(verdicts[count - 1], 0);
    CHECK_EQUAL(verdicts[count], 0xa5);
    free(changed);
    free(verdicts);
    free(list);
}

/* Enough symbols: used symbols are good, refused symbols are not. */
static void check_all_told(
    const walrus_accel_recovered *recovered, const uint8_t *verdicts, size_t count) {
    const size_t *numbers = NULL;
    const uint8_t *reasons = NULL;
    size_t used = 0, refused = 0, number, told = 0;
    CHECK_OK(walrus_accel_recovered_used(recovered, &numbers, &used, &error));
    for (number = 0; number < used; number++) {
        CHECK_EQUAL(verdicts[numbers[number]], WALRUS_ACCEL_SYMBOL_GOOD);
    }
    CHECK_OK(walrus_accel_recovered_refused(recovered, &numbers, &reasons, &refused, &error));
    for (number = 0; number < refused; number++) {
        CHECK_EQUAL(verdicts[numbers[number]], reasons[number]);
    }
    for (number = 0; number < count; number++) { told += verdicts[number] != 0; }
    CHECK_EQUAL(told, used + refused);
}

static void check_proven(
    const walrus_accel_runtime *runtime, const sample *sample, uint32_t axis, uint16_t target) {
    enum { DAMAGED = 7 };
    symbols symbols = symbols_new(runtime, sample, axis, target, WALRUS_ACCEL_SYMBOL_KIND_RECOVERY);
    size_t needed = enough(sample, other_axis(axis)), damaged;
    walrus_accel_recover_request request = recover_request_of(sample->metadata, &symbols);
    walrus_accel_verify_symbols_request verify = WALRUS_ACCEL_VERIFY_SYMBOLS_REQUEST_INIT;
    walrus_accel_recovered *recovered = NULL;
    uint8_t *verdicts = claim(symbols.count + DAMAGED), expected[DAMAGED];
    CHECK_OK(walrus_accel_recover(runtime, &request, NULL, &recovered, &error));
    check_recovered(sample, &request, recovered, needed);
    check_refused(recovered, NULL, 0);
    CHECK(walrus_accel_recovered_free(recovered) == WALRUS_ACCEL_OK);
    /* Exactly as many symbols as needed, and one fewer. */
    request.symbols = symbols.list + symbols.count - needed;
    request.symbol_count = needed;
    CHECK_OK(walrus_accel_recover(runtime, &request, NULL, &recovered, &error));
    check_recovered(sample, &request, recovered, needed);
    CHECK(walrus_accel_recovered_free(recovered) == WALRUS_ACCEL_OK);
    request.symbol_count--;
    CHECK_STATUS(WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS,
        walrus_accel_recover(runtime, &request, NULL, &recovered, &error));
    CHECK(recovered == NULL);
    check_told(runtime, &request);
    damaged = add_damaged(&symbols, sample, expected);
    REQUIRE(damaged == DAMAGED);
    reverse(expected, damaged);
    request = recover_request_of(sample->metadata, &symbols);
    request.verdicts = verdicts;
    request.verdict_count = symbols.count;
    memset(verdicts, 0xa5, symbols.count);
    CHECK_OK(walrus_accel_recover(runtime, &request, NULL, &recovered, &error));
    check_recovered(sample, &request, recovered, needed);
    check_refused(recovered, expected, damaged);
    check_all_told(recovered, verdicts, symbols.count);
    CHECK(walrus_accel_recovered_free(recovered) == WALRUS_ACCEL_OK);
    verify.metadata = sample->metadata;
    verify.symbols = symbols.list;
    verify.symbol_count = verify.verdict_count = symbols.count;
    verify.verdicts = verdicts;
    verify.axis = axis;
    verify.target = target;
    CHECK_OK(walrus_accel_verify_symbols(runtime, &verify, NULL, &error));
    CHECK_BYTES(verdicts, expected, damaged);
    while (damaged < symbols.count) { CHECK_EQUAL(verdicts[damaged++], WALRUS_ACCEL_SYMBOL_GOOD); }
    free(verdicts);
    symbols_free(&symbols);
}

static void check_unproven(
    const walrus_accel_runtime *runtime, const sample *sample, uint32_t axis, uint16_t target) {
    symbols symbols = symbols_new(runtime, sample, axis, target, WALRUS_ACCEL_SYMBOL_KIND_DECODING);
    size_t needed = enough(sample, other_axis(axis)), number;
    walrus_accel_recover_request request = recover_request_of(sample->metadata, &symbols);
    walrus_accel_recovered *recovered = NULL;
    uint8_t malformed = WALRUS_ACCEL_SYMBOL_MALFORMED, *verdicts;
    piece nothing = {NULL, 0};
    CHECK_OK(walrus_accel_recover_unproven(runtime, &request, NULL, &recovered, &error));
    check_recovered(sample, &request, recovered, 0);
    check_refused(recovered, NULL, 0);
    CHECK(walrus_accel_recovered_free(recovered) == WALRUS_ACCEL_OK);
    request.symbol_count = needed - 1;
    CHECK_STATUS(WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS,
        walrus_accel_recover_unproven(runtime, &request, NULL, &recovered, &error));
    symbols_prepend(&symbols, nothing);
    request = recover_request_of(sample->metadata, &symbols);
    verdicts = claim(symbols.count);
    request.verdicts = verdicts;
    request.verdict_count = symbols.count;
    memset(verdicts, 0xa5, symbols.count);
    CHECK_OK(walrus_accel_recover_unproven(runtime, &request, NULL, &recovered, &error));
    check_recovered(sample, &request, recovered, 0);
    check_refused(recovered, &malformed, 1);
    check_all_told(recovered, verdicts, symbols.count);
    CHECK(walrus_accel_recovered_free(recovered) == WALRUS_ACCEL_OK);
    /* Whichever symbols are used, these are wrong. */
    for (number = 1; number < symbols.count; number++) {
        uint8_t *bytes = (uint8_t *)(uintptr_t)symbols.list[number].data;
        bytes[symbols.list[number].length - 1] ^= (uint8_t)(1 + number % 251);
    }
    CHECK_STATUS(WALRUS_ACCEL_INVALID_SLIVER,
        walrus_accel_recover_unproven(runtime, &request, NULL, &recovered, &error));
    CHECK(recovered == NULL);
    CHECK(verdicts[0] == 0 && verdicts[symbols.count - 1] == 0);
    free(verdicts);
    symbols_free(&symbols);
}

/* A damaged sliver serves no symbols. */
static void check_damaged_source(
    const walrus_accel_runtime *runtime, const sample *sample, uint32_t axis) {
    walrus_accel_expand_request request = WALRUS_ACCEL_EXPAND_REQUEST_INIT;
    walrus_accel_sliver sliver = sample_sliver(sample, axis, 0);
    walrus_accel_expanded *expanded = UNSET(walrus_accel_expanded);
    uint8_t *bytes = claim(sliver.length);
    memcpy(bytes, sliver.data, sliver.length);
    bytes[sliver.length / 2] ^= 8;
    sliver.data = bytes;
    request.metadata = sample->metadata;
    request.sliver = &sliver;
    CHECK_STATUS(WALRUS_ACCEL_INVALID_SLIVER,
        walrus_accel_expand(runtime, &request, NULL, &expanded, &error));
    CHECK(expanded == NULL);
    sliver.length--;
    CHECK_STATUS(
        WALRUS_ACCEL_MALFORMED, walrus_accel_expand(runtime, &request, NULL, &expanded, &error));
    CHECK(expanded == NULL);
    free(bytes);
}

void recovery_slivers(const walrus_accel_runtime *runtime, const sample *sample) {
    uint32_t axis;
    for (axis = WALRUS_ACCEL_AXIS_PRIMARY; axis <= WALRUS_ACCEL_AXIS_SECONDARY; axis++) {
        uint16_t target = (uint16_t)(sample->n_shards / 2 + axis);
        check_proven(runtime, sample, axis, target % sample->n_shards);
        check_unproven(runtime, sample, axis, target % sample->n_shards);
        check_damaged_source(runtime, sample, axis);
    }
}
