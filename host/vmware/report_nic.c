/* SPDX-License-Identifier: ISC */
/*
 * The NIC list in XDR.  The order of its members and every limit count: a list
 * that is off by a word shows a guest without addresses (talos-vmtoolsd, pull
 * request 32).
 */
#include <string.h>

#include "host/vmware/vmware_private.h"
#include "wire/endian.h"
#include "wire/vmware/nicinfo.h"

struct xdr {
	const uint8_t *at;
	size_t left;
	bool broken;
};

static uint32_t
word(struct xdr *xdr)
{
	uint32_t value;

	if (xdr->broken || xdr->left < 4) {
		xdr->broken = true;
		return 0;
	}
	value = get_be32(xdr->at);
	xdr->at += 4;
	xdr->left -= 4;
	return value;
}

static uint32_t
word_up_to(struct xdr *xdr, uint32_t from, uint32_t to)
{
	uint32_t value = word(xdr);

	if (value < from || value > to)
		xdr->broken = true;
	return xdr->broken ? 0 : value;
}

static void
skip(struct xdr *xdr, size_t size)
{
	if (xdr->broken || xdr->left < size) {
		xdr->broken = true;
		return;
	}
	xdr->at += size;
	xdr->left -= size;
}

/* Opaque bytes or a string, in units of four; their length. */
static uint32_t
bytes(struct xdr *xdr, uint32_t limit)
{
	uint32_t length = word_up_to(xdr, 0, limit);

	skip(xdr, ((size_t)length + 3) / 4 * 4);
	return length;
}

static bool
there(struct xdr *xdr)
{
	return word_up_to(xdr, 0, 1) == 1;
}

/* The largest prefix that such an address has. */
static uint32_t
address(struct xdr *xdr)
{
	uint32_t type = word(xdr), length = bytes(xdr, NICINFO_ADDRESS_MAX);

	if ((type == NICINFO_IPV4 && length == 4) ||
	    (type == NICINFO_IPV4Z && length == 8))
		return 32;
	if ((type == NICINFO_IPV6 && length == 16) ||
	    (type == NICINFO_IPV6Z && length == 20))
		return 128;
	if (type != NICINFO_UNKNOWN && type != NICINFO_DNS)
		xdr->broken = true;
	return 0;
}

static void
dns(struct xdr *xdr)
{
	uint32_t count;

	for (unsigned i = 0; i < 2; i++) /* host name, domain */
		if (there(xdr))
			bytes(xdr, NICINFO_NAME_MAX);
	count = word_up_to(xdr, 0, NICINFO_SERVERS);
	for (uint32_t i = 0; i < count && !xdr->broken; i++)
		address(xdr);
	count = word_up_to(xdr, 0, NICINFO_SUFFIXES);
	for (uint32_t i = 0; i < count && !xdr->broken; i++)
		bytes(xdr, NICINFO_NAME_MAX);
}

/* What a NIC and the whole list both end in. */
static void
configuration(struct xdr *xdr)
{
	if (there(xdr))
		dns(xdr);
	if (there(xdr)) { /* WINS: primary, secondary */
		address(xdr);
		address(xdr);
	}
	for (unsigned i = 0; i < 2; i++) /* DHCP for IPv4, for IPv6 */
		if (there(xdr)) {
			word_up_to(xdr, 0, 1);
			bytes(xdr, NICINFO_DHCP_MAX);
		}
}

static uint32_t
nic(struct xdr *xdr)
{
	uint32_t count;

	bytes(xdr, NICINFO_MAC_LEN);
	count = word_up_to(xdr, 0, NICINFO_IPS);
	for (uint32_t i = 0; i < count && !xdr->broken; i++) {
		word_up_to(xdr, 0, address(xdr));
		if (there(xdr))
			word_up_to(xdr, NICINFO_ORIGIN_OTHER,
			    NICINFO_ORIGIN_RANDOM);
		if (there(xdr))
			word_up_to(xdr, NICINFO_STATUS_PREFERRED,
			    NICINFO_STATUS_LAST);
	}
	configuration(xdr);
	return count;
}

static void
routes(struct xdr *xdr, uint32_t nics)
{
	uint32_t count = word_up_to(xdr, 0, NICINFO_ROUTES);

	for (uint32_t i = 0; i < count && !xdr->broken; i++) {
		word_up_to(xdr, 0, address(xdr));
		if (there(xdr))
			address(xdr);
		if (word(xdr) >= nics)
			xdr->broken = true;
		word_up_to(xdr, NICINFO_ROUTE_OTHER, NICINFO_ROUTE_REMOTE);
		word(xdr); /* metric */
	}
}

static uint32_t
nic_v2(struct xdr *xdr)
{
	uint32_t count;

	skip(xdr, 4 * NICINFO_MAC_LEN);
	count = word_up_to(xdr, 0, NICINFO_IPS);
	for (uint32_t i = 0; i < count && !xdr->broken; i++) {
		word_up_to(xdr, NICINFO_FAMILY_4, NICINFO_FAMILY_6);
		word_up_to(xdr, 0, 1);
		skip(xdr, (size_t)2 * 4 * NICINFO_IP_LEN);
	}
	return count;
}

unsigned
vmx_report_nics(const uint8_t *list, size_t size, bool *over_64)
{
	struct xdr xdr = { list, size, false };
	uint32_t version = word_up_to(&xdr, NICINFO_V2, NICINFO_V3);
	uint32_t nics, addresses;

	*over_64 = false;
	if (!there(&xdr))
		return 0;
	nics = word_up_to(&xdr, 0, NICINFO_NICS);
	for (uint32_t i = 0; i < nics && !xdr.broken; i++) {
		addresses = version == NICINFO_V3 ? nic(&xdr) : nic_v2(&xdr);
		*over_64 |= addresses > NICINFO_IPS_TYPE_9;
	}
	if (version == NICINFO_V3) {
		routes(&xdr, nics);
		configuration(&xdr);
	}
	return xdr.broken || xdr.left > 0 ? 0 : version;
}
