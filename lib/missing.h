/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What glibc has and other C libraries, as musl, have not.  The rest of the
 * library uses the names of glibc and needs not know.
 */
#ifndef GSI_MISSING_H
#define GSI_MISSING_H

#include <stddef.h>
#include <stdlib.h>

#ifndef __GLIBC__
#include <ucontext.h>

#define close_range gsi_close_range
#define getcontext gsi_getcontext
#define malloc_trim gsi_malloc_trim
#define on_exit gsi_on_exit
#define strerrorname_np gsi_strerrorname

int gsi_close_range(unsigned first, unsigned last, int flags);
/* -1: exit in a callback is told without a backtrace. */
int gsi_getcontext(ucontext_t *here);
/* Nothing to give back: musl does it by itself. */
int gsi_malloc_trim(size_t pad);
/* For one function of a process, the last one. */
int gsi_on_exit(void (*function)(int status, void *data), void *data);
/* EAGAIN and its like as text; NULL for those that we never have. */
const char *gsi_strerrorname(int number);
#endif

#endif
