/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports: one datagram each, from any process to the logger.  The rule: the
 * sender never waits and never fails; the reader believes no length.
 *
 *	head | sizes of kind, name, text, then key, value of each field | bytes
 */
#include <sys/socket.h>
#include <time.h>

#include "lib/record.h"

#define MAGIC 0x67736c31u
#define WORD_MAX 128u /* kind, name, key */
#define PARTS_MAX (3 + 2 * GSI_FIELDS_MAX)

struct report_head {
	uint32_t magic;
	uint16_t level;
	uint16_t parts;
	gs_pid pid;
	uint32_t pad;
	int64_t time;
};

struct report {
	struct report_head head;
	uint32_t sizes[PARTS_MAX];
};

/* What is being put together: nothing is copied before sendmsg. */
struct parts {
	struct iovec iov[PARTS_MAX + 1];
	uint32_t *sizes;
	int n;
	size_t room;
};

int64_t
gsi_record_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
add(struct parts *p, const void *data, size_t size, size_t most)
{
	if (size > most)
		size = most;
	if (size > p->room)
		size = p->room;
	if (!data)
		size = 0;
	p->room -= size;
	p->sizes[p->n++] = (uint32_t)size;
	p->iov[p->n].iov_base = (void *)(uintptr_t)data;
	p->iov[p->n].iov_len = size;
}

static void
add_text(struct parts *p, const char *text, size_t most)
{
	add(p, text, text ? strnlen(text, most) : 0, most);
}

static void
post(int socket, struct report *report, struct parts *p)
{
	struct msghdr message = { .msg_iov = p->iov,
		.msg_iovlen = (size_t)p->n + 1 };

	report->head.parts = (uint16_t)p->n;
	p->iov[0].iov_base = report;
	p->iov[0].iov_len =
	    sizeof(report->head) + (size_t)p->n * sizeof(report->sizes[0]);
	sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void
gsi_report(int socket, enum gsi_level level, const char *kind, const char *name,
    gs_pid pid, const char *text, const struct gsi_field *fields, int n_fields)
{
	struct report report = {
		.head = { .magic = MAGIC, .level = (uint16_t)level, .pid = pid }
	};
	struct parts p = { .sizes = report.sizes,
		.room = GSI_RECORD_MAX - sizeof(report) };
	int saved = errno;

	if (socket < 0)
		return;
	report.head.time = gsi_record_time();
	add_text(&p, kind, WORD_MAX);
	add_text(&p, name, WORD_MAX);
	add_text(&p, text, GSI_PART_MAX);
	for (int i = 0; i < n_fields && i < GSI_FIELDS_MAX; i++) {
		add_text(&p, fields[i].key, WORD_MAX);
		add(&p, fields[i].data, fields[i].size, GSI_PART_MAX);
	}
	post(socket, &report, &p);
	errno = saved;
}

/* Cuts the next part off what is left. */
static bool
cut(gs_bytes *rest, uint32_t size, gs_bytes *part)
{
	if (size > rest->size)
		return false;
	*part = gs_bytes_of(rest->data, size);
	rest->data = (const char *)rest->data + size;
	rest->size -= size;
	return true;
}

static bool
read_parts(gs_bytes rest, const struct report *report, struct gsi_record *out)
{
	gs_bytes *fixed[3] = { &out->kind, &out->name, &out->text };
	const uint32_t *size = report->sizes;

	for (int i = 0; i < 3; i++) {
		if (!cut(&rest, *size++, fixed[i]))
			return false;
	}
	for (int i = 0; i < out->n_fields; i++) {
		if (!cut(&rest, *size++, &out->fields[i].key) ||
		    !cut(&rest, *size++, &out->fields[i].value))
			return false;
	}
	return rest.size == 0;
}

bool
gsi_record_read(const void *data, size_t size, struct gsi_record *out)
{
	struct report report;
	gs_bytes rest;
	size_t table;

	if (size < sizeof(report.head))
		return false;
	memcpy(&report.head, data, sizeof(report.head));
	if (report.head.magic != MAGIC || report.head.level > GSI_ERROR_LEVEL ||
	    report.head.parts < 3 || report.head.parts > PARTS_MAX ||
	    report.head.parts % 2 == 0)
		return false;
	table = report.head.parts * sizeof(report.sizes[0]);
	if (size - sizeof(report.head) < table)
		return false;
	rest = gs_bytes_of((const char *)data + sizeof(report.head),
	    size - sizeof(report.head));
	memcpy(report.sizes, rest.data, table);
	rest = gs_bytes_of((const char *)rest.data + table, rest.size - table);
	out->time = report.head.time;
	out->level = (enum gsi_level)report.head.level;
	out->pid = report.head.pid;
	out->n_fields = (report.head.parts - 3) / 2;
	return read_parts(rest, &report, out);
}
