/* SPDX-License-Identifier: ISC */
/*
 * xbf: the connection, as the states of both ends in XenStore have it.
 *
 *   back end     we
 *   InitWait     read what rings it takes, write where ours are: Initialised
 *   Connected    read what the disk is like: Connected, and online
 *   Connected    again: its size has changed
 *   Closing      finish what is under way: Closed
 *   InitWait     from the beginning, with what was not finished
 *
 * Whatever the back end writes, whenever, leads to one of these.
 */
#include "guest/bus/libc.h"
#include "guest/xen/xbf.h"

#define RETRY PV_SECOND
#define LONG_TO_CONNECT (30 * PV_SECOND)

static uint64_t
now_of(const struct xbf *xbf)
{
	return pv_bus_now(xbf->device->bus);
}

static void
enter(struct xbf *xbf, enum xbf_phase phase, uint64_t time)
{
	xbf->phase = phase;
	xbf->until = time == PV_NEVER ? PV_NEVER : now_of(xbf) + time;
}

static void
say(struct xbf *xbf, unsigned state)
{
	xenbus_state(xbf->xenbus, state);
	xbf->said_closed = state == XEN_BUS_CLOSED;
}

static void
set_mode(struct xbf *xbf, enum xbf_mode mode)
{
	for (unsigned i = 0; i < xbf->queues_open; i++) {
		struct xbf_queue *queue = &xbf->queues[i];

		/* one that was told to stop has no ring to drain */
		if (mode != XBF_DRAIN ||
		    __atomic_load_n(&queue->mode, __ATOMIC_RELAXED) == XBF_RUN)
			__atomic_store_n(&queue->mode, (uint32_t)mode,
			    __ATOMIC_RELEASE);
	}
}

/* ---- Letting go ------------------------------------------------------- */

/* The back end that closes or has closed waits to hear that we have, too. */
static void
stop(struct xbf *xbf)
{
	set_mode(xbf, XBF_STOP);
	xbf->attempt++;
	enter(xbf, XBF_STOPPING, PV_NEVER);
	if (!xbf->said_closed &&
	    (xbf->back == XEN_BUS_CLOSING || xbf->back == XEN_BUS_CLOSED))
		say(xbf, XEN_BUS_CLOSED);
	xbf_offline(xbf);
}

void
xbf_reset(struct xbf *xbf)
{
	xbf->resetting = true;
	xbf->reset_at = now_of(xbf);
	xbf->resets++;
	say(xbf, XEN_BUS_CLOSING);
	stop(xbf);
	enter(xbf, XBF_STOPPING, XBF_HANDSHAKE);
}

static bool
all_stopped(const struct xbf *xbf)
{
	for (unsigned i = 0; i < xbf->queues_open; i++)
		if (!__atomic_load_n(&xbf->queues[i].stopped, __ATOMIC_ACQUIRE))
			return false;
	return true;
}

static void
close_queues(struct xbf *xbf)
{
	for (unsigned i = 0; i < xbf->queues_count; i++)
		xbf_queue_close(&xbf->queues[i]);
	xbf->queues_open = 0;
}

static bool
back_closed(const struct xbf *xbf)
{
	return xbf->back != XEN_BUS_CLOSING &&
	    xbf->back != XEN_BUS_INITIALISED && xbf->back != XEN_BUS_CONNECTED;
}

static void
stopping(struct xbf *xbf)
{
	if (xbf->resetting && !xbf->said_closed &&
	    (xbf->back == XEN_BUS_CLOSING || xbf->back == XEN_BUS_CLOSED))
		say(xbf, XEN_BUS_CLOSED);
	if (xbf->resetting && !back_closed(xbf)) {
		if (now_of(xbf) >= xbf->until)
			xbf_break(xbf, "the back end does not close");
		return;
	}
	if (!all_stopped(xbf))
		return;
	close_queues(xbf);
	if (xbf->resetting)
		say(xbf, XEN_BUS_INITIALISING);
	enter(xbf, XBF_WAITING, xbf->resetting ? XBF_HANDSHAKE : PV_NEVER);
}

/* ---- Connecting ------------------------------------------------------- */

static void
retry(struct xbf *xbf, const char *what, int error)
{
	xbf_log(xbf, PV_LOG_ERROR, "%s: %s", what, pv_error_text(error));
	if (xbf->phase == XBF_RUNNING)
		return; /* it was only about its size */
	if (xbf->back == XEN_BUS_CONNECTED)
		xbf_reset(xbf);
	else
		stop(xbf);
	xbf->asked_online = false;
	xbf->again = now_of(xbf) + RETRY;
}

static void
have_read_before(struct xbf *xbf)
{
	int error;

	xbf_agree(xbf);
	error = xbf_open_queues(xbf);
	if (error == PV_OK)
		error = xbf_write_rings(xbf);
	if (error == PV_OK)
		enter(xbf, XBF_WRITING, PV_NEVER);
	else
		retry(xbf, "making its rings", error);
}

static void
go_online(struct xbf *xbf)
{
	if (xbf_equip_queues(xbf) != PV_OK) {
		xbf_break(xbf, "no memory to lend to the host");
		return;
	}
	xbf->resetting = false;
	enter(xbf, XBF_RUNNING, PV_NEVER);
	say(xbf, XEN_BUS_CONNECTED);
	xbf_online(xbf);
}

static void
have_read_after(struct xbf *xbf)
{
	if (xbf->phase == XBF_RUNNING) {
		xbf_resized(xbf);
		xbf_changed(xbf);
	} else if (xbf_geometry(xbf) == PV_OK)
		go_online(xbf);
	else
		xbf_break(xbf, "the host describes a disk that cannot be");
}

/* Linux's back end that finds us closed is closed too, and stays so until we
 * begin anew. */
static void
have_read_online(struct xbf *xbf)
{
	if (xbf->back == XEN_BUS_CLOSED && xbf_may_begin(xbf))
		say(xbf, XEN_BUS_INITIALISING);
}

void
xbf_answered(struct xbf *xbf, int error)
{
	if (xbf_asleep(xbf)) {
		xbf->answered = true;
		xbf->answer = error;
		return;
	}
	if (xbf->asked_attempt == xbf->attempt && xbf_dead(xbf) == PV_OK) {
		if (error != PV_OK && xbf->phase == XBF_RUNNING)
			xbf_log(xbf, PV_LOG_ERROR, "its new size: %s",
			    pv_error_text(error));
		else if (error != PV_OK)
			retry(xbf, "XenStore", error);
		else if (xbf->phase == XBF_WAITING)
			have_read_online(xbf);
		else if (xbf->phase == XBF_READING)
			have_read_before(xbf);
		else if (xbf->phase == XBF_WRITING)
			enter(xbf, XBF_ASKING, LONG_TO_CONNECT);
		else
			have_read_after(xbf);
	}
	xbf_step(xbf);
}

/* ---- One step --------------------------------------------------------- */

/* A back end that is connected when we are not, left so by firmware for one, has
 * to let go of that first. */
static void
waiting(struct xbf *xbf)
{
	if (xbf->reading || xbf->writing || now_of(xbf) < xbf->again)
		return;
	switch (xbf->back) {
	case XEN_BUS_INIT_WAIT:
	case XEN_BUS_INITIALISED:
		enter(xbf, XBF_READING, PV_NEVER);
		xbf->attempt++;
		xbf_read_before(xbf);
		return;
	case XEN_BUS_CONNECTED:
		if (!xbf->resetting)
			xbf_reset(xbf);
		break;
	case XEN_BUS_CLOSING:
		if (!xbf->said_closed)
			say(xbf, XEN_BUS_CLOSED);
		break;
	case XEN_BUS_CLOSED:
		if (!xbf->resetting && !xbf->asked_online) {
			xbf->asked_online = true;
			xbf->attempt++;
			xbf_read_online(xbf);
		}
		break;
	}
	if (xbf->resetting && now_of(xbf) >= xbf->until)
		xbf_break(xbf, "the back end does not come back");
}

static bool
lost(const struct xbf *xbf)
{
	return xbf->back == XEN_BUS_UNKNOWN || xbf->back == XEN_BUS_CLOSING ||
	    xbf->back == XEN_BUS_CLOSED;
}

static void
asking(struct xbf *xbf)
{
	if (xbf->back == XEN_BUS_CONNECTED) {
		enter(xbf, XBF_SIZING, PV_NEVER);
		xbf->resize = false;
		xbf_read_after(xbf);
	} else if (now_of(xbf) >= xbf->until) {
		xbf->until = PV_NEVER;
		xbf_log(xbf, PV_LOG_ERROR,
		    "the back end does not connect; still waiting");
	}
}

/* A back end that begins anew has forgotten us, one that closes has not. */
static void
running(struct xbf *xbf)
{
	switch (xbf->back) {
	case XEN_BUS_CONNECTED:
		if (!xbf->resize || xbf->reading)
			return;
		xbf->resize = false;
		xbf_read_after(xbf);
		return;
	case XEN_BUS_INITIALISED:
		return;
	case XEN_BUS_CLOSING:
		set_mode(xbf, XBF_DRAIN);
		enter(xbf, XBF_FINISHING, XBF_FINISH);
		xbf_offline(xbf);
		return;
	default:
		stop(xbf);
	}
}

static bool
quiet(const struct xbf *xbf)
{
	for (unsigned i = 0; i < xbf->queues_open; i++)
		if (__atomic_load_n(&xbf->queues[i].in_flight,
			__ATOMIC_RELAXED) > 0)
			return false;
	return true;
}

void
xbf_step(struct xbf *xbf)
{
	enum xbf_phase before;

	if (xbf_asleep(xbf) || xbf_dead(xbf) != PV_OK)
		return;
	do {
		before = xbf->phase;
		switch (before) {
		case XBF_WAITING:
			waiting(xbf);
			break;
		case XBF_READING:
		case XBF_WRITING:
		case XBF_SIZING:
			if (lost(xbf))
				stop(xbf);
			break;
		case XBF_ASKING:
			if (lost(xbf))
				stop(xbf);
			else
				asking(xbf);
			break;
		case XBF_RUNNING:
			running(xbf);
			break;
		case XBF_FINISHING:
			if (xbf->back != XEN_BUS_CLOSING || quiet(xbf) ||
			    now_of(xbf) >= xbf->until)
				stop(xbf);
			break;
		case XBF_STOPPING:
			stopping(xbf);
			break;
		}
	} while (xbf->phase != before && xbf_dead(xbf) == PV_OK);
}

void
xbf_backend(struct xenbus_device *xenbus, unsigned state)
{
	struct xbf *xbf = xenbus->softc;

	if (state > XEN_BUS_CLOSED) {
		xbf->device->stats.bad_state++;
		return;
	}
	if (state == XEN_BUS_CONNECTED && xbf->back == XEN_BUS_CONNECTED)
		xbf->resize = true;
	if (state == XEN_BUS_INITIALISED && xbf->phase == XBF_RUNNING) {
		xbf->device->stats.bad_state++;
		return;
	}
	xbf->back = state;
	if (state != XEN_BUS_CLOSED)
		xbf->asked_online = false;
	xbf_step(xbf);
}

/* ---- Saved and restored ----------------------------------------------- */

void
xbf_suspend(struct xenbus_device *xenbus)
{
	struct xbf *xbf = xenbus->softc;

	xbf->suspended = true;
	set_mode(xbf, XBF_DRAIN);
}

/* All that was lent is forgotten by a host that may be another one, and another
 * back end says what it is.  Entries of the grant table are ended all the same:
 * one that was set in between must not stay. */
void
xbf_resume(struct xenbus_device *xenbus)
{
	struct xbf *xbf = xenbus->softc;

	xbf->suspended = false;
	/* told twice of one life, we have lent something by now */
	if (xbf->generation == xbf->xen->generation) {
		xbf_backend(xenbus, xenbus->backend_state);
		return;
	}
	xbf->generation = xbf->xen->generation;
	xbf->back = xenbus->backend_state <= XEN_BUS_CLOSED
	    ? xenbus->backend_state
	    : XEN_BUS_UNKNOWN;
	xbf->resetting = xbf->said_closed = xbf->asked_online = false;
	xbf->answered = false;
	xbf->again = 0;
	if (xbf_dead(xbf) != PV_OK)
		return;
	stop(xbf);
	xbf_step(xbf);
}

void
xbf_resume_cancelled(struct xenbus_device *xenbus)
{
	struct xbf *xbf = xenbus->softc;

	xbf->suspended = false;
	if (xbf->phase == XBF_RUNNING && !xbf_asleep(xbf))
		xbf_start_queues(xbf);
	if (xbf->answered) {
		xbf->answered = false;
		xbf_answered(xbf, xbf->answer);
	}
	xbf_step(xbf);
}
