/* SPDX-License-Identifier: ISC */
/*
 * XenStore over the page and the event channel that the host has made for it
 * (docs/misc/xenstore-ring.txt of Xen).
 */
#include "guest/bus/libc.h"
#include "guest/bus/shared.h"
#include "guest/xen/xs.h"
#include "wire/xen/hypercall.h"

/* How often to look although no event has come: one may be lost, and a platform
 * may have none. */
#define LOOK_BUSY (100 * PV_MILLISECOND)
#define LOOK_IDLE (5 * PV_SECOND)
#define LOOK_WITHOUT_EVENTS PV_MILLISECOND
#define LOOK_IDLE_WITHOUT_EVENTS (100 * PV_MILLISECOND)

static struct xs_ring *
ring_of(struct xs_transport *transport)
{
	return (struct xs_ring *)transport; /* its first member */
}

static bool
take_event(struct xs_ring *ring)
{
	if (xen_channel_take(&ring->channel))
		ring->event = true;
	return ring->event;
}

/* The host's words about the connection, where it has them. */
static int
connection(struct xs_ring *ring)
{
	uint32_t fault;

	if (ring->can_reconnect &&
	    shared_load32(&ring->page->connection) != XEN_STORE_CONNECTION_UP)
		return PV_EBUSY;
	if (!ring->has_error)
		return PV_OK;
	fault = shared_load32(&ring->page->error);
	return fault == XEN_STORE_ERROR_NONE || fault == ring->fault
	    ? PV_OK
	    : PV_EPROTO;
}

/* Up to the end of the ring, from there on the rest. */
static void
copy_in(const struct xs_ring *ring, uint8_t *to, size_t size)
{
	size_t at = ring->rsp_cons & XEN_STORE_RING_MASK;
	size_t part = XEN_STORE_RING_SIZE - at;

	if (part > size)
		part = size;
	shared_copy(to, ring->page->rsp + at, part);
	shared_copy(to + part, ring->page->rsp, size - part);
}

static void
copy_out(const struct xs_ring *ring, const uint8_t *from, size_t size)
{
	size_t at = ring->req_prod & XEN_STORE_RING_MASK;
	size_t part = XEN_STORE_RING_SIZE - at;

	if (part > size)
		part = size;
	memcpy(ring->page->req + at, from, part);
	memcpy(ring->page->req, from + part, size - part);
}

static long
ring_read(struct xs_transport *transport, void *to, size_t room)
{
	struct xs_ring *ring = ring_of(transport);
	uint32_t there;
	int error;

	take_event(ring);
	error = connection(ring);
	if (error != PV_OK)
		return error;
	there = shared_load32(&ring->page->rsp_prod) - ring->rsp_cons;
	if (there > XEN_STORE_RING_SIZE) {
		ring->channel.stats->bad_index++;
		return PV_EPROTO;
	}
	if (there == 0)
		return PV_EAGAIN;
	if (there > room)
		there = (uint32_t)room;
	copy_in(ring, to, there);
	shared_store32(&ring->page->rsp_cons, ring->rsp_cons + there);
	/* a host that has found no room waits for a signal, and it may have
	 * filled the ring just now */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (shared_load32(&ring->page->rsp_prod) - ring->rsp_cons >=
	    XEN_STORE_RING_SIZE)
		ring->was_full = true;
	ring->rsp_cons += there;
	ring->work = true;
	return (long)there;
}

static long
ring_write(struct xs_transport *transport, const void *from, size_t size)
{
	struct xs_ring *ring = ring_of(transport);
	uint32_t req_cons = shared_load32(&ring->page->req_cons);
	uint32_t used = ring->req_prod - req_cons;

	if (used > XEN_STORE_RING_SIZE) {
		ring->channel.stats->bad_index++;
		return PV_EPROTO;
	}
	if (used == XEN_STORE_RING_SIZE) {
		ring->channel.stats->stalls++;
		return PV_EAGAIN;
	}
	if (size > XEN_STORE_RING_SIZE - used)
		size = XEN_STORE_RING_SIZE - used;
	copy_out(ring, from, size);
	ring->req_prod += (uint32_t)size;
	shared_store32(&ring->page->req_prod, ring->req_prod);
	ring->written = true;
	return (long)size;
}

/* A signal may have got lost, as an event may. */
static bool
unheard(const struct xs_ring *ring, uint32_t req_cons)
{
	return req_cons != ring->req_prod &&
	    pv_bus_now(ring->xen->bus) - ring->told >= LOOK_BUSY;
}

/* That the host has taken a request is an event, too, and of use. */
static void
ring_flush(struct xs_transport *transport)
{
	struct xs_ring *ring = ring_of(transport);
	uint32_t req_cons = shared_load32(&ring->page->req_cons);

	if (req_cons != ring->req_cons)
		ring->work = true;
	ring->req_cons = req_cons;
	if (ring->written || ring->was_full || unheard(ring, req_cons)) {
		ring->told = pv_bus_now(ring->xen->bus);
		xen_channel_send(&ring->channel);
	}
	ring->written = ring->was_full = false;
	if (ring->event)
		xen_channel_done(&ring->channel, ring->work);
	ring->event = ring->work = false;
}

/* Whoever used the ring before (firmware, another kernel) has left its counters
 * here; this is the only time that they are read. */
static void
adopt_counters(struct xs_ring *ring)
{
	ring->req_prod = shared_load32(&ring->page->req_prod);
	ring->rsp_cons = shared_load32(&ring->page->rsp_cons);
	ring->req_cons = shared_load32(&ring->page->req_cons);
	/* nobody takes this word back */
	ring->fault = shared_load32(&ring->page->error);
}

static int
ring_reconnect(struct xs_transport *transport)
{
	struct xs_ring *ring = ring_of(transport);

	if (!ring->can_reconnect)
		return PV_ENOTSUP;
	take_event(ring);
	if (!ring->asked) {
		shared_store32(&ring->page->connection,
		    XEN_STORE_CONNECTION_RECONNECT);
		ring->asked = ring->written = true;
	} else if (shared_load32(&ring->page->connection) ==
	    XEN_STORE_CONNECTION_UP) {
		ring->asked = false;
		ring->work = true;
		adopt_counters(ring);
		return PV_OK;
	}
	ring_flush(transport);
	return PV_EAGAIN;
}

static uint64_t
ring_interval(const struct xs_transport *transport, bool busy)
{
	const struct xs_ring *ring = (const struct xs_ring *)transport;
	uint64_t look = busy ? LOOK_BUSY : LOOK_IDLE;

	if (ring->xen->port->vector_alloc == NULL)
		look = busy ? LOOK_WITHOUT_EVENTS : LOOK_IDLE_WITHOUT_EVENTS;
	return look;
}

static void
unmap(struct xs_ring *ring)
{
	const struct pv_port *port = ring->xen->port;

	if (ring->page != NULL && port->unmap != NULL)
		port->unmap(port->ctx, ring->page, 1);
	ring->page = NULL;
}

static int
connect_ring(struct xs_ring *ring)
{
	struct xen *xen = ring->xen;
	uint64_t frame = 0, number = 0;
	uint32_t features;
	int error = xen_param_get(xen, XEN_HVM_PARAM_STORE_PFN, &frame);

	if (error == PV_OK)
		error = xen_param_get(xen, XEN_HVM_PARAM_STORE_EVTCHN, &number);
	if (error != PV_OK)
		return error;
	/* all ones: the toolstack has not come to it */
	if (frame == 0 || frame > UINT64_MAX / PV_PAGE_SIZE || number == 0 ||
	    number > UINT32_MAX)
		return PV_ENODEV;
	ring->page = xen->port->map(xen->port->ctx, frame * PV_PAGE_SIZE, 1);
	if (ring->page == NULL)
		return PV_ENODEV;
	error = xen_channel_adopt(xen, &ring->channel, (uint32_t)number, 0,
	    xen->stats);
	if (error != PV_OK) {
		unmap(ring);
		return error;
	}
	features = shared_load32(&ring->page->features);
	ring->can_reconnect = features & XEN_STORE_FEATURE_RECONNECTION;
	ring->has_error = features & XEN_STORE_FEATURE_ERROR;
	ring->asked = ring->event = ring->work = false;
	ring->written = ring->was_full = false;
	adopt_counters(ring);
	/* what was answered to somebody else */
	ring->rsp_cons = shared_load32(&ring->page->rsp_prod);
	shared_store32(&ring->page->rsp_cons, ring->rsp_cons);
	return PV_OK;
}

static int
ring_resume(struct xs_transport *transport)
{
	struct xs_ring *ring = ring_of(transport);

	xen_channel_forget(&ring->channel);
	unmap(ring);
	return connect_ring(ring);
}

static void
ring_close(struct xs_transport *transport)
{
	struct xs_ring *ring = ring_of(transport);

	xen_channel_close(&ring->channel);
	unmap(ring);
}

int
xs_ring_open(struct xs_ring *ring, struct xen *xen)
{
	if (xen->port->map == NULL)
		return PV_ENOTSUP;
	*ring = (struct xs_ring){
		.transport = { .limit = XEN_STORE_PAYLOAD_MAX,
		    .read = ring_read,
		    .write = ring_write,
		    .flush = ring_flush,
		    .reconnect = ring_reconnect,
		    .interval = ring_interval,
		    .resume = ring_resume,
		    .close = ring_close },
		.xen = xen,
	};
	return connect_ring(ring);
}
