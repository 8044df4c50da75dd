/*
 * The header alone: it stands twice, and its initialisers do at file scope and in functions, in every
 * standard of C and C++ that it is compiled with.
 */
#include <walrus_accel.h>
#include <walrus_accel.h>

static const walrus_accel_shape shape = WALRUS_ACCEL_SHAPE_INIT;
static const walrus_accel_device device = WALRUS_ACCEL_DEVICE_INIT;
static const walrus_accel_context_options options = WALRUS_ACCEL_CONTEXT_OPTIONS_INIT;
static const walrus_accel_source source = WALRUS_ACCEL_SOURCE_INIT;
static const walrus_accel_sink sink = WALRUS_ACCEL_SINK_INIT;
static const walrus_accel_encode_request encode_request = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
static const walrus_accel_decode_request decode_request = WALRUS_ACCEL_DECODE_REQUEST_INIT;
static const walrus_accel_verify_request verify_request = WALRUS_ACCEL_VERIFY_REQUEST_INIT;
static const walrus_accel_rebuild_request rebuild_request = WALRUS_ACCEL_REBUILD_REQUEST_INIT;
static const walrus_accel_problem problem = WALRUS_ACCEL_PROBLEM_INIT;

/* The last field is named by each, so that an initialiser that is too short shows. */
static int wrong_at_file_scope(void)
{
    return shape.struct_size != sizeof shape || shape.columns != 0
           || device.struct_size != sizeof device || device.kind != 0
           || options.struct_size != sizeof options || options.no_device_check != 0
           || source.struct_size != sizeof source || source.user_data != NULL
           || sink.struct_size != sizeof sink || sink.user_data != NULL
           || encode_request.struct_size != sizeof encode_request || encode_request.n_shards != 0
           || decode_request.struct_size != sizeof decode_request || decode_request.output_path != NULL
           || verify_request.struct_size != sizeof verify_request || verify_request.verdict_count != 0
           || rebuild_request.struct_size != sizeof rebuild_request || rebuild_request.axis != 0
           || problem.struct_size != sizeof problem || problem.kind != 0;
}

static int wrong_in_a_function(void)
{
    walrus_accel_shape inner_shape = WALRUS_ACCEL_SHAPE_INIT;
    walrus_accel_device inner_device = WALRUS_ACCEL_DEVICE_INIT;
    walrus_accel_context_options inner_options = WALRUS_ACCEL_CONTEXT_OPTIONS_INIT;
    walrus_accel_source inner_source = WALRUS_ACCEL_SOURCE_INIT;
    walrus_accel_sink inner_sink = WALRUS_ACCEL_SINK_INIT;
    walrus_accel_encode_request inner_encode = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
    walrus_accel_decode_request inner_decode = WALRUS_ACCEL_DECODE_REQUEST_INIT;
    walrus_accel_verify_request inner_verify = WALRUS_ACCEL_VERIFY_REQUEST_INIT;
    walrus_accel_rebuild_request inner_rebuild = WALRUS_ACCEL_REBUILD_REQUEST_INIT;
    walrus_accel_problem inner_problem = WALRUS_ACCEL_PROBLEM_INIT;
    return inner_shape.struct_size != sizeof inner_shape || inner_shape.blob_length != 0
           || inner_device.struct_size != sizeof inner_device || inner_device.name != NULL
           || inner_options.struct_size != sizeof inner_options || inner_options.device != NULL
           || inner_source.struct_size != sizeof inner_source || inner_source.data != NULL
           || inner_sink.struct_size != sizeof inner_sink || inner_sink.rooms != NULL
           || inner_encode.struct_size != sizeof inner_encode || inner_encode.source != NULL
           || inner_decode.struct_size != sizeof inner_decode || inner_decode.metadata != NULL
           || inner_verify.struct_size != sizeof inner_verify || inner_verify.metadata != NULL
           || inner_rebuild.struct_size != sizeof inner_rebuild || inner_rebuild.metadata != NULL
           || inner_problem.struct_size != sizeof inner_problem || inner_problem.path != NULL;
}

int main(void)
{
    return wrong_at_file_scope() || wrong_in_a_function();
}
