/* SPDX-License-Identifier: ISC */
/*
 * As little of ARP, IPv4, ICMP and UDP as it takes to ping and to exchange
 * datagrams (RFC 826, 791, 792, 768).  Pure functions over bytes: what comes in
 * was written by a stranger.  Addresses and ports are numbers here.
 */
#ifndef PVGUEST_NET_H
#define PVGUEST_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NET_ETHERNET 14u
#define NET_SMALLEST 60u
#define NET_UDP_PAYLOAD 42u /* where it begins in a frame that we make */
#define NET_PING_PAYLOAD 42u

#define NET_TYPE_IPV4 0x0800u
#define NET_TYPE_ARP 0x0806u

enum net_kind {
	NET_OTHER, /* not for us to look into */
	NET_BROKEN,
	NET_ARP_REQUEST,
	NET_ARP_REPLY,
	NET_PING,
	NET_PONG,
	NET_UDP
};

struct net_packet {
	uint8_t mac[6]; /* of the sender */
	uint32_t from, to;
	uint16_t from_port, to_port;
	uint16_t id, sequence; /* of a ping */
	const uint8_t *payload;
	size_t payload_len;
	const char *problem; /* NET_BROKEN */
};

struct net_end {
	uint8_t mac[6];
	uint32_t ip;
	uint16_t port;
};

/* checked: somebody else vouches for the checksum of UDP. */
enum net_kind net_parse(const uint8_t *frame, size_t len, bool checked,
    struct net_packet *out);

uint16_t net_type(const uint8_t *frame);
void net_ethernet(uint8_t *frame, const uint8_t to[6], const uint8_t from[6],
    uint16_t type);
/* Each makes a whole frame and returns its length.  The payload of the last two
 * is in its place already. */
size_t net_arp(uint8_t *frame, bool reply, const struct net_end *from,
    const struct net_end *to);
size_t net_ping(uint8_t *frame, bool reply, const struct net_end *from,
    const struct net_end *to, uint16_t id, uint16_t sequence, size_t payload);
enum net_sum {
	NET_SUM_DONE,
	NET_SUM_BLANK,
	NET_SUM_NONE
};
size_t net_udp(uint8_t *frame, const struct net_end *from,
    const struct net_end *to, size_t payload, enum net_sum sum);

/* "10.0.0.1"; false: it is none. */
bool net_address(const char *text, size_t len, uint32_t *ip);

#endif
