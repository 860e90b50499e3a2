/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that may be missing under the node: see node_guard.c. */
#ifndef GSI_NODE_GUARD_H
#define GSI_NODE_GUARD_H

#include <stdbool.h>

struct gsi_node;

int gsi_guard_install(void);
/* 0, or -EFAULT: there was a hole, and touch was left in the middle. */
int gsi_guard(void (*touch)(void *data), void *data);
bool gsi_node_whole(const struct gsi_node *node);
void gsi_node_say_cut(struct gsi_node *node);

#endif
