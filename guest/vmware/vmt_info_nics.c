/* SPDX-License-Identifier: ISC */
/*
 * The list of NICs in the three forms that hosts know (wire/vmware/nicinfo.h).
 * The order of fields is theirs, and checked there: addresses are no longer
 * shown when it changes (talos-vmtoolsd, pull request 32).
 */
#include "guest/bus/address.h"
#include "guest/bus/libc.h"
#include "guest/vmware/vmt_info.h"

/* "00:50:56:00:00:01", or "" where there is none (a tunnel). */
static void
mac_text(const struct pv_netif *netif, char to[NICINFO_MAC_LEN])
{
	static const char hex[] = "0123456789abcdef";
	static const uint8_t none[6];
	size_t len = 0;

	for (unsigned i = 0; i < 6 && memcmp(netif->mac, none, 6) != 0; i++) {
		if (i > 0)
			to[len++] = ':';
		to[len++] = hex[netif->mac[i] >> 4];
		to[len++] = hex[netif->mac[i] & 0xf];
	}
	to[len] = '\0';
}

/* ---- Version 3 -------------------------------------------------------- */

static void
put_address(struct writer *writer, const struct pv_address *address)
{
	xdr_write_u32(writer,
	    address->family == 4 ? NICINFO_IPV4 : NICINFO_IPV6);
	xdr_write_opaque(writer, address->bytes, address->family == 4 ? 4 : 16);
}

static void
put_optional(struct writer *writer, uint32_t value)
{
	xdr_write_u32(writer, 1);
	xdr_write_u32(writer, value);
}

/* The lower half is made of the MAC (RFC 4291, appendix A). */
static bool
is_eui64(const struct pv_netif *netif, const struct pv_address *address)
{
	const uint8_t *mac = netif->mac;
	const uint8_t id[8] = { mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3],
		mac[4], mac[5] };

	return memcmp(address->bytes + 8, id, sizeof(id)) == 0;
}

/* Where an address came from; 0: nobody can tell. */
static uint32_t
origin(const struct pv_netif *netif, const struct pv_address *address)
{
	const uint8_t *bytes = address->bytes;

	if (address->family == 4) {
		if (bytes[0] == 169 && bytes[1] == 254)
			return NICINFO_ORIGIN_RANDOM;
		return netif->dhcp4 ? NICINFO_ORIGIN_DHCP
				    : NICINFO_ORIGIN_MANUAL;
	}
	if (is_eui64(netif, address))
		return NICINFO_ORIGIN_LINK_LAYER;
	/* a router gives prefixes, a server whole addresses */
	return netif->dhcp6 && address->prefix == 128 ? NICINFO_ORIGIN_DHCP : 0;
}

static void
put_ip(struct writer *writer, const struct pv_netif *netif,
    const struct pv_address *address)
{
	uint32_t from = origin(netif, address);

	put_address(writer, address);
	xdr_write_u32(writer, address->prefix);
	if (from != 0)
		put_optional(writer, from);
	else
		xdr_write_u32(writer, 0);
	/* what RFC 4293 has for IPv4 where nothing more is known */
	put_optional(writer,
	    address->family == 4 ? NICINFO_STATUS_PREFERRED
				 : NICINFO_STATUS_UNKNOWN);
}

static void
put_name(struct writer *writer, const char *name)
{
	xdr_write_u32(writer, name[0] != '\0');
	if (name[0] != '\0')
		xdr_write_string(writer, name);
}

static void
put_dns(struct writer *writer, const struct vmt_net *net,
    const struct pv_address *servers, unsigned count, bool suffixes)
{
	xdr_write_u32(writer, 1);
	put_name(writer, net->host);
	put_name(writer, net->domain);
	xdr_write_u32(writer, count);
	for (unsigned i = 0; i < count; i++)
		put_address(writer, &servers[i]);
	xdr_write_u32(writer, suffixes ? net->suffixes : 0);
	for (unsigned i = 0; suffixes && i < net->suffixes; i++)
		xdr_write_string(writer, net->suffix[i]);
}

static void
put_dhcp(struct writer *writer, bool enabled)
{
	xdr_write_u32(writer, 1);
	xdr_write_u32(writer, enabled);
	xdr_write_string(writer, "");
}

static void
put_nic(struct writer *writer, const struct vmt_net *net,
    const struct pv_netif *netif)
{
	char mac[NICINFO_MAC_LEN];

	mac_text(netif, mac);
	xdr_write_string(writer, mac);
	xdr_write_u32(writer, netif->addresses);
	for (unsigned i = 0; i < netif->addresses; i++)
		put_ip(writer, netif, &netif->address[i]);
	if (netif->dns > 0)
		put_dns(writer, net, netif->dns_server, netif->dns, false);
	else
		xdr_write_u32(writer, 0);
	xdr_write_u32(writer, 0); /* WINS */
	put_dhcp(writer, netif->dhcp4);
	put_dhcp(writer, netif->dhcp6);
}

static void
put_route(struct writer *writer, const struct pv_route *route)
{
	bool next = route->gateway.family == 4 || route->gateway.family == 6;

	put_address(writer, &route->to);
	xdr_write_u32(writer, route->to.prefix);
	xdr_write_u32(writer, next);
	if (next)
		put_address(writer, &route->gateway);
	xdr_write_u32(writer, route->netif);
	xdr_write_u32(writer,
	    next ? NICINFO_ROUTE_REMOTE : NICINFO_ROUTE_LOCAL);
	xdr_write_u32(writer, route->metric);
}

/* The largest there can be has some 47,000 bytes, which fits. */
void
vmt_nics_v3(const struct vmt_net *net, struct writer *writer)
{
	xdr_write_u32(writer, NICINFO_V3);
	xdr_write_u32(writer, 1);
	xdr_write_u32(writer, net->nics);
	for (unsigned n = 0; n < net->nics; n++)
		put_nic(writer, net, &net->nic[n].netif);
	xdr_write_u32(writer, net->routes);
	for (unsigned i = 0; i < net->routes; i++)
		put_route(writer, &net->route[i]);
	put_dns(writer, net, net->server, net->servers, true);
	xdr_write_u32(writer, 0); /* WINS, DHCP: of the NICs */
	xdr_write_u32(writer, 0);
	xdr_write_u32(writer, 0);
}

/* ---- Version 2 -------------------------------------------------------- */

#define V2_NIC (4u * NICINFO_MAC_LEN + 4u)
#define V2_IP (4u + 4u + 2u * 4u * NICINFO_IP_LEN)

static void
put_v2_ip(struct writer *writer, const struct pv_netif *netif,
    const struct pv_address *address)
{
	bool ip4 = address->family == 4;
	char text[PV_ADDRESS_TEXT], mask[4];
	struct writer digits;

	(void)pv_address_text(address, text);
	writer_init(&digits, mask, sizeof(mask) - 1);
	write_decimal(&digits, address->prefix);
	mask[digits.len] = '\0';
	xdr_write_u32(writer, ip4 ? NICINFO_FAMILY_4 : NICINFO_FAMILY_6);
	xdr_write_u32(writer, ip4 ? netif->dhcp4 : netif->dhcp6);
	xdr_write_chars(writer, text, NICINFO_IP_LEN);
	xdr_write_chars(writer, mask, NICINFO_IP_LEN);
}

/* An address takes 520 bytes: 16 interfaces with all of theirs are more than a
 * message, and each interface is to be there. */
unsigned
vmt_nics_v2(const struct vmt_net *net, struct writer *writer)
{
	unsigned dropped = 0;

	xdr_write_u32(writer, NICINFO_V2);
	xdr_write_u32(writer, 1);
	xdr_write_u32(writer, net->nics);
	for (unsigned n = 0; n < net->nics; n++) {
		const struct pv_netif *netif = &net->nic[n].netif;
		size_t rest = (net->nics - n) * (size_t)V2_NIC;
		char mac[NICINFO_MAC_LEN];
		unsigned count = 0;

		while (count < netif->addresses &&
		    rest + (count + 1) * (size_t)V2_IP <=
			writer->room - writer->len)
			count++;
		dropped += netif->addresses - count;
		mac_text(netif, mac);
		xdr_write_chars(writer, mac, NICINFO_MAC_LEN);
		xdr_write_u32(writer, count);
		for (unsigned i = 0; i < count; i++)
			put_v2_ip(writer, netif, &netif->address[i]);
	}
	return dropped;
}

/* ---- Version 1 -------------------------------------------------------- */

/* A C structure of x86: all of it goes out, used or not. */
void
vmt_nics_v1(const struct vmt_net *net, struct writer *writer)
{
	write_le32(writer, net->nics);
	for (unsigned n = 0; n < NICINFO_NICS; n++) {
		struct nicinfo_v1_nic nic = { .pad = 0 };
		const struct pv_netif *netif = &net->nic[n].netif;
		unsigned count = 0;

		for (unsigned i = 0; n < net->nics && i < netif->addresses &&
		     count < NICINFO_V1_IPS;
		     i++) {
			char text[PV_ADDRESS_TEXT];

			if (netif->address[i].family != 4)
				continue;
			/* a dotted quad: 15 characters at most */
			memcpy(nic.ip[count++], text,
			    pv_address_text(&netif->address[i], text) + 1);
		}
		if (n < net->nics)
			mac_text(netif, nic.mac);
		write_le32(writer, count);
		write_bytes(writer, nic.mac,
		    sizeof(nic) - offsetof(struct nicinfo_v1_nic, mac));
	}
}
