/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Playing a scene.  Whatever becomes of it, all processes of it are gone
 * afterwards: by themselves, or reported and killed.
 */
#include "tests/syscalls/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/runner.h"

#define LOG_FULL ((1 << 20) - 8)

void
stage_trouble(struct stage *stage, const char *format, ...)
{
	char *text = stage->play->trouble;
	size_t used = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + used, TROUBLE - used, format, args);
	va_end(args);
	used = strlen(text);
	if (used + 1 < TROUBLE)
		strcpy(text + used, "\n");
}

/* ---- steps that are no commands ---- */

static void
kill_named(struct stage *stage, const char *comm)
{
	const struct timespec pause = { 0, 1000000 };
	pid_t pid = pump_pid(stage->pump, comm);

	if (pid > 1) {
		kill(pid, SIGKILL);
		for (int i = 0; i < 10000 && !test_gone(pid); i++)
			nanosleep(&pause, NULL);
	} else
		stage_trouble(stage, "no %s to kill", comm);
}

static void
fill_log(struct stage *stage)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s.log", stage->dir, stage->node);
	if (truncate(path, LOG_FULL) != 0)
		stage_trouble(stage, "%s: %s", path, strerror(errno));
}

static void
other_step(struct stage *stage, const struct step *step)
{
	if ((step->flags & STEP_KILL) != 0)
		kill_named(stage, step->words[0]);
	if ((step->flags & STEP_LOG) != 0)
		fill_log(stage);
	if ((step->flags & STEP_IDLE) != 0)
		pump_settle(stage->pump, 120, 1000);
}

/* ---- the whole ---- */

static void
set_up(struct stage *stage)
{
	static const char *const up[] = { "gsctl", "up", NULL };
	static const char *const by[] = { "gsctl", "start", "--name", "by",
		"kit.so", NULL };
	struct outcome outcome;

	if (!stage->play->scene->set)
		return;
	stage_run(stage, &outcome, up);
	if (outcome.status == 0)
		stage_run(stage, &outcome, by);
	if (outcome.status != 0)
		stage_trouble(stage, "no set-up: %s", outcome.output);
	pump_settle(stage->pump, 4, 300);
	judge_before(stage);
}

static void
play_steps(struct stage *stage)
{
	struct play *play = stage->play;
	struct command back = { 0, -1 };

	for (int i = 0; i < STEPS && play->trouble[0] == '\0'; i++) {
		const struct step *step = &play->scene->steps[i];

		if (step->words[0] == NULL && step->flags == 0)
			break;
		stage->number = i;
		if ((step->flags & STEP_ARMED) != 0)
			pump_arm(stage->pump, play->aim);
		if ((step->flags & (STEP_KILL | STEP_LOG | STEP_IDLE)) != 0)
			other_step(stage, step);
		else if ((step->flags & STEP_BACK) != 0)
			back = command_begin(stage, step->words);
		else
			stage_run(stage, &play->got[i], step->words);
		if ((step->flags & STEP_BACK) == 0)
			pump_settle(stage->pump, 4, 300);
		else
			pump_settle(stage->pump, 30, 300);
		pump_disarm(stage->pump);
	}
	for (int i = 0; i < STEPS && back.pid > 1; i++) {
		if ((play->scene->steps[i].flags & STEP_BACK) == 0)
			continue;
		kill(back.pid, SIGTERM);
		stage->number = i;
		command_finish(stage, &back, &play->got[i]);
		back.pid = 0;
	}
	for (int i = 0; i < STEPS && play->wanted != NULL; i++)
		if ((play->scene->steps[i].flags &
			(STEP_KILL | STEP_LOG | STEP_IDLE)) == 0 &&
		    play->scene->steps[i].words[0] != NULL) {
			stage->number = i;
			judge_step(stage, &play->scene->steps[i], &play->got[i],
			    &play->wanted[i]);
		}
}

/* Processes of ours only: each is below us in the tree, or it is not it. */
static void
kill_ours(pid_t pid, void *data)
{
	pid_t at = pid, parent = 0;
	char state;

	(void)data;
	for (int i = 0; i < 64 && at > 1; i++) {
		if (!test_process(at, &state, &parent))
			return;
		if (parent == getpid()) {
			kill(pid, SIGKILL);
			return;
		}
		at = parent;
	}
}

/* Reaps what the scene has orphaned to us; a crash is one. */
static void
reap(struct stage *stage)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL &&
		    WTERMSIG(status) != SIGTERM && WTERMSIG(status) != SIGPIPE)
			stage_trouble(stage, "process %d crashed: signal %d",
			    (int)pid, WTERMSIG(status));
}

static void
clear(struct stage *stage)
{
	if (pump_gone(stage->pump, 10000) != 0) {
		stage_trouble(stage, "processes are left:");
		pump_each(stage->pump, command_describe, stage);
		pump_each(stage->pump, kill_ours, NULL);
		pump_gone(stage->pump, 2000);
	}
	reap(stage);
}

static void
keep_seen(struct stage *stage)
{
	struct play *play = stage->play;
	struct pump_seen seen;

	for (int i = 0; pump_seen(stage->pump, i, &seen); i++) {
		play->seen = realloc(
		    play->seen, (size_t)(play->n_seen + 1) * sizeof(seen));
		CHECK(play->seen != NULL);
		play->seen[play->n_seen++] = seen;
	}
}

/* Each call is two changes of process: ten times dearer between two CPUs. */
static void
one_cpu(void)
{
	unsigned cpu, node;
	cpu_set_t set;

	if (getcpu(&cpu, &node) != 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

void
stage_play(struct play *play)
{
	static char base[150];
	static int number;
	struct stage stage = { .play = play };
	struct detail_names names = { stage.dir, stage.node };

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	one_cpu();
	/* the environment changes with each play */
	if (number == 0)
		snprintf(base, sizeof(base), "%s", test_dir());
	snprintf(stage.dir, sizeof(stage.dir), "%s/%d", base, ++number);
	snprintf(
	    stage.node, sizeof(stage.node), "%.40s-%d", test_node(), number);
	CHECK_INT(mkdir(stage.dir, 0700), 0);
	setenv("GS_RUNTIME_DIR", stage.dir, 1);
	setenv("GS_NODE", stage.node, 1);
	play->trouble[0] = '\0';
	stage.pump = pump_new(&names);
	set_up(&stage);
	if (play->trouble[0] == '\0')
		play_steps(&stage);
	play->hit = pump_hit(stage.pump);
	if (play->trouble[0] == '\0')
		judge_node(&stage);
	clear(&stage);
	judge_end(&stage);
	keep_seen(&stage);
	pump_free(stage.pump);
}
