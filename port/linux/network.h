/* SPDX-License-Identifier: ISC */
/* The network as the kernel tells it by rtnetlink(7). */
#ifndef PORT_LINUX_NETWORK_H
#define PORT_LINUX_NETWORK_H

#include <linux/rtnetlink.h>

#include "port/linux/linux_private.h"

/* More than a host could have use for. */
#define LINUX_INTERFACES 256u
#define LINUX_ROUTES 512u

/* Interfaces, addresses and routes of one moment. */
struct picture {
	const struct linux_port *linux_port;
	struct pv_netif *list;
	int index[LINUX_INTERFACES]; /* the kernel's number of each */
	unsigned count;
	struct pv_route *routes;
	unsigned route_count;
};

/* netlink.c: one dump, each message to `add`.  False: the kernel ended it with
 * an error, or not at all. */
bool linux_dump(int fd, uint16_t type, struct picture *,
    void (*add)(struct picture *, struct nlmsghdr *));
bool linux_address_of(struct pv_address *, int family,
    struct rtattr *attribute);

/* netif.c: false, with nothing to be freed. */
bool linux_picture_take(const struct linux_port *, struct picture *);
void linux_picture_free(struct picture *);
/* The place in `list` of the kernel's interface; -1: not there. */
int linux_picture_find(const struct picture *, int index);

/* route.c: what RTM_GETROUTE dumps. */
void linux_add_route(struct picture *, struct nlmsghdr *);

#endif
