/* SPDX-License-Identifier: Apache-2.0 */
/* The list of this program's clients, in self.c; callers hold the lock. */
#ifndef GSI_SELF_H
#define GSI_SELF_H

#include "lib/internal.h"

void gsi_selves_add(struct gsi_self *me);
void gsi_selves_drop(struct gsi_self *me);
bool gsi_selves_any(void);

#endif
