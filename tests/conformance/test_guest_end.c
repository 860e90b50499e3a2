/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ends seen across nodes: of processes, of whole nodes, of guests; and nodes
 * that are stopped.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/conformance/other.h"

/* EXIT-17 */
TEST(a_monitor_tells_of_an_end_in_another_node)
{
	gs_info info;
	gs_ref ref, other_ref, here_ref;
	gs_pid pid, here;

	others_up(2);
	pid = there(0);
	here = start("");
	CHECK_INT(gs_monitor(THERE(0), &ref), 0);
	CHECK_INT(gs_monitor(THERE(1), &other_ref), 0);
	CHECK_INT(gs_monitor(GS_PID(here), &here_ref), 0);
	CHECK(ref.id != other_ref.id && ref.id != here_ref.id);
	CHECK_INT(gs_demonitor(other_ref, true), 0);
	tell(THERE(1), "exit boom");
	tell(THERE(0), "exit boom");
	CHECK(got(GS_INFO_DOWN, "boom", &info));
	CHECK_INT(info.ref.id, ref.id);
	CHECK(gs_pid_equal(info.from, pid));
	CHECK(got_nothing());
	CHECK_INT(gs_monitor(THERE(0), &ref), 0);
	CHECK(got(GS_INFO_DOWN, "noproc", &info));
	CHECK_INT(info.ref.id, ref.id);
	end_with(here, "kill");
	CHECK(got(GS_INFO_DOWN, "killed", &info));
	CHECK_INT(info.ref.id, here_ref.id);
	others_down(2);
}

/* EXIT-24 */
TEST(EXIT_24_watching_a_node_that_goes_down_yields_noconnection)
{
	gs_info info;
	gs_ref ref, late;
	gs_pid pid;

	others_up(2);
	CHECK_INT(gs_trap_exit(true), 0);
	pid = there(0);
	CHECK_INT(gs_monitor(THERE(0), &ref), 0);
	CHECK_INT(gs_link(THERE(0)), 0);
	CHECK(got_nothing());
	other_kill(0);
	CHECK_INT(gs_receive(&info, PROMPT), 0);
	CHECK_INT(info.kind, GS_INFO_EXIT);
	CHECK_STR(info.reason, "noconnection");
	CHECK(gs_pid_equal(info.from, pid));
	CHECK(got(GS_INFO_DOWN, "noconnection", &info));
	CHECK_INT(info.ref.id, ref.id);
	CHECK(gs_pid_equal(info.from, pid));
	/* and one that is not there any more, at once */
	CHECK_INT(gs_monitor(GS_PID(pid), &late), 0);
	CHECK(got(GS_INFO_DOWN, "noconnection", &info));
	CHECK_INT(info.ref.id, late.id);
	CHECK(got_nothing());
	CHECK_STR(ask(THERE(1), "reply fine"), "fine");
	other_down(1);
	node_down();
}

static void
start_linker(void *data)
{
	(void)data;
	start_named("trap 1", "linker");
}

TEST(a_link_carries_exits_both_ways)
{
	char script[300];
	gs_ref ref;
	gs_pid pid;

	others_up(1);
	/* there ends: the server here ends with its reason */
	pid = start_named("", "here");
	CHECK_INT(gs_monitor(GS_PID(pid), &ref), 0);
	snprintf(script, sizeof(script), "link there@%s;last", other(0));
	CHECK_STR(ask(GS_PID(pid), script), "0");
	tell(THERE(0), "exit boom");
	CHECK(got(GS_INFO_DOWN, "boom", NULL));
	/* here ends: there it is told */
	other_run(0, start_linker, NULL);
	tell(GS_NAME_AT("linker", other(0)), "at_exit note told of it");
	pid = start("");
	snprintf(script, sizeof(script), "link linker@%s;last", other(0));
	CHECK_STR(ask(GS_PID(pid), script), "0");
	tell(GS_PID(pid), "end bang");
	CHECK(wait_note("told of it"));
	CHECK(wait_dead(pid));
	others_down(1);
}

TEST(a_call_and_a_request_end_when_the_other_node_is_killed)
{
	char script[300];
	gs_reqid id;
	gs_bytes reply;

	others_up(2);
	start_named("", "here");
	CHECK_INT(gs_send_request(THERE(0), GS_TEXT("keep;noreply"), &id), 0);
	snprintf(script, sizeof(script),
	    "call 25000 there@%s note in|gate 1;notelast", other(0));
	tell(GS_NAME("here"), script);
	CHECK(wait_note("in"));
	CHECK_INT(gs_wait_response(id, &reply, 0), -ETIMEDOUT);
	other_kill(0);
	CHECK_INT(gs_receive_response(id, &reply, PROMPT), -EHOSTUNREACH);
	CHECK_STR(gs_error_reason(), "noconnection");
	snprintf(
	    script, sizeof(script), "%d nodedown:%s", -EHOSTUNREACH, other(0));
	CHECK(wait_note(script));
	CHECK_INT(gs_call(THERE(0), GS_NONE, NULL, FOREVER), -EHOSTUNREACH);
	/* others are not concerned */
	CHECK_STR(ask(GS_NAME("here"), "reply fine"), "fine");
	CHECK_STR(ask(THERE(1), "reply fine"), "fine");
	other_down(1);
	node_down();
}

TEST(a_node_that_is_started_again_is_found_again)
{
	gs_pid old;

	board_up();
	other_up(0);
	other_up(1);
	unsetenv("GS_NODE");
	CHECK_OK(gs_node_open(other(1), 0));
	CHECK_STR(ask(THERE(0), "set 3"), "ok");
	old = there(0);
	other_kill(0);
	other_up(0);
	CHECK_STR(ask(THERE(0), "get"), "0");
	CHECK(!gs_alive(old));
	CHECK_INT(gs_call(GS_PID(old), GS_NONE, NULL, 1000), -EHOSTUNREACH);
	gs_node_close();
	other_down(0);
	other_down(1);
}

TEST(a_stopped_node_costs_no_more_than_the_timeout)
{
	int64_t before;
	gs_reqid id;
	gs_bytes reply;

	others_up(2);
	other_stop(0);
	before = now_ms();
	CHECK_INT(gs_call(THERE(0), GS_NONE, NULL, 300), -ETIMEDOUT);
	CHECK(now_ms() - before >= 300 && now_ms() - before < PROMPT);
	/* V-10: a moment at first, and then not even that */
	before = now_ms();
	for (int i = 0; i < 200; i++)
		CHECK_INT(gs_cast(THERE(0), GS_NONE), 0);
	CHECK(now_ms() - before < PROMPT);
	before = now_ms();
	CHECK_INT(gs_send_request(THERE(0), GS_NONE, &id), 0);
	CHECK_INT(gs_receive_response(id, &reply, FOREVER), -EHOSTUNREACH);
	CHECK(now_ms() - before < PROMPT);
	CHECK_STR(ask(THERE(1), "reply fine"), "fine");
	other_cont(0);
	CHECK_STR(ask(THERE(0), "reply fine"), "fine");
	/* known already: two processes get on without their node */
	other_stop(0);
	CHECK_STR(ask(THERE(0), "reply fine"), "fine");
	other_cont(0);
	others_down(2);
}

/* Is there, and lets nobody in: for so long, then it is no more. */
struct slow {
	int ms;
	int ready[2];
};

static void
be_slow(void *data)
{
	struct slow *slow = data;
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s/%s.sock",
	    getenv("GS_RUNTIME_DIR"), other(0));
	CHECK_INT(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	CHECK_INT(listen(fd, 8), 0);
	CHECK_INT(write(slow->ready[1], "x", 1), 1);
	usleep((useconds_t)slow->ms * 1000);
	CHECK_INT(unlink(at.sun_path), 0);
}

/* How long a cast to it takes that finds it so, or stopped. */
static int64_t
slow_takes(struct slow slow, bool stopped)
{
	gs_addr to = GS_NAME_AT("there", other(0));
	int64_t from, took;
	char byte;
	pid_t pid;

	CHECK_INT(pipe(slow.ready), 0);
	pid = test_fork(be_slow, &slow);
	CHECK_INT(read(slow.ready[0], &byte, 1), 1);
	if (stopped) {
		CHECK_INT(kill(pid, SIGSTOP), 0);
		CHECK(eventually(test_is_stopped, &pid, SOON));
	}
	from = now_ms();
	CHECK_INT(gs_cast(to, GS_NONE), 0);
	took = now_ms() - from;
	CHECK_INT(kill(pid, SIGCONT), 0);
	test_join(pid);
	close(slow.ready[0]);
	close(slow.ready[1]);
	return took;
}

/* On a busy machine a node that runs is not given up as a stopped one is. */
TEST(a_slow_node_is_waited_for_and_a_stopped_one_is_not)
{
	int64_t took = 600;

	node_up();
	for (int i = 0; i < 5 && took >= 600; i++) {
		took = slow_takes((struct slow){ .ms = 900 }, true);
		CHECK(took >= 100);
		/* for a second it is not asked again */
		CHECK(unnoted("never", 1100));
	}
	CHECK(took < 600);
	for (int i = 0; i < 5 && took < 500; i++)
		took = slow_takes((struct slow){ .ms = 800 }, false);
	CHECK(took >= 500);
	node_down();
}

static int
count_clients(const gs_process_info *p, void *data)
{
	*(int *)data += p->kind == GS_PROCESS_CLIENT;
	return 0;
}

static void
count_there(void *data)
{
	*(int *)data = 0;
	CHECK_OK(gs_processes(count_clients, data));
}

struct crowd {
	int i;
	int wanted;
	int *seen;
};

/* Its own is counted as well. */
static bool
are_there(void *data)
{
	struct crowd *c = data;

	other_run(c->i, count_there, c->seen);
	return *c->seen == c->wanted + 1;
}

static bool
wait_clients(int i, int wanted)
{
	struct crowd c = { i, wanted, test_shared(sizeof(int)) };

	return eventually(are_there, &c, SOON);
}

static void *
visit(void *data)
{
	(void)data;
	CHECK_STR(ask(THERE(0), "reply fine"), "fine");
	return NULL;
}

TEST(a_guest_leaves_with_its_thread_and_with_its_server)
{
	char script[300];
	pthread_t thread;
	int before;
	gs_pid pid;

	others_up(1);
	before = test_fds();
	CHECK(pthread_create(&thread, NULL, visit, NULL) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
	CHECK(wait_clients(0, 0));
	CHECK_INT(test_fds(), before);
	pid = start("");
	snprintf(script, sizeof(script), "call 5000 there@%s reply x;last",
	    other(0));
	CHECK_STR(ask(GS_PID(pid), script), "0 x");
	CHECK(wait_clients(0, 1));
	stop(pid);
	CHECK(wait_clients(0, 0));
	others_down(1);
}
