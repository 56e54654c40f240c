/* SPDX-License-Identifier: ISC */
/* Time as the guest reads it in its pages. */
#include <string.h>

#include "host/xen/xen_private.h"

#define SECOND UINT64_C(1000000000) /* nanoseconds */
/* When the model's clock began: 2024-01-01 00:00:00 UTC. */
#define WALL_DEFAULT (UINT64_C(1704067200) * SECOND)

/* The inverse of what the guest reckons: ticks that are so many nanoseconds. */
uint64_t
host_xen_tsc(const struct host_xen_config *config, uint64_t now)
{
	uint32_t mul = config->tsc_mul != 0 ? config->tsc_mul : 1u << 31;
	int shift = config->tsc_mul != 0 ? config->tsc_shift : 0;
	uint64_t high = now / mul, low = now % mul, ticks;

	ticks = (high << 32) + (low << 32) / mul;
	return shift >= 0 ? ticks >> shift : ticks << -shift;
}

/* Nanoseconds are (ticks << shift) * mul >> 32, with all bits of mul in use. */
void
host_xen_scale(struct host_xen_config *config, uint64_t hz)
{
	unsigned __int128 above = (unsigned __int128)SECOND << 32, below = hz;
	uint64_t mul;
	int8_t shift = 0;

	for (; above / below >= UINT64_C(1) << 32; shift++)
		below *= 2;
	for (; above / below < UINT64_C(1) << 31; shift--)
		above *= 2;
	mul = (uint64_t)((above + below - 1) / below);
	config->tsc_mul = mul > UINT32_MAX ? UINT32_MAX : (uint32_t)mul;
	config->tsc_shift = shift;
}

static void
fill(struct host_xen *xen, struct xen_vcpu_time *time)
{
	time->system_time = xen->world.now(xen->world.ctx);
	time->tsc = host_xen_tsc(&xen->config, time->system_time);
	time->mul = xen->config.tsc_mul;
	time->shift = xen->config.tsc_shift;
	time->flags = XEN_TIME_TSC_STABLE;
}

/* Odd while it changes, for vCPUs that read meanwhile. */
void
xen_time_update(struct host_xen *xen, unsigned vcpu)
{
	struct xen_vcpu_time *time = &xen_vcpu_info(xen, vcpu)->time;
	uint32_t version = __atomic_load_n(&time->version, __ATOMIC_RELAXED);
	uint64_t area = xen->vcpus[vcpu].time_area;
	struct xen_vcpu_time copy;

	version |= 1;
	__atomic_store_n(&time->version, version, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	fill(xen, time);
	if (!xen->manners.time_odd)
		__atomic_store_n(&time->version, version + 1, __ATOMIC_SEQ_CST);
	if (area != 0) {
		copy = *time;
		xen->world.write_linear(xen->world.ctx, area, &copy,
		    sizeof(copy));
	}
}

void
xen_time_wall(struct host_xen *xen)
{
	struct xen_shared_info *shared = xen_shared(xen);
	uint64_t wall = xen->config.wall != 0 ? xen->config.wall : WALL_DEFAULT;
	uint32_t version = shared->wc_version | 1;

	__atomic_store_n(&shared->wc_version, version, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	shared->wc_sec = (uint32_t)(wall / SECOND);
	shared->wc_nsec = (uint32_t)(wall % SECOND);
	shared->wc_sec_hi = (uint32_t)(wall / SECOND >> 32);
	__atomic_store_n(&shared->wc_version, version + 1, __ATOMIC_SEQ_CST);
}

void
host_xen_step(struct host_xen *xen, int64_t nanoseconds)
{
	if (xen->config.wall == 0)
		xen->config.wall = WALL_DEFAULT;
	xen->config.wall += (uint64_t)nanoseconds;
	xen_time_wall(xen);
}
