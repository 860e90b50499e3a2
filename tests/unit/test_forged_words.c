/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words that are not the speaker's to say: requests about processes of
 * others, messages that only the node may send, answers to calls that nobody
 * made.  What can be told apart is dropped; nobody dies of it.  OS-20
 */
#include <errno.h>
#include <genserver.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/request.h"
#include "tests/runner.h"

#define SOON 10000

/* What the server has seen of what it should not believe. */
static struct {
	_Atomic int infos;
	_Atomic int ends;
} * seen;

static gs_next
watch_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	gs_trap_exit(true);
	return gs_ok();
}

static gs_next
watch_call(void *state, gs_bytes request, gs_from from)
{
	(void)state;
	(void)from;
	return gs_next_reply(request);
}

static gs_next
watch_info(void *state, const gs_info *info)
{
	(void)state;
	if (info->kind == GS_INFO_MESSAGE)
		atomic_fetch_add(&seen->infos, 1);
	else
		atomic_fetch_add(&seen->ends, 1);
	return gs_next_noreply();
}

static GS_SERVER(watch, .init = watch_init, .handle_call = watch_call,
    .handle_info = watch_info);

static gs_pid
start(const char *name)
{
	gs_child_spec spec = { .behaviour = &watch, .options.name = name };
	gs_pid pid;

	CHECK_INT(gs_child_start(&spec, &pid), 0);
	return pid;
}

static gs_pid
open_node(void)
{
	seen = test_shared(sizeof(*seen));
	CHECK_INT(gs_node_open(NULL, 0), 0);
	return start("x");
}

static void
answers(gs_pid pid)
{
	gs_bytes reply;

	CHECK_INT(gs_call(GS_PID(pid), GS_TEXT("a"), &reply, SOON), 0);
	CHECK(gs_is(reply, "a"));
}

/* ---- messages ---- */

static void
forge(gs_pid to, enum gm_which ring, struct gsi_head head, gs_bytes body)
{
	struct gsi_self *me = gsi_self();

	CHECK_INT(gsi_send(me, to, ring, &head, body, 0), 0);
}

TEST(ends_are_believed_from_the_node_alone)
{
	gs_pid x = open_node();
	struct gsi_note note = { .reason = "forged", .reason_size = 6 };
	static const uint32_t kinds[] = { GSI_EXIT, GSI_DOWN, GSI_CHILD };
	gs_info info;

	note.who = gsi_self()->pid;
	note.flags = GSI_NOTE_PARENT | GSI_NOTE_LINK;
	for (int k = 0; k < 3; k++)
		for (uint32_t gen = 0; gen < 4; gen++) {
			struct gsi_head head = { kinds[k], gen, 1 };

			forge(x, GM_MAILBOX, head, GS_OBJECT(note));
			forge(x, GM_MAILBOX, head, GS_NONE);
			forge(note.who, GM_MAILBOX, head, GS_OBJECT(note));
			forge(gsi_root_pid(gsi_self()), GM_MAILBOX, head,
			    GS_OBJECT(note));
		}
	answers(x);
	CHECK_INT(atomic_load(&seen->ends), 0);
	CHECK_INT(gs_receive(&info, 100), -ETIMEDOUT);
	answers(start("y"));
	gs_node_close();
}

/* A start is over when the child says so, and nobody else. */
TEST(births_are_announced_by_the_child_alone)
{
	gs_pid x = open_node(), root = gsi_root_pid(gsi_self());

	for (uint64_t tag = 0; tag < 4; tag++) {
		forge(root, GM_MAILBOX,
		    (struct gsi_head){ GSI_STARTED, x.gen, tag },
		    GS_TEXT("forged"));
		forge(x, GM_MAILBOX,
		    (struct gsi_head){ GSI_STARTED, x.gen, tag },
		    GS_TEXT("forged"));
	}
	answers(x);
	answers(start("y"));
	gs_node_close();
}

/* An answer to a call that nobody made, or of a kind that is none. */
TEST(answers_that_nobody_waits_for_are_dropped)
{
	gs_pid x = open_node(), me = gsi_self()->pid;

	for (uint64_t tag = 0; tag < 64; tag++) {
		uint32_t kind = tag % 2 ? (uint32_t)GSI_REPLY : 7777;

		forge(me, GM_REPLIES,
		    (struct gsi_head){ kind, me.gen, tag + (1ull << 40) },
		    GS_TEXT("forged"));
	}
	for (int i = 0; i < 10; i++)
		answers(x);
	gs_node_close();
}

/* Bytes that say they are a From lead to nobody, or to one who drops them. */
TEST(replies_to_a_forged_from_do_no_harm)
{
	gs_pid x = open_node();
	gs_from from = { .pid = x, .tag = 77 };

	CHECK_INT(gs_reply(from, GS_TEXT("a")), 0);
	from.pid.gen += 9;
	CHECK_INT(gs_reply(from, GS_TEXT("a")), 0);
	from.pid.slot = UINT32_MAX;
	CHECK_INT(gs_reply(from, GS_TEXT("a")), 0);
	from.pid = x;
	from.pid.node++;
	CHECK(gs_reply(from, GS_TEXT("a")) <= 0);
	from.pid = GS_NO_PID;
	CHECK(gs_reply(from, GS_TEXT("a")) <= 0);
	answers(x);
	gs_node_close();
}

/* ---- requests ---- */

static bool
requests_read(void *data)
{
	const struct gsi_self *me = data;

	return me->page->request_head == me->page->request_tail;
}

static int
request(uint32_t op, const struct gsi_ask *ask)
{
	struct gsi_answer answer;

	CHECK_INT(gsi_request(gsi_self(), (enum gsi_op)op, ask, &answer), 0);
	return answer.status;
}

TEST(names_in_requests_end_where_they_end)
{
	struct gsi_ask ask = { .size = 255 };
	gs_pid x = open_node(), pid;

	/* one text in two sizes must not become two names */
	ask.pid = gsi_self()->pid;
	memcpy(ask.text, "x\0tail", 6);
	CHECK_INT(request(GSI_OP_REGISTER, &ask), -EEXIST);
	memset(ask.text, 'A', sizeof(ask.text));
	memcpy(ask.text, "me\0", 3);
	CHECK_INT(request(GSI_OP_REGISTER, &ask), 0);
	CHECK_INT(gs_whereis("me", &pid), 0);
	CHECK(gs_pid_equal(pid, ask.pid));
	CHECK(gm_names_check(gsi_self()->arena) == NULL);
	answers(x);
	gs_node_close();
}

/* Any process that there is not, for each request that takes one. */
TEST(requests_about_nobody_are_harmless)
{
	gs_pid x = open_node(), me = gsi_self()->pid;
	const gs_pid nobody[] = { GS_NO_PID, { me.node, 0, 0 },
		{ me.node, UINT32_MAX, 1 }, { me.node, GM_SLOTS, 1 },
		{ me.node, x.slot, x.gen + 1 }, { me.node + 1, x.slot, x.gen },
		{ me.node, 6000, 1 } };

	/* a link to nobody is answered by a signal */
	gs_trap_exit(true);

	for (size_t i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++)
		for (uint32_t op = 0; op < GSI_OP_COUNT + 3; op++) {
			struct gsi_ask ask = { nobody[i], 1, 99, 4, "kill" };

			CHECK_INT(gsi_request_post(gsi_self(), (enum gsi_op)op,
				      &ask, sizeof(ask)),
			    0);
		}
	CHECK(eventually(requests_read, gsi_self(), SOON));
	CHECK(gs_alive(x));
	answers(x);
	answers(start("y"));
	gs_node_close();
}

/* Only its maker ends a monitor, only its forker reaps a child. */
TEST(requests_speak_for_their_sender_alone)
{
	gs_pid x = open_node(), y = start("y");
	struct gsi_ask ask = { .pid = x };
	gs_info info;
	gs_ref ref;

	CHECK_INT(gs_monitor(GS_PID(x), &ref), 0);
	for (uint64_t i = 0; i < 64; i++) {
		ask.ref = ref.id ^ (i + 1);
		request(GSI_OP_DEMONITOR, &ask);
	}
	for (int i = 0; i < 4; i++)
		request(GSI_OP_REAPED, &ask);
	ask.pid = y;
	ask.ref = ref.id;
	request(GSI_OP_UNWATCH, &ask);
	answers(x);
	CHECK_INT(gs_exit_signal(GS_PID(x), "kill"), 0);
	CHECK_INT(gs_receive(&info, SOON), 0);
	CHECK_INT(info.kind, GS_INFO_DOWN);
	CHECK(info.ref.id == ref.id);
	CHECK_STR(info.reason, "killed");
	gs_node_close();
}
