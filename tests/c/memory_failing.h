/*
 * Memory that runs out: the program's own allocating functions take the place of the system's, for the
 * library too, and one call of them can be made to fail.
 */
#ifndef MEMORY_FAILING_H
#define MEMORY_FAILING_H

#include <stddef.h>

/* The `number`th allocation, from 1, of at least `least` bytes fails, on whichever thread it is. */
void failing_arm(unsigned long number, size_t least);

/* No allocation fails any more. Gives whether one did. */
int failing_disarm(void);

/* How many of that size there were since it was armed. */
unsigned long failing_seen(void);

/* Prints the stack of the one that fails, as addresses within their files. */
void failing_trace(void);

#endif
