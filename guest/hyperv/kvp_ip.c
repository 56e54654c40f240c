/* SPDX-License-Identifier: ISC */
/*
 * What hosts ask and say about one NIC.  They name it by the instance of its
 * channel or by its MAC address, and addresses are lists of text, or of bytes
 * from version 5 on.  Linux's daemon has the same texts, with "/64" for a mask
 * of IPv6, and a ';' behind the last entry: taken too.
 */
#include "guest/bus/libc.h"
#include "guest/bus/number.h"
#include "guest/hyperv/kvp.h"

#define NETIFS 64u

/* ---- Which one -------------------------------------------------------- */

/* `want` bytes in hexadecimal; `marks`, where they may stand, are skipped. */
static bool
hex_bytes(const char *text, size_t len, const char *marks, uint8_t *bytes,
    size_t want)
{
	size_t have = 0, at = 0;

	while (at < len) {
		int high, low;
		bool mark = false;

		for (const char *m = marks; *m != '\0'; m++)
			mark |= text[at] == *m;
		if (mark) {
			at++;
			continue;
		}
		if (have == want || len - at < 2)
			return false;
		high = pv_hex_digit(text[at]);
		low = pv_hex_digit(text[at + 1]);
		if (high < 0 || low < 0)
			return false;
		bytes[have++] = (uint8_t)(high << 4 | low);
		at += 2;
	}
	return have == want;
}

/* The first three parts of a GUID are numbers, stored little-endian. */
static bool
guid_parse(const char *text, size_t len, struct hv_guid *to)
{
	static const uint8_t order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11,
		12, 13, 14, 15 };
	uint8_t bytes[16], *out = (uint8_t *)to;

	if (!hex_bytes(text, len, "{}-", bytes, sizeof(bytes)))
		return false;
	for (unsigned i = 0; i < 16; i++)
		out[order[i]] = bytes[i];
	return true;
}

/* What a host calls it by; the address may be known beside the instance. */
struct wanted {
	bool has_mac, has_instance;
	uint8_t mac[6];
	struct hv_guid instance;
};

static bool
wanted_parse(const struct kvp *kvp, const char *id, size_t len,
    struct wanted *wanted)
{
	wanted->has_mac = hex_bytes(id, len, ":-", wanted->mac, 6);
	if (wanted->has_mac)
		return true;
	wanted->has_instance = guid_parse(id, len, &wanted->instance);
	for (unsigned i = 0; wanted->has_instance && i < kvp->adapter_count;
	     i++)
		if (memcmp(&kvp->adapters[i].instance, &wanted->instance,
			sizeof(wanted->instance)) == 0) {
			memcpy(wanted->mac, kvp->adapters[i].mac, 6);
			wanted->has_mac = true;
		}
	return wanted->has_instance;
}

static bool
is_wanted(const struct wanted *wanted, const struct pv_netif *netif)
{
	struct hv_guid instance;
	size_t len = 0;

	if (wanted->has_mac && memcmp(netif->mac, wanted->mac, 6) == 0)
		return true;
	while (len < sizeof(netif->instance) && netif->instance[len] != '\0')
		len++;
	return wanted->has_instance &&
	    guid_parse(netif->instance, len, &instance) &&
	    memcmp(&instance, &wanted->instance, sizeof(instance)) == 0;
}

int
kvp_ip_find(struct kvp *kvp, const char *id, size_t len, struct pv_netif *out)
{
	const struct pv_port *port = kvp->hyperv->port;
	struct wanted wanted = { 0 };

	if (port->netif == NULL)
		return PV_ENOTSUP;
	if (!wanted_parse(kvp, id, len, &wanted))
		return PV_ENOENT;
	for (unsigned i = 0; i < NETIFS; i++) {
		memset(out, 0, sizeof(*out));
		if (port->netif(port->ctx, i, out) != PV_OK)
			break;
		if (!is_wanted(&wanted, out))
			continue;
		if (out->addresses > PV_NETIF_ADDRESSES)
			out->addresses = PV_NETIF_ADDRESSES;
		if (out->gateways > PV_NETIF_SERVERS)
			out->gateways = PV_NETIF_SERVERS;
		if (out->dns > PV_NETIF_SERVERS)
			out->dns = PV_NETIF_SERVERS;
		return PV_OK;
	}
	return PV_ENOENT;
}

/* ---- Out, as text ----------------------------------------------------- */

static void
mask_text(const struct pv_address *address, char *to)
{
	struct pv_address mask = { .family = 4 };
	uint32_t bits;
	size_t len;

	if (address->family == 6) {
		to[0] = '/';
		len = 1 + pv_decimal(address->prefix, to + 1);
		to[len] = '\0';
		return;
	}
	bits = address->prefix == 0 ? 0
	    : address->prefix >= 32 ? 0xffffffffu
				    : 0xffffffffu << (32 - address->prefix);
	for (unsigned i = 0; i < 4; i++)
		mask.bytes[i] = (uint8_t)(bits >> (24 - 8 * i));
	(void)pv_address_text(&mask, to);
}

static bool
fits(const char *list, size_t room, const char *entry)
{
	size_t len = strlen(list);

	return len + (len > 0) + strlen(entry) < room;
}

static void
append(char *list, const char *entry)
{
	size_t len = strlen(list);

	if (len > 0)
		list[len++] = ';';
	memcpy(list + len, entry, strlen(entry) + 1);
}

static unsigned
servers_text(const struct pv_address *servers, unsigned count, char *list,
    size_t room)
{
	unsigned dropped = 0;

	for (unsigned i = 0; i < count; i++) {
		char text[PV_ADDRESS_TEXT];

		(void)pv_address_text(&servers[i], text);
		if (fits(list, room, text))
			append(list, text);
		else
			dropped++;
	}
	return dropped;
}

static uint8_t
families(const struct pv_netif *netif)
{
	uint8_t both = HV_KVP_FAMILY_NONE;

	for (unsigned i = 0; i < netif->addresses; i++)
		both |= netif->address[i].family == 4 ? HV_KVP_FAMILY_IPV4
						      : HV_KVP_FAMILY_IPV6;
	return both;
}

unsigned
kvp_ip_text(const struct pv_netif *netif, struct kvp_ip_text *to)
{
	unsigned dropped = 0;

	memset(to, 0, sizeof(*to));
	to->family = families(netif);
	to->dhcp = netif->dhcp4 || netif->dhcp6;
	for (unsigned i = 0; i < netif->addresses; i++) {
		char text[PV_ADDRESS_TEXT], mask[PV_ADDRESS_TEXT];

		(void)pv_address_text(&netif->address[i], text);
		mask_text(&netif->address[i], mask);
		if (fits(to->addresses, sizeof(to->addresses), text) &&
		    fits(to->masks, sizeof(to->masks), mask)) {
			append(to->addresses, text);
			append(to->masks, mask);
		} else
			dropped++;
	}
	dropped += servers_text(netif->gateway, netif->gateways, to->gateways,
	    sizeof(to->gateways));
	dropped += servers_text(netif->dns_server, netif->dns, to->dns,
	    sizeof(to->dns));
	return dropped;
}

/* ---- In, as text ------------------------------------------------------ */

/* The next entry of a list; false: there is none. */
static bool
entry(const char **list, const char **text, size_t *len)
{
	if (**list == '\0')
		return false;
	*text = *list;
	*len = 0;
	while ((*text)[*len] != '\0' && (*text)[*len] != ';')
		++*len;
	*list += *len;
	if (**list == ';')
		++*list;
	return true;
}

static int
servers_parse(const char *list, struct pv_address *servers, unsigned *count)
{
	const char *text;
	size_t len;

	while (entry(&list, &text, &len)) {
		if (*count == PV_NETIF_SERVERS ||
		    !kvp_address_parse(text, len, &servers[*count]))
			return PV_EINVAL;
		++*count;
	}
	return PV_OK;
}

static bool
wanted_is_something(const struct pv_netif *netif)
{
	return netif->addresses > 0 || netif->dhcp4 || netif->dhcp6;
}

/* No family with the flag: of IPv4, as hosts that know no other mean it. */
static void
set_dhcp(struct pv_netif *netif, unsigned family, unsigned dhcp)
{
	netif->dhcp6 = dhcp && (family & HV_KVP_FAMILY_IPV6);
	netif->dhcp4 = dhcp && (!netif->dhcp6 || (family & HV_KVP_FAMILY_IPV4));
}

int
kvp_ip_parse(const struct kvp_ip_text *from, struct pv_netif *to)
{
	const char *addresses = from->addresses, *masks = from->masks;
	const char *text;
	size_t len;

	memset(to, 0, sizeof(*to));
	if (from->dhcp > 1 ||
	    from->family > (HV_KVP_FAMILY_IPV4 | HV_KVP_FAMILY_IPV6))
		return PV_EINVAL;
	set_dhcp(to, from->family, from->dhcp);
	while (entry(&addresses, &text, &len)) {
		struct pv_address *address = &to->address[to->addresses];
		int prefix;

		if (to->addresses == PV_NETIF_ADDRESSES ||
		    !kvp_address_parse(text, len, address) ||
		    !entry(&masks, &text, &len))
			return PV_EINVAL;
		prefix = kvp_mask_parse(text, len, address->family);
		if (prefix < 0)
			return PV_EINVAL;
		address->prefix = (uint8_t)prefix;
		to->addresses++;
	}
	if (entry(&masks, &text, &len) ||
	    servers_parse(from->gateways, to->gateway, &to->gateways) !=
		PV_OK ||
	    servers_parse(from->dns, to->dns_server, &to->dns) != PV_OK ||
	    !wanted_is_something(to))
		return PV_EINVAL;
	return PV_OK;
}

int
kvp_ip_apply(struct kvp *kvp, const char *id, size_t len,
    struct pv_netif *wanted)
{
	const struct pv_port *port = kvp->hyperv->port;
	int error;

	if (port->netif_set == NULL)
		return PV_ENOTSUP;
	error = kvp_ip_find(kvp, id, len, &kvp->netif);
	if (error != PV_OK)
		return error;
	memcpy(wanted->name, kvp->netif.name, sizeof(wanted->name));
	memcpy(wanted->mac, kvp->netif.mac, sizeof(wanted->mac));
	error = port->netif_set(port->ctx, wanted);
	/* what no NIC has is told apart from what the port lacks */
	return error == PV_ENOENT ? PV_EIO : error;
}

int
kvp_ip_set(struct kvp *kvp, const char *id, size_t len,
    const struct kvp_ip_text *ip)
{
	int error = kvp_ip_parse(ip, &kvp->wanted);

	if (error != PV_OK)
		return error;
	return kvp_ip_apply(kvp, id, len, &kvp->wanted);
}
