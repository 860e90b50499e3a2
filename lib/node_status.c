/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a process has ended: from its wait status, its last words and what the
 * node killed it for.  Words of its own count only while the kernel has
 * nothing worse to say.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/node_parts.h"
#include "lib/procfs.h"

/* Field 52 of the zombie's stat is its wait status; -1 when not readable. */
static int
status_of_zombie(pid_t pid)
{
	char text[GSI_STAT], *at = gsi_proc_stat(pid, text);

	for (int field = 3; field < 52 && at != NULL; field++)
		at = strchr(at + 1, ' ');
	return at != NULL ? atoi(at + 1) : -1;
}

/* A process that may not be looked into reads 0, which would look clean. */
static bool
status_hidden(pid_t pid)
{
	char path[64], link[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
	return readlink(path, link, sizeof(link)) < 0 && errno == EACCES;
}

bool
gsi_node_last_words(
    struct gsi_node *node, uint32_t slot, char reason[GS_REASON_MAX + 1])
{
	const struct gm_page *page = gm_arena_page(&node->arena, slot);
	uint32_t size;

	if (gm_load(&page->words_state, acquire) != GM_WORDS_FINAL) /* [P1] */
		return false;
	size = gm_once(page->words_size);
	if (size > GM_WORDS_MAX)
		return false;
	memcpy(reason, page->words, size);
	reason[size] = '\0';
	return true;
}

/* The wait status as wait(2) has it, or -1.  The zombie stays. */
int
gsi_node_wait_status(struct gsi_node *node, uint32_t slot)
{
	struct gsi_proc *proc = &node->procs[slot];
	char words[GS_REASON_MAX + 1];
	siginfo_t info = { .si_pid = 0 };
	int status;

	if (waitid(P_PID, (id_t)proc->os_pid, &info,
		WEXITED | WNOHANG | WNOWAIT) == 0 &&
	    info.si_pid == proc->os_pid) {
		proc->ours = true;
		return info.si_code == CLD_EXITED ? info.si_status << 8
						  : info.si_status;
	}
	status = status_of_zombie(proc->os_pid);
	/* words count with either */
	if (status == 0 && !gsi_node_last_words(node, slot, words) &&
	    status_hidden(proc->os_pid))
		status = -1;
	return status;
}

/* First match wins; see genserver(7), exit reasons. */
void
gsi_node_derive(struct gsi_node *node, uint32_t slot, int status,
    char reason[GS_REASON_MAX + 1])
{
	struct gsi_proc *proc = &node->procs[slot];
	bool killed =
	    status >= 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	/* one thread of many, whose program has a status of its own */
	bool client = proc->kind == GS_PROCESS_CLIENT;

	if (proc->refused)
		gsi_reason_copy(reason, "already_started");
	else if ((status <= 0 || killed || client) &&
		 gsi_node_last_words(node, slot, reason))
		return;
	else if (proc->noted != NULL && (status < 0 || WIFSIGNALED(status)))
		gsi_reason_copy(reason, proc->noted);
	else if (status < 0)
		gsi_reason_copy(reason, proc->detached ? "normal" : "killed");
	else if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		gsi_reason_copy(reason, "normal");
	else if (WIFEXITED(status))
		snprintf(reason, GS_REASON_MAX, "exit:%d", WEXITSTATUS(status));
	else if (killed)
		gsi_reason_copy(reason, "killed");
	else
		snprintf(reason, GS_REASON_MAX, "signal:%d", WTERMSIG(status));
}
