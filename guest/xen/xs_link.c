/* SPDX-License-Identifier: ISC */
/* The bytes of an engine over a transport; what to do when it breaks. */
#include "guest/bus/format.h"
#include "guest/bus/libc.h"
#include "guest/xen/xs.h"

/* A connection that does not come back in that time will not. */
#define RECONNECT_TIMEOUT (30 * PV_SECOND)
#define RECONNECT_LOOK (100 * PV_MILLISECOND)
/* A stream does not say when it takes more. */
#define BLOCKED_LOOK (10 * PV_MILLISECOND)
/* A host that breaks it more often than this, one time soon after the other, has
 * nothing to say. */
#define LOSSES_MAX 16u
#define LOSSES_TIME (60 * PV_SECOND)

static uint64_t
now(const struct xs_link *link)
{
	return pv_bus_now(link->xen->bus);
}

static void
say(const struct xs_link *link, const char *what)
{
	const struct pv_port *port = link->xen->port;
	char line[128];

	pv_format(line, sizeof(line), "%s: XenStore: %s",
	    link->xen->device->name, what);
	port->log(port->ctx, PV_LOG_ERROR, line);
}

int
xs_link_open(struct xs_link *link, struct xen *xen)
{
	int error;

	link->xen = xen;
	if (!xen->privileged) {
		error = xs_stream_open(&link->u.stream, xen->port);
		link->transport = &link->u.stream.transport;
	} else {
		error = xs_ring_open(&link->u.ring, xen);
		link->transport = &link->u.ring.transport;
	}
	if (error != PV_OK)
		return error;
	xs_init(&link->xs, xen->port, xen->stats, link->transport->limit);
	if (link->transport->window != 0)
		link->xs.window = link->transport->window;
	link->state = XS_LINK_UP;
	return PV_OK;
}

void
xs_link_close(struct xs_link *link)
{
	xs_fini(&link->xs);
	link->transport->close(link->transport);
}

/* ---- Losing it -------------------------------------------------------- */

static void
drop(struct xs_link *link)
{
	if (link->transport->drop != NULL)
		link->transport->drop(link->transport);
}

static void
die(struct xs_link *link, int error)
{
	link->state = XS_LINK_DEAD;
	drop(link);
	say(link, "the connection is lost for good");
	xs_die(&link->xs, error);
}

/* PV_EBUSY: the host has asked for it, and requests may be sent again. */
static void
lose(struct xs_link *link, int error)
{
	if (error == PV_EBUSY)
		say(link, "the host wants another connection");
	else if (error == PV_EPROTO)
		say(link, "the host broke the protocol");
	else
		say(link, "the connection is lost");
	link->state = XS_LINK_LOST;
	link->xs.paused = true;
	link->lost_until = now(link) + RECONNECT_TIMEOUT;
	link->look = 0;
	drop(link);
	if (error != PV_EBUSY)
		xs_fail_all(&link->xs, error);
	if (now(link) - link->lost_at > LOSSES_TIME)
		link->losses = 0;
	link->lost_at = now(link);
	if (link->transport->reconnect == NULL || ++link->losses > LOSSES_MAX)
		die(link, PV_EPROTO);
}

static void
regain(struct xs_link *link)
{
	int error = link->transport->reconnect(link->transport);

	if (error == PV_EAGAIN && now(link) < link->lost_until) {
		link->look = now(link) + RECONNECT_LOOK;
		return;
	}
	if (error != PV_OK) {
		die(link, PV_EPROTO);
		return;
	}
	link->state = XS_LINK_UP;
	link->xs.paused = false;
	link->blocked = false;
	xs_restart(&link->xs);
}

/* ---- Carrying --------------------------------------------------------- */

/* Bytes moved, or an error. */
static long
push(struct xs_link *link)
{
	struct xs_transport *transport = link->transport;
	const uint8_t *bytes;
	size_t size;
	long total = 0;

	link->blocked = false;
	while ((size = xs_output(&link->xs, &bytes)) > 0) {
		long moved = transport->write(transport, bytes, size);

		if (moved == PV_EAGAIN || moved == 0) {
			link->blocked = true;
			break;
		}
		if (moved < 0 && transport->refusal != NULL &&
		    transport->refusal(transport, (int)moved) &&
		    link->xs.out_at == 0) {
			xs_refused(&link->xs, (int)moved);
			/* what that led to has its turn, within the budget */
			total++;
			break;
		}
		if (moved < 0)
			return moved;
		if ((size_t)moved > size)
			return PV_EPROTO;
		xs_sent(&link->xs, (size_t)moved);
		total += moved;
	}
	return total;
}

static long
pull(struct xs_link *link)
{
	struct xs_transport *transport = link->transport;
	long moved = transport->read(transport, link->buffer,
	    sizeof(link->buffer));

	if (moved == PV_EAGAIN)
		return 0;
	if (moved < 0)
		return moved;
	if ((size_t)moved > sizeof(link->buffer))
		return PV_EPROTO;
	if (xs_input(&link->xs, link->buffer, (size_t)moved) != PV_OK)
		return PV_EPROTO;
	return moved;
}

static void
carry(struct xs_link *link, unsigned budget)
{
	long sent, got;

	link->more = true;
	do {
		/* first what is there: it makes room for more requests */
		got = pull(link);
		sent = got >= 0 ? push(link) : 0;
		link->more = got > 0;
	} while ((got > 0 || sent > 0) && sent >= 0 && --budget > 0);
	if (link->transport->flush != NULL)
		link->transport->flush(link->transport);
	if (got < 0 || sent < 0)
		lose(link, got < 0 ? (int)got : (int)sent);
}

bool
xs_link_poll(struct xs_link *link, unsigned budget)
{
	uint64_t look = PV_NEVER;

	if (budget == 0)
		budget = 1;
	if (link->state == XS_LINK_LOST && now(link) >= link->look)
		regain(link);
	xs_expire(&link->xs);
	if (link->state != XS_LINK_UP)
		return false;
	carry(link, budget);
	if (xs_events(&link->xs, budget))
		link->more = true;
	/* what the answers and events led to */
	xs_expire(&link->xs);
	if (link->state != XS_LINK_UP)
		return false;
	if (link->transport->interval != NULL)
		look = link->transport->interval(link->transport,
		    link->xs.outstanding > 0 || link->blocked);
	else if (link->blocked)
		look = BLOCKED_LOOK;
	link->look = look == PV_NEVER ? PV_NEVER : now(link) + look;
	return link->more || (!link->blocked && xs_pending(&link->xs));
}

uint64_t
xs_link_deadline(const struct xs_link *link)
{
	uint64_t first;

	if (link->state == XS_LINK_DEAD)
		return PV_NEVER;
	if (link->state == XS_LINK_UP && !link->blocked &&
	    xs_pending(&link->xs))
		return 0;
	first = xs_deadline(&link->xs);
	return link->look < first ? link->look : first;
}

int
xs_link_resume(struct xs_link *link)
{
	int error = link->transport->resume(link->transport);

	link->xs.paused = false;
	link->blocked = false;
	if (error != PV_OK) {
		die(link, error);
		return error;
	}
	link->state = XS_LINK_UP;
	xs_restart(&link->xs);
	return PV_OK;
}
