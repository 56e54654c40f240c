/* SPDX-License-Identifier: ISC */
/*
 * hvn on a simulated Hyper-V whose netvsp says what the input wants: any packet
 * in the ring, any message in the receive buffer, answers that are changed, and
 * a life of its own beside that.
 * Input: what the NIC is (2 bytes), then acts of a byte and its arguments.
 */
#include "fuzz/fuzz.h"
#include "guest/hyperv/hvn.h"
#include "host/hyperv/devices.h"
#include "port/sim/sim.h"

#define FRAMES 256
#define ACTS 600
#define PAGES 20

enum act {
	TRANSMIT, /* queue, length (2), shape, flags */
	KICK,     /* queue */
	POLL,     /* how often */
	TIME,     /* so many times 20 ms */
	RECEIVE,  /* length (2), what is said of it */
	MESSAGE,  /* RNDIS: length, bytes */
	PARTS,    /* of a frame: how many, flags of each */
	IN_BAND,  /* NVS: length, bytes */
	SPOIL,    /* what, which, at, 4 bytes */
	RING,     /* how, value (4) */
	INDEX,    /* which, value (4) */
	SCRIBBLE, /* into the receive buffer: offset (2), 8 bytes */
	LINK,     /* up or down */
	SETTING,  /* of the NIC: which, value (2) */
	RESCIND,  /* and another one */
	SLEEP,    /* be saved and restored */
	SILENCE,  /* of what */
	TABLE,    /* 16 entries */
	ACT_COUNT
};

struct frame {
	struct pv_frame frame;
	struct pv_segment segments[24];
	bool busy;
};

struct machine {
	struct sim *sim;
	struct sim_machine *machine;
	struct host_hyperv *host;
	struct host_netvsp *net;
	struct host_netvsp_config config;
	struct pv_bus *bus;
	struct pv_nic *nic; /* NULL: none now */
	struct frame frames[FRAMES];
	uint8_t *pages;
	uint64_t physical;
	unsigned submitted, done, received;
	bool slept;
};

struct input {
	const uint8_t *data;
	size_t size;
};

static unsigned
byte(struct input *in)
{
	uint8_t value;

	take(&in->data, &in->size, &value, 1);
	return value;
}

static unsigned
word(struct input *in)
{
	unsigned low = byte(in);

	return low | byte(in) << 8;
}

static uint32_t
wide(struct input *in)
{
	uint32_t low = word(in);

	return low | (uint32_t)word(in) << 16;
}

/* ---- The guest -------------------------------------------------------- */

static void
received(struct pv_nic *nic, unsigned queue, const struct pv_frame *frame)
{
	struct machine *m = nic->owner;
	size_t length = 0;
	unsigned sum = 0;

	MUST(queue < HVN_QUEUES && frame->count >= 1 &&
	    frame->count <= HVN_PARTS);
	for (unsigned i = 0; i < frame->count; i++) {
		const struct pv_segment *segment = &frame->segments[i];

		MUST(segment->len > 0 && segment->physical == PV_NO_PHYSICAL);
		length += segment->len;
		for (size_t at = 0; at < segment->len; at++)
			sum ^= ((const uint8_t *)segment->data)[at];
	}
	MUST(length == frame->length && length >= 14 && length <= 65535);
	m->received += 1u + (sum & 0u);
}

static void
frame_done(struct pv_frame *done)
{
	struct machine *m = done->owner;
	struct frame *frame = (struct frame *)done;

	MUST(frame->busy);
	MUST(done->error <= 0);
	frame->busy = false;
	m->done++;
}

static void
find_nic(struct machine *m)
{
	const struct pv_device *device = pv_bus_devices(m->bus);

	while (device != NULL && device->nic == NULL)
		device = device->next;
	m->nic = device != NULL ? device->nic : NULL;
	if (m->nic != NULL) {
		m->nic->owner = m;
		m->nic->receive = received;
	}
}

static void
turns(struct machine *m, unsigned count)
{
	const struct pv_port *port = sim_machine_port(m->machine);

	for (unsigned i = 0; i < count; i++) {
		uint64_t next, end = sim_now(m->sim) + 5 * PV_MILLISECOND;

		if (!pv_bus_poll(m->bus, 64)) {
			next = pv_bus_deadline(m->bus);
			port->wait(port->ctx, next < end ? next : end);
		}
		find_nic(m);
	}
}

static void
new_nic(struct machine *m)
{
	m->net = host_netvsp_new(m->host, &m->config);
	MUST(m->net != NULL);
}

static void
open_machine(struct machine *m, struct input *in)
{
	static const struct pv_driver *const drivers[] = { &pv_hyperv_driver,
		&pv_hvn_driver, NULL };
	static const uint32_t versions[] = { 0, HV_NVSP_1, HV_NVSP_2, HV_NVSP_4,
		HV_NVSP_5, HV_NVSP_6 };
	const struct pv_port *port;
	const char *wrong;
	unsigned kind = word(in), cpus = 1 + (kind >> 3 & 3);

	memset(m, 0, sizeof(*m));
	m->sim = sim_new(1);
	MUST(m->sim != NULL);
	m->machine = sim_machine_new(m->sim, "hyperv", &wrong);
	MUST(m->machine != NULL);
	MUST(sim_machine_set_cpus(m->machine, cpus));
	m->host = sim_machine_hyperv(m->machine);
	port = sim_machine_port(m->machine);
	m->pages = port->pages_alloc(port->ctx, PAGES, &m->physical);
	MUST(m->pages != NULL);
	m->config = (struct host_netvsp_config){
		.mac = { 0, 0x15, 0x5d, 1, 2, 3 },
		.version_max = versions[(kind & 7) % 6],
		.max_channels = cpus,
		.no_checksum = (kind & 0x20) != 0,
		.no_lso = (kind & 0x40) != 0,
		.vf = (kind & 0x80) != 0,
		.section_size = 0,
		.aggregate = kind >> 8 & 7,
	};
	MUST(pv_bus_attach(&(struct pv_bus_config){ .port = port,
			       .drivers = drivers },
		 &m->bus) == PV_OK);
	new_nic(m);
}

static void
close_machine(struct machine *m)
{
	const struct pv_port *port = sim_machine_port(m->machine);

	pv_bus_detach(m->bus);
	MUST(m->done == m->submitted);
	port->pages_free(port->ctx, m->pages, PAGES);
	MUST(sim_machine_counts(m->machine)->memory == 0);
	MUST(sim_machine_counts(m->machine)->pages == 0);
	MUST(sim_machine_counts(m->machine)->violations == 0);
	MUST(host_hyperv_counts(m->host)->violations == 0);
	sim_machine_free(m->machine);
	sim_free(m->sim);
}

static void
transmit(struct machine *m, struct input *in)
{
	unsigned queue = byte(in) % 5;
	size_t length = word(in), at = 0, page = 0;
	unsigned shape = byte(in), flags = byte(in);
	struct frame *frame = NULL;

	for (unsigned i = 0; i < FRAMES && frame == NULL; i++)
		if (!m->frames[i].busy)
			frame = &m->frames[i];
	if (frame == NULL || m->nic == NULL)
		return;
	memset(frame, 0, sizeof(*frame));
	while (at < length && frame->frame.count < 24) {
		struct pv_segment *segment =
		    &frame->segments[frame->frame.count++];
		size_t len = length - at;

		if (frame->frame.count < 24 && (shape & 0x7f) > 0 &&
		    len > (shape & 0x7f) * 40u)
			len = (shape & 0x7f) * 40u;
		segment->data = m->pages + page;
		segment->physical = (shape & 0x80) != 0 ? PV_NO_PHYSICAL
							: m->physical + page;
		segment->len = len;
		at += len;
		page += len + (shape & 3);
		if (page > PAGES * (size_t)PV_PAGE_SIZE - 65536)
			page = shape;
	}
	if (frame->frame.count == 0)
		frame->segments[frame->frame.count++].data = m->pages;
	frame->frame.segments = frame->segments;
	frame->frame.length = at + (flags == 0xff);
	frame->frame.flags = flags & 7;
	frame->frame.checksum_start = (uint16_t)(flags & 0x3c);
	frame->frame.checksum_offset = (uint16_t)(flags >> 4);
	frame->frame.segmentation = (enum pv_segmentation)(flags >> 6);
	frame->frame.segment_size = (uint16_t)(length >> 5);
	frame->frame.hash = shape * 77;
	frame->frame.vlan = (uint16_t)length;
	frame->frame.done = frame_done;
	frame->frame.owner = m;
	frame->busy = true;
	m->submitted++;
	pv_nic_transmit(m->nic, queue, &frame->frame);
}

static void
set(struct machine *m, struct input *in)
{
	unsigned which = byte(in) % 5, value = word(in);
	uint8_t groups[80][6];
	const uint8_t mac[6] = { (uint8_t)value, 2, 3, 4, 5, 6 };

	if (m->nic == NULL)
		return;
	for (unsigned i = 0; i < 80; i++)
		memset(groups[i], (int)(value + i), 6);
	groups[0][0] |= 1;
	if (which == 0)
		(void)pv_nic_set_mtu(m->nic, value);
	else if (which == 1)
		(void)pv_nic_set_mac(m->nic, mac);
	else if (which == 2)
		(void)pv_nic_promiscuous(m->nic, value & 1);
	else if (which == 3)
		(void)pv_nic_multicast(m->nic, (const uint8_t(*)[6])groups,
		    value % 2);
	else
		(void)pv_nic_own(m->nic, value % 5, 0);
}

/* ---- The host --------------------------------------------------------- */

static void
receive(struct machine *m, struct input *in)
{
	static uint8_t bytes[65535];
	unsigned length = word(in), said = byte(in);

	memset(bytes, 0xff, 6);
	bytes[12] = 8;
	bytes[14] = 0x45;
	bytes[23] = 6;
	(void)host_netvsp_send(m->net,
	    &(struct host_nv_frame){ .bytes = bytes,
		.length = length,
		.channel = (said & 1) != 0 ? HOST_NV_BY_HASH : said >> 6,
		.checksum_valid = (said & 2) != 0,
		.has_vlan = (said & 4) != 0,
		.vlan = (uint16_t)length,
		.rsc_segments = (said & 8) != 0 ? said >> 3 : 0 });
}

static void
message(struct machine *m, struct input *in)
{
	uint8_t bytes[256];
	const void *messages[] = { bytes };
	size_t sizes[1];
	unsigned channel = byte(in);

	sizes[0] = channel >> 2;
	take(&in->data, &in->size, bytes, sizes[0]);
	(void)host_netvsp_rndis(m->net, channel & 3, messages, sizes, 1);
}

static void
parts(struct machine *m, struct input *in)
{
	static uint8_t bytes[32][128];
	const void *messages[32];
	size_t sizes[32];
	unsigned count = 1 + byte(in) % 32;

	for (unsigned i = 0; i < count; i++) {
		unsigned flags = byte(in);
		const struct hv_rndis header = { HV_RNDIS_PACKET,
			60 + (flags >> 3) };
		const struct hv_rndis_packet packet = { .data_offset = 52,
			.data_length = flags >> 3,
			.info_offset = 36,
			.info_length = 16 };
		const struct hv_rndis_info info = { 16, HV_RNDIS_INFO_PACKET_ID,
			12 };
		const struct hv_rndis_packet_id id = { 1, flags & 7, 1 };

		memcpy(bytes[i], &header, 8);
		memcpy(bytes[i] + 8, &packet, 36);
		memcpy(bytes[i] + 44, &info, 12);
		memcpy(bytes[i] + 56, &id, 4);
		messages[i] = bytes[i];
		sizes[i] = header.length;
	}
	(void)host_netvsp_rndis(m->net, 0, messages, sizes, count);
}

static void
in_band(struct machine *m, struct input *in)
{
	uint8_t bytes[128];
	unsigned size = byte(in) % 128;

	take(&in->data, &in->size, bytes, size);
	host_netvsp_nvs(m->net, bytes, size);
}

static void
spoil(struct machine *m, struct input *in)
{
	struct host_netvsp_manners *manners = host_netvsp_manners(m->net);
	unsigned what = byte(in);

	manners->bad_what = 1 + what % 5;
	manners->twice = (what & 0x40) != 0;
	manners->lost = (what & 0x80) != 0;
	manners->has_len = (what & 0x20) != 0;
	manners->bad_nth = 1 + byte(in) % 16;
	manners->patch_at = byte(in);
	manners->len = manners->patch_at;
	manners->patch_len = 4;
	take(&in->data, &in->size, manners->patch, 4);
}

static void
ring(struct machine *m, struct input *in)
{
	struct host_ring_manners *manners =
	    host_vmbus_manners(host_netvsp_device(m->net), 0);

	manners->bad_nth = 1;
	manners->bad_how = 1 + byte(in) % 7;
	manners->bad_value = wide(in);
}

static void
ring_index(struct machine *m, struct input *in)
{
	struct host_ring_manners *manners =
	    host_vmbus_manners(host_netvsp_device(m->net), 0);

	if (byte(in) & 1) {
		manners->set_write_index = true;
		manners->write_index = wide(in);
	} else {
		manners->set_read_index = true;
		manners->read_index = wide(in);
	}
}

static void
scribble(struct machine *m, struct input *in)
{
	const struct hvn *hvn = (const struct hvn *)m->nic;
	unsigned offset = word(in);
	uint8_t bytes[8];

	take(&in->data, &in->size, bytes, sizeof(bytes));
	if (hvn != NULL && hvn->receive.lent)
		memcpy((uint8_t *)hvn->receive.gpadl.memory + offset, bytes,
		    sizeof(bytes));
}

static void
silence(struct machine *m, struct input *in)
{
	struct host_netvsp_manners *manners = host_netvsp_manners(m->net);
	unsigned what = byte(in);

	manners->stop = (what & 1) != 0;
	manners->silent_rndis = (what & 2) != 0;
	manners->stop_completions = (what & 4) != 0;
	manners->refuse_versions = (what & 8) != 0;
	host_hyperv_manners(m->host)->lose_events = (what & 16) != 0;
	host_netvsp_look(m->net);
}

static void
table(struct machine *m, struct input *in)
{
	uint32_t entries[16];

	for (unsigned i = 0; i < 16; i++)
		entries[i] = byte(in);
	host_netvsp_table(m->net, entries);
}

static void
another(struct machine *m)
{
	host_netvsp_rescind(m->net);
	m->nic = NULL;
	new_nic(m);
	turns(m, 4);
}

static void
act(struct machine *m, struct input *in)
{
	switch ((enum act)(byte(in) % ACT_COUNT)) {
	case TRANSMIT:
		transmit(m, in);
		break;
	case KICK:
		if (m->nic != NULL)
			pv_nic_kick(m->nic, byte(in) % 5);
		break;
	case TIME:
		sim_advance(m->sim,
		    sim_now(m->sim) + byte(in) * 20 * PV_MILLISECOND);
		turns(m, 4);
		break;
	case RECEIVE:
		receive(m, in);
		break;
	case MESSAGE:
		message(m, in);
		break;
	case PARTS:
		parts(m, in);
		break;
	case IN_BAND:
		in_band(m, in);
		break;
	case SPOIL:
		spoil(m, in);
		break;
	case RING:
		ring(m, in);
		break;
	case INDEX:
		ring_index(m, in);
		break;
	case SCRIBBLE:
		scribble(m, in);
		break;
	case LINK:
		host_netvsp_link(m->net, byte(in) & 1);
		break;
	case SETTING:
		set(m, in);
		break;
	case RESCIND:
		another(m);
		break;
	case SLEEP:
		if (!m->slept)
			(void)pv_bus_suspend(m->bus);
		m->slept = true; /* once: it takes a minute */
		find_nic(m);
		break;
	case SILENCE:
		silence(m, in);
		break;
	case TABLE:
		table(m, in);
		break;
	default:
		turns(m, byte(in) % 64);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct machine machine;
	struct machine *m = &machine;
	struct input in = { bytes, size };

	open_machine(m, &in);
	for (unsigned i = 0; i < ACTS && in.size > 0; i++)
		act(m, &in);
	turns(m, 40);
	close_machine(m);
	return 0;
}
