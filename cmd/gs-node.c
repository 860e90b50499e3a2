/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gs-node: the program that a named node is.  gsctl starts it; a service
 * manager may as well.  Status 73: that node runs already.
 */
#include <errno.h>
#include <fcntl.h>
#include <genserver.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	DONE = 0,
	USAGE = 64,
	FAILED = 70,
	RUNS_ALREADY = 73,
	DENIED = 77,
};

static const char synopsis[] = "usage: gs-node NAME [--ready-fd N]";

static int
usage(const char *word)
{
	fprintf(stderr, "gs-node: %s\n%s\n", word, synopsis);
	return USAGE;
}

static int
help(void)
{
	printf("%s\n\n"
	       "Is the node NAME until it is told to end; 'gsctl up' starts "
	       "it in the background.\n"
	       "  --ready-fd N  write one line to the open descriptor N when "
	       "the node is up\n"
	       "  --help        print this help\n\n"
	       "Exit status: 0 an orderly end, 64 wrong usage, 70 it could not "
	       "start,\n73 that node runs already, 77 permission denied.\n",
	    synopsis);
	return fflush(stdout) == 0 ? DONE : FAILED;
}

/* An open descriptor, or -1. */
static int
descriptor(const char *text)
{
	char *end;
	long fd = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || fd > 65535 ||
	    fcntl((int)fd, F_GETFD) < 0)
		return -1;
	return (int)fd;
}

static int
status_of(int rc)
{
	switch (rc) {
	case 0:
		return DONE;
	case -EEXIST:
		return RUNS_ALREADY;
	case -EINVAL:
		return USAGE;
	case -EPERM:
	case -EACCES:
		return DENIED;
	default:
		return FAILED;
	}
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "ready-fd", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int ready = -1, letter, rc;

	opterr = 0;
	while ((letter = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (letter == 'h')
			return help();
		if (letter != 'r')
			return usage("unknown option, or one without a value");
		ready = descriptor(optarg);
		if (ready < 0)
			return usage("--ready-fd wants an open descriptor");
	}
	if (getuid() != geteuid() || getgid() != getegid()) {
		fprintf(stderr,
		    "gs-node must not be set-user-ID or set-group-ID\n");
		return DENIED;
	}
	if (argc - optind != 1)
		return usage("wanted the name of one node");
	rc = gs_node_run(argv[optind], ready);
	if (rc != 0)
		fprintf(stderr, "%s\n",
		    *gs_error_text() ? gs_error_text() : strerror(-rc));
	return status_of(rc);
}
