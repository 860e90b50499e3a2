/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which node is it whose pids have this number?  Each node writes its number
 * into its lock file; as the kernel says whether the lock is held, what a dead
 * node has left there is never taken for a running one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/attach.h"

/*
 * SIGKILL before or in between leaves what an earlier holder wrote, or less:
 * who then looks for the number does not find the node, or is told at the
 * attach that it has another.  The next holder writes anew.
 */
void
gsi_creation_write(int lock, uint32_t creation)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%010u\n", creation);

	/* where there is no room it is found by its name alone */
	if (pwrite(lock, text, (size_t)n, 0) != n && ftruncate(lock, 0) != 0)
		return;
}

uint32_t
gsi_creation_read(int lock)
{
	char text[16] = "";

	if (pread(lock, text, sizeof(text) - 1, 0) != 11 || text[10] != '\n')
		return 0;
	return (uint32_t)strtoul(text, NULL, 10);
}

struct search {
	uint32_t creation;
	char *name;
};

static int
compare(const gs_node_entry *node, void *data)
{
	struct search *search = data;

	if (!node->running || node->creation != search->creation)
		return 0;
	memcpy(search->name, node->name, sizeof(node->name));
	return 1;
}

int
gsi_node_of(uint32_t creation, char name[GS_NAME_MAX + 1])
{
	struct search search = { creation, name };

	if (creation == 0)
		return -ESRCH;
	return gsi_nodes(compare, &search, false) == 1 ? 0 : -ESRCH;
}
