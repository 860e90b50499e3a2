/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aliases: addresses of one's own that can be switched off.  The one rule: a
 * message to an alias that is off is dropped, and nobody hears of it; so who
 * has stopped waiting for an answer never sees it come late.
 */
#ifndef GENSERVER_ALIAS_H
#define GENSERVER_ALIAS_H

#include <genserver/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Plain bytes: may be stored, copied and sent to whoever is to answer. */
typedef struct gs_alias {
	gs_pid pid;
	uint32_t spare;
	uint64_t id;
} gs_alias;

enum gs_alias_flags {
	GS_ALIAS_REPLY = 1, /* off after the first message */
};

#define GS_ALIASES_MAX 65536u /* of one process that are on */

/*
 * A new alias of the calling process, outside a server of its thread; on
 * until it is switched off.  Never blocks.  -EINVAL, -EAGAIN there are
 * GS_ALIASES_MAX, -ENOMEM, -ENOTCONN.  Follows erlang:alias/1.
 */
GS_API int gs_alias_new(unsigned flags, gs_alias *alias) GS_MUST;

/* Switches it off: true if it was on, and the caller's.  erlang:unalias/1. */
GS_API bool gs_unalias(gs_alias alias);

/*
 * Sends as gs_send does: GS_INFO_MESSAGE, info->ref.id the alias's id.  0 also
 * when the alias is off or its process dead.
 */
GS_API int gs_send_alias(gs_alias alias, gs_bytes message);

#ifdef __cplusplus
}
#endif

#endif
