/* SPDX-License-Identifier: ISC */
/*
 * Events, grants and the clock of a Xen that writes what the input says into
 * the memory it shares with the guest.
 * Input: which host it is (1 byte), then steps of what happens (1), where (1)
 * and, for some, the word to write (4).
 */
#include "fuzz/fuzz.h"
#include "guest/bus/bus_private.h"
#include "guest/xen/events_private.h"
#include "guest/xen/grants_private.h"
#include "port/sim/sim.h"

#define HOST_NO_FIFO 0x01
#define HOST_NO_UPCALL_VECTOR 0x02
#define HOST_NO_GRANT_V2 0x04
#define GUEST_GRANT_V2 0x08
#define GUEST_POLLS 0x10

#define CHANNELS 6
#define LENT 6

enum step {
	RAISE_OWN,
	RAISE_ANY,
	TAKE,
	WAIT,
	SCAN,
	WRITE_EVENT_WORD,
	WRITE_CONTROL,
	WRITE_SHARED,
	REOPEN,
	SEND,
	LEND,
	MAP,
	TAKE_BACK,
	WRITE_ENTRY,
	WRITE_STATUS,
	READ_CLOCK,
	STEPS
};

struct lent {
	void *page;
	uint64_t physical;
	uint32_t reference;
	bool lent;
};

struct bench {
	struct sim *sim;
	struct sim_machine *machine;
	struct host_xen *host;
	struct pv_port *port;
	struct pv_interface interface;
	struct pv_device device;
	struct pv_bus bus;
	struct xen xen;
	struct xen_channel channels[CHANNELS];
	struct lent lent[LENT];
	struct pv_stats stats;
	uint64_t last; /* time */
};

static void
machine_new(struct bench *bench, uint8_t what)
{
	const struct host_xen_config config = { .vcpus = 2,
		.domain = 3,
		.no_fifo = what & HOST_NO_FIFO,
		.no_upcall_vector = what & HOST_NO_UPCALL_VECTOR,
		.no_grant_v2 = what & HOST_NO_GRANT_V2,
		.grant_frames = 2 };
	const char *error;

	bench->sim = sim_new(what);
	bench->machine = sim_machine_new(bench->sim, "xen", &error);
	MUST(bench->machine != NULL);
	MUST(sim_machine_set_xen(bench->machine, &config));
	bench->host = sim_machine_xen(bench->machine);
	bench->port = sim_machine_own_port(bench->machine);
	if (what & GUEST_POLLS)
		bench->port->vector_alloc = NULL;
}

static void
bench_open(struct bench *bench, uint8_t what)
{
	machine_new(bench, what);
	bench->bus.port = bench->port;
	MUST(pv_detect(bench->port, &bench->bus.detection) == PV_OK);
	bench->interface = bench->bus.detection.interface[PV_HV_XEN];
	bench->device.bus = &bench->bus;
	bench->device.interface = &bench->interface;
	memcpy(bench->device.name, "xen0", 5);
	bench->xen = (struct xen){ .device = &bench->device,
		.bus = &bench->bus,
		.port = bench->port,
		.stats = &bench->device.stats,
		.privileged = true,
		.base = bench->interface.base,
		.grant_version = what & GUEST_GRANT_V2 ? 2 : 0 };
	MUST(xen_open(&bench->xen) == PV_OK);
	for (unsigned i = 0; i < CHANNELS; i++)
		MUST(xen_channel_open(&bench->xen, &bench->channels[i], 0, 0,
			 &bench->stats) == PV_OK);
	for (unsigned i = 0; i < LENT; i++) {
		bench->lent[i].page = bench->port->pages_alloc(bench->port->ctx,
		    1, &bench->lent[i].physical);
		MUST(xen_grants_reserve(&bench->xen, &bench->lent[i].reference,
			 1) == PV_OK);
	}
}

static void
give_up(struct bench *bench, struct lent *lent)
{
	if (xen_grant_end(&bench->xen, &bench->stats, lent->reference)) {
		xen_grants_release(&bench->xen, &lent->reference, 1);
		bench->port->pages_free(bench->port->ctx, lent->page, 1);
	} else
		xen_grants_abandon(&bench->xen, &bench->stats, &lent->reference,
		    1, lent->page, 1);
}

static void
bench_close(struct bench *bench)
{
	const struct sim_counts *counts = sim_machine_counts(bench->machine);

	for (unsigned i = 0; i < LENT; i++)
		give_up(bench, &bench->lent[i]);
	for (unsigned i = 0; i < CHANNELS; i++)
		xen_channel_close(&bench->channels[i]);
	xen_close(&bench->xen);
	MUST(counts->memory == 0);
	MUST(counts->vectors == 0);
	MUST(counts->violations == 0);
	/* nothing is lost but what the host holds */
	MUST(counts->pages + counts->space == bench->device.stats.held);
	for (const char *c = sim_machine_log(bench->machine); *c != '\0'; c++)
		MUST(*c == '\n' || (*c >= 0x20 && *c <= 0x7e));
	sim_machine_free(bench->machine);
	sim_free(bench->sim);
}

static void
take_event(struct bench *bench, uint8_t where)
{
	struct xen_channel *channel = &bench->channels[where % CHANNELS];
	bool taken = xen_channel_take(channel);

	if (taken)
		MUST(!xen_channel_take(channel));
	if (where & 0x80)
		xen_channel_done(channel, where & 0x40);
}

/* It must find an end, and leave nothing that keeps the bus awake for ever. */
static void
scan(struct bench *bench, uint8_t where)
{
	xen_events_scan(&bench->xen, where & 1);
	for (unsigned i = 0; i < 8; i++)
		xen_events_scan(&bench->xen, 0);
	xen_grants_poll(&bench->xen);
	if (bench->xen.events->delivery != EVENTS_POLLED)
		MUST(xen_events_deadline(&bench->xen) >= sim_now(bench->sim));
}

static void
reopen(struct bench *bench, uint8_t where)
{
	struct xen_channel *channel = &bench->channels[where % CHANNELS];

	xen_channel_close(channel);
	MUST(xen_channel_open(&bench->xen, channel, 0, where >> 7,
		 &bench->stats) == PV_OK);
}

static uint32_t *
event_word(struct bench *bench, uint8_t where)
{
	struct xen_shared_info *shared = bench->xen.shared;
	struct fifo *fifo = bench->xen.events->fifo;

	if (fifo != NULL && fifo->allocated > 0)
		return &fifo->pages[0][where];
	return (uint32_t *)shared->pending +
	    where % (4 * XEN_EVENT_WORDS); /* masks too */
}

static void
write_control(struct bench *bench, uint8_t where, uint32_t word)
{
	struct xen_shared_info *shared = bench->xen.shared;
	struct fifo *fifo = bench->xen.events->fifo;

	if (fifo != NULL)
		((uint32_t *)fifo->control)[where % 18] = word;
	else
		((uint32_t *)&shared->vcpu[where & 1].pending_sel)[where >> 7] =
		    word;
}

static void
map(struct bench *bench, uint8_t where)
{
	struct lent *lent = &bench->lent[where % LENT];
	struct host_grant *grant = host_grant_map(bench->host, lent->reference,
	    where & 0x80);

	if (grant != NULL) {
		MUST(lent->lent);
		host_grant_unmap(grant);
	}
}

static void
lend(struct bench *bench, uint8_t where)
{
	struct lent *lent = &bench->lent[where % LENT];

	lent->lent = true;
	xen_grant_set(&bench->xen, &bench->stats, lent->reference, 0,
	    lent->physical, where & 0x80);
}

static void
take_back(struct bench *bench, uint8_t where)
{
	struct lent *lent = &bench->lent[where % LENT];

	if (xen_grant_end(&bench->xen, &bench->stats, lent->reference)) {
		lent->lent = false;
		MUST(host_grant_map(bench->host, lent->reference, false) ==
		    NULL);
	}
}

static void
write_entry(struct bench *bench, uint8_t where, uint32_t word)
{
	struct lent *lent = &bench->lent[where % LENT];
	uint32_t *entry = grants_entry(bench->xen.grants, lent->reference);

	entry[0] = word;
	/* a host that grants itself a page gets none by that */
	lent->lent = true;
}

static void
write_status(struct bench *bench, uint8_t where, uint32_t word)
{
	uint16_t *status = grants_status(bench->xen.grants,
	    bench->lent[where % LENT].reference);

	if (status != NULL)
		*status = (uint16_t)word;
}

static void
read_clock(struct bench *bench)
{
	uint64_t time;

	if (xen_clock_read(&bench->xen, 0, &time) == PV_OK) {
		MUST(time >= bench->last);
		bench->last = time;
	}
	if (xen_clock_wall(&bench->xen, &time) == PV_OK)
		MUST(time % PV_SECOND < PV_SECOND);
}

static uint32_t
take_word(const uint8_t **data, size_t *size)
{
	uint32_t word;

	take(data, size, &word, sizeof(word));
	return word;
}

static void
step(struct bench *bench, const uint8_t **data, size_t *size)
{
	uint8_t head[2];

	take(data, size, head, sizeof(head));
	switch ((enum step)(head[0] % STEPS)) {
	case RAISE_OWN:
		host_xen_raise(bench->host,
		    bench->channels[head[1] % CHANNELS].port);
		break;
	case RAISE_ANY:
		host_xen_raise(bench->host, head[1]);
		break;
	case TAKE:
		take_event(bench, head[1]);
		break;
	case WAIT:
		sim_advance(bench->sim,
		    sim_now(bench->sim) + head[1] * (PV_MILLISECOND / 4));
		break;
	case SCAN:
		scan(bench, head[1]);
		break;
	case WRITE_EVENT_WORD:
		*event_word(bench, head[1]) = take_word(data, size);
		break;
	case WRITE_CONTROL:
		write_control(bench, head[1], take_word(data, size));
		break;
	case WRITE_SHARED:
		((uint32_t *)bench->xen.shared)[head[1]] = take_word(data,
		    size);
		break;
	case REOPEN:
		reopen(bench, head[1]);
		break;
	case SEND:
		xen_channel_send(&bench->channels[head[1] % CHANNELS]);
		break;
	case LEND:
		lend(bench, head[1]);
		break;
	case MAP:
		map(bench, head[1]);
		break;
	case TAKE_BACK:
		take_back(bench, head[1]);
		break;
	case WRITE_ENTRY:
		write_entry(bench, head[1], take_word(data, size));
		break;
	case WRITE_STATUS:
		write_status(bench, head[1], take_word(data, size));
		break;
	case READ_CLOCK:
	case STEPS:
		read_clock(bench);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bench bench;
	uint8_t what;

	memset(&bench, 0, sizeof(bench));
	take(&data, &size, &what, 1);
	bench_open(&bench, what);
	for (unsigned i = 0; i < 2000 && size > 0; i++)
		step(&bench, &data, &size);
	bench_close(&bench);
	return 0;
}
