/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Few send a few messages, one of them is stopped or killed over it, and then
 * there is silence: nobody rings for what the others have sent.  All that has
 * arrived is taken all the same, at once.  Where there is more going on (see
 * soak.c) a wake-up that is lost is made good by the next message.
 *
 * GS_TEST_SEED=n repeats the choices of a run, though not its timing.
 */
#include "tests/torture/lull_server.h"

#define SILENCE 5000 /* ms, for what takes one */
#define LONG 300u /* nothing grows, so nobody wakes to give it back */

/* ---- a client ---- */

static void
say(uint32_t me, gs_pid self, uint64_t *seed)
{
	static union {
		struct word word;
		char bytes[LONG];
	} out;
	uint32_t to = chance(seed, LULL_SERVERS);
	size_t size = chance(seed, 4) == 0 ? LONG : sizeof(out.word);
	gs_addr name = server_name(to);
	gs_bytes reply, body;
	gs_info info;
	int status;

	out.word = (struct word){ .voice = me,
		.wish = chance(seed, 3) == 0 ? chance(seed, LULL_WISHES) : 0,
		.next = chance(seed, LULL_SERVERS),
		.from = self };
	body = gs_bytes_of(&out, size);
	for (uint32_t i = chance(seed, 3000); i > 0; i--)
		gm_relax();
	if (chance(seed, 4) == 0) {
		(void)!gs_call(name, body, &reply, 1 + (int)chance(seed, 20));
		return;
	}
	status =
	    chance(seed, 3) == 0 ? gs_send(name, body) : gs_cast(name, body);
	lull_sent(me, to, status);
	if (status == 0 && out.word.wish == LULL_ECHO)
		CHECK_INT(gs_receive(&info, SILENCE * test_slowness()), 0);
}

noreturn static void
client(uint32_t me, uint32_t round, uint64_t seed)
{
	struct timespec pause = { 0 };
	gs_pid self;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	CHECK_INT(gs_node_open(board->node, 0), 0);
	CHECK_INT(gs_self(&self), 0);
	for (;;) {
		uint32_t now;

		pause.tv_nsec = chance(&seed, 4) == 0 ? 500000 : 50000;
		while ((now = gm_load(&lull->round, acquire)) == round)
			nanosleep(&pause, NULL);
		round = now;
		for (uint32_t n = 1 + chance(&seed, 3); n > 0; n--)
			say(me, self, &seed);
		gm_store(&lull->done[me], round, release);
	}
}

/* ---- the main program ---- */

static struct {
	pid_t client[LULL_CLIENTS];
	uint32_t round;
	uint32_t kills;
	uint32_t stops;
} run;

static void
enrol(uint32_t i)
{
	gm_store(&lull->done[i], run.round - 1, release);
	fflush(NULL);
	run.client[i] = fork();
	CHECK(run.client[i] >= 0);
	if (run.client[i] == 0)
		client(i, run.round - 1, stream(7000 + i, run.round));
}

static void
dismiss(uint32_t i)
{
	test_kill(run.client[i]);
	run.client[i] = 0;
}

/* One of them, at any moment. */
static void
disturb(uint64_t *seed)
{
	uint32_t victim = chance(seed, LULL_CLIENTS), way = chance(seed, 8);
	struct timespec pause = { 0, 1000 * chance(seed, 1500) };

	for (uint32_t i = chance(seed, 20000); i > 0; i--)
		gm_relax();
	if (way == 0) {
		dismiss(victim);
		run.kills++;
	} else if (way < 4) {
		kill(run.client[victim], SIGSTOP);
		nanosleep(&pause, NULL);
		kill(run.client[victim], SIGCONT);
		run.stops++;
	}
}

static bool
through(void *data)
{
	(void)data;
	for (uint32_t i = 0; i < LULL_CLIENTS; i++) {
		if (run.client[i] == 0)
			continue;
		if (test_gone(run.client[i]))
			FAIL("round %u: client %u has failed", run.round, i);
		if (gm_load(&lull->done[i], acquire) != run.round)
			return false;
	}
	return true;
}

/* What stands behind an open record is not counted as queued: so by number. */
static bool
silent(void *data)
{
	uint32_t *who = data;

	for (*who = 0; *who < LULL_SERVERS; ++*who) {
		for (uint32_t i = 0; i < LULL_VOICES; i++)
			if (gm_load(&lull->taken[i][*who], acquire) <
			    gm_load(&lull->sent[i][*who], acquire))
				return false;
		if (!is_at_rest(*who))
			return false;
	}
	return true;
}

/* What the dead had sent without knowing has been taken: it is known now. */
static void
settle(void)
{
	for (uint32_t i = 0; i < LULL_VOICES; i++)
		for (uint32_t j = 0; j < LULL_SERVERS; j++)
			gm_store(&lull->sent[i][j],
			    gm_load(&lull->taken[i][j], relaxed), relaxed);
}

static void
go_round(void)
{
	uint32_t who;

	run.round++;
	for (uint32_t i = 0; i < LULL_CLIENTS; i++)
		if (run.client[i] == 0)
			enrol(i);
	gm_store(&lull->round, run.round, release);
	disturb(&torment.seed);
	if (!eventually(through, NULL, 4 * SILENCE))
		FAIL("seed %llu, round %u: a client hangs",
		    (unsigned long long)board->seed, run.round);
	if (!eventually(silent, &who, SILENCE)) {
		show_unrest(who);
		FAIL("seed %llu, round %u: kv%u sleeps over messages",
		    (unsigned long long)board->seed, run.round, who);
	}
	settle();
}

static void
begin_lull(void)
{
	const char *seed = getenv("GS_TEST_SEED");
	gs_child_spec spec = { .behaviour = &lulled };
	gs_node_info info;
	gs_pid pid;

	board = test_shared(sizeof(*board));
	lull = test_shared(sizeof(*lull));
	board->seed =
	    seed ? strtoull(seed, NULL, 10) : (uint64_t)now_ns() % 1000000000;
	torment.seed = stream(0, 0);
	name_servers();
	CHECK_INT(gs_node_open(NULL, GS_NODE_PRIVATE), 0);
	CHECK_INT(gs_node_inspect(&info), 0);
	snprintf(board->node, sizeof(board->node), "%s", info.name);
	printf(
	    "# %s, seed %llu\n", info.poller, (unsigned long long)board->seed);
	for (uint32_t i = 0; i < LULL_SERVERS; i++) {
		spec.options.name = gs_addr_name(server_name(i));
		spec.argument = GS_STR("%u", i);
		CHECK_INT(gs_child_start(&spec, &pid), 0);
	}
}

/* Both together take half as long as they are told. */
static void
lull_with(const char *poller)
{
	const char *wanted = getenv("GS_POLLER");
	int64_t until;

	if (wanted && strcmp(wanted, poller) != 0)
		SKIP("another poller is asked for");
	setenv("GS_POLLER", poller, 1);
	if (strncmp(gs_poller(), poller, strlen(poller)) != 0)
		SKIP(gs_poller());
	begin_lull();
	until = now_ms() + test_seconds() * 250;
	while (now_ms() < until)
		go_round();
	printf("# %u rounds, %u kills, %u stops\n", run.round, run.kills,
	    run.stops);
	for (uint32_t i = 0; i < LULL_CLIENTS; i++)
		if (run.client[i] != 0)
			dismiss(i);
	gs_node_close();
}

TEST_TIMEOUT(lull_with_io_uring, 180)
{
	lull_with("io_uring");
}

TEST_TIMEOUT(lull_with_epoll, 180)
{
	lull_with("epoll");
}
