/*
 * The header alone: included twice, with its initialisers at file scope and in functions, in every
 * standard of C and C++.
 */
#include <walrus_accel.h>
#include <walrus_accel.h>

static const walrus_accel_shape shape = WALRUS_ACCEL_SHAPE_INIT;
static const walrus_accel_device device = WALRUS_ACCEL_DEVICE_INIT;
static const walrus_accel_runtime_options options = WALRUS_ACCEL_RUNTIME_OPTIONS_INIT;
static const walrus_accel_source source = WALRUS_ACCEL_SOURCE_INIT;
static const walrus_accel_sink sink = WALRUS_ACCEL_SINK_INIT;
static const walrus_accel_encode_request encode_request = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
static const walrus_accel_decode_request decode_request = WALRUS_ACCEL_DECODE_REQUEST_INIT;
static const walrus_accel_verify_request verify_request = WALRUS_ACCEL_VERIFY_REQUEST_INIT;
static const walrus_accel_rebuild_request rebuild_request = WALRUS_ACCEL_REBUILD_REQUEST_INIT;
static const walrus_accel_quilt_entry quilt_entry = WALRUS_ACCEL_QUILT_ENTRY_INIT;
static const walrus_accel_encode_quilt_request encode_quilt =
    WALRUS_ACCEL_ENCODE_QUILT_REQUEST_INIT;
static const walrus_accel_quilt_patch quilt_patch = WALRUS_ACCEL_QUILT_PATCH_INIT;
static const walrus_accel_quilt_reader_request quilt_reader =
    WALRUS_ACCEL_QUILT_READER_REQUEST_INIT;
static const walrus_accel_quilt_reader_read_request quilt_read =
    WALRUS_ACCEL_QUILT_READER_READ_REQUEST_INIT;
static const walrus_accel_quilt_reader_extract_request quilt_extract =
    WALRUS_ACCEL_QUILT_READER_EXTRACT_REQUEST_INIT;
static const walrus_accel_problem problem = WALRUS_ACCEL_PROBLEM_INIT;
static const walrus_accel_verify_symbols_request verify_symbols =
    WALRUS_ACCEL_VERIFY_SYMBOLS_REQUEST_INIT;
static const walrus_accel_expand_request expand = WALRUS_ACCEL_EXPAND_REQUEST_INIT;
static const walrus_accel_decoding_symbols_request decoding_symbols =
    WALRUS_ACCEL_DECODING_SYMBOLS_REQUEST_INIT;
static const walrus_accel_recover_request recover = WALRUS_ACCEL_RECOVER_REQUEST_INIT;
static const walrus_accel_verify_proof_request verify_proof =
    WALRUS_ACCEL_VERIFY_PROOF_REQUEST_INIT;
static const walrus_accel_proof_verdict proof_verdict = WALRUS_ACCEL_PROOF_VERDICT_INIT;
static const walrus_accel_reader_add_request reader_add = WALRUS_ACCEL_READER_ADD_REQUEST_INIT;
static const walrus_accel_reader_read_request reader_read = WALRUS_ACCEL_READER_READ_REQUEST_INIT;
static const walrus_accel_seen_sliver seen = WALRUS_ACCEL_SEEN_SLIVER_INIT;

/* Each check reads the last field, so that an initialiser that is too short is noticed. */
static int wrong_at_file_scope(void) {
    return shape.struct_size != sizeof shape || shape.recovery_symbol_length != 0 ||
           device.struct_size != sizeof device || device.kind != 0 ||
           options.struct_size != sizeof options || options.no_device_check != 0 ||
           source.struct_size != sizeof source || source.user_data != NULL ||
           sink.struct_size != sizeof sink || sink.user_data != NULL ||
           encode_request.struct_size != sizeof encode_request || encode_request.n_shards != 0 ||
           decode_request.struct_size != sizeof decode_request ||
           decode_request.output_path != NULL ||
           verify_request.struct_size != sizeof verify_request ||
           verify_request.metadata_per_sliver != NULL ||
           rebuild_request.struct_size != sizeof rebuild_request || rebuild_request.axis != 0 ||
           quilt_entry.struct_size != sizeof quilt_entry || quilt_entry.source != NULL ||
           encode_quilt.struct_size != sizeof encode_quilt || encode_quilt.n_shards != 0 ||
           quilt_patch.struct_size != sizeof quilt_patch || quilt_patch.end_column != 0 ||
           quilt_reader.struct_size != sizeof quilt_reader || quilt_reader.blob != NULL ||
           quilt_read.struct_size != sizeof quilt_read || quilt_read.output_path != NULL ||
           quilt_extract.struct_size != sizeof quilt_extract || quilt_extract.replace != 0 ||
           problem.struct_size != sizeof problem || problem.kind != 0 ||
           verify_symbols.struct_size != sizeof verify_symbols || verify_symbols.reserved != 0 ||
           expand.struct_size != sizeof expand || expand.sliver != NULL ||
           decoding_symbols.struct_size != sizeof decoding_symbols ||
           decoding_symbols.out_length != 0 || recover.struct_size != sizeof recover ||
           recover.verdict_count != 0 || verify_proof.struct_size != sizeof verify_proof ||
           verify_proof.reserved != 0 || proof_verdict.struct_size != sizeof proof_verdict ||
           proof_verdict.symbol_verdict != 0 || reader_add.struct_size != sizeof reader_add ||
           reader_add.added_count != 0 || reader_read.struct_size != sizeof reader_read ||
           reader_read.output_path != NULL || seen.struct_size != sizeof seen || seen.reserved != 0;
}

static int wrong_in_a_function(void) {
    walrus_accel_shape inner_shape = WALRUS_ACCEL_SHAPE_INIT;
    walrus_accel_device inner_device = WALRUS_ACCEL_DEVICE_INIT;
    walrus_accel_runtime_options inner_options = WALRUS_ACCEL_RUNTIME_OPTIONS_INIT;
    walrus_accel_source inner_source = WALRUS_ACCEL_SOURCE_INIT;
    walrus_accel_sink inner_sink = WALRUS_ACCEL_SINK_INIT;
    walrus_accel_encode_request inner_encode = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
    walrus_accel_decode_request inner_decode = WALRUS_ACCEL_DECODE_REQUEST_INIT;
    walrus_accel_verify_request inner_verify = WALRUS_ACCEL_VERIFY_REQUEST_INIT;
    walrus_accel_rebuild_request inner_rebuild = WALRUS_ACCEL_REBUILD_REQUEST_INIT;
    walrus_accel_quilt_entry inner_entry = WALRUS_ACCEL_QUILT_ENTRY_INIT;
    walrus_accel_encode_quilt_request inner_encode_quilt = WALRUS_ACCEL_ENCODE_QUILT_REQUEST_INIT;
    walrus_accel_quilt_patch inner_patch = WALRUS_ACCEL_QUILT_PATCH_INIT;
    walrus_accel_quilt_reader_request inner_quilt_reader = WALRUS_ACCEL_QUILT_READER_REQUEST_INIT;
    walrus_accel_quilt_reader_read_request inner_quilt_read =
        WALRUS_ACCEL_QUILT_READER_READ_REQUEST_INIT;
    walrus_accel_quilt_reader_extract_request inner_quilt_extract =
        WALRUS_ACCEL_QUILT_READER_EXTRACT_REQUEST_INIT;
    walrus_accel_problem inner_problem = WALRUS_ACCEL_PROBLEM_INIT;
    walrus_accel_verify_symbols_request inner_verify_symbols =
        WALRUS_ACCEL_VERIFY_SYMBOLS_REQUEST_INIT;
    walrus_accel_expand_request inner_expand = WALRUS_ACCEL_EXPAND_REQUEST_INIT;
    walrus_accel_decoding_symbols_request inner_decoding_symbols =
        WALRUS_ACCEL_DECODING_SYMBOLS_REQUEST_INIT;
    walrus_accel_recover_request inner_recover = WALRUS_ACCEL_RECOVER_REQUEST_INIT;
    walrus_accel_verify_proof_request inner_verify_proof = WALRUS_ACCEL_VERIFY_PROOF_REQUEST_INIT;
    walrus_accel_proof_verdict inner_proof_verdict = WALRUS_ACCEL_PROOF_VERDICT_INIT;
    walrus_accel_reader_add_request inner_reader_add = WALRUS_ACCEL_READER_ADD_REQUEST_INIT;
    walrus_accel_reader_read_request inner_reader_read = WALRUS_ACCEL_READER_READ_REQUEST_INIT;
    walrus_accel_seen_sliver inner_seen = WALRUS_ACCEL_SEEN_SLIVER_INIT;
    return inner_shape.struct_size != sizeof inner_shape || inner_shape.blob_length != 0 ||
           inner_device.struct_size != sizeof inner_device || inner_device.name != NULL ||
           inner_options.struct_size != sizeof inner_options || inner_options.device != NULL ||
           inner_source.struct_size != sizeof inner_source || inner_source.data != NULL ||
           inner_sink.struct_size != sizeof inner_sink || inner_sink.buffers != NULL ||
           inner_encode.struct_size != sizeof inner_encode || inner_encode.source != NULL ||
           inner_decode.struct_size != sizeof inner_decode || inner_decode.metadata != NULL ||
           inner_verify.struct_size != sizeof inner_verify || inner_verify.metadata != NULL ||
           inner_rebuild.struct_size != sizeof inner_rebuild || inner_rebuild.metadata != NULL ||
           inner_entry.struct_size != sizeof inner_entry || inner_entry.identifier != NULL ||
           inner_encode_quilt.struct_size != sizeof inner_encode_quilt ||
           inner_encode_quilt.entries != NULL || inner_patch.struct_size != sizeof inner_patch ||
           inner_patch.identifier != NULL ||
           inner_quilt_reader.struct_size != sizeof inner_quilt_reader ||
           inner_quilt_reader.metadata != NULL ||
           inner_quilt_read.struct_size != sizeof inner_quilt_read ||
           inner_quilt_read.patches != NULL ||
           inner_quilt_extract.struct_size != sizeof inner_quilt_extract ||
           inner_quilt_extract.patches != NULL ||
           inner_problem.struct_size != sizeof inner_problem || inner_problem.path != NULL ||
           inner_verify_symbols.struct_size != sizeof inner_verify_symbols ||
           inner_verify_symbols.metadata != NULL ||
           inner_expand.struct_size != sizeof inner_expand || inner_expand.metadata != NULL ||
           inner_decoding_symbols.struct_size != sizeof inner_decoding_symbols ||
           inner_decoding_symbols.metadata != NULL ||
           inner_recover.struct_size != sizeof inner_recover || inner_recover.metadata != NULL ||
           inner_verify_proof.struct_size != sizeof inner_verify_proof ||
           inner_verify_proof.metadata != NULL ||
           inner_proof_verdict.struct_size != sizeof inner_proof_verdict ||
           inner_proof_verdict.symbol != 0 ||
           inner_reader_add.struct_size != sizeof inner_reader_add ||
           inner_reader_add.slivers != NULL ||
           inner_reader_read.struct_size != sizeof inner_reader_read ||
           inner_reader_read.check != 0 || inner_seen.struct_size != sizeof inner_seen ||
           inner_seen.axis != 0;
}

int main(void) { return wrong_at_file_scope() || wrong_in_a_function(); }
