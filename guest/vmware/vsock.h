/* SPDX-License-Identifier: ISC */
/* A stream of packets to the host, by vsock: for rpc.c and tclo.c. */
#ifndef GUEST_VMWARE_VSOCK_H
#define GUEST_VMWARE_VSOCK_H

#include "guest/vmware/datamap.h"
#include "guest/vmware/vmware.h"

/* A reply has two bytes more than the longest value. */
#define VSOCK_PACKET_MAX (VMWARE_MESSAGE_MAX + 2u + DATAMAP_OVERHEAD)

struct vmware_stream {
	struct vmware *vmware;
	unsigned port;
	bool open;
	bool proved; /* a packet came on it */
	int number;  /* of the platform */
	unsigned busy;
	uint64_t when;    /* not before */
	uint64_t backoff; /* after the next failure */
	uint8_t *out, *in;
	size_t out_room, out_len, out_done;
	size_t in_have, in_taken;
};

/* Memory for packets, if the platform has vsock: PV_OK or PV_ENOMEM. */
int stream_open(struct vmware_stream *, struct vmware *, unsigned port,
    size_t out_room);
void stream_close(struct vmware_stream *);

/* PV_OK: there is a connection, or there will be.  PV_EAGAIN: look again at
 * `when`.  PV_ENODEV: not for now. */
int stream_connect(struct vmware_stream *);
/* End the connection; after a failure it takes a while until the next one. */
void stream_end(struct vmware_stream *);
void stream_fail(struct vmware_stream *);

/* One packet at a time: PV_OK, PV_EAGAIN (the last is not out yet),
 * PV_EMSGSIZE. */
int stream_send(struct vmware_stream *, const struct datamap_packet *);
/* PV_OK: all is out.  PV_EAGAIN.  PV_ENODEV: it has ended. */
int stream_flush(struct vmware_stream *);
/* PV_OK: *packet, until the next call.  PV_EAGAIN.  PV_ENODEV: it has ended.
 * PV_EPROTO: what came is no packet, which was counted. */
int stream_receive(struct vmware_stream *, struct datamap_packet *);

#endif
