/*
 * Computes the blob IDs of many files on one thread that never waits for a job:
 *
 *     event_loop FILE...
 *
 * submits a job per file and runs a loop around poll(2). Jobs that end write to a pipe, and a timer
 * reports the progress of the others. Prints each blob ID when its job has ended; ^C cancels all
 * jobs.
 *
 *     cc event_loop.c $(pkg-config --cflags --libs walrus_accel) -o event_loop
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <walrus_accel.h>

enum { INTERVAL_MS = 500 };

typedef struct file {
    const char *path;
    walrus_accel_job *job;
} file;

/* Pipe whose bytes wake the loop. A full pipe needs no further byte. */
static int wakeups[2];
static volatile sig_atomic_t is_interrupted;

static void wake(void) {
    int error = errno;
    ssize_t ignored = write(wakeups[1], "", 1);
    (void)ignored;
    errno = error;
}

/* Runs on a thread of the library, or on the thread that cancels. The loop does the rest. */
static void ended(void *user_data) {
    (void)user_data;
    wake();
}

static void interrupted(int number) {
    (void)number;
    is_interrupted = 1;
    wake();
}

static void complain(const char *path, walrus_accel_error *error) {
    fprintf(stderr, "event_loop: %s: %s\n", path, walrus_accel_error_message(error));
    walrus_accel_error_free(error);
}

static int submit(const walrus_accel_runtime *runtime, file *one) {
    walrus_accel_error *error = NULL;
    walrus_accel_source source = WALRUS_ACCEL_SOURCE_INIT;
    source.kind = WALRUS_ACCEL_SOURCE_PATH;
    source.path = one->path;
    /* A request without a sink computes the blob ID alone. */
    walrus_accel_encode_request request = WALRUS_ACCEL_ENCODE_REQUEST_INIT;
    request.source = &source;
    walrus_accel_status status =
        walrus_accel_submit_encode(runtime, &request, ended, NULL, &one->job, &error);
    if (status != WALRUS_ACCEL_OK) { complain(one->path, error); }
    return status == WALRUS_ACCEL_OK;
}

/* Prints the result of a job that has ended, and frees the job. */
static int conclude(file *one) {
    walrus_accel_encoded *encoded = NULL;
    walrus_accel_metadata *metadata = NULL;
    walrus_accel_error *error = NULL;
    uint8_t id[WALRUS_ACCEL_BLOB_ID_LENGTH];
    char text[WALRUS_ACCEL_BLOB_ID_TEXT_LENGTH];
    walrus_accel_status status = walrus_accel_job_take_encoded(one->job, &encoded, &error);
    if (status == WALRUS_ACCEL_OK) {
        status = walrus_accel_encoded_metadata(encoded, &metadata, &error);
    }
    if (status == WALRUS_ACCEL_OK) { status = walrus_accel_metadata_blob_id(metadata, id, &error); }
    if (status == WALRUS_ACCEL_OK) {
        status = walrus_accel_blob_id_to_text(id, text, sizeof text, &error);
    }
    if (status == WALRUS_ACCEL_OK) {
        printf("%s  %s\n", text, one->path);
        fflush(stdout);
    } else {
        complain(one->path, error);
    }
    walrus_accel_metadata_free(metadata);
    walrus_accel_encoded_free(encoded);
    walrus_accel_job_free(one->job);
    one->job = NULL;
    return status == WALRUS_ACCEL_OK;
}

static void tell_progress(const file *files, size_t count) {
    for (size_t number = 0; number < count; ++number) {
        uint64_t done = 0, total = 0;
        if (files[number].job) {
            walrus_accel_job_progress(files[number].job, &done, &total, NULL);
        }
        if (total > 0) {
            fprintf(
                stderr, "%3.0f %%  %s\n", 100.0 * (double)done / (double)total, files[number].path);
        }
    }
}

static void cancel_all(const file *files, size_t count) {
    for (size_t number = 0; number < count; ++number) {
        if (files[number].job) { walrus_accel_job_cancel(files[number].job, NULL); }
    }
}

static long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000L + now.tv_nsec / 1000000L;
}

/*
 * Concludes the jobs that have ended. Returns the number of failures; `left` is the number of other
 * jobs.
 */
static size_t conclude_ended(file *files, size_t count, size_t *left) {
    size_t failed = 0;
    *left = 0;
    for (size_t number = 0; number < count; ++number) {
        uint32_t state = WALRUS_ACCEL_JOB_ENDED;
        if (files[number].job) {
            walrus_accel_job_poll(files[number].job, &state, NULL);
            if (state != WALRUS_ACCEL_JOB_ENDED) {
                ++*left;
            } else if (!conclude(&files[number])) {
                ++failed;
            }
        }
    }
    return failed;
}

/* Runs the loop until no job is left. Returns the number of failures. */
static size_t turn(file *files, size_t count) {
    size_t left = 0;
    size_t failed = conclude_ended(files, count, &left);
    long next = now_ms() + INTERVAL_MS;
    while (left > 0) {
        char bytes[512];
        struct pollfd waiting = {wakeups[0], POLLIN, 0};
        long rest = next - now_ms();
        poll(&waiting, 1, rest > 0 ? (int)rest : 0);
        /*
         * Read the bytes before looking at the jobs: a job that ends after the look leaves its
         * byte.
         */
        while (read(wakeups[0], bytes, sizeof bytes) > 0) {}
        if (is_interrupted) {
            is_interrupted = 0;
            cancel_all(files, count);
        }
        failed += conclude_ended(files, count, &left);
        if (now_ms() >= next) {
            tell_progress(files, count);
            next = now_ms() + INTERVAL_MS;
        }
    }
    return failed;
}

int main(int argc, char **argv) {
    size_t count = argc > 1 ? (size_t)argc - 1 : 0, failed = 0;
    if (count == 0) {
        fprintf(stderr, "usage: event_loop FILE...\n");
        return 2;
    }
    struct sigaction action = {0};
    action.sa_handler = interrupted;
    file *files = calloc(count, sizeof *files);
    if (!files || pipe(wakeups) != 0 || fcntl(wakeups[0], F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(wakeups[1], F_SETFL, O_NONBLOCK) != 0 || sigaction(SIGINT, &action, NULL) != 0) {
        perror("event_loop");
        free(files);
        return 1;
    }
    walrus_accel_runtime *runtime = NULL;
    walrus_accel_error *error = NULL;
    if (walrus_accel_runtime_new(NULL, &runtime, &error) != WALRUS_ACCEL_OK) {
        complain("starting", error);
        free(files);
        return 1;
    }
    for (size_t number = 0; number < count; ++number) {
        files[number].path = argv[number + 1];
        failed += submit(runtime, &files[number]) ? 0 : 1;
    }
    failed += turn(files, count);
    walrus_accel_runtime_free(runtime);
    free(files);
    return failed == 0 ? 0 : 1;
}
