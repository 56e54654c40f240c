/* SPDX-License-Identifier: ISC */
/* The network device back end, to a peer in the same program. */
#include <stdlib.h>

#include "host/xen/netback_private.h"

static void
toolstack(struct backend *backend)
{
	struct host_netback *net = (struct host_netback *)backend;
	const struct host_nic_config *config = &net->config;
	const uint8_t *mac = config->mac;
	char text[18];

	for (unsigned i = 0; i < 6; i++) {
		text[i * 3] = "0123456789abcdef"[mac[i] >> 4];
		text[i * 3 + 1] = "0123456789abcdef"[mac[i] & 15];
		text[i * 3 + 2] = i < 5 ? ':' : '\0';
	}
	backend_write(backend, "mac", "%s", text);
	backend_write(backend, "handle", "%u", config->handle);
	backend_write(backend, "type", "vif");
	backend_write(backend, "hotplug-status", "connected");
	backend_write_front(backend, "mac", "%s", text);
	backend_write_front(backend, "handle", "%u", config->handle);
	if (config->mtu > 0) {
		backend_write(backend, "mtu", "%u", config->mtu);
		backend_write_front(backend, "mtu", "%u", config->mtu);
	}
	if (config->untrusted)
		backend_write_front(backend, "trusted", "0");
}

static void
destroy(struct backend *backend)
{
	free((struct host_netback *)backend);
}

/* Linux's does not hear of a front end that is Initialised only. */
static const struct backend_kind kind = {
	.class_name = "vif",
	.connects_at = XEN_BUS_CONNECTED,
	.toolstack = toolstack,
	.announce = net_announce,
	.connect = net_connect,
	.disconnect = net_disconnect,
	.reconfigure = net_reconfigure,
	.destroy = destroy,
};

struct host_netback *
host_netback_new(struct host_xen *xen, const struct host_nic_config *config)
{
	struct host_netback *net = calloc(1, sizeof(*net));

	if (net == NULL)
		return NULL;
	net->config = *config;
	for (unsigned i = 0; i < NET_QUEUES_MAX; i++) {
		net->queues[i].net = net;
		net->queues[i].index = i;
	}
	if (!backend_open(&net->backend, &kind, xen, config->handle)) {
		backend_free(&net->backend);
		return NULL;
	}
	return net;
}

void
host_netback_free(struct host_netback *net)
{
	if (net != NULL)
		backend_free(&net->backend);
}

void
host_netback_remove(struct host_netback *net, bool polite)
{
	backend_remove(&net->backend, polite);
}

struct host_netback_manners *
host_netback_manners(struct host_netback *net)
{
	return &net->manners;
}

void
host_netback_look(struct host_netback *net)
{
	for (unsigned i = 0; i < net->counts.queues; i++) {
		net_tx_later(&net->queues[i], 0);
		net_rx_later(&net->queues[i], 0);
	}
}

void
host_netback_state(struct host_netback *net, unsigned state)
{
	backend_force_state(&net->backend, state);
}

void
host_netback_restart(struct host_netback *net,
    const struct host_nic_config *config)
{
	unsigned handle = net->config.handle; /* of its directories */

	backend_disconnect(&net->backend);
	backend_withdraw(&net->backend);
	net->config = *config;
	net->config.handle = handle;
	net->counts.restarts++;
	backend_restart(&net->backend);
}

void
host_netback_say(struct host_netback *net, const char *key, const char *value)
{
	backend_lie(&net->backend, key, value);
}

void
host_netback_carrier(struct host_netback *net, bool up)
{
	backend_write(&net->backend, "carrier", "%d", up);
}

void
host_netback_on_frame(struct host_netback *net,
    void (*call)(void *, const struct host_frame *), void *ctx)
{
	net->on_frame = call;
	net->on_frame_ctx = ctx;
}

const struct host_netback_counts *
host_netback_counts(struct host_netback *net)
{
	net->counts.refused_connects = net->backend.refusals;
	return &net->counts;
}
