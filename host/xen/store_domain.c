/* SPDX-License-Identifier: ISC */
/* What libxl 4.17 puts into XenStore for a new guest of type PVH: names, values,
 * owners and order as a guest of a real Xen 4.17 had them. */
#include <stdio.h>
#include <string.h>

#include "host/xen/store_private.h"

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
	size_t len;

	for (unsigned i = 0; i < 8; i++)
		words[i] = (unsigned)world->random(world->ctx, 0x10000);
	snprintf(uuid, sizeof(uuid), "%04x%04x-%04x-4%03x-8%03x-%04x%04x%04x",
	    words[0], words[1], words[2], words[3] & 0xfff, words[4] & 0xfff,
	    words[5], words[6], words[7]);
	snprintf(path, sizeof(path), "/vm/%s", uuid);
	len = strlen(path);
	host_xenstore_mkdir(store, path);
	permit(store, path, false);
	put(store, "vm", path);
	strcpy(path + len, "/name");
	host_xenstore_print(store, path, "%s", host_xen_name(store->xen));
	strcpy(path + len, "/uuid");
	host_xenstore_print(store, path, "%s", uuid);
}

static void
give_all(struct host_xenstore *store, const char *const *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		give(store, keys[i]);
}

static void
make_control(struct host_xenstore *store)
{
	static const char *const before[] = { "device/suspend/event-channel",
		"control/shutdown", "control/feature-poweroff",
		"control/feature-reboot", "control/feature-suspend",
		"control/sysrq" };
	static const char *const behind[] = { "data", "drivers", "feature",
		"attr", "error" };

	give_all(store, before, sizeof(before) / sizeof(before[0]));
	put(store, "control/platform-feature-multiprocessor-suspend", "1");
	put(store, "control/platform-feature-xs_reset_watches", "1");
	give_all(store, behind, sizeof(behind) / sizeof(behind[0]));
}

static void
make_store(struct host_xenstore *store)
{
	uint64_t page = host_xen_store_page(store->xen);

	put_number(store, "store/port", store->guest.guest_port);
	put_number(store, "store/ring-ref", page >> XEN_PAGE_SHIFT);
}

/* Its state stays 1: xenconsoled knows nothing of states. */
static void
make_console(struct host_xenstore *store)
{
	char back[80], path[120], own[16];
	size_t len;

	snprintf(back, sizeof(back), "/local/domain/0/backend/console/%u/0",
	    store->guest.domain);
	host_xenstore_mkdir(store, back);
	permit(store, back, false);
	len = strlen(back);
	memcpy(path, back, len);
	strcpy(path + len, "/frontend");
	host_xenstore_print(store, path, "/local/domain/%u/console",
	    store->guest.domain);
	strcpy(path + len, "/frontend-id");
	host_xenstore_print(store, path, "%u", store->guest.domain);
	strcpy(path + len, "/online");
	host_xenstore_print(store, path, "1");
	strcpy(path + len, "/state");
	host_xenstore_print(store, path, "1");
	strcpy(path + len, "/protocol");
	host_xenstore_print(store, path, "vt100");

	put(store, "console/backend", back);
	put(store, "console/backend-id", "0");
	host_xenstore_home(store, path, sizeof(path), "console/backend-id");
	snprintf(own, sizeof(own), "n%u", store->guest.domain);
	host_xenstore_permit(store, path, (const char *[]){ own, "r0" }, 2);
	put(store, "console/limit", "1048576");
	put(store, "console/type", "xenconsoled");
	put(store, "console/output", "pty");
	put(store, "console/tty", "/dev/pts/0");
	put_number(store, "console/port", host_xen_console_port(store->xen));
	put_number(store, "console/ring-ref",
	    host_xen_console_page(store->xen) >> XEN_PAGE_SHIFT);
}

/* In the order in which it grows there, for a directory lists by that. */
void
store_domain_make(struct host_xenstore *store)
{
	struct host_xen *xen = store->xen;
	char home[64], key[40];

	host_xenstore_home(store, home, sizeof(home), "");
	home[strlen(home) - 1] = '\0'; /* its slash */
	host_xenstore_mkdir(store, home);
	permit(store, home, false);
	make_vm(store);
	put(store, "name", host_xen_name(xen));
	for (unsigned i = 0; i < host_xen_vcpus(xen); i++) {
		snprintf(key, sizeof(key), "cpu/%u/availability", i);
		put(store, key, "online");
	}
	put_number(store, "memory/static-max", host_xen_memory(xen) / 1024);
	put_number(store, "memory/target", host_xen_memory(xen) / 1024);
	put(store, "memory/videoram", "0");
	put(store, "device", "");
	make_control(store);
	put_number(store, "domid", store->guest.domain);
	make_store(store);
	make_console(store);
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
	snprintf(path, sizeof(path), "/local/domain/0/backend/console/%u",
	    domain);
	host_xenstore_remove(store, path);
	snprintf(path, sizeof(path), "/local/domain/%u", domain);
	host_xenstore_remove(store, path);
	store_fire(store, NULL, XEN_STORE_WATCH_RELEASE, true, NULL);
}
