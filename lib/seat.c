/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs as servers: the child that was forked for the slot execs, and
 * gs_main in the new image takes the seat again, from one environment
 * variable that names slot and descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/behaviour.h"
#include "lib/forker.h"

#define SEAT "GS_SEAT"
#define SEAT_DEBUG "GS_SEAT_DEBUG" /* the start option debug, if any */
#define SEAT_MODULE "GS_SEAT_MODULE" /* what its code was changed to, if any */

struct seat {
	gs_pid pid;
	gs_pid parent;
	int arena;
	int bell;
	int node_bell;
	int reports;
	int hibernate_after;
	char node[GS_NAME_MAX + 1];
};

/* ---- before the exec ---- */

static void
keep_open(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, 0);
}

static char **
make_argv(const struct gsi_spec *spec, const char *path)
{
	char **argv = calloc(spec->argc + 2, sizeof(*argv));
	const char *word = gsi_spec_text(spec, spec->argv_at);

	if (argv == NULL)
		return NULL;
	argv[0] = (char *)(uintptr_t)path;
	for (uint32_t i = 0; i < spec->argc; i++) {
		argv[i + 1] = (char *)(uintptr_t)word;
		word += strlen(word) + 1;
	}
	return argv;
}

static void
write_seat(struct gsi_self *me, const struct gsi_spec *spec, gs_pid parent)
{
	char text[512];

	snprintf(text, sizeof(text), "%u.%u.%u %u.%u.%u %d %d %d %d %d %s",
	    me->pid.node, me->pid.slot, me->pid.gen, parent.node, parent.slot,
	    parent.gen, me->arena->fd, me->bell, me->node_bell, me->reports,
	    spec->hibernate_after, gsi_home()->name);
	setenv(SEAT, text, 1);
	if (*gsi_spec_text(spec, spec->debug_at))
		setenv(SEAT_DEBUG, gsi_spec_text(spec, spec->debug_at), 1);
	if (*gsi_spec_text(spec, spec->module_at))
		setenv(SEAT_MODULE, gsi_spec_text(spec, spec->module_at), 1);
	keep_open(me->arena->fd);
	keep_open(me->bell);
	keep_open(me->node_bell);
	keep_open(me->reports);
}

void
gsi_seat_exec(
    struct gsi_self *me, const struct gsi_spec *spec, gs_pid parent, int life)
{
	const char *path = gsi_spec_text(spec, spec->path_at);
	char **argv = make_argv(spec, path);
	char reason[GS_REASON_MAX + 1];

	unsetenv(SEAT);
	unsetenv(SEAT_DEBUG);
	unsetenv(SEAT_MODULE);
	setenv("GS_NODE", gsi_home()->name, 1);
	/* the life pipe stays: the new image dies with the node as well */
	keep_open(life);
	if (spec->code == GSI_CODE_PROGRAM)
		write_seat(me, spec, parent);
	if (argv != NULL)
		execv(path, argv);
	snprintf(reason, sizeof(reason), "exec: %s: %s", path, strerror(errno));
	gsi_words(me->page, reason);
	_exit(0);
}

/* ---- after it ---- */

static bool
read_seat(struct seat *seat)
{
	const char *text = secure_getenv(SEAT);

	memset(seat, 0, sizeof(*seat));
	return text != NULL &&
	       sscanf(text, "%u.%u.%u %u.%u.%u %d %d %d %d %d %127[^\n]",
		   &seat->pid.node, &seat->pid.slot, &seat->pid.gen,
		   &seat->parent.node, &seat->parent.slot, &seat->parent.gen,
		   &seat->arena, &seat->bell, &seat->node_bell, &seat->reports,
		   &seat->hibernate_after, seat->node) == 12;
}

static void
close_on_exec(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* NULL and a word on stderr when the seat is not ours (any more). */
static struct gsi_self *
take_seat(const struct seat *seat)
{
	struct gsi_self *me = calloc(1, sizeof(*me));
	struct gm_arena *arena = gsi_share_new(NULL);
	const struct gm_entry *entry;
	char text[256];
	int status;

	if (me == NULL || arena == NULL)
		return NULL;
	status = gm_arena_attach(arena, seat->arena, text, sizeof(text));
	entry = status == 0 ? gm_entry_at(arena, seat->pid.slot) : NULL;
	if (status == 0 &&
	    (entry == NULL ||
		gm_load(&entry->os_pid, acquire) != (uint32_t)getpid() ||
		!gm_entry_live(arena, seat->pid.slot, seat->pid.gen))) {
		status = -ESRCH;
		snprintf(text, sizeof(text),
		    "this is not the process that was started: a script that "
		    "runs a server must exec it");
	}
	if (status == 0) {
		gsi_home_named(seat->node);
		me->is_server = true;
		me->socket = -1;
		close_on_exec(seat->arena);
		close_on_exec(seat->bell);
		close_on_exec(seat->node_bell);
		close_on_exec(seat->reports);
		status = gsi_member_init(me, seat->pid, arena, seat->bell,
		    seat->node_bell, seat->reports);
		if (status != 0)
			snprintf(text, sizeof(text), "%s", strerror(-status));
	}
	if (status != 0) {
		fprintf(stderr, "%s: cannot join node '%s': %s\n",
		    program_invocation_short_name, seat->node, text);
		return NULL;
	}
	gsi_home_server(arena);
	gsi_self_set(me);
	return me;
}

/* The words of the command line, joined by one blank each. */
static gs_bytes
join(int argc, char **argv)
{
	size_t size = 0;
	char *text;

	for (int i = 1; i < argc; i++)
		size += strlen(argv[i]) + 1;
	if (size == 0)
		return GS_NONE;
	text = malloc(size);
	if (text == NULL)
		return GS_NONE;
	size = 0;
	for (int i = 1; i < argc; i++) {
		size_t n = strlen(argv[i]);

		memcpy(text + size, argv[i], n);
		size += n;
		text[size++] = ' ';
	}
	return gs_bytes_of(text, size - 1);
}

/* The code that it was changed to before it was started again. */
static void
change_code(struct gsi_self *me, struct gsi_birth *birth)
{
	const char *path = secure_getenv(SEAT_MODULE);
	struct gsi_loaded module = { NULL, NULL };
	char why[GS_REASON_MAX + 1];

	if (path != NULL &&
	    !gsi_behaviour_open(&module, path, 0, why, sizeof(why))) {
		gsi_words(me->page, why);
		_exit(0);
	}
	if (path != NULL)
		birth->behaviour = module.behaviour;
	unsetenv(SEAT_MODULE);
}

static int
say_how(const char *program)
{
	fprintf(stderr,
	    "%s is a gen_server: start it with\n"
	    "\tgsctl start --name NAME %s [ARG...]\n"
	    "and talk to it with gsctl call NAME REQUEST; see gsctl(1).\n",
	    program_invocation_short_name, program);
	return 64;
}

bool
gsi_seated(void)
{
	struct seat seat;

	return read_seat(&seat);
}

struct gsi_self *
gsi_seat_take(struct gsi_birth *birth)
{
	const char *debug = secure_getenv(SEAT_DEBUG);
	struct gsi_self *me;
	struct seat seat;

	if (!read_seat(&seat))
		return NULL;
	*birth = (struct gsi_birth){
		.started = gsi_say_started,
		.refused = gsi_say_refused,
		.debug = debug != NULL ? strdup(debug) : NULL,
		.hibernate_after = seat.hibernate_after,
		.parent = seat.parent,
	};
	/* a helper that this server execs is not the server */
	unsetenv(SEAT);
	unsetenv(SEAT_DEBUG);
	me = take_seat(&seat);
	if (me != NULL)
		setvbuf(stdout, NULL, _IOLBF, 0);
	return me;
}

int
gs_main(int argc, char **argv, const gs_behaviour *behaviour)
{
	struct gsi_birth birth;
	struct gsi_self *me;

	if (!gsi_seated())
		return say_how(argc > 0 ? argv[0] : "PROGRAM");
	me = gsi_seat_take(&birth);
	if (me == NULL)
		return 70;
	birth.behaviour = behaviour;
	change_code(me, &birth);
	birth.argument = join(argc, argv);
	gsi_server_run(me, &birth);
}
