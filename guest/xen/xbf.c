/* SPDX-License-Identifier: ISC */
/* xbf: a disk of Xen, as the bus and the owner of the disk see it. */
#include "guest/xen/xbf.h"
#include "guest/bus/format.h"
#include "guest/bus/libc.h"

void
xbf_log(struct xbf *xbf, enum pv_log level, const char *format, ...)
{
	const struct pv_port *port = xbf->xen->port;
	char line[128];
	size_t len = pv_format(line, sizeof(line), "%s: ", xbf->device->name);
	va_list args;

	va_start(args, format);
	pv_vformat(line + len, sizeof(line) - len, format, args);
	va_end(args);
	port->log(port->ctx, level, line);
}

void
xbf_break(struct xbf *xbf, const char *why)
{
	const char *none = NULL;
	uint32_t alive = 0;

	__atomic_compare_exchange_n(&xbf->why, &none, why, false,
	    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	__atomic_compare_exchange_n(&xbf->dead, &alive, (uint32_t)-PV_EPROTO,
	    false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* ---- The disk --------------------------------------------------------- */

static struct xbf_queue *
queue_of(struct pv_disk *disk, unsigned number)
{
	struct xbf *xbf = (struct xbf *)disk;

	return &xbf->queues[number % xbf->queues_count];
}

static void
xbf_kick(struct pv_disk *disk, unsigned number)
{
	struct xbf_queue *queue = xbf_choose((struct xbf *)disk, number);

	if (!__atomic_load_n(&queue->stopped, __ATOMIC_ACQUIRE))
		xbf_publish(queue);
}

static bool
xbf_poll_queue(struct pv_disk *disk, unsigned number, unsigned budget)
{
	return xbf_queue_poll(queue_of(disk, number), budget);
}

static int
xbf_own(struct pv_disk *disk, unsigned number, unsigned cpu)
{
	struct xbf *xbf = (struct xbf *)disk;
	struct xbf_queue *queue;
	int error = PV_OK;

	if (number >= xbf->queues_count || cpu >= xbf->xen->cpus)
		return PV_EINVAL;
	queue = &xbf->queues[number];
	if (queue->channel.port != 0)
		error = xen_channel_move(&queue->channel, cpu);
	if (error != PV_OK)
		return error;
	queue->cpu = cpu;
	queue->taken = cpu != 0;
	return PV_OK;
}

static uint64_t
xbf_deadline_queue(struct pv_disk *disk, unsigned number)
{
	return xbf_queue_deadline(queue_of(disk, number));
}

static const struct pv_disk_ops ops = {
	.submit = xbf_submit,
	.kick = xbf_kick,
	.poll = xbf_poll_queue,
	.own = xbf_own,
	.deadline = xbf_deadline_queue,
};

/* ---- Its turn --------------------------------------------------------- */

/* The device is broken for the bus once nothing is under way in the queues that
 * it polls: after that nobody polls them. */
static void
bury(struct xbf *xbf)
{
	if (!xbf->buried) {
		xbf->buried = true;
		xenbus_state(xbf->xenbus, XEN_BUS_CLOSING);
		xenbus_state(xbf->xenbus, XEN_BUS_CLOSED);
		xbf_offline(xbf);
	}
	for (unsigned i = 0; i < xbf->queues_count; i++) {
		struct xbf_queue *queue = &xbf->queues[i];

		if (!queue->taken &&
		    (!queue->stopped || queue->waiting != NULL ||
			queue->finished != NULL))
			return;
	}
	pv_device_broken(xbf->device, xbf->why);
}

/* No answer at all for a long time: perhaps a new connection brings it. */
static void
look_for_late(struct xbf *xbf)
{
	bool late = false;

	if (xbf->phase != XBF_RUNNING)
		return;
	for (unsigned i = 0; i < xbf->queues_open; i++)
		late |= __atomic_exchange_n(&xbf->queues[i].late, 0,
			    __ATOMIC_RELAXED) != 0;
	if (!late)
		return;
	if (pv_bus_now(xbf->device->bus) - xbf->reset_at > 10 * XBF_ANSWER)
		xbf->resets = 0;
	if (xbf->resets == XBF_RESETS_MAX) {
		xbf_break(xbf, "the host does not answer");
		return;
	}
	xbf_log(xbf, PV_LOG_ERROR, "no answer for %u seconds; connecting anew",
	    (unsigned)(XBF_ANSWER / PV_SECOND));
	xbf_reset(xbf);
}

/* The host took back what it had announced. */
static void
look_for_refused(struct xbf *xbf)
{
	uint32_t refused = __atomic_load_n(&xbf->refused, __ATOMIC_RELAXED);
	struct pv_disk *disk = &xbf->disk;
	bool changed = false;

	if (refused == 0)
		return;
	if (xbf->flush == XEN_BLK_FLUSH && xbf->barrier &&
	    (refused & 1u << XEN_BLK_FLUSH) != 0)
		xbf->flush = XEN_BLK_BARRIER;
	if (disk->can_flush && (refused & 1u << xbf->flush) != 0) {
		disk->can_flush = false;
		changed = true;
	}
	if (disk->can_discard && (refused & 1u << XEN_BLK_DISCARD) != 0) {
		disk->can_discard = disk->can_secure = false;
		changed = true;
	}
	if (changed)
		xbf_changed(xbf);
}

static bool
poll_queues(struct xbf *xbf, unsigned budget)
{
	bool more = false;

	for (unsigned i = 0; i < xbf->queues_count; i++)
		if (!xbf->queues[i].taken &&
		    xbf_queue_poll(&xbf->queues[i], budget))
			more = true;
	return more;
}

static bool
xbf_poll(struct pv_device *device, unsigned budget)
{
	struct xbf *xbf = device->softc;
	bool more;

	if (xbf_asleep(xbf))
		return false;
	more = poll_queues(xbf, budget);
	look_for_late(xbf);
	look_for_refused(xbf);
	xbf_step(xbf);
	if (xbf_dead(xbf) != PV_OK) {
		more |= poll_queues(xbf, budget);
		bury(xbf);
	}
	for (unsigned i = 0; i < xbf->queues_count; i++)
		xbf_queue_stats(&xbf->queues[i], &device->stats);
	return more && device->state == PV_DEVICE_ATTACHED;
}

static uint64_t
xbf_deadline(struct pv_device *device)
{
	struct xbf *xbf = device->softc;
	uint64_t first = xbf->until, next;

	if (xbf_asleep(xbf))
		return PV_NEVER;
	if (xbf->phase == XBF_WAITING && xbf->again < first &&
	    xbf->again > pv_bus_now(device->bus))
		first = xbf->again;
	for (unsigned i = 0; i < xbf->queues_count; i++) {
		if (xbf->queues[i].taken)
			continue;
		next = xbf_queue_deadline(&xbf->queues[i]);
		if (next < first)
			first = next;
	}
	return first;
}

/* ---- Attach and detach ------------------------------------------------ */

static int
queues_new(struct xbf *xbf)
{
	unsigned count = xbf->xen->cpus;

	if (count > XBF_QUEUES_MAX)
		count = XBF_QUEUES_MAX;
	xbf->queues = pv_alloc(xbf->device->bus, count * sizeof(*xbf->queues));
	if (xbf->queues == NULL)
		return PV_ENOMEM;
	xbf->queues_count = count;
	for (unsigned i = 0; i < count; i++) {
		struct xbf_queue *queue = &xbf->queues[i];

		queue->xbf = xbf;
		queue->number = i;
		queue->stopped = 1;
		queue->waiting_end = &queue->waiting;
		queue->finished_end = &queue->finished;
	}
	return PV_OK;
}

static void
xbf_free(struct xbf *xbf)
{
	struct pv_device *device = xbf->device;

	for (unsigned i = 0; i < xbf->queues_count; i++) {
		xbf_queue_close(&xbf->queues[i]);
		xbf_queue_stats(&xbf->queues[i], &device->stats);
	}
	if (xbf->writing)
		pv_free(device->bus, xbf->pairs,
		    xbf->pairs_room * sizeof(*xbf->pairs));
	pv_free(device->bus, xbf->queues,
	    xbf->queues_count * sizeof(*xbf->queues));
	device->disk = NULL;
	device->softc = NULL;
	pv_free(device->bus, xbf, sizeof(*xbf));
}

/* End all that is under way, whatever the host still does with it. */
static void
end_all(struct xbf *xbf, int error)
{
	__atomic_store_n(&xbf->dead, (uint32_t)-error, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < xbf->queues_count; i++) {
		struct xbf_queue *queue = &xbf->queues[i];

		xbf_queue_halt(queue, error, 0);
		xbf_held_expire(queue);
		queue->stopped = 1;
		while (xbf_queue_poll(queue, UINT32_MAX))
			continue;
	}
}

static bool
connected(const struct xbf *xbf)
{
	return xbf->back == XEN_BUS_INITIALISED ||
	    xbf->back == XEN_BUS_CONNECTED || xbf->back == XEN_BUS_CLOSING;
}

/* The back end is asked to let go of what we have lent: else all of that would
 * be lost. */
static void
say_goodbye(struct xbf *xbf)
{
	struct pv_device *parent = xbf->device->parent;
	const struct pv_port *port = xbf->xen->port;
	uint64_t end = pv_bus_now(xbf->device->bus) + XBF_GOODBYE;

	if (xbf->back != XEN_BUS_CLOSING)
		xenbus_state(xbf->xenbus, XEN_BUS_CLOSING);
	while (connected(xbf) && parent->state == PV_DEVICE_ATTACHED &&
	    pv_bus_now(xbf->device->bus) < end) {
		uint64_t next;

		if (xbf->back == XEN_BUS_CLOSING && !xbf->said_closed) {
			xbf->said_closed = true;
			xenbus_state(xbf->xenbus, XEN_BUS_CLOSED);
		}
		parent->driver->poll(parent, 64);
		poll_queues(xbf, 64);
		next = parent->driver->deadline(parent);
		if (port->wait != NULL)
			port->wait(port->ctx, next < end ? next : end);
	}
}

static void
xbf_detach(struct pv_device *device)
{
	struct xbf *xbf = device->softc;
	/* by the host, or by our owner */
	bool unplugged = xbf->back == XEN_BUS_UNKNOWN ||
	    xbf->back == XEN_BUS_CLOSING || xbf->back == XEN_BUS_CLOSED;

	xbf->disk.gone = true;
	xbf->disk.online = false;
	xbf_changed(xbf);
	for (unsigned i = 0; i < xbf->queues_count; i++) {
		struct xbf_queue *queue = &xbf->queues[i];

		queue->taken = false;
		if (queue->mode == XBF_RUN)
			queue->mode = XBF_DRAIN;
	}
	xbf->suspended = true; /* no steps any more */
	if (connected(xbf))
		say_goodbye(xbf);
	end_all(xbf, unplugged ? PV_ENODEV : PV_EINTR);
	xbf_free(xbf);
}

static uint16_t
handle_of(const char *unit)
{
	uint32_t handle = 0;

	for (; *unit >= '0' && *unit <= '9'; unit++)
		handle = handle * 10 + (uint32_t)(*unit - '0');
	return (uint16_t)handle;
}

static void
describe(struct xbf *xbf)
{
	const struct xenbus_device *xenbus = xbf->xenbus;
	char where[48];

	pv_format(where, sizeof(where), "backend %u channel %u",
	    xenbus->backend_id, xbf->queues[0].channel.port);
	pv_device_describe_at(xbf->device, where, "%s",
	    xenbus->type[0] != '\0' ? xenbus->type : "disk");
}

static const struct xenbus_driver xenbus_driver = {
	.backend = xbf_backend,
	.suspend = xbf_suspend,
	.resume = xbf_resume,
	.resume_cancelled = xbf_resume_cancelled,
};

static int
xbf_attach(struct pv_device *device)
{
	struct xenbus_device *xenbus = device->aux;
	struct xbf *xbf;
	int error;

	/* another driver has the rings */
	if (!xenbus->xen->privileged)
		return PV_ENODEV;
	xbf = pv_alloc(device->bus, sizeof(*xbf));
	if (xbf == NULL)
		return PV_ENOMEM;
	xbf->device = device;
	xbf->xenbus = xenbus;
	xbf->xen = xenbus->xen;
	xbf->generation = xbf->xen->generation;
	xbf->handle = handle_of(xenbus->unit);
	xbf->until = PV_NEVER;
	xbf->flush = XBF_NO_FLUSH;
	xbf->disk = (struct pv_disk){ .ops = &ops,
		.sector_size = XEN_BLK_SECTOR_SIZE,
		.physical_sector_size = XEN_BLK_SECTOR_SIZE,
		.queues = 1 };
	device->softc = xbf;
	error = queues_new(xbf);
	if (error == PV_OK)
		error = xen_channel_open(xbf->xen, &xbf->queues[0].channel,
		    xenbus->backend_id, 0, &xbf->queues[0].stats);
	if (error != PV_OK) {
		xbf_free(xbf);
		return error;
	}
	describe(xbf);
	device->disk = &xbf->disk;
	xenbus->driver = &xenbus_driver;
	xenbus->softc = xbf;
	xbf->back = xenbus->backend_state;
	xbf_step(xbf);
	return PV_OK;
}

const struct pv_driver pv_xbf_driver = {
	.name = "xbf",
	.attach = xbf_attach,
	.detach = xbf_detach,
	.poll = xbf_poll,
	.deadline = xbf_deadline,
};
