/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "tests/support/request.h"
#include "tests/support/xenstore.h"

void
xenstore_attach(struct world *world)
{
	static const struct pv_driver *const drivers[] = { &pv_xen_driver,
		NULL };

	assert_int_equal(
	    pv_bus_attach(&(struct pv_bus_config){ .port = sim_machine_port(
						       world->machine),
			      .drivers = drivers },
		&world->bus),
	    PV_OK);
	assert_non_null(pv_bus_interface(world->bus, 0)->store);
	/* what it begins with is done */
	let_pass(world, PV_SECOND);
}

void
xenstore_world(struct world *world)
{
	world_machine(world, "xen");
	xenstore_attach(world);
}

struct host_xenstore *
store(struct world *world)
{
	return host_xen_store(world_xen(world));
}

struct host_xenstore_manners *
manners(struct world *world)
{
	return host_xenstore_manners(store(world));
}

const struct host_xenstore_counts *
counts(struct world *world)
{
	return host_xenstore_counts(store(world));
}

static const char *
whole(struct world *world, char *path, size_t size, const char *key)
{
	if (key[0] == '/')
		snprintf(path, size, "%s", key);
	else
		host_xenstore_home(store(world), path, size, key);
	return path;
}

void
put(struct world *world, const char *key, const char *value)
{
	char path[4096];

	assert_true(host_xenstore_write(store(world),
	    whole(world, path, sizeof(path), key), value, strlen(value)));
}

void
take_away(struct world *world, const char *key)
{
	char path[4096];

	assert_true(host_xenstore_remove(store(world),
	    whole(world, path, sizeof(path), key)));
}

void
is_there(struct world *world, const char *key, const char *value)
{
	char path[4096];
	size_t size;
	const char *is = host_xenstore_read(store(world),
	    whole(world, path, sizeof(path), key), &size);

	if (is == NULL)
		fail_msg("there is no %s", path);
	assert_string_equal(is, value);
}

void
reads(struct world *world, const char *key, const char *value)
{
	static char got[8192];
	size_t len;
	int error = world_read(world, key, got, sizeof(got) - 1, &len);

	if (error != PV_OK)
		fail_msg("%s: %s", key, pv_error_text(error));
	got[len] = '\0';
	assert_string_equal(got, value);
	assert_int_equal(len, strlen(value));
}

void
fails_to_read(struct world *world, const char *key, int error)
{
	char got[64];
	size_t len;

	assert_int_equal(world_read(world, key, got, sizeof(got), &len), error);
}

int
writes_bytes(struct world *world, const char *key, char *value, size_t size)
{
	struct pv_kv kv = { .op = PV_WRITE,
		.key = key,
		.keylen = strlen(key),
		.value = value,
		.room = size };

	return world_request(world, &kv);
}

int
writes(struct world *world, const char *key, const char *value)
{
	char copy[256];

	snprintf(copy, sizeof(copy), "%s", value);
	return writes_bytes(world, key, copy, strlen(copy));
}

int
removes(struct world *world, const char *key)
{
	struct pv_kv kv = { .op = PV_REMOVE,
		.key = key,
		.keylen = strlen(key) };

	return world_request(world, &kv);
}
