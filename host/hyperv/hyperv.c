/* SPDX-License-Identifier: ISC */
/* The life of the model. */
#include <stdlib.h>
#include <string.h>

#include "host/hyperv/hyperv_private.h"

#define SOON 5000 /* nanoseconds at most, until the root partition looks */

void *
root_alloc(size_t size)
{
	void *memory = calloc(1, size > 0 ? size : 1);

	if (memory == NULL)
		abort();
	return memory;
}

void *
root_map(struct host_hyperv *host, uint64_t address, size_t size)
{
	void *memory = host->world.map(host->world.ctx, address, size);

	if (memory == NULL)
		host->counts.violations++;
	return memory;
}

static void
work(void *argument)
{
	struct host_hyperv *host = argument;

	host->work_waits = false;
	root_vmbus_work(host);
	root_monitor_scan(host);
	root_channels_work(host);
}

void
root_kick(struct host_hyperv *host)
{
	if (host->work_waits || host->ending)
		return;
	host->work_waits = true;
	host->world.later(host->world.ctx,
	    host->world.random(host->world.ctx, SOON), work, host);
}

static void
set_defaults(struct host_hyperv_config *config)
{
	if (config->vcpus == 0)
		config->vcpus = 1;
	if (config->vcpus > ROOT_VCPUS)
		config->vcpus = ROOT_VCPUS;
	if (config->version_max == 0)
		config->version_max = HV_VMBUS_5_3;
	if (config->version_min == 0)
		config->version_min = HV_VMBUS_0_13;
	/* no processor is slower than reference time */
	if (config->tsc_hz <= HV_TICKS_PER_SECOND ||
	    config->tsc_hz > ROOT_TSC_HZ_MAX)
		config->tsc_hz = ROOT_TSC_HZ;
	if (config->messages == 0)
		config->messages = 64;
}

struct host_hyperv *
host_hyperv_new(const struct host_hyperv_config *config)
{
	struct host_hyperv *host = calloc(1, sizeof(*host));

	if (host == NULL)
		return NULL;
	host->config = *config;
	host->world = *config->world;
	host->config.world = &host->world;
	set_defaults(&host->config);
	host->born = host->world.now(host->world.ctx);
	root_timers_init(host);
	root_synic_reset(host);
	return host;
}

void
host_hyperv_free(struct host_hyperv *host)
{
	if (host == NULL)
		return;
	/* nothing of this reaches the guest any more */
	host->ending = host->manners.silent = true;
	root_synic_reset(host);
	root_devices_free(host);
	root_gpadls_free(host, 0);
	root_letters_free(&host->inbox);
	root_letters_free(&host->outbox);
	hyperv_timers_free(&host->timers);
	free(host);
}

void
host_hyperv_reset(struct host_hyperv *host, bool registers, bool vmbus)
{
	if (vmbus) {
		root_disconnect(host);
		root_letters_free(&host->inbox);
		root_letters_free(&host->outbox);
		host->contacts = 0;
	}
	if (!registers)
		return;
	root_hypercall_reset(host);
	root_synic_reset(host);
	root_timers_reset(host);
	host->reference_tsc = 0;
	memset(host->crash, 0, sizeof(host->crash));
}

struct host_hyperv_manners *
host_hyperv_manners(struct host_hyperv *host)
{
	return &host->manners;
}

const struct host_hyperv_counts *
host_hyperv_counts(struct host_hyperv *host)
{
	return &host->counts;
}

const struct host_world *
host_hyperv_world(struct host_hyperv *host)
{
	return &host->world;
}

void
host_hyperv_raise(struct host_hyperv *host, unsigned vcpu, unsigned flag)
{
	if (vcpu < host->config.vcpus)
		root_event(host, vcpu,
		    host->sint != 0 ? host->sint : HV_VMBUS_SINT,
		    flag % HV_EVENT_FLAGS);
}

void
host_hyperv_send(struct host_hyperv *host, uint32_t type, const void *payload,
    unsigned size)
{
	root_message(host, 0, host->sint != 0 ? host->sint : HV_VMBUS_SINT,
	    type, payload, size);
}

void
host_hyperv_leaves(const struct host_hyperv_config *config, uint32_t access[2],
    uint32_t *features, uint32_t *hints)
{
	access[0] = HV_ACCESS_VP_RUNTIME | HV_ACCESS_SYNIC |
	    HV_ACCESS_HYPERCALL | HV_ACCESS_VP_INDEX | HV_ACCESS_RESET |
	    HV_ACCESS_FREQUENCY;
	if (!config->no_counter)
		access[0] |= HV_ACCESS_REFERENCE_COUNTER;
	if (!config->no_reference_tsc)
		access[0] |= HV_ACCESS_REFERENCE_TSC;
	if (!config->no_stimer)
		access[0] |= HV_ACCESS_STIMER;
	access[1] = HV_MAY_POST_MESSAGES | HV_MAY_SIGNAL_EVENTS;
	*features = HV_HAS_FREQUENCY | HV_HAS_CRASH | HV_HAS_SINT_POLLING;
	if (!config->no_stimer && !config->no_direct_timer)
		*features |= HV_HAS_STIMER_DIRECT;
	*hints = HV_HINT_RELAXED_TIMING;
	if (config->no_auto_eoi)
		*hints |= HV_HINT_NO_AUTO_EOI;
}
