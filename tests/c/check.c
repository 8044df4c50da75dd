#include "check.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long checks, failures;
static const char *about;

/* Limits on printed failures: per place, and on places. */
enum { PRINTED_OF_A_PLACE = 3, PLACES = 200 };

static struct {
    const char *file;
    int line, failures;
} places[PLACES];

/* Returns 1 for a failure to print. */
static int is_news(const char *file, int line) {
    int at = 0;
    while (at < PLACES - 1 && places[at].file &&
           (places[at].file != file || places[at].line != line)) {
        at++;
    }
    places[at].file = file;
    places[at].line = line;
    return ++places[at].failures <= PRINTED_OF_A_PLACE;
}

/*
 * A fork holds the lock: another thread that held it at that moment would leave it locked in the
 * child for ever. A child counts from 0, so that its result is its own.
 */
static void before_fork(void) { pthread_mutex_lock(&lock); }

static void after_fork(void) { pthread_mutex_unlock(&lock); }

static void begin_child(void) {
    checks = failures = 0;
    pthread_mutex_unlock(&lock);
}

static void watch_forks(void) {
    if (pthread_atfork(before_fork, after_fork, begin_child) != 0) { abort(); }
}

static int count(int holds, const char *file, int line, const char *what, const char *detail) {
    static pthread_once_t watched = PTHREAD_ONCE_INIT;
    pthread_once(&watched, watch_forks);
    pthread_mutex_lock(&lock);
    checks++;
    if (!holds) { failures++; }
    if (!holds && is_news(file, line)) {
        fprintf(stderr, "%s:%d: failed: %s%s%s%s%s\n", file, line, what, *detail ? ": " : "",
            detail, about ? ", with " : "", about ? about : "");
    }
    pthread_mutex_unlock(&lock);
    return holds;
}

int check_that(int holds, const char *file, int line, const char *what) {
    return count(holds, file, line, what, "");
}

int check_equal(uint64_t left, uint64_t right, const char *file, int line, const char *what) {
    char detail[64] = "";
    if (left != right) {
        snprintf(detail, sizeof detail, "%" PRId64 " and %" PRId64, (int64_t)left, (int64_t)right);
    }
    return count(left == right, file, line, what, detail);
}

int check_bytes(const void *left, const void *right, size_t length, const char *file, int line,
    const char *what) {
    const uint8_t *one = left, *other = right;
    char detail[64] = "";
    int holds = length == 0 || (one && other && memcmp(one, other, length) == 0);
    if (!holds && one && other) {
        size_t at = 0;
        while (one[at] == other[at]) { at++; }
        snprintf(detail, sizeof detail, "first at byte %zu of %zu", at, length);
    }
    return count(holds, file, line, what, detail);
}

int check_status(walrus_accel_status expected, walrus_accel_status found, walrus_accel_error *error,
    const char *text, const char *file, int line, const char *what) {
    char detail[600] = "";
    int is_written = error != UNSET(walrus_accel_error);
    const char *message = is_written ? walrus_accel_error_message(error) : "";
    int holds = found == expected && is_written;
    if (expected == WALRUS_ACCEL_OK) {
        holds = holds && error == NULL;
    } else {
        holds = holds && error != NULL && walrus_accel_error_status(error) == found && *message &&
                !strchr(message, '\n') && (!text || strstr(message, text));
    }
    if (!holds) {
        snprintf(detail, sizeof detail, "%s, not %s%s%s%s", walrus_accel_status_name(found),
            walrus_accel_status_name(expected), *message ? " (" : "", message, *message ? ")" : "");
    }
    count(holds, file, line, what, detail);
    if (is_written) { walrus_accel_error_free(error); }
    return holds;
}

void check_required(int holds, const char *file, int line, const char *what) {
    if (!check_that(holds, file, line, what)) { exit(check_result()); }
}

void check_required_status(walrus_accel_status expected, walrus_accel_status found,
    walrus_accel_error *error, const char *text, const char *file, int line, const char *what) {
    if (!check_status(expected, found, error, text, file, line, what)) { exit(check_result()); }
}

void check_about(const char *subject) {
    pthread_mutex_lock(&lock);
    about = subject;
    pthread_mutex_unlock(&lock);
}

unsigned long check_failures(void) {
    unsigned long found;
    pthread_mutex_lock(&lock);
    found = failures;
    pthread_mutex_unlock(&lock);
    return found;
}

int check_result(void) {
    int result;
    pthread_mutex_lock(&lock);
    if (failures > 0) {
        fprintf(stderr, "%lu of %lu checks failed\n", failures, checks);
    } else {
        printf("%lu checks passed\n", checks);
    }
    result = failures > 0 || checks == 0;
    pthread_mutex_unlock(&lock);
    return result;
}

unsigned long check_setting(const char *name, unsigned long otherwise) {
    const char *value = getenv(name);
    return value && *value ? strtoul(value, NULL, 10) : otherwise;
}
