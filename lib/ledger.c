/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root supervisor's list of children, in a file without a name that the
 * node holds and only root ever opens, so that the next root can go on where
 * a killed one stopped.  No server and no client can reach it.
 *
 *	head | last reason | restart times | spec      in units of 128 bytes
 *
 * The rule: a head is one unit, so it lies in one page, and one write of it
 * is whole or is not there at all, wherever SIGKILL falls.  A record counts
 * from the moment its head has a serial, which is written last.  Reason and
 * times are written before the head; a torn reason is a wrong word in a
 * report, a torn time one restart more or less.
 *
 *   killed          leaves                          repaired by
 *   in add          a hole, or bytes behind the end  written over
 *   in save         the record as it was             root asks the tables
 *   in remove       the record, or a hole            nothing to repair
 */
#include "lib/ledger.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/spec.h"

#define UNIT ((uint64_t)sizeof(struct gsi_ledger_head))
#define REASON_BYTES ((uint64_t)GS_REASON_MAX + 1)
#define RECORD_MAX (1u << 24) /* units */

static uint64_t
rounded(uint64_t bytes)
{
	return (bytes + UNIT - 1) / UNIT * UNIT;
}

static uint64_t
spec_offset(const struct gsi_ledger_head *head)
{
	return UNIT + REASON_BYTES + rounded(head->max_times * 8ull);
}

static int
write_all(int fd, const void *data, size_t size, uint64_t at)
{
	const char *from = data;

	while (size > 0) {
		ssize_t n = pwrite(fd, from, size, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		from += n;
		at += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

static bool
read_all(int fd, void *data, size_t size, uint64_t at)
{
	char *to = data;

	while (size > 0) {
		ssize_t n = pread(fd, to, size, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		to += n;
		at += (uint64_t)n;
		size -= (size_t)n;
	}
	return true;
}

/* ---- holes ---- */

static void
note_hole(struct gsi_ledger *ledger, uint64_t at, uint32_t units)
{
	if (ledger->n_holes == ledger->max_holes) {
		uint32_t max = ledger->max_holes * 2 + 16;
		struct gsi_ledger_hole *holes =
		    realloc(ledger->holes, max * sizeof(*holes));

		if (holes == NULL)
			return; /* not used again, no more */
		ledger->holes = holes;
		ledger->max_holes = max;
	}
	ledger->holes[ledger->n_holes++] =
	    (struct gsi_ledger_hole){ at, units };
}

/* The last hole that is neither too small nor twice too large. */
static bool
take_hole(
    struct gsi_ledger *ledger, uint32_t units, uint64_t *at, uint32_t *got)
{
	for (uint32_t i = ledger->n_holes; i-- > 0;) {
		struct gsi_ledger_hole hole = ledger->holes[i];

		if (hole.units < units || hole.units / 2 > units)
			continue;
		ledger->holes[i] = ledger->holes[--ledger->n_holes];
		*at = hole.at;
		*got = hole.units;
		return true;
	}
	return false;
}

/* ---- records ---- */

static bool
plausible(const struct gsi_ledger_head *head)
{
	return head->units <= RECORD_MAX &&
	       head->max_times <= GSI_LEDGER_TIMES &&
	       head->n_times <= head->max_times &&
	       head->spec_size >= sizeof(struct gsi_spec) &&
	       head->spec_size <= head->units * UNIT &&
	       spec_offset(head) + head->spec_size <= head->units * UNIT;
}

/* True when the record could be read, whatever each made of it. */
static bool
read_record(const struct gsi_ledger *ledger, uint64_t at,
    const struct gsi_ledger_head *head,
    void (*each)(void *data, uint64_t at, const struct gsi_ledger_head *head,
	const struct gsi_ledger_tail *tail, const void *spec),
    void *data)
{
	struct gsi_ledger_tail tail = { { 0 }, { 0 } };
	void *spec = plausible(head) ? malloc(head->spec_size) : NULL;
	bool good;

	if (spec == NULL)
		return false;
	good =
	    read_all(ledger->fd, tail.last_reason, REASON_BYTES, at + UNIT) &&
	    read_all(ledger->fd, tail.times, head->n_times * 8ul,
		at + UNIT + REASON_BYTES) &&
	    read_all(ledger->fd, spec, head->spec_size, at + spec_offset(head));
	tail.last_reason[GS_REASON_MAX] = '\0';
	if (good)
		each(data, at, head, &tail, spec);
	free(spec);
	return good;
}

void
gsi_ledger_open(struct gsi_ledger *ledger, int fd,
    void (*each)(void *data, uint64_t at, const struct gsi_ledger_head *head,
	const struct gsi_ledger_tail *tail, const void *spec),
    void *data)
{
	struct gsi_ledger_head head;
	struct stat st = { .st_size = 0 };

	memset(ledger, 0, sizeof(*ledger));
	ledger->fd = fd;
	if (fd >= 0 && fstat(fd, &st) != 0)
		return;
	while (fd >= 0 && read_all(fd, &head, sizeof(head), ledger->end) &&
	       head.units != 0 &&
	       ledger->end + head.units * UNIT <= (uint64_t)st.st_size) {
		if (head.serial == 0 ||
		    !read_record(ledger, ledger->end, &head, each, data))
			note_hole(ledger, ledger->end, head.units);
		ledger->end += head.units * UNIT;
	}
	/* of one that was killed in add: the next finds no old words there */
	if (fd >= 0 && (uint64_t)st.st_size > ledger->end)
		(void)!ftruncate(fd, (off_t)ledger->end);
}

static void
write_tail(const struct gsi_ledger *ledger, uint64_t at, uint32_t n_times,
    const struct gsi_ledger_tail *tail)
{
	write_all(ledger->fd, tail->last_reason,
	    strnlen(tail->last_reason, GS_REASON_MAX) + 1, at + UNIT);
	write_all(
	    ledger->fd, tail->times, n_times * 8ul, at + UNIT + REASON_BYTES);
}

int
gsi_ledger_add(struct gsi_ledger *ledger, struct gsi_ledger_head *head,
    const struct gsi_ledger_tail *tail, const void *spec, uint64_t *at)
{
	uint64_t size, place = ledger->end;
	uint32_t units;
	int status;

	*at = 0;
	head->units = 0;
	if (ledger->fd < 0)
		return -EBADF;
	size = spec_offset(head) + rounded(head->spec_size);
	units = (uint32_t)(size / UNIT);
	if (take_hole(ledger, units, &place, &units))
		size = units * UNIT;
	/* the last bytes too, so that the next head stands behind them */
	status = write_all(
	    ledger->fd, spec, head->spec_size, place + spec_offset(head));
	if (status == 0 && place == ledger->end &&
	    ftruncate(ledger->fd, (off_t)(place + size)) != 0)
		status = -errno;
	/* what has never been written is empty */
	if (status == 0 && (place != ledger->end || head->n_times > 0 ||
			       tail->last_reason[0] != '\0'))
		write_tail(ledger, place, head->n_times, tail);
	head->units = units;
	if (status == 0)
		status = write_all(ledger->fd, head, sizeof(*head), place);
	if (status != 0) {
		head->units = 0;
		if (place != ledger->end)
			note_hole(ledger, place, units);
		return status;
	}
	if (place == ledger->end)
		ledger->end += size;
	*at = place;
	return 0;
}

void
gsi_ledger_save(const struct gsi_ledger *ledger, uint64_t at,
    const struct gsi_ledger_head *head, const struct gsi_ledger_tail *tail)
{
	if (ledger->fd < 0 || head->units == 0)
		return;
	if (tail != NULL)
		write_tail(ledger, at, head->n_times, tail);
	write_all(ledger->fd, head, sizeof(*head), at);
}

void
gsi_ledger_remove(
    struct gsi_ledger *ledger, uint64_t at, const struct gsi_ledger_head *head)
{
	struct gsi_ledger_head hole = { .units = head->units };
	uint64_t page = 4096, from, to;

	if (ledger->fd < 0 || head->units == 0)
		return;
	write_all(ledger->fd, &hole, sizeof(hole), at);
	/* large arguments give their memory back */
	from = (at + UNIT + page - 1) / page * page;
	to = (at + head->units * UNIT) / page * page;
	if (to > from)
		fallocate(ledger->fd,
		    FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from,
		    (off_t)(to - from));
	note_hole(ledger, at, head->units);
}
