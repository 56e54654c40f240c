/* SPDX-License-Identifier: ISC */
/* One packet that a guest transmits: slots, extra information, checks as
 * Linux's netback makes them, and the copy. */
#include <string.h>

#include "host/xen/netback_private.h"
#include "wire/endian.h"

#define PAGE 4096u
#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd

static void
copy_slot(struct net_queue *queue, void *slot)
{
	backend_ring_copy(&queue->tx, queue->tx.req_cons++, slot);
}

/* The slots after the first, if it says that there are. */
static bool
take_extras(struct net_queue *queue, uint32_t *waiting,
    struct net_packet *packet)
{
	union xen_net_tx_entry entry;

	do {
		if (*waiting == 0)
			return false;
		--*waiting;
		copy_slot(queue, &entry);
		packet->extras++;
		if (entry.extra.type == XEN_NET_EXTRA_NONE ||
		    entry.extra.type >= NET_EXTRAS)
			return false;
		packet->extra[entry.extra.type] = entry.extra;
		packet->has[entry.extra.type] = true;
	} while ((entry.extra.flags & XEN_NET_EXTRA_FLAG_MORE) != 0);
	return true;
}

/* The first slot has the size of all; it is left with its own. */
static enum net_verdict
take_slots(struct net_queue *queue, uint32_t *waiting,
    struct net_packet *packet)
{
	struct xen_net_tx_request *first = &packet->slots[0], *slot = first;
	enum net_verdict verdict = NET_FRAME;

	while ((slot->flags & XEN_NET_TX_MORE_DATA) != 0) {
		if (*waiting == 0 || packet->count == NET_SLOTS_FATAL)
			return NET_FATAL;
		--*waiting;
		slot = &packet->slots[packet->count++];
		copy_slot(queue, slot);
		if (packet->count > XEN_NET_SLOTS_MIN ||
		    slot->size > first->size)
			verdict = NET_WRONG;
		else
			first->size = (uint16_t)(first->size - slot->size);
		if (slot->offset + (uint32_t)slot->size > PAGE)
			return NET_FATAL;
	}
	return verdict;
}

static int
change_groups(struct host_netback *net, const struct net_packet *packet)
{
	bool add = packet->has[XEN_NET_EXTRA_MCAST_ADD];
	const uint8_t *address =
	    packet
		->extra[add ? XEN_NET_EXTRA_MCAST_ADD : XEN_NET_EXTRA_MCAST_DEL]
		.u.mcast.address;
	unsigned *count = &net->counts.multicast_groups;

	if (add) {
		if (*count == NET_GROUPS_MAX)
			return XEN_NET_ERROR;
		memcpy(net->groups[(*count)++], address, 6);
		return XEN_NET_OKAY;
	}
	for (unsigned i = 0; i < *count; i++) {
		if (memcmp(net->groups[i], address, 6) != 0)
			continue;
		memcpy(net->groups[i], net->groups[--*count], 6);
		break;
	}
	return XEN_NET_OKAY;
}

static enum net_verdict
describe(struct host_netback *net, struct net_packet *packet)
{
	struct host_frame *frame = &packet->frame;
	const struct xen_net_extra *gso = &packet->extra[XEN_NET_EXTRA_GSO];
	const struct xen_net_extra *hash = &packet->extra[XEN_NET_EXTRA_HASH];
	uint16_t flags = packet->slots[0].flags;

	frame->checksum_blank = (flags & XEN_NET_TX_CSUM_BLANK) != 0;
	frame->checksum_valid = (flags & XEN_NET_TX_DATA_VALIDATED) != 0;
	if (packet->has[XEN_NET_EXTRA_HASH]) {
		frame->has_hash = true;
		frame->hash_type = hash->u.hash.type;
		frame->hash = get_le32(hash->u.hash.value);
	}
	if (!packet->has[XEN_NET_EXTRA_GSO])
		return NET_FRAME;
	frame->gso_type = gso->u.gso.type;
	frame->gso_size = gso->u.gso.size;
	if (frame->gso_size == 0 ||
	    (frame->gso_type != XEN_NET_GSO_TCPV4 &&
		frame->gso_type != XEN_NET_GSO_TCPV6))
		return NET_FATAL;
	if (frame->gso_type == XEN_NET_GSO_TCPV4 ? net->config.no_gso4
						 : net->config.no_gso6)
		return NET_WRONG;
	return NET_FRAME;
}

static bool
copy_frame(struct net_queue *queue, struct net_packet *packet)
{
	struct host_netback *net = queue->net;
	size_t at = 0;

	for (unsigned i = 0; i < packet->count; i++) {
		const struct xen_net_tx_request *slot = &packet->slots[i];

		if (!host_grant_read(net->backend.xen, slot->ref, slot->offset,
			net->frame + at, slot->size))
			return false;
		at += slot->size;
	}
	packet->frame.bytes = net->frame;
	packet->frame.length = at;
	packet->frame.queue = queue->index;
	return true;
}

/* Linux would do the work in such cases; but a guest that asks for what was not
 * announced will meet a host that does not. */
static bool
is_announced(const struct host_netback *net, const struct net_packet *packet)
{
	uint16_t type = get_be16(net->frame + 12);

	if (net->config.no_sg && packet->count > 1)
		return false;
	if (!packet->frame.checksum_blank)
		return true;
	return !(type == ETHERTYPE_IPV4 && net->config.no_csum4) &&
	    !(type == ETHERTYPE_IPV6 && net->config.no_ipv6_csum);
}

enum net_verdict
net_packet_take(struct net_queue *queue, uint32_t waiting,
    struct net_packet *packet)
{
	struct xen_net_tx_request *first = &packet->slots[0];
	enum net_verdict verdict;
	uint16_t total;

	memset(packet, 0, sizeof(*packet));
	copy_slot(queue, first);
	packet->count = 1;
	waiting--;
	if ((first->flags & XEN_NET_TX_EXTRA_INFO) != 0 &&
	    !take_extras(queue, &waiting, packet))
		return NET_FATAL;
	if (packet->has[XEN_NET_EXTRA_MCAST_ADD] ||
	    packet->has[XEN_NET_EXTRA_MCAST_DEL]) {
		packet->status = change_groups(queue->net, packet);
		return NET_NOTHING;
	}
	total = first->size;
	verdict = take_slots(queue, &waiting, packet);
	if (verdict != NET_FRAME)
		return verdict;
	if (total < NET_HEADER)
		return NET_WRONG;
	if (first->offset + (uint32_t)first->size > PAGE)
		return NET_FATAL;
	verdict = describe(queue->net, packet);
	if (verdict != NET_FRAME)
		return verdict;
	if (!copy_frame(queue, packet) || !is_announced(queue->net, packet))
		return NET_WRONG;
	return NET_FRAME;
}
