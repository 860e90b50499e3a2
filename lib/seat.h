/* SPDX-License-Identifier: Apache-2.0 */
/* What a newborn server tells its forker: see spawn.c. */
#ifndef GSI_SEAT_H
#define GSI_SEAT_H

#include "lib/internal.h"

void gsi_say_started(struct gsi_self *me);
/* NULL: init said ignore; else it refused with this reason. */
void gsi_say_refused(struct gsi_self *me, const char *reason);

/* Fills home with the node of this name, from the runtime folder. */
void gsi_home_named(const char *name);

#endif
