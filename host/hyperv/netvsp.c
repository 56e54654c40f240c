/* SPDX-License-Identifier: ISC */
/* A NIC of the root partition: its channels, and what its owner does. */
#include <stdlib.h>
#include <string.h>

#include "host/hyperv/netvsp_private.h"

static const struct hv_guid class_network = HV_GUID_NETWORK;

#define MTU 1500u
#define MTU_MAX (9216u - NV_HEADER) /* openvmm, as vmswitch */
#define SECTION 6144u
#define AGGREGATE 8u
#define AGGREGATE_SIZE 16384u
#define AGGREGATE_ALIGN 8u

void *
nv_alloc(size_t size)
{
	void *memory = calloc(1, size);

	if (memory == NULL)
		abort(); /* a host that loses a packet by itself proves nothing */
	return memory;
}

unsigned
nv_max_channels(const struct host_netvsp *net)
{
	return net->config.max_channels;
}

/* ---- Channels --------------------------------------------------------- */

void
nv_halt(struct host_netvsp *net)
{
	net->operational = false;
	net->counts.filter = 0;
	net->counts.groups = 0;
	net->counts.rss = false;
	memset(&net->rss, 0, sizeof(net->rss));
	nv_control_forget(net);
}

void
nv_forget(struct host_netvsp *net)
{
	nv_halt(net);
	nv_receive_forget(net);
	net->version = 0;
	net->has_ndis = net->has_send = false;
	net->can = 0;
	net->subs = 0;
	net->counts.version = net->counts.ndis = 0;
	net->counts.mtu = net->config.mtu;
}

static bool
opened(void *self, struct host_vmbus_channel *vmbus, const void *user,
    unsigned user_len)
{
	struct host_netvsp *net = self;
	unsigned sub = host_vmbus_sub(vmbus);
	struct nv_channel *channel;

	(void)user;
	(void)user_len;
	if (sub >= NV_CHANNELS || net->channels[sub].vmbus != NULL ||
	    sub > net->subs)
		return false;
	channel = &net->channels[sub];
	channel->vmbus = vmbus;
	net->counts.channels++;
	if (sub == 0)
		nv_forget(net);
	else if (net->counts.channels == net->subs + 1)
		nv_send_table(net);
	return true;
}

static void
signalled(void *self, struct host_vmbus_channel *vmbus)
{
	struct host_netvsp *net = self;

	nv_look_later(&net->channels[host_vmbus_sub(vmbus)],
	    net->manners.delay);
}

static void
closed(void *self, struct host_vmbus_channel *vmbus)
{
	struct host_netvsp *net = self;
	struct nv_channel *channel = &net->channels[host_vmbus_sub(vmbus)];

	if (channel->vmbus == NULL)
		return;
	host_hyperv_forget(net->host, channel);
	channel->look_due = channel->push_due = false;
	channel->vmbus = NULL;
	net->counts.channels--;
	nv_forget_out(channel, HV_PACKET_INVALID);
	nv_parts_back(channel);
	if (channel->sub == 0)
		nv_forget(net);
}

static void
release(void *self)
{
	struct host_netvsp *net = self;

	for (unsigned i = 0; i < NV_CHANNELS; i++) {
		host_hyperv_forget(net->host, &net->channels[i]);
		nv_forget_out(&net->channels[i], HV_PACKET_INVALID);
	}
	nv_forget(net);
	free(net);
}

/* ---- The NIC ---------------------------------------------------------- */

static void
set_config(struct host_netvsp *net, const struct host_netvsp_config *given)
{
	struct host_netvsp_config *config = &net->config;

	*config = *given;
	if (config->max_mtu == 0)
		config->max_mtu = MTU_MAX;
	net->mtu_most = given->mtu != 0 ? given->mtu : config->max_mtu;
	/* until the guest has said what it wants */
	config->mtu = net->mtu_most < MTU ? net->mtu_most : MTU;
	if (config->version_max == 0)
		config->version_max = HV_NVSP_6_1;
	if (config->section_size == 0)
		config->section_size = SECTION;
	if (config->aggregate == 0)
		config->aggregate = AGGREGATE;
	if (config->aggregate_size == 0)
		config->aggregate_size = AGGREGATE_SIZE;
	if (config->aggregate_align == 0)
		config->aggregate_align = AGGREGATE_ALIGN;
	if (config->max_channels == 0)
		config->max_channels = 1;
	if (config->max_channels > NV_CHANNELS)
		config->max_channels = NV_CHANNELS;
	net->vf = config->vf;
	net->vf_serial = 1;
	net->link = !config->link_down;
	memcpy(net->counts.mac, config->mac, sizeof(net->counts.mac));
	net->counts.mtu = config->mtu;
}

struct host_netvsp *
host_netvsp_new(struct host_hyperv *host,
    const struct host_netvsp_config *config)
{
	struct host_netvsp *net = calloc(1, sizeof(*net));

	if (net == NULL)
		return NULL;
	net->host = host;
	set_config(net, config);
	net->kind = (struct host_vmbus_kind){
		.type = class_network,
		.opened = opened,
		.signalled = signalled,
		.closed = closed,
		.free = release,
	};
	net->controls_end = &net->controls;
	for (unsigned i = 0; i < NV_CHANNELS; i++) {
		net->channels[i].net = net;
		net->channels[i].sub = i;
		net->channels[i].out_end = &net->channels[i].out;
	}
	net->device = host_vmbus_offer(host, &net->kind, NULL, net);
	if (net->device == NULL) {
		free(net);
		return NULL;
	}
	return net;
}

struct host_vmbus_device *
host_netvsp_device(struct host_netvsp *net)
{
	return net->device;
}

struct host_netvsp_manners *
host_netvsp_manners(struct host_netvsp *net)
{
	return &net->manners;
}

const struct host_netvsp_counts *
host_netvsp_counts(struct host_netvsp *net)
{
	return &net->counts;
}

void
host_netvsp_look(struct host_netvsp *net)
{
	for (unsigned i = 0; i < NV_CHANNELS; i++) {
		nv_look_later(&net->channels[i], 0);
		host_vmbus_look(net->device, i); /* for the ring's manners */
	}
}

void
host_netvsp_rescind(struct host_netvsp *net)
{
	host_vmbus_rescind(net->device);
}

void
host_netvsp_on_frame(struct host_netvsp *net,
    void (*call)(void *, const struct host_nv_frame *), void *ctx)
{
	net->on_frame = call;
	net->on_frame_ctx = ctx;
}

/* ---- What the guest is told unasked ----------------------------------- */

void
host_netvsp_link(struct host_netvsp *net, bool up)
{
	if (net->link == up)
		return;
	net->link = up;
	nv_indicate(net,
	    up ? HV_RNDIS_STATUS_MEDIA_CONNECT
	       : HV_RNDIS_STATUS_MEDIA_DISCONNECT,
	    NULL, 0);
}

void
host_netvsp_nvs(struct host_netvsp *net, const void *bytes, size_t size)
{
	struct host_vmbus_packet packet = { .type = HV_PACKET_INBAND,
		.data = bytes,
		.len = size };

	nv_say(&net->channels[0], 0, &packet);
}

/* It stands where both readings of the offset find it. */
bool
nv_send_table(struct host_netvsp *net)
{
	struct {
		struct hv_nvsp message;
		uint32_t table[HV_NVSP_INDIRECTION_ENTRIES];
	} packet;
	struct hv_nvsp_indirection_table *table =
	    &packet.message.u.indirection_table;

	if (net->version < HV_NVSP_5 || net->channels[0].vmbus == NULL)
		return false;
	memset(&packet, 0, sizeof(packet));
	packet.message.type = HV_NVSP_INDIRECTION_TABLE;
	table->count = HV_NVSP_INDIRECTION_ENTRIES;
	table->offset = net->manners.send_table_offset != 0
	    ? net->manners.send_table_offset
	    : HV_NVSP_INDIRECTION_OFFSET;
	for (unsigned i = 0; i < HV_NVSP_INDIRECTION_ENTRIES; i++)
		packet.table[i] = net->has_table ? net->table[i]
						 : i % net->counts.channels;
	host_netvsp_nvs(net, &packet, sizeof(packet));
	return true;
}

void
host_netvsp_table(struct host_netvsp *net, const uint32_t table[16])
{
	memcpy(net->table, table, sizeof(net->table));
	net->has_table = true;
	nv_send_table(net);
}

void
nv_send_vf(struct host_netvsp *net)
{
	struct hv_nvsp message = { .type = HV_NVSP_VF_ASSOCIATION };
	struct host_vmbus_packet packet = { .type = HV_PACKET_INBAND,
		.flags = HV_PACKET_FLAG_COMPLETION,
		.id = NV_VF_ID,
		.data = (const uint8_t *)&message,
		.len = nv_size(net) };

	if (net->version < HV_NVSP_4 || !net->operational ||
	    (net->can & HV_NVSP_CAN_SRIOV) == 0)
		return;
	message.u.vf_association.allocated = net->vf;
	message.u.vf_association.serial = net->vf_serial;
	nv_say(&net->channels[0], 0, &packet);
}

void
host_netvsp_vf(struct host_netvsp *net, bool allocated, uint32_t serial)
{
	net->vf = allocated;
	net->vf_serial = serial;
	nv_send_vf(net);
}
