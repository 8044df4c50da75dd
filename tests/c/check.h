/*
 * Checks that tell where they failed, and go on; only REQUIRE ends the program, where nothing behind it
 * would make sense.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stddef.h>
#include <stdint.h>
#include <walrus_accel.h>

/* What an error, or a result, holds before a call: a place that is not written keeps it. */
#define UNSET(type) ((type *)(uintptr_t)0x5a5a5a50)

#define CHECK(condition) check_that((condition) ? 1 : 0, __FILE__, __LINE__, #condition)

#define REQUIRE(condition) check_required((condition) ? 1 : 0, __FILE__, __LINE__, #condition)

#define CHECK_EQUAL(left, right)                                                                         \
    check_equal((uint64_t)(left), (uint64_t)(right), __FILE__, __LINE__, #left " == " #right)

#define CHECK_BYTES(left, right, length)                                                                 \
    check_bytes((left), (right), (length), __FILE__, __LINE__, #left " == " #right)

/* The call has `&error` for its error: with its status, one is there; with WALRUS_ACCEL_OK, none is. */
#define CHECK_STATUS(expected, call) CHECK_STATUS_AND(expected, call, check_status, NULL)

#define CHECK_OK(call) CHECK_STATUS(WALRUS_ACCEL_OK, call)

#define REQUIRE_OK(call) CHECK_STATUS_AND(WALRUS_ACCEL_OK, call, check_required_status, NULL)

/* The message contains a text, besides. */
#define CHECK_MESSAGE(expected, text, call) CHECK_STATUS_AND(expected, call, check_status, text)

#define CHECK_STATUS_AND(expected, call, verdict, text)                                                  \
    do {                                                                                                 \
        walrus_accel_error *error = UNSET(walrus_accel_error);                                           \
        walrus_accel_status status_of_call = (call);                                                     \
        verdict((expected), status_of_call, error, (text), __FILE__, __LINE__, #call);                   \
    } while (0)

/* Each gives whether it held. */
int check_that(int holds, const char *file, int line, const char *what);
int check_equal(uint64_t left, uint64_t right, const char *file, int line, const char *what);
int check_bytes(const void *left, const void *right, size_t length, const char *file, int line,
                const char *what);

/* Frees the error. */
int check_status(walrus_accel_status expected, walrus_accel_status found, walrus_accel_error *error,
                 const char *text, const char *file, int line, const char *what);

void check_required(int holds, const char *file, int line, const char *what);
void check_required_status(walrus_accel_status expected, walrus_accel_status found,
                           walrus_accel_error *error, const char *text, const char *file, int line,
                           const char *what);

/* What the checks that follow on this program are about, for their messages; NULL for nothing. */
void check_about(const char *subject);

unsigned long check_failures(void);

/* What main returns. */
int check_result(void);

/* A number from the environment. */
unsigned long check_setting(const char *name, unsigned long otherwise);

#endif
