/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which points of an operation are tried: all of them, in a scattered order,
 * until the time of this operation is over, which is longer with --seconds.
 * The order is new each time; GS_STEP_SEED repeats one.
 */
#ifndef GS_TESTS_INSTRUCTIONS_PLAN_H
#define GS_TESTS_INSTRUCTIONS_PLAN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct plan {
	char what[80];
	uint32_t points;
	uint32_t done;
	uint32_t missed;
	uint32_t *again; /* those missed, for another try when all are done */
	uint32_t rounds;
	uint32_t next; /* of this round, in again */
	uint32_t tries;
	uint32_t last; /* given out */
	uint32_t at;
	uint32_t stride;
	uint32_t least; /* are tried in any case */
	int64_t until;
	off_t output; /* what was said before */
};

/* First in a case: it gets an equal share of the time of this program. */
void plan_time(int cases);
/* Takes an equal share of what is left, with parts - 1 others behind it. */
void plan_begin(struct plan *plan, uint32_t points, int parts,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The next point: false when it is enough. */
bool plan_next(struct plan *plan, uint32_t *k);
/* It took another way this time and ended, or slept, before the point. */
void plan_missed(struct plan *plan);
/* Says how many were met. */
void plan_end(struct plan *plan);

/* Below n; repeated by the seed. */
uint32_t plan_chance(uint32_t n);

#endif
