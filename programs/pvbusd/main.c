/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
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

static int
printed(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EX_OK;
	log_line(PV_LOG_ERROR, "standard output: %s", strerror(errno));
	return EX_IOERR;
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
	loop_free(&daemon->loop);
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
	sigaddset(&set, SIGHUP);
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

/* Ready is when the devices can be opened; the kernel makes them while the loop
 * already runs. */
static void
tell_ready(struct daemon *daemon)
{
	for (const struct node *node = daemon->nodes; node != NULL;
	     node = node->next)
		if (!cuse_settled(node))
			return;
	if (!daemon->ready)
		notify("READY=1");
	daemon->ready = true;
}

static bool
run(struct daemon *daemon)
{
	bool good = true;

	for (struct machine *machine = daemon->machines; machine != NULL;
	     machine = machine->next)
		machine_listen(machine, &daemon->loop);
	while (good && !daemon->stop) {
		tell_ready(daemon);
		good = loop_once(&daemon->loop, work(daemon));
		if (!good)
			log_line(PV_LOG_ERROR, "poll: %s", strerror(errno));
	}
	notify("STOPPING=1");
	clients_close(daemon);
	return good;
}

/*
 * Without a descriptor for each place, one user could take them all and leave
 * none for root.
 */
static void
limit_clients(struct daemon *daemon)
{
	/* sockets and devices, and what else is open */
	rlim_t own = units(daemon) * 2 + 24;
	rlim_t wanted = daemon->config.clients + own;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == wanted)
		return;
	daemon->config.clients = limit.rlim_cur > own
	    ? (unsigned)(limit.rlim_cur - own)
	    : 1;
	log_line(PV_LOG_ERROR,
	    "%u clients only: no more descriptors are "
	    "allowed (RLIMIT_NOFILE)",
	    daemon->config.clients);
}

static int
serve(struct daemon *daemon)
{
	uint64_t kept = 0;

	limit_clients(daemon);
	if (!nodes_make(daemon))
		return EX_CANTCREAT;
	for (const struct machine *machine = daemon->machines; machine != NULL;
	     machine = machine->next)
		kept |= machine_privileges(machine, &daemon->config);
	if (geteuid() == 0 && !privilege_drop(kept))
		return EX_OSERR;
	return run(daemon) ? EX_OK : EX_OSERR;
}

/* From here on a signal is taken by the loop, so that it leaves nothing. */
static int
serve_until_signal(struct daemon *daemon)
{
	struct loop_source source = { .fd = signals(),
		.events = POLLIN,
		.call = signalled,
		.ctx = daemon };
	int status;

	if (source.fd < 0) {
		log_line(PV_LOG_ERROR, "signals: %s", strerror(errno));
		return EX_OSERR;
	}
	loop_add(&daemon->loop, &source);
	status = serve(daemon);
	loop_remove(&source);
	close(source.fd);
	return status;
}

/*
 * What a flood of clients took goes back to the kernel when they are gone.
 * glibc else learns from the first large block that it frees, such as a file
 * of the configuration, to keep as much.
 */
static void
memory_goes_back(void)
{
#ifdef M_MMAP_THRESHOLD
	mallopt(M_MMAP_THRESHOLD, 32 * 1024);
	mallopt(M_TRIM_THRESHOLD, 32 * 1024);
#endif
}

int
main(int argc, char **argv)
{
	struct daemon daemon = { .directory = -1, .spare = -1 };
	int status;

	memory_goes_back();
	config_parse(&daemon.config, argc, argv);
	log_verbose(daemon.config.verbose);
	if (!attach_all(&daemon))
		status = EX_CONFIG;
	else if (units(&daemon) == 0)
		status = EX_UNAVAILABLE;
	else if (daemon.config.once)
		status = printed();
	else
		status = serve_until_signal(&daemon);
	free_all(&daemon);
	return status;
}
