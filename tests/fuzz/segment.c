/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A segment as a client finds it, with any word of it changed: header, name
 * heads, table, own pages, mailboxes.  Attaching, looking names up, looking
 * at processes, calling and receiving end soon and say what is wrong.
 */
#include "tests/fuzz/segment_world.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/root.h"
#include "shm/check.h"

/* every slot looked at, each with a mailbox counted */
#define BRANCHES 40000000ull

/* Tens of thousands of slots are looked at only by the shortest inputs. */
#define MANY 64u
#define SHORT 12u

static int
see(const gs_process_info *p, void *data)
{
	uint32_t *count = data;

	++*count;
	FUZZ(memchr(p->name, '\0', sizeof(p->name)) != NULL);
	FUZZ(memchr(p->label, '\0', sizeof(p->label)) != NULL);
	FUZZ(memchr(p->behaviour, '\0', sizeof(p->behaviour)) != NULL);
	FUZZ(memchr(p->version, '\0', sizeof(p->version)) != NULL);
	return 0;
}

static int
see_child(const gs_child *child, void *data)
{
	(void)data;
	FUZZ(memchr(child->id, '\0', sizeof(child->id)) != NULL);
	FUZZ(memchr(child->what, '\0', sizeof(child->what)) != NULL);
	FUZZ(memchr(child->last_reason, '\0', sizeof(child->last_reason)) !=
	     NULL);
	return 0;
}

static void
look_at_all(struct world *w)
{
	uint32_t count = 0;

	if (w->node.header->slots_high > MANY && !w->may_be_slow)
		return;
	gs_processes(see, &count);
	FUZZ(count <= GM_SLOTS);
}

static void
look_at_one(struct fuzz_input *in)
{
	gs_pid pid = { 9, fuzz_byte(in), fuzz_byte(in) & 3 };
	char reason[GM_ENTRY_REASON + 1];
	gs_process_info info;
	gs_node_info node;
	int status;

	if (fuzz_byte(in) & 1)
		pid.slot = (uint32_t)fuzz_number(in, 4);
	if (gs_process_inspect(gs_to_pid(pid), &info) == 0)
		see(&info, &(uint32_t){ 0 });
	FUZZ(gs_node_inspect(&node) <= 0);
	gs_alive(pid);
	if (gsi_self_peek() == NULL)
		return;
	status =
	    gm_entry_reason(gsi_self_peek()->arena, pid.slot, pid.gen, reason);
	FUZZ(status <= 1 && memchr(reason, '\0', sizeof(reason)) != NULL);
}

static void
look_up(struct world *w, struct fuzz_input *in)
{
	char name[GS_NAME_MAX + 2];
	gs_pid pid;

	fuzz_text(in, name, fuzz_byte(in) % sizeof(name));
	if (gs_whereis(name, &pid) == 0)
		FUZZ(pid.slot < GM_SLOTS);
	if (w->node.header->slots_high <= MANY || w->may_be_slow)
		gm_arena_check(&w->node);
}

/* The node is gone, so nobody waits for an answer that never comes. */
static void
talk(struct fuzz_input *in)
{
	gs_pid pid = { 9, fuzz_byte(in) % 8, 1 };
	uint8_t body[300] = { 0 };
	gs_bytes request = gs_bytes_of(body, fuzz_number(in, 2) % 300);
	gs_bytes reply = GS_NONE;
	gs_info info;

	switch (fuzz_byte(in) % 6) {
	case 0:
		if (gs_call(gs_to_pid(pid), request, &reply, 0) == 0)
			FUZZ(reply.size <= CELLS * GM_CELL);
		break;
	case 1:
		FUZZ(gs_cast(gs_to_pid(pid), request) <= 0);
		break;
	case 2:
		FUZZ(gs_send(gs_to_name("a"), request) <= 0);
		break;
	case 3:
		if (gs_receive(&info, 0) == 0)
			FUZZ(strlen(info.reason) <= GS_REASON_MAX);
		break;
	case 4:
		FUZZ(gs_children(see_child, NULL) <= 0);
		break;
	case 5:
		FUZZ(gs_child_stop(gs_to_pid(pid), 0) <= 0);
		break;
	}
}

/* An answer to whatever is asked next, from a root that lies. */
static void
forge(struct world *w, struct fuzz_input *in)
{
	uint8_t body[sizeof(struct gsi_root_list) + 2 * sizeof(gs_child)];
	struct gsi_head head = { GSI_REPLY + fuzz_byte(in) % 3, 1,
		w->me->next_tag + 1 };
	size_t size = fuzz_number(in, 2) % sizeof(body);
	struct gm_sender root = { gm_arena_page(&w->node, 2), 2, false };
	struct gm_ring_ref *ring = &w->region[1].ring[GM_REPLIES];
	struct gm_alive alive = { &w->node.table[1].word,
		gm_word_of(1, GM_LIVE) };
	struct gm_slip slip;

	memset(body, fuzz_byte(in), sizeof(body));
	fuzz_take(in, body, fuzz_byte(in));
	if (gm_ring_open(&root, ring, alive, sizeof(head) + size, 0, &slip) !=
	    0)
		return;
	memcpy(slip.payload, &head, sizeof(head));
	memcpy((char *)slip.payload + sizeof(head), body, size);
	gm_ring_commit(&root, ring, &slip);
	gm_ring_done(&root);
}

static int
enter(struct gsi_self *me)
{
	gs_pid pid = { 9, 1, 1 };
	int status = gsi_member_init(me, pid, me->arena,
	    eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
	    eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), -1);

	if (status == 0)
		status = gm_poll_add(me->poll, me->socket, GSI_TOKEN_NODE, 0);
	return status;
}

/* The same segment, or one that ends somewhere. */
static int
segment_of(struct world *w, bool cut, struct fuzz_input *in)
{
	int fd;

	if (!cut)
		return dup(w->node.fd);
	fd = memfd_create("cut", MFD_CLOEXEC);
	FUZZ(pwrite(fd, w->node.header, GM_PAGE, 0) == (ssize_t)GM_PAGE);
	FUZZ(ftruncate(fd, (off_t)fuzz_number(in, 4)) == 0);
	return fd;
}

static void
attach(struct world *w, int fd)
{
	struct gsi_self *me = calloc(1, sizeof(*me));
	char text[256];
	int pair[2];

	w->me = me;
	me->bell = me->node_bell = me->reports = -1;
	FUZZ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	close(pair[1]);
	me->socket = pair[0];
	me->arena = gsi_share_take(fd, 9, text, sizeof(text));
	if (me->arena == NULL) {
		FUZZ(memchr(text, '\0', sizeof(text)) != NULL);
		return;
	}
	w->attached = enter(me) == 0;
	gsi_home()->open = w->attached;
	gsi_self_set(w->attached ? me : NULL);
}

static void
leave(struct world *w)
{
	gsi_home()->open = false;
	/* one that has seen its mailbox damaged has left by itself */
	if (!w->attached || gsi_self_peek() == w->me) {
		gsi_self_set(NULL);
		gsi_member_free(w->me);
		gsi_share_drop(w->me->arena);
		free(w->me);
	}
	for (uint32_t slot = 1; slot < PEERS; slot++)
		gm_region_unmap(&w->region[slot]);
	gm_arena_close(&w->node);
}

static void
command(struct world *w, struct fuzz_input *in)
{
	fuzz_budget(BRANCHES);
	switch (fuzz_byte(in) % 8) {
	case 0:
	case 1:
	case 2:
		world_spoil(w, in);
		break;
	case 3:
		look_at_all(w);
		break;
	case 4:
		look_at_one(in);
		break;
	case 5:
		look_up(w, in);
		break;
	case 6:
		talk(in);
		break;
	case 7:
		forge(w, in);
		break;
	}
	fuzz_budget(UINT64_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	static struct world w;
	uint8_t before = fuzz_byte(&in);
	int fds = fuzz_descriptors();

	world_make(&w);
	w.may_be_slow = size <= SHORT;
	for (int i = 0; i < before % 8; i++)
		world_spoil(&w, &in);
	attach(&w, segment_of(&w, before & 8, &in));
	for (int i = 0; gsi_self_peek() != NULL && in.left > 0 && i < 64; i++)
		command(&w, &in);
	leave(&w);
	FUZZ(fuzz_descriptors() == fds);
	return 0;
}
