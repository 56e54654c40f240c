/* SPDX-License-Identifier: ISC */
/* The hypercall page, and the door: what is asked, and whether it may be. */
#include <string.h>

#include "host/hyperv/hyperv_private.h"

#define RESERVED_INPUT 0xf000f00078000000ull

/* An overlay: what was there before is there again afterwards. */
static void
show_page(struct host_hyperv *host, uint64_t address)
{
	/* VMCALL or VMMCALL, RET; OUT imm8, AL, RET */
	const uint8_t code[] = { 0x0f, 0x01, host->config.vmmcall ? 0xd9 : 0xc1,
		0xc3 };
	const uint8_t out[] = { 0xe6, host->config.call_port, 0xc3, 0xcc };
	uint8_t page[HV_PAGE_SIZE];

	if (!host->world.read(host->world.ctx, address, host->under_hypercall,
		HV_PAGE_SIZE))
		return;
	memset(page, 0xcc, sizeof(page)); /* INT3 */
	memcpy(page, code, sizeof(code));
	if (host->config.call_port != 0)
		memcpy(page, out, sizeof(out));
	host->world.write(host->world.ctx, address, page, sizeof(page));
}

void
root_hypercall_place(struct host_hyperv *host, uint64_t value)
{
	uint64_t before = host->hypercall;

	if (host->counts.guest_id == 0)
		value &= ~HV_PLACE_ENABLE;
	if (((before ^ value) & ~HV_HYPERCALL_LOCKED) == 0) {
		host->hypercall = value;
		return;
	}
	if ((before & HV_PLACE_ENABLE) != 0 &&
	    !host->world.write(host->world.ctx, before & HV_PLACE_ADDRESS,
		host->under_hypercall, HV_PAGE_SIZE))
		host->counts.violations++; /* freed while in use */
	host->hypercall = value;
	if ((value & HV_PLACE_ENABLE) != 0)
		show_page(host, value & HV_PLACE_ADDRESS);
}

/* Its memory is as the platform has saved it. */
void
root_hypercall_reset(struct host_hyperv *host)
{
	if ((host->hypercall & HV_PLACE_ENABLE) != 0)
		host->world.write(host->world.ctx,
		    host->hypercall & HV_PLACE_ADDRESS, host->under_hypercall,
		    HV_PAGE_SIZE);
	host->hypercall = 0;
	host->counts.guest_id = 0;
}

/* Input in memory: aligned, and in one page. */
static unsigned
take(struct host_hyperv *host, uint64_t address, void *to, size_t size)
{
	if (address % 8 != 0 || address % HV_PAGE_SIZE + size > HV_PAGE_SIZE)
		return HV_STATUS_INVALID_ALIGNMENT;
	return host->world.read(host->world.ctx, address, to, size)
	    ? HV_STATUS_SUCCESS
	    : HV_STATUS_INVALID_PARAMETER;
}

static unsigned
post(struct host_hyperv *host, uint64_t control, uint64_t input)
{
	struct hv_post_message message;
	unsigned status;

	if ((control & HV_INPUT_FAST) != 0)
		return HV_STATUS_INVALID_HYPERCALL_INPUT;
	status = take(host, input, &message, sizeof(message));
	if (status != HV_STATUS_SUCCESS)
		return status;
	if (message.type == 0 || (message.type & HV_MESSAGE_HYPERVISOR) != 0 ||
	    message.size > HV_MESSAGE_PAYLOAD) {
		host->counts.violations++;
		return HV_STATUS_INVALID_PARAMETER;
	}
	return root_post(host, &message);
}

static unsigned
signal_event(struct host_hyperv *host, uint64_t control, uint64_t input)
{
	struct hv_signal_event event;
	unsigned status;

	if ((control & HV_INPUT_FAST) != 0)
		memcpy(&event, &input, sizeof(event));
	else {
		status = take(host, input, &event, sizeof(event));
		if (status != HV_STATUS_SUCCESS)
			return status;
	}
	host->counts.signals++;
	return root_signal(host, event.connection, event.flag);
}

/* Whether a test wants this one to fail. */
static bool
fails(struct host_hyperv *host, unsigned code)
{
	struct host_hyperv_manners *manners = &host->manners;

	if (manners->fail_nth == 0 ||
	    (manners->fail_code != 0 && manners->fail_code != code))
		return false;
	if (manners->fail_nth > 1) {
		manners->fail_nth--;
		return false;
	}
	if (manners->fail_count > 1)
		manners->fail_count--;
	else
		manners->fail_nth = manners->fail_count = 0;
	return true;
}

uint64_t
host_hyperv_hypercall(struct host_hyperv *host, unsigned vcpu, uint64_t control,
    uint64_t input, uint64_t output)
{
	unsigned code = (unsigned)(control & HV_INPUT_CODE);
	unsigned reps = (unsigned)(control >> HV_INPUT_REPS_SHIFT) &
	    HV_REPS_MASK;
	unsigned start = (unsigned)(control >> HV_INPUT_REP_START_SHIFT) &
	    HV_REPS_MASK;
	unsigned head = (unsigned)(control >> HV_INPUT_VARHEAD_SHIFT) & 0x3ff;

	(void)output; /* of none that we serve */
	host->counts.hypercalls++;
	if (host->monitored > 0)
		root_monitor_scan(host);
	if (vcpu >= host->config.vcpus || host->counts.guest_id == 0)
		return HV_STATUS_INVALID_HYPERCALL_CODE;
	if (fails(host, code))
		return host->manners.fail_status;
	if ((control & RESERVED_INPUT) != 0)
		return HV_STATUS_INVALID_HYPERCALL_INPUT;
	if (code != HV_HC_POST_MESSAGE && code != HV_HC_SIGNAL_EVENT &&
	    code != HV_HC_NOTIFY_LONG_SPIN)
		return HV_STATUS_INVALID_HYPERCALL_CODE;
	/* these are simple calls with an input of a fixed size */
	if (reps != 0 || start != 0 || head != 0 ||
	    (control & HV_INPUT_NESTED) != 0)
		return HV_STATUS_INVALID_HYPERCALL_INPUT;
	switch (code) {
	case HV_HC_POST_MESSAGE:
		return post(host, control, input);
	case HV_HC_SIGNAL_EVENT:
		return signal_event(host, control, input);
	default:
		return HV_STATUS_SUCCESS;
	}
}
