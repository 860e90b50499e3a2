/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many nodes at once: one request, or one cast, to the servers of the same
 * name at several nodes of this user on this host.
 *
 * nodes is an array of n node names, NULL for all that run now, the own one
 * included.  A name that cannot be a node's is -EINVAL, and nothing is sent.
 */
#ifndef GENSERVER_MULTI_H
#define GENSERVER_MULTI_H

#include <genserver/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What became of the request at one node. */
typedef struct gs_node_reply {
	char node[GS_NAME_MAX + 1];
	int status; /* 0 and the reply; else what gs_call had returned */
	gs_bytes reply; /* of the replies' memory */
	char reason[GS_REASON_MAX + 1]; /* "" or why not */
} gs_node_reply;

typedef struct gs_replies {
	size_t count; /* one for each node, in the order of the list */
	size_t bad; /* of those have a status that is not 0 */
	gs_node_reply *at;
} gs_replies;

/*
 * Sends the request to all, then waits for all, together no longer than
 * timeout ms (GS_INFINITY: without limit).  0 and *replies, for gs_replies_free,
 * also when all are bad; what has come in time is kept, what comes later is
 * dropped and never becomes a message.  A node that is not there, a name that
 * nobody holds and a server that dies are bad at once; a node that is stopped
 * costs 100 ms more if it was not visited before, one that is slow 2 s at most.
 * -EINVAL, -ENOTCONN no node is open, -ENOMEM.
 * Follows gen_server:multi_call/4.
 */
GS_API int gs_multi_call(const char *const *nodes, size_t n, const char *name,
    gs_bytes request, int timeout, gs_replies **replies) GS_MUST;
GS_API void gs_replies_free(gs_replies *replies);

/*
 * Casts to all and does not wait; 0 also where nobody is there.  -EINVAL,
 * -ENOTCONN, -ENOMEM.  Follows gen_server:abcast/3.
 */
GS_API int gs_abcast(
    const char *const *nodes, size_t n, const char *name, gs_bytes request);

#ifdef __cplusplus
}
#endif

#endif
