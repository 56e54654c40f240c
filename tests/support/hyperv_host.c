/* SPDX-License-Identifier: ISC */
#include "tests/support/hyperv_host.h"

#define GUEST_ID HV_GUEST_ID(HV_GUEST_TYPE_FREEBSD, 0, 0x140000, 0)
#define WAIT (20 * PV_MILLISECOND)

/* ---- The guest -------------------------------------------------------- */

static const struct pv_port *
port_of(const struct raw_hv *guest)
{
	return sim_machine_port(guest->world->machine);
}

static void
on_cpu(struct raw_hv *guest, unsigned cpu)
{
	sim_machine_set_cpu(guest->world->machine, cpu);
}

int
raw_hv_try_write(struct raw_hv *guest, unsigned cpu, uint32_t msr,
    uint64_t value)
{
	const struct pv_port *port = port_of(guest);
	int error;

	on_cpu(guest, cpu);
	error = port->msr_write(port->ctx, msr, value);
	on_cpu(guest, 0);
	return error;
}

int
raw_hv_try_read(struct raw_hv *guest, unsigned cpu, uint32_t msr,
    uint64_t *value)
{
	const struct pv_port *port = port_of(guest);
	int error;

	on_cpu(guest, cpu);
	error = port->msr_read(port->ctx, msr, value);
	on_cpu(guest, 0);
	return error;
}

void
raw_hv_write(struct raw_hv *guest, unsigned cpu, uint32_t msr, uint64_t value)
{
	assert_int_equal(raw_hv_try_write(guest, cpu, msr, value), PV_OK);
}

uint64_t
raw_hv_read(struct raw_hv *guest, unsigned cpu, uint32_t msr)
{
	uint64_t value;

	assert_int_equal(raw_hv_try_read(guest, cpu, msr, &value), PV_OK);
	return value;
}

uint64_t
raw_hv_call(struct raw_hv *guest, uint64_t control, uint64_t input)
{
	const struct pv_port *port = port_of(guest);

	return port->hyperv_hypercall(port->ctx, guest->call_page, control,
	    input, 0);
}

unsigned
raw_hv_post(struct raw_hv *guest, uint32_t connection, uint32_t type,
    const void *payload, size_t size)
{
	struct hv_post_message *post = guest->input_page;

	memset(post, 0, sizeof(*post));
	post->connection = connection;
	post->type = type;
	post->size = (uint32_t)size;
	memcpy(post->payload, payload,
	    size < HV_MESSAGE_PAYLOAD ? size : HV_MESSAGE_PAYLOAD);
	return (unsigned)raw_hv_call(guest, HV_HC_POST_MESSAGE, guest->input);
}

unsigned
raw_hv_signal(struct raw_hv *guest, uint32_t connection, uint16_t flag)
{
	return (unsigned)raw_hv_call(guest, HV_HC_SIGNAL_EVENT | HV_INPUT_FAST,
	    connection | (uint64_t)flag << 32);
}

static void
on_interrupt(void *argument, unsigned cpu)
{
	struct raw_hv *guest = argument;

	assert_true(cpu < RAW_HV_CPUS);
	guest->interrupts[cpu]++;
}

static void *
page(struct raw_hv *guest, uint64_t *physical)
{
	void *memory = guest_pages(guest->world, 1, physical);

	*physical <<= HV_PAGE_SHIFT;
	return memory;
}

static void
start_cpu(struct raw_hv *guest, unsigned cpu)
{
	guest->messages[cpu] = page(guest, &guest->message_physical[cpu]);
	guest->events[cpu] = page(guest, &guest->event_physical[cpu]);
	raw_hv_write(guest, cpu, HV_MSR_SIMP,
	    guest->message_physical[cpu] | HV_PLACE_ENABLE);
	raw_hv_write(guest, cpu, HV_MSR_SIEFP,
	    guest->event_physical[cpu] | HV_PLACE_ENABLE);
	raw_hv_write(guest, cpu, HV_MSR_SINT(HV_VMBUS_SINT),
	    HV_SINT_VECTOR(guest->vector) | HV_SINT_AUTO_EOI);
	raw_hv_write(guest, cpu, HV_MSR_SCONTROL, HV_SCONTROL_ENABLE);
}

struct raw_hv *
raw_hv_new(struct world *world, unsigned cpus,
    const struct host_hyperv_config *config)
{
	struct raw_hv *guest = calloc(1, sizeof(*guest));
	const struct pv_port *port;

	assert_non_null(guest);
	guest->world = world;
	world_machine(world, "hyperv");
	assert_true(sim_machine_set_cpus(world->machine, cpus));
	if (config != NULL)
		assert_true(sim_machine_set_hyperv(world->machine, config));
	guest->host = sim_machine_hyperv(world->machine);
	assert_non_null(guest->host);
	port = port_of(guest);
	guest->vector = port->vector_alloc(port->ctx, on_interrupt, guest);
	assert_true(guest->vector > 0);
	guest->input_page = page(guest, &guest->input);
	guest->call_page = page(guest, &guest->call_physical);
	guest->bits = page(guest, &guest->bits_physical);
	guest->to_guest = page(guest, &guest->to_guest_physical);
	guest->to_host = page(guest, &guest->to_host_physical);
	guest->connection = HV_VMBUS_CONNECTION_MESSAGE;
	raw_hv_write(guest, 0, HV_MSR_GUEST_OS_ID, GUEST_ID);
	raw_hv_write(guest, 0, HV_MSR_HYPERCALL,
	    guest->call_physical | HV_PLACE_ENABLE);
	for (unsigned cpu = 0; cpu < cpus; cpu++)
		start_cpu(guest, cpu);
	return guest;
}

void
raw_hv_free(struct raw_hv *guest)
{
	const struct pv_port *port = port_of(guest);

	if (guest->version != 0)
		raw_hv_unload(guest);
	for (unsigned cpu = 0; cpu < RAW_HV_CPUS; cpu++) {
		if (guest->messages[cpu] == NULL)
			continue;
		raw_hv_write(guest, cpu, HV_MSR_SCONTROL, 0);
		raw_hv_write(guest, cpu, HV_MSR_SIMP, 0);
		raw_hv_write(guest, cpu, HV_MSR_SIEFP, 0);
	}
	raw_hv_write(guest, 0, HV_MSR_HYPERCALL, 0);
	port->vector_free(port->ctx, guest->vector);
	give_back(guest->world);
	free(guest);
}

bool
raw_hv_take(struct raw_hv *guest, unsigned cpu, unsigned sint)
{
	struct hv_message *slot = &guest->messages[cpu]->sint[sint];
	uint64_t end = sim_now(guest->world->sim) + WAIT;

	while (slot->type == HV_MESSAGE_NONE) {
		if (sim_now(guest->world->sim) >= end)
			return false;
		pass(guest->world, 1000);
	}
	guest->message = *slot;
	slot->type = HV_MESSAGE_NONE;
	if ((slot->flags & HV_MESSAGE_PENDING) != 0)
		raw_hv_write(guest, cpu, HV_MSR_EOM, 0);
	return true;
}

const void *
raw_hv_expect(struct raw_hv *guest, uint32_t type)
{
	const struct hv_vmbus_header *header = (void *)guest->message.payload;

	if (!raw_hv_take(guest, 0, HV_VMBUS_SINT))
		fail_msg("no message, %u was expected", type);
	assert_int_equal(guest->message.type, HV_MESSAGE_VMBUS);
	assert_int_equal(header->type, type);
	return header;
}

void
raw_hv_expect_none(struct raw_hv *guest)
{
	const struct hv_vmbus_header *header = (void *)guest->message.payload;

	if (raw_hv_take(guest, 0, HV_VMBUS_SINT))
		fail_msg("a message of type %u", header->type);
}

bool
raw_hv_flag(struct raw_hv *guest, unsigned cpu, unsigned flag)
{
	uint32_t *word =
	    &guest->events[cpu]->sint[HV_VMBUS_SINT].words[flag / 32];
	bool set = (*word & 1u << flag % 32) != 0;

	*word &= ~(1u << flag % 32);
	return set;
}

/* ---- VMBus ------------------------------------------------------------ */

void
raw_hv_say(struct raw_hv *guest, const void *payload, size_t size)
{
	unsigned status;

	do {
		status = raw_hv_post(guest, guest->connection, HV_MESSAGE_VMBUS,
		    payload, size);
		if (status == HV_STATUS_INSUFFICIENT_BUFFERS)
			pass(guest->world, 100000);
	} while (status == HV_STATUS_INSUFFICIENT_BUFFERS);
	assert_int_equal(status, HV_STATUS_SUCCESS);
}

bool
raw_hv_contact(struct raw_hv *guest, uint32_t version)
{
	struct hv_vmbus_initiate_contact contact = {
		.header = { .type = HV_VMBUS_INITIATE_CONTACT },
		.version = version,
		.monitor_to_guest = guest->to_guest_physical,
		.monitor_to_host = guest->to_host_physical,
	};
	const struct hv_vmbus_version_response *answer;

	guest->version = 0;
	if (version >= HV_VMBUS_5_0)
		contact.u.target.sint = HV_VMBUS_SINT;
	else
		contact.u.interrupt_page = guest->bits_physical;
	assert_int_equal(raw_hv_post(guest,
			     version >= HV_VMBUS_5_0
				 ? HV_VMBUS_CONNECTION_MESSAGE_5
				 : HV_VMBUS_CONNECTION_MESSAGE,
			     HV_MESSAGE_VMBUS, &contact, sizeof(contact)),
	    HV_STATUS_SUCCESS);
	answer = raw_hv_expect(guest, HV_VMBUS_VERSION_RESPONSE);
	assert_int_equal(guest->message.size,
	    answer->accepted != 0 && version >= HV_VMBUS_6_0
		? sizeof(struct hv_vmbus_version_features)
		: sizeof(*answer));
	if (answer->accepted == 0)
		return false;
	assert_int_equal(answer->state, HV_VMBUS_STATE_SUCCESS);
	guest->version = version;
	guest->connection = version >= HV_VMBUS_5_0
	    ? answer->connection
	    : HV_VMBUS_CONNECTION_MESSAGE;
	return true;
}

void
raw_hv_connect(struct raw_hv *guest, uint32_t version)
{
	assert_true(raw_hv_contact(guest, version));
}

const struct hv_vmbus_offer *
raw_hv_offer(struct raw_hv *guest)
{
	const struct hv_vmbus_offer *offer = raw_hv_expect(guest,
	    HV_VMBUS_OFFER);

	assert_int_equal(guest->message.size, sizeof(*offer));
	assert_true(guest->offer_count < RAW_HV_OFFERS);
	guest->offers[guest->offer_count] = *offer;
	return &guest->offers[guest->offer_count++];
}

void
raw_hv_offers(struct raw_hv *guest)
{
	struct hv_vmbus_header request = { .type = HV_VMBUS_REQUEST_OFFERS };
	const struct hv_vmbus_offer *offer = (void *)guest->message.payload;

	guest->offer_count = 0;
	raw_hv_say(guest, &request, sizeof(request));
	for (;;) {
		assert_true(raw_hv_take(guest, 0, HV_VMBUS_SINT));
		if (offer->header.type == HV_VMBUS_ALL_OFFERS)
			return;
		assert_int_equal(offer->header.type, HV_VMBUS_OFFER);
		assert_true(guest->offer_count < RAW_HV_OFFERS);
		guest->offers[guest->offer_count++] = *offer;
	}
}

void
raw_hv_unload(struct raw_hv *guest)
{
	struct hv_vmbus_header unload = { .type = HV_VMBUS_UNLOAD };

	raw_hv_say(guest, &unload, sizeof(unload));
	if (guest->version >= HV_VMBUS_1_1 &&
	    !host_hyperv_manners(guest->host)->silent)
		do
			assert_true(raw_hv_take(guest, 0, HV_VMBUS_SINT));
		while (
		    ((struct hv_vmbus_header *)(void *)guest->message.payload)
			->type != HV_VMBUS_UNLOAD_RESPONSE);
	else
		pass(guest->world, PV_MILLISECOND);
	guest->version = 0;
}

static void
say_bodies(struct raw_hv *guest, uint32_t gpadl, uint64_t frame, size_t left)
{
	struct hv_vmbus_gpadl_body body = {
		.header = { .type = HV_VMBUS_GPADL_BODY },
		.gpadl = gpadl,
	};

	while (left > 0) {
		size_t here = left < HV_GPADL_BODY_FRAMES
		    ? left
		    : HV_GPADL_BODY_FRAMES;

		for (size_t i = 0; i < here; i++)
			body.frames[i] = frame++;
		body.number++;
		raw_hv_say(guest, &body,
		    offsetof(struct hv_vmbus_gpadl_body, frames) + 8 * here);
		left -= here;
	}
}

uint32_t
raw_hv_lend(struct raw_hv *guest, uint32_t relid, uint32_t gpadl,
    uint64_t physical, size_t pages)
{
	struct hv_vmbus_gpadl_header header = {
		.header = { .type = HV_VMBUS_GPADL_HEADER },
		.relid = relid,
		.gpadl = gpadl,
		.size = (uint16_t)(sizeof(struct hv_gpa_range) + 8 * pages),
		.count = 1,
		.range = { (uint32_t)(pages * HV_PAGE_SIZE), 0 },
	};
	const struct hv_vmbus_gpadl_created *created;
	uint64_t frame = physical >> HV_PAGE_SHIFT;
	size_t first = pages < HV_GPADL_HEADER_FRAMES ? pages
						      : HV_GPADL_HEADER_FRAMES;

	for (size_t i = 0; i < first; i++)
		header.frames[i] = frame++;
	raw_hv_say(guest, &header,
	    offsetof(struct hv_vmbus_gpadl_header, frames) + 8 * first);
	say_bodies(guest, gpadl, frame, pages - first);
	created = raw_hv_expect(guest, HV_VMBUS_GPADL_CREATED);
	assert_int_equal(created->relid, relid);
	assert_int_equal(created->gpadl, gpadl);
	return created->status;
}

uint32_t
raw_hv_gpadl(struct raw_hv *guest, uint32_t relid, uint64_t physical,
    size_t pages)
{
	uint32_t gpadl = 0xe1e10 + guest->next_gpadl++;

	assert_int_equal(raw_hv_lend(guest, relid, gpadl, physical, pages), 0);
	return gpadl;
}

void
raw_hv_words(struct raw_hv *guest, uint32_t type, uint32_t a, uint32_t b,
    unsigned count)
{
	uint32_t words[4] = { type, 0, a, b };

	raw_hv_say(guest, words, sizeof(struct hv_vmbus_header) + 4 * count);
}

void
raw_hv_teardown(struct raw_hv *guest, uint32_t relid, uint32_t gpadl)
{
	const struct hv_vmbus_gpadl_torndown *torn;

	raw_hv_words(guest, HV_VMBUS_GPADL_TEARDOWN, relid, gpadl, 2);
	torn = raw_hv_expect(guest, HV_VMBUS_GPADL_TORNDOWN);
	assert_int_equal(torn->gpadl, gpadl);
}

uint32_t
raw_hv_open(struct raw_hv *guest, uint32_t relid, uint32_t gpadl,
    uint32_t to_guest_page, uint32_t vp)
{
	struct hv_vmbus_open open = {
		.header = { .type = HV_VMBUS_OPEN },
		.relid = relid,
		.open_id = relid ^ 0x5555,
		.ring_gpadl = gpadl,
		.vp = vp,
		.to_guest_page = to_guest_page,
		.user_data = "user data",
	};
	const struct hv_vmbus_open_result *result;

	raw_hv_say(guest, &open, sizeof(open));
	result = raw_hv_expect(guest, HV_VMBUS_OPEN_RESULT);
	assert_int_equal(result->relid, relid);
	assert_int_equal(result->open_id, open.open_id);
	return result->status;
}

void
raw_hv_close(struct raw_hv *guest, uint32_t relid)
{
	raw_hv_words(guest, HV_VMBUS_CLOSE, relid, 0, 1);
	pass(guest->world, PV_MILLISECOND);
}

void
raw_hv_release(struct raw_hv *guest, uint32_t relid)
{
	raw_hv_words(guest, HV_VMBUS_RELID_RELEASED, relid, 0, 1);
	pass(guest->world, PV_MILLISECOND);
}

/* ---- Rings ------------------------------------------------------------ */

struct raw_channel *
raw_channel_new(struct raw_hv *guest, const struct hv_vmbus_offer *offer,
    unsigned pages, unsigned vp)
{
	struct raw_channel *channel = calloc(1, sizeof(*channel));
	uint64_t frame;
	uint8_t *memory;

	assert_non_null(channel);
	memory = guest_pages(guest->world, (size_t)2 * pages, &frame);
	channel->guest = guest;
	channel->offer = *offer;
	channel->size = (pages - 1) * HV_PAGE_SIZE;
	channel->out = (void *)memory;
	channel->out_data = memory + HV_RING_CONTROL;
	channel->in = (void *)(memory + (size_t)pages * HV_PAGE_SIZE);
	channel->in_data = (uint8_t *)channel->in + HV_RING_CONTROL;
	channel->out->features = HV_RING_FEATURE_PENDING_SEND;
	channel->gpadl = raw_hv_gpadl(guest, offer->relid,
	    frame << HV_PAGE_SHIFT, (size_t)2 * pages);
	assert_int_equal(raw_hv_open(guest, offer->relid, channel->gpadl, pages,
			     vp),
	    0);
	return channel;
}

void
raw_channel_close(struct raw_channel *channel)
{
	raw_hv_close(channel->guest, channel->offer.relid);
	raw_hv_teardown(channel->guest, channel->offer.relid, channel->gpadl);
}

void
raw_channel_free(struct raw_channel *channel)
{
	free(channel);
}

static void
put_bytes(struct raw_channel *channel, const void *bytes, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		channel->out_data[(channel->write + i) % channel->size] = ((
		    const uint8_t *)bytes)[i];
	channel->write = (channel->write + size) % channel->size;
}

void
raw_channel_put(struct raw_channel *channel, const void *packet, uint32_t size)
{
	struct hv_packet_trailer trailer = { .start = channel->write };
	static const uint8_t zero[8];

	put_bytes(channel, packet, size);
	put_bytes(channel, zero, (8 - size % 8) % 8);
	put_bytes(channel, &trailer, sizeof(trailer));
}

void
raw_channel_publish(struct raw_channel *channel)
{
	channel->out->write = channel->write;
}

/* As Hyper-V has it from 1.1 on; before, by the page of bits. */
unsigned
raw_channel_signal(struct raw_channel *channel)
{
	struct raw_hv *guest = channel->guest;
	uint32_t relid = channel->offer.relid;

	if ((channel->offer.dedicated & HV_VMBUS_OFFER_DEDICATED) != 0)
		return raw_hv_signal(guest, channel->offer.connection, 0);
	guest->bits->to_host[relid / 32] |= 1u << relid % 32;
	return raw_hv_signal(guest, HV_VMBUS_CONNECTION_EVENT, 0);
}

void
raw_channel_say(struct raw_channel *channel, uint64_t id, const void *data,
    uint32_t size)
{
	uint8_t packet[32768];
	struct hv_packet descriptor = { .type = HV_PACKET_INBAND,
		.offset8 = sizeof(descriptor) / 8,
		.length8 = (uint16_t)((sizeof(descriptor) + size + 7) / 8),
		.flags = HV_PACKET_FLAG_COMPLETION,
		.id = id };

	assert_true(size <= sizeof(packet) - sizeof(descriptor));
	memcpy(packet, &descriptor, sizeof(descriptor));
	memcpy(packet + sizeof(descriptor), data, size);
	raw_channel_put(channel, packet, (uint32_t)sizeof(descriptor) + size);
	raw_channel_publish(channel);
	assert_int_equal(raw_channel_signal(channel), HV_STATUS_SUCCESS);
}

bool
raw_channel_take(struct raw_channel *channel)
{
	struct hv_packet *packet = (void *)channel->packet;
	uint32_t size = sizeof(*packet);

	if (channel->in->write == channel->read)
		return false;
	for (uint32_t i = 0; i < size; i++) {
		channel->packet[i] =
		    channel->in_data[(channel->read + i) % channel->size];
		if (i == sizeof(*packet) - 1)
			size = packet->length8 * 8u;
		assert_true(size <= sizeof(channel->packet));
	}
	channel->packet_size = size;
	channel->read = (channel->read + size + (uint32_t)HV_PACKET_TRAILER) %
	    channel->size;
	return true;
}

void
raw_channel_release(struct raw_channel *channel)
{
	channel->in->read = channel->read;
}

const struct hv_packet *
raw_channel_packet(const struct raw_channel *channel)
{
	return (const void *)channel->packet;
}

const void *
raw_channel_data(const struct raw_channel *channel, size_t *size)
{
	const struct hv_packet *packet = raw_channel_packet(channel);

	*size = channel->packet_size - packet->offset8 * 8u;
	return channel->packet + packet->offset8 * 8u;
}

/* ---- A device --------------------------------------------------------- */

const struct hv_guid echo_type = HV_GUID(0x65636865, 0x6563, 0x4865, 0x8563,
    0x6563686f6563);

static bool
opened(void *self, struct host_vmbus_channel *channel, const void *user,
    unsigned user_len)
{
	struct echo *echo = self;

	if (echo->refuse)
		return false;
	assert_int_equal(user_len, sizeof(echo->user));
	memcpy(echo->user, user, user_len);
	echo->last = channel;
	echo->vcpu = host_vmbus_vcpu(channel);
	echo->opened++;
	if (echo->greet)
		assert_true(
		    echo_say(echo, host_vmbus_sub(channel), 7, "hello", 5));
	return true;
}

/* What is kept goes first; false: there is no room for it. */
static bool
give(struct echo *echo, struct host_vmbus_channel *channel)
{
	if (!echo->waiting)
		return true;
	echo->waiting = !host_vmbus_send(channel, &echo->kept);
	return !echo->waiting;
}

static void
keep(struct echo *echo, const struct host_vmbus_packet *packet)
{
	memcpy(echo->bytes, packet->data, packet->len);
	echo->kept = (struct host_vmbus_packet){ .type = HV_PACKET_COMPLETION,
		.id = packet->id,
		.data = echo->bytes,
		.len = packet->len };
	echo->waiting = true;
}

static void
signalled(void *self, struct host_vmbus_channel *channel)
{
	struct host_vmbus_packet packet;
	struct echo *echo = self;

	echo->signalled++;
	echo->last = channel;
	while (!echo->stop && give(echo, channel) &&
	    host_vmbus_receive(channel, &packet)) {
		echo->packets++;
		if (echo->packet != NULL)
			echo->packet(echo, channel, &packet);
		else if (!echo->silent)
			keep(echo, &packet);
	}
	if (!echo->stop)
		host_vmbus_received(channel);
	host_vmbus_sent(channel);
}

static void
closed(void *self, struct host_vmbus_channel *channel)
{
	struct echo *echo = self;

	(void)channel;
	echo->closed++;
	echo->waiting = false;
}

static void
freed(void *self)
{
	((struct echo *)self)->freed++;
}

struct echo *
echo_new(struct host_hyperv *host, bool pipe)
{
	const struct host_vmbus_kind kind = { .type = echo_type,
		.pipe = pipe,
		.opened = opened,
		.signalled = signalled,
		.closed = closed,
		.free = freed };
	struct echo *echo = calloc(1, sizeof(*echo));

	assert_non_null(echo);
	echo->device = host_vmbus_offer(host, &kind, NULL, echo);
	assert_non_null(echo->device);
	return echo;
}

void
echo_free(struct echo *echo)
{
	if (echo->freed == 0)
		host_vmbus_rescind(echo->device);
	assert_int_equal(echo->freed, 1);
	free(echo);
}

bool
echo_say(struct echo *echo, unsigned sub, uint64_t id, const void *data,
    size_t size)
{
	struct host_vmbus_channel *channel = host_vmbus_channel(echo->device,
	    sub);
	const struct host_vmbus_packet packet = { .type = HV_PACKET_INBAND,
		.id = id,
		.data = data,
		.len = size };

	if (channel == NULL || !host_vmbus_send(channel, &packet))
		return false;
	host_vmbus_sent(channel);
	return true;
}
