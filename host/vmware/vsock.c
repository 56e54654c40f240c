/* SPDX-License-Identifier: ISC */
/*
 * Streams of a guest's by vsock: its calls on port 976, the host's on 975.
 * A packet that is none ends its stream, as does a guest that does not read what
 * it asked for.
 */
#include <stdlib.h>
#include <string.h>

#include "host/vmware/vmware_private.h"
#include "wire/endian.h"
#include "wire/vmware/datamap.h"

/* Fields that nobody knows may stand in a packet too. */
#define PACKET_SLACK 1024u
/* What waits to be read at most: replies have up to 1 MiB. */
#define UNREAD_MAX (4u << 20)

static struct stream *
find(struct host_vmware *vmware, int number)
{
	if (number < 0 || number >= STREAMS || !vmware->streams[number].open)
		return NULL;
	return &vmware->streams[number];
}

static void
end(struct host_vmware *vmware, struct stream *stream)
{
	if (stream->ended)
		return;
	stream->ended = true;
	vmware->stream_events++;
	vmx_tclo_lost(vmware, &stream->tclo);
	stream->tclo.main = false;
}

void
vmx_stream_reset(struct host_vmware *vmware, struct stream *stream)
{
	if (!stream->open)
		return;
	end(vmware, stream);
	free(stream->in);
	free(stream->out);
	memset(stream, 0, sizeof(*stream));
	vmware->counts.streams_open--;
}

void
vmx_vsock_end(struct host_vmware *vmware)
{
	for (unsigned i = 0; i < STREAMS; i++)
		if (vmware->streams[i].open)
			end(vmware, &vmware->streams[i]);
}

/* Room for `more` bytes behind `size`; false: out of memory. */
static bool
grow(uint8_t **bytes, size_t *room, size_t size, size_t more)
{
	size_t wanted = size + more;
	uint8_t *grown;

	if (wanted <= *room)
		return true;
	grown = realloc(*bytes, wanted);
	if (grown == NULL)
		return false;
	*bytes = grown;
	*room = wanted;
	return true;
}

static void
put_packet(struct host_vmware *vmware, struct stream *stream,
    const void *payload, size_t size)
{
	unsigned *cut = &vmware->manners.vsock_cut;
	size_t made;

	if (stream->ended || vmware->manners.vsock_mute)
		return;
	if (stream->out_sent == stream->out_size)
		stream->out_sent = stream->out_size = 0;
	if (stream->out_size + size > UNREAD_MAX ||
	    !grow(&stream->out, &stream->out_room, stream->out_size,
		DATAMAP_OVERHEAD + size)) {
		vmware->counts.refused++;
		end(vmware, stream);
		return;
	}
	made = vmx_datamap_make(stream->out + stream->out_size, payload, size);
	vmware->stream_events++;
	if (*cut > 0 && --*cut == 0) {
		stream->out_size += made / 2;
		end(vmware, stream);
	} else
		stream->out_size += made;
}

static void
pump(struct host_vmware *vmware, struct stream *stream)
{
	struct message call = { 0 };

	if (stream->open && !stream->ended &&
	    stream->port == VMWARE_VSOCK_TCLO &&
	    vmx_tclo_next(vmware, &stream->tclo, true, &call))
		put_packet(vmware, stream, call.bytes, call.size);
	vmx_message_free(&call);
}

void
vmx_vsock_pump(struct host_vmware *vmware)
{
	for (unsigned i = 0; i < STREAMS; i++)
		pump(vmware, &vmware->streams[i]);
}

int
host_vmware_vsock_open(struct host_vmware *vmware, unsigned port,
    bool privileged)
{
	struct stream *stream;
	int number = 0;

	if (!vmware->config.vsock ||
	    (port != VMWARE_VSOCK_RPCI && port != VMWARE_VSOCK_TCLO))
		return -1;
	if (!privileged && vmware->config.vsock_unprivileged_refused)
		return -2;
	while (number < STREAMS && vmware->streams[number].open)
		number++;
	if (number == STREAMS)
		return -1;
	stream = &vmware->streams[number];
	stream->open = true;
	stream->port = port;
	stream->privileged = privileged;
	vmware->counts.streams_open++;
	if (port == VMWARE_VSOCK_TCLO)
		vmx_tclo_open(vmware, &stream->tclo);
	pump(vmware, stream);
	return number;
}

static void
call_of_guest(struct host_vmware *vmware, struct stream *stream,
    const struct datamap *map)
{
	struct message reply = { 0 };

	if (vmx_rpc_run(vmware, map->payload, map->payload_size,
		stream->privileged, &reply))
		put_packet(vmware, stream, reply.bytes, reply.size);
	else
		end(vmware, stream);
	vmx_message_free(&reply);
	if (map->fast_close)
		end(vmware, stream);
}

static bool
packet(struct host_vmware *vmware, struct stream *stream, const uint8_t *bytes,
    size_t size)
{
	struct datamap map;

	if (!vmx_datamap_parse(bytes, size, &map) ||
	    map.payload_size > vmware->config.message_limit)
		return false;
	if (stream->port == VMWARE_VSOCK_RPCI) {
		if (map.type != DATAMAP_PACKET_DATA)
			return false;
		call_of_guest(vmware, stream, &map);
		return true;
	}
	vmx_alive(vmware);
	if (map.type == DATAMAP_PACKET_PING)
		vmware->counts.pings++;
	else
		vmx_tclo_answer(vmware, &stream->tclo, map.payload,
		    map.payload_size);
	vmx_vsock_pump(vmware);
	return true;
}

bool
host_vmware_vsock_write(struct host_vmware *vmware, int number,
    const void *bytes, size_t size)
{
	struct stream *stream = find(vmware, number);
	size_t at = 0, length, limit;

	if (stream == NULL || stream->ended)
		return false;
	if (size == 0)
		return true;
	if (!grow(&stream->in, &stream->in_room, stream->in_size, size)) {
		end(vmware, stream);
		return false;
	}
	memcpy(stream->in + stream->in_size, bytes, size);
	stream->in_size += size;
	limit = vmware->config.message_limit + PACKET_SLACK;
	while (!stream->ended && stream->in_size - at >= 4) {
		length = get_be32(stream->in + at);
		if (length <= limit && stream->in_size - at - 4 < length)
			break;
		if (length > limit ||
		    !packet(vmware, stream, stream->in + at + 4, length)) {
			vmware->counts.refused++;
			end(vmware, stream);
		}
		at += 4 + length;
	}
	if (stream->ended)
		stream->in_size = 0;
	else {
		memmove(stream->in, stream->in + at, stream->in_size - at);
		stream->in_size -= at;
	}
	return true;
}

long
host_vmware_vsock_read(struct host_vmware *vmware, int number, void *to,
    size_t room)
{
	struct stream *stream = find(vmware, number);
	size_t size;

	if (stream == NULL)
		return -1;
	size = stream->out_size - stream->out_sent;
	if (size == 0)
		return stream->ended ? -1 : 0;
	if (size > room)
		size = room;
	memcpy(to, stream->out + stream->out_sent, size);
	stream->out_sent += size;
	return (long)size;
}

void
host_vmware_vsock_close(struct host_vmware *vmware, int number)
{
	struct stream *stream = find(vmware, number);

	if (stream != NULL)
		vmx_stream_reset(vmware, stream);
}

uint64_t
host_vmware_vsock_events(const struct host_vmware *vmware)
{
	return vmware->stream_events;
}
