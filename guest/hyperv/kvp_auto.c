/* SPDX-License-Identifier: ISC */
/*
 * Pool Auto: ten names in the order of the wire, with what the port says of the
 * guest when somebody asks.  What was written over one of them stays.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/kvp.h"

/* What Linux's driver has called itself since 2013 (HV_DRV_VERSION): hosts up to
 * 2012 R2 want an update of what they do not know. */
static const char services_version[] = "3.1";

/* How long what was said is true. */
#define FRESH PV_SECOND

/* Interfaces that are looked at. */
#define NETIFS 64u

static size_t
fact(struct kvp *kvp, enum pv_fact which)
{
	const struct pv_port *port = kvp->hyperv->port;
	long len;

	if (port->fact == NULL)
		return 0;
	len = port->fact(port->ctx, which, kvp->text, sizeof(kvp->text));
	if (len < 0 || (size_t)len >= sizeof(kvp->text))
		return 0;
	return (size_t)len;
}

static void
set(struct kvp *kvp, const char *key, const char *value, size_t len)
{
	/* one that no host could be told is as good as none */
	if (kvp_set_fact(kvp, key, value, len) == PV_EINVAL)
		(void)kvp_set_fact(kvp, key, "", 0);
}

static void
set_fact(struct kvp *kvp, const char *key, enum pv_fact which)
{
	set(kvp, key, kvp->text, fact(kvp, which));
}

/* The n-th run of digits of the version. */
static void
set_version_part(struct kvp *kvp, const char *key, unsigned n)
{
	size_t len = fact(kvp, PV_FACT_OS_VERSION), at = 0, start;

	for (;;) {
		while (at < len && (kvp->text[at] < '0' || kvp->text[at] > '9'))
			at++;
		start = at;
		while (at < len && kvp->text[at] >= '0' && kvp->text[at] <= '9')
			at++;
		if (n == 0 || at >= len)
			break;
		n--;
	}
	set(kvp, key, kvp->text + start, n == 0 ? at - start : 0);
}

static bool
loopback(const struct pv_address *address)
{
	static const uint8_t one[16] = { [15] = 1 };

	if (address->family == 4)
		return address->bytes[0] == 127;
	return memcmp(address->bytes, one, sizeof(one)) == 0;
}

/* Whole addresses, as many as fit. */
static void
set_addresses(struct kvp *kvp, const char *key, unsigned family)
{
	const struct pv_port *port = kvp->hyperv->port;
	struct pv_netif *netif = &kvp->netif;
	size_t len = 0;

	for (unsigned i = 0; port->netif != NULL && i < NETIFS &&
	     port->netif(port->ctx, i, netif) == PV_OK;
	     i++)
		for (unsigned a = 0;
		     a < netif->addresses && a < PV_NETIF_ADDRESSES; a++) {
			const struct pv_address *address = &netif->address[a];
			char text[PV_ADDRESS_TEXT];
			size_t size;

			if (address->family != family || loopback(address))
				continue;
			size = pv_address_text(address, text);
			if (len + (len > 0) + size > KVP_VALUE_UNITS - 1) {
				kvp->dropped++;
				continue;
			}
			if (len > 0)
				kvp->text[len++] = ';';
			memcpy(kvp->text + len, text, size);
			len += size;
		}
	set(kvp, key, kvp->text, len);
}

void
kvp_auto_refresh(struct kvp *kvp)
{
	uint64_t now = pv_bus_now(kvp->hyperv->bus);

	if (kvp->refreshed != 0 && now - kvp->refreshed < FRESH)
		return;
	kvp->refreshed = now != 0 ? now : 1;
	/* in the order of HV_KVP_AUTO_KEYS, which becomes that of the pool */
	set_fact(kvp, "FullyQualifiedDomainName", PV_FACT_HOST_NAME);
	set(kvp, "IntegrationServicesVersion", services_version,
	    sizeof(services_version) - 1);
	set_addresses(kvp, "NetworkAddressIPv4", 4);
	set_addresses(kvp, "NetworkAddressIPv6", 6);
	set_fact(kvp, "OSBuildNumber", PV_FACT_OS_BUILD);
	set_fact(kvp, "OSName", PV_FACT_OS_NAME);
	set_version_part(kvp, "OSMajorVersion", 0);
	set_version_part(kvp, "OSMinorVersion", 1);
	set_fact(kvp, "OSVersion", PV_FACT_OS_VERSION);
	set_fact(kvp, "ProcessorArchitecture", PV_FACT_ARCHITECTURE);
}
