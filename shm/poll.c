/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chooses the backend: io_uring where the kernel lets us, else epoll, which
 * then says why.  The rule: both give the same events.
 */
#include "shm/poll_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ENTRIES_MAX 65536u

int64_t
gm_poll_left(int64_t deadline)
{
	struct timespec now;
	int64_t left;

	if (deadline == 0)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	left = deadline - ((int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
	return left > 0 ? left : 0;
}

static int
open_as(struct gm_poll **out, unsigned entries, const struct gm_poll_ops *ops)
{
	struct gm_poll *poll;
	int err;

	err = ops->open(&poll, entries);
	if (err)
		return err;
	err = gm_watches_init(&poll->watches, entries);
	if (err) {
		ops->close(poll);
		return err;
	}
	snprintf(poll->name, sizeof(poll->name), "%s", ops->name);
	*out = poll;
	return 0;
}

static int
open_uring(struct gm_poll **out, unsigned entries)
{
#ifdef GM_HAVE_URING
	return open_as(out, entries, &gm_poll_uring);
#else
	(void)out;
	(void)entries;
	return -ENOSYS;
#endif
}

static void
say_why(struct gm_poll *poll, const char *which, int err)
{
	if (which)
		snprintf(poll->name, sizeof(poll->name), "epoll (asked for)");
#ifdef GM_HAVE_URING
	else
		snprintf(poll->name, sizeof(poll->name),
		    "epoll (io_uring refused: %s)", strerror(-err));
#else
	else
		snprintf(poll->name, sizeof(poll->name),
		    "epoll (built without io_uring)");
	(void)err;
#endif
}

bool
gm_poll_known(const char *which)
{
	return which[0] == '\0' || strcmp(which, "io_uring") == 0 ||
	       strcmp(which, "epoll") == 0;
}

int
gm_poll_open(struct gm_poll **out, unsigned entries, const char *which)
{
	int refused = 0;
	int err;

	if (which && which[0] == '\0')
		which = NULL;
	if (which && !gm_poll_known(which))
		return -EINVAL;
	if (entries > ENTRIES_MAX)
		entries = ENTRIES_MAX;
	if (!which || strcmp(which, "io_uring") == 0) {
		refused = open_uring(out, entries);
		if (refused == 0 || which)
			return refused;
	}
	err = open_as(out, entries, &gm_poll_epoll);
	if (err)
		return err;
	say_why(*out, which, refused);
	return 0;
}

void
gm_poll_close(struct gm_poll *poll)
{
	struct gm_watches watches;

	if (!poll)
		return;
	watches = poll->watches;
	poll->ops->close(poll);
	for (uint32_t i = 0; i < watches.cap; i++) {
		const struct gm_watch *watch = &watches.at[i];

		if (watch->state != GM_WATCH_FREE && watch->fd >= 0 &&
		    watch->flags & GM_POLL_OWN)
			close(watch->fd);
	}
	gm_watches_fini(&watches);
}

const char *
gm_poll_name(const struct gm_poll *poll)
{
	return poll->name;
}

unsigned
gm_poll_fds(const struct gm_poll *poll)
{
	return poll->fds;
}

/* What epoll refuses, io_uring would report as always ready. */
static int
check_fd(int fd, bool *peered)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -EBADF;
	*peered = S_ISSOCK(st.st_mode) || S_ISFIFO(st.st_mode);
	return S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ? -EPERM : 0;
}

static int
add(struct gm_poll *poll, int fd, uint64_t token, unsigned flags)
{
	struct gm_watch *watch;
	uint32_t index;
	bool peered;
	int err;

	err = check_fd(fd, &peered);
	if (err)
		return err;
	err = gm_watches_add(&poll->watches, token, &index);
	if (err)
		return err;
	watch = &poll->watches.at[index];
	watch->fd = fd;
	watch->flags = (uint8_t)flags;
	watch->peered = peered;
	err = poll->ops->add(poll, watch);
	if (err) {
		gm_watches_forget(&poll->watches, watch);
		gm_watches_free(&poll->watches, watch);
	}
	return err;
}

int
gm_poll_add(struct gm_poll *poll, int fd, uint64_t token, unsigned flags)
{
	int err = add(poll, fd, token, flags);

	if (!(flags & GM_POLL_OWN))
		return err;
	if (err && fd >= 0)
		close(fd);
	else if (!err && gm_watches_find(&poll->watches, token)->fd >= 0)
		poll->fds++;
	return err;
}

void
gm_poll_remove(struct gm_poll *poll, uint64_t token)
{
	struct gm_watch *watch = gm_watches_find(&poll->watches, token);
	int fd;

	if (!watch)
		return;
	fd = watch->flags & GM_POLL_OWN ? watch->fd : -1;
	watch->flags &= (uint8_t)~GM_POLL_OWN;
	poll->ops->remove(poll, watch);
	if (fd >= 0) {
		close(fd);
		poll->fds--;
	}
}

int
gm_poll_wait(
    struct gm_poll *poll, int64_t deadline, struct gm_event *events, int max)
{
	return poll->ops->wait(poll, deadline, events, max);
}
