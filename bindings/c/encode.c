/*
 * Encodes a file for the network and keeps all slivers in a directory:
 *
 *     encode FILE DIRECTORY
 *
 * makes DIRECTORY/<blob ID> with metadata.bcs, pairs/0007.primary.bcs and so on, and prints the
 * blob ID.
 *
 *     cc encode.c $(pkg-config --cflags --libs walrus_accel) -o encode
 */
#include <stdio.h>
#include <walrus_accel.h>

/* Reports a failure and frees the error. Returns 1 on success. */
static int succeeded(walrus_accel_status status, walrus_accel_error **error, const char *what) {
    if (status != WALRUS_ACCEL_OK) {
        fprintf(stderr, "encode: %s: %s (%s)\n", what, walrus_accel_error_message(*error),
            walrus_accel_status_name(status));
    }
    walrus_accel_error_free(*error);
    *error = NULL;
    return status == WALRUS_ACCEL_OK;
}

/* Prints the blob ID to stdout, and the directory of the slivers to stderr. */
static int print(const walrus_accel_encoded *encoded) {
    walrus_accel_metadata *metadata = NULL;
    walrus_accel_error *error = NULL;
    uint8_t id[WALRUS_ACCEL_BLOB_ID_LENGTH];
    char text[WALRUS_ACCEL_BLOB_ID_TEXT_LENGTH];
    const char *path = NULL;
    uint32_t already_there = 0;
    walrus_accel_status status = walrus_accel_encoded_metadata(encoded, &metadata, &error);
    if (status == WALRUS_ACCEL_OK) { status = walrus_accel_metadata_blob_id(metadata, id, &error); }
    walrus_accel_metadata_free(metadata);
    if (status == WALRUS_ACCEL_OK) {
        status = walrus_accel_blob_id_to_text(id, text, sizeof text, &error);
    }
    if (status == WALRUS_ACCEL_OK) {
        status = walrus_accel_encoded_directory(encoded, &path, &already_there, &error);
    }
    if (!succeeded(status, &error, "reading the result")) { return 0; }
    fprintf(stderr, "%s%s\n", path, already_there ? " was there already" : "");
    return printf("%s\n", text) > 0 && fflush(stdout) == 0;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: encode FILE DIRECTORY\n");
        return 2;
    }
    walrus_accel_runtime *runtime = NULL;
    walrus_accel_error *error = NULL;
    if (!succeeded(walrus_accel_runtime_new(NULL, &runtime, &error), &error, "starting")) {
        return 1;
    }

    walrus_accel_source source = WALRUS_ACCEL_SOURCE_INIT;
    source.kind = WALRUS_ACCEL_SOURCE_PATH;
    source.path = argv[1];
    walrus_accel_sink sink = WALRUS_ACCEL_SINK_INIT;
    sink.kind = WALRUS_ACCEL_SINK_DIRECTORY;
    sink.path = argv[2];
    walrus_accel_encode_request request = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
    request.source = &source;
    request.sink = &sink;

    walrus_accel_encoded *encoded = NULL;
    walrus_accel_status status = walrus_accel_encode(runtime, &request, NULL, &encoded, &error);
    int is_done = succeeded(status, &error, argv[1]) && print(encoded);
    walrus_accel_encoded_free(encoded);
    walrus_accel_runtime_free(runtime);
    return is_done ? 0 : 1;
}
