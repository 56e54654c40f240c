/* SPDX-License-Identifier: ISC */
/*
 * xbf on a back end that the input plays.
 * Input: what the host offers (1 byte), how many keys it lies about before and
 * after connecting (1 byte, 4 bits each), then the keys: which (1), length of
 * the value (1), the value.  Then steps, each a byte and what it needs: see
 * step().  The model does the handshake; the ring is written by the input.
 */
#include "fuzz/fuzz.h"
#include "guest/xen/xbf.h"
#include "host/xen/backend.h"
#include "port/sim/sim.h"
#include "pvbus/guest.h"

#define XVDA 51712
#define REQUESTS 48
#define SIZE (1024 * 1024)
#define RING_PAGES_MOST 16u

struct request {
	struct pv_io io;
	struct pv_segment segments[2];
	unsigned submitted, done;
};

struct run {
	struct sim *sim;
	struct sim_machine *machine;
	struct host_xen *xen;
	struct host_blkback *blk;
	struct pv_bus *bus;
	struct xbf *xbf; /* NULL: it went */
	struct request requests[REQUESTS];
	unsigned used;
	void *pages;
	uint64_t physical;
	const uint8_t *data;
	size_t size;
};

static uint8_t
byte(struct run *run)
{
	uint8_t value;

	take(&run->data, &run->size, &value, 1);
	return value;
}

/* ---- The guest's owner ------------------------------------------------ */

static struct xbf *
find(struct run *run)
{
	const struct pv_device *device = pv_bus_devices(run->bus);

	while (device != NULL && strcmp(device->name, "xbf0") != 0)
		device = device->next;
	return device != NULL ? device->softc : NULL;
}

static void
done(struct pv_io *io)
{
	struct request *request = io->owner;

	MUST(request->submitted == 1);
	MUST(++request->done == 1);
	MUST(io->error <= 0);
}

static void
submit(struct run *run)
{
	struct request *request = &run->requests[run->used];
	uint8_t how = byte(run), where = byte(run);

	if (run->used == REQUESTS || run->xbf == NULL)
		return;
	run->used++;
	request->segments[0] = (struct pv_segment){ (uint8_t *)run->pages +
		    (how >> 4) * 100,
		how & 8 ? PV_NO_PHYSICAL : run->physical + (how >> 4) * 100,
		(size_t)(1 + where % 16) * 512 };
	request->segments[1] = (struct pv_segment){ (uint8_t *)run->pages +
		    65536,
		run->physical + 65536, how & 4 ? 131072 : 0 };
	request->io = (struct pv_io){ .op = how & 3,
		.offset = (uint64_t)where * 4096,
		.length = 4096,
		.segments = request->segments,
		.count = 2,
		.done = done,
		.owner = request };
	request->submitted = 1;
	pv_disk_submit(&run->xbf->disk, 0, &request->io);
	if (how & 64)
		pv_disk_kick(&run->xbf->disk, 0);
}

/* Virtual time goes by; whatever the host did, this ends. */
static void
pass(struct run *run, uint64_t time)
{
	uint64_t end = sim_now(run->sim) + time;
	const struct pv_port *port = sim_machine_port(run->machine);

	for (unsigned i = 0; i < 2000 && sim_now(run->sim) < end; i++) {
		uint64_t next;

		if (pv_bus_poll(run->bus, 16))
			continue;
		next = pv_bus_deadline(run->bus);
		port->wait(port->ctx, next < end ? next : end);
	}
	pv_bus_poll(run->bus, 64);
	run->xbf = find(run);
}

/* ---- The host --------------------------------------------------------- */

static void
write_key(struct run *run)
{
	static const char *const names[] = { "max-ring-page-order",
		"max-ring-pages", "multi-queue-max-queues", "sectors",
		"sector-size", "physical-sector-size", "info", "mode",
		"feature-flush-cache", "feature-barrier", "feature-discard",
		"discard-granularity", "discard-alignment", "discard-secure",
		"feature-persistent", "feature-max-indirect-segments",
		"trusted", "online", "state" };
	unsigned which = byte(run) % (sizeof(names) / sizeof(names[0]));
	uint8_t value[64];
	size_t size = byte(run) % sizeof(value);
	char path[128];

	take(&run->data, &run->size, value, size);
	snprintf(path, sizeof(path), "/local/domain/0/backend/vbd/7/51712/%s",
	    names[which]);
	MUST(host_xenstore_write(host_xen_store(run->xen), path, value, size));
}

static struct ring *
ring_of(struct run *run)
{
	struct ring *ring;

	if (run->xbf == NULL)
		return NULL;
	ring = &run->xbf->queues[0].ring;
	return ring->shared != NULL ? ring : NULL;
}

/* A response at a place of the ring: of a request that is under way, or any. */
static void
respond(struct run *run)
{
	struct ring *ring = ring_of(run);
	struct xen_blk_response response;
	uint8_t how = byte(run), slot = byte(run);

	if (ring == NULL)
		return;
	take(&run->data, &run->size, &response, how & 1 ? 16 : 0);
	if (!(how & 1))
		memset(&response, 0, sizeof(response));
	if (!(how & 2) && run->xbf->queues[0].slots != NULL) {
		const struct xbf_slot *of =
		    &run->xbf->queues[0].slots[slot % ring->size];

		response.id = of->sequence << 16 | slot % ring->size;
		response.operation = of->operation;
	}
	memcpy(ring_entry(ring, ring->shared->rsp_prod), &response,
	    sizeof(response));
	if (!(how & 4))
		ring->shared->rsp_prod++;
}

/* Words of the ring's header. */
static void
scribble(struct run *run)
{
	struct ring *ring = ring_of(run);
	uint8_t which = byte(run), value = byte(run);
	uint32_t wide = value < 128 ? value : (uint32_t)value << 24;

	if (ring == NULL)
		return;
	switch (which % 5) {
	case 0:
		ring->shared->rsp_prod += value - 128u;
		break;
	case 1:
		ring->shared->req_event = wide;
		break;
	case 2:
		ring->shared->rsp_event = wide;
		break;
	case 3:
		ring->shared->req_prod = wide;
		break;
	case 4:
		ring->shared->rsp_prod = wide;
		break;
	}
}

static void
configure(struct host_disk_config *config, uint8_t offer)
{
	*config = (struct host_disk_config){ .device = XVDA,
		.size = SIZE,
		.persistent = offer & 1,
		.indirect = offer & 2 ? 64 : 0,
		.max_ring_order = offer >> 2 & 3,
		.flush = offer & 16,
		.discard = offer & 32,
		.untrusted = offer & 64,
		.late_features = offer & 128 };
}

static void
restart(struct run *run)
{
	struct host_disk_config config;

	configure(&config, byte(run));
	host_blkback_restart(run->blk, &config);
}

static void
step(struct run *run)
{
	struct host_blkback_manners *manners = host_blkback_manners(run->blk);

	switch (byte(run) % 14) {
	case 0:
	case 1:
		submit(run);
		break;
	case 2:
	case 3:
		respond(run);
		break;
	case 4:
		scribble(run);
		break;
	case 5:
		pv_bus_poll(run->bus, 1 + byte(run) % 4);
		run->xbf = find(run);
		break;
	case 6:
		pass(run, 1000ull << byte(run) % 26);
		break;
	case 7:
		host_blkback_state(run->blk, byte(run) % 12);
		break;
	case 8:
		write_key(run);
		break;
	case 9:
		restart(run);
		break;
	case 10:
		manners->stop = !manners->stop;
		break;
	case 11:
		manners->keep_grants = false;
		host_xen_manners(run->xen)->hold_grants = byte(run) & 1;
		break;
	case 12:
		host_xen_manners(run->xen)->suspend_cancelled = byte(run) & 1;
		pv_bus_suspend(run->bus);
		break;
	case 13:
		host_blkback_remove(run->blk, byte(run) & 1);
		break;
	}
}

/* ---- A life ----------------------------------------------------------- */

/* Connects once as it should; then again, with what the input says. */
static void
connect(struct run *run)
{
	static const struct pv_driver *const drivers[] = { &pv_xen_driver,
		&pv_xbf_driver, NULL };
	struct host_disk_config config;
	unsigned count;

	configure(&config, byte(run));
	count = byte(run);
	run->blk = host_blkback_new(run->xen, &config);
	MUST(run->blk != NULL);
	sim_advance(run->sim, sim_now(run->sim) + PV_SECOND);
	for (unsigned i = 0; i < count >> 4; i++)
		write_key(run);
	MUST(pv_bus_attach(&(struct pv_bus_config){ .port = sim_machine_port(
							run->machine),
			       .drivers = drivers },
		 &run->bus) == PV_OK);
	run->xbf = find(run);
	if (run->xbf == NULL || (count & 15) == 0)
		return;
	host_blkback_restart(run->blk, &config);
	for (unsigned i = 0;
	     i < 200 && run->xbf != NULL && run->xbf->phase != XBF_ASKING; i++)
		pass(run, 20000);
	sim_advance(run->sim, sim_now(run->sim) + PV_MILLISECOND);
	for (unsigned i = 0; i < (count & 15); i++)
		write_key(run);
	pass(run, 10 * PV_MILLISECOND);
}

static void
finish(struct run *run)
{
	host_xen_manners(run->xen)->hold_grants = false;
	host_xen_release_grants(run->xen);
	pass(run, 10 * PV_SECOND);
	pv_bus_detach(run->bus);
	for (unsigned i = 0; i < run->used; i++)
		MUST(run->requests[i].done == 1);
	sim_machine_port(run->machine)
	    ->pages_free(sim_machine_port(run->machine)->ctx, run->pages, 64);
	MUST(sim_machine_counts(run->machine)->memory == 0);
	MUST(sim_machine_counts(run->machine)->violations == 0);
	/* What the host did not let go of is lost, and never used again; a ring
	 * of several pages is lost as a whole, though the host hold only one. */
	MUST(sim_machine_counts(run->machine)->pages <=
	    RING_PAGES_MOST * host_xen_counts(run->xen)->mapped);
	for (const char *c = sim_machine_log(run->machine); *c != '\0'; c++)
		MUST(*c == '\n' || (*c >= 0x20 && *c <= 0x7e));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run *run = calloc(1, sizeof(*run));
	const char *error;

	MUST(run != NULL);
	run->data = data;
	run->size = size;
	run->sim = sim_new(size);
	run->machine = sim_machine_new(run->sim, "xen", &error);
	MUST(run->machine != NULL);
	run->xen = sim_machine_xen(run->machine);
	run->pages = sim_machine_port(run->machine)
			 ->pages_alloc(sim_machine_port(run->machine)->ctx, 64,
			     &run->physical);
	MUST(run->pages != NULL);
	connect(run);
	for (unsigned i = 0; i < 400 && run->size > 0; i++)
		step(run);
	finish(run);
	sim_machine_free(run->machine);
	sim_free(run->sim);
	free(run);
	return 0;
}
