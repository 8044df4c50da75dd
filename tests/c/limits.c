/*
 * Systems that start few threads or none: runtimes start fewer threads or report the reason, and
 * calls do without. The program's own pthread_create replaces the system's, also for the library.
 */
#define _GNU_SOURCE
#include "check.h"
#include "fixture.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { ASKED = 8 };

/* Number of further threads; -1 for no limit. */
static long left = -1;

static int is_left(void) {
    long now = __atomic_load_n(&left, __ATOMIC_ACQUIRE);
    while (now > 0 && !__atomic_compare_exchange_n(
                          &left, &now, now - 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {}
    return now != 0;
}

int pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
    union {
        void *found;
        int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    } of_system;
    of_system.found = dlsym(RTLD_NEXT, "pthread_create");
    return is_left() ? of_system.create(thread, attributes, start, argument) : EAGAIN;
}

static void allow(long threads) { __atomic_store_n(&left, threads, __ATOMIC_RELEASE); }

/* Encodes a blob so large that the engine `auto` would look for a device. */
static void encode(const walrus_accel_runtime *runtime, const sample *expected) {
    walrus_accel_source source = source_of(expected->blob, expected->length);
    walrus_accel_encode_request request = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
    walrus_accel_encoded *encoded = NULL;
    request.source = &source;
    request.n_shards = expected->n_shards;
    CHECK_OK(walrus_accel_encode(runtime, &request, NULL, &encoded, &error));
    CHECK(has_id(encoded, expected->id));
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
}

/* A job gets a thread, or is refused and leaves nothing. */
static void submit(const walrus_accel_runtime *runtime, const sample *expected) {
    walrus_accel_source source = source_of(expected->blob, expected->length);
    walrus_accel_encode_request request = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
    walrus_accel_job *job = UNSET(walrus_accel_job);
    request.source = &source;
    request.n_shards = expected->n_shards;
    CHECK_MESSAGE(WALRUS_ACCEL_OUT_OF_MEMORY, "no thread",
        walrus_accel_submit_encode(runtime, &request, NULL, NULL, &job, &error));
    CHECK(job == NULL);
}

static void check_engine(uint32_t engine, long threads, const sample *expected) {
    walrus_accel_runtime_options options = WALRUS_ACCEL_RUNTIME_OPTIONS_INIT;
    walrus_accel_runtime *runtime = UNSET(walrus_accel_runtime);
    options.engine = engine;
    options.threads = ASKED;
    allow(threads);
    if (threads == 0) {
        CHECK_MESSAGE(WALRUS_ACCEL_ENGINE_UNAVAILABLE, "needs a thread",
            walrus_accel_runtime_new(&options, &runtime, &error));
        CHECK(runtime == NULL);
    } else {
        CHECK_OK(walrus_accel_runtime_new(&options, &runtime, &error));
        allow(0);
        encode(runtime, expected);
        submit(runtime, expected);
        CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
    }
    allow(-1);
}

static void check_most(void) {
    walrus_accel_runtime_options options = WALRUS_ACCEL_RUNTIME_OPTIONS_INIT;
    walrus_accel_runtime *runtime = UNSET(walrus_accel_runtime);
    options.engine = WALRUS_ACCEL_ENGINE_CPU;
    options.threads = 1025;
    CHECK_MESSAGE(WALRUS_ACCEL_INVALID_ARGUMENT, "1024",
        walrus_accel_runtime_new(&options, &runtime, &error));
    CHECK(runtime == NULL);
    options.threads = 1024;
    CHECK_OK(walrus_accel_runtime_new(&options, &runtime, &error));
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
}

int main(void) {
    walrus_accel_runtime *runtime = runtime_of_cpu(2, 2);
    sample small = sample_new(runtime, 10, 1, 10000);
    sample large = sample_new(runtime, 100, 2, 17 * 1024 * 1024);
    long threads;
    for (threads = 0; threads <= ASKED; threads++) {
        check_engine(WALRUS_ACCEL_ENGINE_CPU, threads, &small);
    }
    check_engine(WALRUS_ACCEL_ENGINE_AUTO, 0, &large);
    check_engine(WALRUS_ACCEL_ENGINE_AUTO, 1, &large);
    check_engine(WALRUS_ACCEL_ENGINE_AUTO, ASKED, &large);
    check_most();
    sample_free(&large);
    sample_free(&small);
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
    return check_result();
}
