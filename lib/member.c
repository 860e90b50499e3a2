/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server and a client have in common once the node has given them a
 * slot: own page, own mailbox, bell, poller.  A server that waits for its
 * slot to be published prepares all that needs no slot, and maps the mailbox
 * that is most likely its own.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/dispatch.h"
#include "lib/guest.h"
#include "lib/pending.h"
#include "lib/watch.h"
#include "shm/barrier.h"

#define SPIN_START_NS 20000

/* With one CPU nobody answers while we spin. */
static uint64_t
spin_budget(void)
{
	cpu_set_t cpus;

	if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0 &&
	    CPU_COUNT(&cpus) < 2)
		return 0;
	return SPIN_START_NS;
}

/* The node has made it, or tells when it publishes us. */
static int
map_region(struct gsi_self *me)
{
	const struct gm_entry *entry = gm_entry_at(me->arena, me->pid.slot);
	int status;

	if (entry == NULL)
		return -EPROTO;
	status = gm_region_map_beside(gsi_home()->beside, me->arena->fd,
	    gm_load(&entry->region, relaxed), me->pid.slot, me->pid.gen,
	    &me->region);
	if (status == 0 && me->region.cells != gm_load(&entry->cells, relaxed))
		status = -EBADMSG;
	return status;
}

void
gsi_member_guess(struct gsi_self *me)
{
	if (map_region(me) != 0 && me->region.region != NULL)
		gm_region_unmap(&me->region);
}

/* What was mapped in advance is not what it has become. */
static bool
guessed_wrong(struct gsi_self *me)
{
	const struct gm_entry *entry = gm_entry_at(me->arena, me->pid.slot);

	return entry == NULL ||
	       me->region.at != gm_load(&entry->region, relaxed) ||
	       me->region.cells != gm_load(&entry->cells, relaxed);
}

int
gsi_member_enter(struct gsi_self *me)
{
	bool fenced = (me->arena->header->flags & GM_FENCED) != 0;
	int status = 0;

	if (me->region.region != NULL && guessed_wrong(me))
		gm_region_unmap(&me->region);
	if (me->region.region == NULL)
		status = map_region(me);
	if (status != 0)
		return status;
	if (!fenced && gm_membarrier_register() != 0)
		fenced = true;
	/* not before the slot is surely ours: it may become another's */
	gm_store(&me->page->bell, (uint32_t)me->bell + 1, release);
	me->sender.page = me->page;
	me->sender.slot = me->pid.slot;
	me->sender.fenced = fenced;
	gm_receiver_init(&me->mailbox, &me->region.ring[GM_MAILBOX], fenced);
	gm_receiver_init(&me->replies, &me->region.ring[GM_REPLIES], fenced);
	return 0;
}

/* A guest's bell rings where its host waits. */
static int
open_poll(struct gsi_self *me)
{
	if (me->guest == NULL)
		return gm_poll_open_bell(&me->poll, me->bell, GSI_TOKEN_BELL,
		    secure_getenv("GS_POLLER"));
	me->poll = gsi_host(me)->poll;
	(void)gsi_dispatch_add(me, me->bell, EPOLLIN);
	return gm_poll_add(
	    me->poll, me->bell, gsi_token_of(me, GSI_TOKEN_BELL), 0);
}

static void
close_poll(struct gsi_self *me)
{
	if (me->poll == NULL)
		return;
	if (me->guest == NULL) {
		gm_poll_close(me->poll);
		return;
	}
	gsi_dispatch_drop(me, me->bell);
	gsi_dispatch_drop(me, me->socket);
	gm_poll_remove(me->poll, gsi_token_of(me, GSI_TOKEN_BELL));
	gm_poll_remove(me->poll, gsi_token_of(me, GSI_TOKEN_NODE));
}

int
gsi_member_prepare(struct gsi_self *me, gs_pid pid, struct gm_arena *arena,
    int bell, int node_bell, int reports)
{
	me->pid = pid;
	me->arena = arena;
	me->bell = bell;
	me->node_bell = node_bell;
	me->reports = reports;
	me->spin_ns = spin_budget();
	me->peer_cpu = GSI_NO_CPU;
	/* so that no two processes of a program have the same tags */
	me->next_tag = (uint64_t)(pid.slot & 0x7fff) << 47 |
		       (uint64_t)(pid.gen & 0x7fff) << 32;
	if (me->guest != NULL)
		me->next_tag |= GSI_GUEST_TAG;
	me->bells_kept = true;
	me->page = gm_arena_own_page(arena, pid.slot);
	if (me->page == NULL)
		return -errno;
	return open_poll(me);
}

int
gsi_member_init(struct gsi_self *me, gs_pid pid, struct gm_arena *arena,
    int bell, int node_bell, int reports)
{
	int status =
	    gsi_member_prepare(me, pid, arena, bell, node_bell, reports);

	return status == 0 ? gsi_member_enter(me) : status;
}

/* Closes everything but the arena, which threads share. */
void
gsi_member_free(struct gsi_self *me)
{
	gsi_timers_free(me);
	gsi_dispatch_free(me);
	if (me->guest == NULL)
		gsi_pendings_free(me);
	gsi_aliases_free(me);
	free(me->watching);
	free(me->flush);
	gsi_peers_free(me);
	close_poll(me);
	gsi_watches_free(me);
	gm_receiver_fini(&me->mailbox);
	gm_receiver_fini(&me->replies);
	if (me->region.region != NULL)
		gm_region_unmap(&me->region);
	if (me->page != NULL)
		gm_arena_unmap_page(me->page);
	if (me->bell >= 0)
		close(me->bell);
	if (me->node_bell >= 0)
		close(me->node_bell);
	if (me->reports >= 0)
		close(me->reports);
	if (me->socket >= 0)
		close(me->socket);
}
