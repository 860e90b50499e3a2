/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peers of a process, by slot: peer.c keeps them, and who sends looks
 * here before it asks.  The rule: what is found is mapped, and is of that
 * pid; whether it lives is looked at where the send is announced.
 */
#ifndef GSI_PEERS_H
#define GSI_PEERS_H

#include "lib/internal.h"

#define GSI_LEAF 256u /* peers; a power of two */

struct gsi_peers {
	struct gsi_peer **leaf[GM_SLOTS / GSI_LEAF];
	uint32_t count;
	uint32_t sweep_at; /* this many: the dead among them go */
	uint32_t bells;
	uint32_t bells_max;
	uint32_t rung; /* the slot of the last bell that came */
};

/* Where it stands, if it can: NULL. */
static inline struct gsi_peer **
gsi_peer_place(const struct gsi_self *me, uint32_t slot)
{
	const struct gsi_peers *peers = me->peers;
	struct gsi_peer **leaf;

	if (__builtin_expect(peers == NULL || slot >= GM_SLOTS, 0))
		return NULL;
	leaf = peers->leaf[slot / GSI_LEAF];
	return __builtin_expect(leaf != NULL, 1) ? &leaf[slot % GSI_LEAF]
						 : NULL;
}

/* NULL: not known under this pid, gsi_peer_get may change that. */
static inline struct gsi_peer *
gsi_peer_find(struct gsi_self *me, gs_pid pid)
{
	struct gsi_peer **at = gsi_peer_place(me, pid.slot);
	struct gsi_peer *peer = at != NULL ? *at : NULL;

	if (__builtin_expect(peer == NULL || peer->pid.gen != pid.gen ||
				 peer->pid.node != pid.node,
		0))
		return NULL;
	me->peer = peer;
	return peer;
}

/*
 * The same.  Most often it is the one as before; behind the locked
 * instruction of the send before, each step of the other way is waited for.
 */
static inline struct gsi_peer *
gsi_peer_known(struct gsi_self *me, gs_pid pid)
{
	struct gsi_peer *peer = me->peer;

	if (__builtin_expect(peer != NULL && peer->pid.slot == pid.slot &&
				 peer->pid.gen == pid.gen &&
				 peer->pid.node == pid.node,
		1))
		return peer;
	return gsi_peer_find(me, pid);
}

/* The last send is over, or is made so: its record would be in the way. */
static inline void
gsi_send_begins(struct gsi_self *me)
{
	if (__builtin_expect(gm_load(&me->page->send_m, relaxed) != 0, 0))
		gsi_send_broken(me);
}

/* A plain process never reads its mailbox, a client answers nobody. */
static inline bool
gsi_peer_reads(const struct gsi_peer *peer)
{
	return gm_load(&peer->entry->kind, relaxed) != GS_PROCESS_PLAIN;
}

static inline bool
gsi_entry_answers(const struct gm_entry *entry)
{
	uint32_t kind = gm_load(&entry->kind, relaxed);

	return kind != GS_PROCESS_PLAIN && kind != GS_PROCESS_CLIENT;
}

static inline bool
gsi_peer_answers(const struct gsi_peer *peer)
{
	return gsi_entry_answers(peer->entry);
}

#endif
