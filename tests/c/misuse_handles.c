/*
 * Invalid handles: NULL, freed, of another kind, or foreign addresses. The library recognises them,
 * and the outputs are empty.
 */
#include "misuse.h"

#include <sys/wait.h>
#include <unistd.h>
#include <stdio.h>

static const world *here;

/* Calls a function with an invalid handle, and checks that its outputs are empty. */
typedef walrus_accel_status (*use_handle)(const void *handle, walrus_accel_error **error);

#define USE(name) static walrus_accel_status name(const void *handle, walrus_accel_error **error)

/* A use with a handle or a text as output, in `out`. */
#define USE_FOR_POINTER(name, type, call)                                                          \
    USE(name) {                                                                                    \
        type *out = UNSET(type);                                                                   \
        walrus_accel_status status = (call);                                                       \
        CHECK(out == NULL);                                                                        \
        return status;                                                                             \
    }

/* A use with a number as output. */
#define USE_FOR_NUMBER(name, type, call)                                                           \
    USE(name) {                                                                                    \
        type out = (type) ~(type)0;                                                                \
        walrus_accel_status status = (call);                                                       \
        CHECK_EQUAL(out, 0);                                                                       \
        return status;                                                                             \
    }

/* A use with a pointer and a number as outputs, in `out` and `count`. */
#define USE_FOR_ARRAY(name, type, call)                                                            \
    USE(name) {                                                                                    \
        const type *out = UNSET(const type);                                                       \
        size_t count = 1;                                                                          \
        walrus_accel_status status = (call);                                                       \
        CHECK(out == NULL);                                                                        \
        CHECK_EQUAL(count, 0);                                                                     \
        return status;                                                                             \
    }

/* A use with two numbers as outputs. */
#define USE_FOR_NUMBERS(name, type, call)                                                          \
    USE(name) {                                                                                    \
        type out = (type) ~(type)0, other = (type) ~(type)0;                                       \
        walrus_accel_status status = (call);                                                       \
        CHECK_EQUAL(out, 0);                                                                       \
        CHECK_EQUAL(other, 0);                                                                     \
        return status;                                                                             \
    }

#define USE_FOR_NOTHING(name, call)                                                                \
    USE(name) { return (call); }

/* A use with the handle as the metadata of a request. */
#define USE_IN_REQUEST(name, kind, type, call)                                                     \
    USE(name) {                                                                                    \
        type *out = UNSET(type);                                                                   \
        walrus_accel_##kind##_request request = here->kind;                                        \
        walrus_accel_status status;                                                                \
        request.metadata = handle;                                                                 \
        status = (call);                                                                           \
        CHECK(out == NULL);                                                                        \
        return status;                                                                             \
    }

USE_FOR_POINTER(
    instruction_set, const char, walrus_accel_runtime_instruction_set(handle, &out, error))
USE_FOR_POINTER(
    device_fault, walrus_accel_error, walrus_accel_runtime_device_fault(handle, &out, error))
USE_FOR_POINTER(
    encode, walrus_accel_encoded, walrus_accel_encode(handle, &here->encode, NULL, &out, error))
USE_FOR_POINTER(
    decode, walrus_accel_decoded, walrus_accel_decode(handle, &here->decode, NULL, &out, error))
USE_FOR_NOTHING(verify, walrus_accel_verify(handle, &here->verify, NULL, error))
USE_FOR_POINTER(
    rebuild, walrus_accel_encoded, walrus_accel_rebuild(handle, &here->rebuild, NULL, &out, error))
USE_FOR_POINTER(directory_verify, walrus_accel_directory_report,
    walrus_accel_directory_verify(handle, here->directory, 1, NULL, &out, error))
USE_FOR_POINTER(directory_repair, walrus_accel_directory_report,
    walrus_accel_directory_repair(handle, here->directory, NULL, &out, error))
USE_FOR_POINTER(submit_encode, walrus_accel_job,
    walrus_accel_submit_encode(handle, &here->encode, NULL, NULL, &out, error))
USE_FOR_POINTER(submit_decode, walrus_accel_job,
    walrus_accel_submit_decode(handle, &here->decode, NULL, NULL, &out, error))
USE_FOR_POINTER(submit_rebuild, walrus_accel_job,
    walrus_accel_submit_rebuild(handle, &here->rebuild, NULL, NULL, &out, error))
USE_FOR_POINTER(submit_verify, walrus_accel_job,
    walrus_accel_submit_verify(handle, &here->verify, NULL, NULL, &out, error))
USE_FOR_NOTHING(runtime_free, (*error = NULL, walrus_accel_runtime_free((void *)(uintptr_t)handle)))

/* The results of a batch are empty if an argument of the call is wrong. */
USE(encode_batch) {
    walrus_accel_encode_result result = {
        UNSET(walrus_accel_encoded), UNSET(walrus_accel_error), 5, 5};
    walrus_accel_status status =
        walrus_accel_encode_batch(handle, &here->encode, 1, NULL, &result, error);
    CHECK(
        result.encoded == NULL && result.error == NULL && result.status == WALRUS_ACCEL_NOT_ENDED);
    return status;
}

USE(decode_batch) {
    walrus_accel_decode_result result = {
        UNSET(walrus_accel_decoded), UNSET(walrus_accel_error), 5, 5};
    walrus_accel_status status =
        walrus_accel_decode_batch(handle, &here->decode, 1, NULL, &result, error);
    CHECK(
        result.decoded == NULL && result.error == NULL && result.status == WALRUS_ACCEL_NOT_ENDED);
    return status;
}

USE_FOR_NOTHING(control_cancel, walrus_accel_control_cancel(handle, error))
USE_FOR_NUMBERS(
    control_progress, uint64_t, walrus_accel_control_progress(handle, &out, &other, error))
USE_FOR_POINTER(control_engine, const char, walrus_accel_control_engine(handle, &out, error))
USE_FOR_POINTER(job_engine, const char, walrus_accel_job_engine(handle, &out, error))
USE_FOR_NOTHING(control_free, (*error = NULL, walrus_accel_control_free((void *)(uintptr_t)handle)))
USE_FOR_POINTER(encode_with, walrus_accel_encoded,
    walrus_accel_encode(here->runtime, &here->encode, handle, &out, error))
USE_FOR_POINTER(decode_with, walrus_accel_decoded,
    walrus_accel_decode(here->runtime, &here->decode, handle, &out, error))
USE_FOR_NOTHING(verify_with, walrus_accel_verify(here->runtime, &here->verify, handle, error))
USE_FOR_POINTER(rebuild_with, walrus_accel_encoded,
    walrus_accel_rebuild(here->runtime, &here->rebuild, handle, &out, error))
USE_FOR_POINTER(directory_verify_with, walrus_accel_directory_report,
    walrus_accel_directory_verify(here->runtime, here->directory, 0, handle, &out, error))
USE_FOR_POINTER(directory_repair_with, walrus_accel_directory_report,
    walrus_accel_directory_repair(here->runtime, here->directory, handle, &out, error))

USE(encode_batch_with) {
    walrus_accel_encode_result result = {NULL, NULL, 5, 5};
    walrus_accel_status status =
        walrus_accel_encode_batch(here->runtime, &here->encode, 1, handle, &result, error);
    CHECK(result.encoded == NULL && result.status == WALRUS_ACCEL_NOT_ENDED);
    return status;
}

static int are_all(const uint8_t *bytes, uint8_t value) {
    size_t at;
    for (at = 0; at < WALRUS_ACCEL_BLOB_ID_LENGTH && bytes[at] == value; at++) {}
    return at == WALRUS_ACCEL_BLOB_ID_LENGTH;
}

/* Roots become zero. A buffer of the caller, filled with 7s, stays as it was. */
#define USE_FOR_BYTES(name, left, call)                                                            \
    USE(name) {                                                                                    \
        uint8_t out[WALRUS_ACCEL_BLOB_ID_LENGTH];                                                  \
        walrus_accel_status status;                                                                \
        size_t at;                                                                                 \
        for (at = 0; at < sizeof out; at++) { out[at] = 7; }                                       \
        status = (call);                                                                           \
        CHECK(are_all(out, left));                                                                 \
        return status;                                                                             \
    }

USE_FOR_BYTES(metadata_blob_id, 0, walrus_accel_metadata_blob_id(handle, out, error))
USE_FOR_BYTES(metadata_root_hash, 0, walrus_accel_metadata_root_hash(handle, out, error))
USE_FOR_BYTES(metadata_sliver_root, 0,
    walrus_accel_metadata_sliver_root(handle, WALRUS_ACCEL_AXIS_PRIMARY, 0, out, error))
USE_FOR_BYTES(metadata_to_bcs, 7, walrus_accel_metadata_to_bcs(handle, out, sizeof out, error))
USE_FOR_NUMBER(metadata_commitment, uint32_t, walrus_accel_metadata_commitment(handle, &out, error))
USE_FOR_NUMBER(metadata_bcs_length, size_t, walrus_accel_metadata_bcs_length(handle, &out, error))
USE_FOR_NOTHING(
    metadata_free, (*error = NULL, walrus_accel_metadata_free((void *)(uintptr_t)handle)))

USE(metadata_shape) {
    walrus_accel_shape shape = WALRUS_ACCEL_SHAPE_INIT;
    walrus_accel_status status = walrus_accel_metadata_shape(handle, &shape, error);
    CHECK(shape.n_shards == 0 && shape.struct_size == sizeof shape);
    return status;
}

USE_IN_REQUEST(decode_of, decode, walrus_accel_decoded,
    walrus_accel_decode(here->runtime, &request, NULL, &out, error))
USE_IN_REQUEST(rebuild_of, rebuild, walrus_accel_encoded,
    walrus_accel_rebuild(here->runtime, &request, NULL, &out, error))
USE_IN_REQUEST(verify_of, verify, void,
    (out = NULL, walrus_accel_verify(here->runtime, &request, NULL, error)))
USE_IN_REQUEST(submit_decode_of, decode, walrus_accel_job,
    walrus_accel_submit_decode(here->runtime, &request, NULL, NULL, &out, error))
USE_IN_REQUEST(submit_rebuild_of, rebuild, walrus_accel_job,
    walrus_accel_submit_rebuild(here->runtime, &request, NULL, NULL, &out, error))
USE_IN_REQUEST(submit_verify_of, verify, walrus_accel_job,
    walrus_accel_submit_verify(here->runtime, &request, NULL, NULL, &out, error))

USE_FOR_POINTER(
    encoded_metadata, walrus_accel_metadata, walrus_accel_encoded_metadata(handle, &out, error))
USE_FOR_ARRAY(encoded_sliver, uint8_t,
    walrus_accel_encoded_sliver(handle, WALRUS_ACCEL_AXIS_PRIMARY, 0, &out, &count, error))
USE_FOR_POINTER(encoded_path, const char, walrus_accel_encoded_directory(handle, &out, NULL, error))
USE_FOR_NOTHING(encoded_free, (*error = NULL, walrus_accel_encoded_free((void *)(uintptr_t)handle)))

USE_FOR_ARRAY(decoded_blob, uint8_t, walrus_accel_decoded_blob(handle, &out, &count, error))
USE_FOR_NUMBER(decoded_axis, uint32_t, walrus_accel_decoded_axis(handle, &out, error))
USE_FOR_ARRAY(decoded_used, size_t, walrus_accel_decoded_used(handle, &out, &count, error))
USE_FOR_ARRAY(decoded_damaged, size_t, walrus_accel_decoded_damaged(handle, &out, &count, error))
USE_FOR_NOTHING(decoded_free, (*error = NULL, walrus_accel_decoded_free((void *)(uintptr_t)handle)))

USE(devices_get) {
    walrus_accel_device device = WALRUS_ACCEL_DEVICE_INIT;
    walrus_accel_status status = walrus_accel_devices_get(handle, 0, &device, error);
    CHECK(device.name == NULL && device.kind == 0);
    return status;
}

USE_FOR_NOTHING(devices_free, (*error = NULL, walrus_accel_devices_free((void *)(uintptr_t)handle)))
USE_FOR_NUMBERS(directory_report_counts, size_t,
    walrus_accel_directory_report_counts(handle, &out, &other, error))

USE(directory_report_get) {
    walrus_accel_problem problem = WALRUS_ACCEL_PROBLEM_INIT;
    walrus_accel_status status = walrus_accel_directory_report_get(handle, 0, &problem, error);
    CHECK(problem.path == NULL && problem.kind == 0);
    return status;
}

USE_FOR_NOTHING(directory_report_free,
    (*error = NULL, walrus_accel_directory_report_free((void *)(uintptr_t)handle)))
USE_FOR_POINTER(
    expand, walrus_accel_expanded, walrus_accel_expand(handle, &here->expand, NULL, &out, error))
USE_FOR_POINTER(expand_with, walrus_accel_expanded,
    walrus_accel_expand(here->runtime, &here->expand, handle, &out, error))
USE_IN_REQUEST(expand_of, expand, walrus_accel_expanded,
    walrus_accel_expand(here->runtime, &request, NULL, &out, error))
USE_FOR_NOTHING(
    decoding_symbols, walrus_accel_decoding_symbols(handle, &here->decoding_symbols, NULL, error))
USE_FOR_NOTHING(decoding_symbols_with,
    walrus_accel_decoding_symbols(here->runtime, &here->decoding_symbols, handle, error))
USE_IN_REQUEST(decoding_symbols_of, decoding_symbols, void,
    (out = NULL, walrus_accel_decoding_symbols(here->runtime, &request, NULL, error)))
USE_FOR_NUMBER(expanded_axis, uint32_t, walrus_accel_expanded_axis(handle, &out, error))
USE_FOR_NUMBER(expanded_index, uint16_t, walrus_accel_expanded_index(handle, &out, error))
USE_FOR_NUMBER(expanded_memory, size_t, walrus_accel_expanded_memory(handle, &out, error))
USE_FOR_BYTES(expanded_root, 0, walrus_accel_expanded_root(handle, out, error))
USE_FOR_NUMBER(expanded_symbols_length, size_t,
    walrus_accel_expanded_symbols_length(handle, 0, &here->target, 1, &out, error))
USE_FOR_NUMBER(expanded_symbols, size_t,
    walrus_accel_expanded_symbols(handle, 0, &here->target, 1, (uint8_t *)(uintptr_t)here->symbol,
        sizeof here->symbol, &out, error))
USE_FOR_NOTHING(
    expanded_free, (*error = NULL, walrus_accel_expanded_free((void *)(uintptr_t)handle)))

USE_FOR_NOTHING(
    verify_symbols, walrus_accel_verify_symbols(handle, &here->verify_symbols, NULL, error))
USE_FOR_NOTHING(verify_symbols_with,
    walrus_accel_verify_symbols(here->runtime, &here->verify_symbols, handle, error))
USE_IN_REQUEST(verify_symbols_of, verify_symbols, void,
    (out = NULL, walrus_accel_verify_symbols(here->runtime, &request, NULL, error)))
USE_FOR_POINTER(recover, walrus_accel_recovered,
    walrus_accel_recover(handle, &here->recover, NULL, &out, error))
USE_FOR_POINTER(recover_with, walrus_accel_recovered,
    walrus_accel_recover(here->runtime, &here->recover, handle, &out, error))
USE_IN_REQUEST(recover_of, recover, walrus_accel_recovered,
    walrus_accel_recover(here->runtime, &request, NULL, &out, error))
USE_FOR_POINTER(recover_unproven, walrus_accel_recovered,
    walrus_accel_recover_unproven(handle, &here->recover, NULL, &out, error))
USE_FOR_POINTER(recover_unproven_with, walrus_accel_recovered,
    walrus_accel_recover_unproven(here->runtime, &here->recover, handle, &out, error))
USE_IN_REQUEST(recover_unproven_of, recover, walrus_accel_recovered,
    walrus_accel_recover_unproven(here->runtime, &request, NULL, &out, error))
USE_FOR_NUMBER(recovered_kind, uint32_t, walrus_accel_recovered_kind(handle, &out, error))
USE_FOR_ARRAY(recovered_sliver, uint8_t, walrus_accel_recovered_sliver(handle, &out, &count, error))
USE_FOR_ARRAY(recovered_proof, uint8_t, walrus_accel_recovered_proof(handle, &out, &count, error))
USE_FOR_ARRAY(recovered_used, size_t, walrus_accel_recovered_used(handle, &out, &count, error))

USE(recovered_refused) {
    const size_t *numbers = UNSET(const size_t);
    const uint8_t *verdicts = UNSET(const uint8_t);
    size_t count = 1;
    walrus_accel_status status =
        walrus_accel_recovered_refused(handle, &numbers, &verdicts, &count, error);
    CHECK(numbers == NULL && verdicts == NULL && count == 0);
    return status;
}

USE_FOR_NOTHING(
    recovered_free, (*error = NULL, walrus_accel_recovered_free((void *)(uintptr_t)handle)))

/* A verdict on a proof is 0 after a failure. */
#define USE_FOR_PROOF(name, call)                                                                  \
    USE(name) {                                                                                    \
        walrus_accel_proof_verdict out = WALRUS_ACCEL_PROOF_VERDICT_INIT;                          \
        walrus_accel_verify_proof_request request = here->verify_proof;                            \
        walrus_accel_status status;                                                                \
        out.verdict = out.symbol_verdict = 7;                                                      \
        out.symbol = 7;                                                                            \
        status = (call);                                                                           \
        CHECK(out.verdict == 0 && out.symbol_verdict == 0 && out.symbol == 0);                     \
        return status;                                                                             \
    }

USE_FOR_PROOF(verify_proof, walrus_accel_verify_proof(handle, &request, NULL, &out, error))
USE_FOR_PROOF(
    verify_proof_with, walrus_accel_verify_proof(here->runtime, &request, handle, &out, error))
USE_FOR_PROOF(verify_proof_of, (request.metadata = handle, walrus_accel_verify_proof(here->runtime,
                                                               &request, NULL, &out, error)))

USE_FOR_POINTER(reader_new, walrus_accel_reader,
    walrus_accel_reader_new(handle, here->sample.metadata, &out, error))
USE_FOR_POINTER(
    reader_new_of, walrus_accel_reader, walrus_accel_reader_new(here->runtime, handle, &out, error))
USE_FOR_NUMBER(reader_ready, uint32_t, walrus_accel_reader_ready_axis(handle, &out, error))
USE_FOR_NUMBER(reader_missing, size_t,
    walrus_accel_reader_missing_count(handle, WALRUS_ACCEL_AXIS_PRIMARY, &out, error))
USE_FOR_POINTER(reader_report_new, walrus_accel_reader_report,
    walrus_accel_reader_report_new(handle, &out, error))
USE_FOR_POINTER(reader_read, walrus_accel_decoded,
    walrus_accel_reader_read(handle, &here->reader_read, NULL, &out, error))
USE_FOR_POINTER(reader_read_with, walrus_accel_decoded,
    walrus_accel_reader_read(here->live[KIND_READER], &here->reader_read, handle, &out, error))
USE_FOR_BYTES(
    reader_read_range, 7, walrus_accel_reader_read_range(handle, 0, out, sizeof out, NULL, error))
USE_FOR_BYTES(reader_read_range_with, 7,
    walrus_accel_reader_read_range(here->live[KIND_READER], 0, out, sizeof out, handle, error))
USE_FOR_NOTHING(reader_free, (*error = NULL, walrus_accel_reader_free((void *)(uintptr_t)handle)))

/* The outcome of the sliver is 0. */
static walrus_accel_status add(
    const void *reader, const void *control, walrus_accel_error **error) {
    walrus_accel_added added = {7, 7, 7};
    walrus_accel_reader_add_request request = here->reader_add;
    walrus_accel_status status;
    request.added = &added;
    status = walrus_accel_reader_add(reader, &request, control, error);
    CHECK(added.outcome == 0 && added.verdict == 0 && added.reserved == 0);
    return status;
}

USE(reader_add) { return add(handle, NULL, error); }

USE(reader_add_with) { return add(here->live[KIND_READER], handle, error); }

USE(reader_report_counts) {
    size_t kept = 1, damaged = 1, surplus = 1;
    walrus_accel_status status =
        walrus_accel_reader_report_counts(handle, &kept, &damaged, &surplus, error);
    CHECK(kept == 0 && damaged == 0 && surplus == 0);
    return status;
}

USE(reader_report_get) {
    walrus_accel_seen_sliver sliver = WALRUS_ACCEL_SEEN_SLIVER_INIT;
    walrus_accel_status status;
    sliver.axis = sliver.outcome = 7;
    status = walrus_accel_reader_report_get(handle, WALRUS_ACCEL_ADDED_KEPT, 0, &sliver, error);
    CHECK(sliver.axis == 0 && sliver.outcome == 0);
    return status;
}

USE_FOR_NOTHING(
    reader_report_free, (*error = NULL, walrus_accel_reader_report_free((void *)(uintptr_t)handle)))
USE_FOR_NUMBER(job_poll, uint32_t, walrus_accel_job_poll(handle, &out, error))
USE_FOR_NOTHING(job_wait, walrus_accel_job_wait(handle, WALRUS_ACCEL_FOREVER, error))
USE_FOR_NUMBERS(job_progress, uint64_t, walrus_accel_job_progress(handle, &out, &other, error))
USE_FOR_NOTHING(job_cancel, walrus_accel_job_cancel(handle, error))
USE_FOR_NOTHING(job_result, walrus_accel_job_result(handle, error))
USE_FOR_POINTER(
    job_take_encoded, walrus_accel_encoded, walrus_accel_job_take_encoded(handle, &out, error))
USE_FOR_POINTER(
    job_take_decoded, walrus_accel_decoded, walrus_accel_job_take_decoded(handle, &out, error))
USE_FOR_NOTHING(job_free, (*error = NULL, walrus_accel_job_free((void *)(uintptr_t)handle)))

USE_FOR_POINTER(encode_quilt, walrus_accel_encoded,
    walrus_accel_encode_quilt(handle, &here->encode_quilt, NULL, &out, error))
USE_FOR_POINTER(encode_quilt_with, walrus_accel_encoded,
    walrus_accel_encode_quilt(here->runtime, &here->encode_quilt, handle, &out, error))
USE_FOR_POINTER(submit_encode_quilt, walrus_accel_job,
    walrus_accel_submit_encode_quilt(handle, &here->encode_quilt, NULL, NULL, &out, error))
USE_FOR_POINTER(
    encoded_patches, walrus_accel_quilt_patches, walrus_accel_encoded_patches(handle, &out, error))
USE_FOR_NUMBER(quilt_patches_count, size_t, walrus_accel_quilt_patches_count(handle, &out, error))

USE(encode_quilt_batch) {
    walrus_accel_encode_result result = {
        UNSET(walrus_accel_encoded), UNSET(walrus_accel_error), 5, 5};
    walrus_accel_status status =
        walrus_accel_encode_quilt_batch(handle, &here->encode_quilt, 1, NULL, &result, error);
    CHECK(
        result.encoded == NULL && result.error == NULL && result.status == WALRUS_ACCEL_NOT_ENDED);
    return status;
}

USE(quilt_patches_get) {
    walrus_accel_quilt_patch patch = WALRUS_ACCEL_QUILT_PATCH_INIT;
    walrus_accel_status status;
    patch.identifier = "identifier";
    patch.end_column = 7;
    status = walrus_accel_quilt_patches_get(handle, 0, &patch, error);
    CHECK(patch.identifier == NULL && patch.end_column == 0);
    return status;
}

USE_FOR_NOTHING(
    quilt_patches_free, (*error = NULL, walrus_accel_quilt_patches_free((void *)(uintptr_t)handle)))
USE_FOR_POINTER(quilt_reader_new, walrus_accel_quilt_reader,
    walrus_accel_quilt_reader_new(handle, &here->quilt_reader, NULL, &out, error))
USE_FOR_POINTER(quilt_reader_new_with, walrus_accel_quilt_reader,
    walrus_accel_quilt_reader_new(here->runtime, &here->quilt_reader, handle, &out, error))
USE_IN_REQUEST(quilt_reader_new_of, quilt_reader, walrus_accel_quilt_reader,
    walrus_accel_quilt_reader_new(here->runtime, &request, NULL, &out, error))
USE_FOR_POINTER(quilt_reader_patches, walrus_accel_quilt_patches,
    walrus_accel_quilt_reader_patches(handle, NULL, &out, error))
USE_FOR_POINTER(quilt_reader_patches_with, walrus_accel_quilt_patches,
    walrus_accel_quilt_reader_patches(here->live[KIND_QUILT_READER], handle, &out, error))
USE_FOR_POINTER(quilt_reader_patch, walrus_accel_quilt_patches,
    walrus_accel_quilt_reader_patch(handle, "file", NULL, &out, error))
USE_FOR_POINTER(quilt_reader_patches_with_tag, walrus_accel_quilt_patches,
    walrus_accel_quilt_reader_patches_with_tag(handle, here->quilt_entry.tags, NULL, &out, error))
USE_FOR_POINTER(quilt_reader_patch_by_id, walrus_accel_quilt_patches,
    walrus_accel_quilt_reader_patch_by_id(handle, "", NULL, &out, error))
USE_FOR_POINTER(quilt_reader_read, walrus_accel_quilt_content,
    walrus_accel_quilt_reader_read(handle, &here->quilt_read, NULL, &out, error))
USE_FOR_POINTER(quilt_reader_read_with, walrus_accel_quilt_content,
    walrus_accel_quilt_reader_read(
        here->live[KIND_QUILT_READER], &here->quilt_read, handle, &out, error))

USE(quilt_reader_read_of) {
    walrus_accel_quilt_reader_read_request request = here->quilt_read;
    walrus_accel_quilt_content *out = UNSET(walrus_accel_quilt_content);
    walrus_accel_status status;
    request.patches = handle;
    status =
        walrus_accel_quilt_reader_read(here->live[KIND_QUILT_READER], &request, NULL, &out, error);
    CHECK(out == NULL);
    return status;
}

USE(quilt_reader_extract_of) {
    walrus_accel_quilt_reader_extract_request request = here->quilt_extract;
    request.patches = handle;
    return walrus_accel_quilt_reader_extract(here->live[KIND_QUILT_READER], &request, NULL, error);
}

USE_FOR_NOTHING(quilt_reader_extract,
    walrus_accel_quilt_reader_extract(handle, &here->quilt_extract, NULL, error))
USE_FOR_NOTHING(quilt_reader_check, walrus_accel_quilt_reader_check(handle, NULL, error))
USE_FOR_NOTHING(quilt_reader_check_with,
    walrus_accel_quilt_reader_check(here->live[KIND_QUILT_READER], handle, error))
USE_FOR_POINTER(submit_quilt_read, walrus_accel_job,
    walrus_accel_submit_quilt_read(handle, &here->quilt_read, NULL, NULL, &out, error))
USE_FOR_POINTER(submit_quilt_extract, walrus_accel_job,
    walrus_accel_submit_quilt_extract(handle, &here->quilt_extract, NULL, NULL, &out, error))
USE_FOR_POINTER(submit_quilt_check, walrus_accel_job,
    walrus_accel_submit_quilt_check(handle, NULL, NULL, &out, error))
USE_FOR_POINTER(job_take_quilt_content, walrus_accel_quilt_content,
    walrus_accel_job_take_quilt_content(handle, &out, error))
USE_FOR_NOTHING(
    quilt_reader_free, (*error = NULL, walrus_accel_quilt_reader_free((void *)(uintptr_t)handle)))
USE_FOR_NUMBER(
    quilt_content_length, uint64_t, walrus_accel_quilt_content_length(handle, &out, error))
USE_FOR_ARRAY(
    quilt_content_bytes, uint8_t, walrus_accel_quilt_content_bytes(handle, &out, &count, error))
USE_FOR_NOTHING(
    quilt_content_free, (*error = NULL, walrus_accel_quilt_content_free((void *)(uintptr_t)handle)))
USE_FOR_NOTHING(error_free, (*error = NULL, walrus_accel_error_free((void *)(uintptr_t)handle)))

USE(error_message) {
    *error = NULL;
    CHECK(*walrus_accel_error_message(handle) == '\0');
    return walrus_accel_error_status(handle);
}

/* Effect of NULL: it is refused, it is accepted, or it is like a freed handle. */
enum { NULL_IS_REFUSED, NULL_PASSES, NULL_IS_DEAD };

#define ENTRY(name, kind)                                                                          \
    { #name, name, kind, NULL_IS_REFUSED }
#define PASSING(name, kind)                                                                        \
    { #name, name, kind, NULL_PASSES }

static const struct {
    const char *name;
    use_handle use;
    int kind, null;
} uses[] = {
    ENTRY(instruction_set, KIND_RUNTIME),
    ENTRY(device_fault, KIND_RUNTIME),
    ENTRY(encode, KIND_RUNTIME),
    ENTRY(decode, KIND_RUNTIME),
    ENTRY(verify, KIND_RUNTIME),
    ENTRY(rebuild, KIND_RUNTIME),
    ENTRY(directory_verify, KIND_RUNTIME),
    ENTRY(directory_repair, KIND_RUNTIME),
    ENTRY(submit_encode, KIND_RUNTIME),
    ENTRY(submit_decode, KIND_RUNTIME),
    ENTRY(submit_rebuild, KIND_RUNTIME),
    ENTRY(submit_verify, KIND_RUNTIME),
    ENTRY(encode_batch, KIND_RUNTIME),
    ENTRY(decode_batch, KIND_RUNTIME),
    PASSING(runtime_free, KIND_RUNTIME),
    ENTRY(control_cancel, KIND_CONTROL),
    ENTRY(control_progress, KIND_CONTROL),
    ENTRY(control_engine, KIND_CONTROL),
    ENTRY(job_engine, KIND_JOB),
    PASSING(control_free, KIND_CONTROL),
    PASSING(encode_with, KIND_CONTROL),
    PASSING(decode_with, KIND_CONTROL),
    PASSING(verify_with, KIND_CONTROL),
    PASSING(rebuild_with, KIND_CONTROL),
    PASSING(directory_verify_with, KIND_CONTROL),
    PASSING(directory_repair_with, KIND_CONTROL),
    PASSING(encode_batch_with, KIND_CONTROL),
    ENTRY(metadata_blob_id, KIND_METADATA),
    ENTRY(metadata_root_hash, KIND_METADATA),
    ENTRY(metadata_sliver_root, KIND_METADATA),
    ENTRY(metadata_to_bcs, KIND_METADATA),
    ENTRY(metadata_commitment, KIND_METADATA),
    ENTRY(metadata_bcs_length, KIND_METADATA),
    ENTRY(metadata_shape, KIND_METADATA),
    PASSING(metadata_free, KIND_METADATA),
    ENTRY(decode_of, KIND_METADATA),
    ENTRY(rebuild_of, KIND_METADATA),
    ENTRY(verify_of, KIND_METADATA),
    ENTRY(submit_decode_of, KIND_METADATA),
    ENTRY(submit_rebuild_of, KIND_METADATA),
    ENTRY(submit_verify_of, KIND_METADATA),
    ENTRY(encoded_metadata, KIND_ENCODED),
    ENTRY(encoded_sliver, KIND_ENCODED),
    ENTRY(encoded_path, KIND_ENCODED),
    PASSING(encoded_free, KIND_ENCODED),
    ENTRY(decoded_blob, KIND_DECODED),
    ENTRY(decoded_axis, KIND_DECODED),
    ENTRY(decoded_used, KIND_DECODED),
    ENTRY(decoded_damaged, KIND_DECODED),
    PASSING(decoded_free, KIND_DECODED),
    ENTRY(devices_get, KIND_DEVICES),
    PASSING(devices_free, KIND_DEVICES),
    ENTRY(directory_report_counts, KIND_DIRECTORY_REPORT),
    ENTRY(directory_report_get, KIND_DIRECTORY_REPORT),
    PASSING(directory_report_free, KIND_DIRECTORY_REPORT),
    ENTRY(job_poll, KIND_JOB),
    ENTRY(job_wait, KIND_JOB),
    ENTRY(job_progress, KIND_JOB),
    ENTRY(job_cancel, KIND_JOB),
    ENTRY(job_result, KIND_JOB),
    ENTRY(job_take_encoded, KIND_JOB),
    ENTRY(job_take_decoded, KIND_JOB),
    PASSING(job_free, KIND_JOB),
    ENTRY(expand, KIND_RUNTIME),
    PASSING(expand_with, KIND_CONTROL),
    ENTRY(expand_of, KIND_METADATA),
    ENTRY(decoding_symbols, KIND_RUNTIME),
    PASSING(decoding_symbols_with, KIND_CONTROL),
    ENTRY(decoding_symbols_of, KIND_METADATA),
    ENTRY(expanded_axis, KIND_EXPANDED),
    ENTRY(expanded_index, KIND_EXPANDED),
    ENTRY(expanded_memory, KIND_EXPANDED),
    ENTRY(expanded_root, KIND_EXPANDED),
    ENTRY(expanded_symbols_length, KIND_EXPANDED),
    ENTRY(expanded_symbols, KIND_EXPANDED),
    PASSING(expanded_free, KIND_EXPANDED),
    ENTRY(verify_symbols, KIND_RUNTIME),
    PASSING(verify_symbols_with, KIND_CONTROL),
    ENTRY(verify_symbols_of, KIND_METADATA),
    ENTRY(recover, KIND_RUNTIME),
    PASSING(recover_with, KIND_CONTROL),
    ENTRY(recover_of, KIND_METADATA),
    ENTRY(recover_unproven, KIND_RUNTIME),
    PASSING(recover_unproven_with, KIND_CONTROL),
    ENTRY(recover_unproven_of, KIND_METADATA),
    ENTRY(recovered_kind, KIND_RECOVERED),
    ENTRY(recovered_sliver, KIND_RECOVERED),
    ENTRY(recovered_proof, KIND_RECOVERED),
    ENTRY(recovered_used, KIND_RECOVERED),
    ENTRY(recovered_refused, KIND_RECOVERED),
    PASSING(recovered_free, KIND_RECOVERED),
    ENTRY(verify_proof, KIND_RUNTIME),
    PASSING(verify_proof_with, KIND_CONTROL),
    ENTRY(verify_proof_of, KIND_METADATA),
    ENTRY(reader_new, KIND_RUNTIME),
    ENTRY(reader_new_of, KIND_METADATA),
    ENTRY(reader_add, KIND_READER),
    PASSING(reader_add_with, KIND_CONTROL),
    ENTRY(reader_ready, KIND_READER),
    ENTRY(reader_missing, KIND_READER),
    ENTRY(reader_report_new, KIND_READER),
    ENTRY(reader_read, KIND_READER),
    PASSING(reader_read_with, KIND_CONTROL),
    ENTRY(reader_read_range, KIND_READER),
    PASSING(reader_read_range_with, KIND_CONTROL),
    PASSING(reader_free, KIND_READER),
    ENTRY(reader_report_counts, KIND_READER_REPORT),
    ENTRY(reader_report_get, KIND_READER_REPORT),
    PASSING(reader_report_free, KIND_READER_REPORT),
    ENTRY(encode_quilt, KIND_RUNTIME),
    PASSING(encode_quilt_with, KIND_CONTROL),
    ENTRY(encode_quilt_batch, KIND_RUNTIME),
    ENTRY(submit_encode_quilt, KIND_RUNTIME),
    ENTRY(encoded_patches, KIND_ENCODED),
    ENTRY(quilt_patches_count, KIND_QUILT_PATCHES),
    ENTRY(quilt_patches_get, KIND_QUILT_PATCHES),
    PASSING(quilt_patches_free, KIND_QUILT_PATCHES),
    ENTRY(quilt_reader_new, KIND_RUNTIME),
    PASSING(quilt_reader_new_with, KIND_CONTROL),
    ENTRY(quilt_reader_new_of, KIND_METADATA),
    ENTRY(quilt_reader_patches, KIND_QUILT_READER),
    PASSING(quilt_reader_patches_with, KIND_CONTROL),
    ENTRY(quilt_reader_patch, KIND_QUILT_READER),
    ENTRY(quilt_reader_patches_with_tag, KIND_QUILT_READER),
    ENTRY(quilt_reader_patch_by_id, KIND_QUILT_READER),
    ENTRY(quilt_reader_read, KIND_QUILT_READER),
    PASSING(quilt_reader_read_with, KIND_CONTROL),
    ENTRY(quilt_reader_read_of, KIND_QUILT_PATCHES),
    ENTRY(quilt_reader_extract, KIND_QUILT_READER),
    ENTRY(quilt_reader_extract_of, KIND_QUILT_PATCHES),
    ENTRY(quilt_reader_check, KIND_QUILT_READER),
    PASSING(quilt_reader_check_with, KIND_CONTROL),
    ENTRY(submit_quilt_read, KIND_QUILT_READER),
    ENTRY(submit_quilt_extract, KIND_QUILT_READER),
    ENTRY(submit_quilt_check, KIND_QUILT_READER),
    ENTRY(job_take_quilt_content, KIND_JOB),
    PASSING(quilt_reader_free, KIND_QUILT_READER),
    ENTRY(quilt_content_length, KIND_QUILT_CONTENT),
    ENTRY(quilt_content_bytes, KIND_QUILT_CONTENT),
    PASSING(quilt_content_free, KIND_QUILT_CONTENT),
    PASSING(error_free, KIND_ERROR),
    {"error_message", error_message, KIND_ERROR, NULL_IS_DEAD},
};

/* Functions without an error output have set the error to NULL. */
static void refuse(
    size_t number, const void *handle, walrus_accel_status expected, const char *what) {
    walrus_accel_error *error = UNSET(walrus_accel_error);
    walrus_accel_status status;
    char about[80];
    snprintf(about, sizeof about, "%s of %s", uses[number].name, what);
    check_about(about);
    status = uses[number].use(handle, &error);
    CHECK_EQUAL(status, expected);
    CHECK(error != UNSET(walrus_accel_error));
    CHECK(!error ||
          (walrus_accel_error_status(error) == status && *walrus_accel_error_message(error)));
    walrus_accel_error_free(error);
    check_about(NULL);
}

/* A child does not have the threads of a runtime: calls say so, and do not wait for them. */
static void check_child(world *world) {
    int ended = 0;
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        walrus_accel_encoded *encoded = UNSET(walrus_accel_encoded);
        walrus_accel_status status =
            walrus_accel_encode(world->runtime, &world->encode, NULL, &encoded, NULL);
        const char *end =
            status == WALRUS_ACCEL_INVALID_HANDLE && encoded == NULL ? "/bin/true" : "/bin/false";
        /* Another program, which no leak checker watches. */
        execl(end, end, (char *)NULL);
        _exit(2);
    }
    REQUIRE(waitpid(child, &ended, 0) == child);
    CHECK(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
}

void misuse_handles(world *world) {
    size_t number, kind;
    int stranger = 0;
    here = world;
    for (number = 0; number < sizeof uses / sizeof *uses; number++) {
        if (uses[number].null != NULL_PASSES) {
            int is_dead = uses[number].null == NULL_IS_DEAD;
            refuse(number, NULL,
                is_dead ? WALRUS_ACCEL_INVALID_HANDLE : WALRUS_ACCEL_INVALID_ARGUMENT, "NULL");
        }
        for (kind = 0; kind < KINDS; kind++) {
            if (kind != (size_t)uses[number].kind) {
                refuse(number, world->live[kind], WALRUS_ACCEL_INVALID_HANDLE, "another kind");
            }
        }
        refuse(number, world->freed[uses[number].kind], WALRUS_ACCEL_INVALID_HANDLE, "a freed one");
        refuse(number, (void *)(uintptr_t)0x10, WALRUS_ACCEL_INVALID_HANDLE, "0x10");
        refuse(number, (void *)(uintptr_t)1, WALRUS_ACCEL_INVALID_HANDLE, "1");
        refuse(number, (void *)UINTPTR_MAX, WALRUS_ACCEL_INVALID_HANDLE, "the last address");
        refuse(number, &stranger, WALRUS_ACCEL_INVALID_HANDLE, "a variable");
        refuse(number, (char *)world->live[uses[number].kind] + 1, WALRUS_ACCEL_INVALID_HANDLE,
            "one byte on");
    }
    check_child(world);
    CHECK(walrus_accel_runtime_free(NULL) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_control_free(NULL) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_metadata_free(NULL) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_encoded_free(NULL) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_decoded_free(NULL) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_devices_free(NULL) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_directory_report_free(NULL) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_job_free(NULL) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_expanded_free(NULL) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_recovered_free(NULL) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_reader_free(NULL) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_reader_report_free(NULL) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_quilt_patches_free(NULL) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_quilt_reader_free(NULL) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_quilt_content_free(NULL) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_error_free(NULL) == WALRUS_ACCEL_OK);
}
