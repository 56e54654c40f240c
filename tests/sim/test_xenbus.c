/* SPDX-License-Identifier: ISC */
/* Devices that XenStore describes: found, attached, unplugged, resumed; with a
 * driver that only takes notes. */
#include <stdio.h>

#include "guest/xen/xenbus.h"
#include "tests/support/request.h"
#include "tests/support/xenstore.h"

#define BACK "/local/domain/0/backend/vbd/7/51712"

/* What the driver was told, and what it does. */
static struct note {
	struct xenbus_device *device;
	char diary[2048];
	struct xenbus_read read;
	struct xenbus_value values[4];
	struct xenbus_write write;
	struct xenbus_pair pairs[4];
	unsigned read_dones, write_dones;
	int attach_error;
} note;

static void
say(const char *what, unsigned number)
{
	size_t len = strlen(note.diary);

	snprintf(note.diary + len, sizeof(note.diary) - len, "%s %u\n", what,
	    number);
}

static void
backend(struct xenbus_device *device, unsigned state)
{
	assert_ptr_equal(device, note.device);
	assert_int_equal(device->backend_state, state);
	say("backend", state);
}

static void
suspend(struct xenbus_device *device)
{
	(void)device;
	say("suspend", 0);
}

static void
resume(struct xenbus_device *device)
{
	say("resume", device->state);
}

static void
resume_cancelled(struct xenbus_device *device)
{
	(void)device;
	say("cancelled", 0);
}

static const struct xenbus_driver xenbus_driver = {
	.backend = backend,
	.suspend = suspend,
	.resume = resume,
	.resume_cancelled = resume_cancelled,
};

static int
note_attach(struct pv_device *device)
{
	struct xenbus_device *xenbus = device->aux;

	if (note.attach_error != PV_OK)
		return note.attach_error;
	note.device = xenbus;
	xenbus->driver = &xenbus_driver;
	pv_device_describe(device, "%s of %s", xenbus->type, xenbus->node);
	say("attach", xenbus->backend_state);
	return PV_OK;
}

static void
note_detach(struct pv_device *device)
{
	(void)device;
	say("detach", 0);
	note.device = NULL;
}

static const struct pv_driver note_driver = {
	.name = "xbf",
	.attach = note_attach,
	.detach = note_detach,
};

static void
machine(struct world *world)
{
	memset(&note, 0, sizeof(note));
	world_machine(world, "xen");
}

static int
suspend_at_once(void *ctx, enum pv_request request, const struct pv_reason *why)
{
	(void)ctx;
	(void)request;
	(void)why;
	return PV_OK;
}

static int
try_attach(struct world *world)
{
	static const struct pv_driver *const drivers[] = { &pv_xen_driver,
		&note_driver, NULL };

	return pv_bus_attach(&(struct pv_bus_config){ .port = sim_machine_port(
							  world->machine),
				 .drivers = drivers },
	    &world->bus);
}

static void
attach(struct world *world)
{
	assert_int_equal(try_attach(world), PV_OK);
}

/* A disk as the toolstack describes it, with no back end behind it. */
static void
plug(struct world *world)
{
	const char *const own[] = { "n7", "r0" },
			  *const theirs[] = { "n0", "r7" };
	char path[64];

	assert_true(host_xenstore_mkdir(store(world), BACK));
	assert_true(host_xenstore_permit(store(world), BACK, theirs, 2));
	put(world, BACK "/state", "2");
	put(world, BACK "/sectors", "2048");
	host_xenstore_home(store(world), path, sizeof(path),
	    "device/vbd/51712");
	assert_true(host_xenstore_mkdir(store(world), path));
	assert_true(host_xenstore_permit(store(world), path, own, 2));
	put(world, "device/vbd/51712/state", "1");
	put(world, "device/vbd/51712/backend-id", "0");
	put(world, "device/vbd/51712/device-type", "disk");
	put(world, "device/vbd/51712/backend", BACK);
}

static void
plugged(struct world *world)
{
	machine(world);
	plug(world);
	attach(world);
	let_pass(world, PV_SECOND);
	assert_non_null(note.device);
	note.diary[0] = '\0';
}

static void
diary_is(const char *expected)
{
	assert_string_equal(note.diary, expected);
	note.diary[0] = '\0';
}

/* ---- Found ------------------------------------------------------------ */

static void
test_found(void **state)
{
	struct world *world = *state;

	machine(world);
	plug(world);
	attach(world);
	world_has_line(world, "xbf0 at xen0: disk of device/vbd/51712");
	assert_string_equal(note.device->class_name, "vbd");
	assert_string_equal(note.device->unit, "51712");
	assert_string_equal(note.device->node, "device/vbd/51712");
	assert_string_equal(note.device->backend, BACK);
	assert_string_equal(note.device->type, "disk");
	assert_int_equal(note.device->backend_id, 0);
	assert_int_equal(note.device->state, 1);
	let_pass(world, PV_SECOND);
	diary_is("attach 2\nbackend 2\n");
}

static void
test_not_configured(void **state)
{
	struct world *world = *state;

	machine(world);
	put(world, "device/vkbd/0/backend", "/local/domain/0/backend/vkbd/7/0");
	put(world, "device/vif/0/backend", "/local/domain/0/backend/vif/7/0");
	put(world, "device/suspend/0/backend", "/x");
	plug(world);
	note.attach_error = PV_EPROTO;
	attach(world);
	world_has_line(world, "\"vkbd\" at xen0: device/vkbd/0 not configured");
	world_has_line(world, "\"xnf\" at xen0: device/vif/0 not configured");
	world_has_line(world,
	    "\"xbf\" at xen0: device/vbd/51712: the host answered nonsense, "
	    "not configured");
	world_has_no_line(world, "suspend");
}

/* A host may call its devices what it likes: no driver takes one for that, and
 * a xen below xen0 would find itself again for ever. */
static void
test_classes_named_as_drivers(void **state)
{
	struct world *world = *state;

	machine(world);
	put(world, "device/xen/0/backend", "/local/domain/0/backend/xen/7/0");
	put(world, "device/xbf/0/backend", "/local/domain/0/backend/xbf/7/0");
	put(world, "device/fwcfg/0/state", "1");
	attach(world);
	world_has_line(world, "\"xen\" at xen0: device/xen/0 not configured");
	world_has_line(world, "\"xbf\" at xen0: device/xbf/0 not configured");
	world_has_no_line(world, "xen1");
	world_has_no_line(world, "xbf0");
	world_has_no_line(world, "fwcfg0");
}

static void
test_names_that_are_none(void **state)
{
	struct world *world = *state;

	machine(world);
	plug(world);
	put(world, "device/a-class-with-a-name-of-33-letters/0/x", "");
	put(world, "device/vbd/a-unit-too-long-by-far/x", "");
	put(world, "device/vbd/51728/backend", "not/a/path//");
	put(world, "device/vbd/51744/backend-id", "99999");
	put(world, "device/vbd/51744/backend", BACK "/");
	attach(world);
	assert_non_null(note.device);
	assert_string_equal(note.device->unit, "51712");
	world_has_line(world,
	    "xen0: XenStore: a device with a name too long is left out");
	assert_int_equal(world_device(world, "xen0")->stats.bad_length, 2);
}

/* The toolstack has not written all of it yet. */
static void
test_back_end_comes_later(void **state)
{
	struct world *world = *state;

	machine(world);
	put(world, "device/vbd/51712/state", "1");
	attach(world);
	let_pass(world, PV_SECOND);
	assert_null(note.device);
	plug(world);
	let_pass(world, PV_SECOND);
	assert_non_null(note.device);
	assert_string_equal(note.device->backend, BACK);
}

static void
test_attaching_does_not_wait_for_ever(void **state)
{
	struct world *world = *state;
	uint64_t start;

	machine(world);
	plug(world);
	start = sim_now(world->sim);
	attach(world); /* our driver never connects */
	assert_true(sim_now(world->sim) - start < 20 * PV_SECOND);
	pv_bus_detach(world->bus);
	world->bus = NULL;
	manners(world)->silent = ~0u;
	start = sim_now(world->sim);
	attach(world);
	assert_true(sim_now(world->sim) - start < 20 * PV_SECOND);
}

/* Asked again, less and less often, with one line. */
static void
test_devices_cannot_be_listed(void **state)
{
	struct world *world = *state;
	const char *const nobody[] = { "n0" };
	const char *line = "xen0: XenStore: device: refused", *log;
	uint64_t requests;
	char path[64];

	machine(world);
	host_xenstore_home(store(world), path, sizeof(path), "device");
	assert_true(host_xenstore_permit(store(world), path, nobody, 1));
	attach(world);
	requests = counts(world)->requests;
	let_pass(world, 3600 * PV_SECOND);
	assert_true(counts(world)->requests - requests < 100);
	log = strstr(sim_machine_log(world->machine), line);
	assert_non_null(log);
	assert_null(strstr(log + 1, line));
}

/* ---- Hot plug --------------------------------------------------------- */

static void
test_plugged_in_and_out(void **state)
{
	struct world *world = *state;

	machine(world);
	attach(world);
	let_pass(world, PV_SECOND);
	for (unsigned i = 0; i < 5; i++) {
		plug(world);
		let_pass(world, PV_SECOND);
		assert_non_null(note.device);
		take_away(world, "device/vbd/51712");
		take_away(world, BACK);
		let_pass(world, PV_SECOND);
		assert_null(note.device);
	}
	world_has_line(world, "xen0: xbf0 detached from device/vbd/51712");
	/* nothing was written into what is gone */
	assert_null(host_xenstore_read(store(world),
	    "/local/domain/7/device/vbd/51712/state", &(size_t){ 0 }));
}

/* A class that was not there at boot: OpenBSD's xen does not see it. */
static void
test_new_class(void **state)
{
	struct world *world = *state;
	const struct pv_device *device;

	machine(world);
	attach(world);
	let_pass(world, PV_SECOND);
	put(world, "device/vkbd/0/backend", "/local/domain/0/backend/vkbd/7/0");
	let_pass(world, PV_SECOND);
	world_has_line(world, "\"vkbd\" at xen0: device/vkbd/0 not configured");
	world_device(world, "\"vkbd\"");
	take_away(world, "device/vkbd");
	let_pass(world, PV_SECOND);
	for (device = pv_bus_devices(world->bus); device != NULL;
	     device = device->next)
		assert_string_not_equal(device->name, "\"vkbd\"");
}

static void
test_replaced_between_two_looks(void **state)
{
	struct world *world = *state;

	plugged(world);
	xenbus_state(note.device, XEN_BUS_CONNECTED);
	let_pass(world, PV_SECOND);
	take_away(world, "device/vbd/51712");
	take_away(world, BACK);
	plug(world);
	let_pass(world, PV_SECOND);
	assert_non_null(note.device);
	assert_non_null(strstr(note.diary, "backend 0\ndetach 0\nattach 2\n"));
	is_there(world, "device/vbd/51712/state", "1");
}

/* Each write of a driver is an event of "device", and no reason to look. */
static void
test_writing_costs_no_scan(void **state)
{
	struct world *world = *state;
	const struct pv_stats *stats;
	uint64_t requests;

	plugged(world);
	stats = &world_device(world, "xen0")->stats;
	requests = stats->requests;
	for (unsigned i = 0; i < 10; i++)
		xenbus_state(note.device, XEN_BUS_CONNECTED);
	let_pass(world, PV_SECOND);
	assert_int_equal(stats->requests, requests + 10);
}

/* ---- Both ends -------------------------------------------------------- */

static void
test_30_states_of_the_back_end(void **state)
{
	static const char *const states[] = { "3", "4", "4", "5", "6", "0", "2",
		"8", "9", "4294967295" };
	struct world *world = *state;
	char expected[32];

	plugged(world);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		put(world, BACK "/state", states[i]);
		let_pass(world, PV_SECOND);
		snprintf(expected, sizeof(expected), "backend %s\n", states[i]);
		diary_is(expected);
	}
	put(world, BACK "/state", "4294967296");
	let_pass(world, PV_SECOND);
	put(world, BACK "/state", "four");
	let_pass(world, PV_SECOND);
	diary_is("");
	assert_int_equal(world_device(world, "xen0")->stats.bad_value, 2);
	take_away(world, BACK);
	let_pass(world, PV_SECOND);
	diary_is("backend 0\n");
}

static void
test_writes_states_in_order(void **state)
{
	struct world *world = *state;

	plugged(world);
	for (unsigned i = 0; i <= 50; i++)
		xenbus_state(note.device, i);
	assert_int_equal(note.device->state, 50);
	let_pass(world, PV_SECOND);
	is_there(world, "device/vbd/51712/state", "50");
}

static void
read_done(struct xenbus_read *read)
{
	assert_ptr_equal(read, &note.read);
	note.read_dones++;
}

static void
begin_read(void)
{
	static const struct {
		enum xenbus_end end;
		const char *key;
	} keys[4] = { { XENBUS_BACK, "sectors" }, { XENBUS_BACK, "missing" },
		{ XENBUS_FRONT, "device-type" }, { XENBUS_BACK, "long" } };

	for (unsigned i = 0; i < 4; i++) {
		note.values[i].end = keys[i].end;
		strcpy(note.values[i].key, keys[i].key);
	}
	note.read = (struct xenbus_read){ .values = note.values,
		.count = 4,
		.done = read_done };
	note.read_dones = 0;
	xenbus_read(note.device, &note.read);
	assert_int_equal(note.read_dones, 0);
}

static void
test_reads_values(void **state)
{
	struct world *world = *state;
	char text[80];
	const struct pv_stats *stats, *ours;
	uint64_t signals;

	plugged(world);
	memset(text, '9', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	put(world, BACK "/long", text);
	let_pass(world, PV_SECOND);
	stats = &world_device(world, "xen0")->stats;
	ours = &world_device(world, "xbf0")->stats;
	signals = stats->signals;
	begin_read();
	let_pass(world, PV_SECOND);
	assert_int_equal(note.read_dones, 1);
	assert_int_equal(note.read.error, PV_OK);
	assert_true(note.values[0].there);
	assert_string_equal(note.values[0].text, "2048");
	assert_false(note.values[1].there);
	assert_string_equal(note.values[2].text, "disk");
	assert_false(note.values[3].there);
	assert_int_equal(ours->bad_length, 1);
	/* all of them at once */
	assert_int_equal(stats->signals, signals + 1);
	assert_int_equal(xenbus_number(note.device, &note.values[0], 5000, 7),
	    2048);
	assert_int_equal(ours->bad_value, 0);
	assert_int_equal(xenbus_number(note.device, &note.values[0], 2047, 7),
	    7);
	assert_int_equal(ours->bad_value, 1);
	assert_int_equal(xenbus_number(note.device, &note.values[1], 9, 7), 7);
	assert_int_equal(ours->bad_value, 1);
	assert_int_equal(xenbus_number(note.device, &note.values[2], 9, 7), 7);
	assert_int_equal(ours->bad_value, 2);
}

static void
test_29_read_without_an_answer(void **state)
{
	struct world *world = *state;

	plugged(world);
	manners(world)->silent = 2;
	begin_read();
	let_pass(world, 60 * PV_SECOND);
	assert_int_equal(note.read_dones, 1);
	assert_int_equal(note.read.error, PV_ETIMEDOUT);
}

static void
write_done(struct xenbus_write *write)
{
	assert_ptr_equal(write, &note.write);
	note.write_dones++;
}

static void
begin_write(unsigned state)
{
	xenbus_pair_text(&note.pairs[0], "protocol", "x86_64-abi");
	xenbus_pair_number(&note.pairs[1], "ring-ref", 8);
	xenbus_pair_number(&note.pairs[2], "queue-0/event-channel", UINT64_MAX);
	note.write = (struct xenbus_write){ .pairs = note.pairs,
		.count = 3,
		.state = state,
		.done = write_done };
	note.write_dones = 0;
	xenbus_write(note.device, &note.write);
	assert_int_equal(note.write_dones, 0);
}

static void
written(struct world *world, const char *state)
{
	let_pass(world, 20 * PV_SECOND);
	assert_int_equal(note.write_dones, 1);
	assert_int_equal(note.write.error, PV_OK);
	is_there(world, "device/vbd/51712/protocol", "x86_64-abi");
	is_there(world, "device/vbd/51712/ring-ref", "8");
	is_there(world, "device/vbd/51712/queue-0/event-channel",
	    "18446744073709551615");
	is_there(world, "device/vbd/51712/state", state);
}

static void
test_writes_values(void **state)
{
	struct world *world = *state;

	plugged(world);
	begin_write(3);
	/* in its order */
	xenbus_state(note.device, 4);
	written(world, "4");
	assert_int_equal(counts(world)->transactions, 0);
}

static void
test_56_write_is_disturbed(void **state)
{
	struct world *world = *state;

	plugged(world);
	manners(world)->again = 10;
	begin_write(3);
	written(world, "3");
	assert_int_equal(note.device->state, 3);
	manners(world)->again = ~0u;
	begin_write(4);
	let_pass(world, 60 * PV_SECOND);
	assert_int_equal(note.write_dones, 1);
	assert_int_equal(note.write.error, PV_EAGAIN);
	manners(world)->again = 0;
	is_there(world, "device/vbd/51712/state", "3");
	assert_int_equal(counts(world)->transactions, 0);
	begin_write(4);
	written(world, "4");
}

static void
test_29_write_without_an_answer(void **state)
{
	struct world *world = *state;

	/* each of the requests of a transaction is the one that is lost */
	for (unsigned nth = 0; nth < 6; nth++) {
		plugged(world);
		manners(world)->delay = PV_MILLISECOND;
		begin_write(3);
		let_pass(world, nth * 700 * 1000);
		manners(world)->silent = 1;
		let_pass(world, 120 * PV_SECOND);
		assert_int_equal(note.write_dones, 1);
		manners(world)->silent = 0;
		manners(world)->delay = 0;
		begin_write(4);
		written(world, "4");
		/* one whose number never came cannot be ended */
		assert_true(counts(world)->transactions <= 1);
		pv_bus_detach(world->bus);
		world->bus = NULL;
		sim_machine_free(world->machine);
		world->machine = NULL;
	}
}

static void
test_write_that_is_refused(void **state)
{
	struct world *world = *state;
	const char *const nobody[] = { "n0", "r7" };

	plugged(world);
	assert_true(host_xenstore_permit(store(world),
	    "/local/domain/7/device/vbd/51712/state", nobody, 2));
	begin_write(3);
	let_pass(world, PV_SECOND);
	assert_int_equal(note.write_dones, 1);
	assert_int_equal(note.write.error, PV_EACCES);
	assert_int_equal(counts(world)->transactions, 0);
	xenbus_state(note.device, 5);
	let_pass(world, PV_SECOND);
	world_has_line(world,
	    "xen0: XenStore: device/vbd/51712/state: refused");
}

static void
test_37_unplugged_under_way(void **state)
{
	struct world *world = *state;

	for (unsigned moment = 0; moment < 12; moment++) {
		plugged(world);
		manners(world)->delay = PV_MILLISECOND;
		begin_read();
		begin_write(3);
		let_pass(world, moment * 700 * 1000);
		manners(world)->delay = 0;
		take_away(world, "device/vbd");
		let_pass(world, 20 * PV_SECOND);
		assert_null(note.device);
		assert_int_equal(note.read_dones, 1);
		assert_int_equal(note.write_dones, 1);
		assert_int_equal(counts(world)->transactions, 0);
		pv_bus_detach(world->bus);
		world->bus = NULL;
		sim_machine_free(world->machine);
		world->machine = NULL;
	}
}

/* The bus takes the driver away, and what it asked for has nobody to go to. */
static void
test_detached_under_way(void **state)
{
	struct world *world = *state;

	for (unsigned moment = 0; moment < 6; moment++) {
		plugged(world);
		manners(world)->delay = PV_MILLISECOND;
		begin_read();
		begin_write(3);
		xenbus_state(note.device, 6);
		let_pass(world, moment * 900 * 1000);
		pv_bus_detach(world->bus);
		world->bus = NULL;
		/* the last state is said all the same */
		is_there(world, "device/vbd/51712/state", "6");
		assert_int_equal(counts(world)->transactions, 0);
		assert_int_equal(counts(world)->watches, 0);
		sim_machine_free(world->machine);
		world->machine = NULL;
	}
}

/* ---- Saved and restored ----------------------------------------------- */

static void
test_resumes(void **state)
{
	struct world *world = *state;
	static struct request watch;

	plugged(world);
	memset(&watch, 0, sizeof(watch));
	request_begin(world, &watch, PV_WATCH, "name", 100);
	request_ends(world, &watch, PV_OK);
	request_begin(world, &watch, PV_WATCH, "data/key", 100);
	watch.kv.seen = 1;
	let_pass(world, PV_SECOND);
	assert_int_equal(pv_bus_suspend(world->bus), PV_OK);
	plug(world);
	let_pass(world, 5 * PV_SECOND);
	assert_non_null(strstr(note.diary, "suspend 0\nresume "));
	reads(world, "domid", "7");
	begin_write(3);
	written(world, "3");
	note.diary[0] = '\0';
	put(world, BACK "/state", "4");
	let_pass(world, PV_SECOND);
	diary_is("backend 4\n");
	if (!watch.finished) {
		put(world, "data/key", "x");
		request_ends(world, &watch, PV_OK);
	}
}

static void
test_suspend_cancelled(void **state)
{
	struct world *world = *state;

	plugged(world);
	host_xen_manners(world_xen(world))->suspend_cancelled = true;
	assert_int_equal(pv_bus_suspend(world->bus), PV_EINTR);
	diary_is("suspend 0\ncancelled 0\n");
	reads(world, "domid", "7");
	put(world, BACK "/state", "4");
	let_pass(world, PV_SECOND);
	diary_is("backend 4\n");
}

static void
test_38_suspended_under_way(void **state)
{
	struct world *world = *state;
	static struct request requests[5];
	static const enum pv_op ops[] = { PV_READ, PV_LIST, PV_WATCH, PV_REMOVE,
		PV_WRITE };

	for (unsigned moment = 0; moment < 12; moment++) {
		plugged(world);
		manners(world)->delay = PV_MILLISECOND;
		if (moment % 3 == 0) /* not even in the end */
			manners(world)->silent = 7;
		for (unsigned i = 0; i < 5; i++)
			request_begin(world, &requests[i], ops[i], "data/key",
			    10);
		begin_read();
		begin_write(3);
		let_pass(world, moment * 700 * 1000);
		assert_int_equal(pv_bus_suspend(world->bus), PV_OK);
		plug(world);
		manners(world)->silent = 0;
		manners(world)->delay = 0;
		let_pass(world, 30 * PV_SECOND);
		assert_int_equal(note.read_dones, 1);
		assert_int_equal(note.write_dones, 1);
		assert_non_null(strstr(note.diary, "resume"));
		for (unsigned i = 0; i < 5; i++) {
			if (!requests[i].finished)
				pv_store_cancel(world->bus, &requests[i].kv);
			assert_int_equal(requests[i].dones, 1);
		}
		begin_write(4);
		written(world, "4");
		pv_bus_detach(world->bus);
		world->bus = NULL;
		sim_machine_free(world->machine);
		world->machine = NULL;
	}
}

/* ---- What the host asks for ------------------------------------------- */

static void
asks(struct world *world, const char *what, enum pv_request request,
    unsigned times)
{
	put(world, "control/shutdown", what);
	let_pass(world, PV_SECOND);
	is_there(world, "control/shutdown", "");
	assert_int_equal(sim_machine_counts(world->machine)->requests[request],
	    times);
}

static void
test_shutdown_requests(void **state)
{
	struct world *world = *state;

	machine(world);
	attach(world);
	let_pass(world, PV_SECOND);
	is_there(world, "control/feature-poweroff", "1");
	is_there(world, "control/feature-reboot", "1");
	is_there(world, "control/feature-suspend", "1");
	asks(world, "poweroff", PV_REQUEST_SHUTDOWN, 1);
	asks(world, "halt", PV_REQUEST_SHUTDOWN, 2);
	asks(world, "reboot", PV_REQUEST_REBOOT, 1);
	asks(world, "suspend", PV_REQUEST_SUSPEND, 1);
	asks(world, "crash", PV_REQUEST_CRASH, 1);
	asks(world, "s3", PV_REQUEST_SHUTDOWN, 2);
	world_has_line(world, "xen0: the host asks for \"s3\"; ignored");
	asks(world, "a word of more than thirty-two letters, and more",
	    PV_REQUEST_SHUTDOWN, 2);
	asks(world, "\x1b[2J", PV_REQUEST_SHUTDOWN, 2);
	asks(world, "poweroff", PV_REQUEST_SHUTDOWN, 3);
}

/* It was asked before anybody listened. */
static void
test_shutdown_at_the_start(void **state)
{
	struct world *world = *state;

	machine(world);
	put(world, "control/shutdown", "poweroff");
	attach(world);
	let_pass(world, PV_SECOND);
	is_there(world, "control/shutdown", "");
	assert_int_equal(sim_machine_counts(world->machine)
			     ->requests[PV_REQUEST_SHUTDOWN],
	    1);
}

static void
test_56_shutdown_is_disturbed(void **state)
{
	struct world *world = *state;

	machine(world);
	attach(world);
	let_pass(world, PV_SECOND);
	manners(world)->again = 5;
	put(world, "control/shutdown", "reboot");
	let_pass(world, 5 * PV_SECOND);
	assert_int_equal(sim_machine_counts(world->machine)
			     ->requests[PV_REQUEST_REBOOT],
	    1);
}

static void
test_sysrq(void **state)
{
	struct world *world = *state;

	machine(world);
	attach(world);
	let_pass(world, PV_SECOND);
	put(world, "control/sysrq", "h");
	let_pass(world, PV_SECOND);
	is_there(world, "control/sysrq", "");
	world_has_line(world, "xen0: the host sends the system request 'h'");
}

static void
test_nobody_to_ask(void **state)
{
	struct world *world = *state;

	machine(world);
	sim_machine_own_port(world->machine)->request = NULL;
	attach(world);
	let_pass(world, PV_SECOND);
	is_there(world, "control/feature-poweroff", "");
	put(world, "control/shutdown", "poweroff");
	let_pass(world, PV_SECOND);
	is_there(world, "control/shutdown", "");
	sim_machine_own_port(world->machine)->request = suspend_at_once;
}

/* Another kernel was here before, and left its watches. */
static void
test_attached_again(void **state)
{
	struct world *world = *state;
	unsigned watches;

	plugged(world);
	watches = counts(world)->watches;
	for (unsigned i = 0; i < 3; i++) {
		pv_bus_detach(world->bus);
		assert_int_equal(counts(world)->watches, 0);
		attach(world);
		let_pass(world, PV_SECOND);
		assert_int_equal(counts(world)->watches, watches);
	}
}

static void
test_50_no_memory(void **state)
{
	struct world *world = *state;

	for (unsigned nth = 1; nth < 60; nth++) {
		machine(world);
		plug(world);
		sim_machine_fail_alloc(world->machine, nth);
		if (try_attach(world) == PV_OK)
			let_pass(world, PV_SECOND);
		if (note.device != NULL) {
			sim_machine_fail_alloc(world->machine, nth % 4);
			begin_read();
			begin_write(3);
			xenbus_state(note.device, 4);
			let_pass(world, 20 * PV_SECOND);
			assert_int_equal(note.read_dones, 1);
			assert_int_equal(note.write_dones, 1);
		}
		pv_bus_detach(world->bus);
		world->bus = NULL;
		assert_int_equal(sim_machine_counts(world->machine)->memory, 0);
		sim_machine_free(world->machine);
		world->machine = NULL;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_found),
		world_test(test_not_configured),
		world_test(test_classes_named_as_drivers),
		world_test(test_names_that_are_none),
		world_test(test_back_end_comes_later),
		world_test(test_attaching_does_not_wait_for_ever),
		world_test(test_devices_cannot_be_listed),
		world_test(test_plugged_in_and_out),
		world_test(test_new_class),
		world_test(test_replaced_between_two_looks),
		world_test(test_writing_costs_no_scan),
		world_test(test_30_states_of_the_back_end),
		world_test(test_writes_states_in_order),
		world_test(test_reads_values),
		world_test(test_29_read_without_an_answer),
		world_test(test_writes_values),
		world_test(test_56_write_is_disturbed),
		world_test(test_29_write_without_an_answer),
		world_test(test_write_that_is_refused),
		world_test(test_37_unplugged_under_way),
		world_test(test_detached_under_way),
		world_test(test_resumes),
		world_test(test_suspend_cancelled),
		world_test(test_38_suspended_under_way),
		world_test(test_shutdown_requests),
		world_test(test_shutdown_at_the_start),
		world_test(test_56_shutdown_is_disturbed),
		world_test(test_sysrq),
		world_test(test_nobody_to_ask),
		world_test(test_attached_again),
		world_test(test_50_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
