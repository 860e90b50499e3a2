/* SPDX-License-Identifier: Apache-2.0 */
/* Behaviours in shared objects: at a start, and when code is changed. */
#ifndef GSI_BEHAVIOUR_H
#define GSI_BEHAVIOUR_H

#include "lib/internal.h"

struct gsi_loaded {
	void *object; /* dlopen's */
	const gs_behaviour *behaviour;
};

/*
 * Loads the module at path, or says why not, ending in path where it helps.
 * change counts the loads of this process: a file that has taken the place of
 * one that is loaded is loaded as well.
 */
bool gsi_behaviour_open(struct gsi_loaded *module, const char *path,
    uint32_t change, char *why, size_t size);
/* Only while nothing of it has been called. */
void gsi_behaviour_close(struct gsi_loaded *module);
/* whole.c: false if the file ends before what its headers say. */
bool gsi_behaviour_whole(const char *path);
/* Where a function of that name is, near the behaviour first; NULL: nowhere. */
void *gsi_behaviour_find(const gs_behaviour *behaviour, const char *name);

#endif
