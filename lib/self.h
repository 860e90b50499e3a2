/* SPDX-License-Identifier: Apache-2.0 */
/* What a thread is in its node: self.c, join.c. */
#ifndef GSI_SELF_H
#define GSI_SELF_H

#include "lib/internal.h"

/* The list of this program's clients; callers hold the lock. */
void gsi_selves_add(struct gsi_self *me);
void gsi_selves_drop(struct gsi_self *me);
bool gsi_selves_any(void);

/* What the thread is can be used on; NULL: no. */
bool gsi_stays(struct gsi_self *me);
/* What the thread is, made until deadline (ns, -1 never) if it is nothing. */
struct gsi_self *gsi_join(int64_t deadline, int *why);

#endif
