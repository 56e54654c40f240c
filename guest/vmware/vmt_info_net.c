/* SPDX-License-Identifier: ISC */
/*
 * The guest's network as a host would want it: without what containers and
 * virtual machines inside have made (open-vm-tools issues 100, 128, 175, 638),
 * and the interfaces that lead out first, for a host takes 16.
 */
#include "guest/bus/libc.h"
#include "guest/vmware/vmt_info.h"

/* open-vm-tools' own list, and the loopback. */
static const char left_out[] = "docker*,veth*,virbr*,antrea-*,cali*,lo";

/* Of the platform; more than any guest has. */
#define NETIFS_MAX 1024u
#define ROUTES_MAX 65536u

bool
vmt_fact(const struct pv_port *port, enum pv_fact which, char *to, size_t room)
{
	long len = PV_ENOENT;

	if (port->fact != NULL)
		len = port->fact(port->ctx, which, to, room);
	if (len <= 0 || (size_t)len >= room) {
		to[0] = '\0';
		return false;
	}
	to[len] = '\0';
	/* one that has a NUL in it ends there */
	return to[0] != '\0';
}

/* ---- Which interfaces ------------------------------------------------- */

/* Goes back to the last star only, so it takes len * len steps at most. */
static bool
matches(const char *pattern, size_t len, const char *name)
{
	size_t at = 0, star = len, again = 0, n = 0;

	while (name[n] != '\0') {
		if (at < len && pattern[at] == '*') {
			star = at++;
			again = n;
		} else if (at < len &&
		    (pattern[at] == '?' || pattern[at] == name[n])) {
			at++;
			n++;
		} else if (star < len) {
			at = star + 1;
			n = ++again;
		} else {
			return false;
		}
	}
	while (at < len && pattern[at] == '*')
		at++;
	return at == len;
}

bool
vmt_net_left_out(const char *list, const char *name)
{
	while (*list != '\0') {
		size_t len = 0;

		while (
		    list[len] != '\0' && list[len] != ',' && list[len] != ' ')
			len++;
		if (len > 0 && matches(list, len, name))
			return true;
		list += len;
		if (*list != '\0')
			list++;
	}
	return false;
}

static bool
is_loopback(const struct pv_address *address)
{
	static const uint8_t one[16] = { [15] = 1 };

	if (address->family == 4)
		return address->bytes[0] == 127;
	return memcmp(address->bytes, one, sizeof(one)) == 0;
}

/* Of a family, and with a prefix, that a host takes: a list with one that is
 * neither, it throws away whole. */
static bool
is_address(const struct pv_address *address)
{
	return (address->family == 4 && address->prefix <= 32) ||
	    (address->family == 6 && address->prefix <= 128);
}

static unsigned
keep_addresses(struct pv_address *list, unsigned count)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < count && i < PV_NETIF_SERVERS; i++)
		if (list[i].family == 4 || list[i].family == 6)
			list[kept++] = list[i];
	return kept;
}

/* Numbers within the arrays, and each element what it should be. */
static void
tidy(struct pv_netif *netif)
{
	unsigned kept = 0;

	netif->name[sizeof(netif->name) - 1] = '\0';
	for (unsigned i = 0; i < netif->addresses && i < PV_NETIF_ADDRESSES;
	     i++) {
		const struct pv_address *address = &netif->address[i];

		if (is_address(address) && !is_loopback(address))
			netif->address[kept++] = *address;
	}
	netif->addresses = kept;
	netif->dns = keep_addresses(netif->dns_server, netif->dns);
	netif->gateways = keep_addresses(netif->gateway, netif->gateways);
}

/* Behind the last one that is as good; the last of all makes room. */
static void
add_nic(struct vmt_net *net, const struct vmt_nic *nic)
{
	unsigned at = net->nics;

	while (nic->primary && at > 0 && !net->nic[at - 1].primary)
		at--;
	if (net->nics == NICINFO_NICS)
		net->dropped.nics++;
	else
		net->nics++;
	if (at == NICINFO_NICS)
		return;
	memmove(&net->nic[at + 1], &net->nic[at],
	    (net->nics - at - 1) * sizeof(*nic));
	net->nic[at] = *nic;
}

static bool
has_mac(const struct pv_netif *netif)
{
	static const uint8_t none[6];

	return memcmp(netif->mac, none, sizeof(none)) != 0;
}

/* A bit for each interface that a default route, or one of them, is by. */
static void
read_ways_out(const struct pv_port *port, uint32_t *ways)
{
	struct pv_route route;

	for (unsigned i = 0; port->route != NULL && i < ROUTES_MAX &&
	     port->route(port->ctx, i, &route) == PV_OK;
	     i++)
		if (route.to.prefix == 0 && route.netif < NETIFS_MAX)
			ways[route.netif / 32] |= 1u << route.netif % 32;
}

static void
read_nics(const struct pv_port *port, struct vmt_net *net, const char *list)
{
	uint32_t ways[NETIFS_MAX / 32] = { 0 };
	struct vmt_nic nic;

	read_ways_out(port, ways);
	for (unsigned i = 0; port->netif != NULL && i < NETIFS_MAX; i++) {
		memset(&nic, 0, sizeof(nic));
		if (port->netif(port->ctx, i, &nic.netif) != PV_OK)
			break;
		tidy(&nic.netif);
		if (vmt_net_left_out(list, nic.netif.name) ||
		    (!has_mac(&nic.netif) && nic.netif.addresses == 0))
			continue;
		nic.index = i;
		nic.primary = nic.netif.gateways > 0 ||
		    (ways[i / 32] >> i % 32 & 1) != 0;
		add_nic(net, &nic);
	}
}

/* ---- Routes ----------------------------------------------------------- */

static void
add_route(struct vmt_net *net, const struct pv_route *route)
{
	if (net->routes == NICINFO_ROUTES)
		net->dropped.routes++;
	else
		net->route[net->routes++] = *route;
}

/* Those of interfaces that are reported; the default ones must be among them
 * where there are too many. */
static void
read_routes(const struct pv_port *port, struct vmt_net *net, bool by_default)
{
	struct pv_route route;

	for (unsigned i = 0;
	     i < ROUTES_MAX && port->route(port->ctx, i, &route) == PV_OK;
	     i++) {
		unsigned n = 0;

		if ((route.to.prefix == 0) != by_default ||
		    !is_address(&route.to))
			continue;
		while (n < net->nics && net->nic[n].index != route.netif)
			n++;
		if (n == net->nics)
			continue;
		route.netif = n;
		add_route(net, &route);
	}
}

/* A port without routes still knows gateways. */
static void
routes_of_gateways(struct vmt_net *net)
{
	for (unsigned n = 0; n < net->nics; n++)
		for (unsigned i = 0; i < net->nic[n].netif.gateways; i++) {
			const struct pv_address *gateway =
			    &net->nic[n].netif.gateway[i];
			struct pv_route route = {
				.to.family = gateway->family,
				.gateway = *gateway,
				.netif = n,
				.metric = NICINFO_METRIC_NONE,
			};

			add_route(net, &route);
		}
}

/* ---- Names and who resolves them -------------------------------------- */

static bool
same(const struct pv_address *a, const struct pv_address *b)
{
	return a->family == b->family &&
	    memcmp(a->bytes, b->bytes, a->family == 4 ? 4 : 16) == 0;
}

static void
add_server(struct vmt_net *net, const struct pv_address *server)
{
	for (unsigned i = 0; i < net->servers; i++)
		if (same(&net->server[i], server))
			return;
	if (net->servers == NICINFO_SERVERS)
		net->dropped.servers++;
	else
		net->server[net->servers++] = *server;
}

static void
add_suffix(struct vmt_net *net, const char *text, size_t len)
{
	if (net->suffixes == NICINFO_SUFFIXES || len > NICINFO_NAME_MAX) {
		net->dropped.suffixes++;
		return;
	}
	memcpy(net->suffix[net->suffixes], text, len);
	net->suffix[net->suffixes++][len] = '\0';
}

static void
read_names(const struct pv_port *port, struct vmt_net *net)
{
	char list[1024];
	size_t dot = 0;

	(void)vmt_fact(port, PV_FACT_HOST_NAME, net->host, sizeof(net->host));
	while (net->host[dot] != '\0' && net->host[dot] != '.')
		dot++;
	if (!vmt_fact(port, PV_FACT_DNS_DOMAIN, net->domain,
		sizeof(net->domain)) &&
	    net->host[dot] == '.')
		memcpy(net->domain, net->host + dot + 1,
		    strlen(net->host + dot + 1) + 1);
	net->host[dot] = '\0';
	(void)vmt_fact(port, PV_FACT_DNS_SEARCH, list, sizeof(list));
	for (size_t at = 0; list[at] != '\0';) {
		size_t len = 0;

		while (list[at + len] != '\0' && list[at + len] != ' ' &&
		    list[at + len] != '\t')
			len++;
		if (len > 0)
			add_suffix(net, list + at, len);
		at += len;
		if (list[at] != '\0')
			at++;
	}
}

void
vmt_net_read(const struct pv_port *port, struct vmt_net *net)
{
	char list[1024];
	long len = PV_ENOENT;

	memset(net, 0, sizeof(*net));
	if (port->fact != NULL)
		len = port->fact(port->ctx, PV_FACT_NETIFS_LEFT_OUT, list,
		    sizeof(list));
	if (len < 0 || (size_t)len >= sizeof(list))
		memcpy(list, left_out, sizeof(left_out));
	else
		list[len] = '\0'; /* an empty one leaves out nothing */
	read_nics(port, net, list);
	if (port->route != NULL) {
		read_routes(port, net, true);
		read_routes(port, net, false);
	} else {
		routes_of_gateways(net);
	}
	for (unsigned n = 0; n < net->nics; n++)
		for (unsigned i = 0; i < net->nic[n].netif.dns; i++)
			add_server(net, &net->nic[n].netif.dns_server[i]);
	read_names(port, net);
}

/* ---- Where this guest is ---------------------------------------------- */

/* 169.254/16 and fe80::/10 lead nowhere from outside. */
static bool
is_link_local(const struct pv_address *address)
{
	if (address->family == 4)
		return address->bytes[0] == 169 && address->bytes[1] == 254;
	return address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0x80;
}

static const struct pv_address *
first_of(const struct vmt_nic *nic, unsigned family)
{
	for (unsigned i = 0; i < nic->netif.addresses; i++)
		if (nic->netif.address[i].family == family &&
		    !is_link_local(&nic->netif.address[i]))
			return &nic->netif.address[i];
	return NULL;
}

const struct pv_address *
vmt_net_address(const struct vmt_net *net)
{
	for (unsigned family = 4; family <= 6; family += 2)
		for (unsigned n = 0; n < net->nics; n++) {
			const struct pv_address *found = first_of(&net->nic[n],
			    family);

			if (found != NULL)
				return found;
		}
	return NULL;
}
