/* SPDX-License-Identifier: Apache-2.0 */
/* One command of a scene, from its first word to its end or the deadline. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/runner.h"
#include "tests/syscalls/stage.h"

#define STEP_MS 20000 /* far more than any step takes */

/* A program of the build by its short name; other words stay. */
static char *
expand(const char *word)
{
	static const char *const places[][2] = {
		{ "gsctl", "cmd/gsctl" },
		{ "actor", "tests/syscalls/actor" },
		{ "kit.so", "tests/fixtures/fx_kit.so" },
		{ "program", "tests/fixtures/fx_program" },
	};
	const char *build = getenv("GS_BUILD");
	char *text = NULL;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (strcmp(word, places[i][0]) == 0 &&
		    asprintf(&text, "%s/%s", build != NULL ? build : "build",
			places[i][1]) < 0)
			FAIL("out of memory");
	/* much to send, so that a mailbox grows */
	if (strcmp(word, "MUCH") == 0) {
		text = malloc(60001);
		CHECK(text != NULL);
		memset(text, 'm', 60000);
		text[60000] = '\0';
	}
	return text != NULL ? text : strdup(word);
}

struct command
command_begin(struct stage *stage, const char *const *words)
{
	char *argv[WORDS + 1] = { NULL }, shim[300];
	struct trap_start start = { .argv = argv, .what = stage->play->what };
	struct command c;
	int listener;

	for (int i = 0; i < WORDS && words[i] != NULL; i++)
		argv[i] = expand(words[i]);
	snprintf(shim, sizeof(shim), "%s/tests/syscalls/shim.so",
	    getenv("GS_BUILD") != NULL ? getenv("GS_BUILD") : "build");
	if (start.what == TRAP_ALLOCS)
		start.preload = shim;
	c.out = memfd_create("output", MFD_CLOEXEC);
	fcntl(c.out, F_SETFL, O_APPEND);
	start.out = c.out;
	c.pid = trap_run(&start, &listener);
	CHECK(c.pid > 1);
	if (listener >= 0)
		pump_add(stage->pump, listener);
	for (int i = 0; argv[i] != NULL; i++)
		free(argv[i]);
	return c;
}

void
command_describe(pid_t pid, void *data)
{
	struct stage *stage = data;
	char path[64], comm[32] = "?", call[200] = "?";
	FILE *file;

	if (test_gone(pid))
		return;
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	file = fopen(path, "re");
	if (file != NULL && fscanf(file, "%31[^\n]", comm) != 1)
		comm[0] = '\0';
	if (file != NULL)
		fclose(file);
	snprintf(path, sizeof(path), "/proc/%d/wchan", (int)pid);
	file = fopen(path, "re");
	if (file != NULL && fgets(call, sizeof(call), file) == NULL)
		call[0] = '\0';
	if (file != NULL)
		fclose(file);
	stage_trouble(stage, "  process %d (%s) in %s", (int)pid, comm, call);
}

void
command_finish(struct stage *stage, struct command *c, struct outcome *outcome)
{
	struct pollfd p = { .events = POLLIN };
	ssize_t n;

	p.fd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	outcome->status = -1;
	if (poll(&p, 1, STEP_MS * test_slowness()) == 1) {
		waitpid(c->pid, &outcome->status, 0);
	} else {
		stage_trouble(stage, "step %d hangs:", stage->number);
		pump_each(stage->pump, command_describe, stage);
		kill(c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
	}
	close(p.fd);
	n = pread(c->out, outcome->output, OUTPUT - 1, 0);
	outcome->output[n > 0 ? n : 0] = '\0';
	close(c->out);
}

void
stage_run(
    struct stage *stage, struct outcome *outcome, const char *const *words)
{
	struct command c = command_begin(stage, words);

	command_finish(stage, &c, outcome);
}
