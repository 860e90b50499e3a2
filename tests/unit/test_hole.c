/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A /dev/shm that is full, and a mailbox that lies about what is allocated:
 * whoever believes it touches a hole, which is SIGBUS.
 */
#include <errno.h>
#include <fcntl.h>
#include <genserver.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "lib/internal.h"
#include "lib/request.h"
#include "shm/ring_layout.h"
#include "tests/runner.h"
#include "tests/unit/echo.h"

#define SOON 10000
#define HOLE 8000u /* a cell far behind those that are allocated */

static gs_pid
start(const char *name)
{
	gs_child_spec spec = { .behaviour = &echo, .options.name = name };
	gs_pid pid;

	CHECK_INT(gs_child_start(&spec, &pid), 0);
	return pid;
}

static bool
answers(void *name)
{
	gs_bytes reply;

	return gs_call(GS_NAME(name), GS_TEXT("a"), &reply, 2000) == 0 &&
	       gs_is(reply, "a");
}

static void
own_shm(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0)
		SKIP("needs a mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tmpfs", "/dev/shm", "tmpfs", 0, "size=4m") != 0)
		SKIP("mount is refused");
}

/* Down to the last page. */
static void
fill(void)
{
	static const char page[GM_PAGE];
	int fd = open("/dev/shm/full", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	CHECK_OK(fd);
	while (write(fd, page, sizeof(page)) == (ssize_t)sizeof(page))
		continue;
	CHECK_INT(errno, ENOSPC);
	close(fd);
}

/* As if all were allocated, and the next message went to the hole. */
static void
lie(struct gm_ring *ring, uint32_t cells, uint64_t hi)
{
	ring->allocated = cells;
	ring->tail.hi = hi;
	ring->tail.lo = cells + HOLE;
}

static void
sender_meets(uint64_t hi, int status)
{
	struct gsi_self *me = gsi_self();
	struct gsi_peer *peer;
	gs_pid pid = start("v");

	start("n");
	CHECK(answers("v") && answers("n"));
	CHECK_INT(gsi_peer_get(me, pid, &peer), 0);
	fill();
	lie(peer->region.ring[GM_MAILBOX].ring, peer->region.cells, hi);
	CHECK_INT(gs_cast(GS_PID(pid), GS_TEXT("x")), status);
	CHECK(answers("n"));
	CHECK_INT(unlink("/dev/shm/full"), 0);
	CHECK(answers("n"));
}

TEST(sender_finds_a_hole_and_is_told_that_memory_is_full)
{
	own_shm();
	CHECK_INT(gs_node_open(NULL, 0), 0);
	sender_meets(0, -ENOSPC);
	gs_node_close();
}

TEST(sender_that_would_help_in_a_hole_does_not)
{
	own_shm();
	CHECK_INT(gs_node_open(NULL, 0), 0);
	sender_meets(77ull << GM_OWNER_SHIFT | 5, -EBADMSG);
	gs_node_close();
}

TEST(node_survives_a_hole_in_its_client_s_mailbox)
{
	struct gsi_self *me;
	gs_node_info before, after;
	gs_pid gone;
	gs_info info;
	gs_ref ref;

	own_shm();
	CHECK_INT(gs_node_open(NULL, 0), 0);
	CHECK_INT(gs_node_inspect(&before), 0);
	me = gsi_self();
	gone = start("v");
	start("n");
	CHECK_INT(gs_child_stop(GS_NAME("v"), SOON), 0);
	CHECK(answers("n"));
	fill();
	lie(me->region.ring[GM_MAILBOX].ring, me->region.cells, 0);
	/* DOWN of a dead one: the node sends it at once */
	CHECK_INT(gs_monitor(GS_PID(gone), &ref), 0);
	CHECK_INT(gs_receive(&info, 1000), -EBADMSG);
	/* as somebody new */
	CHECK_INT(unlink("/dev/shm/full"), 0);
	CHECK(answers("n"));
	CHECK_INT(gs_node_inspect(&after), 0);
	CHECK_INT(before.os_pid, after.os_pid);
	CHECK_INT(gs_monitor(GS_PID(gone), &ref), 0);
	CHECK_INT(gs_receive(&info, SOON), 0);
	CHECK_INT(info.kind, GS_INFO_DOWN);
	gs_node_close();
}
