/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names kept by somebody else: a via module is four functions that look after
 * names in their own way, a registry or a service of another machine.  Keys
 * are any text.
 */
#ifndef GENSERVER_VIA_H
#define GENSERVER_VIA_H

#include <genserver/addr.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * All are called in the process that uses the name, by the function it called,
 * and may themselves call servers.  They return 0 or -errno: -EEXIST the key
 * is held (OTP's no), -ENOENT nobody holds it; any other failure is handed on.
 * A process that dies is for the module to notice, by a monitor.
 */
typedef struct gs_via {
	int (*register_name)(const char *key, gs_pid pid);
	void (*unregister_name)(const char *key);
	int (*whereis_name)(const char *key, gs_pid *pid);
	int (*send)(const char *key, gs_bytes message);
} gs_via;

/* via and key are borrowed. */
static inline gs_addr
gs_to_via(const gs_via *via, const char *key)
{
	return gs_addr_of(GS_ADDR_VIA, key, via);
}

/* NULL unless it is a via address. */
static inline const gs_via *
gs_addr_via(gs_addr to)
{
	return gs_addr_kind(to) == GS_ADDR_VIA
		   ? (const gs_via *)gs_addr_place(to)
		   : NULL;
}

#define GS_VIA(via, key) gs_to_via(via, key)

#ifdef __cplusplus
}
#endif

#endif
