/* SPDX-License-Identifier: ISC */
/* Addresses of a NIC as version 5 has them: numbers in place of text. */
#include "guest/bus/libc.h"
#include "guest/hyperv/kvp.h"

static unsigned
servers_out(const struct pv_address *servers, unsigned count, uint8_t (*v4)[4],
    uint32_t *v4_count, uint8_t (*v6)[16], uint32_t *v6_count, unsigned room)
{
	unsigned dropped = 0;

	for (unsigned i = 0; i < count; i++) {
		const struct pv_address *server = &servers[i];

		if (server->family == 4 && *v4_count < room)
			memcpy(v4[(*v4_count)++], server->bytes, 4);
		else if (server->family != 4 && *v6_count < room)
			memcpy(v6[(*v6_count)++], server->bytes, 16);
		else
			dropped++;
	}
	return dropped;
}

static void
mask_out(unsigned prefix, uint8_t mask[4])
{
	uint32_t bits = prefix == 0 ? 0
	    : prefix >= 32          ? 0xffffffffu
				    : 0xffffffffu << (32 - prefix);

	for (unsigned i = 0; i < 4; i++)
		mask[i] = (uint8_t)(bits >> (24 - 8 * i));
}

/* Who gave an address is not known one by one: "other" is what a server did. */
static uint16_t
origin(bool dhcp)
{
	return dhcp ? HV_KVP_ORIGIN_OTHER : HV_KVP_ORIGIN_STATIC;
}

unsigned
kvp_ip_to_binary(const struct pv_netif *netif, struct hv_kvp_ip_binary *to)
{
	unsigned n4 = 0, n6 = 0;

	_Static_assert(PV_NETIF_ADDRESSES <= HV_KVP_IPS, "all addresses fit");
	for (unsigned i = 0; i < netif->addresses; i++) {
		const struct pv_address *address = &netif->address[i];

		if (address->family == 4) {
			memcpy(to->ipv4[n4], address->bytes, 4);
			mask_out(address->prefix, to->ipv4_mask[n4++]);
		} else {
			memcpy(to->ipv6[n6], address->bytes, 16);
			to->ipv6_prefix[n6++] = address->prefix;
		}
	}
	/* those of IPv4 first, then those of IPv6 */
	for (unsigned i = 0; i < n4 + n6; i++)
		to->origin[i] = origin(i < n4 ? netif->dhcp4 : netif->dhcp6);
	to->ipv4_addresses = n4;
	to->ipv6_addresses = n6;
	to->family = (uint8_t)((n4 > 0 ? HV_KVP_FAMILY_IPV4 : 0) |
	    (n6 > 0 ? HV_KVP_FAMILY_IPV6 : 0));
	to->dhcp = netif->dhcp4 || netif->dhcp6;
	return servers_out(netif->gateway, netif->gateways, to->ipv4_gateway,
		   &to->ipv4_gateways, to->ipv6_gateway, &to->ipv6_gateways,
		   HV_KVP_GATEWAYS) +
	    servers_out(netif->dns_server, netif->dns, to->ipv4_server,
		&to->ipv4_dns, to->ipv6_server, &to->ipv6_dns, HV_KVP_IPS);
}

static bool
servers_in(const uint8_t (*v4)[4], uint32_t v4_count, const uint8_t (*v6)[16],
    uint32_t v6_count, uint32_t room, struct pv_address *to, unsigned *count)
{
	if (v4_count > room || v6_count > room ||
	    v4_count + v6_count > PV_NETIF_SERVERS)
		return false;
	for (uint32_t i = 0; i < v4_count; i++, ++*count) {
		to[*count].family = 4;
		memcpy(to[*count].bytes, v4[i], 4);
	}
	for (uint32_t i = 0; i < v6_count; i++, ++*count) {
		to[*count].family = 6;
		memcpy(to[*count].bytes, v6[i], 16);
	}
	return true;
}

static bool
addresses_in(const struct hv_kvp_ip_binary *from, struct pv_netif *to)
{
	if (from->ipv4_addresses > HV_KVP_IPS ||
	    from->ipv6_addresses > HV_KVP_IPS ||
	    from->ipv4_addresses + from->ipv6_addresses > PV_NETIF_ADDRESSES)
		return false;
	for (uint32_t i = 0; i < from->ipv4_addresses; i++) {
		struct pv_address *address = &to->address[to->addresses++];
		const uint8_t *mask = from->ipv4_mask[i];
		struct pv_address text = { .family = 4 };
		char quad[PV_ADDRESS_TEXT];
		int prefix;

		memcpy(text.bytes, mask, 4);
		prefix = kvp_mask_parse(quad, pv_address_text(&text, quad), 4);
		if (prefix < 0)
			return false;
		address->family = 4;
		address->prefix = (uint8_t)prefix;
		memcpy(address->bytes, from->ipv4[i], 4);
	}
	for (uint32_t i = 0; i < from->ipv6_addresses; i++) {
		struct pv_address *address = &to->address[to->addresses++];

		if (from->ipv6_prefix[i] > 128)
			return false;
		address->family = 6;
		address->prefix = (uint8_t)from->ipv6_prefix[i];
		memcpy(address->bytes, from->ipv6[i], 16);
	}
	return true;
}

int
kvp_ip_from_binary(const struct hv_kvp_ip_binary *from, struct pv_netif *to)
{
	memset(to, 0, sizeof(*to));
	if (from->dhcp > 1 ||
	    from->family > (HV_KVP_FAMILY_IPV4 | HV_KVP_FAMILY_IPV6) ||
	    !addresses_in(from, to) ||
	    !servers_in(from->ipv4_gateway, from->ipv4_gateways,
		from->ipv6_gateway, from->ipv6_gateways, HV_KVP_GATEWAYS,
		to->gateway, &to->gateways) ||
	    !servers_in(from->ipv4_server, from->ipv4_dns, from->ipv6_server,
		from->ipv6_dns, HV_KVP_IPS, to->dns_server, &to->dns))
		return PV_EINVAL;
	to->dhcp6 = from->dhcp && (from->family & HV_KVP_FAMILY_IPV6);
	to->dhcp4 = from->dhcp &&
	    (!to->dhcp6 || (from->family & HV_KVP_FAMILY_IPV4));
	if (to->addresses == 0 && !from->dhcp)
		return PV_EINVAL;
	return PV_OK;
}
