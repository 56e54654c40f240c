/* SPDX-License-Identifier: ISC */
/* Each report as it goes out, in the form that this host has not refused. */
#include "guest/bus/libc.h"
#include "guest/bus/number.h"
#include "guest/vmware/vmt_info.h"
#include "wire/vmware/guestrpc.h"

/* "SetGuestInfo  7 ": two blanks. */
static void
put_head(struct writer *writer, unsigned type)
{
	write_text(writer, VMWARE_RPC_GUEST_INFO "  ");
	write_decimal(writer, type);
	write_text(writer, " ");
}

static bool
put_text(struct writer *writer, unsigned type, const char *text)
{
	put_head(writer, type);
	write_bytes(writer, text, strlen(text) + 1);
	return text[0] != '\0';
}

static void
put_uptime(struct vmt_info *info, struct writer *writer)
{
	uint64_t now = pv_bus_now(info->vmware->bus);

	put_head(writer, VMWARE_INFO_UPTIME);
	/* nanoseconds to hundredths: by 10^7 */
	write_decimal(writer,
	    pv_divide(pv_divide(now, 10000, NULL), 1000, NULL));
	write_zeroes(writer, 1);
}

static void
note_dropped(struct vmt_info *info)
{
	const struct vmt_dropped *now = &info->net.dropped;

	if (memcmp(now, &info->dropped, sizeof(*now)) == 0)
		return;
	info->dropped = *now;
	if (now->nics + now->addresses + now->routes + now->servers +
		now->suffixes ==
	    0)
		return;
	vmware_log(info->vmware, PV_LOG_INFO,
	    "more than a host takes, so not reported: %u interfaces, "
	    "%u addresses, %u routes, %u DNS servers, %u suffixes",
	    now->nics, now->addresses, now->routes, now->servers,
	    now->suffixes);
}

/* So what a picture has also fits type 9. */
_Static_assert(PV_NETIF_ADDRESSES <= NICINFO_IPS_TYPE_9, "addresses");

static bool
put_nics(struct vmt_info *info, struct writer *writer)
{
	switch (info->nic_form) {
	case VMT_NICS_10_V3:
		put_head(writer, VMWARE_INFO_NIC_V3);
		vmt_nics_v3(&info->net, writer);
		break;
	case VMT_NICS_9_V3:
		put_head(writer, VMWARE_INFO_NIC_V2);
		vmt_nics_v3(&info->net, writer);
		break;
	case VMT_NICS_9_V2:
		put_head(writer, VMWARE_INFO_NIC_V2);
		info->net.dropped.addresses += vmt_nics_v2(&info->net, writer);
		break;
	case VMT_NICS_2_V1:
	case VMT_NIC_FORMS:
		put_head(writer, VMWARE_INFO_NIC_V1);
		vmt_nics_v1(&info->net, writer);
		break;
	}
	note_dropped(info);
	return true;
}

static bool
put_disks(struct vmt_info *info, struct writer *writer)
{
	const struct pv_port *port = info->vmware->port;
	unsigned dropped;
	bool known;

	if (info->no_json) {
		put_head(writer, VMWARE_INFO_DISK_V0);
		known = vmt_disks_v0(port, writer, &dropped);
	} else {
		write_text(writer, VMWARE_RPC_DISK_INFO " ");
		known = vmt_disks_json(port, writer, &dropped);
	}
	if (known && dropped > 0 && dropped != info->disks_dropped)
		vmware_log(info->vmware, PV_LOG_INFO,
		    "%u file systems cannot be reported", dropped);
	info->disks_dropped = dropped;
	return known;
}

static bool
put_detailed(struct vmt_info *info, struct writer *writer)
{
	vmt_os_read(info->vmware->port, &info->os);
	if (info->no_detailed ||
	    (info->os.name[0] == '\0' && info->os.family[0] == '\0'))
		return false;
	put_head(writer, VMWARE_INFO_OS_DETAILED);
	vmt_os_detailed(&info->os, writer);
	return true;
}

bool
vmt_info_put(struct vmt_info *info, enum vmt_report report,
    struct writer *writer)
{
	const struct pv_port *port = info->vmware->port;
	char text[sizeof(((struct osdetail *)0)->full_name)];

	switch (report) {
	case VMT_BUILD:
		/* of the tools; hosts take the number, and ours is no build of
		 * VMware's */
		return put_text(writer, VMWARE_INFO_BUILD, "build-0");
	case VMT_OS_DETAILED:
		return put_detailed(info, writer);
	case VMT_OS_NAME_FULL:
		vmt_os_read(port, &info->os);
		vmt_os_full_name(&info->os, text, sizeof(text));
		return put_text(writer, VMWARE_INFO_OS_NAME_FULL, text);
	case VMT_OS_NAME:
		vmt_os_read(port, &info->os);
		vmt_os_id(&info->os, text, sizeof(text));
		return put_text(writer, VMWARE_INFO_OS_NAME, text);
	case VMT_DISKS:
		return put_disks(info, writer);
	case VMT_DNS_NAME:
		return vmt_fact(port, PV_FACT_HOST_NAME, text, VMT_FACT) &&
		    put_text(writer, VMWARE_INFO_DNS_NAME, text);
	case VMT_NICS:
		vmt_net_read(port, &info->net);
		return port->netif != NULL && put_nics(info, writer);
	case VMT_MEMORY:
		put_head(writer, VMWARE_INFO_MEMORY);
		return vmt_memory(port, writer);
	case VMT_UPTIME:
		put_uptime(info, writer);
		return true;
	case VMT_REPORTS:
		break;
	}
	return false;
}
