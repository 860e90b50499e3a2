/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points that once came out badly, each with every occurrence of that call in
 * its scene: what was wrong then stands in the name.
 */
#include "tests/runner.h"
#include "tests/syscalls/scenes.h"

#define FOUND(name, what, scene, key, error)                                   \
	TEST_TIMEOUT(name, 60)                                                 \
	{                                                                      \
		points_one(#scene, TRAP_##what, key, error);                   \
	}

#define SEGMENT "/dev/shm/genserver-#-NODE"

/* The node's answer to a newcomer was lost: gsctl waited for ever. */
FOUND(welcome_lost_ENOMEM, CALLS, threads,
    "gs-node#1 sendmsg socket:[#],nonblock", "ENOMEM")
FOUND(welcome_lost_EPIPE, CALLS, threads,
    "gs-node#1 sendmsg socket:[#],nonblock", "EPIPE")
/* The word that the node is up was lost: gsctl waited for the node's end. */
FOUND(ready_lost_EPIPE, CALLS, up, "gs-node#1 write pipe:[#]", "EPIPE")
FOUND(ready_lost_EINTR, CALLS, up, "gs-node#1 write pipe:[#]", "EINTR")
FOUND(ready_lost_HALF, CALLS, up, "gs-node#1 write pipe:[#]", "HALF")
FOUND(ready_unread_EIO, CALLS, up, "gsctl#1 read pipe:[#]", "EIO")
FOUND(ready_unread_EINTR, CALLS, up, "gsctl#1 read pipe:[#]", "EINTR")
FOUND(ready_not_passed_on, CALLS, up, "gsctl#2 dup2 pipe:[#]", "EMFILE")
FOUND(
    ready_lost_embedded, CALLS, embedded, "gs-node#1 write socket:[#]", "EINTR")
/* An edge was lost when a signal ended a mere look: a client waited 3 s. */
FOUND(edge_lost_EINTR, CALLS, up, "gs-node#1 epoll_wait anon_inode:[eventpoll]",
    "EINTR")
FOUND(knock_EINTR, CALLS, up, "gsctl#1 connect DIR/NODE.sock", "EINTR")
/* A server could not reach who waited for it: that one waited for ever. */
FOUND(started_lost_mmap, CALLS, module, "x#1 mmap " SEGMENT, "ENOMEM")
FOUND(started_lost_alloc, ALLOCS, module, "x#1 alloc c", "ENOMEM")
FOUND(reply_lost_mmap, CALLS, threads, "by#1 mmap " SEGMENT, "ENOMEM")
FOUND(reply_lost_alloc, ALLOCS, threads, "by#1 alloc c", "ENOMEM")
FOUND(root_reply_lost_alloc, ALLOCS, module, "gs-root#1 alloc c", "ENOMEM")
/* What the node had to say was dropped for a moment's lack of memory. */
FOUND(down_lost_pread, CALLS, stop, "gs-node#1 pread64 " SEGMENT, "ENOMEM")
FOUND(down_lost_mmap, CALLS, stop, "gs-node#1 mmap " SEGMENT, "ENOMEM")
/* An empty text stood for one that there was no memory for. */
FOUND(reply_emptied, ALLOCS, hibernate, "x#1 alloc c", "ENOMEM")
/* A monitor that there was no memory for was set all the same. */
FOUND(monitor_lost, ALLOCS, embedded, "gs-node#1 alloc r", "ENOMEM")
/* Nothing could be removed, and then nobody found it any more. */
FOUND(socket_left, CALLS, embedded, "gs-node#1 unlink DIR/actor.#.sock", "EIO")
FOUND(lock_left, CALLS, embedded, "gs-node#1 mkdir DIR", "ENOSPC")
/* The program waited for a node that it had not told to end. */
FOUND(close_untold, CALLS, embedded, "actor#1 sendmsg socket:[#]", "EPIPE")
/* Values were null, or missing, for want of memory. */
FOUND(json_with_holes, ALLOCS, kill, "gsctl#4 alloc m", "ENOMEM")
FOUND(show_with_holes, ALLOCS, look, "gsctl#5 alloc c", "ENOMEM")
FOUND(show_without_log, CALLS, look, "gsctl#5 openat DIR/NODE.log", "EMFILE")
FOUND(log_with_holes, CALLS, log, "gsctl#3 openat DIR/NODE.log", "EMFILE")
