/* SPDX-License-Identifier: Apache-2.0 */
/* SIGTERM is an exit signal; those of a terminal are nothing to a server. */
#include "tests/unit/fake_server.h"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>

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
TEST(sigterm_without_trapping_is_shutdown)
{
	pid_t pid;
	int status;

	room = test_shared(sizeof(*room));
	pid = test_fork(wait_for_ever, NULL);
	CHECK(eventually(is_ready, NULL, 10000));
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

TEST(sigterm_with_trapping_is_pending)
{
	pid_t pid;
	int status;

	room = test_shared(sizeof(*room));
	pid = test_fork(wait_for_ever, "trap");
	CHECK(eventually(is_ready, NULL, 10000));
	/* again while it lives: it may have been about to pause */
	CHECK(eventually(try_sigterm, &pid, 10000));
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

TEST(sigterm_is_the_only_one_that_ends)
{
	CHECK_INT(WEXITSTATUS(end_of(ignore_others, NULL)), 6);
}

static void *
help(void *data)
{
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_UNBLOCK, &term, NULL);
	gm_store(
	    (_Atomic uint32_t *)data, (uint32_t)syscall(SYS_gettid), release);
	while (pause() < 0)
		;
	return NULL;
}

/* The server does not take it for now: then nobody does it for the server. */
static void
be_threaded(void *data)
{
	pthread_t helper;
	sigset_t term;
	uint32_t go;

	(void)data;
	be_server();
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	/* before anybody can be told that the other thread is there */
	pthread_sigmask(SIG_BLOCK, &term, NULL);
	CHECK_INT(pthread_create(&helper, NULL, help, (void *)&room->ready), 0);
	while ((go = gm_load(&room->page.started, acquire)) == 0)
		usleep(1000);
	pthread_sigmask(SIG_UNBLOCK, &term, NULL);
	_exit(7);
}

TEST(sigterm_is_the_servers_thread_s_to_handle)
{
	pid_t pid;
	int64_t end;
	int status;

	room = test_shared(sizeof(*room));
	pid = test_fork(be_threaded, NULL);
	CHECK(eventually(is_ready, NULL, 10000));
	CHECK_INT(syscall(SYS_tgkill, pid, room->ready, SIGTERM), 0);
	end = now_ms() + 60;
	while (now_ms() < end)
		CHECK(!test_gone(pid));
	gm_store(&room->page.started, 1, release);
	status = test_wait(pid);
	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), 0);
	CHECK_STR(room->page.words, "shutdown");
}
