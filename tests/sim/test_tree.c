/* SPDX-License-Identifier: ISC */
/* Drivers that are buses themselves: children, their names, hot plug. */
#include "tests/support/world.h"

static char diary[512];

static void
note(const char *what, const struct pv_device *device)
{
	strcat(diary, what);
	strcat(diary, " ");
	strcat(diary, device->name);
	strcat(diary, "\n");
}

static int
child_attach(struct pv_device *device)
{
	const char *aux = device->aux;

	if (aux != NULL && strcmp(aux, "bad") == 0)
		return PV_EPROTO;
	if (aux != NULL && strcmp(aux, "gone") == 0)
		return PV_ENODEV;
	pv_device_describe(device, "%s", aux != NULL ? aux : "a test");
	note("attach", device);
	return PV_OK;
}

static void
any_detach(struct pv_device *device)
{
	note("detach", device);
}

static bool
child_poll(struct pv_device *device, unsigned budget)
{
	(void)budget;
	note("poll", device);
	return false;
}

static char disk[] = "disk", cdrom[] = "cdrom", bad[] = "bad", gone[] = "gone";

static int
xen_attach(struct pv_device *device)
{
	pv_device_describe(device, "a test of Xen");
	note("attach", device);
	return PV_OK;
}

/* What it does when it is polled, once. */
static void (*on_poll)(struct pv_device *xen);

static bool
xen_poll(struct pv_device *device, unsigned budget)
{
	void (*call)(struct pv_device *) = on_poll;

	(void)budget;
	on_poll = NULL;
	if (call != NULL)
		call(device);
	return false;
}

static const struct pv_driver xen = { .name = "xen",
	.attach = xen_attach,
	.detach = any_detach,
	.poll = xen_poll };
static const struct pv_driver xbf = { .name = "xbf",
	.attach = child_attach,
	.detach = any_detach,
	.poll = child_poll };
static const struct pv_driver *const drivers[] = { &xen, &xbf, NULL };

static struct pv_device *
device_named(struct pv_bus *bus, const char *name)
{
	const struct pv_device *device = pv_bus_devices(bus);

	while (device != NULL && strcmp(device->name, name) != 0)
		device = device->next;
	return (struct pv_device *)(uintptr_t)device;
}

static void
attach(struct world *world, unsigned unit)
{
	diary[0] = '\0';
	on_poll = NULL;
	world_machine(world, "xen");
	assert_int_equal(
	    pv_bus_attach(&(struct pv_bus_config){ .port = sim_machine_port(
						       world->machine),
			      .drivers = drivers,
			      .unit = unit },
		&world->bus),
	    PV_OK);
}

static void
two_disks(struct pv_device *parent)
{
	pv_device_attach(parent, "xbf", "device/vbd/51712", disk);
	pv_device_attach(parent, "xbf", "device/vbd/51728", cdrom);
}

static void
test_children_have_numbers_and_a_parent(void **state)
{
	struct world *world = *state;

	attach(world, 0);
	two_disks(device_named(world->bus, "xen0"));
	world_has_line(world, "xen0 at pvbus0: a test of Xen");
	world_has_line(world, "xbf0 at xen0: disk");
	world_has_line(world, "xbf1 at xen0: cdrom");
	assert_true(device_named(world->bus, "xbf1")->parent ==
	    device_named(world->bus, "xen0"));
	assert_true(device_named(world->bus, "xbf1")->interface ==
	    pv_bus_interface(world->bus, 0));
}

static void
test_child_that_no_driver_takes(void **state)
{
	struct world *world = *state;

	attach(world, 0);
	assert_null(pv_device_attach(device_named(world->bus, "xen0"), "vkbd",
	    "device/vkbd/0", NULL));
	world_has_line(world, "\"vkbd\" at xen0: device/vkbd/0 not configured");
}

static void
test_child_that_fails(void **state)
{
	struct world *world = *state;
	struct pv_device *parent;

	attach(world, 0);
	parent = device_named(world->bus, "xen0");
	assert_null(pv_device_attach(parent, "xbf", "device/vbd/1", bad));
	assert_null(pv_device_attach(parent, "xbf", "device/vbd/2", gone));
	world_has_line(world,
	    "\"xbf\" at xen0: device/vbd/1: the host "
	    "answered nonsense, not configured");
	world_has_line(world, "\"xbf\" at xen0: device/vbd/2 not configured");
	/* and its number is free */
	assert_non_null(pv_device_attach(parent, "xbf", "device/vbd/3", disk));
	world_has_line(world, "xbf0 at xen0: disk");
}

static void
test_number_of_an_unplugged_device_is_free(void **state)
{
	struct world *world = *state;

	attach(world, 0);
	two_disks(device_named(world->bus, "xen0"));
	pv_device_detach(device_named(world->bus, "xbf0"));
	assert_null(device_named(world->bus, "xbf0"));
	pv_device_attach(device_named(world->bus, "xen0"), "xbf", "again",
	    NULL);
	assert_non_null(device_named(world->bus, "xbf0"));
}

static void
test_second_bus_begins_with_its_number(void **state)
{
	struct world *world = *state;

	attach(world, 3);
	two_disks(device_named(world->bus, "xen3"));
	world_has_line(world, "xbf3 at xen3: disk");
	world_has_line(world, "xbf4 at xen3: cdrom");
}

static void
test_children_are_detached_before_their_parent(void **state)
{
	struct world *world = *state;

	attach(world, 0);
	two_disks(device_named(world->bus, "xen0"));
	diary[0] = '\0';
	pv_device_detach(device_named(world->bus, "xen0"));
	assert_string_equal(diary, "detach xbf1\ndetach xbf0\ndetach xen0\n");
	assert_null(pv_bus_devices(world->bus));
}

static void
test_detach_of_the_bus_takes_the_last_first(void **state)
{
	struct world *world = *state;

	attach(world, 0);
	two_disks(device_named(world->bus, "xen0"));
	diary[0] = '\0';
	pv_bus_detach(world->bus);
	world->bus = NULL;
	assert_string_equal(diary, "detach xbf1\ndetach xbf0\ndetach xen0\n");
}

static void
unplug_the_next(struct pv_device *parent)
{
	pv_device_detach(device_named(parent->bus, "xbf0"));
}

/* The device that would have been polled next goes away in a poll. */
static void
test_hot_unplug_in_a_poll(void **state)
{
	struct world *world = *state;

	attach(world, 0);
	two_disks(device_named(world->bus, "xen0"));
	diary[0] = '\0';
	on_poll = unplug_the_next;
	pv_bus_poll(world->bus, 1);
	assert_string_equal(diary, "detach xbf0\npoll xbf1\n");
}

static void
unplug_all(struct pv_device *parent)
{
	pv_device_detach(device_named(parent->bus, "xbf0"));
	pv_device_detach(device_named(parent->bus, "xbf1"));
}

static void
test_all_unplugged_in_a_poll(void **state)
{
	struct world *world = *state;

	attach(world, 0);
	two_disks(device_named(world->bus, "xen0"));
	diary[0] = '\0';
	on_poll = unplug_all;
	pv_bus_poll(world->bus, 1);
	assert_string_equal(diary, "detach xbf0\ndetach xbf1\n");
}

static void
test_hot_plug_in_a_poll(void **state)
{
	struct world *world = *state;

	attach(world, 0);
	diary[0] = '\0';
	on_poll = two_disks;
	pv_bus_poll(world->bus, 1);
	assert_string_equal(diary, "attach xbf0\nattach xbf1\n");
	pv_bus_poll(world->bus, 1);
	assert_string_equal(diary,
	    "attach xbf0\nattach xbf1\npoll xbf0\npoll xbf1\n");
}

/* ---- A store that its driver owns ------------------------------------- */

static unsigned submitted;
static int error_at_detach;

static void
own_start(struct pv_store *store, struct pv_kv *kv)
{
	(void)store;
	submitted++;
	pv_kv_done(kv->bus, kv, PV_OK);
}

static struct pv_store own_store = { .name = "own",
	.ops = 1u << PV_WRITE,
	.start = own_start };

static void
own_done(struct pv_kv *kv)
{
	error_at_detach = kv->error;
}

static int
owner_attach(struct pv_device *device)
{
	device->interface->store = &own_store;
	pv_device_describe(device, "an owner");
	return PV_OK;
}

/* As xbf says "Closing" to XenStore. */
static void
owner_detach(struct pv_device *device)
{
	char value[] = "5";
	struct pv_kv kv = { .op = PV_WRITE,
		.key = "state",
		.keylen = 5,
		.value = value,
		.room = 1,
		.deadline = PV_NEVER,
		.done = own_done };

	pv_store_submit(device->bus, device->interface, &kv);
	device->interface->store = NULL;
}

static void
test_driver_writes_to_its_store_in_detach(void **state)
{
	static const struct pv_driver owner = { .name = "xen",
		.attach = owner_attach,
		.detach = owner_detach };
	static const struct pv_driver *const owners[] = { &owner, NULL };
	struct world *world = *state;

	submitted = 0;
	error_at_detach = 1;
	world_machine(world, "xen");
	assert_int_equal(
	    pv_bus_attach(&(struct pv_bus_config){ .port = sim_machine_port(
						       world->machine),
			      .drivers = owners },
		&world->bus),
	    PV_OK);
	pv_bus_detach(world->bus);
	world->bus = NULL;
	assert_int_equal(submitted, 1);
	assert_int_equal(error_at_detach, PV_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_children_have_numbers_and_a_parent),
		world_test(test_child_that_no_driver_takes),
		world_test(test_child_that_fails),
		world_test(test_number_of_an_unplugged_device_is_free),
		world_test(test_second_bus_begins_with_its_number),
		world_test(test_children_are_detached_before_their_parent),
		world_test(test_detach_of_the_bus_takes_the_last_first),
		world_test(test_hot_unplug_in_a_poll),
		world_test(test_all_unplugged_in_a_poll),
		world_test(test_hot_plug_in_a_poll),
		world_test(test_driver_writes_to_its_store_in_detach),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
