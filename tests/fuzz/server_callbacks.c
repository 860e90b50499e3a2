/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Callbacks that return anything, and look at what they are given: only the
 * node is believed about ends, and texts have an end.
 */
#include "tests/fuzz/server_world.h"

/* Any verdict, with any action, or something that was never made. */
static gs_next
decide(bool call)
{
	struct fuzz_input *in = &world()->in;
	uint8_t what = fuzz_byte(in);
	char text[300];
	gs_bytes bytes = gs_bytes_of(text, fuzz_byte(in));
	gs_next next = gs_next_noreply();

	memset(text, what, sizeof(text));
	text[sizeof(text) - 1] = '\0';
	if (call && (what & 1))
		next = gs_next_reply(bytes);
	switch (what >> 1 & 15) {
	case 1:
		next = gs_next_stop(text);
		break;
	case 2:
		next = gs_next_stop_reply(text, bytes);
		break;
	case 3:
		next = gs_ok();
		break;
	case 4:
		fuzz_take(in, &next, sizeof(next));
		break;
	case 5:
		gs_exit(text);
	default:
		break;
	}
	if (what & 32)
		next = gs_with_timeout(next, fuzz_byte(in) & 1);
	if (what & 64)
		next = gs_with_hibernate(next);
	if ((what & 128) && in->left > 0)
		next = gs_with_continue(next, bytes);
	return next;
}

static gs_next
on_init(void *state, gs_bytes argument)
{
	uint8_t what = fuzz_byte(&world()->in);

	memset(state, 1, 16);
	(void)argument;
	if (what < 16)
		return gs_error("no");
	if (what < 32)
		return gs_ignore();
	return what < 64 ? decide(false) : gs_ok();
}

static gs_next
on_call(void *state, gs_bytes request, gs_from from)
{
	char copy[GM_RING_CELLS_MIN * GM_CELL];

	(void)state;
	FUZZ(request.size <= sizeof(copy));
	memcpy(copy, request.data, request.size);
	FUZZ(from.pid.node == 9 && from.pid.slot < SLOTS);
	return decide(true);
}

static gs_next
on_cast(void *state, gs_bytes request)
{
	gs_ref ref;

	(void)state;
	(void)request;
	if (fuzz_byte(&world()->in) & 1 &&
	    gs_send_after(0, gs_to_pid(world()->me.pid), GS_TEXT("t"), &ref) ==
		0 &&
	    (fuzz_byte(&world()->in) & 1) != 0)
		gs_cancel_timer(ref);
	return decide(false);
}

static gs_next
on_info(void *state, const gs_info *info)
{
	(void)state;
	FUZZ(info->kind >= GS_INFO_MESSAGE && info->kind <= GS_INFO_DOWN);
	FUZZ(strlen(info->reason) <= GS_REASON_MAX);
	if (info->kind == GS_INFO_EXIT || info->kind == GS_INFO_DOWN)
		FUZZ(info->from.slot != FORGED);
	return decide(false);
}

static gs_next
on_continue(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return decide(false);
}

static void
on_terminate(void *state, const char *reason)
{
	(void)state;
	FUZZ(strlen(reason) <= GS_REASON_MAX);
	if (fuzz_byte(&world()->in) & 1)
		gs_exit("out of terminate");
}

static void
on_format(const void *state, gs_status *status)
{
	(void)state;
	FUZZ(strlen(status->reason) <= GS_REASON_MAX);
	if (fuzz_byte(&world()->in) & 1)
		gs_exit("out of format_status");
	status->text = GS_TEXT("\x1b[31m");
}

gs_next
world_child(void *state, const struct gsi_message *m)
{
	(void)state;
	FUZZ(world()->supervisor);
	FUZZ(m->kind == GSI_STARTED || m->from_node);
	return gs_next_noreply();
}

static const gs_behaviour behaviour = {
	.abi = GS_ABI,
	.size = sizeof(gs_behaviour),
	.name = "fuzz",
	.state_size = 16,
	.init = on_init,
	.handle_call = on_call,
	.handle_cast = on_cast,
	.handle_info = on_info,
	.handle_continue = on_continue,
	.terminate = on_terminate,
	.format_status = on_format,
};

const gs_behaviour *
world_behaviour(void)
{
	return &behaviour;
}
