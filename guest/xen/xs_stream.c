/* SPDX-License-Identifier: ISC */
/*
 * XenStore by a driver of the platform: /dev/xen/xenbus of Linux, or the socket
 * of a xenstored on this machine.
 */
#include "guest/xen/xs.h"

static const struct pv_port *
port_of(struct xs_transport *transport)
{
	return ((struct xs_stream *)transport)->port; /* its first member */
}

static long
stream_read(struct xs_transport *transport, void *to, size_t room)
{
	const struct pv_port *port = port_of(transport);

	return port->xenstore_read(port->ctx, to, room);
}

/* The link hands over what is left of a message, and at first that is all. */
static long
stream_write(struct xs_transport *transport, const void *from, size_t size)
{
	const struct pv_port *port = port_of(transport);

	return port->xenstore_write(port->ctx, from, size);
}

/* A daemon that was started again has another socket of the same name. */
static int
stream_reconnect(struct xs_transport *transport)
{
	const struct pv_port *port = port_of(transport);

	return port->xenstore_limit(port->ctx) > 0 ? PV_OK : PV_EAGAIN;
}

/* Linux sets a watch in the write itself, and that fails as the watch does. */
static bool
stream_refusal(const struct xs_transport *transport, int error)
{
	(void)transport;
	return error != PV_EIO && error != PV_ENODEV;
}

static void
stream_drop(struct xs_transport *transport)
{
	const struct pv_port *port = port_of(transport);

	if (port->xenstore_close != NULL)
		port->xenstore_close(port->ctx);
}

/* The kernel keeps it open. */
static int
stream_resume(struct xs_transport *transport)
{
	(void)transport;
	return PV_OK;
}

static void
stream_close(struct xs_transport *transport)
{
	stream_drop(transport);
}

int
xs_stream_open(struct xs_stream *stream, const struct pv_port *port)
{
	size_t limit;

	if (port->xenstore_read == NULL || port->xenstore_write == NULL ||
	    port->xenstore_limit == NULL)
		return PV_ENODEV;
	limit = port->xenstore_limit(port->ctx);
	if (limit == 0)
		return PV_ENODEV;
	/*
	 * One request at a time.  Linux's device keeps the message of a file in
	 * one place until it has gone out: of several written in a row only the
	 * first was answered by Linux 6.1.
	 */
	*stream = (struct xs_stream){
		.transport = { .limit = limit,
		    .window = 1,
		    .read = stream_read,
		    .write = stream_write,
		    .reconnect = stream_reconnect,
		    .refusal = stream_refusal,
		    .drop = stream_drop,
		    .resume = stream_resume,
		    .close = stream_close },
		.port = port,
	};
	return PV_OK;
}
