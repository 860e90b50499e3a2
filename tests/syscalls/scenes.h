/* SPDX-License-Identifier: Apache-2.0 */
/* The scenes, by name, and how the points of one are tried. */
#ifndef GS_TESTS_SYSCALLS_SCENES_H
#define GS_TESTS_SYSCALLS_SCENES_H

#include "tests/syscalls/stage.h"

/* NULL: there is none of that name. */
const struct scene *scene_of(const char *name);

/*
 * Plays the scene with each point failing, or as many of them as the time
 * allows; fails when one of them has come out badly.
 */
void points_try(const char *scene, enum trap_what what);

/* Each occurrence of that call, with that error only. */
void points_one(
    const char *scene, enum trap_what what, const char *key, const char *error);

#endif
