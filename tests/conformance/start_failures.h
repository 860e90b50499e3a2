/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All ways in which a puppet's init can fail, and what start must answer.
 */
#ifndef GS_TESTS_CONFORMANCE_START_FAILURES_H
#define GS_TESTS_CONFORMANCE_START_FAILURES_H

#include "tests/conformance/helpers.h"

struct start_failure {
	const char *script;
	int status;
	const char *reason; /* NULL: not looked at */
};

/* Ends with a NULL script. */
extern const struct start_failure start_failures[];

/* Fails unless a start that returned status failed as f says. */
void start_failed(const struct start_failure *f, int status);

/* The entry of that script. */
const struct start_failure *start_failure(const char *script);

#endif
