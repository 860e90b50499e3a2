/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes the code of a counter that is in use: from version 1 to version 2
 * and back, again and again, while others add and ask.  No call fails, and
 * nothing that was added is missing.
 *
 *	./upgrade [FOLDER]	where counter.so and counter2.so are: its own
 */
#include <genserver.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define USERS 3
#define ROUNDS 20

#define COUNTER GS_NAME("counter")

static _Atomic bool over;

static void
fail(const char *what, const char *why)
{
	fprintf(stderr, "upgrade: %s: %s\n", what, why);
	exit(1);
}

static void
must(int status, const char *what)
{
	if (status != 0)
		fail(what, gs_error_text());
}

static long
ask(const char *request)
{
	gs_bytes reply;

	must(gs_call(COUNTER, GS_TEXT(request), &reply, GS_CALL_TIMEOUT),
	    request);
	return gs_long(reply, -1);
}

/* Who uses it sees no change; returns how much it has added. */
static void *
use(void *data)
{
	long *added = data;

	do {
		must(gs_cast(COUNTER, GS_TEXT("1")), "add");
		++*added;
		if (ask("get") < *added)
			fail("get", "something is missing");
	} while (!over);
	return NULL;
}

static void
change(const char *module, bool down)
{
	gs_sys_code code = { .module = module, .down = down, .suspend = true };

	must(gs_sys_change_code(COUNTER, &code, GS_CALL_TIMEOUT), module);
}

/* In the folder that was given, or else that of this program. */
static void
find(char path[512], int argc, char **argv, const char *file)
{
	const char *slash = strrchr(argv[0], '/');

	if (argc > 1)
		snprintf(path, 512, "%s/%s", argv[1], file);
	else
		snprintf(path, 512, "%.*s%s",
		    slash ? (int)(slash - argv[0]) + 1 : 0, argv[0], file);
}

int
main(int argc, char **argv)
{
	char one[512], two[512];
	gs_child_spec spec = { .path = one, .options.name = "counter" };
	long added[USERS] = { 0 }, sum = 0;
	pthread_t user[USERS];
	gs_sys_status status;
	gs_pid pid;

	find(one, argc, argv, "counter.so");
	find(two, argc, argv, "counter2.so");
	must(gs_node_open(NULL, 0), "node");
	must(gs_child_start(&spec, &pid), one);
	for (int i = 0; i < USERS; i++)
		if (pthread_create(&user[i], NULL, use, &added[i]) != 0)
			fail("thread", "there is none");
	for (int i = 0; i < ROUNDS; i++) {
		change(two, false);
		if (ask("adds") < 0)
			fail("adds", "no number");
		change(one, true);
	}
	change(two, false);
	over = true;
	for (int i = 0; i < USERS; i++) {
		pthread_join(user[i], NULL);
		sum += added[i];
	}
	if (ask("get") != sum)
		fail("get", "something is missing");
	must(gs_sys_get_status(COUNTER, &status, GS_CALL_TIMEOUT), "status");
	printf("version %s, and nothing is missing\n", status.version);
	return 0;
}
