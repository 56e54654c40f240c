/* SPDX-License-Identifier: ISC */
/* Which of Linux's drivers holds a device of XenStore, and what it made of it. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "port/linux/linux_private.h"

/* The names by which people know the drivers of these classes; a driver that is
 * built into the kernel has no module to be named by. */
static const struct {
	const char *class_name, *driver, *directory;
} classes[] = {
	{ "vbd", "xen-blkfront", "block" },
	{ "vif", "xen-netfront", "net" },
};

bool
linux_first_name(const char *path, char *to, size_t size)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;
	bool found = false;

	if (directory == NULL)
		return false;
	while (!found && (entry = readdir(directory)) != NULL) {
		found = entry->d_name[0] != '.';
		if (found)
			snprintf(to, size, "%.15s", entry->d_name);
	}
	closedir(directory);
	return found;
}

/* "device/vbd/51712" is bus/xen/devices/vbd-51712 in sysfs. */
int
linux_holder_xen(const struct linux_port *linux_port, const char *place,
    char *holder, size_t size)
{
	char path[PATH_MAX], link[128], name[16], class_name[32], unit[32];
	const char *driver, *directory = NULL;
	ssize_t len;
	char end;

	if (sscanf(place, "device/%31[a-z0-9_-]/%31[A-Za-z0-9_-]%c", class_name,
		unit, &end) != 2)
		return PV_ENOENT;
	linux_path(linux_port, path, "bus/xen/devices/%s-%s/driver", class_name,
	    unit);
	len = readlink(path, link, sizeof(link) - 1);
	if (len < 0)
		return PV_ENOENT;
	link[len] = '\0';
	driver = strrchr(link, '/') != NULL ? strrchr(link, '/') + 1 : link;
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (strcmp(classes[i].class_name, class_name) == 0) {
			driver = classes[i].driver;
			directory = classes[i].directory;
		}
	if (directory != NULL) {
		linux_path(linux_port, path, "bus/xen/devices/%s-%s/%s",
		    class_name, unit, directory);
		if (linux_first_name(path, name, sizeof(name))) {
			snprintf(holder, size, "Linux %s, %s", driver, name);
			return PV_OK;
		}
	}
	snprintf(holder, size, "Linux %s", driver);
	return PV_OK;
}
