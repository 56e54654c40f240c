/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <sys/random.h>

#include "tests/support/world.h"

static const struct pv_driver *const drivers[] = {
	&pv_fwcfg_driver,
	&pv_smbios_driver,
	&pv_xen_driver,
	&pv_xbf_driver,
	&pv_xnf_driver,
	NULL,
};

static uint64_t
choose_seed(void)
{
	const char *given = getenv("PVBUS_SEED");
	uint64_t seed = 1;

	if (given != NULL)
		return strtoull(given, NULL, 0);
	if (getrandom(&seed, sizeof(seed), 0) < 0)
		seed = 1;
	return seed;
}

int
world_setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	if (world == NULL)
		return -1;
	world->seed = choose_seed();
	world->sim = sim_new(world->seed);
	*state = world;
	return world->sim != NULL ? 0 : -1;
}

static int
complain(const struct world *world, const char *what, size_t expected,
    size_t got)
{
	if (expected == got)
		return 0;
	fprintf(stderr,
	    "# %s: expected %zu, got %zu; again with "
	    "PVBUS_SEED=%llu\n",
	    what, expected, got, (unsigned long long)world->seed);
	return -1;
}

int
world_teardown(void **state)
{
	struct world *world = *state;
	int result = 0;

	pv_bus_detach(world->bus);
	if (world->machine != NULL) {
		const struct sim_counts *counts = sim_machine_counts(
		    world->machine);

		result |= complain(world, "bytes not freed", 0, counts->memory);
		result |= complain(world, "pages not freed",
		    world->leaked_pages, counts->pages);
		result |= complain(world, "pages of address space not freed",
		    world->leaked_space, counts->space);
		result |= complain(world, "pages not unmapped", 0,
		    counts->maps);
		result |= complain(world, "vectors not freed", 0,
		    counts->vectors);
		result |= complain(world, "accesses to memory not lent",
		    world->violations, counts->violations);
	}
	/* cmocka has no word for a test about the world it ran in */
	fprintf(stderr, "# seed %llu\n", (unsigned long long)world->seed);
	sim_machine_free(world->machine);
	sim_free(world->sim);
	free(world);
	return result;
}

void
world_machine(struct world *world, const char *faces)
{
	const char *error;

	world->machine = sim_machine_new(world->sim, faces, &error);
	if (world->machine == NULL)
		fail_msg("%s: %s", faces, error);
	world->fwcfg = sim_machine_fwcfg(world->machine);
}

static int
attach(struct world *world)
{
	return pv_bus_attach(&(struct pv_bus_config){ .port = sim_machine_port(
							  world->machine),
				 .drivers = drivers },
	    &world->bus);
}

void
world_attach(struct world *world)
{
	assert_int_equal(attach(world), PV_OK);
	assert_non_null(world->bus);
}

void
world_attach_fails(struct world *world, int error)
{
	assert_int_equal(attach(world), error);
	assert_null(world->bus);
}

void
world_new(struct world *world, const char *faces)
{
	world_machine(world, faces);
	world_attach(world);
}

/* Whole lines only: "\n" before and after. */
static bool
has_line(const char *log, const char *line)
{
	size_t len = strlen(line);
	const char *at = log;

	while ((at = strstr(at, line)) != NULL) {
		if ((at == log || at[-1] == '\n') && at[len] == '\n')
			return true;
		at++;
	}
	return false;
}

void
world_has_line(struct world *world, const char *line)
{
	const char *log = sim_machine_log(world->machine);

	if (!has_line(log, line))
		fail_msg("expected the line\n%s\nin\n%s", line, log);
}

void
world_has_no_line(struct world *world, const char *part)
{
	const char *log = sim_machine_log(world->machine);

	if (strstr(log, part) != NULL)
		fail_msg("did not expect \"%s\" in\n%s", part, log);
}

static void
done(struct pv_kv *kv)
{
	*(bool *)kv->owner = true;
}

int
world_request(struct world *world, struct pv_kv *kv)
{
	bool finished = false;

	kv->done = done;
	kv->owner = &finished;
	if (kv->deadline == 0)
		kv->deadline = pv_bus_now(world->bus) + 60 * PV_SECOND;
	pv_store_submit(world->bus, pv_bus_interface(world->bus, 0), kv);
	if (pv_await(world->bus, &finished,
		pv_bus_now(world->bus) + 3600 * PV_SECOND) != PV_OK)
		fail_msg("a request was not answered in an hour");
	return kv->error;
}

int
world_read(struct world *world, const char *key, void *value, size_t room,
    size_t *len)
{
	struct pv_kv kv = { .op = PV_READ,
		.key = key,
		.keylen = strlen(key),
		.value = value,
		.room = room };
	int error = world_request(world, &kv);

	*len = error == PV_OK ? kv.len : (size_t)kv.actual;
	return error;
}

int
world_list(struct world *world, const char *key, bool recursive, char *names,
    size_t room, size_t *len)
{
	struct pv_kv kv = { .op = PV_LIST,
		.key = key,
		.keylen = strlen(key),
		.flags = recursive ? PV_KV_RECURSIVE : 0,
		.value = names,
		.room = room };
	int error = world_request(world, &kv);

	*len = error == PV_OK ? kv.len : (size_t)kv.actual;
	return error;
}

/* More polls than anything has to do at one moment. */
#define STANDING_MAX 1000000u

void
world_turn(struct world *world, uint64_t end)
{
	const struct pv_port *port = sim_machine_port(world->machine);
	uint64_t now = sim_now(world->sim), next;

	if (now != world->turned)
		world->standing = 0;
	world->turned = now;
	if (++world->standing > STANDING_MAX)
		fail_msg("at %llu ns the bus is polled for ever\n%s",
		    (unsigned long long)now, sim_machine_log(world->machine));
	if (pv_bus_poll(world->bus, 64))
		return;
	next = pv_bus_deadline(world->bus);
	port->wait(port->ctx, next < end ? next : end);
}

const struct pv_device *
world_device(struct world *world, const char *name)
{
	const struct pv_device *device = pv_bus_devices(world->bus);

	while (device != NULL && strcmp(device->name, name) != 0)
		device = device->next;
	if (device == NULL)
		fail_msg("no device %s in\n%s", name,
		    sim_machine_log(world->machine));
	return device;
}

void
world_expect_leaked_pages(struct world *world, size_t pages)
{
	world->leaked_pages = pages;
}

void
world_expect_leaked_space(struct world *world, size_t pages)
{
	world->leaked_space = pages;
}

void
world_expect_violations(struct world *world, size_t count)
{
	world->violations = count;
}

struct host_xen *
world_xen(struct world *world)
{
	struct host_xen *xen = sim_machine_xen(world->machine);

	if (xen == NULL)
		fail_msg("this machine has no Xen");
	return xen;
}
