/* SPDX-License-Identifier: ISC */
/* Monitor pages: the guest sets a bit and makes no hypercall, the host looks
 * every so often, and when the guest comes by anyway. */
#include "host/hyperv/hyperv_private.h"

#define LATENCY 100000 /* nanoseconds */
/* Looked for so often in vain, it is looked for half as often, six times. */
#define PATIENCE 8
#define DOUBLINGS 6

static void wait_for(struct host_hyperv *host);

static struct hv_monitor_page *
page_of(struct host_hyperv *host)
{
	if (host->monitor_to_host == 0)
		return NULL;
	return root_map(host, host->monitor_to_host,
	    sizeof(struct hv_monitor_page));
}

static bool
scan_group(struct host_hyperv *host, struct hv_monitor_page *page,
    unsigned group)
{
	uint32_t pending = __atomic_exchange_n(&page->group[group].pending, 0,
	    __ATOMIC_SEQ_CST);
	bool any = pending != 0;

	for (; pending != 0; pending &= pending - 1) {
		unsigned monitor = group * HV_MONITOR_TRIGGERS +
		    (unsigned)__builtin_ctz(pending);
		uint32_t relid = host->monitors[monitor];

		host->counts.monitored++;
		if (host->relids[relid].channel == NULL ||
		    !host->relids[relid].channel->open)
			continue;
		host->relids[relid].channel->counts.signals_in++;
		root_channel_mark(host, relid);
	}
	return any;
}

void
root_monitor_scan(struct host_hyperv *host)
{
	struct hv_monitor_page *page;
	bool any = false;

	if (host->monitored == 0)
		return;
	page = page_of(host);
	for (unsigned i = 0; page != NULL && i < HV_MONITOR_GROUPS; i++)
		any |= scan_group(host, page, i);
	if (any)
		host->monitor_idle = 0;
}

static void
look(void *argument)
{
	struct host_hyperv *host = argument;

	host->monitor_waits = false;
	if (host->monitor_idle < PATIENCE * DOUBLINGS)
		host->monitor_idle++;
	root_monitor_scan(host);
	if (host->monitored > 0)
		wait_for(host);
}

static void
wait_for(struct host_hyperv *host)
{
	if (host->monitor_waits)
		return;
	host->monitor_waits = true;
	host->world.later(host->world.ctx,
	    (uint64_t)LATENCY << host->monitor_idle / PATIENCE, look, host);
}

void
root_monitor_open(struct host_vmbus_channel *channel)
{
	struct host_hyperv *host = channel->host;
	unsigned group = channel->monitor / HV_MONITOR_TRIGGERS;
	unsigned trigger = channel->monitor % HV_MONITOR_TRIGGERS;
	struct hv_monitor_page *page;

	if (!channel->monitored)
		return;
	page = page_of(host);
	if (page == NULL)
		return;
	page->latency[group][trigger] = LATENCY / 100;
	page->parameter[group][trigger] = (struct hv_monitor_parameter){
		.connection = ROOT_CONNECTION(channel->relid)
	};
	host->monitored++;
	channel->looked_at = true;
	host->monitor_idle = 0;
	wait_for(host);
}

void
root_monitor_close(struct host_vmbus_channel *channel)
{
	if (!channel->looked_at)
		return;
	channel->looked_at = false;
	channel->host->monitored--;
}
