/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every system call that can fail, fails once at each of its occurrences: in
 * the client, the node, root, the logger and the server.  A clear error or
 * recovery; never a hang, a leak, a crash, or harm to others.
 */
#include "tests/runner.h"
#include "tests/syscalls/scenes.h"

#define SCENE(scene)                                                           \
	TEST_TIMEOUT(calls_##scene, 60)                                        \
	{                                                                      \
		points_try(#scene, TRAP_CALLS);                                \
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
