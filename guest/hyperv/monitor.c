/* SPDX-License-Identifier: ISC */
/*
 * The monitor page: a trigger in memory that the host looks at every so often,
 * in place of a hypercall.
 *
 * TLFS has a bit there by which a host says that it looks, but hosts leave it 0
 * and look all the same (openvmm vm/vmcore/src/monitor.rs), and no guest minds
 * it.  So what tells is the trigger: a host that looks takes it away, within
 * some 100 us.  One that does not is signalled by hypercalls from then on.
 */
#include "guest/hyperv/channel_private.h"

#define PATIENCE (10 * PV_MILLISECOND)

static uint32_t *
trigger(const struct vmbus_channel *channel, uint32_t *bit)
{
	struct hv_monitor_page *page = channel_vmbus(channel)->monitor_to_host;
	unsigned monitor = channel->offer.monitor;

	if (page == NULL || !channel->offer.monitored ||
	    monitor >= HV_MONITOR_GROUPS * HV_MONITOR_TRIGGERS)
		return NULL;
	*bit = 1u << monitor % HV_MONITOR_TRIGGERS;
	return &page->group[monitor / HV_MONITOR_TRIGGERS].pending;
}

bool
monitor_signal(struct vmbus_channel *channel)
{
	uint32_t bit, *word = trigger(channel, &bit);

	if (word == NULL || channel->monitor_off)
		return false;
	if (!(__atomic_fetch_or(word, bit, __ATOMIC_SEQ_CST) & bit) ||
	    channel->monitor_since == 0)
		channel->monitor_since = pv_bus_now(channel->hyperv->bus);
	return true;
}

bool
monitor_missed(struct vmbus_channel *channel)
{
	uint32_t bit, *word;

	if (channel->monitor_since == 0)
		return false;
	word = trigger(channel, &bit);
	if (word == NULL || !(shared_load32(word) & bit)) {
		channel->monitor_since = 0;
		return false;
	}
	if (pv_bus_now(channel->hyperv->bus) <
	    channel->monitor_since + PATIENCE)
		return false;
	channel->monitor_since = 0;
	channel->monitor_off = true;
	return true;
}

uint64_t
monitor_deadline(const struct vmbus_channel *channel)
{
	return channel->monitor_since != 0 ? channel->monitor_since + PATIENCE
					   : PV_NEVER;
}
