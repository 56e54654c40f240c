/* SPDX-License-Identifier: ISC */
/*
 * The connection: the states of both ends.
 *
 * The back end says InitWait and what it can do; we make rings, write where
 * they are and say Connected; it connects to them and says Connected.  Whatever
 * else it says ends that, and the next InitWait begins anew.
 */
#include "guest/bus/format.h"
#include "guest/xen/xnf.h"

static void
enter(struct xnf *xnf, enum xnf_phase phase, uint64_t time)
{
	xnf->phase = phase;
	xnf->deadline = PV_NEVER;
	if (time != PV_NEVER)
		xnf->deadline = pv_bus_now(xnf->device->bus) + time;
}

static void
say(struct xnf *xnf, unsigned state)
{
	if (xnf->bus->state != state)
		xenbus_state(xnf->bus, state);
}

/* ---- The end of a connection ------------------------------------------ */

void
xnf_stop(struct xnf *xnf, int error)
{
	xnf->nic.link = false;
	for (unsigned i = 0; i < XNF_QUEUES; i++)
		if (xnf->queues[i] != NULL)
			xnf_queue_stop(xnf->queues[i], error);
}

bool
xnf_rests(const struct xnf *xnf)
{
	for (unsigned i = 0; i < XNF_QUEUES; i++)
		if (xnf->queues[i] != NULL && !xnf_queue_rests(xnf->queues[i]))
			return false;
	return true;
}

void
xnf_close(struct xnf *xnf)
{
	for (unsigned i = 0; i < XNF_QUEUES; i++)
		if (xnf->queues[i] != NULL)
			xnf_queue_close(xnf->queues[i]);
}

/* What is lent stays so until the back end has closed too: it is busy with our
 * memory until then. */
static void
shut(struct xnf *xnf, int error)
{
	xnf_stop(xnf, error);
	xnf_changed(xnf);
	enter(xnf, XNF_CLOSING, XNF_CLOSE);
}

/* No use with this back end. */
static void
refuse(struct xnf *xnf, const char *why)
{
	if (!xnf->nic.gone)
		xnf_log(xnf, PV_LOG_ERROR, "%s; not in use", why);
	xnf_stop(xnf, PV_EIO);
	xnf_close(xnf);
	say(xnf, XEN_BUS_CLOSED);
	enter(xnf, XNF_UNUSABLE, PV_NEVER);
}

/* ---- The beginning ---------------------------------------------------- */

static void
report(struct xnf *xnf)
{
	const uint8_t *mac = xnf->nic.mac;
	char where[48];

	pv_format(where, sizeof(where), "backend %u channel %u",
	    (unsigned)xnf->bus->backend_id, xnf->queues[0]->channel.port);
	/* a digit each, for %x has no width here */
	pv_device_describe_at(xnf->device, where,
	    "address %x%x:%x%x:%x%x:%x%x:%x%x:%x%x", mac[0] >> 4, mac[0] & 15u,
	    mac[1] >> 4, mac[1] & 15u, mac[2] >> 4, mac[2] & 15u, mac[3] >> 4,
	    mac[3] & 15u, mac[4] >> 4, mac[4] & 15u, mac[5] >> 4, mac[5] & 15u);
	pv_device_announce(xnf->device);
}

/* When to ask again. */
static uint64_t
link_interval(const struct xnf *xnf, int error)
{
	if (error != PV_OK)
		return PV_SECOND;
	return xnf->values[XNF_KEY_CARRIER].there ? XNF_CARRIER : PV_NEVER;
}

static void
link_known(struct xenbus_read *read)
{
	struct xnf *xnf = read->owner;

	xnf->reading = false;
	if (xnf->phase == XNF_ASKING) {
		if (read->error == PV_OK && xnf_keys_take_link(xnf)) {
			xnf->unsaid = false;
			report(xnf);
			xnf_changed(xnf);
		}
		enter(xnf, XNF_RUNNING, link_interval(xnf, read->error));
	}
	xnf_step(xnf);
}

static void
ask_link(struct xnf *xnf)
{
	enter(xnf, XNF_ASKING, PV_NEVER);
	xnf->reading = true;
	xnf_keys_ask_link(xnf, link_known);
}

/* The back end is connected to our rings. */
static void
run(struct xnf *xnf)
{
	xnf->nic.queues = xnf->active;
	xnf->unsaid = true;
	xnf_multicast_anew(xnf);
	for (unsigned i = 0; i < xnf->active; i++)
		xnf_queue_run(xnf->queues[i]);
	ask_link(xnf);
}

static void
written(struct xenbus_write *write)
{
	struct xnf *xnf = write->owner;

	xnf->writing = false;
	if (xnf->phase == XNF_WRITING) {
		if (write->error == PV_OK)
			enter(xnf, XNF_WAITING, PV_NEVER);
		else
			refuse(xnf, pv_error_text(write->error));
	}
	xnf_step(xnf);
}

/* As many queues as there is memory for. */
static bool
open_queues(struct xnf *xnf)
{
	unsigned opened = 0;

	while (opened < xnf->active) {
		struct xnf_queue *queue = xnf_queue_new(xnf, opened);

		if (queue == NULL || xnf_queue_open(queue, xnf->split) != PV_OK)
			break;
		opened++;
	}
	xnf->active = opened;
	return opened > 0;
}

static void
features_known(struct xenbus_read *read)
{
	struct xnf *xnf = read->owner;
	const char *why;

	xnf->reading = false;
	if (xnf->phase == XNF_READING) {
		if (read->error != PV_OK)
			refuse(xnf, pv_error_text(read->error));
		else if (xnf_keys_take(xnf, &why) != PV_OK)
			refuse(xnf, why);
		else if (!open_queues(xnf))
			refuse(xnf, "no memory for a queue");
		else {
			enter(xnf, XNF_WRITING, PV_NEVER);
			xnf->writing = true;
			xnf->tell_filter = false;
			xnf_keys_tell(xnf, written);
		}
	}
	xnf_step(xnf);
}

static void
begin(struct xnf *xnf)
{
	xnf->fresh = true;
	enter(xnf, XNF_READING, PV_NEVER);
	xnf->reading = true;
	xnf_keys_ask(xnf, features_known);
}

/* ---- Each phase ------------------------------------------------------- */

/* They return true when there may be more to do. */

static bool
idle(struct xnf *xnf, unsigned back)
{
	switch (back) {
	case XEN_BUS_INIT_WAIT:
		begin(xnf);
		return false; /* its answer comes back here */
	case XEN_BUS_CLOSING:
		say(xnf, XEN_BUS_CLOSED);
		return false;
	case XEN_BUS_INITIALISED:
	case XEN_BUS_CONNECTED:
	case XEN_BUS_CLOSED:
		if (xnf->fresh)
			return false;
		/* by whom was here before us; it has to let go first */
		say(xnf, XEN_BUS_CLOSED);
		enter(xnf, XNF_RESET, XNF_CLOSE);
		return true;
	default:
		return false;
	}
}

static bool
is_late(const struct xnf *xnf)
{
	return pv_bus_now(xnf->device->bus) >= xnf->deadline;
}

static bool
reset(struct xnf *xnf, unsigned back)
{
	if (back != XEN_BUS_CLOSED && back != XEN_BUS_INIT_WAIT &&
	    back != XEN_BUS_UNKNOWN && !is_late(xnf))
		return false;
	say(xnf, XEN_BUS_INITIALISING);
	xnf->fresh = true;
	enter(xnf, XNF_IDLE, PV_NEVER);
	return true;
}

static bool
waiting(struct xnf *xnf, unsigned back)
{
	switch (back) {
	case XEN_BUS_CONNECTED:
		run(xnf);
		return false;
	case XEN_BUS_INITIALISING:
	case XEN_BUS_INIT_WAIT:
	case XEN_BUS_INITIALISED:
		return false;
	case XEN_BUS_CLOSING:
	case XEN_BUS_CLOSED:
	case XEN_BUS_UNKNOWN:
		shut(xnf, PV_EIO);
		return true;
	default:
		return false;
	}
}

/* Connected again may be news of the link. */
static bool
running(struct xnf *xnf, unsigned back)
{
	bool news = xnf->news;

	xnf->news = false;
	switch (back) {
	case XEN_BUS_CONNECTED:
		if (news || is_late(xnf))
			ask_link(xnf);
		return false;
	case XEN_BUS_INITIALISING:
	case XEN_BUS_INIT_WAIT:
	case XEN_BUS_CLOSING:
	case XEN_BUS_CLOSED:
	case XEN_BUS_UNKNOWN:
		shut(xnf, PV_EIO);
		return true;
	default:
		return false;
	}
}

/* A back end that begins anew is another one, and has none of our memory. */
static bool
closing(struct xnf *xnf, unsigned back)
{
	bool held = back == XEN_BUS_CLOSING || back == XEN_BUS_CONNECTED;

	if (held || back == XEN_BUS_CLOSED)
		say(xnf, XEN_BUS_CLOSED);
	if (!xnf_rests(xnf) || (held && !is_late(xnf)))
		return false;
	xnf_close(xnf);
	enter(xnf, XNF_IDLE, PV_NEVER);
	return true;
}

static bool
unusable(struct xnf *xnf, unsigned back)
{
	if (back != XEN_BUS_INIT_WAIT || !xnf->news)
		return false;
	enter(xnf, XNF_IDLE, PV_NEVER);
	return true;
}

static bool
step(struct xnf *xnf)
{
	unsigned back = xnf->back;

	switch (xnf->phase) {
	case XNF_IDLE:
		return idle(xnf, back);
	case XNF_WAITING:
		return waiting(xnf, back);
	case XNF_RUNNING:
		return running(xnf, back);
	case XNF_CLOSING:
		return closing(xnf, back);
	case XNF_RESET:
		return reset(xnf, back);
	case XNF_UNUSABLE:
		return unusable(xnf, back);
	default: /* an answer is under way */
		return false;
	}
}

static void
filter_told(struct xenbus_write *write)
{
	struct xnf *xnf = write->owner;

	xnf->writing = false;
	xnf_step(xnf);
}

void
xnf_step(struct xnf *xnf)
{
	if (xnf->reading || xnf->writing || xnf->suspended || xnf->nic.gone ||
	    xnf->device->state == PV_DEVICE_BROKEN)
		return;
	/* each phase is entered once, if that */
	for (unsigned i = 0; i < XNF_UNUSABLE && step(xnf); i++)
		continue;
	xnf->news = false;
	if (xnf->phase == XNF_RUNNING && xnf->tell_filter) {
		xnf->tell_filter = false;
		xnf->writing = true;
		xnf_keys_tell_filter(xnf, filter_told);
	}
}

/* ---- From XenStore ---------------------------------------------------- */

void
xnf_backend(struct xenbus_device *bus, unsigned state)
{
	struct xnf *xnf = bus->softc;

	if (state > XEN_BUS_CLOSED) { /* none that is for a NIC */
		xnf->device->stats.bad_state++;
		return;
	}
	xnf->back = state;
	xnf->news = true;
	xnf_step(xnf);
}

/* No queue is in use by another CPU, says pv_bus_suspend().  What is submitted
 * between its return and xnf_resume() is lost with the rest. */
void
xnf_suspend(struct xenbus_device *bus)
{
	struct xnf *xnf = bus->softc;

	xnf->suspended = true;
	xnf->link_before = xnf->nic.link;
	xnf->nic.link = false;
}

void
xnf_resume_cancelled(struct xenbus_device *bus)
{
	struct xnf *xnf = bus->softc;

	xnf->suspended = false;
	xnf->nic.link = xnf->link_before;
	xnf_step(xnf);
}

/* Frames are not sent twice: who needs them sends them again, and much of what
 * was said is not true any more. */
void
xnf_resume(struct xenbus_device *bus)
{
	struct xnf *xnf = bus->softc;

	xnf->nic.link = false;
	for (unsigned i = 0; i < XNF_QUEUES; i++) {
		struct xnf_queue *queue = xnf->queues[i];

		if (queue != NULL)
			xnf_queue_stop(queue, PV_EIO);
	}
	xnf->suspended = false;
	xnf->fresh = true;
	xnf->back = bus->backend_state <= XEN_BUS_CLOSED ? bus->backend_state
							 : XEN_BUS_UNKNOWN;
	enter(xnf, XNF_CLOSING, 0);
	xnf_changed(xnf);
	xnf_step(xnf);
}
