/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
		log_line(PV_LOG_ERROR, "XDG_RUNTIME_DIR is not set: say with "
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
	char *end;

	if (name == NULL)
		return true;
	daemon->has_group = true;
	daemon->group = (gid_t)strtoul(name, &end, 10);
	if (*end == '\0')
		return true;
	group = getgrnam(name);
	if (group == NULL) {
		log_line(PV_LOG_ERROR, "group %s: no such group", name);
		return false;
	}
	daemon->group = group->gr_gid;
	return true;
}

static bool
make_directory(struct daemon *daemon)
{
	const char *path;
	struct stat status;

	if (daemon->config.directory == NULL)
		daemon->config.directory = default_directory();
	path = daemon->config.directory;
	if (path == NULL)
		return false;
	if (mkdir(path, 0755) == 0) {
		daemon->made_directory = true;
		return true;
	}
	if (errno == EEXIST && stat(path, &status) == 0 &&
	    S_ISDIR(status.st_mode))
		return true;
	log_line(PV_LOG_ERROR, "%s: %s", path,
	    errno == EEXIST ? "is not a directory" : strerror(errno));
	return false;
}

static struct node *
node_new(struct daemon *daemon, struct machine *machine, unsigned unit,
    unsigned number)
{
	struct node **link = &daemon->nodes;
	struct node *node = calloc(1, sizeof(*node));

	if (node == NULL)
		return NULL;
	*node = (struct node){ .daemon = daemon, .machine = machine,
		.unit = unit, .number = number, .listener = { .fd = -1 } };
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
}
