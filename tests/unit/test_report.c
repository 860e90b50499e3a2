/* SPDX-License-Identifier: Apache-2.0 */
/* Reports on their way: what is sent is what is read, garbage is refused. */
#include "tests/runner.h"

#include "lib/record.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct wire {
	int fds[2];
	char data[GSI_RECORD_MAX];
	ssize_t size;
	struct gsi_record record;
};

static struct wire *
wire_open(void)
{
	struct wire *w = calloc(1, sizeof(*w));

	CHECK_OK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, w->fds));
	return w;
}

static void
wire_close(struct wire *w)
{
	close(w->fds[0]);
	close(w->fds[1]);
	free(w);
}

static bool
wire_read(struct wire *w)
{
	w->size = recv(w->fds[1], w->data, sizeof(w->data), MSG_DONTWAIT);
	return w->size > 0 &&
	       gsi_record_read(w->data, (size_t)w->size, &w->record);
}

static const gs_pid some_pid = { 1, 2, 3 };

TEST(report_is_read_as_it_was_sent)
{
	struct wire *w = wire_open();
	struct gsi_field fields[] = { { "reason", "boom", 4 },
		{ "state", "\0\1\2", 3 }, { "empty", NULL, 0 } };
	int64_t before = gsi_record_time();

	gsi_report(w->fds[0], GSI_ERROR_LEVEL, "crash", "name", some_pid,
	    "text", fields, 3);
	CHECK(wire_read(w));
	CHECK_INT(w->record.level, GSI_ERROR_LEVEL);
	CHECK(gs_is(w->record.kind, "crash"));
	CHECK(gs_is(w->record.name, "name"));
	CHECK(gs_is(w->record.text, "text"));
	CHECK(gs_pid_equal(w->record.pid, some_pid));
	CHECK(w->record.time >= before);
	CHECK(w->record.time <= gsi_record_time());
	CHECK_INT(w->record.n_fields, 3);
	CHECK(gs_is(w->record.fields[0].key, "reason"));
	CHECK(gs_is(w->record.fields[0].value, "boom"));
	CHECK_INT(w->record.fields[1].value.size, 3);
	CHECK_INT(w->record.fields[2].value.size, 0);
	wire_close(w);
}

TEST(report_without_anything)
{
	struct wire *w = wire_open();

	gsi_report(w->fds[0], GSI_DEBUG, NULL, NULL, GS_NO_PID, NULL, NULL, 0);
	CHECK(wire_read(w));
	CHECK_INT(w->record.text.size, 0);
	CHECK_INT(w->record.n_fields, 0);
	gsi_report(-1, GSI_DEBUG, "x", "y", GS_NO_PID, "z", NULL, 0);
	CHECK(!wire_read(w));
	wire_close(w);
}

TEST(report_is_cut_to_size)
{
	struct wire *w = wire_open();
	struct gsi_field fields[20];
	char *large = malloc(100000);
	size_t sum = 0;

	memset(large, 'x', 100000);
	large[99999] = '\0';
	for (int i = 0; i < 20; i++)
		fields[i] = (struct gsi_field){ "key", large, 100000 };
	gsi_report(
	    w->fds[0], GSI_NOTICE, large, large, some_pid, large, fields, 20);
	CHECK(wire_read(w));
	CHECK_INT(w->record.kind.size, 128);
	CHECK_INT(w->record.text.size, GSI_PART_MAX);
	CHECK_INT(w->record.n_fields, GSI_FIELDS_MAX);
	CHECK_INT(w->record.fields[0].value.size, GSI_PART_MAX);
	for (int i = 0; i < GSI_FIELDS_MAX; i++)
		sum += w->record.fields[i].value.size;
	CHECK(sum < GSI_RECORD_MAX);
	free(large);
	wire_close(w);
}

/* LOG-13 */
TEST(report_never_blocks_and_never_fails)
{
	struct wire *w = wire_open();
	char text[4000];
	int64_t before = now_ms();
	int n = 0;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 10000; i++)
		gsi_report(
		    w->fds[0], GSI_NOTICE, "k", "n", some_pid, text, NULL, 0);
	while (wire_read(w))
		n++;
	CHECK(n > 0 && n < 10000);
	CHECK(now_ms() - before < 20000);
	shutdown(w->fds[1], SHUT_RDWR);
	gsi_report(w->fds[0], GSI_NOTICE, "k", "n", some_pid, text, NULL, 0);
	gsi_report(9999, GSI_NOTICE, "k", "n", some_pid, text, NULL, 0);
	wire_close(w);
}

/* Every cut and every changed byte of a good one is read without harm. */
TEST(report_garbage_is_refused_or_harmless)
{
	struct wire *w = wire_open();
	struct gsi_field fields[] = { { "a", "1", 1 }, { "b", "22", 2 } };
	struct gsi_record record;
	uint32_t seed = 5;

	gsi_report(w->fds[0], GSI_WARNING, "kind", "name", some_pid, "text",
	    fields, 2);
	CHECK(wire_read(w));
	for (ssize_t n = 0; n < w->size; n++) {
		char *exact = malloc((size_t)n + 1);

		memcpy(exact, w->data, (size_t)n);
		CHECK(!gsi_record_read(exact, (size_t)n, &record));
		free(exact);
	}
	for (int i = 0; i < 100000; i++) {
		char *copy = malloc((size_t)w->size);

		memcpy(copy, w->data, (size_t)w->size);
		for (int k = 0; k < 3; k++) {
			seed = seed * 1664525 + 1013904223;
			copy[seed % (uint32_t)w->size] = (char)(seed >> 24);
		}
		if (gsi_record_read(copy, (size_t)w->size, &record)) {
			const char *end =
			    (const char *)record.text.data + record.text.size;

			CHECK(end <= copy + w->size);
			CHECK(record.n_fields <= GSI_FIELDS_MAX);
		}
		free(copy);
	}
	wire_close(w);
}
