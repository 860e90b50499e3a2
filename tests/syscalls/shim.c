/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks, before each allocation, a system call that does not exist; the test
 * answers it with ENOMEM where the allocation is to fail.  For LD_PRELOAD;
 * what the C library allocates for itself comes here as well.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/syscalls/trap.h"

/* The C library's own, which the names below stand in front of. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t align, size_t size);

#define API __attribute__((visibility("default")))

static bool
refused(long kind)
{
	int saved = errno;
	bool no = syscall(TRAP_ALLOC, 0L, kind) < 0 && errno == ENOMEM;

	errno = no ? ENOMEM : saved;
	return no;
}

API void *
malloc(size_t size)
{
	return refused('m' - 'a') ? NULL : __libc_malloc(size);
}

API void *
calloc(size_t n, size_t size)
{
	return refused('c' - 'a') ? NULL : __libc_calloc(n, size);
}

API void *
realloc(void *old, size_t size)
{
	return refused('r' - 'a') ? NULL : __libc_realloc(old, size);
}

API void *
reallocarray(void *old, size_t n, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(n, size, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(old, all);
}

API int
posix_memalign(void **to, size_t align, size_t size)
{
	void *block = refused('p' - 'a') ? NULL : __libc_memalign(align, size);

	if (block == NULL)
		return ENOMEM;
	*to = block;
	return 0;
}

API void *
aligned_alloc(size_t align, size_t size)
{
	return refused('l' - 'a') ? NULL : __libc_memalign(align, size);
}
