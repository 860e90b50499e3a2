/* SPDX-License-Identifier: Apache-2.0 */
/* A server to be watched, and the file that its events go to. */
#ifndef GS_TESTS_CONFORMANCE_METER_H
#define GS_TESTS_CONFORMANCE_METER_H

#include "tests/conformance/helpers.h"

/*
 * Named "meter", at 5, with that start option debug.  Calls and casts add;
 * "later" is answered with gs_reply, "work" takes 100 ms of processor time.
 */
gs_addr start_meter(const char *debug);
/* All that was sent before, and no event comes of asking. */
void handled(gs_addr to);
/* A path of the test's own, and what that file has, borrowed. */
const char *watched(void);
const char *contents(void);

#endif
