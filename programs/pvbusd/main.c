/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "programs/pvbusd/daemon.h"
#include "programs/pvbusd/log.h"
#include "programs/pvbusd/notify.h"
#include "programs/pvbusd/privilege.h"

/* With -1 the report is what was asked for. */
static void
log_once(void *ctx, enum pv_log level, const char *line)
{
	(void)ctx;
	if (level == PV_LOG_INFO)
		puts(line);
	else
		log_line(level, "%s", line);
}

static bool
attach_all(struct daemon *daemon)
{
	struct config *config = &daemon->config;
	struct machine **link = &daemon->machines;
	const char *error;

	for (unsigned i = 0; i < config->machine_count; i++) {
		const char *name = config->machines[i];

		*link = machine_new(config, name, i,
		    config->once ? log_once : log_port, &error);
		if (*link == NULL) {
			log_line(PV_LOG_ERROR, "%s: %s", name, error);
			return false;
		}
		if ((*link)->bus == NULL)
			log_line(PV_LOG_ERROR, "%s: no hypervisor here", name);
		link = &(*link)->next;
	}
	return true;
}

static unsigned
units(const struct daemon *daemon)
{
	unsigned count = 0;

	for (const struct machine *machine = daemon->machines; machine != NULL;
	    machine = machine->next)
		count += machine->units;
	return count;
}

static void
free_all(struct daemon *daemon)
{
	nodes_remove(daemon);
	while (daemon->machines != NULL) {
		struct machine *machine = daemon->machines;

		daemon->machines = machine->next;
		machine_free(machine);
	}
	config_free(&daemon->config);
}

/* ---- Running ---------------------------------------------------------- */

static void
signalled(void *ctx, short revents)
{
	struct daemon *daemon = ctx;

	(void)revents;
	daemon->stop = true;
}

/* SIGPIPE would be the end of us for a client that has gone. */
static int
signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static uint64_t
work(struct daemon *daemon)
{
	uint64_t first = clients_expire(daemon, loop_now());

	for (struct machine *machine = daemon->machines; machine != NULL;
	    machine = machine->next) {
		uint64_t next = machine_poll(machine);

		if (next < first)
			first = next;
	}
	return first;
}

static bool
run(struct daemon *daemon)
{
	struct loop_source source = { .fd = signals(), .events = POLLIN,
		.call = signalled, .ctx = daemon };
	bool good = source.fd >= 0;

	if (!good) {
		log_line(PV_LOG_ERROR, "signals: %s", strerror(errno));
		return false;
	}
	loop_add(&daemon->loop, &source);
	notify("READY=1");
	while (good && !daemon->stop) {
		good = loop_once(&daemon->loop, work(daemon));
		if (!good)
			log_line(PV_LOG_ERROR, "poll: %s", strerror(errno));
	}
	notify("STOPPING=1");
	clients_close(daemon);
	loop_remove(&source);
	close(source.fd);
	return good;
}

static int
serve(struct daemon *daemon)
{
	if (!nodes_make(daemon))
		return EX_CANTCREAT;
	if (geteuid() == 0 && !privilege_drop())
		return EX_OSERR;
	return run(daemon) ? EX_OK : EX_OSERR;
}

int
main(int argc, char **argv)
{
	struct daemon daemon = { 0 };
	int status;

	config_parse(&daemon.config, argc, argv);
	log_verbose(daemon.config.verbose);
	if (!attach_all(&daemon))
		status = EX_CONFIG;
	else if (units(&daemon) == 0)
		status = EX_UNAVAILABLE;
	else if (daemon.config.once)
		status = fflush(stdout) == 0 ? EX_OK : EX_IOERR;
	else
		status = serve(&daemon);
	free_all(&daemon);
	return status;
}
