/* SPDX-License-Identifier: ISC */
/* The helper as pvbusd sees it. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "programs/pvbusd/helper.h"
#include "programs/pvbusd/log.h"

/* sd_booted(3) */
#define SYSTEMD "/run/systemd/system"

struct helper {
	const struct config *config;
	pid_t pid;
	struct loop_source source; /* fd -1: it has gone */
	bool running[COMMAND_COUNT];
	bool ended[COMMAND_COUNT]; /* and nobody was told yet */
	int result[COMMAND_COUNT];
	bool freeze_unsaid; /* its line, as the log may be on a disk at rest */
	int freeze_status;
	int thaw_status; /* the last that was printed: it is tried again */
};

const char *
helper_command(const struct config *config, enum config_command command)
{
	static const char *const systemd[COMMAND_COUNT] = {
		[COMMAND_POWEROFF] = "systemctl poweroff",
		[COMMAND_REBOOT] = "systemctl reboot",
	};

	if (config->commands[command] != NULL)
		return config->commands[command];
	if (systemd[command] == NULL || access(SYSTEMD, F_OK) < 0)
		return NULL;
	return systemd[command];
}

struct helper *
helper_start(const struct config *config)
{
	struct helper *helper = calloc(1, sizeof(*helper));
	int fds[2] = { -1, -1 };

	if (helper == NULL ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		goto failed;
	helper->config = config;
	helper->pid = fork();
	if (helper->pid < 0)
		goto failed;
	if (helper->pid == 0) {
		close(fds[0]);
		helper_live(config, fds[1]);
	}
	close(fds[1]);
	helper->source.fd = fds[0];
	return helper;
failed:
	log_line(PV_LOG_ERROR, "helper: %s: the host cannot power off",
	    strerror(errno));
	if (fds[0] >= 0) {
		close(fds[0]);
		close(fds[1]);
	}
	free(helper);
	return NULL;
}

void
helper_stop(struct helper *helper)
{
	if (helper == NULL)
		return;
	loop_remove(&helper->source);
	if (helper->source.fd >= 0)
		close(helper->source.fd);
	(void)waitpid(helper->pid, NULL, WNOHANG);
	free(helper);
}

/* ---- What has ended --------------------------------------------------- */

static void
log_end(const char *words, int status)
{
	if (status == HELPER_NOT_STARTED)
		log_line(PV_LOG_ERROR, "%s: cannot be started", words);
	else if (status == HELPER_LOST)
		log_line(PV_LOG_ERROR, "%s: nobody knows how it ends", words);
	else if (status == HELPER_TOO_LONG)
		log_line(PV_LOG_ERROR, "%s: took too long", words);
	else if (WIFSIGNALED(status))
		log_line(PV_LOG_ERROR, "%s: ended by signal %d", words,
		    WTERMSIG(status));
	else
		log_line(WEXITSTATUS(status) == 0 ? PV_LOG_INFO : PV_LOG_ERROR,
		    "%s: exit status %d", words, WEXITSTATUS(status));
}

static void
log_command(const struct helper *helper, enum config_command command,
    int status)
{
	const char *words = helper_command(helper->config, command);

	log_end(words != NULL ? words : "a command", status);
}

/* Who writes to a disk at rest waits for the thaw that he was to ask for. */
static void
say_end(struct helper *helper, enum config_command command, int status)
{
	if (command == COMMAND_FREEZE && status != HELPER_LOST) {
		helper->freeze_unsaid = true;
		helper->freeze_status = status;
		helper->thaw_status = 0;
		return;
	}
	if (command == COMMAND_THAW) {
		if (helper->freeze_unsaid)
			log_command(helper, COMMAND_FREEZE,
			    helper->freeze_status);
		helper->freeze_unsaid = false;
		if (status != 0 && status == helper->thaw_status)
			return;
		helper->thaw_status = status;
	}
	log_command(helper, command, status);
}

static void
ended(struct helper *helper, enum config_command command, int status)
{
	helper->running[command] = false;
	helper->ended[command] = true;
	helper->result[command] = status == HELPER_TOO_LONG ? PV_ETIMEDOUT
	    : status == 0                                   ? PV_OK
							    : PV_EIO;
	say_end(helper, command, status);
}

static void
gone(struct helper *helper)
{
	log_line(PV_LOG_ERROR, "the helper has gone: hosts cannot power off");
	loop_remove(&helper->source);
	close(helper->source.fd);
	helper->source.fd = -1;
	for (int i = 0; i < COMMAND_COUNT; i++)
		if (helper->running[i])
			ended(helper, i, HELPER_LOST);
}

/* False: it has said nothing more. */
static bool
take_end(struct helper *helper)
{
	struct helper_end end;
	ssize_t size = recv(helper->source.fd, &end, sizeof(end), MSG_DONTWAIT);

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (size != sizeof(end) || end.command < 0 ||
	    end.command >= COMMAND_COUNT) {
		gone(helper);
		return false;
	}
	if (helper->running[end.command])
		ended(helper, end.command, end.status);
	return true;
}

static void
told(void *ctx, short revents)
{
	struct helper *helper = ctx;

	(void)revents;
	while (helper->source.fd >= 0 && take_end(helper))
		;
}

void
helper_listen(struct helper *helper, struct loop *loop)
{
	if (helper == NULL || helper->source.fd < 0)
		return;
	helper->source.events = POLLIN;
	helper->source.call = told;
	helper->source.ctx = helper;
	loop_add(loop, &helper->source);
}

/* ---- What is to be done ----------------------------------------------- */

static int
run(struct helper *helper, enum config_command command)
{
	unsigned char byte = (unsigned char)command;

	if (helper->source.fd < 0 ||
	    send(helper->source.fd, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL) != 1)
		return PV_EIO;
	helper->running[command] = true;
	helper->ended[command] = false;
	return PV_OK;
}

int
helper_request(struct helper *helper, enum pv_request request)
{
	static const struct {
		enum config_command command;
		const char *word;
	} meant[PV_REQUEST_COUNT] = {
		[PV_REQUEST_SHUTDOWN] = { COMMAND_POWEROFF, "poweroff" },
		[PV_REQUEST_REBOOT] = { COMMAND_REBOOT, "reboot" },
		[PV_REQUEST_SUSPEND] = { COMMAND_SUSPEND, "suspend" },
	};
	enum config_command command;

	if ((unsigned)request >= PV_REQUEST_COUNT ||
	    meant[request].word == NULL)
		return PV_ENOTSUP;
	command = meant[request].command;
	if (helper->running[command])
		return PV_OK; /* it is being done */
	if (helper_command(helper->config, command) != NULL)
		return run(helper, command);
	if (request == PV_REQUEST_SUSPEND)
		return PV_OK; /* the host does it */
	log_line(PV_LOG_ERROR,
	    "the host wants a %s: no such command is configured, and systemd "
	    "does not run here",
	    meant[request].word);
	return PV_ENOTSUP;
}

int
helper_freeze(struct helper *helper, bool frozen)
{
	enum config_command command = frozen ? COMMAND_FREEZE : COMMAND_THAW,
			    other = frozen ? COMMAND_THAW : COMMAND_FREEZE;
	int error;

	if (helper_command(helper->config, command) == NULL)
		return PV_ENOTSUP;
	told(helper, 0); /* the loop has ended when pvbusd does */
	/* never both at a time */
	if (helper->running[command] || helper->running[other])
		return PV_EAGAIN;
	if (helper->ended[command]) {
		helper->ended[command] = false;
		return helper->result[command];
	}
	helper->ended[other] = false;
	error = run(helper, command);
	return error == PV_OK ? PV_EAGAIN : error;
}
