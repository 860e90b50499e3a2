/* SPDX-License-Identifier: Apache-2.0 */
/* What the soak has done, and when something was wrong, what led to it. */
#ifndef GS_TESTS_SOAK_REPORT_H
#define GS_TESTS_SOAK_REPORT_H

#include "tests/torture/soak_measure.h"

#define SHOWN_ABOUT 60u /* lines of the diary about those who were wrong */
#define SHOWN_LAST 30u

#define X(name) #name,
static const char *const count_names[COUNTED] = { COUNTS(X) };
#undef X

static inline void
print_counts(void)
{
	printf("#");
	for (uint32_t i = 0; i < COUNTED; i++)
		printf(" %s %llu", count_names[i],
		    (unsigned long long)board->count[i]);
	printf("; told of a kill within %lld ms\n", (long long)board->slowest);
}

static inline void
print_measure(const char *when, const struct measure *m)
{
	printf("# %s: arena %llu KB, processes %u, slots %u live %u dead %u "
	       "ever; node %d fds %ld KB, root %d fds %ld KB %d maps, servers "
	       "at most %d fds %ld KB; %d children, %d zombies, %d segments\n",
	    when, (unsigned long long)m->node.arena_used >> 10,
	    m->node.processes, m->live, m->dead, m->high, m->node_fds,
	    m->node_kb, m->root_fds, m->root_kb, m->root_maps, m->server_fds,
	    m->server_kb, m->children, m->zombies, m->segments);
}

static inline void
print_entry(FILE *to, const struct entry *e)
{
	char voice[16] = "-", server[16] = "-";

	if (e->voice != NOBODY)
		snprintf(voice, sizeof(voice), "v%u", e->voice);
	if (e->server != NOBODY)
		snprintf(server, sizeof(server), "kv%u", e->server);
	fprintf(to, "%9lld %s %s %.80s\n", (long long)e->at, voice, server,
	    e->words);
}

static inline bool
is_about(const struct entry *e)
{
	return (board->about_voice != NOBODY &&
		   e->voice == board->about_voice) ||
	       (board->about_server != NOBODY &&
		   e->server == board->about_server);
}

/* Where to begin so that at most n of those that count are printed. */
static inline void
print_last(FILE *to, bool about, uint32_t n)
{
	uint64_t last = gm_load(&board->next_entry, acquire), at = last;

	while (at > 0 && last - at < DIARY && n > 0) {
		at--;
		n -= !about || is_about(&board->entry[at % DIARY]);
	}
	for (; at < last; at++)
		if (!about || is_about(&board->entry[at % DIARY]))
			print_entry(to, &board->entry[at % DIARY]);
}

/* The end of what others wrote to their standard error. */
static inline void
print_log(void)
{
	char text[1025];
	off_t size = lseek(torment.log, 0, SEEK_END);
	ssize_t n = pread(
	    torment.log, text, sizeof(text) - 1, size > 1024 ? size - 1024 : 0);

	text[n > 0 ? n : 0] = '\0';
	printf("the end of the log:\n%s\n", text);
}

/* GS_TEST_DIARY names a file for all that is left of the diary. */
static inline void
read_out(void)
{
	const char *path = getenv("GS_TEST_DIARY");
	FILE *to = path ? fopen(path, "we") : NULL;

	if (to) {
		fprintf(to, "%s\n", board->words);
		print_last(to, false, DIARY);
		fclose(to);
	}
	print_counts();
	print_log();
	printf("the last of all:\n");
	print_last(stdout, false, SHOWN_LAST);
	printf("of voice %d, server %d:\n", (int)board->about_voice,
	    (int)board->about_server);
	print_last(stdout, true, SHOWN_ABOUT);
	FAIL("seed %llu: %s", (unsigned long long)board->seed, board->words);
}

static inline void
look(void)
{
	if (gm_load(&board->failed, acquire) == 2)
		read_out();
}

/* Something that the main program has found. */
#define SHOULD(cond, ...)                                                      \
	do {                                                                   \
		if (!(cond))                                                   \
			wrong(NOBODY, NOBODY, __VA_ARGS__);                    \
		look();                                                        \
	} while (0)

#endif
