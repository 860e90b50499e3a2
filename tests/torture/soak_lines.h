/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of the soak that talks through gsctl, line by line: each line it
 * sends comes back, or gsctl ends and says why by its exit status.
 */
#ifndef GS_TESTS_SOAK_LINES_H
#define GS_TESTS_SOAK_LINES_H

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "tests/torture/soak_client.h"

struct lines {
	pid_t pid;
	int in; /* to gsctl */
	int out; /* from it */
	uint32_t server;
};

noreturn static inline void
be_gsctl(const char *name, const int in[2], const int out[2])
{
	char path[400];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(path, sizeof(path), "%s/cmd/gsctl", getenv("GS_BUILD"));
	dup2(in[0], STDIN_FILENO);
	dup2(out[1], STDOUT_FILENO);
	execl(path, "gsctl", "-n", board->node, "call", "--lines", "--timeout",
	    "1000", name, (char *)NULL);
	_exit(127);
}

static inline void
lines_open(struct lines *l)
{
	int in[2], out[2];

	CHECK_OK(pipe2(in, O_CLOEXEC));
	CHECK_OK(pipe2(out, O_CLOEXEC));
	l->pid = fork();
	CHECK(l->pid >= 0);
	if (l->pid == 0)
		be_gsctl(gs_addr_name(server_name(l->server)), in, out);
	close(in[0]);
	close(out[1]);
	l->in = in[1];
	l->out = out[0];
}

/* One line, or false at the end of what gsctl has to say. */
static inline bool
read_line(const struct lines *l, uint32_t me, char *line, size_t size)
{
	struct pollfd p = { .fd = l->out, .events = POLLIN };
	size_t n = 0;

	while (n + 1 < size) {
		if (poll(&p, 1, CALM) != 1) {
			wrong(me, l->server, "gsctl hangs");
			return false;
		}
		if (read(l->out, line + n, 1) != 1)
			return false;
		if (line[n] == '\n')
			break;
		n++;
	}
	line[n] = '\0';
	return true;
}

/* How it ended, when its input has. */
static inline void
lines_close(struct lines *l, uint32_t me, bool finished)
{
	int status;

	close(l->in);
	status = test_wait(l->pid);
	close(l->out);
	note(me, l->server, "gsctl: %x", (unsigned)status);
	if (!WIFEXITED(status))
		wrong(me, l->server, "gsctl died: %x", (unsigned)status);
	else if (finished && WEXITSTATUS(status) != 0)
		wrong(me, l->server, "gsctl: %d after the last line",
		    WEXITSTATUS(status));
	else
		switch (WEXITSTATUS(status)) {
		case 0: /* finished */
		case 3: /* down, coming back */
		case 4: /* not known, for a moment */
		case 75: /* mailbox full */
		case 124:
		case 125:
			break;
		default:
			wrong(me, l->server, "gsctl: %d", WEXITSTATUS(status));
		}
}

static inline bool
one_line(const struct lines *l, uint32_t me, uint64_t seed)
{
	char line[64], back[64];
	int n = snprintf(line, sizeof(line), "echo %u %llx %x\n", me,
	    (unsigned long long)seed, (uint32_t)(mix(seed) % 0x10000));

	if (write(l->in, line, (size_t)n) != n || !read_line(l, me, back, 64))
		return false;
	line[n - 1] = '\0';
	if (strcmp(back, line + 5) != 0)
		wrong(me, l->server, "gsctl said %s, not %s", back, line + 5);
	count(N_lines, 1);
	return true;
}

noreturn static inline void
lines_main(uint32_t seat, uint64_t number)
{
	uint64_t seed = stream(500 + seat, number);
	uint32_t me = seat * THREADS, n;
	int64_t until = now_ms() + LIFE_MIN + chance(&seed, LIFE_MAX);
	struct lines l;

	signal(SIGPIPE, SIG_IGN);
	while (!over(until)) {
		bool goes_on = true;

		l.server = chance(&seed, SERVERS);
		lines_open(&l);
		n = 1 + chance(&seed, 60);
		while (goes_on && n > 0 && !over(until)) {
			goes_on = one_line(&l, me, seed);
			poll(NULL, 0, (int)chance(&seed, 5));
			n--;
		}
		lines_close(&l, me, goes_on);
	}
	_exit(0);
}

#endif
