/* SPDX-License-Identifier: ISC */
/* Which devices of the bus Linux drives itself. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "port/linux/linux_private.h"

/* A device is held when the file is there and, where a word is given, has it. */
static const struct {
	const char *device, *file, *word, *driver;
} holders[] = {
	{ "pvclock",
	    "devices/system/clocksource/clocksource0/"
	    "available_clocksource",
	    "kvm-clock", "Linux kvm-clock" },
	{ "hyperv", "bus/vmbus/devices", NULL, "Linux hv_vmbus" },
	{ "xen", "bus/xen/devices", NULL, "Linux xenbus" },
	{ "fwcfg", "firmware/qemu_fw_cfg", NULL, "Linux qemu_fw_cfg" },
};

static bool
holds(const struct linux_port *linux_port, const char *file, const char *word)
{
	char path[PATH_MAX], text[256];

	linux_path(linux_port, path, "%s", file);
	if (word == NULL)
		return access(path, F_OK) == 0;
	return linux_read_text(path, text, sizeof(text)) > 0 &&
	    strstr(text, word) != NULL;
}

int
linux_holder(void *ctx, const char *device, char *holder, size_t size)
{
	struct linux_port *linux_port = ctx;

	if (strncmp(device, "device/", strlen("device/")) == 0)
		return linux_holder_xen(linux_port, device, holder, size);
	if (strncmp(device, "channel ", strlen("channel ")) == 0)
		return linux_holder_vmbus(linux_port,
		    device + strlen("channel "), holder, size);
	for (size_t i = 0; i < sizeof(holders) / sizeof(holders[0]); i++) {
		if (strcmp(holders[i].device, device) != 0 ||
		    !holds(linux_port, holders[i].file, holders[i].word))
			continue;
		snprintf(holder, size, "%s", holders[i].driver);
		return PV_OK;
	}
	return PV_ENOENT;
}
