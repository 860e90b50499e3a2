/* SPDX-License-Identifier: Apache-2.0 */
/* Whole messages through a box (ring_box.h, which includes this). */
#ifndef GS_TESTS_RING_MAIL_H
#define GS_TESTS_RING_MAIL_H

#include "shm/ring_put.h"
#include "tests/unit/ring_box.h"

/* The short way: 1 sent, and whether to ring; the caller is done with it. */
static inline int
box_put(struct box *box, int who, size_t size, uint64_t *ring)
{
	uint8_t bytes[GM_RING_INLINE];
	struct gm_slip slip = { .payload = bytes, .size = size };
	struct gm_parcel parcel = { .body = bytes + sizeof(parcel.head),
		.size = size - sizeof(parcel.head) };

	if (size < sizeof(parcel.head) || size > sizeof(bytes))
		return 0;
	box_fill(&slip, (uint64_t)who, box->sent[who]);
	memcpy(parcel.head, bytes, sizeof(parcel.head));
	return gm_ring_put(
	    &box->senders[who], box->ring, box_alive(box), &parcel, ring);
}

/* Small ones go the short way and the long one in turns. */
static inline int
box_send(struct box *box, int who, size_t size)
{
	struct gm_slip slip;
	uint64_t ring;
	int status;

	if (box->sent[who] % 2 == 0 && box_put(box, who, size, &ring) == 1) {
		box->sent[who]++;
		gm_ring_done(&box->senders[who]);
		return 0;
	}
	status = box_reserve(box, who, size, &slip);
	if (status == 0)
		box_finish(box, who, &slip);
	return status;
}

/* Takes one and checks it: who sent it, or -1 when there is none. */
static inline int
box_take(struct box *box, size_t size)
{
	struct gm_record record;
	int who, status = gm_ring_take(&box->r, &record);
	const uint8_t *bytes;
	uint64_t n;

	CHECK_OK(status);
	if (status == 0)
		return -1;
	who = (int)record.owner - 1;
	CHECK(who >= 0 && who < BOX_SENDERS && record.size == size);
	n = box->taken[who]++;
	bytes = record.payload;
	CHECK(size < 8 || memcmp(bytes, &n, 8) == 0);
	for (size_t i = size >= 8 ? 8 : 0; i < size; i++)
		CHECK_INT(bytes[i], box_byte((uint64_t)who, n, i));
	return who;
}

#endif
