/* SPDX-License-Identifier: ISC */
/* Synthetic registers: which are there, and those that are nobody else's. */
#include <stdlib.h>
#include <string.h>

#include "host/hyperv/hyperv_private.h"

#define APIC_HZ 200000000u /* what Hyper-V says on x86 */

static bool
is_timer(uint32_t msr)
{
	return msr >= HV_MSR_STIMER_CONFIG(0) &&
	    msr <= HV_MSR_STIMER_COUNT(HV_STIMERS - 1);
}

static bool
is_synic(uint32_t msr)
{
	return (msr >= HV_MSR_SCONTROL && msr <= HV_MSR_EOM) ||
	    (msr >= HV_MSR_SINT(0) && msr < HV_MSR_SINT(HV_SINTS));
}

static bool
is_crash(uint32_t msr)
{
	return msr >= HV_MSR_CRASH_P0 && msr <= HV_MSR_CRASH_P4;
}

bool
host_hyperv_rdmsr(struct host_hyperv *host, unsigned vcpu, uint32_t msr,
    uint64_t *value)
{
	const struct host_hyperv_config *config = &host->config;

	*value = 0;
	if (vcpu >= config->vcpus)
		return false;
	if (is_timer(msr))
		return root_timer_read(host, vcpu, msr, value);
	if (is_synic(msr))
		return root_synic_read(host, vcpu, msr, value);
	if (is_crash(msr)) {
		*value = host->crash[msr - HV_MSR_CRASH_P0];
		return true;
	}
	switch (msr) {
	case HV_MSR_GUEST_OS_ID:
		*value = host->counts.guest_id;
		return true;
	case HV_MSR_HYPERCALL:
		*value = host->hypercall;
		return true;
	case HV_MSR_VP_INDEX:
		*value = vcpu;
		return true;
	case HV_MSR_VP_RUNTIME:
		*value = root_time(host);
		return true;
	case HV_MSR_REFERENCE_COUNTER:
		*value = root_time(host);
		return !config->no_counter;
	case HV_MSR_REFERENCE_TSC:
		*value = host->reference_tsc;
		return !config->no_reference_tsc;
	case HV_MSR_TSC_FREQUENCY:
		*value = config->tsc_hz;
		return true;
	case HV_MSR_APIC_FREQUENCY:
		*value = config->apic_hz != 0 ? config->apic_hz : APIC_HZ;
		return true;
	case HV_MSR_VP_ASSIST:
		*value = host->vcpus[vcpu].assist;
		return true;
	case HV_MSR_CRASH_CTL:
		*value = HV_CRASH_NOTIFY | HV_CRASH_MESSAGE;
		return true;
	case HV_MSR_RESET:
		return true;
	default:
		return false;
	}
}

static void
crash(struct host_hyperv *host, uint64_t control)
{
	memcpy(host->counts.crash, host->crash, sizeof(host->crash));
	host->counts.crash_control = control;
	host->counts.crashed = true;
}

/* Without an identity there is no hypercall page. */
static void
set_guest_id(struct host_hyperv *host, uint64_t value)
{
	host->counts.guest_id = value;
	if (value == 0)
		root_hypercall_place(host, host->hypercall & ~HV_PLACE_ENABLE);
}

bool
host_hyperv_wrmsr(struct host_hyperv *host, unsigned vcpu, uint32_t msr,
    uint64_t value)
{
	if (vcpu >= host->config.vcpus)
		return false;
	if (host->monitored > 0)
		root_monitor_scan(host); /* an exit is an occasion */
	if (is_timer(msr))
		return root_timer_write(host, vcpu, msr, value);
	if (is_synic(msr))
		return root_synic_write(host, vcpu, msr, value);
	if (is_crash(msr)) {
		host->crash[msr - HV_MSR_CRASH_P0] = value;
		return true;
	}
	switch (msr) {
	case HV_MSR_GUEST_OS_ID:
		set_guest_id(host, value);
		return true;
	case HV_MSR_HYPERCALL:
		if ((host->hypercall & HV_HYPERCALL_LOCKED) == 0)
			root_hypercall_place(host, value);
		return true;
	case HV_MSR_REFERENCE_TSC:
		if (host->config.no_reference_tsc)
			return false;
		root_tsc_place(host, value);
		return true;
	case HV_MSR_VP_ASSIST:
		host->vcpus[vcpu].assist = value;
		return true;
	case HV_MSR_CRASH_CTL:
		if ((value & HV_CRASH_NOTIFY) != 0)
			crash(host, value);
		return true;
	case HV_MSR_RESET:
		if ((value & HV_RESET_NOW) != 0)
			host->counts.resets++;
		return true;
	default:
		return false; /* read only, or not there */
	}
}
