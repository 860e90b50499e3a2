/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the log of a named node, lines of TIME, LEVEL, KIND, NAME, PID, TEXT
 * and key=value fields, all separated by tabs.
 */
#include "tests/conformance/log.h"

#include <fcntl.h>

static const char *
log_text(void)
{
	static char text[1 << 20];
	gs_node_info info;
	ssize_t n;
	int fd;

	CHECK_OK(gs_node_inspect(&info));
	fd = open(info.log, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		FAIL("log \"%s\": %s", info.log, strerror(errno));
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	CHECK(n >= 0);
	text[n] = '\0';
	return text;
}

/* Copies the n-th tab-separated field of a line. */
static void
log_column(const char *line, int n, char *out, size_t size)
{
	size_t length;

	while (n-- > 0) {
		line += strcspn(line, "\t\n");
		line += *line == '\t';
	}
	length = strcspn(line, "\t\n");
	if (length >= size)
		length = size - 1;
	memcpy(out, line, length);
	out[length] = '\0';
}

static bool
is_report(const char *line, const char *kind, const char *who)
{
	char field[256];

	log_column(line, 2, field, sizeof(field));
	if (kind && strcmp(field, kind) != 0)
		return false;
	if (!who)
		return true;
	log_column(line, 3, field, sizeof(field));
	if (strcmp(field, who) == 0)
		return true;
	log_column(line, 4, field, sizeof(field));
	return strcmp(field, who) == 0;
}

/* Counts the reports; *first and *last are in the log's text. */
static int
find_reports(
    const char *kind, const char *who, const char **first, const char **last)
{
	const char *line = log_text();
	int count = 0;

	*first = *last = NULL;
	while (strchr(line, '\n')) {
		if (is_report(line, kind, who)) {
			if (count++ == 0)
				*first = line;
			*last = line;
		}
		line = strchr(line, '\n') + 1;
	}
	return count;
}

int
reports(const char *kind, const char *who)
{
	const char *first, *last;

	return find_reports(kind, who, &first, &last);
}

struct wanted_reports {
	const char *kind;
	const char *who;
	int count;
};

static bool
reports_reached(void *data)
{
	const struct wanted_reports *wanted = data;

	return reports(wanted->kind, wanted->who) >= wanted->count;
}

bool
wait_reports(const char *kind, const char *who, int count)
{
	struct wanted_reports wanted = { kind, who, count };

	if (eventually(reports_reached, &wanted, SOON))
		return true;
	fprintf(stderr, "the log is:\n%s", log_text());
	return false;
}

static const char *
copy_line(const char *from)
{
	static char line[32768];
	size_t length;

	if (!from)
		return NULL;
	length = strcspn(from, "\n");
	CHECK(length < sizeof(line));
	memcpy(line, from, length);
	line[length] = '\0';
	return line;
}

const char *
report(const char *kind, const char *who)
{
	const char *first, *last;

	find_reports(kind, who, &first, &last);
	return copy_line(first);
}

const char *
last_report(const char *kind, const char *who)
{
	const char *first, *last;

	find_reports(kind, who, &first, &last);
	return copy_line(last);
}

const char *
report_field(const char *line, const char *key)
{
	static char field[16384];
	size_t size = strlen(key);
	int i;

	if (strcmp(key, "kind") == 0) {
		log_column(line, 2, field, sizeof(field));
		return field;
	}
	if (strcmp(key, "level") == 0 || strcmp(key, "text") == 0) {
		log_column(line, *key == 'l' ? 1 : 5, field, sizeof(field));
		return field;
	}
	for (i = 6; i < 40; i++) {
		log_column(line, i, field, sizeof(field));
		if (strncmp(field, key, size) == 0 && field[size] == '=')
			return field + size + 1;
	}
	return NULL;
}

void
field_has(const char *line, const char *key, const char *text)
{
	const char *field = report_field(line, key);

	if (!field || !strstr(field, text))
		FAIL(
		    "%s is \"%s\" in: %s", key, field ? field : "(none)", line);
}
