/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors and signals as messages: what a server waits for besides its
 * mailbox.  The one rule: an event is a message like any other, it goes to
 * handle_info and ends time-outs and hibernation.
 */
#ifndef GENSERVER_WATCH_H
#define GENSERVER_WATCH_H

#include <genserver/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a descriptor is watched for, and what its message says. */
enum gs_fd_events {
	GS_FD_READ = 1, /* readable: data, a connection, the end */
	GS_FD_WRITE = 2, /* writable */
	GS_FD_HANGUP = 4, /* told unasked: the other end is gone */
	GS_FD_ERROR = 8, /* told unasked */
	GS_FD_ONCE = 16, /* asked only: one message, then unwatched */
};

/*
 * From now on GS_INFO_FD comes, with info->fd and info->events, while fd is
 * ready for any of events: one message after the other, in turn with other
 * descriptors and with the mailbox, until it is no longer ready.  Watched
 * again, the new events count.  fd stays the caller's, who unwatches it
 * before it is closed; should be non-blocking.  Never blocks.
 * -EBADF, -EINVAL no such events or a descriptor of the library,
 * -EPERM a regular file is always ready, -ENOMEM, -EMFILE, -ENOTCONN.
 */
GS_API int gs_watch_fd(int fd, unsigned events) GS_MUST;

/*
 * No message about fd comes any more; -ENOENT: it is not watched.  Not an
 * error when fd has been closed: its number is forgotten then.  Never blocks.
 */
GS_API int gs_unwatch_fd(int fd);

/*
 * A server gets this signal of POSIX as GS_INFO_SIGNAL, with info->signal;
 * several that arrive before it is handled are one.  SIGTERM is then no exit
 * signal any more.  Unwatched, the signal does what it did before.
 * -EINVAL: SIGKILL, SIGSTOP, one that reports a fault, or no signal;
 * -EPERM in a program that is no server, whose signals are its own.
 */
GS_API int gs_watch_signal(int signal) GS_MUST;
GS_API int gs_unwatch_signal(int signal);

#ifdef __cplusplus
}
#endif

#endif
