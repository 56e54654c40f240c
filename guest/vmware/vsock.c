/* SPDX-License-Identifier: ISC */
/*
 * GuestRPC's connections by vsock.
 *
 * The host lets only streams from privileged ports say certain things ("secure
 * RPC"), and takes its time to let go of a pair of ports: a connection is kept
 * rather than made for each call, which is where the two seconds that users of
 * open-vm-tools see come from (its issue 377).
 */
#include "guest/vmware/vsock.h"
#include "guest/bus/libc.h"

#define BUSY_TRIES 5u
#define BUSY_TIME PV_MILLISECOND
#define BACKOFF_MIN (2 * PV_SECOND)
#define BACKOFF_MAX (300 * PV_SECOND)

/* Pieces of one packet that are taken in one go. */
#define READS_MAX 64u

int
stream_open(struct vmware_stream *stream, struct vmware *vmware, unsigned port,
    size_t out_room)
{
	*stream = (struct vmware_stream){ .vmware = vmware,
		.port = port,
		.backoff = BACKOFF_MIN };
	if (vmware->port->vsock_open == NULL)
		return PV_OK;
	stream->out_room = out_room;
	stream->out = pv_alloc(vmware->bus, out_room);
	stream->in = pv_alloc(vmware->bus, VSOCK_PACKET_MAX);
	if (stream->out != NULL && stream->in != NULL)
		return PV_OK;
	stream_close(stream);
	return PV_ENOMEM;
}

void
stream_close(struct vmware_stream *stream)
{
	if (stream->vmware == NULL)
		return;
	stream_end(stream);
	pv_free(stream->vmware->bus, stream->out, stream->out_room);
	pv_free(stream->vmware->bus, stream->in, VSOCK_PACKET_MAX);
	*stream = (struct vmware_stream){ 0 };
}

void
stream_end(struct vmware_stream *stream)
{
	const struct pv_port *port = stream->vmware->port;

	if (stream->open)
		port->vsock_close(port->ctx, stream->number);
	stream->open = false;
	stream->out_len = stream->out_done = 0;
	stream->in_have = stream->in_taken = 0;
}

static void
back_off(struct vmware_stream *stream)
{
	stream->busy = 0;
	stream->when = pv_bus_now(stream->vmware->bus) + stream->backoff;
	stream->backoff *= 2;
	if (stream->backoff > BACKOFF_MAX)
		stream->backoff = BACKOFF_MAX;
}

/* One that has worked is tried again soon. */
void
stream_fail(struct vmware_stream *stream)
{
	if (stream->proved)
		stream->backoff = BACKOFF_MIN;
	stream_end(stream);
	back_off(stream);
}

int
stream_connect(struct vmware_stream *stream)
{
	const struct pv_port *port = stream->vmware->port;
	int number;

	if (stream->open)
		return PV_OK;
	if (port->vsock_open == NULL)
		return PV_ENODEV;
	if (pv_bus_now(stream->vmware->bus) < stream->when)
		return stream->busy > 0 ? PV_EAGAIN : PV_ENODEV;
	number = port->vsock_open(port->ctx, stream->port, true);
	if (number == PV_EACCES)
		number = port->vsock_open(port->ctx, stream->port, false);
	if (number >= 0) {
		stream->number = number;
		stream->open = true;
		stream->proved = false;
		stream->busy = 0;
		return PV_OK;
	}
	if (number == PV_EBUSY && stream->busy < BUSY_TRIES) {
		stream->busy++;
		stream->when = pv_bus_now(stream->vmware->bus) + BUSY_TIME;
		return PV_EAGAIN;
	}
	back_off(stream);
	return PV_ENODEV;
}

int
stream_send(struct vmware_stream *stream, const struct datamap_packet *packet)
{
	int error = stream_flush(stream);

	if (error != PV_OK)
		return error;
	stream->out_len = datamap_write(stream->out, stream->out_room, packet);
	stream->out_done = 0;
	if (stream->out_len == 0)
		return PV_EMSGSIZE;
	error = stream_flush(stream);
	return error == PV_EAGAIN ? PV_OK : error;
}

int
stream_flush(struct vmware_stream *stream)
{
	const struct pv_port *port = stream->vmware->port;

	while (stream->out_done < stream->out_len) {
		size_t left = stream->out_len - stream->out_done;
		long done = port->vsock_write(port->ctx, stream->number,
		    stream->out + stream->out_done, left);

		if (done == PV_EAGAIN || done == 0)
			return PV_EAGAIN;
		if (done < 0 || (size_t)done > left)
			return PV_ENODEV;
		stream->out_done += (size_t)done;
	}
	return PV_OK;
}

static void
forget_taken(struct vmware_stream *stream)
{
	if (stream->in_taken == 0)
		return;
	stream->in_have -= stream->in_taken;
	memmove(stream->in, stream->in + stream->in_taken, stream->in_have);
	stream->in_taken = 0;
}

static int
take(struct vmware_stream *stream, struct datamap_packet *packet)
{
	struct pv_stats *stats = stream->vmware->stats;
	long len = datamap_read(stream->in, stream->in_have, VSOCK_PACKET_MAX,
	    packet);

	if (len == 0)
		return PV_EAGAIN;
	if (len < 0) {
		if (len == PV_EMSGSIZE)
			stats->bad_length++;
		else
			stats->bad_value++;
		return PV_EPROTO;
	}
	stream->in_taken = (size_t)len;
	stream->proved = true;
	stream->backoff = BACKOFF_MIN;
	return PV_OK;
}

int
stream_receive(struct vmware_stream *stream, struct datamap_packet *packet)
{
	const struct pv_port *port = stream->vmware->port;
	int error;

	forget_taken(stream);
	for (unsigned i = 0; i < READS_MAX; i++) {
		size_t room;
		long got;

		error = take(stream, packet);
		if (error != PV_EAGAIN)
			return error;
		room = VSOCK_PACKET_MAX - stream->in_have;
		got = port->vsock_read(port->ctx, stream->number,
		    stream->in + stream->in_have, room);
		if (got == PV_EAGAIN || got == 0)
			return PV_EAGAIN;
		if (got < 0 || (size_t)got > room)
			return PV_ENODEV;
		stream->in_have += (size_t)got;
	}
	return PV_EAGAIN;
}
