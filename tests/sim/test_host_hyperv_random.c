/* SPDX-License-Identifier: ISC */
/*
 * The model of Hyper-V and a guest that does anything: random registers,
 * hypercalls, messages that are mostly well formed, and rings full of junk, in
 * a small memory that is all the guest has.  Nothing but that memory may be
 * touched, nothing is kept for good, and the model stays in its senses.  A
 * VMM's world, not port/sim's.
 */
#include <stdio.h>

#include "host/hyperv/hyperv.h"
#include "tests/support/scribbler.h"
#include "tests/support/world.h"
#include "wire/hyperv/ring.h"
#include "wire/hyperv/tlfs.h"

#define PAGES 64u
#define SIZE (PAGES * 4096u)
#define CALLS_MAX 1024
#define VCPUS 4
#define DEVICES_MAX 12

/* Where a well-behaved guest has its pages. */
#define INPUT (60 * 4096u)
#define CALLS (61 * 4096u)
#define MESSAGES (62 * 4096u)
#define EVENTS (63 * 4096u)

struct call {
	uint64_t when;
	void (*call)(void *);
	void *argument;
};

struct device {
	struct machine *machine;
	struct host_vmbus_device *device;
	unsigned open;
	uint64_t packets;
};

struct machine {
	struct sim *sim; /* for its numbers */
	uint64_t now;
	uint8_t *memory;
	struct call calls[CALLS_MAX];
	size_t count;
	uint64_t interrupts;
	struct host_hyperv *host;
	struct device devices[DEVICES_MAX];
	bool in_call; /* a device must not be called from inside */
	uint32_t connection, relid; /* of the last offer */
	uint64_t opened, packets;
};

static uint64_t
number(void *ctx, uint64_t limit)
{
	return sim_random(((struct machine *)ctx)->sim, limit);
}

static uint64_t
now(void *ctx)
{
	return ((struct machine *)ctx)->now;
}

static void
later(void *ctx, uint64_t delay, void (*call)(void *), void *argument)
{
	struct machine *machine = ctx;

	assert_true(machine->count < CALLS_MAX);
	machine->calls[machine->count++] = (struct call){ machine->now + delay,
		call, argument };
}

static bool
is_ours(uint64_t address, size_t size)
{
	return size <= SIZE && address <= SIZE - size;
}

static bool
take(void *ctx, uint64_t address, void *to, size_t size)
{
	if (!is_ours(address, size))
		return false;
	memcpy(to, ((struct machine *)ctx)->memory + address, size);
	return true;
}

static bool
give(void *ctx, uint64_t address, const void *from, size_t size)
{
	if (!is_ours(address, size))
		return false;
	memcpy(((struct machine *)ctx)->memory + address, from, size);
	return true;
}

static void *
map(void *ctx, uint64_t address, size_t size)
{
	if (!is_ours(address, size))
		return NULL;
	return ((struct machine *)ctx)->memory + address;
}

static void
interrupt(void *ctx, unsigned vcpu, uint8_t vector)
{
	assert_true(vcpu < VCPUS);
	(void)vector;
	((struct machine *)ctx)->interrupts++;
}

static void
pass(struct machine *machine, uint64_t nanoseconds)
{
	uint64_t end = machine->now + nanoseconds;

	for (;;) {
		size_t first = machine->count;
		struct call call;

		for (size_t i = 0; i < machine->count; i++)
			if (machine->calls[i].when <= end &&
			    (first == machine->count ||
				machine->calls[i].when <
				    machine->calls[first].when))
				first = i;
		if (first == machine->count)
			break;
		call = machine->calls[first];
		machine->calls[first] = machine->calls[--machine->count];
		if (call.when > machine->now)
			machine->now = call.when;
		call.call(call.argument);
	}
	machine->now = end;
}

/* ---- Devices ---------------------------------------------------------- */

static bool
opened(void *self, struct host_vmbus_channel *channel, const void *user,
    unsigned user_len)
{
	struct device *device = self;

	(void)user;
	assert_false(device->machine->in_call);
	assert_int_equal(user_len, HV_VMBUS_USER_DATA);
	if (number(device->machine, 8) == 0)
		return false;
	device->open++;
	device->machine->opened++;
	if (host_vmbus_sub(channel) == 0 && number(device->machine, 2) == 0)
		host_vmbus_offer_subs(device->device,
		    (unsigned)number(device->machine, 4));
	return true;
}

static void
look_at(struct device *device, struct host_vmbus_channel *channel,
    const struct host_vmbus_packet *packet)
{
	uint8_t bytes[5000];
	uint64_t length = host_vmbus_gpa_length(packet);
	size_t size = (size_t)number(device->machine, sizeof(bytes));

	device->packets++;
	device->machine->packets++;
	if (host_vmbus_gpa_read(channel, packet, 0, bytes, size))
		assert_true(size <= length || size == 0);
	host_vmbus_gpa_write(channel, packet,
	    number(device->machine, length + 2), bytes, 4);
	host_vmbus_gpadl_read(channel, (uint32_t)number(device->machine, 16),
	    number(device->machine, 9000), bytes, size);
	host_vmbus_gpadl_write(channel, (uint32_t)number(device->machine, 16),
	    number(device->machine, 9000), bytes, size);
	if (packet->len <= 4096)
		host_vmbus_send(channel,
		    &(struct host_vmbus_packet){ .type = HV_PACKET_COMPLETION,
			.id = packet->id,
			.data = packet->data,
			.len = packet->len });
}

static void
signalled(void *self, struct host_vmbus_channel *channel)
{
	struct host_vmbus_packet packet;
	struct device *device = self;

	assert_false(device->machine->in_call);
	assert_true(device->open > 0);
	while (host_vmbus_receive(channel, &packet))
		look_at(device, channel, &packet);
	host_vmbus_received(channel);
	host_vmbus_sent(channel);
}

static void
closed(void *self, struct host_vmbus_channel *channel)
{
	struct device *device = self;

	(void)channel;
	assert_true(device->open > 0);
	device->open--;
}

static void
freed(void *self)
{
	struct device *device = self;

	assert_int_equal(device->open, 0);
	device->device = NULL;
}

static void
add_device(struct machine *machine)
{
	const struct host_vmbus_kind kind = { .type = HV_GUID_SCSI,
		.pipe = number(machine, 2) == 0,
		.opened = opened,
		.signalled = signalled,
		.closed = closed,
		.free = freed };

	for (unsigned i = 0; i < DEVICES_MAX; i++) {
		struct device *device = &machine->devices[i];

		if (device->device != NULL)
			continue;
		device->machine = machine;
		device->device = host_vmbus_offer(machine->host, &kind, NULL,
		    device);
		return;
	}
}

/* ---- The guest -------------------------------------------------------- */

static uint64_t
odd(struct machine *machine)
{
	switch (number(machine, 6)) {
	case 0:
		return number(machine, 4);
	case 1:
		return number(machine, 64);
	case 2:
		return number(machine, SIZE);
	case 3:
		return number(machine, PAGES) << 12 | number(machine, 2);
	case 4:
		return UINT64_MAX >> number(machine, 64);
	default:
		return number(machine, UINT64_MAX);
	}
}

static void
random_register(struct machine *machine)
{
	unsigned vcpu = (unsigned)number(machine, VCPUS + 1);
	uint32_t msr = 0x40000000 + (uint32_t)number(machine, 0x130);
	uint64_t value;

	if (number(machine, 3) != 0)
		msr = HV_MSR_SCONTROL + (uint32_t)number(machine, 0x38);
	host_hyperv_rdmsr(machine->host, vcpu, msr, &value);
	host_hyperv_wrmsr(machine->host, vcpu, msr, odd(machine));
}

static uint64_t
call(struct machine *machine, uint64_t control, uint64_t input)
{
	uint64_t result;

	machine->in_call = true;
	result = host_hyperv_hypercall(machine->host,
	    (unsigned)number(machine, VCPUS), control, input, odd(machine));
	machine->in_call = false;
	return result;
}

/* What makes a guest one again. */
static void
settle(struct machine *machine)
{
	struct host_hyperv *host = machine->host;

	host_hyperv_wrmsr(host, 0, HV_MSR_GUEST_OS_ID, 1);
	host_hyperv_wrmsr(host, 0, HV_MSR_SCONTROL, HV_SCONTROL_ENABLE);
	host_hyperv_wrmsr(host, 0, HV_MSR_SIMP, MESSAGES | HV_PLACE_ENABLE);
	host_hyperv_wrmsr(host, 0, HV_MSR_SIEFP, EVENTS | HV_PLACE_ENABLE);
	host_hyperv_wrmsr(host, 0, HV_MSR_SINT(2), 0x40);
}

static unsigned
post(struct machine *machine, uint32_t connection, const void *payload,
    unsigned size)
{
	struct hv_post_message message = { .connection = connection,
		.type = HV_MESSAGE_VMBUS,
		.size = size };

	memcpy(message.payload, payload, size);
	give(machine, INPUT, &message, sizeof(message));
	return (unsigned)call(machine, HV_HC_POST_MESSAGE, INPUT);
}

static void
fill_contact(struct machine *machine, uint32_t *words)
{
	static const uint32_t versions[] = { HV_VMBUS_0_13, HV_VMBUS_1_1,
		HV_VMBUS_2_4, HV_VMBUS_4_0, HV_VMBUS_4_1, HV_VMBUS_5_0,
		HV_VMBUS_5_3, HV_VMBUS_6_0, 0 };

	words[2] = versions[number(machine, 9)];
	words[3] = number(machine, 8) == 0 ? (uint32_t)number(machine, 6) : 0;
	words[4] = words[2] >= HV_VMBUS_5_0
	    ? 2
	    : (uint32_t)number(machine, 60) << 12;
	/* not where it has its input */
	words[8] = (uint32_t)number(machine, 60) << 12;
}

static void
fill_gpadl(struct machine *machine, uint32_t *words, unsigned *size)
{
	unsigned pages = 1 + (unsigned)number(machine, 26);
	uint64_t frame = number(machine, PAGES);

	words[3] = (uint32_t)number(machine, 16);
	words[4] = (8 + 8 * pages) | 1 << 16;
	words[5] = pages * 4096;
	words[6] = 0;
	for (unsigned i = 0; i < pages; i++) {
		words[7 + 2 * i] = (uint32_t)((frame + i) % PAGES);
		words[8 + 2 * i] = 0;
	}
	*size = 28 + 8 * pages;
	if (number(machine, 4) == 0)
		words[4 + number(machine, 4)] = (uint32_t)odd(machine);
}

/* A message of VMBus that could mean something. */
static void
random_message(struct machine *machine)
{
	static const struct {
		uint32_t type;
		unsigned size;
	} types[] = { { HV_VMBUS_INITIATE_CONTACT, 40 },
		{ HV_VMBUS_REQUEST_OFFERS, 8 }, { HV_VMBUS_REQUEST_OFFERS, 8 },
		{ HV_VMBUS_OPEN, 148 }, { HV_VMBUS_OPEN, 148 },
		{ HV_VMBUS_OPEN, 148 }, { HV_VMBUS_CLOSE, 12 },
		{ HV_VMBUS_GPADL_HEADER, 0 }, { HV_VMBUS_GPADL_HEADER, 0 },
		{ HV_VMBUS_GPADL_HEADER, 0 }, { HV_VMBUS_GPADL_BODY, 24 },
		{ HV_VMBUS_GPADL_TEARDOWN, 16 },
		{ HV_VMBUS_RELID_RELEASED, 12 },
		{ HV_VMBUS_MODIFY_CHANNEL, 16 }, { HV_VMBUS_UNLOAD, 8 } };
	uint32_t words[60] = { 0 };
	unsigned which = (unsigned)number(machine, 15), size;
	uint32_t connection = machine->connection;

	/* the beginning and the end of it all are rarer */
	if (which == 0 && number(machine, 8) != 0)
		return;
	if (which == 14 && number(machine, 30) != 0)
		return;
	words[0] = types[which].type;
	size = types[which].size;
	words[2] = machine->relid - (uint32_t)number(machine, 12);
	words[3] = (uint32_t)number(machine, 16);
	words[4] = words[0] == HV_VMBUS_OPEN ? (uint32_t)number(machine, 16)
					     : (uint32_t)number(machine, 64);
	words[6] = 2 + (uint32_t)number(machine, 3);
	if (words[0] == HV_VMBUS_GPADL_HEADER)
		fill_gpadl(machine, words, &size);
	if (words[0] == HV_VMBUS_INITIATE_CONTACT) {
		fill_contact(machine, words);
		connection = words[2] >= HV_VMBUS_5_0 ? 4 : 1;
	}
	if (number(machine, 16) == 0)
		words[number(machine, 12)] = (uint32_t)odd(machine);
	if (number(machine, 16) == 0)
		size = (unsigned)number(machine, 241);
	if (number(machine, 16) == 0)
		connection = (uint32_t)number(machine, 6);
	post(machine, connection, words, size);
}

/* Take a message, and mind where the next ones go. */
static void
take_message(struct machine *machine)
{
	struct hv_message *slot = (void *)(machine->memory + MESSAGES +
	    2 * sizeof(struct hv_message));
	struct hv_vmbus_version_response *response = (void *)slot->payload;

	if (slot->type == HV_MESSAGE_VMBUS &&
	    response->header.type == HV_VMBUS_VERSION_RESPONSE &&
	    response->accepted != 0)
		machine->connection = response->connection >= 0x1000 &&
			response->connection < 0x1100
		    ? response->connection
		    : 1;
	if (slot->type == HV_MESSAGE_VMBUS &&
	    response->header.type == HV_VMBUS_OFFER)
		machine->relid =
		    ((struct hv_vmbus_offer *)slot->payload)->relid;
	slot->type = HV_MESSAGE_NONE;
	host_hyperv_wrmsr(machine->host, 0, HV_MSR_EOM, 0);
}

/* Something that may look like a packet, where a ring may be. */
static void
write_ring(struct machine *machine)
{
	uint64_t page = number(machine, 60) << 12, at = page + 4096;
	struct hv_ring header = { 0 };
	struct hv_packet_gpa packet = {
		.packet = { .type = number(machine, 2) == 0
			? HV_PACKET_GPA_DIRECT
			: HV_PACKET_INBAND,
		    .offset8 = (uint16_t)(2 + number(machine, 8)),
		    .length8 = (uint16_t)(2 + number(machine, 20)),
		    .id = number(machine, 100) },
		.count = (uint32_t)number(machine, 4),
	};

	/* the first packet, whole */
	header.write = packet.packet.length8 * 8u + 8;
	if (number(machine, 16) == 0) {
		header.write = (uint32_t)number(machine, 600) * 8;
		at += number(machine, 16) * 8;
	}
	if (number(machine, 2) == 0)
		header.features = HV_RING_FEATURE_PENDING_SEND;
	header.pending_send = (uint32_t)odd(machine);
	if (number(machine, 32) == 0)
		header.read = (uint32_t)odd(machine);
	if (number(machine, 32) == 0)
		header.write = (uint32_t)odd(machine);
	give(machine, page, &header, 68);
	give(machine, at, &packet, sizeof(packet));
}

static void
random_ring(struct machine *machine)
{
	for (unsigned i = 0; i < 40; i++)
		write_ring(machine);
	for (uint32_t i = 0; i < 12; i++)
		call(machine, HV_HC_SIGNAL_EVENT | HV_INPUT_FAST,
		    0x2000 + machine->relid - i);
}

static void
random_host(struct machine *machine)
{
	uint8_t bytes[3000];
	struct device *device = &machine->devices[number(machine, DEVICES_MAX)];
	struct host_vmbus_channel *channel;

	switch (number(machine, 8)) {
	case 0:
		add_device(machine);
		return;
	case 1:
		if (device->device != NULL && number(machine, 4) == 0)
			host_vmbus_rescind(device->device);
		return;
	case 2:
		host_hyperv_raise(machine->host,
		    (unsigned)number(machine, VCPUS),
		    (unsigned)number(machine, 3000));
		return;
	case 3:
		host_hyperv_jump(machine->host, number(machine, PV_SECOND));
		return;
	case 4:
		if (number(machine, 100) == 0)
			host_hyperv_reset(machine->host,
			    number(machine, 2) == 0, number(machine, 2) == 0);
		return;
	default:
		break;
	}
	if (device->device == NULL)
		return;
	channel = host_vmbus_channel(device->device,
	    (unsigned)number(machine, 4));
	if (channel == NULL)
		return;
	/* the host's own, as what it sends always is */
	memcpy(bytes, machine->memory, sizeof(bytes));
	host_vmbus_send(channel,
	    &(struct host_vmbus_packet){ .type = HV_PACKET_INBAND,
		.data = bytes,
		.len = (size_t)number(machine, sizeof(bytes)) });
	host_vmbus_sent(channel);
}

static void
begin(struct machine *machine, struct world *world)
{
	struct host_world host = { .ctx = machine,
		.now = now,
		.later = later,
		.read = take,
		.write = give,
		.read_linear = take,
		.write_linear = give,
		.map = map,
		.interrupt = interrupt,
		.random = number };

	*machine = (struct machine){ .sim = world->sim,
		.now = PV_SECOND,
		.connection = 1 };
	machine->memory = aligned_alloc(4096, SIZE);
	assert_non_null(machine->memory);
	memset(machine->memory, 0, SIZE);
	machine->host = host_hyperv_new(
	    &(struct host_hyperv_config){ .world = &host,
		.vcpus = VCPUS,
		.version_max = HV_VMBUS_6_0 });
	assert_non_null(machine->host);
	settle(machine);
}

static void
connect_again(struct machine *machine)
{
	uint32_t words[10] = { HV_VMBUS_INITIATE_CONTACT, 0, HV_VMBUS_4_0 };
	const struct host_hyperv_counts *counts = host_hyperv_counts(
	    machine->host);
	unsigned connects;

	settle(machine);
	for (unsigned i = 0; i < 5000; i++) {
		take_message(machine);
		pass(machine, 100000);
	}
	connects = counts->connects;
	assert_int_equal(post(machine, 1, words, 40), HV_STATUS_SUCCESS);
	pass(machine, PV_MILLISECOND);
	assert_int_equal(counts->connects, connects + 1);
	assert_int_equal(counts->version, HV_VMBUS_4_0);
	/* nothing of the old connection is left */
	assert_int_equal(counts->gpadls, 0);
	assert_int_equal(counts->gpadl_pages, 0);
	assert_int_equal(counts->channels, 0);
	assert_int_equal(counts->offered, 0);
	for (unsigned i = 0; i < DEVICES_MAX; i++)
		assert_int_equal(machine->devices[i].open, 0);
}

static void
end(struct machine *machine)
{
	machine->count = 0;
	host_hyperv_free(machine->host);
	for (unsigned i = 0; i < DEVICES_MAX; i++)
		assert_null(machine->devices[i].device);
	free(machine->memory);
}

static void
test_random_registers_and_calls(void **state)
{
	struct machine *machine = calloc(1, sizeof(*machine));

	begin(machine, *state);
	add_device(machine);
	for (unsigned i = 0; i < 60000; i++) {
		uint64_t value = odd(machine);

		random_register(machine);
		call(machine,
		    number(machine, 2) == 0
			? HV_HC_POST_MESSAGE + number(machine, 2)
			: odd(machine),
		    number(machine, 2) == 0 ? odd(machine) & ~7ull
					    : odd(machine));
		give(machine, number(machine, SIZE - 8), &value, sizeof(value));
		pass(machine, number(machine, 10000));
	}
	connect_again(machine);
	end(machine);
	free(machine);
}

static void
random_rounds(struct machine *machine, unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++) {
		random_message(machine);
		if (number(machine, 4) == 0)
			random_ring(machine);
		if (number(machine, 4) == 0)
			random_host(machine);
		take_message(machine);
		pass(machine, number(machine, 20000));
		if (number(machine, 1000) == 0)
			random_register(machine);
		if (i % 200 == 0)
			settle(machine);
	}
}

static void
test_random_guest(void **state)
{
	struct machine *machine = calloc(1, sizeof(*machine));
	uint64_t opens = 0, packets = 0;

	for (unsigned round = 0; round < 4; round++) {
		begin(machine, *state);
		for (unsigned i = 0; i < 6; i++)
			add_device(machine);
		random_rounds(machine, 30000);
		opens += machine->opened;
		packets += machine->packets;
		connect_again(machine);
		end(machine);
	}
	/* it does come as far as that */
	fprintf(stderr, "# %llu opens, %llu packets\n",
	    (unsigned long long)opens, (unsigned long long)packets);
	assert_true(opens > 50);
	assert_true(packets > 5);
	free(machine);
}

/* In its rings and what it tells of them; messages are its own. */
static void
test_random_guest_while_another_vcpu_writes(void **state)
{
	struct machine *machine = calloc(1, sizeof(*machine));
	struct scribbler scribbler = { 0 };

	begin(machine, *state);
	for (unsigned i = 0; i < 6; i++)
		add_device(machine);
	assert_true(scribbler_start(&scribbler, machine->memory, INPUT,
	    number(machine, UINT64_MAX)));
	random_rounds(machine, 15000);
	scribbler_stop(&scribbler);
	connect_again(machine);
	end(machine);
	free(machine);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_random_registers_and_calls),
		world_test(test_random_guest),
		world_test(test_random_guest_while_another_vcpu_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
