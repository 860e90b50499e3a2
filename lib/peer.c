/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peers: the mailboxes this process has sent to, mapped on first use and kept
 * by slot.  The rule: an entry of another generation is unmapped before it is
 * used for the new one.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/internal.h"
#include "lib/request.h"
#include "lib/wire.h"

#define LEAF 256u

struct gsi_peers {
	struct gsi_peer **leaf[GM_SLOTS / LEAF];
	uint32_t count;
};

static struct gsi_peer **
place(struct gsi_self *me, uint32_t slot)
{
	struct gsi_peers *peers = me->peers;

	if (peers == NULL) {
		peers = calloc(1, sizeof(*peers));
		if (peers == NULL)
			return NULL;
		me->peers = peers;
	}
	if (peers->leaf[slot / LEAF] == NULL)
		peers->leaf[slot / LEAF] =
		    calloc(LEAF, sizeof(struct gsi_peer *));
	if (peers->leaf[slot / LEAF] == NULL)
		return NULL;
	return &peers->leaf[slot / LEAF][slot % LEAF];
}

static void
forget(struct gsi_peer **at)
{
	struct gsi_peer *peer = *at;

	if (peer == NULL)
		return;
	gm_region_unmap(&peer->region);
	if (peer->bell >= 0)
		close(peer->bell);
	free(peer);
	*at = NULL;
}

static int
learn(struct gsi_self *me, gs_pid pid, const struct gm_entry *entry,
    struct gsi_peer **at)
{
	struct gsi_peer *peer;
	uint64_t region = gm_load(&entry->region, relaxed);
	int status;

	if (region == 0)
		return -ESRCH;
	peer = calloc(1, sizeof(*peer));
	if (peer == NULL)
		return -ENOMEM;
	status = gm_region_map(
	    me->arena->fd, region, pid.slot, pid.gen, true, &peer->region);
	if (status != 0) {
		free(peer);
		return status;
	}
	peer->pid = pid;
	peer->entry = entry;
	peer->bell = -1;
	*at = peer;
	return 0;
}

static int
get_slow(struct gsi_self *me, gs_pid pid, struct gsi_peer **out)
{
	const struct gm_entry *entry = gm_entry_at(me->arena, pid.slot);
	struct gsi_peer **at;
	int status;

	if (pid.node != me->pid.node && !gs_pid_is_none(pid))
		return -EHOSTUNREACH;
	if (entry == NULL || pid.slot == 0 || gs_pid_is_none(pid))
		return -ESRCH;
	at = place(me, pid.slot);
	if (at == NULL)
		return -ENOMEM;
	forget(at);
	if (gm_load(&entry->word, acquire) != gm_word_of(pid.gen, GM_LIVE))
		return -ESRCH;
	status = learn(me, pid, entry, at);
	if (status == 0)
		*out = *at;
	return status;
}

/* A dead one that is known stays mapped: its replies may still be looked at. */
int
gsi_peer_get(struct gsi_self *me, gs_pid pid, struct gsi_peer **out)
{
	struct gsi_peers *peers = me->peers;

	if (peers != NULL && pid.slot < GM_SLOTS) {
		struct gsi_peer **leaf = peers->leaf[pid.slot / LEAF];
		struct gsi_peer *peer =
		    leaf != NULL ? leaf[pid.slot % LEAF] : NULL;

		if (peer != NULL && gs_pid_equal(peer->pid, pid)) {
			if (gm_load(&peer->entry->word, relaxed) !=
			    gm_word_of(pid.gen, GM_LIVE))
				return -ESRCH;
			*out = peer;
			return 0;
		}
	}
	return get_slow(me, pid, out);
}

struct gm_alive
gsi_peer_alive(const struct gsi_peer *peer)
{
	struct gm_alive alive = { &peer->entry->word,
		gm_word_of(peer->pid.gen, GM_LIVE) };

	return alive;
}

/* The node rings for those who cannot hold one more descriptor. */
static void
ring_by_node(struct gsi_self *me, gs_pid pid)
{
	struct gsi_ask ask = { .pid = pid };

	gsi_request_post(me, GSI_OP_RING, &ask, sizeof(ask));
}

void
gsi_peer_ring(struct gsi_self *me, struct gsi_peer *peer)
{
	static const uint64_t one = 1;
	int cancel;

	/* write is a cancellation point, and we are inside a send */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	if (peer->bell < 0)
		peer->bell = gsi_fetch_bell(me, peer->pid);
	if (peer->bell < 0)
		ring_by_node(me, peer->pid);
	else if (write(peer->bell, &one, sizeof(one)) < 0 && errno != EAGAIN)
		ring_by_node(me, peer->pid);
	pthread_setcancelstate(cancel, NULL);
}

void
gsi_peers_free(struct gsi_self *me)
{
	struct gsi_peers *peers = me->peers;

	if (peers == NULL)
		return;
	for (uint32_t i = 0; i < GM_SLOTS / LEAF; i++) {
		if (peers->leaf[i] == NULL)
			continue;
		for (uint32_t j = 0; j < LEAF; j++)
			forget(&peers->leaf[i][j]);
		free(peers->leaf[i]);
	}
	free(peers);
	me->peers = NULL;
}
