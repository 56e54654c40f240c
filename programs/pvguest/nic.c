/* SPDX-License-Identifier: ISC */
/* Network interfaces: each is taken over as it comes, and answers to ARP and to
 * pings from then on. */
#include "programs/pvguest/nic.h"

static struct guest_nic nics[NIC_MOST];

static void
sent(struct pv_frame *frame)
{
	struct nic_slot *slot = frame->owner;

	slot->busy = false;
	slot->owner->busy--;
	if (frame->error == PV_OK)
		return;
	slot->owner->unsent++;
	slot->owner->error = frame->error;
	if (frame->error == PV_EBUSY) /* the host still has the memory */
		slot->memory = NULL;
}

struct nic_slot *
nic_slot(struct guest_nic *nic, size_t size)
{
	for (unsigned i = 0; nic->busy < NIC_SLOTS && i < NIC_SLOTS; i++) {
		struct nic_slot *slot = &nic->slot[nic->next];

		nic->next = (nic->next + 1) % NIC_SLOTS;
		if (slot->busy)
			continue;
		if (slot->memory == NULL || slot->size < size) {
			bare_free(slot->memory, slot->size);
			slot->size = size < 2048 ? 2048 : size;
			slot->memory = bare_alloc(slot->size);
			if (slot->memory == NULL)
				return NULL;
		}
		slot->owner = nic;
		return slot;
	}
	return NULL;
}

void
nic_send(struct nic_slot *slot, size_t len, uint32_t flags)
{
	struct guest_nic *nic = slot->owner;

	if (nic->nic == NULL)
		return;
	slot->segment = (struct pv_segment){ slot->memory,
		(uintptr_t)slot->memory, len };
	slot->frame = (struct pv_frame){
		.segments = &slot->segment,
		.count = 1,
		.length = len,
		.flags = flags,
		.done = sent,
		.owner = slot,
	};
	if (flags & PV_FRAME_CHECKSUM_BLANK) { /* of UDP, as net_udp() does */
		slot->frame.checksum_start = NET_UDP_PAYLOAD - 8;
		slot->frame.checksum_offset = 6;
	}
	slot->busy = true;
	nic->busy++;
	pv_nic_transmit(nic->nic, 0, &slot->frame);
}

void
nic_kick(struct guest_nic *nic)
{
	if (nic->nic != NULL)
		pv_nic_kick(nic->nic, 0);
}

const uint8_t *
nic_bytes(const struct pv_frame *frame)
{
	static uint8_t linear[NIC_LARGEST + 1];
	size_t at = 0;

	if (frame->count == 1)
		return frame->segments[0].data;
	for (unsigned i = 0; i < frame->count; i++) {
		size_t len = frame->segments[i].len;

		if (len > sizeof(linear) - at)
			return NULL;
		memcpy(linear + at, frame->segments[i].data, len);
		at += len;
	}
	return linear;
}

enum net_kind
nic_parse(const struct pv_frame *frame, struct net_packet *packet)
{
	const uint8_t *bytes;
	bool vouched = (frame->flags & PV_FRAME_CHECKSUM_VALID) != 0;

	if ((frame->flags & PV_FRAME_CHECKSUM_BLANK) &&
	    pv_frame_checksum(frame) != PV_OK)
		return NET_BROKEN;
	bytes = nic_bytes(frame);
	return bytes == NULL ? NET_BROKEN
			     : net_parse(bytes, frame->length, vouched, packet);
}

static void
learn(struct guest_nic *nic, const struct net_packet *packet)
{
	unsigned at = 0, most = sizeof(nic->known) / sizeof(nic->known[0]);

	while (
	    at < most && at < nic->knows && nic->known[at].ip != packet->from)
		at++;
	if (at == most)
		at = nic->knows % most;
	if (at >= nic->knows)
		nic->knows = at + 1;
	nic->known[at].ip = packet->from;
	memcpy(nic->known[at].mac, packet->mac, 6);
}

static void
answer(struct guest_nic *nic, enum net_kind kind,
    const struct net_packet *packet)
{
	struct net_end other = { .ip = packet->from };
	struct nic_slot *slot;
	size_t len;

	if (packet->payload_len > NIC_LARGEST - 100)
		return;
	slot = nic_slot(nic, packet->payload_len + 100);
	if (slot == NULL)
		return; /* who asked will ask again */
	memcpy(other.mac, packet->mac, 6);
	if (kind == NET_ARP_REQUEST)
		len = net_arp(slot->memory, true, &nic->self, &other);
	else {
		memcpy(slot->memory + NET_PING_PAYLOAD, packet->payload,
		    packet->payload_len);
		len = net_ping(slot->memory, true, &nic->self, &other,
		    packet->id, packet->sequence, packet->payload_len);
	}
	nic_send(slot, len, 0);
	nic_kick(nic);
}

static void
receive(struct pv_nic *pv_nic, unsigned queue, const struct pv_frame *frame)
{
	struct guest_nic *nic = pv_nic->owner;
	const uint8_t *head;
	struct net_packet packet;
	enum net_kind kind;

	(void)queue;
	nic->received++;
	if (frame->count == 0 || frame->length < NET_ETHERNET)
		return;
	head = frame->segments[0].data;
	if (frame->segments[0].len < NET_ETHERNET)
		head = nic_bytes(frame);
	if (head == NULL || (nic->hook != NULL && nic->hook(nic, frame, head)))
		return;
	kind = nic_parse(frame, &packet);
	if (kind == NET_BROKEN)
		nic->broken++;
	if (nic->self.ip == 0 || packet.to != nic->self.ip)
		return;
	if (kind == NET_ARP_REPLY || kind == NET_ARP_REQUEST)
		learn(nic, &packet);
	if (kind == NET_ARP_REQUEST || kind == NET_PING)
		answer(nic, kind, &packet);
}

static void
changed(struct pv_nic *pv_nic, void *owner)
{
	struct guest_nic *nic = owner;

	if (pv_nic->gone)
		nic->nic = NULL;
}

static void
adopt(struct pv_nic *pv_nic)
{
	for (unsigned i = 0; i < NIC_MOST; i++) {
		struct guest_nic *nic = &nics[i];

		if (nic->nic != NULL || nic->busy > 0)
			continue;
		nic->nic = pv_nic;
		nic->self = (struct net_end){ .ip = 0 };
		memcpy(nic->self.mac, pv_nic->mac, 6);
		nic->knows = 0;
		nic->hook = NULL;
		nic->received = nic->broken = nic->unsent = 0;
		nic->error = PV_OK;
		pv_nic->owner = nic;
		pv_nic->changed = changed;
		pv_nic->receive = receive;
		return;
	}
}

void
nics_poll(void)
{
	const struct pv_device *device = pv_bus_devices(guest_bus());

	for (; device != NULL; device = device->next)
		if (device->nic != NULL && device->nic->receive == NULL &&
		    !device->nic->gone)
			adopt(device->nic);
}

struct guest_nic *
nic_find(const char *name)
{
	uint64_t until = bare_now() + PATIENCE;

	for (;;) {
		struct pv_device *device = guest_device(name);
		struct guest_nic *nic;

		if (device == NULL || device->nic == NULL ||
		    device->state != PV_DEVICE_ATTACHED || device->nic->gone) {
			fail(STATUS_MISSING,
			    "nic: expected a network "
			    "interface, there is no %s",
			    name);
			return NULL;
		}
		nics_poll();
		nic = device->nic->owner;
		if (nic != NULL && device->nic->link) {
			memcpy(nic->self.mac, device->nic->mac, 6);
			return nic;
		}
		if (bare_now() >= until) {
			fail(STATUS_MISSING, "nic: %s has no link", name);
			return NULL;
		}
		guest_wait(until);
	}
}

void
nic_choose_address(struct guest_nic *nic, uint32_t other)
{
	uint32_t host = 128 + (nic->self.mac[5] & 63u);

	if (nic->self.ip != 0)
		return;
	if ((other & 255) == host)
		host++;
	nic->self.ip = (other & ~255u) | host;
}

bool
nic_resolve(struct guest_nic *nic, struct net_end *to)
{
	uint64_t until = bare_now() + PATIENCE, again = 0;

	while (nic->nic != NULL && bare_now() < until) {
		struct nic_slot *slot;

		for (unsigned i = 0; i < nic->knows; i++) {
			if (nic->known[i].ip != to->ip)
				continue;
			memcpy(to->mac, nic->known[i].mac, 6);
			return true;
		}
		if (bare_now() >= again &&
		    (slot = nic_slot(nic, NET_SMALLEST)) != NULL) {
			nic_send(slot,
			    net_arp(slot->memory, false, &nic->self, to), 0);
			nic_kick(nic);
			again = bare_now() + PV_SECOND / 2;
		}
		guest_wait(again);
	}
	return false;
}
