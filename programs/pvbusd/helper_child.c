/* SPDX-License-Identifier: ISC */
/*
 * The helper itself.  Commands run without a shell, each in a process group of
 * its own, so that one that takes too long ends with all that it has started.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "programs/pvbusd/helper.h"
#include "programs/pvbusd/privilege.h"

#define SECOND 1000000000ull

/* A host has 900 s (guest/vmware/vmt_backup.c).  Who has not asked for a thaw
 * by then cannot: it may wait for one of the disks. */
#define HOLD 1000u
#define AGAIN (10 * SECOND)

struct child {
	const struct config *config;
	int fd; /* -1: pvbusd has gone */
	int signals;
	pid_t pid[COMMAND_COUNT]; /* 0: does not run */
	uint64_t deadline[COMMAND_COUNT];
	bool killed[COMMAND_COUNT];
	bool frozen; /* a freeze was begun, and no thaw has succeeded */
	uint64_t held_until;
};

char **
helper_words(const char *command)
{
	size_t len = strlen(command), most = len / 2 + 2, count = 0;
	char **words = malloc(most * sizeof(*words) + len + 1);
	char *text, *word;

	if (words == NULL)
		return NULL;
	text = memcpy(words + most, command, len + 1);
	while ((word = strtok_r(text, " \t", &text)) != NULL)
		words[count++] = word;
	words[count] = NULL;
	return words;
}

/* ---- Commands --------------------------------------------------------- */

static void
tell(const struct child *child, int command, int status)
{
	struct helper_end end = { .command = command, .status = status };

	if (child->fd >= 0)
		(void)!send(child->fd, &end, sizeof(end), MSG_NOSIGNAL);
}

static void
execute(char **words)
{
	sigset_t none;

	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(words[0], words);
	fprintf(stderr, "pvbusd: %s: %s\n", words[0], strerror(errno));
	_exit(127);
}

static void
start(struct child *child, int command)
{
	const char *line = helper_command(child->config, command);
	char **words = line != NULL ? helper_words(line) : NULL;
	pid_t pid = words != NULL && words[0] != NULL ? fork() : -1;

	if (pid == 0)
		execute(words);
	free(words);
	if (pid < 0) {
		tell(child, command, HELPER_NOT_STARTED);
		return;
	}
	child->pid[command] = pid;
	child->killed[command] = false;
	child->deadline[command] = loop_now() + child->config->limit * SECOND;
	if (command == COMMAND_FREEZE) {
		child->frozen = true;
		child->held_until = loop_now() +
		    (child->config->hold != 0 ? child->config->hold : HOLD) *
			SECOND;
	}
}

static void
end(struct child *child, int command, int status)
{
	child->pid[command] = 0;
	if (command == COMMAND_THAW && status == 0)
		child->frozen = false;
	tell(child, command, child->killed[command] ? HELPER_TOO_LONG : status);
}

static void
reap(struct child *child)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	(void)!read(child->signals, &info, sizeof(info));
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int i = 0; i < COMMAND_COUNT; i++)
			if (child->pid[i] == pid)
				end(child, i, status);
}

/* When to look again. */
static uint64_t
expire(struct child *child)
{
	uint64_t now = loop_now(), first = LOOP_NEVER;

	if (child->frozen && child->pid[COMMAND_FREEZE] == 0 &&
	    child->pid[COMMAND_THAW] == 0) {
		if (child->held_until <= now) {
			child->held_until = now + AGAIN;
			start(child, COMMAND_THAW);
		}
		first = child->held_until;
	}
	for (int i = 0; i < COMMAND_COUNT; i++) {
		if (child->pid[i] == 0 || child->killed[i])
			continue;
		if (child->deadline[i] <= now) {
			child->killed[i] = true;
			/* before it has a group it has its number */
			kill(child->pid[i], SIGKILL);
			kill(-child->pid[i], SIGKILL);
		} else if (child->deadline[i] < first)
			first = child->deadline[i];
	}
	return first;
}

static void
take(struct child *child)
{
	unsigned char command;
	ssize_t size = recv(child->fd, &command, 1, MSG_DONTWAIT);

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size != 1) {
		close(child->fd);
		child->fd = -1;
	} else if (command < COMMAND_COUNT && child->pid[command] == 0)
		start(child, command);
}

/* ---- Its life --------------------------------------------------------- */

static void
close_from(int first)
{
	long most = sysconf(_SC_OPEN_MAX);

	if (syscall(SYS_close_range, first, UINT_MAX, 0) == 0)
		return;
	if (most < 0 || most > 65536)
		most = 65536;
	for (int fd = first; fd < most; fd++)
		close(fd);
}

/* Nothing of pvbusd's is left but its standard error. */
static void
let_go(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct sigaction action = { .sa_handler = SIG_DFL };

	(void)prctl(PR_SET_NAME, "pvbusd-helper");
	if (null >= 0)
		dup2(null, STDIN_FILENO);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	dup3(fd, STDERR_FILENO + 1, O_CLOEXEC);
	close_from(STDERR_FILENO + 2);
	for (int i = 1; i < NSIG; i++)
		(void)sigaction(i, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* systemctl(1) asks systemd as root, which takes no capability. */
static void
give_up(const struct config *config)
{
	for (int i = 0; i < COMMAND_COUNT; i++)
		if (config->commands[i] != NULL)
			return; /* it may need what we have */
	if (geteuid() == 0)
		(void)privilege_drop(0);
}

/* What ends pvbusd is told to the whole of its service; the helper ends with
 * pvbusd, and thaws first. */
static int
hold_signals(void)
{
	static const int held[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		sigaddset(&set, held[i]);
	if (sigprocmask(SIG_SETMASK, &set, NULL) < 0)
		return -1;
	for (size_t i = 1; i < sizeof(held) / sizeof(held[0]); i++)
		sigdelset(&set, held[i]);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool
has_work(struct child *child)
{
	if (child->fd >= 0)
		return true;
	if (child->pid[COMMAND_FREEZE] != 0 || child->pid[COMMAND_THAW] != 0)
		return true;
	if (!child->frozen)
		return false;
	child->frozen = false; /* one attempt */
	start(child, COMMAND_THAW);
	return child->pid[COMMAND_THAW] != 0;
}

static int
milliseconds_until(uint64_t deadline)
{
	uint64_t now = loop_now();

	if (deadline == LOOP_NEVER)
		return -1;
	return deadline <= now ? 0 : (int)((deadline - now) / 1000000 + 1);
}

void
helper_live(const struct config *config, int fd)
{
	struct child child = { .config = config, .fd = STDERR_FILENO + 1 };

	setsid();
	let_go(fd);
	child.signals = hold_signals();
	give_up(config);
	while (child.signals >= 0 && has_work(&child)) {
		struct pollfd fds[2] = {
			{ .fd = child.signals, .events = POLLIN },
			{ .fd = child.fd, .events = POLLIN },
		};

		if (poll(fds, 2, milliseconds_until(expire(&child))) < 0 &&
		    errno != EINTR)
			break;
		if (fds[0].revents != 0)
			reap(&child);
		if (fds[1].revents != 0)
			take(&child);
	}
	_exit(0);
}
