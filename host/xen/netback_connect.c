/* SPDX-License-Identifier: ISC */
/* What netback says of itself in XenStore, and what it reads of the guest. */
#include <string.h>

#include "host/xen/netback_private.h"

/* So that data is left in a page; Linux's front end asks for 256. */
#define HEADROOM_MAX 2048

void
net_announce(struct backend *backend)
{
	struct host_netback *net = (struct host_netback *)backend;
	const struct host_nic_config *config = &net->config;

	backend_say(backend, "feature-sg", 1, !config->no_sg);
	backend_say(backend, "feature-gso-tcpv4", 1, !config->no_gso4);
	backend_say(backend, "feature-gso-tcpv6", 1, !config->no_gso6);
	backend_say(backend, "feature-no-csum-offload", 1, config->no_csum4);
	backend_say(backend, "feature-ipv6-csum-offload", 1,
	    !config->no_ipv6_csum);
	backend_say(backend, "feature-rx-copy", 1, !config->no_copy);
	backend_say(backend, "feature-rx-flip", 0, true);
	backend_say(backend, "feature-rx-notify", 1, !config->no_notify);
	backend_say(backend, "feature-split-event-channels", 1, config->split);
	backend_say(backend, "feature-multicast-control", 1, config->multicast);
	backend_say(backend, "feature-xdp-headroom", 1, config->xdp_headroom);
	backend_say(backend, "multi-queue-max-queues", config->max_queues,
	    config->max_queues > 0);
}

static void
read_headroom(struct host_netback *net)
{
	uint32_t headroom;

	net->front.headroom = 0;
	if (net->config.xdp_headroom &&
	    backend_read(&net->backend, "xdp-headroom", &headroom) &&
	    headroom <= HEADROOM_MAX)
		net->front.headroom = (uint16_t)headroom;
}

static void
read_features(struct host_netback *net)
{
	struct backend *backend = &net->backend;

	net->front = (struct net_front){
		.sg = backend_flag(backend, "feature-sg"),
		.gso4 = backend_flag(backend, "feature-gso-tcpv4"),
		.gso6 = backend_flag(backend, "feature-gso-tcpv6"),
		.no_csum4 = backend_flag(backend, "feature-no-csum-offload"),
		.csum6 = backend_flag(backend, "feature-ipv6-csum-offload"),
		.multicast = net->config.multicast &&
		    backend_flag(backend, "request-multicast-control"),
	};
	read_headroom(net);
}

void
net_reconfigure(struct backend *backend)
{
	read_headroom((struct host_netback *)backend);
}

static bool
read_key(struct net_queue *queue, int name, const char *key, uint32_t *value)
{
	char path[48];

	backend_queue_key(path, sizeof(path), name, key);
	return backend_read(&queue->net->backend, path, value);
}

/* Two channels where the guest names two, else one. */
static bool
connect_channels(struct net_queue *queue, int name)
{
	struct host_netback *net = queue->net;
	struct host_xen *xen = net->backend.xen;
	uint32_t tx, rx;

	if (net->config.split &&
	    read_key(queue, name, "event-channel-tx", &tx) &&
	    read_key(queue, name, "event-channel-rx", &rx)) {
		queue->tx_port = host_port_connect(xen, tx, net_tx_signalled,
		    queue);
		queue->rx_port = host_port_connect(xen, rx, net_rx_signalled,
		    queue);
		net->counts.split = true;
	} else if (read_key(queue, name, "event-channel", &tx)) {
		queue->tx_port = host_port_connect(xen, tx, net_tx_signalled,
		    queue);
		queue->rx_port = queue->tx_port;
	}
	if (queue->tx_port != NULL && queue->rx_port != NULL)
		return true;
	backend_refuse(&net->backend, "no such event channel");
	return false;
}

/* `name` is the queue's in XenStore, -1 when there is only one. */
static bool
connect_queue(struct net_queue *queue, int name)
{
	struct backend *backend = &queue->net->backend;
	uint32_t tx, rx;

	if (!read_key(queue, name, "tx-ring-ref", &tx) ||
	    !read_key(queue, name, "rx-ring-ref", &rx)) {
		backend_refuse(backend, "no tx-ring-ref or rx-ring-ref");
		return false;
	}
	if (!backend_ring_map(&queue->tx, backend->xen, &tx, 1,
		sizeof(union xen_net_tx_entry)) ||
	    !backend_ring_map(&queue->rx, backend->xen, &rx, 1,
		sizeof(union xen_net_rx_entry))) {
		backend_refuse(backend, "the rings are not granted");
		return false;
	}
	if (backend_ring_waiting(&queue->tx) > queue->tx.size ||
	    backend_ring_waiting(&queue->rx) > queue->rx.size) {
		backend_refuse(backend, "the rings are none");
		return false;
	}
	return connect_channels(queue, name);
}

bool
net_connect(struct backend *backend)
{
	struct host_netback *net = (struct host_netback *)backend;
	uint32_t queues = 1, most = net->config.max_queues;

	if (most == 0)
		most = 1;
	if (!backend_flag(backend, "request-rx-copy")) {
		backend_refuse(backend, "request-rx-copy is not 1");
		return false;
	}
	if (backend_read(backend, "multi-queue-num-queues", &queues) &&
	    (queues == 0 || queues > most || queues > NET_QUEUES_MAX)) {
		backend_refuse(backend, "number of queues");
		return false;
	}
	read_features(net);
	for (unsigned i = 0; i < queues; i++)
		if (!connect_queue(&net->queues[i], queues > 1 ? (int)i : -1))
			return false;
	net->counts.queues = queues;
	return true;
}

void
net_disconnect(struct backend *backend)
{
	struct host_netback *net = (struct host_netback *)backend;

	net->storming = false;
	for (unsigned i = 0; i < NET_QUEUES_MAX; i++) {
		struct net_queue *queue = &net->queues[i];

		if (queue->rx_port != queue->tx_port)
			host_port_close(queue->rx_port);
		host_port_close(queue->tx_port);
		backend_ring_unmap(&queue->tx, net->manners.keep_grants);
		backend_ring_unmap(&queue->rx, net->manners.keep_grants);
		*queue = (struct net_queue){ .net = net, .index = i };
	}
	net->counts.queues = net->counts.multicast_groups = 0;
	net->counts.split = net->counts.disabled = false;
	net->front = (struct net_front){ 0 };
}
