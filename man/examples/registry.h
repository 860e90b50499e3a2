/* SPDX-License-Identifier: Apache-2.0 */
/* Names that a server keeps, for the option via: see registry.c. */
#ifndef REGISTRY_H
#define REGISTRY_H

#include <genserver.h>

extern const gs_behaviour registry;
extern const gs_via registry_via;

#endif
