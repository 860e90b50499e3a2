/* SPDX-License-Identifier: Apache-2.0 */
/* Fatal signals leave a record and the exact wait status. */
#include "tests/unit/fake_server.h"

#include <pthread.h>
#include <signal.h>

static uint32_t
recorded(void)
{
	return gm_load(&room->page.crash.state, acquire);
}

/* The compiler must not see where. */
static void __attribute__((noinline)) write_to(volatile int *address)
{
	volatile int *volatile hidden = address;

	*hidden = 1;
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
	CHECK_INT(crash->client_slot, 8);
	CHECK_INT(crash->client_gen, 9);
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
forker(void *data)
{
	pid_t pid;

	(void)data;
	be_server();
	pid = test_fork(segv, NULL);
	CHECK(WIFSIGNALED(test_wait(pid)) || test_slow());
	_exit(7);
}

/* Handlers inherited from a forker that has them, too, end all the same. */
TEST(crash_of_a_server_forked_by_one)
{
	CHECK_INT(WEXITSTATUS(end_of(forker, NULL)), 7);
	CHECK_INT(recorded(), SIGSEGV);
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
