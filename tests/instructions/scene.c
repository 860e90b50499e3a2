/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/instructions/scene.h"

#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

/* The first bytes of a message: how long it is, and its number. */
struct letter {
	uint32_t size;
	uint32_t n;
};

static uint64_t
blocks(int fd)
{
	struct stat st;

	CHECK(fstat(fd, &st) == 0);
	return (uint64_t)st.st_blocks;
}

void
scene_open(struct scene *s, uint32_t cells, size_t size, bool fenced)
{
	*s = (struct scene){ .size = size };
	box_open(&s->box, cells);
	gm_receiver_init(&s->box.r, s->box.ring, fenced);
	for (int i = 0; i < BOX_SENDERS; i++)
		s->box.senders[i].fenced = fenced;
	s->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	CHECK(s->bell >= 0);
}

void
scene_close(struct scene *s)
{
	struct box *box = &s->box;
	uint32_t cells = box->ring->cells;

	gm_store(&box->shared->alive, 0, release);
	gm_ring_retire(box->ring);
	CHECK_INT(scene_put(s, THIRD, 8), -ESRCH);
	gm_region_punch(box->fd, BOX_AT, cells);
	CHECK_INT(blocks(box->fd), 0);
	munmap(box->shared, sizeof(*box->shared));
	close(s->bell);
	box_close(box);
}

void
scene_fill(const struct gm_slip *slip, int who, uint64_t n)
{
	struct letter letter = { (uint32_t)slip->size, (uint32_t)n };
	uint8_t *bytes = slip->payload;

	CHECK(slip->size >= sizeof(letter));
	memcpy(bytes, &letter, sizeof(letter));
	for (size_t i = sizeof(letter); i < slip->size; i++)
		bytes[i] = box_byte((uint64_t)who, n, i);
}

int
scene_put(struct scene *s, int who, size_t size)
{
	struct box *box = &s->box;
	struct gm_slip slip;
	uint64_t ring;
	int status = box_reserve(box, who, size, &slip);

	if (status != 0)
		return status;
	scene_fill(&slip, who, box->sent[who]++);
	ring = gm_ring_commit(&box->senders[who], box->ring, &slip);
	if (ring != 0) {
		scene_ring(s);
		gm_ring_rung(box->ring, ring);
	}
	gm_ring_done(&box->senders[who]);
	return 0;
}

/* Whoever sends to a receiver that sleeps wakes it, or somebody has. */
int
scene_send(struct scene *s, int who, size_t size)
{
	int status = scene_put(s, who, size);

	if (status == 0 && s->asleep) {
		if (!scene_rung(s))
			FAIL("nobody rings a receiver that sleeps");
		scene_awake(s);
	}
	return status;
}

void
scene_reserve(struct scene *s)
{
	CHECK_OK(box_reserve(&s->box, OPEN, 200, &s->slip));
	s->open = true;
}

void
scene_finish(struct scene *s)
{
	struct box *box = &s->box;
	uint64_t ring;

	if (!s->open)
		return;
	s->open = false;
	scene_fill(&s->slip, OPEN, box->sent[OPEN]++);
	ring = gm_ring_commit(&box->senders[OPEN], box->ring, &s->slip);
	if (ring != 0) {
		scene_ring(s);
		gm_ring_rung(box->ring, ring);
	}
	gm_ring_done(&box->senders[OPEN]);
}

void
scene_sleep(struct scene *s)
{
	scene_rung(s);
	gm_ring_release(&s->box.r);
	for (int i = 0; i < 4 && !s->asleep; i++) {
		s->asleep = gm_ring_sleep(&s->box.r);
		if (s->asleep)
			return;
		gm_ring_awake(&s->box.r);
		scene_drain(s);
	}
	FAIL("the receiver finds no sleep");
}

void
scene_awake(struct scene *s)
{
	gm_ring_awake(&s->box.r);
	s->asleep = false;
}

bool
scene_rung(struct scene *s)
{
	uint64_t count;

	return read(s->bell, &count, sizeof(count)) == sizeof(count);
}

void
scene_ring(struct scene *s)
{
	const uint64_t one = 1;

	CHECK(write(s->bell, &one, sizeof(one)) == sizeof(one));
}

static void
read_letter(struct scene *s, const struct gm_record *record)
{
	struct box *box = &s->box;
	int who = (int)record->owner - 1;
	const uint8_t *bytes = record->payload;
	struct letter letter;
	uint64_t n;

	CHECK(who >= 0 && who < BOX_SENDERS);
	CHECK(record->size >= sizeof(letter));
	memcpy(&letter, bytes, sizeof(letter));
	CHECK_INT(letter.size, record->size);
	n = box->taken[who]++;
	CHECK_INT(letter.n, n);
	for (size_t i = sizeof(letter); i < record->size; i++) {
		if (bytes[i] != box_byte((uint64_t)who, n, i))
			FAIL("byte %zu of %zu, sender %d, is torn", i,
			    record->size, who);
	}
}

void
scene_drain(struct scene *s)
{
	struct gm_record record;
	int status;

	while ((status = gm_ring_take(&s->box.r, &record)) == 1)
		read_letter(s, &record);
	CHECK_OK(status);
	gm_ring_release(&s->box.r);
	for (int who = 0; who < BOX_SENDERS; who++) {
		if (who != VICTIM_SENDER)
			CHECK_INT(s->box.taken[who], s->box.sent[who]);
	}
	box_check(&s->box);
}

void
scene_settle(struct scene *s, int who)
{
	struct box *box = &s->box;
	struct gm_page *page = box->senders[who].page;

	if (gm_load(&page->send_m, acquire) != box->ring->id)
		return;
	CHECK_OK(gm_ring_settle(box->ring, box->senders[who].slot,
	    gm_load(&page->send_v, acquire)));
	gm_store(&page->send_m, 0, relaxed);
	if (s->asleep)
		scene_awake(s);
}

void
scene_all_room(struct scene *s)
{
	struct box *box = &s->box;
	uint64_t n = 0;
	int status;

	scene_drain(s);
	CHECK_INT(box->r.n_pins, 0);
	scene_sleep(s);
	scene_awake(s);
	while ((status = scene_put(s, THIRD, 10)) == 0)
		n++;
	CHECK_INT(status, -EAGAIN);
	CHECK_INT(n, box->ring->cells - GM_RING_RESERVE);
	scene_drain(s);
}

/* Idle, as a receiver is before each message in turn; then it sleeps. */
static void
idle(struct scene *s)
{
	if (s->asleep)
		scene_awake(s);
	scene_drain(s);
	scene_rung(s);
	if (gm_ring_sleep(&s->box.r))
		s->asleep = true;
	else
		gm_ring_awake(&s->box.r);
}

void
scene_laps(struct scene *s)
{
	const size_t most = gm_ring_message_max(s->box.ring);

	for (int i = 0; i < 40; i++) {
		CHECK_OK(scene_send(s, OTHER, 20 + (size_t)i));
		CHECK_OK(scene_send(s, THIRD, 3000));
		idle(s);
		if (i % 4 == 0)
			CHECK_OK(scene_send(s, OTHER, most));
		idle(s);
	}
	if (s->asleep)
		scene_awake(s);
	scene_drain(s);
}
