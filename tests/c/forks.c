/*
 * Forks while other threads are in calls. A child makes its own runtime and encodes; every function
 * returns at once for its parent's handles.
 *
 * WALRUS_ACCEL_FORKS: the number of forks under load.
 */
#include "check.h"
#include "fixture.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, SHARDS = 10, LENGTH = 20000, FIRST_CALLS = 20, SECONDS = 20 };

static walrus_accel_runtime *runtime;
static sample given;
static int is_over;

/* Returns the result of a child: 0, or the failed step. */
static int wait_for(pid_t child) {
    int status = 0;
    REQUIRE(child >= 0);
    REQUIRE(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* Does in a child what the header allows. Returns 0, or the failed step. */
static int encode_anew(void) {
    static const uint8_t walrus[] = "walrus";
    walrus_accel_runtime_options options = WALRUS_ACCEL_RUNTIME_OPTIONS_INIT;
    walrus_accel_encode_request request = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
    walrus_accel_source source = source_of(walrus, 6);
    walrus_accel_runtime *own = NULL;
    walrus_accel_encoded *encoded = NULL;
    options.engine = WALRUS_ACCEL_ENGINE_CPU;
    options.threads = 2;
    if (walrus_accel_runtime_new(&options, &own, NULL) != WALRUS_ACCEL_OK) { return 1; }
    request.source = &source;
    request.n_shards = SHARDS;
    if (walrus_accel_encode(own, &request, NULL, &encoded, NULL) != WALRUS_ACCEL_OK) { return 2; }
    return walrus_accel_encoded_free(encoded) || walrus_accel_runtime_free(own) ? 3 : 0;
}

static void *make_runtimes(void *unused) {
    (void)unused;
    encode_anew();
    return NULL;
}

/*
 * Forks while the first calls of a process make the shared state (locks, tables, choice of
 * instruction set). Each fork has a process of its own, so that no call profits from an earlier
 * one.
 */
static void fork_in_first_calls(unsigned delay) {
    pid_t process = fork();
    if (process == 0) {
        pthread_t threads[2];
        pid_t child;
        int number, status = 0;
        alarm(2 * SECONDS);
        for (number = 0; number < 2; number++) {
            if (pthread_create(&threads[number], NULL, make_runtimes, NULL) != 0) { _exit(5); }
        }
        if (delay > 0) {
            struct timespec pause = {0, 0};
            pause.tv_nsec = (long)delay * 1000;
            nanosleep(&pause, NULL);
        }
        child = fork();
        if (child == 0) {
            alarm(SECONDS);
            _exit(encode_anew());
        }
        if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            _exit(6);
        }
        for (number = 0; number < 2; number++) { pthread_join(threads[number], NULL); }
        _exit(0);
    }
    CHECK_EQUAL(wait_for(process), 0);
}

static int goes_on(void) { return !__atomic_load_n(&is_over, __ATOMIC_ACQUIRE); }

/* Makes and frees handles. */
static void *make_handles(void *unused) {
    (void)unused;
    while (goes_on()) {
        walrus_accel_control *controls[8];
        walrus_accel_error *error = NULL;
        uint64_t longest = 0;
        int number;
        for (number = 0; number < 8; number++) {
            CHECK(walrus_accel_control_new(&controls[number], NULL) == WALRUS_ACCEL_OK);
        }
        for (number = 0; number < 8; number++) {
            CHECK(walrus_accel_control_free(controls[number]) == WALRUS_ACCEL_OK);
        }
        CHECK(walrus_accel_max_blob_length(3, &longest, &error) == WALRUS_ACCEL_INVALID_ARGUMENT);
        walrus_accel_error_free(error);
    }
    return NULL;
}

/* Runs jobs, and makes runtimes. */
static void *make_jobs(void *unused) {
    (void)unused;
    while (goes_on()) {
        walrus_accel_source source = source_of(given.blob, given.length);
        walrus_accel_encode_request request = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
        walrus_accel_job *job = NULL;
        request.source = &source;
        request.n_shards = SHARDS;
        CHECK_OK(walrus_accel_submit_encode(runtime, &request, NULL, NULL, &job, &error));
        CHECK(walrus_accel_job_free(job) == WALRUS_ACCEL_OK);
        CHECK_EQUAL(encode_anew(), 0);
    }
    return NULL;
}

/* Pipe of a blob that a job of the parent waits for. */
static int pipe_ends[2];

static walrus_accel_job *waiting_job(void) {
    walrus_accel_source source = WALRUS_ACCEL_SOURCE_INIT;
    walrus_accel_encode_request request = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
    walrus_accel_job *job = NULL;
    REQUIRE(pipe(pipe_ends) == 0);
    source.kind = WALRUS_ACCEL_SOURCE_DESCRIPTOR;
    source.descriptor = pipe_ends[0];
    request.source = &source;
    request.n_shards = SHARDS;
    REQUIRE_OK(walrus_accel_submit_encode(runtime, &request, NULL, NULL, &job, &error));
    return job;
}

/* A handle of each kind. */
typedef struct heritage {
    walrus_accel_job *job;
    walrus_accel_control *control;
    walrus_accel_reader *reader;
    walrus_accel_quilt_reader *quilt_reader;
    walrus_accel_quilt_patches *patches;
    walrus_accel_metadata *metadata;
    walrus_accel_expanded *expanded;
    walrus_accel_directory_report *report;
    walrus_accel_error *error;
    walrus_accel_encoded *encoded;
} heritage;

/* Makes the handles of a quilt without patches. The reader never reads its blob. */
static void make_quilt(heritage *all) {
    walrus_accel_encode_quilt_request request = WALRUS_ACCEL_ENCODE_QUILT_REQUEST_INIT;
    walrus_accel_quilt_reader_request from = WALRUS_ACCEL_QUILT_READER_REQUEST_INIT;
    walrus_accel_encoded *encoded = NULL;
    walrus_accel_metadata *metadata = NULL;
    request.n_shards = SHARDS;
    REQUIRE_OK(walrus_accel_encode_quilt(runtime, &request, NULL, &encoded, &error));
    REQUIRE_OK(walrus_accel_encoded_patches(encoded, &all->patches, &error));
    REQUIRE_OK(walrus_accel_encoded_metadata(encoded, &metadata, &error));
    from.metadata = metadata;
    REQUIRE_OK(walrus_accel_quilt_reader_new(runtime, &from, NULL, &all->quilt_reader, &error));
    CHECK(walrus_accel_metadata_free(metadata) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
}

static void free_quilt(const heritage *all) {
    CHECK(walrus_accel_quilt_reader_free(all->quilt_reader) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_quilt_patches_free(all->patches) == WALRUS_ACCEL_OK);
}

/* In a child: handles with threads or locks are refused; handles of memory alone are usable. */
static int use_heritage(const heritage *all) {
    walrus_accel_source source = source_of(given.blob, given.length);
    walrus_accel_encode_request request = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
    walrus_accel_expand_request expand = WALRUS_ACCEL_EXPAND_REQUEST_INIT;
    walrus_accel_sliver sliver = sample_sliver(&given, WALRUS_ACCEL_AXIS_PRIMARY, 1);
    walrus_accel_reader_report *seen = NULL;
    walrus_accel_quilt_patches *patches = NULL;
    walrus_accel_encoded *encoded = NULL;
    walrus_accel_expanded *expanded = NULL;
    uint8_t id[WALRUS_ACCEL_BLOB_ID_LENGTH];
    uint64_t done = 0, total = 0;
    size_t checked = 0, bad = 0;
    uint32_t state = 0, axis = 0;
    const walrus_accel_status dead = WALRUS_ACCEL_INVALID_HANDLE;
    request.source = &source;
    request.n_shards = SHARDS;
    expand.metadata = all->metadata;
    expand.sliver = &sliver;
    CHECK_MESSAGE(dead, "fork", walrus_accel_encode(runtime, &request, NULL, &encoded, &error));
    CHECK_STATUS(dead, walrus_accel_expand(runtime, &expand, NULL, &expanded, &error));
    CHECK_MESSAGE(dead, "fork", walrus_accel_job_poll(all->job, &state, &error));
    CHECK_STATUS(dead, walrus_accel_job_wait(all->job, WALRUS_ACCEL_FOREVER, &error));
    CHECK_STATUS(dead, walrus_accel_job_cancel(all->job, &error));
    CHECK_STATUS(dead, walrus_accel_job_result(all->job, &error));
    CHECK_STATUS(dead, walrus_accel_job_take_encoded(all->job, &encoded, &error));
    CHECK_STATUS(dead, walrus_accel_control_cancel(all->control, &error));
    CHECK_STATUS(dead, walrus_accel_control_progress(all->control, &done, &total, &error));
    CHECK_STATUS(dead, walrus_accel_reader_report_new(all->reader, &seen, &error));
    CHECK_STATUS(dead, walrus_accel_reader_read_range(all->reader, 0, id, 1, NULL, &error));
    CHECK_STATUS(
        dead, walrus_accel_quilt_reader_patches(all->quilt_reader, NULL, &patches, &error));
    CHECK_OK(walrus_accel_quilt_patches_count(all->patches, &checked, &error));
    CHECK_EQUAL(checked, 0);
    CHECK_OK(walrus_accel_metadata_blob_id(all->metadata, id, &error));
    CHECK_BYTES(id, given.id, sizeof id);
    CHECK_OK(walrus_accel_expanded_axis(all->expanded, &axis, &error));
    CHECK_OK(walrus_accel_directory_report_counts(all->report, &checked, &bad, &error));
    CHECK(walrus_accel_error_status(all->error) == WALRUS_ACCEL_INVALID_ARGUMENT);
    CHECK(has_id(all->encoded, given.id));
    /* Frees each handle once. */
    CHECK(walrus_accel_job_free(all->job) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_job_free(all->job) == dead);
    CHECK(walrus_accel_control_free(all->control) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_reader_free(all->reader) == WALRUS_ACCEL_OK);
    free_quilt(all);
    CHECK(walrus_accel_metadata_free(all->metadata) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_expanded_free(all->expanded) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_directory_report_free(all->report) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_error_free(all->error) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_encoded_free(all->encoded) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_runtime_free(runtime) == dead);
    return check_failures() == 0 ? 0 : 4;
}

static walrus_accel_directory_report *report_of(const char *folder) {
    walrus_accel_source source = source_of(given.blob, given.length);
    walrus_accel_sink sink = sink_of(WALRUS_ACCEL_SINK_DIRECTORY);
    walrus_accel_encode_request request = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
    walrus_accel_encoded *encoded = NULL;
    walrus_accel_directory_report *report = NULL;
    const char *path = NULL;
    request.source = &source;
    request.sink = &sink;
    request.n_shards = SHARDS;
    sink.path = folder;
    REQUIRE_OK(walrus_accel_encode(runtime, &request, NULL, &encoded, &error));
    REQUIRE_OK(walrus_accel_encoded_directory(encoded, &path, NULL, &error));
    REQUIRE_OK(walrus_accel_directory_verify(runtime, path, 1, NULL, &report, &error));
    CHECK(walrus_accel_encoded_free(encoded) == WALRUS_ACCEL_OK);
    return report;
}

static heritage heritage_of(const char *folder) {
    heritage all;
    walrus_accel_expand_request expand = WALRUS_ACCEL_EXPAND_REQUEST_INIT;
    walrus_accel_sliver sliver = sample_sliver(&given, WALRUS_ACCEL_AXIS_PRIMARY, 1);
    walrus_accel_source source = source_of(given.blob, given.length);
    walrus_accel_encode_request request = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
    uint64_t longest = 0;
    expand.metadata = given.metadata;
    expand.sliver = &sliver;
    request.source = &source;
    request.n_shards = SHARDS;
    all.job = waiting_job();
    all.report = report_of(folder);
    REQUIRE_OK(walrus_accel_control_new(&all.control, &error));
    REQUIRE_OK(walrus_accel_reader_new(runtime, given.metadata, &all.reader, &error));
    make_quilt(&all);
    REQUIRE_OK(walrus_accel_encoded_metadata(given.encoded, &all.metadata, &error));
    REQUIRE_OK(walrus_accel_expand(runtime, &expand, NULL, &all.expanded, &error));
    REQUIRE_OK(walrus_accel_encode(runtime, &request, NULL, &all.encoded, &error));
    REQUIRE(walrus_accel_max_blob_length(3, &longest, &all.error) == WALRUS_ACCEL_INVALID_ARGUMENT);
    return all;
}

static void free_heritage(heritage *all) {
    /* Ends the blob, and thereby the job. */
    close(pipe_ends[1]);
    close(pipe_ends[0]);
    CHECK_OK(walrus_accel_job_wait(all->job, WALRUS_ACCEL_FOREVER, &error));
    CHECK(walrus_accel_job_free(all->job) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_control_free(all->control) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_reader_free(all->reader) == WALRUS_ACCEL_OK);
    free_quilt(all);
    CHECK(walrus_accel_metadata_free(all->metadata) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_expanded_free(all->expanded) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_directory_report_free(all->report) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_error_free(all->error) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_encoded_free(all->encoded) == WALRUS_ACCEL_OK);
}

int main(void) {
    unsigned long forks = check_setting("WALRUS_ACCEL_FORKS", 300), number;
    pthread_t threads[THREADS];
    heritage all;
    char *folder;
    /* Before this process first calls the library. */
    for (number = 0; number < FIRST_CALLS; number++) {
        fork_in_first_calls((unsigned)number * 100);
    }
    folder = folder_new();
    runtime = runtime_of_cpu(2, 2);
    given = sample_new(runtime, SHARDS, 1, LENGTH);
    all = heritage_of(folder);
    for (number = 0; number < THREADS; number++) {
        REQUIRE(pthread_create(
                    &threads[number], NULL, number % 2 ? make_jobs : make_handles, NULL) == 0);
    }
    for (number = 0; number < forks; number++) {
        pid_t child;
        fflush(NULL);
        child = fork();
        if (child == 0) {
            /* A call that hangs is a failure too. */
            alarm(SECONDS);
            _exit(number % 4 == 0 ? use_heritage(&all) : encode_anew());
        }
        CHECK_EQUAL(wait_for(child), 0);
    }
    __atomic_store_n(&is_over, 1, __ATOMIC_RELEASE);
    for (number = 0; number < THREADS; number++) { pthread_join(threads[number], NULL); }
    /* The parent's handles are unharmed. */
    free_heritage(&all);
    CHECK_EQUAL(encode_anew(), 0);
    sample_free(&given);
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
    folder_free(folder);
    return check_result();
}
