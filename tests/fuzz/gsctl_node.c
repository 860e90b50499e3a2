/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node that is not there: what gsctl asks the library for is made up from
 * the input.  Texts have an end, as the library promises; no more than that.
 */
#include "tests/fuzz/gsctl_node.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

int __wrap_isatty(int fd);
int __wrap_timer_create(clockid_t clock, struct sigevent *event, timer_t *out);
sighandler_t __wrap_signal(int number, sighandler_t handler);
int __wrap_cmd_launch(const struct cmd *cmd);
int __wrap_cmd_options(struct cmd *cmd, int argc, char **argv, bool *done);
int __real_cmd_options(struct cmd *cmd, int argc, char **argv, bool *done);
int __wrap_gs_node_open(const char *name, unsigned flags);
void __wrap_gs_node_close(void);
int __wrap_gs_node_run(const char *name, int ready);
int __wrap_gs_node_down(int timeout);
int __wrap_gs_node_inspect(gs_node_info *info);
int __wrap_gs_processes(
    int (*each)(const gs_process_info *p, void *data), void *data);
int __wrap_gs_children(
    int (*each)(const gs_child *child, void *data), void *data);
int __wrap_gs_process_inspect(gs_addr who, gs_process_info *info);
int __wrap_gs_links(gs_pid pid, gs_pid *links, int max);
uint32_t __wrap_gs_changes(void);
int __wrap_gs_changed(uint32_t seen, int timeout);

struct pretend *
pretend(void)
{
	static struct pretend pretend;

	return &pretend;
}

uint8_t
pretend_byte(void)
{
	return fuzz_byte(&pretend()->in);
}

void
pretend_text(char *to, size_t size)
{
	size_t most = pretend_byte() % 24;

	fuzz_text(&pretend()->in, to, most < size ? most : size - 1);
}

gs_pid
pretend_pid(void)
{
	uint8_t n = pretend_byte();
	gs_pid pid = { 9, n % 6, n & 128 ? 0 : 1 };

	return pid;
}

/* Mostly well; else one of the ways in which it can fail. */
int
pretend_status(void)
{
	static const int all[] = { -ENOTCONN, -ENOENT, -ESRCH, -ETIMEDOUT,
		-EAGAIN, -EINVAL, -EPERM, -ECONNRESET, -EMSGSIZE, -EEXIST,
		-ECHILD, -ENOTSUP, -ECANCELED, -EHOSTUNREACH, -EBUSY, -E2BIG };
	uint8_t n = pretend_byte();

	pretend_text(pretend()->error, sizeof(pretend()->error));
	return n & 0x60 ? 0 : all[n & 15];
}

int
__wrap_isatty(int fd)
{
	(void)fd;
	return pretend()->terminal;
}

/* SIGALRM is libFuzzer's. */
int
__wrap_timer_create(clockid_t clock, struct sigevent *event, timer_t *out)
{
	(void)clock;
	(void)event;
	(void)out;
	return -1;
}

sighandler_t
__wrap_signal(int number, sighandler_t handler)
{
	(void)number;
	(void)handler;
	return SIG_DFL;
}

int
__wrap_cmd_launch(const struct cmd *cmd)
{
	(void)cmd;
	return 0;
}

/* The words are known to be good when this returns without done. */
int
__wrap_cmd_options(struct cmd *cmd, int argc, char **argv, bool *done)
{
	int status = __real_cmd_options(cmd, argc, argv, done);

	pretend()->cmd = cmd;
	if (!*done)
		FUZZ(gs_name_check(cmd->node, NULL) == 0);
	return status;
}

/* ---- the node ---- */

int
__wrap_gs_node_open(const char *name, unsigned flags)
{
	(void)flags;
	FUZZ(gs_name_check(name, NULL) == 0);
	if (!pretend()->node_runs)
		return -ENOTCONN;
	return pretend_status();
}

void
__wrap_gs_node_close(void)
{
}

int
__wrap_gs_node_run(const char *name, int ready)
{
	(void)name;
	(void)ready;
	return pretend_status();
}

int
__wrap_gs_node_down(int timeout)
{
	FUZZ(timeout >= 0);
	return pretend_status();
}

int
__wrap_gs_node_inspect(gs_node_info *info)
{
	memset(info, 0, sizeof(*info));
	pretend_text(info->name, sizeof(info->name));
	pretend_text(info->version, sizeof(info->version));
	pretend_text(info->poller, sizeof(info->poller));
	pretend_text(info->memory, sizeof(info->memory));
	pretend_text(info->runtime, sizeof(info->runtime));
	/* the target "log" has real files */
	if (pretend_byte() & 1)
		strcpy(info->log, "/nonexistent/gs-fuzz.log");
	info->os_pid = (int)fuzz_number(&pretend()->in, 4);
	info->arena_used = fuzz_number(&pretend()->in, 8);
	info->uptime = (int64_t)fuzz_number(&pretend()->in, 8);
	info->processes = pretend_byte();
	return 0;
}

static void
make_process(gs_process_info *p, uint32_t slot)
{
	memset(p, 0, sizeof(*p));
	p->pid = (gs_pid){ 9, slot, 1 };
	p->parent = pretend_pid();
	p->supervisor = pretend_pid();
	p->calling = pretend_pid();
	p->os_pid = (int)fuzz_number(&pretend()->in, 2);
	p->kind = (enum gs_process_kind)(pretend_byte() % 7);
	p->state = (enum gs_process_state)(pretend_byte() % 11);
	p->trap_exit = pretend_byte() & 1;
	pretend_text(p->name, sizeof(p->name));
	pretend_text(p->label, sizeof(p->label));
	pretend_text(p->behaviour, sizeof(p->behaviour));
	pretend_text(p->version, sizeof(p->version));
	p->calls = fuzz_number(&pretend()->in, pretend_byte() & 8);
	p->memory = fuzz_number(&pretend()->in, pretend_byte() & 8);
	p->uptime = (int64_t)fuzz_number(&pretend()->in, pretend_byte() & 8);
}

int
__wrap_gs_processes(
    int (*each)(const gs_process_info *p, void *data), void *data)
{
	uint32_t count = pretend_byte() % 6;
	gs_process_info p;
	int status = 0;

	for (uint32_t slot = 0; slot < count && status == 0; slot++) {
		make_process(&p, slot);
		status = each(&p, data);
	}
	return status;
}

int
__wrap_gs_children(int (*each)(const gs_child *child, void *data), void *data)
{
	int status = 0;

	for (int i = pretend_byte() % 4; i > 0 && status == 0; i--) {
		gs_child child = { .pid = pretend_pid() };

		pretend_text(child.id, sizeof(child.id));
		pretend_text(child.what, sizeof(child.what));
		pretend_text(child.last_reason, sizeof(child.last_reason));
		child.state = (enum gs_child_state)(pretend_byte() % 8);
		child.restart = (enum gs_restart)(pretend_byte() % 4);
		child.supervised = pretend_byte() & 1;
		child.plain = pretend_byte() & 1;
		child.shutdown = (int)fuzz_number(&pretend()->in, 4);
		status = each(&child, data);
	}
	return status;
}

int
__wrap_gs_process_inspect(gs_addr who, gs_process_info *info)
{
	(void)who;
	make_process(info, pretend_byte() % 6);
	return pretend_status();
}

int
__wrap_gs_links(gs_pid pid, gs_pid *links, int max)
{
	int count = pretend_byte();

	(void)pid;
	for (int i = 0; i < count && i < max; i++)
		links[i] = pretend_pid();
	return count;
}

uint32_t
__wrap_gs_changes(void)
{
	return pretend_byte();
}

/* Something happens as long as there is input; then the node has gone. */
int
__wrap_gs_changed(uint32_t seen, int timeout)
{
	(void)seen;
	FUZZ(timeout >= 0);
	return pretend()->in.left > 0 ? 0 : -ENOTCONN;
}
