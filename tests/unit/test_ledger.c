/* SPDX-License-Identifier: Apache-2.0 */
/* What a root supervisor leaves to the next one: lib/ledger.c, child.c. */
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/children.h"

static struct gsi_child *
add(struct gsi_children *list, const char *name, size_t argument)
{
	char *bytes = calloc(1, argument + 1);
	gs_child_spec wanted = {
		.path = "/x/server.so",
		.options = { .name = name },
		.max_restarts = 5,
		.max_seconds = 7,
		.has_intensity = true,
	};
	struct gsi_child *child;

	memset(bytes, 'a', argument);
	wanted.argument = gs_bytes_of(bytes, argument);
	child = child_added(list, &wanted);
	free(bytes);
	gsi_child_save(list, child);
	return child;
}

static void
reopen(struct gsi_children *list, int fd)
{
	/* as SIGKILL would: the list goes, the file stays */
	gsi_children_close(list);
	gsi_children_open(list, fd);
}

static int
count(const struct gsi_children *list)
{
	int n = 0;

	for (struct gsi_child *c = list->first; c != NULL; c = c->next)
		n++;
	return n;
}

static off_t
memory_of(int fd)
{
	struct stat st;

	CHECK_INT(fstat(fd, &st), 0);
	return st.st_blocks * 512;
}

TEST(ledger_gives_back_what_was_saved)
{
	int fd = memfd_create("ledger", MFD_CLOEXEC);
	struct gsi_children list = { 0 };
	struct gsi_child *c;

	gsi_children_open(&list, fd);
	CHECK(list.first == NULL);
	add(&list, "one", 10);
	c = add(&list, "two", 5000);
	c->pid = (gs_pid){ 1, 2, 3 };
	c->state = GS_CHILD_RESTARTING;
	c->goal = GSI_GOAL_STOP;
	c->first = false;
	c->started = c->ended = true;
	c->restarts = 9;
	c->n_deaths = 2;
	c->deaths[1] = 77;
	gsi_reason_copy(c->last_reason, "signal:11");
	gsi_child_save(&list, c);
	reopen(&list, fd);
	CHECK_INT(count(&list), 2);
	CHECK_STR(list.first->id, "one");
	CHECK(list.first->first);
	c = list.last;
	CHECK_STR(c->id, "two");
	CHECK_INT(c->spec->argument_size, 5000);
	CHECK_INT(c->pid.gen, 3);
	CHECK_INT(c->state, GS_CHILD_RESTARTING);
	CHECK_INT(c->goal, GSI_GOAL_STOP);
	CHECK(!c->first && c->started && c->ended);
	CHECK_INT(c->restarts, 9);
	CHECK_INT(c->n_deaths, 2);
	CHECK_INT(c->deaths[1], 77);
	CHECK_STR(c->last_reason, "signal:11");
	/* serials go on, so that no two children share one */
	CHECK(add(&list, "three", 0)->serial == 3);
	gsi_children_close(&list);
	close(fd);
}

TEST(ledger_uses_room_again_and_keeps_the_order)
{
	int fd = memfd_create("ledger", MFD_CLOEXEC);
	struct gsi_children list = { 0 };
	off_t size;
	char name[16];

	gsi_children_open(&list, fd);
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		add(&list, name, 20);
	}
	size = lseek(fd, 0, SEEK_END);
	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		gsi_child_remove(&list, list.first);
		add(&list, name, (size_t)(i % 40));
		if (i % 5000 == 0)
			reopen(&list, fd);
	}
	CHECK(lseek(fd, 0, SEEK_END) < 2 * size);
	reopen(&list, fd);
	CHECK_INT(count(&list), 200);
	for (struct gsi_child *c = list.first; c->next != NULL; c = c->next)
		CHECK(c->serial + 1 == c->next->serial && c->next->prev == c);
	CHECK(list.last->next == NULL && list.first->prev == NULL);
	gsi_children_close(&list);
	close(fd);
}

TEST(ledger_gives_memory_of_large_arguments_back)
{
	int fd = memfd_create("ledger", MFD_CLOEXEC);
	struct gsi_children list = { 0 };

	gsi_children_open(&list, fd);
	add(&list, "small", 10);
	add(&list, "large", 900000);
	CHECK(memory_of(fd) > 800000);
	gsi_child_remove(&list, list.last);
	CHECK(memory_of(fd) < 100000);
	reopen(&list, fd);
	CHECK_INT(count(&list), 1);
	gsi_children_close(&list);
	close(fd);
}

/* Cut off anywhere, as if the last write had not come to its end. */
TEST(ledger_cut_short_keeps_what_stands_before)
{
	int fd = memfd_create("ledger", MFD_CLOEXEC);
	struct gsi_children list = { 0 };
	off_t end, two;

	gsi_children_open(&list, fd);
	add(&list, "one", 100);
	add(&list, "two", 100);
	two = (off_t)list.ledger.end;
	add(&list, "three", 100);
	end = lseek(fd, 0, SEEK_END);
	while (--end >= 0) {
		CHECK_INT(ftruncate(fd, end), 0);
		reopen(&list, fd);
		CHECK(count(&list) <= 3);
		if (end >= two)
			CHECK(count(&list) >= 2);
	}
	CHECK_INT(count(&list), 0);
	add(&list, "four", 10);
	reopen(&list, fd);
	CHECK_INT(count(&list), 1);
	gsi_children_close(&list);
	close(fd);
}

/* Words that a root killed in add left behind the end are nobody's. */
TEST(ledger_shows_no_words_of_a_record_that_never_was)
{
	int fd = memfd_create("ledger", MFD_CLOEXEC);
	struct gsi_children list = { 0 };
	off_t end;

	gsi_children_open(&list, fd);
	add(&list, "one", 10);
	end = lseek(fd, 0, SEEK_END);
	/* a reason stands behind the head, which was to be written last */
	CHECK_INT(pwrite(fd, "killed", 7, end + 128), 7);
	reopen(&list, fd);
	add(&list, "two", 10);
	reopen(&list, fd);
	CHECK_INT(count(&list), 2);
	CHECK_STR(list.last->id, "two");
	CHECK_STR(list.last->last_reason, "");
	gsi_children_close(&list);
	close(fd);
}

TEST(ledger_of_garbage_is_survived)
{
	int fd = memfd_create("ledger", MFD_CLOEXEC);
	struct gsi_children list = { 0 };
	unsigned seed = 1;

	for (int i = 0; i < 2000; i++) {
		uint32_t junk = (uint32_t)rand_r(&seed);
		off_t at;

		CHECK_INT(ftruncate(fd, 0), 0);
		gsi_children_open(&list, fd);
		add(&list, "one", 100);
		add(&list, "two", 3000);
		at = rand_r(&seed) % (lseek(fd, 0, SEEK_END) - 4);
		if (i % 2 == 0)
			at = at % 128 / 4 * 4;
		CHECK_INT(pwrite(fd, &junk, sizeof(junk), at), sizeof(junk));
		reopen(&list, fd);
		CHECK(count(&list) <= 2);
		add(&list, "three", 10);
		gsi_children_close(&list);
		memset(&list, 0, sizeof(list));
	}
	close(fd);
}

TEST(ledger_can_be_done_without)
{
	struct gsi_children list = { 0 };

	gsi_children_open(&list, -1);
	add(&list, "one", 100);
	gsi_child_save(&list, list.first);
	gsi_child_remove(&list, list.first);
	CHECK(list.first == NULL);
}
