/* SPDX-License-Identifier: Apache-2.0 */
/* What the bench programs of ours share. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/bench/kit.h"

/* ---- the server ---- */

static gs_next
echo_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

static gs_next
echo_call(void *state, gs_bytes request, gs_from from)
{
	(void)state;
	(void)from;
	return gs_next_reply(request);
}

static gs_next
echo_cast(void *state, gs_bytes request)
{
	(void)state;
	(void)request;
	return gs_next_noreply();
}

GS_SERVER(bench_echo, .version = "1", .init = echo_init,
    .handle_call = echo_call, .handle_cast = echo_cast);

gs_pid
bench_start(const char *name)
{
	gs_options options = { .name = name };
	gs_pid pid;

	bench_must(gs_node_open(NULL, 0), "node");
	bench_must(gs_start(&bench_echo, GS_NONE, &options, &pid), "start");
	return pid;
}

pid_t
bench_os_pid(gs_pid pid)
{
	gs_process_info info;

	bench_must(gs_process_inspect(GS_PID(pid), &info), "inspect");
	if (info.os_pid <= 1) {
		fprintf(stderr, "bench: a server without a process\n");
		exit(1);
	}
	return info.os_pid;
}

void
bench_start_child(const gs_behaviour *behaviour, const char *name)
{
	gs_child_spec spec = { .behaviour = behaviour,
		.options.name = name,
		.max_restarts = 1000000,
		.max_seconds = 1,
		.has_intensity = true };
	gs_pid pid;

	bench_must(gs_child_start(&spec, &pid), "start");
}

static void
call(gs_pid pid, bool patient)
{
	static const char request[BENCH_SIZE] = "request";
	gs_bytes reply;
	int status;

	do
		status =
		    gs_call(GS_PID(pid), GS_OBJECT(request), &reply, 60000);
	while (status == -EAGAIN && patient && sched_yield() == 0);
	bench_must(status, "call");
	if (reply.size != BENCH_SIZE) {
		fprintf(stderr, "bench: a reply of %zu bytes\n", reply.size);
		exit(1);
	}
}

void
bench_call(gs_pid pid)
{
	call(pid, false);
}

void
bench_call_at_last(gs_pid pid)
{
	call(pid, true);
}

void
bench_must(int status, const char *what)
{
	if (status >= 0)
		return;
	fprintf(stderr, "bench: %s: %s: %s\n", what, strerror(-status),
	    gs_error_text());
	exit(1);
}

/* ---- processes ---- */

int
bench_open_stat(int os_pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", os_pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		fprintf(stderr, "bench: cannot read %s\n", path);
		exit(1);
	}
	return fd;
}

void
bench_await_sleep(int stat)
{
	const char *state = NULL;
	char text[256];
	ssize_t n;

	for (;;) {
		n = pread(stat, text, sizeof(text) - 1, 0);
		text[n > 0 ? n : 0] = '\0';
		state = strrchr(text, ')');
		if (state == NULL) {
			fprintf(stderr, "bench: the other process is gone\n");
			exit(1);
		}
		if (state[2] == 'S')
			return;
		sched_yield();
	}
}

long
bench_sum_of(const char *path, const char *form)
{
	FILE *file = fopen(path, "re");
	char text[256];
	long sum = -1, n;

	while (file != NULL && fgets(text, sizeof(text), file) != NULL)
		if (sscanf(text, form, &n) == 1)
			sum = (sum < 0 ? 0 : sum) + n;
	if (file != NULL)
		fclose(file);
	return sum;
}
