/* SPDX-License-Identifier: Apache-2.0 */
/* Fatal signals leave a record and the exact wait status; SIGTERM its words. */
#include "tests/runner.h"

#include "lib/loop.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct room {
	_Alignas(4096) struct gm_page page;
	_Atomic uint32_t ready;
};

static struct room *room;

/* What a forked server has when its loop begins. */
static struct gsi_self *
be_server(void)
{
	struct gsi_self *me = calloc(1, sizeof(*me));
	struct gsi_server *s = calloc(1, sizeof(*s));
	struct rlimit none = { 0, 0 };

	CHECK(me && s);
	CHECK_OK(setrlimit(RLIMIT_CORE, &none));
	me->page = &room->page;
	me->is_server = true;
	me->reports = -1;
	me->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	me->server = s;
	s->message.kind = GSI_CALL;
	s->message.body = GS_TEXT("the poison");
	gm_store(&me->page->messages, 42, relaxed);
	CHECK_INT(gsi_exit_guard_install(me), 0);
	CHECK_INT(gsi_crash_install(me), 0);
	return me;
}

static int
end_of(void (*fn)(void *data), void *data)
{
	room = test_shared(sizeof(*room));
	return test_wait(test_fork(fn, data));
}

static uint32_t
recorded(void)
{
	return gm_load(&room->page.crash.state, acquire);
}

static void __attribute__((noinline)) write_to(volatile int *address)
{
	*address = 1;
}

static void
segv(void *data)
{
	(void)data;
	be_server();
	write_to((int *)(uintptr_t)0x10);
}

TEST(crash_segv_is_recorded_and_kills)
{
	const struct gm_crash *crash;
	int status = end_of(segv, NULL);

	CHECK_INT(recorded(), SIGSEGV);
	if (!test_slow()) {
		CHECK(WIFSIGNALED(status));
		CHECK_INT(WTERMSIG(status), SIGSEGV);
	}
	crash = &room->page.crash;
	CHECK_INT(crash->address, 0x10);
	CHECK_INT(crash->messages, 42);
	CHECK_INT(crash->kind, GSI_CALL);
	CHECK_INT(crash->message_size, 10);
	CHECK(memcmp(crash->message, "the poison", 10) == 0);
	CHECK(crash->pc != 0);
	CHECK_INT(crash->pcs[0], crash->pc);
	CHECK(crash->n_pcs >= 1);
	CHECK_INT(room->page.words_state, 0);
}

static void
raise_it(void *data)
{
	be_server();
	raise(*(int *)data);
}

static void
abort_it(void *data)
{
	(void)data;
	be_server();
	abort();
}

TEST(crash_every_fatal_signal)
{
	int numbers[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS, SIGTRAP,
		SIGABRT };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		int status = end_of(raise_it, &numbers[i]);

		CHECK_INT(recorded(), numbers[i]);
		if (test_slow())
			continue;
		CHECK(WIFSIGNALED(status));
		CHECK_INT(WTERMSIG(status), numbers[i]);
	}
}

TEST(crash_abort)
{
	int status = end_of(abort_it, NULL);

	CHECK_INT(recorded(), SIGABRT);
	CHECK(test_slow() || WTERMSIG(status) == SIGABRT);
}

static void
trap(void *data)
{
	(void)data;
	be_server();
	__builtin_trap();
}

TEST(crash_illegal_instruction)
{
	int status = end_of(trap, NULL);
	uint32_t number = recorded();

	CHECK(number == SIGILL || number == SIGTRAP);
	CHECK(test_slow() || WTERMSIG(status) == (int)number);
}

static int __attribute__((noinline)) endless(volatile char *above, long more)
{
	volatile char here[4096];

	here[0] = above[0];
	return more ? endless(here, more - 1) + here[1] : here[0];
}

static void
overflow(void *data)
{
	volatile char first[2] = { 0, 0 };
	struct rlimit small = { 256 * 1024, 256 * 1024 };

	(void)data;
	be_server();
	setrlimit(RLIMIT_STACK, &small);
	endless(first, 1L << 40);
}

TEST(crash_stack_overflow)
{
	int status = end_of(overflow, NULL);

	CHECK_INT(recorded(), SIGSEGV);
	CHECK(test_slow() || WTERMSIG(status) == SIGSEGV);
}

static void *
thread_segv(void *data)
{
	write_to((int *)(uintptr_t)0x20);
	return data;
}

static void
in_thread(void *data)
{
	pthread_t thread;

	(void)data;
	be_server();
	pthread_create(&thread, NULL, thread_segv, NULL);
	pthread_join(thread, NULL);
}

TEST(crash_in_a_thread)
{
	int status = end_of(in_thread, NULL);

	CHECK_INT(recorded(), SIGSEGV);
	CHECK_INT(room->page.crash.address, 0x20);
	CHECK(test_slow() || WTERMSIG(status) == SIGSEGV);
}

static void
bad_pointers(void *data)
{
	struct gsi_self *me = be_server();

	(void)data;
	me->server->message.body = gs_bytes_of((void *)8, 100000);
	write_to((int *)(uintptr_t)0x10);
}

TEST(crash_with_a_damaged_message)
{
	int status = end_of(bad_pointers, NULL);

	CHECK_INT(recorded(), SIGSEGV);
	CHECK_INT(room->page.crash.message_size, 100000);
	CHECK_INT(room->page.crash.message[0], 0);
	CHECK(test_slow() || WTERMSIG(status) == SIGSEGV);
}

static void
own_handler(int number)
{
	(void)number;
	_exit(9);
}

static void
with_own_handler(void *data)
{
	signal(SIGSEGV, own_handler);
	segv(data);
}

/* The handler that was there before gets the signal afterwards. */
TEST(crash_chains_to_the_handler_before)
{
	int status = end_of(with_own_handler, NULL);

	CHECK_INT(recorded(), SIGSEGV);
	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), 9);
}

static void
helper_crashes(void *data)
{
	pid_t pid;

	(void)data;
	be_server();
	pid = fork();
	if (pid == 0)
		write_to((int *)(uintptr_t)0x10);
	test_wait(pid);
	pid = fork();
	if (pid == 0) {
		raise(SIGTERM);
		_exit(0);
	}
	CHECK_INT(WTERMSIG(test_wait(pid)), SIGTERM);
	_exit(7);
}

/* OS-13: a fork of a server is not the server. */
TEST(crash_of_a_helper_is_not_the_servers)
{
	CHECK_INT(WEXITSTATUS(end_of(helper_crashes, NULL)), 7);
	CHECK_INT(recorded(), 0);
	CHECK_INT(room->page.words_state, 0);
}

static void
clear_and_crash(void *data)
{
	struct gsi_self *me = be_server();

	(void)data;
	gm_store(&me->page->crash.state, 1, relaxed);
	gsi_crash_clear(me->page);
	CHECK_INT(gm_load(&me->page->crash.state, relaxed), 0);
	write_to((int *)(uintptr_t)0x10);
}

TEST(crash_cleared_is_recorded_again)
{
	end_of(clear_and_crash, NULL);
	CHECK_INT(recorded(), SIGSEGV);
}

/* ---- SIGTERM ---- */

static void
wait_for_ever(void *data)
{
	struct gsi_self *me = be_server();
	uint64_t rung;

	me->trap_exit = data != NULL;
	gm_store(&room->ready, 1, release);
	while (!gsi_signal_pending(me))
		pause();
	CHECK_INT(read(me->bell, &rung, sizeof(rung)), sizeof(rung));
	CHECK(gsi_sigterm_taken());
	CHECK(!gsi_sigterm_taken());
	CHECK(!gsi_signal_pending(me));
	_exit(5);
}

static bool
is_ready(void *data)
{
	(void)data;
	return gm_load(&room->ready, acquire) != 0;
}

/* A-SIGTERM */
TEST(crash_sigterm_without_trapping_is_shutdown)
{
	pid_t pid;
	int status;

	room = test_shared(sizeof(*room));
	pid = test_fork(wait_for_ever, NULL);
	CHECK(eventually(is_ready, NULL, 5000));
	kill(pid, SIGTERM);
	status = test_wait(pid);
	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), 0);
	CHECK_INT(room->page.words_state, GM_WORDS_FINAL);
	CHECK_STR(room->page.words, "shutdown");
	CHECK_INT(room->page.words_size, 8);
}

static bool
try_sigterm(void *data)
{
	pid_t pid = *(pid_t *)data;

	kill(pid, SIGTERM);
	return test_gone(pid);
}

TEST(crash_sigterm_with_trapping_is_pending)
{
	pid_t pid;
	int status;

	room = test_shared(sizeof(*room));
	pid = test_fork(wait_for_ever, "trap");
	CHECK(eventually(is_ready, NULL, 5000));
	/* again while it lives: it may have been about to pause */
	CHECK(eventually(try_sigterm, &pid, 5000));
	status = test_wait(pid);
	CHECK_INT(WEXITSTATUS(status), 5);
	CHECK_INT(room->page.words_state, 0);
}

static void
ignore_others(void *data)
{
	(void)data;
	be_server();
	raise(SIGINT);
	raise(SIGHUP);
	raise(SIGPIPE);
	_exit(6);
}

TEST(crash_other_signals_do_nothing)
{
	CHECK_INT(WEXITSTATUS(end_of(ignore_others, NULL)), 6);
}

/* ---- the ordered end ---- */

static void
mark_exit(void)
{
	gm_store(&room->ready, gm_load(&room->ready, relaxed) + 1, relaxed);
}

static void
inherited(void)
{
	gm_store(&room->ready, 100, relaxed);
}

static void
finish_it(void *data)
{
	struct gsi_self *me;

	atexit(inherited);
	me = be_server();
	atexit(mark_exit);
	gsi_finish(me, data);
}

TEST(crash_finish_runs_own_exit_handlers_then_words)
{
	int status = end_of(finish_it, "boom");

	CHECK_INT(status, 0);
	CHECK_INT(gm_load(&room->ready, relaxed), 1);
	CHECK_INT(room->page.words_state, GM_WORDS_FINAL);
	CHECK_STR(room->page.words, "boom");
}

static void
exit_with(void *data)
{
	atexit(inherited);
	be_server();
	atexit(mark_exit);
	exit(*(int *)data);
}

/* EXIT-03 */
TEST(crash_exit_in_user_code_has_no_words)
{
	int codes[] = { 0, 3 };

	for (int i = 0; i < 2; i++) {
		int status = end_of(exit_with, &codes[i]);

		CHECK(WIFEXITED(status));
		CHECK_INT(WEXITSTATUS(status), codes[i]);
		CHECK_INT(gm_load(&room->ready, relaxed), 1);
		CHECK_INT(room->page.words_state, 0);
	}
}
