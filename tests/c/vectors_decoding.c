/*
 * From slivers to the blob, and to other slivers; verdicts on damaged slivers.
 */
#include "vectors.h"

#include <stdlib.h>
#include <string.h>

static void check_used(const walrus_accel_decoded *decoded, uint32_t axis, size_t count) {
    const size_t *numbers = NULL;
    size_t used = 0, damaged = 1, number;
    uint32_t found = 0;
    CHECK_OK(walrus_accel_decoded_axis(decoded, &found, &error));
    CHECK_EQUAL(found, axis);
    CHECK_OK(walrus_accel_decoded_used(decoded, &numbers, &used, &error));
    CHECK_EQUAL(used, count);
    for (number = 0; number < used; number++) { CHECK(numbers[number] < count); }
    CHECK_OK(walrus_accel_decoded_damaged(decoded, &numbers, &damaged, &error));
    CHECK_EQUAL(damaged, 0);
}

/* Decodes to one kind of output. */
static void check_output(const walrus_accel_runtime *runtime, const vector *vector,
    walrus_accel_decode_request *request, uint32_t axis) {
    const sample *sample = &vector->sample;
    walrus_accel_decoded *decoded = NULL;
    const uint8_t *blob = UNSET(const uint8_t);
    size_t length = 1;
    CHECK_OK(walrus_accel_decode(runtime, request, NULL, &decoded, &error));
    check_used(decoded, axis, enough(sample, axis));
    if (request->output_kind == WALRUS_ACCEL_OUTPUT_LIBRARY) {
        CHECK_OK(walrus_accel_decoded_blob(decoded, &blob, &length, &error));
        CHECK_EQUAL(length, sample->length);
        CHECK_BYTES(blob, sample->blob, sample->length);
    } else {
        CHECK_STATUS(
            WALRUS_ACCEL_NOT_FOUND, walrus_accel_decoded_blob(decoded, &blob, &length, &error));
        CHECK(blob == NULL && length == 0);
    }
    CHECK(walrus_accel_decoded_free(decoded) == WALRUS_ACCEL_OK);
}

/* The blob without metadata, from the slivers of one axis, here and as a job. */
static void check_unchecked(
    const walrus_accel_runtime *runtime, const vector *vector, uint32_t axis) {
    const sample *sample = &vector->sample;
    size_t count = enough(sample, axis), length = 0;
    walrus_accel_sliver *slivers = last_slivers(sample, axis, count);
    walrus_accel_decode_unchecked_request request = WALRUS_ACCEL_DECODE_UNCHECKED_REQUEST_INIT;
    walrus_accel_decoded *decoded = NULL;
    walrus_accel_job *job = NULL;
    const uint8_t *blob = NULL;
    uint8_t *output = claim(sample->length + 1);
    request.slivers = slivers;
    request.sliver_count = count;
    request.unencoded_length = sample->length;
    request.n_shards = sample->n_shards;
    CHECK_OK(walrus_accel_decode_unchecked(runtime, &request, NULL, &decoded, &error));
    check_used(decoded, axis, count);
    CHECK_OK(walrus_accel_decoded_blob(decoded, &blob, &length, &error));
    CHECK_EQUAL(length, sample->length);
    CHECK_BYTES(blob, sample->blob, sample->length);
    CHECK(walrus_accel_decoded_free(decoded) == WALRUS_ACCEL_OK);

    request.output_kind = WALRUS_ACCEL_OUTPUT_MEMORY;
    request.output = output;
    request.output_length = sample->length;
    CHECK_OK(walrus_accel_submit_decode_unchecked(runtime, &request, NULL, NULL, &job, &error));
    CHECK_OK(walrus_accel_job_wait(job, WALRUS_ACCEL_FOREVER, &error));
    CHECK_OK(walrus_accel_job_take_decoded(job, &decoded, &error));
    CHECK_BYTES(output, sample->blob, sample->length);
    CHECK(walrus_accel_decoded_free(decoded) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_job_free(job) == WALRUS_ACCEL_OK);

    request.sliver_count = count - 1;
    CHECK_STATUS(WALRUS_ACCEL_NOT_ENOUGH_SLIVERS,
        walrus_accel_decode_unchecked(runtime, &request, NULL, &decoded, &error));
    slivers[0].length -= 1;
    CHECK_STATUS(WALRUS_ACCEL_MALFORMED,
        walrus_accel_decode_unchecked(runtime, &request, NULL, &decoded, &error));
    slivers[0].length += 1;
    slivers[0].axis = WALRUS_ACCEL_AXIS_PRIMARY + WALRUS_ACCEL_AXIS_SECONDARY - axis;
    CHECK_STATUS(WALRUS_ACCEL_INVALID_SLIVER,
        walrus_accel_decode_unchecked(runtime, &request, NULL, &decoded, &error));
    CHECK(!decoded);
    free(output);
    free(slivers);
}

static void check_outputs(
    const walrus_accel_runtime *runtime, const vector *vector, uint32_t axis, uint32_t check) {
    const sample *sample = &vector->sample;
    walrus_accel_sliver *slivers = last_slivers(sample, axis, enough(sample, axis));
    walrus_accel_decode_request request = decode_request_of(sample, slivers, enough(sample, axis));
    char *folder = folder_new(), *path = path_in(folder, "decoded");
    uint8_t *output = claim(sample->length + 1), *content;
    size_t length = 0;
    request.check = check;
    check_output(runtime, vector, &request, axis);
    memset(output, 0xa5, sample->length + 1);
    request.output_kind = WALRUS_ACCEL_OUTPUT_MEMORY;
    request.output = output;
    request.output_length = sample->length;
    check_output(runtime, vector, &request, axis);
    CHECK_BYTES(output, sample->blob, sample->length);
    CHECK_EQUAL(output[sample->length], 0xa5);
    /* An existing file is replaced. */
    file_write(path, (const uint8_t *)"before", 6);
    request.output_kind = WALRUS_ACCEL_OUTPUT_FILE;
    request.output_path = path;
    check_output(runtime, vector, &request, axis);
    content = file_read(path, &length);
    CHECK_EQUAL(length, sample->length);
    CHECK_BYTES(content, sample->blob, sample->length);
    free(content);
    free(output);
    free(path);
    folder_free(folder);
    free(slivers);
}

void vectors_decoding(const walrus_accel_runtime *runtime, const vector *vector, int is_reduced) {
    uint32_t axis, check;
    if (is_reduced) {
        walrus_accel_sliver *slivers =
            last_slivers(&vector->sample, WALRUS_ACCEL_AXIS_PRIMARY, vector->sample.shape.rows);
        walrus_accel_decode_request request =
            decode_request_of(&vector->sample, slivers, vector->sample.shape.rows);
        check_output(runtime, vector, &request, WALRUS_ACCEL_AXIS_PRIMARY);
        free(slivers);
        return;
    }
    for (axis = WALRUS_ACCEL_AXIS_PRIMARY; axis <= WALRUS_ACCEL_AXIS_SECONDARY; axis++) {
        for (check = WALRUS_ACCEL_CHECK_DEFAULT; check <= WALRUS_ACCEL_CHECK_SKIP; check++) {
            check_outputs(runtime, vector, axis, check);
        }
        check_unchecked(runtime, vector, axis);
    }
}

/* A changed sliver, and its expected verdict. */
typedef struct damage {
    uint8_t *bytes;
    size_t length;
    uint8_t verdict;
} damage;

static damage changed(const walrus_accel_sliver *sliver, size_t at, uint8_t bits, uint8_t verdict) {
    damage made;
    made.length = sliver->length;
    made.verdict = verdict;
    made.bytes = claim(sliver->length);
    memcpy(made.bytes, sliver->data, sliver->length);
    made.bytes[at] ^= bits;
    return made;
}

/* BCS SliverData: a length, the symbols, the symbol size and the index in two bytes each. */
static size_t make_damages(const vector *vector, uint32_t axis, damage *made) {
    const walrus_accel_shape *shape = &vector->sample.shape;
    const walrus_accel_sliver *sliver = sliver_of(vector, axis, 1);
    size_t header = axis == WALRUS_ACCEL_AXIS_PRIMARY ? shape->primary_header_length
                                                      : shape->secondary_header_length;
    size_t count = 0;
    uint16_t index = 0;
    int is_same;
    made[count++] = changed(sliver, header, 1, WALRUS_ACCEL_SLIVER_WRONG_ROOT);
    made[count++] = changed(sliver, sliver->length - 5, 0x80, WALRUS_ACCEL_SLIVER_WRONG_ROOT);
    made[count] = changed(sliver, 0, 0, WALRUS_ACCEL_SLIVER_MALFORMED);
    made[count++].length--;
    made[count] = changed(sliver, 0, 0, WALRUS_ACCEL_SLIVER_MALFORMED);
    made[count++].length = 0;
    made[count++] = changed(sliver, sliver->length - 1, 0x80, WALRUS_ACCEL_SLIVER_WRONG_INDEX);
    /* The index of another sliver: its symbols differ, unless both slivers are equal. */
    CHECK_OK(walrus_accel_sliver_index(shape->n_shards, axis, 2, &index, &error));
    is_same = memcmp(sliver->data, sliver_of(vector, axis, 2)->data, sliver->length - 2) == 0;
    made[count] =
        changed(sliver, 0, 0, is_same ? WALRUS_ACCEL_SLIVER_GOOD : WALRUS_ACCEL_SLIVER_WRONG_ROOT);
    made[count].bytes[sliver->length - 2] = (uint8_t)index;
    made[count++].bytes[sliver->length - 1] = (uint8_t)(index >> 8);
    return count;
}

/* A sliver of a blob of another length, for the same committee. */
static sample other_sample(const walrus_accel_runtime *runtime, const vector *vector) {
    const walrus_accel_shape *shape = &vector->sample.shape;
    /* One byte more than symbols of that size hold. */
    size_t length = (size_t)shape->rows * shape->columns * shape->symbol_size + 1;
    return sample_new(runtime, vector->sample.n_shards, 1, length);
}

void vectors_verdicts(const walrus_accel_runtime *runtime, const vector *vector) {
    enum { MOST = 16 };
    uint16_t n_shards = vector->sample.n_shards;
    size_t all = 2 * (size_t)n_shards, count = 0, number, from;
    walrus_accel_verify_request request = WALRUS_ACCEL_VERIFY_REQUEST_INIT;
    walrus_accel_sliver *slivers = claim((all + 2 * MOST) * sizeof *slivers);
    uint8_t *verdicts = claim(all + 2 * MOST), *expected = claim(all + 2 * MOST);
    sample other = other_sample(runtime, vector);
    damage damages[2 * MOST];
    uint32_t axis;
    memcpy(slivers, vector->primary, n_shards * sizeof *slivers);
    memcpy(slivers + n_shards, vector->secondary, n_shards * sizeof *slivers);
    memset(verdicts, 0xa5, all + 2 * MOST);
    memset(expected, WALRUS_ACCEL_SLIVER_GOOD, all + 2 * MOST);
    request.metadata = vector->sample.metadata;
    request.slivers = slivers;
    request.verdicts = verdicts;
    request.sliver_count = request.verdict_count = all;
    CHECK_OK(walrus_accel_verify(runtime, &request, NULL, &error));
    CHECK_BYTES(verdicts, expected, all);
    CHECK_EQUAL(verdicts[all], 0xa5);
    for (axis = WALRUS_ACCEL_AXIS_PRIMARY; axis <= WALRUS_ACCEL_AXIS_SECONDARY; axis++) {
        from = count;
        count += make_damages(vector, axis, damages + count);
        for (number = from; number < count; number++) {
            slivers[all + number].data = damages[number].bytes;
            slivers[all + number].length = damages[number].length;
            slivers[all + number].axis = axis;
            expected[all + number] = damages[number].verdict;
        }
    }
    slivers[all + count] = sample_sliver(&other, WALRUS_ACCEL_AXIS_PRIMARY, 0);
    expected[all + count] = WALRUS_ACCEL_SLIVER_WRONG_SIZE;
    slivers[all + count + 1] = sample_sliver(&other, WALRUS_ACCEL_AXIS_SECONDARY, 0);
    expected[all + count + 1] = WALRUS_ACCEL_SLIVER_WRONG_SIZE;
    request.sliver_count = request.verdict_count = all + count + 2;
    CHECK_OK(walrus_accel_verify(runtime, &request, NULL, &error));
    CHECK_BYTES(verdicts, expected, all + count + 2);
    for (number = 0; number < count; number++) { free(damages[number].bytes); }
    sample_free(&other);
    free(slivers);
    free(verdicts);
    free(expected);
}

/* Rebuilds two pairs from the last slivers of other pairs, in both directions. */
void vectors_rebuilding(const walrus_accel_runtime *runtime, const vector *vector) {
    const uint16_t pairs[2] = {0, 1};
    uint32_t axis;
    for (axis = WALRUS_ACCEL_AXIS_PRIMARY; axis <= WALRUS_ACCEL_AXIS_SECONDARY; axis++) {
        walrus_accel_rebuild_request request = WALRUS_ACCEL_REBUILD_REQUEST_INIT;
        walrus_accel_sliver *slivers =
            last_slivers(&vector->sample, axis, enough(&vector->sample, axis));
        walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_BUFFERS);
        walrus_accel_encoded *encoded = NULL;
        buffer_set buffers = buffers_new(&vector->sample.shape, 2);
        uint16_t number;
        sink.buffers = buffers.buffers;
        sink.buffer_count = buffers.count;
        request.metadata = vector->sample.metadata;
        request.slivers = slivers;
        request.sliver_count = enough(&vector->sample, axis);
        request.pairs = pairs;
        request.pair_count = 2;
        request.pair_choice = WALRUS_ACCEL_PAIRS_LISTED;
        request.sink = &sink;
        CHECK_OK(walrus_accel_rebuild(runtime, &request, NULL, &encoded, &error));
        CHECK(has_id(encoded, vector->sample.id));
        for (number = 0; number < 2; number++) {
            CHECK_BYTES(buffers.buffers[2 * number].data, vector->primary[number].data,
                vector->primary[number].length);
            CHECK_BYTES(buffers.buffers[2 * number + 1].data, vector->secondary[number].data,
                vector->secondary[number].length);
        }
        CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
        buffers_free(&buffers);
        free(slivers);
    }
}

/* The private profile: other blob IDs, the same slivers, and metadata that names the profile. */
void vectors_blake3(const walrus_accel_runtime *runtime, const vector *vector) {
    walrus_accel_encode_request request = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
    walrus_accel_source source = source_of(vector->sample.blob, vector->sample.length);
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_LIBRARY);
    walrus_accel_sliver *slivers =
        last_slivers(&vector->sample, WALRUS_ACCEL_AXIS_SECONDARY, vector->sample.shape.columns);
    walrus_accel_decode_request decode =
        decode_request_of(&vector->sample, slivers, vector->sample.shape.columns);
    walrus_accel_metadata *metadata = NULL;
    walrus_accel_encoded *encoded = NULL;
    const uint8_t *data = NULL;
    size_t length = 0;
    uint32_t commitment = 7;
    request.source = &source;
    request.sink = &sink;
    request.commitment = WALRUS_ACCEL_COMMITMENT_BLAKE3;
    request.n_shards = vector->sample.n_shards;
    CHECK_OK(walrus_accel_encode(runtime, &request, NULL, &encoded, &error));
    CHECK(!has_id(encoded, vector->sample.id));
    CHECK_OK(
        walrus_accel_encoded_sliver(encoded, WALRUS_ACCEL_AXIS_PRIMARY, 1, &data, &length, &error));
    CHECK_EQUAL(length, vector->primary[1].length);
    CHECK_BYTES(data, vector->primary[1].data, length);
    CHECK_OK(walrus_accel_encoded_metadata(encoded, &metadata, &error));
    CHECK_OK(walrus_accel_metadata_commitment(metadata, &commitment, &error));
    CHECK_EQUAL(commitment, WALRUS_ACCEL_COMMITMENT_BLAKE3);
    decode.metadata = metadata;
    decode.check = WALRUS_ACCEL_CHECK_STRICT;
    check_output(runtime, vector, &decode, WALRUS_ACCEL_AXIS_SECONDARY);
    CHECK(walrus_accel_metadata_free(metadata) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    free(slivers);
}
