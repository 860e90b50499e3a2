/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs of the scenes: what a user's program would do with the
 * library.  Prints what came out, or one line with the error and ends with 1.
 */
#include <errno.h>
#include <genserver.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct adder {
	long sum;
};

static gs_next
adder_init(void *state, gs_bytes start)
{
	struct adder *a = state;

	a->sum = gs_long(start, 0);
	return gs_ok();
}

static gs_next
adder_call(void *state, gs_bytes amount, gs_from from)
{
	struct adder *a = state;

	(void)from;
	a->sum += gs_long(amount, 0);
	return gs_next_reply(GS_STR("%ld", a->sum));
}

static gs_next
adder_cast(void *state, gs_bytes amount)
{
	struct adder *a = state;

	a->sum += gs_long(amount, 0);
	return gs_next_noreply();
}

static GS_SERVER(adder, .state_size = sizeof(struct adder), .init = adder_init,
    .handle_call = adder_call, .handle_cast = adder_cast);

static int
failed(const char *what, int status)
{
	const char *text = gs_error_text();

	printf("actor: %s: %s\n", what,
	    text[0] != '\0' ? text : strerror(-status));
	return 1;
}

/* A private node, a server linked and monitored, and the end of both. */
static int
embedded(void)
{
	gs_options options = { .name = "x" };
	gs_bytes reply;
	gs_info info;
	gs_pid pid;
	gs_ref ref;
	int status = gs_node_open(NULL, GS_NODE_PRIVATE);

	if (status != 0)
		return failed("open", status);
	status = gs_trap_exit(true);
	if (status != 0)
		return failed("trap", status);
	status = gs_start_link(&adder, GS_TEXT("40"), &options, &pid);
	if (status != 0)
		return failed("start", status);
	status = gs_monitor(gs_to_name("x"), &ref);
	if (status != 0)
		return failed("monitor", status);
	status = gs_cast(gs_to_name("x"), GS_TEXT("1"));
	if (status == 0)
		status =
		    gs_call(gs_to_pid(pid), GS_TEXT("1"), &reply, GS_INFINITY);
	if (status != 0)
		return failed("call", status);
	printf("sum %.*s\n", (int)reply.size, (const char *)reply.data);
	status = gs_stop(gs_to_pid(pid), NULL, GS_INFINITY);
	for (int i = 0; i < 2 && status == 0; i++) {
		status = gs_receive(&info, GS_INFINITY);
		if (status == 0)
			printf("%d %s\n",
			    info.kind == GS_INFO_DOWN ||
				info.kind == GS_INFO_EXIT,
			    info.reason);
	}
	if (status != 0)
		return failed("stop", status);
	gs_node_close();
	return 0;
}

static void *
thread(void *data)
{
	int *status = data;
	gs_bytes reply;

	*status = gs_call(
	    gs_to_name("by"), GS_TEXT("echo here"), &reply, GS_INFINITY);
	if (*status == 0)
		printf("%.*s\n", (int)reply.size, (const char *)reply.data);
	else
		failed("thread", *status);
	return NULL;
}

/* Threads come to the node and leave it, the first before the second. */
static int
threads(void)
{
	pthread_t id;
	int status = gs_node_open(getenv("GS_NODE"), 0), bad = 0;

	if (status != 0)
		return failed("open", status);
	for (int i = 0; i < 2; i++) {
		status = pthread_create(&id, NULL, thread, &bad);
		if (status != 0) {
			printf("actor: no thread: %s\n", strerror(status));
			return 1;
		}
		pthread_join(id, NULL);
		if (bad != 0)
			return 1;
	}
	gs_node_close();
	return 0;
}

/* Is the bystander well, and how many are there? */
static int
probe(void)
{
	gs_node_info info;
	gs_bytes reply;
	int status = gs_node_open(getenv("GS_NODE"), 0);

	if (status == 0)
		status =
		    gs_call(gs_to_name("by"), GS_TEXT("pid"), &reply, 15000);
	if (status != 0)
		return failed("probe", status);
	printf("by %.*s", (int)reply.size, (const char *)reply.data);
	status = gs_call(gs_to_name("by"), GS_TEXT("casts"), &reply, 15000);
	if (status == 0)
		status = gs_node_inspect(&info);
	if (status != 0)
		return failed("probe", status);
	printf(" casts %.*s processes %u\n", (int)reply.size,
	    (const char *)reply.data, info.processes);
	return 0;
}

int
main(int argc, char **argv)
{
	int status = 64;

	if (argc == 2 && strcmp(argv[1], "embedded") == 0)
		status = embedded();
	else if (argc == 2 && strcmp(argv[1], "threads") == 0)
		status = threads();
	else if (argc == 2 && strcmp(argv[1], "probe") == 0)
		status = probe();
	else
		fprintf(stderr, "usage: actor embedded|threads|probe\n");
	return fflush(stdout) == 0 ? status : 1;
}
