/* SPDX-License-Identifier: ISC */
/* What Linux shows of VMBus in sysfs, and which of its drivers hold it. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "port/linux/linux_private.h"

/* "{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}", braces or not, as on the wire. */
static bool
guid_of(const char *text, uint8_t to[16])
{
	static const uint8_t place[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11,
		12, 13, 14, 15 };
	unsigned n = 0;

	if (*text == '{')
		text++;
	while (n < 16) {
		unsigned byte;

		if (*text == '-' && (n == 4 || n == 6 || n == 8 || n == 10))
			text++;
		if (strspn(text, "0123456789abcdefABCDEF") < 2 ||
		    sscanf(text, "%2x", &byte) != 1)
			return false;
		to[place[n++]] = (uint8_t)byte;
		text += 2;
	}
	return *text == '\0' || strcmp(text, "}") == 0;
}

static bool
read_item(const struct linux_port *linux_port, const char *name,
    struct pv_vmbus_item *item)
{
	char path[PATH_MAX], text[64];

	linux_path(linux_port, path, "bus/vmbus/devices/%s/class_id", name);
	if (linux_read_text(path, text, sizeof(text)) <= 0 ||
	    !guid_of(text, item->class_id))
		return false;
	linux_path(linux_port, path, "bus/vmbus/devices/%s/device_id", name);
	if (linux_read_text(path, text, sizeof(text)) <= 0 ||
	    !guid_of(text, item->instance))
		return false;
	linux_path(linux_port, path, "bus/vmbus/devices/%s/id", name);
	if (linux_read_text(path, text, sizeof(text)) <= 0)
		return false;
	item->channel = (uint32_t)strtoul(text, NULL, 10);
	return true;
}

/* In the order of the numbers that the host gave them. */
static int
by_channel(const void *a, const void *b)
{
	const struct pv_vmbus_item *x = a, *y = b;

	return x->channel < y->channel ? -1 : x->channel > y->channel;
}

static void
read_all(struct linux_port *linux_port)
{
	struct linux_vmbus *vmbus = &linux_port->vmbus;
	const struct dirent *entry;
	char path[PATH_MAX];
	DIR *directory;

	vmbus->read = true;
	linux_path(linux_port, path, "bus/vmbus/devices");
	directory = opendir(path);
	if (directory == NULL)
		return;
	while (vmbus->count < LINUX_VMBUS_ITEMS &&
	    (entry = readdir(directory)) != NULL)
		if (entry->d_name[0] != '.' &&
		    read_item(linux_port, entry->d_name,
			&vmbus->items[vmbus->count]))
			vmbus->count++;
	closedir(directory);
	qsort(vmbus->items, vmbus->count, sizeof(vmbus->items[0]), by_channel);
}

int
linux_vmbus_item(void *ctx, unsigned index, struct pv_vmbus_item *item)
{
	struct linux_port *linux_port = ctx;

	if (index == 0 || !linux_port->vmbus.read) {
		linux_port->vmbus.count = 0;
		read_all(linux_port);
	}
	if (index >= linux_port->vmbus.count)
		return PV_ENOENT;
	*item = linux_port->vmbus.items[index];
	return PV_OK;
}

/* "vmbus/xxxxxxxx-…": the driver that sysfs links to, and a NIC's name. */
int
linux_holder_vmbus(const struct linux_port *linux_port, const char *place,
    char *holder, size_t size)
{
	char path[PATH_MAX], link[128], name[16];
	const char *driver;
	ssize_t len;

	if (strspn(place, "0123456789abcdefABCDEF-") != strlen(place))
		return PV_ENOENT;
	linux_path(linux_port, path, "bus/vmbus/devices/%s/driver", place);
	len = readlink(path, link, sizeof(link) - 1);
	if (len < 0)
		return PV_ENOENT;
	link[len] = '\0';
	driver = strrchr(link, '/') != NULL ? strrchr(link, '/') + 1 : link;
	linux_path(linux_port, path, "bus/vmbus/devices/%s/net", place);
	if (linux_first_name(path, name, sizeof(name)))
		snprintf(holder, size, "Linux %s, %s", driver, name);
	else
		snprintf(holder, size, "Linux %s", driver);
	return PV_OK;
}
