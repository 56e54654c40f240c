/* SPDX-License-Identifier: ISC */
/*
 * fw_cfg and the SMBIOS tables as Linux shows them.
 *
 * by_key is complete where by_name is not (a name can be both a file and a
 * directory); sizes and names are fixed when the module is loaded.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "port/linux/linux_private.h"

#define BY_KEY "firmware/qemu_fw_cfg/by_key"
#define DMI_TABLE "firmware/dmi/tables/DMI"
#define DMI_MAX (1024u * 1024u)

struct fw_list {
	size_t count;
	struct pv_fw_item items[];
};

/* The module is not loaded by itself on every distribution. */
static void
say_module(const struct linux_port *linux_port)
{
	char path[PATH_MAX];

	linux_path(linux_port, path, "bus/acpi/devices/QEMU0002:00");
	if (access(path, F_OK) == 0)
		linux_log(linux_port, PV_LOG_ERROR,
		    "this machine has fw_cfg, but the kernel module "
		    "qemu_fw_cfg is not loaded: try modprobe qemu_fw_cfg");
}

static long
read_item(const struct linux_port *linux_port, const char *key,
    struct pv_fw_item *item)
{
	char path[PATH_MAX], text[32], *end;
	long len;

	item->id = (uint32_t)strtoul(key, &end, 10);
	if (end == key || *end != '\0')
		return PV_ENOENT;
	linux_path(linux_port, path, BY_KEY "/%s/name", key);
	len = linux_read_text(path, item->name, sizeof(item->name));
	if (len < 0)
		return len;
	linux_path(linux_port, path, BY_KEY "/%s/size", key);
	len = linux_read_text(path, text, sizeof(text));
	if (len < 0)
		return len;
	item->size = strtoull(text, NULL, 10);
	return PV_OK;
}

static int
add_item(struct linux_port *linux_port, const struct pv_fw_item *item)
{
	size_t count = linux_port->fw->count;
	struct fw_list *grown = realloc(linux_port->fw,
	    sizeof(*grown) + (count + 1) * sizeof(*item));

	if (grown == NULL)
		return PV_ENOMEM;
	grown->items[count] = *item;
	grown->count++;
	linux_port->fw = grown;
	return PV_OK;
}

static int
read_list(struct linux_port *linux_port)
{
	struct pv_fw_item item;
	struct dirent *entry;
	char path[PATH_MAX];
	long error = PV_OK;
	DIR *directory;

	linux_path(linux_port, path, BY_KEY);
	directory = opendir(path);
	if (directory == NULL && errno == ENOENT) {
		say_module(linux_port);
		return PV_ENODEV;
	}
	if (directory == NULL)
		return pv_error_of(errno);
	linux_port->fw = calloc(1, sizeof(*linux_port->fw));
	if (linux_port->fw == NULL)
		error = PV_ENOMEM;
	while (error == PV_OK && (entry = readdir(directory)) != NULL) {
		error = read_item(linux_port, entry->d_name, &item);
		if (error == PV_OK)
			error = add_item(linux_port, &item);
		else if (error == PV_ENOENT)
			error = PV_OK; /* "." or gone since */
	}
	closedir(directory);
	return (int)error;
}

int
linux_fw_item(void *ctx, unsigned index, struct pv_fw_item *item)
{
	struct linux_port *linux_port = ctx;
	int error = PV_OK;

	if (linux_port->fw == NULL)
		error = read_list(linux_port);
	if (error != PV_OK) {
		linux_fw_free(linux_port);
		return error;
	}
	if (index >= linux_port->fw->count)
		return PV_ENOENT;
	*item = linux_port->fw->items[index];
	return PV_OK;
}

int64_t
linux_fw_size(struct linux_port *linux_port, uint32_t id)
{
	int error = linux_port->fw == NULL ? read_list(linux_port) : PV_OK;

	if (error != PV_OK)
		linux_fw_free(linux_port);
	for (size_t i = 0; linux_port->fw != NULL && i < linux_port->fw->count;
	     i++)
		if (linux_port->fw->items[i].id == id)
			return (int64_t)linux_port->fw->items[i].size;
	return PV_ENOENT;
}

void
linux_fw_free(struct linux_port *linux_port)
{
	free(linux_port->fw);
	linux_port->fw = NULL;
}

static long
read_smbios(struct linux_port *linux_port)
{
	char path[PATH_MAX];
	long len;

	free(linux_port->smbios);
	linux_port->smbios = malloc(DMI_MAX + 1);
	if (linux_port->smbios == NULL)
		return PV_ENOMEM;
	linux_path(linux_port, path, DMI_TABLE);
	len = linux_read_file(path, linux_port->smbios, DMI_MAX + 1, NULL);
	if (len == PV_ENOENT)
		len = PV_ENODEV;
	linux_port->smbios_size = len > 0 ? (size_t)len : 0;
	return len;
}

/* Asked for the length, read it; then hand that out and forget it, as at once
 * when it is more than anybody fetches. */
long
linux_smbios(void *ctx, void *to, size_t size)
{
	struct linux_port *linux_port = ctx;
	long len = (long)linux_port->smbios_size;

	if (to == NULL || linux_port->smbios == NULL)
		len = read_smbios(linux_port);
	if (to != NULL && len > 0 && (size_t)len <= size)
		memcpy(to, linux_port->smbios, (size_t)len);
	if (to != NULL || len <= 0 || len > (long)DMI_MAX) {
		free(linux_port->smbios);
		linux_port->smbios = NULL;
		linux_port->smbios_size = 0;
	}
	return len;
}
