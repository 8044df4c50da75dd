/*
 * Buffers of wrong lengths, and memory that overlaps.
 */
#include "misuse.h"

#include <stdlib.h>
#include <string.h>

#define BAD WALRUS_ACCEL_INVALID_ARGUMENT

/* Encodes and rebuilds to buffers; both are refused. */
static void refuse_buffers(world *world, const walrus_accel_sink *sink) {
    walrus_accel_encode_request encode = world->encode;
    walrus_accel_rebuild_request rebuild = world->rebuild;
    encode.sink = rebuild.sink = sink;
    REFUSES_HANDLE(BAD, walrus_accel_encoded,
        walrus_accel_encode(world->runtime, &encode, NULL, &out, &error));
    REFUSES_HANDLE(BAD, walrus_accel_encoded,
        walrus_accel_rebuild(world->runtime, &rebuild, NULL, &out, &error));
}

static void check_buffers(world *world) {
    buffer_set buffers = buffers_new(&world->sample.shape, world->sample.n_shards);
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_BUFFERS);
    walrus_accel_buffer *buffer = &buffers.buffers[7];
    const walrus_accel_buffer right = *buffer;
    const size_t wrong_counts[] = {
        0, 1, buffers.count - 1, buffers.count + 1, SIZE_MAX, SIZE_MAX / 16};
    const size_t wrong_lengths[] = {0, right.length - 1, right.length + 1, SIZE_MAX, SIZE_MAX / 2};
    size_t number;
    sink.buffers = buffers.buffers;
    for (number = 0; number < sizeof wrong_counts / sizeof *wrong_counts; number++) {
        sink.buffer_count = wrong_counts[number];
        refuse_buffers(world, &sink);
    }
    sink.buffer_count = buffers.count;
    for (number = 0; number < sizeof wrong_lengths / sizeof *wrong_lengths; number++) {
        buffer->length = wrong_lengths[number];
        refuse_buffers(world, &sink);
    }
    *buffer = right;
    buffer->data = NULL;
    refuse_buffers(world, &sink);
    /* The buffer shares a byte with the next, equals the first, or equals another. */
    buffer->data = right.data + 1;
    refuse_buffers(world, &sink);
    buffer->data = buffers.buffers[9].data;
    refuse_buffers(world, &sink);
    buffer->data = buffers.buffers[0].data;
    refuse_buffers(world, &sink);
    *buffer = right;
    buffers_free(&buffers);
}

/* The source and the slivers lie in written memory. */
static void check_buffers_and_source(world *world) {
    buffer_set buffers = buffers_new(&world->sample.shape, world->sample.n_shards);
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_BUFFERS);
    walrus_accel_encode_request encode = world->encode;
    walrus_accel_rebuild_request rebuild = world->rebuild;
    walrus_accel_source source = source_of(buffers.bytes + buffers.size - 1, 1);
    walrus_accel_sliver *slivers = claim(world->sliver_count * sizeof *slivers);
    walrus_accel_encoded *encoded = NULL;
    sink.buffers = buffers.buffers;
    sink.buffer_count = buffers.count;
    encode.source = &source;
    encode.sink = rebuild.sink = &sink;
    REFUSES_HANDLE(BAD, walrus_accel_job,
        walrus_accel_submit_encode(world->runtime, &encode, NULL, NULL, &out, &error));
    source = source_of(buffers.bytes, world->sample.length);
    REFUSES_HANDLE(BAD, walrus_accel_encoded,
        walrus_accel_encode(world->runtime, &encode, NULL, &out, &error));
    CHECK_EQUAL(buffers.bytes[0], 0xa5);
    memcpy(slivers, world->slivers, world->sliver_count * sizeof *slivers);
    memcpy(buffers.bytes, slivers[0].data, slivers[0].length);
    slivers[0].data = buffers.bytes;
    rebuild.slivers = slivers;
    REFUSES_HANDLE(BAD, walrus_accel_encoded,
        walrus_accel_rebuild(world->runtime, &rebuild, NULL, &out, &error));
    /* Repeated slivers are only read. */
    slivers[0] = slivers[1];
    rebuild.slivers = world->slivers;
    CHECK_OK(walrus_accel_rebuild(world->runtime, &rebuild, NULL, &encoded, &error));
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    free(slivers);
    buffers_free(&buffers);
}

static void check_output(world *world) {
    const uint64_t wrong[] = {
        0, world->sample.length - 1, world->sample.length + 1, SIZE_MAX, UINT64_MAX / 2};
    walrus_accel_decode_request request = world->decode;
    size_t number, at;
    /* The output buffer is a part of a sliver's memory. */
    uint8_t *memory = claim(world->sample.length + world->slivers[0].length);
    walrus_accel_sliver *slivers = claim(world->sliver_count * sizeof *slivers);
    request.output_kind = WALRUS_ACCEL_OUTPUT_MEMORY;
    request.output = memory;
    for (number = 0; number < sizeof wrong / sizeof *wrong; number++) {
        request.output_length = wrong[number];
        REFUSES_HANDLE(BAD, walrus_accel_decoded,
            walrus_accel_decode(world->runtime, &request, NULL, &out, &error));
    }
    request.output_length = world->sample.length;
    memcpy(slivers, world->slivers, world->sliver_count * sizeof *slivers);
    request.slivers = slivers;
    for (at = 1; at < world->sample.length; at *= 3) {
        slivers[0].data = memory + at;
        memcpy(memory + at, world->slivers[0].data, slivers[0].length);
        REFUSES_HANDLE(BAD, walrus_accel_decoded,
            walrus_accel_decode(world->runtime, &request, NULL, &out, &error));
    }
    /* The last written byte is the first byte of the sliver's header. */
    slivers[0].data = memory + world->sample.length - 1;
    memcpy(memory + world->sample.length - 1, world->slivers[0].data, slivers[0].length);
    REFUSES_HANDLE(BAD, walrus_accel_decoded,
        walrus_accel_decode(world->runtime, &request, NULL, &out, &error));
    free(slivers);
    free(memory);
}

static void check_verdicts(world *world) {
    const size_t wrong[] = {0, world->sliver_count - 1, world->sliver_count + 1, SIZE_MAX};
    walrus_accel_verify_request request = world->verify;
    walrus_accel_sliver *slivers = claim(world->sliver_count * sizeof *slivers);
    size_t length = world->slivers[0].length, number;
    uint8_t *sliver = claim(length);
    for (number = 0; number < sizeof wrong / sizeof *wrong; number++) {
        request.verdict_count = wrong[number];
        CHECK_STATUS(BAD, walrus_accel_verify(world->runtime, &request, NULL, &error));
    }
    request.sliver_count = request.verdict_count = SIZE_MAX;
    CHECK_STATUS(BAD, walrus_accel_verify(world->runtime, &request, NULL, &error));
    request = world->verify;
    memcpy(slivers, world->slivers, world->sliver_count * sizeof *slivers);
    memcpy(sliver, slivers[0].data, length);
    slivers[0].data = sliver;
    request.slivers = slivers;
    /* The verdicts lie among the symbols, in the bytes before them, and in the bytes after them. */
    request.verdicts = sliver + length / 2;
    CHECK_STATUS(BAD, walrus_accel_verify(world->runtime, &request, NULL, &error));
    request.verdicts = sliver;
    request.sliver_count = request.verdict_count = 1;
    CHECK_STATUS(BAD, walrus_accel_verify(world->runtime, &request, NULL, &error));
    request.verdicts = sliver + length - 1;
    CHECK_STATUS(BAD, walrus_accel_verify(world->runtime, &request, NULL, &error));
    /* A malformed sliver has bytes too. */
    slivers[0].length = 1;
    request.verdicts = sliver;
    CHECK_STATUS(BAD, walrus_accel_verify(world->runtime, &request, NULL, &error));
    CHECK_BYTES(sliver, world->slivers[0].data, length);
    slivers[0].length = SIZE_MAX;
    request.verdicts = world->verdicts;
    CHECK_STATUS(BAD, walrus_accel_verify(world->runtime, &request, NULL, &error));
    slivers[0].data = NULL;
    slivers[0].length = 1;
    CHECK_STATUS(BAD, walrus_accel_verify(world->runtime, &request, NULL, &error));
    slivers[0].length = 0;
    CHECK_OK(walrus_accel_verify(world->runtime, &request, NULL, &error));
    CHECK_EQUAL(world->verdicts[0], WALRUS_ACCEL_SLIVER_MALFORMED);
    free(sliver);
    free(slivers);
}

/* (NULL, 0) is an empty buffer. */
static void check_empty(world *world) {
    walrus_accel_verify_request verify = world->verify;
    walrus_accel_decode_request decode = world->decode;
    sample empty = sample_new(world->runtime, world->sample.n_shards, 0, 0);
    walrus_accel_sliver *slivers =
        last_slivers(&empty, WALRUS_ACCEL_AXIS_PRIMARY, empty.shape.rows);
    walrus_accel_encode_request encode = world->encode;
    walrus_accel_source source = source_of(NULL, 0);
    walrus_accel_encoded *encoded = NULL;
    walrus_accel_decoded *decoded = NULL;
    verify.slivers = NULL;
    verify.verdicts = NULL;
    verify.sliver_count = verify.verdict_count = 0;
    CHECK_OK(walrus_accel_verify(world->runtime, &verify, NULL, &error));
    decode.slivers = NULL;
    decode.sliver_count = 0;
    REFUSES_HANDLE(WALRUS_ACCEL_NOT_ENOUGH_SLIVERS, walrus_accel_decoded,
        walrus_accel_decode(world->runtime, &decode, NULL, &out, &error));
    encode.source = &source;
    CHECK_OK(walrus_accel_encode(world->runtime, &encode, NULL, &encoded, &error));
    CHECK(has_id(encoded, empty.id));
    decode = decode_request_of(&empty, slivers, empty.shape.rows);
    decode.output_kind = WALRUS_ACCEL_OUTPUT_MEMORY;
    CHECK_OK(walrus_accel_decode(world->runtime, &decode, NULL, &decoded, &error));
    CHECK(walrus_accel_decoded_free(decoded) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    free(slivers);
    sample_free(&empty);
}

void misuse_memory(world *world) {
    check_buffers(world);
    check_buffers_and_source(world);
    check_output(world);
    check_verdicts(world);
    check_empty(world);
}
