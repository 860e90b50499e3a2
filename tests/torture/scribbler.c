/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile memory: a client, or a supervised server, writes random and nasty
 * values over all that it has mapped of the node, again and again, while
 * fifty servers work.  Bystanders notice nothing; victims are started again,
 * with one report each; the node and root go on.
 */
#include <pthread.h>
#include <sys/mman.h>

#include "tests/torture/crowd.h"
#include "tests/torture/scribble_kin.h"
#include "tests/torture/scribble_log.h"

#define SOON 15000
#define NODE_KB (64l << 10)

/* ---- who works ---- */

struct worker {
	pthread_t thread;
	uint32_t client;
	bool on_victims;
	uint64_t sent[BYSTANDERS];
	uint64_t calls;
	uint64_t refused;
	uint64_t scribbled; /* questions that did not arrive as they were */
	int64_t slowest;
};

static void
ask_bystander(struct worker *w, uint64_t *seed, uint64_t nonce)
{
	int i = (int)(rnd(seed) % BYSTANDERS);
	struct question q = question(nonce % 3, nonce, w->client);
	uint64_t wanted = q.op == COUNT ? w->sent[i] : right(i, nonce);
	struct reply r;
	gs_bytes body;
	char name[16];

	if (q.op == RELAY && i + 1 < BYSTANDERS)
		wanted = right(i + 1, nonce);
	snprintf(name, sizeof(name), "b%d", i);
	if (gs_call(GS_NAME(name), GS_OBJECT(q), &body, PATIENCE) != 0)
		FAIL("bystander %s: %s", name, gs_error_text());
	CHECK(is_reply(body, &r));
	CHECK(r.nonce == nonce && r.value == wanted);
	CHECK_OK(gs_cast_wait(GS_NAME(name), GS_OBJECT(q), PATIENCE));
	w->sent[i]++;
}

static void
ask_victim(struct worker *w, uint64_t *seed, uint64_t nonce)
{
	int i = (int)(rnd(seed) % VICTIMS);
	struct question q = question(ASK, nonce, w->client);
	int64_t began = now_ms(), took;
	struct reply r;
	gs_bytes body;
	char name[16];
	int status;

	snprintf(name, sizeof(name), "v%d", i);
	status = gs_call(GS_NAME(name), GS_OBJECT(q), &body, CALL_MS);
	took = now_ms() - began;
	if (took > w->slowest)
		w->slowest = took;
	if (status != 0) {
		CHECK(gs_error_reason()[0] != '\0');
		w->refused++;
		return;
	}
	CHECK(is_reply(body, &r) || body.size == sizeof(r));
	memcpy(&r, body.data, sizeof(r));
	if (r.nonce == 0)
		w->scribbled++;
	else
		CHECK(r.nonce == nonce && r.value == right(100u + i, nonce));
}

/* Names and monitors go through the node, as a scribbler's garbage does. */
static void
ask_node(struct worker *w)
{
	char name[16];
	gs_pid pid;
	gs_ref ref;

	snprintf(name, sizeof(name), "w%u", w->client);
	CHECK_OK(gs_register(name));
	CHECK_OK(gs_whereis(name, &pid));
	CHECK_OK(gs_monitor(GS_NAME("b1"), &ref));
	CHECK_OK(gs_demonitor(ref, true));
	CHECK_OK(gs_unregister(name));
}

static void *
work(void *data)
{
	struct worker *w = data;
	uint64_t seed = 88172645463325252u + w->client;

	while (!atomic_load(&plan->stop)) {
		uint64_t nonce = rnd(&seed) | 1;

		w->calls++;
		if (w->on_victims)
			ask_victim(w, &seed, nonce);
		else
			ask_bystander(w, &seed, nonce);
		if (!w->on_victims && w->calls % 64 == 0)
			ask_node(w);
	}
	return NULL;
}

/* ---- the whole ---- */

static gs_pid pids[BYSTANDERS];

static gs_pid
start(const gs_behaviour *behaviour, const char *kind, int i, int id)
{
	char name[16], text[16];
	gs_child_spec spec = { .behaviour = behaviour, .options.name = name };
	int64_t until = now_ms() + SOON;
	int status;
	gs_pid pid;

	snprintf(name, sizeof(name), "%s%d", kind, i);
	snprintf(text, sizeof(text), "%d", id);
	spec.argument = gs_text(text);
	spec.has_intensity = true;
	spec.max_restarts = 100000;
	spec.max_seconds = 1;
	/* root may have been hit last, and is only now replaced */
	do
		status = gs_child_start(&spec, &pid);
	while (status == -EBADMSG && now_ms() < until);
	CHECK_OK(status);
	return pid;
}

static bool
victim_answers(void *name)
{
	struct question q = question(ASK, 5, 0);
	struct reply r;
	gs_bytes body;

	return gs_call(GS_NAME(name), GS_OBJECT(q), &body, CALL_MS) == 0 &&
	       is_reply(body, &r) && r.nonce == 5;
}

static long
resident_kb(int os_pid)
{
	char path[64], line[128];
	long kb = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", os_pid);
	f = fopen(path, "re");
	CHECK(f);
	while (fgets(line, sizeof(line), f))
		sscanf(line, "VmRSS: %ld", &kb);
	fclose(f);
	return kb;
}

/* Opens a private node whose log goes to the descriptor returned. */
static int
open_caught(void)
{
	int log = memfd_create("log", MFD_CLOEXEC);
	int saved = dup(STDERR_FILENO), status;

	CHECK(log >= 0 && saved >= 0 && dup2(log, STDERR_FILENO) >= 0);
	status = gs_node_open(NULL, 0);
	dup2(saved, STDERR_FILENO);
	close(saved);
	CHECK_OK(status);
	return log;
}

static void
work_for(struct worker workers[CLIENTS], int64_t ms)
{
	int64_t until = now_ms() + ms;

	for (uint32_t i = 0; i < CLIENTS; i++) {
		workers[i].client = i;
		workers[i].on_victims = i >= CLIENTS / 2;
		CHECK(pthread_create(
			  &workers[i].thread, NULL, work, &workers[i]) == 0);
	}
	while (now_ms() < until)
		usleep(20000);
	atomic_store(&plan->stop, true);
	for (int i = 0; i < CLIENTS; i++)
		CHECK(pthread_join(workers[i].thread, NULL) == 0);
}

static int
print_child(const gs_child *child, void *name)
{
	char pid[GS_PID_TEXT];

	if (strcmp(child->id, name) == 0)
		printf("# root: %s %s is in state %d, restarts %u, %s\n",
		    child->id, gs_pid_text(child->pid, pid), child->state,
		    child->restarts, child->last_reason);
	return 0;
}

static int
print_process(const gs_process_info *info, void *data)
{
	char pid[GS_PID_TEXT];

	(void)data;
	printf("# node: %s '%s' process %d kind %d state %d queue %llu\n",
	    gs_pid_text(info->pid, pid), info->name, info->os_pid, info->kind,
	    info->state, (unsigned long long)info->messages_queued);
	return 0;
}

/* Who does not answer, and what root, the node and the log say of that. */
static noreturn void
deaf(char *name, const char *log)
{
	size_t size = strlen(log);

	printf("# %s does not answer: %s\n", name, gs_error_text());
	if (gs_children(print_child, name) < 0 ||
	    gs_processes(print_process, NULL) < 0)
		printf("# and root or the node: %s\n", gs_error_text());
	FAIL("the log ends: %s", log + (size > 20000 ? size - 20000 : 0));
}

static void
look_after(int log, const struct worker workers[CLIENTS])
{
	char name[16], *text = read_log(log);
	const struct worker *a = &workers[0], *v = &workers[CLIENTS - 1];
	gs_node_info info;
	gs_pid pid;

	for (int i = 0; i < BYSTANDERS; i++) {
		snprintf(name, sizeof(name), "b%d", i);
		CHECK_OK(gs_whereis(name, &pid));
		CHECK(gs_pid_equal(pid, pids[i]));
	}
	for (int i = 0; i < VICTIMS; i++) {
		snprintf(name, sizeof(name), "v%d", i);
		if (!eventually(victim_answers, name, SOON))
			deaf(name, text);
	}
	CHECK_OK(gs_node_inspect(&info));
	CHECK(test_slow() || resident_kb(info.os_pid) < NODE_KB);
	start(&member, "after", 0, 0);
	printf("# %llu stray writes, root hit %llu times; %d damaged servers, "
	       "each reported once; %llu right answers of bystanders; of "
	       "victims %llu calls, %llu with a reason, %llu scribbled on, "
	       "slowest %lld ms\n",
	    (unsigned long long)plan->writes, (unsigned long long)plan->roots,
	    count_reports(text), (unsigned long long)a->calls,
	    (unsigned long long)v->calls, (unsigned long long)v->refused,
	    (unsigned long long)v->scribbled, (long long)v->slowest);
	CHECK(plan->writes > 100 && a->calls > 0);
	CHECK(v->slowest < CALL_MS + 2000 * (test_slow() ? 10 : 1));
	free(text);
}

static void
run(const char *poller, bool as_server)
{
	static struct worker workers[CLIENTS];
	gs_node_info info;
	pid_t pid = 0;
	int log;

	setenv("GS_POLLER", poller, 1);
	if (strncmp(gs_poller(), "none", 4) == 0)
		SKIP("io_uring is refused here");
	plan = test_shared(sizeof(*plan));
	if (!as_server)
		pid = test_fork(nursery, NULL);
	log = open_caught();
	for (int i = 0; i < BYSTANDERS; i++)
		pids[i] = start(&member, "b", i, i);
	for (int i = 0; i < VICTIMS; i++)
		start(&member, "v", i, 100 + i);
	for (int i = 0; i < 2 && as_server; i++)
		start(&hostile, "s", i, i);
	CHECK_OK(gs_node_inspect(&info));
	memcpy(plan->node, info.name, sizeof(info.name));
	work_for(workers, test_seconds() * 500);
	if (pid > 0)
		test_join(pid);
	look_after(log, workers);
	gs_node_close();
	close(log);
}

TEST_TIMEOUT(client_that_scribbles_io_uring, 60)
{
	run("io_uring", false);
}

TEST_TIMEOUT(server_that_scribbles_io_uring, 60)
{
	run("io_uring", true);
}

TEST_TIMEOUT(client_that_scribbles_epoll, 60)
{
	run("epoll", false);
}

TEST_TIMEOUT(server_that_scribbles_epoll, 60)
{
	run("epoll", true);
}
