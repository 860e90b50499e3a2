/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of code change share: fixture modules and servers of them.
 */
#ifndef GS_TESTS_CONFORMANCE_CODE_H
#define GS_TESTS_CONFORMANCE_CODE_H

#include "tests/conformance/helpers.h"

/* The path of a fixture, borrowed until the eighth from now. */
const char *fixture(const char *name);
/* A child of that name that runs it, CHECKed. */
gs_pid start_module(const char *path, const char *name);
/* The same path with other content: renamed into its place. */
void put_module(const char *name, const char *path);

/* Changes a server that is or is not suspended. */
int change(gs_addr to, const char *path, const char *extra);
int change_at_once(gs_addr to, const char *path, bool down);
/* Refused with that status, and a reason that starts with those words. */
void refused(gs_addr to, const char *path, const char *extra, int status,
    const char *reason);

#endif
