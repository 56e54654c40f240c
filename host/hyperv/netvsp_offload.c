/* SPDX-License-Identifier: ISC */
/* What a NIC does for its guest: told, set, and done. */
#include <string.h>

#include "host/hyperv/netvsp_private.h"

/* ---- Told ------------------------------------------------------------- */

/* UDP's sums and LSO of IPv6 begin with 2012 R2 as Linux has it
 * (rndis_filter_set_offload_params), RSC with 2019. */
void
nv_offload_supported(const struct host_netvsp *net, struct nv_offload *can)
{
	const struct host_netvsp_config *config = &net->config;
	bool sum = !config->no_checksum, lso = sum && !config->no_lso;
	bool udp = sum && net->version >= HV_NVSP_5;
	bool rsc = !config->no_rsc && net->version >= HV_NVSP_6_1 &&
	    (net->can & HV_NVSP_CAN_RSC) != 0;

	*can = (struct nv_offload){
		.tx_ip4 = sum,
		.tx_tcp4 = sum,
		.tx_udp4 = udp,
		.tx_tcp6 = sum,
		.tx_udp6 = udp,
		.rx_ip4 = sum,
		.rx_tcp4 = sum,
		.rx_udp4 = udp,
		.rx_tcp6 = sum,
		.rx_udp6 = udp,
		.lso1 = lso,
		.lso2_4 = lso,
		.lso2_6 = lso,
		.rsc4 = rsc,
		.rsc6 = rsc,
	};
}

static uint32_t
flags4(bool ip, bool tcp, bool udp)
{
	return (ip || tcp || udp ? HV_OFFLOAD_IP_OPTIONS : 0) |
	    (ip ? HV_OFFLOAD_IP_HEADER : 0) |
	    (tcp ? HV_OFFLOAD_TCP | HV_OFFLOAD_TCP_OPTIONS : 0) |
	    (udp ? HV_OFFLOAD_UDP : 0);
}

static uint32_t
flags6(bool tcp, bool udp)
{
	return (tcp || udp ? HV_OFFLOAD_IPV6_EXTENSIONS : 0) |
	    (tcp ? HV_OFFLOAD_TCP | HV_OFFLOAD_TCP_OPTIONS : 0) |
	    (udp ? HV_OFFLOAD_UDP : 0);
}

static void
put_lso(struct hv_ndis_offload *object, const struct nv_offload *offload)
{
	if (offload->lso1) {
		object->lso1[0] = HV_NDIS_ENCAPSULATION_8023;
		object->lso1[1] = NV_LSO_MAX;
		object->lso1[2] = 2;
	}
	if (offload->lso2_4) {
		object->lso2_ipv4_encapsulation = HV_NDIS_ENCAPSULATION_8023;
		object->lso2_ipv4_max = NV_LSO_MAX;
		object->lso2_ipv4_min = 2;
	}
	if (offload->lso2_6) {
		object->lso2_ipv6_encapsulation = HV_NDIS_ENCAPSULATION_8023;
		object->lso2_ipv6_max = NV_LSO_MAX;
		object->lso2_ipv6_min = 2;
		object->lso2_ipv6 = HV_OFFLOAD_IPV6_EXTENSIONS |
		    HV_OFFLOAD_TCP_OPTIONS;
	}
}

size_t
nv_offload_object(const struct host_netvsp *net,
    const struct nv_offload *offload, struct hv_ndis_offload *object)
{
	uint32_t ndis = net->counts.ndis;
	bool is_630 = ndis >= (HV_NDIS_MAJOR << 16 | HV_NDIS_MINOR_30);
	bool is_61 = ndis >= (HV_NDIS_MAJOR << 16 | HV_NDIS_MINOR_1);

	memset(object, 0, sizeof(*object));
	object->object.type = HV_NDIS_OFFLOAD;
	object->object.revision = is_630 ? 3 : is_61 ? 2 : 1;
	object->object.size = is_630 ? HV_NDIS_OFFLOAD_SIZE_3
	    : is_61                  ? HV_NDIS_OFFLOAD_SIZE_2
				     : HV_NDIS_OFFLOAD_SIZE_1;
	object->ipv4_tx_encapsulation = object->ipv4_rx_encapsulation =
	    object->ipv6_tx_encapsulation = object->ipv6_rx_encapsulation =
		HV_NDIS_ENCAPSULATION_8023;
	object->ipv4_tx = flags4(offload->tx_ip4, offload->tx_tcp4,
	    offload->tx_udp4);
	object->ipv4_rx = flags4(offload->rx_ip4, offload->rx_tcp4,
	    offload->rx_udp4);
	object->ipv6_tx = flags6(offload->tx_tcp6, offload->tx_udp6);
	object->ipv6_rx = flags6(offload->rx_tcp6, offload->rx_udp6);
	put_lso(object, offload);
	object->rsc_ipv4 = offload->rsc4;
	object->rsc_ipv6 = offload->rsc6;
	return object->object.size;
}

/* ---- Set -------------------------------------------------------------- */

static bool
set_sum(uint8_t value, bool can_tx, bool can_rx, bool *tx, bool *rx)
{
	if (value > HV_PARAMETER_BOTH)
		return false;
	if (value == HV_PARAMETER_NO_CHANGE)
		return true;
	*tx = can_tx &&
	    (value == HV_PARAMETER_TX || value == HV_PARAMETER_BOTH);
	*rx = can_rx &&
	    (value == HV_PARAMETER_RX || value == HV_PARAMETER_BOTH);
	return true;
}

static bool
set_switch(uint8_t value, bool can, bool *on)
{
	if (value > HV_PARAMETER_ON)
		return false;
	if (value != HV_PARAMETER_NO_CHANGE)
		*on = can && value == HV_PARAMETER_ON;
	return true;
}

/* All of it or nothing. */
uint32_t
nv_offload_set(struct host_netvsp *net, const uint8_t *bytes, size_t size)
{
	struct hv_ndis_offload_parameters p;
	struct nv_offload can, now = net->offload;

	memset(&p, 0, sizeof(p));
	if (size < HV_NDIS_OFFLOAD_PARAMETERS_SIZE_1)
		return HV_RNDIS_STATUS_TOO_SHORT;
	memcpy(&p, bytes, size < sizeof(p) ? size : sizeof(p));
	if (p.object.type != HV_NDIS_DEFAULT || p.object.revision == 0 ||
	    p.object.size > size ||
	    p.object.size < HV_NDIS_OFFLOAD_PARAMETERS_SIZE_1)
		return HV_RNDIS_STATUS_INVALID_DATA;
	if (p.object.size < HV_NDIS_OFFLOAD_PARAMETERS_SIZE_3)
		p.rsc_ipv4 = p.rsc_ipv6 = HV_PARAMETER_NO_CHANGE;
	nv_offload_supported(net, &can);
	if (!set_sum(p.ipv4, can.tx_ip4, can.rx_ip4, &now.tx_ip4,
		&now.rx_ip4) ||
	    !set_sum(p.tcp4, can.tx_tcp4, can.rx_tcp4, &now.tx_tcp4,
		&now.rx_tcp4) ||
	    !set_sum(p.udp4, can.tx_udp4, can.rx_udp4, &now.tx_udp4,
		&now.rx_udp4) ||
	    !set_sum(p.tcp6, can.tx_tcp6, can.rx_tcp6, &now.tx_tcp6,
		&now.rx_tcp6) ||
	    !set_sum(p.udp6, can.tx_udp6, can.rx_udp6, &now.tx_udp6,
		&now.rx_udp6) ||
	    !set_switch(p.lso1, can.lso1, &now.lso1) ||
	    !set_switch(p.lso2_ipv4, can.lso2_4, &now.lso2_4) ||
	    !set_switch(p.lso2_ipv6, can.lso2_6, &now.lso2_6) ||
	    !set_switch(p.rsc_ipv4, can.rsc4, &now.rsc4) ||
	    !set_switch(p.rsc_ipv6, can.rsc6, &now.rsc6))
		return HV_RNDIS_STATUS_INVALID_DATA;
	net->offload = now;
	return HV_RNDIS_STATUS_SUCCESS;
}

/* ---- Done ------------------------------------------------------------- */

/* Windows takes the guest's word for where TCP is; one that is wrong would
 * end in a frame with a sum at some other place. */
static bool
is_there(const struct nv_layout *layout, uint32_t offset)
{
	return offset == 0 || offset == layout->transport;
}

/* As Linux and FreeBSD make them: lengths of IP and the sum of its header are
 * blank in version 2, and TCP's has the pseudo header without a length. */
static bool
finish_lso(const struct host_netvsp *net, uint8_t *bytes, size_t length,
    uint32_t lso, struct host_nv_frame *frame)
{
	bool is_v2 = (lso & HV_LSO_VERSION_2) != 0;
	struct nv_layout layout;
	size_t payload;

	if (!nv_layout(bytes, length, &layout) || layout.protocol != NV_TCP ||
	    !is_there(&layout, lso >> 20 & 0x3ffu))
		return false;
	if (is_v2 ? (layout.ipv6 != ((lso & HV_LSO_IPV6) != 0) ||
			!(layout.ipv6 ? net->offload.lso2_6
				      : net->offload.lso2_4))
		  : (layout.ipv6 || !net->offload.lso1))
		return false;
	nv_set_length(bytes, &layout, length);
	payload = nv_payload(bytes, &layout);
	if (payload == 0 || payload == length || HV_LSO_MSS(lso) == 0)
		return false;
	nv_sum_ip(bytes, &layout);
	if (!nv_sum_transport(bytes, &layout, length - layout.transport))
		return false;
	frame->lso_version = is_v2 ? 2 : 1;
	frame->segment_size = HV_LSO_MSS(lso);
	frame->checksum_blank = true;
	return true;
}

static bool
may_sum(const struct nv_offload *offload, const struct nv_layout *layout)
{
	if (layout->protocol == NV_TCP)
		return layout->ipv6 ? offload->tx_tcp6 : offload->tx_tcp4;
	return layout->ipv6 ? offload->tx_udp6 : offload->tx_udp4;
}

static bool
finish_sum(const struct host_netvsp *net, uint8_t *bytes, size_t length,
    uint32_t flags, struct host_nv_frame *frame)
{
	uint8_t protocol = (flags & HV_TX_TCP) != 0 ? NV_TCP
	    : (flags & HV_TX_UDP) != 0              ? NV_UDP
						    : 0;
	struct nv_layout layout;

	if ((flags & (HV_TX_TCP | HV_TX_UDP | HV_TX_IP_HEADER)) == 0)
		return true;
	if (!nv_layout(bytes, length, &layout) ||
	    (flags & (layout.ipv6 ? HV_TX_IPV6 : HV_TX_IPV4)) == 0)
		return false;
	if ((flags & HV_TX_IP_HEADER) != 0 && !layout.ipv6) {
		if (!net->offload.tx_ip4)
			return false;
		nv_sum_ip(bytes, &layout);
	}
	if (protocol == 0)
		return true;
	if (layout.protocol != protocol || !may_sum(&net->offload, &layout) ||
	    !is_there(&layout, flags >> 16 & 0x3ffu) ||
	    !nv_sum_transport(bytes, &layout, 0))
		return false;
	frame->checksum_blank = true;
	return true;
}

bool
nv_offload_finish(const struct host_netvsp *net, uint8_t *bytes, size_t length,
    const struct nv_info *info, struct host_nv_frame *frame)
{
	if (info->has_vlan) {
		if (net->config.no_vlan)
			return false;
		/* as the tag has it */
		frame->has_vlan = true;
		frame->vlan = (uint16_t)(HV_VLAN_PRIORITY(info->vlan) << 13 |
		    (info->vlan & HV_VLAN_CFI) << 9 | HV_VLAN_ID(info->vlan));
	}
	/* segment size 0 is no segmentation: Linux's drivers may say so */
	if (info->has_lso && HV_LSO_MSS(info->lso) != 0)
		return finish_lso(net, bytes, length, info->lso, frame);
	if (info->has_checksum)
		return finish_sum(net, bytes, length, info->checksum, frame);
	return true;
}
