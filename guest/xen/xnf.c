/* SPDX-License-Identifier: ISC */
/*
 * xnf: the front end of a Xen network device.
 *
 * This is the driver as the bus sees it.  xnf_connect.c follows the states of
 * the back end, and xnf_keys.c reads and writes XenStore; xnf_queue.c is a pair
 * of rings and their events.  xnf_plan.c and xnf_tx.c put frames into one ring,
 * xnf_tx_done.c takes the answers; xnf_chain.c and xnf_rx.c take frames out of
 * the other.
 */
#include "guest/xen/xnf.h"
#include "guest/bus/format.h"

void
xnf_log(struct xnf *xnf, enum pv_log level, const char *format, ...)
{
	const struct pv_port *port = xnf->xen->port;
	char line[128];
	size_t len;
	va_list args;

	len = pv_format(line, sizeof(line), "%s: ", xnf->device->name);
	va_start(args, format);
	pv_vformat(line + len, sizeof(line) - len, format, args);
	va_end(args);
	port->log(port->ctx, level, line);
}

void
xnf_changed(struct xnf *xnf)
{
	if (xnf->nic.changed != NULL)
		xnf->nic.changed(&xnf->nic, xnf->nic.owner);
}

/* ---- What the NIC offers ---------------------------------------------- */

static struct xnf_queue *
queue_of(struct pv_nic *nic, unsigned index)
{
	struct xnf *xnf = (struct xnf *)nic;

	return index < XNF_QUEUES ? xnf->queues[index] : NULL;
}

static void
xnf_transmit(struct pv_nic *nic, unsigned index, struct pv_frame *frame)
{
	struct xnf_queue *queue = queue_of(nic, index);

	if (queue != NULL)
		xnf_tx_submit(queue, frame);
	else
		xnf_tx_finish(frame, nic->gone ? PV_ENODEV : PV_EINVAL);
}

static void
xnf_kick(struct pv_nic *nic, unsigned index)
{
	struct xnf_queue *queue = queue_of(nic, index);

	if (queue != NULL && xnf_queue_runs(queue))
		xnf_queue_kick(queue);
}

static bool
xnf_poll_queue(struct pv_nic *nic, unsigned index, unsigned budget)
{
	struct xnf_queue *queue = queue_of(nic, index);

	return queue != NULL && xnf_queue_poll(queue, budget);
}

static int
xnf_own(struct pv_nic *nic, unsigned index, unsigned cpu)
{
	struct xnf *xnf = (struct xnf *)nic;
	struct xnf_queue *queue = queue_of(nic, index);

	if (queue == NULL || cpu >= xnf->xen->cpus)
		return PV_EINVAL;
	return xnf_queue_own(queue, cpu);
}

static uint64_t
xnf_queue_due(struct pv_nic *nic, unsigned index)
{
	struct xnf_queue *queue = queue_of(nic, index);

	return queue != NULL ? xnf_queue_deadline(queue) : PV_NEVER;
}

static const struct pv_nic_ops operations = {
	.transmit = xnf_transmit,
	.kick = xnf_kick,
	.poll = xnf_poll_queue,
	.multicast = xnf_multicast,
	.own = xnf_own,
	.deadline = xnf_queue_due,
};

/* ---- The driver ------------------------------------------------------- */

/* One queue has found out that the host breaks the protocol. */
static void
look_for_broken(struct xnf *xnf)
{
	for (unsigned i = 0; i < XNF_QUEUES; i++) {
		struct xnf_queue *queue = xnf->queues[i];
		const char *why;

		if (queue == NULL)
			continue;
		why = __atomic_load_n(&queue->broken, __ATOMIC_ACQUIRE);
		if (why == NULL)
			continue;
		pv_device_broken(xnf->device, why);
		xnf_stop(xnf, PV_EPROTO);
		xenbus_state(xnf->bus, XEN_BUS_CLOSED);
		xnf_changed(xnf);
		return;
	}
}

static bool
xnf_poll(struct pv_device *device, unsigned budget)
{
	struct xnf *xnf = device->softc;
	bool more = false;

	if (xnf->suspended)
		return false;
	for (unsigned i = 0; i < XNF_QUEUES; i++)
		if (xnf->queues[i] != NULL && xnf->queues[i]->cpu == 0 &&
		    xnf_queue_poll(xnf->queues[i], budget))
			more = true;
	look_for_broken(xnf);
	xnf_step(xnf);
	return more;
}

static uint64_t
xnf_deadline(struct pv_device *device)
{
	struct xnf *xnf = device->softc;
	uint64_t first = xnf->deadline;

	if (xnf->suspended)
		return PV_NEVER;
	for (unsigned i = 0; i < XNF_QUEUES; i++) {
		uint64_t next = PV_NEVER;

		if (xnf->queues[i] != NULL && xnf->queues[i]->cpu == 0)
			next = xnf_queue_deadline(xnf->queues[i]);
		if (next < first)
			first = next;
	}
	return first;
}

static void
xnf_free(struct xnf *xnf)
{
	struct pv_bus *bus = xnf->device->bus;

	for (unsigned i = 0; i < XNF_QUEUES; i++)
		pv_free(bus, xnf->queues[i], sizeof(*xnf->queues[i]));
	xnf->device->nic = NULL;
	xnf->device->softc = NULL;
	pv_free(bus, xnf, sizeof(*xnf));
}

/* What is lent can be had back once the back end has closed; its answers come
 * from the poll of our parent.  A state may get lost on its way, so it is said
 * again. */
static void
say_goodbye(struct xnf *xnf)
{
	struct pv_device *parent = xnf->device->parent;
	const struct pv_port *port = xnf->xen->port;
	uint64_t now = pv_bus_now(xnf->device->bus), end = now + XNF_GOODBYE;
	uint64_t again = now;
	unsigned state = XEN_BUS_CLOSING;

	for (; parent->state == PV_DEVICE_ATTACHED && now < end;
	     now = pv_bus_now(xnf->device->bus)) {
		uint64_t next;

		if (now >= again) {
			xenbus_state(xnf->bus, state);
			again = now + XNF_GOODBYE / 8;
		}
		if (!parent->driver->poll(parent, 64) && port->wait != NULL) {
			next = parent->driver->deadline(parent);
			port->wait(port->ctx, next < again ? next : again);
		}
		if (xnf->back == XEN_BUS_CONNECTED)
			continue;
		if (state == XEN_BUS_CLOSING) {
			state = XEN_BUS_CLOSED;
			again = 0;
		} else if (xnf->back != XEN_BUS_CLOSING)
			return;
	}
}

static void
xnf_detach(struct pv_device *device)
{
	struct xnf *xnf = device->softc;
	bool unplugged = xnf->back == XEN_BUS_UNKNOWN ||
	    xnf->back == XEN_BUS_CLOSING || xnf->back == XEN_BUS_CLOSED;

	xnf->nic.gone = true;
	xnf->nic.link = false;
	xnf_changed(xnf);
	/* no other CPU uses a queue from here on */
	if (!unplugged)
		say_goodbye(xnf);
	for (unsigned i = 0; i < XNF_QUEUES; i++)
		if (xnf->queues[i] != NULL)
			xnf_queue_end(xnf->queues[i],
			    unplugged ? PV_ENODEV : PV_EINTR);
	xnf_close(xnf);
	xnf_free(xnf);
}

static const struct xenbus_driver xenbus_driver = {
	.backend = xnf_backend,
	.suspend = xnf_suspend,
	.resume = xnf_resume,
	.resume_cancelled = xnf_resume_cancelled,
};

static int
xnf_attach(struct pv_device *device)
{
	struct xenbus_device *bus = device->aux;
	struct xnf *xnf;

	if (!bus->xen->privileged)
		return PV_ENODEV;
	xnf = pv_alloc(device->bus, sizeof(*xnf));
	if (xnf == NULL)
		return PV_ENOMEM;
	xnf->bus = bus;
	xnf->device = device;
	xnf->xen = bus->xen;
	xnf->deadline = PV_NEVER;
	if (bus->backend_state <= XEN_BUS_CLOSED)
		xnf->back = bus->backend_state;
	xnf->fresh = bus->state == XEN_BUS_INITIALISING;
	xnf->nic = (struct pv_nic){ .ops = &operations,
		.mtu = 1500,
		.max_mtu = 1500,
		.queues = 1,
		.depth = XNF_ENTRIES };
	if (xnf_queue_new(xnf, 0) == NULL) {
		pv_free(device->bus, xnf, sizeof(*xnf));
		return PV_ENOMEM;
	}
	bus->driver = &xenbus_driver;
	bus->softc = xnf;
	device->softc = xnf;
	device->nic = &xnf->nic;
	xnf_step(xnf);
	return PV_OK;
}

const struct pv_driver pv_xnf_driver = {
	.name = "xnf",
	.attach = xnf_attach,
	.detach = xnf_detach,
	.poll = xnf_poll,
	.deadline = xnf_deadline,
};
