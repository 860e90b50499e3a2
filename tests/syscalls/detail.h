/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call in words that are the same in every run: its name and what it is
 * used on, with numbers and the test's own names left out.
 */
#ifndef GS_TESTS_SYSCALLS_DETAIL_H
#define GS_TESTS_SYSCALLS_DETAIL_H

#include <linux/seccomp.h>
#include <stddef.h>

#define DETAIL 120

/* Known names, replaced by a word each. */
struct detail_names {
	const char *dir;
	const char *node;
};

void detail_of(const struct seccomp_notif *call,
    const struct detail_names *names, char text[DETAIL]);

#endif
