/* SPDX-License-Identifier: Apache-2.0 */
/* Nonsense in the own page, where the node reads what a process does. */
#ifndef GS_TESTS_TORTURE_SCRIBBLE_PAGE_H
#define GS_TESTS_TORTURE_SCRIBBLE_PAGE_H

#include <string.h>

#include "shm/arena.h"

static uint64_t
rnd(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static void
spoil_page(struct gm_page *page, uint64_t *seed)
{
	uint64_t r = rnd(seed);

	switch (r % 10) {
	case 0:
		page->send_m = GM_AT_REGIONS + r % 4096 * GM_PAGE + r % 4;
		page->send_v = rnd(seed) >> r % 64;
		break;
	case 1:
		page->wait[r >> 8 & 3] = r % 80 << 32 | (r >> 16 & 3);
		page->wait_any = (uint32_t)r;
		break;
	case 2:
		page->words_size = (uint32_t)(r >> 8) & 1023;
		memset(page->words, (int)(r >> 20), sizeof(page->words));
		page->words_state = GM_WORDS_FINAL;
		break;
	case 3:
		page->crash.n_pcs = (uint32_t)rnd(seed);
		page->crash.message_size = (uint32_t)rnd(seed);
		page->crash.kind = (uint32_t)(r >> 32) % 4;
		page->crash.state = (uint32_t)(r >> 40);
		break;
	case 4:
		page->request_tail += (uint32_t)(r >> 8) % 12;
		break;
	case 5:
		page->request_head = (uint32_t)rnd(seed);
		break;
	case 6:
		page->requests[r >> 8 & 7].size = (uint32_t)rnd(seed);
		memset(page->requests[r >> 8 & 7].body, (int)(r >> 16), 300);
		break;
	case 7:
		page->doing = (uint32_t)r;
		page->started = (uint32_t)(r >> 32);
		break;
	case 8:
		memset(page->label, 0xff, sizeof(page->label));
		memset(page->behaviour, 0x1b, sizeof(page->behaviour));
		break;
	default:
		((uint64_t *)(void *)page)[r % (GM_PAGE_BYTES / 8)] = rnd(seed);
	}
}

#endif
