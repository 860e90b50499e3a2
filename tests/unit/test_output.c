/* SPDX-License-Identifier: Apache-2.0 */
/* Output of servers in lines, named by the process table. */
#include "tests/runner.h"

#include "lib/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct sink {
	char path[512];
	struct gsi_logfile file;
	struct gm_arena arena;
	struct gsi_output *output;
};

static struct sink *
sink_open(bool with_table)
{
	struct sink *s = calloc(1, sizeof(*s));
	char why[32];

	snprintf(s->path, sizeof(s->path), "%s/out.log", test_dir());
	CHECK_INT(gsi_logfile_open(&s->file, s->path), 0);
	if (with_table)
		CHECK_OK(gm_arena_create(&s->arena, NULL, why));
	s->output = gsi_output_new(&s->file, with_table ? &s->arena : NULL);
	CHECK(s->output != NULL);
	return s;
}

static char *
sink_close(struct sink *s)
{
	FILE *file;
	char *text = calloc(1, 1 << 20);

	gsi_output_flush(s->output, true);
	gsi_output_free(s->output);
	gsi_logfile_close(&s->file);
	if (s->arena.header)
		gm_arena_close(&s->arena);
	file = fopen(s->path, "r");
	CHECK(file != NULL);
	text[fread(text, 1, (1 << 20) - 1, file)] = '\0';
	fclose(file);
	free(s);
	return text;
}

static void
take(struct sink *s, int os_pid, const char *text)
{
	gsi_output_take(s->output, os_pid, text, strlen(text));
}

static int
count(const char *text, const char *what)
{
	int n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

static void
name_slot(
    struct sink *s, uint32_t slot, uint32_t gen, int os_pid, const char *name)
{
	struct gm_entry *entry;

	CHECK_OK(gm_arena_grow(&s->arena, slot));
	entry = &s->arena.table[slot];
	gm_store(&entry->os_pid, (uint32_t)os_pid, relaxed);
	if (name)
		gm_name_put(&s->arena, slot, name, strlen(name));
	gm_store(&entry->word, gm_word_of(gen, GM_LIVE), release);
}

TEST(output_cuts_endless_lines)
{
	struct sink *s = sink_open(false);
	char block[1000], *text;
	size_t sum = 0;

	memset(block, 'x', sizeof(block));
	for (int i = 0; i < 100; i++)
		gsi_output_take(s->output, 5, block, sizeof(block));
	gsi_output_take(s->output, 5, "\n", 1);
	text = sink_close(s);
	for (char *p = text; *p; p = strchr(p, '\n') + 1)
		CHECK(strchr(p, '\n') - p < 8192 + 100);
	for (char *p = text; *p; p++)
		sum += *p == 'x';
	CHECK_INT(sum, 100000);
	CHECK_INT(count(text, "\n"), 13);
	free(text);
}

/* One write of many kilobytes without an end, and lines in pieces. */
TEST(output_puts_pieces_together)
{
	struct sink *s = sink_open(false);
	char *text;

	take(s, 7, "a");
	take(s, 8, "other\n");
	take(s, 7, "b");
	take(s, 7, "c\nnext\n\nrest");
	CHECK(gsi_output_wait(s->output) > 0);
	take(s, 7, "\n");
	CHECK_INT(gsi_output_wait(s->output), -1);
	text = sink_close(s);
	CHECK(strstr(text, "\tother\n"));
	CHECK(strstr(text, "\tabc\n"));
	CHECK(strstr(text, "\tnext\n"));
	CHECK(strstr(text, "\t\n"));
	CHECK(strstr(text, "\trest\n"));
	CHECK_INT(count(text, "\n"), 5);
	free(text);
}

/* More unfinished lines than it keeps: none is lost. */
TEST(output_bounds_unfinished_lines)
{
	struct sink *s = sink_open(false);
	char part[64], *text;

	for (int i = 1; i <= 200; i++) {
		snprintf(part, sizeof(part), "part of %d;", i);
		take(s, i, part);
	}
	text = sink_close(s);
	for (int i = 1; i <= 200; i++) {
		snprintf(part, sizeof(part), "\tpart of %d;\n", i);
		CHECK_INT(count(text, part), 1);
	}
	free(text);
}

TEST(output_is_named_by_the_table)
{
	struct sink *s = sink_open(true);
	char *text, want[128];
	uint32_t node = s->arena.header->creation;

	name_slot(s, 1, 5, 1001, "first");
	name_slot(s, 2, 6, 1002, NULL);
	take(s, 1001, "one\n");
	take(s, 1002, "two\n");
	take(s, 999999, "three\n");
	text = sink_close(s);
	snprintf(want, sizeof(want), "\tfirst\t<%u.1.5>\tone\n", node);
	CHECK(strstr(text, want));
	snprintf(want, sizeof(want), "\t\t<%u.2.6>\ttwo\n", node);
	CHECK(strstr(text, want));
	CHECK(strstr(text, "\t\t\tthree\n"));
	free(text);
}

/* Last lines come when the table has forgotten; a new holder is seen. */
TEST(output_keeps_the_name_of_the_dead)
{
	struct sink *s = sink_open(true);
	struct gm_entry *entry;
	char *text;

	name_slot(s, 1, 5, 1001, "first");
	take(s, 1001, "alive\n");
	entry = &s->arena.table[1];
	gm_name_drop(&s->arena, 1);
	gm_store(&entry->word, gm_word_of(5, GM_DEAD), release);
	take(s, 1001, "dying\n");
	gm_store(&entry->word, gm_word_of(5, GM_FREE), release);
	take(s, 1001, "dead\n");
	gm_store(&entry->os_pid, 1003, relaxed);
	gm_name_put(&s->arena, 1, "second", 6);
	gm_store(&entry->word, gm_word_of(6, GM_LIVE), release);
	take(s, 1003, "fresh\n");
	text = sink_close(s);
	CHECK(strstr(text, ".1.5>\tdead\n"));
	CHECK_INT(count(text, "\tfirst\t"), 3);
	CHECK(strstr(text, "\tsecond\t"));
	CHECK(strstr(text, ".1.6>\tfresh\n"));
	free(text);
}

/* A helper that a server forked speaks in the server's name. */
TEST(output_of_a_helper_is_its_servers)
{
	struct sink *s = sink_open(true);
	char *text;
	pid_t helper;

	CHECK_OK(setpgid(0, 0));
	name_slot(s, 1, 5, getpid(), "server");
	helper = fork();
	if (helper == 0) {
		pause();
		_exit(0);
	}
	take(s, helper, "help\n");
	test_kill(helper);
	text = sink_close(s);
	CHECK(strstr(text, "\tserver\t"));
	free(text);
}
