/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold after one call has failed: an answer or an error in words;
 * the node and the others as they were; and after its end nothing is left.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/runner.h"
#include "tests/syscalls/faults.h"
#include "tests/syscalls/stage.h"

/* ---- a command ---- */

/* Statuses of cli.md that a failing call may lead to; 1 is the actor's. */
static bool
sane_status(int status)
{
	static const int sane[] = { 1, 3, 4, 5, 69, 70, 75, 77, 78, 125 };

	for (size_t i = 0; i < sizeof(sane) / sizeof(sane[0]); i++)
		if (sane[i] == status)
			return true;
	return false;
}

/* "gsctl: what: why", said by somebody who has a name. */
static bool
good_words(const char *output)
{
	const char *line = strstr(output, "gsctl: ");

	if (line == NULL)
		line = strstr(output, "actor: ");
	return line != NULL && strlen(line) > 20 &&
	       strchr(line + 7, ' ') != NULL;
}

/* Without the reports that a node without a log writes between the lines. */
static void
answer(const char *output, char text[OUTPUT])
{
	char kept[OUTPUT];
	size_t n = 0;

	while (*output != '\0') {
		size_t line = strcspn(output, "\n");

		line += output[line] == '\n';
		if (strncmp(output, "20", 2) != 0 &&
		    strncmp(output, "    ", 4) != 0) {
			memcpy(kept + n, output, line);
			n += line;
		}
		output += line;
	}
	kept[n] = '\0';
	words_plain(kept, text, OUTPUT);
}

/* Where its words should be, nothing could be written. */
static bool
speechless(const struct play *play)
{
	return play->aim != NULL &&
	       strstr(play->aim->key, " write /memfd:output") != NULL;
}

void
judge_step(struct stage *stage, const struct step *step,
    const struct outcome *got, const struct outcome *wanted)
{
	char a[OUTPUT], b[OUTPUT], ending[100];

	if (got->status == -1)
		return; /* has been said */
	answer(got->output, a);
	answer(wanted->output, b);
	if (got->status == wanted->status) {
		/* a sweep that has left something shows it */
		if ((step->flags & STEP_BACK) == 0 && strcmp(a, b) != 0 &&
		    strstr(a, "\tstale") == NULL && !speechless(stage->play))
			stage_trouble(stage, "step %d answers '%s', not '%s'",
			    stage->number, got->output, wanted->output);
		return;
	}
	if (WIFSIGNALED(got->status) ||
	    !sane_status(WEXITSTATUS(got->status)) ||
	    (!good_words(got->output) && !speechless(stage->play)))
		stage_trouble(stage, "step %d: %s: '%s'", stage->number,
		    test_ending(got->status, ending, sizeof(ending)),
		    got->output);
	if (strstr(got->output, "by signal") != NULL)
		stage_trouble(stage, "something crashed: '%s'", got->output);
	words_note(got->output);
	if (stage->play->aim != NULL && getenv("GS_VERBOSE") != NULL)
		printf("# %s %d %s: %s", stage->play->aim->key,
		    stage->play->aim->nth, fault_name(stage->play->aim->error),
		    got->output);
}

/* ---- descriptors ---- */

/* The fewest that were ever seen: somebody may just be leaving. */
static void
fewest(struct stage *stage, const int *counts)
{
	int *least = stage->play->least;

	for (int i = 0; i < COUNTS; i++)
		if (least[i] == 0 || counts[i] < least[i] - 1)
			least[i] = counts[i] + 1;
}

/* ---- the node ---- */

static void
probe(struct stage *stage, char *text, size_t size)
{
	static const char *const words[] = { "actor", "probe", NULL };
	struct outcome outcome;

	stage->number = 90;
	stage_run(stage, &outcome, words);
	if (outcome.status != 0)
		stage_trouble(
		    stage, "the node is not well: %s", outcome.output);
	snprintf(text, size, "%.*s", (int)size - 1, outcome.output);
}

void
judge_before(struct stage *stage)
{
	int counts[COUNTS];

	probe(stage, stage->bystander, sizeof(stage->bystander));
	pump_settle(stage->pump, 4, 300);
	holdings_count(stage, counts);
	fewest(stage, counts);
}

static void
run_well(struct stage *stage, const char *what, const char *const *words)
{
	struct outcome outcome;
	char ending[100];

	stage->number = 91;
	stage_run(stage, &outcome, words);
	if (outcome.status != 0)
		stage_trouble(stage, "%s afterwards: %s: %s", what,
		    test_ending(outcome.status, ending, sizeof(ending)),
		    outcome.output);
}

static const char *const up[] = { "gsctl", "up", NULL };
static const char *const down[] = { "gsctl", "down", NULL };
static const char *const start[] = { "gsctl", "start", "--name", "by", "kit.so",
	NULL };

static const char *const start_y[] = { "gsctl", "start", "--name", "y",
	"kit.so", NULL };
static const char *const stop_y[] = { "gsctl", "stop", "y", NULL };

/* A death or a leave takes a moment. */
static bool
settled(struct stage *stage, int *now)
{
	const struct timespec pause = { 0, 10000000 };
	int64_t end = now_ms() + 4000 * test_slowness();

	for (;;) {
		holdings_count(stage, now);
		if (stage->play->aim == NULL)
			fewest(stage, now);
		if (!holdings_more(now, stage->play->least))
			return true;
		if (now_ms() >= end)
			return false;
		nanosleep(&pause, NULL);
	}
}

/*
 * Bells on their way to root are nobody's until its next start.  That start may
 * make the node send more, but not the one after it as well.
 */
static void
same_descriptors(struct stage *stage)
{
	static const char *const what[] = { "sockets", "pipes", "files",
		"other descriptors", "bells of nobody" };
	int now[COUNTS];

	for (int i = 0; i < 2; i++) {
		if (settled(stage, now))
			return;
		run_well(stage, "start", start_y);
		run_well(stage, "stop", stop_y);
	}
	if (settled(stage, now))
		return;
	for (int i = 0; i < COUNTS; i++)
		if (now[i] > holdings_most(stage->play->least, i))
			stage_trouble(stage, "%s has %d %s, not %d",
			    i < COUNTS / 2 ? "the node" : "root", now[i],
			    what[i % 5], stage->play->least[i] - 1);
}

/* The node was there before and must be as it was. */
static void
unharmed(struct stage *stage)
{
	static const char *const stop[] = { "gsctl", "stop", "x", NULL };
	char now[sizeof(stage->bystander)] = "";
	const struct timespec pause = { 0, 5000000 };
	int64_t end = now_ms() + 10000;
	struct outcome outcome;

	stage_run(stage, &outcome, stop);
	/* the node may not have buried it yet */
	for (probe(stage, now, sizeof(now));
	     strcmp(now, stage->bystander) != 0 && now_ms() < end;
	     probe(stage, now, sizeof(now)))
		nanosleep(&pause, NULL);
	if (strcmp(now, stage->bystander) != 0)
		stage_trouble(stage, "was: %snow: %s", stage->bystander, now);
	if (stage->play->trouble[0] == '\0')
		same_descriptors(stage);
	run_well(stage, "down", down);
}

void
judge_node(struct stage *stage)
{
	const struct scene *scene = stage->play->scene;
	bool well = stage->play->got[0].status == 0;

	if (scene->set && !scene->ends) {
		unharmed(stage);
	} else if (!scene->ends && well) {
		run_well(stage, "start", start);
		run_well(stage, "down", down);
	} else if (scene->set && pump_gone(stage->pump, 500) != 0) {
		/* it was told to go, and it failed: once more */
		run_well(stage, "down", down);
	}
}

/* ---- the end ---- */

static bool
left_in(struct stage *stage, const char *dir, const char *part, char *text)
{
	struct dirent *entry;
	DIR *d = opendir(dir);
	bool found = false;
	size_t n;

	(void)stage;
	while (d != NULL && (entry = readdir(d)) != NULL) {
		n = strlen(entry->d_name);
		if (entry->d_name[0] == '.' ||
		    strstr(entry->d_name, part) == NULL ||
		    strstr(entry->d_name, ".log") != NULL || n > 150)
			continue;
		sprintf(text, "%s/%s", dir, entry->d_name);
		found = true;
	}
	if (d != NULL)
		closedir(d);
	return found;
}

static bool
leftovers(struct stage *stage, char text[400])
{
	return left_in(stage, stage->dir, "", text) ||
	       left_in(stage, "/dev/shm", stage->node, text);
}

/* A server that crashed, by what the node has written about it. */
static void
look_at_log(struct stage *stage)
{
	char path[300], line[1000], *at;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.log", stage->dir, stage->node);
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		at = strstr(line, "signal:");
		if (at != NULL)
			stage_trouble(stage, "in the log: %s", line);
	}
	if (file != NULL)
		fclose(file);
}

/* A node could not remove something: the next one has to. */
static bool
may_leave(const struct play *play)
{
	/* a sweep that failed and said so */
	if (strcmp(play->scene->name, "prune") == 0 &&
	    (play->got[1].status != 0 ||
		strstr(play->got[1].output, "\tstale") != NULL))
		return true;
	return play->aim != NULL &&
	       (strstr(play->aim->key, " unlink ") ||
		   strstr(play->aim->key, "gs-node#1 openat /dev/shm") ||
		   strstr(play->aim->key, "F_OFD_SETLK"));
}

void
judge_end(struct stage *stage)
{
	bool well = stage->play->trouble[0] == '\0', again;
	char text[400];

	look_at_log(stage);
	snprintf(text, sizeof(text), "%s/%s.log.1", stage->dir, stage->node);
	unlink(text);
	again = leftovers(stage, text);
	if (again && !may_leave(stage->play))
		stage_trouble(stage, "%s is left", text);
	again |= stage->play->got[0].status != 0;
	if (again && well) {
		run_well(stage, "up", up);
		run_well(stage, "down", down);
		if (pump_gone(stage->pump, 10000) != 0)
			stage_trouble(stage, "a process is left at last");
		if (leftovers(stage, text))
			stage_trouble(stage, "%s is left at last", text);
	}
}
