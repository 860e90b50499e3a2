/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hundred supervised servers under load from twenty client processes, while
 * servers and clients are killed, stopped for a while and replaced.  Nothing
 * acknowledged is lost but by a restart, nothing comes twice, to the wrong
 * one, out of order or too late, everybody who asked learns of each end, with
 * the reason; and when all is over everything is as it was.
 *
 * GS_TEST_SEED=n repeats the choices of a run, though not its timing.
 */
#include "tests/torture/soak_rest.h"

#include <fcntl.h>
#include <sys/stat.h>

#define WARM_UP 2000 /* ms */
#define WARM_UPS 5 /* of them at most, until there are */
#define WARM_PUTS 2500
#define ROUND 60000 /* ms between two looks at what is left */
#define TICK 10 /* ms */
#define LOG_MAX (8 << 20)

/* ---- beginning and end ---- */

static void
start_servers(void)
{
	gs_child_spec spec = { .behaviour = &soak_kv,
		.shutdown = 500,
		.has_shutdown = true,
		.max_restarts = 1000000,
		.max_seconds = 1,
		.has_intensity = true };
	gs_pid pid;

	for (uint32_t i = 0; i < SERVERS; i++) {
		spec.options.name = gs_addr_name(server_name(i));
		spec.argument = GS_STR("%u", i);
		CHECK_INT(gs_child_start(&spec, &pid), 0);
		torment.held[i].pidfd = -1;
	}
}

static void
stop_servers(void)
{
	for (uint32_t i = 0; i < SERVERS; i++) {
		gs_pid pid;

		if (gs_whereis(gs_addr_name(server_name(i)), &pid) == 0)
			condemn(pid, BY_SHUTDOWN);
		CHECK_INT(gs_child_stop(server_name(i), PATIENT), 0);
		CHECK_INT(gs_child_delete(server_name(i)), 0);
	}
}

/* Reports go to a file; it is looked at when something is wrong. */
static void
open_node(void)
{
	char path[300];
	gs_node_info info;
	int err = dup(STDERR_FILENO);

	snprintf(path, sizeof(path), "%s/soak.log", test_dir());
	torment.log = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	CHECK(getenv("GS_BUILD"));
	CHECK(err >= 0 && torment.log >= 0);
	CHECK_OK(dup2(torment.log, STDERR_FILENO));
	CHECK_INT(gs_node_open(NULL, GS_NODE_PRIVATE), 0);
	CHECK_OK(dup2(err, STDERR_FILENO));
	close(err);
	CHECK_INT(gs_node_inspect(&info), 0);
	snprintf(board->node, sizeof(board->node), "%s", info.name);
	printf(
	    "# %s, seed %llu\n", info.poller, (unsigned long long)board->seed);
}

static void
prepare_board(void)
{
	const char *seed = getenv("GS_TEST_SEED");

	board = test_shared(sizeof(*board));
	dooms = test_shared(FATE_SLOTS * sizeof(dooms[0]));
	prizes = test_shared(PRIZES * sizeof(prizes[0]));
	board->seed =
	    seed ? strtoull(seed, NULL, 10) : (uint64_t)now_ns() % 1000000000;
	board->began = now_ns() / 1000;
	torment.seed = stream(0, 0);
	torment.root.pidfd = -1;
	name_servers();
}

/* ---- a round ---- */

static bool
answers(void *data)
{
	uint32_t i = *(uint32_t *)data;
	gs_bytes reply;

	look();
	return gs_call(server_name(i), GS_TEXT("who"), &reply, PATIENT) == 0 &&
	       gs_long(reply, -1) == (long)i;
}

struct standing {
	uint32_t up;
	char down[GS_NAME_MAX + 1]; /* one that is, "": none */
};

static int
stands(const gs_child *child, void *data)
{
	struct standing *all = data;

	if (!child->supervised)
		return 0;
	if (child->state == GS_CHILD_FAILED)
		wrong(NOBODY, NOBODY, "%s was given up: %s", child->id,
		    child->last_reason);
	if (child->state == GS_CHILD_STOPPED)
		snprintf(all->down, sizeof(all->down), "%s", child->id);
	all->up += child->state == GS_CHILD_RUNNING;
	return 0;
}

/*
 * Root has done all it was asked to.  One that a client had restarted, and
 * that was killed in its init, is down until somebody starts it.
 */
static bool
all_stand(void *data)
{
	struct standing all = { 0 };
	gs_pid pid;

	(void)data;
	look();
	if (gs_children(stands, &all) != 0)
		return false;
	if (all.down[0])
		(void)!gs_child_restart(gs_to_name(all.down), &pid, PATIENT);
	return all.up == SERVERS;
}

/* *data: the first that is not at rest. */
static bool
drained(void *data)
{
	uint32_t *who = data;

	look();
	for (*who = 0; *who < SERVERS; ++*who)
		if (!is_at_rest(*who))
			return false;
	return true;
}

/* Whoever is not is shown as it is then. */
static bool
come_to_rest(uint32_t *who)
{
	bool all = eventually(drained, who, CALM);

	if (!all)
		show_unrest(*who);
	return all;
}

static bool
all_gone(void *data)
{
	bool gone = true;

	(void)data;
	look();
	look_for_hangs();
	for (uint32_t i = 0; i < SEATS; i++)
		gone &= reap(i);
	return gone;
}

/* The guests have gone, too. */
static bool
alone(void *data)
{
	gs_node_info *info = data;

	look();
	CHECK_INT(gs_node_inspect(info), 0);
	return info->processes == SERVERS + 2;
}

/* Everything goes on, the clients go, and the servers have nothing to do. */
static void
calm(void)
{
	gs_node_info info;
	uint32_t i;

	release_some(true);
	gm_store(&board->finish, 1, release);
	SHOULD(eventually(all_gone, NULL, CALM), "clients do not go");
	SHOULD(eventually(all_stand, NULL, CALM), "servers are down");
	for (i = 0; i < SERVERS; i++)
		SHOULD(eventually(answers, &i, CALM), "kv%u is silent", i);
	SHOULD(come_to_rest(&i), "kv%u has no rest", i);
	SHOULD(eventually(alone, &info, CALM), "%u processes", info.processes);
	SHOULD(!gm_names_check(gsi_self()->arena), "damaged names");
}

static void
take_seats(void)
{
	struct timespec pause = { 0, 2000000 };

	for (uint32_t i = 0; i < SEATS; i++)
		if (reap(i))
			seat_taken(i);
	look();
	nanosleep(&pause, NULL);
}

/*
 * All clients are killed in what they are doing, and nobody asks the servers
 * anything afterwards, but root: what arrived must be taken all the same.
 */
static void
massacre(void)
{
	int64_t until = now_ms() + 400;
	uint32_t i;

	gm_store(&board->finish, 0, release);
	while (now_ms() < until)
		take_seats();
	for (i = 0; i < SEATS; i++)
		kill_client(i, 0);
	SHOULD(eventually(all_gone, NULL, CALM), "clients do not die");
	SHOULD(eventually(all_stand, NULL, CALM), "servers are down");
	SHOULD(come_to_rest(&i), "kv%u sleeps over messages", i);
}

static void
go_round(int64_t ms, int massacres)
{
	/* then the last root lives on, so that what it leaks adds up */
	int64_t roots = now_ms() + ms / 3;
	int64_t until = now_ms() + ms, tick = 0;
	struct stat st;

	gm_store(&board->finish, 0, release);
	while (now_ms() < until) {
		take_seats();
		release_some(false);
		if (now_ms() < tick)
			continue;
		tick = now_ms() + TICK;
		harm(now_ms() < roots);
		look_for_hangs();
	}
	calm();
	for (; massacres > 0; massacres--)
		massacre();
	calm();
	if (fstat(torment.log, &st) == 0 && st.st_size > LOG_MAX)
		CHECK_OK(ftruncate(torment.log, 0));
}

static void
soak_with(const char *poller)
{
	const char *wanted = getenv("GS_POLLER");
	int64_t until, left;
	struct measure before;

	if (wanted && strcmp(wanted, poller) != 0)
		SKIP("another poller is asked for");
	setenv("GS_POLLER", poller, 1);
	if (strncmp(gs_poller(), poller, strlen(poller)) != 0)
		SKIP(gs_poller());
	prepare_board();
	open_node();
	start_servers();
	/* so that what a second root costs is there from the beginning */
	harm_root(true);
	/* so much work, and not so much time, makes what there is later */
	for (int i = 0; i < WARM_UPS; i++)
		if (gm_load(&board->count[N_puts], relaxed) < WARM_PUTS)
			go_round(WARM_UP, 0);
	measure(&before);
	print_measure("before", &before);
	until = now_ms() + test_seconds() * 1000;
	while ((left = until - now_ms()) > 0) {
		go_round(left < ROUND ? left : ROUND, 3);
		compare(&before);
	}
	print_counts();
	stop_servers();
	gs_node_close();
	close(torment.log);
}

TEST_TIMEOUT(soak_with_io_uring, 180)
{
	soak_with("io_uring");
}

TEST_TIMEOUT(soak_with_epoll, 180)
{
	soak_with("epoll");
}
