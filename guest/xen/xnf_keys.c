/* SPDX-License-Identifier: ISC */
/* What the two ends of a NIC say to each other in XenStore. */
#include "guest/bus/format.h"
#include "guest/bus/libc.h"
#include "guest/bus/number.h"
#include "guest/xen/xnf.h"

#define ETHERNET_HEADER 14u
#define MTU_USUAL 1500u
#define MTU_LEAST 68u /* RFC 791 */
#define MTU_MOST (XEN_NET_TX_SIZE_MAX - ETHERNET_HEADER)

static const struct {
	enum xenbus_end end;
	char key[40];
} keys[XNF_KEYS] = {
	[XNF_KEY_SG] = { XENBUS_BACK, "feature-sg" },
	[XNF_KEY_GSO4] = { XENBUS_BACK, "feature-gso-tcpv4" },
	[XNF_KEY_GSO6] = { XENBUS_BACK, "feature-gso-tcpv6" },
	[XNF_KEY_NO_CSUM] = { XENBUS_BACK, "feature-no-csum-offload" },
	[XNF_KEY_CSUM6] = { XENBUS_BACK, "feature-ipv6-csum-offload" },
	[XNF_KEY_COPY] = { XENBUS_BACK, "feature-rx-copy" },
	[XNF_KEY_SPLIT] = { XENBUS_BACK, "feature-split-event-channels" },
	[XNF_KEY_QUEUES] = { XENBUS_BACK, "multi-queue-max-queues" },
	[XNF_KEY_MULTICAST] = { XENBUS_BACK, "feature-multicast-control" },
	[XNF_KEY_DYNAMIC] = { XENBUS_BACK,
	    "feature-dynamic-multicast-control" },
	[XNF_KEY_BACK_MAC] = { XENBUS_BACK, "mac" },
	[XNF_KEY_MAC] = { XENBUS_FRONT, "mac" },
	[XNF_KEY_TRUSTED] = { XENBUS_FRONT, "trusted" },
	[XNF_KEY_CARRIER] = { XENBUS_BACK, "carrier" },
	[XNF_KEY_HOTPLUG] = { XENBUS_BACK, "hotplug-status" },
	[XNF_KEY_BACK_MTU] = { XENBUS_BACK, "mtu" },
	[XNF_KEY_MTU] = { XENBUS_FRONT, "mtu" },
};

static void
ask(struct xnf *xnf, enum xnf_key first, enum xnf_key end,
    void (*done)(struct xenbus_read *))
{
	for (unsigned i = first; i < end; i++) {
		struct xenbus_value *value = &xnf->values[i];

		*value = (struct xenbus_value){ .end = keys[i].end };
		memcpy(value->key, keys[i].key, sizeof(keys[i].key));
	}
	xnf->read = (struct xenbus_read){ .values = &xnf->values[first],
		.count = end - first,
		.done = done,
		.owner = xnf };
	xenbus_read(xnf->bus, &xnf->read);
}

void
xnf_keys_ask(struct xnf *xnf, void (*done)(struct xenbus_read *))
{
	ask(xnf, 0, XNF_KEYS, done);
}

void
xnf_keys_ask_link(struct xnf *xnf, void (*done)(struct xenbus_read *))
{
	ask(xnf, XNF_KEYS_LINK, XNF_KEYS, done);
}

/* ---- What the answers mean -------------------------------------------- */

static uint64_t
number(struct xnf *xnf, enum xnf_key key, uint64_t limit, uint64_t otherwise)
{
	return xenbus_number(xnf->bus, &xnf->values[key], limit, otherwise);
}

static bool
flag(struct xnf *xnf, enum xnf_key key)
{
	return number(xnf, key, 1, 0) == 1;
}

bool
xnf_mac_parse(const char *text, uint8_t mac[6])
{
	uint8_t bytes[6];

	if (strlen(text) != 17)
		return false;
	for (unsigned i = 0; i < 6; i++) {
		int high = pv_hex_digit(text[3 * i]),
		    low = pv_hex_digit(text[3 * i + 1]);

		if (high < 0 || low < 0 || (i < 5 && text[3 * i + 2] != ':'))
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	if ((bytes[0] & 1) != 0) /* that of a group */
		return false;
	memcpy(mac, bytes, 6);
	return true;
}

static bool
take_mac(struct xnf *xnf)
{
	const struct xenbus_value *front = &xnf->values[XNF_KEY_MAC];
	const struct xenbus_value *back = &xnf->values[XNF_KEY_BACK_MAC];

	if (front->there && xnf_mac_parse(front->text, xnf->nic.mac))
		return true;
	if (front->there)
		xnf->device->stats.bad_text++;
	if (back->there && xnf_mac_parse(back->text, xnf->nic.mac))
		return true;
	if (back->there)
		xnf->device->stats.bad_text++;
	return false;
}

/* The features of transmission.  Cutting into segments needs slots, and a
 * checksum for each. */
static uint32_t
features(struct xnf *xnf)
{
	bool sg = flag(xnf, XNF_KEY_SG);
	bool csum4 = !flag(xnf, XNF_KEY_NO_CSUM);
	bool csum6 = flag(xnf, XNF_KEY_CSUM6);
	uint32_t features = 0;

	if (sg)
		features |= PV_NIC_SCATTER;
	if (csum4)
		features |= PV_NIC_CHECKSUM4;
	if (csum6)
		features |= PV_NIC_CHECKSUM6;
	if (sg && csum4 && flag(xnf, XNF_KEY_GSO4))
		features |= PV_NIC_TSO4;
	if (sg && csum6 && flag(xnf, XNF_KEY_GSO6))
		features |= PV_NIC_TSO6;
	return features;
}

int
xnf_keys_take(struct xnf *xnf, const char **why)
{
	uint64_t most = number(xnf, XNF_KEY_QUEUES, UINT32_MAX, 1);
	unsigned cpus = xnf->xen->cpus;

	if (!flag(xnf, XNF_KEY_COPY)) {
		*why = "the back end does not copy (feature-rx-copy)";
		return PV_ENOTSUP;
	}
	if (!take_mac(xnf)) {
		*why = "no address";
		return PV_ENOTSUP;
	}
	xnf->nic.features = features(xnf);
	xnf->split = flag(xnf, XNF_KEY_SPLIT);
	xnf->multi = xnf->multi || xnf->values[XNF_KEY_QUEUES].there;
	if (most == 0) {
		xnf->device->stats.bad_value++;
		most = 1;
	}
	if (most > XNF_QUEUES)
		most = XNF_QUEUES;
	if (most > cpus)
		most = cpus > 0 ? cpus : 1;
	xnf->active = (unsigned)most;
	xnf->untrusted = number(xnf, XNF_KEY_TRUSTED, 1, 1) == 0;
	xnf->can_filter = flag(xnf, XNF_KEY_MULTICAST);
	xnf->can_filter_later = xnf->can_filter && flag(xnf, XNF_KEY_DYNAMIC);
	return PV_OK;
}

/*
 * The link is up when the back end is connected, unless "carrier" is 0, or
 * "hotplug-status", in which the scripts of domain 0 say that they have put it
 * into a bridge, says anything but that.
 */
bool
xnf_keys_take_link(struct xnf *xnf)
{
	const struct xenbus_value *hotplug = &xnf->values[XNF_KEY_HOTPLUG];
	uint64_t mtu = number(xnf, XNF_KEY_MTU, UINT32_MAX, 0);
	static const char connected[] = "connected";
	struct pv_nic *nic = &xnf->nic, before = *nic;

	nic->max_mtu = (nic->features & PV_NIC_SCATTER) != 0 ? MTU_MOST
							     : MTU_USUAL;
	if (mtu == 0)
		mtu = number(xnf, XNF_KEY_BACK_MTU, UINT32_MAX, MTU_USUAL);
	if (mtu < MTU_LEAST)
		mtu = MTU_USUAL;
	nic->mtu = mtu < nic->max_mtu ? (unsigned)mtu : nic->max_mtu;
	nic->link = number(xnf, XNF_KEY_CARRIER, 1, 1) == 1 &&
	    (!hotplug->there ||
		memcmp(hotplug->text, connected, sizeof(connected)) == 0);
	return xnf->unsaid || nic->link != before.link ||
	    nic->mtu != before.mtu;
}

/* ---- What we say ------------------------------------------------------ */

static void
tell(struct xnf *xnf, const char *key, uint64_t value)
{
	if (xnf->write.count < XNF_PAIRS)
		xenbus_pair_number(&xnf->pairs[xnf->write.count++], key, value);
}

/* With one queue its keys stand at the top, as in the time before there were
 * more. */
static void
tell_queue(struct xnf *xnf, const struct xnf_queue *queue, const char *key,
    uint64_t value)
{
	char path[48];

	if (xnf->active > 1)
		pv_format(path, sizeof(path), "queue-%u/%s", queue->index, key);
	else
		pv_format(path, sizeof(path), "%s", key);
	tell(xnf, path, value);
}

static void
tell_rings(struct xnf *xnf, const struct xnf_queue *queue)
{
	tell_queue(xnf, queue, "tx-ring-ref", queue->rings.references[0]);
	tell_queue(xnf, queue, "rx-ring-ref", queue->rings.references[1]);
	if (queue->split) {
		tell_queue(xnf, queue, "event-channel-tx", queue->channel.port);
		tell_queue(xnf, queue, "event-channel-rx",
		    queue->rx_channel.port);
	} else
		tell_queue(xnf, queue, "event-channel", queue->channel.port);
}

void
xnf_keys_tell(struct xnf *xnf, void (*done)(struct xenbus_write *))
{
	xnf->write = (struct xenbus_write){ .pairs = xnf->pairs,
		.state = XEN_BUS_CONNECTED,
		.done = done,
		.owner = xnf };
	if (xnf->multi)
		tell(xnf, "multi-queue-num-queues", xnf->active);
	for (unsigned i = 0; i < xnf->active; i++)
		tell_rings(xnf, xnf->queues[i]);
	tell(xnf, "request-rx-copy", 1);
	tell(xnf, "feature-rx-notify", 1);
	tell(xnf, "feature-sg", 1);
	tell(xnf, "feature-gso-tcpv4", 1);
	tell(xnf, "feature-gso-tcpv6", 1);
	tell(xnf, "feature-no-csum-offload", 0);
	tell(xnf, "feature-ipv6-csum-offload", 1);
	if (xnf->can_filter)
		tell(xnf, "request-multicast-control", xnf->filter);
	xenbus_write(xnf->bus, &xnf->write);
}

/* The state is written with it, and is the same as before. */
void
xnf_keys_tell_filter(struct xnf *xnf, void (*done)(struct xenbus_write *))
{
	xnf->write = (struct xenbus_write){ .pairs = xnf->pairs,
		.state = XEN_BUS_CONNECTED,
		.done = done,
		.owner = xnf };
	tell(xnf, "request-multicast-control", xnf->filter);
	xenbus_write(xnf->bus, &xnf->write);
}
