/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Supervised servers in a ring: each passes on what it gets to the next one
 * by name, the last one reports to this program.  Meanwhile servers are
 * killed and stopped at random.  What arrives must be right, and when all is
 * over everything answers and nothing is left.
 */
#include "tests/torture/ring_post.h"
#include "tests/torture/ring_torment.h"

#include "lib/internal.h"

#define IN_FLIGHT 200u
#define PATIENCE 15000 /* ms, for what must happen in the end */
#define IDLE_BYTES (64u << 10) /* of a mailbox with nothing to do */
#define IDS (1u << 24)

static struct {
	gs_pid self;
	uint64_t next_id;
	uint64_t sent[SERVERS];
	struct seen seen[PLACES];
	uint8_t *came; /* by id */
	uint64_t n_came;
	uint32_t in_flight;
	int64_t last; /* when anything came */
	uint32_t calls;
} ring;

static void
watch(void)
{
	if (gm_load(&diary->failed, acquire) == 2)
		FAIL("%s", diary->words);
}

static void
post_one(uint32_t hops)
{
	uint32_t to = chance(SERVERS);
	struct parcel *p = pack(ring.next_id, MAIN, to, hops, ring.self);
	int status;

	p->number = ring.sent[to] + 1;
	status = gs_cast(place(to), packed(p));
	if (status == -EAGAIN) {
		count(&diary->refused, 1);
		return;
	}
	CHECK_INT(status, 0);
	ring.sent[to]++;
	ring.next_id++;
	ring.in_flight++;
}

/* All that has come by now, or waits up to ms for the first. */
static void
take(int ms)
{
	gs_info info;
	int status;

	while ((status = gs_receive(&info, ms)) == 0) {
		const struct parcel *p;

		CHECK_INT(info.kind, GS_INFO_MESSAGE);
		p = unpack(MAIN, info.body, ring.seen);
		watch();
		CHECK(p && p->id < ring.next_id);
		if (ring.came[p->id]++)
			FAIL("%llu came twice", (unsigned long long)p->id);
		ring.n_came++;
		ring.in_flight -= ring.in_flight > 0;
		ring.last = now_ms();
		ms = 0;
	}
	CHECK_INT(status, -ETIMEDOUT);
	/* what is not there by now was in a mailbox that died */
	if (now_ms() - ring.last > 200) {
		ring.in_flight = 0;
		ring.last = now_ms();
	}
}

/* One that is not stopped answers, whatever has befallen the others. */
static void
ask_one(void)
{
	uint32_t i = chance(SERVERS);
	gs_bytes reply;
	int status;

	if (torture.victims[i].pidfd >= 0)
		return;
	status = gs_call(place(i), GS_TEXT("who"), &reply, PATIENCE);
	if (status == 0)
		CHECK_INT(gs_long(reply, -1), i);
	else if (status != -ENOENT && status != -ESRCH &&
		 status != -ECONNRESET && status != -EAGAIN)
		FAIL("call: %d %s", status, gs_error_text());
	ring.calls++;
}

/* ---- the course of the test ---- */

static void
start_all(void)
{
	char home[GS_PID_TEXT];
	gs_child_spec spec = { .behaviour = &post_office,
		.max_restarts = 1000000,
		.max_seconds = 1,
		.has_intensity = true };
	gs_pid pid;

	gs_pid_text(ring.self, home);
	for (uint32_t i = 0; i < SERVERS; i++) {
		spec.options.name = gs_addr_name(place(i));
		spec.argument = GS_STR("%u %s", i, home);
		CHECK_INT(gs_child_start(&spec, &pid), 0);
		torture.victims[i].pidfd = -1;
	}
}

static void
stop_all(void)
{
	for (uint32_t i = 0; i < SERVERS; i++) {
		CHECK_INT(gs_child_stop(place(i), PATIENCE), 0);
		CHECK_INT(gs_child_delete(place(i)), 0);
	}
}

static bool
answers(void *data)
{
	uint32_t i = *(uint32_t *)data;
	gs_bytes reply;

	take(0);
	return gs_call(place(i), GS_TEXT("who"), &reply, PATIENCE) == 0 &&
	       gs_long(reply, -1) == i;
}

static bool
drained(void *data)
{
	gs_process_info info;

	(void)data;
	take(1);
	for (uint32_t i = 0; i < SERVERS; i++)
		if (gs_process_inspect(place(i), &info) != 0 ||
		    info.messages_queued != 0 ||
		    info.state != GS_STATE_WAITING ||
		    info.mailbox_used > IDLE_BYTES)
			return false;
	return true;
}

/* Everything is up, has nothing to do, and all tables are in order. */
static void
rest(void)
{
	const struct gsi_self *me = gsi_self();
	const char *damage;

	for (uint32_t i = 0; i < SERVERS; i++) {
		if (torture.victims[i].pidfd >= 0)
			release(&torture.victims[i]);
		if (!eventually(answers, &i, PATIENCE))
			FAIL("ring%u does not answer", i);
	}
	if (!eventually(drained, NULL, PATIENCE))
		FAIL("the queues do not drain");
	/* long enough to give memory of our own mailbox back, too */
	take(300);
	watch();
	damage = gm_names_check(me->arena);
	if (!damage)
		damage = gm_ring_check(&me->mailbox);
	if (!damage)
		damage = gm_ring_check(&me->replies);
	if (damage)
		FAIL("%s", damage);
}

static void
go_round(int ms, bool tormented)
{
	int64_t end = now_ms() + ms, next_call = 0;

	ring.last = now_ms();
	while (now_ms() < end && ring.next_id < IDS) {
		for (uint32_t i = 0; i < 8 && ring.in_flight < IN_FLIGHT; i++)
			post_one(chance(HOPS_MAX + 1));
		take(1);
		watch();
		if (tormented)
			torment();
		if (now_ms() < next_call)
			continue;
		ask_one();
		next_call = now_ms() + 20;
	}
	rest();
}

#define SPARE (512u << 10)

/* The node may not have buried the last of them yet. */
static bool
is_as_before(void *data)
{
	const gs_node_info *before = data;
	gs_node_info now;

	CHECK_INT(gs_node_inspect(&now), 0);
	/* a pool of bells may have been filled up in between */
	return now.processes <= before->processes &&
	       now.fds_used <= before->fds_used + 16 &&
	       now.arena_used <= before->arena_used + SPARE;
}

/* As many processes as before, and not much more of anything else. */
static void
as_before(gs_node_info *before)
{
	bool is = eventually(is_as_before, before, PATIENCE);
	gs_node_info now;

	CHECK_INT(gs_node_inspect(&now), 0);
	printf("# arena %llu, was %llu; descriptors %u, were %u; processes %u, "
	       "were %u\n",
	    (unsigned long long)now.arena_used,
	    (unsigned long long)before->arena_used, now.fds_used,
	    before->fds_used, now.processes, before->processes);
	CHECK(is);
}

static void
report(void)
{
	printf("# %llu posted, %llu came home, %llu hops, %llu KiB, %llu "
	       "refused, %u kills, %u stops, %llu births, %u calls\n",
	    (unsigned long long)ring.next_id, (unsigned long long)ring.n_came,
	    (unsigned long long)diary->hops,
	    (unsigned long long)diary->bytes >> 10,
	    (unsigned long long)diary->refused, torture.kills, torture.stops,
	    (unsigned long long)diary->births, ring.calls);
}

TEST_TIMEOUT(ring_of_processes_goes_on_while_they_die_and_stop, 120)
{
	gs_node_info empty, calm;

	diary = test_shared(sizeof(*diary));
	ring.came = calloc(IDS, 1);
	torture.seed = (uint64_t)now_ns() | 1;
	CHECK(ring.came);
	CHECK_INT(gs_node_open(NULL, 0), 0);
	CHECK_INT(gs_self(&ring.self), 0);
	/* once before, so that the node holds what it always will */
	start_all();
	stop_all();
	CHECK_INT(gs_node_inspect(&empty), 0);
	start_all();
	go_round(500, false);
	/* undisturbed, nothing is lost but what a full mailbox refused */
	CHECK_INT(ring.n_came + gm_load(&diary->full, acquire), ring.next_id);
	CHECK_INT(diary->births, 2 * SERVERS);
	CHECK_INT(gs_node_inspect(&calm), 0);
	go_round(test_seconds() * 1000, true);
	report();
	CHECK(torture.kills > 0 && torture.stops > 0 &&
	      diary->births > 2 * SERVERS);
	as_before(&calm);
	stop_all();
	as_before(&empty);
	CHECK(!gm_names_check(gsi_self()->arena));
	gs_node_close();
	free(ring.came);
}
