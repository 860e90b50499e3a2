/* SPDX-License-Identifier: Apache-2.0 */
/*
 * call.asleep: a call that finds the server asleep, both on CPU 0.
 *
 * Its pair is a bare ping-pong of two blocking eventfds, both on CPU 0, whose
 * partner sleeps in read() as well.  Before each round, of either kind, the
 * client looks in /proc until the other process is in state S (which also
 * leaves the caches in the same state), and only then takes the time: of the
 * call from gs_call to its return, of the ping-pong from write() of the one
 * to the return of read() of the other.  Either thus has one wake-up of the
 * partner and one switch back.  Both run in turns, some hundred rounds each.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/kit.h"

#define TURN 500

static gs_next
pinned_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	bench_on_cpu(0);
	return gs_ok();
}

static gs_next
pinned_call(void *state, gs_bytes request, gs_from from)
{
	(void)state;
	(void)from;
	return gs_next_reply(request);
}

static GS_SERVER(
    pinned, .version = "1", .init = pinned_init, .handle_call = pinned_call);

struct partner {
	pid_t pid;
	int ping;
	int pong;
	int stat;
};

static void
pass(int fd, bool out)
{
	uint64_t one = 1;
	ssize_t n =
	    out ? write(fd, &one, sizeof(one)) : read(fd, &one, sizeof(one));

	if (n != sizeof(one)) {
		perror("bench: eventfd");
		exit(1);
	}
}

static struct partner
partner_start(void)
{
	struct partner p = { .ping = eventfd(0, 0), .pong = eventfd(0, 0) };

	p.pid = fork();
	if (p.pid < 0 || p.ping < 0 || p.pong < 0) {
		perror("bench: partner");
		exit(1);
	}
	if (p.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		bench_on_cpu(0);
		for (;;) {
			pass(p.ping, false);
			pass(p.pong, true);
		}
	}
	p.stat = bench_open_stat(p.pid);
	return p;
}

static int64_t
bare_round(const struct partner *p)
{
	int64_t start;

	bench_await_sleep(p->stat);
	start = bench_now();
	pass(p->ping, true);
	pass(p->pong, false);
	return bench_now() - start;
}

static int64_t
our_round(gs_pid pid, int stat)
{
	int64_t start;

	bench_await_sleep(stat);
	start = bench_now();
	bench_call(pid);
	return bench_now() - start;
}

static int
start_pinned(gs_pid *pid)
{
	gs_process_info info;

	bench_must(gs_node_open(NULL, 0), "node");
	bench_must(gs_start(&pinned, GS_NONE, NULL, pid), "start");
	bench_must(gs_process_inspect(GS_PID(*pid), &info), "inspect");
	return bench_open_stat(info.os_pid);
}

int
main(int argc, char **argv)
{
	size_t turns = (size_t)bench_number(argc, argv, 1, 20000) / TURN + 1;
	size_t count = turns * TURN, n = 0;
	int64_t *our = calloc(count, sizeof(*our));
	int64_t *bare = calloc(count, sizeof(*bare));
	struct partner partner = partner_start();
	gs_pid pid;
	int stat = start_pinned(&pid);

	if (our == NULL || bare == NULL)
		return 1;
	bench_on_cpu(0);
	for (size_t t = 0; t < turns; t++) {
		for (size_t i = 0; i < TURN; i++)
			our[n + i] = our_round(pid, stat);
		for (size_t i = 0; i < TURN; i++)
			bare[n + i] = bare_round(&partner);
		n += TURN;
	}
	bench_tell("ours", "call.asleep.p50", bench_percentile(our, n, 0.5));
	bench_tell("limit", "call.asleep.p50", bench_percentile(bare, n, 0.5));
	kill(partner.pid, SIGKILL);
	waitpid(partner.pid, NULL, 0);
	free(our);
	free(bare);
	return 0;
}
