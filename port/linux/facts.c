/* SPDX-License-Identifier: ISC */
/* What this machine says of itself to a host that asks. */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "port/linux/linux_private.h"

/* With its domain when the resolver's files know one, and without asking the
 * network: the host name is what the administrator made it. */
static long
host_name(char *to, size_t room)
{
	char name[256];

	if (gethostname(name, sizeof(name)) < 0)
		return PV_EIO;
	name[sizeof(name) - 1] = '\0';
	return snprintf(to, room, "%s", name);
}

/* A word of os-release(5), which may stand in quotes. */
static bool
os_release(const struct linux_port *linux_port, const char *word, char *to,
    size_t room)
{
	char path[PATH_MAX], line[512];
	size_t len = strlen(word);
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/os-release",
	    linux_port->config.etc != NULL ? linux_port->config.etc : "/etc");
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), file) != NULL) {
		char *value;
		size_t end;

		if (strncmp(line, word, len) != 0 || line[len] != '=')
			continue;
		value = line + len + 1;
		end = strcspn(value, "\n");
		if (end >= 2 && (*value == '"' || *value == '\'') &&
		    value[end - 1] == *value) {
			value++;
			end -= 2;
		}
		value[end] = '\0';
		found = end > 0;
		snprintf(to, room, "%s", value);
	}
	fclose(file);
	return found;
}

/* What follows a word of resolv.conf(5), to the end of its line. */
static long
resolver(const struct linux_port *linux_port, const char *word, char *to,
    size_t room)
{
	char path[PATH_MAX], line[1024];
	size_t len = strlen(word);
	long found = PV_ENOENT;
	FILE *file;

	snprintf(path, sizeof(path), "%s/resolv.conf",
	    linux_port->config.etc != NULL ? linux_port->config.etc : "/etc");
	file = fopen(path, "re");
	if (file == NULL)
		return PV_ENOENT;
	while (fgets(line, sizeof(line), file) != NULL) {
		char *value;

		if (strncmp(line, word, len) != 0)
			continue;
		value = line + len + strspn(line + len, " \t");
		if (value == line + len)
			continue;
		value[strcspn(value, "\n")] = '\0';
		found = snprintf(to, room, "%s", value); /* the last counts */
	}
	fclose(file);
	return found;
}

long
linux_fact(void *ctx, enum pv_fact fact, char *to, size_t room)
{
	const struct linux_port *linux_port = ctx;
	char text[512];
	struct utsname name;

	if (fact == PV_FACT_HOST_NAME)
		return host_name(to, room);
	if (fact == PV_FACT_NETIFS_LEFT_OUT)
		return linux_port->config.left_out != NULL
		    ? snprintf(to, room, "%s", linux_port->config.left_out)
		    : PV_ENOENT;
	if (uname(&name) < 0)
		return PV_EIO;
	switch (fact) {
	case PV_FACT_OS_NAME:
		if (os_release(linux_port, "NAME", text, sizeof(text)))
			return snprintf(to, room, "%s", text);
		return snprintf(to, room, "%s", name.sysname);
	case PV_FACT_OS_VERSION:
		if (os_release(linux_port, "VERSION_ID", text, sizeof(text)))
			return snprintf(to, room, "%s", text);
		return snprintf(to, room, "%s", name.release);
	case PV_FACT_OS_ID:
		if (os_release(linux_port, "ID", text, sizeof(text)))
			return snprintf(to, room, "%s", text);
		return PV_ENOENT;
	case PV_FACT_OS_PRETTY:
		if (os_release(linux_port, "PRETTY_NAME", text, sizeof(text)))
			return snprintf(to, room, "%s", text);
		return PV_ENOENT;
	case PV_FACT_OS_FAMILY:
		return snprintf(to, room, "%s", name.sysname);
	case PV_FACT_DNS_DOMAIN:
		return resolver(linux_port, "domain", to, room);
	case PV_FACT_DNS_SEARCH:
		return resolver(linux_port, "search", to, room);
	case PV_FACT_OS_BUILD:
		return snprintf(to, room, "%s", name.release);
	case PV_FACT_ARCHITECTURE:
		return snprintf(to, room, "%s", name.machine);
	case PV_FACT_HOST_NAME:
	case PV_FACT_NETIFS_LEFT_OUT:
	case PV_FACT_COUNT:
		break;
	}
	return PV_ENOENT;
}
