/*
 * Allocations that fail. The program's own allocation functions replace the system's, also for the
 * library, and one call of them can be made to fail.
 */
#ifndef MEMORY_FAILING_H
#define MEMORY_FAILING_H

#include <stddef.h>

/* Makes the `number`th allocation, from 1, of at least `least` bytes fail, on any thread. */
void failing_arm(unsigned long number, size_t least);

/* Makes no allocation fail any more. Returns 1 if one failed. */
int failing_disarm(void);

/* Returns the number of such allocations since failing_arm. */
unsigned long failing_seen(void);

/* Prints the stack of the failing allocation, as addresses within their files. */
void failing_trace(void);

#endif
