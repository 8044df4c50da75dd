/*
 * Checks that report their place and continue. Only REQUIRE ends the program, where nothing after
 * it would make sense.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stddef.h>
#include <stdint.h>
#include <walrus_accel.h>

/* Value of an error or a result before a call: an output that the call does not set keeps it. */
#define UNSET(type) ((type *)(uintptr_t)0x5a5a5a50)

#define CHECK(condition) check_that((condition) ? 1 : 0, __FILE__, __LINE__, #condition)

#define REQUIRE(condition) check_required((condition) ? 1 : 0, __FILE__, __LINE__, #condition)

#define CHECK_EQUAL(left, right)                                                                   \
    check_equal((uint64_t)(left), (uint64_t)(right), __FILE__, __LINE__, #left " == " #right)

#define CHECK_BYTES(left, right, length)                                                           \
    check_bytes((left), (right), (length), __FILE__, __LINE__, #left " == " #right)

/* The call passes `&error`. A failure sets the error; WALRUS_ACCEL_OK sets NULL. */
#define CHECK_STATUS(expected, call) CHECK_STATUS_AND(expected, call, check_status, NULL)

#define CHECK_OK(call) CHECK_STATUS(WALRUS_ACCEL_OK, call)

#define REQUIRE_OK(call) CHECK_STATUS_AND(WALRUS_ACCEL_OK, call, check_required_status, NULL)

/* Also checks that the message contains a text. */
#define CHECK_MESSAGE(expected, text, call) CHECK_STATUS_AND(expected, call, check_status, text)

#define CHECK_STATUS_AND(expected, call, verdict, text)                                            \
    do {                                                                                           \
        walrus_accel_error *error = UNSET(walrus_accel_error);                                     \
        walrus_accel_status status_of_call = (call);                                               \
        verdict((expected), status_of_call, error, (text), __FILE__, __LINE__, #call);             \
    } while (0)

/* Each returns 1 if the check held. */
int check_that(int holds, const char *file, int line, const char *what);
int check_equal(uint64_t left, uint64_t right, const char *file, int line, const char *what);
int check_bytes(const void *left, const void *right, size_t length, const char *file, int line,
    const char *what);

/* Frees the error. */
int check_status(walrus_accel_status expected, walrus_accel_status found, walrus_accel_error *error,
    const char *text, const char *file, int line, const char *what);

void check_required(int holds, const char *file, int line, const char *what);
void check_required_status(walrus_accel_status expected, walrus_accel_status found,
    walrus_accel_error *error, const char *text, const char *file, int line, const char *what);

/* Sets the subject of this program's next checks, for their messages; NULL for none. */
void check_about(const char *subject);

unsigned long check_failures(void);

/* Result of main. */
int check_result(void);

/* Returns a number from the environment. */
unsigned long check_setting(const char *name, unsigned long otherwise);

#endif
