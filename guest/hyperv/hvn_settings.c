/* SPDX-License-Identifier: ISC */
/* What the owner of the NIC wants, from the context that owns the bus.  It is
 * kept, and said again with each connection. */
#include "guest/bus/libc.h"
#include "guest/hyperv/hvn.h"

static void
filter_anew(struct hvn *hvn)
{
	hvn_again(hvn, HVN_BIT(HVN_STEP_GROUPS) | HVN_BIT(HVN_STEP_FILTER));
	hvn_step(hvn);
}

int
hvn_multicast(struct pv_nic *nic, const uint8_t (*groups)[6], unsigned count)
{
	struct hvn *hvn = (struct hvn *)nic;

	for (unsigned i = 0; i < count; i++)
		if ((groups[i][0] & 1) == 0)
			return PV_EINVAL; /* no group */
	hvn->filter = count <= HVN_GROUPS;
	if (hvn->filter && count > 0)
		memcpy(hvn->groups, groups, count * sizeof(*groups));
	hvn->group_count = hvn->filter ? count : 0;
	filter_anew(hvn);
	return hvn->filter ? PV_OK : PV_ENOTSUP;
}

int
hvn_promiscuous(struct pv_nic *nic, bool on)
{
	struct hvn *hvn = (struct hvn *)nic;

	if (hvn->promiscuous != on) {
		hvn->promiscuous = on;
		filter_anew(hvn);
	}
	return PV_OK;
}

int
hvn_set_address(struct pv_nic *nic, const uint8_t mac[6])
{
	struct hvn *hvn = (struct hvn *)nic;

	if ((mac[0] & 1) != 0 ||
	    (mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]) == 0)
		return PV_EINVAL;
	hvn->has_mac = true;
	memcpy(hvn->wanted_mac, mac, 6);
	hvn_again(hvn,
	    HVN_BIT(HVN_STEP_SET_MAC) | HVN_BIT(HVN_STEP_MAC) |
		HVN_BIT(HVN_STEP_RUN));
	hvn_step(hvn);
	return PV_OK;
}

/* The host takes it with a new connection only. */
int
hvn_set_size(struct pv_nic *nic, unsigned mtu)
{
	struct hvn *hvn = (struct hvn *)nic;

	if (mtu < HVN_MTU_MIN || mtu > nic->max_mtu)
		return PV_EINVAL;
	if (hvn->version == HV_NVSP_1)
		return PV_ENOTSUP;
	if (hvn->wanted_mtu == mtu)
		return PV_OK;
	hvn->wanted_mtu = mtu;
	if (hvn->phase == HVN_TALKING || hvn->phase == HVN_RUNNING)
		hvn->reopen = true;
	hvn_step(hvn);
	return PV_OK;
}
