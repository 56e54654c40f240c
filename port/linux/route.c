/* SPDX-License-Identifier: ISC */
/* Where packets go: the main table, as route(8) shows it, of both families. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "port/linux/network.h"

/* What a message says, by the kernel's numbers. */
struct told {
	struct rtattr *destination, *gateway, *via, *hops;
	int interface;
	uint32_t table, metric;
};

static uint32_t
number(struct rtattr *attribute)
{
	uint32_t value = 0;

	if (RTA_PAYLOAD(attribute) >= sizeof(value))
		memcpy(&value, RTA_DATA(attribute), sizeof(value));
	return value;
}

static void
read_attributes(struct told *told, struct rtattr *a, int left)
{
	for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
		switch (a->rta_type) {
		case RTA_DST:
			told->destination = a;
			break;
		case RTA_GATEWAY:
			told->gateway = a;
			break;
		case RTA_VIA: /* a gateway of the other family */
			told->via = a;
			break;
		case RTA_MULTIPATH:
			told->hops = a;
			break;
		case RTA_OIF:
			told->interface = (int)number(a);
			break;
		case RTA_TABLE:
			told->table = number(a);
			break;
		case RTA_PRIORITY:
			told->metric = number(a);
			break;
		}
}

static bool
gateway_of(struct pv_address *to, const struct told *told, int family)
{
	*to = (struct pv_address){ 0 };
	if (told->gateway != NULL)
		return linux_address_of(to, family, told->gateway);
	if (told->via != NULL &&
	    RTA_PAYLOAD(told->via) >= offsetof(struct rtvia, rtvia_addr) + 16) {
		const struct rtvia *via = RTA_DATA(told->via);

		if (via->rtvia_family != AF_INET6)
			return false;
		to->family = 6;
		memcpy(to->bytes, via->rtvia_addr, 16);
	}
	return true;
}

/* What goes through an interface that nobody is told of, as the loopback, is
 * left out. */
static void
add(struct picture *picture, const struct rtmsg *info, const struct told *told)
{
	struct pv_route route = { .to.family = info->rtm_family == AF_INET ? 4
									   : 6,
		.metric = told->metric };
	int place = linux_picture_find(picture, told->interface);
	struct pv_netif *netif;

	if (place < 0 || !gateway_of(&route.gateway, told, info->rtm_family) ||
	    (told->destination != NULL &&
		!linux_address_of(&route.to, info->rtm_family,
		    told->destination)))
		return;
	route.to.prefix = info->rtm_dst_len;
	route.netif = (unsigned)place;
	netif = &picture->list[place];
	if (info->rtm_dst_len == 0 && route.gateway.family != 0 &&
	    netif->gateways < PV_NETIF_SERVERS)
		netif->gateway[netif->gateways++] = route.gateway;
	if (told->table == RT_TABLE_MAIN && picture->route_count < LINUX_ROUTES)
		picture->routes[picture->route_count++] = route;
}

/* A route with several ways is one of each. */
void
linux_add_route(struct picture *picture, struct nlmsghdr *message)
{
	struct rtmsg *info = NLMSG_DATA(message);
	int left = (int)RTM_PAYLOAD(message);
	struct told told = { .table = info->rtm_table };

	if (message->nlmsg_type != RTM_NEWROUTE ||
	    info->rtm_type != RTN_UNICAST ||
	    (info->rtm_flags & RTM_F_CLONED) != 0 ||
	    (info->rtm_family != AF_INET && info->rtm_family != AF_INET6))
		return;
	read_attributes(&told, RTM_RTA(info), left);
	if (told.hops == NULL) {
		add(picture, info, &told);
		return;
	}
	left = (int)RTA_PAYLOAD(told.hops);
	for (struct rtnexthop *hop = RTA_DATA(told.hops); RTNH_OK(hop, left);
	     left -= (int)RTNH_ALIGN(hop->rtnh_len), hop = RTNH_NEXT(hop)) {
		struct told one = told;

		read_attributes(&one, RTNH_DATA(hop),
		    (int)(hop->rtnh_len - sizeof(*hop)));
		one.interface = hop->rtnh_ifindex;
		add(picture, info, &one);
	}
}

/* Asked for one by one, beginning with 0: that takes another picture. */
int
linux_route(void *ctx, unsigned index, struct pv_route *out)
{
	struct linux_port *linux_port = ctx;

	if (index == 0) {
		struct picture picture;

		linux_route_free(linux_port);
		if (!linux_picture_take(linux_port, &picture))
			return PV_EIO;
		linux_port->routes = picture.routes;
		linux_port->route_count = picture.route_count;
		picture.routes = NULL;
		linux_picture_free(&picture);
	}
	if (index >= linux_port->route_count) {
		linux_route_free(linux_port);
		return PV_ENOENT;
	}
	*out = linux_port->routes[index];
	return PV_OK;
}

void
linux_route_free(struct linux_port *linux_port)
{
	free(linux_port->routes);
	linux_port->routes = NULL;
	linux_port->route_count = 0;
}
