/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proofs over a whole segment: header, table, names and the mailboxes of all
 * who live.  The rule: they read what others may be changing, so they speak
 * the truth about a segment at rest; ask again before you believe a no.
 */
#ifndef GM_CHECK_H
#define GM_CHECK_H

#include "shm/arena.h"

/* Each NULL, or what is wrong. */
const char *gm_header_check(const struct gm_arena *arena);
const char *gm_table_check(const struct gm_arena *arena);
/* The above, gm_names_check, and gm_region_check of each live process. */
const char *gm_arena_check(const struct gm_arena *arena);

#endif
