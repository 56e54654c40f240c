/* SPDX-License-Identifier: ISC */
/* What the model does wrong when a test wants it. */
#include <string.h>

#include "host/vmware/vmware_private.h"

bool
vmx_manners_deaf(struct host_vmware *vmware, struct host_backdoor *r)
{
	const uint64_t ones = UINT32_MAX;

	if (vmware->manners.ones)
		*r = (struct host_backdoor){ ones, ones, ones, ones, ones, ones,
			ones };
	return vmware->manners.ones || vmware->manners.silent;
}

/* A message under way is thrown away. */
static void
forget(struct channel *channel)
{
	vmx_message_free(&channel->in);
	channel->receiving = false;
	channel->got = channel->sent = 0;
}

bool
vmx_manners_before(struct host_vmware *vmware, struct host_backdoor *r,
    unsigned *status)
{
	struct host_vmware_manners *manners = &vmware->manners;
	unsigned type = (unsigned)(r->cx >> 16 & 0xffff);
	unsigned id = (unsigned)(r->dx >> 16 & 0xffff);
	struct channel *channel = &vmware->channels[id % VMWARE_CHANNELS];

	*status = 0;
	if (manners->checkpoint_always && type != VMWARE_MESSAGE_OPEN &&
	    type != VMWARE_MESSAGE_CLOSE) {
		*status = VMWARE_STATUS_CHECKPOINT;
		return true;
	}
	if (manners->bad_nth != 1)
		return false;
	switch (manners->bad_how) {
	case HOST_VMWARE_FAIL:
		break;
	case HOST_VMWARE_CHECKPOINT:
		*status = VMWARE_STATUS_CHECKPOINT;
		if (type != VMWARE_MESSAGE_OPEN)
			forget(channel);
		break;
	case HOST_VMWARE_CLOSED:
		*status = VMWARE_STATUS_CLOSED;
		if (type != VMWARE_MESSAGE_OPEN)
			vmx_channel_reset(vmware, channel);
		break;
	case HOST_VMWARE_STATUS:
		*status = manners->bad_value;
		break;
	default:
		return false;
	}
	manners->bad_nth = 0;
	return true;
}

void
vmx_manners_after(struct host_vmware *vmware, struct host_backdoor *r,
    unsigned *status)
{
	struct host_vmware_manners *manners = &vmware->manners;

	if (manners->bad_nth == 0 || --manners->bad_nth > 0)
		return;
	switch (manners->bad_how) {
	case HOST_VMWARE_CHANNEL:
		r->dx ^= 1u << 16;
		break;
	case HOST_VMWARE_COOKIE:
		r->si ^= 1;
		r->di ^= 1;
		break;
	case HOST_VMWARE_LENGTH:
		r->bx = manners->bad_value;
		break;
	case HOST_VMWARE_TYPE:
		r->dx = (r->dx & 0xffff) |
		    (uint64_t)(manners->bad_value & 0xffff) << 16;
		break;
	case HOST_VMWARE_NO_REPLY:
		*status &= ~VMWARE_STATUS_WAITING;
		break;
	default:
		break;
	}
}

bool
vmx_manners_string_fails(struct host_vmware *vmware)
{
	return vmware->manners.high_fails > 0 &&
	    --vmware->manners.high_fails == 0;
}
