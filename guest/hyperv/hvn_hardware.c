/* SPDX-License-Identifier: ISC */
/* What the host does for frames, and what of that is to be switched on. */
#include "guest/bus/libc.h"
#include "guest/hyperv/hvn.h"

/* ---- What it can ------------------------------------------------------ */

static size_t
ask_hardware(struct hvn *hvn, void *page, size_t room, uint32_t id)
{
	bool new = hvn_ndis_minor(hvn) >= HV_NDIS_MINOR_30;
	const struct hv_ndis_offload input = {
		.object = { .type = HV_NDIS_OFFLOAD,
		    .revision = new ? 3 : 2,
		    .size = new ? HV_NDIS_OFFLOAD_SIZE_3
				: HV_NDIS_OFFLOAD_SIZE_2 },
	};

	hvn->hardware = (struct rndis_offload){ 0 };
	return rndis_query_put(page, room, id, HV_OID_OFFLOAD_HARDWARE, &input,
	    input.object.size);
}

static int
answer_hardware(struct hvn *hvn, const uint8_t *reply, size_t length)
{
	size_t at, have;
	int error = rndis_query_read(reply, length, &at, &have);

	if (error == PV_OK)
		error = rndis_offload_read(reply + at, have, &hvn->hardware);
	if (error == PV_EPROTO)
		hvn->device->stats.bad_length++;
	return error;
}

const struct hvn_question hvn_hardware = { .name = "offloads",
	.rndis = true,
	.ask = ask_hardware,
	.answer = answer_hardware };

/* ---- What is switched on ---------------------------------------------- */

static uint8_t
direction(uint32_t sent, uint32_t received, uint32_t what)
{
	if ((sent & what) == what)
		return (received & what) == what ? HV_PARAMETER_BOTH
						 : HV_PARAMETER_TX;
	return (received & what) == what ? HV_PARAMETER_RX : HV_PARAMETER_NONE;
}

static uint8_t
on(bool can)
{
	return can ? HV_PARAMETER_ON : HV_PARAMETER_OFF;
}

/* Before NVS 5 the object has no place for UDP over a newer NDIS. */
static size_t
ask_parameters(struct hvn *hvn, void *page, size_t room, uint32_t id)
{
	struct rndis_offload *can = &hvn->hardware;
	bool old = hvn->version <= HV_NVSP_4;
	bool rsc = hvn->version >= HV_NVSP_6_1;
	struct hv_ndis_offload_parameters parameters = {
		.object = { .type = HV_NDIS_DEFAULT,
		    .revision = 3,
		    .size = old ? HV_NDIS_OFFLOAD_PARAMETERS_SIZE_2
				: HV_NDIS_OFFLOAD_PARAMETERS_SIZE_3 },
		.ipv4 = direction(can->checksum4, can->receive4,
		    HV_OFFLOAD_IP_HEADER),
		.tcp4 = direction(can->checksum4, can->receive4,
		    HV_OFFLOAD_TCP),
		.tcp6 = direction(can->checksum6, can->receive6,
		    HV_OFFLOAD_TCP),
		.lso2_ipv4 = on(can->lso4 != 0),
		.lso2_ipv6 = on(can->lso6 != 0),
		.lso1 = on(can->lso4 == 0 && can->lso1 != 0),
		.rsc_ipv4 = on(rsc && can->rsc4),
		.rsc_ipv6 = on(rsc && can->rsc6),
	};

	if (old) {
		can->checksum4 &= ~HV_OFFLOAD_UDP;
		can->checksum6 &= ~HV_OFFLOAD_UDP;
	} else {
		parameters.udp4 = direction(can->checksum4, can->receive4,
		    HV_OFFLOAD_UDP);
		parameters.udp6 = direction(can->checksum6, can->receive6,
		    HV_OFFLOAD_UDP);
	}
	return rndis_set_put(page, room, id, HV_OID_OFFLOAD_PARAMETERS,
	    &parameters, parameters.object.size);
}

static int
parameters_set(struct hvn *hvn, const uint8_t *reply, size_t length)
{
	int error = rndis_set_read(reply, length);

	if (error == PV_EPROTO)
		hvn->device->stats.bad_length++;
	return error;
}

static void
parameters_refused(struct hvn *hvn)
{
	hvn->hardware = (struct rndis_offload){ 0 };
}

const struct hvn_question hvn_parameters = { .name = "offload parameters",
	.rndis = true,
	.ask = ask_parameters,
	.answer = parameters_set,
	.refused = parameters_refused };

/* ---- What that makes of the NIC --------------------------------------- */

/* A frame to be cut has a checksum, too; hosts cut those that they sum up. */
void
hvn_features(struct hvn *hvn)
{
	const struct rndis_offload *can = &hvn->hardware;
	struct pv_nic *nic = &hvn->nic;
	uint32_t features = PV_NIC_SCATTER;
	uint32_t most4 = can->lso4 != 0 ? can->lso4 : can->lso1;
	uint32_t most = HVN_FRAME_MAX;

	if (hvn->version >= HV_NVSP_2)
		features |= PV_NIC_VLAN;
	if ((can->checksum4 & HV_OFFLOAD_TCP) != 0) {
		features |= PV_NIC_CHECKSUM4;
		if (most4 > hvn->wanted_mtu) {
			features |= PV_NIC_TSO4;
			most = most4 < most ? most4 : most;
		}
	}
	if ((can->checksum6 & HV_OFFLOAD_TCP) != 0) {
		features |= PV_NIC_CHECKSUM6;
		if (can->lso6 > hvn->wanted_mtu) {
			features |= PV_NIC_TSO6;
			most = can->lso6 < most ? can->lso6 : most;
		}
	}
	hvn->offload = *can;
	nic->max_segmented = most;
	nic->features = features;
}
