/* SPDX-License-Identifier: Apache-2.0 */
/* Files of nodes in the runtime folder: see runtime.c. */
#ifndef GSI_RUNTIME_H
#define GSI_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>

/* Path of a node's file in the runtime folder; 0 or -errno. */
int gsi_runtime_file(
    char *path, size_t size, const char *node, const char *suffix);

/* The lock that a node holds for life: descriptor, -EEXIST when held. */
int gsi_node_lock(const char *node);
void gsi_node_unlock(const char *node, int fd);

/* Removes what a dead node of this name left; the lock must be held. */
int gsi_node_sweep(const char *node);

#endif
