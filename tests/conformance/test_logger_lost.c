/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LOG-13: the logger is stopped or killed.  Servers go on: reports are
 * dropped and counted, a write of output waits a moment.
 */
#include "tests/conformance/helpers.h"

static gs_next
printer_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

/* As many bytes as it is told, and a line's end. */
static gs_next
printer_call(void *state, gs_bytes request, gs_from from)
{
	long n = gs_long(request, 0);

	(void)state;
	(void)from;
	for (long i = 0; i < n; i++)
		putchar('x');
	printf("printed %ld\n", n);
	return gs_next_reply(gs_text("done"));
}

static GS_SERVER(printer, .init = printer_init, .handle_call = printer_call);

struct seek {
	pid_t parent;
	pid_t found;
	pid_t not ; /* this one */
};

/* The process of the logger: a child of the node by that name. */
static bool
find_logger(void *data)
{
	struct seek *seek = data;
	char command[128], line[32] = "";
	FILE *p;

	snprintf(command, sizeof(command), "pgrep -P %d -x gs-log",
	    (int)seek->parent);
	p = popen(command, "re");
	CHECK(p);
	if (fgets(line, sizeof(line), p))
		seek->found = atoi(line);
	pclose(p);
	return seek->found > 1 && seek->found != seek->not ;
}

static gs_node_info node;

static pid_t
logger_but(pid_t not )
{
	struct seek seek = { node.os_pid, 0, not };

	CHECK(eventually(find_logger, &seek, SOON));
	return seek.found;
}

static bool
logged(void *text)
{
	static char all[4 << 20];
	FILE *file = fopen(node.log, "re");
	size_t n;

	if (!file)
		return false;
	n = fread(all, 1, sizeof(all) - 1, file);
	fclose(file);
	all[n] = '\0';
	return strstr(all, text) != NULL;
}

static void
begin(gs_pid *pid)
{
	gs_options options = { .name = "printer" };

	named_node_up();
	CHECK_INT(gs_node_inspect(&node), 0);
	CHECK_INT(gs_start(&printer, GS_NONE, &options, pid), 0);
}

static void
prints(gs_pid pid, const char *size)
{
	CHECK_STR(ask(GS_PID(pid), size), "done");
}

TEST(LOG_13_a_stopped_logger_holds_up_nobody_for_long)
{
	pid_t logger;
	int64_t from;
	gs_pid pid;

	begin(&pid);
	prints(pid, "1");
	CHECK(eventually(logged, "printed 1", SOON));
	logger = logger_but(0);
	CHECK_INT(kill(logger, SIGSTOP), 0);
	from = now_ms();
	/* more than the way to it holds */
	for (int i = 0; i < 4; i++)
		prints(pid, "60000");
	CHECK(now_ms() - from < FOREVER);
	/* who prints nothing notices nothing: reports, ends and starts */
	from = now_ms();
	for (int i = 0; i < 20; i++) {
		gs_pid other = start("");

		tell(GS_PID(other), "end boom");
		CHECK(wait_dead(other));
	}
	CHECK(now_ms() - from < PROMPT * 2);
	CHECK_INT(kill(logger, SIGCONT), 0);
	prints(pid, "2");
	CHECK(eventually(logged, "printed 2", SOON));
	named_node_down();
}

TEST(LOG_13_a_killed_logger_is_followed_by_another)
{
	pid_t logger;
	gs_pid pid;

	begin(&pid);
	logger = logger_but(0);
	for (int i = 0; i < 3; i++) {
		char size[8], line[16];

		CHECK_INT(kill(logger, SIGKILL), 0);
		logger = logger_but(logger);
		snprintf(size, sizeof(size), "%d", 10 + i);
		snprintf(line, sizeof(line), "printed %s", size);
		prints(pid, size);
		CHECK(eventually(logged, line, SOON));
	}
	CHECK_INT(gs_node_inspect(&node), 0);
	named_node_down();
}
