/* SPDX-License-Identifier: ISC */
/* Reference time: the counter, and the page by which the guest computes it. */
#include <string.h>

#include "host/hyperv/hyperv_private.h"

#define NANOSECONDS 1000000000u

uint64_t
host_hyperv_tsc(const struct host_hyperv_config *config, uint64_t now)
{
	uint64_t hz = config->tsc_hz != 0 ? config->tsc_hz : ROOT_TSC_HZ;

	return now / NANOSECONDS * hz + now % NANOSECONDS * hz / NANOSECONDS;
}

/* The upper 64 bits of the product, as the guest reckons. */
static uint64_t
multiply_high(uint64_t a, uint64_t b)
{
	uint64_t ah = a >> 32, al = (uint32_t)a, bh = b >> 32, bl = (uint32_t)b;
	uint64_t middle = ah * bl + (al * bl >> 32);

	return ah * bh + (middle >> 32) + ((al * bh + (uint32_t)middle) >> 32);
}

/* 2^64 * ticks a second / frequency, which is more than that. */
static uint64_t
scale_of(uint64_t hz)
{
	uint64_t scale = 0, rest = HV_TICKS_PER_SECOND;

	for (unsigned i = 0; i < 64; i++) {
		rest <<= 1;
		scale <<= 1;
		if (rest < hz)
			continue;
		rest -= hz;
		scale |= 1;
	}
	return scale;
}

uint64_t
root_time(const struct host_hyperv *host)
{
	return (host->world.now(host->world.ctx) - host->born + host->jumped) /
	    100;
}

static void
write_page(struct host_hyperv *host)
{
	uint64_t now = host->world.now(host->world.ctx);
	uint64_t tsc = host_hyperv_tsc(&host->config, now);
	struct hv_reference_tsc *page;
	uint64_t scale;

	if ((host->reference_tsc & HV_PLACE_ENABLE) == 0)
		return;
	page = root_map(host, host->reference_tsc & HV_PLACE_ADDRESS,
	    sizeof(*page));
	if (page == NULL)
		return;
	/* another vCPU may be reading */
	__atomic_store_n(&page->sequence, HV_TSC_INVALID, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	scale = scale_of(host->config.tsc_hz);
	__atomic_store_n(&page->scale, scale, __ATOMIC_RELAXED);
	__atomic_store_n(&page->offset,
	    (int64_t)(root_time(host) - multiply_high(tsc, scale)),
	    __ATOMIC_RELAXED);
	if (++host->tsc_sequence == 0 || host->tsc_sequence == UINT32_MAX)
		host->tsc_sequence = 1;
	if (!host->manners.tsc_invalid)
		__atomic_store_n(&page->sequence, host->tsc_sequence,
		    __ATOMIC_RELEASE);
}

void
root_tsc_place(struct host_hyperv *host, uint64_t value)
{
	host->reference_tsc = value;
	write_page(host);
}

void
host_hyperv_looked(struct host_hyperv *host)
{
	if (host->manners.tsc_wild)
		write_page(host);
}

void
host_hyperv_jump(struct host_hyperv *host, uint64_t nanoseconds)
{
	host->jumped += nanoseconds;
	write_page(host);
	root_timers_jumped(host);
}
