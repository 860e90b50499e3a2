/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is not there.  In a full /dev/shm a damaged mailbox leads the
 * node into a hole, and whoever has the segment open can cut it off: both are
 * SIGBUS.  The rule: a mailbox costs that mailbox, the tables cost the node,
 * which says so and ends with everything of it.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/node_parts.h"

static void
on_bus(int number, siginfo_t *info, void *context)
{
	sigjmp_buf *back = *gsi_thread_slot(GSI_SLOT_SPARE);

	(void)context;
	if (back != NULL && info->si_code > 0)
		siglongjmp(*back, 1);
	signal(number, SIG_DFL);
	raise(number);
}

int
gsi_guard_install(void)
{
	struct sigaction action = { .sa_sigaction = on_bus,
		.sa_flags = SA_SIGINFO | SA_NODEFER };

	sigemptyset(&action.sa_mask);
	return sigaction(SIGBUS, &action, NULL) == 0 ? 0 : -errno;
}

/* Guards stand in each other: where one ends the outer one counts again. */
int
gsi_guard(void (*touch)(void *data), void *data)
{
	void **slot = gsi_thread_slot(GSI_SLOT_SPARE);
	void *volatile outer = *slot;
	sigjmp_buf here;

	if (sigsetjmp(here, 0) != 0) {
		*gsi_thread_slot(GSI_SLOT_SPARE) = outer;
		return -EFAULT;
	}
	*slot = &here;
	touch(data);
	*slot = outer;
	return 0;
}

/* What only the node writes is there, up to the end of the last mailbox. */
bool
gsi_node_whole(const struct gsi_node *node)
{
	const struct gm_header *header = node->arena.header;
	struct stat st;

	return fstat(node->arena.fd, &st) == 0 &&
	       (uint64_t)st.st_size >= node->arena.next_region &&
	       header->creation == node->creation &&
	       gm_load(&header->slots_high, relaxed) >= node->high;
}

void
gsi_node_say_cut(struct gsi_node *node)
{
	node->phase = GSI_PHASE_OVER;
	/* it may have looked where nothing was as well */
	if (node->logger_pid > 0 &&
	    waitpid(node->logger_pid, NULL, WNOHANG) == node->logger_pid)
		gsi_node_fork_logger(node);
	gsi_report(node->reports[1], GSI_ERROR_LEVEL, "node", "",
	    gsi_node_pid(node, 0),
	    "another process has cut off the shared memory: the node ends, "
	    "and everything of it",
	    NULL, 0);
}
