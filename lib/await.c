/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for an answer in the reply ring.  Answers have a ring of their own,
 * so the mailbox is neither read nor counted, and an answer nobody waits for
 * any more is dropped here.  An answer that is there wins over a death.
 */
#include <errno.h>

#include "lib/pending.h"
#include "lib/request.h"

/*
 * A stray write into the words of a mailbox can put its owner to sleep over
 * my request.  So it is rung again, now and then, while I wait.
 */
#define AGAIN_MAX_NS (64 * GSI_AGAIN_NS)

/* What came instead of the answer: -E2BIG, -ENOSPC, -ENOMEM, -ENOBUFS. */
int
gsi_refusal(const struct gm_record *record)
{
	int32_t status = 0;

	if (record->size >= sizeof(struct gsi_head) + sizeof(status))
		memcpy(&status,
		    (const char *)record->payload + sizeof(struct gsi_head),
		    sizeof(status));
	if (status == -EAGAIN)
		return -ENOBUFS;
	return status == -ENOSPC || status == -ENOMEM ? status : -E2BIG;
}

/*
 * 1 and *body, 0 none yet, or -errno.  Others than tag are for requests that
 * are out, or are dropped.
 */
static int
look(struct gsi_self *me, uint64_t tag, gs_bytes *body)
{
	struct gm_record record;
	int status;

	while ((status = gm_ring_take(&me->replies, &record)) == 1) {
		struct gsi_head head;

		if (record.size < sizeof(head))
			continue;
		memcpy(&head, record.payload, sizeof(head));
		if (head.tag != tag) {
			if (me->pendings != NULL)
				gsi_pending_stash(me, &record);
			continue;
		}
		head.kind &= GSI_KIND;
		if (head.kind == GSI_REFUSAL)
			return gsi_refusal(&record);
		if (head.kind != GSI_REPLY && head.kind != GSI_ANSWER)
			continue;
		body->data = (const char *)record.payload + sizeof(head);
		body->size = record.size - sizeof(head);
		return 1;
	}
	if (status == -EBADMSG)
		me->damaged = true;
	return status;
}

static bool
dead(const struct gsi_peer *peer)
{
	/* acquire [T7]: with DEAD, its reason and its answers are visible */
	return peer != NULL && gm_load(&peer->entry->word, acquire) !=
				   gm_word_of(peer->pid.gen, GM_LIVE);
}

/* The peer is dead: its last answer, or its reason. */
static int
last_look(struct gsi_self *me, uint64_t tag, const struct gsi_peer *peer,
    gs_bytes *body, char reason[GS_REASON_MAX + 1])
{
	if (look(me, tag, body) == 1)
		return 0;
	if (gm_entry_reason(me->arena, peer->pid.slot, peer->pid.gen, reason) !=
	    1)
		gsi_reason_copy(reason, "noproc");
	return -ECONNRESET;
}

int
gsi_sleep_on(struct gsi_self *me, gsi_sleeper *sleep, struct gsi_self *at,
    struct gsi_peer *peer, int64_t deadline, int64_t *step)
{
	int64_t until = peer != NULL ? gsi_now_ns() + *step : deadline;
	int status;

	if (deadline >= 0 && deadline < until)
		until = deadline;
	status = sleep(me, &me->replies, until);
	if (status != -ETIMEDOUT || until == deadline)
		return status;
	gsi_peer_ring(at, peer);
	if (*step < AGAIN_MAX_NS)
		*step *= 2;
	return 0;
}

int
gsi_await(struct gsi_self *me, uint64_t tag, struct gsi_peer *peer,
    int64_t deadline, gs_bytes *body, char reason[GS_REASON_MAX + 1])
{
	struct gsi_patience patience = { .calls = true, .ring = &me->replies };
	uint32_t cpu = GSI_NO_CPU;
	int64_t step = GSI_AGAIN_NS;
	int status;

	for (;;) {
		status = look(me, tag, body);
		if (status != 0)
			return status == 1 ? 0 : status;
		if (dead(peer))
			return last_look(me, tag, peer, body, reason);
		if (peer != NULL)
			cpu = gm_region_cpu(&peer->region);
		if (gsi_patient(me, &patience, cpu))
			continue;
		/* the node may hold answers back for want of room */
		if (gm_ring_release(&me->replies))
			gsi_request_room(me);
		deadline = gsi_fixed(deadline);
		status = gsi_sleep_on(me, gsi_sleep, me, peer, deadline, &step);
		if (status == 0)
			continue;
		if (look(me, tag, body) == 1)
			return 0;
		return status;
	}
}
