/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words to root that a stray write into its mailbox has spoilt, so that it
 * never reads them: an end, and that a server is up.
 */
#include <genserver.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/request.h"
#include "shm/ring_layout.h"
#include "tests/runner.h"

#define SOON 15000

static _Atomic bool *may_start;

static bool
is_set(void *flag)
{
	return atomic_load((_Atomic bool *)flag);
}

static gs_next
slow_init(void *state, gs_bytes argument)
{
	(void)state;
	if (gs_is(argument, "wait"))
		eventually(is_set, may_start, 60000);
	return gs_ok();
}

static gs_next
slow_call(void *state, gs_bytes request, gs_from from)
{
	(void)state;
	(void)from;
	return gs_next_reply(request);
}

static GS_SERVER(slow, .init = slow_init, .handle_call = slow_call);

static int
start(const char *name, const char *argument)
{
	gs_child_spec spec = { .behaviour = &slow,
		.options.name = name,
		.argument = gs_text(argument) };
	gs_pid pid;

	return gs_child_start(&spec, &pid);
}

/* By a thread, which is a client of its own. */
struct starter {
	pthread_t thread;
	const char *name;
	const char *argument;
	int status;
};

static void *
run_starter(void *data)
{
	struct starter *s = data;

	s->status = start(s->name, s->argument);
	return NULL;
}

static void
start_begin(struct starter *s)
{
	CHECK_INT(pthread_create(&s->thread, NULL, run_starter, s), 0);
}

static int
start_end(struct starter *s)
{
	CHECK_INT(pthread_join(s->thread, NULL), 0);
	return s->status;
}

static bool
answers(void *name)
{
	gs_bytes reply;

	return gs_call(GS_NAME(name), GS_TEXT("a"), &reply, 1000) == 0;
}

static pid_t
number_of(gs_addr who)
{
	gs_process_info info;

	CHECK_INT(gs_process_inspect(who, &info), 0);
	return info.os_pid;
}

static gs_addr
root(void)
{
	return GS_PID(gsi_root_pid(gsi_self()));
}

static pid_t
halt(pid_t pid)
{
	CHECK_INT(kill(pid, SIGSTOP), 0);
	CHECK(eventually(test_is_stopped, &pid, SOON));
	return pid;
}

static bool
has_mail(void *data)
{
	gs_process_info info;

	(void)data;
	return gs_process_inspect(root(), &info) == 0 &&
	       info.messages_queued > 0;
}

/* The last message in root's mailbox becomes none that there is. */
static void
spoil_mail(void)
{
	struct gsi_self *me = gsi_self();
	struct gsi_peer *peer;
	const struct gm_ring_ref *ring;
	uint64_t hi, at;
	char *payload;

	CHECK_INT(gsi_peer_get(me, gsi_root_pid(me), &peer), 0);
	ring = &peer->region.ring[GM_MAILBOX];
	hi = gm_load(&ring->ring->tail.hi, acquire);
	at = (gm_load(&ring->ring->tail.lo, acquire) - (hi & GM_K)) &
	     (ring->cells - 1);
	payload = (hi & GM_INLINE) != 0 ? (char *)ring->heads[at].bytes
					: (char *)ring->bodies + at * GM_CELL;
	memset(payload, 0x5a, sizeof(uint32_t));
}

static bool
is_another(void *data)
{
	gs_process_info info;

	return gs_process_inspect(GS_NAME("x"), &info) == 0 &&
	       info.os_pid != *(pid_t *)data && answers("x");
}

TEST(lost_end_is_told_again)
{
	pid_t pid, stopped;

	CHECK_INT(gs_node_open(NULL, 0), 0);
	CHECK_INT(start("x", ""), 0);
	pid = number_of(GS_NAME("x"));
	stopped = halt(number_of(root()));
	CHECK_INT(kill(pid, SIGKILL), 0);
	CHECK(eventually(has_mail, NULL, SOON));
	spoil_mail();
	CHECK_INT(kill(stopped, SIGCONT), 0);
	CHECK(eventually(is_another, &pid, SOON));
	CHECK_INT(number_of(root()), stopped);
	gs_node_close();
}

static bool
has_name(void *name)
{
	gs_pid pid;

	return gs_whereis(name, &pid) == 0;
}

TEST(lost_word_that_a_server_is_up_is_not_waited_for)
{
	struct starter starter = { .name = "x", .argument = "wait" };
	pid_t stopped;

	may_start = test_shared(sizeof(*may_start));
	CHECK_INT(gs_node_open(NULL, 0), 0);
	start_begin(&starter);
	CHECK(eventually(has_name, "x", SOON));
	stopped = halt(number_of(root()));
	atomic_store(may_start, true);
	CHECK(eventually(has_mail, NULL, SOON));
	spoil_mail();
	CHECK_INT(kill(stopped, SIGCONT), 0);
	CHECK_INT(start_end(&starter), 0);
	CHECK_INT(number_of(root()), stopped);
	gs_node_close();
}

static unsigned
mail(void)
{
	gs_process_info info;

	CHECK_INT(gs_process_inspect(root(), &info), 0);
	return (unsigned)info.messages_queued;
}

static bool
is_told_again(void *data)
{
	(void)data;
	return mail() > 1;
}

static bool
has_read_all(void *data)
{
	(void)data;
	return mail() == 0;
}

/* What waits to be read is told once, however long. */
TEST(lost_is_not_what_waits_to_be_read)
{
	pid_t pid, stopped, next;

	CHECK_INT(gs_node_open(NULL, 0), 0);
	CHECK_INT(start("x", ""), 0);
	pid = number_of(GS_NAME("x"));
	stopped = halt(number_of(root()));
	CHECK_INT(kill(pid, SIGKILL), 0);
	CHECK(eventually(has_mail, NULL, SOON));
	/* two looks of the node */
	CHECK(!eventually(is_told_again, NULL, 2500));
	CHECK_INT(kill(stopped, SIGCONT), 0);
	CHECK(eventually(is_another, &pid, SOON));
	next = number_of(GS_NAME("x"));
	CHECK(eventually(has_read_all, NULL, SOON));
	CHECK_INT(number_of(GS_NAME("x")), next);
	gs_node_close();
}
