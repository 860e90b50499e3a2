/* SPDX-License-Identifier: Apache-2.0 */
/* The logger as a process: reports and output in, lines of a file out. */
#include "tests/runner.h"

#include "lib/record.h"

#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct log {
	pid_t pid;
	int reports; /* ends that processes write to */
	int output;
	char path[512];
	const char *want;
};

static void
run_logger(int reports, int output, const char *path)
{
	struct gsi_logger logger = { reports, output, path, NULL };

	gsi_logger_run(&logger);
}

static void
log_start(struct log *l)
{
	int reports[2], output[2], one = 1;

	snprintf(l->path, sizeof(l->path), "%s/gs.log", test_dir());
	CHECK_OK(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, reports));
	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, output));
	CHECK_OK(
	    setsockopt(output[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)));
	l->pid = fork();
	CHECK_OK(l->pid);
	if (l->pid == 0) {
		close(reports[0]);
		close(output[0]);
		run_logger(reports[1], output[1], l->path);
	}
	close(reports[1]);
	close(output[1]);
	l->reports = reports[0];
	l->output = output[0];
}

/* Nobody is left who could speak: it writes what it has and ends. */
static void
log_stop(struct log *l)
{
	close(l->reports);
	close(l->output);
	CHECK_INT(test_wait(l->pid), 0);
}

static char *
slurp(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 4 << 20);

	if (file) {
		text[fread(text, 1, (4 << 20) - 1, file)] = '\0';
		fclose(file);
	}
	return text;
}

static bool
contains(void *data)
{
	struct log *l = data;
	char *text = slurp(l->path);
	bool found = strstr(text, l->want) != NULL;

	free(text);
	return found;
}

static void
expect(struct log *l, const char *want)
{
	l->want = want;
	if (!eventually(contains, l, 10000))
		FAIL("not in the log: %s", want);
}

static void
say(struct log *l, const char *text)
{
	gsi_report(l->reports, GSI_WARNING, "kind", "name", (gs_pid){ 1, 2, 3 },
	    text, NULL, 0);
}

static void
print(struct log *l, const char *text)
{
	CHECK_INT(write(l->output, text, strlen(text)), strlen(text));
}

TEST(logger_writes_one_line_for_each_report)
{
	struct gsi_field fields[] = { { "reason", "a\tb\nc\\d", 7 },
		{ "state", "\xff\xc3\xa9\x1b", 4 } };
	struct log l;
	char *text;

	log_start(&l);
	gsi_report(l.reports, GSI_ERROR_LEVEL, "server_terminated", "a name",
	    (gs_pid){ 1, 2, 3 }, "it\nended", fields, 2);
	log_stop(&l);
	text = slurp(l.path);
	CHECK(strstr(text,
	    "\terror\tserver_terminated\ta name\t<1.2.3>\t"
	    "it\\nended\treason=a\\tb\\nc\\\\d\tstate=\\xff\xc3\xa9\\x1b\n"));
	CHECK(strchr(text, '\n') == text + strlen(text) - 1);
	CHECK(strtoll(text, NULL, 10) > 1600000000);
	free(text);
}

TEST(logger_survives_garbage)
{
	struct log l;
	char junk[3000];
	uint32_t seed = 9;

	log_start(&l);
	for (int i = 0; i < 2000; i++) {
		for (size_t k = 0; k < sizeof(junk); k++)
			junk[k] =
			    (char)((seed = seed * 1664525 + 1013904223) >> 24);
		send(l.reports, junk, (size_t)i, 0);
	}
	CHECK_OK(send(l.reports, junk, 0, 0));
	say(&l, "still here");
	expect(&l, "\tstill here\n");
	log_stop(&l);
}

TEST(logger_takes_output_by_line)
{
	struct log l;

	log_start(&l);
	print(&l, "one\ntwo\r\nthr");
	expect(&l, "\tinfo\toutput\t\t\tone\n");
	expect(&l, "\ttwo\n");
	print(&l, "ee\n");
	expect(&l, "\tthree\n");
	/* without an end, at last as it is */
	print(&l, "prompt> ");
	expect(&l, "\tprompt> \n");
	print(&l, "\n\xfe\n");
	expect(&l, "\t\\xfe\n");
	print(&l, "last words");
	log_stop(&l);
	expect(&l, "\tlast words\n");
}

static void
print_halves(void *data)
{
	struct log *l = data;
	char half[64];

	for (int i = 0; i < 50; i++) {
		snprintf(half, sizeof(half), "<%d ", getpid());
		print(l, half);
		snprintf(half, sizeof(half), "%d>\n", getpid());
		print(l, half);
	}
}

TEST(logger_keeps_processes_apart)
{
	pid_t pids[8];
	struct log l;
	char *text, want[64];

	log_start(&l);
	for (int i = 0; i < 8; i++)
		pids[i] = test_fork(print_halves, &l);
	for (int i = 0; i < 8; i++)
		test_join(pids[i]);
	log_stop(&l);
	text = slurp(l.path);
	for (int i = 0; i < 8; i++) {
		int n = 0;

		snprintf(want, sizeof(want), "\t<%d %d>\n", pids[i], pids[i]);
		for (char *p = text; (p = strstr(p, want)) != NULL; p++)
			n++;
		CHECK_INT(n, 50);
	}
	free(text);
}

TEST(logger_rotates_at_one_mebibyte)
{
	struct log l;
	struct stat now, old;
	char text[4000], path[600];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_start(&l);
	snprintf(path, sizeof(path), "%s.1", l.path);
	for (int i = 0; i < 600; i++) {
		print(&l, text);
		print(&l, "\n");
	}
	print(&l, "the end\n");
	expect(&l, "\tthe end\n");
	log_stop(&l);
	CHECK_OK(stat(l.path, &now));
	CHECK_OK(stat(path, &old));
	CHECK(old.st_size >= 1 << 20 && old.st_size < (1 << 20) + 8192);
	CHECK(now.st_size < 1 << 20);
	CHECK_INT(now.st_mode & 0777, 0600);
	unlink(path);
}

/* All that was sent has been read, and the reader waits for more. */
static bool
drained(void *data)
{
	struct log *l = data;
	int reports = 1, output = 1;

	CHECK_OK(ioctl(l->reports, SIOCOUTQ, &reports));
	CHECK_OK(ioctl(l->output, SIOCOUTQ, &output));
	return reports == 0 && output == 0 && test_is_asleep(&l->pid);
}

/* LOG-13: a sink that fails costs records, and says how many. */
TEST(logger_counts_what_it_could_not_write)
{
	struct log l;
	struct rlimit none = { 0, RLIM_INFINITY };
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	char *text;

	log_start(&l);
	say(&l, "first");
	expect(&l, "\tfirst\n");
	/* as a full disk does: write fails */
	CHECK_OK(prlimit(l.pid, RLIMIT_FSIZE, &none, NULL));
	for (int i = 0; i < 5; i++)
		say(&l, "gone");
	print(&l, "gone too\n");
	CHECK(eventually(drained, &l, 10000));
	CHECK_OK(prlimit(l.pid, RLIMIT_FSIZE, &all, NULL));
	say(&l, "again");
	expect(&l, "\tagain\n");
	log_stop(&l);
	text = slurp(l.path);
	CHECK(strstr(text, "\twarning\tlog_lost\t\t\t6 records lost\n"));
	CHECK(strstr(text, "gone") == NULL);
	free(text);
}

TEST(logger_opens_the_file_when_it_can)
{
	struct log l;
	char folder[600];

	log_start(&l);
	snprintf(folder, sizeof(folder), "%s", l.path);
	CHECK_OK(mkdir(folder, 0700));
	say(&l, "gone");
	CHECK(eventually(drained, &l, 10000));
	CHECK_OK(rmdir(folder));
	say(&l, "again");
	expect(&l, "\t1 records lost\n");
	expect(&l, "\tagain\n");
	log_stop(&l);
}

/* Context switches while nobody speaks: none. */
static long
switches(pid_t pid)
{
	char path[64], line[256];
	long sum = 0, n;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "r");
	CHECK(file != NULL);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "voluntary_ctxt_switches: %ld", &n) == 1 ||
		    sscanf(line, "nonvoluntary_ctxt_switches: %ld", &n) == 1)
			sum += n;
	}
	fclose(file);
	return sum;
}

TEST(logger_sleeps_when_idle)
{
	struct log l;
	long before;
	int64_t until;

	log_start(&l);
	say(&l, "hello");
	expect(&l, "\thello\n");
	CHECK(eventually(test_is_asleep, &l.pid, 10000));
	before = switches(l.pid);
	until = now_ms() + 2000;
	while (now_ms() < until)
		usleep(50000);
	CHECK_INT(switches(l.pid), before);
	log_stop(&l);
}
