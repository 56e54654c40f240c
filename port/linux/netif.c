/* SPDX-License-Identifier: ISC */
/*
 * The network interfaces of this machine, for hosts that ask: by rtnetlink(7),
 * in three dumps, so that it is one picture and no helper program is needed.
 */
#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "port/linux/network.h"

int
linux_picture_find(const struct picture *picture, int index)
{
	for (unsigned i = 0; i < picture->count; i++)
		if (picture->index[i] == index)
			return (int)i;
	return -1;
}

static void
add_link(struct picture *picture, struct nlmsghdr *message)
{
	struct ifinfomsg *info = NLMSG_DATA(message);
	int left = (int)IFLA_PAYLOAD(message);
	struct pv_netif *netif;

	if (picture->count == LINUX_INTERFACES ||
	    (info->ifi_flags & IFF_LOOPBACK) != 0)
		return;
	netif = &picture->list[picture->count];
	memset(netif, 0, sizeof(*netif));
	for (struct rtattr *a = IFLA_RTA(info); RTA_OK(a, left);
	     a = RTA_NEXT(a, left)) {
		if (a->rta_type == IFLA_IFNAME)
			snprintf(netif->name, sizeof(netif->name), "%.*s",
			    (int)RTA_PAYLOAD(a), (const char *)RTA_DATA(a));
		else if (a->rta_type == IFLA_ADDRESS && RTA_PAYLOAD(a) == 6)
			memcpy(netif->mac, RTA_DATA(a), 6);
	}
	picture->index[picture->count++] = info->ifi_index;
}

/* An address with an end is one that a server or a router gave. */
static void
add_address(struct picture *picture, struct nlmsghdr *message)
{
	struct ifaddrmsg *info = NLMSG_DATA(message);
	int place = linux_picture_find(picture, (int)info->ifa_index);
	struct pv_netif *netif = place < 0 ? NULL : &picture->list[place];
	int left = (int)IFA_PAYLOAD(message);
	struct rtattr *local = NULL, *address = NULL;
	uint32_t flags = info->ifa_flags;
	struct pv_address *to;

	if (netif == NULL || netif->addresses == PV_NETIF_ADDRESSES ||
	    (info->ifa_family != AF_INET && info->ifa_family != AF_INET6))
		return;
	for (struct rtattr *a = IFA_RTA(info); RTA_OK(a, left);
	     a = RTA_NEXT(a, left)) {
		if (a->rta_type == IFA_LOCAL)
			local = a;
		else if (a->rta_type == IFA_ADDRESS)
			address = a;
		else if (a->rta_type == IFA_FLAGS && RTA_PAYLOAD(a) >= 4)
			memcpy(&flags, RTA_DATA(a), sizeof(flags));
	}
	to = &netif->address[netif->addresses];
	if (local == NULL)
		local = address;
	if (local == NULL || !linux_address_of(to, info->ifa_family, local))
		return;
	to->prefix = info->ifa_prefixlen;
	netif->addresses++;
	if (flags & IFA_F_PERMANENT)
		return;
	if (info->ifa_family == AF_INET)
		netif->dhcp4 = true;
	else if (to->prefix == 128) /* a router gives prefixes */
		netif->dhcp6 = true;
}

/* The resolver has one list for the whole machine. */
static void
add_servers(struct picture *picture)
{
	const char *etc = picture->linux_port->config.etc;
	struct pv_address servers[PV_NETIF_SERVERS];
	char path[PATH_MAX], line[256], text[64];
	unsigned count = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/resolv.conf",
	    etc != NULL ? etc : "/etc");
	file = fopen(path, "re");
	if (file == NULL)
		return;
	while (count < PV_NETIF_SERVERS &&
	    fgets(line, sizeof(line), file) != NULL) {
		struct pv_address *to = &servers[count];

		if (sscanf(line, "nameserver %63[0-9a-fA-F.:]", text) != 1)
			continue;
		*to = (struct pv_address){ .family = 4 };
		if (inet_pton(AF_INET, text, to->bytes) == 1) {
			count++;
			continue;
		}
		to->family = 6;
		if (inet_pton(AF_INET6, text, to->bytes) == 1)
			count++;
	}
	fclose(file);
	for (unsigned i = 0; i < picture->count; i++) {
		memcpy(picture->list[i].dns_server, servers, sizeof(servers));
		picture->list[i].dns = count;
	}
}

static void
add_instances(struct picture *picture)
{
	for (unsigned i = 0; i < picture->count; i++) {
		struct pv_netif *netif = &picture->list[i];
		char path[PATH_MAX], text[64];
		size_t len;

		linux_path(picture->linux_port, path,
		    "class/net/%s/device/device_id", netif->name);
		if (linux_read_text(path, text, sizeof(text)) <= 0)
			continue;
		len = strcspn(text[0] == '{' ? text + 1 : text, "}");
		snprintf(netif->instance, sizeof(netif->instance), "%.*s",
		    (int)len, text[0] == '{' ? text + 1 : text);
	}
}

bool
linux_picture_take(const struct linux_port *linux_port, struct picture *picture)
{
	struct timeval patience = { .tv_sec = 1 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	bool good = fd >= 0;

	*picture = (struct picture){ .linux_port = linux_port };
	picture->list = calloc(LINUX_INTERFACES, sizeof(*picture->list));
	picture->routes = calloc(LINUX_ROUTES, sizeof(*picture->routes));
	if (good) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
		    sizeof(patience));
		good = picture->list != NULL && picture->routes != NULL &&
		    linux_dump(fd, RTM_GETLINK, picture, add_link) &&
		    linux_dump(fd, RTM_GETADDR, picture, add_address) &&
		    linux_dump(fd, RTM_GETROUTE, picture, linux_add_route);
		close(fd);
	}
	if (!good) {
		linux_picture_free(picture);
		return false;
	}
	add_servers(picture);
	add_instances(picture);
	return true;
}

void
linux_picture_free(struct picture *picture)
{
	free(picture->list);
	free(picture->routes);
	picture->list = NULL;
	picture->routes = NULL;
}

/* Asked for one by one, beginning with 0: that takes the picture. */
int
linux_netif(void *ctx, unsigned index, struct pv_netif *out)
{
	struct linux_port *linux_port = ctx;

	if (index == 0) {
		struct picture picture;

		linux_netif_free(linux_port);
		if (!linux_picture_take(linux_port, &picture))
			return PV_EIO;
		linux_port->netifs = picture.list;
		linux_port->netif_count = picture.count;
		picture.list = NULL;
		linux_picture_free(&picture);
	}
	if (index >= linux_port->netif_count) {
		linux_netif_free(linux_port);
		return PV_ENOENT;
	}
	*out = linux_port->netifs[index];
	return PV_OK;
}

void
linux_netif_free(struct linux_port *linux_port)
{
	free(linux_port->netifs);
	linux_port->netifs = NULL;
	linux_port->netif_count = 0;
}
