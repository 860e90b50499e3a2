/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peers: the mailboxes this process has sent to, mapped on first use and kept
 * by slot.  The rule: an entry of another generation is unmapped before it is
 * used for the new one.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/peers.h"
#include "lib/request.h"
#include "lib/wire.h"

#define SWEEP_MIN 64u
#define BELLS_MIN 16u
#define BELLS_MAX 4096u

/* A share of what this process may open; the rest is for the program. */
static uint32_t
bells_max(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    limit.rlim_cur / 4 < BELLS_MIN)
		return BELLS_MIN;
	return limit.rlim_cur / 4 > BELLS_MAX ? BELLS_MAX
					      : (uint32_t)limit.rlim_cur / 4;
}

static struct gsi_peer **
place(struct gsi_self *me, uint32_t slot)
{
	struct gsi_peers *peers = me->peers;

	if (peers == NULL) {
		peers = calloc(1, sizeof(*peers));
		if (peers == NULL)
			return NULL;
		peers->sweep_at = SWEEP_MIN;
		peers->bells_max = bells_max();
		me->peers = peers;
	}
	if (peers->leaf[slot / GSI_LEAF] == NULL)
		peers->leaf[slot / GSI_LEAF] =
		    calloc(GSI_LEAF, sizeof(struct gsi_peer *));
	if (peers->leaf[slot / GSI_LEAF] == NULL)
		return NULL;
	return &peers->leaf[slot / GSI_LEAF][slot % GSI_LEAF];
}

static void
close_bell(struct gsi_peers *peers, struct gsi_peer *peer)
{
	if (peer->bell >= 0) {
		close(peer->bell);
		peers->bells--;
	}
	peer->bell = -1;
}

static void
forget(struct gsi_peers *peers, struct gsi_peer **at)
{
	struct gsi_peer *peer = *at;

	if (peer == NULL)
		return;
	gm_region_unmap(&peer->region);
	close_bell(peers, peer);
	peers->count--;
	free(peer);
	*at = NULL;
}

/* Calls each for all there are. */
static void
for_all(struct gsi_peers *peers,
    void (*each)(struct gsi_peers *peers, struct gsi_peer **at))
{
	for (uint32_t i = 0; i < GM_SLOTS / GSI_LEAF; i++) {
		for (uint32_t j = 0; peers->leaf[i] != NULL && j < GSI_LEAF;
		     j++)
			if (peers->leaf[i][j] != NULL)
				each(peers, &peers->leaf[i][j]);
	}
}

static void
forget_dead(struct gsi_peers *peers, struct gsi_peer **at)
{
	if (gm_load(&(*at)->entry->word, relaxed) !=
	    gm_word_of((*at)->pid.gen, GM_LIVE))
		forget(peers, at);
}

static void
drop_bell(struct gsi_peers *peers, struct gsi_peer **at)
{
	close_bell(peers, *at);
}

/* Now and then, so that a mapping and a bell do not outlive their process. */
static void
sweep(struct gsi_peers *peers)
{
	if (peers->count < peers->sweep_at)
		return;
	for_all(peers, forget_dead);
	peers->sweep_at =
	    2 * peers->count > SWEEP_MIN ? 2 * peers->count : SWEEP_MIN;
}

static int
map_peer(struct gsi_self *me, gs_pid pid, const struct gm_entry *entry,
    struct gm_region_ref *out)
{
	uint64_t region = gm_load(&entry->region, relaxed);
	int status;

	if (region == 0)
		return -ESRCH;
	status =
	    gm_region_map(me->arena->fd, region, pid.slot, pid.gen, true, out);
	/* the table says how large it is; its own header anybody can write */
	if (status == 0 && out->cells != gm_load(&entry->cells, relaxed)) {
		gm_region_unmap(out);
		status = -EBADMSG;
	}
	if (status == -EBADMSG) {
		/* given back under my hands, or it is to look at itself */
		if (gm_load(&entry->word, acquire) !=
		    gm_word_of(pid.gen, GM_LIVE))
			return -ESRCH;
		gsi_request_ring(me, pid);
	}
	return status;
}

static int
learn(struct gsi_self *me, gs_pid pid, const struct gm_entry *entry,
    struct gsi_peer **at)
{
	struct gsi_peer *peer = calloc(1, sizeof(*peer));
	int status;

	if (peer == NULL)
		return -ENOMEM;
	status = map_peer(me, pid, entry, &peer->region);
	if (status != 0) {
		free(peer);
		return status;
	}
	/* what is forked here has no business in others' mailboxes */
	gsi_share_not(peer->region.region, peer->region.mapped);
	peer->pid = pid;
	peer->entry = entry;
	peer->bell = -1;
	me->peers->count++;
	*at = peer;
	return 0;
}

static int __attribute__((noinline))
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
	me->peer = NULL;
	forget(me->peers, at);
	sweep(me->peers);
	if (gm_load(&entry->word, acquire) != gm_word_of(pid.gen, GM_LIVE))
		return -ESRCH;
	status = learn(me, pid, entry, at);
	if (status == 0)
		*out = *at;
	return status;
}

/* A dead one that is known stays mapped: its replies may still be looked at. */
static int __attribute__((noinline))
get_dead(struct gsi_self *me, struct gsi_peer *peer)
{
	close_bell(me->peers, peer);
	return -ESRCH;
}

int
gsi_peer_get(struct gsi_self *me, gs_pid pid, struct gsi_peer **out)
{
	struct gsi_peer *peer = gsi_peer_known(me, pid);

	if (peer == NULL)
		return get_slow(me, pid, out);
	if (gm_load(&peer->entry->word, relaxed) !=
	    gm_word_of(pid.gen, GM_LIVE))
		return get_dead(me, peer);
	*out = peer;
	return 0;
}

void
gsi_peer_know(struct gsi_self *me, gs_pid pid, int bell,
    const struct gm_region_ref *region)
{
	const struct gm_entry *entry = gm_entry_at(me->arena, pid.slot);
	struct gsi_peer *peer = calloc(1, sizeof(*peer));
	struct gsi_peer **at = entry != NULL ? place(me, pid.slot) : NULL;
	struct gm_region_ref mapped = *region;

	if (peer == NULL || at == NULL || *at != NULL) {
		free(peer);
		close(bell);
		gm_region_unmap(&mapped);
		return;
	}
	gsi_share_not(mapped.region, mapped.mapped);
	peer->pid = pid;
	peer->entry = entry;
	peer->region = mapped;
	peer->bell = bell;
	me->peers->count++;
	me->peers->bells++;
	*at = peer;
}

void
gsi_peer_forget(struct gsi_self *me, gs_pid pid)
{
	struct gsi_peer **at = gsi_peer_place(me, pid.slot);

	me->peer = NULL;
	if (at != NULL)
		forget(me->peers, at);
}

/*
 * Too many: all go, and those that are used come back.  Who keeps only the
 * last one does not ask the node either, which would make it wait.
 */
static int
fetch(struct gsi_self *me, struct gsi_peer *peer)
{
	struct gsi_peers *peers = me->peers;
	struct gsi_peer **last = gsi_peer_place(me, peers->rung);
	int bell;

	if (!me->bells_kept && last != NULL && *last != NULL)
		close_bell(peers, *last);
	else if (me->bells_kept && peers->bells >= peers->bells_max)
		for_all(peers, drop_bell);
	bell = gsi_bell_of(me, peer);
	/* it is dying, most often, and has no more use for what it would take */
	if (bell == -ESRCH && !peer->sought) {
		peer->sought = true;
		return bell;
	}
	if (bell < 0 && me->bells_kept)
		bell = gsi_fetch_bell(me, peer->pid);
	if (bell >= 0) {
		peers->bells++;
		peer->bell = bell;
		peers->rung = peer->pid.slot;
	}
	return bell;
}

void
gsi_peer_ring(struct gsi_self *me, struct gsi_peer *peer)
{
	static const uint64_t one = 1;
	int cancel, bell = peer->bell;

	/* write is a cancellation point, and we are inside a send */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	if (bell < 0 && !me->bells_by_node)
		bell = fetch(me, peer);
	/* the node rings for those who cannot hold one more descriptor */
	if (bell < 0 || (write(bell, &one, sizeof(one)) < 0 && errno != EAGAIN))
		gsi_request_ring(me, peer->pid);
	pthread_setcancelstate(cancel, NULL);
}

/*
 * What the node does for a sender that was killed (D3, D4), it does itself:
 * the body could not be read, say, and a handler of the program's went on.
 * Killed in here: the announcement still stands, and the node does it again.
 */
void
gsi_send_broken(struct gsi_self *me)
{
	const uint64_t m = gm_load(&me->page->send_m, relaxed);
	const uint64_t v = gm_load(&me->page->send_v, relaxed);
	struct gsi_peers *peers = me->peers;
	struct gsi_peer *peer;

	for (uint32_t i = 0; peers != NULL && i < GM_SLOTS; i++) {
		if (peers->leaf[i / GSI_LEAF] == NULL)
			continue;
		peer = peers->leaf[i / GSI_LEAF][i % GSI_LEAF];
		for (int which = 0; peer != NULL && which < 2; which++) {
			if (peer->region.ring[which].id != m)
				continue;
			gm_ring_settle(
			    &peer->region.ring[which], me->pid.slot, v);
			gsi_peer_ring(me, peer);
		}
	}
	gm_ring_done(&me->sender);
}

void
gsi_peers_free(struct gsi_self *me)
{
	struct gsi_peers *peers = me->peers;

	if (peers == NULL)
		return;
	me->peer = NULL;
	for_all(peers, forget);
	for (uint32_t i = 0; i < GM_SLOTS / GSI_LEAF; i++)
		free(peers->leaf[i]);
	free(peers);
	me->peers = NULL;
}
