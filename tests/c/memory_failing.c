/* syscall and MAP_FAILED are not part of POSIX. */
#define _GNU_SOURCE

#include "memory_failing.h"

#include <errno.h>
#include <execinfo.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The system's functions, under names that nothing replaces. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static unsigned long armed_number, seen;
static size_t least_size;
static int has_failed, is_tracing;

static void trace(void) {
    void *stack[64];
    int depth = backtrace(stack, 64);
    backtrace_symbols_fd(stack, depth, STDERR_FILENO);
}

static int fails(size_t size) {
    if (size < least_size || __atomic_load_n(&armed_number, __ATOMIC_ACQUIRE) == 0) { return 0; }
    if (__atomic_add_fetch(&seen, 1, __ATOMIC_ACQ_REL) !=
        __atomic_load_n(&armed_number, __ATOMIC_ACQUIRE)) {
        return 0;
    }
    __atomic_store_n(&has_failed, 1, __ATOMIC_RELEASE);
    if (is_tracing) { trace(); }
    errno = ENOMEM;
    return 1;
}

void failing_arm(unsigned long number, size_t least) {
    least_size = least;
    seen = 0;
    has_failed = 0;
    __atomic_store_n(&armed_number, number, __ATOMIC_RELEASE);
}

int failing_disarm(void) {
    __atomic_store_n(&armed_number, 0, __ATOMIC_RELEASE);
    return __atomic_load_n(&has_failed, __ATOMIC_ACQUIRE);
}

unsigned long failing_seen(void) { return __atomic_load_n(&seen, __ATOMIC_ACQUIRE); }

void failing_trace(void) {
    void *stack[4];
    /* The first call loads a library, and allocates. */
    backtrace(stack, 4);
    is_tracing = 1;
}

void *malloc(size_t size) { return fails(size) ? NULL : __libc_malloc(size); }

void *calloc(size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / size) {
        errno = ENOMEM;
        return NULL;
    }
    return fails(count * size) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
    return fails(size) ? NULL : __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
    return fails(size) ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **memory, size_t alignment, size_t size) {
    void *found = memalign(alignment, size);
    if (!found) { return ENOMEM; }
    *memory = found;
    return 0;
}

void *mmap(void *address, size_t length, int protection, int flags, int descriptor, off_t offset) {
    if (fails(length)) { return MAP_FAILED; }
    return (void *)(uintptr_t)syscall(
        SYS_mmap, address, length, protection, flags, descriptor, offset);
}

void *mmap64(
    void *address, size_t length, int protection, int flags, int descriptor, off_t offset) {
    return mmap(address, length, protection, flags, descriptor, offset);
}
