/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regions.  The rule: what says where things are (magic, cells, slot, gen) is
 * read once, by pread, and checked before anything is mapped.
 *
 *   field             written by   how
 *   magic..gen        node         with the whole page, before publication
 *   cpu               owner        relaxed, a hint
 *   ring[]            see ring_layout.h
 *
 * SIGKILL of the node: everything dies with it.
 */
#include "shm/region.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/ring_layout.h"

#define REGION_MAGIC 0x6e6f69676552534eull

struct gm_region {
	uint64_t magic;
	uint32_t cells;
	uint32_t slot;
	uint32_t gen;
	uint32_t pad;
	_Alignas(GM_LINE) _Atomic uint32_t cpu;
	struct gm_ring ring[2];
};

static_assert(sizeof(struct gm_region) <= GM_PAGE, "the control page");
static_assert(sizeof(struct gm_region) % (2 * GM_LINE) == 0, "rings aligned");

uint64_t
gm_region_span(uint32_t cells)
{
	return GM_PAGE + 4ull * cells * GM_CELL;
}

uint32_t
gm_region_cells(size_t mailbox)
{
	uint32_t cells = GM_RING_CELLS_MIN;

	if (mailbox == 0 || mailbox > (size_t)GM_RING_CELLS_MAX * GM_CELL)
		return 0;
	while ((size_t)cells * GM_CELL < mailbox)
		cells *= 2;
	return cells;
}

static bool
cells_valid(uint32_t cells)
{
	return cells >= GM_RING_CELLS_MIN && cells <= GM_RING_CELLS_MAX &&
	       (cells & (cells - 1)) == 0;
}

/* Where array i of mailbox A, mailbox B, replies A, replies B begins. */
static uint64_t
array_at(uint64_t at, uint32_t cells, int i)
{
	return at + GM_PAGE + (uint64_t)i * cells * GM_CELL;
}

/* A hole behind the end of the file could not even be mapped. */
static int
extend(int fd, uint64_t end)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if ((uint64_t)st.st_size < end && ftruncate(fd, (off_t)end) < 0)
		return -errno;
	return 0;
}

static int
allocate(int fd, uint64_t at, uint64_t size)
{
	int i = 0, status;

	do {
		status = fallocate(fd, 0, (off_t)at, (off_t)size);
	} while (status < 0 && errno == EINTR && ++i < GM_ROUNDS);
	return status < 0 ? -errno : 0;
}

static int
fill(int fd, uint64_t at, uint32_t cells, uint32_t slot, uint32_t gen)
{
	union {
		struct gm_region region;
		uint8_t bytes[GM_PAGE];
	} page;
	int status = 0;
	ssize_t n;

	memset(&page, 0, sizeof(page));
	page.region.magic = REGION_MAGIC;
	page.region.cells = cells;
	page.region.slot = slot;
	page.region.gen = gen;
	gm_ring_create(&page.region.ring[GM_MAILBOX], cells);
	gm_ring_create(&page.region.ring[GM_REPLIES], cells);
	for (int i = 0; i < 4 && status == 0; i++)
		status = allocate(
		    fd, array_at(at, cells, i), GM_RING_CELLS_START * GM_CELL);
	if (status != 0)
		return status;
	n = pwrite(fd, &page, sizeof(page), (off_t)at);
	if (n < 0)
		return -errno;
	return n == (ssize_t)sizeof(page) ? 0 : -ENOSPC;
}

int
gm_region_create(
    int fd, uint64_t at, uint32_t cells, uint32_t slot, uint32_t gen)
{
	int status;

	if (!cells_valid(cells) || at % GM_PAGE != 0)
		return -EINVAL;
	status = extend(fd, at + gm_region_span(cells));
	if (status != 0)
		return status;
	status = fill(fd, at, cells, slot, gen);
	if (status != 0)
		gm_region_punch(fd, at, cells);
	return status;
}

/* What slot and gen should have; cells is then within bounds. */
static int
read_cells(int fd, uint64_t at, uint32_t slot, uint32_t gen, uint32_t *cells)
{
	struct {
		uint64_t magic;
		uint32_t cells, slot, gen, pad;
	} head;
	struct stat st;
	ssize_t n;

	if (at % GM_PAGE != 0)
		return -EBADMSG;
	do
		n = pread(fd, &head, sizeof(head), (off_t)at);
	while (n < 0 && errno == EINTR);
	/* no memory to read it with says nothing about what is there */
	if (n != (ssize_t)sizeof(head))
		return n < 0 && errno == ENOMEM ? -ENOMEM : -EBADMSG;
	if (head.magic != REGION_MAGIC || head.slot != slot ||
	    head.gen != gen || !cells_valid(head.cells))
		return -EBADMSG;
	/* mapped behind the end it would be SIGBUS */
	if (fstat(fd, &st) < 0 ||
	    (uint64_t)st.st_size < at + gm_region_span(head.cells))
		return -EBADMSG;
	*cells = head.cells;
	return 0;
}

static struct gm_ring_ref
ring_ref(int fd, const struct gm_region_ref *ref, enum gm_which which)
{
	uint8_t *base = (uint8_t *)ref->region - ref->at;
	uint64_t heads = array_at(ref->at, ref->cells, 2 * (int)which);
	uint64_t bodies = array_at(ref->at, ref->cells, 2 * (int)which + 1);

	return (struct gm_ring_ref){
		.ring = &ref->region->ring[which],
		.heads = (struct gm_cell *)(void *)(base + heads),
		.bodies = base + bodies,
		.cells = ref->cells,
		.fd = fd,
		.heads_at = heads,
		.bodies_at = bodies,
		.id = gm_region_id(ref->at, which),
		.proved = GM_RING_CELLS_START, /* never given back */
	};
}

static int
map(void *beside, int protection, int fd, uint64_t at, uint32_t slot,
    uint32_t gen, struct gm_region_ref *out)
{
	uint32_t cells;
	int status = read_cells(fd, at, slot, gen, &cells);
	void *base;

	if (status != 0)
		return status;
	out->mapped = gm_region_span(cells);
	base = mmap(beside, out->mapped, protection, MAP_SHARED, fd, (off_t)at);
	if (base == MAP_FAILED)
		return -errno;
	/* in a core dump it would only delay the word of a death */
	madvise(base, out->mapped, MADV_DONTDUMP);
	out->region = base;
	out->at = at;
	out->cells = cells;
	out->ring[GM_MAILBOX] = ring_ref(fd, out, GM_MAILBOX);
	out->ring[GM_REPLIES] = ring_ref(fd, out, GM_REPLIES);
	return 0;
}

int
gm_region_map(int fd, uint64_t at, uint32_t slot, uint32_t gen, bool writable,
    struct gm_region_ref *out)
{
	return map(NULL, writable ? PROT_READ | PROT_WRITE : PROT_READ, fd, at,
	    slot, gen, out);
}

int
gm_region_map_beside(void *beside, int fd, uint64_t at, uint32_t slot,
    uint32_t gen, struct gm_region_ref *out)
{
	return map(beside, PROT_READ | PROT_WRITE, fd, at, slot, gen, out);
}

bool
gm_region_sound(const struct gm_region_ref *ref, uint32_t slot, uint32_t gen)
{
	const struct gm_region *region = ref->region;

	return gm_once(region->magic) == REGION_MAGIC &&
	       gm_once(region->cells) == ref->cells &&
	       gm_once(region->slot) == slot && gm_once(region->gen) == gen;
}

void
gm_region_unmap(struct gm_region_ref *ref)
{
	if (ref->region != NULL)
		munmap(ref->region, ref->mapped);
	ref->region = NULL;
}

static bool
punch(int fd, uint64_t at, uint64_t size)
{
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		   (off_t)at, (off_t)size) == 0;
}

void
gm_region_punch(int fd, uint64_t at, uint32_t cells)
{
	/* what cannot be punched is wasted until the node ends */
	(void)!punch(fd, at, gm_region_span(cells));
}

bool
gm_region_clean(int fd, uint64_t at, uint32_t cells)
{
	static const uint8_t zeros[GM_RING_CELLS_START * GM_CELL];
	const uint64_t kept = sizeof(zeros);
	bool done = pwrite(fd, zeros, GM_PAGE, (off_t)at) == GM_PAGE;

	for (int i = 0; i < 4; i++) {
		uint64_t array = array_at(at, cells, i);

		/* what it has grown by, then what is left */
		done =
		    done &&
		    punch(fd, array + kept, cells * (uint64_t)GM_CELL - kept) &&
		    pwrite(fd, zeros, kept, (off_t)array) == (ssize_t)kept;
	}
	return done;
}

int
gm_region_look(int fd, uint64_t at, uint32_t cells, uint32_t slot, uint32_t gen,
    struct gm_region_load *out)
{
	struct gm_region copy;
	struct gm_ring_ref mailbox = { .ring = &copy.ring[GM_MAILBOX],
		.cells = cells,
		.fd = fd,
		.heads_at = array_at(at, cells, 0) };
	struct gm_ring_ref replies = { .ring = &copy.ring[GM_REPLIES],
		.cells = cells };

	if (!cells_valid(cells) ||
	    pread(fd, &copy, sizeof(copy), (off_t)at) != sizeof(copy) ||
	    copy.magic != REGION_MAGIC || copy.slot != slot ||
	    copy.gen != gen || copy.cells != cells)
		return -EBADMSG;
	out->messages = gm_ring_count(&mailbox);
	out->bytes = gm_ring_allocated(&mailbox) + gm_ring_allocated(&replies);
	return 0;
}

void
gm_region_set_cpu(const struct gm_region_ref *ref, uint32_t cpu)
{
	if (gm_load(&ref->region->cpu, relaxed) != cpu)
		gm_store(&ref->region->cpu, cpu, relaxed);
}

uint32_t
gm_region_cpu(const struct gm_region_ref *ref)
{
	return gm_load(&ref->region->cpu, relaxed);
}
