/* SPDX-License-Identifier: ISC */
/* Receive side scaling: the guest's table and key, and which channel a frame
 * goes to by them. */
#include <string.h>

#include "host/hyperv/netvsp_private.h"

static bool
is_inside(uint32_t offset, uint32_t length, size_t size)
{
	return offset <= size && length <= size - offset;
}

static uint32_t
set_table(const struct host_netvsp *net,
    const struct hv_ndis_rss_parameters *parameters, const uint8_t *bytes,
    struct nv_rss *rss)
{
	unsigned size = parameters->table_size;
	unsigned entries = size / (unsigned)sizeof(uint32_t);

	for (unsigned i = 0; i < entries; i++) {
		uint32_t channel;

		memcpy(&channel, bytes + parameters->table_offset + i * 4, 4);
		if (channel >= nv_max_channels(net))
			return HV_RNDIS_STATUS_INVALID_DATA;
		rss->table[i] = (uint8_t)channel;
	}
	rss->entries = entries;
	return HV_RNDIS_STATUS_SUCCESS;
}

/* openvmm does not look at the object's header, for there are guests that do
 * not fill it in. */
uint32_t
nv_rss_set(struct host_netvsp *net, const uint8_t *bytes, size_t size)
{
	struct hv_ndis_rss_parameters p;
	struct nv_rss rss = net->rss;

	memset(&p, 0, sizeof(p));
	if (size < HV_NDIS_RSS_PARAMETERS_SIZE_1)
		return HV_RNDIS_STATUS_TOO_SHORT;
	memcpy(&p, bytes, size < sizeof(p) ? size : sizeof(p));
	if ((p.flags & HV_RSS_DISABLE) != 0 ||
	    ((p.flags & HV_RSS_HASH_UNCHANGED) == 0 &&
		(p.hash & HV_HASH_TOEPLITZ) == 0)) {
		net->counts.rss = false;
		return HV_RNDIS_STATUS_SUCCESS;
	}
	if ((p.flags & HV_RSS_HASH_UNCHANGED) == 0)
		rss.types = p.hash;
	if ((p.flags & HV_RSS_KEY_UNCHANGED) == 0) {
		if (p.key_size != HV_RSS_KEY ||
		    !is_inside(p.key_offset, p.key_size, size))
			return HV_RNDIS_STATUS_INVALID_DATA;
		memcpy(rss.key, bytes + p.key_offset, HV_RSS_KEY);
	}
	if ((p.flags & HV_RSS_TABLE_UNCHANGED) == 0) {
		if (p.table_size == 0 || p.table_size % 4 != 0 ||
		    p.table_size > NV_RSS_ENTRIES * 4 ||
		    !is_inside(p.table_offset, p.table_size, size) ||
		    set_table(net, &p, bytes, &rss) != HV_RNDIS_STATUS_SUCCESS)
			return HV_RNDIS_STATUS_INVALID_DATA;
	}
	if (rss.entries == 0)
		return HV_RNDIS_STATUS_INVALID_DATA;
	net->rss = rss;
	net->counts.rss = true;
	return HV_RNDIS_STATUS_SUCCESS;
}

/* Toeplitz: the 32 bits of the key at each bit of the input that is set. */
static uint32_t
toeplitz(const uint8_t *key, const uint8_t *input, size_t size)
{
	uint32_t window = (uint32_t)key[0] << 24 | (uint32_t)key[1] << 16 |
	    (uint32_t)key[2] << 8 | key[3];
	uint32_t hash = 0;

	for (size_t i = 0; i < size; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			if ((input[i] & 0x80u >> bit) != 0)
				hash ^= window;
			window = window << 1 |
			    (uint32_t)(key[i + 4] >> (7 - bit) & 1);
		}
	return hash;
}

unsigned
nv_rss_channel(const struct host_netvsp *net, const uint8_t *frame,
    size_t length, uint32_t *hash)
{
	const struct nv_rss *rss = &net->rss;
	struct nv_layout layout;
	uint8_t input[36];
	size_t addresses;
	bool has_ports;

	if (!net->counts.rss || !nv_layout(frame, length, &layout))
		return 0;
	addresses = layout.ipv6 ? 32 : 8;
	has_ports = layout.end - layout.transport >= 4 &&
	    ((layout.protocol == NV_TCP &&
		 (rss->types &
		     (layout.ipv6 ? HV_HASH_TCP_IPV6 : HV_HASH_TCP_IPV4)) !=
		     0) ||
		(layout.protocol == NV_UDP &&
		    (rss->types &
			(layout.ipv6 ? HV_HASH_UDP_IPV6 : HV_HASH_UDP_IPV4)) !=
			0));
	if (!has_ports &&
	    (rss->types & (layout.ipv6 ? HV_HASH_IPV6 : HV_HASH_IPV4)) == 0)
		return 0;
	memcpy(input, frame + layout.ip + (layout.ipv6 ? 8 : 12), addresses);
	if (has_ports)
		memcpy(input + addresses, frame + layout.transport, 4);
	*hash = toeplitz(rss->key, input, addresses + (has_ports ? 4 : 0));
	return rss->table[*hash % rss->entries];
}
