/* SPDX-License-Identifier: ISC */
/* What libxl 4.17 puts into XenStore for a new guest of type PVH. */
#include <stdio.h>
#include <string.h>

#include "host/xen/store_private.h"

#define MEMORY_KIB 262144u

/* The guest may read; or it owns the node, and nobody else may. */
static void
permit(struct host_xenstore *store, const char *path, bool own)
{
	struct store_perm perms[2] = { { 0, 0 },
		{ store->guest.domain, STORE_READ } };

	if (own)
		perms[0].domain = store->guest.domain;
	store_set_perms(&store->zero, NULL, path, perms, own ? 1 : 2);
}

static void
put(struct host_xenstore *store, const char *key, const char *value)
{
	char path[STORE_PATH_ROOM];

	host_xenstore_home(store, path, sizeof(path), key);
	host_xenstore_write(store, path, value, strlen(value));
}

static void
put_number(struct host_xenstore *store, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	put(store, key, text);
}

/* A node that the guest owns. */
static void
give(struct host_xenstore *store, const char *key)
{
	char path[STORE_PATH_ROOM];

	host_xenstore_home(store, path, sizeof(path), key);
	host_xenstore_mkdir(store, path);
	permit(store, path, true);
}

static void
make_vm(struct host_xenstore *store)
{
	const struct host_world *world = store->world;
	char uuid[40], path[80];
	unsigned words[8];

	for (unsigned i = 0; i < 8; i++)
		words[i] = (unsigned)world->random(world->ctx, 0x10000);
	snprintf(uuid, sizeof(uuid), "%04x%04x-%04x-4%03x-8%03x-%04x%04x%04x",
	    words[0], words[1], words[2], words[3] & 0xfff, words[4] & 0xfff,
	    words[5], words[6], words[7]);
	snprintf(path, sizeof(path), "/vm/%s", uuid);
	host_xenstore_mkdir(store, path);
	permit(store, path, false);
	put(store, "vm", path);
	strcat(path, "/uuid");
	host_xenstore_print(store, path, "%s", uuid);
}

static void
make_control(struct host_xenstore *store)
{
	static const char *const given[] = { "control/shutdown",
		"control/feature-poweroff", "control/feature-reboot",
		"control/feature-suspend", "control/feature-s3",
		"control/feature-s4", "control/sysrq",
		"device/suspend/event-channel", "data", "drivers", "feature",
		"attr", "error", "suspend" };

	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
		give(store, given[i]);
	put(store, "control/platform-feature-multiprocessor-suspend", "1");
	put(store, "control/platform-feature-xs_reset_watches", "1");
}

/* XenStore's and the console's ring; "serial" is xl console's pty. */
static void
make_rings(struct host_xenstore *store)
{
	uint64_t page = host_xen_store_page(store->xen);

	put_number(store, "store/ring-ref", page >> XEN_PAGE_SHIFT);
	put_number(store, "store/port", store->guest.guest_port);
	put(store, "console/backend-id", "0");
	put(store, "console/limit", "1048576");
	put(store, "console/type", "xenconsoled");
	put(store, "console/output", "pty");
	put(store, "console/tty", "");
	put_number(store, "console/port", host_xen_console_port(store->xen));
}

void
store_domain_make(struct host_xenstore *store)
{
	char home[64], key[40];

	host_xenstore_home(store, home, sizeof(home), "");
	home[strlen(home) - 1] = '\0'; /* its slash */
	host_xenstore_mkdir(store, home);
	permit(store, home, false);
	put(store, "name", host_xen_name(store->xen));
	put_number(store, "domid", store->guest.domain);
	make_vm(store);
	put_number(store, "memory/static-max", MEMORY_KIB);
	put_number(store, "memory/target", MEMORY_KIB);
	put(store, "memory/videoram", "0");
	put(store, "device", "");
	for (unsigned i = 0; i < host_xen_vcpus(store->xen); i++) {
		snprintf(key, sizeof(key), "cpu/%u/availability", i);
		put(store, key, "online");
	}
	make_control(store);
	make_rings(store);
	store_fire(store, NULL, XEN_STORE_WATCH_INTRODUCE, true, NULL);
}

/* With what belongs to it elsewhere; back ends remove their own. */
void
store_domain_remove(struct host_xenstore *store, uint16_t domain)
{
	char path[64], vm[80];
	const char *value;
	size_t size;

	snprintf(path, sizeof(path), "/local/domain/%u/vm", domain);
	value = host_xenstore_read(store, path, &size);
	if (value != NULL && size < sizeof(vm)) {
		strcpy(vm, value);
		host_xenstore_remove(store, vm);
	}
	snprintf(path, sizeof(path), "/local/domain/%u", domain);
	host_xenstore_remove(store, path);
	store_fire(store, NULL, XEN_STORE_WATCH_RELEASE, true, NULL);
}
