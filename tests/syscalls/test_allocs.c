/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every allocation fails once, in the same scenes, whoever makes it.
 */
#include "tests/runner.h"
#include "tests/syscalls/scenes.h"

#define SCENE(scene)                                                           \
	TEST_TIMEOUT(allocs_##scene, 60)                                       \
	{                                                                      \
		points_try(#scene, TRAP_ALLOCS);                               \
	}

SCENE(up)
SCENE(down)
SCENE(embedded)
SCENE(module)
SCENE(program)
SCENE(plain)
SCENE(talk)
SCENE(stop)
SCENE(restart)
SCENE(kill)
SCENE(hibernate)
SCENE(threads)
SCENE(rotate)
SCENE(log)
SCENE(look)
SCENE(prune)
