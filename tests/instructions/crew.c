/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/instructions/crew.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define BATCH 3

gs_pid front;
gs_pid back;

/* Servers that are to end; shared with the crew. */
struct prey {
	gs_pid pid;
	int os_pid;
};

static struct prey *prey;
static pid_t crew;
static int orders[2];

/* ---- errands ---- */

static int
take_name(void)
{
	int status = gs_register("crew");

	return status != 0 ? status : gs_unregister("crew");
}

static int
watch(void)
{
	gs_ref ref;
	int status = gs_monitor(GS_PID(front), &ref);

	return status != 0 ? status : gs_demonitor(ref, true);
}

static int
tie(void)
{
	int status = gs_link(GS_PID(front));

	return status != 0 ? status : gs_unlink(front);
}

static int
start_one(void)
{
	gs_options options = { .name = "newborn" };
	gs_pid pid;

	return gs_start(&idler, GS_NONE, &options, &pid);
}

static void
breed(int n)
{
	char name[20];

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "prey %d", i);
		prey[i].pid = field_start(&desk, name);
		prey[i].os_pid = field_os_pid(prey[i].pid);
	}
}

static void
breed_one(void)
{
	breed(1);
}

static void
breed_many(void)
{
	breed(BATCH);
}

/* Until it is noticed, with all that the crew had asked to be told of it. */
static int
kill_prey(int n)
{
	gs_info info;
	gs_ref ref;
	int status;

	gs_trap_exit(true);
	for (int i = 0; i < n; i++) {
		status = gs_monitor(GS_PID(prey[i].pid), &ref);
		if (status == 0)
			status = gs_link(GS_PID(prey[i].pid));
		if (status != 0)
			return status;
	}
	for (int i = 0; i < n; i++) {
		CHECK(prey[i].os_pid > 1);
		kill(prey[i].os_pid, SIGKILL);
	}
	/* one DOWN and one EXIT each */
	for (int i = 0; i < 2 * n; i++) {
		status = gs_receive(&info, SOON);
		if (status != 0)
			return status;
		if (strcmp(info.reason, "killed") != 0)
			return -EBADMSG;
	}
	return 0;
}

static int
kill_one(void)
{
	return kill_prey(1);
}

static int
kill_many(void)
{
	return kill_prey(BATCH);
}

static int
stop_one(void)
{
	return gs_stop(GS_PID(prey[0].pid), NULL, SOON);
}

static int
signal_one(void)
{
	return gs_exit_signal(GS_PID(front), "hello");
}

static void
visitor(void *data)
{
	const bool *dies = data;

	if (gs_node_open(test_node(), 0) != 0)
		_exit(2);
	if (field_parcel(front, 3, 0, 40) != 0)
		_exit(3);
	if (*dies)
		kill(getpid(), SIGKILL);
	gs_node_close();
}

/* Somebody attaches, sends to a sleeper and leaves, or dies. */
static int
be_visited(bool dies)
{
	int status = test_wait(test_fork(visitor, &dies));

	if (dies && WIFSIGNALED(status))
		return 0;
	return status == 0 ? 0 : -ENOTCONN;
}

static int
visit(void)
{
	return be_visited(false);
}

static int
visit_and_die(void)
{
	return be_visited(true);
}

const struct errand_of_node node_errands[] = {
	{ "name taken and dropped", NULL, take_name },
	{ "monitor and demonitor", NULL, watch },
	{ "link and unlink", NULL, tie },
	{ "birth", NULL, start_one },
	{ "end", breed_one, kill_one },
	{ "ends, a batch", breed_many, kill_many },
	{ "stop of a server", breed_one, stop_one },
	{ "exit signal", NULL, signal_one },
	{ "client comes and goes", NULL, visit },
	{ "client comes and dies", NULL, visit_and_die },
	{ .name = NULL },
};

/* ---- the crew ---- */

static void
work(void *data)
{
	uint8_t order;

	(void)data;
	step_apart();
	close(orders[1]);
	CHECK_OK(gs_node_open(test_node(), 0));
	atomic_store(&board->done, 1);
	while (read(orders[0], &order, 1) == 1) {
		int status = node_errands[order].act();

		board->status = status;
		atomic_store(&board->done, 1);
	}
}

bool
crew_is_back(void)
{
	return atomic_load(&board->done) != 0;
}

static bool
is_back(void *data)
{
	(void)data;
	return crew_is_back();
}

void
crew_up(const char *poller)
{
	if (prey == NULL)
		prey = test_shared(BATCH * sizeof(*prey));
	field_up(poller);
	front = field_start(&desk, "front");
	back = field_start(&desk, "back");
	board->partner = back;
	atomic_store(&board->done, 0);
	CHECK(pipe2(orders, O_CLOEXEC) == 0);
	crew = test_fork(work, NULL);
	close(orders[0]);
	if (!eventually(is_back, NULL, SOON))
		FAIL("the crew does not get in");
}

void
crew_ended(void)
{
	close(orders[1]);
	test_join(crew);
}

void
crew_down(void)
{
	crew_ended();
	field_down();
}

void
crew_go(const struct errand_of_node *errand)
{
	uint8_t order = (uint8_t)(errand - node_errands);

	atomic_store(&board->done, 0);
	CHECK(write(orders[1], &order, 1) == 1);
}

int
crew_join(void)
{
	return eventually(is_back, NULL, 2 * SOON) ? board->status : -ETIME;
}

static bool
toured(void *data)
{
	const uint64_t *until = data;

	return atomic_load(&board->tours) >= *until;
}

void
crew_others_go_on(void)
{
	uint64_t until = atomic_load(&board->tours) + 3;

	CHECK_OK(field_tell(front, TOUR, 3));
	if (!eventually(toured, &until, SOON))
		FAIL("calls between two servers do not go on");
	field_nothing_wrong();
}
