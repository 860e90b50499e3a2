/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a server at rest?  If it is not though it should be: all that can be
 * seen of it from outside, without waking it.
 */
#ifndef GS_TESTS_SOAK_REST_H
#define GS_TESTS_SOAK_REST_H

#include "lib/procfs.h"
#include "tests/torture/soak_compare.h"
#include "tests/torture/soak_ring.h"

#define IDLE_BYTES (64u << 10) /* of a mailbox with nothing to do */

static inline bool
is_at_rest(uint32_t server)
{
	gs_process_info info;

	return gs_process_inspect(server_name(server), &info) == 0 &&
	       info.messages_queued == 0 &&
	       (info.state == GS_STATE_WAITING ||
		   info.state == GS_STATE_HIBERNATING) &&
	       info.mailbox_used <= 2 * IDLE_BYTES;
}

/* What root says of it, which is asked for all of them. */
static inline int
show_child(const gs_child *child, void *data)
{
	if (strcmp(child->id, data) == 0)
		printf("as a child: %s, %u restarts, the last for %s\n",
		    gs_child_state_text((int)child->state), child->restarts,
		    child->last_reason);
	return 0;
}

/* The first line of such a file, or that with a word. */
static inline void
show_file(int os_pid, const char *file, const char *word)
{
	char path[300], line[300];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", os_pid, file);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (word && !strstr(line, word))
			continue;
		printf("%s: %s%s", file, line, strchr(line, '\n') ? "" : "\n");
		break;
	}
	if (f)
		fclose(f);
}

/* bell: the number of its own, plus 1; what it has not read of it yet. */
static inline void
show_os(int os_pid, uint32_t bell)
{
	char text[GSI_STAT], path[64];
	const char *stat = gsi_proc_stat(os_pid, text);

	printf("process %d, stat%.30s\n", os_pid, stat ? stat : ": none");
	show_file(os_pid, "wchan", NULL);
	show_file(os_pid, "syscall", NULL);
	snprintf(path, sizeof(path), "fdinfo/%u", bell - 1);
	show_file(os_pid, path, "eventfd-count");
}

static inline void
show_unrest(uint32_t server)
{
	const struct gm_arena *arena = gsi_self()->arena;
	gs_addr name = server_name(server);
	const struct gm_page *page;
	struct gm_region_ref region;
	gs_process_info p;

	printf("kv%u has no rest:\n", server);
	gs_children(show_child, (void *)(uintptr_t)gs_addr_name(name));
	if (gs_process_inspect(name, &p) != 0) {
		printf("nobody has its name\n");
		return;
	}
	page = gm_arena_page(arena, p.pid.slot);
	printf("slot %u gen %u: %s, %llu queued, %llu of them aside, %llu "
	       "bytes; %llu calls %llu casts %llu infos, up %lld ms\n",
	    p.pid.slot, p.pid.gen, gs_state_text(p.state),
	    (unsigned long long)p.messages_queued,
	    (unsigned long long)gm_load(&page->aside, relaxed),
	    (unsigned long long)p.mailbox_used, (unsigned long long)p.calls,
	    (unsigned long long)p.casts, (unsigned long long)p.infos,
	    (long long)p.uptime);
	show_os(p.os_pid, gm_load(&page->bell, acquire));
	if (gm_region_map(arena->fd,
		gm_load(&arena->table[p.pid.slot].region, acquire), p.pid.slot,
		p.pid.gen, false, &region) != 0)
		return;
	show_ring("mailbox", &region.ring[GM_MAILBOX]);
	show_ring("replies", &region.ring[GM_REPLIES]);
	gm_region_unmap(&region);
}

#endif
