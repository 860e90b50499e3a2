/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which node and which server is meant, and getting there.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cmd/gsctl/cmd.h"

#define NOTE_MS 3000 /* without an answer, and a person wonders */

/* Looks on while the library waits for the node's answer. */
struct watch {
	const struct cmd *cmd;
	timer_t timer;
	bool noted;
	bool last; /* the next alarm is the end of patience */
};

int
cmd_check_node(const struct cmd *cmd)
{
	const char *why;

	if (gs_name_check(cmd->node, &why) == 0)
		return 0;
	return cmd_usage(cmd, "'%s' cannot be a node: %s", cmd->node, why);
}

static int
check_name(const struct cmd *cmd, const char *text, const char *name)
{
	const char *why = "it is not a legal name";

	if (gs_name_check(name, &why) == 0)
		return 0;
	return cmd_usage(cmd, "'%s' cannot be a server: %s", text, why);
}

/* Where nothing stands on one side of the '@', it is no legal name. */
int
cmd_server(struct cmd *cmd, const char *text, struct cmd_server *server)
{
	const char *at = strrchr(text, '@');
	size_t length = strlen(text);
	char name[GS_NAME_MAX + 2];
	int status;

	memset(server, 0, sizeof(*server));
	server->text = text;
	if (at != NULL && at > text && at[1] != '\0') {
		cmd->node = at + 1;
		length = (size_t)(at - text);
	}
	if (length > GS_NAME_MAX)
		return cmd_usage(cmd,
		    "'%s' cannot be a server: longer than %d bytes", text,
		    GS_NAME_MAX);
	snprintf(name, sizeof(name), "%.*s", (int)length, text);
	if (name[0] == '<') {
		if (gs_pid_parse(name, &server->pid) != 0)
			return cmd_usage(cmd,
			    "'%s' is no pid: wanted <node.slot.generation>",
			    text);
		server->to = gs_to_pid(server->pid);
		return cmd_check_node(cmd);
	}
	memcpy(server->name, name, length + 1);
	server->to = gs_to_name(server->name);
	status = check_name(cmd, text, name);
	return status != 0 ? status : cmd_check_node(cmd);
}

struct search {
	const char *name;
	int os_pid;
};

static int
match(const gs_node_entry *node, void *data)
{
	struct search *search = data;

	if (!node->running || strcmp(node->name, search->name) != 0)
		return 0;
	search->os_pid = node->os_pid;
	return 1;
}

int
cmd_node_pid(const char *name)
{
	struct search search = { name, 0 };

	return gs_nodes(match, &search) > 0 ? search.os_pid : 0;
}

/* "node 'work' (process 4711)" */
static void
describe(const struct cmd *cmd, char text[GS_NAME_MAX + 48])
{
	int n = sprintf(text, "node '%s'", cmd->node);
	int os_pid = cmd_node_pid(cmd->node);

	if (os_pid > 0)
		sprintf(text + n, " (process %d)", os_pid);
}

static bool
has_end(const struct watch *watch)
{
	return watch->cmd->patience > 0 && watch->cmd->patience != GS_INFINITY;
}

/* The moment of the next words, a note or the last; none: disarmed. */
static void
arm(struct watch *watch)
{
	int ms = watch->noted ? 0 : NOTE_MS;
	struct itimerspec at = { .it_value.tv_sec = 0 };

	watch->last = has_end(watch) && (ms == 0 || ms >= watch->cmd->patience);
	if (watch->last)
		ms = watch->cmd->patience - (watch->noted ? NOTE_MS : 0);
	at.it_value.tv_sec = ms / 1000;
	at.it_value.tv_nsec = ms % 1000 * 1000000L;
	timer_settime(watch->timer, 0, &at, NULL);
}

/* In a child of its own; should that get stuck, it ends. */
static void __attribute__((noreturn)) tell(const struct watch *watch)
{
	const struct cmd *cmd = watch->cmd;
	char node[GS_NAME_MAX + 48];
	sigset_t none;

	signal(SIGALRM, SIG_DFL);
	alarm(3);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	describe(cmd, node);
	if (watch->last)
		cmd_error(0, "%s: %s does not answer", cmd->verb->name, node);
	else
		cmd_error(0, "%s does not answer; is it stopped?", node);
	_exit(0);
}

/*
 * Interrupts the library, which waits for the node, so that nothing may be
 * called here that allocates: a child finds the words.
 */
static void
on_alarm(int number, siginfo_t *info, void *context)
{
	struct watch *watch = info->si_value.sival_ptr;
	int saved = errno;
	pid_t child;

	(void)number;
	(void)context;
	if (info->si_code != SI_TIMER)
		return;
	child = _Fork();
	if (child == 0)
		tell(watch);
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		continue;
	if (watch->last)
		_exit(CMD_TIMED_OUT);
	watch->noted = true;
	arm(watch);
	errno = saved;
}

static bool
begin_watch(struct watch *watch)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO | SA_RESTART };
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGALRM,
		.sigev_value.sival_ptr = watch,
	};
	sigset_t alarm_only;

	action.sa_sigaction = on_alarm;
	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	if (timer_create(CLOCK_MONOTONIC, &event, &watch->timer) != 0)
		return false;
	sigaction(SIGALRM, &action, NULL);
	sigprocmask(SIG_UNBLOCK, &alarm_only, NULL);
	arm(watch);
	return true;
}

/*
 * A node that is stopped lets nobody in and refuses nobody.  The looker-on is
 * a timer: with a second thread the kernel takes 10 ms longer to attach.
 */
int
cmd_open(const struct cmd *cmd)
{
	struct watch watch = { .cmd = cmd };
	bool watched = begin_watch(&watch);
	int rc = gs_node_open(cmd->node, 0);

	if (watched)
		timer_delete(watch.timer);
	signal(SIGALRM, SIG_DFL);
	/* It ended between our knock and its answer. */
	return rc == -ECONNRESET || rc == -EPIPE ? -ENOTCONN : rc;
}

int
cmd_attach(const struct cmd *cmd)
{
	int rc = cmd_open(cmd);
	char hint[CMD_HINT];

	if (rc == 0)
		return 0;
	if (rc == -ENOTCONN)
		return cmd_error(CMD_NO_NODE,
		    "no node '%s' is running; start one with '%s'", cmd->node,
		    cmd_hint(cmd, hint, "up", NULL, NULL));
	return cmd_fail(cmd, NULL, rc);
}

int
cmd_reach(struct cmd *cmd, const char *text, struct cmd_server *server)
{
	int status = cmd_server(cmd, text, server);

	return status != 0 ? status : cmd_attach(cmd);
}

int
cmd_resolve(const struct cmd *cmd, const struct cmd_server *server, gs_pid *pid)
{
	int rc = gs_resolve(server->to, pid);

	if (rc == 0 && !gs_alive(*pid))
		rc = -ESRCH;
	return rc == 0 ? 0 : cmd_fail(cmd, server, rc);
}

enum gs_process_kind
cmd_own(const struct cmd_server *server)
{
	gs_process_info info;

	if (gs_addr_kind(server->to) != GS_ADDR_PID ||
	    gs_process_inspect(server->to, &info) != 0)
		return 0;
	return info.kind == GS_PROCESS_NODE ||
		       info.kind == GS_PROCESS_SUPERVISOR
		   ? info.kind
		   : 0;
}
