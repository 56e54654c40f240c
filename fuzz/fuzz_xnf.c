/* SPDX-License-Identifier: ISC */
/*
 * xnf on a simulated Xen whose back end is the input: it writes anything into
 * both rings, the pages and the states.
 * Input: what XenStore says (1 byte), then acts of a byte and its arguments.
 */
#include "fuzz/fuzz.h"
#include "guest/bus/bus_private.h"
#include "guest/xen/xen_private.h"
#include "guest/xen/xnf.h"
#include "port/sim/sim.h"

#define FRAMES 512
#define LOANS 16
#define ACTS 4000

enum act {
	TRANSMIT,   /* length (2), shape, flags */
	TX_ANSWER,  /* which request, status */
	TX_JUNK,    /* id (2), status (2) */
	RX_ANSWER,  /* offset (2), flags, length (2) */
	RX_JUNK,    /* 8 bytes */
	TX_PUBLISH, /* by how many more than there are */
	RX_PUBLISH, /* the same */
	POLL,       /* budget */
	TIME,       /* so many times 20 ms */
	BACKEND,    /* its state */
	HOLD,       /* map the page of a receive entry */
	HOLD_TX,    /* map what a request lends */
	LET_GO,     /* of all that is mapped */
	SCRIBBLE,   /* over the words of a ring: which, 4 bytes */
	DATA,       /* into a receive page: offset (2), 16 bytes */
	GROUPS,     /* multicast: how many */
	OWN,        /* the queue, by a CPU */
	SUSPEND,    /* be saved and restored, or not */
	ACT_COUNT
};

/* What XenStore says. */
#define NO_SG 0x01
#define NO_CSUM 0x02
#define SPLIT 0x04
#define UNTRUSTED 0x08
#define MULTICAST 0x10
#define NO_MAC 0x20
#define NO_COPY 0x40
#define BAD_NUMBERS 0x80

struct frame {
	struct pv_frame frame;
	struct pv_segment segments[24];
	bool busy;
};

struct machine {
	struct sim *sim;
	struct sim_machine *machine;
	struct pv_bus bus;
	struct pv_interface interface;
	struct pv_device parent, device;
	struct xen xen;
	struct xenbus_device xenbus;
	uint8_t says;
	struct xenbus_read *read;
	struct xenbus_write *write;
	struct host_grant *held[LOANS];
	unsigned held_count;
	struct frame frames[FRAMES];
	uint8_t *pages; /* the frames' */
	uint64_t physical;
	unsigned submitted, done, received;
	bool leaks; /* the host holds, or held, memory of frames */
};

/* ---- XenStore, in the place of xenbus.c -------------------------------- */

static struct machine *
machine_of(struct xenbus_device *xenbus)
{
	return (struct machine *)((char *)xenbus -
	    offsetof(struct machine, xenbus));
}

static const char *
value_of(const struct machine *m, const char *key)
{
	static const char *const numbers[] = { "feature-sg", "feature-rx-copy",
		"feature-gso-tcpv4", "feature-gso-tcpv6",
		"feature-ipv6-csum-offload" };

	if (strcmp(key, "mac") == 0)
		return m->says & NO_MAC ? "ff:ff" : "00:16:3e:01:02:03";
	if (strcmp(key, "trusted") == 0)
		return m->says & UNTRUSTED ? "0" : NULL;
	if (strcmp(key, "feature-no-csum-offload") == 0)
		return m->says & NO_CSUM ? "1" : "0";
	if (strcmp(key, "feature-split-event-channels") == 0)
		return m->says & SPLIT ? "1" : NULL;
	if (strcmp(key, "feature-multicast-control") == 0 ||
	    strcmp(key, "feature-dynamic-multicast-control") == 0)
		return m->says & MULTICAST ? "1" : "0";
	if ((strcmp(key, "feature-sg") == 0 && m->says & NO_SG) ||
	    (strcmp(key, "feature-rx-copy") == 0 && m->says & NO_COPY))
		return "0";
	if (strcmp(key, "mtu") == 0 && m->says & BAD_NUMBERS)
		return "4294967295";
	if (strcmp(key, "multi-queue-max-queues") == 0)
		return m->says & BAD_NUMBERS ? "2147483648" : "1";
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (strcmp(key, numbers[i]) == 0)
			return "1";
	return NULL;
}

void
xenbus_read(struct xenbus_device *xenbus, struct xenbus_read *read)
{
	MUST(machine_of(xenbus)->read == NULL);
	machine_of(xenbus)->read = read;
}

void
xenbus_write(struct xenbus_device *xenbus, struct xenbus_write *write)
{
	MUST(machine_of(xenbus)->write == NULL);
	machine_of(xenbus)->write = write;
}

void
xenbus_state(struct xenbus_device *xenbus, unsigned state)
{
	xenbus->state = state;
}

uint64_t
xenbus_number(struct xenbus_device *xenbus, const struct xenbus_value *value,
    uint64_t limit, uint64_t otherwise)
{
	unsigned long long number;

	(void)xenbus;
	if (!value->there || sscanf(value->text, "%llu", &number) != 1 ||
	    number > limit)
		return otherwise;
	return number;
}

void
xenbus_pair_number(struct xenbus_pair *pair, const char *key, uint64_t number)
{
	MUST(strlen(key) < sizeof(pair->key));
	memcpy(pair->key, key, strlen(key) + 1);
	snprintf(pair->text, sizeof(pair->text), "%llu",
	    (unsigned long long)number);
}

static void
answer_store(struct machine *m)
{
	struct xenbus_read *read = m->read;
	struct xenbus_write *write = m->write;

	m->read = NULL;
	m->write = NULL;
	if (read != NULL) {
		for (unsigned i = 0; i < read->count; i++) {
			struct xenbus_value *value = &read->values[i];
			const char *text = value_of(m, value->key);

			value->there = text != NULL;
			if (text != NULL)
				memcpy(value->text, text, strlen(text) + 1);
		}
		read->done(read);
	}
	if (write != NULL) {
		m->xenbus.state = write->state;
		write->done(write);
	}
}

static bool
parent_poll(struct pv_device *device, unsigned budget)
{
	struct machine *m = device->softc;

	(void)budget;
	answer_store(m);
	xen_events_scan(&m->xen, 0);
	xen_grants_poll(&m->xen);
	return false;
}

static uint64_t
parent_deadline(struct pv_device *device)
{
	struct machine *m = device->softc;

	return sim_now(m->sim) + PV_MILLISECOND;
}

static const struct pv_driver parent_driver = {
	.name = "xen",
	.poll = parent_poll,
	.deadline = parent_deadline,
};

/* ---- The machine ------------------------------------------------------ */

static void
open_machine(struct machine *m, size_t size)
{
	const char *error;
	struct pv_port *port;

	memset(m, 0, sizeof(*m));
	m->sim = sim_new(size);
	m->machine = sim_machine_new(m->sim, "xen", &error);
	MUST(m->machine != NULL);
	port = sim_machine_own_port(m->machine);
	MUST(pv_detect(port, &m->bus.detection) == PV_OK);
	m->interface = m->bus.detection.interface[PV_HV_XEN];
	m->bus.port = port;
	m->parent = (struct pv_device){ .bus = &m->bus,
		.interface = &m->interface,
		.driver = &parent_driver,
		.name = "xen0",
		.softc = m };
	m->device = (struct pv_device){ .bus = &m->bus,
		.parent = &m->parent,
		.interface = &m->interface,
		.driver = &pv_xnf_driver,
		.aux = &m->xenbus,
		.name = "xnf0" };
	m->xen = (struct xen){ .device = &m->parent,
		.bus = &m->bus,
		.port = port,
		.stats = &m->parent.stats,
		.base = m->interface.base,
		.privileged = true };
	MUST(xen_open(&m->xen) == PV_OK);
	m->xenbus = (struct xenbus_device){ .xen = &m->xen,
		.device = &m->device,
		.state = XEN_BUS_INITIALISING };
	m->pages = port->pages_alloc(port->ctx, 32, &m->physical);
	for (size_t i = 0; i < 32 * (size_t)PV_PAGE_SIZE; i++)
		m->pages[i] = (uint8_t)(i * 13);
}

static void
received(struct pv_nic *nic, unsigned queue, const struct pv_frame *frame)
{
	struct machine *m = nic->owner;
	size_t length = 0;
	uint8_t sum = 0;

	MUST(queue == 0 && frame->count >= 1 && frame->count <= XNF_CHAIN_MAX);
	for (unsigned i = 0; i < frame->count; i++) {
		const struct pv_segment *segment = &frame->segments[i];

		MUST(segment->len > 0 && segment->len <= PV_PAGE_SIZE);
		length += segment->len;
		for (size_t at = 0; at < segment->len; at++)
			sum ^= ((const uint8_t *)segment->data)[at];
	}
	MUST(length == frame->length && length >= 14);
	m->received += 1u + (sum & 0u);
	if (frame->segmentation != PV_SEGMENT_NONE)
		MUST(frame->segment_size > 0 &&
		    (frame->flags & PV_FRAME_CHECKSUM_BLANK) != 0);
	if ((frame->flags & PV_FRAME_CHECKSUM_BLANK) != 0) {
		MUST((size_t)frame->checksum_start + frame->checksum_offset +
			2 <=
		    length);
		MUST(pv_frame_checksum(frame) == PV_OK);
	}
}

static void
frame_done(struct pv_frame *done)
{
	struct machine *m = done->owner;
	struct frame *frame = (struct frame *)done;

	MUST(frame->busy);
	MUST(done->error <= 0);
	frame->busy = false;
	if (done->error == PV_EBUSY)
		m->leaks = true;
	m->done++;
}

static struct xnf_queue *
queue_of(struct machine *m)
{
	struct xnf *xnf = m->device.softc;

	return xnf->queues[0];
}

static void
poll(struct machine *m, unsigned budget)
{
	struct xnf_queue *queue = queue_of(m);

	parent_poll(&m->parent, budget);
	if (m->device.state == PV_DEVICE_ATTACHED)
		pv_xnf_driver.poll(&m->device, budget);
	if (queue->cpu != 0)
		pv_nic_poll(m->device.nic, 0, budget);
}

static void
backend(struct machine *m, unsigned state)
{
	m->xenbus.backend_state = state;
	m->xenbus.driver->backend(&m->xenbus, state);
	for (unsigned i = 0; i < 4; i++)
		poll(m, 64);
}

static void
connect(struct machine *m)
{
	MUST(pv_xnf_driver.attach(&m->device) == PV_OK);
	m->device.nic->owner = m;
	m->device.nic->receive = received;
	backend(m, XEN_BUS_INIT_WAIT);
	backend(m, XEN_BUS_CONNECTED);
}

/* ---- What the input does ---------------------------------------------- */

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

static void
transmit(struct machine *m, struct input *in)
{
	struct frame *frame = NULL;
	size_t length = word(in), at = 0, page = 0;
	unsigned shape = byte(in), flags = byte(in);
	bool bounce = (shape & 0x80) != 0;

	for (unsigned i = 0; i < FRAMES && frame == NULL; i++)
		if (!m->frames[i].busy)
			frame = &m->frames[i];
	if (frame == NULL)
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
		segment->physical = bounce ? PV_NO_PHYSICAL
					   : m->physical + page;
		segment->len = len;
		at += len;
		page += len + (shape & 3);
		if (page > 31 * (size_t)PV_PAGE_SIZE - 65536)
			page = shape;
	}
	frame->frame.segments = frame->segments;
	frame->frame.length = at + (flags == 0xff);
	frame->frame.flags = flags & 3;
	frame->frame.checksum_start = (uint16_t)(flags & 0x3c);
	frame->frame.checksum_offset = (uint16_t)(flags >> 4);
	frame->frame.segmentation = (enum pv_segmentation)(flags >> 6);
	frame->frame.segment_size = (uint16_t)(length >> 5);
	frame->frame.done = frame_done;
	frame->frame.owner = m;
	frame->busy = true;
	m->submitted++;
	pv_nic_transmit(m->device.nic, 0, &frame->frame);
	if ((flags & 0x04) != 0)
		pv_nic_kick(m->device.nic, 0);
}

/* Whether the rings are there: else the host has nothing to write into. */
static bool
is_lent(struct machine *m)
{
	return queue_of(m)->rings.memory != NULL;
}

static void
put(struct ring *ring, const void *entry, size_t size)
{
	memcpy(ring_entry(ring, ring->shared->rsp_prod), entry, size);
	ring->shared->rsp_prod++;
}

static void
tx_answer(struct machine *m, struct input *in)
{
	struct ring *ring = &queue_of(m)->tx.ring;
	unsigned which = byte(in), status = byte(in);
	const union xen_net_tx_entry *request;
	struct xen_net_tx_response response;

	request = ring_entry(ring, ring->shared->rsp_prod + which);
	response.id = request->request.id;
	response.status = (int16_t)(int8_t)status;
	put(ring, &response, sizeof(response));
}

static void
rx_answer(struct machine *m, struct input *in)
{
	struct ring *ring = &queue_of(m)->rx.ring;
	struct xen_net_rx_response response = {
		.id = (uint16_t)ring->shared->rsp_prod
	};

	response.offset = (uint16_t)word(in);
	response.flags = (uint16_t)byte(in);
	response.status = (int16_t)word(in);
	put(ring, &response, sizeof(response));
}

static void
junk(struct ring *ring, struct input *in, size_t size)
{
	uint8_t entry[8];

	take(&in->data, &in->size, entry, size);
	put(ring, entry, size);
}

static void
hold(struct machine *m, uint32_t reference, bool write)
{
	struct host_grant *grant;

	if (m->held_count == LOANS)
		return;
	grant = host_grant_map(sim_machine_xen(m->machine), reference, write);
	if (grant != NULL)
		m->held[m->held_count++] = grant;
}

static void
let_go(struct machine *m)
{
	while (m->held_count > 0)
		host_grant_unmap(m->held[--m->held_count]);
}

static void
scribble(struct machine *m, struct input *in)
{
	unsigned which = byte(in);
	struct xnf_queue *queue = queue_of(m);
	uint32_t *words = xnf_area_page(&queue->rings, which >> 7);
	uint8_t bytes[4];

	take(&in->data, &in->size, bytes, sizeof(bytes));
	memcpy(&words[which % 8], bytes, sizeof(bytes));
}

static void
data(struct machine *m, struct input *in)
{
	struct xnf_queue *queue = queue_of(m);
	unsigned offset = word(in);
	size_t size = (size_t)XNF_AREA * PV_PAGE_SIZE;

	offset = offset * 64u % (unsigned)(size - 16);
	take(&in->data, &in->size, queue->rx.pages.memory + offset, 16);
}

static void
groups(struct machine *m, struct input *in)
{
	uint8_t list[80][6];
	unsigned count = byte(in) % 80;

	for (unsigned i = 0; i < count; i++) {
		memset(list[i], (int)(count + i), 6);
		list[i][0] |= 1;
	}
	pv_nic_multicast(m->device.nic, (const uint8_t(*)[6])list, count);
}

/* As pv_bus_suspend() does. */
static void
save(struct machine *m, bool cancelled)
{
	struct xen_sched_shutdown shutdown = { XEN_SHUTDOWN_SUSPEND };
	struct xen *xen = &m->xen;
	void *shared = xen->shared;
	long result;

	let_go(m);
	pv_nic_own(m->device.nic, 0, 0);
	m->xenbus.driver->suspend(&m->xenbus);
	host_xen_manners(sim_machine_xen(m->machine))->suspend_cancelled =
	    cancelled;
	xen->shared = NULL;
	result = xen_hypercall(xen, xen->stats, XEN_HC_SCHED_OP,
	    XEN_SCHED_SHUTDOWN, (uintptr_t)&shutdown, 0);
	xen->shared = shared;
	if (result != 0) {
		m->xenbus.driver->resume_cancelled(&m->xenbus);
		return;
	}
	xen->generation++;
	MUST(xen_hypercall_place(xen) == PV_OK);
	xen_numbers(xen);
	MUST(xen_shared_place(xen) == PV_OK);
	MUST(xen_events_resume(xen) == PV_OK);
	MUST(xen_grants_resume(xen) == PV_OK);
	m->xenbus.driver->resume(&m->xenbus);
}

/* What a host does to memory that it has. */
static void
write_act(struct machine *m, enum act act, struct input *in)
{
	struct xnf_queue *queue = queue_of(m);
	struct ring *tx = &queue->tx.ring, *rx = &queue->rx.ring;

	switch (act) {
	case TX_ANSWER:
		tx_answer(m, in);
		break;
	case TX_JUNK:
		junk(tx, in, sizeof(struct xen_net_tx_response));
		break;
	case RX_ANSWER:
		rx_answer(m, in);
		break;
	case RX_JUNK:
		junk(rx, in, sizeof(union xen_net_rx_entry));
		break;
	case TX_PUBLISH:
		tx->shared->rsp_prod += (uint32_t)(int8_t)byte(in);
		break;
	case RX_PUBLISH:
		rx->shared->rsp_prod += (uint32_t)(int8_t)byte(in);
		break;
	case HOLD:
		hold(m, queue->rx.pages.references[queue->rx.page[byte(in)]],
		    true);
		break;
	case HOLD_TX:
		hold(m, queue->tx.references[byte(in)], false);
		break;
	case SCRIBBLE:
		scribble(m, in);
		break;
	default:
		data(m, in);
		break;
	}
}

static void
other_act(struct machine *m, enum act act, struct input *in)
{
	switch (act) {
	case TRANSMIT:
		transmit(m, in);
		break;
	case TIME:
		sim_advance(m->sim,
		    sim_now(m->sim) + byte(in) * 20 * PV_MILLISECOND);
		poll(m, 64);
		break;
	case BACKEND:
		backend(m, byte(in));
		break;
	case LET_GO:
		let_go(m);
		break;
	case GROUPS:
		groups(m, in);
		break;
	case OWN:
		pv_nic_own(m->device.nic, 0, byte(in) % 3);
		break;
	case SUSPEND:
		save(m, byte(in) & 1);
		break;
	default:
		poll(m, byte(in));
		break;
	}
}

static void
close_machine(struct machine *m)
{
	const struct pv_port *port = sim_machine_port(m->machine);
	bool held = m->held_count > 0;

	pv_xnf_driver.detach(&m->device);
	MUST(m->done == m->submitted);
	let_go(m);
	if (held) { /* what was given up is freed now */
		sim_advance(m->sim, sim_now(m->sim) + 3600 * PV_SECOND);
		while (xen_grants_poll(&m->xen))
			continue;
	}
	port->pages_free(port->ctx, m->pages, 32);
	xen_close(&m->xen);
	MUST(sim_machine_counts(m->machine)->memory == 0);
	MUST(sim_machine_counts(m->machine)->pages == 0);
	MUST(sim_machine_counts(m->machine)->violations == 0);
	sim_machine_free(m->machine);
	sim_free(m->sim);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct machine machine;
	struct machine *m = &machine;
	struct input in = { bytes, size };

	open_machine(m, size);
	m->says = (uint8_t)byte(&in);
	connect(m);
	for (unsigned i = 0; i < ACTS && in.size > 0; i++) {
		enum act act = (enum act)(byte(&in) % ACT_COUNT);

		switch (act) {
		case TX_ANSWER:
		case TX_JUNK:
		case RX_ANSWER:
		case RX_JUNK:
		case TX_PUBLISH:
		case RX_PUBLISH:
		case HOLD:
		case HOLD_TX:
		case SCRIBBLE:
		case DATA:
			if (is_lent(m))
				write_act(m, act, &in);
			break;
		default:
			other_act(m, act, &in);
		}
	}
	close_machine(m);
	return 0;
}
