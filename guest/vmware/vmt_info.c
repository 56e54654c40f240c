/* SPDX-License-Identifier: ISC */
/*
 * What this guest reports of itself (SetGuestInfo), each thing when it has
 * changed: addresses a moment after they did (open-vm-tools issue 577 waits for
 * minutes), all else when it is looked at.
 *
 * One report is under way at a time, out of one buffer, and of what was sent
 * only a hash is kept: nothing here grows (open-vm-tools issues 452, 514).
 */
#include "guest/vmware/vmt_info.h"
#include "guest/bus/address.h"
#include "guest/bus/libc.h"

/* The period of open-vm-tools. */
#define LOOK (30 * PV_SECOND)
/* A change rarely comes alone: link, address, route. */
#define SETTLE (100 * PV_MILLISECOND)
/* After no answer, or none that means anything. */
#define HOLD (5 * PV_SECOND)

#define ALL \
	((1u << VMT_REPORTS) - 1 - (1u << VMT_OS_NAME_FULL | 1u << VMT_OS_NAME))

/* ---- What the host makes of them -------------------------------------- */

/* FNV-1a. */
static uint64_t
hash(const uint8_t *bytes, size_t size)
{
	uint64_t value = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < size; i++)
		value = (value ^ bytes[i]) * 0x100000001b3ull;
	return value;
}

static void
again(struct vmt_info *info, enum vmt_report report)
{
	info->pending |= 1u << report;
}

static void
keep(struct vmt_info *info)
{
	info->sent[info->current].known = true;
	info->sent[info->current].hash = info->current_hash;
}

static void
next_nic_form(struct vmt_info *info)
{
	static const char *const forms[VMT_NIC_FORMS] = { "", "type 9",
		"version 2", "version 1" };

	if (++info->nic_form < VMT_NIC_FORMS) {
		vmware_complain(info->vmware, &info->rate,
		    "the host refuses that list of interfaces: trying %s",
		    forms[info->nic_form]);
		again(info, VMT_NICS);
		return;
	}
	/* none at all: perhaps the best one, the next time it is looked at */
	vmware_complain(info->vmware, &info->rate,
	    "the host refuses every list of interfaces");
	info->nic_form = VMT_NICS_10_V3;
}

/* Another form where there is one; else it is not said again before it has
 * changed. */
static void
refused(struct vmt_info *info)
{
	info->refused++;
	if (info->current == VMT_NICS) {
		next_nic_form(info);
	} else if (info->current == VMT_DISKS && !info->no_json) {
		info->no_json = true;
		again(info, VMT_DISKS);
	} else if (info->current == VMT_OS_DETAILED) {
		info->no_detailed = true;
		again(info, VMT_OS_NAME_FULL);
		again(info, VMT_OS_NAME);
	} else {
		keep(info);
	}
}

/* The answer to what was taken is empty, or it was not taken. */
static bool
was_taken(const struct vmt_info *info)
{
	return info->request.error == PV_OK &&
	    (info->current == VMT_NICS || info->request.reply_len == 0);
}

static void
done(struct vmware_request *request)
{
	struct vmt_info *info = request->owner;

	info->busy = false;
	/* a host that has forgotten all is told again in any case */
	if (info->current_generation != info->generation)
		return;
	if (was_taken(info)) {
		info->reports++;
		keep(info);
	} else if (request->error == PV_OK || request->error == PV_EIO ||
	    request->error == PV_EMSGSIZE) {
		refused(info);
	} else {
		info->failed++;
		again(info, info->current);
		info->hold = pv_bus_now(info->vmware->bus) + HOLD;
	}
}

/* ---- When ------------------------------------------------------------- */

static void
look_at(struct vmt_info *info, uint64_t now)
{
	info->look = now + LOOK;
	info->settle = PV_NEVER;
	info->pending |= ALL;
	if (info->no_detailed)
		info->pending |= 1u << VMT_OS_NAME_FULL | 1u << VMT_OS_NAME;
}

static void
watch(struct vmt_info *info, uint64_t now)
{
	const struct pv_port *port = info->vmware->port;

	if (port->netif_changes != NULL) {
		uint64_t changes = port->netif_changes(port->ctx);

		/* from the first one on, so that a storm of them cannot put it
		 * off */
		if (changes != info->changes && info->settle == PV_NEVER)
			info->settle = now + SETTLE;
		info->changes = changes;
	}
	if (now >= info->look)
		look_at(info, now);
	if (now >= info->settle) {
		info->settle = PV_NEVER;
		again(info, VMT_DNS_NAME);
		again(info, VMT_NICS);
	}
}

/* True: it is on its way. */
static bool
send(struct vmt_info *info, enum vmt_report report)
{
	struct writer writer;
	uint64_t value;

	writer_init(&writer, info->message, sizeof(info->message));
	if (!vmt_info_put(info, report, &writer) || writer.full)
		return false;
	value = hash(info->message, writer.len);
	if (info->sent[report].known && info->sent[report].hash == value)
		return false;
	info->current = report;
	info->current_hash = value;
	info->current_generation = info->generation;
	info->request = (struct vmware_request){
		.bytes = info->message,
		.len = writer.len,
		.reply = info->reply,
		.room = sizeof(info->reply),
		.done = done,
		.owner = info,
	};
	info->busy = true;
	vmware_rpc_submit(info->vmware, &info->request);
	return true;
}

bool
vmt_info_poll(struct vmware *vmware)
{
	struct vmt_info *info = vmware->info;
	uint64_t now = pv_bus_now(vmware->bus);

	if (info == NULL)
		return false;
	watch(info, now);
	if (info->busy || now < info->hold)
		return false;
	for (unsigned report = 0; report < VMT_REPORTS; report++) {
		if ((info->pending >> report & 1) == 0)
			continue;
		info->pending &= ~(1u << report);
		if (send(info, report))
			return true;
	}
	return false;
}

uint64_t
vmt_info_deadline(const struct vmware *vmware)
{
	const struct vmt_info *info = vmware->info;
	uint64_t next;

	if (info == NULL)
		return PV_NEVER;
	next = info->look < info->settle ? info->look : info->settle;
	if (!info->busy && info->pending != 0 && info->hold < next)
		next = info->hold;
	return next;
}

void
vmt_info_force(struct vmware *vmware)
{
	struct vmt_info *info = vmware->info;

	if (info == NULL)
		return;
	info->generation++;
	memset(info->sent, 0, sizeof(info->sent));
	info->nic_form = VMT_NICS_10_V3;
	info->no_detailed = info->no_json = false;
	info->pending = 0;
	info->hold = 0;
	look_at(info, pv_bus_now(vmware->bus));
}

bool
vmt_info_address(struct vmware *vmware, char *to, size_t room)
{
	struct vmt_info *info = vmware->info;
	const struct pv_address *address;
	char text[PV_ADDRESS_TEXT];
	size_t len;

	if (info == NULL)
		return false;
	vmt_net_read(vmware->port, &info->net);
	address = vmt_net_address(&info->net);
	if (address == NULL)
		return false;
	len = pv_address_text(address, text);
	if (len >= room)
		return false;
	memcpy(to, text, len + 1);
	return true;
}

/* ---- The device comes and goes ---------------------------------------- */

int
vmt_info_open(struct vmware *vmware)
{
	struct vmt_info *info = pv_alloc(vmware->bus, sizeof(*info));

	if (info == NULL)
		return PV_ENOMEM;
	info->vmware = vmware;
	/* a moment later, as the host is about to say "reset", which would
	 * begin all of it anew */
	info->look = pv_bus_now(vmware->bus) + SETTLE;
	info->settle = PV_NEVER;
	if (vmware->port->netif_changes != NULL)
		info->changes = vmware->port->netif_changes(vmware->port->ctx);
	vmware->info = info;
	return PV_OK;
}

void
vmt_info_close(struct vmware *vmware)
{
	struct vmt_info *info = vmware->info;

	if (info == NULL)
		return;
	if (info->busy)
		vmware_rpc_cancel(vmware, &info->request);
	vmware->info = NULL;
	pv_free(vmware->bus, info, sizeof(*info));
}
