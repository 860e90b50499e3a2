/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of a forker that its children do not have: see unshared.c. */
#ifndef GSI_UNSHARED_H
#define GSI_UNSHARED_H

#include <stddef.h>

#define GSI_UNSHARED_CLASSES 96u

struct gsi_unshared_piece;

struct gsi_unshared {
	void *free[GSI_UNSHARED_CLASSES]; /* by size, each leads to the next */
	char *at; /* of the newest piece: what has never been used */
	size_t left;
	struct gsi_unshared_piece *newest;
};

/* Zeroed; NULL when memory is out.  All zero is an empty one. */
void *gsi_unshared_take(struct gsi_unshared *unshared, size_t size);
/* Of the same size as it was taken; NULL is fine. */
void gsi_unshared_give(struct gsi_unshared *unshared, void *at, size_t size);
/* All of it goes, and it is an empty one. */
void gsi_unshared_end(struct gsi_unshared *unshared);

#endif
