/* SPDX-License-Identifier: ISC */
/* NICs: netback, and frames from its form to ours and back. */
#include <string.h>

#include "programs/pvhost/face_xen.h"
#include "programs/pvhost/nic.h"
#include "programs/pvhost/reply.h"
#include "wire/endian.h"
#include "wire/xen/net.h"

#define ETHERTYPE_AT 12u
#define ETHERTYPE_IPV6 0x86dd

/* ---- Frames ----------------------------------------------------------- */

static void
from_guest(void *ctx, const struct host_frame *frame)
{
	struct nic_frame out = {
		.bytes = frame->bytes,
		.length = frame->length,
		.blank = frame->checksum_blank,
		.valid = frame->checksum_valid,
		.segment_size = (uint16_t)frame->gso_size,
	};

	nic_send(ctx, &out);
}

static struct host_frame
to_guest(const struct nic_frame *frame)
{
	struct host_frame in = {
		.bytes = frame->bytes,
		.length = frame->length,
		.checksum_blank = frame->blank || frame->segment_size != 0,
		.checksum_valid = frame->valid,
	};

	if (frame->segment_size == 0)
		return in;
	in.gso_size = frame->segment_size;
	in.gso_type = get_be16(frame->bytes + ETHERTYPE_AT) == ETHERTYPE_IPV6
	    ? XEN_NET_GSO_TCPV6
	    : XEN_NET_GSO_TCPV4;
	return in;
}

/* One flow stays on one queue: what is sent is in order there. */
static unsigned
queue_of(const struct nic_frame *frame)
{
	uint32_t hash = 2166136261u;
	size_t end = frame->length < 38 ? frame->length : 38;

	/* addresses and ports, where they are without options */
	for (size_t i = 26; i < end; i++)
		hash = (hash ^ frame->bytes[i]) * 16777619u;
	return hash >> 8;
}

/* A checksum that the guest does not take blank is made good by netback. */
static bool
receive(void *ctx, const struct nic_frame *frame)
{
	struct nic *nic = ctx;
	struct host_frame in = to_guest(frame);
	bool sent;

	in.queue = queue_of(frame);
	sent = host_netback_send(nic->device, &in);
	nic->takes_segments = host_netback_takes_segments(nic->device);
	if (!sent && frame->segment_size != 0 && !nic->takes_segments) {
		nic->dropped++; /* it has just changed its mind */
		return true;
	}
	return sent;
}

/* ---- NICs ------------------------------------------------------------- */

bool
face_xen_nic_add(void *self, struct nic *nic, struct reply *reply)
{
	struct face_xen *face = self;
	struct host_nic_config config = {
		.mtu = nic->mtu,
		.max_queues = face->machine->options.vcpus,
		.split = true,
	};

	nic->place = 0;
	while (nic->place < FACE_XEN_NICS && face->nics[nic->place] != NULL)
		nic->place++;
	if (nic->place == FACE_XEN_NICS)
		return reply_no(reply, "there are %u NICs already",
		    FACE_XEN_NICS);
	config.handle = nic->place;
	memcpy(config.mac, nic->mac, sizeof(config.mac));
	nic->device = host_netback_new(face->xen, &config);
	if (nic->device == NULL)
		return reply_no(reply, "out of memory");
	host_netback_on_frame(nic->device, from_guest, nic);
	nic->takes_blank = true;
	nic->takes_segments = false;
	nic->ctx = nic;
	nic->receive = receive;
	face->nics[nic->place] = nic;
	return true;
}

bool
face_xen_nic_remove(void *self, struct nic *nic, struct reply *reply)
{
	struct face_xen *face = self;

	(void)reply;
	nic->receive = NULL;
	host_netback_free(nic->device);
	nic->device = NULL;
	face->nics[nic->place] = NULL;
	return true;
}
