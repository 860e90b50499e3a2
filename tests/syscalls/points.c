/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The points of a scene: every call that was seen when nothing failed, with
 * every error it may meet, and each role with every second of its calls
 * interrupted.  GS_SEED chooses which of them a short run tries, GS_POINT
 * ("WHO CALL DETAIL NTH ERROR") tries one, GS_ALL=1 all of them, GS_WORDS=1 shows
 * what was said.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/runner.h"
#include "tests/syscalls/faults.h"
#include "tests/syscalls/scenes.h"

#define ROLES 16
#define ONE_SHORT 2 /* of a call's occurrences, when time is short */

struct points {
	const struct scene *scene;
	enum trap_what what;
	struct outcome wanted[STEPS];
	int least[COUNTS];
	struct point *point;
	int n;
	int tried, met, bad;
	struct {
		char name[WHO];
		int tried;
	} role[ROLES];
};

static void
add(struct points *points, const char *key, int nth, int error)
{
	struct point *p;

	for (int i = 0; i < points->n; i++)
		if (points->point[i].nth == nth &&
		    points->point[i].error == error &&
		    strcmp(points->point[i].key, key) == 0)
			return;
	points->point = realloc(
	    points->point, (size_t)(points->n + 1) * sizeof(*points->point));
	CHECK(points->point != NULL);
	p = &points->point[points->n++];
	memset(p, 0, sizeof(*p));
	snprintf(p->key, sizeof(p->key), "%s", key);
	p->nth = nth;
	p->error = error;
}

/* Every second of its calls, once for each role. */
static void
add_role(struct points *points, const char *key)
{
	static const int errors[] = { EINTR, FAULT_HALF };
	char who[WHO];

	if (points->what == TRAP_ALLOCS)
		return;
	snprintf(who, sizeof(who), "%.*s", (int)strcspn(key, " "), key);
	for (int i = 0; i < 2; i++)
		add(points, who, EVERY_SECOND, errors[i]);
}

static bool
at_length(void)
{
	return test_seconds() > 10 || getenv("GS_ALL") != NULL;
}

/* Plays it with nothing failing; twice, as not all runs are the same. */
static void
explore(struct points *points)
{
	for (int round = 0; round < (at_length() ? 2 : 1); round++) {
		struct play play = { .scene = points->scene,
			.what = points->what,
			.least = points->least };

		stage_play(&play);
		if (play.trouble[0] != '\0')
			FAIL("nothing failed, and yet:\n%s", play.trouble);
		for (int i = 0; i < play.n_seen; i++) {
			const struct pump_seen *s = &play.seen[i];
			int e;

			if (points->what == TRAP_ALLOCS && s->nr != TRAP_ALLOC)
				continue;
			if (call_name(s->nr) == NULL)
				printf("# not in the table: %s\n", s->key);
			for (int k = 0;
			     (e = fault_nth(s->nr, s->detail, k)) != 0; k++)
				add(points, s->key, s->nth, e);
			add_role(points, s->key);
		}
		memcpy(points->wanted, play.got, sizeof(points->wanted));
		free(play.seen);
	}
}

static void
count_role(struct points *points, const char *key)
{
	size_t n = strcspn(key, "# ");

	for (int i = 0; i < ROLES; i++) {
		if (points->role[i].tried == 0)
			snprintf(
			    points->role[i].name, WHO, "%.*s", (int)n, key);
		if (strncmp(points->role[i].name, key, n) == 0 &&
		    points->role[i].name[n] == '\0') {
			points->role[i].tried++;
			return;
		}
	}
}

static bool
try(struct points *points, const struct point *point)
{
	struct play play = { .scene = points->scene,
		.what = points->what,
		.aim = point,
		.least = points->least,
		.wanted = points->wanted };

	stage_play(&play);
	free(play.seen);
	points->tried++;
	points->met += play.hit;
	count_role(points, point->key);
	if (play.trouble[0] == '\0')
		return play.hit;
	points->bad++;
	fflush(stdout);
	printf("# BAD %s: %s %d %s\n%s", points->scene->name, point->key,
	    point->nth, fault_name(point->error), play.trouble);
	fflush(stdout);
	return false;
}

static void
shuffle(struct points *points, unsigned seed)
{
	srandom(seed);
	for (int i = points->n - 1; i > 0; i--) {
		int j = (int)(random() % (i + 1));
		struct point p = points->point[i];

		points->point[i] = points->point[j];
		points->point[j] = p;
	}
}

static void
begin(struct points *points, const char *scene, enum trap_what what)
{
	const char *why = trap_refused();

	if (why != NULL)
		SKIP(why);
	memset(points, 0, sizeof(*points));
	points->scene = scene_of(scene);
	points->what = what;
	CHECK(points->scene != NULL);
	explore(points);
}

static bool
read_point(const char *text, struct point *point)
{
	const char *error = strrchr(text, ' '), *nth;

	if (error == NULL)
		return false;
	for (nth = error - 1; nth > text && *nth != ' '; nth--)
		continue;
	memset(point, 0, sizeof(*point));
	snprintf(
	    point->key, sizeof(point->key), "%.*s", (int)(nth - text), text);
	point->nth = atoi(nth);
	point->error = fault_of(error + 1);
	return point->error != 0;
}

/* Ms for one scene: a sample, or as long as it takes. */
static int64_t
allowance(enum trap_what what)
{
	if (getenv("GS_ALL") != NULL)
		return INT32_MAX;
	if (at_length())
		return test_seconds() * 1000;
	return what == TRAP_ALLOCS ? 250 : 500;
}

void
points_try(const char *scene, enum trap_what what)
{
	const char *seeded = getenv("GS_SEED"), *only = getenv("GS_POINT");
	unsigned seed =
	    seeded != NULL ? (unsigned)atoi(seeded) : (unsigned)time(NULL);
	int64_t begun = now_ms(), end;
	static struct points points;
	struct point one;

	begin(&points, scene, what);
	if (only != NULL && read_point(only, &one)) {
		try(&points, &one);
	} else {
		shuffle(&points, seed);
		end = begun + allowance(what);
		for (int i = 0; i < points.n && now_ms() < end; i++)
			try(&points, &points.point[i]);
	}
	printf("# %s, %s: %d of %d points tried, %d met, %d bad, %lld ms, "
	       "GS_SEED=%u\n#",
	    scene, what == TRAP_ALLOCS ? "allocations" : "calls", points.tried,
	    points.n, points.met, points.bad, (long long)(now_ms() - begun),
	    seed);
	for (int i = 0; i < ROLES && points.role[i].tried > 0; i++)
		printf(" %s %d", points.role[i].name, points.role[i].tried);
	printf("\n");
	if (getenv("GS_WORDS") != NULL)
		words_show();
	free(points.point);
	if (points.bad > 0)
		FAIL("%d points came out badly", points.bad);
}

void
points_one(
    const char *scene, enum trap_what what, const char *key, const char *error)
{
	static struct points points;

	CHECK(fault_of(error) != 0);
	begin(&points, scene, what);
	shuffle(&points, (unsigned)time(NULL));
	for (int i = 0; i < points.n; i++)
		if ((points.met < ONE_SHORT || at_length()) &&
		    strcmp(points.point[i].key, key) == 0 &&
		    points.point[i].error == fault_of(error))
			try(&points, &points.point[i]);
	free(points.point);
	printf("# %d times\n", points.met);
	if (points.bad > 0)
		FAIL("it came out badly");
	/* the other poller, or a kernel with newer calls */
	if (points.met == 0)
		SKIP("no such call is made here");
}
