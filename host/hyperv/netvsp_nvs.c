/* SPDX-License-Identifier: ISC */
/* NVS: what version, which buffers, how many channels. */
#include <string.h>

#include "host/hyperv/netvsp_private.h"

#define MDL_CHAIN 34 /* openvmm */

static bool
is_known(uint32_t version)
{
	return version == HV_NVSP_1 || version == HV_NVSP_2 ||
	    version == HV_NVSP_4 || version == HV_NVSP_5 ||
	    version == HV_NVSP_6 || version == HV_NVSP_6_1;
}

static void
refuse(struct nv_channel *channel)
{
	channel->net->counts.refused++;
}

/* Who wants a completion gets one even for what has no answer, and Linux waits
 * for that of HV_NVSP_SWITCH_DATA_PATH: netvsc_send_completion(). */
static void
answer(struct nv_channel *channel, const struct host_vmbus_packet *packet,
    const struct hv_nvsp *message)
{
	if ((packet->flags & HV_PACKET_FLAG_COMPLETION) != 0)
		nv_answer(channel, HOST_NET_NVS, packet->id, message);
}

static void
take_init(struct nv_channel *channel, const struct host_vmbus_packet *packet,
    const struct hv_nvsp *message)
{
	struct host_netvsp *net = channel->net;
	uint32_t version = message->u.init.version;
	struct hv_nvsp reply = { .type = HV_NVSP_INIT_COMPLETE };
	struct hv_nvsp_init_complete *complete = &reply.u.init_complete;

	if (net->version != 0) {
		refuse(channel);
		return;
	}
	complete->version = HV_NVSP_INVALID;
	complete->mdl_chain = MDL_CHAIN;
	complete->status = HV_NVSP_STATUS_NONE;
	if (is_known(version) && version <= net->config.version_max &&
	    !net->manners.refuse_versions) {
		/* openvmm: what the field meant once */
		if (version == HV_NVSP_1)
			complete->version = HV_NVSP_1;
		complete->status = HV_NVSP_STATUS_SUCCESS;
		net->version = net->counts.version = version;
	}
	answer(channel, packet, &reply);
}

static void
take_ndis_version(struct nv_channel *channel,
    const struct host_vmbus_packet *packet, const struct hv_nvsp *message)
{
	struct host_netvsp *net = channel->net;

	if (net->has_ndis)
		refuse(channel);
	else {
		net->has_ndis = true;
		net->counts.ndis = message->u.ndis_version.major << 16 |
		    (message->u.ndis_version.minor & 0xffffu);
	}
	answer(channel, packet, NULL);
}

/* One that is too small or too large is not taken, as vmswitch does
 * (openvmm). */
static void
take_ndis_config(struct nv_channel *channel,
    const struct host_vmbus_packet *packet, const struct hv_nvsp *message)
{
	struct host_netvsp *net = channel->net;
	uint32_t frame = message->u.ndis_config.mtu;

	if (net->receive.set)
		refuse(channel); /* its parts are as long as they are */
	else {
		net->can = message->u.ndis_config.capabilities;
		if (frame >= NV_HEADER + 1500 &&
		    frame - NV_HEADER <= net->config.max_mtu)
			net->counts.mtu = frame - NV_HEADER < net->mtu_most
			    ? frame - NV_HEADER
			    : net->mtu_most;
	}
	answer(channel, packet, NULL);
}

static void
take_receive_buffer(struct nv_channel *channel,
    const struct host_vmbus_packet *packet, const struct hv_nvsp *message)
{
	struct host_netvsp *net = channel->net;
	struct hv_nvsp reply = { .type = HV_NVSP_RECV_BUFFER_COMPLETE };
	struct hv_nvsp_recv_buffer_complete *complete =
	    &reply.u.recv_buffer_complete;

	complete->status = nv_receive_set(net, &message->u.buffer);
	if (complete->status == HV_NVSP_STATUS_SUCCESS) {
		complete->count = 1;
		complete->section.size = net->receive.size;
		complete->section.count = net->receive.count;
		complete->section.end = net->receive.size * net->receive.count;
	} else
		refuse(channel);
	answer(channel, packet, &reply);
}

static void
take_send_buffer(struct nv_channel *channel,
    const struct host_vmbus_packet *packet, const struct hv_nvsp *message)
{
	struct host_netvsp *net = channel->net;
	struct hv_nvsp reply = { .type = HV_NVSP_SEND_BUFFER_COMPLETE };
	struct hv_nvsp_send_buffer_complete *complete =
	    &reply.u.send_buffer_complete;
	uint64_t size = host_vmbus_gpadl_length(channel->vmbus,
	    message->u.buffer.gpadl);

	complete->status = HV_NVSP_STATUS_FAILURE;
	if (!net->has_send && size >= net->config.section_size &&
	    size <= HV_NVSP_SEND_BUFFER_MAX) {
		net->has_send = true;
		net->send_gpadl = message->u.buffer.gpadl;
		net->send_id = message->u.buffer.id;
		net->sections = (uint32_t)(size / net->config.section_size);
		complete->status = HV_NVSP_STATUS_SUCCESS;
		complete->section_size = net->config.section_size;
	} else
		refuse(channel);
	answer(channel, packet, &reply);
}

static void
take_revoke_receive(struct nv_channel *channel,
    const struct host_vmbus_packet *packet, const struct hv_nvsp *message)
{
	struct host_netvsp *net = channel->net;

	if (!net->receive.set || message->u.revoke.id != net->receive.id)
		refuse(channel);
	else
		nv_receive_forget(net);
	answer(channel, packet, NULL);
}

static void
take_revoke_send(struct nv_channel *channel,
    const struct host_vmbus_packet *packet, const struct hv_nvsp *message)
{
	struct host_netvsp *net = channel->net;

	if (!net->has_send || message->u.revoke.id != net->send_id)
		refuse(channel);
	else
		net->has_send = false;
	answer(channel, packet, NULL);
}

/* openvmm: completed whether it was possible or not. */
static void
take_data_path(struct nv_channel *channel,
    const struct host_vmbus_packet *packet, const struct hv_nvsp *message)
{
	struct host_netvsp *net = channel->net;
	uint32_t active = message->u.data_path.active;

	if (active > HV_NVSP_PATH_VF || (active == HV_NVSP_PATH_VF && !net->vf))
		refuse(channel);
	else if (active == HV_NVSP_PATH_VF)
		net->counts.vf_switched++;
	answer(channel, packet, NULL);
}

/* openvmm: none is known. */
static void
take_oid_query(struct nv_channel *channel,
    const struct host_vmbus_packet *packet, const struct hv_nvsp *message)
{
	struct hv_nvsp reply = { .type = HV_NVSP_OID_QUERY_COMPLETE };

	(void)message;
	reply.u.oid_query_complete.status = HV_RNDIS_STATUS_NOT_SUPPORTED;
	answer(channel, packet, &reply);
}

static void
take_sub_channels(struct nv_channel *channel,
    const struct host_vmbus_packet *packet, const struct hv_nvsp *message)
{
	struct host_netvsp *net = channel->net;
	struct hv_nvsp reply = { .type = HV_NVSP_SUB_CHANNEL };
	struct hv_nvsp_sub_channel_complete *complete =
	    &reply.u.sub_channel_complete;
	uint32_t count = message->u.sub_channel.count;

	complete->status = HV_NVSP_STATUS_FAILURE;
	if (message->u.sub_channel.operation == HV_NVSP_SUB_CHANNEL_ALLOCATE &&
	    count > 0 && count < net->config.max_channels && net->subs == 0) {
		complete->status = HV_NVSP_STATUS_SUCCESS;
		complete->count = count;
	} else
		refuse(channel);
	if (net->manners.has_subs) {
		complete->status = HV_NVSP_STATUS_SUCCESS;
		complete->count = net->manners.subs;
	}
	answer(channel, packet, &reply);
	if (complete->status != HV_NVSP_STATUS_SUCCESS)
		return;
	while (net->subs < complete->count && net->subs < NV_CHANNELS - 1 &&
	    host_vmbus_offer_subs(net->device, 1))
		net->subs++;
}

static void
take_rndis(struct nv_channel *channel, const struct host_vmbus_packet *packet,
    const struct hv_nvsp *message)
{
	struct hv_nvsp reply = { .type = HV_NVSP_RNDIS_COMPLETE };

	reply.u.rndis_complete.status = nv_transmitted(channel, packet,
	    &message->u.rndis);
	if (channel->vmbus == NULL || channel->net->manners.stop_completions ||
	    (packet->flags & HV_PACKET_FLAG_COMPLETION) == 0)
		return;
	nv_answer(channel, HOST_NET_SEND_DONE, packet->id, &reply);
}

static const struct kind {
	uint32_t type;
	uint32_t size; /* of the message, at least */
	uint32_t since;
	bool subs; /* in their channels too */
	void (*take)(struct nv_channel *, const struct host_vmbus_packet *,
	    const struct hv_nvsp *);
} kinds[] = {
	{ HV_NVSP_INIT, sizeof(struct hv_nvsp_init), 0, false, take_init },
	{ HV_NVSP_NDIS_VERSION, sizeof(struct hv_nvsp_ndis_version), HV_NVSP_1,
	    false, take_ndis_version },
	{ HV_NVSP_RECV_BUFFER, 6, HV_NVSP_1, false, take_receive_buffer },
	{ HV_NVSP_REVOKE_RECV_BUFFER, 2, HV_NVSP_1, false,
	    take_revoke_receive },
	{ HV_NVSP_SEND_BUFFER, 6, HV_NVSP_1, false, take_send_buffer },
	{ HV_NVSP_REVOKE_SEND_BUFFER, 2, HV_NVSP_1, false, take_revoke_send },
	{ HV_NVSP_RNDIS, sizeof(struct hv_nvsp_rndis), HV_NVSP_1, true,
	    take_rndis },
	{ HV_NVSP_NDIS_CONFIG, sizeof(struct hv_nvsp_ndis_config), HV_NVSP_2,
	    false, take_ndis_config },
	{ HV_NVSP_SWITCH_DATA_PATH, sizeof(struct hv_nvsp_data_path), HV_NVSP_4,
	    false, take_data_path },
	{ HV_NVSP_OID_QUERY, sizeof(struct hv_nvsp_oid_query), HV_NVSP_5, false,
	    take_oid_query },
	{ HV_NVSP_SUB_CHANNEL, sizeof(struct hv_nvsp_sub_channel), HV_NVSP_5,
	    false, take_sub_channels },
};

static const struct kind *
find_kind(uint32_t type)
{
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].type == type)
			return &kinds[i];
	return NULL;
}

void
nv_take(struct nv_channel *channel, const struct host_vmbus_packet *packet)
{
	const struct kind *kind;
	struct hv_nvsp message;

	if (packet->type == HV_PACKET_COMPLETION) {
		nv_received(channel, packet);
		return;
	}
	if ((packet->type != HV_PACKET_INBAND &&
		packet->type != HV_PACKET_GPA_DIRECT) ||
	    packet->len < sizeof(message.type)) {
		refuse(channel);
		return;
	}
	memset(&message, 0, sizeof(message));
	memcpy(&message, packet->data,
	    packet->len < sizeof(message) ? packet->len : sizeof(message));
	kind = find_kind(message.type);
	if (kind == NULL || packet->len - sizeof(message.type) < kind->size ||
	    channel->net->version < kind->since ||
	    (channel->sub > 0 && !kind->subs)) {
		refuse(channel);
		return;
	}
	kind->take(channel, packet, &message);
}
