/* SPDX-License-Identifier: Apache-2.0 */
/* Watching a server: words on and off, what is kept, what is counted. */
#include "lib/debug.h"

#include "tests/runner.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void
show_number(const void *state, gs_status *status)
{
	const long *n = state;

	if (*n == 13)
		gs_exit("bad luck");
	status->text = GS_STR("number %ld", *n);
}

static GS_SERVER(
    number, .state_size = sizeof(long), .format_status = show_number);

static struct gsi_server *
server(long n)
{
	static struct gm_header header; /* no slot in use: no name */
	static struct gm_arena arena;
	struct gsi_server *s = calloc(1, sizeof(*s));
	long *state = malloc(sizeof(*state));

	CHECK(s && state);
	*state = n;
	arena.header = &header;
	s->me = calloc(1, sizeof(*s->me));
	CHECK(s->me);
	s->me->arena = &arena;
	s->me->reports = -1;
	s->me->pid = (gs_pid){ 7, 8, 9 };
	gsi_self_set(s->me);
	s->behaviour = &number;
	s->state = state;
	s->os_pid = getpid();
	*gsi_thread_slot(GSI_SLOT_SERVER) = s;
	return s;
}

static void
unserver(struct gsi_server *s)
{
	gsi_debug_unset(s, NULL);
	CHECK(!s->debug);
	*gsi_thread_slot(GSI_SLOT_SERVER) = NULL;
	free(s->state);
	free(s->me);
	free(s);
}

static void
cast(struct gsi_server *s, const char *text)
{
	s->message.kind = GSI_CAST;
	s->message.body = gs_text(text);
	gsi_debug_got(s, NULL);
}

static const char *
kept(const struct gsi_server *s)
{
	static char text[4096];
	char *log = gsi_debug_log(s, true);

	snprintf(text, sizeof(text), "%s", log ? log : "");
	free(log);
	return text;
}

TEST(debug_words)
{
	static const char *const bad[] = { "", "tracer", "log()", "log(0)",
		"log(-1)", "log(x)", "log(1025)", "log(3", "log_to_file",
		"log_to_file()", "install()", "statistics(1)" };
	struct gsi_server *s = server(1);
	size_t first = 2; /* log() to log(1025) are not such a number */

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CHECK_INT(gsi_debug_set(s, gs_text(bad[i])),
		    i >= first && i < first + 5 ? -ERANGE : -EINVAL);
		CHECK(!s->debug);
	}
	CHECK_INT(
	    gsi_debug_set(s, GS_TEXT("log_to_file(/nowhere/x)")), -ENOENT);
	CHECK(!s->debug);
	CHECK_INT(gsi_debug_set(s, GS_TEXT("install(f)")), -ESRCH);
	CHECK(!s->debug);
	CHECK_INT(gsi_debug_set(s, GS_TEXT("log(3)")), 0);
	CHECK_INT(gsi_debug_set(s, GS_TEXT("nonsense")), -EINVAL);
	CHECK(s->debug && s->debug->log_max == 3);
	unserver(s);
}

TEST(debug_list_takes_what_it_can)
{
	struct gsi_server *s = server(1);

	gsi_debug_start(s, " ,,nonsense, statistics ,log(2),f(a,b),");
	CHECK(s->debug && s->debug->counting && !s->debug->trace);
	CHECK_INT(s->debug->log_max, 2);
	gsi_debug_unset(s, NULL);
	gsi_debug_start(s, "nonsense,log_to_file(/nowhere/a,b)");
	gsi_debug_start(s, "");
	gsi_debug_start(s, NULL);
	CHECK(!s->debug);
	unserver(s);
}

TEST(debug_log_keeps_the_last)
{
	struct gsi_server *s = server(1);

	CHECK_STR(kept(s), "");
	CHECK_INT(gsi_debug_set(s, GS_TEXT("log(3)")), 0);
	CHECK_STR(kept(s), "");
	cast(s, "a");
	cast(s, "b");
	cast(s, "c");
	cast(s, "d");
	CHECK_STR(kept(s), "got cast b\ngot cast c\ngot cast d");
	/* SYS-14 */
	CHECK_INT(gsi_debug_set(s, GS_TEXT("log(2)")), 0);
	CHECK_STR(kept(s), "got cast c\ngot cast d");
	CHECK_INT(gsi_debug_set(s, GS_TEXT("log")), 0);
	cast(s, "e");
	CHECK_STR(kept(s), "got cast c\ngot cast d\ngot cast e");
	gsi_debug_unset(s, "log");
	CHECK(!s->debug);
	unserver(s);
}

TEST(debug_log_fits_its_text)
{
	static char big[3000];
	struct gsi_server *s = server(1);
	char *log;

	memset(big, 'x', sizeof(big) - 1);
	CHECK_INT(gsi_debug_set(s, GS_TEXT("log")), 0);
	for (int i = 0; i < 12; i++)
		cast(s, big);
	CHECK(strlen(kept(s)) > 3900 && strlen(kept(s)) < 4096);
	cast(s, "one");
	cast(s, "two");
	CHECK(strstr(kept(s), "\ngot cast one\ngot cast two"));
	/* whoever asks for it gets it all */
	log = gsi_debug_log(s, false);
	CHECK(log && strlen(log) > 8 * 1000);
	CHECK_INT(strncmp(log, "got cast xxx", 12), 0);
	free(log);
	unserver(s);
}

TEST(debug_events_in_words)
{
	struct gsi_server *s = server(5);
	gs_pid from = { 7, 3, 2 };
	gs_info down = { .kind = GS_INFO_DOWN,
		.from = from,
		.ref.id = 6,
		.reason = "boom" };
	gs_info end = { .kind = GS_INFO_EXIT, .from = from, .reason = "ill" };
	gs_info late = { .kind = GS_INFO_TIMEOUT, .reason = "" };
	gs_info info = { .kind = GS_INFO_MESSAGE,
		.body = GS_BYTES("\xff\n\0k", 4),
		.reason = "" };

	CHECK_INT(gsi_debug_set(s, GS_TEXT("log(20)")), 0);
	s->message.kind = GSI_CALL;
	s->message.from = from;
	s->message.body = GS_TEXT("get");
	gsi_debug_got(s, NULL);
	gsi_debug_sent(s, from, GS_TEXT("five"), NULL);
	cast(s, "add");
	gsi_debug_state(s);
	gsi_debug_got(s, &info);
	gsi_debug_got(s, &late);
	gsi_debug_got(s, &down);
	gsi_debug_got(s, &end);
	gsi_debug_continue(s, GS_TEXT("more"));
	CHECK_STR(kept(s), "got call get from <7.3.2>\n"
			   "sent five to <7.3.2>, new state number 5\n"
			   "got cast add\n"
			   "new state number 5\n"
			   "got \\xff\\x0a\\x00k\n"
			   "got timeout\n"
			   "got DOWN 6 <7.3.2> boom\n"
			   "got EXIT <7.3.2> ill\n"
			   "continue more");
	unserver(s);
}

/* SYS-09 */
TEST(debug_survives_a_failing_format_status)
{
	struct gsi_server *s = server(13);

	CHECK_INT(gsi_debug_set(s, GS_TEXT("log")), 0);
	gsi_debug_state(s);
	CHECK_STR(kept(s), "new state format_status of number failed");
	unserver(s);
}

TEST(debug_counts)
{
	struct gsi_statistics n;
	struct gsi_server *s = server(1);
	int64_t start;

	CHECK(!gsi_debug_statistics(s, &n));
	CHECK_INT(gsi_debug_set(s, GS_TEXT("log")), 0);
	cast(s, "before");
	CHECK(!gsi_debug_statistics(s, &n));
	CHECK_INT(gsi_debug_set(s, GS_TEXT("statistics")), 0);
	cast(s, "one");
	cast(s, "two");
	gsi_debug_sent(s, s->me->pid, GS_TEXT("x"), "told");
	CHECK(gsi_debug_statistics(s, &n));
	CHECK_INT(n.in, 2);
	CHECK_INT(n.out, 1);
	CHECK(n.start > 0 && n.now >= n.start && n.work >= 0);
	start = n.start;
	/* SYS-19 */
	CHECK_INT(gsi_debug_set(s, GS_TEXT("statistics")), 0);
	CHECK(gsi_debug_statistics(s, &n));
	CHECK_INT(n.in, 2);
	CHECK_INT(n.start, start);
	gsi_debug_unset(s, "statistics");
	CHECK(!gsi_debug_statistics(s, &n));
	CHECK_STR(kept(s), "got cast before\ngot cast one\ngot cast two\n"
			   "sent x to <7.8.9>, new state told");
	unserver(s);
}

static const char *
contents(const char *path)
{
	static char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	CHECK(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	CHECK(n >= 0);
	close(fd);
	text[n] = '\0';
	return text;
}

TEST(debug_file)
{
	char path[256], word[300];
	struct gsi_server *s = server(1);
	int fd;

	snprintf(path, sizeof(path), "%s/watched", getenv("GS_RUNTIME_DIR"));
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	CHECK_INT(write(fd, "old", 3), 3);
	close(fd);
	snprintf(word, sizeof(word), "log_to_file(%s)", path);
	CHECK_INT(gsi_debug_set(s, gs_text(word)), 0);
	CHECK_STR(contents(path), "");
	cast(s, "one");
	gsi_debug_state(s);
	CHECK_STR(contents(path), "*DBG* <7.8.9> got cast one\n"
				  "*DBG* <7.8.9> new state number 1\n");
	/* SYS-16: the old file is closed though the new cannot be had */
	CHECK_INT(
	    gsi_debug_set(s, GS_TEXT("log_to_file(/nowhere/x)")), -ENOENT);
	CHECK(!s->debug);
	CHECK_INT(gsi_debug_set(s, gs_text(word)), 0);
	CHECK_STR(contents(path), "");
	unlink(path);
	unserver(s);
}
