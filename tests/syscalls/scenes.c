/* SPDX-License-Identifier: Apache-2.0 */
/* What is played: commands as a user gives them. */
#include "tests/syscalls/scenes.h"

#include <string.h>

#define A STEP_ARMED

static const struct scene scenes[] = {
	{ .name = "up", .steps = { { A, { "gsctl", "up" } } } },
	{ .name = "down",
	    .set = true,
	    .ends = true,
	    .steps = { { A, { "gsctl", "down" } } } },
	{ .name = "embedded",
	    .ends = true,
	    .steps = { { A, { "actor", "embedded" } } } },
	{ .name = "module",
	    .set = true,
	    .steps = { { A,
		{ "gsctl", "start", "--name", "x", "kit.so", "word" } } } },
	{ .name = "program",
	    .set = true,
	    .steps = { { A,
		{ "gsctl", "start", "--name", "x", "program", "word" } } } },
	{ .name = "plain",
	    .set = true,
	    .steps = { { A, { "gsctl", "start", "--name", "x", "--plain",
				"/bin/sleep", "1000" } } } },
	{ .name = "talk",
	    .set = true,
	    .steps = { { 0, { "gsctl", "start", "--name", "x", "kit.so" } },
		{ A, { "gsctl", "call", "--timeout", "infinity", "x",
			 "echo hello" } },
		{ A, { "gsctl", "cast", "x", "word" } },
		{ A, { "gsctl", "send", "x", "word" } } } },
	{ .name = "stop",
	    .set = true,
	    .steps = { { 0, { "gsctl", "start", "--name", "x", "kit.so" } },
		{ A, { "gsctl", "stop", "x" } } } },
	{ .name = "restart",
	    .set = true,
	    .steps = { { 0, { "gsctl", "start", "--name", "x", "kit.so" } },
		{ A, { "gsctl", "restart", "x" } } } },
	{ .name = "kill",
	    .set = true,
	    .steps = { { 0, { "gsctl", "start", "--name", "x", "kit.so" } },
		{ A | STEP_KILL, { "x" } },
		{ A, { "gsctl", "ls", "--json" } } } },
	{ .name = "hibernate",
	    .set = true,
	    .steps = { { 0, { "gsctl", "start", "--name", "x",
				"--hibernate-after", "20", "kit.so" } },
		{ A, { "gsctl", "call", "--timeout", "infinity", "x", "size",
			 "MUCH" } },
		{ A | STEP_IDLE, { NULL } } } },
	{ .name = "threads",
	    .set = true,
	    .steps = { { A, { "actor", "threads" } } } },
	{ .name = "rotate",
	    .set = true,
	    .steps = { { STEP_LOG, { NULL } },
		{ A, { "gsctl", "call", "--timeout", "infinity", "by", "out",
			 "a line of text" } },
		{ A, { "gsctl", "call", "--timeout", "infinity", "by", "out",
			 "another line" } } } },
	{ .name = "log",
	    .set = true,
	    .steps = { { A | STEP_BACK, { "gsctl", "log", "-f" } },
		{ A, { "gsctl", "call", "--timeout", "infinity", "by", "out",
			 "a line of text" } } } },
	{ .name = "look",
	    .set = true,
	    .steps = { { A, { "gsctl", "ls" } }, { A, { "gsctl", "tree" } },
		{ A, { "gsctl", "show", "by" } }, { A, { "gsctl", "info" } },
		{ A, { "gsctl", "whereis", "by" } } } },
	{ .name = "prune",
	    .set = true,
	    .ends = true,
	    .steps = { { STEP_KILL, { "gs-node" } },
		{ A, { "gsctl", "nodes", "--prune" } } } },
};

const struct scene *
scene_of(const char *name)
{
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
		if (strcmp(scenes[i].name, name) == 0)
			return &scenes[i];
	return NULL;
}
