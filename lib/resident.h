/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says of processes: see resident.c. */
#ifndef GSI_RESIDENT_H
#define GSI_RESIDENT_H

#include <stdbool.h>
#include <stdint.h>

struct gsi_resident {
	int os_pid; /* 0: nobody */
	bool stopped; /* SIGSTOP holds it */
	uint64_t bytes; /* of memory */
};

/* Fills in the rest of each; what cannot be read is 0. */
void gsi_resident_read(struct gsi_resident *all, uint32_t count);

#endif
