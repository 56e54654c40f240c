/* SPDX-License-Identifier: ISC */
/*
 * The bus, point by point of openbsd.md 1.2 and 1.3 (P-13, P-15 to P-25): the
 * report, the drivers and their devices, what a platform leaves out.
 */
#include "tests/support/caller.h"
#include "tests/support/memory_store.h"
#include "wire/cpuid.h"
#include "wire/endian.h"

#include <stdio.h>

/* ---- Drivers that keep a diary ---------------------------------------- */

static struct diary {
	char text[512];
	int error[4]; /* what attach answers, in the order of the children */
	struct pv_device *device[4];
	unsigned polls[4], work[4]; /* work: polls that have more to do */
	uint64_t deadline[4];
} diary;

static void
note(const char *what, const char *name)
{
	size_t len = strlen(diary.text);

	snprintf(diary.text + len, sizeof(diary.text) - len, "%s %s;", what,
	    name);
}

static unsigned
index_of(const struct pv_device *device)
{
	static const char *const order[] = { "vmt", "pvclock", "xen",
		"hyperv" };
	unsigned i = 0;

	while (strcmp(order[i], device->driver->name) != 0)
		assert_in_range(++i, 0, 3);
	return i;
}

static int
test_attach(struct pv_device *device)
{
	unsigned i = index_of(device);

	note("attach", device->name);
	diary.device[i] = device;
	if (diary.error[i] == PV_OK)
		pv_device_describe(device, "a test of %s",
		    device->interface->name);
	return diary.error[i];
}

static void
test_detach(struct pv_device *device)
{
	note("detach", device->name);
}

static bool
test_poll(struct pv_device *device, unsigned budget)
{
	unsigned i = index_of(device);

	diary.polls[i] += budget > 0;
	if (diary.work[i] == 0)
		return false;
	return --diary.work[i] > 0;
}

static uint64_t
test_deadline(struct pv_device *device)
{
	return diary.deadline[index_of(device)];
}

static void
test_cpu_start(struct pv_device *device, unsigned cpu)
{
	char name[48];

	snprintf(name, sizeof(name), "%s on %u", device->name, cpu);
	note("start", name);
}

#define TEST_DRIVER(NAME)                                                   \
	{                                                                   \
		.name = NAME, .attach = test_attach, .detach = test_detach, \
		.poll = test_poll, .deadline = test_deadline,               \
		.cpu_start = test_cpu_start                                 \
	}
static const struct pv_driver vmt = TEST_DRIVER("vmt");
static const struct pv_driver pvclock = TEST_DRIVER("pvclock");
static const struct pv_driver xen = TEST_DRIVER("xen");
static const struct pv_driver hyperv = TEST_DRIVER("hyperv");
/* not in the order in which they are to attach */
static const struct pv_driver *const all_drivers[] = { &hyperv, &xen, &vmt,
	&pvclock, NULL };

static int
try_attach(struct world *world, const struct pv_driver *const *drivers)
{
	return pv_bus_attach(&(struct pv_bus_config){ .port = sim_machine_port(
							  world->machine),
				 .drivers = drivers },
	    &world->bus);
}

static void
attach_with(struct world *world, const char *faces,
    const struct pv_driver *const *drivers)
{
	memset(&diary, 0, sizeof(diary));
	for (unsigned i = 0; i < 4; i++)
		diary.deadline[i] = PV_NEVER;
	if (world->machine == NULL)
		world_machine(world, faces);
	assert_int_equal(try_attach(world, drivers), PV_OK);
}

static void
end_machine(struct world *world)
{
	pv_bus_detach(world->bus);
	world->bus = NULL;
	assert_int_equal(sim_machine_counts(world->machine)->memory, 0);
	sim_machine_free(world->machine);
	world->machine = NULL;
}

static void
log_is(struct world *world, const char *expected)
{
	assert_string_equal(sim_machine_log(world->machine), expected);
}

/* ---- P-13 ------------------------------------------------------------- */

static void
test_p13_hook_is_called_for_each_cpu_started(void **state)
{
	struct world *world = *state;

	attach_with(world, "kvm+xen", all_drivers);
	diary.text[0] = '\0';
	pv_bus_cpu_start(world->bus, 1);
	pv_bus_cpu_start(world->bus, 7);
	assert_string_equal(diary.text,
	    "start pvclock0 on 1;start xen0 on 1;"
	    "start pvclock0 on 7;start xen0 on 7;");
	/* not for a broken device */
	pv_device_broken(diary.device[1], "broken by hand");
	diary.text[0] = '\0';
	pv_bus_cpu_start(world->bus, 2);
	assert_string_equal(diary.text, "start xen0 on 2;");
}

static void
test_p13_hook_may_be_absent(void **state)
{
	static const struct pv_driver bare = { .name = "xen",
		.attach = test_attach };
	static const struct pv_driver *const drivers[] = { &bare, NULL };
	struct world *world = *state;

	attach_with(world, "xen", drivers);
	pv_bus_cpu_start(world->bus, 1);
	assert_false(pv_bus_poll(world->bus, 1));
	assert_int_equal(pv_bus_deadline(world->bus), PV_NEVER);
	assert_string_equal(diary.text, "attach xen0;");
}

/* ---- P-15 to P-17: the report ----------------------------------------- */

static void
test_p15_no_line_on_bare_metal(void **state)
{
	struct world *world = *state;

	world_machine(world, "none");
	world_attach_fails(world, PV_ENODEV);
	log_is(world, "");
	assert_int_equal(sim_machine_counts(world->machine)->memory, 0);
}

static void
test_p16_report_lines(void **state)
{
	static const struct {
		const char *faces, *log;
	} reports[] = {
		{ "kvm",
		    "pvbus0 at mainbus0: KVM\n"
		    "\"pvclock\" at pvbus0: KVM not configured\n" },
		{ "hyperv",
		    "pvbus0 at mainbus0: Hyper-V 10.0\n"
		    "\"hyperv\" at pvbus0: Hyper-V not configured\n" },
		{ "vmware",
		    "pvbus0 at mainbus0: VMware\n"
		    "\"vmt\" at pvbus0: VMware not configured\n" },
		{ "xen",
		    "pvbus0 at mainbus0: Xen 4.17\n"
		    "\"xen\" at pvbus0: Xen not configured\n" },
		{ "bhyve", "pvbus0 at mainbus0: bhyve\n" },
		{ "vmm",
		    "pvbus0 at mainbus0: OpenBSD\n"
		    "\"pvclock\" at pvbus0: OpenBSD not configured\n" },
		{ "qemu", "pvbus0 at mainbus0: QEMU\n" },
		{ "xen+kvm",
		    "pvbus0 at mainbus0: KVM, Xen 4.17\n"
		    "\"pvclock\" at pvbus0: KVM not configured\n"
		    "\"xen\" at pvbus0: Xen not configured\n" },
		{ "kvm+hyperv+vmware+xen+bhyve+vmm+qemu",
		    "pvbus0 at mainbus0: KVM, Hyper-V 10.0, VMware, Xen 4.17, "
		    "bhyve, OpenBSD, QEMU\n"
		    "\"vmt\" at pvbus0: VMware not configured\n"
		    "\"pvclock\" at pvbus0: KVM not configured\n"
		    "\"xen\" at pvbus0: Xen not configured\n"
		    "\"hyperv\" at pvbus0: Hyper-V not configured\n" },
	};
	struct world *world = *state;

	for (unsigned i = 0; i < sizeof(reports) / sizeof(reports[0]); i++) {
		attach_with(world, reports[i].faces, NULL);
		log_is(world, reports[i].log);
		end_machine(world);
	}
}

/* KVM and Xen emulate a Hyper-V of version 0.0, which has no VMBus. */
static void
test_p16_emulated_hyperv(void **state)
{
	struct world *world = *state;

	world_machine(world, "xen+hyperv");
	host_cpuid_set(sim_machine_cpuid(world->machine),
	    (struct host_cpuid_leaf){ .leaf = 0x40000002 });
	attach_with(world, NULL, all_drivers);
	log_is(world,
	    "pvbus0 at mainbus0: Hyper-V 0.0, Xen 4.17\n"
	    "xen0 at pvbus0: a test of Xen\n");
}

static void
test_p16_numbers_of_the_bus(void **state)
{
	static const struct pv_driver *const drivers[] = { &xen, NULL };
	struct world *world = *state;

	world_machine(world, "vmware+xen");
	memset(&diary, 0, sizeof(diary));
	assert_int_equal(
	    pv_bus_attach(&(struct pv_bus_config){ .port = sim_machine_port(
						       world->machine),
			      .unit = 4294967295u,
			      .drivers = drivers },
		&world->bus),
	    PV_OK);
	log_is(world,
	    "pvbus4294967295 at mainbus4294967295: VMware, "
	    "Xen 4.17\n"
	    "\"vmt\" at pvbus4294967295: VMware not configured\n"
	    "xen4294967295 at pvbus4294967295: a test of Xen\n");
}

/* The longest that detection can make it still fits. */
static void
test_p16_longest_line(void **state)
{
	struct world *world = *state;
	struct host_cpuid *cpuid;

	world_machine(world, "kvm+hyperv+vmware+xen+bhyve+vmm+qemu");
	cpuid = sim_machine_cpuid(world->machine);
	host_cpuid_set(cpuid,
	    (struct host_cpuid_leaf){ .leaf = 0x40000002, .ebx = UINT32_MAX });
	host_cpuid_set(cpuid,
	    (struct host_cpuid_leaf){ .leaf = 0x40000301, .eax = UINT32_MAX });
	assert_int_equal(
	    pv_bus_attach(&(struct pv_bus_config){ .port = sim_machine_port(
						       world->machine),
			      .unit = 4294967295u },
		&world->bus),
	    PV_OK);
	world_has_line(world,
	    "pvbus4294967295 at mainbus4294967295: KVM, "
	    "Hyper-V 65535.65535, VMware, Xen 65535.65535, "
	    "bhyve, OpenBSD, QEMU");
}

static void
test_p17_children_in_the_order_of_openbsd(void **state)
{
	struct world *world = *state;

	attach_with(world, "kvm+hyperv+vmware+xen", all_drivers);
	assert_string_equal(diary.text,
	    "attach vmt0;attach pvclock0;"
	    "attach xen0;attach hyperv0;");
	log_is(world,
	    "pvbus0 at mainbus0: KVM, Hyper-V 10.0, VMware, "
	    "Xen 4.17\n"
	    "vmt0 at pvbus0: a test of VMware\n"
	    "pvclock0 at pvbus0: a test of KVM\n"
	    "xen0 at pvbus0: a test of Xen\n"
	    "hyperv0 at pvbus0: a test of Hyper-V\n");
	assert_int_equal(diary.device[0]->state, PV_DEVICE_ATTACHED);
}

static void
test_p17_drivers_without_their_interface_are_not_tried(void **state)
{
	struct world *world = *state;

	attach_with(world, "bhyve", all_drivers);
	assert_string_equal(diary.text, "");
	log_is(world, "pvbus0 at mainbus0: bhyve\n");
	assert_null(pv_bus_devices(world->bus));
}

static void
test_p17_some_taken_and_some_not(void **state)
{
	static const struct pv_driver *const drivers[] = { &xen, NULL };
	struct world *world = *state;
	const struct pv_device *device;

	attach_with(world, "kvm+hyperv+xen", drivers);
	log_is(world,
	    "pvbus0 at mainbus0: KVM, Hyper-V 10.0, Xen 4.17\n"
	    "\"pvclock\" at pvbus0: KVM not configured\n"
	    "xen0 at pvbus0: a test of Xen\n"
	    "\"hyperv\" at pvbus0: Hyper-V not configured\n");
	device = pv_bus_devices(world->bus);
	assert_int_equal(device->state, PV_DEVICE_UNCONFIGURED);
	assert_string_equal(device->name, "\"pvclock\"");
	assert_string_equal(device->next->name, "xen0");
	assert_string_equal(device->next->next->name, "\"hyperv\"");
	assert_null(device->next->next->next);
}

static void
test_p18_what_children_get(void **state)
{
	struct world *world = *state;
	struct pv_device *device;

	attach_with(world, "kvm+xen", all_drivers);
	device = diary.device[2];
	assert_ptr_equal(device->bus, world->bus);
	assert_string_equal(pv_bus_line(device->bus),
	    "pvbus0 at mainbus0: KVM, Xen 4.17");
	assert_ptr_equal(device->interface, pv_bus_interface(world->bus, 1));
	assert_ptr_equal(device->interface,
	    &pv_bus_detection(device->bus)->interface[PV_HV_XEN]);
	assert_true(
	    pv_bus_detection(device->bus)->interface[PV_HV_KVM].present);
	assert_ptr_equal(pv_bus_port(device->bus),
	    sim_machine_port(world->machine));
	assert_string_equal(device->line, "xen0 at pvbus0: a test of Xen");
}

/* P-19: OpenBSD has none; ours is in the reverse order of attachment. */
static void
test_p19_detach_in_reverse_order(void **state)
{
	struct world *world = *state;

	attach_with(world, "kvm+vmware+xen+hyperv", all_drivers);
	diary.text[0] = '\0';
	pv_bus_detach(world->bus);
	world->bus = NULL;
	assert_string_equal(diary.text,
	    "detach hyperv0;detach xen0;"
	    "detach pvclock0;detach vmt0;");
	assert_int_equal(sim_machine_counts(world->machine)->memory, 0);
	pv_bus_detach(NULL);
}

/* ---- P-20: what the host asks for ------------------------------------- */

static void
test_p20_shutdown_and_reboot(void **state)
{
	struct world *world = *state;
	const struct sim_counts *counts;

	attach_with(world, "vmware+xen", all_drivers);
	counts = sim_machine_counts(world->machine);
	assert_int_equal(pv_device_request(diary.device[0], PV_REQUEST_SHUTDOWN,
			     NULL),
	    PV_OK);
	world_has_line(world,
	    "Shutting down in response to request from vmt0 host");
	assert_int_equal(counts->requests[PV_REQUEST_SHUTDOWN], 1);
	assert_int_equal(counts->requests[PV_REQUEST_REBOOT], 0);
	assert_int_equal(pv_device_request(diary.device[2], PV_REQUEST_REBOOT,
			     NULL),
	    PV_OK);
	world_has_line(world,
	    "Rebooting in response to request from xen0 host");
	assert_int_equal(counts->requests[PV_REQUEST_SHUTDOWN], 1);
	assert_int_equal(counts->requests[PV_REQUEST_REBOOT], 1);
}

static void
test_p20_platform_that_takes_no_requests(void **state)
{
	struct world *world = *state;

	world_machine(world, "xen");
	sim_machine_own_port(world->machine)->request = NULL;
	attach_with(world, NULL, all_drivers);
	assert_int_equal(pv_device_request(diary.device[2], PV_REQUEST_REBOOT,
			     NULL),
	    PV_ENOTSUP);
	world_has_no_line(world, "Rebooting");
	world_has_line(world,
	    "xen0: the reboot was not taken: nobody here does it");
}

static void
test_p20_platform_that_refuses(void **state)
{
	static const char *const nouns[PV_REQUEST_COUNT] = { "shutdown",
		"reboot", "suspend", "crash", "hibernation" };
	struct world *world = *state;
	char line[64];

	attach_with(world, "vmware+xen", all_drivers);
	sim_machine_owner(world->machine)->fails.request = PV_EBUSY;
	for (unsigned i = 0; i < PV_REQUEST_COUNT; i++) {
		assert_int_equal(pv_device_request(diary.device[0], i, NULL),
		    PV_EBUSY);
		snprintf(line, sizeof(line), "vmt0: the %s was not taken: busy",
		    nouns[i]);
		world_has_line(world, line);
	}
}

/* ---- P-21 to P-25: numbers -------------------------------------------- */

/* P-22: MAKEDEV made two nodes; we have as many as there are interfaces. */
static void
test_p21_p22_minor_is_the_nth_detected(void **state)
{
	static const char *const names[] = { "KVM", "VMware", "Xen", "OpenBSD",
		"QEMU" };
	struct world *world = *state;

	attach_with(world, "qemu+vmm+xen+vmware+kvm", NULL);
	for (unsigned unit = 0; unit < 5; unit++)
		assert_string_equal(pv_bus_interface(world->bus, unit)->name,
		    names[unit]);
	assert_null(pv_bus_interface(world->bus, 5));
	assert_null(pv_bus_interface(world->bus, UINT32_MAX));
}

/* P-23 (only open, close, ioctl) is for pvbusd to keep.  P-24: no lock, no
 * exclusive opener, nothing kept between calls. */
static void
test_p24_many_openers_at_once(void **state)
{
	enum {
		OPENERS = 20
	};
	struct world *world = *state;
	struct memory_store *store;
	struct caller *caller[OPENERS];
	char value[OPENERS][16];

	world_machine(world, "xen");
	store = memory_store_attach(world);
	store->delay = PV_SECOND;
	for (unsigned i = 0; i < OPENERS; i++) {
		caller[i] = caller_new(world);
		snprintf(value[i], sizeof(value[i]), "%u", i * i);
		memory_store_set(store, value[i], value[i], strlen(value[i]));
		caller_set_key(caller[i], value[i], strlen(value[i]));
		caller_request(caller[i], strlen(value[i]), CALLER_KEY, 16,
		    CALLER_VALUE);
		caller_start(caller[i], PVBUS_LP64_KVREAD);
	}
	assert_int_equal(memory_store_pending(store), OPENERS);
	for (unsigned i = 0; i < OPENERS; i++) {
		assert_int_equal(pv_await(world->bus, &caller[i]->finished,
				     PV_NEVER),
		    PV_OK);
		assert_int_equal(caller_finish(caller[i]), PV_OK);
		caller_result(caller[i], CALLER_VALUE, value[i],
		    strlen(value[i]) + 1);
		caller_free(caller[i]);
	}
}

static void
test_p25_emulated_hyperv_comes_between(void **state)
{
	struct world *world = *state;

	attach_with(world, "xen+hyperv", NULL);
	assert_string_equal(pv_bus_interface(world->bus, 0)->name, "Hyper-V");
	assert_string_equal(pv_bus_interface(world->bus, 1)->name, "Xen");
	end_machine(world);
	attach_with(world, "kvm+hyperv", NULL);
	assert_string_equal(pv_bus_interface(world->bus, 0)->name, "KVM");
	assert_string_equal(pv_bus_interface(world->bus, 1)->name, "Hyper-V");
}

/* ---- What a platform holds, or leaves out ----------------------------- */

static int
test_holder(void *ctx, const char *device, char *holder, size_t size)
{
	(void)ctx;
	if (strcmp(device, "hyperv") != 0)
		return PV_ENOENT;
	snprintf(holder, size, "Linux\thv_vmbus\x1b[2J\xff");
	return PV_OK;
}

static void
test_held_by_the_platform(void **state)
{
	static const struct pv_driver *const drivers[] = { &vmt, &hyperv,
		NULL };
	struct world *world = *state;

	world_machine(world, "hyperv+xen");
	sim_machine_own_port(world->machine)->holder = test_holder;
	attach_with(world, NULL, NULL);
	/* and its text is made printable */
	log_is(world,
	    "pvbus0 at mainbus0: Hyper-V 10.0, Xen 4.17\n"
	    "\"xen\" at pvbus0: Xen not configured\n"
	    "\"hyperv\" at pvbus0: Linux?hv_vmbus?[2J?\n");
	assert_int_equal(pv_bus_devices(world->bus)->state,
	    PV_DEVICE_UNCONFIGURED);
	assert_int_equal(pv_bus_devices(world->bus)->next->state,
	    PV_DEVICE_HELD);
	end_machine(world);
	/* a driver of ours comes first; when it fails, its reason is told */
	world_machine(world, "hyperv");
	sim_machine_own_port(world->machine)->holder = test_holder;
	attach_with(world, NULL, drivers);
	world_has_line(world, "hyperv0 at pvbus0: a test of Hyper-V");
	pv_bus_detach(world->bus);
	diary.error[3] = PV_EBUSY;
	assert_int_equal(try_attach(world, drivers), PV_OK);
	world_has_line(world, "\"hyperv\" at pvbus0: busy, not configured");
}

static void
test_port_without_what_every_bus_needs(void **state)
{
	struct world *world = *state;
	struct pv_port *port, whole;

	world_machine(world, "kvm");
	port = sim_machine_own_port(world->machine);
	whole = *port;
	for (unsigned left_out = 0; left_out < 5; left_out++) {
		*port = whole;
		if (left_out == 0)
			port->alloc = NULL;
		else if (left_out == 1)
			port->free = NULL;
		else if (left_out == 2)
			port->log = NULL;
		else if (left_out == 3)
			port->now = NULL;
		else
			port->cpuid = NULL;
		world_attach_fails(world, PV_ENOTSUP);
		assert_int_equal(sim_machine_counts(world->machine)->memory, 0);
	}
	log_is(world, "");
	*port = whole;
	sim_machine_fail_alloc(world->machine, 1);
	world_attach_fails(world, PV_ENOMEM);
	log_is(world, "");
}

/* With each of the others left out the bus is there, and works. */
static void
test_port_without_each_optional_function(void **state)
{
	static const char *const oem[] = { "a=b" };
	struct world *world = *state;
	char value[8];
	size_t len;

	for (unsigned left_out = 0; left_out < 11; left_out++) {
		bool no_ports = left_out == 1 || left_out == 2;
		struct pv_port *port;

		world_machine(world, "kvm");
		host_fwcfg_add(world->fwcfg, "opt/a", "abc", 3);
		sim_machine_set_oem(world->machine, oem, 1);
		port = sim_machine_own_port(world->machine);
		switch (left_out) {
		case 0:
			port->wait = NULL;
			break;
		case 1:
			port->io_read = NULL;
			break;
		case 2:
			port->io_write = NULL;
			break;
		case 3:
			port->io_read_string = NULL;
			break;
		case 4:
			port->pages_alloc = NULL;
			break;
		case 5:
			port->pages_free = NULL;
			break;
		case 6:
			port->request = NULL;
			break;
		case 7:
			port->holder = NULL;
			break;
		case 8:
			port->fw_item = NULL;
			break;
		case 9:
			port->fw_read = NULL;
			break;
		case 10:
			port->smbios = NULL;
			break;
		}
		world_attach(world);
		world_has_line(world, "pvbus0 at mainbus0: KVM");
		if (no_ports) {
			world_has_no_line(world, "fwcfg0");
			assert_null(pv_bus_interface(world->bus, 0)->store);
		} else {
			assert_int_equal(world_read(world, "opt/a", value, 8,
					     &len),
			    PV_OK);
			assert_int_equal(len, 3);
			assert_int_equal(world_read(world, "oem/a", value, 8,
					     &len),
			    PV_OK);
			assert_int_equal(len, 1);
		}
		end_machine(world);
		world->fwcfg = NULL;
	}
}

/* ---- Drivers that fail, devices that break ---------------------------- */

#define PV_ERROR_VALUE(name, number, text) PV_##name,
static const int errors[] = { PV_ERRORS(PV_ERROR_VALUE) };

static void
test_attach_fails_with_each_error(void **state)
{
	struct world *world = *state;
	char line[256];

	for (unsigned i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		world_machine(world, "vmware+xen");
		memset(&diary, 0, sizeof(diary));
		diary.error[0] = errors[i];
		assert_int_equal(try_attach(world, all_drivers), PV_OK);
		snprintf(line, sizeof(line),
		    "pvbus0 at mainbus0: VMware, Xen 4.17\n"
		    "\"vmt\" at pvbus0: %s, not configured\n"
		    "xen0 at pvbus0: a test of Xen\n",
		    pv_error_text(errors[i]));
		/* this one says "not for me", as if there were no driver */
		if (errors[i] == PV_ENODEV)
			snprintf(line, sizeof(line),
			    "pvbus0 at mainbus0: VMware, Xen 4.17\n"
			    "\"vmt\" at pvbus0: VMware not configured\n"
			    "xen0 at pvbus0: a test of Xen\n");
		log_is(world, line);
		/* what did not attach is not detached */
		diary.text[0] = '\0';
		end_machine(world);
		assert_string_equal(diary.text, "detach xen0;");
	}
}

static void
test_no_room_for_a_device(void **state)
{
	struct world *world = *state;

	for (unsigned nth = 2; nth < 5; nth++) {
		world_machine(world, "vmware");
		sim_machine_fail_alloc(world->machine, nth);
		memset(&diary, 0, sizeof(diary));
		assert_int_equal(try_attach(world, all_drivers), PV_OK);
		world_has_line(world,
		    nth == 2 ? "\"vmt\" at pvbus0: no room, not configured"
			     : "vmt0 at pvbus0: a test of VMware");
		end_machine(world);
	}
}

static struct {
	unsigned info, errors;
} levels;

static void
count_levels(void *ctx, enum pv_log level, const char *line)
{
	(void)ctx;
	(void)line;
	levels.info += level == PV_LOG_INFO;
	levels.errors += level == PV_LOG_ERROR;
}

static void
test_broken_device(void **state)
{
	struct world *world = *state;

	world_machine(world, "vmware+xen");
	memset(&levels, 0, sizeof(levels));
	sim_machine_on_log(world->machine, count_levels, NULL);
	attach_with(world, NULL, all_drivers);
	assert_int_equal(levels.info, 3);
	diary.work[0] = 1000;
	diary.deadline[0] = sim_now(world->sim);
	diary.deadline[2] = sim_now(world->sim) + 5;
	assert_true(pv_bus_poll(world->bus, 1));
	assert_int_equal(pv_bus_deadline(world->bus), diary.deadline[0]);

	pv_device_broken(diary.device[0], "the host lies");
	pv_device_broken(diary.device[0], "and goes on to lie");
	assert_int_equal(levels.errors, 1);
	world_has_line(world, "vmt0: the host lies; out of use");
	world_has_no_line(world, "goes on");
	assert_int_equal(diary.device[0]->state, PV_DEVICE_BROKEN);
	/* it is left alone, and the other one is not */
	diary.polls[0] = diary.polls[2] = 0;
	assert_false(pv_bus_poll(world->bus, 1));
	assert_int_equal(diary.polls[0], 0);
	assert_int_equal(diary.polls[2], 1);
	assert_int_equal(pv_bus_deadline(world->bus), diary.deadline[2]);
	/* but it is detached like any other */
	diary.text[0] = '\0';
	pv_bus_detach(world->bus);
	world->bus = NULL;
	assert_string_equal(diary.text, "detach xen0;detach vmt0;");
}

/* ---- Polling and waiting ---------------------------------------------- */

static void
test_poll_tells_of_more_work(void **state)
{
	struct world *world = *state;

	attach_with(world, "vmware+xen", all_drivers);
	diary.work[0] = 3;
	assert_true(pv_bus_poll(world->bus, 1));
	assert_true(pv_bus_poll(world->bus, 1));
	assert_false(pv_bus_poll(world->bus, 1));
	/* each device gets its turn, however busy another is */
	assert_int_equal(diary.polls[0], 3);
	assert_int_equal(diary.polls[2], 3);
}

static void
test_await_ends_at_the_deadline(void **state)
{
	struct world *world = *state;
	uint64_t start;
	bool never = false;

	attach_with(world, "xen", all_drivers);
	start = sim_now(world->sim);
	assert_int_equal(pv_await(world->bus, &never, start + PV_SECOND),
	    PV_ETIMEDOUT);
	assert_true(sim_now(world->sim) == start + PV_SECOND);
	/* a flag that is set already needs no time, even past the deadline */
	never = true;
	assert_int_equal(pv_await(world->bus, &never, 0), PV_OK);
	assert_true(sim_now(world->sim) == start + PV_SECOND);
}

/* ---- Lines ------------------------------------------------------------ */

static void
expect_printable(void *ctx, enum pv_log level, const char *line)
{
	(void)level;
	assert_true(strlen(line) < 128);
	for (; *line != '\0'; line++)
		assert_in_range((unsigned char)*line, 0x20, 0x7e);
	++*(unsigned *)ctx;
}

/* Describes itself with every byte there is, and at great length. */
static int
loud_attach(struct pv_device *device)
{
	char text[512];

	for (unsigned i = 0; i < sizeof(text); i++)
		text[i] = (char)(i % 255 + 1);
	text[sizeof(text) - 1] = '\0';
	diary.device[2] = device;
	pv_device_describe(device, "%s%c%u", text, '\n', 7);
	return PV_OK;
}

static void
test_lines_are_printable(void **state)
{
	static const struct pv_driver loud = { .name = "xen",
		.attach = loud_attach };
	static const struct pv_driver *const drivers[] = { &loud, NULL };
	struct world *world = *state;
	unsigned lines = 0;

	world_machine(world, "hyperv+xen");
	sim_machine_own_port(world->machine)->holder = test_holder;
	sim_machine_on_log(world->machine, expect_printable, &lines);
	attach_with(world, NULL, drivers);
	pv_device_broken(diary.device[2], "said \"\a\x7f\x80\xff\"");
	assert_int_equal(lines, 4);
}

/* Random CPUs: no line that is not printable, no crash, no endless scan. */
static void
test_lines_are_printable_on_random_hosts(void **state)
{
	static const char *const words[] = { "KVMK", "VMKV", "M\0\0\0", "Micr",
		"osof", "t Hv", "VMwa", "reVM", "ware", "XenV", "MMXe", "nVMM",
		"bhyv", "e bh", "yve ", "Open", "BSDV", "MM58", "TCGT", "CGTC",
		"GTCG", "\x1b[2J", "\xff\xff\xff\xff" };
	enum {
		WORDS = sizeof(words) / sizeof(words[0])
	};
	struct world *world = *state;
	unsigned lines = 0, buses = 0;

	for (unsigned i = 0; i < 300; i++) {
		world_machine(world, "none");
		sim_machine_cpuid(world->machine)->hypervisor = true;
		sim_machine_on_log(world->machine, expect_printable, &lines);
		for (uint32_t base = 0; base < 4; base++) {
			struct host_cpuid_leaf leaf = { .leaf = 0x40000000 +
				    base * 0x100,
				.eax = (uint32_t)sim_random(world->sim, 0) };
			size_t word = sim_random(world->sim, WORDS);

			leaf.ebx = get_le32(words[word]);
			leaf.ecx = get_le32(words[(word + 1) % WORDS]);
			leaf.edx = get_le32(words[(word + 2) % WORDS]);
			if (sim_random(world->sim, 4) != 0)
				leaf.eax = leaf.leaf + 0x10;
			host_cpuid_set(sim_machine_cpuid(world->machine), leaf);
			for (uint32_t n = 1; n < 5; n++)
				host_cpuid_set(sim_machine_cpuid(
						   world->machine),
				    (struct host_cpuid_leaf){ leaf.leaf + n,
					(uint32_t)sim_random(world->sim, 0),
					(uint32_t)sim_random(world->sim, 0), 0,
					0 });
		}
		buses += try_attach(world, NULL) == PV_OK;
		assert_in_range(sim_machine_counts(world->machine)->cpuids, 2,
		    5 + 1 + 8);
		end_machine(world);
	}
	assert_in_range(buses, 1, 299);
	assert_true(lines >= buses);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_p13_hook_is_called_for_each_cpu_started),
		world_test(test_p13_hook_may_be_absent),
		world_test(test_p15_no_line_on_bare_metal),
		world_test(test_p16_report_lines),
		world_test(test_p16_emulated_hyperv),
		world_test(test_p16_numbers_of_the_bus),
		world_test(test_p16_longest_line),
		world_test(test_p17_children_in_the_order_of_openbsd),
		world_test(
		    test_p17_drivers_without_their_interface_are_not_tried),
		world_test(test_p17_some_taken_and_some_not),
		world_test(test_p18_what_children_get),
		world_test(test_p19_detach_in_reverse_order),
		world_test(test_p20_shutdown_and_reboot),
		world_test(test_p20_platform_that_takes_no_requests),
		world_test(test_p20_platform_that_refuses),
		world_test(test_p21_p22_minor_is_the_nth_detected),
		world_test(test_p24_many_openers_at_once),
		world_test(test_p25_emulated_hyperv_comes_between),
		world_test(test_held_by_the_platform),
		world_test(test_port_without_what_every_bus_needs),
		world_test(test_port_without_each_optional_function),
		world_test(test_attach_fails_with_each_error),
		world_test(test_no_room_for_a_device),
		world_test(test_broken_device),
		world_test(test_poll_tells_of_more_work),
		world_test(test_await_ends_at_the_deadline),
		world_test(test_lines_are_printable),
		world_test(test_lines_are_printable_on_random_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
