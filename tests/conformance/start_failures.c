/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of failing inits.
 */
#include "tests/conformance/start_failures.h"

const struct start_failure start_failures[] = {
	{ "ignore", -ECANCELED, NULL },
	{ "error not today", -ECHILD, "not today" },
	{ "end boom", -ECHILD, "boom" },
	{ "end normal", -ECHILD, "normal" },
	{ "end shutdown:gone", -ECHILD, "shutdown:gone" },
	{ "exit left", -ECHILD, "left" },
	{ "garbage", -ECHILD, "bad_return_value" },
	{ "zero", -ECHILD, "bad_return_value" },
	{ "reply x", -ECHILD, "bad_return_value" },
	{ "noreply", -ECHILD, "bad_return_value" },
	{ "raise 11", -ECHILD, "signal:11" },
	{ "raise 6", -ECHILD, "signal:6" },
	{ "raise 9", -ECHILD, "killed" },
	{ "_exit 3", -ECHILD, "exit:3" },
	{ "_exit 0", -ECHILD, "normal" },
	{ NULL, 0, NULL },
};

void
start_failed(const struct start_failure *f, int status)
{
	if (status != f->status)
		FAIL("\"%s\": start said %d", f->script, status);
	if (f->reason && strcmp(gs_error_reason(), f->reason) != 0)
		FAIL("\"%s\": reason \"%s\"", f->script, gs_error_reason());
}

const struct start_failure *
start_failure(const char *script)
{
	const struct start_failure *f;

	for (f = start_failures; f->script; f++) {
		if (strcmp(f->script, script) == 0)
			return f;
	}
	FAIL("no such failure: %s", script);
}
