/* SPDX-License-Identifier: ISC */
#include "programs/pvguest/net.h"

#include "port/bare/libc.h"
#include "wire/endian.h"

#define IPV4_HEADER 20u
#define IPV4_ICMP 1
#define IPV4_UDP 17
#define ICMP_ECHO_REPLY 0
#define ICMP_ECHO 8
#define ARP_SIZE 28u

static void
put16(uint8_t *to, unsigned value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static void
put32(uint8_t *to, uint32_t value)
{
	put16(to, value >> 16);
	put16(to + 2, value & 0xffff);
}

/* RFC 1071: 16-bit words, the carries added to them. */
static uint32_t
sum(const uint8_t *bytes, size_t len, uint32_t start)
{
	uint64_t total = start;

	for (size_t i = 0; i + 1 < len; i += 2)
		total += get_be16(bytes + i);
	if (len % 2 != 0)
		total += (uint64_t)bytes[len - 1] << 8;
	while (total >> 16 != 0)
		total = (total & 0xffff) + (total >> 16);
	return (uint32_t)total;
}

static uint32_t
pseudo(uint32_t from, uint32_t to, size_t len)
{
	uint8_t header[12];

	put32(header, from);
	put32(header + 4, to);
	put16(header + 8, IPV4_UDP);
	put16(header + 10, (unsigned)len);
	return sum(header, sizeof(header), 0);
}

uint16_t
net_type(const uint8_t *frame)
{
	return get_be16(frame + 12);
}

static enum net_kind
broken(struct net_packet *out, const char *problem)
{
	out->problem = problem;
	return NET_BROKEN;
}

static enum net_kind
parse_arp(const uint8_t *arp, size_t len, struct net_packet *out)
{
	/* Ethernet, IPv4, their lengths */
	static const uint8_t kind[6] = { 0, 1, 8, 0, 6, 4 };
	uint16_t operation;

	if (len < ARP_SIZE || memcmp(arp, kind, sizeof(kind)) != 0)
		return NET_OTHER;
	operation = get_be16(arp + 6);
	memcpy(out->mac, arp + 8, 6);
	out->from = get_be32(arp + 14);
	out->to = get_be32(arp + 24);
	return operation == 1 ? NET_ARP_REQUEST
	    : operation == 2  ? NET_ARP_REPLY
			      : NET_OTHER;
}

static enum net_kind
parse_icmp(const uint8_t *icmp, size_t len, struct net_packet *out)
{
	if (len < 8)
		return broken(out, "ICMP is too short");
	if (sum(icmp, len, 0) != 0xffff)
		return broken(out, "ICMP has a wrong checksum");
	if (icmp[1] != 0 ||
	    (icmp[0] != ICMP_ECHO && icmp[0] != ICMP_ECHO_REPLY))
		return NET_OTHER;
	out->id = get_be16(icmp + 4);
	out->sequence = get_be16(icmp + 6);
	out->payload = icmp + 8;
	out->payload_len = len - 8;
	return icmp[0] == ICMP_ECHO ? NET_PING : NET_PONG;
}

static enum net_kind
parse_udp(const uint8_t *udp, size_t len, bool checked, struct net_packet *out)
{
	size_t size;

	if (len < 8)
		return broken(out, "UDP is too short");
	size = get_be16(udp + 4);
	if (size < 8 || size > len)
		return broken(out, "UDP has a wrong length");
	if (!checked && get_be16(udp + 6) != 0 &&
	    sum(udp, size, pseudo(out->from, out->to, size)) != 0xffff)
		return broken(out, "UDP has a wrong checksum");
	out->from_port = get_be16(udp);
	out->to_port = get_be16(udp + 2);
	out->payload = udp + 8;
	out->payload_len = size - 8;
	return NET_UDP;
}

static enum net_kind
parse_ipv4(const uint8_t *ip, size_t len, bool checked, struct net_packet *out)
{
	size_t header, total;

	if (len < IPV4_HEADER || ip[0] >> 4 != 4)
		return broken(out, "IPv4 is too short");
	header = (ip[0] & 15u) * 4;
	total = get_be16(ip + 2);
	if (header < IPV4_HEADER || header > total || total > len)
		return broken(out, "IPv4 has a wrong length");
	if (sum(ip, header, 0) != 0xffff)
		return broken(out, "IPv4 has a wrong checksum");
	if (get_be16(ip + 6) & 0x3fff) /* a fragment */
		return NET_OTHER;
	out->from = get_be32(ip + 12);
	out->to = get_be32(ip + 16);
	if (ip[9] == IPV4_ICMP)
		return parse_icmp(ip + header, total - header, out);
	if (ip[9] == IPV4_UDP)
		return parse_udp(ip + header, total - header, checked, out);
	return NET_OTHER;
}

enum net_kind
net_parse(const uint8_t *frame, size_t len, bool checked,
    struct net_packet *out)
{
	memset(out, 0, sizeof(*out));
	if (len < NET_ETHERNET)
		return broken(out, "the frame has no header");
	memcpy(out->mac, frame + 6, 6);
	if (net_type(frame) == NET_TYPE_ARP)
		return parse_arp(frame + NET_ETHERNET, len - NET_ETHERNET, out);
	if (net_type(frame) == NET_TYPE_IPV4)
		return parse_ipv4(frame + NET_ETHERNET, len - NET_ETHERNET,
		    checked, out);
	return NET_OTHER;
}

void
net_ethernet(uint8_t *frame, const uint8_t to[6], const uint8_t from[6],
    uint16_t type)
{
	memcpy(frame, to, 6);
	memcpy(frame + 6, from, 6);
	put16(frame + 12, type);
}

/* Short frames are filled up with zeroes. */
static size_t
finish(uint8_t *frame, size_t len)
{
	if (len >= NET_SMALLEST)
		return len;
	memset(frame + len, 0, NET_SMALLEST - len);
	return NET_SMALLEST;
}

size_t
net_arp(uint8_t *frame, bool reply, const struct net_end *from,
    const struct net_end *to)
{
	static const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 };
	uint8_t *arp = frame + NET_ETHERNET;

	net_ethernet(frame, reply ? to->mac : all, from->mac, NET_TYPE_ARP);
	put16(arp, 1);
	put16(arp + 2, NET_TYPE_IPV4);
	arp[4] = 6;
	arp[5] = 4;
	put16(arp + 6, reply ? 2 : 1);
	memcpy(arp + 8, from->mac, 6);
	put32(arp + 14, from->ip);
	if (reply)
		memcpy(arp + 18, to->mac, 6);
	else
		memset(arp + 18, 0, 6);
	put32(arp + 24, to->ip);
	return finish(frame, NET_ETHERNET + ARP_SIZE);
}

static void
ipv4(uint8_t *frame, const struct net_end *from, const struct net_end *to,
    uint8_t protocol, size_t payload)
{
	uint8_t *ip = frame + NET_ETHERNET;

	net_ethernet(frame, to->mac, from->mac, NET_TYPE_IPV4);
	memset(ip, 0, IPV4_HEADER);
	ip[0] = 0x45;
	put16(ip + 2, (unsigned)(IPV4_HEADER + payload));
	put16(ip + 6, 0x4000); /* not to be cut */
	ip[8] = 64;
	ip[9] = protocol;
	put32(ip + 12, from->ip);
	put32(ip + 16, to->ip);
	put16(ip + 10, ~sum(ip, IPV4_HEADER, 0) & 0xffff);
}

size_t
net_ping(uint8_t *frame, bool reply, const struct net_end *from,
    const struct net_end *to, uint16_t id, uint16_t sequence, size_t payload)
{
	uint8_t *icmp = frame + NET_ETHERNET + IPV4_HEADER;

	ipv4(frame, from, to, IPV4_ICMP, 8 + payload);
	icmp[0] = reply ? ICMP_ECHO_REPLY : ICMP_ECHO;
	icmp[1] = 0;
	put16(icmp + 2, 0);
	put16(icmp + 4, id);
	put16(icmp + 6, sequence);
	put16(icmp + 2, ~sum(icmp, 8 + payload, 0) & 0xffff);
	return finish(frame, NET_PING_PAYLOAD + payload);
}

size_t
net_udp(uint8_t *frame, const struct net_end *from, const struct net_end *to,
    size_t payload, enum net_sum how)
{
	uint8_t *udp = frame + NET_ETHERNET + IPV4_HEADER;
	uint32_t start = pseudo(from->ip, to->ip, 8 + payload), value = 0;

	ipv4(frame, from, to, IPV4_UDP, 8 + payload);
	put16(udp, from->port);
	put16(udp + 2, to->port);
	put16(udp + 4, (unsigned)(8 + payload));
	put16(udp + 6, 0);
	if (how == NET_SUM_BLANK)
		value = start;
	else if (how == NET_SUM_DONE) {
		value = ~sum(udp, 8 + payload, start) & 0xffff;
		if (value == 0)
			value = 0xffff;
	}
	put16(udp + 6, value);
	return finish(frame, NET_UDP_PAYLOAD + payload);
}

bool
net_address(const char *text, size_t len, uint32_t *ip)
{
	uint32_t value = 0, byte = 0;
	unsigned dots = 0, digits = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '.' && digits > 0 && dots < 3) {
			value = value << 8 | byte;
			byte = digits = 0;
			dots++;
			continue;
		}
		if (text[i] < '0' || text[i] > '9' || digits == 3)
			return false;
		byte = byte * 10 + (uint32_t)(text[i] - '0');
		digits++;
		if (byte > 255)
			return false;
	}
	*ip = value << 8 | byte;
	return dots == 3 && digits > 0;
}
