/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/instructions/field.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/internal.h"
#include "shm/check.h"

static pid_t node;
static uint32_t sent; /* of the neighbour's channel */

void
field_board(void)
{
	board = test_shared(sizeof(*board));
}

const char *
field_refused(const char *poller)
{
	struct gm_poll *poll;
	int status = gm_poll_open(&poll, 8, poller);

	if (status != 0)
		return strerror(-status);
	gm_poll_close(poll);
	return NULL;
}

pid_t
field_node(void)
{
	return node;
}

void
field_up(const char *poller)
{
	char line[256];
	int ready[2];
	ssize_t n;

	sent = 0;
	setenv("GS_POLLER", poller, 1);
	CHECK(pipe2(ready, O_CLOEXEC) == 0);
	fflush(NULL);
	node = fork();
	CHECK(node >= 0);
	if (node == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		step_apart();
		close(ready[0]);
		_exit(gs_node_run(test_node(), ready[1]) ? 1 : 0);
	}
	close(ready[1]);
	n = read(ready[0], line, sizeof(line));
	close(ready[0]);
	if (n <= 0)
		FAIL("the node did not come up");
	CHECK_OK(gs_node_open(test_node(), 0));
}

void
field_forget(void)
{
	gs_node_close();
	node = 0;
}

/* Thousands of ends fill a log, which is then moved aside. */
static void
remove_old_logs(void)
{
	char path[300];

	for (int i = 1; i < 10; i++) {
		snprintf(path, sizeof(path), "%s/%s.log.%d", test_dir(),
		    test_node(), i);
		unlink(path);
	}
}

void
field_down(void)
{
	pid_t pid = node;

	CHECK_OK(gs_node_down(SOON));
	field_forget();
	test_join(pid);
	remove_old_logs();
}

gs_pid
field_start(const gs_behaviour *behaviour, const char *name)
{
	gs_options options = { .name = name, .mailbox = 16384 };
	gs_pid pid;

	CHECK_OK(gs_start(behaviour, GS_NONE, &options, &pid));
	return pid;
}

gs_pid
field_start_wide(const char *name)
{
	gs_options options = { .name = name, .mailbox = 262144 };
	gs_pid pid;

	CHECK_OK(gs_start(&desk, GS_NONE, &options, &pid));
	return pid;
}

int
field_os_pid(gs_pid pid)
{
	gs_process_info info;

	CHECK_OK(gs_process_inspect(GS_PID(pid), &info));
	CHECK(info.os_pid > 1);
	return info.os_pid;
}

void
field_sleeps(gs_pid pid)
{
	int os_pid = field_os_pid(pid);

	if (!eventually(test_is_asleep, &os_pid, SOON))
		FAIL("a server without work does not sleep");
}

/* ---- requests ---- */

gs_bytes
field_bytes(uint32_t channel, uint32_t n, size_t size)
{
	static uint8_t bytes[65536];
	struct parcel parcel = { PARCEL, channel, n, (uint32_t)size };

	CHECK(size >= sizeof(parcel) && size <= sizeof(bytes));
	memcpy(bytes, &parcel, sizeof(parcel));
	for (size_t i = sizeof(parcel); i < size; i++)
		bytes[i] = (uint8_t)(n * 7 + i);
	return GS_BYTES(bytes, size);
}

int
field_parcel(gs_pid to, uint32_t channel, uint32_t n, size_t size)
{
	return gs_cast_wait(GS_PID(to), field_bytes(channel, n, size), SOON);
}

int
field_tell(gs_pid to, enum errand errand, uint32_t n)
{
	struct parcel parcel = { errand, 0, n, sizeof(parcel) };

	return gs_cast_wait(GS_PID(to), GS_OBJECT(parcel), SOON);
}

static void
add(gs_pid to, uint32_t n)
{
	struct parcel parcel = { ADD, 0, n, sizeof(parcel) };
	gs_bytes reply;
	int64_t end = now_ms() + SOON;
	uint64_t sum;
	int status;

	/* full for a moment: parcels are before it */
	do
		status = gs_call(GS_PID(to), GS_OBJECT(parcel), &reply, SOON);
	while (status == -EAGAIN && now_ms() < end);
	if (status != 0)
		FAIL("a call says %d: %s", status, gs_error_text());
	CHECK_INT(reply.size, sizeof(sum));
	memcpy(&sum, reply.data, sizeof(sum));
	CHECK_INT(sum, 3ull * n + 1);
}

/* ---- proofs ---- */

void
field_nothing_wrong(void)
{
	if (atomic_load(&board->wrong) == 2)
		FAIL("%s", board->words);
}

static void
next_parcel(gs_pid server, size_t size)
{
	CHECK_OK(field_parcel(server, NEIGHBOUR, sent, size));
	sent++;
}

/* A server that has just been started has seen none of them. */
static void
begin(gs_pid server)
{
	static gs_pid last;

	if (!gs_pid_equal(server, last))
		sent = 0;
	last = server;
}

void
field_serves(gs_pid server)
{
	uint64_t before = atomic_load(&board->got[NEIGHBOUR]);

	begin(server);
	next_parcel(server, 20);
	next_parcel(server, 300);
	next_parcel(server, 2000);
	add(server, sent);
	CHECK_INT(atomic_load(&board->got[NEIGHBOUR]) - before, 3);
	field_nothing_wrong();
}

void
field_laps(gs_pid server)
{
	uint64_t before = atomic_load(&board->got[NEIGHBOUR]);

	begin(server);
	for (uint32_t i = 0; i < 60; i++) {
		next_parcel(server, 20 + 10 * i);
		next_parcel(server, i % 4 == 0 ? 3000 : 30);
		if (i % 8 == 0)
			add(server, i);
	}
	add(server, 1);
	CHECK_INT(atomic_load(&board->got[NEIGHBOUR]) - before, 120);
	field_nothing_wrong();
}

int
field_room(gs_pid server)
{
	int status = 0, n = -1;
	gs_ref ref;

	/* the node is done with the last end and has rung whom it was sending to */
	CHECK_OK(gs_monitor(GS_PID(server), &ref));
	gs_demonitor(ref, true);
	/* at rest: what it has read is free for others */
	field_sleeps(server);
	atomic_store(&board->gate, 0);
	CHECK_OK(field_tell(server, GATE, 0));
	while (atomic_load(&board->at_gate) == 0)
		usleep(100);
	for (; status == 0; n++)
		status = gs_cast(GS_PID(server),
		    field_bytes(2, (uint32_t)n + 1, sizeof(struct parcel)));
	CHECK_INT(status, -EAGAIN);
	atomic_store(&board->gate, 1);
	field_serves(server);
	return n;
}

static int
count_fds(pid_t pid)
{
	char path[40];
	DIR *dir;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	CHECK(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static const struct gm_arena *
arena_of_node(void)
{
	struct gsi_self *me = gsi_self();

	CHECK(me);
	return me->arena;
}

struct rest
field_rest(void)
{
	const struct gm_arena *arena = arena_of_node();

	return (struct rest){
		.processes = gm_load(&arena->header->processes, acquire),
		.slots = gm_load(&arena->header->slots_high, acquire),
		.fds = count_fds(node),
		.used = gm_arena_used(arena),
	};
}

/* A pool of seats for starts is filled up by 16 bells at a time. */
#define POOL 16

static bool
is_back(void *data)
{
	const struct rest *then = data;
	struct rest now = field_rest();

	return now.processes == then->processes &&
	       now.slots <= then->slots + POOL && now.fds <= then->fds + POOL &&
	       now.used <= then->used + (512u << 10) &&
	       gm_arena_check(arena_of_node()) == NULL;
}

void
field_rests(const struct rest *rest)
{
	struct rest now;
	const char *wrong;

	if (eventually(is_back, (void *)rest, SOON))
		return;
	now = field_rest();
	wrong = gm_arena_check(arena_of_node());
	FAIL("processes %u (%u), slots %u (%u), fds %d (%d), memory %ju (%ju), "
	     "check: %s",
	    now.processes, rest->processes, now.slots, rest->slots, now.fds,
	    rest->fds, (uintmax_t)now.used, (uintmax_t)rest->used,
	    wrong ? wrong : "good");
}
