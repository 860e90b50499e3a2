/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses: who a message is for.
 *
 * The one rule: two words, so that an address is handed over in registers;
 * what it names is borrowed.
 */
#ifndef GENSERVER_ADDR_H
#define GENSERVER_ADDR_H

#include <genserver/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Made by gs_to_pid, gs_to_name, gs_to_name_at and gs_to_via, looked into by
 * the functions below; zeroed it is no address.
 */
enum gs_addr_kind {
	GS_ADDR_PID = 1,
	GS_ADDR_NAME = 2,
	GS_ADDR_NAME_AT = 3,
	GS_ADDR_VIA = 4,
};

typedef struct gs_addr {
	uint64_t who; /* a pid's slot and node, or the name or key, borrowed */
	uint64_t where; /* the kind in the upper three bits, which no pointer
			   has; a pid's gen, or the node or module, borrowed */
} gs_addr;

#define GS_ADDR_SHIFT 61

static inline gs_addr
gs_addr_of(enum gs_addr_kind kind, const char *name, const void *place)
{
	gs_addr to = { (uintptr_t)name, (uint64_t)kind << GS_ADDR_SHIFT };

	to.where |= (uintptr_t)place & ((UINT64_C(1) << GS_ADDR_SHIFT) - 1);
	return to;
}

static inline gs_addr
gs_to_pid(gs_pid pid)
{
	gs_addr to = { (uint64_t)pid.slot << 32 | pid.node,
		(uint64_t)GS_ADDR_PID << GS_ADDR_SHIFT | pid.gen };

	return to;
}

static inline gs_addr
gs_to_name(const char *name)
{
	return gs_addr_of(GS_ADDR_NAME, name, NULL);
}

static inline gs_addr
gs_to_name_at(const char *name, const char *node)
{
	return gs_addr_of(GS_ADDR_NAME_AT, name, node);
}

static inline enum gs_addr_kind
gs_addr_kind(gs_addr to)
{
	return (enum gs_addr_kind)(to.where >> GS_ADDR_SHIFT);
}

/* No process if it is not a pid's. */
static inline gs_pid
gs_addr_pid(gs_addr to)
{
	gs_pid pid = { 0, 0, 0 };

	if (gs_addr_kind(to) == GS_ADDR_PID) {
		pid.node = (uint32_t)to.who;
		pid.slot = (uint32_t)(to.who >> 32);
		pid.gen = (uint32_t)to.where;
	}
	return pid;
}

/* The name, or the key of a via; NULL if it is a pid's. */
static inline const char *
gs_addr_name(gs_addr to)
{
	return gs_addr_kind(to) == GS_ADDR_PID
		   ? NULL
		   : (const char *)(uintptr_t)to.who;
}

/* What a name is looked for in: the node's name or the gs_via, else NULL. */
static inline const void *
gs_addr_place(gs_addr to)
{
	const uint64_t place = to.where & ((UINT64_C(1) << GS_ADDR_SHIFT) - 1);

	return gs_addr_kind(to) == GS_ADDR_PID ? NULL
					       : (const void *)(uintptr_t)place;
}

static inline const char *
gs_addr_node(gs_addr to)
{
	return gs_addr_kind(to) == GS_ADDR_NAME_AT
		   ? (const char *)gs_addr_place(to)
		   : NULL;
}

#define GS_PID(pid) gs_to_pid(pid)
#define GS_NAME(name) gs_to_name(name)
#define GS_NAME_AT(name, node) gs_to_name_at(name, node)
#define GS_NO_PID gs_addr_pid(gs_to_name(NULL))

#ifdef __cplusplus
}
#endif

#endif
