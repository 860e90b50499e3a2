/* SPDX-License-Identifier: Apache-2.0 */
/* What a client is stepped through. */
#include <unistd.h>

#include "tests/instructions/client_acts.h"

gs_pid front;
gs_pid slow;

static uint32_t number; /* of the victim's next parcel */

static gs_bytes parcel; /* made before it is stepped */

static void
make_small(void)
{
	parcel = field_bytes(VICTIMS, number, 40);
}

static void
make_large(void)
{
	parcel = field_bytes(VICTIMS, number, 3000);
}

VICTIM static int
cast(void)
{
	return gs_cast(GS_PID(front), parcel);
}

VICTIM static int
ask(enum errand errand)
{
	struct parcel errand_of = { errand, 0, 5, sizeof(errand_of) };
	gs_bytes reply;

	return gs_call(GS_PID(front), GS_OBJECT(errand_of), &reply, SOON);
}

VICTIM static int
call(void)
{
	return ask(ADD);
}

VICTIM static int
call_later(void)
{
	return ask(LATER);
}

static bool
answer(void *data, int turn)
{
	(void)data;
	if (turn == 0)
		CHECK_OK(field_tell(front, ANSWER, 0));
	return turn == 0;
}

/* A mailbox and a bell of its own are there before. */
static void
be_known(void)
{
	CHECK_OK(field_parcel(front, VICTIMS, number++, 40));
	CHECK_OK(call());
	make_small();
}

static void
be_known_large(void)
{
	be_known();
	make_large();
}

VICTIM static int
attach(void)
{
	return gs_node_open(test_node(), 0);
}

VICTIM static int
leave(void)
{
	gs_node_close();
	return 0;
}

VICTIM static int
whereis(void)
{
	gs_pid pid;
	int status = gs_whereis("front", &pid);

	if (status == 0 && !gs_pid_equal(pid, front))
		return -EINVAL;
	return status;
}

VICTIM static int
register_name(void)
{
	int status = gs_register("victim");

	return status != 0 ? status : gs_unregister("victim");
}

VICTIM static int
monitor(void)
{
	gs_ref ref;
	int status = gs_monitor(GS_PID(front), &ref);

	return status != 0 ? status : gs_demonitor(ref, true);
}

VICTIM static int
link_and_unlink(void)
{
	int status = gs_link(GS_PID(front));

	return status != 0 ? status : gs_unlink(front);
}

/* Linked all the time: it ends with the victim, wherever that is. */
VICTIM static int
start_linked(void)
{
	gs_pid pid;
	int status = gs_start_link(&idler, GS_NONE, NULL, &pid);

	return status != 0 ? status : gs_stop(GS_PID(pid), NULL, SOON);
}

static void
fill(void)
{
	int status = 0;

	atomic_store(&board->gate, 0);
	CHECK_OK(field_tell(slow, GATE, 0));
	while (atomic_load(&board->at_gate) == 0)
		usleep(100);
	for (uint32_t n = 0; status == 0; n++)
		status = gs_cast(GS_PID(slow), field_bytes(2, n, 1000));
	CHECK_INT(status, -EAGAIN);
}

VICTIM static int
cast_when_room(void)
{
	return gs_cast_wait(GS_PID(slow), parcel, SOON);
}

static bool
open_gate(void *data, int turn)
{
	(void)data;
	atomic_store(&board->gate, 1);
	return turn == 0;
}

VICTIM static int
receive(void)
{
	gs_info info;

	return gs_receive(&info, SOON);
}

static void
say_who(void)
{
	CHECK_OK(gs_self(&board->victim));
}

static bool
send_to_it(void *data, int turn)
{
	(void)data;
	if (turn == 0)
		CHECK_OK(gs_send(GS_PID(board->victim), GS_TEXT("hello")));
	return turn == 0;
}

const struct client_act client_acts[] = {
	{ "cast", .prologue = be_known, .act = cast, .sends = 2 },
	{ "cast of many cells", .prologue = be_known_large, .act = cast,
	    .sends = 2 },
	{ "call", .prologue = be_known, .act = call, .sends = 1 },
	{ "call answered later", .prologue = be_known, .act = call_later,
	    .wake = answer, .sends = 1 },
	{ "first contact", .prologue = make_small, .act = cast, .sends = 1 },
	{ "attach", .act = attach, .stranger = true },
	{ "leave", .prologue = be_known, .act = leave, .sends = 1 },
	{ "whereis", .act = whereis },
	{ "register and unregister", .act = register_name },
	{ "monitor and demonitor", .act = monitor },
	{ "link and unlink", .act = link_and_unlink },
	{ "start, linked", .act = start_linked },
	{ "wait for room", .before = fill, .prologue = make_large,
	    .act = cast_when_room, .wake = open_gate, .sends = 1 },
	{ "receive", .prologue = say_who, .act = receive, .wake = send_to_it },
	{ .name = NULL },
};
