/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/runner.h"

#include "lib/behaviour.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[512];

/* A copy of that fixture takes the place of the file, as a new file. */
static void
put(const char *fixture)
{
	char command[2048];

	snprintf(command, sizeof(command),
	    "cp '%s/tests/fixtures/%s' '%s.new' && mv '%s.new' '%s'",
	    getenv("GS_BUILD"), fixture, path, path, path);
	CHECK_INT(system(command), 0);
}

static const char *
version(uint32_t change)
{
	struct gsi_loaded module = { NULL, NULL };
	char why[256];

	if (!gsi_behaviour_open(&module, path, change, why, sizeof(why)))
		FAIL("change %u: %s", change, why);
	return module.behaviour->version;
}

static void
begin(void)
{
	/* beside the others, from where they find the library */
	snprintf(path, sizeof(path), "%s/tests/fixtures/behaviour-%d.so",
	    getenv("GS_BUILD"), (int)getpid());
	put("fx_tally1.so");
}

/* However often the code has been changed before. */
TEST(behaviour_a_replaced_file_is_loaded_anew)
{
	static const uint32_t changes[] = { 1, 2, 3, 4, 7, 8, 2047, 2048, 5000,
		100000, UINT32_MAX };

	begin();
	CHECK_STR(version(0), "1");
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		put(i % 2 ? "fx_tally1.so" : "fx_tally2.so");
		CHECK_STR(version(changes[i]), i % 2 ? "1" : "2");
	}
	CHECK_INT(unlink(path), 0);
}

TEST(behaviour_a_path_that_is_too_long_is_refused)
{
	struct gsi_loaded module = { NULL, NULL };
	char longest[PATH_MAX - 50], why[4096];

	memset(longest, '/', sizeof(longest));
	begin();
	strcpy(longest + sizeof(longest) - 1 - strlen(path), path);
	if (!gsi_behaviour_open(&module, longest, 0, why, sizeof(why)))
		FAIL("%s", why);
	CHECK(!gsi_behaviour_open(&module, longest, 1, why, sizeof(why)));
	CHECK(strstr(why, "longer than") != NULL);
	CHECK_INT(unlink(path), 0);
}
