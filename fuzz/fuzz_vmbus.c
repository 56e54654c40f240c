/* SPDX-License-Identifier: ISC */
/*
 * VMBus against a host that says what the input says: messages, offers, events,
 * hypercalls that fail, words in the pages that it shares; and a driver that
 * opens, lends, closes and leaves meanwhile.
 *
 * The first byte is the host and the guest; then steps of two bytes and what
 * they take.  Whatever comes: an end, nothing lost but what the host may hold,
 * and each question ended once.
 */
#include "fuzz/fuzz.h"
#include "guest/hyperv/synic_private.h"
#include "guest/hyperv/vmbus_private.h"
#include "host/hyperv/devices.h"
#include "port/sim/sim.h"
#include "pvbus/guest.h"

#define DEVICES 4
#define USERS 8

enum what {
	HOST_VERSION = 0x0f, /* the newest that it knows, by number */
	HOST_NO_AUTO_EOI = 0x10,
	GUEST_POLLS = 0x20,
	HOST_SERVICES = 0x40
};

enum step {
	WAIT,
	SEND,    /* a message of VMBus: its type, then its payload */
	SLOT,    /* any message: SynIC type, size, payload */
	OFFER,   /* relid, class, instance, sub-channel, monitor */
	RESCIND, /* of a relid */
	DEVICE,  /* one that works comes, or goes */
	SUBS,
	RAISE,
	FAIL,  /* a hypercall */
	SPOIL, /* one of the messages that the host makes by itself */
	WRITE_SLOT,
	WRITE_FLAGS,
	WRITE_CLOCK,
	WRITE_INTERRUPTS,
	OPEN,
	CLOSE,
	LEND,
	GIVE,
	DEPART,
	TARGET,
	SLEEP,
	START_CPU,
	LOSE_EVENTS,
	STEPS
};

struct user {
	struct pv_device *device;
	struct vmbus_channel *channel;
	struct vmbus_gpadl gpadl;
	bool opening; /* an end is to come */
	bool lending;
};

struct bench {
	struct sim *sim;
	struct sim_machine *machine;
	struct host_hyperv *host;
	struct pv_port *port;
	struct pv_bus *bus;
	struct hyperv *hyperv; /* or NULL */
	struct host_vmbus_device *devices[DEVICES];
	struct user users[USERS];
	uint64_t held; /* when hyperv0 was detached */
	uint64_t last; /* time */
	bool cpu_started;
};

/* One at a time; drivers have nothing else to go by. */
static struct bench bench;

/* ---- The driver -------------------------------------------------------- */

static void
opened(void *owner, struct vmbus_channel *channel, int error)
{
	struct user *user = owner;

	MUST(user->channel == channel);
	MUST(user->opening);
	user->opening = false;
	MUST((channel->state == VMBUS_OPEN) == (error == PV_OK));
	channel->settled = true;
}

static void
rescinded(void *owner)
{
	struct user *user = owner;

	MUST(user->channel != NULL);
	MUST(user->channel->state == VMBUS_RESCINDED);
	vmbus_depart(user->channel);
}

static void
suspended(void *owner)
{
	struct user *user = owner;

	user->opening = user->lending = false;
}

static const struct vmbus_user calls = { .opened = opened,
	.rescinded = rescinded,
	.suspended = suspended };

static void
lent(void *owner, struct vmbus_gpadl *gpadl, int error)
{
	struct user *user = owner;

	MUST(user->lending && gpadl == &user->gpadl);
	MUST((gpadl->handle != 0) == (error == PV_OK));
	user->lending = false;
}

static void
open_channel(struct user *user)
{
	static const struct vmbus_open how = { .out_pages = 2,
		.in_pages = 3,
		.packet_max = 128 };

	if (vmbus_channel_open(user->channel, &how) == PV_OK) {
		MUST(!user->opening);
		user->opening = true;
	}
}

static int
user_attach(struct pv_device *device)
{
	struct user *user = bench.users;

	while (user < bench.users + USERS && user->device != NULL)
		user++;
	if (user == bench.users + USERS)
		return PV_ENOMEM;
	memset(user, 0, sizeof(*user));
	user->device = device;
	user->channel = device->aux;
	device->softc = user;
	vmbus_channel_use(user->channel, device, &calls, user);
	open_channel(user);
	pv_device_describe(device, "used");
	return PV_OK;
}

static void
give(struct user *user)
{
	user->lending = false;
	vmbus_gpadl_give(user->channel, &user->gpadl);
	MUST(user->gpadl.memory == NULL && user->gpadl.handle == 0);
}

static void
user_detach(struct pv_device *device)
{
	struct user *user = device->softc;

	give(user);
	vmbus_channel_close(user->channel);
	memset(user, 0, sizeof(*user));
}

static const struct pv_driver user_driver = { .name = "hvn",
	.attach = user_attach,
	.detach = user_detach };

/* ---- hyperv0, watched -------------------------------------------------- */

static int
bus_attach(struct pv_device *device)
{
	int error = pv_hyperv_driver.attach(device);

	if (error != PV_OK)
		bench.held = device->stats.held;
	else
		bench.hyperv = device->softc;
	return error;
}

static void
bus_detach(struct pv_device *device)
{
	pv_hyperv_driver.detach(device);
	bench.held = device->stats.held;
	bench.hyperv = NULL;
}

/* ---- The host's devices ------------------------------------------------ */

static bool
host_opened(void *self, struct host_vmbus_channel *channel, const void *user,
    unsigned len)
{
	(void)self;
	(void)channel;
	(void)user;
	(void)len;
	return true;
}

static void
host_signalled(void *self, struct host_vmbus_channel *channel)
{
	(void)self;
	(void)channel;
}

static void
host_closed(void *self, struct host_vmbus_channel *channel)
{
	(void)self;
	(void)channel;
}

static void
host_free(void *self)
{
	(void)self;
}

static void
device(uint8_t where)
{
	static const struct host_vmbus_kind kind = { .type = HV_GUID_NETWORK,
		.opened = host_opened,
		.signalled = host_signalled,
		.closed = host_closed,
		.free = host_free };
	struct host_vmbus_device **place = &bench.devices[where % DEVICES];

	if (*place != NULL) {
		host_vmbus_rescind(*place);
		*place = NULL;
	} else {
		*place = host_vmbus_offer(bench.host, &kind, NULL, NULL);
		MUST(*place != NULL);
	}
}

/* ---- The bench --------------------------------------------------------- */

static void
bench_open(uint8_t what)
{
	static const uint32_t versions[16] = { HV_VMBUS_5_3, HV_VMBUS_5_2,
		HV_VMBUS_5_1, HV_VMBUS_5_0, HV_VMBUS_4_1, HV_VMBUS_4_0,
		HV_VMBUS_3_0, HV_VMBUS_2_4, HV_VMBUS_1_1, HV_VMBUS_0_13 };
	struct host_hyperv_config config = { .vcpus = 2,
		.version_max = versions[what & HOST_VERSION],
		.no_auto_eoi = what & HOST_NO_AUTO_EOI };
	static struct pv_driver watched;
	static const struct pv_driver *const drivers[] = { &watched,
		&user_driver, NULL };
	const char *error;

	watched = pv_hyperv_driver;
	watched.attach = bus_attach;
	watched.detach = bus_detach;
	bench.sim = sim_new(1);
	MUST(bench.sim != NULL);
	bench.machine = sim_machine_new(bench.sim, "hyperv", &error);
	MUST(bench.machine != NULL);
	MUST(sim_machine_set_hyperv(bench.machine, &config));
	bench.host = sim_machine_hyperv(bench.machine);
	bench.port = sim_machine_own_port(bench.machine);
	sim_machine_owner(bench.machine)->sleep_time = PV_SECOND;
	if (what & GUEST_POLLS)
		bench.port->vector_alloc = NULL;
	if (what & HOST_SERVICES)
		MUST(host_ic_new(bench.host, 0) != NULL);
	device(0);
	MUST(pv_bus_attach(&(struct pv_bus_config){ .port = bench.port,
			       .drivers = drivers },
		 &bench.bus) == PV_OK);
}

/* Polling, until so much time has gone by; and it must rest now and then. */
static void
run(uint64_t time)
{
	uint64_t end = sim_now(bench.sim) + time, before;

	for (unsigned i = 0; sim_now(bench.sim) < end; i++) {
		bool more = pv_bus_poll(bench.bus, 16);
		uint64_t next = pv_bus_deadline(bench.bus);

		MUST(i < 100000);
		before = sim_now(bench.sim);
		if (!more)
			bench.port->wait(bench.port->ctx,
			    next < end ? next : end);
		(void)before;
	}
	pv_bus_poll(bench.bus, 16);
}

static void
stop_cpu(void)
{
	if (!bench.cpu_started)
		return;
	sim_machine_set_cpu(bench.machine, 1);
	pv_bus_cpu_stop(bench.bus, 1);
	sim_machine_set_cpu(bench.machine, 0);
	bench.cpu_started = false;
}

static void
bench_close(void)
{
	const struct sim_counts *counts = sim_machine_counts(bench.machine);

	/* questions end, whatever the host does */
	run(30 * PV_SECOND);
	for (unsigned i = 0; i < USERS; i++)
		MUST(!bench.users[i].opening && !bench.users[i].lending);
	stop_cpu();
	pv_bus_detach(bench.bus);
	MUST(counts->memory == 0);
	MUST(counts->vectors == 0);
	MUST(counts->violations == 0);
	MUST(counts->pages == bench.held);
	for (const char *c = sim_machine_log(bench.machine); *c != '\0'; c++)
		MUST(*c == '\n' || (*c >= 0x20 && *c <= 0x7e));
	sim_machine_free(bench.machine);
	sim_free(bench.sim);
}

/* ---- Steps ------------------------------------------------------------- */

static uint32_t
take_word(const uint8_t **data, size_t *size)
{
	uint32_t word;

	take(data, size, &word, sizeof(word));
	return word;
}

static void
send_message(uint32_t type, unsigned len, const uint8_t **data, size_t *size,
    bool typed, uint8_t first)
{
	uint8_t payload[255] = { 0 };

	take(data, size, payload + (typed ? 8 : 0),
	    typed ? (len > 8 ? len - 8 : 0) : len);
	if (typed)
		payload[0] = first;
	host_hyperv_send(bench.host, type, payload, len);
}

static void
send_vmbus(uint8_t type, const uint8_t **data, size_t *size)
{
	uint8_t len;

	take(data, size, &len, 1);
	if (len > HV_MESSAGE_PAYLOAD)
		len = HV_MESSAGE_PAYLOAD;
	send_message(HV_MESSAGE_VMBUS, len, data, size, true, type);
}

static void
send_slot(uint8_t len, const uint8_t **data, size_t *size)
{
	uint32_t type = take_word(data, size);

	send_message(type, len, data, size, false, 0);
}

static void
offer(uint8_t class_number, const uint8_t **data, size_t *size)
{
	static const struct hv_guid classes[] = { HV_GUID_NETWORK, HV_GUID_SCSI,
		HV_GUID_MOUSE, HV_GUID_HEARTBEAT, HV_GUID_KVP,
		HV_GUID(1, 2, 3, 4, 5) };
	struct {
		uint16_t relid;
		uint8_t instance, sub, monitor, flags;
	} from;
	struct hv_vmbus_offer message = { .header = {
					      .type = HV_VMBUS_OFFER } };

	take(data, size, &from, sizeof(from));
	message.type = classes[class_number % 6];
	message.instance.bytes[3] = from.instance;
	message.relid = from.relid;
	message.sub_channel = from.sub;
	message.monitor = from.monitor;
	message.monitor_used = from.flags & 1;
	message.dedicated = from.flags >> 1 & 1;
	message.flags = (uint16_t)(from.flags << 6);
	message.connection = from.relid;
	host_vmbus_offer_raw(bench.host, &message);
}

static void
spoil(uint8_t how, const uint8_t **data, size_t *size)
{
	struct host_hyperv_manners *manners = host_hyperv_manners(bench.host);
	uint8_t where[3];

	take(data, size, where, sizeof(where));
	manners->message_how = how % (HOST_MESSAGE_SLOT + 1);
	manners->message_nth = where[0] % 8 + 1u;
	manners->message_type = where[1] % HV_VMBUS_TYPES;
	manners->message_word = where[2] % 8;
	manners->message_value = take_word(data, size);
}

static void
fail(uint8_t nth, const uint8_t **data, size_t *size)
{
	struct host_hyperv_manners *manners = host_hyperv_manners(bench.host);
	uint8_t how[2];

	take(data, size, how, sizeof(how));
	manners->fail_nth = nth % 16;
	manners->fail_status = how[0];
	manners->fail_count = how[1];
	manners->fail_code = 0;
}

static void
lend(struct user *user, uint8_t pages)
{
	struct vmbus_gpadl *gpadl = &user->gpadl;

	if (gpadl->memory != NULL)
		return;
	*gpadl = (struct vmbus_gpadl){ .pages = pages % 60 + 1u,
		.done = lent,
		.owner = user };
	gpadl->memory = bench.port->pages_alloc(bench.port->ctx, gpadl->pages,
	    &gpadl->physical);
	MUST(gpadl->memory != NULL);
	if (vmbus_gpadl_create(user->channel, gpadl) == PV_OK)
		user->lending = true;
	else
		give(user);
}

/* Only where the host could write, too. */
static void
write_page(enum step step, uint8_t where, uint32_t word)
{
	struct synic_cpu *cpu = synic_cpu(bench.hyperv, 0);
	uint32_t *page = NULL;

	if (step == WRITE_SLOT && cpu != NULL)
		page = (uint32_t *)&cpu->messages->sint[HYPERV_SINT_VMBUS];
	else if (step == WRITE_FLAGS && cpu != NULL)
		page = cpu->events->sint[HYPERV_SINT_VMBUS].words;
	else if (step == WRITE_CLOCK)
		memcpy(&page, bench.hyperv->clock, sizeof(page));
	else if (step == WRITE_INTERRUPTS)
		page = (uint32_t *)bench.hyperv->vmbus->interrupts;
	if (page != NULL)
		page[step == WRITE_CLOCK ? where % 6 : where % 64] = word;
}

static void
read_clock(void)
{
	uint64_t time;

	if (hyperv_clock_read(bench.hyperv, &time) != PV_OK)
		return;
	MUST(time >= bench.last);
	bench.last = time;
}

static void
use(enum step step, uint8_t where)
{
	struct user *user = &bench.users[where % USERS];

	if (user->device == NULL)
		return;
	switch (step) {
	case OPEN:
		open_channel(user);
		break;
	case CLOSE:
		user->opening = user->lending = false;
		vmbus_channel_close(user->channel);
		break;
	case LEND:
		lend(user, where);
		break;
	case GIVE:
		give(user);
		break;
	case DEPART:
		vmbus_depart(user->channel);
		break;
	default:
		(void)vmbus_channel_target(user->channel, where >> 7);
	}
}

static void
start_cpu(void)
{
	if (bench.cpu_started) {
		stop_cpu();
		return;
	}
	sim_machine_set_cpu(bench.machine, 1);
	pv_bus_cpu_start(bench.bus, 1);
	sim_machine_set_cpu(bench.machine, 0);
	bench.cpu_started = true;
}

static void
sleep_once(void)
{
	stop_cpu();
	for (unsigned i = 0; i < DEVICES; i++)
		(void)bench.devices[i];
	(void)pv_bus_suspend(bench.bus);
}

static void
step(const uint8_t **data, size_t *size)
{
	uint8_t head[2];
	enum step what;

	take(data, size, head, sizeof(head));
	what = (enum step)(head[0] % STEPS);
	switch (what) {
	case SEND:
		send_vmbus(head[1], data, size);
		break;
	case SLOT:
		send_slot(head[1], data, size);
		break;
	case OFFER:
		offer(head[1], data, size);
		break;
	case RESCIND:
		host_vmbus_rescind_raw(bench.host,
		    head[1] < 0xf0 ? head[1] : head[1] * 0x1010101u);
		break;
	case DEVICE:
		device(head[1]);
		break;
	case SUBS:
		if (bench.devices[head[1] % DEVICES] != NULL)
			(void)host_vmbus_offer_subs(bench.devices[head[1] %
							DEVICES],
			    head[1] >> 6);
		break;
	case RAISE:
		host_hyperv_raise(bench.host, head[1] >> 7, head[1] & 0x7f);
		break;
	case FAIL:
		fail(head[1], data, size);
		break;
	case SPOIL:
		spoil(head[1], data, size);
		break;
	case WRITE_SLOT:
	case WRITE_FLAGS:
	case WRITE_CLOCK:
	case WRITE_INTERRUPTS:
		write_page(what, head[1], take_word(data, size));
		break;
	case OPEN:
	case CLOSE:
	case LEND:
	case GIVE:
	case DEPART:
	case TARGET:
		use(what, head[1]);
		break;
	case SLEEP:
		sleep_once();
		break;
	case START_CPU:
		start_cpu();
		break;
	case LOSE_EVENTS:
		host_hyperv_manners(bench.host)->lose_events = head[1] & 1;
		break;
	default:
		run((uint64_t)(head[1] & 0x7f) *
		    (head[1] & 0x80 ? 10 * PV_MILLISECOND : 10000));
		read_clock();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t what;

	memset(&bench, 0, sizeof(bench));
	take(&data, &size, &what, 1);
	bench_open(what);
	for (unsigned i = 0; i < 300 && size > 0 && bench.hyperv != NULL &&
	     bench.hyperv->device->state == PV_DEVICE_ATTACHED;
	     i++)
		step(&data, &size);
	bench_close();
	return 0;
}
