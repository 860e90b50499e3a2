/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mailbox in which any word may be anything: taking, sleeping, trimming,
 * sending, settling and counting end soon, lend only bytes of the mailbox,
 * and say -EBADMSG or carry on.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shm/barrier.h"
#include "shm/ring_put.h"
#include "tests/fuzz/ring_world.h"

/* ---- what a hostile neighbour writes ---- */

static void
poke_any(struct box *box, struct fuzz_input *in)
{
	uint64_t words = gm_region_span(CELLS) / 8;
	uint64_t *at = (uint64_t *)(void *)box->region.region;

	at[fuzz_number(in, 2) % words] = fuzz_number(in, 8);
}

static void
poke_head(struct box *box, struct fuzz_input *in)
{
	uint64_t v = near(in, box->r.cur), cell = fuzz_byte(in);
	uint64_t form = fuzz_byte(in), k = fuzz_byte(in);
	struct gm_word *head = &box->ring->heads[cell].head;

	if (fuzz_byte(in) & 1) /* the cell where it belongs */
		head = gm_head(box->ring, v);
	head->hi = k | form << 24 | (uint64_t)fuzz_byte(in) << 32;
	head->lo = (v & GM_POSITION) | (uint64_t)(fuzz_byte(in) & 7) << 56;
}

static void
poke_control(struct box *box, struct fuzz_input *in)
{
	struct gm_ring *ring = box->control;
	uint8_t how = fuzz_byte(in);
	uint64_t value = how & 16 ? fuzz_number(in, 8) : near(in, box->r.cur);

	if (how & 32)
		value |= (uint64_t)fuzz_byte(in) << 56;
	switch (how & 15) {
	case 0:
	case 1:
		ring->tail.lo = value;
		break;
	case 2:
		ring->tail.hi = (value & GM_K) | fuzz_number(in, 2) << 31;
		break;
	case 3:
		ring->limit = value;
		break;
	case 4:
		ring->sleep_no = value;
		break;
	case 5:
		ring->pinwait = (uint32_t)value;
		break;
	case 6:
		ring->rung = value;
		break;
	case 7:
		ring->allocated = how & 64 ? value : fuzz_number(in, 2);
		break;
	case 8:
		ring->fenced = (uint32_t)value;
		break;
	case 9:
		ring->room_seq = (uint32_t)value;
		break;
	case 10:
		ring->room_wanted = (uint32_t)value;
		break;
	default:
		ring->taken = value;
		break;
	}
}

/* ---- the receiver ---- */

static void
within(const struct box *box, const void *payload, size_t size)
{
	const uint8_t *at = payload, *base = (void *)box->region.region;
	const struct gm_ring_ref *ring = box->ring;
	const uint8_t *heads = (void *)ring->heads, *bodies = ring->bodies;
	const size_t array = (size_t)CELLS * GM_CELL;

	FUZZ(at >= base && at + size <= base + box->region.mapped);
	FUZZ((at >= heads && at + size <= heads + array) ||
	     (at >= bodies && at + size <= bodies + array));
	FUZZ(size <= gm_ring_message_max(ring));
}

static void
take(struct box *box)
{
	struct gm_record record;
	uint8_t copy[CELLS * GM_CELL / 4];
	int status = gm_ring_take(&box->r, &record);

	FUZZ(status == 1 || status == 0 || status == -EBADMSG);
	box->damaged = status == -EBADMSG;
	if (status != 1)
		return;
	within(box, record.payload, record.size);
	memcpy(copy, record.payload, record.size);
}

static bool
quiet(void *data)
{
	return fuzz_byte(data) & 1;
}

static void
look(struct box *box)
{
	FUZZ(gm_ring_count(box->ring) <= CELLS);
	FUZZ(gm_ring_allocated(box->ring) <= 2ull * CELLS * GM_CELL);
	gm_ring_check(&box->r);
}

/* ---- senders and the node ---- */

static void
put_one(struct box *box, struct gm_sender *me, size_t size)
{
	static const uint8_t body[GM_RING_INLINE];
	struct gm_parcel parcel = { .body = body,
		.size = size % (sizeof(body) + 1) };
	uint64_t sleep_no;
	int status = gm_ring_put(me, box->ring, alive(box), &parcel, &sleep_no);

	FUZZ(status == 0 || status == 1 || status == -ESRCH);
	if (status == 1 && sleep_no != 0) {
		gm_ring_rung(box->ring, sleep_no);
		gm_ring_done(me);
	}
	/* of nothing that it has begun, that is */
	FUZZ(status == 0 || gm_load(&me->page->send_m, relaxed) == 0);
}

static void
send_one(struct box *box, struct fuzz_input *in)
{
	uint8_t who = fuzz_byte(in);
	struct gm_sender me = { &box->pages[who % SENDERS], 1 + who % SENDERS,
		who & 64 };
	size_t size = fuzz_number(in, 2) % 5000;
	struct gm_slip slip;
	uint64_t sleep_no;
	int status;

	if (size % 3 == 0) {
		put_one(box, &me, size / 3);
		return;
	}
	status = gm_ring_open(&me, box->ring, alive(box), size,
	    who & 128 ? GM_SEND_RUNTIME : 0, &slip);
	if (status != 0) {
		FUZZ(status == -ESRCH || status == -EAGAIN ||
		     status == -EMSGSIZE || status == -ENOSPC ||
		     status == -EBADMSG);
		FUZZ(status == -EMSGSIZE ||
		     gm_load(&me.page->send_m, relaxed) == 0);
		return;
	}
	within(box, slip.payload, size);
	memset(slip.payload, (int)size, size);
	if (who & 32) /* stopped or killed here */
		return;
	if (who & 16) {
		gm_ring_abandon(&me, box->ring, &slip);
		return;
	}
	sleep_no = gm_ring_commit(&me, box->ring, &slip);
	if (sleep_no != 0)
		gm_ring_rung(box->ring, sleep_no);
	gm_ring_done(&me);
}

static void
room(struct box *box, struct fuzz_input *in)
{
	struct gm_sender me = { &box->pages[0], 1, false };
	size_t size = fuzz_number(in, 2);
	int status;

	if (gm_ring_nudge(&me, box->ring, alive(box)) != 0)
		gm_ring_done(&me);
	gm_ring_want_room(box->ring);
	status = gm_ring_wait_room(&me, box->ring, alive(box), size, 1);
	FUZZ(status == 0 || status == -ETIMEDOUT || status == -ESRCH);
	FUZZ(gm_load(&me.page->send_m, relaxed) == 0);
}

/* The node takes what the dead one's page says, and that is anything. */
static void
settle(struct box *box, struct fuzz_input *in)
{
	uint32_t owner = fuzz_byte(in);
	uint64_t v = owner & 128 ? fuzz_number(in, 8) : near(in, box->r.cur);
	int status;

	if (owner & 64)
		v = box->pages[owner % SENDERS].send_v;
	status = gm_ring_settle(box->ring, owner % 32, v);
	FUZZ(status == 0 || status == -EBADMSG);
}

/* What a newcomer maps, whatever the control page says. */
static void
map_again(struct box *box, struct fuzz_input *in)
{
	struct gm_region_ref region;
	uint64_t at = fuzz_byte(in) & 1 ? fuzz_number(in, 8) : AT;
	int status =
	    gm_region_map(box->fd, at, SLOT, 1, fuzz_byte(in) & 1, &region);

	if (status != 0)
		return;
	FUZZ(region.mapped == gm_region_span(region.cells));
	gm_region_cpu(&region);
	gm_ring_count(&region.ring[GM_REPLIES]);
	gm_region_unmap(&region);
}

static void
command(struct box *box, struct fuzz_input *in)
{
	uint64_t limit = box->r.limit;

	fuzz_budget(BRANCHES);
	switch (fuzz_byte(in) % 16) {
	case 0:
		poke_any(box, in);
		break;
	case 1:
	case 2:
		poke_head(box, in);
		break;
	case 3:
		poke_control(box, in);
		break;
	case 4:
	case 5:
	case 6:
		take(box);
		break;
	case 7:
		gm_ring_release(&box->r);
		break;
	case 8:
		gm_ring_sleep(&box->r);
		gm_ring_awake(&box->r);
		break;
	case 9:
		gm_ring_release(&box->r);
		gm_ring_trim(&box->r, quiet, in);
		break;
	case 10:
	case 11:
		send_one(box, in);
		break;
	case 12:
		room(box, in);
		break;
	case 13:
		settle(box, in);
		break;
	case 14:
		look(box);
		break;
	case 15:
		map_again(box, in);
		break;
	}
	fuzz_budget(UINT64_MAX);
	FUZZ(box->r.n_pins <= CELLS && box->r.n_jumps <= box->r.n_pins + CELLS);
	FUZZ(box->r.limit >= limit);
}

/* A ring that has been in use for long: positions are large. */
static void
age(struct box *box, uint64_t v)
{
	struct gm_ring *ring = box->control;

	v %= GM_POSITION_END;
	if (v < CELLS)
		return;
	box->r.cur = v;
	box->r.limit = v + CELLS;
	ring->tail.lo = v;
	ring->limit = v + CELLS;
	ring->taken = v;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct box box = { .fd = -1 };
	struct fuzz_input in = { data, size };
	uint8_t how = fuzz_byte(&in);

	if (box.fd < 0) {
		box.fd = memfd_create("fuzz", MFD_CLOEXEC);
		gm_membarrier_register();
	}
	gm_region_punch(box.fd, AT, CELLS);
	FUZZ(gm_region_create(box.fd, AT, CELLS, SLOT, 1) == 0);
	FUZZ(gm_region_map(box.fd, AT, SLOT, 1, true, &box.region) == 0);
	box.ring = &box.region.ring[GM_MAILBOX];
	box.control = box.ring->ring;
	box.alive = how & 64 ? 2 : 1;
	box.damaged = false;
	memset(box.pages, 0, sizeof(box.pages));
	gm_receiver_init(&box.r, box.ring, how & 1);
	if (how & 2)
		age(&box, fuzz_number(&in, 8));
	while (in.left > 0 && !box.damaged)
		command(&box, &in);
	gm_receiver_fini(&box.r);
	gm_region_unmap(&box.region);
	return 0;
}
