/* SPDX-License-Identifier: ISC */
/* The checksums that a guest leaves blank, made good for one that wants them
 * whole.  The field holds the sum of the pseudo header. */
#include <string.h>

#include "host/bus/checksum.h"
#include "host/xen/netback_private.h"

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define TCP 6
#define UDP 17

/* Where TCP or UDP begins; 0: not found. */
static size_t
find_transport(const uint8_t *frame, size_t length, uint8_t *protocol)
{
	const uint8_t *ip = frame + NET_HEADER;
	size_t header;

	if (length < NET_HEADER + 20)
		return 0;
	switch (get_be16(frame + 12)) {
	case ETHERTYPE_IPV4:
		header = (size_t)(ip[0] & 15) * 4;
		*protocol = ip[9];
		break;
	case ETHERTYPE_IPV6:
		header = 40;
		*protocol = ip[6];
		break;
	default:
		return 0;
	}
	return header >= 20 && header <= length - NET_HEADER
	    ? NET_HEADER + header
	    : 0;
}

bool
net_checksum(uint8_t *to, const uint8_t *frame, size_t length)
{
	uint8_t protocol = 0;
	size_t at = find_transport(frame, length, &protocol);
	size_t field = protocol == TCP ? 16 : 6;
	uint16_t sum;

	if (at == 0 || (protocol != TCP && protocol != UDP) ||
	    length - at < field + 2)
		return false;
	memcpy(to, frame, length);
	sum = (uint16_t)~checksum_fold(checksum_add(0, to + at, length - at));
	if (protocol == UDP && sum == 0)
		sum = 0xffff; /* 0 says that there is none */
	put_be16(to + at + field, sum);
	return true;
}
