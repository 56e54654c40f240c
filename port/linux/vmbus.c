/* SPDX-License-Identifier: ISC */
/* What Linux shows of VMBus in sysfs, and which of its drivers hold it. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "port/linux/linux_private.h"

/* Where each byte of the text stands on the wire. */
static const uint8_t place[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13,
	14, 15 };

/* "{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}", braces or not, as on the wire. */
static bool
guid_of(const char *text, uint8_t to[16])
{
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

/* The text of a GUID, as sysfs names a device by it. */
static void
text_of(const uint8_t guid[16], char to[37])
{

	for (unsigned i = 0; i < 16; i++) {
		to += snprintf(to, 3, "%02x", guid[place[i]]);
		if (i == 3 || i == 5 || i == 7 || i == 9)
			*to++ = '-';
	}
	*to = '\0';
}

/* "14": the driver that sysfs links to, and the name of a NIC. */
int
linux_holder_vmbus(struct linux_port *linux_port, const char *channel,
    char *holder, size_t size)
{
	unsigned long number = strtoul(channel, NULL, 10);
	char path[PATH_MAX], link[128], name[16], instance[37];
	const struct linux_vmbus *vmbus = &linux_port->vmbus;
	const char *driver;
	ssize_t len;
	unsigned i;

	if (!vmbus->read)
		read_all(linux_port);
	for (i = 0; i < vmbus->count; i++)
		if (vmbus->items[i].channel == number)
			break;
	if (i == vmbus->count)
		return PV_ENOENT;
	text_of(vmbus->items[i].instance, instance);
	linux_path(linux_port, path, "bus/vmbus/devices/%s/driver", instance);
	len = readlink(path, link, sizeof(link) - 1);
	if (len < 0)
		return PV_ENOENT;
	link[len] = '\0';
	driver = strrchr(link, '/') != NULL ? strrchr(link, '/') + 1 : link;
	linux_path(linux_port, path, "bus/vmbus/devices/%s/net", instance);
	if (linux_first_name(path, name, sizeof(name)))
		snprintf(holder, size, "Linux %s, %s", driver, name);
	else
		snprintf(holder, size, "Linux %s", driver);
	return PV_OK;
}
