/* SPDX-License-Identifier: ISC */
/*
 * The backdoor: registers in, registers out.  A command that VMware does not
 * know leaves all ones in EAX and the rest as it was (so it is that open-vm-tools
 * falls back from one command for the time to the next).
 */
#include "host/vmware/vmware_private.h"
#include "wire/endian.h"

#define ONES UINT32_MAX

/* VMware's own products say 6 and 2 (ESX) here. */
#define INTERFACE_VERSION 6
#define PRODUCT_ESX 2
/* Of ESXi 8.0. */
#define HARDWARE_VERSION 20

static uint64_t
wall(const struct host_vmware *vmware)
{
	return vmware->config.wall + vmx_now(vmware) + (uint64_t)vmware->step;
}

/* Which of the three commands are known goes with the age of the host. */
static bool
time_known(const struct host_vmware *vmware, unsigned command)
{
	unsigned known = vmware->config.time_commands;

	return command == VMWARE_TIME || known >= 3 ||
	    (command == VMWARE_TIME_FULL && known == 2);
}

static void
tell_time(const struct host_vmware *vmware, unsigned command,
    struct host_backdoor *r)
{
	uint64_t now = wall(vmware), seconds = now / SECOND;
	uint32_t lag = (uint32_t)(vmware->config.lag / 1000);

	if (!time_known(vmware, command)) {
		r->ax = ONES;
		return;
	}
	r->bx = (uint32_t)(now % SECOND / 1000);
	r->cx = lag;
	if (command == VMWARE_TIME) {
		r->ax = (uint32_t)seconds;
		return;
	}
	/* EAX stays the magic: the sign that it is known */
	r->si = (uint32_t)(seconds >> 32);
	r->dx = (uint32_t)seconds;
	if (command == VMWARE_TIME_FULL_LAG)
		r->di = lag;
}

static void
tell_frequencies(const struct host_vmware *vmware, struct host_backdoor *r)
{
	uint64_t hz = vmware->config.tsc_hz;

	if (hz == 0) {
		r->ax = ONES;
		return;
	}
	r->ax = (uint32_t)hz;
	r->bx = hz >> 32;
	r->cx = vmware->config.apic_hz;
}

static void
command(struct host_vmware *vmware, struct host_backdoor *r)
{
	const uint8_t *uuid = vmware->config.uuid;
	unsigned which = (uint16_t)r->cx, status;

	switch (which) {
	case VMWARE_SPEED:
		r->ax = vmware->config.megahertz;
		break;
	case VMWARE_VERSION:
		r->ax = INTERFACE_VERSION;
		r->bx = VMWARE_MAGIC;
		r->cx = PRODUCT_ESX;
		break;
	case VMWARE_HARDWARE:
		r->ax = HARDWARE_VERSION;
		r->bx = VMWARE_MAGIC;
		break;
	case VMWARE_DEVICE_ELEMENT:
	case VMWARE_DEVICE_TOGGLE:
		r->ax = 0; /* nothing can be taken away */
		break;
	case VMWARE_OPTIONS:
		r->ax = vmware->synctime ? VMWARE_OPTION_SYNC : 0;
		break;
	case VMWARE_HZ:
		tell_frequencies(vmware, r);
		break;
	case VMWARE_UUID:
		r->ax = get_le32(uuid);
		r->bx = get_le32(uuid + 4);
		r->cx = get_le32(uuid + 8);
		r->dx = get_le32(uuid + 12);
		break;
	case VMWARE_RAM:
		r->ax = vmware->config.megabytes;
		break;
	case VMWARE_TIME:
	case VMWARE_TIME_FULL:
	case VMWARE_TIME_FULL_LAG:
		tell_time(vmware, which, r);
		break;
	case VMWARE_MESSAGE:
		if (!vmx_manners_before(vmware, r, &status)) {
			status = vmx_channel_call(vmware, r);
			vmx_manners_after(vmware, r, &status);
		}
		r->cx = (r->cx & 0xffff) | status << 16;
		break;
	default:
		r->ax = ONES;
	}
}

void
host_vmware_backdoor(struct host_vmware *vmware, struct host_backdoor *r)
{
	unsigned low = (uint16_t)r->dx;

	if ((uint32_t)r->ax == VMWARE_MAGIC &&
	    (low & ~VMWARE_FLAG_OUT) == VMWARE_FLAG_HIGH) {
		host_vmware_string(vmware, (low & VMWARE_FLAG_OUT) != 0, r);
		return;
	}
	vmware->counts.exits++;
	if (vmx_manners_deaf(vmware, r))
		return;
	if ((uint32_t)r->ax != VMWARE_MAGIC ||
	    (low != VMWARE_PORT && (low & ~VMWARE_FLAG_OUT) != 0)) {
		vmware->counts.refused++;
		r->ax = ONES; /* as from a port where nothing is */
		return;
	}
	command(vmware, r);
}

void
host_vmware_string(struct host_vmware *vmware, bool out,
    struct host_backdoor *r)
{
	unsigned low = (uint16_t)r->dx, status = 0;
	unsigned flags = VMWARE_FLAG_HIGH | (out ? VMWARE_FLAG_OUT : 0);

	vmware->counts.exits++;
	vmware->counts.strings++;
	if (vmx_manners_deaf(vmware, r))
		return;
	if ((uint32_t)r->ax != VMWARE_MAGIC ||
	    (low != VMWARE_PORT_HIGH && low != flags) ||
	    vmware->config.no_high || (uint16_t)r->bx != VMWARE_HIGH_MESSAGE ||
	    (r->bx >> 16 & VMWARE_STATUS_SUCCESS) == 0)
		vmware->counts.refused++;
	else
		status = vmx_channel_string(vmware, out, r);
	r->bx = (r->bx & 0xffff) | status << 16;
}
