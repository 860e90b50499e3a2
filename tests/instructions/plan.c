/* SPDX-License-Identifier: Apache-2.0 */
/* Points in a scattered order: each once, by a stride that divides nothing. */
#include "tests/instructions/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/runner.h"

#define LEAST 12
#define ROUNDS 3u

static uint64_t state;
static uint64_t seed;
static int64_t end; /* of this case, ms */

uint32_t
plan_chance(uint32_t n)
{
	const char *text = getenv("GS_STEP_SEED");

	if (state == 0) {
		seed = text != NULL ? strtoull(text, NULL, 10)
				    : (uint64_t)now_ns() % 1000000;
		state = seed * 2 + 1;
	}
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return n == 0 ? 0 : (uint32_t)((state >> 16) % n);
}

static uint32_t
divisor(uint32_t a, uint32_t b)
{
	while (b != 0) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

void
plan_time(int cases)
{
	end = now_ms() + (int64_t)test_seconds() * 1000 / cases;
}

void
plan_begin(
    struct plan *plan, uint32_t points, int parts, const char *format, ...)
{
	va_list args;

	*plan = (struct plan){ .points = points, .least = LEAST };
	va_start(args, format);
	vsnprintf(plan->what, sizeof(plan->what), format, args);
	va_end(args);
	plan->until = now_ms() + (end - now_ms()) / parts;
	plan->at = plan_chance(points);
	fflush(NULL);
	plan->output = lseek(STDERR_FILENO, 0, SEEK_END);
	/* near the golden section, so that early points lie far apart */
	plan->stride = (uint32_t)((uint64_t)points * 618 / 1000) + 1;
	while (points > 0 && divisor(points, plan->stride) != 1)
		plan->stride++;
}

/* The last line of a case that fails: which point it was. */
static void
say_where(const struct plan *plan, uint32_t k)
{
	if (ftruncate(STDERR_FILENO, plan->output) != 0)
		return; /* no file: a terminal */
	fprintf(stderr, "%s: point %u of %u, seed %llu\n", plan->what, k,
	    plan->points, (unsigned long long)seed);
}

/* One that was missed, in the first round or in one of these. */
static bool
try_again(struct plan *plan, uint32_t *k)
{
	if (plan->next == plan->tries) {
		if (plan->missed == 0 || plan->rounds++ == ROUNDS)
			return false;
		plan->tries = plan->missed;
		plan->next = plan->missed = 0;
	}
	/* what this round misses is written before what it has still to read */
	*k = plan->again[plan->next++];
	return true;
}

bool
plan_next(struct plan *plan, uint32_t *k)
{
	if (plan->done >= plan->least && now_ms() >= plan->until)
		return false;
	if (plan->done == plan->points) {
		if (!try_again(plan, k))
			return false;
	} else {
		*k = plan->at;
		plan->at = (uint32_t)(((uint64_t)plan->at + plan->stride) %
				      plan->points);
		plan->done++;
	}
	plan->last = *k;
	say_where(plan, *k);
	return true;
}

void
plan_missed(struct plan *plan)
{
	if (plan->again == NULL)
		plan->again =
		    calloc((size_t)plan->points + 1, sizeof(uint32_t));
	CHECK(plan->again);
	plan->again[plan->missed++] = plan->last;
}

void
plan_end(struct plan *plan)
{
	uint32_t missed = plan->missed + plan->tries - plan->next;

	(void)!ftruncate(STDERR_FILENO, plan->output);
	printf("# %s: %u of %u points tried", plan->what, plan->done - missed,
	    plan->points);
	if (missed > 0)
		printf(", %u not met again", missed);
	printf(" (seed %llu)\n", (unsigned long long)seed);
	free(plan->again);
	plan->again = NULL;
}
