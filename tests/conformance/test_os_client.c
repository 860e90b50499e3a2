/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OS: what a program is besides a client: it has signals and children of its
 * own, buffered output and exit handlers; and what signals from outside do.
 */
#include "tests/conformance/helpers.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

/* ---- interrupted system calls ---- */

static _Atomic int alarms;

static void
on_signal(int number)
{
	(void)number;
	atomic_fetch_add(&alarms, 1);
}

/* A signal each 2 ms, without SA_RESTART; a child of ours ends each 20 ms. */
static void
disturb(bool on)
{
	struct itimerval each = { { 0, on ? 2000 : 0 }, { 0, on ? 2000 : 0 } };
	struct sigaction action = { .sa_handler = on ? on_signal : SIG_DFL };

	if (on) {
		CHECK_INT(sigaction(SIGALRM, &action, NULL), 0);
		CHECK_INT(sigaction(SIGCHLD, &action, NULL), 0);
	}
	CHECK_INT(setitimer(ITIMER_REAL, &each, NULL), 0);
}

static void
breed(int count)
{
	for (int i = 0; i < count; i++) {
		pid_t child = fork();

		CHECK_OK(child);
		if (child == 0) {
			usleep((unsigned)(20000 * (i + 1)));
			_exit(0);
		}
	}
}

static void
takes(int64_t from, int64_t least)
{
	int64_t took = now_ms() - from;

	if (took < least || took > least + PROMPT)
		FAIL("%d ms instead of %d", (int)took, (int)least);
}

TEST(OS_14_signals_and_children_do_not_cut_a_wait_short)
{
	struct stopper stopper;
	gs_pid slow, held, end;
	gs_info info;
	int64_t from;

	node_up();
	slow = start("");
	held = start("");
	end = start("trap 1;at_end sleep 300");
	tell(GS_PID(held), "gate 1");
	disturb(true);
	breed(10);
	from = now_ms();
	CHECK_INT(gs_call(GS_PID(slow), GS_TEXT("sleep 300"), NULL, SOON), 0);
	takes(from, 300);
	from = now_ms();
	CHECK_INT(gs_call(GS_PID(held), GS_TEXT("get"), NULL, 300), -ETIMEDOUT);
	takes(from, 300);
	from = now_ms();
	CHECK_INT(gs_receive(&info, 300), -ETIMEDOUT);
	takes(from, 300);
	from = now_ms();
	stop_begin(&stopper, held, NULL, 300);
	CHECK_INT(stop_end(&stopper), -ETIMEDOUT);
	takes(from, 300);
	from = now_ms();
	CHECK_INT(gs_stop(GS_PID(end), NULL, SOON), 0);
	takes(from, 300);
	from = now_ms();
	CHECK_INT(try_start("sleep 300", NULL), 0);
	takes(from, 300);
	disturb(false);
	CHECK(atomic_load(&alarms) > 300);
	while (wait(NULL) > 0)
		;
	gate_open(1);
	node_down();
}

/* ---- what is not done twice ---- */

static int out;

static void
at_exit(void)
{
	CHECK_INT(write(out, "exit\n", 5), 5);
}

/* Its output is buffered when servers are forked, restarted and ended. */
static void
buffering_program(void *data)
{
	gs_child_spec spec = { .behaviour = &puppet, .options.name = "x" };
	gs_pid pid;

	(void)data;
	CHECK_INT(atexit(at_exit), 0);
	CHECK(dup2(out, STDOUT_FILENO) >= 0);
	CHECK_INT(setvbuf(stdout, NULL, _IOFBF, 4096), 0);
	board_up();
	printf("before\n");
	CHECK_INT(gs_node_open(NULL, 0), 0);
	printf("between\n");
	CHECK_INT(gs_child_start(&spec, &pid), 0);
	printf("after\n");
	CHECK_INT(kill(os_pid_of(GS_PID(pid)), SIGKILL), 0);
	CHECK(wait_dead(pid));
	CHECK_INT(gs_wait_up(GS_NAME("x"), SOON), 0);
	CHECK_INT(try_start("_exit 3", NULL), -ECHILD);
	CHECK_INT(try_start("end", NULL), -ECHILD);
	stop(start(""));
	exit(0);
}

TEST(OS_18_output_and_exit_handlers_of_a_program_come_once)
{
	char text[4096];
	ssize_t n;

	out = memfd_create("out", MFD_CLOEXEC);
	CHECK_OK(out);
	test_join(test_fork(buffering_program, NULL));
	n = pread(out, text, sizeof(text) - 1, 0);
	CHECK(n >= 0);
	text[n] = '\0';
	CHECK_STR(text, "before\nexit\nbetween\nafter\n");
	close(out);
}

/* ---- signals from outside ---- */

static void
signal_server(gs_pid pid, int number)
{
	CHECK_INT(kill(os_pid_of(GS_PID(pid)), number), 0);
}

TEST(OS_19_SIGTERM_to_a_server_is_shutdown_and_SIGINT_is_nothing)
{
	gs_pid plain, trapping;
	gs_ref refs[2];

	node_up();
	plain = start("");
	trapping = start("trap 1;at_exit note exit");
	CHECK_INT(gs_monitor(GS_PID(plain), &refs[0]), 0);
	for (int i = 0; i < 10; i++) {
		signal_server(plain, SIGINT);
		signal_server(trapping, SIGINT);
	}
	settle(GS_PID(plain));
	settle(GS_PID(trapping));
	signal_server(plain, SIGTERM);
	CHECK(got(GS_INFO_DOWN, "shutdown", NULL));
	CHECK_INT(gs_monitor(GS_PID(trapping), &refs[1]), 0);
	signal_server(trapping, SIGTERM);
	CHECK(got(GS_INFO_DOWN, "shutdown", NULL));
	CHECK(wait_note("terminate shutdown 0"));
	CHECK_INT(notes("exit"), 0);
	node_down();
}

static void
signal_ends_the_node(int number)
{
	gs_child_spec spec = { .behaviour = &puppet,
		.argument = GS_TEXT("trap 1;at_end note end"),
		.options.name = "x" };
	gs_node_info info;
	gs_pid pid;

	named_node_up();
	CHECK_INT(gs_node_inspect(&info), 0);
	CHECK_INT(gs_child_start(&spec, &pid), 0);
	CHECK_INT(kill(info.os_pid, number), 0);
	test_join(info.os_pid);
	CHECK_INT(notes("end"), 1);
	CHECK_INT(gs_call(GS_NAME("x"), GS_NONE, NULL, SOON), -ENOTCONN);
	gs_node_close();
}

TEST(OS_19_SIGTERM_and_SIGINT_to_the_node_end_it_in_order)
{
	signal_ends_the_node(SIGTERM);
	signal_ends_the_node(SIGINT);
}

/* ---- pids of the dead ---- */

TEST(OS_06_a_pid_of_the_dead_is_never_another_process)
{
	gs_pid old, now;
	gs_ref ref;
	int i;

	node_up();
	old = now = start("");
	for (i = 0; i < 400; i++) {
		stop(now);
		now = start("");
		if (now.slot == old.slot)
			break;
	}
	CHECK_INT(now.slot, old.slot);
	CHECK(now.gen != old.gen);
	CHECK(!gs_alive(old));
	CHECK_INT(gs_call(GS_PID(old), GS_TEXT("set 7"), NULL, SOON), -ESRCH);
	CHECK_STR(gs_error_reason(), "noproc");
	CHECK_INT(gs_cast(GS_PID(old), GS_TEXT("set 7")), 0);
	CHECK_INT(gs_exit_signal(GS_PID(old), "kill"), 0);
	CHECK_INT(gs_monitor(GS_PID(old), &ref), 0);
	CHECK(got(GS_INFO_DOWN, "noproc", NULL));
	CHECK(gs_alive(now));
	CHECK_STR(ask(GS_PID(now), "get"), "0");
	node_down();
}
