/* SPDX-License-Identifier: Apache-2.0 */
/* The servers of a field: what they are told, and what they look at. */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "tests/instructions/field.h"

struct board *board;

struct counts {
	uint32_t next[CHANNELS];
	gs_from later;
};

static void GS_PRINTF(1, 2) wrong(const char *format, ...)
{
	uint32_t none = 0;
	va_list args;

	if (!atomic_compare_exchange_strong(&board->wrong, &none, 1))
		return;
	va_start(args, format);
	vsnprintf(board->words, sizeof(board->words), format, args);
	va_end(args);
	atomic_store(&board->wrong, 2);
}

static gs_next
init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	step_allow();
	gs_trap_exit(true);
	return gs_ok();
}

static bool
read_parcel(gs_bytes request, struct parcel *parcel)
{
	if (request.size < sizeof(*parcel)) {
		wrong("a request of %zu bytes", request.size);
		return false;
	}
	memcpy(parcel, request.data, sizeof(*parcel));
	if (parcel->size == request.size)
		return true;
	wrong(
	    "a request of %zu bytes instead of %u", request.size, parcel->size);
	return false;
}

static void
take_parcel(struct counts *counts, const struct parcel *p, gs_bytes request)
{
	const uint8_t *bytes = request.data;
	uint32_t c = p->channel % CHANNELS;

	if (p->n == 0)
		counts->next[c] = 0;
	if (p->n != counts->next[c])
		wrong("channel %u: parcel %u came where %u was due", c, p->n,
		    counts->next[c]);
	for (size_t i = sizeof(*p); i < request.size; i++) {
		if (bytes[i] != (uint8_t)(p->n * 7 + i)) {
			wrong("channel %u: parcel %u is torn", c, p->n);
			break;
		}
	}
	counts->next[c] = p->n + 1;
	atomic_fetch_add(&board->got[c], 1);
}

static void
wait_gate(void)
{
	struct timespec pause = { 0, 200000 };

	atomic_store(&board->at_gate, 1);
	while (atomic_load(&board->gate) == 0)
		nanosleep(&pause, NULL);
	atomic_store(&board->at_gate, 0);
}

/* Calls to another server; a wrong answer is the worst. */
VICTIM static void
tour(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct parcel ask = { ADD, 0, i, sizeof(ask) };
		gs_bytes reply;
		uint64_t sum;

		if (gs_call(GS_PID(board->partner), GS_OBJECT(ask), &reply,
			SOON) != 0)
			continue;
		memcpy(&sum, reply.data, sizeof(sum));
		if (reply.size != sizeof(sum) || sum != 3ull * i + 1)
			wrong("a call between servers was answered wrongly");
		else
			atomic_fetch_add(&board->tours, 1);
	}
}

static gs_next
cast(void *state, gs_bytes request)
{
	struct counts *counts = state;
	struct parcel p;

	if (!read_parcel(request, &p))
		return gs_next_noreply();
	switch (p.errand) {
	case PARCEL:
		take_parcel(counts, &p, request);
		break;
	case ANSWER:
		gs_reply(counts->later, gs_text("later"));
		break;
	case GATE:
		wait_gate();
		break;
	case HIBERNATE:
		if (p.n != 0)
			step_mark();
		return gs_with_hibernate(gs_next_noreply());
	case TOUR:
		tour(p.n);
		break;
	case MARKED_TOUR:
		step_mark();
		tour(1);
		step_mark();
		break;
	case MARKED_END:
		step_mark();
		return gs_next_stop("shutdown");
	default:
		wrong("a cast of an unknown errand %u", p.errand);
	}
	return gs_next_noreply();
}

VICTIM static void
reply_stepped(gs_from from, uint64_t sum)
{
	step_mark();
	gs_reply(from, GS_OBJECT(sum));
	step_mark();
}

static gs_next
call(void *state, gs_bytes request, gs_from from)
{
	struct counts *counts = state;
	struct parcel p;
	uint64_t sum;

	if (!read_parcel(request, &p))
		return gs_next_stop("bad_call");
	sum = 3ull * p.n + 1;
	switch (p.errand) {
	case LATER:
		counts->later = from;
		return gs_next_noreply();
	case MARKED_REPLY:
		reply_stepped(from, sum);
		return gs_next_noreply();
	case MARKED_ADD:
		step_mark();
		return gs_next_reply(GS_OBJECT(sum));
	case ADD:
		return gs_next_reply(GS_OBJECT(sum));
	default:
		wrong("a call of an unknown errand %u", p.errand);
		return gs_next_stop("bad_call");
	}
}

static gs_next
info(void *state, const gs_info *message)
{
	(void)state;
	(void)message;
	return gs_next_noreply();
}

GS_SERVER(desk, .state_size = sizeof(struct counts), .init = init,
    .handle_call = call, .handle_cast = cast, .handle_info = info);

static gs_next
idle_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

GS_SERVER(idler, .init = idle_init, .handle_info = info);
