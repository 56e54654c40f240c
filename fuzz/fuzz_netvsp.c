/* SPDX-License-Identifier: ISC */
/* Input: what is on, and RNDIS messages of a guest as netvsp reads them. */
#include "fuzz/fuzz.h"
#include "host/hyperv/netvsp_private.h"

static void
cut(const uint8_t *frame, size_t length, unsigned segment_size)
{
	struct nv_layout layout;
	size_t payload, at;
	uint8_t *segment = malloc(length);

	MUST(segment != NULL && nv_layout(frame, length, &layout));
	payload = at = nv_payload(frame, &layout);
	MUST(payload != 0);
	for (unsigned n = 0; n < 100 && at < length; n++) {
		size_t size = nv_segment(segment, frame, length, segment_size,
		    n);

		MUST(size > payload && size - payload <= segment_size);
		MUST(
		    memcmp(segment + payload, frame + at, size - payload) == 0);
		at += size - payload;
	}
	free(segment);
}

static void
take_packet(struct host_netvsp *net, uint8_t *message, size_t size)
{
	struct nv_packet packet;
	struct host_nv_frame frame;
	uint32_t hash;
	uint8_t *bytes;

	if (!nv_rndis_packet(message, size, &packet))
		return;
	MUST(packet.length > 0 && packet.at <= size &&
	    packet.length <= size - packet.at);
	if (packet.length < NV_HEADER || packet.length > NV_FRAME)
		return;
	bytes = malloc(packet.length); /* by itself: nothing beside it */
	MUST(bytes != NULL);
	memcpy(bytes, message + packet.at, packet.length);
	memset(&frame, 0, sizeof(frame));
	if (nv_offload_finish(net, bytes, packet.length, &packet.info,
		&frame)) {
		MUST(nv_rss_channel(net, bytes, packet.length, &hash) < 2);
		if (frame.lso_version != 0)
			cut(bytes, packet.length, frame.segment_size);
	}
	free(bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct host_netvsp *net = calloc(1, sizeof(*net));
	struct hv_rndis header;
	uint8_t on[4], *copy, *next;

	take(&data, &size, on, sizeof(on));
	copy = next = malloc(size + 1);
	if (copy == NULL || net == NULL)
		abort();
	memcpy(copy, data, size);
	net->version = HV_NVSP_6_1;
	net->config.no_checksum = on[0] & 1;
	net->config.no_lso = on[0] & 2;
	net->config.no_vlan = on[0] & 4;
	nv_offload_supported(net, &net->offload);
	net->counts.rss = on[1] & 1;
	net->rss.types = on[2] * 0x100u;
	net->rss.entries = 128;
	net->rss.table[on[3] % 128] = 1;
	while (nv_rndis_first(next, size, &header)) {
		take_packet(net, next, header.length);
		next += header.length;
		size -= header.length;
	}
	free(copy);
	free(net);
	return 0;
}
