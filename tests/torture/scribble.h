/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that writes nonsense over all that it has mapped of its node: own
 * page, dirty bits, own mailbox, those it has sent to, root's among them.
 */
#ifndef GS_TESTS_TORTURE_SCRIBBLE_H
#define GS_TESTS_TORTURE_SCRIBBLE_H

#include <stdio.h>
#include <unistd.h>

#include "lib/internal.h"
#include "tests/runner.h"
#include "tests/torture/scribble_page.h"
#include "tests/unit/damages.h"

#define MAPS 64
#define ROOT_MS 3000 /* a root that dies four times in 5 s ends its node */

struct plan {
	_Atomic bool stop;
	_Atomic uint64_t writes;
	_Atomic uint64_t roots; /* how often root's mailbox was hit */
	_Atomic int64_t root_due; /* ms */
	char node[GS_NAME_MAX + 1];
};

static struct plan *plan; /* shared */

struct map {
	char *at;
	size_t size;
	uint64_t offset;
};

/* What is shared, writable, and a node's. */
static int
find_maps(struct map maps[MAPS])
{
	unsigned long long from, to, offset;
	char line[512], mode[8];
	FILE *f = fopen("/proc/self/maps", "re");
	int n = 0;

	while (f && n < MAPS && fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx-%llx %7s %llx", &from, &to, mode,
			&offset) == 4 &&
		    strcmp(mode, "rw-s") == 0 && strstr(line, "genserver"))
			maps[n++] = (struct map){ (char *)(uintptr_t)from,
				(size_t)(to - from), offset };
	if (f)
		fclose(f);
	return n;
}

static bool
is_root(const struct gsi_self *me, uint64_t offset)
{
	const struct gm_entry *entry =
	    gm_entry_at(me->arena, gsi_root_pid(me).slot);

	return entry && entry->region == offset;
}

static void
spoil_bytes(const struct map *m, uint64_t *seed)
{
	uint64_t r = rnd(seed);
	/* half of it where the words are */
	size_t from = (r & 1) != 0 ? r / 2 % 1024 : r / 2 % m->size;
	size_t n = rnd(seed) % 4096 + 1;

	if ((r >> 60) < 8)
		n = n % 16 + 1;
	for (size_t i = 0; i < n && from + i < m->size; i++)
		m->at[from + i] = (r >> 56) % 4 == 0   ? 0
				  : (r >> 56) % 4 == 1 ? (char)0xff
						       : (char)rnd(seed);
}

/* One stray write; where is how far the rings are into a region. */
static void
scribble(struct gsi_self *me, const size_t rings[2], uint64_t *seed)
{
	struct map maps[MAPS], *m;
	struct gm_region_ref region = { 0 };
	int n = find_maps(maps);

	if (n == 0)
		return;
	m = &maps[rnd(seed) % (unsigned)n];
	if (m->offset >= GM_AT_REGIONS && is_root(me, m->offset)) {
		int64_t due = atomic_load(&plan->root_due);

		if (now_ms() < due ||
		    !atomic_compare_exchange_strong(
			&plan->root_due, &due, now_ms() + ROOT_MS))
			return;
		atomic_fetch_add(&plan->roots, 1);
	}
	atomic_fetch_add(&plan->writes, 1);
	if (m->offset >= GM_AT_PAGES && m->offset < GM_AT_REGIONS &&
	    rnd(seed) % 2 == 0) {
		spoil_page((struct gm_page *)(void *)m->at, seed);
	} else if (m->offset >= GM_AT_REGIONS && rnd(seed) % 2 == 0) {
		region.region = (struct gm_region *)(void *)m->at;
		for (int i = 0; i < 2; i++)
			region.ring[i].ring =
			    (struct gm_ring *)(void *)(m->at + rings[i]);
		do_damage(&region, rnd(seed) % 2, rnd(seed) % N_DAMAGES);
	} else {
		spoil_bytes(m, seed);
	}
}

#endif
