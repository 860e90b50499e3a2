/* SPDX-License-Identifier: Apache-2.0 */
/*
 * User code that is asked on the side: a status function, a debug function, a
 * new state.  The rule: gs_exit leaves that function and nothing else.
 */
#include "lib/system.h"
#include "lib/thread.h"

bool
gsi_guarded(struct gsi_server *s, void (*function)(void *data), void *data)
{
	jmp_buf *outer = s->exit_to;
	jmp_buf here;

	s->exit_to = &here;
	if (_setjmp(here) == 0) {
		function(data);
		gsi_still(s->me);
		s->exit_to = outer;
		return true;
	}
	s->exit_to = outer;
	return false;
}
