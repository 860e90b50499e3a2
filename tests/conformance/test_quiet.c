/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TMO: who hibernates sleeps.  The kernel counts how often.
 */
#include <dirent.h>

#include "tests/conformance/other.h"

/* How often the threads of a process have gone to sleep, so far. */
static long
sleeps_of(int os_pid)
{
	char path[300], line[200];
	struct dirent *task;
	long sum = 0, n;
	FILE *file;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", os_pid);
	dir = opendir(path);
	CHECK(dir);
	while ((task = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%d/task/%s/status", os_pid,
		    task->d_name);
		file = task->d_name[0] == '.' ? NULL : fopen(path, "re");
		while (file && fgets(line, sizeof(line), file))
			if (sscanf(line, "voluntary_ctxt_switches: %ld", &n) ==
			    1)
				sum += n;
		if (file)
			fclose(file);
	}
	closedir(dir);
	CHECK(sum > 0);
	return sum;
}

struct rest {
	int os_pid;
	long sleeps;
	int64_t since;
	int looks;
};

/*
 * What it had still to do is done.  Looked at often: after a time in which
 * nobody was let run it has had no chance.
 */
static bool
has_settled(void *data)
{
	struct rest *r = data;
	long sleeps = sleeps_of(r->os_pid);

	if (sleeps != r->sleeps) {
		r->since = now_ms();
		r->looks = 0;
	}
	r->sleeps = sleeps;
	return ++r->looks >= 25 && now_ms() - r->since >= 200;
}

static bool
has_slept(void *data)
{
	const struct rest *r = data;

	return sleeps_of(r->os_pid) > r->sleeps;
}

static bool
time_is_over(void *deadline)
{
	return now_ms() > *(int64_t *)deadline;
}

/* Also with a mailbox in another node, and one that has been large. */
TEST(TMO_14_a_hibernating_server_is_not_woken_by_anything)
{
	static char large[20000];
	struct rest rest[2] = { { 0 } };
	char script[300];
	int64_t end;
	gs_pid pid[2];

	others_up(1);
	pid[0] = start("hibernate");
	pid[1] = start("");
	for (int i = 0; i < 20; i++)
		CHECK_OK(gs_cast(GS_PID(pid[1]), GS_OBJECT(large)));
	snprintf(
	    script, sizeof(script), "call 5000 there@%s get;last", other(0));
	CHECK_STR(ask(GS_PID(pid[1]), script), "0 0");
	tell(GS_PID(pid[1]), "noreply;hibernate");
	for (int i = 0; i < 2; i++) {
		CHECK(wait_state(GS_PID(pid[i]), GS_STATE_HIBERNATING));
		rest[i].os_pid = os_pid_of(GS_PID(pid[i]));
		CHECK(eventually(has_settled, &rest[i], SOON));
	}
	end = now_ms() + 2000;
	CHECK(eventually(time_is_over, &end, SOON));
	for (int i = 0; i < 2; i++) {
		CHECK_INT(sleeps_of(rest[i].os_pid), rest[i].sleeps);
		CHECK(wait_state(GS_PID(pid[i]), GS_STATE_HIBERNATING));
	}
	/* and it does hear who calls */
	settle(GS_PID(pid[0]));
	CHECK(eventually(has_slept, &rest[0], SOON));
	others_down(1);
}
