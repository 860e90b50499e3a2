/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node's own code, fed with what strangers may send it: packets with and
 * without descriptors on its socket, requests of every kind in their own
 * pages, garbage in pages and mailboxes, births from a root that is out of
 * its mind, and deaths.
 */
#include "tests/fuzz/node_world.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BRANCHES 20000000ull

long __real_syscall(long number, ...);

static gs_pid
some_pid(struct world *w, struct fuzz_input *in)
{
	uint8_t how = fuzz_byte(in);
	gs_pid pid = { 9, how & 15, 1 };

	if (how & 128)
		pid.slot = (uint32_t)fuzz_number(in, 4);
	else if (pid.slot < w->node.high)
		pid.gen = w->node.procs[pid.slot].gen;
	if (how & 64)
		pid.gen = fuzz_byte(in);
	if (how & 32)
		pid.node = fuzz_byte(in);
	return pid;
}

static void
connect_peer(struct world *w, struct fuzz_input *in)
{
	struct peer *peer = &w->peers[fuzz_byte(in) % PEERS];

	if (peer->fd >= 0)
		close(peer->fd);
	peer->pid = GS_NO_PID;
	peer->fd =
	    socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (connect(peer->fd, (struct sockaddr *)&w->address,
		w->address_size) != 0) {
		close(peer->fd);
		peer->fd = -1;
	}
}

static int
some_descriptor(struct fuzz_input *in)
{
	switch (fuzz_byte(in) % 8) {
	case 0:
		return -1;
	case 1:
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	case 2:
		return eventfd(0, EFD_CLOEXEC);
	case 3:
		return (int)__real_syscall(SYS_pidfd_open, getppid(), 0);
	default:
		return (int)__real_syscall(SYS_pidfd_open, getpid(), 0);
	}
}

static void
say(struct world *w, struct fuzz_input *in)
{
	struct peer *peer = &w->peers[fuzz_byte(in) % PEERS];
	struct gsi_packet packet = {
		.magic = GSI_PACKET_MAGIC,
		.layout_hash = gm_layout_hash(),
	};
	uint8_t how = fuzz_byte(in);
	size_t size = sizeof(packet);
	int fds[3], n = how & 3;
	char bytes[2 * sizeof(packet)];

	packet.op = fuzz_byte(in) % 6;
	packet.who = some_pid(w, in);
	packet.target = some_pid(w, in);
	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, &packet, sizeof(packet));
	if (how & 4)
		size = fuzz_byte(in) % sizeof(bytes);
	if (how & 8)
		fuzz_take(in, bytes, fuzz_byte(in) % sizeof(bytes));
	for (int i = 0; i < n; i++)
		fds[i] = some_descriptor(in);
	while (n > 0 && fds[n - 1] < 0)
		n--;
	if (peer->fd >= 0 && (n == 0 || fds[0] >= 0))
		gsi_packet_send(peer->fd, bytes, size, fds, n);
	for (int i = 0; i < (how & 3); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* Whatever was asked, an answer is whole, and speaks of this node. */
static void
hear(struct world *w, struct fuzz_input *in)
{
	struct peer *peer = &w->peers[fuzz_byte(in) % PEERS];
	struct gsi_welcome welcome;
	int fds[4];
	ssize_t n;

	if (peer->fd < 0)
		return;
	n = gsi_packet_receive(
	    peer->fd, &welcome, sizeof(welcome), fds, 4, MSG_DONTWAIT);
	for (int i = 0; i < 4; i++)
		if (n >= 0 && fds[i] >= 0)
			close(fds[i]);
	if (n <= 0)
		return;
	FUZZ(n == (ssize_t)sizeof(welcome));
	FUZZ(memchr(welcome.text, '\0', sizeof(welcome.text)) != NULL);
	if (welcome.status == 0 && welcome.n_fds == 4) {
		FUZZ(welcome.pid.node == 9 && welcome.pid.slot < w->node.high);
		peer->pid = welcome.pid;
	}
}

static void
hang_up(struct world *w, struct fuzz_input *in)
{
	struct peer *peer = &w->peers[fuzz_byte(in) % PEERS];

	if (peer->fd >= 0)
		close(peer->fd);
	peer->fd = -1;
	peer->pid = GS_NO_PID;
}

/* A slot that is in use, most of the time. */
static uint32_t
some_slot(struct world *w, struct fuzz_input *in)
{
	uint32_t slot = fuzz_byte(in) % 24;

	if (slot < w->node.high && slot > 0)
		return slot;
	/* a root that has died has none; slot 0 is the node's own */
	return w->node.root_slot != 0 ? w->node.root_slot : 1;
}

static struct gm_request *
next_cell(struct world *w, uint32_t slot)
{
	struct gm_page *page = gm_arena_page(&w->node.arena, slot);
	uint32_t tail = page->request_tail++;

	atomic_fetch_or(&w->node.arena.dirty->bits[0], 1ull << slot % 64);
	return &page->requests[tail % GM_REQUESTS];
}

static void
request(struct world *w, struct fuzz_input *in)
{
	struct gm_request *cell = next_cell(w, some_slot(w, in));
	struct gsi_ask ask = { .flags = 0 };
	uint8_t how;

	cell->op = fuzz_byte(in) % (GSI_OP_COUNT + 2);
	how = fuzz_byte(in);
	cell->tag = how & 1 ? 1 + fuzz_byte(in) : 0;
	ask.pid = some_pid(w, in);
	ask.flags = how & 2;
	ask.ref = fuzz_byte(in);
	fuzz_text(in, ask.text, how & 4 ? 255 : 7);
	ask.size = (uint32_t)strlen(ask.text);
	if (how & 8)
		ask.size = (uint32_t)fuzz_number(in, 4);
	if (how & 16)
		memcpy(ask.text, "kill", ask.size = 4);
	cell->size = sizeof(ask);
	memcpy(cell->body, &ask, sizeof(ask));
	if (how & 32)
		fuzz_take(in, cell, fuzz_byte(in));
}

static void
birth(struct world *w, struct fuzz_input *in)
{
	struct gm_request *cell = next_cell(w, w->node.root_slot);
	uint8_t how = fuzz_byte(in);
	struct gsi_born born = {
		.os_pid = ROOT_PID + 1 + w->born++,
		.flags = fuzz_byte(in),
		.cells = GM_RING_CELLS_MIN,
	};

	if (w->pool.n > 0)
		born.slot = w->pool.pid[--w->pool.n].slot;
	born.gen = w->node.procs[born.slot].gen;
	born.caller = some_pid(w, in);
	fuzz_text(in, born.name, how & 1 ? 0 : 7);
	born.name_size = (uint32_t)strlen(born.name);
	cell->op = GSI_OP_BORN;
	cell->tag = 0;
	memcpy(cell->body, &born, sizeof(born));
	if (how & 2) {
		size_t at = fuzz_byte(in) % sizeof(born);

		fuzz_take(in, cell->body + at, fuzz_byte(in) % 9);
	}
}

static void
spoil_page(struct world *w, struct fuzz_input *in)
{
	char *page = (void *)gm_arena_page(&w->node.arena, some_slot(w, in));
	size_t at = fuzz_number(in, 2) * 4 % (GM_PAGE_BYTES - 256);

	fuzz_take(in, page + at, fuzz_byte(in));
}

/* A send that its owner will not finish; a wait for somebody. */
static void
spoil_line(struct world *w, struct fuzz_input *in)
{
	struct gm_page *page = gm_arena_page(&w->node.arena, some_slot(w, in));
	uint64_t at = w->node.procs[some_slot(w, in)].region;
	gs_pid pid = some_pid(w, in);

	page->send_m = gm_region_id(at, fuzz_byte(in) & 1);
	page->send_v = fuzz_number(in, fuzz_byte(in) & 1 ? 2 : 8);
	page->wait[fuzz_byte(in) & 3] = (uint64_t)pid.slot << 32 | pid.gen;
	page->wait_any = fuzz_byte(in) & 1;
	page->words_state = GM_WORDS_FINAL;
	page->words_size = (uint32_t)fuzz_number(in, 2);
	page->crash.state = fuzz_byte(in);
	page->crash.kind = fuzz_byte(in) & 3;
	page->crash.n_pcs = (uint32_t)fuzz_number(in, 4);
	page->crash.message_size = (uint32_t)fuzz_number(in, 4);
}

static void
spoil_mailbox(struct world *w, struct fuzz_input *in)
{
	uint32_t slot = some_slot(w, in);
	uint64_t at = w->node.procs[slot].region;
	uint64_t word;

	if (at == 0)
		return;
	at += fuzz_number(in, 2) % 8192 * 8;
	word = fuzz_number(in, 8);
	FUZZ(pwrite(w->node.arena.fd, &word, sizeof(word), (off_t)at) ==
	     (ssize_t)sizeof(word));
}

static void
die(struct world *w, struct fuzz_input *in)
{
	fuzz_guard()->has_status = true;
	fuzz_guard()->wait_status = (int)fuzz_number(in, 2);
	gsi_node_gone(&w->node, some_slot(w, in));
}

/* Root's end of the control socket: what it sends, and the seats it gets. */
static void
control(struct world *w, struct fuzz_input *in)
{
	int bells[GSI_POOL], fd = some_descriptor(in);
	char bytes[64] = { 0 };
	ssize_t n;

	gsi_packet_send(
	    w->control, bytes, fuzz_byte(in) % sizeof(bytes), &fd, fd >= 0);
	if (fd >= 0)
		close(fd);
	n = gsi_packet_receive(w->control, &w->pool, sizeof(w->pool), bells,
	    GSI_POOL, MSG_DONTWAIT);
	for (uint32_t i = 0; n >= 0 && i < GSI_POOL; i++)
		if (bells[i] >= 0)
			close(bells[i]);
	if (n > 0)
		FUZZ(n == (ssize_t)sizeof(w->pool) && w->pool.n <= GSI_POOL);
}

static void
command(struct world *w, struct fuzz_input *in)
{
	static void (*const commands[16])(
	    struct world *, struct fuzz_input *) = { connect_peer, say, say,
		say, hear, hang_up, request, request, request, birth, birth,
		spoil_page, spoil_line, spoil_mailbox, die, control };
	uint8_t what = fuzz_byte(in);

	fuzz_budget(BRANCHES);
	commands[what & 15](w, in);
	/* now and then several things happen between two rounds */
	if ((what & 0x80) == 0)
		world_turn(w);
	fuzz_budget(UINT64_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;
	struct fuzz_input in = { data, size };
	int fds = fuzz_descriptors();

	if (w.procs == NULL)
		w.procs = calloc(GM_SLOTS, sizeof(*w.procs));
	memset(fuzz_guard(), 0, sizeof(*fuzz_guard()));
	world_make(&w);
	for (int i = 0; i < 100 && in.left > 0; i++) {
		command(&w, &in);
		if (w.node.phase == GSI_PHASE_OVER)
			break;
	}
	world_end(&w);
	FUZZ(fuzz_descriptors() == fds);
	return 0;
}
