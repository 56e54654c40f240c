/* SPDX-License-Identifier: ISC */
/*
 * A PCI device that Linux has no driver for, from a process: its I/O ports are
 * the file resource0 of the device in sysfs, which takes 1, 2 or 4 bytes at the
 * offset of a register (Documentation/PCI/sysfs-pci.rst).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "port/linux/linux_private.h"

#define RESOURCE_IO 0x100u /* IORESOURCE_IO of include/linux/ioport.h */

/* A file of the device with a number in C's notation: the number, or -1. */
static long
number(const struct linux_port *linux_port, const char *name, const char *file)
{
	char path[PATH_MAX], text[32], *end;
	long value;

	linux_path(linux_port, path, "bus/pci/devices/%s/%s", name, file);
	if (linux_read_text(path, text, sizeof(text)) <= 0)
		return -1;
	value = strtol(text, &end, 0);
	return *end == '\0' ? value : -1;
}

/* The first by its name, which is its place, "0000:00:03.0". */
static bool
find(const struct linux_port *linux_port, uint16_t vendor, uint16_t device,
    char *name, size_t size)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	name[0] = '\0';
	linux_path(linux_port, path, "bus/pci/devices");
	dir = opendir(path);
	if (dir == NULL)
		return false;
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.' || strlen(entry->d_name) >= size ||
		    (name[0] != '\0' && strcmp(entry->d_name, name) > 0))
			continue;
		if (number(linux_port, entry->d_name, "vendor") == vendor &&
		    number(linux_port, entry->d_name, "device") == device)
			strcpy(name, entry->d_name);
	}
	closedir(dir);
	return name[0] != '\0';
}

/* The first line of `resource`: first and last address, and flags. */
static int
check_bar(const struct linux_port *linux_port, const char *name,
    size_t bar_size)
{
	char path[PATH_MAX], text[1024];
	unsigned long long first, last, flags;
	long length;

	linux_path(linux_port, path, "bus/pci/devices/%s/resource", name);
	length = linux_read_text(path, text, sizeof(text));
	if (length < 0)
		return (int)length;
	if (sscanf(text, "%llx %llx %llx", &first, &last, &flags) == 3 &&
	    (flags & RESOURCE_IO) != 0 && last >= first &&
	    last - first >= bar_size - 1)
		return PV_OK;
	linux_log(linux_port, PV_LOG_ERROR,
	    "%s: BAR 0 is none of %zu I/O ports", path, bar_size);
	return PV_EPROTO;
}

/* Firmware leaves devices enabled, usually; Linux does not without a driver. */
static void
enable(const struct linux_port *linux_port, const char *name)
{
	char path[PATH_MAX];
	int fd;

	if (number(linux_port, name, "enable") != 0)
		return;
	linux_path(linux_port, path, "bus/pci/devices/%s/enable", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "1", 1) != 1)
		linux_log(linux_port, PV_LOG_ERROR, "%s: %s", path,
		    strerror(errno));
	if (fd >= 0)
		close(fd);
}

int
linux_pci_open(void *ctx, uint16_t vendor, uint16_t device, size_t bar_size,
    char *place, size_t room)
{
	struct linux_port *linux_port = ctx;
	char path[PATH_MAX], name[32];
	const char *shown = name;
	int slot = 0, error;

	while (slot < (int)LINUX_PCI && linux_port->pci[slot] >= 0)
		slot++;
	if (slot == (int)LINUX_PCI)
		return PV_ENOMEM;
	if (!find(linux_port, vendor, device, name, sizeof(name)))
		return PV_ENODEV;
	linux_path(linux_port, path, "bus/pci/devices/%s/driver", name);
	if (access(path, F_OK) == 0)
		return PV_EBUSY;
	error = check_bar(linux_port, name, bar_size);
	if (error != PV_OK)
		return error;
	enable(linux_port, name);
	linux_path(linux_port, path, "bus/pci/devices/%s/resource0", name);
	linux_port->pci[slot] = open(path, O_RDWR | O_CLOEXEC);
	if (linux_port->pci[slot] < 0)
		return pv_error_of(errno);
	if (strncmp(name, "0000:", 5) == 0)
		shown += 5;
	snprintf(place, room, "%s", shown);
	return slot;
}

int
linux_pci_read(void *ctx, int device, unsigned offset, unsigned width,
    uint32_t *value)
{
	const struct linux_port *linux_port = ctx;
	union {
		uint8_t one;
		uint16_t two;
		uint32_t four;
	} got;

	if (pread(linux_port->pci[device], &got, width, (off_t)offset) !=
	    (ssize_t)width)
		return PV_EIO;
	*value = width == 1 ? got.one : width == 2 ? got.two : got.four;
	return PV_OK;
}

int
linux_pci_write(void *ctx, int device, unsigned offset, unsigned width,
    uint32_t value)
{
	const struct linux_port *linux_port = ctx;
	const uint8_t one = (uint8_t)value;
	const uint16_t two = (uint16_t)value;
	const void *from = width == 1 ? (const void *)&one
	    : width == 2              ? (const void *)&two
				      : (const void *)&value;

	return pwrite(linux_port->pci[device], from, width, (off_t)offset) ==
		(ssize_t)width
	    ? PV_OK
	    : PV_EIO;
}

void
linux_pci_close(void *ctx, int device)
{
	struct linux_port *linux_port = ctx;

	close(linux_port->pci[device]);
	linux_port->pci[device] = -1;
}

void
linux_pci_close_all(struct linux_port *linux_port)
{
	for (int i = 0; i < (int)LINUX_PCI; i++)
		if (linux_port->pci[i] >= 0)
			linux_pci_close(linux_port, i);
}
