/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the bare machine can do: round trips between two processes by a shared
 * cache line on two CPUs, and by blocking eventfds and by futexes on one CPU
 * and on two, and by eventfds that are waited for by epoll, as who has more
 * than one thing to wait for has to.
 * Time is taken for windows of some rounds, and the median window is told, so
 * that a process of others that gets in between spoils few of them.
 */
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/kit.h"

#define WINDOW 100

struct line {
	_Alignas(128) _Atomic uint32_t ping;
	_Alignas(128) _Atomic uint32_t pong;
};

static struct line *line;
static int ping, pong;

static void
await(_Atomic uint32_t *word, uint32_t n)
{
	while (atomic_load_explicit(word, memory_order_acquire) != n)
		__asm__ volatile("" ::: "memory");
}

static void
line_round(uint32_t n)
{
	atomic_store_explicit(&line->ping, n, memory_order_release);
	await(&line->pong, n);
}

static void
line_answer(uint32_t n)
{
	await(&line->ping, n);
	atomic_store_explicit(&line->pong, n, memory_order_release);
}

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

static void
bell_round(uint32_t n)
{
	(void)n;
	pass(ping, true);
	pass(pong, false);
}

static void
bell_answer(uint32_t n)
{
	(void)n;
	pass(ping, false);
	pass(pong, true);
}

/* Of each process its own; edge-triggered, so nothing is read. */
static int poller = -1;

static void
poll_for(int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	if (poller < 0) {
		poller = epoll_create1(EPOLL_CLOEXEC);
		if (poller < 0 ||
		    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0) {
			perror("bench: epoll");
			exit(1);
		}
	}
	while (epoll_wait(poller, &event, 1, -1) != 1)
		;
}

static void
poll_round(uint32_t n)
{
	(void)n;
	pass(ping, true);
	poll_for(pong);
}

static void
poll_answer(uint32_t n)
{
	(void)n;
	poll_for(ping);
	pass(pong, true);
}

/* Sleeps until the word is n; nobody rings for nothing. */
static void
futex_await(_Atomic uint32_t *at, uint32_t n)
{
	uint32_t seen;

	while ((seen = atomic_load_explicit(at, memory_order_acquire)) != n)
		syscall(SYS_futex, at, FUTEX_WAIT, seen, NULL, NULL, 0);
}

static void
futex_set(_Atomic uint32_t *at, uint32_t n)
{
	atomic_store_explicit(at, n, memory_order_release);
	syscall(SYS_futex, at, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void
futex_round(uint32_t n)
{
	futex_set(&line->ping, n);
	futex_await(&line->pong, n);
}

static void
futex_answer(uint32_t n)
{
	futex_await(&line->ping, n);
	futex_set(&line->pong, n);
}

static pid_t
answerer(int cpu, void (*answer)(uint32_t n))
{
	pid_t pid = fork();

	if (pid < 0) {
		perror("bench: fork");
		exit(1);
	}
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	bench_on_cpu(cpu);
	for (uint32_t n = 1;; n++)
		answer(n);
}

static void
measure(const char *metric, int cpu, size_t windows, void (*round)(uint32_t n),
    void (*answer)(uint32_t n))
{
	int64_t *ns = bench_samples(windows);
	pid_t pid;
	uint32_t n = 0;
	int64_t start;

	atomic_store_explicit(&line->ping, 0, memory_order_relaxed);
	atomic_store_explicit(&line->pong, 0, memory_order_relaxed);
	pid = answerer(cpu, answer);
	for (size_t w = 0; w < windows; w++) {
		start = bench_now();
		for (int i = 0; i < WINDOW; i++)
			round(++n);
		ns[w] = bench_now() - start;
	}
	bench_tell(
	    "limit", metric, bench_percentile(ns, windows, 0.5) / WINDOW);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	free(ns);
}

int
main(int argc, char **argv)
{
	size_t windows = (size_t)bench_number(argc, argv, 1, 100);

	line = mmap(NULL, sizeof(*line), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ping = eventfd(0, 0);
	pong = eventfd(0, 0);
	if (line == MAP_FAILED || ping < 0 || pong < 0) {
		perror("bench: limits");
		return 1;
	}
	bench_on_cpu(0);
	measure("raw.eventfd.1cpu", 0, windows, bell_round, bell_answer);
	measure("raw.futex.1cpu", 0, windows, futex_round, futex_answer);
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		return 0;
	measure(
	    "raw.eventfd.2cpu", 1, windows / 4 + 1, bell_round, bell_answer);
	measure(
	    "raw.futex.2cpu", 1, windows / 4 + 1, futex_round, futex_answer);
	measure("call.awake.p50", 1, windows * 20, line_round, line_answer);
	/* last: these two stay rung */
	measure("raw.epoll.1cpu", 0, windows, poll_round, poll_answer);
	return 0;
}
