/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsctl: the options before the verb, and the one table of verbs.
 */
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/gsctl/cmd.h"
#include "cmd/gsctl/out.h"
#include "cmd/gsctl/trace.h"

const struct cmd_verb *const cmd_verbs[] = {
	&cmd_up,
	&cmd_down,
	&cmd_info,
	&cmd_nodes,
	&cmd_start,
	&cmd_stop,
	&cmd_restart,
	&cmd_exit,
	&cmd_kill,
	&cmd_call,
	&cmd_cast,
	&cmd_send,
	&cmd_multi_call,
	&cmd_abcast,
	&cmd_whereis,
	&cmd_ls,
	&cmd_tree,
	&cmd_show,
	&cmd_wait,
	&cmd_monitor,
	&cmd_log,
	&cmd_sys,
	NULL,
};

static const struct cmd_verb *
find_verb(const char *name)
{
	for (int i = 0; cmd_verbs[i] != NULL; i++)
		if (strcmp(cmd_verbs[i]->name, name) == 0)
			return cmd_verbs[i];
	return NULL;
}

static int
unknown_verb(const char *name)
{
	const char *near = cmd_nearest(cmd_verbs, name);

	if (near != NULL)
		return cmd_error(CMD_USAGE,
		    "unknown verb '%s'; did you mean '%s'? "
		    "'gsctl --help' lists all",
		    name, near);
	return cmd_error(
	    CMD_USAGE, "unknown verb '%s'; 'gsctl --help' lists all", name);
}

/* "gsctl help [VERB]" is "gsctl [VERB] --help". */
static int
help(int count, char **words)
{
	const struct cmd_verb *verb = NULL;

	if (count > 1)
		return cmd_error(CMD_USAGE,
		    "one word too many: '%s'; see 'gsctl --help'", words[1]);
	if (count == 1 && strcmp(words[0], "help") != 0 && words[0][0] != '-') {
		verb = find_verb(words[0]);
		if (verb == NULL)
			return unknown_verb(words[0]);
	}
	if (verb != NULL)
		cmd_help(verb);
	else
		cmd_help_all(cmd_verbs);
	return out_flush();
}

static int
print_version(void)
{
	printf("gsctl %s, poller %s, %s\n", gs_version(), gs_poller(),
	    symbol_source());
	return out_flush();
}

static int
unknown_option(const char *word)
{
	char text[256];

	if (*cmd_option_for(word, text, sizeof(text)) != '\0')
		return cmd_error(CMD_USAGE,
		    "the option '%s' stands behind the verb: gsctl VERB %s%s",
		    word, word, text);
	return cmd_error(
	    CMD_USAGE, "unknown option '%s'; see 'gsctl --help'", word);
}

/* The options before the verb: 0 and optind stands on the verb. */
static int
front_options(int argc, char **argv, struct cmd *cmd, bool *done)
{
	static const struct option options[] = {
		{ "node", required_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int letter;

	*done = true;
	opterr = 0;
	while (
	    (letter = getopt_long(argc, argv, "+:n:hV", options, NULL)) != -1) {
		switch (letter) {
		case 'n':
			cmd->node = optarg;
			break;
		case 'h':
			cmd_help_all(cmd_verbs);
			return out_flush();
		case 'V':
			return print_version();
		case ':':
			return cmd_error(CMD_USAGE,
			    "option '%s' wants a value; see 'gsctl --help'",
			    argv[optind - 1]);
		default:
			return unknown_option(argv[optind - 1]);
		}
	}
	*done = false;
	return 0;
}

/* What we open must not become somebody's standard output. */
static void
fill_standard_fds(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
			return;
}

int
main(int argc, char **argv)
{
	const char *node = getenv("GS_NODE");
	struct cmd cmd = { .usual = node != NULL && *node ? node : "default" };
	bool done;
	int status;

	/* A reader that has gone ends us quietly, whoever started us. */
	signal(SIGPIPE, SIG_DFL);
	fill_standard_fds();
	/* It starts what it is told to: for its owner, whoever called it. */
	if (getuid() != geteuid() || getgid() != getegid())
		return cmd_error(CMD_DENIED,
		    "gsctl must not be set-user-ID or set-group-ID: it would "
		    "run anybody's programs as user %u",
		    (unsigned)geteuid());
	cmd.node = cmd.usual;
	status = front_options(argc, argv, &cmd, &done);
	if (done)
		return status;
	if (optind == argc)
		return cmd_error(
		    CMD_USAGE, "no verb given; 'gsctl --help' lists them");
	if (strcmp(argv[optind], "help") == 0)
		return help(argc - optind - 1, argv + optind + 1);
	cmd.verb = find_verb(argv[optind]);
	if (cmd.verb == NULL)
		return unknown_verb(argv[optind]);
	status = cmd_options(&cmd, argc - optind, argv + optind, &done);
	if (done)
		return status;
	status = cmd.part != NULL ? cmd.part->run(&cmd) : cmd.verb->run(&cmd);
	if (out_flush() != 0 && status == CMD_DONE)
		status = CMD_INTERNAL;
	return status;
}
