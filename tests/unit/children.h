/* SPDX-License-Identifier: Apache-2.0 */
/* Children of a root supervisor that is not there. */
#ifndef GS_TESTS_CHILDREN_H
#define GS_TESTS_CHILDREN_H

#include <stdlib.h>

#include "lib/child.h"
#include "tests/runner.h"

static inline struct gsi_child *
child_added(struct gsi_children *list, const gs_child_spec *wanted)
{
	struct gsi_spec *spec;
	struct gsi_child *child;

	CHECK_INT(gsi_spec_build(wanted, 0, 0, &spec), 0);
	child = gsi_child_add(list, spec);
	free(spec);
	CHECK(child);
	return child;
}

#endif
