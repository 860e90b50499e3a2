/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking at processes through the shared tables.  Everything read is copied
 * and checked; nobody is woken, and what has changed meanwhile is skipped.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/guest.h"
#include "lib/resident.h"

static void
read_page(struct gsi_self *me, uint32_t slot, gs_process_info *p)
{
	const struct gm_page *page = gm_arena_page(me->arena, slot);
	uint64_t wait = gm_load(&page->wait[0], relaxed);
	uint32_t doing = gm_load(&page->doing, relaxed);

	p->calls = gm_load(&page->calls, relaxed);
	p->casts = gm_load(&page->casts, relaxed);
	p->infos = gm_load(&page->infos, relaxed);
	memcpy(p->label, page->label, sizeof(p->label) - 1);
	memcpy(p->behaviour, page->behaviour, sizeof(p->behaviour) - 1);
	memcpy(p->version, page->version, sizeof(p->version) - 1);
	p->state = doing >= GS_STATE_STARTING && doing <= GS_STATE_STOPPED
		       ? (enum gs_process_state)doing
		       : GS_STATE_STARTING;
	if (p->kind == GS_PROCESS_PLAIN || p->kind == GS_PROCESS_NODE)
		p->state = GS_STATE_RUNNING;
	if (p->state == GS_STATE_CALLING && wait != 0) {
		p->calling.node = me->pid.node;
		p->calling.slot = (uint32_t)(wait >> 32);
		p->calling.gen = (uint32_t)wait;
	}
}

static void
read_mailbox(
    struct gsi_self *me, const struct gm_entry *entry, gs_process_info *p)
{
	uint32_t cells = gm_load(&entry->cells, relaxed);
	struct gm_region_load load;
	uint64_t at = gm_load(&entry->region, relaxed);

	if (at == 0 || gm_region_look(me->arena->fd, at, cells, p->pid.slot,
			   p->pid.gen, &load) != 0)
		return;
	p->mailbox_max = (uint64_t)cells * GM_CELL;
	p->messages_queued =
	    load.messages +
	    gm_load(&gm_arena_page(me->arena, p->pid.slot)->aside, relaxed);
	p->mailbox_used = load.bytes;
}

static gs_pid
pid_of(struct gsi_self *me, uint64_t word)
{
	gs_pid pid = { me->pid.node, (uint32_t)(word >> 32), (uint32_t)word };

	return word != 0 ? pid : GS_NO_PID;
}

/* In ms; whatever the table says, it is a number. */
static int64_t
since(int64_t started)
{
	return (int64_t)((uint64_t)gsi_now_ns() - (uint64_t)started) /
	       NS_PER_MS;
}

/*
 * 0, or -ESRCH when it is not alive (any more).  resident is what the kernel
 * has said of it, or NULL: it is asked now.
 */
static int
read_process(struct gsi_self *me, uint32_t slot, gs_process_info *p,
    const struct gsi_resident *resident)
{
	const struct gm_entry *entry = gm_entry_at(me->arena, slot);
	struct gsi_resident now;
	uint64_t word;

	memset(p, 0, sizeof(*p));
	if (entry == NULL)
		return -ESRCH;
	word = gm_load(&entry->word, acquire); /* [G1] */
	if ((uint32_t)word != GM_LIVE)
		return -ESRCH;
	p->pid.node = me->pid.node;
	p->pid.slot = slot;
	p->pid.gen = (uint32_t)(word >> 32);
	p->os_pid = (int)gm_load(&entry->os_pid, relaxed);
	p->kind = (enum gs_process_kind)gm_load(&entry->kind, relaxed);
	p->trap_exit = (gm_load(&entry->flags, relaxed) & GM_TRAP_EXIT) != 0;
	p->parent = pid_of(me, gm_load(&entry->parent, relaxed));
	p->supervisor = pid_of(me, gm_load(&entry->supervisor, relaxed));
	p->uptime = since(gm_load(&entry->started, relaxed));
	gm_entry_name(entry, p->name);
	read_page(me, slot, p);
	read_mailbox(me, entry, p);
	p->queue = p->messages_queued * GM_CELL;
	if (resident == NULL || resident->os_pid != p->os_pid) {
		now.os_pid = p->os_pid;
		gsi_resident_read(&now, 1);
		resident = &now;
	}
	p->memory = resident->bytes;
	if (resident->stopped)
		p->state = GS_STATE_STOPPED;
	gm_fence(acquire);
	return gm_load(&entry->word, relaxed) == word ? 0 : -ESRCH;
}

/* What the kernel says of all that live, by slot; NULL: no memory. */
static struct gsi_resident *
read_all(struct gsi_self *me, uint32_t high)
{
	struct gsi_resident *all = calloc(high, sizeof(*all));

	for (uint32_t s = 0; all != NULL && s < high; s++) {
		const struct gm_entry *entry = gm_entry_at(me->arena, s);

		if ((uint32_t)gm_load(&entry->word, acquire) == GM_LIVE)
			all[s].os_pid = (int)gm_load(&entry->os_pid, relaxed);
	}
	if (all != NULL)
		gsi_resident_read(all, high);
	return all;
}

int
gs_processes(int (*each)(const gs_process_info *p, void *data), void *data)
{
	struct gsi_self *me = gsi_self();
	struct gsi_resident *all;
	gs_process_info p;
	uint32_t high;
	int status = 0;

	if (me == NULL)
		return -ENOTCONN;
	high = gm_load(&me->arena->header->slots_high, acquire); /* [G0] */
	if (high > GM_SLOTS)
		high = GM_SLOTS;
	all = read_all(me, high);
	for (uint32_t s = 0; status == 0 && s < high; s++)
		if (read_process(me, s, &p, all != NULL ? &all[s] : NULL) == 0)
			status = each(&p, data);
	free(all);
	return status;
}

static int
inspect(struct gsi_self *me, gs_addr who, gs_process_info *info)
{
	gs_pid pid;
	int status = gsi_resolve(me, who, &pid);

	if (status != 0)
		return status;
	if (pid.node != me->pid.node)
		return -EHOSTUNREACH;
	status = read_process(me, pid.slot, info, NULL);
	if (status == 0 && info->pid.gen != pid.gen)
		status = -ESRCH;
	return status;
}

int
gs_process_inspect(gs_addr who, gs_process_info *info)
{
	struct gsi_self *me = gsi_self();
	int status;

	if (me == NULL)
		return -ENOTCONN;
	status = inspect(me, who, info);
	if (gsi_elsewhere(&me, who, GSI_LATER, &status))
		status = gsi_there(me, inspect(me, who, info));
	return status;
}

int
gs_node_inspect(gs_node_info *info)
{
	struct gsi_self *me = gsi_self();
	const struct gm_header *h;

	memset(info, 0, sizeof(*info));
	if (me == NULL)
		return -ENOTCONN;
	h = me->arena->header;
	memcpy(info->name, h->name, sizeof(info->name) - 1);
	memcpy(info->version, h->version, sizeof(info->version) - 1);
	memcpy(info->poller, h->poller, sizeof(info->poller) - 1);
	memcpy(info->memory, h->memory, sizeof(info->memory) - 1);
	memcpy(info->log, h->log, sizeof(info->log) - 1);
	info->creation = h->creation;
	info->os_pid = (int)h->os_pid;
	info->arena_used = gm_arena_used(me->arena);
	info->processes = gm_load(&h->processes, relaxed);
	info->processes_max = h->processes_max;
	info->fds_used = gm_load(&h->fds_used, relaxed);
	info->fds_max = h->fds_max;
	info->uptime = since(h->started);
	return gs_runtime_dir(info->runtime, sizeof(info->runtime));
}

const char *
gs_state_text(enum gs_process_state state)
{
	static const char *const texts[] = {
		[GS_STATE_STARTING] = "starting",
		[GS_STATE_WAITING] = "waiting",
		[GS_STATE_RUNNING] = "running",
		[GS_STATE_CALLING] = "calling",
		[GS_STATE_HIBERNATING] = "hibernating",
		[GS_STATE_SUSPENDED] = "suspended",
		[GS_STATE_STOPPING] = "stopping",
		[GS_STATE_STOPPED] = "stopped",
		[GS_STATE_EXITED] = "exited",
	};

	if (state < GS_STATE_STARTING || state > GS_STATE_EXITED)
		return "unknown";
	return texts[state];
}

const char *
gs_kind_text(enum gs_process_kind kind)
{
	static const char *const texts[] = {
		[GS_PROCESS_NODE] = "node",
		[GS_PROCESS_SUPERVISOR] = "supervisor",
		[GS_PROCESS_SERVER] = "server",
		[GS_PROCESS_PLAIN] = "plain",
		[GS_PROCESS_CLIENT] = "client",
	};

	if (kind < GS_PROCESS_NODE || kind > GS_PROCESS_CLIENT)
		return "unknown";
	return texts[kind];
}

const char *
gs_child_state_text(int state)
{
	static const char *const texts[] = {
		[GS_CHILD_STARTING] = "starting",
		[GS_CHILD_RUNNING] = "running",
		[GS_CHILD_RESTARTING] = "restarting",
		[GS_CHILD_STOPPING] = "stopping",
		[GS_CHILD_STOPPED] = "stopped",
		[GS_CHILD_FAILED] = "failed",
	};

	if (state < GS_CHILD_STARTING || state > GS_CHILD_FAILED)
		return "unknown";
	return texts[state];
}
