/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "programs/pvbusd/daemon.h"
#include "programs/pvbusd/log.h"

/* /run/pvbus is for root; others have a directory of their own. */
static char *
default_directory(void)
{
	const char *own = getenv("XDG_RUNTIME_DIR");
	char *path = NULL;
	int len;

	if (geteuid() == 0)
		return strdup("/run/pvbus");
	if (own == NULL || own[0] != '/') {
		log_line(PV_LOG_ERROR,
		    "XDG_RUNTIME_DIR is not set: say with "
		    "-s where the sockets are to be made");
		return NULL;
	}
	len = asprintf(&path, "%s/pvbus", own);
	return len < 0 ? NULL : path;
}

static bool
find_group(struct daemon *daemon)
{
	const char *name = daemon->config.group;
	const struct group *group;
	unsigned long number;
	char *end;

	if (name == NULL)
		return true;
	daemon->has_group = true;
	errno = 0;
	number = strtoul(name, &end, 10);
	if (name[0] >= '0' && name[0] <= '9' && *end == '\0' && errno == 0 &&
	    number < (gid_t)-1) {
		daemon->group = (gid_t)number;
		return true;
	}
	group = getgrnam(name);
	if (group == NULL) {
		log_line(PV_LOG_ERROR, "group %s: no such group", name);
		return false;
	}
	daemon->group = group->gr_gid;
	return true;
}

/*
 * What we make there is ours alone to rename and remove: whoever else could
 * would take our names, and lead root's chown(2) astray.
 */
static const char *
unsafe(const struct stat *status)
{
	if (!S_ISDIR(status->st_mode))
		return "is not a directory";
	if (status->st_uid != geteuid() && status->st_uid != 0)
		return "belongs to another user";
	if ((status->st_mode & 022) != 0 && (status->st_mode & S_ISVTX) == 0)
		return "others may remove what is made there (chmod go-w)";
	return NULL;
}

static const char *
open_directory(struct daemon *daemon, const char *path)
{
	const char *problem;
	struct stat status;

	if (mkdir(path, 0755) == 0) {
		daemon->made_directory = true;
		chmod(path, 0755); /* whatever the umask: sockets have modes */
	} else if (errno != EEXIST)
		return strerror(errno);
	daemon->directory = open(path, O_RDONLY | O_CLOEXEC);
	if (daemon->directory < 0 || fstat(daemon->directory, &status) < 0)
		return strerror(errno);
	problem = unsafe(&status);
	if (problem != NULL)
		return problem;
	/* one that is shared, such as /tmp, is not ours to lock */
	if (status.st_uid == geteuid() &&
	    flock(daemon->directory, LOCK_EX | LOCK_NB) < 0)
		return "another pvbusd serves it: stop that one, or choose "
		       "another directory with -s";
	return NULL;
}

static bool
make_directory(struct daemon *daemon)
{
	const char *problem;

	if (daemon->config.directory == NULL)
		daemon->config.directory = default_directory();
	if (daemon->config.directory == NULL)
		return false;
	problem = open_directory(daemon, daemon->config.directory);
	if (problem != NULL)
		log_line(PV_LOG_ERROR, "%s: %s", daemon->config.directory,
		    problem);
	return problem == NULL;
}

static struct node *
node_new(struct daemon *daemon, struct machine *machine, unsigned unit,
    unsigned number)
{
	struct node **link = &daemon->nodes;
	struct node *node = calloc(1, sizeof(*node));

	if (node == NULL)
		return NULL;
	*node = (struct node){ .daemon = daemon,
		.machine = machine,
		.unit = unit,
		.number = number,
		.listener = { .fd = -1 } };
	while (*link != NULL)
		link = &(*link)->next;
	*link = node;
	return node;
}

static bool
node_make(struct daemon *daemon, struct machine *machine, unsigned unit,
    unsigned number)
{
	struct node *node = node_new(daemon, machine, unit, number);
	bool device;

	if (node == NULL || !socket_open(node))
		return false;
	device = cuse_open(node);
	log_line(PV_LOG_DEBUG, "%s%s: %s of machine %s", node->path,
	    device ? " and its device" : "",
	    pv_bus_interface(machine->bus, unit)->name, machine->name);
	return true;
}

bool
nodes_make(struct daemon *daemon)
{
	unsigned number = 0;

	if (!find_group(daemon) || !make_directory(daemon))
		return false;
	daemon->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	for (struct machine *machine = daemon->machines; machine != NULL;
	     machine = machine->next)
		for (unsigned unit = 0; unit < machine->units; unit++)
			if (!node_make(daemon, machine, unit, number++))
				return false;
	return true;
}

void
nodes_remove(struct daemon *daemon)
{
	while (daemon->nodes != NULL) {
		struct node *node = daemon->nodes;

		daemon->nodes = node->next;
		cuse_close(node);
		socket_close(node);
		free(node);
	}
	if (daemon->made_directory)
		rmdir(daemon->config.directory); /* unless others use it */
	if (daemon->directory >= 0)
		close(daemon->directory);
	if (daemon->spare >= 0)
		close(daemon->spare);
}
